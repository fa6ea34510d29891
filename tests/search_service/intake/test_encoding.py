"""Encodings used by Chinese offices, and wrongly declared ones."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.errors import BadRecord
from search_service.intake.encoding import decode, read_lines

TEXT = "关于做好2024年度安全生产工作的通知\n各乡镇人民政府、各街道办事处：为压实责任，现将有关事项通知如下。"
TRADITIONAL = "關於加強社區治理工作的通知，各單位應當提高認識，落實責任，發揮作用，為民服務。"


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "gb18030", "gbk", "gb2312", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("declared", ["", "utf-8", "gb2312", "iso-8859-1", "no-such-charset"])
def test_text_with_any_declared_charset_is_decoded(codec: str, declared: str) -> None:
    """UTF-8, GB18030 and UTF-16 are recognised by their bytes; a wrongly declared charset does no harm."""
    assert decode(TEXT.encode(codec), declared=declared) == TEXT


@pytest.mark.parametrize("declared", ["", "big5", "utf-8"])
@pytest.mark.parametrize("codec", ["big5", "gb18030"])
def test_traditional_text_is_decoded(codec: str, declared: str) -> None:
    """Big5 and GB18030 accept each other's bytes; frequent characters tell them apart."""
    assert decode(TRADITIONAL.encode(codec), declared=declared) == TRADITIONAL


@given(
    text=st.text(st.characters(codec="utf-8"), max_size=80).filter(
        lambda text: not text.startswith("\ufeff")
    )
)
def test_utf8_is_always_read_as_utf8(text: str) -> None:
    """Valid UTF-8 is never decoded as anything else."""
    assert decode(text.encode()) == text or text.encode()[:2] in (b"\xff\xfe", b"\xfe\xff")


@given(
    text=st.text(
        st.sampled_from("关于加强基层治理的意见，。一二三城镇社区联通"), min_size=8, max_size=80
    )
)
def test_gb18030_prose_is_read_as_gb18030(text: str) -> None:
    """Also 联通, whose bytes are known to mislead editors."""
    assert decode(text.encode("gb18030")) == text


def test_a_damaged_byte_is_reported_not_guessed() -> None:
    """UTF-8 with a broken byte is not decoded as GB18030; the fault has the position of the character."""
    data = bytearray(TEXT.encode())
    data[len(TEXT[:10].encode()) + 2] = 0xFF

    with pytest.raises(BadRecord) as caught:
        decode(bytes(data))

    assert f" {len(TEXT[:10].encode())} " in caught.value.message


def test_bytes_of_no_encoding_are_a_fault() -> None:
    """Noise is refused."""
    with pytest.raises(BadRecord):
        decode(bytes([0xFF, 0x80, 0xC0, 0xFE, 0xFF, 0x81]) * 40)


def test_each_line_is_decoded_by_itself() -> None:
    """A GB18030 line among UTF-8 lines is read; a damaged one is a fault; the others are complete."""
    good, damaged = TEXT.split("\n")[1], TEXT.split("\n")[1].encode()[:-1] + b"\xff"
    lines = [good.encode(), good.encode("gb18030"), damaged, b"", good.encode()]

    read = list(read_lines(io.BytesIO(b"\r\n".join(lines))))

    assert [line.text for line in read if not line.fault] == [good, good, "", good]
    assert [line.number for line in read if line.fault] == [3]
    offset = len(b"\r\n".join(lines[:3])) - len("。".encode())
    assert f" {offset} " in read[2].fault


def test_short_lines_have_the_encoding_of_their_file() -> None:
    """In a GB18030 file a line of two characters is GB18030, even if its bytes are valid UTF-8."""
    word = b"\xc4\xab".decode("gb18030")
    data = f"{TEXT}\n{word}\n{TEXT}".encode("gb18030")

    assert [line.text for line in read_lines(io.BytesIO(data))] == f"{TEXT}\n{word}\n{TEXT}".split(
        "\n"
    )


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_text(codec: str) -> None:
    """A byte order mark is not part of the first line."""
    assert [line.text for line in read_lines(io.BytesIO("甲\r\n乙".encode(codec)))] == ["甲", "乙"]


@given(data=st.binary(max_size=200))
def test_any_bytes_are_lines_or_faults(data: bytes) -> None:
    """Bytes that cannot be decoded become a fault, and no line is lost."""
    read = list(read_lines(io.BytesIO(data)))

    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        assert len(read) == len(data.splitlines(keepends=True)) or b"\r" in data or b"\n" in data
    assert [line.number for line in read] == list(range(1, len(read) + 1))


def test_chinese_that_was_read_as_latin_is_repaired() -> None:
    """Text that was saved once too often; Latin text, and Chinese with some of it, is left alone."""
    text = "关于做好防汛工作的通知，各乡镇要落实值班制度。"

    assert decode(text.encode("gb18030").decode("latin-1").encode()) == text
    for other in ("Übermäßige Größen führen häufig zu Änderungen", f"{text}Ä§Öµ×Ôßàáâãäåæ"):
        assert decode(other.encode()) == other
