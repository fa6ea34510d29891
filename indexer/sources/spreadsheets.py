"""Workbooks (.xlsx, .xls, .ods) as tables, one for each visible sheet. Entry point: :func:`read_workbook`.

Read by calamine, in a process of its own with limits on time and memory (:mod:`.workbook_rows`). It does not
say which rows and columns are hidden: these are read as well.
"""

import io
import json
import re
import struct
import tempfile
import zipfile
import zlib
from collections import deque
from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

from analyzers.messages import say
from indexer.sources.columns import FIRST_ROWS, find_header
from indexer.sources.processes import TimedOut, python, run
from indexer.sources.tables import Objects, Table
from indexer.sources.workbook_rows import INVALID, MAX_ROW, TOO_LONG
from search_service.errors import BadRecord
from search_service.intake.limits import MAX_SIZE, check_fields
from search_service.intake.record import Fault, RawRecord

_MAX_UNPACKED: Final = 256 << 20  # bytes
_MAX_CELLS: Final = 5_000_000  # of a sheet, empty ones included, because calamine keeps all
_REFERENCE: Final = re.compile(rb'r="([A-Z]{1,3})([0-9]{1,7})"')
_PIECE: Final = 1 << 20  # bytes
# What a damaged or encrypted archive raises, besides zipfile's own.
_BROKEN: Final = (
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
_SECONDS: Final = 300
_MEMORY: Final = 1 << 30  # bytes


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
                _check_cells(archive, entry)
    except (zipfile.BadZipFile, *_BROKEN) as exc:
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


def _sheets(data: bytes) -> Iterator[tuple[str, Iterator[list[str]]]]:
    """The names and rows of the visible sheets; each is read to its end before the next."""
    with tempfile.TemporaryFile() as lines:
        command = python("indexer.sources.workbook_rows", str(_MEMORY))
        try:
            code, _ = run(command, data=data, seconds=_SECONDS, output=lines)
        except TimedOut as exc:
            raise BadRecord(_too_slow()) from exc
        if code:
            raise BadRecord({INVALID: _invalid, TOO_LONG: _too_long}.get(code, _failed)())
        lines.seek(0)
        items = map(json.loads, lines)
        name = next(items, None)
        while name is not None:
            following: list[str] = []
            yield name, _rows_until(items, following)
            name = next(iter(following), None)


def _rows_until(items: Iterator[list[str] | str], following: list[str]) -> Iterator[list[str]]:
    """The rows up to the name of the next sheet, which is put into ``following``."""
    for item in items:
        if isinstance(item, str):
            following.append(item)
            return
        yield item


def _records(table: Table, shown: str, rows: Iterator[list[str]]) -> Iterator[RawRecord | Fault]:
    first = list(islice(rows, FIRST_ROWS))
    if not first:
        return
    header = find_header(first, table.mapping)
    objects = Objects(shown, table.mapping, table.notes)
    try:
        check_fields(len(first[header]))
        columns, _ = objects.columns(first[header])
    except BadRecord as exc:
        yield Fault(f"{shown}:{header + 1}", exc.message)
        deque(rows, maxlen=0)
        return
    for number, cells in enumerate(chain(first[header + 1 :], rows), start=header + 2):
        if any(map(str.strip, cells)):
            place = f"{shown}:{number}"
            try:
                yield objects.record(place, columns.values(cells))
            except BadRecord as exc:
                yield Fault(place, exc.message)
    objects.finish()


def _too_slow() -> str:
    return say(
        f"{_SECONDS} 秒还没有读完（上限）；请分成几份，或另存为 .csv",
        f"was not read within {_SECONDS} seconds, the limit; split it, or save it as .csv",
    )


def _too_long() -> str:
    limit = MAX_ROW >> 20
    return say(
        f"一行超过 {limit} MB（上限）；这样的文章请改用一篇一个文件",
        f"has a row of more than {limit} MB, the limit; make a file of each article",
    )


def _failed() -> str:
    limit = _MEMORY >> 20
    return say(
        f"读不下去了：文件已损坏，或要用的内存超过 {limit} MB（上限）；请分成几份，或另存为 .csv",
        f"cannot be read: damaged, or it needs more than {limit} MB of memory, the limit; split it, or save"
        " it as .csv",
    )


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
