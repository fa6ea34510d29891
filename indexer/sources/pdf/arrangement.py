"""Letters and drawn lines of a page -> its lines and tables in reading order. Entry points: :class:`Page`,
:func:`arranged`, :func:`blank_between`.

Runs in the process of :mod:`.extract`. Pure. Places are in points, y upwards.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

_TOUCH: Final = 4.0  # points between borders that are one, drawn twice or with a gap
# All in multiples of the size of the letters.
_SAME_LINE: Final = 0.5
_BLANK: Final = 0.22  # between words of letters
_WIDE_BLANK: Final = 0.8  # between Han characters
_APART: Final = 2.0  # pieces of a line that do not belong together
_MIN_COLUMN: Final = 8.0  # the width of a line of a column of text
_MIN_LINES: Final = 5  # of a column
_FULL: Final = 1.5  # from the end of the longest line of a cell


@dataclass
class Run:
    """Letters of one line, one behind the other; ``y``: the line that they stand on."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    spaced: bool = False  # a blank is written behind it


@dataclass(frozen=True)
class Rule:
    """A drawn line across (``low`` to ``high``) at ``at``."""

    at: float
    low: float
    high: float


@dataclass
class Page:
    """What stands on a page: the letters, the lines that are drawn, whether there are pictures."""

    runs: list[Run] = field(default_factory=list)
    across: list[Rule] = field(default_factory=list)
    down: list[Rule] = field(default_factory=list)
    pictures: bool = False
    unknown: int = 0  # letters whose meaning the file does not say


_Box = tuple[float, float, float, float]  # left, bottom, right, top


def blank_between(before: str, after: str, gap: float, size: float) -> str:
    """What stands between two letters so far apart."""
    if gap > _APART * size:
        return "  "
    letters = before.isascii() and after.isascii()
    return " " if gap > (_BLANK if letters else _WIDE_BLANK) * size else ""


def arranged(page: Page) -> list[dict[str, object]]:
    """The lines and tables of a page in the order in which they are read."""
    runs = list(_once(page.runs))
    cells: dict[_Box, list[Run]] = {}
    free: list[Run] = []
    ruled = len(page.across) > 1 and len(page.down) > 1
    for run in runs:
        box = _box(page, run) if ruled else None
        (free if box is None else cells.setdefault(_known(cells, box), [])).append(run)
    tables: list[tuple[float, float, dict[_Box, list[Run]]]] = []
    for box in sorted(cells, key=lambda one: (-one[3], one[0])):
        if tables and box[3] > tables[-1][1] - _TOUCH:
            top, bottom, inside = tables[-1]
            inside[box] = cells[box]
            tables[-1] = top, min(bottom, box[1]), inside
        else:
            tables.append((box[3], box[1], {box: cells[box]}))
    found: list[tuple[float, dict[str, object]]] = []
    for top, _, inside in tables:
        if len(inside) == 1:  # a frame around text
            free += next(iter(inside.values()))
        else:
            found.append((top, {"rows": _rows(inside)}))
    items: list[dict[str, object]] = []
    for line in _ordered(free):
        while found and found[0][0] > line.y:
            items.append(found.pop(0)[1])
        items.append(
            {"text": line.text, "x0": line.x0, "x1": line.x1, "y": line.y, "size": line.size}
        )
    return items + [table for _, table in found]


def _once(runs: Sequence[Run]) -> Iterator[Run]:
    """The runs without those that are drawn over themselves, to look bold or to throw a shadow."""
    seen: dict[str, list[Run]] = {}
    for run in runs:
        same = seen.setdefault(run.text, [])
        near = 0.2 * run.size
        if not any(abs(one.x0 - run.x0) < near and abs(one.y - run.y) < near for one in same):
            same.append(run)
            yield run


def _box(page: Page, run: Run) -> _Box | None:
    """The borders around a run; None if it is in no cell. One of its sides may be open, as in many tables."""
    x, y = (run.x0 + run.x1) / 2, run.y + run.size / 3
    beside = [rule.at for rule in page.down if rule.low - 1 < y < rule.high + 1]
    over = [rule for rule in page.across if rule.low - 1 < x < rule.high + 1]
    below = max((rule for rule in over if rule.at < y), key=lambda rule: rule.at, default=None)
    above = min((rule for rule in over if rule.at >= y), key=lambda rule: rule.at, default=None)
    if not (beside and below and above):
        return None
    left = max((at for at in beside if at < x), default=min(below.low, above.low))
    right = min((at for at in beside if at >= x), default=max(below.high, above.high))
    return left, below.at, right, above.at


def _known(cells: dict[_Box, list[Run]], box: _Box) -> _Box:
    """The same box as it is known, if its borders are drawn twice."""
    for one in reversed(cells):
        if all(abs(a - b) < _TOUCH for a, b in zip(one, box, strict=True)):
            return one
    return box


