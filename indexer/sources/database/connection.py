"""A connection to the database of a portal, which only reads. Entry points: :class:`Portal`,
:func:`split_address`.

Each read is a transaction that may be repeated: a lost connection is taken up again for a minute.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    NoSuchTableError,
    OperationalError,
    SQLAlchemyError,
)

from analyzers.messages import say
from search_service.errors import BadInput, SourceUnavailable, redact_credentials

_T = TypeVar("_T")
_DRIVERS: Final = {
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
_CONNECT_TIMEOUT: Final = 10  # seconds
_WAITS: Final = (0, 1, 2, 4, 8, 15, 30)  # seconds before each try
# MySQL's errors that pass: too many connections, shutdown, lock waits, unreachable, gone, lost, killed.
_PASSING: Final = frozenset({1040, 1053, 1205, 1213, 1927, 2002, 2003, 2006, 2013, 2055})
# Of these, those of a server that was there: the address is right.
_HUNG_UP: Final = frozenset({1053, 1927, 2006, 2013, 2055})
# What an account that only reads may have been granted.
_HARMLESS: Final = frozenset(
    {
        "USAGE",
        "SELECT",
        "SHOW VIEW",
        "SHOW DATABASES",
        "PROCESS",
        "REPLICATION CLIENT",
        "BINLOG MONITOR",
    }
)
_GRANT: Final = re.compile(r"GRANT (.+?) ON (?:TABLE )?(\*|`[^`]*`)\.", re.IGNORECASE)
_PG_WRITES: Final = (
    "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND"
    " has_table_privilege(quote_ident(schemaname) || '.' || quote_ident(tablename), 'INSERT,UPDATE,DELETE')"
)


class Portal:
    """The database of a portal. ``shown``: its address without the password, for messages."""

    def __init__(self, url: str, password: str = "") -> None:
        self.shown = redact_credentials(url)
        try:
            address = sa.make_url(url)
            dialect = address.get_backend_name()
            if dialect in _DRIVERS and "+" not in address.drivername:
                address = address.set(drivername=_DRIVERS[dialect])
            if password:
                address = address.set(password=password)
            self.engine = sa.create_engine(_opened(address), pool_pre_ping=True)
        except (SQLAlchemyError, ImportError) as exc:
            raise BadInput(_bad_address(self.shown, exc)) from exc
        self.dialect = self.engine.dialect.name
        if self.dialect == "mysql":
            sa.event.listen(self.engine, "connect", _read_only)
        self._reached = False

    def read(self, what: Callable[[sa.Connection], _T]) -> _T:
        """Call ``what`` in a transaction; again on another connection if this one is lost.

        Raises ``SourceUnavailable`` if the server cannot be reached, ``BadInput`` for what it refuses.
        """
        problem: Exception | None = None
        for wait in _WAITS:
            time.sleep(wait)
            try:
                with self.engine.connect() as connection:
                    self._reached = True
                    return what(connection)
            except (DBAPIError, OSError) as exc:
                problem = exc
                if not _passes(exc):
                    raise BadInput(f"{self.shown}: {_told(exc)}") from exc
                self._reached |= _code(exc) in _HUNG_UP
                if not self._reached:
                    break
        raise SourceUnavailable(
            say(
                f"{self.shown} 连不上：{_told(problem)}。检查地址、用户、口令和服务器，再运行一次",
                f"{self.shown} cannot be reached: {_told(problem)}. Check address, user, password and"
                " server, then run it again",
            )
        ) from problem

    def tables(self) -> list[str]:
        """The names of all tables and views."""

        def read(connection: sa.Connection) -> list[str]:
            inspector = sa.inspect(connection)
            return sorted([*inspector.get_table_names(), *inspector.get_view_names()])

        return self.read(read)

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns; none if there is no such table."""

        def read(connection: sa.Connection) -> list[str]:
            try:
                return [str(one["name"]) for one in sa.inspect(connection).get_columns(table)]
            except NoSuchTableError:
                return []

        return self.read(read)

    def columns_of_select(self, select: str) -> list[str]:
        """The names of the columns of a SELECT; raises ``BadInput`` if it cannot be run."""
        query = sa.text(f"SELECT * FROM ({escaped(select)}) AS q LIMIT 0")  # noqa: S608  (the owner's own)
        return self.read(lambda connection: list(connection.execute(query).keys()))

    def rows(self, statement: sa.Executable) -> Sequence[Mapping[str, object]]:
        """The rows of a statement."""
        return self.read(
            lambda connection: list(map(dict, connection.execute(statement).mappings()))
        )

    def could_write(self) -> str:
        """What would let this account change the database; empty if it can only read."""
        if self.dialect == "mysql":
            grants = [str(next(iter(row.values()))) for row in self.rows(sa.text("SHOW GRANTS"))]
            return _writing(grants, str(self.engine.url.database or ""))
        if self.dialect == "postgresql":
            (row,) = self.rows(sa.text(_PG_WRITES))
            return "INSERT, UPDATE, DELETE" if next(iter(row.values())) else ""
        return ""  # a file of SQLite is opened to read only

    def close(self) -> None:
        """Close the connection."""
        self.engine.dispose()


