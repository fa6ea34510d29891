"""Who is logged in, and which log-in links were used. Entry point: :class:`Sessions`.

A session is a random token in a cookie; its hash is stored, with the role, until it ends. One of an account
is valid only as long as the account and its password are as they were: disabling logs out at once.
"""

import hashlib
import secrets
import time

import sqlalchemy as sa

from search_service.roles import Role
from search_service.state.accounts import ACCOUNTS
from search_service.state.database import METADATA, Database
from search_service.state.inserts import inserted

# ``role``: of a visitor whom the portal handed over; one of an account has the role of the account.
# ``password``: the hash of the account's, as it was at the log-in.
_SESSIONS = sa.Table(
    "sessions",
    METADATA,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("account", sa.String(64)),
    sa.Column("password", sa.String(200)),
    sa.Column("role", sa.String(16)),
    sa.Column("expires", sa.BigInteger, nullable=False),
)
# Log-in links that were used, until they expire.
_SPENT = sa.Table(
    "spent_tokens",
    METADATA,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("expires", sa.BigInteger, nullable=False),
)
# Seconds that a session lasts.
LIFETIME = 12 * 3600


class Sessions:
    """The sessions. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, *, account: str) -> str:
        """Start a session of an account; return its token."""
        password = sa.select(ACCOUNTS.c.password).where(ACCOUNTS.c.name == account)
        return self._start(account=account, password=password.scalar_subquery())

    def start_as(self, role: Role) -> str:
        """Start a session of a visitor without an account; return its token."""
        return self._start(role=role.value)

    def _start(self, **values: object) -> str:
        token, now = secrets.token_urlsafe(32), int(time.time())
        row = {"digest": _digest(token), "expires": now + LIFETIME, **values}
        with self._database.writing() as connection:
            connection.execute(_SESSIONS.delete().where(_SESSIONS.c.expires <= now))
            connection.execute(_SESSIONS.insert().values(**row))
        return token

    def role(self, token: str) -> Role | None:
        """The role of a session; None if it has ended, or there never was one."""
        role = self._of(token, sa.func.coalesce(ACCOUNTS.c.role, _SESSIONS.c.role))
        return None if role is None else Role(role)

    def account(self, token: str) -> str:
        """The account of a session; empty if it has none, or has ended."""
        return self._of(token, ACCOUNTS.c.name) or ""

    def _of(self, token: str, column: sa.ColumnElement[str]) -> str | None:
        same = sa.and_(
            ACCOUNTS.c.name == _SESSIONS.c.account,
            ACCOUNTS.c.password == _SESSIONS.c.password,
            ACCOUNTS.c.disabled.is_(False),
        )
        query = (
            sa.select(column)
            .select_from(sa.outerjoin(_SESSIONS, ACCOUNTS, same))
            .where(_SESSIONS.c.digest == _digest(token), _SESSIONS.c.expires > int(time.time()))
        )
        with self._database.reading() as connection:
            return connection.scalar(query)

    def end(self, token: str) -> None:
        """End a session, if there is one."""
        with self._database.writing() as connection:
            connection.execute(_SESSIONS.delete().where(_SESSIONS.c.digest == _digest(token)))

    def spend(self, name: str, expires: int) -> bool:
        """Note that the link ``name`` was used; False if it was before.

        ``expires``: the second from which on nobody accepts the link, so that the note is not needed.
        """
        return inserted(
            self._database,
            _SPENT.delete().where(_SPENT.c.expires <= int(time.time())),
            _SPENT.insert().values(digest=_digest(name), expires=expires),
        )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
