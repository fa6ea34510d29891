"""A manuscript: its lines with what each is in the layout of 公文, and where its text comes from.

Entry points: :func:`lines`, :func:`manuscript_of`. Pure.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from analyzers import document_form, table_rows
from analyzers.normalize import normalize
from search_service.model import View

# Ranks of headings (see analyzers.document_form) -> levels of GB/T 9704: 一、, （一）, 1., （1）. Parts and
# chapters are headings of the first level; of 第一条 only the number is set apart.
_LEVELS: Final = {1: 1, 2: 1, 3: 1, 4: 2, 6: 1, 7: 2, 8: 3, 9: 3, 10: 3, 11: 4}
_ARTICLE: Final = 5
_ARTICLE_NUMBER = re.compile(r"\s*第[^条]{1,12}条(?:之.)?")
_HEADING_END = re.compile(r"[。:;!?]")
_LONGEST_HEADING: Final = 60  # characters; what is longer is a sentence with a number before it


class Source(NamedTuple):
    """Where a paragraph was taken from: the article, and the headings above the passage."""

    view: View
    path: tuple[str, ...]
    address: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of a manuscript; ``source``: None if it is the author's own.

    ``missing``: the id of a source that cannot be read any more, or not by the author.
    """

    text: str
    source: Source | None = None
    missing: str = ""


@dataclass(frozen=True)
class Manuscript:
    """What is exported; ``title`` is not among the paragraphs."""

    title: str
    paragraphs: tuple[Paragraph, ...]

    @functools.cached_property
    def lines(self) -> Sequence["Line"]:
        """The lines of its paragraphs."""
        return lines(self.paragraphs)


def manuscript_of(title: str, text: str) -> Manuscript:
    """A manuscript of the author's own: each line that is not blank is a paragraph."""
    return Manuscript(title, tuple(map(Paragraph, filter(str.strip, text.splitlines()))))


class Run(NamedTuple):
    """A part of a line; ``level``: that of the heading it is, 0 for text."""

    text: str
    level: int


@dataclass(frozen=True)
class Line:
    """A line as it is set. ``number``: of its paragraph, from 0.

    ``part``: 主送, 落款, 抄送 or 附件, empty in the body. ``level``: of the heading that the whole line is,
    0 if it is text, which may begin with a heading. ``cells``: those of a row of a table. ``is_last``: of its
    paragraph.
    """

    number: int
    runs: tuple[Run, ...]
    part: str = ""
    level: int = 0
    cells: tuple[str, ...] = ()
    is_last: bool = False


def lines(paragraphs: Sequence[Paragraph]) -> list[Line]:
    """The lines of the paragraphs; a paragraph has several if its text has line breaks.

    Blank lines are left out. The text between two lines stays what it is: no number is changed.
    """
    text, begins = "", []
    for paragraph in paragraphs:
        begins.append(len(text))
        text += paragraph.text.rstrip() + "\n"
    normalised = normalize(text)
    rows = [range(start, end) for start, end in table_rows.find(normalised)]
    found: list[Line] = []
    number = 0
    for start, pieces in _by_line(normalised):
        while number + 1 < len(begins) and begins[number + 1] <= start:
            number += 1
        whole = text[start : pieces[-1].end].rstrip()
        if not whole.strip():
            continue
        if any(start in one for one in rows):
            cells = tuple(cell.strip() for cell in whole.split("\t"))
            found.append(Line(number, (Run(whole, 0),), cells=cells))
            continue
        runs = tuple(run for piece in pieces for run in _runs(text, normalised, piece) if run.text)
        level = runs[0].level if len(runs) == 1 else 0
        part = pieces[0].part
        if not part and document_form.begins_annex(normalised, start, pieces[-1].end):
            part = "附件"
        if part:
            runs, level = (Run(whole.strip(), 0),), 0
        found.append(Line(number, runs, part, level))
    last = {line.number: place for place, line in enumerate(found)}
    return [replace(one, is_last=last[one.number] == place) for place, one in enumerate(found)]


def _by_line(normalised: str) -> Iterator[tuple[int, list[document_form.Piece]]]:
    """The pieces of each line, with its offset."""
    line: list[document_form.Piece] = []
    for piece in document_form.pieces(normalised):
        if line and normalised[line[-1].start : line[-1].end].rstrip(" \t").endswith("\n"):
            yield line[0].start, line
            line = []
        line.append(piece)
    if line:
        yield line[0].start, line


def _runs(text: str, normalised: str, piece: document_form.Piece) -> Iterator[Run]:
    """The heading of a piece, if it has one, and the rest of it."""
    start, end = piece.start, piece.end
    end -= len(text[start:end]) - len(text[start:end].rstrip())
    start += len(text[start:end]) - len(text[start:end].lstrip())
    stop = start
    level = _LEVELS.get(piece.rank, 0)
    if piece.rank == _ARTICLE and (number := _ARTICLE_NUMBER.match(normalised, start, end)):
        level, stop = 1, number.end()
    elif level:
        closed = _HEADING_END.search(normalised, start, end)
        stop = closed.end() if closed else end
        if stop - start > _LONGEST_HEADING:
            level, stop = 0, start
    yield Run(text[start:stop], level)
    yield Run(text[stop:end], 0)
