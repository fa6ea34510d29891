"""Attempts to log in, so that nobody tries passwords one after the other. Entry point: :class:`Attempts`.

Counted per account and per address, in all processes together; forgotten after a quarter of an hour.
Names and addresses are stored as keyed hashes.
"""

import hashlib
import time

import sqlalchemy as sa

from search_service.state.database import IDENTITY, METADATA, Database
from search_service.state.inserts import insert_into

_ATTEMPTS = sa.Table(
    "attempts",
    METADATA,
    sa.Column("digest", sa.String(32), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
)
WINDOW = 15 * 60  # seconds
PER_ACCOUNT = 10
# A whole office may stand behind one address. Bounds the rows, too: each attempt adds one at most.
PER_ADDRESS = 50


class Attempts:
    """The counters. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def admit(self, account: str, address: str) -> bool:
        """Count an attempt; False if there were too many: then the password must not be looked at.

        Counted before it is made, so that many at once are no more than many in a row.
        """
        now = int(time.time())
        with self._database.writing() as connection:
            connection.execute(_ATTEMPTS.delete().where(_ATTEMPTS.c.expires <= now))
            names = _digests(connection, account, address)
            limits = zip(names, (PER_ADDRESS, PER_ACCOUNT), strict=True)
            return all(_count(connection, name, now) <= limit for name, limit in limits)

    def forget(self, account: str, address: str) -> None:
        """The attempt was right: reset the account, and take it off the address."""
        with self._database.writing() as connection:
            of_address, of_account = _digests(connection, account, address)
            connection.execute(_ATTEMPTS.delete().where(_ATTEMPTS.c.digest == of_account))
            connection.execute(
                _ATTEMPTS.update()
                .where(_ATTEMPTS.c.digest == of_address)
                .values(count=_ATTEMPTS.c.count - 1)
            )


def _count(connection: sa.Connection, digest: str, now: int) -> int:
    """Add one; return how many there were in the window."""
    connection.execute(
        insert_into(connection, _ATTEMPTS)
        .values(digest=digest, count=1, expires=now + WINDOW)
        .on_conflict_do_update(
            index_elements=[_ATTEMPTS.c.digest], set_={"count": _ATTEMPTS.c.count + 1}
        )
    )
    query = sa.select(_ATTEMPTS.c.count).where(_ATTEMPTS.c.digest == digest)
    return int(connection.scalar(query) or 0)


def _digests(connection: sa.Connection, account: str, address: str) -> tuple[str, str]:
    """The names of the rows of the address and of the account."""
    key = bytes(connection.scalar(sa.select(IDENTITY.c.cursor_key)) or b"")
    address_digest, account_digest = (
        hashlib.blake2b(text.encode(), digest_size=16, key=key).hexdigest()
        for text in (f"address {address}", f"account {account}")
    )
    return address_digest, account_digest
