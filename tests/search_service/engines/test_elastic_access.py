"""How this service and Elasticsearch prove to each other who they are."""

import base64
import ssl
import uuid
from pathlib import Path

import pytest
import trustme

from indexer.commands import main
from search_service.engines import Access, Scope, open_engine
from search_service.errors import (
    EngineError,
    EngineUnavailable,
    GongwenError,
    NoIndex,
    UntrustedEngine,
    WrongCredentials,
)
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.service import open_service
from search_service.settings import read_settings
from tests.support.paths import ROOT
from tests.support.secured_node import SecuredNode, fingerprint_of
from tests.support.wire import Reply, stub

DOCUMENT = ROOT / "docs" / "elasticsearch.md"
CLEANING = Cleaning.parse("all")
PUBLIC = Scope(Audience.PUBLIC)
KEY = "VnVhQ2ZHY0JDZGJrUTpnZWhlaW0="
NEVER = "0" * 64
requires_node = pytest.mark.elasticsearch


# --- who we are ----------------------------------------------------------------------------------


def first_call(url: str, access: Access) -> EngineError:
    """The error that a first search ends with."""
    engine = open_engine(url, access)
    try:
        with pytest.raises(EngineError) as caught:
            engine.reader(PUBLIC)
        return caught.value
    finally:
        engine.close()


@pytest.mark.parametrize("written", [KEY, f" {KEY}\n"], ids=["as it is", "read from a file"])
def test_an_api_key_is_sent_as_the_server_encoded_it(written: str) -> None:
    """Each request has it in the header that Elasticsearch reads, whatever white space is around it."""
    missing = {"error": {"type": "index_not_found_exception", "reason": "none"}}
    with stub(Reply(404, missing)) as server:
        error = first_call(f"http://127.0.0.1:{server.port}/gongwen", Access(api_key=written))

    assert type(error) is NoIndex
    assert {headers.get("authorization") for headers in server.requests} == {f"ApiKey {KEY}"}


def test_a_password_of_any_script_is_sent_in_utf8() -> None:
    """As Elasticsearch reads it."""
    with stub(Reply(404, {"error": "alias missing"})) as server:
        error = first_call(f"http://管理员:口令@127.0.0.1:{server.port}/gongwen", Access())

    assert type(error) is NoIndex
    login = base64.b64encode("管理员:口令".encode()).decode()
    assert {headers.get("authorization") for headers in server.requests} == {f"Basic {login}"}


def test_an_api_key_over_tls() -> None:
    """A server with a certificate of its own authority gets the key; any other gets nothing."""
    authority, other = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with (
        stub(Reply(404, {"error": "alias missing"}), context=context) as server,
        authority.cert_pem.tempfile() as right,
        other.cert_pem.tempfile() as wrong,
    ):
        url = f"https://127.0.0.1:{server.port}/gongwen"
        refused = first_call(url, Access(api_key=KEY, ca=wrong))
        requests_to_another = len(server.requests)
        trusted = first_call(url, Access(api_key=KEY, ca=right))

    assert (type(refused), requests_to_another) == (UntrustedEngine, 0)
    assert type(trusted) is NoIndex
    assert {headers.get("authorization") for headers in server.requests} == {f"ApiKey {KEY}"}


def test_the_settings_reach_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All four, from the environment to the socket."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = authority.issue_cert("127.0.0.1")
    certificate.configure_cert(context)
    with stub(Reply(404, {"error": "alias missing"}), context=context) as server:
        monkeypatch.setenv("GONGWEN_ENGINE", f"https://127.0.0.1:{server.port}/gongwen")
        monkeypatch.setenv("GONGWEN_ENGINE_API_KEY", KEY)
        monkeypatch.setenv("GONGWEN_ENGINE_CA", str(tmp_path / "ca.pem"))
        monkeypatch.setenv("GONGWEN_ENGINE_TIMEOUT", "30")
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        service = open_service(read_settings(state=f"sqlite:///{tmp_path}/s", model="none"))
        with pytest.raises(NoIndex):
            service.reader(Audience.PUBLIC)
        service.close()

    assert {headers.get("authorization") for headers in server.requests} == {f"ApiKey {KEY}"}


