"""One SQL database: connections, transactions, one lock, errors. Entry point: :class:`Database`.

SQLite by default; PostgreSQL by URL where several hosts share it. What is stored in it stands in
:mod:`search_service.store` and :mod:`search_service.ledger`. Errors of the database are translated at
one door, :meth:`Database.translated`.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from analyzers.language import say
from search_service.errors import ConfigurationError, StoreUnavailable, WriterBusy, masked

METADATA = sa.MetaData()
_ADVISORY_LOCK = 0x676F6E67  # any number, the same on every host


def _enable_wal(connection: object, _record: object) -> None:
    # Readers of the web server go on while the command line writes.
    cursor = connection.cursor()  # type: ignore[attr-defined]  # a DBAPI connection
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


class Database:
    """The database of the state; safe to share among threads and processes."""

    def __init__(self, url: str, *, tables: sa.MetaData = METADATA) -> None:
        """Open the database, and make what is missing in it: the tables of the state, or others.

        Raises ``ConfigurationError`` for an address or file that cannot be used, or a missing driver,
        ``StoreUnavailable`` for a server that does not answer. So does all use where it breaks.
        """
        self._shown, self._password, self._is_file = masked(url), "", True
        with self.translated(opening=True):
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
            self._lock_file = f"{address.database}.writer.lock"
            self._engine = sa.create_engine(address)
            if self._is_file:
                sa.event.listen(self._engine, "connect", _enable_wal)
            try:
                tables.create_all(self._engine)
            except (
                DBAPIError
            ):  # another process has made a table between the question and the answer
                tables.create_all(self._engine)

    def close(self) -> None:
        """Let go of the connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection to ask."""
        with self.translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction: committed at the end of the block, or undone."""
        with self.translated(), self.transaction() as connection:
            yield connection

    def transaction(self) -> AbstractContextManager[sa.Connection]:
        """The same, for a caller who knows what an error of the database means."""
        return self._engine.begin()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only process in this block; raises ``WriterBusy`` at once where another one is.

        The lock is the operating system's or the server's: it ends with the process that took it.
        """
        if self._is_file:
            lock = FileLock(self._lock_file, thread_local=False)
            with self.translated():
                try:
                    lock.acquire(timeout=0)
                except Timeout as exc:
                    raise self._busy() from exc
            try:
                yield
            finally:
                lock.release()
            return
        with self.reading() as connection:
            query = sa.select(sa.func.pg_try_advisory_lock(_ADVISORY_LOCK))
            if not connection.scalar(query):
                raise self._busy()
            connection.commit()  # the lock is the connection's; no transaction stays open for hours
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(_ADVISORY_LOCK)))

    def _busy(self) -> WriterBusy:
        return WriterBusy(
            say(
                f"另一个进程正在重建、切换或回退索引（GONGWEN_STATE={self._shown!r}，"
                "一次只能有一个）；请等它结束后再运行",
                f"another process rebuilds, activates or rolls back (GONGWEN_STATE={self._shown!r},"
                " one at a time); run again when it is done",
            )
        )

    @contextmanager
    def translated(self, *, opening: bool = False) -> Iterator[None]:
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