def _rows(cells: dict[_Box, list[Run]]) -> list[list[dict[str, object]]]:
    """The rows of a table: of each cell its lines, and how many columns and rows it takes."""
    lefts = _distinct([box[0] for box in cells])
    tops = _distinct([-box[3] for box in cells])
    rows: list[list[dict[str, object]]] = []
    placed: dict[tuple[int, int], list[_Box]] = {}
    for box in cells:
        placed.setdefault((_place(tops, -box[3]), _place(lefts, box[0])), []).append(box)
    covered: dict[tuple[int, int], list[str]] = {}  # the lines of the cell that covers a place
    for row in range(len(tops)):
        made: list[dict[str, object]] = []
        for column in range(len(lefts)):
            boxes = placed.get((row, column), [])
            lines = _wrapped(_ordered([run for box in boxes for run in cells[box]]))
            if (
                row,
                column,
            ) in covered:  # lines that cross others: the text is kept where it can be
                covered[row, column] += lines
                continue
            right = max((box[2] for box in boxes), default=lefts[column])
            below = max((-box[1] for box in boxes), default=tops[row])
            columns = max(1, sum(left < right - _TOUCH for left in lefts[column:]))
            deep = max(1, sum(top < below - _TOUCH for top in tops[row:]))
            covered |= {
                (row + under, column + beside): lines
                for under in range(deep)
                for beside in range(columns)
                if (row + under, column + beside) not in covered
            }
            made.append({"lines": lines, "columns": columns, "rows": deep})
        rows.append(made)
    return rows


def _wrapped(lines: Sequence[Run]) -> list[str]:
    """The paragraphs of a cell: a line as long as the longest goes on in the next one."""
    texts: list[str] = []
    right = max((line.x1 for line in lines), default=0)
    full = False
    for line in lines:
        if full:
            texts[-1] += (" " if (texts[-1][-1] + line.text[0]).isascii() else "") + line.text
        else:
            texts.append(line.text)
        full = right - line.x1 < _FULL * line.size
    return texts


def _distinct(places: Sequence[float]) -> list[float]:
    distinct: list[float] = []
    for place in sorted(places):
        if not distinct or place > distinct[-1] + _TOUCH:
            distinct.append(place)
    return distinct


def _place(distinct: Sequence[float], place: float) -> int:
    return max(0, bisect_left(distinct, place + 0.01) - 1)


def _ordered(runs: Sequence[Run]) -> list[Run]:
    """The lines in reading order: column by column, between lines over all columns."""
    gutter = _gutter(runs)
    if gutter is None:
        return _lines(runs)
    ordered: list[Run] = []
    left: list[Run] = []
    right: list[Run] = []
    for run in sorted(runs, key=lambda one: -one.y):
        if run.x1 <= gutter:
            left.append(run)
        elif run.x0 >= gutter:
            right.append(run)
        else:
            ordered += [*_lines(left), *_lines(right), run]
            left, right = [], []
    return [*ordered, *_lines(left), *_lines(right)]


def _gutter(runs: Sequence[Run]) -> float | None:
    """Where the space between two columns of text is; None if there is one column."""
    wide = [run for run in runs if run.x1 - run.x0 >= _MIN_COLUMN * run.size]
    if len(wide) < 2 * _MIN_LINES:
        return None
    for edge in sorted({round(run.x1) + 1.0 for run in wide}):
        left = [run for run in wide if run.x1 <= edge]
        right = [run for run in wide if run.x0 >= edge]
        crossing = len(wide) - len(left) - len(right)
        if min(len(left), len(right)) >= max(_MIN_LINES, 2 * crossing):
            beside = min(run.x0 for run in right)
            if beside - edge >= 0.5 * median(run.size for run in wide) or crossing == 0:
                return edge
    return None


def _lines(runs: Sequence[Run]) -> list[Run]:
    """The runs of each line in one, from above to below."""
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda one: (-one.y, one.x0)):
        if rows and _same_line(rows[-1], run):
            rows[-1].append(run)
        else:
            rows.append([run])
    return [_joined(row) for row in rows]


def _same_line(row: Sequence[Run], run: Run) -> bool:
    large = max(row, key=lambda one: one.size)
    return abs(large.y - run.y) < _SAME_LINE * max(large.size, run.size)


def _joined(row: list[Run]) -> Run:
    row.sort(key=lambda one: one.x0)
    text, end = "", row[0].x0
    for run in row:
        text += (
            blank_between(text[-1], run.text[0], run.x0 - end, run.size) if text else ""
        ) + run.text
        end = run.x1
    large = max(row, key=lambda one: len(one.text))
    return Run(text, row[0].x0, max(run.x1 for run in row), large.y, large.size)
