"""The outline of 公文: a text cut into passages, each with its heading path, role and offsets.

Entry point: :func:`split`. Passages cover the text completely and in order: joined, they are the text
again. Grammar, by rank: 第X编/部分, 第X章, 第X节, 第X条, 一、, （一）, 1., （1）, ①, in any width; a
heading may stand on a line of its own, before its text on one line, or inside a line that lost its
breaks. This module knows the form of a text, never its words' meaning.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from analyzers.normalize import normalize

# A passage is what a person copies and what a vector stands for: a paragraph or two under one heading.
# Under MINIMUM a piece says too little alone and joins its neighbour; TARGET ends a run of short
# paragraphs; MAXIMUM keeps a passage inside what small models read (512 tokens) and a screen shows.
MINIMUM: Final = 80
TARGET: Final = 250
MAXIMUM: Final = 400
# What a passage can be in its document.
ROLES: Final = ("导语", "主体", "保障措施", "附件", "落款")
_PATH_CHARACTERS: Final = 40

_NUMERAL = "[零一二三四五六七八九十百千]"
_MARKERS: Final = (
    (1, rf"第(?:{_NUMERAL}{{1,4}}|\d{{1,3}})(?:编|部分)"),
    (2, rf"第(?:{_NUMERAL}{{1,4}}|\d{{1,3}})章"),
    (3, rf"第(?:{_NUMERAL}{{1,4}}|\d{{1,3}})节"),
    (4, rf"第(?:{_NUMERAL}{{1,6}}|\d{{1,4}})条(?:之{_NUMERAL})?"),
    (5, rf"{_NUMERAL}{{1,3}}、"),
    (6, rf"\({_NUMERAL}{{1,3}}\)"),
    (7, r"\d{1,2}(?:\.(?!\d)|、)"),
    (8, r"\(\d{1,2}\)"),
    (9, r"[①-⑳]"),
)
_MARKER = "|".join(f"(?P<r{rank}>{pattern})" for rank, pattern in _MARKERS)
# 第三条规定的…, 第二章至第四章: a reference to another part, not the head of this one.
_NOT_A_REFERENCE = r"(?!\s?(?:规定|所|第|至|、|和|及|或|的|中|内|,))"
_AT_LINE_START = re.compile(rf"[\s#*]*(?:{_MARKER}){_NOT_A_REFERENCE}")
# Inside a line only after the end of a sentence; 第X条 there also needs a space behind it.
_INSIDE_LINE = re.compile(
    rf"(?<=[。;:!?])\s*(?:{_MARKER}){_NOT_A_REFERENCE}(?:(?<!条)(?<![章节编])|(?=\s))(?=\s?\S)"
)
_HEADING_END = re.compile(r"[。:;!?\n]")
_SENTENCE_END = re.compile(r"[。;!?…][\"”’)]*|\n")
_CLAUSE_END = re.compile(r"[,、:]")
_DATE_LINE = re.compile(
    rf"\s*(?:(?:19|20)\d\d|[一二]{_NUMERAL}{{3}})\s?年\s?(?:\d{{1,2}}|{_NUMERAL}{{1,2}})\s?月"
    rf"\s?(?:\d{{1,2}}|{_NUMERAL}{{1,3}})\s?日\s*"
)
_ORGAN_LINE = re.compile(
    r"\s*[^\s,。;:]{2,40}(?:府|室|厅|局|委|会|部|院|办|处|中心|组|党委|支部)\s*"
)
_ANNEX = re.compile(r"[\s#*]*附(?:件|表|录)(?:\s|\d|:|[一二三四五六七八九十]|$)")
_SAFEGUARDS = re.compile(r"保障|组织领导|组织实施|工作要求|监督检查")
# A closing signature stands in the last lines; looking further back would find dates of the text.
_SIGNATURE_LINES = 4


@dataclass(frozen=True)
class Section:
    """``text[start:end]`` with the headings above it and its role in the document."""

    start: int
    end: int
    path: tuple[str, ...]
    role: str


@dataclass(frozen=True)
class _Unit:
    """A paragraph, or the part of one from a heading on."""

    start: int
    end: int
    path: tuple[str, ...]
    heading: int  # rank of the heading it starts with, 0 for none
    bare: bool  # nothing but the heading, or blank
    role: str

    def __len__(self) -> int:
        return self.end - self.start


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Lines with the line end that closes them; blank lines go with the line before."""
    start = 0
    for match in re.finditer(r"\n\s*", text):
        yield start, match.end()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _rank(match: re.Match[str]) -> int:
    assert match.lastgroup is not None  # every alternative is a named group  # noqa: S101
    return int(match.lastgroup[1:])


