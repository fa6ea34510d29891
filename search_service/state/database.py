"""One SQL database: connections, transactions, locks, errors. Entry point: :class:`Database`.

SQLite by default; PostgreSQL by URL where several hosts share it. The other modules of
:mod:`search_service.state` define the tables, :mod:`search_service.state.migrations` their version.

A SQLite file is opened for each use and closed after it, without a write-ahead log: at rest the state is
this one file. A file that was deleted, replaced or restored is noticed at the next use, and no page of
the old one is mixed into the new one. Only :meth:`Database.create` makes a missing database: an empty
one would say that nothing was taken down. Each use checks the version of the tables first, in the same
transaction: a running server stops answering when a later release has changed them.

What every search needs is remembered (:meth:`Database.remembered`) until the file changes. One connection
stays open to tell; it reads no content.
"""

import enum
import os
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TypeVar, cast

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from analyzers.messages import say
from search_service import logs
from search_service.disk import disk_full, is_full
from search_service.errors import (
    ConfigurationError,
    FormatMismatch,
    GongwenError,
    StateLost,
    StoreUnavailable,
    WriterBusy,
    redact_credentials,
)
from search_service.formats import mismatch, release
from search_service.state import migrations
from search_service.state.migrations import KEY_BYTES, SCHEMA_VERSION, VERSION

Value = TypeVar("Value")
METADATA = sa.MetaData()
# One row, made with the tables. ``id``: stored in every index that is built with this state.
# ``cursor_key`` signs cursors. ``hidden``: how many rows the table of hidden articles must have.
IDENTITY = sa.Table(
    "identity",
    METADATA,
    sa.Column("id", sa.String(32), nullable=False),
    sa.Column("cursor_key", sa.LargeBinary, nullable=False),
    sa.Column("hidden", sa.Integer, nullable=False),
)
_ADVISORY_LOCK = 0x676F6E67  # any number, the same on every host
_ADVISORY_LOCK_TABLES = _ADVISORY_LOCK + 1
_BUSY_TIMEOUT = 30  # seconds that SQLite waits for another process's write
_VERSION_QUERY = f"SELECT version, release FROM {SCHEMA_VERSION.name}"  # noqa: S608  (a constant)
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_POLL = 0.05  # seconds between two attempts at a lock of PostgreSQL
_LONG_WAIT = 1.0  # seconds for a lock: worth a line
_log = logs.Log(__name__)


class Lock(enum.IntEnum):
    """What only one process at a time may do: a file beside SQLite's, an advisory lock in PostgreSQL."""

    BUILD = 0  # build generations, activate, roll back
    LIVE = 2  # write the live index, or change which one is live
    SYNC = 4  # compare a source with the index


@sa.event.listens_for(IDENTITY, "after_create")
def _insert_identity(table: sa.Table, connection: sa.Connection, **_: object) -> None:
    key = secrets.token_bytes(KEY_BYTES)
    connection.execute(table.insert().values(id=uuid.uuid4().hex, cursor_key=key, hidden=0))


def _never_spill(connection: object, _record: object) -> None:
    # A large transaction locks readers out only for its commit.
    connection.execute("PRAGMA cache_spill=OFF")  # type: ignore[attr-defined]  # a DBAPI connection


class _Changes:
    """Tells whether an SQLite file was changed, in microseconds; safe among threads.

    By SQLite's own counter of commits. A file that was replaced or overwritten may have the same number, but
    not the same inode, time and size; of two commits, these may be the same.
    """

    def __init__(self, file: Path, engine: sa.Engine) -> None:
        self._file, self._engine = file, engine
        self._lock = threading.Lock()
        self._connection: sa.PoolProxiedConnection | None = None
        self._opened: tuple[int, int, int] | None = (
            None  # process, device and inode of the connection
        )
        self._connections = 0  # the counter of commits restarts with each

    def version(self) -> tuple[object, ...] | None:
        """A value that is another after every commit, or in another file; None if that is not known now."""
        try:
            status = self._file.stat()
            opened = (os.getpid(), status.st_dev, status.st_ino)
            with self._lock:
                if self._connection is None or self._opened != opened:
                    self._connection = self._engine.raw_connection()
                    self._opened, self._connections = opened, self._connections + 1
                cursor = self._connection.cursor()
                cursor.execute("PRAGMA data_version")
                number = cursor.fetchone()
                cursor.close()
                return (self._connections, *opened, status.st_mtime_ns, status.st_size, number)
        except (OSError, SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error):
            return None

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


