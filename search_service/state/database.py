"""One SQL database: connections, transactions, locks, errors. Entry point: :class:`Database`.

SQLite by default; PostgreSQL by URL where several hosts share it. The other modules of
:mod:`search_service.state` define the tables. :meth:`Database.translated` translates its errors.

A file of SQLite is opened for each use and closed after it, without a write-ahead log: at rest the state
is this one file, so whoever deletes, replaces or restores it is noticed with the next use, and nothing of
the one before is mixed into it. A missing database is never made by the way, only by :meth:`create`: an
empty one would say that nothing was taken down.
"""

import enum
import secrets
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from analyzers.messages import say
from search_service import logs
from search_service.disk import disk_full, is_full
from search_service.errors import (
    ConfigurationError,
    StateLost,
    StoreUnavailable,
    WriterBusy,
    redact_credentials,
)

METADATA = sa.MetaData()
# One row, made with the tables: what was built with this database remembers its id; whoever reads the
# state may sign cursors; and ``hidden`` says how many rows the list of what was taken down must have.
IDENTITY = sa.Table(
    "identity",
    METADATA,
    sa.Column("id", sa.String(32), nullable=False),
    sa.Column("cursor_key", sa.LargeBinary, nullable=False),
    sa.Column("hidden", sa.Integer, nullable=False),
)
_KEY_BYTES = 32
_ADVISORY_LOCK = 0x676F6E67  # any number, the same on every host
_ADVISORY_LOCK_TABLES = _ADVISORY_LOCK + 1
# Seconds that SQLite waits for another process's write.
_PATIENCE = 30
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_POLL = 0.05  # seconds between two attempts at a lock of the server
_LONG_WAIT = 1.0  # seconds for a lock: worth a line
_log = logs.Log(__name__)


class Lock(enum.IntEnum):
    """What one process at a time may do; each has a number for PostgreSQL and a file beside SQLite's."""

    BUILD = 0  # build generations, activate, roll back
    LIVE = 2  # write what serves, or change what does


@sa.event.listens_for(IDENTITY, "after_create")
def _give_identity(table: sa.Table, connection: sa.Connection, **_: object) -> None:
    key = secrets.token_bytes(_KEY_BYTES)
    connection.execute(table.insert().values(id=uuid.uuid4().hex, cursor_key=key, hidden=0))


def _keep_readers(connection: object, _record: object) -> None:
    # Readers go on while much is written: they wait for the commit alone.
    connection.execute("PRAGMA cache_spill=OFF")  # type: ignore[attr-defined]  # a DBAPI connection


