"""Built-in accounts, for sites without a log-in of their own. Entry point: :class:`Accounts`.

Passwords are stored as Argon2id. Checking one takes the same time whether or not the account exists.
"""

import functools
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from analyzers.messages import say
from search_service import logs
from search_service.errors import BadInput, NotFound
from search_service.roles import Role
from search_service.state.database import METADATA, Database
from search_service.state.inserts import inserted

ACCOUNTS = sa.Table(
    "accounts",
    METADATA,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("password", sa.String(200), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("created", sa.String(32), nullable=False),
)
MAX_NAME = 64
MIN_PASSWORD, MAX_PASSWORD = 10, 200
# OWASP's parameters for 19 MiB: these machines have two cores and 2 GB.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# One at a time in a process: many log-ins at once take no more memory than one.
_ONE = threading.Lock()
_log = logs.Log(__name__)


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account without its password."""

    name: str
    role: Role
    disabled: bool
    created: str


class Accounts:
    """The built-in accounts. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, password: str, role: Role) -> None:
        """Create an account.

        Raises ``BadInput`` for a name that is taken, and a name or password that is too short or too long.
        """
        name = account_name(name)
        if not name or len(name) > MAX_NAME:
            raise BadInput(
                say(f"账号应为 1 至 {MAX_NAME} 个字", f"a name has 1 to {MAX_NAME} characters")
            )
        row = {
            "name": name,
            "password": _hashed(password),
            "role": role.value,
            "disabled": False,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._database.create()
        if not inserted(self._database, ACCOUNTS.insert().values(**row)):
            raise BadInput(
                say(
                    f"已有账号 {name}；改口令请用 gongwen users password",
                    f"the account {name} exists; to change its password: gongwen users password",
                )
            )
        _log.info("account-created", role=role.value)

    def all(self) -> Sequence[Account]:
        """Every account, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(ACCOUNTS.select().order_by(ACCOUNTS.c.name)).all()
        return [
            Account(name=row.name, role=Role(row.role), disabled=row.disabled, created=row.created)
            for row in rows
        ]

    def set_password(self, name: str, password: str) -> None:
        """Set another password, and enable the account again. Raises ``NotFound``, ``BadInput``."""
        self._change(name, password=_hashed(password), disabled=False)
        _log.info("account-password-set")

    def disable(self, name: str) -> None:
        """Refuse an account from now on. Raises ``NotFound``."""
        self._change(name, disabled=True)
        _log.info("account-disabled")

    def _change(self, name: str, **values: object) -> None:
        name = account_name(name)
        with self._database.writing() as connection:
            done = connection.execute(
                ACCOUNTS.update().where(ACCOUNTS.c.name == name).values(**values)
            )
        if not done.rowcount:
            raise NotFound(say(f"没有账号 {name}", f"there is no account {name}"))

    def exist(self) -> bool:
        """Whether there is an account that can log in."""
        query = sa.select(sa.func.count()).where(ACCOUNTS.c.disabled.is_(False))
        return self._database.remembered(
            "accounts exist", lambda connection: bool(connection.scalar(query))
        )

    def verified(self, name: str, password: str) -> str | None:
        """The name of the account if the password is right and it is not disabled, else None."""
        name, unknown = account_name(name), _unknown()
        with self._database.reading() as connection:
            row = connection.execute(ACCOUNTS.select().where(ACCOUNTS.c.name == name)).first()
        with _ONE:
            try:
                _HASHER.verify(row.password if row else unknown, password[: MAX_PASSWORD + 1])
            except (VerificationError, InvalidHashError):
                return None
        return name if row and not row.disabled else None


def account_name(name: str) -> str:
    """One form of a name, however it is typed."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _hashed(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise BadInput(
            say(
                f"口令应为 {MIN_PASSWORD} 至 {MAX_PASSWORD} 个字符",
                f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters",
            )
        )
    with _ONE:
        return _HASHER.hash(password)


@functools.cache
def _unknown() -> str:
    """A hash used for accounts that do not exist; no password that is accepted has it."""
    return _HASHER.hash("")
