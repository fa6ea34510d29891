"""Own counts of how often articles are read, if the operator wants them. Entry point: :class:`ReadCounts`.

A row for each day, audience of the readers, and article, for 30 days: never who read. That repeats of one
visitor count once is known by digests in memory, under a key that nobody knows, until the day ends. Counts of
an audience are of its own readers and those below: what members read moves no list of guests.
"""

import enum
import hashlib
import secrets
import threading
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NamedTuple

import sqlalchemy as sa

from search_service import logs
from search_service.errors import GongwenError
from search_service.model import Audience
from search_service.state.database import METADATA, Database
from search_service.state.inserts import insert_into

# Seconds for which reads are collected before they are written; a kill loses these. So old may a list be.
EVERY = 60.0
# Of one address an article counts once a day for each browser, which the people of an office share.
BROWSERS = 10
# Pairs of address and article remembered for each audience, about 30 MB; beyond, the oldest count again.
_REMEMBERED = 100_000
# The longest list, as long a one as engines return.
_MOST = 10_000
_CHINA = timezone(timedelta(hours=8))
_READS = sa.Table(
    "reads",
    METADATA,
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("audience", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("reads", sa.BigInteger, nullable=False),
)
_log = logs.Log(__name__)


class Period(enum.StrEnum):
    """The days that a list counts, today among them."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def days(self) -> int:
        """How many."""
        return {"day": 1, "week": 7, "month": 30}[self.value]


class _Key(NamedTuple):
    """In the order in which rows are written: two processes never wait for each other's rows."""

    day: str
    audience: int
    article_id: str


def _today() -> date:
    return datetime.now(UTC).astimezone(_CHINA).date()


class ReadCounts:
    """The counts. Safe to share among threads; processes and hosts add to the same rows."""

    def __init__(self, database: Database, *, today: Callable[[], date] = _today) -> None:
        self._database = database
        self._today = today
        self._lock = threading.Lock()
        self._counts: Counter[_Key] = Counter()
        self._timer: threading.Timer | None = None
        self._day, self._secret = today(), secrets.token_bytes(32)
        # By audience: nothing that members do lets a guest count again.
        self._seen: dict[Audience, OrderedDict[bytes, set[bytes]]] = defaultdict(OrderedDict)
        self._lists: dict[tuple[Audience, Period], tuple[float, Mapping[str, int]]] = {}

    def note(self, article_id: str, audience: Audience, *, address: str, browser: str) -> None:
        """Count that a visitor has read an article, once a day; written within a minute."""
        with self._lock:
            if self._day != self._today():
                self._day, self._secret = self._today(), secrets.token_bytes(32)
                self._seen.clear()
            if self._is_repeated(self._seen[audience], article_id, address, browser):
                return
            self._counts[_Key(self._day.isoformat(), int(audience), article_id)] += 1
            self._schedule()

    def _schedule(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(EVERY, self.flush)
            self._timer.daemon = True
            self._timer.start()

    def flush(self) -> None:
        """Write what was counted; where the database fails, it is kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        if not counts:
            return
        try:
            self._write(counts)
        except GongwenError as exc:
            _log.warning("reads-not-written", exc)
            first = self._first(Period.MONTH)
            with self._lock:
                self._counts.update({key: n for key, n in counts.items() if key.day >= first})
                self._schedule()
        self._lists.clear()

    def within(self, period: Period) -> "PeriodCounts":
        """The counts of a period."""
        return PeriodCounts(self, period)

    def of(self, audience: Audience, period: Period) -> Mapping[str, int]:
        """How often articles were read by the audience and those below it, the most read first; ties by id.

        As of a minute ago at most. Some may be hidden or deleted: the caller filters.
        """
        known = self._lists.get((audience, period))
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        total = sa.func.sum(_READS.c.reads)
        query = (
            sa.select(_READS.c.article_id, total)
            .where(_READS.c.day >= self._first(period), _READS.c.audience <= int(audience))
            .group_by(_READS.c.article_id)
            .order_by(total.desc(), _READS.c.article_id)
            .limit(_MOST)
        )
        with self._database.reading() as connection:
            found = {row[0]: int(row[1]) for row in connection.execute(query)}
        self._lists[audience, period] = (time.monotonic() + EVERY, found)
        return found

    def _first(self, period: Period) -> str:
        return (self._today() - timedelta(days=period.days - 1)).isoformat()

    def _is_repeated(
        self, seen: OrderedDict[bytes, set[bytes]], article_id: str, address: str, browser: str
    ) -> bool:
        place, visitor = (
            hashlib.blake2b("\0".join(parts).encode(), key=self._secret, digest_size=8).digest()
            for parts in ((address, article_id), (address, browser))
        )
        browsers = seen.setdefault(place, set())
        seen.move_to_end(place)
        if len(seen) > _REMEMBERED:
            seen.popitem(last=False)
        if visitor in browsers or len(browsers) >= BROWSERS:
            return True
        browsers.add(visitor)
        return False

    def _write(self, counts: Mapping[_Key, int]) -> None:
        with self._database.writing() as connection:
            statement = insert_into(connection, _READS)
            added = {"reads": _READS.c.reads + statement.excluded.reads}
            keys = [_READS.c.day, _READS.c.audience, _READS.c.article_id]
            connection.execute(
                statement.on_conflict_do_update(index_elements=keys, set_=added),
                [
                    dict(zip(_READS.c.keys(), (*key, counts[key]), strict=True))
                    for key in sorted(counts)
                ],
            )
            connection.execute(_READS.delete().where(_READS.c.day < self._first(Period.MONTH)))


class PeriodCounts:
    """The counts of a period in the form of :class:`search_service.state.view_counts.ViewCounts`."""

    def __init__(self, reads: ReadCounts, period: Period) -> None:
        self._reads, self._period = reads, period

    def of(self, audience: Audience, ids: Sequence[str]) -> Mapping[str, int]:
        """The counts of these articles, by id; without those that nobody has read."""
        counts = self._reads.of(audience, self._period)
        return {key: counts[key] for key in ids if key in counts}

    def most(self, audience: Audience, limit: int) -> Sequence[str]:
        """Ids by reads, most first; ties by id."""
        return list(self._reads.of(audience, self._period))[:limit]
