"""A portal whose articles are edited, and what guests and members should read of it: :class:`Site`.

Its texts contain marks, 题令7 in a title, 简令7 in a preview, 文令7 in the text. No number occurs twice, and
what is in an index is compared by them.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import sqlalchemy as sa

from tests.support.portals import UNIX, encoded

MARK = re.compile("[题简文]令[0-9]+")
_CATEGORIES = 12
_numbers = count(1000)
_marks = count(1)
Marks = frozenset[str]


@dataclass(frozen=True)
class Row:
    """An article of a portal: the numbers of its marks, its category, whether it is paid, and is shown."""

    title: int
    text: int
    category: int
    paid: bool = False
    shown: bool = True


@dataclass
class Site:
    """The database of a portal. ``stored``: the encoding of the bytes in it, if another than is declared."""

    kind: str
    engine: sa.Engine
    stored: str
    bodies: Sequence[str]
    draw: random.Random
    rows: dict[int, Row] = field(default_factory=dict)
    paid: set[int] = field(default_factory=set)  # categories

    def begin(self, articles: int) -> None:
        """Insert categories and articles."""
        with self.engine.connect() as connection:
            for number in range(1, _CATEGORIES + 1):
                self._insert(connection, *_CATEGORY_ROWS[self.kind](number))
            for _ in range(articles):
                self._add(connection)

    def edit(self) -> str:
        """Change something by chance; what it was."""
        if not self.rows:
            choice = "add"
        else:
            names, weights = zip(*_EDITS.items(), strict=True)
            (choice,) = self.draw.choices(names, weights)
        with self.engine.connect() as connection:
            if choice == "add":
                self._add(connection)
            elif choice == "category":
                self._move_category(connection)
            else:
                self._change(connection, choice)
        return choice

    def expected(self) -> tuple[dict[str, Marks], dict[str, Marks]]:
        """The marks that guests and members should read, by id."""
        guests: dict[str, Marks] = {}
        members: dict[str, Marks] = {}
        for number, row in self.rows.items():
            if row.shown:
                id = f"news-{number}" if self.kind == "empirecms" else str(number)
                title, intro, text = f"题令{row.title}", f"简令{row.text}", f"文令{row.text}"
                paid = row.paid or row.category in self.paid
                in_text = self.kind == "wordpress"  # the part before the paid one
                guests[id] = frozenset({title, intro if paid or in_text else text})
                guests[id] |= frozenset() if paid else {text}
                members[id] = frozenset({title, text, *([intro] if in_text else [])})
        return guests, members

    def _add(self, connection: sa.Connection) -> None:
        number = next(_numbers)
        category = self.draw.randint(1, _CATEGORIES)
        row = Row(next(_marks), next(_marks), category, self.draw.random() < 0.3)
        self._write(connection, number, row)

    def _change(self, connection: sa.Connection, choice: str) -> None:
        number = self.draw.choice(sorted(self.rows))
        row = self.rows[number]
        if choice == "delete":
            self._delete(connection, number)
            del self.rows[number]
            return
        changed = {
            "title": replace(row, title=next(_marks)),
            "text": replace(row, text=next(_marks)),
            "paid": replace(row, paid=not row.paid),
            "moved": replace(row, category=self.draw.randint(1, _CATEGORIES)),
            "shown": replace(row, shown=not row.shown),
        }[choice]
        self._delete(connection, number)
        self._write(connection, number, changed)

    def _move_category(self, connection: sa.Connection) -> None:
        """Make the articles of a category paid or free; their rows are not touched."""
        statement = _CATEGORY_RIGHTS.get(self.kind)
        if statement is None:
            return
        number = self.draw.randint(1, _CATEGORIES)
        self.paid ^= {number}
        connection.execute(sa.text(statement[number in self.paid]), {"number": number})

    def _write(self, connection: sa.Connection, number: int, row: Row) -> None:
        self.rows[number] = row
        body = self.draw.choice(self.bodies)
        for table, values in _ROWS[self.kind](number, row, body):
            self._insert(connection, table, values)

    def _insert(self, connection: sa.Connection, table: str, values: Mapping[str, Any]) -> None:
        columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in values]
        insert = sa.insert(sa.table(table, *columns))
        connection.execute(insert.values(encoded(values, self.stored)))

    def _delete(self, connection: sa.Connection, number: int) -> None:
        for table, key in _KEYS[self.kind]:
            connection.execute(
                sa.text(f"DELETE FROM {table} WHERE {key} = :number"),  # noqa: S608  (constants)
                {"number": number},
            )


_EDITS = {
    "text": 30,
    "title": 10,
    "paid": 20,
    "category": 3,
    "moved": 6,
    "shown": 8,
    "delete": 9,
    "add": 14,
}
# Statements that make a category free, and paid.
_CATEGORY_RIGHTS = {
    "empirecms": (
        "UPDATE phome_enewsclass SET cgroupid = '', cgtoinfo = 0 WHERE classid = :number",
        "UPDATE phome_enewsclass SET cgroupid = ',2,', cgtoinfo = 1 WHERE classid = :number",
    ),
    "dedecms": (
        "UPDATE dede_arctype SET corank = 0 WHERE id = :number",
        "UPDATE dede_arctype SET corank = 50 WHERE id = :number",
    ),
}
_KEYS = {
    "empirecms": (
        ("phome_ecms_news", "id"),
        ("phome_ecms_news_check", "id"),
        ("phome_ecms_news_data_1", "id"),
        ("phome_ecms_news_check_data", "id"),
    ),
    "dedecms": (("dede_archives", "id"), ("dede_addonarticle", "aid")),
    "wordpress": (("wp_posts", "ID"), ("wp_term_relationships", "object_id")),
}
_CATEGORY_ROWS: Mapping[str, Callable[[int], tuple[str, dict[str, Any]]]] = {
    "empirecms": lambda n: ("phome_enewsclass", {"classid": n, "classname": f"栏目{n}"}),
    "dedecms": lambda n: ("dede_arctype", {"id": n, "typename": f"栏目{n}"}),
    "wordpress": lambda n: ("wp_terms", {"term_id": n, "name": f"栏目{n}"}),
}


def _empire(number: int, row: Row, body: str) -> Iterator[tuple[str, dict[str, Any]]]:
    check = "" if row.shown else "_check"
    values = {"id": number, "title": f"关于防汛的通知题令{row.title}", "classid": row.category}
    values |= {"newstime": UNIX, "lastdotime": UNIX, "stb": 1, "groupid": 2 * row.paid}
    yield f"phome_ecms_news{check}", values | {"smalltext": f"值班简令{row.text}"}
    data = "_check_data" if check else "_data_1"
    yield f"phome_ecms_news{data}", {"id": number, "newstext": f"<p>文令{row.text}。</p>{body}"}


def _dede(number: int, row: Row, body: str) -> Iterator[tuple[str, dict[str, Any]]]:
    rank = (50 if row.paid else 0) if row.shown else -2
    values = {"id": number, "title": f"关于饮水安全的通知题令{row.title}", "typeid": row.category}
    values |= {"channel": 1, "pubdate": UNIX, "senddate": UNIX, "arcrank": rank}
    yield "dede_archives", values | {"description": f"摘要简令{row.text}"}
    yield "dede_addonarticle", {"aid": number, "body": f"<p>文令{row.text}。</p>{body}"}


def _wordpress(number: int, row: Row, body: str) -> Iterator[tuple[str, dict[str, Any]]]:
    text = f"<p>文令{row.text}。</p>{body}"
    content = f"<p>开头简令{row.text}。</p>" + (f"[vip]{text}[/vip]" if row.paid else text)
    status = "publish" if row.shown else "trash"
    values = {"ID": number, "post_title": f"在会议上的讲话题令{row.title}", "post_type": "post"}
    values |= {"post_status": status, "post_date": "2024-06-03 10:00:00"}
    yield "wp_posts", values | {"post_content": content}


_ROWS = {"empirecms": _empire, "dedecms": _dede, "wordpress": _wordpress}
