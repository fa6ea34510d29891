"""Files and folders -> articles. Entry point: :func:`read_source`.

JSON, CSV (also gzipped) and workbooks contain many articles; text, web pages, PDF and documents of office
programs one; .yaml maps a database. A record that cannot be used becomes a :class:`Fault` with its place and
never stops the rest.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from analyzers.messages import say
from indexer.sources.documents import markdown_record, text_record
from indexer.sources.html_files import html_record
from indexer.sources.limits import MAX_SIZE
from indexer.sources.seen import SeenIds
from indexer.sources.tables import Table, id_of, read_csv, read_json, read_jsonl
from indexer.sources.xml_lists import read_xml
from search_service.errors import AudienceUnstated, BadInput, BadRecord
from search_service.intake.cleaning import Cleaning
from search_service.intake.names import PROTECTING, known_field, says_who_reads
from search_service.intake.record import Fault, Notes, RawRecord, article_of
from search_service.model import Article, Audience

__all__ = ["Fault", "Notes", "read_source"]


def _word_record(data: bytes, *, name: str) -> dict[str, object]:
    # Here: other commands start a twentieth sooner.
    from indexer.sources.word.document import word_record

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

    Files are streamed. ``counts`` counts the articles that each cleaning rule changed. ``seen`` has the
    ids read so far with their places, for a run over several sources: the second of two records with the
    same id is a fault that names both places. ``notes`` collects warnings. ``audience``: who may read the
    records that do not say it; None: unknown, then :class:`AudienceUnstated` is raised at the end of a source
    of which no record says it. ``mapping``: the fields of columns of tables, by their names. Links that leave
    the source are faults; the source itself may be a link.
    Raises :class:`BadInput` at once if ``path`` is missing or a file of an unknown type; while reading,
    ``SourceUnavailable`` if a database is lost.
    """
    if not path.exists():
        raise BadInput(
            say(f"没有 {shown(path)} 这个文件或目录", f"no such file or folder: {shown(path)}")
        )
    known = _DATABASE | _MULTI_ARTICLE.keys() | _SINGLE_ARTICLE.keys()
    if path.is_file() and _type(path) not in known:
        raise BadInput(f"{shown(path)}: {_unreadable(path)}")
    return _articles(
        path,
        cleaning,
        counts,
        SeenIds() if seen is None else seen,
        Notes() if notes is None else notes,
        audience,
        mapping or {},
    )


def source_name(path: Path) -> str:
    """The name of a source that was given none: that of a database's mapping, else its absolute path.

    Raises ``BadInput`` for a mapping that cannot be used.
    """
    if path.is_file() and _type(path) in _DATABASE:
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


def _articles(
    path: Path,
    cleaning: Cleaning,
    counts: Counter[str] | None,
    seen: SeenIds,
    notes: Notes,
    audience: Audience | None,
    mapping: Mapping[str, str],
) -> Iterator[Article | Fault]:
    records, stated = 0, False
    for item in _records(path, notes, mapping):
        if isinstance(item, Fault):
            yield item
            continue
        records += 1
        values = item.values
        if audience is None:
            stated = stated or any(known_field(name) in PROTECTING for name in values)
        elif not says_who_reads(values):
            values = {**values, "audience": audience.label}
        try:
            article = article_of(values, cleaning=cleaning, counts=counts, notes=notes)
        except BadRecord as exc:
            yield Fault(item.place, exc.message, id=id_of(item.values))
            continue
        except RecursionError:
            reason = say("字段嵌套过深", "fields are nested too deeply")
            yield Fault(item.place, reason, id=id_of(item.values))
            continue
        if (first := seen.add(article.id, item.place)) is None:
            yield article
        else:
            kind = say("id 重复", "repeated id")
            yield Fault(item.place, _repeated(article.id, first), id=article.id, kind=kind)
    if audience is None and records and not stated:
        raise AudienceUnstated(_unstated(shown(path), records))


