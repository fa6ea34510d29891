"""The text of a PDF with its places on the pages: PDF on standard input -> JSON on standard output.

Runs in a process of its own (:mod:`.document`), because PDFium is C++ and files come from anywhere. An answer
is ``{"pages": [...]}``, of lines, tables and whether there are pictures, or ``{"error": ...}``: ``password``,
``damaged``, ``pages`` or ``characters``.
"""

import ctypes
import json
import math
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from indexer.sources.pdf.arrangement import Page, Rule, Run, arranged, blank_between
from indexer.sources.processes import limit_memory

MAX_PAGES: Final = 3_000
MAX_CHARACTERS: Final = 5_000_000
_MAX_RULES: Final = 5_000  # lines drawn on a page; a page with more shows a map or a diagram
_THIN: Final = 3.0  # points; a path that is not thicker is a line


def main() -> None:
    """Read a PDF from standard input; the argument is the limit on memory in bytes."""
    limit_memory(int(sys.argv[1]))
    import pypdfium2
    from pypdfium2 import raw

    try:
        pdf = pypdfium2.PdfDocument(sys.stdin.buffer.read())
        if len(pdf) > MAX_PAGES:
            answer: dict[str, object] = {"error": "pages", "count": len(pdf)}
        else:
            answer = {"pages": list(_pages(pdf, raw))}
    except _TooMany:
        answer = {"error": "characters"}
    except pypdfium2.PdfiumError as exc:
        protected = exc.err_code == raw.FPDF_ERR_PASSWORD
        answer = {"error": "password" if protected else "damaged"}
    sys.stdout.write(json.dumps(answer))


class _TooMany(Exception):
    """More than ``MAX_CHARACTERS``."""


def _pages(pdf: Any, raw: Any) -> Iterator[dict[str, object]]:
    characters = 0
    for number in range(len(pdf)):
        try:
            handle = pdf[number]
        except pdf_errors():
            yield {"items": [], "pictures": False, "unknown": 0, "letters": 0}
            continue
        page = _read(handle, raw)
        handle.close()
        letters = sum(len(run.text) for run in page.runs)
        characters += letters
        if characters > MAX_CHARACTERS:
            raise _TooMany
        items = arranged(page)
        yield {
            "items": items,
            "pictures": page.pictures,
            "unknown": page.unknown,
            "letters": letters,
        }


def pdf_errors() -> type[Exception]:
    """What PDFium raises for a page that it cannot open."""
    import pypdfium2

    error: type[Exception] = pypdfium2.PdfiumError
    return error


def _read(handle: Any, raw: Any) -> Page:
    page = Page()
    for item in handle.get_objects(max_depth=4):
        if item.type == raw.FPDF_PAGEOBJ_IMAGE:
            page.pictures = True
        elif item.type == raw.FPDF_PAGEOBJ_PATH and len(page.across) + len(page.down) < _MAX_RULES:
            _add_rules(page, item, raw)
    page.down.sort(key=lambda rule: rule.at)
    text = handle.get_textpage()
    letters = list(_letters(text.raw, raw, page))
    text.close()
    # Watermarks stand askew; a page that lies on its side is turned.
    turns = Counter(turn for turn, *_ in letters if turn is not None)
    upright = turns.most_common(1)[0][0] if turns else 0
    if upright:
        page.across, page.down = [], []
    for turn, letter, x, y, width, size in letters:
        if turn == upright:
            _append(page, letter, *_turned(x, y, upright), width, size)
    return page


def _turned(x: float, y: float, turn: int) -> tuple[float, float]:
    return ((x, y), (y, -x), (-x, -y), (-y, x))[turn]


