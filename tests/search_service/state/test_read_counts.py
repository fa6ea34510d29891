"""Own counts of reads: once a day for a visitor, by audience and day, never who read."""

import subprocess
import sys
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from search_service.model import Audience
from search_service.state import read_counts
from search_service.state.database import Database
from search_service.state.read_counts import BROWSERS, Period, ReadCounts
from search_service.state.store import Store

PUBLIC, MEMBER = Audience.PUBLIC, Audience.MEMBER
# Two processes write at the same time; then each has counted more, and is killed.
READER = """
import sys
from search_service.model import Audience
from search_service.state.store import Store
store = Store(sys.argv[1])
for round in range(20):
    for number in range(10):
        visitor = f"{sys.argv[2]} {round}"
        store.reads.note(f"a{number}", Audience.PUBLIC, address=visitor, browser="Firefox")
    store.reads.flush()
for number in range(10):
    store.reads.note(f"a{number}", Audience.PUBLIC, address="late", browser="Firefox")
print("counted", flush=True)
sys.stdin.read()
"""


class Counts:
    """Counts whose day can be set."""

    def __init__(self, database: Database) -> None:
        self.day = date(2026, 3, 1)
        self.reads = ReadCounts(database, today=lambda: self.day)

    def read(self, key: str, *addresses: str, audience: Audience = PUBLIC) -> None:
        """An article, read from each of the addresses by one browser."""
        for address in addresses:
            self.reads.note(key, audience, address=address, browser="Firefox")

    def of(self, period: Period, audience: Audience = PUBLIC) -> dict[str, int]:
        """The list of a period after a flush."""
        self.reads.flush()
        return dict(self.reads.of(audience, period))


@pytest.fixture
def counts(database: Database) -> Counts:
    """Counts of the first of March."""
    return Counts(database)


def test_a_visitor_counts_once_a_day(counts: Counts) -> None:
    """However often the page is loaded; on another day again."""
    counts.read("a", "x", "y", "x", "x")
    counts.read("b", "x")
    assert counts.of(Period.DAY) == {"a": 2, "b": 1}
    counts.read("a", "x")
    assert counts.of(Period.DAY) == {"a": 2, "b": 1}
    counts.day += timedelta(days=1)
    counts.read("b", "x")

    assert counts.of(Period.DAY) == {"b": 1}
    assert counts.of(Period.WEEK) == {"a": 2, "b": 2}


def test_an_office_behind_one_address_counts_by_browser_to_a_limit(counts: Counts) -> None:
    """Who invents browsers gets no further."""
    for number in range(BROWSERS + 5):
        counts.reads.note("a", PUBLIC, address="office", browser=f"Firefox/{number}")

    assert counts.of(Period.DAY) == {"a": BROWSERS}


def test_members_move_no_list_of_guests(counts: Counts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by reading, nor by reading from where a guest reads, nor by filling the memory."""
    monkeypatch.setattr(read_counts, "_REMEMBERED", 2)
    counts.read("a", "x")
    counts.read("b", "x", "y", "z", audience=MEMBER)
    counts.read("a", "x", audience=MEMBER)
    counts.read("a", "x")

    assert counts.of(Period.DAY) == {"a": 1}
    assert counts.of(Period.DAY, MEMBER) == {"b": 3, "a": 2}


def test_rows_are_dropped_after_a_month(counts: Counts, database: Database) -> None:
    """Of the thirtieth day before today there are none."""
    for _ in range(40):
        counts.read("a", "x")
        assert counts.of(Period.DAY) == {"a": 1}
        counts.day += timedelta(days=1)
    with database.reading() as connection:
        rows = connection.execute(sa.text("SELECT day, reads FROM reads ORDER BY day")).all()

    assert [tuple(row) for row in rows] == [
        ((date(2026, 3, 11) + timedelta(days=n)).isoformat(), 1) for n in range(30)
    ]


def test_nothing_of_a_visitor_reaches_the_database(counts: Counts, tmp_path: Path) -> None:
    """Day, audience, article and number are all."""
    counts.read("a", "203.0.113.7")
    counts.reads.flush()

    content = (tmp_path / "state.sqlite3").read_bytes()
    assert b"2026-03-01" in content
    assert b"203.0.113" not in content
    assert b"Firefox" not in content


def test_a_database_that_is_away_loses_nothing(counts: Counts, tmp_path: Path) -> None:
    """What could not be written is written later, for its own day."""
    file = tmp_path / "state.sqlite3"
    counts.read("a", "x")
    away = file.rename(tmp_path / "away")
    counts.reads.flush()
    counts.day += timedelta(days=1)
    counts.read("a", "x")
    away.rename(file)

    assert counts.of(Period.DAY) == {"a": 1}
    assert counts.of(Period.WEEK) == {"a": 2}


def test_reads_are_written_without_another_request(
    counts: Counts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a thread of their own; and when the state is closed."""
    monkeypatch.setattr(read_counts, "EVERY", 0.01)
    counts.read("a", "x")
    timer = counts.reads._timer
    assert timer is not None
    timer.join(30)
    assert ReadCounts(database, today=lambda: counts.day).of(PUBLIC, Period.DAY) == {"a": 1}


def test_closing_the_state_writes_what_was_counted(tmp_path: Path) -> None:
    """A server that is stopped loses nothing."""
    url = f"sqlite:///{tmp_path}/state.sqlite3"
    with closing(Store(url)) as store:
        store.create()
        store.reads.note("a", PUBLIC, address="x", browser="Firefox")
    with closing(Store(url)) as store:
        assert store.reads.of(PUBLIC, Period.WEEK) == {"a": 1}


def test_processes_add_up_and_a_kill_loses_only_what_was_not_written(tmp_path: Path) -> None:
    """Two at a time, twenty writes each."""
    url = f"sqlite:///{tmp_path}/state.sqlite3"
    with closing(Store(url)) as store:
        store.create()
        command = [sys.executable, "-c", READER, url]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        processes = [subprocess.Popen([*command, name], text=True, **pipes) for name in "xy"]  # type: ignore[call-overload]
        for process in processes:
            with process:
                assert process.stdout.readline() == "counted\n"
                process.kill()

        assert store.reads.of(PUBLIC, Period.WEEK) == {f"a{number}": 40 for number in range(10)}
