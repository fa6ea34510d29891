"""XML files that list records, as exports and feeds do. Entry point: :func:`read_xml`.

A record is an element with a title and a text among its children; the elements around it do not matter.
"""

from collections import Counter
from collections.abc import Iterator
from typing import IO, Final

from lxml import etree

from analyzers.messages import say
from indexer.sources.tables import Objects, Table, opened
from search_service.errors import BadRecord
from search_service.intake.limits import MAX_FIELDS, MAX_SIZE, check_fields, check_marks
from search_service.intake.names import known_field
from search_service.intake.record import Fault, RawRecord

_Path = tuple[str, ...]
_MAX_PATHS: Final = 1_000  # kinds of elements of a file
_MAX_NAMES: Final = MAX_FIELDS + 1  # different names of children that are remembered
_ENTITY: Final = b"<!ENTITY"
_MAX_ELEMENTS: Final = 1_000_000  # of a file; more are seconds of work and hardly text
_BROKEN: Final = (OSError, EOFError, etree.XMLSyntaxError)


def read_xml(table: Table) -> Iterator[RawRecord | Fault]:
    """Yield the records of a file; a place is the line of the element."""
    place = f"{table.shown}:1"
    objects = Objects(table.shown, table.mapping, table.notes)
    try:
        if (size := table.path.stat().st_size) > MAX_SIZE:
            raise BadRecord(_too_large(size))
        record = _record_path(table)
        for _, element, _ in _elements(table, record):
            place = f"{table.shown}:{element.sourceline}"
            try:
                values = _values(element)
            except BadRecord as exc:
                yield Fault(place, exc.message)
                continue
            yield objects.read(place, values)
    except BadRecord as exc:
        yield Fault(place, exc.message)
    except _BROKEN as exc:
        yield Fault(place, _broken(exc))
    objects.finish()


def _elements(
    table: Table, record: _Path | None
) -> Iterator[tuple[_Path, etree._Element, set[str]]]:
    """Each record as it ends, else each element with children: the names down to it, itself, its children's.

    Only records have their children: everything else is dropped as soon as it has ended.
    """
    path: list[str] = []
    names: list[set[str]] = [set()]
    depth = 0 if record is None else len(record)
    total, inside = 0, False  # the number of elements; whether in a record
    with opened(table.path) as stream:
        parser = etree.iterparse(
            _Guarded(stream),
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
        for event, element in parser:
            if event == "start":
                if (total := total + 1) > _MAX_ELEMENTS:
                    raise BadRecord(_too_many())
                name = _name(element)
                path.append(name)
                if len(names[-1]) < _MAX_NAMES:
                    names[-1].add(name)
                names.append(set())
                inside = inside or (len(path) == depth and tuple(path) == record)
                continue
            children = names.pop()
            if inside and len(path) == depth:
                yield tuple(path), element, children
                inside = False
            elif record is None and children:
                yield tuple(path), element, children
            if not inside:
                _forget(element)
            path.pop()


class _Guarded:
    """A stream that ends with ``BadRecord`` at a tag of too many attributes, before all are in memory.

    Also at a declaration of entities: lxml corrupts its memory where nodes beside one that was not expanded
    are dropped.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._count = 0  # of the signs = since the last >
        self._before = b""

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes."""
        data = self._stream.read(size)
        bare = data.replace(b"\0", b"")  # of UTF-16
        if _ENTITY in self._before + bare:
            raise BadRecord(_entities())
        self._before = (self._before + bare)[-len(_ENTITY) :]
        first, last = data.find(b">"), data.rfind(b">")
        self._count += data.count(b"=", 0, len(data) if first < 0 else first)
        check_marks(self._count)
        if last >= 0:
            self._count = data.count(b"=", last)
        return data


def _forget(element: etree._Element) -> None:
    """Drop an element that has ended, and those before it."""
    element.clear()
    while (before := element.getprevious()) is not None and (
        parent := element.getparent()
    ) is not None:
        parent.remove(before)


def _record_path(table: Table) -> _Path:
    """The names down to the records: of the elements with known names of children, the most frequent."""
    counts: Counter[_Path] = Counter()
    seen: set[str] = set()
    for path, _, names in _elements(table, None):
        seen.update(sorted(names)[:10] if len(seen) < 50 else ())
        known = {table.mapping.get(name) or known_field(name) for name in names}
        if {"title", "body"} <= known and (path in counts or len(counts) < _MAX_PATHS):
            counts[path] += 1
    if not counts:
        shown = "、".join(sorted(seen)[:30])
        raise BadRecord(
            say(
                f"没有一个元素里有标题和正文；看到的元素：{shown}。用 --map 元素=title 指明",
                f"no element contains a title and a body; elements: {shown}. Say which with --map NAME=title",
            )
        )
    return counts.most_common(1)[0][0]


def _values(element: etree._Element) -> dict[str, object]:
    """The texts of the children by name; of several with one name a list."""
    check_fields(len(element))
    values: dict[str, object] = {}
    for child in element.iterchildren("*"):
        name, text = _name(child), _text(child)
        if isinstance(before := values.get(name), list):
            before.append(text)
        else:
            values[name] = text if before is None else [before, text]
    return values


def _text(element: etree._Element) -> str:
    """The text of an element; markup inside it, as XHTML, stays markup."""
    inside = (etree.tostring(child, encoding="unicode") for child in element.iterchildren("*"))
    return "".join([element.text or "", *inside])


def _name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _too_large(size: int) -> str:
    limit = MAX_SIZE >> 20
    return say(
        f"有 {size >> 20} MB，一个 XML 文件最多 {limit} MB；请分成几份，或另存为 .jsonl",
        f"has {size >> 20} MB, the limit of an XML file is {limit} MB; split it, or save it as .jsonl",
    )


def _too_many() -> str:
    return say(
        f"元素超过 {_MAX_ELEMENTS} 个（上限）；请分成几份，或另存为 .jsonl",
        f"has more than {_MAX_ELEMENTS} elements, the limit; split it, or save it as .jsonl",
    )


def _entities() -> str:
    return say(
        "声明了实体（<!ENTITY），不读；请把实体换成文字，或另存为 .jsonl",
        "declares entities (<!ENTITY) and is not read; replace them by text, or save it as .jsonl",
    )


def _broken(exc: Exception) -> str:
    return say(
        f"读不下去了：{exc}；请改正，或另存为 .jsonl 或 .csv",
        f"cannot be read further: {exc}; correct it, or save it as .jsonl or .csv",
    )
