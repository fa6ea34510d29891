"""Who may read what: by key, token, header and account; whatever is not valid is refused alike."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from indexer.build import generations
from search_service import logs
from search_service.errors import ConfigurationError
from search_service.roles import Role
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.state.attempts import PER_ACCOUNT
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, write_source
from tests.support.hostile_articles import json_of

SECRET = "0123456789abcdef0123456789abcdef"
PASSWORD = "correct horse battery"
PAID = "麒麟计划由凤凰小组承办"
RECORDS = [
    {
        "id": "gapped",
        "title": "关于垃圾分类工作的通知",
        "preview": "定时定点投放，督导员上门入户宣传。\n……",
        "body": f"定时定点投放，督导员上门入户宣传。\n{PAID}。",
    },
    {
        "id": "inner",
        "title": "内部情况通报",
        "body": f"貔貅小组报告，{PAID}。",
        "audience": "staff",
    },
]
SEARCH = f"/api/v1/search?q={PAID}&mode=keyword"
# What a refusal and an answer have that another one of the same kind has not.
_OWN = ("X-Request-ID", "Server-Timing")
FOUND = {Role.PUBLIC: 0, Role.MEMBER: 1, Role.STAFF: 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with something for each audience."""
    folder = tmp_path_factory.mktemp("login")
    service = open_service(read_settings(engine=f"embedded:{folder}/data", model="none"))
    source = write_source(folder / "source.jsonl", RECORDS)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    service.close()
    return folder / "data"


@pytest.fixture
def service(folder: Path) -> Iterator[SearchService]:
    """The service, without any account or key left from another test."""
    opened = open_service(read_settings(engine=f"embedded:{folder}", model="none"))
    yield opened
    database = opened.store.keys._database
    with database.writing() as connection:
        for name in ("api_keys", "accounts", "sessions", "spent_tokens", "attempts"):
            connection.exec_driver_sql(f"DELETE FROM {name}")  # noqa: S608  (constants)
    opened.close()


def browser(service: SearchService, *, demo: bool = False, **settings: Any) -> FlaskClient:
    """A browser that opens the site with these settings."""
    return create_app(service, read_settings(**settings), demo=demo).test_client()


def with_tokens(service: SearchService, **settings: Any) -> FlaskClient:
    """A browser that opens a site which takes tokens signed with :data:`SECRET`."""
    return browser(service, token_key=SECRET, **settings)


def token(key: Any = SECRET, algorithm: str = "HS256", **claims: object) -> str:
    """A token of the portal; a claim that is None is left out."""
    values = {
        "aud": "gongwen-search",
        "role": "member",
        "exp": int(time.time()) + 300,
        "jti": str(time.perf_counter_ns()),
    } | claims
    return jwt.encode({k: v for k, v in values.items() if v is not None}, key, algorithm)


def bearer(value: str) -> dict[str, str]:
    """The header that carries a key or token."""
    return {"Authorization": f"Bearer {value}"}


def seen(response: TestResponse) -> tuple[object, ...]:
    """Everything of an answer that could tell one refusal from another."""
    headers = [(name, value) for name, value in response.headers if name not in _OWN]
    return response.status_code, headers, response.data


def form_of(page: TestResponse) -> str:
    """The token of the form on a page."""
    found = re.search(r'name="form_token" value="([^"]+)"', page.get_data(as_text=True))
    assert found
    return found[1]


def log_in(client: FlaskClient, name: str, password: str, **more: str) -> TestResponse:
    """Open the form and send it."""
    fields = {"form_token": form_of(client.get("/login")), "name": name, "password": password}
    return client.post("/login", data=fields | more)


def total(client: FlaskClient, headers: Mapping[str, str] | None = None) -> int:
    """How many articles have the paid phrase, for whoever asks so."""
    response = client.get(SEARCH, headers=headers)
    assert response.status_code == 200
    found: int = json_of(response)["total"]
    return found


