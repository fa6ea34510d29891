"""Addresses and access of Elasticsearch: what is read, and what is refused before anything is sent."""

from pathlib import Path

import pytest

from search_service.engines import Access, open_engine
from search_service.engines.elastic.address import read_address
from search_service.errors import ConfigurationError

PRINT = "2E:40:64:97:6C:DC:F8:4C:EF:27:3A:E2:E0:BE:7C:D1:E8:69:08:0B:94:31:61:3D:39:D7:71:64:5B:39:C6:4B"
NODE = "https://127.0.0.1:9200/gongwen"


@pytest.mark.parametrize(
    ("url", "nodes"),
    [
        ("http://h/gongwen", ("http://h:9200",)),
        ("https://h1:9200,h2:9201/gongwen", ("https://h1:9200", "https://h2:9201")),
        ("https://h1,h2/es/gongwen/", ("https://h1:9200/es", "https://h2:9200/es")),
        ("https://[::1]:9200,[::2]/gongwen", ("https://[::1]:9200", "https://[::2]:9200")),
    ],
)
def test_nodes_of_an_address(url: str, nodes: tuple[str, ...]) -> None:
    """One or several hosts, each with its port or 9200, all under one path and prefix."""
    address = read_address(url, Access())

    assert (address.nodes, address.prefix, address.login) == (nodes, "gongwen", None)


def test_a_login_precedes_all_hosts_and_is_never_shown() -> None:
    """Percent-encoded if it contains reserved characters."""
    address = read_address("https://u:ge%40heim@h1:9200,h2:9200/gongwen", Access())

    assert address.login == ("u", "ge@heim")
    assert address.nodes == ("https://h1:9200", "https://h2:9200")
    assert "heim" not in f"{address!r} {address}"


def test_the_key_is_never_shown() -> None:
    """Neither as a part of the access nor of the address made of it."""
    access = Access(api_key="Z2VoZWlt")

    assert "Z2VoZWlt" not in f"{access!r} {read_address(NODE, access)!r}"


@pytest.mark.parametrize("written", [PRINT, PRINT.replace(":", ""), PRINT.lower()])
def test_a_fingerprint_is_read_with_or_without_colons(written: str) -> None:
    """As openssl prints it and as Elasticsearch does."""
    address = read_address(NODE, Access(fingerprint=written))

    assert address.fingerprint == PRINT.replace(":", "").lower()


@pytest.mark.parametrize(
    "url",
    [
        "https://u:geheim@h1:9200,h1:9200/gongwen",
        "https://u:geheim@h1:9200,/gongwen",
        "https://u:geheim@h1:9200,h2:port/gongwen",
        "https://u:geheim@h1:9200,u:geheim@h2:9200",
        "https://u:geheim@h1:9200/gongwen?x=1",
    ],
)
def test_an_address_that_cannot_be_read(url: str) -> None:
    """The message says what is expected, with several nodes, and does not contain the password."""
    with pytest.raises(ConfigurationError, match=r"GONGWEN_ENGINE.*,") as caught:
        open_engine(url)

    assert "geheim" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "access", "named"),
    [
        ("http://h/gongwen", Access(ca="/x/ca.pem"), "GONGWEN_ENGINE_CA=/x/ca.pem.*https://"),
        ("http://h/gongwen", Access(fingerprint=PRINT), f"GONGWEN_ENGINE_FINGERPRINT={PRINT}"),
        (NODE, Access(ca="/x/ca.pem"), "GONGWEN_ENGINE_CA=/x/ca.pem.*No such file"),
        (NODE, Access(ca="/x/ca.pem", fingerprint=PRINT), "GONGWEN_ENGINE_CA=.*_FINGERPRINT="),
        (NODE, Access(fingerprint="12:34"), "GONGWEN_ENGINE_FINGERPRINT=12:34.*64"),
        (NODE, Access(fingerprint=PRINT + "0"), "GONGWEN_ENGINE_FINGERPRINT=.*64"),
        (
            "https://u:geheim@h/gongwen",
            Access(api_key="Z2VoZWlt"),
            "GONGWEN_ENGINE_API_KEY.*GONGWEN_ENGINE ",
        ),
        (NODE, Access(api_key="id:geheim"), "GONGWEN_ENGINE_API_KEY.*encoded"),
    ],
)
def test_access_that_contradicts_itself(url: str, access: Access, named: str) -> None:
    """The message names setting, value and remedy, but no secrets."""
    with pytest.raises(ConfigurationError, match=named) as caught:
        open_engine(url, access)

    assert "geheim" not in caught.value.message
    assert "Z2VoZWlt" not in caught.value.message


def test_a_file_without_a_certificate(tmp_path: Path) -> None:
    """A key or a text instead of the CA is refused at once, not at the first search."""
    path = tmp_path / "ca.pem"
    path.write_text("公文", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=f"GONGWEN_ENGINE_CA={path}"):
        open_engine(NODE, Access(ca=str(path)))
