"""The rows of a workbook: its bytes on standard input -> lines of JSON on standard output. Entry point:
:func:`main`.

A line is the name of a sheet or a row of it. Runs in a process of its own (:mod:`.spreadsheets`), because
calamine copies a text for each cell that shows it, so that a small file may need any amount of memory.
"""

import datetime as dt
import io
import json
import sys
from typing import Final

from indexer.sources.processes import limit_memory

MAX_ROW: Final = 16 << 20  # characters, as of a cell in CSV
# Exit statuses: for what is no workbook, and for too long a row.
INVALID: Final = 3
TOO_LONG: Final = 4


def main() -> None:
    """Read a workbook from standard input; the argument is the limit on memory in bytes."""
    limit_memory(int(sys.argv[1]))
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8")
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        for number, sheet in enumerate(book.sheets_metadata):
            if sheet.visible == SheetVisibleEnum.Visible:
                sys.stdout.write(f"{json.dumps(sheet.name)}\n")
                for row in book.get_sheet_by_index(number).iter_rows():
                    cells = [_text(cell) for cell in row]
                    if sum(map(len, cells)) > MAX_ROW:
                        sys.exit(TOO_LONG)
                    sys.stdout.write(f"{json.dumps(cells, ensure_ascii=False)}\n")
        sys.stdout.flush()
    except CalamineError:
        sys.exit(INVALID)
    except BaseException as exc:
        # A panic of the Rust library is no Exception; everything else goes on.
        if type(exc).__name__ != "PanicException":
            raise
        sys.exit(INVALID)


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime | dt.date):
        return cell.isoformat()
    return str(cell)
