"""Counts of what was searched, for the operator, if the operator wants them. Entry point: :class:`QueryLog`.

A text is kept only once three callers have searched it on one day; of everything else only how many searches
there were, and how many found nothing. Who the callers were is nowhere but in memory, as digests under a key
that nobody knows, until the day ends. Long texts, which may be pasted drafts, are never kept.
"""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from analyzers.normalize import normalize
from search_service.errors import StoreUnavailable
from search_service.model import Audience
from search_service.state.database import METADATA, Database
from search_service.state.inserts import insert_into
from search_service.suggestions.vocabulary import fold

# Callers of one day from whom on a text is kept.
CALLERS = 3
# Characters of a text that can be kept; longer ones may be somebody's draft.
LONGEST = 50
# Texts counted in memory, and kept for a day: of more, the ones searched longest ago, and new ones, are lost.
_HELD, _KEPT = 10_000, 1_000
# Seconds for which counts are collected before they are written; a kill loses these.
_EVERY = 60.0
# ``text``: empty for all searches of the day.
_QUERIES = sa.Table(
    "queries",
    METADATA,
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("audience", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.String(LONGEST), primary_key=True),
    sa.Column("searches", sa.BigInteger, nullable=False),
    sa.Column("without_results", sa.BigInteger, nullable=False),
)
_Key = tuple[Audience, str]


@dataclass(frozen=True, kw_only=True)
class Counted:
    """How often a text was searched, and how often without results; an empty text: all searches."""

    text: str
    searches: int
    without_results: int


@dataclass
class _Count:
    """What is not yet written of one text, and the callers of the day, until there are enough."""

    searches: int = 0
    without_results: int = 0
    callers: set[bytes] = field(default_factory=set)


def _today() -> date:
    return datetime.now(UTC).date()


class QueryLog:
    """The counts. Safe to share among threads; each process counts for itself and adds to the same rows."""

    def __init__(self, database: Database, *, today: Callable[[], date] = _today) -> None:
        self._database = database
        self._today = today
        self._lock = threading.Lock()
        self._secret = secrets.token_bytes(32)
        self._day = today()
        self._counts: OrderedDict[_Key, _Count] = OrderedDict()
        self._written = time.monotonic()

    def note(self, text: str, audience: Audience, *, found: bool, caller: str, days: int) -> None:
        """Count a search; ``days``: for how long counts are kept.

        Raises nothing where the database fails: a search is answered all the same.
        """
        keys = [(audience, "")]
        if _may_be_kept(text):
            keys.append((audience, " ".join(normalize(text).split())))
        with self._lock:
            rows = self._take() if self._is_due() else {}
            day = self._day
            self._start_day()
            for key in keys:
                self._count(key, found=found, caller=caller)
        if rows:
            with suppress(StoreUnavailable):
                self._write(day, rows, days)

    def flush(self, *, days: int) -> None:
        """Write what was counted."""
        with self._lock:
            rows, day = self._take(), self._day
            self._start_day()
        self._write(day, rows, days)

    def read(self, audience: Audience, *, days: int, limit: int) -> Sequence[Counted]:
        """All searches of the last ``days`` days, then the texts that were kept, the most frequent first."""
        first = (self._today() - timedelta(days=days - 1)).isoformat()
        total = sa.func.sum(_QUERIES.c.searches)
        query = (
            sa.select(_QUERIES.c.text, total, sa.func.sum(_QUERIES.c.without_results))
            .where(_QUERIES.c.audience == int(audience), _QUERIES.c.day >= first)
            .group_by(_QUERIES.c.text)
            .order_by(_QUERIES.c.text != "", total.desc(), _QUERIES.c.text)
            .limit(limit + 1)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            Counted(text=row[0], searches=int(row[1]), without_results=int(row[2])) for row in rows
        ]

    def forget(self) -> None:
        """Delete everything that was written."""
        with self._database.writing() as connection:
            connection.execute(_QUERIES.delete())

    def _is_due(self) -> bool:
        return self._day != self._today() or time.monotonic() - self._written >= _EVERY

    def _start_day(self) -> None:
        """Forget the callers of yesterday, and what too few of them have searched."""
        if self._day != self._today():
            self._day, self._secret = self._today(), secrets.token_bytes(32)
            self._counts.clear()

    def _count(self, key: _Key, *, found: bool, caller: str) -> None:
        count = self._counts.setdefault(key, _Count())
        self._counts.move_to_end(key)
        count.searches += 1
        count.without_results += not found
        if len(count.callers) < CALLERS:
            digest = hashlib.blake2b(caller.encode(), key=self._secret, digest_size=8).digest()
            count.callers.add(digest)
        if len(self._counts) > _HELD:
            self._counts.popitem(last=False)

    def _take(self) -> Mapping[_Key, _Count]:
        """The counts to write: totals, and texts of enough callers."""
        self._written = time.monotonic()
        rows: dict[_Key, _Count] = {}
        for key, count in self._counts.items():
            if count.searches and (not key[1] or len(count.callers) == CALLERS):
                rows[key] = _Count(count.searches, count.without_results)
                count.searches = count.without_results = 0
        return rows

    def _write(self, day: date, rows: Mapping[_Key, _Count], days: int) -> None:
        oldest = (day - timedelta(days=days - 1)).isoformat()
        here = day.isoformat()
        with self._database.writing() as connection:
            connection.execute(_QUERIES.delete().where(_QUERIES.c.day < oldest))
            today = sa.select(_QUERIES.c.audience, _QUERIES.c.text).where(_QUERIES.c.day == here)
            there = {(row.audience, row.text) for row in connection.execute(today) if row.text}
            values: list[dict[str, object]] = []
            # In one order, or two processes would wait for each other's rows.
            for audience, text in sorted(rows):
                count = rows[audience, text]
                if text and (int(audience), text) not in there and len(there) >= _KEPT:
                    continue
                if text:
                    there.add((int(audience), text))
                values.append(
                    {
                        "day": here,
                        "audience": int(audience),
                        "text": text,
                        "searches": count.searches,
                        "without_results": count.without_results,
                    }
                )
            if not values:
                return
            insert = insert_into(connection, _QUERIES)
            added = {
                name: _QUERIES.c[name] + insert.excluded[name]
                for name in ("searches", "without_results")
            }
            keys = ["day", "audience", "text"]
            connection.execute(
                insert.on_conflict_do_update(index_elements=keys, set_=added), values
            )


def _may_be_kept(text: str) -> bool:
    return len(text.strip()) <= LONGEST and "\n" not in text.strip() and bool(fold(text))
