"""Files of many records: JSON lines and CSV, plain or gzipped, read as streams; arrays of JSON.

Entry points: :func:`read_jsonl`, :func:`read_csv`, :func:`read_json`. They yield raw records and faults, both
with ``file:line``; :mod:`search_service.intake.record` interprets the records.
"""

import codecs
import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import IO, Final, NoReturn

from analyzers.messages import say
from indexer.sources.columns import FIRST_ROWS, Columns, find_header, known_names
from indexer.sources.made_ids import MadeIds
from indexer.sources.rows import BrokenRows, Row, invalid_csv, read_rows
from search_service.errors import BadRecord
from search_service.intake.encoding import Line, decode, read_lines
from search_service.intake.fields import MAX_ID_LENGTH
from search_service.intake.limits import MAX_SIZE, check_fields, check_marks
from search_service.intake.names import duplicate_message, known_field
from search_service.intake.record import Fault, Notes, RawRecord


@dataclass(frozen=True)
class Table:
    """A file of many records: its path, its name in messages, what its owner says of its columns."""

    path: Path
    shown: str
    mapping: Mapping[str, str]
    notes: Notes


def json_lines(path: Path, *, shown: str) -> Iterator[RawRecord | Fault]:
    """Yield one record per non-blank line, as it is; a line that is not a JSON object is a fault."""
    place = f"{shown}:1"
    try:
        with opened(path) as stream:
            for line in read_lines(stream):
                place = f"{shown}:{line.number}"
                if line.fault:
                    yield Fault(place, line.fault)
                elif line.text.strip():
                    try:
                        yield RawRecord(place, json_object(line.text))
                    except BadRecord as exc:
                        yield Fault(place, exc.message)
    except _BROKEN as exc:
        yield Fault(place, _cannot_read(exc))


def read_jsonl(table: Table) -> Iterator[RawRecord | Fault]:
    """Yield the records of lines, by the names of fields; a file that begins with a bracket is one array."""
    if _is_array(table.path):
        yield from read_json(table)
        return
    objects = Objects(table.shown, table.mapping, table.notes)
    for item in json_lines(table.path, shown=table.shown):
        yield item if isinstance(item, Fault) else objects.read(item.place, item.values)
    objects.finish()


def _is_array(path: Path) -> bool:
    try:
        with opened(path) as stream:
            beginning = stream.read(_BEGINNING)
    except _BROKEN:
        return False
    return beginning.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"[")


def read_csv(table: Table) -> Iterator[RawRecord | Fault]:
    """Yield one record per row; the first row with known names is the header. A blank cell means no value.

    Except in a preview column, where it is a blank preview: guests may read nothing of that article. Places
    are the first lines of records. A broken row, as by an unbalanced quote, is one fault together with the
    lines up to the next good row. The separator is the one by which the header has most known names.
    """
    number, shown = 1, table.shown
    objects = Objects(shown, table.mapping, table.notes)
    try:
        with opened(table.path) as stream:
            lines = read_lines(stream)
            sample = _sample(lines)
            if not sample:
                return
            if sample[0].fault:
                yield Fault(f"{shown}:1", sample[0].fault)
            form = _form(sample, table.mapping)
            columns, key = objects.columns(form.names)
            rest = chain(sample[form.header + 1 :], lines)
            rows = read_rows(
                (replace(line, text=unescaped(line.text)) for line in rest)
                if form.escapes
                else rest,
                separator=form.separator,
                columns=len(columns.names),
                key=key,
            )
            for row in rows:
                number = row.number
                if not isinstance(row, Row):
                    yield Fault(f"{shown}:{number}", _skipped(row))
                    continue
                try:
                    yield objects.record(f"{shown}:{number}", columns.values(row.cells))
                except BadRecord as exc:
                    yield Fault(f"{shown}:{number}", exc.message)
    except BadRecord as exc:
        yield Fault(f"{shown}:1", exc.message)
    except csv.Error as exc:  # of the header only
        yield Fault(f"{shown}:1", invalid_csv(str(exc)))
    except _BROKEN as exc:
        yield Fault(f"{shown}:{number + 1}", _cannot_read(exc))
    finally:
        objects.finish()


_BEGINNING: Final = 64  # bytes
_SEPARATORS: Final = ",;\t|^\x01，；｜"
_SAMPLE_LINES: Final = 500
_SAMPLE: Final = 1 << 20  # characters
_LONGEST_HEADER: Final = 100_000  # characters
# In a table that doubles quotes a quote behind a backslash ends the cell.
_ESCAPED: Final = re.compile(r"\\\"[^\",;\t|^\s]")
_ESCAPE: Final = re.compile(r"\\([\"\\])")


@dataclass(frozen=True)
class _Form:
    """How a CSV file is written; ``header``: the number of its row of names among the first lines."""

    separator: str
    header: int
    names: list[str]
    escapes: bool


def _sample(lines: Iterator[Line]) -> list[Line]:
    sample: list[Line] = []
    size = 0
    while (
        size < _SAMPLE and len(sample) < _SAMPLE_LINES and (line := next(lines, None)) is not None
    ):
        sample.append(line)
        size += len(line.text)
    return sample


def _form(sample: Sequence[Line], mapping: Mapping[str, str]) -> _Form:
    check_fields(max(map(sample[0].text.count, _SEPARATORS)))
    escapes = any(_ESCAPED.search(line.text) for line in sample)
    texts = [
        line.text if len(line.text) < _LONGEST_HEADER else "" for line in sample[:_SAMPLE_LINES]
    ]
    if escapes:
        texts = list(map(unescaped, texts))
    # The separator of the header, or else the one that the first row has most of.
    best = max(_SEPARATORS, key=sample[0].text.count)
    header, known = 0, 0
    for separator in dict.fromkeys((best, *_SEPARATORS)):
        if not any(separator in text for text in texts[:FIRST_ROWS]):
            continue
        rows = [_cells(text, separator) for text in texts[:FIRST_ROWS]]
        number = find_header(rows, mapping)
        count = known_names(rows[number], mapping)
        if count > known:
            best, header, known = separator, number, count
    names = next(csv.reader([texts[header] or sample[0].text], delimiter=best), [])
    return _Form(best, header, names, escapes)