class Database:
    """The database of the state; safe to share among threads and processes."""

    def __init__(self, url: str, *, tables: sa.MetaData = METADATA) -> None:
        """Take the address of the database, and its tables: those of the state, or others.

        Raises ``ConfigurationError`` for an address that cannot be used, or a missing driver. Nothing is
        opened or made yet. All use raises ``StoreUnavailable`` where it breaks, ``StateLost`` where the
        database is not what was written.
        """
        self._shown, self._password, self._tables = redact_credentials(url), "", tables
        self._file: Path | None = None
        with self.translated(opening=True):
            try:
                address = sa.make_url(url)
            except ValueError:  # it quotes what may be a piece of the password
                raise ArgumentError(say("端口不是数字", "the port is no number")) from None
            self._password = str(address.password or "")
            if address.drivername == "postgresql":  # the driver that the message below names
                address = address.set(drivername="postgresql+psycopg")
            if address.get_backend_name() != "sqlite":
                self._engine = sa.create_engine(address, pool_pre_ping=True)
                return
            if not address.database or address.database.startswith((":", "file:")):
                raise ArgumentError(say("没有文件的路径", "it names no path of a file"))
            self._file = Path(address.database).absolute()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            # rw: opening makes no file.
            address = address.set(database=self._file.as_uri())
            address = address.update_query_dict({"uri": "true", "mode": "rw"})
            self._engine = sa.create_engine(
                address, poolclass=sa.NullPool, connect_args={"timeout": _PATIENCE}
            )
            sa.event.listen(self._engine, "connect", _keep_readers)

    def create(self) -> None:
        """Make the database and its tables where there are none.

        All of them or nothing: where some are missing, what they held was lost.
        """
        with self.translated():
            if self._file:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.touch()  # an empty file is an empty database
            with self._engine.connect() as connection:
                # One process at a time; and a killed one leaves no table without its first row.
                if self._file:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                else:
                    query = sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK_TABLES))
                    connection.execute(query)
                if not self._present_tables(connection):
                    self._tables.create_all(connection, checkfirst=False)
                connection.commit()

    def _present_tables(self, connection: sa.Connection) -> set[str]:
        """The tables that are there."""
        return set(sa.inspect(connection).get_table_names()) & set(self._tables.tables)

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
    def exclusive(self, lock: Lock, *, patience: float = 0.0) -> Iterator[None]:
        """Be the only process in this block; raises ``WriterBusy`` after so many seconds of waiting.

        The lock is the operating system's or the server's: it ends with the process that took it.
        """
        started = time.monotonic()
        if self._file:
            file = FileLock(f"{self._file}.{lock.name.lower()}.lock", thread_local=False)
            with self.translated():
                self._file.parent.mkdir(parents=True, exist_ok=True)
                try:
                    file.acquire(timeout=patience)
                except Timeout as exc:
                    raise self._busy(lock) from exc
            _log_wait(lock, started)
            try:
                yield
            finally:
                file.release()
            return
        deadline = time.monotonic() + patience
        with self.reading() as connection:
            number = _ADVISORY_LOCK + lock
            while not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(number))):
                if time.monotonic() >= deadline:
                    raise self._busy(lock)
                connection.commit()
                time.sleep(_POLL)
            _log_wait(lock, started)
            connection.commit()  # the lock is the connection's; no transaction stays open for hours
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))

    def _busy(self, lock: Lock) -> WriterBusy:
        chinese, english = {
            Lock.BUILD: ("重建、切换或回退索引", "rebuilds, activates or rolls back"),
            Lock.LIVE: ("写入索引", "writes the index"),
        }[lock]
        return WriterBusy(
            say(
                f"另一个进程正在{chinese}（GONGWEN_STATE={self._shown!r}，"
                "一次只能有一个）；请等它结束后再运行",
                f"another process {english} (GONGWEN_STATE={self._shown!r},"
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
            if isinstance(exc, DBAPIError) and (lost := self._loss(exc)):
                raise lost from exc
            if self._file and is_full(exc, self._file):
                raise disk_full(self._file, exc) from exc
            why = self._reason(exc)
            if opening:
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

    # --- a state that is not the one that was written ----------------------------------------------

    def lost(self, chinese: str, english: str, *, usable: bool = True) -> StateLost:
        """The error for a state that is not the one of the index, and why; with the remedy.

        ``usable``: a state can be kept in it as it is.
        """
        aside = (
            ("", "")
            if usable
            else ("把它移走或删去其中的表，", " move it away or drop its tables,")
        )
        return StateLost(
            say(
                f"状态数据库 GONGWEN_STATE={self._shown!r} {chinese}；下架名单在其中，所以什么都不回答。"
                f"请核对 GONGWEN_STATE，或恢复备份（不必重启服务）；没有备份：{aside[0]}"
                "用 gongwen hide 重新下架该下架的，再运行 gongwen index 来源 --new-state",
                f"the state database GONGWEN_STATE={self._shown!r} {english}; it says what was taken"
                " down, so nothing is answered. Check GONGWEN_STATE, or restore a backup (no restart is"
                f" needed); without one:{aside[1]} take down again with gongwen hide what must stay down,"
                " then run: gongwen index SOURCE --new-state",
            )
        )

    def _loss(self, exc: DBAPIError) -> StateLost | None:
        """What was lost, where the database is there and not what it was; None where it does not answer."""
        if self._tables is not METADATA:
            return None
        if self._file:
            try:
                self._file.stat()
            except (FileNotFoundError, NotADirectoryError):
                return self._missing()
            except OSError:  # no right to look: it may be there
                return None
        if getattr(exc.orig, "sqlite_errorname", "").startswith(_DAMAGED):
            return self._damaged()
        if "no such table" in str(exc.orig) or type(exc.orig).__name__ == "UndefinedTable":
            try:
                with self._engine.connect() as connection:
                    return self._damaged() if self._present_tables(connection) else self._missing()
            except SQLAlchemyError:
                return self._damaged()
        return None

    def _missing(self) -> StateLost:
        return self.lost(
            "不存在或是空的（还没有索引时，先运行 gongwen index 来源）",
            "is missing or empty (where there is no index yet, run first: gongwen index SOURCE)",
        )

    def _damaged(self) -> StateLost:
        return self.lost("已损坏，或缺了表", "is damaged, or lacks tables", usable=False)


def _log_wait(lock: Lock, started: float) -> None:
    waited = time.monotonic() - started
    if waited >= _LONG_WAIT:
        _log.info("lock-waited", lock=lock.name.lower(), s=waited)