# --- keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_a_key_reads_as_its_role(service: SearchService, role: Role) -> None:
    """In either header; without it the same client is a guest."""
    client, key = browser(service), service.store.keys.create("k", role)
    expected = FOUND[Role(role.audience.label)]

    assert total(client, bearer(key)) == expected
    assert total(client, {"X-API-Key": key}) == expected
    assert total(client) == 0


@pytest.mark.filterwarnings("ignore:The HMAC key is 32 bytes long")  # of HS512
def test_whatever_is_not_valid_is_refused_alike(service: SearchService) -> None:
    """Unknown, altered, expired, revoked, of another site, no token at all: one body, one set of headers."""
    client, keys, now = with_tokens(service), service.store.keys, int(time.time())
    good = keys.create("good", Role.ADMIN)
    keys.create("gone", Role.STAFF)
    expired = keys.create("expired", Role.STAFF, expires=now - 1)
    foreign = keys.create("foreign", Role.STAFF, origins=["https://portal.example"])
    revoked = keys.create("revoked", Role.STAFF)
    keys.revoke("revoked")
    bad = [
        "", "x", "gongwen_", good[:-2], good.upper(), expired, revoked, foreign,
        token(SECRET[::-1]), token(exp=now - 61), token(exp=None), token(aud="other"), token(aud=None),
        token(role="admin"), token(role="public"), token(role=None), token(role=["staff"]),
        token(exp=now + 2 * 86_400), token(nbf=now + 120), token(algorithm="HS512"),
        token(key=None, algorithm="none"), token()[:-3], token() + "x", "..", "\x00",
    ]  # fmt: skip
    refusals = [client.get(SEARCH, headers=bearer(one)) for one in bad]
    refusals.append(
        client.get(SEARCH, headers=bearer(foreign) | {"Origin": "https://evil.example"})
    )
    refusals.append(client.get(SEARCH, headers={"X-API-Key": "x"}))
    for session in ("x", "x" * 43):
        client.set_cookie("gongwen_session", session)
        refusals.append(client.get(SEARCH))
    client.delete_cookie("gongwen_session")

    assert refusals[0].status_code == 401
    assert refusals[0].mimetype == "application/problem+json"
    assert refusals[0].headers["WWW-Authenticate"] == "Bearer"
    for one in refusals:
        assert seen(one) == seen(refusals[0])
    # Nor does it matter what was asked, or whether that exists.
    for path in ("/api/v1/articles/inner", "/api/v1/articles/nothing", "/api/v1/nowhere"):
        assert seen(client.get(path, headers=bearer("x"))) == seen(refusals[0])
    good_again = {"Origin": "https://portal.example"} | bearer(foreign)
    assert total(client, good_again) == total(client, bearer(token(role="staff"))) == 2


def test_an_id_that_is_not_for_the_caller_is_an_unknown_one(service: SearchService) -> None:
    """For guests and members, in the API and on the pages."""
    client = browser(service)
    member = bearer(service.store.keys.create("m", Role.MEMBER))
    for headers in ({}, member):
        for path in ("/api/v1/articles/{}", "/api/v1/articles/{}/related", "/articles/{}"):
            hidden, unknown = (
                client.get(path.format(id), headers=headers) for id in ("inner", "innex")
            )
            assert hidden.status_code == 404
            assert hidden.data.replace(b"inner", b"innex") == unknown.data
            assert seen(hidden)[:2] == seen(unknown)[:2]


def test_other_kinds_of_authorization_are_for_the_proxy_in_front(service: SearchService) -> None:
    """A site behind a password of its own sends it along."""
    assert total(browser(service), {"Authorization": "Basic dXNlcjpwYXNz"}) == 0


# --- tokens of the portal -------------------------------------------------------------------------


