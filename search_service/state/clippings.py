"""What people collect: passages and articles, with a note and a section. Entry point: :class:`Clippings`.

Only ids are stored, never a text: what an account may read is decided each time, by its role.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from analyzers.messages import say
from search_service.errors import BadInput
from search_service.state.database import METADATA, Database

# ``passage_id``: empty for a whole article. ``place``: the order of an account's clippings.
_CLIPPINGS = sa.Table(
    "clippings",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("account", sa.String(64), nullable=False),
    sa.Column("article_id", sa.String(200), nullable=False),
    sa.Column("passage_id", sa.String(64), nullable=False),
    sa.Column("section", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("place", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("account", "article_id", "passage_id"),
)
MOST = 500  # of an account
MAX_SECTION, MAX_NOTE = 60, 500  # characters


@dataclass(frozen=True, kw_only=True)
class Clipping:
    """A passage of an article, or all of it if ``passage_id`` is empty."""

    id: int
    article_id: str
    passage_id: str
    section: str
    note: str


class Clippings:
    """The clippings of accounts. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, account: str) -> Sequence[Clipping]:
        """Those of an account, in their order."""
        mine = _CLIPPINGS.c.account == account
        query = _CLIPPINGS.select().where(mine).order_by(_CLIPPINGS.c.place, _CLIPPINGS.c.id)
        with self._database.reading() as connection:
            return [
                Clipping(
                    id=row.id,
                    article_id=row.article_id,
                    passage_id=row.passage_id,
                    section=row.section,
                    note=row.note,
                )
                for row in connection.execute(query)
            ]

    def add(self, account: str, article_id: str, passage_id: str = "") -> None:
        """Put one at the end; nothing happens if it is there. Raises ``BadInput`` if there are too many."""
        column = _CLIPPINGS.c
        with self._database.writing() as connection:
            same = (
                sa.select(column.id)
                .where(column.account == account, column.article_id == article_id)
                .where(column.passage_id == passage_id)
            )
            if connection.scalar(same) is not None:
                return
            query = sa.select(sa.func.count(), sa.func.max(column.place))
            count, last = connection.execute(query.where(column.account == account)).one()
            if count >= MOST:
                raise BadInput(
                    say(
                        f"收藏夹已有 {count} 条，最多 {MOST} 条；请先删去一些",
                        f"there are {count} clippings, the limit is {MOST}; remove some first",
                    )
                )
            row = {"account": account, "article_id": article_id, "passage_id": passage_id}
            more = {"section": "", "note": "", "place": (last or 0) + 1}
            connection.execute(_CLIPPINGS.insert().values(**row, **more))

    def change(self, account: str, id: int, *, section: str, note: str) -> None:
        """Set section and note, cut to their limits; nothing happens if the account has no such clipping."""
        values = {"section": section.strip()[:MAX_SECTION], "note": note.strip()[:MAX_NOTE]}
        with self._database.writing() as connection:
            connection.execute(_CLIPPINGS.update().where(_is(account, id)).values(**values))

    def move(self, account: str, id: int, steps: int) -> None:
        """Move one by some places, towards the end if positive; not beyond the first and the last."""
        column = _CLIPPINGS.c
        with self._database.writing() as connection:
            query = sa.select(column.id).where(column.account == account)
            ids = list(connection.scalars(query.order_by(column.place, column.id)))
            if id not in ids:
                return
            at = ids.index(id)
            ids.insert(min(max(at + steps, 0), len(ids) - 1), ids.pop(at))
            for place, one in enumerate(ids, start=1):
                connection.execute(_CLIPPINGS.update().where(column.id == one).values(place=place))

    def remove(self, account: str, id: int) -> None:
        """Remove one; nothing happens if the account has no such clipping."""
        with self._database.writing() as connection:
            connection.execute(_CLIPPINGS.delete().where(_is(account, id)))


def _is(account: str, id: int) -> sa.ColumnElement[bool]:
    return sa.and_(_CLIPPINGS.c.account == account, _CLIPPINGS.c.id == id)
