"""Hidden articles: which ids the staff took down, and the articles that no index has because of it.

Entry points: :class:`Hidden`, :class:`HiddenArticles`.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from search_service import logs
from search_service.state.database import IDENTITY, METADATA, Database

_HIDDEN = sa.Table(
    "hidden",
    METADATA,
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("since", sa.String(32), nullable=False),
)
# ``build``: the ledger's number of the load that read the article.
_SHELF = sa.Table(
    "shelf",
    METADATA,
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("build", sa.BigInteger, nullable=False),
    sa.Column("article", sa.LargeBinary, nullable=False),
)

_log = logs.Log(__name__)


class Hidden:
    """The ids that the staff took down. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> tuple[str, frozenset[str]]:
        """The state's identity and the ids that the staff took down, of one moment.

        Raises ``StateLost`` where there is no state, or it is not whole.
        """
        everything = sa.outerjoin(IDENTITY, _HIDDEN, sa.true())
        columns = (IDENTITY.c.id, IDENTITY.c.hidden, _HIDDEN.c.article_id)
        query = sa.select(*columns).select_from(everything)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        if not rows:
            raise self._database.lost("已被清空", "was emptied", usable=False)
        hidden = frozenset(row.article_id for row in rows if row.article_id is not None)
        if len(hidden) != rows[0].hidden:
            raise self._database.lost(
                f"的下架名单应有 {rows[0].hidden} 条，现有 {len(hidden)} 条",
                f"has {len(hidden)} of {rows[0].hidden} entries of what was taken down",
                usable=False,
            )
        return rows[0].id, hidden

    def ids(self) -> frozenset[str]:
        """Ids that the staff took down; no answer may show them."""
        return self.read()[1]

    def hide(self, article_id: str) -> bool:
        """Take an article down everywhere until :meth:`unhide`; False if it was hidden already.

        Makes the database where there is none: after a loss, this is the first thing to do.
        """
        self._database.create()
        self.read()  # in what was emptied it would be lost again by the remedy
        entry = _HIDDEN.insert().values(
            article_id=article_id, since=datetime.now(UTC).isoformat(timespec="seconds")
        )
        # Not asked first: of two that hide it at once, the second would fail.
        with self._database.translated():
            try:
                with self._database.transaction() as connection:
                    connection.execute(entry)
                    _count(connection, 1)
            except IntegrityError:
                return False
        _log.info("article-hidden", article=logs.quoted(article_id))
        return True

    def unhide(self, article_id: str) -> bool:
        """Let an article be found again; False if it was not hidden."""
        self.read()  # of a list that is not whole nothing true could be said
        with self._database.writing() as connection:
            done = connection.execute(_HIDDEN.delete().where(_HIDDEN.c.article_id == article_id))
            _count(connection, -done.rowcount)
        if done.rowcount:
            _log.info("article-unhidden", article=logs.quoted(article_id))
        return bool(done.rowcount)


class HiddenArticles:
    """Articles by id, as the ledger holds them. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, articles: Mapping[str, bytes], build: int) -> None:
        """Keep the articles, instead of what was kept under their ids."""
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
        """All of them: as few as were taken down."""
        with self._database.reading() as connection:
            return {row.article_id: row.article for row in connection.execute(_SHELF.select())}

    def drop(self, ids: Collection[str]) -> None:
        """Forget these articles."""
        if ids:
            with self._database.writing() as connection:
                connection.execute(_SHELF.delete().where(_SHELF.c.article_id.in_(list(ids))))

    def drop_before(self, build: int) -> None:
        """Forget what no load read since: the sources do not hold it any more."""
        with self._database.writing() as connection:
            connection.execute(_SHELF.delete().where(_SHELF.c.build < build))


def _count(connection: sa.Connection, more: int) -> None:
    connection.execute(IDENTITY.update().values(hidden=IDENTITY.c.hidden + more))
