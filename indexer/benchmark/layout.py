"""The layout of the articles of a corpus, without their words. Entry point: :class:`Layouts`.

A layout is one article's passages in order, without its frame (标题, 主送, 落款, 抄送): each as a shape and a
length, with what the source says about the article. A shape is the role of a passage with the markers of its
headings (一、 （二） 第三条), so that a new article of the same layout has numbered headings in order.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzers import document_form, outline
from analyzers.normalize import normalize
from search_service.model import View

# Kinds of runs of words.
TITLE, HEADING = "题名", "小标题"
KINDS = (TITLE, HEADING, *outline.ROLES)
# Of shapes that are rarer than one passage in so many only the first heading counts: a pool has few of each.
_RAREST = 10_000
# Shorter passages would be joined with others where they are put.
_SHORTEST = outline.MINIMUM + 5
# Longer headings are the first sentence of a paragraph.
_HEADING = 30
_NUMERALS = "一二三四五六七八九十百"
_MARKER = re.compile(
    rf"[\s#*]*(?:第\s?[零千{_NUMERALS}0-9]{{1,9}}\s?(?:编|部分|分编|章|节|条)(?:之[{_NUMERALS}])?"
    rf"|[(（]\s?[{_NUMERALS}0-9]{{1,4}}\s?[)）]、?|[{_NUMERALS}0-9]{{1,4}}\s?[、.．)）]|[①-⑳])[\s　]*"
)
_PART = re.compile(rf"第|[(（]?[{_NUMERALS}]")
_BLANKS = "#* \t\r\u3000"


class Marked(NamedTuple):
    """The marker of a heading, and whether a heading of its own follows (一、总体要求) or text (第三条)."""

    marker: str
    headed: bool


class Shape(NamedTuple):
    """The role of a passage and its headings."""

    role: str
    headings: tuple[Marked, ...]

    @property
    def is_part(self) -> bool:
        """Whether it begins a part of the text, and so a passage: not with 1. or ①, nor without a marker."""
        return bool(self.headings and _PART.match(self.headings[0].marker))


@dataclass(frozen=True)
class Layout:
    """``shapes``: their numbers, and ``lengths`` in characters, by passage.

    ``metadata``: fields of the source and found in the text.
    """

    shapes: NDArray[np.int32]
    lengths: NDArray[np.int32]
    title: int
    metadata: dict[str, str | None]


class Layouts:
    """The layouts of the articles added, in order, and their shapes by number."""

    def __init__(self) -> None:
        self._numbers: dict[Shape, int] = {}
        self._counts: Counter[int] = Counter()
        self.layouts: list[Layout] = []

    def add(self, view: View, run: Callable[[str, str], None]) -> None:
        """Add an article; ``run`` gets each of its runs of words: kind and text."""
        text = normalize(view.text)
        run(TITLE, view.title)
        starts = [(piece.start, piece.rank) for piece in document_form.pieces(text)]
        shapes, lengths = [], []
        place = 0
        for section in outline.split(view.text):
            cuts: list[tuple[int, int]] = []
            while place < len(starts) and starts[place][0] < section.end:
                cuts.append(starts[place])
                place += 1
            if section.role in outline.FRAME:
                continue
            passage = _Passage(view.text, section, cuts)
            for kind, words in passage.runs:
                run(kind, words)
            shape = Shape(section.role, tuple(passage.headings))
            number = self._numbers.setdefault(shape, len(self._numbers))
            self._counts[number] += 1
            shapes.append(number)
            lengths.append(max(_SHORTEST, section.end - section.start))
        if shapes:
            self.layouts.append(
                Layout(
                    np.array(shapes, np.int32),
                    np.array(lengths, np.int32),
                    len(view.title),
                    {
                        "kind": view.kind,
                        "category": view.category,
                        "author": view.author,
                        "issuer": view.issuer,
                        "date": view.date,
                        "document_number": view.document_number,
                    },
                )
            )

    def common(self) -> list[Shape]:
        """The shapes by number; rare ones with only their first heading."""
        least = self._counts.total() / _RAREST
        return [
            shape if self._counts[number] >= least else Shape(shape.role, shape.headings[:1])
            for shape, number in self._numbers.items()
        ]


class _Passage:
    """The headings and the runs of one passage."""

    def __init__(
        self, text: str, section: outline.Section, cuts: Sequence[tuple[int, int]]
    ) -> None:
        self.headings: list[Marked] = []
        self.runs: list[tuple[str, str]] = []
        if not cuts or cuts[0][0] > section.start:
            cuts = [(section.start, 0), *cuts]
        ends = [start for start, _ in cuts[1:]] + [section.end]
        for (start, rank), end in zip(cuts, ends, strict=True):
            part = text[start:end]
            found = _MARKER.match(part) if rank else None
            if found:
                part = part[found.end() :]
                heading = re.split(r"[。\n]", part, maxsplit=1)[0]
                headed = rank != 5 and len(heading) <= _HEADING
                self.headings.append(Marked(found[0].strip().lstrip(_BLANKS), headed))
                if headed:
                    self.runs.append((HEADING, heading.strip(_BLANKS)))
                    part = part[len(heading) + 1 :]
            self.runs += [(section.role, line) for line in _lines(part)]


def _lines(text: str) -> Iterator[str]:
    return (line.strip(_BLANKS) for line in text.split("\n") if line.strip(_BLANKS))