def _pieces(normalised: str) -> Iterator[tuple[int, int, int]]:
    """(start, end, rank) of each line, cut again where a heading begins inside it."""
    for start, end in _lines(normalised):
        first = _AT_LINE_START.match(normalised, start, end)
        cuts = [(start, _rank(first) if first else 0)]
        inside = _INSIDE_LINE.finditer(normalised, start + 1, end)
        cuts += [(match.start(), _rank(match)) for match in inside]
        for (begin, rank), (stop, _) in pairwise([*cuts, (end, 0)]):
            yield begin, stop, rank


def _title(text: str, normalised: str, start: int, end: int) -> tuple[str, int]:
    """The heading that begins at ``start``, and where it ends."""
    stop = _HEADING_END.search(normalised, start, end)
    title_end = min(stop.start() if stop else end, start + _PATH_CHARACTERS + 10)
    title = text[start:title_end].strip("#* \t\r\n\u3000")
    if len(title) > _PATH_CHARACTERS:
        title = title[: _PATH_CHARACTERS - 1] + "…"
    return title, title_end


def _signature_start(normalised: str) -> int:
    """Where the closing signature (organ and date) begins; the length of the text if there is none."""
    lines = [(s, e) for s, e in _lines(normalised) if normalised[s:e].strip()]
    for last in range(len(lines) - 1, max(len(lines) - 1 - _SIGNATURE_LINES, 0), -1):
        if _DATE_LINE.fullmatch(normalised[slice(*lines[last])]):
            first = last
            while first > 1 and _ORGAN_LINE.fullmatch(normalised[slice(*lines[first - 1])]):
                first -= 1
            return lines[first][0]
    return len(normalised)


def _units(text: str, normalised: str) -> Iterator[_Unit]:
    stack: list[tuple[int, str]] = []
    signature = _signature_start(normalised)
    annex = False
    for start, end, rank in _pieces(normalised):
        title_end = start
        if rank:
            title, title_end = _title(text, normalised, start, end)
            stack = [(above, name) for above, name in stack if above < rank] + [(rank, title)]
        elif _ANNEX.match(normalised, start, end):
            title, title_end = _title(text, normalised, start, end)
            stack, annex = [(0, title)], True
        path = tuple(name for _, name in stack)
        if start >= signature and not annex:
            role, path = "落款", ()
        elif annex:
            role = "附件"
        elif not stack:
            role = "导语"
        else:
            role = "保障措施" if _SAFEGUARDS.search("".join(path)) else "主体"
        bare = not normalised[title_end:end].strip(" \t\r\n。:;!?")
        yield _Unit(start, end, path, rank, bare, role)


def _cut_long(normalised: str, unit: _Unit, limit: int) -> Iterator[_Unit]:
    """A unit longer than the limit, cut at sentence ends, else at commas, else hard."""
    start = unit.start
    while unit.end - start > limit:
        # An even share: 450 characters become 230 and 220, not 400 and 50.
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
    spoken = [unit for unit in units if not unit.bare] or units[-1:]
    return Section(
        units[0].start, units[-1].end, _common([unit.path for unit in spoken]), spoken[0].role
    )


def split(text: str, *, limit: int = MAXIMUM) -> list[Section]:
    """Cut a text into sections of at most ``limit`` characters that cover it completely, in order.

    An empty text has no sections.
    """
    normalised = normalize(text)
    sections: list[Section] = []
    held: list[_Unit] = []
    length = 0
    for whole in _units(text, normalised):
        for unit in _cut_long(normalised, whole, limit):
            only_headings = all(one.bare for one in held)
            full = length + len(unit) > limit
            ends = not only_headings and (
                (0 < unit.heading <= 6 and length >= MINIMUM) or length >= TARGET
            )
            if held and (full or ends or unit.role != held[-1].role):
                sections.append(_close(held))
                held, length = [], 0
            held.append(unit)
            length += len(unit)
    if held:
        sections.append(_close(held))
    return sections
