"""Tables in a plain text: a line per row, cells separated by tabs. Entry points: :func:`find`, :func:`cells`.

An empty cell is one full-width blank, because blanks at the ends of lines are removed. A cell that spans
several rows or columns stands once, in its first place; the other places are empty, so that a text says
nothing twice. Single lines with a tab, and lists whose numbers are set off by a tab, are no tables.
"""

import re
from collections.abc import Iterator
from typing import Final

EMPTY: Final = "\u3000"
_ROW = r"(?=.*\S)[^\t\n]*\t.*"  # not of blanks alone
_ROWS = re.compile(rf"^{_ROW}(?:\n{_ROW})+", re.MULTILINE)
_NUMERAL = "[0-9０-９零一二三四五六七八九十百千]"
_ITEM = re.compile(
    rf"\s*(?:[（(]?\s?{_NUMERAL}{{1,4}}\s?[)）.．、:：]|第\s?{_NUMERAL}{{1,6}}\s?[编章节条款部分]{{1,2}}|[①-⑳㈠-㈩]"
    r"|[-*•·●○■□◆➢–—])\t[^\t\n]*"
)


def find(text: str) -> Iterator[tuple[int, int]]:
    """Yield the offsets of the tables of a text, raw or normalised: ``text[start:end]`` are their rows."""
    if "\t" not in text:
        return
    for match in _ROWS.finditer(text):
        if not all(map(_ITEM.fullmatch, match[0].split("\n"))):
            yield match.span()


def cells(row: str) -> list[str]:
    """The cells of a row, an empty one as an empty string."""
    return [cell.strip() for cell in row.split("\t")]
