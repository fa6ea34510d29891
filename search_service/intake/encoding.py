"""Decoding text of unknown encoding. Entry points: :func:`decode`, :func:`read_lines`,
:func:`familiarity`, :func:`repaired`.

The bytes outweigh a declared charset: other text is hardly ever valid UTF-8, so UTF-8 is tried first;
GB18030, which accepts almost anything, only if the bytes are not damaged UTF-8.
"""

import codecs
import contextlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from analyzers.messages import say
from search_service.errors import BadRecord

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
# Other encodings in which Chinese text may have been saved.
_RARE: Final = ["big5", "big5hkscs", "cp950", "utf_16_le", "utf_16_be"]
# About a third of real text, simplified or traditional; hardly any of text decoded wrongly.
_FREQUENT: Final = frozenset(
    "，。、；：“”（）《》　的和一二三年月日人民政府国家社会工作发展建设管理"
    "关于通知规定有在为是了不中大上行业应当单位實國會發關於與為這個來條對業務"
)
FAMILIAR: Final = 0.08  # share of frequent characters; Chinese prose has 0.2 and more
_MOSTLY_LATIN: Final = 0.9
_SHORT: Final = 12  # non-ASCII characters; fewer do not identify a charset
# The first megabyte of a file decides the encoding of its short lines.
_SAMPLE_PIECE: Final = 1 << 14  # bytes
_SAMPLE_PIECES: Final = 64
_MAX_LINE: Final = 64 << 20  # bytes; a body of 5 million characters, escaped, takes half


@dataclass(frozen=True)
class Line:
    """One line of a file, without its end; ``fault`` is why it cannot be decoded, or empty."""

    number: int
    text: str
    fault: str = ""


def decode(data: bytes, *, declared: str = "", offset: int = 0) -> str:
    """Decode a text: by byte order mark, as UTF-8, as GB18030, by the declared charset, by a guess.

    Raises :class:`BadRecord` with the position of the first undecodable byte, counted from ``offset``.
    """
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return _strict(data, codec, offset).removeprefix("\ufeff")
    try:
        return repaired(data.decode("utf-8"))
    except UnicodeDecodeError as exc:
        if _is_damaged_utf8(data):
            raise BadRecord(_undecodable(data, exc.start, offset)) from exc
        furthest = exc.start
    try:
        chinese = data.decode("gb18030")
        if _is_familiar(chinese):
            return chinese
    except UnicodeDecodeError as exc:
        furthest = max(furthest, exc.start)
        chinese = ""
    other = _declared_text(data, declared) or _guessed_text(data)
    if other or chinese:
        return other or chinese
    raise BadRecord(_undecodable(data, furthest, offset))


def read_lines(stream: IO[bytes]) -> Iterator[Line]:
    """Yield the lines of a seekable stream, each decoded separately: a bad line affects no other.

    A line that decodes to Han characters as UTF-8 is UTF-8; otherwise the start of the file decides. If
    that contains no line feed, carriage returns end lines, as in "CSV (Macintosh)".
    """
    sample = _start(stream)
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = io.TextIOWrapper(stream, encoding="utf-16", errors="replace", newline="\n")
        try:
            for number, line in enumerate(text, start=1):
                yield Line(number, line.rstrip("\n").rstrip("\r"))
        finally:
            # The caller closes the stream; if it stops early, before this.
            with contextlib.suppress(ValueError):
                text.detach()
        return
    if b"\n" not in sample and b"\r" in sample:
        stream = io.BufferedReader(_CarriageReturns(stream))  # type: ignore[type-var]  # it needs no name
        sample = sample.replace(b"\r", b"\n")
    whole = sample.rpartition(b"\n")[0] or sample
    mostly_utf8 = _is_utf8(whole) or _is_damaged_utf8(whole)
    number = start = 0
    while data := stream.readline(_MAX_LINE):
        number += 1
        length = len(data)
        fault = ""
        while len(data) >= _MAX_LINE and not data.endswith(b"\n"):
            data, fault = stream.readline(_MAX_LINE), _too_long()
            length += len(data)
        if number == 1:
            data = data.removeprefix(codecs.BOM_UTF8)
        yield (
            Line(number, "", fault)
            if fault
            else _line(number, data, start=start, mostly_utf8=mostly_utf8)
        )
        start += length