def _cells(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return []


def unescaped(text: str) -> str:
    """A line whose quotes are escaped by backslashes, with doubled quotes."""
    return _ESCAPE.sub(lambda match: '""' if match[1] == '"' else match[1], text)


def id_of(values: Mapping[str, object]) -> str:
    """The id of a bad record, for the report; empty if it has none."""
    ids = (value for name, value in values.items() if known_field(name) == "id")
    return next((str(value)[:MAX_ID_LENGTH] for value in ids if isinstance(value, str | int)), "")


class Objects:
    """Makes records of values by name, with ids where the source has none."""

    def __init__(self, shown: str, mapping: Mapping[str, str], notes: Notes) -> None:
        self._shown = shown
        self._mapping = mapping
        self._notes = notes
        self._ids = MadeIds()
        self._has_ids: bool | None = None  # None: each record says it

    def columns(self, names: Sequence[str]) -> tuple[Columns, int | None]:
        """The columns of a table, and the place of the ids; raises ``BadRecord`` without title or body."""
        columns = Columns(names, self._mapping)
        self._notes.show_columns(self._shown, columns.shown())
        columns.check()
        self._has_ids = columns.key is not None
        return columns, columns.key

    def record(self, place: str, values: Mapping[str, object]) -> RawRecord:
        """The record; raises ``BadRecord`` that names the fields, if none is a title or a body."""
        named = dict(values)
        if self._has_ids is None:
            columns = Columns(list(values), self._mapping)
            self._notes.show_columns(self._shown, columns.shown())
            columns.check()
            named = {self._mapping.get(name, name): value for name, value in values.items()}
        has_id = self._has_ids or any(known_field(name) == "id" for name in named)
        return RawRecord(place, named if has_id else {"id": self._ids.id_of(named), **named})

    def read(self, place: str, values: object) -> RawRecord | Fault:
        """The record, or the fault, of any value of JSON."""
        try:
            record = checked(values)
        except BadRecord as exc:
            return Fault(place, exc.message)
        try:
            return self.record(place, record)
        except BadRecord as exc:
            return Fault(place, exc.message, id=id_of(record))

    def finish(self) -> None:
        """Note how many ids were made."""
        self._notes.count_made_ids(self._shown, self._ids.count)


def read_json(table: Table) -> Iterator[RawRecord | Fault]:
    """Yield the records of an array, or of the array inside an object, as exports of databases have it."""
    place = f"{table.shown}:1"
    objects = Objects(table.shown, table.mapping, table.notes)
    try:
        text = decode(_whole(table.path))
        number, last = 1, 0
        for start, value in _elements(text):
            number += text.count("\n", last, start)
            last, place = start, f"{table.shown}:{number}"
            yield objects.read(place, value)
    except BadRecord as exc:
        yield Fault(place, exc.message)
    except _BROKEN as exc:
        yield Fault(place, _cannot_read(exc))
    finally:
        objects.finish()


def _whole(path: Path) -> bytes:
    with opened(path) as stream:
        data = stream.read(MAX_SIZE + 1)
    if len(data) > MAX_SIZE:
        limit = MAX_SIZE >> 20
        raise BadRecord(
            say(
                f"一个 JSON 数组的文件最多 {limit} MB；请另存为 .jsonl，每行一条",
                f"a file of one JSON array may have {limit} MB; save it as .jsonl, one record a line",
            )
        )
    return data


_NEXT: Final = re.compile(r"[\s,]*")


def _elements(text: str) -> Iterator[tuple[int, object]]:
    """The offset and value of each element of the first array of objects, one by one."""
    decoder = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_Object.of_pairs)
    match = re.search(r"\[\s*\{", text)
    if match is None:
        raise BadRecord(_not_json(text))
    position = match.start() + 1
    while True:
        gap = _NEXT.match(text, position)
        position = gap.end() if gap else position
        if position >= len(text) or text[position] == "]":
            break
        try:
            value, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError as exc:
            raise BadRecord(
                say(
                    f"第 {exc.lineno} 行起不是 JSON，以后各条未读",
                    f"not valid JSON from line {exc.lineno} on; the records from there were not read",
                )
            ) from exc
        except (ValueError, RecursionError) as exc:
            raise BadRecord(say(f"不是可用的 JSON：{exc}", f"not usable JSON: {exc}")) from exc
        yield position, value
        position = end


def _not_json(text: str) -> str:
    start = text.strip()[:30]
    return say(
        f"里面没有一组记录 [{{…}}, …]，开头是 {start!r}；每条记录应是一个 JSON 对象",
        f"contains no list of records, [{{…}}, …], but begins with {start!r}; each must be a JSON object",
    )


_LARGE: Final = 1 << 20  # characters; in shorter lines the values need no counting

_BROKEN: Final = (OSError, EOFError, zlib.error)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacked if it is gzipped."""
    with path.open("rb") as plain:
        if path.suffix.lower() == ".gz":
            with gzip.GzipFile(fileobj=plain) as stream:
                yield stream  # type: ignore[misc]  # a stream of bytes in all but its declared type
        else:
            yield plain


def json_object(text: str) -> dict[str, object]:
    """The object in a line; raises ``BadRecord``."""
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
    return checked(value)


def checked(value: object) -> dict[str, object]:
    """The value if it is an object that may be a record; raises ``BadRecord``."""
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