def _records(path: Path, notes: Notes, mapping: Mapping[str, str]) -> Iterator[RawRecord | Fault]:
    if path.is_file() and _type(path) in _DATABASE:
        from indexer.sources.database.reading import (
            read_database,
        )  # here: other commands start sooner

        yield from read_database(path, notes=notes)
        return
    if path.is_file():
        identifier = _stem(shown(Path(path.name)), _type(path))
        yield from _file(path, identifier, notes, mapping)
        return
    root = os.path.realpath(path)
    names = _Names()
    for file in _files(path):
        if isinstance(file, Fault):
            yield file
        elif not (target := Path(os.path.realpath(file))).is_relative_to(root):
            kind = say("链接指向来源以外", "link that leaves the source")
            yield Fault(
                f"{shown(file)}:1", _link_leaves(target), id=_file_id(path, file), kind=kind
            )
        elif file.is_dir():
            continue  # a link to a folder of the source, which is read at its own place
        elif _type(file) in _MULTI_ARTICLE | _SINGLE_ARTICLE:
            identifier = _file_id(path, file)
            for item in _file(file, identifier, notes, mapping):
                if _type(file) in _SINGLE_ARTICLE and isinstance(item, RawRecord):
                    yield names.placed(item, shown(file.relative_to(path)).replace(os.sep, "/"))
                else:
                    yield item
        elif file.suffix.lower() in _SAVE_AS:
            yield Fault(f"{shown(file)}:1", _unreadable(file), id=_file_id(path, file))
        else:
            notes.count_file(_type(file), shown(file.relative_to(path)))


def _folder(identifier: str) -> str:
    return identifier.rpartition("/")[0]


class _Names:
    """Ids and categories that files of one article get by their names."""

    def __init__(self) -> None:
        self._folder = ""
        self._texts: dict[str, int] = {}  # of the ids in the present folder

    def placed(self, record: RawRecord, path: str) -> RawRecord:
        """The record of a file.

        Of two files that differ only in their suffix the second has it in its id, unless both have the same
        text. The category, if the file says none, is the folders, without those of years.
        """
        folder, values = _folder(path), dict(record.values)
        if folder != self._folder:
            self._folder, self._texts = folder, {}
        identifier = str(values["id"])
        text = hash((values.get("title"), str(values.get("body")).strip()))
        if path.startswith(f"{identifier}.") and self._texts.setdefault(identifier, text) != text:
            values["id"] = path
        levels = [level for level in folder.split("/") if re.search(r"[^\W0-9_年月日]", level)]
        if levels and not any(known_field(name) == "category" for name in values):
            values["category"] = "/".join(levels)
        return RawRecord(record.place, values)


def _file_id(folder: Path, file: Path) -> str:
    """The id of a file of one article: its path in the folder, without the suffix."""
    return _stem(shown(file.relative_to(folder)), _type(file))


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


def _file(
    path: Path, identifier: str, notes: Notes, mapping: Mapping[str, str]
) -> Iterator[RawRecord | Fault]:
    place = f"{shown(path)}:1"
    read_many = _MULTI_ARTICLE.get(_type(path))
    if not path.is_file():
        yield Fault(place, _not_regular(), id="" if read_many else identifier)
        return
    if read_many is not None:
        yield from read_many(Table(path, shown(path), mapping, notes))
        return
    try:
        if path.stat().st_size > MAX_SIZE:
            raise BadRecord(_too_large(path.stat().st_size))
        name = identifier.rpartition("/")[2]
        values = _SINGLE_ARTICLE[_type(path)](path.read_bytes(), name=name)
        own = any(known_field(field) == "id" and value for field, value in values.items())
        yield RawRecord(place, values if own else {**values, "id": identifier})
    except BadRecord as exc:
        yield Fault(place, exc.message, id=identifier)
    except OSError as exc:
        yield Fault(place, _cannot_be_read(exc), id=identifier)


def _type(path: Path) -> str:
    """The suffix, lower-case; of a gzipped file the last two."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return "".join(suffixes[-2:] if suffixes[-1:] == [".gz"] else suffixes[-1:])


def _stem(name: str, suffix: str) -> str:
    return name.replace(os.sep, "/")[: -len(suffix)]


def _unreadable(path: Path) -> str:
    suffix = path.suffix.lower()
    if other := _SAVE_AS.get(suffix):
        return say(f"不读 {suffix}；请另存为 {other}", f"{suffix} is not read; save it as {other}")
    known = " ".join([*_MULTI_ARTICLE, *_SINGLE_ARTICLE, *sorted(_DATABASE)])
    return say(
        f"不认识 {suffix or '没有后缀'} 的文件；可读：{known}",
        f"files of type {suffix or '(none)'} are not read; readable types: {known}",
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