def _pem(private: Any) -> tuple[str, bytes]:
    key = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return key, private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_tokens_of_a_key_pair(service: SearchService, tmp_path: Path, algorithm: str) -> None:
    """The public key checks them; used as a secret of HS256, as in a downgrade, it makes none."""
    pair = (
        Ed25519PrivateKey.generate() if algorithm == "EdDSA" else generate_private_key(65537, 2048)
    )
    private, public = _pem(pair)
    (tmp_path / "key.pem").write_bytes(public)
    client = browser(
        service, token_algorithm=algorithm, token_key=str(tmp_path / "key.pem"), token_audience="us"
    )

    assert total(client, bearer(token(private, algorithm, aud="us"))) == 1
    assert total(client, bearer(token(private, algorithm, aud=["us", "them"]))) == 1
    # PyJWT itself refuses to make this one with a public key.
    header, body, _ = token("x" * 32, aud="us").split(".")
    mac = hmac.digest(public, f"{header}.{body}".encode(), hashlib.sha256)
    forged = f"{header}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    for one in (forged, token(private, algorithm), token(SECRET, aud="us")):
        assert client.get(SEARCH, headers=bearer(one)).status_code == 401


def test_clocks_may_differ_by_a_minute(service: SearchService) -> None:
    """And no more."""
    client, now = with_tokens(service), int(time.time())

    assert total(client, bearer(token(exp=now - 50, nbf=now + 50))) == 1


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("HS256", "short"),
        ("HS256", "-----BEGIN PUBLIC KEY-----" + "x" * 40),
        ("RS256", SECRET),
        ("EdDSA", "{rsa}"),
        ("RS256", "{small}"),
        ("RS256", "{private}"),
    ],
)
def test_a_key_that_protects_nothing_is_refused_at_the_start(
    service: SearchService, tmp_path: Path, algorithm: str, key: str
) -> None:
    """A weak secret, a public key as a secret, a key of another kind, one of a few bits."""
    private, public = _pem(generate_private_key(65537, 2048))
    (tmp_path / "rsa").write_bytes(public)
    (tmp_path / "small").write_bytes(_pem(generate_private_key(65537, 1024))[1])  # noqa: S505
    (tmp_path / "private").write_text(private)
    path = key.format(**{name: tmp_path / name for name in ("rsa", "small", "private")})

    with pytest.raises(ConfigurationError, match="GONGWEN_TOKEN_KEY") as caught:
        browser(service, token_algorithm=algorithm, token_key=path)
    assert "BEGIN" not in caught.value.message


def test_a_log_in_link_works_once(service: SearchService) -> None:
    """It leads where it says, as the role it says; used again, or without an id, it is refused."""
    client, link = with_tokens(service), token(role="staff")
    first = client.get(f"/login/token?token={link}&next=/search?q=1")

    assert (first.status_code, first.location) == (303, "/search?q=1")
    assert total(client) == 2
    refusals = [
        with_tokens(service).get(f"/login/token?token={one}")
        for one in (link, token(jti=None), token(exp=1), token(SECRET[::-1]), "", "x")
    ]
    refusals.append(browser(service).get(f"/login/token?token={token()}"))  # takes no tokens
    for one in refusals:
        assert one.status_code == 401
        assert "Set-Cookie" not in one.headers
        assert seen(one) == seen(refusals[0])
    posted = with_tokens(service)
    assert posted.post("/login/token", data={"token": token()}).location == "/"
    assert total(posted) == 1


# --- the header of a proxy ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "address", "trusted"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "::ffff:192.0.2.7", True),
        ("10.0.0.0/8, 2001:db8::/32", "2001:db8::1", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.7", "", False),
    ],
)
def test_the_header_of_a_trusted_proxy(
    service: SearchService, proxies: str, address: str, *, trusted: bool
) -> None:
    """From anybody else it is as if it was not there."""
    client = browser(service, role_header="X-Gongwen-Role", trusted_proxies=proxies)

    def found(role: str) -> TestResponse:
        return client.get(
            SEARCH, headers={"X-Gongwen-Role": role}, environ_base={"REMOTE_ADDR": address}
        )

    assert json_of(found("staff"))["total"] == (2 if trusted else 0)
    assert json_of(found("member"))["total"] == (1 if trusted else 0)
    assert json_of(found(""))["total"] == 0
    for role in ("admin", "editor", "Staff", "staff,staff", "x"):
        assert found(role).status_code == (401 if trusted else 200)
    assert "X-Gongwen-Role" in found("staff").vary


