"""XML files that list records, as exports and feeds do. Entry point: :func:`read_xml`.

A record is an element with a title and a text among its children; the elements around it do not matter.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from lxml import etree

from analyzers.messages import say
from indexer.sources.limits import MAX_SIZE, check_fields
from indexer.sources.tables import Objects, Table, opened
from search_service.errors import BadRecord
from search_service.intake.names import known_field
from search_service.intake.record import Fault, RawRecord

_Path = tuple[str, ...]
_MAX_PATHS: Final = 1_000  # kinds of elements of a file
_BROKEN: Final = (OSError, EOFError, etree.XMLSyntaxError)


def read_xml(table: Table) -> Iterator[RawRecord | Fault]:
    """Yield the records of a file; a place is the line of the element. Entities are not expanded."""
    place = f"{table.shown}:1"
    objects = Objects(table.shown, table.mapping, table.notes)
    try:
        if (size := table.path.stat().st_size) > MAX_SIZE:
            raise BadRecord(_too_large(size))
        record = _record_path(table)
        for path, element in _elements(table):
            if path == record:
                place = f"{table.shown}:{element.sourceline}"
                yield objects.read(place, _values(element))
    except BadRecord as exc:
        yield Fault(place, exc.message)
    except _BROKEN as exc:
        yield Fault(place, say(f"读不下去了：{exc}", f"cannot be read further: {exc}"))
    objects.finish()


def _elements(table: Table) -> Iterator[tuple[_Path, etree._Element]]:
    """Each element when it ends, with the names down to it; what is behind it is dropped."""
    path: list[str] = []
    with opened(table.path) as stream:
        parser = etree.iterparse(
            stream,
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
        for event, element in parser:
            if event == "start":
                path.append(_name(element))
                continue
            yield tuple(path), element
            path.pop()
            if len(path) < 2 and len(
                element
            ):  # a record, or around some; the root may be one itself
                _forget(element)


def _forget(element: etree._Element) -> None:
    element.clear()
    while (before := element.getprevious()) is not None and (
        parent := element.getparent()
    ) is not None:
        parent.remove(before)


def _record_path(table: Table) -> _Path:
    """The names down to the records: of the elements with known names of children, the most frequent."""
    counts: Counter[_Path] = Counter()
    seen: set[str] = set()
    for path, element in _elements(table):
        names = {_name(child) for child in element.iterchildren("*")}
        seen.update(list(names)[:10] if len(seen) < 50 else ())
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
    return etree.QName(element).localname


def _too_large(size: int) -> str:
    limit = MAX_SIZE >> 20
    return say(
        f"有 {size >> 20} MB，一个 XML 文件最多 {limit} MB；请分成几份，或另存为 .jsonl",
        f"has {size >> 20} MB, the limit of an XML file is {limit} MB; split it, or save it as .jsonl",
    )
