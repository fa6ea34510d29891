"""The rows of a table, out of its lines. Entry point: :func:`read_rows`.

One double quote that has no partner makes a cell of all that follows. So a row that cannot be right is
taken apart again: reading goes on at the next line that begins a row.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from analyzers.messages import say
from indexer.sources.encoding import Line
from indexer.sources.limits import MOST_MARKS

_LONGEST_CELL: Final = 16 << 20  # characters; csv's own limit of 131,072 is less than a long law
_LONGEST_ROW: Final = 200_000  # lines; all of them are held until the row is known to be right
_LEAST_COLUMNS: Final = 3  # of fewer, lines of text look like rows by chance
_SHAPES: Final = 1_000  # shapes of ids that are remembered
_LONGEST_SHAPE: Final = 40


@dataclass(frozen=True)
class Row:
    """A row and the number of its first line."""

    number: int
    cells: list[str]


@dataclass
class Break:
    """Lines that are no row: the number of the first, why, and the last of those that were left out."""

    number: int
    reason: str
    last: int


def read_rows(
    lines: Iterator[Line], *, separator: str, columns: int, key: int | None
) -> Iterator[Row | Break]:
    """Yield the rows that are not blank, and where the table breaks; every good row is there.

    ``columns``: how many a row has; single lines with another number are yielded as they are. ``key``: the
    column of the ids, by whose shape a row is told from a line of a text. Lines that cannot be decoded are
    breaks. What ``lines`` raises is raised when all that was read before is yielded.
    """
    csv.field_size_limit(_LONGEST_CELL)
    feed = _Feed(lines, separator)
    shape = _Shape(separator, columns, key)
    reader = csv.reader(feed, delimiter=separator, strict=True)
    broken: Break | None = None
    while True:
        feed.taken.clear()
        cells: list[str] = []
        try:
            cells = next(reader)
            reason = shape.doubt(cells, feed.taken)
        except StopIteration:
            break
        except (csv.Error, _TooLong) as exc:
            reason = no_csv(str(exc))
        first = feed.taken[0]
        damaged = next((line for line in feed.taken if line.fault), None)
        if damaged and not reason and not broken:
            yield Break(damaged.number, damaged.fault, damaged.number)
            continue
        if not reason and not any(map(str.strip, cells)):
            continue
        reason = damaged.fault if damaged else reason
        if broken and not reason and not shape.begins(cells, feed.taken):
            reason = broken.reason
        if reason:
            feed.back()
            broken = broken or Break(first.number, reason, first.number)
            broken.last = first.number
            continue
        if broken:
            yield broken
            broken = None
        shape.learn(cells)
        yield Row(first.number, cells)
    if broken:
        yield broken
    if feed.error:
        raise feed.error


class _TooLong(Exception):
    """A row of more lines than are held."""


class _Feed:
    """The lines of a file as csv reads them; those of the last row, but its first, can be read again."""

    def __init__(self, lines: Iterator[Line], separator: str) -> None:
        self._lines = lines
        self._separator = separator
        self._again: deque[Line] = deque()
        self.taken: list[Line] = []
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= _LONGEST_ROW:
            raise _TooLong(say(f"一行超过 {_LONGEST_ROW} 行", f"more than {_LONGEST_ROW} lines"))
        line = self._again.popleft() if self._again else self._next()
        if len(line.text) > MOST_MARKS and line.text.count(self._separator) > MOST_MARKS:
            line = Line(line.number, "", _too_many(line.text.count(self._separator)))
        self.taken.append(line)
        return f"{line.text}\n"

    def _next(self) -> Line:
        try:
            return next(self._lines)
        except StopIteration:
            raise
        except Exception as exc:
            # The end, as far as it can be read: what an open quote has swallowed is still to come.
            self.error = self.error or exc
            raise StopIteration from exc

    def back(self) -> None:
        """Give back all lines taken but the first."""
        self._again.extendleft(reversed(self.taken[1:]))


@dataclass
class _Shape:
    """What the rows of a table look like."""

    separator: str
    columns: int
    key: int | None
    _seen: set[str] = field(default_factory=set)
    _last: list[str] = field(default_factory=list)

    def doubt(self, cells: list[str], lines: list[Line]) -> str:
        """Why a row cannot be one; empty where it can."""
        if _odd(lines) and self.key is not None and '"' in "".join(cells[self.key : self.key + 1]):
            return no_csv(say("编号里多了一个双引号", "one quote too many in the id"))
        if len(lines) == 1:
            return ""
        if not self._fits(cells):
            return say(
                f"连同其后 {len(lines) - 1} 行有 {len(cells)} 列，表头有 {self.columns} 列；"
                "检查双引号是否成对",
                f"with the next {len(lines) - 1} lines it has {len(cells)} columns, the header"
                f" {self.columns}; check the quotes",
            )
        if self._closes_late(cells, lines):
            return say(
                f"一个双引号到第 {lines[-1].number} 行才配上，吞掉了其间各行；检查双引号是否成对",
                f"a quote is closed in line {lines[-1].number} only and swallows the rows between; check"
                " the quotes",
            )
        return ""

    def begins(self, cells: list[str], lines: list[Line]) -> bool:
        """Whether reading may go on here after a break: not within a text that looks like a row."""
        known = self.key is None or not self._seen or self._form(cells) in self._seen
        return self._fits(cells) and not _odd(lines) and known

    def learn(self, cells: list[str]) -> None:
        """Remember what the id of a good row looks like."""
        if self.key is not None and self._fits(cells):
            self._last = cells
            if len(self._seen) < _SHAPES:
                self._seen.add(self._form(cells))

    def _fits(self, cells: list[str]) -> bool:
        return len(cells) >= self.columns and not any(cells[self.columns :])

    def _closes_late(self, cells: list[str], lines: list[Line]) -> bool:
        """Whether every line of the row is a row itself, with an id that may follow that of the row."""
        if self.columns < _LEAST_COLUMNS or self.key is None:
            return False
        between = [line.text for line in lines[1:-1] if line.text.strip()]
        end = lines[-1].text
        if not between:
            end = end.partition('"')[0]
        rows = [text.split(self.separator) for text in (*between, end)]
        if any(len(row) != self.columns for row in rows):
            return False
        rows = [cells, *(rows[:-1] or rows)]
        # A table within a text may count its lines; it begins again, where ids go on.
        numbers = [int(row[self.key]) for row in (self._last, *rows) if self._is_number(row)]
        rises = [one < other for one, other in pairwise(numbers)]
        same = {self._form(row) for row in rows} <= {*self._seen, self._form(cells)}
        return same and len(set(rises)) <= 1 and len(set(numbers)) == len(numbers)

    def _is_number(self, cells: list[str]) -> bool:
        text = cells[self.key or 0].strip() if cells else ""
        return text.isdecimal() and len(text) <= _LONGEST_SHAPE

    def _form(self, cells: list[str]) -> str:
        """An id with a letter for every run of digits, of Latin letters and of others."""
        if self.key is None or self.key >= len(cells):
            return ""
        text = cells[self.key].strip()[:_LONGEST_SHAPE]
        return re.sub(r"[0-9]+|[A-Za-z]+|[^\W0-9_A-Za-z]+", _letter, text)


def _odd(lines: list[Line]) -> bool:
    return sum(line.text.count('"') for line in lines) % 2 == 1


def _letter(match: re.Match[str]) -> str:
    first = match[0][0]
    return "9" if first in "0123456789" else "a" if first.isascii() else "文"


def _too_many(count: int) -> str:
    return say(
        f"一行有 {count} 个分隔符，最多 {MOST_MARKS} 个",
        f"a line of {count} separators, {MOST_MARKS} at most",
    )


def no_csv(why: str) -> str:
    """The fault of lines that csv cannot read, and what it says."""
    return say(
        f"不是有效的 CSV（{why}）；检查双引号是否成对", f"no valid CSV ({why}); check the quotes"
    )
