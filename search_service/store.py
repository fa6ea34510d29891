"""What is known of articles besides the index: those taken down, and how often each was read.

Entry point: :class:`Store`. What is here survives every rebuild of the index. Changes of articles are
kept by :class:`search_service.ledger.Ledger` in the same database.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from search_service.coined import CoinedTerms
from search_service.database import IDENTITY, METADATA, Database
from search_service.ledger import Ledger
from search_service.model import Audience
from search_service.shelf import Shelf
from search_service.vocabularies import Vocabularies

_HIDDEN = sa.Table(
    "hidden",
    METADATA,
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("since", sa.String(32), nullable=False),
)
# Of each audience its own: what one may not know of moves no order of what another reads.
_VIEWS = sa.Table(
    "view_counts",
    METADATA,
    sa.Column("audience", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("views", sa.BigInteger, nullable=False),
    sa.Index("view_counts_most", "audience", "views"),
)


class Store:
    """Hidden ids, view counters, ledger, vocabularies, coined terms, the key of cursors.

    Safe to share among threads and processes.
    """

    def __init__(self, url: str) -> None:
        """Take the database of the state; raises as :class:`search_service.database.Database` does."""
        self._database = Database(url)
        self.ledger = Ledger(self._database)
        self.vocabularies = Vocabularies(self._database)
        self.coined = CoinedTerms(self._database)
        self.shelf = Shelf(self._database)

    def close(self) -> None:
        """Let go of the connections."""
        self._database.close()

    def make(self) -> None:
        """Make the database where there is none."""
        self._database.make()

    def taken_down(self) -> tuple[str, frozenset[str]]:
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

    @property
    def cursor_key(self) -> bytes:
        """The key of every process of this state, to sign cursors with."""
        with self._database.reading() as connection:
            found = connection.scalar(sa.select(IDENTITY.c.cursor_key))
        if found is None:
            raise self._database.lost("已被清空", "was emptied", usable=False)
        return bytes(found)

    def hidden(self) -> frozenset[str]:
        """Ids that the staff took down; no answer may show them."""
        return self.taken_down()[1]

    def check(self, identity: str, found: str | None = None) -> None:
        """Raise ``StateLost`` unless this is the state of that identity.

        ``found``: what :meth:`taken_down` gave, where it was just asked.
        """
        if identity != (self.taken_down()[0] if found is None else found):
            raise self._database.lost(
                "不是建立索引时的那个", "is not the one that the index was built with"
            )

    def hide(self, article_id: str) -> bool:
        """Take an article down everywhere until :meth:`unhide`; False if it was hidden already.

        Makes the database where there is none: after a loss, this is the first thing to do.
        """
        self.make()
        self.taken_down()  # in what was emptied it would be lost again by the remedy
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
            return True

    def unhide(self, article_id: str) -> bool:
        """Let an article be found again; False if it was not hidden."""
        self.taken_down()  # of a list that is not whole nothing true could be said
        with self._database.writing() as connection:
            done = connection.execute(_HIDDEN.delete().where(_HIDDEN.c.article_id == article_id))
            _count(connection, -done.rowcount)
            return bool(done.rowcount)

    def set_views(self, audience: Audience, counts: Mapping[str, int]) -> None:
        """Set the view counters that a source publishes of what this audience may read."""
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

    def views(self, audience: Audience, ids: Sequence[str]) -> Mapping[str, int]:
        """How often these articles were read, as this audience may know; unknown ones are left out."""
        query = sa.select(_VIEWS.c.article_id, _VIEWS.c.views).where(
            _VIEWS.c.audience == audience,
            _VIEWS.c.article_id.in_(sa.bindparam("ids", expanding=True)),
        )
        with self._database.reading() as connection:
            return {row.article_id: row.views for row in connection.execute(query, {"ids": ids})}

    def most_viewed(self, audience: Audience, limit: int, *, offset: int = 0) -> Sequence[str]:
        """Ids by views, most first; ties by id. Some may be gone: the caller asks which are seen."""
        query = (
            sa.select(_VIEWS.c.article_id)
            .where(_VIEWS.c.audience == audience)
            .order_by(_VIEWS.c.views.desc(), _VIEWS.c.article_id)
        )
        with self._database.reading() as connection:
            return list(connection.scalars(query.limit(limit).offset(offset)))


def _count(connection: sa.Connection, more: int) -> None:
    connection.execute(IDENTITY.update().values(hidden=IDENTITY.c.hidden + more))