class Database:
    """The database of the state; safe to share among threads and processes."""

    def __init__(self, url: str, *, tables: sa.MetaData = METADATA) -> None:
        """Check the address; nothing is opened or made. ``tables``: those of the state, or a cache's.

        Raises ``ConfigurationError`` for an address that cannot be used, or a missing driver. The other
        methods raise ``StoreUnavailable`` where the database fails, ``StateLost`` where its content was
        lost, ``FormatMismatch`` where its tables have another version.
        """
        self._shown, self._password, self._tables = redact_credentials(url), "", tables
        self._file: Path | None = None
        self._changes: _Changes | None = None
        self._remembered: dict[str, tuple[object, object]] = {}
        self._turn = threading.RLock()
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
            path = address.database or ":memory:"
            if path.startswith((":", "file:")) or {"mode", "vfs"} & {*address.query}:
                raise ArgumentError(say("没有文件的路径", "it names no file"))
            self._file = Path(path).absolute()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            # rw: opening makes no file.
            address = address.set(database=self._file.as_uri())
            address = address.update_query_dict({"uri": "true", "mode": "rw"})
            self._engine = sa.create_engine(
                address, poolclass=sa.NullPool, connect_args={"timeout": _BUSY_TIMEOUT}
            )
            sa.event.listen(self._engine, "connect", _never_spill)
            self._changes = _Changes(self._file, self._engine)

    def create(self) -> None:
        """Make the tables where there are none; upgrade those of an older release. All or nothing.

        Where some are missing, their content was lost, and nothing is made.
        """
        with self.translated():
            if self._file:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.touch()  # an empty file is an empty database
            with self._locked() as connection:
                if self._present_tables(connection):
                    self._upgrade(connection)
                    return
                self._tables.create_all(connection, checkfirst=False)
                if self._tables is METADATA:
                    migrations.stamp(connection, release())

    def upgrade(self) -> None:
        """Upgrade the tables of an older release, all or nothing; do nothing about any others."""
        try:
            with self.reading():
                return
        except StateLost:
            return
        except FormatMismatch:
            with self.translated(), self._locked() as connection:
                self._upgrade(connection)

    def _upgrade(self, connection: sa.Connection) -> None:
        if self._tables is METADATA:
            before = migrations.upgrade(connection, release())
            if before is not None:
                _log.info("state-upgraded", from_version=before, version=migrations.VERSION)

    @contextmanager
    def _locked(self) -> Iterator[sa.Connection]:
        """A transaction of one process at a time, which may make or change tables."""
        with self._engine.begin() as connection:
            if self._file:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                lock = sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK_TABLES)
                connection.execute(sa.select(lock))
            yield connection

    def _present_tables(self, connection: sa.Connection) -> set[str]:
        """Those of ours that are there."""
        ours = {*self._tables.tables, SCHEMA_VERSION.name}
        return ours.intersection(sa.inspect(connection).get_table_names())

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        if self._changes:
            self._changes.close()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection to read from; in SQLite, all its reads see one moment."""
        with self.translated(), self._engine.connect() as connection:
            self._begin(connection, "BEGIN")
            yield connection

    def remembered(self, name: str, read: Callable[[sa.Connection], Value]) -> Value:
        """What ``read`` returns; for SQLite, read again only if the database was changed since.

        ``name``: of what is read; there are as many as callers, so what is kept is bounded.
        """
        version = self._changes.version() if self._changes else None
        known = self._remembered.get(name)
        if version is not None and known is not None and known[0] == version:
            return cast("Value", known[1])
        with self.reading() as connection:
            value = read(connection)
        self._remembered[name] = (version, value)
        return value

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction: committed at the end of the block, or undone."""
        with self.translated(), self.transaction() as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """As :meth:`writing`; errors of the database are not translated."""
        # In turn: in SQLite, threads that wait for one another sleep for up to a tenth of a second.
        with self._turn if self._file else nullcontext(), self._engine.begin() as connection:
            self._begin(connection, "BEGIN IMMEDIATE")
            yield connection

    def _begin(self, connection: sa.Connection, statement: str) -> None:
        """Begin a transaction and check the version in it; an upgrade waits until it ends."""
        if self._file:
            connection.exec_driver_sql(statement)
        if self._tables is METADATA:
            # Not through SQLAlchemy's compiler: this comes before every other statement.
            row = connection.exec_driver_sql(_VERSION_QUERY).one_or_none()
            if row is None:
                raise self.lost("已被清空", "was emptied", usable=False)
            if row.version != VERSION:
                raise self._mismatch(row.version, row.release)

    @contextmanager
    def exclusive(self, lock: Lock, *, patience: float = 0.0) -> Iterator[None]:
        """Hold a cross-process lock in the block; ``WriterBusy`` where it is taken for ``patience`` seconds.

        The lock is the operating system's or PostgreSQL's: it ends with the process that took it.
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
        with self.translated(), self._engine.connect() as connection:
            number = _ADVISORY_LOCK + lock
            while not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(number))):
                if time.monotonic() >= deadline:
                    raise self._busy(lock)
                connection.commit()
                time.sleep(_POLL)
            _log_wait(lock, started)
            connection.commit()  # the lock is the session's; no transaction stays open for hours
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))

    def _busy(self, lock: Lock) -> WriterBusy:
        chinese, english = {
            Lock.BUILD: ("重建、切换或回退索引", "rebuilds, activates or rolls back"),
            Lock.LIVE: ("写入索引", "writes the index"),
            Lock.SYNC: ("与来源同步", "synchronises the index with a source"),
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
        """Translate exceptions of the database or its driver; no message shows the password."""
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
            if isinstance(exc, DBAPIError) and (error := self._diagnosis(exc)):
                raise error from exc
            if self._file and is_full(exc, self._file):
                raise disk_full(self._file, exc) from exc
            why = self._reason(exc)
            if opening:
                raise ConfigurationError(
                    say(
                        f"打不开状态数据库 GONGWEN_STATE={self._shown!r}：{why}。请检查地址、路径与权限",
                        f"cannot open the state database GONGWEN_STATE={self._shown!r}: {why};"
                        " check address, path and permissions",
                    )
                ) from exc
            raise StoreUnavailable(
                say(
                    f"状态数据库 GONGWEN_STATE={self._shown!r} 用不了：{why}。"
                    "请检查数据库服务、磁盘空间与权限，然后重试",
                    f"the state database GONGWEN_STATE={self._shown!r} cannot be used: {why};"
                    " check the server, disk space and permissions, then try again",
                )
            ) from exc

    def _reason(self, exc: Exception) -> str:
        """The first line of the database's message, without the statement and its values."""
        message = str(exc.orig if isinstance(exc, DBAPIError) else exc).strip()
        line = message.partition("\n")[0]
        return line.replace(self._password, "***") if self._password else line

    # --- lost states, and those of other releases --------------------------------------------------

    def lost(self, chinese: str, english: str, *, usable: bool = True) -> StateLost:
        """The error for a state that was lost, emptied or exchanged: the reason and the remedy.

        ``usable``: ``gongwen hide`` can write into this database as it is.
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
                f"the state database GONGWEN_STATE={self._shown!r} {english}; the list of hidden articles"
                " is in it, so nothing is answered. Check GONGWEN_STATE, or restore a backup (no restart is"
                f" needed); without one:{aside[1]} take down again with gongwen hide what must stay down,"
                " then run: gongwen index SOURCE --new-state",
            )
        )

    def _mismatch(self, version: int, wrote: str = "") -> FormatMismatch:
        """The error for the tables of another release."""
        return mismatch(
            (
                f"状态数据库 GONGWEN_STATE={self._shown!r} ",
                f"the state database GONGWEN_STATE={self._shown!r}",
            ),
            say(f"版本 {version}", f"version {version}"),
            expected=say(f"版本 {VERSION}", f"version {VERSION}"),
            written_by=wrote if version > VERSION else "",
            remedy=(
                "恢复升级之前的备份",
                "restore a backup from before the upgrade",
            )
            if version > VERSION
            else (
                "升级它：启动 gongwen serve，或运行任何写入的命令（gongwen add、hide、index 等）",
                "upgrade it: start gongwen serve, or run a command that writes (gongwen add, hide, index)",
            ),
        )

    def _diagnosis(self, exc: DBAPIError) -> GongwenError | None:
        """What is wrong with the content of the state; None where the database does not answer."""
        if self._tables is not METADATA:
            return None
        if self._file:
            try:
                self._file.stat()
            except (FileNotFoundError, NotADirectoryError):
                return self._missing()
            except OSError:  # no permission to look: it may be there
                return None
        if getattr(exc.orig, "sqlite_errorname", "").startswith(_DAMAGED):
            return self._damaged()
        if "no such table" in str(exc.orig) or type(exc.orig).__name__ == "UndefinedTable":
            try:
                with self._engine.connect() as connection:
                    names = sa.inspect(connection).get_table_names()
                    present = self._present_tables(connection)
            except SQLAlchemyError:
                return self._damaged()
            version = migrations.unstamped_version(names)
            if version is not None and SCHEMA_VERSION.name not in names:
                return self._mismatch(version)
            return self._damaged() if present else self._missing()
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
