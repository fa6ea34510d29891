"""State that is not index, in one SQL database: hidden articles, view counters, the ledger.

Entry point: :class:`Store`. SQLite by default; PostgreSQL by URL where several hosts share it. What is
here survives every rebuild of the index.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from analyzers.language import say
from search_service.errors import ConfigurationError

_METADATA = sa.MetaData()
_HIDDEN = sa.Table(
    "hidden",
    _METADATA,
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("since", sa.String(32), nullable=False),
)
_VIEWS = sa.Table(
    "views",
    _METADATA,
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("views", sa.BigInteger, nullable=False, index=True),
)
# The ledger numbers every change, so that a source without versions still has an order of writes.
_LEDGER = sa.Table(
    "ledger",
    _METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sqlite_autoincrement=True,
)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _enable_wal(connection: object, _record: object) -> None:
    # Readers of the web server go on while the command line writes.
    cursor = connection.cursor()  # type: ignore[attr-defined]  # a DBAPI connection
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


class Store:
    """Hidden ids, view counters and the ledger. Safe to share among threads and processes."""

    def __init__(self, url: str) -> None:
        try:
            self._url = sa.make_url(url)
            if self._url.get_backend_name() == "sqlite" and self._url.database:
                Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine = sa.create_engine(self._url)
            if self._url.get_backend_name() == "sqlite":
                sa.event.listen(self._engine, "connect", _enable_wal)
            _METADATA.create_all(self._engine)
        except (SQLAlchemyError, OSError) as exc:
            raise ConfigurationError(
                say(
                    f"打不开状态数据库 GONGWEN_STATE={url!r}：{exc}。请检查路径与权限",
                    f"cannot open the state database GONGWEN_STATE={url!r}: {exc}; check path and rights",
                )
            ) from exc

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()

    def hidden(self) -> frozenset[str]:
        """Ids that the staff took down; no answer may show them."""
        with self._engine.connect() as connection:
            return frozenset(connection.scalars(sa.select(_HIDDEN.c.article_id)))

    def hide(self, article_id: str) -> bool:
        """Take an article down everywhere until :meth:`unhide`; False if it was hidden already."""
        with self._engine.begin() as connection:
            if connection.scalar(
                sa.select(_HIDDEN.c.article_id).where(_HIDDEN.c.article_id == article_id)
            ):
                return False
            connection.execute(_HIDDEN.insert().values(article_id=article_id, since=_now()))
            self._record(connection, "hide", article_id)
            return True

    def unhide(self, article_id: str) -> bool:
        """Let an article be found again; False if it was not hidden."""
        with self._engine.begin() as connection:
            done = connection.execute(_HIDDEN.delete().where(_HIDDEN.c.article_id == article_id))
            if done.rowcount:
                self._record(connection, "unhide", article_id)
            return bool(done.rowcount)

    def next_sequence(self, action: str, subject: str) -> int:
        """Enter a change into the ledger; its number is greater than every one before."""
        with self._engine.begin() as connection:
            return self._record(connection, action, subject)

    def _record(self, connection: sa.Connection, action: str, subject: str) -> int:
        entry = _LEDGER.insert().values(at=_now(), action=action, subject=subject[:200])
        key = connection.execute(entry).inserted_primary_key
        assert key is not None  # noqa: S101  (an insert of one row has one)
        return int(key[0])

    def set_views(self, counts: Mapping[str, int]) -> None:
        """Set the view counters that a source publishes."""
        if not counts:
            return
        with self._engine.begin() as connection:
            connection.execute(_VIEWS.delete().where(_VIEWS.c.article_id.in_(list(counts))))
            connection.execute(
                _VIEWS.insert(), [{"article_id": key, "views": n} for key, n in counts.items()]
            )

    def most_viewed(self, limit: int, *, offset: int = 0) -> Sequence[str]:
        """Ids by views, most first; ties by id. Of all audiences: the caller asks which are seen."""
        query = sa.select(_VIEWS.c.article_id).order_by(_VIEWS.c.views.desc(), _VIEWS.c.article_id)
        with self._engine.connect() as connection:
            return list(connection.scalars(query.limit(limit).offset(offset)))

    def views(self, ids: Iterable[str]) -> dict[str, int]:
        """View counters of these ids; ids without one are left out."""
        query = sa.select(_VIEWS.c.article_id, _VIEWS.c.views).where(
            _VIEWS.c.article_id.in_(list(ids))
        )
        with self._engine.connect() as connection:
            return {row.article_id: row.views for row in connection.execute(query)}
