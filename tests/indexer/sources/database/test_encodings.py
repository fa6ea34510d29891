"""Texts that are stored in another encoding than declared."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.sources.database.connection import _writing
from indexer.sources.database.encodings import decoded, detect

TITLES = ["关于做好农村饮水安全工作的通知", "在全县防汛工作会议上的讲话", "2024年工作总结", "公告"]


def latin1(data: bytes) -> str:
    """Bytes as MySQL reads them when it is told that they are latin1."""
    return "".join(
        chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([byte]).decode("cp1252")
        for byte in data
    )


@pytest.mark.parametrize(
    ("encoding", "stored"),
    [
        ("utf-8", lambda text: text.encode()),
        ("gb18030", lambda text: text.encode("gbk")),
        ("utf-8 in latin1", lambda text: latin1(text.encode()).encode()),
        ("gb18030 in latin1", lambda text: latin1(text.encode("gbk")).encode()),
    ],
)
def test_the_stored_encoding_is_found(encoding: str, stored: Callable[[str], bytes]) -> None:
    """From what the server makes of it, whether tables declare latin1 or utf8."""
    data = [stored(title) for title in TITLES]
    shown = [one.decode() if "latin1" in encoding else latin1(one) for one in data]
    assert detect(data, shown) == encoding
    assert [decoded(one, encoding) for one in data] == TITLES


def test_what_is_declared_rightly_is_left_alone() -> None:
    """Also where there is little to judge, or another language."""
    assert detect([title.encode("gbk") for title in TITLES], TITLES) == "declared"
    assert detect(["公告".encode()], ["公告"]) == "declared"
    french = ["Décret relatif à l'accès aux données publiques numérisées et dématérialisées"]
    assert detect([french[0].encode()], french) == "declared"


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFFFF, exclude_categories=["Cs"])))
def test_twice_encoded_texts_come_back(text: str) -> None:
    """Every text, byte by byte."""
    assert decoded(latin1(text.encode()).encode(), "utf-8 in latin1") == text


@pytest.mark.parametrize(
    ("grant", "rights"),
    [
        ("GRANT SELECT, SHOW VIEW ON `portal`.* TO `r`@`%`", ""),
        ("GRANT USAGE ON *.* TO `r`@`%` IDENTIFIED BY PASSWORD '*0'", ""),
        ("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION", "ALL PRIVILEGES"),
        ("GRANT SELECT, UPDATE (title, body) ON `portal`.`a` TO `r`@`%`", "UPDATE"),
        ("GRANT DELETE ON `test\\_%`.* TO PUBLIC", ""),
        ("GRANT DELETE ON `por%`.* TO PUBLIC", "DELETE"),
    ],
)
def test_rights_that_are_more_than_reading_are_named(grant: str, rights: str) -> None:
    """Only those on this database count."""
    assert _writing([grant], "portal") == rights
