"""The sources of the index: which article came from which, and when each was last synchronised.

Entry points: :class:`Sources`, :class:`Origin`. A source has a name. What a source does not contain any more
is deleted only if it came from there: articles of other sources, or added one by one, are left alone.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import sqlalchemy as sa

from search_service.state.database import METADATA, Database

# ``synced``: when it was last read completely and everything was written, in seconds since the epoch.
_SOURCES = sa.Table(
    "sources",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("synced", sa.BigInteger),
)
# ``staged``: as a build has read it; in force once that is activated. ``record``, ``article``: see Digests.
_ORIGINS = sa.Table(
    "origins",
    METADATA,
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("staged", sa.Boolean, primary_key=True, autoincrement=False),
    sa.Column("source", sa.Integer, nullable=False),
    sa.Column("record", sa.LargeBinary),
    sa.Column("article", sa.Text),
    sa.Index("origins_of_source", "source", "staged", "article_id"),
)
_PAGE = 500


@dataclass(frozen=True)
class Source:
    """A source, and when it was last synchronised in full, in seconds since the epoch; None: never."""

    name: str
    synced: int | None

    def age(self, now: float) -> int | None:
        """Seconds since it was synchronised in full; None: it never was."""
        return None if self.synced is None else max(0, int(now) - self.synced)


class Digests(NamedTuple):
    """A hash of the record that an article was made of, and what the article is compared by with an index."""

    record: bytes
    article: str


class Origin(NamedTuple):
    """The source of an article; ``digests``: as it was when last read, None if that is not known."""

    source: str
    digests: Digests | None


class Sources:
    """Names of sources, and the articles of each. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Source]:
        """All sources, by name."""
        query = sa.select(_SOURCES.c.name, _SOURCES.c.synced).order_by(_SOURCES.c.name)
        return self._database.remembered(
            "sources", lambda connection: [Source(*row) for row in connection.execute(query)]
        )

    def of(self, ids: Sequence[str]) -> Mapping[str, Origin]:
        """The origins of these articles, by id; without those that came from no source."""
        joined = _ORIGINS.join(_SOURCES, _ORIGINS.c.source == _SOURCES.c.id)
        columns = (_ORIGINS.c.article_id, _SOURCES.c.name, _ORIGINS.c.record, _ORIGINS.c.article)
        found: dict[str, Origin] = {}
        with self._database.reading() as connection:
            for start in range(0, len(ids), _PAGE):
                query = (
                    sa.select(*columns)
                    .select_from(joined)
                    .where(_ORIGINS.c.article_id.in_(ids[start : start + _PAGE]))
                    .where(~_ORIGINS.c.staged)
                )
                for id, name, record, article in connection.execute(query):
                    known = None if record is None else Digests(record, article)
                    found[id] = Origin(name, known)
        return found

    def articles(self, name: str) -> Iterator[str]:
        """The ids of the articles of a source, ascending, read in pages."""
        last = ""
        while True:
            with self._database.reading() as connection:
                query = (
                    sa.select(_ORIGINS.c.article_id)
                    .join(_SOURCES, _ORIGINS.c.source == _SOURCES.c.id)
                    .where(_SOURCES.c.name == name, ~_ORIGINS.c.staged)
                    .where(_ORIGINS.c.article_id > last)
                )
                page = list(connection.scalars(query.order_by(_ORIGINS.c.article_id).limit(_PAGE)))
            if not page:
                return
            yield from page
            last = page[-1]

    def claim(self, name: str, articles: Mapping[str, Digests | None]) -> None:
        """Record that these articles, by id, came from a source."""
        with self._database.writing() as connection:
            claim(connection, name, articles, articles)

    def release(self, ids: Collection[str]) -> None:
        """Record that these articles are in no source any more."""
        with self._database.writing() as connection:
            release(connection, ids)

    def stage(self, name: str, articles: Mapping[str, Digests | None]) -> None:
        """Record that a build has read these articles, by id, from a source."""
        with self._database.writing() as connection:
            claim(connection, name, articles, articles, staged=True)

    def unstage(self) -> None:
        """Forget what was staged."""
        with self._database.writing() as connection:
            connection.execute(_ORIGINS.delete().where(_ORIGINS.c.staged))

    def activate(self) -> None:
        """Put what was staged in force: its sources count as synchronised now, others as never.

        The articles of other sources keep theirs, because a rollback brings them back. Nothing is changed
        if nothing was staged.
        """
        with self._database.writing() as connection:
            query = sa.select(_ORIGINS.c.source).where(_ORIGINS.c.staged).distinct()
            if not (staged := list(connection.scalars(query))):
                return
            read = sa.select(_ORIGINS.c.article_id).where(_ORIGINS.c.staged).scalar_subquery()
            old = _ORIGINS.delete().where(~_ORIGINS.c.staged, _ORIGINS.c.article_id.in_(read))
            connection.execute(old)
            connection.execute(_ORIGINS.update().where(_ORIGINS.c.staged).values(staged=False))
            connection.execute(_SOURCES.update().values(synced=None))
            now = _SOURCES.update().where(_SOURCES.c.id.in_(staged))
            connection.execute(now.values(synced=int(time.time())))

    def finish(self, name: str) -> None:
        """Record that a source was synchronised in full just now."""
        with self._database.writing() as connection:
            number = _number(connection, name)
            done = _SOURCES.update().where(_SOURCES.c.id == number)
            connection.execute(done.values(synced=int(time.time())))


def claim(
    connection: sa.Connection,
    name: str,
    ids: Collection[str],
    known: Mapping[str, Digests | None] = MappingProxyType({}),
    *,
    staged: bool = False,
) -> None:
    """Within a transaction: record that these articles came from a source, with the known digests."""
    if not ids:
        return
    release(connection, ids, staged=staged)
    number = _number(connection, name)
    rows = [
        {"article_id": id, "staged": staged, "source": number, "record": record, "article": article}
        for id in ids
        for record, article in [known.get(id) or (None, None)]
    ]
    connection.execute(_ORIGINS.insert(), rows)


def release(connection: sa.Connection, ids: Collection[str], *, staged: bool = False) -> None:
    """Within a transaction: record that these articles are in no source any more."""
    listed = list(ids)
    for start in range(0, len(listed), _PAGE):
        these = _ORIGINS.c.article_id.in_(listed[start : start + _PAGE])
        connection.execute(_ORIGINS.delete().where(these, _ORIGINS.c.staged == staged))


def _number(connection: sa.Connection, name: str) -> int:
    """The number of a source, a new one if it has none."""
    query = sa.select(_SOURCES.c.id).where(_SOURCES.c.name == name)
    found = connection.scalar(query)
    if found is None:
        connection.execute(_SOURCES.insert().values(name=name))
        found = connection.scalar(query)
    return int(found or 0)
