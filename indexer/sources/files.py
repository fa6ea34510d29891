"""Files and folders -> articles. Entry points: :func:`read_source`, or :func:`read_records` and
:func:`clean_record`.

Tables, JSON and workbooks have many articles, text, web pages, PDF and office documents one; .yaml maps a
database. A record that cannot be used is a :class:`Fault` with its place and never stops the rest.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from analyzers.messages import say
from indexer.sources.archives import Member, members
from indexer.sources.file_names import Names, file_type, identifier_of
from indexer.sources.folder_audience import FolderAudience, is_statement, read_statement
from indexer.sources.html_files import html_record
from indexer.sources.seen import SeenIds
from indexer.sources.tables import Table, id_of, read_csv, read_json, read_jsonl
from indexer.sources.xml_lists import read_xml
from search_service.errors import AudienceUnstated, BadInput, BadRecord
from search_service.intake.cleaning import Cleaning
from search_service.intake.documents import markdown_record, text_record
from search_service.intake.limits import MAX_SIZE
from search_service.intake.names import PROTECTING, known_field, says_who_reads
from search_service.intake.record import Fault, Notes, RawRecord, article_of
from search_service.model import Article, Audience

__all__ = [
    "Fault",
    "Notes",
    "RawRecord",
    "clean_record",
    "read_records",
    "read_source",
    "record_id",
]


def _word_record(data: bytes, *, name: str) -> dict[str, object]:
    # Here: other commands start a twentieth sooner.
    from search_service.intake.word.document import word_record

    return word_record(data, name=name)


def _pdf_record(data: bytes, *, name: str) -> dict[str, object]:
    from indexer.sources.pdf.document import pdf_record  # here, as for Word

    return pdf_record(data, name=name)


def _office_record(data: bytes, *, name: str, suffix: str) -> dict[str, object]:
    from indexer.sources.office import office_record  # here, as for Word

    return office_record(data, name=name, suffix=suffix)


def _workbook(table: Table) -> Iterator[RawRecord | Fault]:
    from indexer.sources.spreadsheets import read_workbook  # here, as for Word

    return read_workbook(table)


_MULTI_ARTICLE: Final[dict[str, Callable[[Table], Iterator[RawRecord | Fault]]]] = {
    ".jsonl": read_jsonl,
    ".jsonl.gz": read_jsonl,
    ".json": read_json,
    ".json.gz": read_json,
    ".csv": read_csv,
    ".csv.gz": read_csv,
    ".tsv": read_csv,
    ".xml": read_xml,
    **dict.fromkeys((".xlsx", ".xls", ".ods"), _workbook),
}
_SINGLE_ARTICLE: Final[dict[str, Callable[..., dict[str, object]]]] = {
    ".txt": text_record,
    ".md": markdown_record,
    ".markdown": markdown_record,
    ".html": html_record,
    ".htm": html_record,
    ".docx": _word_record,
    ".pdf": _pdf_record,
    **{one: partial(_office_record, suffix=one) for one in (".doc", ".wps", ".rtf", ".odt")},
}
_ARCHIVE: Final = ".zip"
# A mapping of a database; only where it is named itself, because folders have other files of this type.
_DATABASE: Final = frozenset({".yaml", ".yml"})
# Types that cannot be read -> the type to save them as.
_SAVE_AS: Final = {
    **dict.fromkeys((".ofd", ".ceb", ".docm"), ".docx"),
    **dict.fromkeys((".et", ".xlsb", ".xlsm"), ".xlsx"),
    **dict.fromkeys((".mht", ".mhtml", ".shtml", ".xhtml"), ".html"),
}


def read_source(
    path: Path,
    *,
    cleaning: Cleaning,
    counts: Counter[str] | None = None,
    seen: SeenIds | None = None,
    notes: Notes | None = None,
    audience: Audience | None = Audience.PUBLIC,
    mapping: Mapping[str, str] | None = None,
) -> Iterator[Article | Fault]:
    """Yield the articles and faults of a file, or of a folder and its folders, in a stable order.

    :func:`read_records`, and :func:`clean_record` for each.
    """
    notes = Notes() if notes is None else notes
    seen = SeenIds() if seen is None else seen
    clean = partial(clean_record, cleaning=cleaning, counts=counts, seen=seen, notes=notes)
    items = read_records(path, notes=notes, audience=audience, mapping=mapping)
    return (item if isinstance(item, Fault) else clean(item) for item in items)


def read_records(
    path: Path,
    *,
    notes: Notes,
    audience: Audience | None = Audience.PUBLIC,
    mapping: Mapping[str, str] | None = None,
) -> Iterator[RawRecord | Fault]:
    """Yield the records and faults of a file, or of a folder and its folders, in a stable order.

    Files are streamed. ``notes`` collects warnings. ``audience``: who may read the records that do not say
    it; None: unknown, then :class:`AudienceUnstated` is raised at the end of a source of which no record says
    it. ``mapping``: the fields of columns of tables, by their names. Links that leave the source are faults;
    the source itself may be a link.
    Raises :class:`BadInput` at once if ``path`` is missing or a file of an unknown type; while reading,
    ``SourceUnavailable`` if a database is lost.
    """
    if not path.exists():
        raise BadInput(
            say(f"没有 {shown(path)} 这个文件或目录", f"no such file or folder: {shown(path)}")
        )
    known = _DATABASE | _MULTI_ARTICLE.keys() | _SINGLE_ARTICLE.keys() | {_ARCHIVE}
    if path.is_file() and file_type(path.name) not in known:
        raise BadInput(f"{shown(path)}: {_unreadable(file_type(path.name))}")
    return _readable_by(audience, path, _records(path, notes, mapping or {}))


def clean_record(
    record: RawRecord,
    *,
    cleaning: Cleaning,
    counts: Counter[str] | None = None,
    seen: SeenIds,
    notes: Notes,
) -> Article | Fault:
    """The article of a record, or why there is none.

    ``counts`` counts the articles that each cleaning rule changed. ``seen`` has the ids read so far with
    their places, for a run over several sources: the second of two records with the same id is a fault that
    names both places.
    """
    try:
        article = article_of(record.values, cleaning=cleaning, counts=counts, notes=notes)
    except BadRecord as exc:
        return Fault(record.place, exc.message, id=id_of(record.values))
    except RecursionError:
        reason = say("字段嵌套过深", "fields are nested too deeply")
        return Fault(record.place, reason, id=id_of(record.values))
    return repeated(article.id, record.place, seen) or article


def record_id(record: RawRecord) -> str:
    """The id as the record says it, empty if it says none; that of its article may lack blanks."""
    return id_of(record.values)


def repeated(id: str, place: str, seen: SeenIds) -> Fault | None:
    """Record that an id was read at a place; a fault if it was read before."""
    if (first := seen.add(id, place)) is None:
        return None
    return Fault(place, _repeated(id, first), id=id, kind=say("id 重复", "repeated id"))


def source_name(path: Path) -> str:
    """The name of a source that was given none: that of a database's mapping, else its absolute path.

    Raises ``BadInput`` for a mapping that cannot be used.
    """
    if path.is_file() and file_type(path.name) in _DATABASE:
        from indexer.sources.database.mapping import load  # here: other commands start sooner

        if name := load(path).name:
            return name
    return shown(path.absolute())


def shown(path: Path) -> str:
    """The path as text; names that are not UTF-8, as in old archives, are decoded as GB18030."""
    name = os.fsencode(path)
    for codec in ("utf-8", "gb18030"):
        try:
            return name.decode(codec)
        except UnicodeDecodeError:
            continue
    return name.decode("utf-8", "replace")


def _readable_by(
    audience: Audience | None, path: Path, items: Iterator[RawRecord | Fault]
) -> Iterator[RawRecord | Fault]:
    """The records of a source, each of which says who may read it; see :func:`read_records`."""
    records, stated = 0, False
    for item in items:
        if isinstance(item, Fault):
            yield item
            continue
        values = item.values
        records += item.audience is None
        if item.audience is not None:
            # The folder counts also where the record has only a preview.
            own = (value for name, value in values.items() if known_field(name) == "audience")
            if not any(value is not None and str(value).strip() for value in own):
                values = {
                    name: one for name, one in values.items() if known_field(name) != "audience"
                }
                values["audience"] = item.audience.label
        elif audience is None:
            stated = stated or any(known_field(name) in PROTECTING for name in values)
        elif not says_who_reads(values):
            values = {**values, "audience": audience.label}
        yield replace(item, values=values)
    if audience is None and records and not stated:
        raise AudienceUnstated(_unstated(shown(path), records))


def _records(path: Path, notes: Notes, mapping: Mapping[str, str]) -> Iterator[RawRecord | Fault]:
    if path.is_file() and file_type(path.name) in _DATABASE:
        from indexer.sources.database.reading import read_database  # here, as for Word

        yield from read_database(path, notes=notes)
        return
    audiences = FolderAudience()
    if path.is_file():
        parent = path.parent.resolve()
        found = _Found(path, shown(Path(path.name)), shown(path), audiences.of(parent))
        if file_type(found.name) == _ARCHIVE:
            yield from _archive(found, "", Names(), notes, mapping)
        else:
            yield from _file(found, notes, mapping)
        return
    root = os.path.realpath(path)
    names = Names()
    for file in _files(path):
        if isinstance(file, Fault):
            yield file
            continue
        name = shown(file.relative_to(path)).replace(os.sep, "/")
        if not (target := Path(os.path.realpath(file))).is_relative_to(root):
            kind = say("链接指向来源以外", "link that leaves the source")
            yield Fault(f"{shown(file)}:1", _link_leaves(target), id=identifier_of(name), kind=kind)
        elif not file.is_dir() and not is_statement(name):
            # A link to a folder of the source is read at its own place.
            who = audiences.of(Path(root, file.relative_to(path)).parent)
            yield from _taken(_Found(file, name, shown(file), who), names, notes, mapping)


@dataclass(frozen=True)
class _Found:
    """A file: where it is, its name in the source, its name in messages, who may read it."""

    path: Path
    name: str
    shown: str
    audience: Audience | None


def _taken(
    found: _Found, names: Names, notes: Notes, mapping: Mapping[str, str]
) -> Iterator[RawRecord | Fault]:
    """The records of a file of a folder or an archive; one of no known type is counted."""
    kind = file_type(found.name)
    if kind == _ARCHIVE:
        yield from _archive(found, f"{identifier_of(found.name)}/", names, notes, mapping)
    elif kind in _MULTI_ARTICLE | _SINGLE_ARTICLE:
        for item in _file(found, notes, mapping):
            if kind in _SINGLE_ARTICLE and isinstance(item, RawRecord):
                yield names.placed(item, found.name)
            else:
                yield item
    elif kind in _SAVE_AS:
        yield Fault(f"{found.shown}:1", _unreadable(kind), id=identifier_of(found.name))
    else:
        notes.count_file(kind, found.name)


def _archive(
    found: _Found, prefix: str, names: Names, notes: Notes, mapping: Mapping[str, str]
) -> Iterator[RawRecord | Fault]:
    """The records of the files in an archive, as if it were a folder; ``prefix``: begins their names."""
    known = _MULTI_ARTICLE.keys() | _SINGLE_ARTICLE.keys()

    def wanted(name: str) -> bool:
        return is_statement(name) or file_type(name) in known

    try:
        if not found.path.is_file():
            raise BadRecord(_not_regular())
        # Twice, because what a folder says counts for all that is in it.
        said = {
            one.name.rpartition("/")[0]: _statement(one, f"{found.shown}/{one.name}")
            for one in members(found.path, wanted=is_statement)
            if is_statement(one.name)
        }
        for member in members(found.path, wanted=wanted):
            place = f"{found.shown}/{member.name}"
            if is_statement(member.name):
                continue
            if member.path is None:
                yield Fault(f"{place}:1", member.reason, id=identifier_of(prefix + member.name))
            elif file_type(member.name) == _ARCHIVE:
                yield Fault(f"{place}:1", _nested())
            else:
                folders = [*map(str, PurePosixPath(member.name).parents)]
                who = next(
                    (said[one] for one in folders if one in said), said.get("", found.audience)
                )
                inner = _Found(member.path, prefix + member.name, place, who)
                yield from _taken(inner, names, notes, mapping)
    except BadRecord as exc:
        yield Fault(f"{found.shown}:1", exc.message)
    except OSError as exc:
        yield Fault(f"{found.shown}:1", _cannot_be_read(exc))


def _statement(member: Member, place: str) -> Audience:
    if member.path is None:
        raise BadInput(f"{place}: {member.reason}")
    return read_statement(member.path.read_bytes(), place)


def _files(folder: Path) -> Iterator[Path | Fault]:
    """Yield the files below a folder, and links to folders, sorted by name; links are not followed.

    Hidden files and Word's ``~$`` lock files are left out. A folder that cannot be read is a fault.
    """
    errors: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=errors.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in sorted([*names, *links]):
            if not name.startswith((".", "~$")):
                yield Path(parent, name)
        yield from map(_unreadable_folder, errors)
        errors.clear()
    yield from map(_unreadable_folder, errors)


def _unreadable_folder(exc: OSError) -> Fault:
    return Fault(f"{shown(Path(exc.filename))}:1", _cannot_be_read(exc))


def _file(found: _Found, notes: Notes, mapping: Mapping[str, str]) -> Iterator[RawRecord | Fault]:
    for item in _read(found, notes, mapping):
        if isinstance(item, RawRecord) and found.audience is not None:
            yield replace(item, audience=found.audience)
        else:
            yield item


def _read(found: _Found, notes: Notes, mapping: Mapping[str, str]) -> Iterator[RawRecord | Fault]:
    place, kind, identifier = f"{found.shown}:1", file_type(found.name), identifier_of(found.name)
    read_many = _MULTI_ARTICLE.get(kind)
    if not found.path.is_file():
        yield Fault(place, _not_regular(), id="" if read_many else identifier)
        return
    if read_many is not None:
        yield from read_many(Table(found.path, found.shown, mapping, notes))
        return
    try:
        if (size := found.path.stat().st_size) > MAX_SIZE:
            raise BadRecord(_too_large(size))
        name = identifier.rpartition("/")[2]
        values = _SINGLE_ARTICLE[kind](found.path.read_bytes(), name=name)
        own = any(known_field(field) == "id" and value for field, value in values.items())
        yield RawRecord(place, values if own else {**values, "id": identifier})
    except BadRecord as exc:
        yield Fault(place, exc.message, id=identifier)
    except OSError as exc:
        yield Fault(place, _cannot_be_read(exc), id=identifier)


def _unreadable(suffix: str) -> str:
    if other := _SAVE_AS.get(suffix):
        return say(f"不读 {suffix}；请另存为 {other}", f"{suffix} is not read; save it as {other}")
    known = " ".join([*_MULTI_ARTICLE, *_SINGLE_ARTICLE, _ARCHIVE, *sorted(_DATABASE)])
    return say(
        f"不认识 {suffix or '没有后缀'} 的文件；可读：{known}",
        f"files of type {suffix or '(none)'} are not read; readable types: {known}",
    )


def _nested() -> str:
    return say(
        "压缩包里的压缩包不读；请先把外面的解压成文件夹",
        "an archive in an archive is not read; unpack the outer one to a folder first",
    )


def _link_leaves(target: Path) -> str:
    return say(
        f"是链接，指向来源以外的 {shown(target)}，不读；要收录请把文件复制进来，或把它也写为来源",
        f"is a link to {shown(target)}, outside the source, and is not read; copy the file, or name it as"
        " a source, too",
    )


def _not_regular() -> str:
    return say(
        "不是普通文件（断了的链接、管道或设备），不读",
        "is not a regular file (a broken link, a pipe or a device) and is not read",
    )


def _cannot_be_read(exc: OSError) -> str:
    return say(f"读不了：{exc.strerror}", f"cannot be read: {exc.strerror}")


def _too_large(size: int) -> str:
    limit = MAX_SIZE >> 20
    return say(
        f"有 {size >> 20} MB，一篇文章的文件最多 {limit} MB",
        f"has {size >> 20} MB; the limit for a file of one article is {limit} MB",
    )


def _unstated(source: str, records: int) -> str:
    return say(
        f"{source}：{records} 条记录都没有写明谁可以看，未收录。请加 --audience public（所有人都能看）、"
        "member（只给会员）或 staff（只给内部），或设 GONGWEN_AUDIENCE；其中有收费内容的，"
        "给记录加上 preview（免费预览）、free_length（免费字数）或 audience（受众）",
        f"{source}: none of {records} records says who may read it; nothing was indexed. Add --audience"
        " public (everybody), member or staff, or set GONGWEN_AUDIENCE; if some of it is paid, give the"
        " records a preview, a free_length or an audience",
    )


def _repeated(identifier: str, first: str) -> str:
    return say(
        f"id {identifier} 与 {first} 重复，已略去；每篇文章的 id 应不同",
        f"id {identifier} is a duplicate of {first}; skipped, each article needs its own id",
    )