def test_a_header_nobody_may_send_is_told_at_the_start() -> None:
    """Without proxies to trust, or with ones that are no addresses."""
    with pytest.raises(ConfigurationError, match="GONGWEN_TRUSTED_PROXIES"):
        read_settings(role_header="X-Gongwen-Role")
    with pytest.raises(ConfigurationError, match="GONGWEN_TRUSTED_PROXIES"):
        read_settings(trusted_proxies="portal.example")


# --- accounts and sessions ------------------------------------------------------------------------


def test_an_account_logs_in_and_out(service: SearchService) -> None:
    """From the article that only members read to its text, and back to being a guest."""
    service.store.accounts.create("wang", PASSWORD, Role.MEMBER)
    client = browser(service)
    guest = client.get("/articles/gapped").get_data(as_text=True)
    assert PAID not in guest
    link = re.search(r'href="(/login\?next=[^"]+)"', guest)
    assert link
    page = client.get(link[1])
    assert 'value="/articles/gapped"' in page.get_data(as_text=True)

    done = log_in(client, "Wang", PASSWORD, next="/articles/gapped")
    assert (done.status_code, done.location) == (303, "/articles/gapped")
    [cookie] = [one for one in done.headers.getlist("Set-Cookie") if "session" in one]
    assert {"HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=43200"} <= {
        *cookie.split("; ")
    }
    assert total(client) == 1
    member = client.get("/articles/gapped")
    assert PAID in member.get_data(as_text=True)
    assert member.headers["Cache-Control"] == "private, no-cache"

    out = client.post("/logout", data={"form_token": form_of(member)})
    assert (out.status_code, out.location) == (303, "/")
    assert out.headers["Clear-Site-Data"] == '"cache"'
    assert total(client) == 0


def test_a_wrong_log_in_is_refused_alike(service: SearchService) -> None:
    """A wrong password, an account that does not exist or was disabled: the same page."""
    service.store.accounts.create("wang", PASSWORD, Role.STAFF)
    service.store.accounts.create("zhao", PASSWORD, Role.STAFF)
    service.store.accounts.disable("zhao")
    client = browser(service, secure_cookies=False)
    pages = []
    for name, password in (("wang", "x"), ("qian", PASSWORD), ("zhao", PASSWORD), ("", "")):
        page = log_in(client, name, password)
        assert page.status_code == 401
        text = re.sub(r'name="form_token" value="[^"]+"', "", page.get_data(as_text=True))
        if name:  # it stays in the form
            assert f'name="name" value="{name}"' in text
            pages.append(text.replace(f'value="{name}"', ""))
    assert pages == [pages[0]] * 3
    assert total(client) == 0


def test_trying_passwords_is_throttled(service: SearchService) -> None:
    """After ten tries even the right password waits, for existing accounts and others alike."""
    service.store.accounts.create("wang", PASSWORD, Role.STAFF)
    client = browser(service, secure_cookies=False)
    for name in ("wang", "nobody"):
        statuses = [log_in(client, name, f"guess {n}").status_code for n in range(PER_ACCOUNT)]
        assert statuses == [401] * PER_ACCOUNT
        refused = log_in(client, name, PASSWORD)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert total(client) == 0


