"""Tables of any source -> lines of text, in the form of :mod:`analyzers.table_rows`.

Entry points: :class:`Cell`, :func:`span_of`, :func:`table_lines`, :func:`markdown_tables`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from analyzers.table_rows import EMPTY

# Characters. A first row with a longer cell is page layout, not data; below a row of data there may be more.
_MAX_FIRST_CELL: Final = 300
_MAX_CELL: Final = 2_000
_MAX_SPAN: Final = 100  # columns or rows; tables of offices have fewer


@dataclass(frozen=True)
class Cell:
    """The lines of a cell, and over how many columns and rows it extends."""

    lines: Sequence[str]
    columns: int = 1
    rows: int = 1

    @property
    def text(self) -> str:
        """The cell in one line, without tabs."""
        return " ".join(" ".join(self.lines).split())


def span_of(written: str | None) -> int:
    """Over how many columns or rows a cell extends, as markup says it; 1 if it says nothing usable."""
    return int(written) if written and written.isdecimal() and len(written) < 6 else 1


def table_lines(rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Yield the lines of a table: one per row of data; of a row of layout the lines of its cells.

    Layout is a row of one cell above the first one of several, and a row with too long a cell. A line depends
    on the rows above it and on its own, so that a table that was cut off has the same lines.
    """
    width = 0  # of the rows of data so far
    covered: dict[int, int] = {}  # by column: rows that a cell above still extends over
    for cells in rows:
        line, below = _placed(cells, covered)
        longest = max((len(cell.text) for cell in cells), default=0)
        if longest > (_MAX_CELL if width else _MAX_FIRST_CELL) or (not width and len(cells) < 2):
            yield from (line for cell in cells for line in cell.lines if line.strip())
            continue
        covered = below
        width = max(width, len(line))
        if any(line):
            line += [""] * (2 - len(line))
            yield "\t".join(cell or EMPTY for cell in line)


def _placed(cells: Sequence[Cell], covered: dict[int, int]) -> tuple[list[str], dict[int, int]]:
    """The texts of a row by column, and the columns that are covered in the next row."""
    waiting = dict(covered)
    below: dict[int, int] = {}
    line: list[str] = []

    def skip() -> None:
        while rows := waiting.pop(len(line), 0):
            if rows > 1:
                below[len(line)] = rows - 1
            line.append("")

    for cell in cells:
        skip()
        columns = min(max(cell.columns, 1), _MAX_SPAN)
        if cell.rows > 1:
            below |= dict.fromkeys(
                range(len(line), len(line) + columns), min(cell.rows, _MAX_SPAN) - 1
            )
        line += [cell.text] + [""] * (columns - 1)
    skip()
    return line, below


# A row of bars, and the line of hyphens below the first row that makes a table of it.
_BLANKS = r"[^\S\n]*+"
_BAR_ROW = rf"{_BLANKS}\|?[^\n|]*+\|[^\n]*+"
_HYPHENS = rf"{_BLANKS}:?-++:?{_BLANKS}"
_MARKDOWN_TABLE = re.compile(
    rf"^(?P<head>{_BAR_ROW})\n(?=[^\n]*\|){_BLANKS}\|?{_HYPHENS}(?:\|{_HYPHENS})*+\|?{_BLANKS}"
    rf"(?P<rows>(?:\n{_BAR_ROW})*+)$",
    re.MULTILINE,
)
_BAR = re.compile(r"(?<!\\)\|")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def markdown_tables(text: str) -> str:
    """The text with the tables of Markdown, ``| a | b |`` over ``|---|---|``, as lines of cells."""
    if "|" not in text or "-" not in text:
        return text
    return _MARKDOWN_TABLE.sub(_from_markdown, text)


def _from_markdown(match: re.Match[str]) -> str:
    rows = []
    for row in f"{match['head']}{match['rows']}".split("\n"):
        bare = row.strip().removeprefix("|")
        if bare.endswith("|") and not bare.endswith("\\|"):
            bare = bare[:-1]
        cells = [_BREAK.sub(" ", cell.replace("\\|", "|")) for cell in _BAR.split(bare)]
        rows.append([Cell((cell,)) for cell in cells])
    lines = "\n".join(table_lines(rows))
    return lines if len(lines) <= len(match[0]) else match[0]
