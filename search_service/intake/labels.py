"""Labelled lines at the head of a text (来源：…, 发布日期：…) as fields. Entry points: :func:`labels_at`,
:func:`is_typist`.

Only where they are certain: at least two known labels, 标题 and 正文 for instance, in lines that have nothing
else, with values that the fields take. A single one stays in the text, where :mod:`analyzers.metadata` reads
it, and so does everything that looks like a label further down.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from search_service.intake import fields
from search_service.intake.names import ALIASES, known_field, protects

_FIELDS: Final = (
    *("title", "issuer", "document_number", "date", "effective_date", "author", "category"),
    *("kind", "views", "audience", "preview", "free_length", "body"),
)
# 来源 is a medium as often as an office, and no field (intake.names); kept as it is written.
_FURTHER: Final = ("来源", "信息来源", "索引号", "有效性", "主题分类")
_NAMES: Final = (
    *_FURTHER,
    *(name for one in _FIELDS for name in ALIASES[one] if not name.isascii()),
)
_SPACED: Final = "|".join(r"[^\S\n]*".join(name) for name in sorted(_NAMES, key=len, reverse=True))
_LABEL: Final = re.compile(rf"(?:^|(?<=[\s|丨;；\]】]))[\[【]?({_SPACED})[^\S\n]*[:：]")
_MARK: Final = re.compile(r"\s*(?:[-*>]\s+)?")  # of a list or a quotation in Markdown
_CERTAIN: Final = 2
_MAX_LINES: Final = 30
_MAX_VALUE: Final = 100  # characters; 103 has the longest of 43,439 real titles
_SENTENCE: Final = re.compile(r"[。！？]")
# Who typed it, not who wrote it: 信息发布员6, admin, 104363.
_TYPIST: Final = re.compile(
    r"[\x21-\x7e\s]*|.*(?:发布员|管理员|录入员|审核员|编辑|系统|网站)[0-9]*|.*[0-9]", re.IGNORECASE
)


class Labels(NamedTuple):
    """The fields of a head, the number of the line below it, and the text that is left of its last line."""

    values: dict[str, object]
    end: int
    rest: str


def is_typist(author: str) -> bool:
    """Whether a name is that of an account, not of an author."""
    return bool(_TYPIST.fullmatch(author))


def labels_at(lines: Sequence[str], first: int = 0) -> Labels | None:
    """The labels in the lines from ``first`` on, also over blank ones; None without certain ones."""
    values: dict[str, object] = {}
    known = 0
    end = place = first
    while place < min(len(lines), first + _MAX_LINES):
        line = lines[place]
        place += 1
        if not line.strip():
            continue
        pairs = _pairs(line)
        if pairs is None or any(name in values for name, _ in pairs):
            break
        if known_field(pairs[-1][0]) == "body":
            values |= pairs[:-1]
            if not any(known_field(name) == "title" and value for name, value in values.items()):
                break
            return Labels(_kept(values), place, pairs[-1][1])
        values |= pairs
        known += len(pairs)
        end = place
    return Labels(_kept(values), end, "") if known >= _CERTAIN else None


def _pairs(line: str) -> list[tuple[str, str]] | None:
    """The labels of a line with their values; None for a line that is, or may be, something else."""
    start = _MARK.match(line)
    text = line[start.end() :] if start else line
    found = list(_LABEL.finditer(text))
    if not found or found[0].start():
        return None
    ends = [*(one.start() for one in found[1:]), len(text)]
    pairs: list[tuple[str, str]] = []
    for match, end in zip(found, ends, strict=True):
        name = re.sub(r"\s", "", match[1])
        value = text[match.end() : end].strip(" \t　|丨;；[]【】")
        if known_field(name) == "body":
            value = text[match.end() :].strip()
            return [*pairs, (name, value)]
        if not _takes(name, value):
            return None
        pairs.append((name, value))
    return pairs


def _takes(name: str, value: str) -> bool:
    """Whether a label may have this value; an empty one says nothing, but is there."""
    if protects(name):
        return True  # what is wrong with it is a fault of the file, which is not published
    if not value:
        return True
    if len(value) > _MAX_VALUE or _SENTENCE.search(value):
        return False
    try:
        match known_field(name):
            case "date" | "effective_date":
                return bool(fields.iso_date(value))
            case "views":
                return fields.number(value) is not None
    except ValueError:
        return False
    return True


def _kept(values: dict[str, object]) -> dict[str, object]:
    return {
        name: value
        for name, value in values.items()
        if not (known_field(name) == "author" and is_typist(str(value)))
    }
