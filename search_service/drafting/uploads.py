"""A draft that somebody uploads, as text. Entry point: :func:`draft_text`. Nothing of it is kept.

It is read as a source is, title first, but within narrower limits: it is read while others wait.
"""

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Final

from analyzers.messages import say
from search_service import relevance
from search_service.errors import BadRecord
from search_service.intake.cleaning import clean, clean_line
from search_service.intake.documents import markdown_record, text_record
from search_service.intake.limits import Unpacked

MAX_FILE: Final = 2 << 20  # bytes
_LIMITS: Final = Unpacked(size=32 << 20, markup=16 << 20, marks=300_000, parts=1_000)
# What is longer before it is cleaned is not read on: cleaning removes little.
_MOST_RAW: Final = 2 * relevance.MAX_DRAFT
_BYTES: Final = 4  # of a character in any encoding


def draft_text(data: bytes, name: str) -> str:
    """The text of a file; its title, where it shows one, is the first line. ``name``: of the file.

    Raises ``BadRecord`` with one sentence for a file that is of another type, too large, damaged or empty.
    """
    suffix = PurePath(name).suffix.lower()
    reader = _READERS.get(suffix)
    if reader is None:
        raise BadRecord(_unreadable(suffix))
    if len(data) > MAX_FILE:
        raise BadRecord(_too_large(len(data)))
    values = reader(data)
    title, body = str(values.get("title") or ""), str(values.get("body") or "")
    if (length := len(title) + len(body)) <= _MOST_RAW:
        title = clean_line(title).text
        body = clean(body, title=title).text
        length = len(title) + len(body)
    if length > relevance.MAX_DRAFT:
        raise BadRecord(_too_long(length))
    if not (text := "\n".join(filter(None, (title, body.strip())))).strip():
        raise BadRecord(say("文件里没有文字", "there is no text in the file"))
    return text


def _word(data: bytes) -> Mapping[str, object]:
    from search_service.intake.word.document import word_record  # here: the server starts sooner

    return word_record(data, name="", limits=_LIMITS)


def _text(data: bytes) -> Mapping[str, object]:
    return text_record(_short(data), name="")


def _markdown(data: bytes) -> Mapping[str, object]:
    return markdown_record(_short(data), name="")


def _short(data: bytes) -> bytes:
    """The bytes of a plain text; one that must be too long is not decoded."""
    if len(data) > _BYTES * _MOST_RAW:
        raise BadRecord(_too_long(len(data) // _BYTES))
    return data


_READERS: Final[Mapping[str, Callable[[bytes], Mapping[str, object]]]] = {
    ".docx": _word,
    ".txt": _text,
    ".md": _markdown,
}
#: The types of files that are read.
TYPES: Final = tuple(_READERS)


def _unreadable(suffix: str) -> str:
    return say(
        f"不读 {suffix or '没有后缀'} 的文件；请另存为 .docx、.txt 或 .md",
        f"files of type {suffix or '(none)'} are not read; save it as .docx, .txt or .md",
    )


def _too_large(size: int) -> str:
    return say(
        f"文件有 {size / (1 << 20):.1f} MB，最多 {MAX_FILE >> 20} MB；请删去图片，或粘贴文字",
        f"the file has {size / (1 << 20):.1f} MB, the limit is {MAX_FILE >> 20}; remove pictures, or paste",
    )


def _too_long(length: int) -> str:
    return say(
        f"文件有 {length} 个字，最多 {relevance.MAX_DRAFT} 个；请分段来找",
        f"the file has {length} characters, the limit is {relevance.MAX_DRAFT}; split it",
    )
