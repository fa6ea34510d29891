"""The lines of a CSV file -> rows. Entry point: :func:`read_rows`.

A single unbalanced double quote turns all that follows into one cell. So an implausible row is discarded,
and reading continues at the next line that begins a row.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from analyzers.messages import say
from search_service.intake.encoding import Line
from search_service.intake.limits import MAX_MARKS

_MAX_CELL: Final = 16 << 20  # characters; csv's default of 131,072 is less than a long law
_MAX_ROW: Final = 200_000  # lines; all are kept in memory until the row is accepted
_MIN_COLUMNS: Final = 3  # with fewer, lines of text look like rows by chance
_MAX_SHAPES: Final = 1_000  # different shapes of ids that are remembered
_MAX_ID: Final = 40


@dataclass(frozen=True)
class Row:
    """A row and the number of its first line."""

    number: int
    cells: list[str]


@dataclass
class BrokenRows:
    """Lines that are no row: the number of the first, the reason, the number of the last one skipped."""

    number: int
    reason: str
    last: int


def read_rows(
    lines: Iterator[Line], *, separator: str, columns: int, key: int | None
) -> Iterator[Row | BrokenRows]:
    """Yield the non-blank rows, and the places where the table is broken; no good row is lost.

    ``columns``: the number of columns; rows of one line with another number are yielded unchanged. ``key``:
    the column of the ids, whose shape distinguishes a row from a line of text. Lines that cannot be decoded
    are broken rows. An exception of ``lines`` is raised after all rows before it.
    """
    csv.field_size_limit(_MAX_CELL)
    feed = _Feed(lines, separator)
    shape = _Shape(separator, columns, key)
    reader = csv.reader(feed, delimiter=separator, strict=True)
    broken: BrokenRows | None = None
    while True:
        feed.taken.clear()
        cells: list[str] = []
        try:
            cells = next(reader)
            reason = shape.problem(cells, feed.taken)
        except StopIteration:
            break
        except (csv.Error, _TooLong) as exc:
            reason = invalid_csv(str(exc))
        first = feed.taken[0]
        damaged = next((line for line in feed.taken if line.fault), None)
        if damaged and not reason and not broken:
            yield BrokenRows(damaged.number, damaged.fault, damaged.number)
            continue
        if not reason and not any(map(str.strip, cells)):
            continue
        reason = damaged.fault if damaged else reason
        if broken and not reason and not shape.begins(cells, feed.taken):
            reason = broken.reason
        if reason:
            feed.push_back()
            broken = broken or BrokenRows(first.number, reason, first.number)
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
    """A row of more than ``_MAX_ROW`` lines."""


class _Feed:
    """The lines of a file for csv; all but the first line of the last row can be pushed back."""

    def __init__(self, lines: Iterator[Line], separator: str) -> None:
        self._lines = lines
        self._separator = separator
        self._again: deque[Line] = deque()
        self.taken: list[Line] = []
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= _MAX_ROW:
            raise _TooLong(say(f"一行超过 {_MAX_ROW} 行", f"more than {_MAX_ROW} lines"))
        line = self._again.popleft() if self._again else self._next()
        if len(line.text) > MAX_MARKS and line.text.count(self._separator) > MAX_MARKS:
            line = Line(line.number, "", _too_many(line.text.count(self._separator)))
        self.taken.append(line)
        return f"{line.text}\n"

    def _next(self) -> Line:
        try:
            return next(self._lines)
        except StopIteration:
            raise
        except Exception as exc:
            # End of the readable part; lines inside an open quote are still to be read again.
            self.error = self.error or exc
            raise StopIteration from exc

    def push_back(self) -> None:
        """Push back all taken lines but the first."""
        self._again.extendleft(reversed(self.taken[1:]))


@dataclass
class _Shape:
    """The shape of the rows of a table: number of columns, form of the ids."""

    separator: str
    columns: int
    key: int | None
    _seen: set[str] = field(default_factory=set)
    _last: list[str] = field(default_factory=list)

    def problem(self, cells: list[str], lines: list[Line]) -> str:
        """Why the row is implausible, or an empty string."""
        if (
            _has_odd_quotes(lines)
            and self.key is not None
            and '"' in "".join(cells[self.key : self.key + 1])
        ):
            return invalid_csv(say("编号里多了一个双引号", "an extra quote in the id"))
        if len(lines) == 1:
            return ""
        if not self._fits(cells):
            return say(
                f"连同其后 {len(lines) - 1} 行有 {len(cells)} 列，表头有 {self.columns} 列；"
                "检查双引号是否成对",
                f"has {len(cells)} columns together with the next {len(lines) - 1} lines, the header has"
                f" {self.columns}; check the quotes",
            )
        if self._closes_late(cells, lines):
            return say(
                f"一个双引号到第 {lines[-1].number} 行才配上，吞掉了其间各行；检查双引号是否成对",
                f"a quote is not closed until line {lines[-1].number} and swallows the rows between;"
                " check the quotes",
            )
        return ""

    def begins(self, cells: list[str], lines: list[Line]) -> bool:
        """Whether reading may continue here after broken rows: not inside a text that looks like a row."""
        known = self.key is None or not self._seen or self._form(cells) in self._seen
        return self._fits(cells) and not _has_odd_quotes(lines) and known

    def learn(self, cells: list[str]) -> None:
        """Remember the form of the id of a good row."""
        if self.key is not None and self._fits(cells):
            self._last = cells
            if len(self._seen) < _MAX_SHAPES:
                self._seen.add(self._form(cells))

    def _fits(self, cells: list[str]) -> bool:
        return len(cells) >= self.columns and not any(cells[self.columns :])

    def _closes_late(self, cells: list[str], lines: list[Line]) -> bool:
        """Whether each line of the row looks like a row, with an id that may follow that of the row."""
        if self.columns < _MIN_COLUMNS or self.key is None:
            return False
        between = [line.text for line in lines[1:-1] if line.text.strip()]
        end = lines[-1].text
        if not between:
            end = end.partition('"')[0]
        rows = [text.split(self.separator) for text in (*between, end)]
        if any(len(row) != self.columns for row in rows):
            return False
        rows = [cells, *(rows[:-1] or rows)]
        # A table inside a text may have numbered lines, but these start again; ids continue.
        numbers = [int(row[self.key]) for row in (self._last, *rows) if self._is_number(row)]
        rises = [one < other for one, other in pairwise(numbers)]
        same = {self._form(row) for row in rows} <= {*self._seen, self._form(cells)}
        return same and len(set(rises)) <= 1 and len(set(numbers)) == len(numbers)

    def _is_number(self, cells: list[str]) -> bool:
        text = cells[self.key or 0].strip() if cells else ""
        return text.isdecimal() and len(text) <= _MAX_ID

    def _form(self, cells: list[str]) -> str:
        """The id with each run of digits, of Latin letters and of other letters replaced by one symbol."""
        if self.key is None or self.key >= len(cells):
            return ""
        text = cells[self.key].strip()[:_MAX_ID]
        return re.sub(r"[0-9]+|[A-Za-z]+|[^\W0-9_A-Za-z]+", _symbol, text)


def _has_odd_quotes(lines: list[Line]) -> bool:
    return sum(line.text.count('"') for line in lines) % 2 == 1


def _symbol(match: re.Match[str]) -> str:
    first = match[0][0]
    return "9" if first in "0123456789" else "a" if first.isascii() else "文"


def _too_many(count: int) -> str:
    return say(
        f"一行有 {count} 个分隔符，最多 {MAX_MARKS} 个",
        f"a line with {count} separators, the limit is {MAX_MARKS}",
    )


def invalid_csv(problem: str) -> str:
    """The message for lines that csv cannot read."""
    return say(
        f"不是有效的 CSV（{problem}）；检查双引号是否成对",
        f"not valid CSV ({problem}); check the quotes",
    )
