"""Workbooks (.xlsx, .xls, .ods) as tables, one for each visible sheet. Entry point: :func:`read_workbook`.

Read by calamine. It does not say which rows and columns are hidden: these are read as well.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from analyzers.messages import say
from indexer.sources.columns import FIRST_ROWS, find_header
from indexer.sources.limits import MAX_SIZE, check_fields
from indexer.sources.tables import Objects, Table
from search_service.errors import BadRecord
from search_service.intake.record import Fault, RawRecord

_MAX_UNPACKED: Final = 256 << 20  # bytes
_MAX_CELLS: Final = 5_000_000  # of a sheet, empty ones included, because calamine keeps all
_REFERENCE: Final = re.compile(rb'r="([A-Z]{1,3})([0-9]{1,7})"')
_PIECE: Final = 1 << 20  # bytes


def read_workbook(table: Table) -> Iterator[RawRecord | Fault]:
    """Yield one record per row below the header of each sheet; a place is ``file:sheet:row``."""
    try:
        data = _checked(table)
        for name, rows in _sheets(data):
            yield from _records(table, f"{table.shown}:{name}", rows)
    except BadRecord as exc:
        yield Fault(f"{table.shown}:1", exc.message)
    except OSError as exc:
        yield Fault(f"{table.shown}:1", say(f"读不了：{exc}", f"cannot be read: {exc}"))


def _checked(table: Table) -> bytes:
    """The bytes of a workbook that unpacks to no more than there may be."""
    if (size := table.path.stat().st_size) > MAX_SIZE:
        raise BadRecord(_too_large(size, MAX_SIZE))
    data = table.path.read_bytes()
    if not data.startswith(b"PK"):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if (size := sum(one.file_size for one in archive.infolist())) > _MAX_UNPACKED:
                raise BadRecord(_too_large(size, _MAX_UNPACKED))
            for entry in archive.infolist():
                if "/worksheets/" in entry.filename:
                    _check_cells(archive, entry)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as exc:
        raise BadRecord(_invalid()) from exc
    return data


def _check_cells(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Raise ``BadRecord`` for a sheet whose last cell is too far from its first."""
    columns = rows = 0
    rest = b""
    with archive.open(entry) as part:
        while piece := part.read(_PIECE):
            for letters, digits in _REFERENCE.findall(rest + piece):
                rows = max(rows, int(digits))
                column = 0
                for letter in letters:
                    column = column * 26 + letter - ord("A") + 1
                columns = max(columns, column)
            rest = piece[-20:]
    if rows * columns > _MAX_CELLS:
        raise BadRecord(
            say(
                f"一个工作表有 {rows} 行 {columns} 列，最多 {_MAX_CELLS} 格；请删去远处的格子，或另存为 .csv",
                f"a sheet has {rows} rows and {columns} columns, {_MAX_CELLS} cells are the limit; delete"
                " stray cells, or save it as .csv",
            )
        )


def _sheets(data: bytes) -> Iterator[tuple[str, Sequence[Sequence[object]]]]:
    """The names and rows of the visible sheets that are not empty."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for number, sheet in enumerate(book.sheets_metadata):
            if sheet.visible == SheetVisibleEnum.Visible:
                rows = book.get_sheet_by_index(number).to_python(skip_empty_area=False)
                if rows:
                    yield sheet.name, rows
    except CalamineError as exc:
        raise BadRecord(_invalid()) from exc
    except BaseException as exc:
        # A panic of the Rust library is no Exception; everything else goes on.
        if type(exc).__name__ != "PanicException":
            raise
        raise BadRecord(_invalid()) from exc


def _records(
    table: Table, shown: str, rows: Sequence[Sequence[object]]
) -> Iterator[RawRecord | Fault]:
    first = [[_text(cell) for cell in row] for row in rows[:FIRST_ROWS]]
    header = find_header(first, table.mapping)
    objects = Objects(shown, table.mapping, table.notes)
    try:
        check_fields(len(first[header]))
        columns, _ = objects.columns(first[header])
    except BadRecord as exc:
        yield Fault(f"{shown}:{header + 1}", exc.message)
        return
    for number, row in enumerate(rows[header + 1 :], start=header + 2):
        cells = [_text(cell) for cell in row]
        if any(map(str.strip, cells)):
            place = f"{shown}:{number}"
            try:
                yield objects.record(place, columns.values(cells))
            except BadRecord as exc:
                yield Fault(place, exc.message)
    objects.finish()


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime | dt.date):
        return cell.isoformat()
    return str(cell)


def _invalid() -> str:
    return say(
        "不是有效的工作簿，或加了密码；请另存为 .xlsx 或 .csv",
        "not a valid workbook, or protected by a password; save it again as .xlsx or .csv",
    )


def _too_large(size: int, limit: int) -> str:
    return say(
        f"有 {size >> 20} MB（解压后），最多 {limit >> 20} MB；请分成几份，或另存为 .csv",
        f"has {size >> 20} MB (unpacked), the limit is {limit >> 20} MB; split it, or save it as .csv",
    )
