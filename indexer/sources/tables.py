"""Files of many records: JSON lines and CSV, plain or gzipped, read as streams.

Entry points: :func:`read_jsonl`, :func:`read_csv`. They yield raw records and faults, both with
``file:line``; :mod:`search_service.intake.record` interprets the records.
"""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NoReturn

from analyzers.messages import say
from indexer.sources.encoding import read_lines
from indexer.sources.limits import check_fields, check_marks
from indexer.sources.rows import BrokenRows, Row, invalid_csv, read_rows
from search_service.errors import BadRecord
from search_service.intake.names import duplicate_message, known_field
from search_service.intake.record import Fault, RawRecord


def read_jsonl(path: Path, *, shown: str) -> Iterator[RawRecord | Fault]:
    """Yield one record per non-blank line; a line that is not a JSON object is a fault."""
    place = f"{shown}:1"
    try:
        with _opened(path) as stream:
            for line in read_lines(stream):
                place = f"{shown}:{line.number}"
                if line.fault:
                    yield Fault(place, line.fault)
                elif line.text.strip():
                    try:
                        yield RawRecord(place, _object(line.text))
                    except BadRecord as exc:
                        yield Fault(place, exc.message)
    except _BROKEN as exc:
        yield Fault(place, _cannot_read(exc))


def read_csv(path: Path, *, shown: str) -> Iterator[RawRecord | Fault]:
    """Yield one record per row; the first row names the fields. A blank cell means no value.

    Except in a preview column, where it is a blank preview: guests may read nothing of that article. Places
    are the first lines of records. A broken row, as by an unbalanced quote, is one fault together with the
    lines up to the next good row. The separator is that of the first row: comma, semicolon or tab.
    """
    number = 1
    try:
        with _opened(path) as stream:
            lines = read_lines(stream)
            header = next(lines, None)
            if header is None:
                return
            if header.fault:
                yield Fault(f"{shown}:1", header.fault)
            check_fields(max(map(header.text.count, ",;\t")))
            separator = max(",;\t", key=header.text.count)
            names = [
                name.strip().lstrip("\ufeff")
                for name in next(csv.reader([header.text], delimiter=separator), [])
            ]
            key = next(
                (place for place, name in enumerate(names) if known_field(name) == "id"), None
            )
            for row in read_rows(lines, separator=separator, columns=len(names), key=key):
                number = row.number
                if isinstance(row, Row):
                    yield _record(f"{shown}:{number}", names, row.cells)
                else:
                    yield Fault(f"{shown}:{number}", _skipped(row))
    except BadRecord as exc:
        yield Fault(f"{shown}:1", exc.message)
    except csv.Error as exc:  # of the header only
        yield Fault(f"{shown}:1", invalid_csv(str(exc)))
    except _BROKEN as exc:
        yield Fault(f"{shown}:{number + 1}", _cannot_read(exc))


_LARGE: Final = 1 << 20  # characters; in shorter lines the values need no counting

_BROKEN: Final = (OSError, EOFError, zlib.error)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as plain:
        if path.suffix.lower() == ".gz":
            with gzip.GzipFile(fileobj=plain) as stream:
                yield stream  # type: ignore[misc]  # a stream of bytes in all but its declared type
        else:
            yield plain


def _object(text: str) -> dict[str, object]:
    if len(text) > _LARGE:
        check_marks(sum(map(text.count, "{[,")))
    try:
        value = json.loads(
            text, parse_constant=_refuse_constant, object_pairs_hook=_Object.of_pairs
        )
    except json.JSONDecodeError as exc:
        raise BadRecord(
            say(
                f"第 {exc.pos + 1} 个字符起不是 JSON；每行应是一个完整的 JSON 对象",
                f"not valid JSON from character {exc.pos + 1} on ({exc.msg}); each line must be one object",
            )
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise BadRecord(say(f"不是可用的 JSON：{exc}", f"not usable JSON: {exc}")) from exc
    if not isinstance(value, dict):
        raise BadRecord(say("应是一个 JSON 对象 {…}", "must be a JSON object, {…}"))
    if twice := [name for name in getattr(value, "twice", ()) if known_field(name)]:
        raise BadRecord(duplicate_message(twice[0]))
    check_fields(len(value))
    return value


class _Object(dict[str, object]):
    """A JSON object; ``twice``: names that occur more than once with different values; the last is used."""

    twice: tuple[str, ...] = ()

    @classmethod
    def of_pairs(cls, pairs: list[tuple[str, object]]) -> dict[str, object]:
        """A plain ``dict`` if no name occurs twice."""
        values = dict(pairs)
        if len(values) == len(pairs):
            return values
        result = cls(values)
        result.twice = tuple(name for name, value in pairs if value != values[name])
        return result


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(say(f"{name} 不是 JSON 的数", f"{name} is not a JSON number"))


def _record(place: str, names: list[str], row: list[str]) -> RawRecord | Fault:
    beyond = row[len(names) :]
    if len(row) < len(names) or any(beyond):
        return Fault(
            place,
            say(
                f"有 {len(row)} 列，表头有 {len(names)} 列；含逗号、换行的内容要加双引号",
                f"has {len(row)} columns, the header has {len(names)}; quote cells that contain commas",
            ),
        )
    values: dict[str, object] = {}
    for name, cell in zip(names, row, strict=False):
        # If two columns have the same name, a blank cell does not replace the other value.
        if cell.strip() or name not in values:
            before = str(values.get(name, "")).strip()
            if before and before != cell.strip() and known_field(name):
                return Fault(place, duplicate_message(name))
            values[name] = cell
    return RawRecord(place, values)


def _skipped(rows: BrokenRows) -> str:
    skipped = rows.last - rows.number
    if not skipped:
        return rows.reason
    return say(
        f"{rows.reason}；其后 {skipped} 行也未读，到第 {rows.last} 行",
        f"{rows.reason}; the next {skipped} lines, up to line {rows.last}, were not read either",
    )


def _cannot_read(exc: Exception) -> str:
    return say(
        f"读不下去了：{exc}；以后各行未读", f"cannot be read further: {exc}; the rest was not read"
    )
