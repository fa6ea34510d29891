"""View counters of articles. Entry point: :class:`ViewCounts`."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from search_service.model import Audience
from search_service.state.database import METADATA, Database

# One counter per audience: articles that it may not see must not influence its order.
_VIEWS = sa.Table(
    "view_counts",
    METADATA,
    sa.Column("audience", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("views", sa.BigInteger, nullable=False),
    sa.Index("view_counts_most", "audience", "views"),
)


class ViewCounts:
    """View counters by audience. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, audience: Audience, counts: Mapping[str, int]) -> None:
        """Set the counters of articles, as the source publishes them, for one audience."""
        if not counts:
            return
        with self._database.writing() as connection:
            # One statement for each id: a list has as many variables, and databases a limit of them.
            mine = (_VIEWS.c.audience == audience) & (_VIEWS.c.article_id == sa.bindparam("key"))
            connection.execute(_VIEWS.delete().where(mine), [{"key": key} for key in counts])
            rows = [
                {"audience": audience, "article_id": key, "views": n} for key, n in counts.items()
            ]
            connection.execute(_VIEWS.insert(), rows)

    def of(self, audience: Audience, ids: Sequence[str]) -> Mapping[str, int]:
        """The counters of these articles for this audience, by id; without unknown ids."""
        counted = self._database.remembered(
            "audiences with counters",
            lambda connection: set(connection.scalars(sa.select(_VIEWS.c.audience).distinct())),
        )
        if audience not in counted:
            return {}
        query = sa.select(_VIEWS.c.article_id, _VIEWS.c.views).where(
            _VIEWS.c.audience == audience,
            _VIEWS.c.article_id.in_(sa.bindparam("ids", expanding=True)),
        )
        with self._database.reading() as connection:
            return dict(connection.execute(query, {"ids": ids}).all())

    def most(self, audience: Audience, limit: int) -> Sequence[str]:
        """Ids by views, most first; ties by id. Some may be hidden or deleted: the caller filters."""
        query = (
            sa.select(_VIEWS.c.article_id)
            .where(_VIEWS.c.audience == audience)
            .order_by(_VIEWS.c.views.desc(), _VIEWS.c.article_id)
        )
        with self._database.reading() as connection:
            return list(connection.scalars(query.limit(limit)))
