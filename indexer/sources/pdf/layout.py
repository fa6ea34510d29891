"""Lines with their places on pages -> paragraphs. Entry points: :class:`Line`, :func:`without_furniture`,
:func:`paragraphs`.

Of the lines of a page only their places say which belong together: a line that reaches the margin goes on in
the next one, unless that is indented, set apart, or of another size. Pure.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from analyzers.document_form import begins_heading
from analyzers.normalize import normalize

# In multiples of the size of the letters.
_FULL: Final = (
    2.7  # from the margin: what may not begin a line has taken a letter or two to the next
)
_INDENT: Final = 0.8
_MAX_INDENT: Final = 4.0
_OTHER_SIZE: Final = 0.15
_APART: Final = 1.6  # of the distance of lines
_APART_WITHOUT_INDENTS: Final = 1.25
_INDENTS: Final = 0.3  # of the lines below short ones: a text whose paragraphs are indented
_EDGE_LINES: Final = 2  # at the head and the foot of a page
_SAME_HEIGHT: Final = 4.0  # points
_REPEATED: Final = (
    0.4  # of the pages, or so many: left and right ones, and chapters, may have other heads
)
_MANY: Final = 5
_SENTENCE: Final = re.compile(r"[。！？!?；;：:][”’\"）)》」』]*$")
# What no line is broken in: a word of letters, a letter and its punctuation, both sides of quotation marks.
_UNBREAKABLE: Final = re.compile(r"[!-~]*(?:[^!-~\s]?[，。、；：！？）》」』”’“‘]+)*\S?")
_PAGE_NUMBER: Final = re.compile(
    r"(?P<mark>[-—–－―~·\s]*第?)\s*(?P<number>[0-9]{1,4})\s*(?P<after>页?(?:\s*[/，,共]+\s*[0-9]{1,4}\s*页?)?[-—–－―~·\s]*)"
)


@dataclass
class Line:
    """A line: its page, its text, from where to where it goes, and how large its letters are."""

    page: int
    text: str
    x0: float
    x1: float
    y: float
    size: float


@dataclass
class Row:
    """A row of a table, as a line of text."""

    page: int
    text: str


@dataclass
class Paragraph:
    """A paragraph; ``centred``: it is in the middle."""

    text: str
    centred: bool = False


Item = Line | Row


def without_furniture(items: Sequence[Item], pages: int) -> tuple[list[Item], list[str]]:
    """The items without heads, feet and numbers of pages, and what these say, each once."""
    edges = [line for page in _by_page(items).values() for line in _edges(page)]
    places = Counter((_key(line), round(line.y / _SAME_HEIGHT)) for line in edges)
    numbers = [(line, int(match["number"])) for line in edges if (match := _number(line))]
    offsets = Counter(number - line.page for line, number in numbers)

    def removed(line: Line) -> bool:
        key, height = _key(line), round(line.y / _SAME_HEIGHT)
        count = max(places[key, near] for near in (height - 1, height, height + 1))
        if count >= max(2, min(_MANY, _REPEATED * pages)) and not _is_text(line):
            return True
        if _PRINTED.fullmatch(re.sub(r"\s", "", line.text)):
            return True
        if (match := _number(line)) is None:
            return False
        known = int(match["number"]) - line.page
        marked = bool(match["mark"].strip() or match["after"].strip())
        return marked or known == 1 or offsets[known] >= max(2, _REPEATED * pages)

    gone = {id(line): line.text for line in edges if removed(line)}
    kept = [item for item in items if id(item) not in gone]
    return kept, list(dict.fromkeys(gone.values()))


# What browsers print at the head and the foot: 2026/11/28 19:48 and the title; the address and 1/3.
_PRINTED: Final = re.compile(
    r"[0-9]{2,4}/[0-9]{1,2}/[0-9]{2,4},?(?:上午|下午)?[0-9]{1,2}:[0-9]{2}(?:[AP]M)?.*|(?:https?|file)://\S*[0-9]/[0-9]+"
)


def _is_text(line: Line) -> bool:
    return bool(_SENTENCE.search(line.text)) and len(line.text) > 30


def _key(line: Line) -> str:
    text = re.sub(r"[0-9]+|^[ivxlc]+(?=\s)|(?<=\s)[ivxlc]+$", "0", normalize(line.text).strip())
    return re.sub(r"\s", "", text)


def _number(line: Line) -> re.Match[str] | None:
    return _PAGE_NUMBER.fullmatch(line.text.strip())


def _by_page(items: Sequence[Item]) -> dict[int, list[Line]]:
    pages: dict[int, list[Line]] = {}
    for item in items:
        if isinstance(item, Line):
            pages.setdefault(item.page, []).append(item)
    return pages


def _edges(lines: Sequence[Line]) -> list[Line]:
    """The lines at the head and the foot of a page."""
    ordered = sorted(lines, key=lambda line: -line.y)
    if len(ordered) <= 2 * _EDGE_LINES:
        return ordered
    return ordered[:_EDGE_LINES] + ordered[-_EDGE_LINES:]


def paragraphs(items: Sequence[Item]) -> list[Paragraph]:
    """The paragraphs and the rows of tables, in their order."""
    margins = _Margins(items)
    found: list[Paragraph] = []
    begun: Line | None = None  # the line that the last paragraph began with
    above: Line | None = None
    for item in items:
        if isinstance(item, Row):
            found.append(Paragraph(item.text))
            above = begun = None
            continue
        if above is not None and begun is not None and margins.continues(begun, above, item):
            found[-1].text = _joined(found[-1].text, item.text)
            found[-1].centred = False
        else:
            found.append(Paragraph(item.text, margins.is_centred(item)))
            begun = item
        above = item
    return found


def _joined(above: str, line: str) -> str:
    letters = above[-1:].isascii() and line[:1].isascii() and not above.endswith("-")
    return f"{above} {line}" if letters else above + line


class _Margins:
    """Where the lines of each column begin and end, how far apart lines are, whether there are indents."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._left: dict[tuple[int, int], float] = {}
        self._right: dict[tuple[int, int], float] = {}
        self._column: dict[int, tuple[int, int]] = {}  # by id of the line
        columns = list(_columns(items))
        for key, lines in columns:
            near = median(line.size for line in lines) / 2
            self._left[key] = -_margin([-line.x0 for line in lines], near)
            self._right[key] = _margin([line.x1 for line in lines], near)
            self._column |= dict.fromkeys(map(id, lines), key)
        if columns:
            self._even_out(columns)
        self.size = median([line.size for _, lines in columns for line in lines] or [1])
        pairs = [pair for _, lines in columns for pair in pairwise(lines)]
        steps = [a.y - b.y for a, b in pairs if a.y > b.y and self.is_full(a)]
        self._step = median(steps or [0])
        below = [b for a, b in pairs if not self.is_full(a) and not self.is_centred(b)]
        indented = sum(_INDENT < self.indent(line) < _MAX_INDENT for line in below)
        self.indents = indented > _INDENTS * len(below)

    def _even_out(self, columns: Sequence[tuple[tuple[int, int], list[Line]]]) -> None:
        """A column of few lines is taken to be as wide as the others."""
        widths = [self._right[key] - self._left[key] for key, _ in columns]
        usual = max(
            widths, key=lambda one: sum(abs(one - other) < _SAME_HEIGHT for other in widths)
        )
        lefts = [
            self._left[key]
            for key, _ in columns
            if abs(self._right[key] - self._left[key] - usual) < 2 * _SAME_HEIGHT
        ]
        for key, lines in columns:
            near = min(lefts, key=lambda one: abs(one - self._left[key]))
            if self._right[key] - self._left[key] < usual:
                if self._left[key] - near > lines[0].size or len(lines) < 2 * _EDGE_LINES:
                    self._left[key] = min(near, self._left[key])
                self._right[key] = max(self._right[key], self._left[key] + usual)

    def indent(self, line: Line) -> float:
        """How far from the margin a line begins, in sizes of its letters."""
        return (line.x0 - self._left[self._column[id(line)]]) / line.size

    def rest(self, line: Line) -> float:
        """How far from the margin it ends."""
        return (self._right[self._column[id(line)]] - line.x1) / line.size

    def is_full(self, line: Line) -> bool:
        """Whether it reaches the margin."""
        return self.rest(line) < _FULL

    def is_centred(self, line: Line) -> bool:
        """Whether there is as much space before it as behind it."""
        before, behind = self.indent(line), self.rest(line)
        large = (
            line.size > (1 + _OTHER_SIZE) * self.size
        )  # a line of a title may reach both margins
        return (large or min(before, behind) > 1) and abs(before - behind) < max(1.5, 0.15 * before)

    def continues(self, begun: Line, above: Line, line: Line) -> bool:
        """Whether a line continues the paragraph that began with ``begun`` and goes on in ``above``."""
        if abs(line.size - above.size) > _OTHER_SIZE * above.size:
            return False
        beginning = _UNBREAKABLE.match(line.text)
        width = sum(0.6 if one.isascii() else 1 for one in beginning[0]) if beginning else 0
        if self.rest(above) > max(_FULL, width + 0.7):
            return False
        hanging = above is not begun and abs(line.x0 - above.x0) < 0.3 * line.size
        if self.indents and self.indent(line) > _INDENT and not hanging:
            return False
        if not self.indents and line.x0 > above.x0 + _MAX_INDENT * line.size:
            return False
        same_page = line.page == above.page and above.y > line.y
        step = _APART if self.indents else _APART_WITHOUT_INDENTS
        if (
            same_page
            and self._step
            and above.y - line.y > step * self._step * max(1, line.size / self.size)
        ):
            return False
        if self.indents:
            return True
        if begins_heading(normalize(line.text)) and _SENTENCE.search(above.text):
            return False
        return same_page or not _SENTENCE.search(above.text)


def _margin(ends: Sequence[float], near: float) -> float:
    """Where most of the lines that go furthest end; one or two beyond, as the foot of a page, are none."""
    ordered = sorted(ends, reverse=True)
    least = max(2, len(ordered) // 10)
    pairs = zip(ordered, ordered[least - 1 :], strict=False)
    return next((one for one, other in pairs if one - other < near), ordered[0])


def _columns(items: Sequence[Item]) -> Iterator[tuple[tuple[int, int], list[Line]]]:
    """The lines of each column of each page, one below the other."""
    lines: list[Line] = []
    number = 0
    for item in items:
        if isinstance(item, Row):
            continue
        if lines and (item.page != lines[-1].page or item.y > lines[-1].y + lines[-1].size):
            yield (lines[0].page, number), lines
            number += 1
            lines = []
        lines.append(item)
    if lines:
        yield (lines[0].page, number), lines