def split_address(url: str) -> tuple[str, str, str]:
    """An address without its password; the password; the user. Raises ``BadInput``."""
    try:
        address = sa.make_url(url)
    except SQLAlchemyError as exc:
        raise BadInput(_bad_address(redact_credentials(url), exc)) from exc
    bare = sa.URL.create(
        address.drivername,
        username=address.username,
        host=address.host,
        port=address.port,
        database=address.database,
        query=address.query,
    )
    return bare.render_as_string(), str(address.password or ""), address.username or ""


def escaped(select: str) -> str:
    """A SELECT of the owner as SQLAlchemy takes it: a colon in it begins no parameter."""
    return select.strip().rstrip(";").replace(":", r"\:")


def _opened(address: sa.URL) -> sa.URL:
    """The address with what the drivers need; a file of SQLite is opened to read only."""
    if address.get_backend_name() == "mysql":
        query = {"charset": "utf8mb4", "connect_timeout": str(_CONNECT_TIMEOUT)} | dict(
            address.query
        )
        return address.set(query=query)
    if address.get_backend_name() == "sqlite" and address.database:
        path = Path(address.database).resolve()
        return sa.make_url(f"sqlite:///file:{path}?mode=ro&uri=true")
    return address


def _read_only(connection: object, _record: object) -> None:
    """Have the server refuse every write of this session, whatever the account may do."""
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("SET SESSION TRANSACTION READ ONLY")
    cursor.close()


def _passes(exc: Exception) -> bool:
    if not isinstance(exc, DBAPIError):
        return True
    if exc.connection_invalidated:
        return True
    if (code := _code(exc)) is not None:
        return code in _PASSING
    return isinstance(exc, OperationalError | InterfaceError)


def _code(exc: Exception) -> int | None:
    """The number that the driver of MySQL gives an error."""
    values = exc.orig.args if isinstance(exc, DBAPIError) and exc.orig else ()
    return values[0] if values and isinstance(values[0], int) else None


def _told(exc: Exception | None) -> str:
    """What the driver says, in one line."""
    cause = exc.orig if isinstance(exc, DBAPIError) and exc.orig else exc
    if cause is None:
        return ""
    arguments = cause.args[1:] if cause.args and isinstance(cause.args[0], int) else cause.args
    return " ".join(" ".join(map(str, arguments)).split()) or type(cause).__name__


def _writing(grants: Iterable[str], database: str) -> str:
    """The rights on a database, among MySQL's grants, that are more than reading."""
    found: list[str] = []
    for grant in grants:
        match = _GRANT.match(grant)
        if match and _covers(match[2], database):
            listed = re.sub(r"\([^)]*\)", "", match[1])  # of single columns
            rights = [one.strip().upper() for one in listed.split(",")]
            found += [one for one in rights if one not in _HARMLESS]
    return ", ".join(dict.fromkeys(found))


def _covers(pattern: str, database: str) -> bool:
    """Whether a grant on such databases is one on this database: ``%`` and ``_`` are wildcards."""
    parts = re.findall(r"\\.|.", pattern.strip("`"))
    wild = {"%": ".*", "_": "."}
    expression = "".join(wild.get(one) or re.escape(one.removeprefix("\\")) for one in parts)
    return pattern == "*" or re.fullmatch(expression, database) is not None


def _bad_address(shown: str, exc: Exception) -> str:
    if isinstance(exc, ImportError):
        return say(
            f"{shown}：缺少驱动 {exc.name}。PostgreSQL 请执行：pip install 'gongwen-search[postgresql]'"
            "（源码目录中：python3 tools/bootstrap.py postgresql）",
            f"{shown}: the driver {exc.name} is missing; for PostgreSQL run: pip install"
            " 'gongwen-search[postgresql]' (in a checkout: python3 tools/bootstrap.py postgresql)",
        )
    return say(
        f"{shown}：不是数据库地址；如 mysql://用户@127.0.0.1:3306/库名",
        f"{shown}: not the address of a database, such as mysql://user@127.0.0.1:3306/name",
    )
