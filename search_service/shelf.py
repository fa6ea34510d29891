"""Articles that were taken down when an index was built, and so are in none. Entry point: :class:`Shelf`.

An index's statistics count what it holds, hidden or not; so a rebuild leaves out what is hidden and puts it
here, from where it comes back when it is let be found again.
"""

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from search_service.database import METADATA, Database

# ``build``: the ledger's number of the load that read the article.
_SHELF = sa.Table(
    "shelf",
    METADATA,
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("build", sa.BigInteger, nullable=False),
    sa.Column("article", sa.LargeBinary, nullable=False),
)


class Shelf:
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
