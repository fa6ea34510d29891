"""Keys of the API. Entry point: :class:`Keys`.

Of a key only a hash is stored. A fast one is right here, unlike for passwords: a key has 256 random bits, so
there is nothing to guess, and every request is checked against it.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from analyzers.messages import say
from search_service import logs
from search_service.errors import BadInput, GongwenError, NotFound
from search_service.roles import Role
from search_service.state.database import METADATA, Database
from search_service.state.inserts import inserted

# ``expires``: seconds since 1970; ``last_used``: a day.
_KEYS = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("origins", sa.Text, nullable=False),
    sa.Column("expires", sa.BigInteger),
    sa.Column("created", sa.String(32), nullable=False),
    sa.Column("last_used", sa.String(10)),
)
PREFIX = "gongwen_"
MAX_NAME = 100
_FORM = re.compile(rf"{PREFIX}([0-9a-f]{{12}})_([\w-]{{43}})", re.ASCII)
_ORIGIN = re.compile(r"https?://[a-z0-9.\[\]:-]+", re.ASCII)
_log = logs.Log(__name__)


@dataclass(frozen=True, kw_only=True)
class Key:
    """What is known of a key. ``origins``: the sites whose pages may use it; none: no page, a server."""

    id: str
    name: str
    digest: bytes
    role: Role
    origins: Sequence[str]
    expires: int | None
    created: str
    last_used: str | None

    def accepts(self, origin: str | None, now: float) -> bool:
        """Whether the key is valid now for a request with this ``Origin`` header."""
        current = self.expires is None or now < self.expires
        return current and (not self.origins or origin in self.origins)


class Keys:
    """The keys of the API. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, name: str, role: Role, *, origins: Sequence[str] = (), expires: int | None = None
    ) -> str:
        """Create a key and return it; it cannot be read again.

        Raises ``BadInput`` for a name that is taken or too long, and for an origin that is none.
        """
        if not name.strip() or len(name) > MAX_NAME:
            raise BadInput(
                say(f"名称应为 1 至 {MAX_NAME} 个字", f"a name has 1 to {MAX_NAME} characters")
            )
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise BadInput(
                    say(
                        f"{origin!r} 不是来源；请写成 https://主机，不带路径，小写",
                        f"{origin!r} is no origin; write https://host in lower case, without a path",
                    )
                )
        id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        self._database.create()
        row = {
            "id": id,
            "name": name,
            "digest": _digest(secret),
            "role": role.value,
            "origins": " ".join(origins),
            "expires": expires,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        if not inserted(self._database, _KEYS.insert().values(**row)):
            raise BadInput(
                say(
                    f"已有名为 {name!r} 的密钥；请换一个名称，或先 gongwen keys revoke",
                    f"there is a key named {name!r}; choose another name, or first run:"
                    " gongwen keys revoke",
                )
            )
        _log.info("key-created", key=id, role=role.value)
        return f"{PREFIX}{id}_{secret}"

    def all(self) -> Sequence[Key]:
        """Every key, by name."""
        return sorted(self._known().values(), key=lambda key: key.name)

    def revoke(self, name: str) -> None:
        """Delete a key; it is refused from the next request on. Raises ``NotFound``."""
        with self._database.writing() as connection:
            done = connection.execute(_KEYS.delete().where(_KEYS.c.name == name))
        if not done.rowcount:
            raise NotFound(say(f"没有名为 {name!r} 的密钥", f"there is no key named {name!r}"))
        _log.info("key-revoked")

    def role(self, token: str, origin: str | None) -> Role | None:
        """The role of a key that is valid for a request with this ``Origin``; None for any other."""
        form = _FORM.fullmatch(token)
        id, secret = form.groups() if form else ("", "")
        key = self._known().get(id)
        # The same comparison whether or not there is such a key.
        same = hmac.compare_digest(key.digest if key else bytes(32), _digest(secret))
        if key is None or not same or not key.accepts(origin, time.time()):
            return None
        self._note_use(key)
        return key.role

    def _known(self) -> Mapping[str, Key]:
        return self._database.remembered("api keys", _read)

    def _note_use(self, key: Key) -> None:
        """Write the day of the last use, once a day; a request does not fail for it."""
        today = datetime.now(UTC).date().isoformat()
        if key.last_used == today:
            return
        try:
            with self._database.writing() as connection:
                connection.execute(
                    _KEYS.update().where(_KEYS.c.id == key.id).values(last_used=today)
                )
        except GongwenError as exc:
            _log.warning("key-use-not-noted", exc, key=key.id)


def _read(connection: sa.Connection) -> Mapping[str, Key]:
    return {
        row.id: Key(
            id=row.id,
            name=row.name,
            digest=bytes(row.digest),
            role=Role(row.role),
            origins=tuple(row.origins.split()),
            expires=row.expires,
            created=row.created,
            last_used=row.last_used,
        )
        for row in connection.execute(_KEYS.select())
    }


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
