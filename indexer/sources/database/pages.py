"""The rows of a database, page by page. Entry points: :class:`Pages`, :class:`Plan`.

Pages go by the order of the key, each read in one transaction. No cursor stays open: it would lock the tables
of old portals (MyISAM) while we work. A lost connection continues after the last key. A page has no more
texts than fit into little memory, however large one is. Other tables are looked up by the values of a page,
so that nothing is joined or sorted as a whole.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Final

import sqlalchemy as sa

from indexer.sources.database import encodings
from indexer.sources.database.connection import Portal, escaped
from indexer.sources.database.mapping import (
    PATH,
    Articles,
    Conditions,
    Join,
    Preview,
    Row,
    Rows,
    columns_of,
    failing,
    is_empty,
)
from search_service.errors import BadRecord
from search_service.intake.encoding import decode
from search_service.intake.fields import MAX_TEXT_LENGTH

MAX_TEXT: Final = 4 * MAX_TEXT_LENGTH  # bytes; a longer one is not fetched
BRACED: Final = re.compile(r"\{[^{}]+\}")
_PAGE: Final = 500  # rows
_PAGE_TEXTS: Final = 8 << 20  # bytes of texts in a page, if it has more than one row
_LENGTH: Final = "length of "  # prefix of the names of lengths among the values of a row


@dataclass
class Plan:
    """What is read for one kind of articles, by table: its columns, and which of them are texts."""

    own: list[str]
    joined: dict[str, list[str]]
    texts: list[str]  # fetched last, and only of rows that are indexed
    trees: dict[str, dict[str, Row]] = field(default_factory=dict)

    @classmethod
    def of(cls, articles: Articles) -> "Plan":
        """The plan for a mapping."""
        plan = cls([], {}, [str(articles.fields["body"])])
        if isinstance(articles.preview, Preview) and articles.preview.column:
            plan.texts.append(articles.preview.column)
        for name in sorted(articles.named()):
            prefix, dot, column = name.partition(".")
            if not dot:
                plan.own.append(name)
            elif column != PATH or not (prefix in articles.join and articles.join[prefix].parent):
                plan.joined.setdefault(prefix, []).append(column)
        used = articles.named(texts=False)
        plan.texts = [one for one in dict.fromkeys(plan.texts) if one not in used]
        return plan


class Pages:
    """The rows of one kind of articles. ``known``: the columns of a table, none if it does not exist."""

    def __init__(
        self,
        portal: Portal,
        articles: Articles,
        encoding: str,
        known: Callable[[str], Sequence[str]],
    ) -> None:
        self._portal = portal
        self._articles = articles
        self._encoding = encoding
        self._known = known
        self.plan = Plan.of(articles)
        # A row that fails one of these is left out for it, whatever other tables say of it.
        self._own_conditions: Conditions = dict(
            takewhile(
                lambda one: not any("." in name for name in columns_of(dict([one]))),
                articles.include.items(),
            )
        )

    def read(self, *, texts: bool) -> Iterator[list[Row]]:
        """Yield the pages; a row has the values of all columns that the mapping names, by these names.

        Without ``texts`` bodies and previews are left out. Those of rows that are not to be indexed,
        and of more than ``MAX_TEXT`` bytes, are never read.
        """
        articles, plan = self._articles, self.plan
        for join, rows in articles.join.items():
            if rows.parent:
                plan.trees[join] = self._tree(join, rows, plan.joined.get(join, []))
        last: object = None
        while True:
            after = last

            def one_page(connection: sa.Connection, after: object = after) -> list[Row]:
                return self._page(connection, after, texts=texts)

            page = self._portal.read(one_page)
            if not page:
                return
            last = page[-1][articles.key]
            yield page

    def _page(self, connection: sa.Connection, after: object, *, texts: bool) -> list[Row]:
        articles, plan = self._articles, self.plan
        lengths = [one for one in plan.texts if "." not in one]
        columns = [one for one in plan.own if texts or one not in plan.texts]
        table = source_of(articles, articles.table, [articles.key, *columns])
        key = table.c[articles.key]
        statement = sa.select(*self._selected(table, articles.key, columns, lengths)).order_by(key)
        statement = statement.where(key.is_not(None) if after is None else key > after)
        page = [row for _, row in self._rows(connection, statement.limit(_PAGE))]
        found = [row for row in page if not failing(self._own_conditions, row)]
        for name, join in articles.join.items():
            self._look_up(connection, name, join, found, texts=texts)
        if not texts:
            return page
        kept = [row for row in page if not failing(articles.include, row)]
        size = 0
        for place, row in enumerate(kept):
            size += sum(length_of(row, one) for one in plan.texts)
            if size > _PAGE_TEXTS and place:
                # The next page begins with this row.
                first = next(number for number, one in enumerate(page) if one is row)
                page, kept = page[:first], kept[:place]
                break
        self._fetch_texts(connection, kept)
        return page

    def _selected(
        self, table: sa.FromClause, key: str, columns: Sequence[str], lengths: Sequence[str]
    ) -> list[sa.ColumnElement[Any]]:
        """The columns of a statement: the key as it is, others as stored bytes, texts by length."""
        found: list[sa.ColumnElement[Any]] = [table.c[key]]
        for name in dict.fromkeys(columns):
            if name in lengths:
                found.append(sa.func.length(table.c[name]).label(f"{_LENGTH}{name}"))
            elif name != key:
                found.append(self._stored(table.c[name]))
        return found

    def _stored(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        if self._encoding == encodings.DECLARED:
            return column
        return sa.cast(column, sa.LargeBinary).label(column.key)

    def _rows(
        self, connection: sa.Connection, statement: sa.Select[Any], prefix: str = ""
    ) -> Iterator[tuple[object, Row]]:
        """The rows of a statement, each after its key, which is its first column."""
        result = connection.execute(statement)
        labels = self._labels(result.keys(), prefix)
        for row in result:
            yield row[0], self._row(labels, row)

    def _labels(self, names: Iterable[str], prefix: str = "") -> list[str]:
        """The names of columns in a row: ``join.column``, and that of its length."""
        return [
            f"{_LENGTH}{prefix}{name.removeprefix(_LENGTH)}"
            if name.startswith(_LENGTH)
            else f"{prefix}{name}"
            for name in names
        ]

    def _row(self, labels: Sequence[str], values: Iterable[object]) -> Row:
        return {
            label: self._decoded(value) if isinstance(value, bytes) else value
            for label, value in zip(labels, values, strict=True)
        }

    def _decoded(self, value: bytes) -> str | BadRecord:
        """The text of bytes; of a row that was written in another encoding than the rest, too."""
        encoding = self._encoding
        try:
            return encodings.decoded(value, "utf-8" if encoding == encodings.DECLARED else encoding)
        except UnicodeError:
            try:
                return decode(value)
            except BadRecord as exc:
                return exc

    def _look_up(
        self,
        connection: sa.Connection,
        name: str,
        join: Join,
        page: Sequence[Row],
        *,
        texts: bool,
    ) -> None:
        """Add the values of a joined row to each row of the page that has one."""
        plan, prefix = self.plan, f"{name}."
        columns = [
            one for one in plan.joined.get(name, []) if texts or prefix + one not in plan.texts
        ]
        if join.parent:
            for row in page:
                row.update(plan.trees[name].get(str(row.get(join.by)), {}))
            return
        lengths = [one.removeprefix(prefix) for one in plan.texts if one.startswith(prefix)]
        for table_name, rows in self._by_table(join, page).items():
            table = source_of(join, table_name, [join.key, *columns])
            selected = self._selected(table, join.key, columns, lengths)
            found: dict[str, Row] = {}
            wanted = [row[join.by] for row in rows]
            statement = sa.select(*selected).where(table.c[join.key].in_(wanted))
            for key, one in self._rows(connection, statement, prefix):
                found.setdefault(str(key), one)
            for row in rows:
                row.update(found.get(str(row[join.by]), {}))

    def _by_table(self, join: Join, page: Sequence[Row]) -> dict[str, list[Row]]:
        """The rows with a value to look up, by the name of the table; tables that are missing, not."""
        tables: dict[str, list[Row]] = {}
        for row in page:
            name = table_of(join, row)
            if not is_empty(row.get(join.by)) and (join.select or self._known(name)):
                tables.setdefault(name, []).append(row)
        return tables

    def _fetch_texts(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        articles, plan = self._articles, self.plan
        small = [row for row in rows if all(length_of(row, one) <= MAX_TEXT for one in plan.texts)]
        own = [one for one in plan.texts if "." not in one]
        if own and small:
            table = source_of(articles, articles.table, [articles.key, *own])
            self._add_texts(connection, table, articles.key, own, articles.key, small, "")
        for name, join in articles.join.items():
            texts = [
                one.removeprefix(f"{name}.") for one in plan.texts if one.startswith(f"{name}.")
            ]
            if not texts:
                continue
            for table_name, some in self._by_table(join, small).items():
                table = source_of(join, table_name, [join.key, *texts])
                self._add_texts(connection, table, join.key, texts, join.by, some, f"{name}.")

    def _add_texts(
        self,
        connection: sa.Connection,
        table: sa.FromClause,
        key: str,
        texts: Sequence[str],
        by: str,
        rows: Sequence[Row],
        prefix: str,
    ) -> None:
        by_key: dict[str, list[Row]] = {}
        for row in rows:
            by_key.setdefault(str(row[by]), []).append(row)
        selected = self._selected(table, key, texts, [])
        statement = sa.select(*selected).where(table.c[key].in_([row[by] for row in rows]))
        for found, values in self._rows(connection, statement, prefix):
            for row in by_key.get(str(found), []):
                row.update(values)

    def _tree(self, prefix: str, join: Join, columns: Sequence[str]) -> dict[str, Row]:
        """All nodes of a tree by key, with their paths."""
        names = [join.key, join.parent, join.name, *columns]
        names = [one for one in dict.fromkeys(names) if one != PATH]
        table = source_of(join, join.table, names)
        statement = sa.select(*self._selected(table, join.key, names, []))
        nodes = {
            str(row[join.key]): self._row(self._labels(row), row.values())
            for row in self._portal.rows(statement)
        }
        return {
            key: {f"{prefix}.{name}": value for name, value in node.items()}
            | {f"{prefix}.{PATH}": _path(key, nodes, join)}
            for key, node in nodes.items()
        }


def source_of(rows: Rows, table: str, columns: Sequence[str]) -> sa.FromClause:
    """The table, or the SELECT, with these columns."""
    named: list[sa.ColumnClause[Any]] = [sa.column(one) for one in dict.fromkeys(columns)]
    if rows.select:
        return sa.text(escaped(rows.select)).columns(*named).subquery("q")
    return sa.table(table, *named)


def table_of(join: Join, row: Row) -> str:
    """The name of the table in which a row is looked up; empty for a SELECT."""
    if join.select:
        return ""
    return BRACED.sub(lambda match: str(row.get(match[0][1:-1])), join.table)


def length_of(row: Row, text: str) -> int:
    """The length of a text in bytes; 0 if it is missing."""
    length = row.get(f"{_LENGTH}{text}")
    return length if isinstance(length, int) else 0


def _path(key: str, nodes: dict[str, Row], join: Join) -> str:
    """The names from the root down; a node that is its own ancestor ends it."""
    names: list[str] = []
    seen: set[str] = set()
    while key in nodes and key not in seen:
        seen.add(key)
        node = nodes[key]
        names.insert(0, str(node[join.name]).strip())
        key = str(node[join.parent])
    return "/".join(filter(None, names))