def test_addresses_are_told_apart_behind_a_trusted_proxy(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a client says of itself does not count; of IPv6 the network does."""
    service.store.accounts.create("a", PASSWORD, Role.MEMBER)
    client = browser(service, trusted_proxies="127.0.0.1", secure_cookies=False)
    counted: list[str] = []
    admit = service.store.attempts.admit

    def note(account: str, address: str) -> bool:
        counted.append(address)
        return admit(account, address)

    monkeypatch.setattr(service.store.attempts, "admit", note)
    fields = {"name": "a", "password": "b"}
    for forwarded in ("192.0.2.1", "6.6.6.6, 192.0.2.1", "2001:db8::1:2:3:4", "x", "127.0.0.1"):
        fields["form_token"] = form_of(client.get("/login?next=/"))
        client.post("/login", data=fields, headers={"X-Forwarded-For": forwarded})
    client.post(
        "/login",
        data=fields,
        headers={"X-Forwarded-For": "192.0.2.1"},
        environ_base={"REMOTE_ADDR": "192.0.2.99"},
    )

    assert counted == [
        "192.0.2.1", "192.0.2.1", "2001:db8::/64", "x", "127.0.0.1", "192.0.2.99",
    ]  # fmt: skip


def test_a_form_of_another_page_changes_nothing(service: SearchService) -> None:
    """Without the token, with one of another browser, or of before the log-in."""
    service.store.accounts.create("wang", PASSWORD, Role.STAFF)
    client, other = (browser(service, secure_cookies=False) for _ in range(2))
    before = form_of(client.get("/login"))
    for value in ("", "x", "é", form_of(other.get("/login")), before[:-4]):
        fields = {"form_token": value, "name": "wang", "password": PASSWORD}
        assert client.post("/login", data=fields).status_code == 400
    assert total(client) == 0
    assert log_in(client, "wang", PASSWORD).status_code == 303
    for path in ("/logout", "/preview", "/demo/role"):
        for value in ("", before, form_of(other.get("/login"))):
            fields = {"form_token": value, "role": "public"}
            assert client.post(path, data=fields).status_code in {400, 404}
    assert total(client) == 2
    # Masked differently each time, so that a compressed page tells nothing of it.
    assert form_of(client.get("/")) != form_of(client.get("/"))


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil", "/\t/evil.example",
     "javascript:alert(1)", "evil.example", "", "/a\r\nSet-Cookie: x=1", "http:/evil", "/ /evil"],
)  # fmt: skip
def test_a_log_in_leads_to_no_other_host(service: SearchService, target: str) -> None:
    """Only to a path of this one."""
    service.store.accounts.create("wang", PASSWORD, Role.STAFF)
    client = with_tokens(service, secure_cookies=False)

    assert log_in(client, "wang", PASSWORD, next=target).location == "/"
    given = {"token": token(), "next": target}
    assert client.post("/login/token", data=given).location == "/"


def test_a_session_that_ended_shows_the_log_in(service: SearchService) -> None:
    """Pages ask to log in again, and forget the session; the API refuses; disabling ends it at once."""
    service.store.accounts.create("wang", PASSWORD, Role.MEMBER)
    client = browser(service, secure_cookies=False)
    log_in(client, "wang", PASSWORD)
    assert total(client) == 1
    service.store.accounts.disable("wang")

    assert client.get(SEARCH).status_code == 401
    service.store.accounts.create("li", PASSWORD, Role.MEMBER)
    page = client.get("/search?q=x")
    assert page.status_code == 401
    assert "登录已经失效" in page.get_data(as_text=True)
    assert 'value="/search?q=x"' in page.get_data(as_text=True)
    assert client.get("/search?q=x").status_code == 200  # as a guest


def test_the_portal_has_the_log_in(service: SearchService) -> None:
    """Its address gets the path to come back to; without any log-in nothing speaks of it."""
    portal = browser(service, login_url="https://portal.example/login?back={next}")
    page = portal.get("/search?q=%E7%89%A9").get_data(as_text=True)
    assert "后可检索全文" in page
    assert portal.get("/login?next=/search?q=1").location == (
        "https://portal.example/login?back=%2Fsearch%3Fq%3D1"
    )
    none = browser(service)
    assert "登录</a>" not in none.get("/search?q=x").get_data(as_text=True)
    assert none.get("/login").status_code == 404


# --- previews, the demonstration, caches ----------------------------------------------------------


def test_staff_see_the_pages_as_others_do(service: SearchService) -> None:
    """As a lower role only; the cookie of a preview gives nobody anything."""
    service.store.accounts.create("wang", PASSWORD, Role.STAFF)
    client = browser(service, secure_cookies=False)
    client.set_cookie("gongwen_preview", "staff")
    assert total(client) == 0
    log_in(client, "wang", PASSWORD)
    assert total(client) == 2
    for role, expected in (("public", 0), ("member", 1), ("staff", 2), ("public", 0), ("admin", 2)):
        sent = {"form_token": form_of(client.get("/")), "role": role, "next": "/search"}
        assert client.post("/preview", data=sent).location == "/search"
        assert total(client) == expected
    client.set_cookie("gongwen_preview", "member")
    assert client.get("/").headers["Cache-Control"] == "private, no-cache"
    assert "预览：会员" in client.get("/").get_data(as_text=True)

    member = browser(service, secure_cookies=False)
    service.store.accounts.create("li", PASSWORD, Role.MEMBER)
    log_in(member, "li", PASSWORD)
    member.set_cookie("gongwen_preview", "public")
    assert total(member) == 1


def test_in_the_demonstration_anybody_is_anybody(service: SearchService) -> None:
    """And nowhere else."""
    client = browser(service, demo=True, secure_cookies=False)
    for role, expected in (("member", 1), ("staff", 2), ("public", 0), ("member", 1)):
        sent = {"form_token": form_of(client.get("/search")), "role": role, "next": "/search"}
        assert client.post("/demo/role", data=sent).location == "/search"
        assert total(client) == expected
    real = browser(service, secure_cookies=False)
    service.store.accounts.create("wang", PASSWORD, Role.MEMBER)
    sent = {"form_token": form_of(real.get("/login")), "role": "staff"}
    assert real.post("/demo/role", data=sent).status_code == 404


def test_no_cache_gives_an_answer_to_somebody_else(service: SearchService) -> None:
    """Whatever names the caller is in Vary; members' answers are private, and tagged for their audience."""
    client = browser(service)
    headers = bearer(service.store.keys.create("m", Role.MEMBER))
    for path in ("/", "/search?q=x", SEARCH, "/api/v1/suggest?q=x", "/nowhere", "/articles/gapped"):
        guest, member = client.get(path), client.get(path, headers=headers)
        for one in (guest, member):
            assert {"Cookie", "Authorization", "X-API-Key"} <= {*one.headers["Vary"].split(", ")}
        assert guest.headers["Cache-Control"] == "no-cache"
        assert "Set-Cookie" not in guest.headers
        assert member.headers["Cache-Control"] == "private, no-cache"
    tag = client.get(SEARCH, headers=headers).headers["ETag"]
    assert client.get(SEARCH, headers={"If-None-Match": tag}).status_code == 200
    assert client.get(SEARCH, headers=headers | {"If-None-Match": tag}).status_code == 304


def test_no_secret_is_logged(
    service: SearchService, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Neither keys, tokens, passwords, sessions nor names; that something was refused, and why, is."""
    service.store.accounts.create("wangxiaoming", PASSWORD, Role.MEMBER)
    client = with_tokens(service, secure_cookies=False)
    with caplog.at_level("INFO", logger="search_service"):
        key, one = service.store.keys.create("portal", Role.STAFF), token(exp=1)
        client.get(SEARCH, headers=bearer(key))
        client.get(SEARCH, headers=bearer(f"{key}x"))
        client.get(f"/login/token?token={one}")
        log_in(client, "wangxiaoming", "guessed wrong")
        done = log_in(client, "wangxiaoming", PASSWORD)
        client.get("/")
    session = done.headers.getlist("Set-Cookie")[0].partition("=")[2].partition(";")[0]
    lines = "\n".join(logs.formatter(logs.JSON).format(record) for record in caplog.records)

    assert "insecure-cookies" in lines
    assert "ExpiredSignatureError" in lines
    assert "log-in-refused" in lines
    secrets = (key, key[-20:], one, one[-20:], PASSWORD, "guessed", "wangxiaoming", session, SECRET)
    for secret in secrets:
        assert secret not in lines