def _letters(
    text: Any, raw: Any, page: Page
) -> Iterator[tuple[int | None, str, float, float, float, float]]:
    """Yield each letter: quarter turns (None: askew), itself, its origin, its width and its size."""
    matrix, box = raw.FS_MATRIX(), raw.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    high = ""
    for index in range(raw.FPDFText_CountChars(text)):
        code = raw.FPDFText_GetUnicode(text, index)
        if raw.FPDFText_IsGenerated(text, index) == 1:
            continue
        letter = chr(code) if 31 < code < 0x110000 else ""
        if 0xD800 <= code < 0xDC00:
            high = letter
            continue
        if 0xDC00 <= code < 0xE000:
            pair = (high + letter).encode("utf-16-le", "surrogatepass")
            letter, high = pair.decode("utf-16-le", "replace"), ""
        if not letter or letter in "\ufffd\ufffe\uffff" or 0xE000 <= code < 0xF900:
            page.unknown += bool(code > 31 or code == 0)
            continue
        if not raw.FPDFText_GetMatrix(text, index, matrix):
            continue
        raw.FPDFText_GetCharOrigin(text, index, x, y)
        raw.FPDFText_GetLooseCharBox(text, index, box)
        size = raw.FPDFText_GetFontSize(text, index) * math.hypot(matrix.c, matrix.d)
        angle = math.atan2(matrix.b, matrix.a) / (math.pi / 2)
        turn = round(angle)
        sides = abs(box.right - box.left), abs(box.top - box.bottom)
        width = sides[turn % 2]
        if size > 0:
            yield (
                turn % 4 if abs(angle - turn) < 0.05 else None,
                letter,
                x.value,
                y.value,
                width,
                size,
            )


def _append(page: Page, letter: str, x: float, y: float, width: float, size: float) -> None:
    """Append a letter to the last run, or begin another."""
    if page.runs:
        run = page.runs[-1]
        gap = x - run.x1
        same = abs(y - run.y) < 0.2 * size and abs(size - run.size) < 0.3 * size
        if same and run.text[-1:] == letter and -1.3 * width < gap < -0.7 * width:
            return  # drawn twice, to look bold
        if same and -0.6 * size < gap < 1.2 * size and not _between(page.down, run.x1, x, y):
            if not letter.isspace():
                blank = blank_between(run.text[-1:], letter, gap, size)
                run.text += (blank or (" " if run.spaced else "")) + letter
                run.x1 = max(run.x1, x + width)
            run.spaced = letter.isspace()
            return
    if not letter.isspace():
        page.runs.append(Run(letter, x, x + width, y, size))


def _between(rules: Sequence[Rule], x0: float, x1: float, y: float) -> bool:
    left, right = min(x0, x1) - 1, max(x0, x1) + 1
    first = bisect_left(rules, left, key=lambda rule: rule.at)
    for rule in rules[first:]:
        if rule.at > right:
            return False
        if rule.low <= y <= rule.high:
            return True
    return False


def _add_rules(page: Page, item: Any, raw: Any) -> None:
    left, bottom, right, top = item.get_bounds()
    if top - bottom < _THIN and right - left > _THIN:
        page.across.append(Rule((bottom + top) / 2, left, right))
    elif right - left < _THIN and top - bottom > _THIN:
        page.down.append(Rule((left + right) / 2, bottom, top))
    else:
        _add_segments(page, item, raw)


def _add_segments(page: Page, item: Any, raw: Any) -> None:
    """The straight lines of a path: the frame of a cell, or the whole of a table."""
    count = raw.FPDFPath_CountSegments(item.raw)
    if not 2 <= count <= _MAX_RULES:
        return
    matrix = item.get_matrix()
    x, y = ctypes.c_float(), ctypes.c_float()
    points: list[tuple[float, float]] = []
    start = 0
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(item.raw, index)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        point = matrix.on_point(x.value, y.value)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            start = len(points)
        elif kind == raw.FPDF_SEGMENT_LINETO and points:
            _add_rule(page, points[-1], point)
        points.append(point)
        if raw.FPDFPathSegment_GetClose(segment):
            _add_rule(page, point, points[start])


def _add_rule(page: Page, one: tuple[float, float], other: tuple[float, float]) -> None:
    (x0, y0), (x1, y1) = one, other
    if abs(y0 - y1) < 0.5 and abs(x0 - x1) > _THIN:
        page.across.append(Rule((y0 + y1) / 2, min(x0, x1), max(x0, x1)))
    elif abs(x0 - x1) < 0.5 and abs(y0 - y1) > _THIN:
        page.down.append(Rule((x0 + x1) / 2, min(y0, y1), max(y0, y1)))