class _CarriageReturns(io.RawIOBase):
    """A stream whose carriage returns are replaced by line feeds; offsets stay the same."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # it gets a memoryview
        """Read into the buffer; the number of bytes."""
        data = self._stream.read(len(buffer)).replace(b"\r", b"\n")
        buffer[: len(data)] = data
        return len(data)


def _start(stream: IO[bytes]) -> bytes:
    """Read the start of a stream and rewind; errors are left to the reader of the lines."""
    pieces: list[bytes] = []
    with contextlib.suppress(OSError, EOFError, zlib.error):
        while len(pieces) < _SAMPLE_PIECES and (piece := stream.read(_SAMPLE_PIECE)):
            pieces.append(piece)
    stream.seek(0)
    return b"".join(pieces)


def _line(number: int, data: bytes, *, start: int, mostly_utf8: bool) -> Line:
    data = data.rstrip(b"\n").rstrip(b"\r")
    try:
        if not mostly_utf8 and not _is_utf8_han(data):
            return Line(number, data.decode("gb18030"))
        return Line(number, decode(data, offset=start))
    except UnicodeDecodeError as exc:
        return Line(number, "", _undecodable(data, exc.start, start))
    except BadRecord as exc:
        return Line(number, data.decode("utf-8", "replace"), exc.message)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8_han(data: bytes) -> bool:
    return _is_utf8(data) and any(character >= "\u0800" for character in data.decode("utf-8"))


def _is_damaged_utf8(data: bytes) -> bool:
    """Whether most of the non-ASCII bytes are UTF-8; in GB18030 text hardly any are, by chance."""
    text = data.decode("utf-8", "replace")
    good = sum(1 for character in text if character >= "\u0800" and character != "\ufffd")
    return good > text.count("\ufffd")


def repaired(text: str) -> str:
    """The text of bytes in GB18030 that were decoded as Latin letters: ¹ØÓÚ is 关于; others unchanged."""
    beyond = sum("\x7f" < character < "\u0180" for character in text)
    if beyond < _SHORT or beyond < _MOSTLY_LATIN * sum(character > "\x7f" for character in text):
        return text
    for codec in ("latin-1", "cp1252"):
        try:
            other = text.encode(codec).decode("gb18030")
        except UnicodeError:
            continue
        if familiarity(other) >= FAMILIAR:
            return other
    return text


def familiarity(text: str) -> float:
    """The share of frequent Chinese characters among those beyond ASCII."""
    beyond = [character for character in text if character > "\x7f"]
    return sum(character in _FREQUENT for character in beyond) / max(1, len(beyond))


def _is_familiar(text: str) -> bool:
    short = sum(character > "\x7f" for character in text) < _SHORT
    return "\0" not in text and (short or familiarity(text) >= FAMILIAR)


def _strict(data: bytes, codec: str, offset: int) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as exc:
        raise BadRecord(_undecodable(data, exc.start, offset)) from exc


def _declared_text(data: bytes, declared: str) -> str:
    try:
        text = data.decode(declared) if declared else ""
    except (UnicodeDecodeError, LookupError):
        return ""
    return text if _is_familiar(text) else ""


def _guessed_text(data: bytes) -> str:
    from charset_normalizer import from_bytes  # here: few files need it

    best = from_bytes(data, cp_isolation=_RARE).best()
    text = str(best) if best else ""
    return text if _is_familiar(text) else ""


def _undecodable(data: bytes, position: int, offset: int) -> str:
    byte, at = data[position], offset + position
    return say(
        f"偏移 {at} 处的字节 0x{byte:02X} 无法解码（既不是 UTF-8，也不是 GB18030）；请另存为 UTF-8",
        f"byte 0x{byte:02X} at offset {at} is neither UTF-8 nor GB18030; save the file as UTF-8",
    )


def _too_long() -> str:
    limit = _MAX_LINE >> 20
    return say(
        f"一行超过 {limit} MB；每行应是一条记录",
        f"line longer than {limit} MB; each line should be one record",
    )
