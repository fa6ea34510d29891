"""The outline of 公文: cut a text into passages, each with its heading path, role and offsets.

Entry point: :func:`split`. Passages cover the text completely and in order.
:mod:`analyzers.document_form` classifies lines; this module decides how many make a passage. The result
depends only on the text, and takes linear time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from analyzers import document_form
from analyzers.normalize import normalize

# Lengths in characters. A passage is what a person copies and what a vector represents: a paragraph or two
# under one heading. A piece shorter than MINIMUM joins its neighbour; TARGET ends a run of short paragraphs;
# MAXIMUM fits the limit of small models (512 tokens) and a screen.
MINIMUM: Final = 80
TARGET: Final = 250
MAXIMUM: Final = 400
# Roles of a passage in its document.
ROLES: Final = (
    "标题",
    "主送",
    "导语",
    "主体",
    "保障措施",
    "结尾",
    "附件",
    "落款",
    "抄送",
)
# The roles of the frame around the body: sender and addressee, without content.
FRAME: Final = frozenset({"标题", "主送", "落款", "抄送"})
# The roles of the body itself: neither frame nor annex.
BODY: Final = ("导语", "主体", "保障措施", "结尾")
# Where a passage is in a document, as drafters call it, and the role of such passages: see :func:`place_of`.
PLACES: Final = {
    "开头": "导语",
    "总体要求": "主体",
    "主要任务": "主体",
    "保障措施": "保障措施",
    "结尾": "结尾",
}
_PATH_CHARACTERS: Final = 40
# How a topic names two of them, in words that texts themselves do not have there.
_NAMES_OF_PLACES: Final = {
    "开头": re.compile("开头|开篇|开场白|引言"),
    "结尾": re.compile("结尾|末尾|结束语|结语|(?<=[话告报言稿])最后"),
}

_HEADING_END = re.compile(r"[。:;!?\n]")
_SENTENCE_END = re.compile(r"[。;!?…][\"”’)]*|\n")
_CLAUSE_END = re.compile(r"[,、:]")
_HAS_CONTENT = re.compile(r"[^ \t\r\n。:;!?]")
_SAFEGUARDS = re.compile(r"保障|组织领导|组织实施|工作要求|监督检查")
_AIMS = re.compile(
    r"(?:总体|指导|基本|主要|工作|发展|目标).{0,4}(?:要求|思想|思路|原则|目标|任务与目标)"
)
_RULE = re.compile(r"第[零一二三四五六七八九十百千0-9\s]{1,9}[编章节条]")
# A heading of more characters is a sentence that happens to begin with a number.
_HEADING: Final = 20


@dataclass(frozen=True)
class Section:
    """``text[start:end]``; ``path``: the headings above it; ``role``: one of :data:`ROLES`."""

    start: int
    end: int
    path: tuple[str, ...]
    role: str


class _Unit(NamedTuple):
    """A paragraph, or the part of one that begins with a heading."""

    start: int
    end: int
    path: tuple[str, ...]
    heading: int  # rank of the heading it starts with, 0 for none
    bare: bool  # only a heading, or blank
    role: str


def _title(text: str, normalised: str, start: int, end: int) -> tuple[str, int]:
    """The heading that begins at ``start``, shortened, and its end offset."""
    stop = _HEADING_END.search(normalised, start, end)
    title_end = min(stop.start() if stop else end, start + _PATH_CHARACTERS + 10)
    title = text[start:title_end].strip("#* \t\r\n\u3000")
    if len(title) > _PATH_CHARACTERS:
        title = title[: _PATH_CHARACTERS - 1] + "…"
    return title, title_end


def _units(text: str, normalised: str) -> Iterator[_Unit]:
    stack: list[tuple[int, str]] = []
    path: tuple[str, ...] = ()
    body = "导语"  # the role of text under the current path
    for start, end, rank, part in document_form.pieces(normalised):
        if part:
            yield _Unit(start, end, (), 0, False, part)
            if part in ("落款", "抄送"):  # then an annex or another text follows
                stack, path, body = [], (), "导语"
            continue
        title_end = start
        annex = not rank and document_form.begins_annex(normalised, start, end)
        if rank or annex:
            title, title_end = _title(text, normalised, start, end)
            stack = [(above, name) for above, name in stack if above < rank] + [(rank, title)]
            path = tuple(name for _, name in stack)
            if annex or body == "附件":
                body = "附件"
            else:
                body = "保障措施" if _SAFEGUARDS.search("".join(path)) else "主体"
        bare = not _HAS_CONTENT.search(normalised, title_end, end)
        yield _Unit(start, end, path, rank, bare, body)


def _cut_long(normalised: str, unit: _Unit, limit: int) -> Iterator[_Unit]:
    """Cut a unit that is longer than the limit at sentence ends, else at commas, else anywhere."""
    start = unit.start
    while unit.end - start > limit:
        # Even parts: 450 characters become 230 and 220, not 400 and 50.
        share = -(-(unit.end - start) // (-(-(unit.end - start) // limit)))
        end = start + limit
        for pattern in (_SENTENCE_END, _CLAUSE_END):
            ends = [m.end() for m in pattern.finditer(normalised, start + 1, start + limit)]
            if ends:
                end = min(ends, key=lambda stop: abs(stop - start - share))
                break
        yield _Unit(
            start, end, unit.path, unit.heading if start == unit.start else 0, False, unit.role
        )
        start = end
    if start < unit.end:
        heading = unit.heading if start == unit.start else 0
        yield _Unit(start, unit.end, unit.path, heading, unit.bare, unit.role)


def _common(paths: list[tuple[str, ...]]) -> tuple[str, ...]:
    common = paths[0]
    for path in paths[1:]:
        length = 0
        while length < min(len(common), len(path)) and common[length] == path[length]:
            length += 1
        common = common[:length]
    return common


def _close(units: list[_Unit]) -> Section:
    with_text = [unit for unit in units if not unit.bare] or units[-1:]
    return Section(
        units[0].start, units[-1].end, _common([unit.path for unit in with_text]), with_text[0].role
    )


def _runs(text: str, limit: int) -> Iterator[list[_Unit]]:
    """Group the units into passages."""
    normalised = normalize(text)
    run: list[_Unit] = []
    length = 0
    only_headings = True
    for whole in _units(text, normalised):
        short = whole.end - whole.start <= limit
        for unit in (whole,) if short else _cut_long(normalised, whole, limit):
            size = unit.end - unit.start
            full = length + size > limit
            part = 0 < unit.heading <= document_form.HIGH or unit.heading in document_form.DECIMAL
            ends = not only_headings and ((part and length >= MINIMUM) or length >= TARGET)
            if run and (full or ends or unit.role != run[-1].role):
                yield run
                run, length, only_headings = [], 0, True
            run.append(unit)
            length += size
            only_headings = only_headings and unit.bare
    if run:
        yield run


def place_of(role: str, path: Sequence[str]) -> str:
    """One of :data:`PLACES`, if role and headings tell; empty for frame, annexes and rules (第X条).

    >>> (
    ...     place_of("主体", ["一、总体要求", "（一）指导思想"]),
    ...     place_of("主体", ["第一章 总则", "第一条"]),
    ... )
    ('总体要求', '')
    """
    if role in ("导语", "结尾"):
        return "开头" if role == "导语" else role
    headings = [normalize(one) for one in path]
    if role not in PLACES.values() or not headings or any(map(_RULE.match, headings)):
        return ""
    if role == "保障措施":
        named = any(len(one) <= _HEADING and _SAFEGUARDS.search(one) for one in headings)
        return role if named else "主要任务"
    return (
        "总体要求" if any(len(o) <= _HEADING and _AIMS.search(o) for o in headings) else "主要任务"
    )


def places_named(normalised: str) -> dict[str, set[str]]:
    """The places that a topic names, each with the words that name it.

    >>> places_named("汇报结尾 恳请上级支持")
    {'结尾': {'结尾'}}
    """
    named = {place: set(names.findall(normalised)) for place, names in _NAMES_OF_PLACES.items()}
    return {place: words for place, words in named.items() if words}


def split(text: str, *, limit: int = MAXIMUM) -> list[Section]:
    """Cut a raw text into sections of at most ``limit`` characters that cover it completely, in order.

    Offsets are into ``text``. An empty text has no sections.
    """
    sections: list[Section] = []
    for units in _runs(text, limit):
        section = _close(units)
        last = sections[-1] if sections else None
        # A remainder that is too short for a passage joins the one before it.
        if (
            last
            and (last.path, last.role) == (section.path, section.role)
            and section.end - section.start < MINIMUM
            and section.end - last.start <= limit
        ):
            sections[-1] = replace(last, end=section.end)
        else:
            sections.append(section)
    return sections
