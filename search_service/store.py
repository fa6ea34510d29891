"""State that is not index, in one SQL database: hidden articles, view counters, the ledger.

Entry point: :class:`Store`. SQLite by default; PostgreSQL by URL where several hosts share it. What is
here survives every rebuild of the index. Errors of the database are translated at one door,
``_translated``.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

from analyzers.language import say
from search_service.errors import ConfigurationError, StoreUnavailable, masked

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
        """Open the database, and make what is missing in it.

        Raises ``ConfigurationError`` for an address or file that cannot be used, or a missing driver,
        ``StoreUnavailable`` for a server that does not answer. So do all methods where it breaks.
        """
        self._shown, self._password, self._is_file = masked(url), "", True
        with self._translated(opening=True):
            try:
                address = sa.make_url(url)
            except ValueError:  # it quotes what may be a piece of the password
                raise ArgumentError(say("端口不是数字", "the port is no number")) from None
            self._password = str(address.password or "")
            self._is_file = address.get_backend_name() == "sqlite"
            if address.drivername == "postgresql":  # the driver that the message below names
                address = address.set(drivername="postgresql+psycopg")
            if self._is_file and address.database:
                Path(address.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine = sa.create_engine(address)
            if self._is_file:
                sa.event.listen(self._engine, "connect", _enable_wal)
            _METADATA.create_all(self._engine)

    @contextmanager
    def _translated(self, *, opening: bool = False) -> Iterator[None]:
        """Translate what the database or its driver raises; no message shows the password."""
        try:
            yield
        except ImportError as exc:
            raise ConfigurationError(
                say(
                    f"GONGWEN_STATE={self._shown!r} 缺少数据库驱动 {exc.name}。"
                    "PostgreSQL 请运行：pip install 'psycopg[binary]'",
                    f"GONGWEN_STATE={self._shown!r}: the database driver {exc.name} is missing; for"
                    " PostgreSQL run: pip install 'psycopg[binary]'",
                )
            ) from exc
        except (SQLAlchemyError, OSError) as exc:
            why = self._reason(exc)
            if opening and (self._is_file or not isinstance(exc, DBAPIError)):
                raise ConfigurationError(
                    say(
                        f"打不开状态数据库 GONGWEN_STATE={self._shown!r}：{why}。请检查地址、路径与权限",
                        f"cannot open the state database GONGWEN_STATE={self._shown!r}: {why};"
                        " check address, path and rights",
                    )
                ) from exc
            raise StoreUnavailable(
                say(
                    f"状态数据库 GONGWEN_STATE={self._shown!r} 用不了：{why}。"
                    "请检查数据库服务、磁盘空间与权限，然后重试",
                    f"the state database GONGWEN_STATE={self._shown!r} cannot be used: {why};"
                    " check the server, disk space and rights, then try again",
                )
            ) from exc

    def _reason(self, exc: Exception) -> str:
        """The first line of what the database says, without the statement and its values."""
        said = str(exc.orig if isinstance(exc, DBAPIError) else exc).strip()
        line = said.partition("\n")[0]
        return line.replace(self._password, "***") if self._password else line

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self._translated(), self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()

    def hidden(self) -> frozenset[str]:
        """Ids that the staff took down; no answer may show them."""
        with self._reading() as connection:
            return frozenset(connection.scalars(sa.select(_HIDDEN.c.article_id)))

    def hide(self, article_id: str) -> bool:
        """Take an article down everywhere until :meth:`unhide`; False if it was hidden already."""
        with self._translated():
            # Not asked first: of two that hide it at once, the second would fail.
            try:
                with self._engine.begin() as connection:
                    entry = _HIDDEN.insert().values(article_id=article_id, since=_now())
                    connection.execute(entry)
                    self._record(connection, "hide", article_id)
            except IntegrityError:
                return False
            return True

    def unhide(self, article_id: str) -> bool:
        """Let an article be found again; False if it was not hidden."""
        with self._writing() as connection:
            done = connection.execute(_HIDDEN.delete().where(_HIDDEN.c.article_id == article_id))
            if done.rowcount:
                self._record(connection, "unhide", article_id)
            return bool(done.rowcount)

    def next_sequence(self, action: str, subject: str) -> int:
        """Enter a change into the ledger; its number is greater than every one before."""
        with self._writing() as connection:
            return self._record(connection, action, subject)

    def written_since(self, sequence: int) -> bool:
        """Whether articles were written or deleted after this number of the ledger."""
        later = sa.select(_LEDGER.c.sequence).where(
            _LEDGER.c.sequence > sequence, _LEDGER.c.action.in_(("add", "delete", "rebuild"))
        )
        with self._reading() as connection:
            return connection.scalar(later.limit(1)) is not None

    def _record(self, connection: sa.Connection, action: str, subject: str) -> int:
        entry = _LEDGER.insert().values(at=_now(), action=action, subject=subject[:200])
        key = connection.execute(entry).inserted_primary_key
        assert key is not None  # noqa: S101  (an insert of one row has one)
        return int(key[0])

    def set_views(self, counts: Mapping[str, int]) -> None:
        """Set the view counters that a source publishes."""
        if not counts:
            return
        with self._writing() as connection:
            # One statement for each id: a list has as many variables, and databases a limit of them.
            old = _VIEWS.delete().where(_VIEWS.c.article_id == sa.bindparam("key"))
            connection.execute(old, [{"key": key} for key in counts])
            connection.execute(
                _VIEWS.insert(), [{"article_id": key, "views": n} for key, n in counts.items()]
            )

    def most_viewed(self, limit: int, *, offset: int = 0) -> Sequence[str]:
        """Ids by views, most first; ties by id. Of all audiences: the caller asks which are seen."""
        query = sa.select(_VIEWS.c.article_id).order_by(_VIEWS.c.views.desc(), _VIEWS.c.article_id)
        with self._reading() as connection:
            return list(connection.scalars(query.limit(limit).offset(offset)))
