"""Hidden articles: the ids that the staff took down, and the articles that rebuilds left out for it.

Entry points: :class:`Hidden`, :class:`HiddenArticles`.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import sqlalchemy as sa

from search_service import logs
from search_service.state.database import IDENTITY, METADATA, Database
from search_service.state.inserts import inserted

_HIDDEN = sa.Table(
    "hidden",
    METADATA,
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("since", sa.String(32), nullable=False),
)
# ``build``: the sequence number of the load that read the article.
_SHELF = sa.Table(
    "shelf",
    METADATA,
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("build", sa.BigInteger, nullable=False),
    sa.Column("article", sa.LargeBinary, nullable=False),
)

_log = logs.Log(__name__)


class Hidden:
    """The list of hidden ids. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> tuple[str, frozenset[str]]:
        """The state's identity and the hidden ids, both read in one statement.

        Raises ``StateLost`` if there is no state, or if the list has not as many rows as were hidden.
        """
        return self._database.remembered("hidden", self._read)

    def _read(self, connection: sa.Connection) -> tuple[str, frozenset[str]]:
        everything = sa.outerjoin(IDENTITY, _HIDDEN, sa.true())
        columns = (IDENTITY.c.id, IDENTITY.c.hidden, _HIDDEN.c.article_id)
        rows = connection.execute(sa.select(*columns).select_from(everything)).all()
        if not rows:
            raise self._database.lost("已被清空", "was emptied", usable=False)
        hidden = frozenset(row.article_id for row in rows if row.article_id is not None)
        if len(hidden) != rows[0].hidden:
            raise self._database.lost(
                f"的下架名单应有 {rows[0].hidden} 条，现有 {len(hidden)} 条",
                f"has {len(hidden)} of {rows[0].hidden} entries of the list of hidden articles",
                usable=False,
            )
        return rows[0].id, hidden

    def ids(self) -> frozenset[str]:
        """The hidden ids; no answer may show them."""
        return self.read()[1]

    def hide(self, article_id: str) -> bool:
        """Hide an article everywhere until :meth:`unhide`; False if it was hidden already.

        Creates the database if there is none: after a loss, hiding again is the first step of the remedy.
        """
        self._database.create()
        self.read()  # an entry in an emptied list would be lost with it
        entry = _HIDDEN.insert().values(
            article_id=article_id, since=datetime.now(UTC).isoformat(timespec="seconds")
        )
        if not inserted(self._database, entry, _counting(1)):
            return False
        _log.info("article-hidden", article=logs.quoted(article_id))
        return True

    def unhide(self, article_id: str) -> bool:
        """Stop hiding an article; False if it was not hidden."""
        self.read()  # raises if the list is incomplete
        with self._database.writing() as connection:
            done = connection.execute(_HIDDEN.delete().where(_HIDDEN.c.article_id == article_id))
            connection.execute(_counting(-done.rowcount))
        if done.rowcount:
            _log.info("article-unhidden", article=logs.quoted(article_id))
        return bool(done.rowcount)


class HiddenArticles:
    """Packed articles by id, as in the ledger. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, articles: Mapping[str, bytes], build: int) -> None:
        """Store articles that the load with the sequence number ``build`` left out."""
        if not articles:
            return
        rows = [
            {"article_id": id, "build": build, "article": article}
            for id, article in articles.items()
        ]
        with self._database.writing() as connection:
            connection.execute(_SHELF.delete().where(_SHELF.c.article_id.in_(list(articles))))
            connection.execute(_SHELF.insert(), rows)

    def articles(self) -> Mapping[str, bytes]:
        """All of them, by id."""
        with self._database.reading() as connection:
            return {row.article_id: row.article for row in connection.execute(_SHELF.select())}

    def drop(self, ids: Collection[str]) -> None:
        """Delete these articles."""
        if ids:
            with self._database.writing() as connection:
                connection.execute(_SHELF.delete().where(_SHELF.c.article_id.in_(list(ids))))

    def drop_before(self, build: int) -> None:
        """Delete the articles that no load since ``build`` read: the sources no longer have them."""
        with self._database.writing() as connection:
            connection.execute(_SHELF.delete().where(_SHELF.c.build < build))


def _counting(more: int) -> sa.Update:
    return IDENTITY.update().values(hidden=IDENTITY.c.hidden + more)
