"""Rows of a database -> records. Entry points: :func:`read_database`, :class:`Source`."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Self

import sqlalchemy as sa

from analyzers.messages import say
from indexer.sources.database import encodings
from indexer.sources.database.connection import Portal
from indexer.sources.database.mapping import (
    PATH,
    Database,
    Mapping,
    Rows,
    failing,
    load,
    names_in,
    value_of,
)
from indexer.sources.database.pages import BRACED, Pages, source_of
from indexer.sources.database.records import is_public, values_of
from search_service.errors import BadInput, BadRecord
from search_service.intake.record import Fault, Notes, RawRecord
from search_service.settings import variable

_SAMPLE: Final = 200  # rows that tell the encoding
_SAMPLE_LENGTH: Final = 300  # characters of each
PUBLIC, PAID = "public", "paid"


def read_database(path: Path, *, notes: Notes) -> Iterator[RawRecord | Fault]:
    """Yield the records of a mapping's database. Raises ``BadInput`` for a mapping that does not fit it."""
    mapping = load(path)
    with Source(mapping, path) as source:
        source.check()
        yield from source.records(notes)


class Source:
    """A mapping and its database."""

    def __init__(self, mapping: Mapping, path: Path) -> None:
        self.mapping = mapping
        self._shown = str(path)
        database = mapping.database
        self.portal = Portal(database.url, password_of(database, path.parent))
        self._known: dict[str, list[str]] = {}  # columns by table
        self._pages = {
            name: Pages(self.portal, one, database.encoding, self._columns)
            for name, one in mapping.articles.items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.portal.close()

    # --- checking ------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise ``BadInput`` that names every table and column that is not there, and the encoding."""
        tables = self.portal.tables()
        faults: list[str] = []
        for name, articles in self.mapping.articles.items():
            plan = self._pages[name].plan
            faults += self._faults(name, articles, [articles.key, *plan.own], tables)
            for join, rows in articles.join.items():
                tree = [rows.parent, rows.name] if rows.parent else []
                columns = [rows.key, *tree, *plan.joined.get(join, [])]
                faults += self._faults(f"{name}.join.{join}", rows, columns, tables)
            for column in articles.named():
                prefix, dot, _ = column.partition(".")
                if dot and prefix not in articles.join:
                    known = ", ".join(articles.join)
                    faults.append(
                        say(
                            f"{name}：{column} 里的 {prefix} 不在 join 里（有：{known}）",
                            f"{name}: {prefix} of {column} is no join; there are: {known}",
                        )
                    )
        if faults:
            raise BadInput(f"{self._shown}: " + say("；", "; ").join(faults))
        if self.mapping.database.encoding == encodings.DECLARED:
            found = self.encoding()
            if found != encodings.DECLARED:
                raise BadInput(
                    say(
                        f"{self._shown}: 表里存的其实是 {found}，与声明的编码不符，照读会是乱码。"
                        f"请在 database 下加一行 encoding: {found}",
                        f"{self._shown}: what the tables store is {found}, not what they declare, and"
                        f" would be garbage. Add to `database`: encoding: {found}",
                    )
                )

    def _faults(
        self, place: str, rows: Rows, columns: Sequence[str], tables: Sequence[str]
    ) -> Iterator[str]:
        names = [rows.select]
        if rows.table:
            pattern = ".+".join(map(re.escape, BRACED.split(rows.table)))
            names = [table for table in tables if re.fullmatch(pattern, table)]
            if not names:
                near = ", ".join(tables[:60]) or say("一个表也没有", "no table at all")
                yield say(
                    f"{place}：没有 {rows.table} 这个表；有：{near}",
                    f"{place}: no table {rows.table}; there are: {near}",
                )
        for name in names:
            known = self._columns(name, select=not rows.table)
            if missing := sorted({one for one in columns if one and one not in known} - {PATH}):
                yield say(
                    f"{place}：{name if rows.table else 'select'} 没有 {'、'.join(missing)} 列；"
                    f"有：{', '.join(known)}",
                    f"{place}: {name if rows.table else 'the select'} has no column"
                    f" {', '.join(missing)}; there are: {', '.join(known)}",
                )

    def _columns(self, name: str, *, select: bool = False) -> list[str]:
        if name not in self._known:
            read = self.portal.columns_of_select if select else self.portal.columns
            self._known[name] = read(name)
        return self._known[name]

    def encoding(self) -> str:
        """The encoding in which the titles and texts are stored, if it is not the declared one."""
        if self.portal.dialect != "mysql":
            return encodings.DECLARED
        for name, articles in self.mapping.articles.items():
            title = str(next(names_in(articles.fields["title"]), ""))
            if "." in title or title not in self._pages[name].plan.own:
                continue
            table = source_of(articles, articles.table, [title])
            head = sa.func.left(table.c[title], _SAMPLE_LENGTH)
            statement = sa.select(
                sa.cast(head, sa.LargeBinary).label("stored"), head.label("declared")
            ).limit(_SAMPLE)
            rows = self.portal.rows(statement)
            stored = [one for row in rows if isinstance(one := row["stored"], bytes)]
            found = encodings.detect(stored, [str(row["declared"] or "") for row in rows])
            if found != encodings.DECLARED:
                return found
        return encodings.DECLARED

    # --- reading -------------------------------------------------------------------------------

    def records(self, notes: Notes) -> Iterator[RawRecord | Fault]:
        """Yield the records of all kinds of articles; ``notes`` counts the rows that are left out."""
        for name, articles in self.mapping.articles.items():
            for page in self._pages[name].read(texts=True):
                for row in page:
                    if reason := failing(articles.include, row):
                        notes.count_left_out(f"{name} {reason}")
                        continue
                    place = f"{self._shown}:{name}/{row[articles.key]}"
                    identifier = str(value_of(articles.id, row) or "")
                    try:
                        yield RawRecord(place, values_of(articles, row, self.mapping.site))
                    except BadRecord as exc:
                        yield Fault(place, exc.message, id=identifier)

    def counts(self, name: str) -> Counter[str]:
        """How many rows become what: PUBLIC, PAID, or the reason why they are left out. Reads no text."""
        articles = self.mapping.articles[name]
        return Counter(
            failing(articles.include, row) or (PUBLIC if is_public(articles, row) else PAID)
            for page in self._pages[name].read(texts=False)
            for row in page
        )


def password_of(database: Database, folder: Path) -> str:
    """The password, from its file (relative to the mapping) or environment variable; raises ``BadInput``."""
    if database.password_env:
        if (password := variable(database.password_env)) is None:
            name = database.password_env
            raise BadInput(
                say(
                    f"环境变量 {name}（数据库口令）没有设",
                    f"{name}, the password of the database, is not set",
                )
            )
        return password
    if database.password_file:
        path = folder / database.password_file
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as exc:
            raise BadInput(
                say(f"口令文件 {path} 读不了：{exc}", f"the file of the password, {path}: {exc}")
            ) from exc
    return ""