def test_the_key_is_never_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not by `gongwen settings`, which only says that there is one; not if another setting is wrong."""
    monkeypatch.setenv("GONGWEN_ENGINE_API_KEY", KEY)
    with pytest.raises(SystemExit):
        main.main(["settings"])
    monkeypatch.setenv("GONGWEN_ENGINE_TIMEOUT", "sofort")
    with pytest.raises(GongwenError) as caught:
        read_settings()

    printed = capsys.readouterr().out
    assert "GONGWEN_ENGINE_API_KEY=****" in printed
    assert KEY not in printed + caught.value.message + repr(caught.value)


@requires_node
def test_a_password_that_is_wrong(secured: SecuredNode) -> None:
    """The message names the setting, but neither the right nor the wrong value."""
    url = secured.url("reader", "gongwen", password="Verschlossen")

    error = first_call(url, Access(ca=str(secured.ca)))

    assert type(error) is WrongCredentials
    assert "GONGWEN_ENGINE" in error.message
    assert "Verschlossen" not in error.message


# --- who the server is ---------------------------------------------------------------------------


@requires_node
def test_a_certificate_is_known_by_its_authority_or_its_fingerprint(secured: SecuredNode) -> None:
    """The fingerprint as openssl prints it, too; the index is not there, the server is."""
    url = secured.url("reader", f"gongwen-{uuid.uuid4().hex[:8]}")
    digits = secured.fingerprint.upper()
    colons = ":".join(digits[place : place + 2] for place in range(0, 64, 2))

    for access in (
        Access(ca=str(secured.ca)),
        Access(fingerprint=secured.fingerprint),
        Access(fingerprint=colons),
    ):
        assert type(first_call(url, access)) is NoIndex


def test_the_fingerprint_of_the_authority(tmp_path: Path) -> None:
    """Where the server sends it along, as Elasticsearch does with the certificates it makes itself."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    for part in (certificate.private_key_pem, *certificate.cert_chain_pems, authority.cert_pem):
        part.write_to_path(tmp_path / "chain.pem", append=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "chain.pem")
    fingerprint = fingerprint_of(authority.cert_pem)
    with stub(Reply(404, {"error": "alias missing"}), context=context) as server:
        url = f"https://127.0.0.1:{server.port}/gongwen"
        errors = [first_call(url, Access(fingerprint=given)) for given in (fingerprint, NEVER)]

    assert [type(error) for error in errors] == [NoIndex, UntrustedEngine]


@requires_node
@pytest.mark.parametrize("access", [Access(), Access(fingerprint=NEVER)], ids=["system", "other"])
def test_a_certificate_that_is_not_the_one_expected(secured: SecuredNode, access: Access) -> None:
    """No password is sent; the message names both settings."""
    error = first_call(secured.url("reader", "gongwen"), access)

    assert type(error) is UntrustedEngine
    assert "GONGWEN_ENGINE_CA" in error.message
    assert "GONGWEN_ENGINE_FINGERPRINT" in error.message
    assert "geheim" not in error.message


@requires_node
def test_another_authority(secured: SecuredNode) -> None:
    """A file that is a certificate, and signed nothing of this server."""
    with trustme.CA().cert_pem.tempfile() as ca:
        error = first_call(secured.url("reader", "gongwen"), Access(ca=ca))

    assert type(error) is UntrustedEngine


@requires_node
def test_plain_http_to_a_server_with_tls(secured: SecuredNode) -> None:
    """It hangs up; the message says to check http and https."""
    url = secured.url("reader", "gongwen").replace("https://", "http://")

    error = first_call(url, Access())

    assert type(error) is EngineUnavailable
    assert "https" in error.message
