"""The outline of 公文: a text cut into passages, each with its heading path, role and offsets.

Entry point: :func:`split`. Passages cover the text completely and in order: joined, they are the text
again. :mod:`analyzers.document_form` recognises what a line is by its form; this module decides how much of
it makes a passage. The split is a function of the text alone, in time proportional to its length.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from analyzers import document_form
from analyzers.normalize import normalize

# A passage is what a person copies and what a vector stands for: a paragraph or two under one heading.
# Under MINIMUM a piece says too little alone and joins its neighbour; TARGET ends a run of short
# paragraphs; MAXIMUM keeps a passage inside what small models read (512 tokens) and a screen shows.
MINIMUM: Final = 80
TARGET: Final = 250
MAXIMUM: Final = 400
# What a passage can be in its document.
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
# Those of the frame around the body: they name who writes to whom, and say nothing of the matter.
FRAME: Final = frozenset({"标题", "主送", "落款", "抄送"})
_PATH_CHARACTERS: Final = 40

_HEADING_END = re.compile(r"[。:;!?\n]")
_SENTENCE_END = re.compile(r"[。;!?…][\"”’)]*|\n")
_CLAUSE_END = re.compile(r"[,、:]")
_SAYS_SOMETHING = re.compile(r"[^ \t\r\n。:;!?]")
_SAFEGUARDS = re.compile(r"保障|组织领导|组织实施|工作要求|监督检查")


@dataclass(frozen=True)
class Section:
    """``text[start:end]`` with the headings above it and its role in the document."""

    start: int
    end: int
    path: tuple[str, ...]
    role: str


class _Unit(NamedTuple):
    """A paragraph, or the part of one from a heading on."""

    start: int
    end: int
    path: tuple[str, ...]
    heading: int  # rank of the heading it starts with, 0 for none
    bare: bool  # nothing but the heading, or blank
    role: str


def _title(text: str, normalised: str, start: int, end: int) -> tuple[str, int]:
    """The heading that begins at ``start``, and where it ends."""
    stop = _HEADING_END.search(normalised, start, end)
    title_end = min(stop.start() if stop else end, start + _PATH_CHARACTERS + 10)
    title = text[start:title_end].strip("#* \t\r\n\u3000")
    if len(title) > _PATH_CHARACTERS:
        title = title[: _PATH_CHARACTERS - 1] + "…"
    return title, title_end


def _units(text: str, normalised: str) -> Iterator[_Unit]:
    stack: list[tuple[int, str]] = []
    path: tuple[str, ...] = ()
    body = "导语"  # the role of what stands under the path
    for start, end, rank, part in document_form.pieces(normalised):
        if part:
            yield _Unit(start, end, (), 0, False, part)
            if part in ("落款", "抄送"):  # what follows is an annex or a text of its own
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
        bare = not _SAYS_SOMETHING.search(normalised, title_end, end)
        yield _Unit(start, end, path, rank, bare, body)


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


def _runs(text: str, limit: int) -> Iterator[list[_Unit]]:
    """Units that make a passage together."""
    normalised = normalize(text)
    held: list[_Unit] = []
    length = 0
    only_headings = True
    for whole in _units(text, normalised):
        short = whole.end - whole.start <= limit
        for unit in (whole,) if short else _cut_long(normalised, whole, limit):
            size = unit.end - unit.start
            full = length + size > limit
            part = 0 < unit.heading <= document_form.HIGH or unit.heading in document_form.DECIMAL
            ends = not only_headings and ((part and length >= MINIMUM) or length >= TARGET)
            if held and (full or ends or unit.role != held[-1].role):
                yield held
                held, length, only_headings = [], 0, True
            held.append(unit)
            length += size
            only_headings = only_headings and unit.bare
    if held:
        yield held


def split(text: str, *, limit: int = MAXIMUM) -> list[Section]:
    """Cut a text into sections of at most ``limit`` characters that cover it completely, in order.

    An empty text has no sections.
    """
    sections: list[Section] = []
    for run in _runs(text, limit):
        section = _close(run)
        last = sections[-1] if sections else None
        # The rest of a part, too short to stand alone, joins what it belongs to.
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
