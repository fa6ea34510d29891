"""Counts of searches: a text only of three callers on one day, never who they were, for as long as said."""

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from search_service.model import Audience
from search_service.state.database import Database
from search_service.state.query_log import LONGEST, Counted, QueryLog
from search_service.state.store import Store

PUBLIC = Audience.PUBLIC


class Log:
    """A query log whose day can be set."""

    def __init__(self, database: Database) -> None:
        self.day = date(2026, 3, 1)
        self.log = QueryLog(database, today=lambda: self.day)

    def search(self, text: str, *callers: str, found: bool = True) -> None:
        """The text, searched by each of the callers."""
        for caller in callers:
            self.log.note(text, PUBLIC, found=found, caller=caller, days=30)

    def counted(self, days: int = 30) -> dict[str, tuple[int, int]]:
        """What can be read after a flush: text -> searches, and those without results."""
        self.log.flush(days=30)
        rows = self.log.read(PUBLIC, days=days, limit=100)
        return {one.text: (one.searches, one.without_results) for one in rows}


@pytest.fixture
def log(database: Database) -> Log:
    """A log on the first of March."""
    return Log(database)


def test_a_text_is_kept_from_the_third_caller_on(log: Log) -> None:
    """However often two have searched it; then all searches of the day count."""
    log.search("低保", "a", "a", "b", "a")
    assert log.counted() == {"": (4, 0)}

    log.search("低保", "c", found=False)
    assert log.counted() == {"": (5, 1), "低保": (5, 1)}
    log.search("低保", "a")
    assert log.counted() == {"": (6, 1), "低保": (6, 1)}


def test_callers_of_two_days_do_not_add_up(log: Log) -> None:
    """At the end of the day the callers are forgotten."""
    log.search("低保", "a", "b")
    log.day = date(2026, 3, 2)
    log.search("低保", "c")

    assert log.counted() == {"": (3, 0)}


@pytest.mark.parametrize("text", ["字" * (LONGEST + 1), "第一段\n第二段", "。。。", ""])
def test_what_may_be_a_draft_is_only_counted(log: Log, text: str) -> None:
    """A long text, several lines, and what is no word."""
    log.search(text, "a", "b", "c")

    assert log.counted() == {"": (3, 0)}


def test_spellings_that_search_the_same_are_one(log: Log) -> None:
    """In width, case, script and spaces."""
    log.search("小區  ＡＢ", "a")
    log.search(" 小区 ab", "b", "c")

    assert log.counted() == {"": (3, 0), "小区 ab": (3, 0)}


def test_counts_are_kept_for_as_long_as_said(log: Log) -> None:
    """Then they are deleted from the database; a shorter time can be read."""
    log.search("低保", "a", "b", "c")
    log.counted()
    log.day = date(2026, 3, 30)
    log.search("医保", "a")
    assert log.counted() == {"": (4, 0), "低保": (3, 0)}
    assert log.counted(days=1) == {"": (1, 0)}

    log.day = date(2026, 3, 31)
    log.search("医保", "a")
    assert log.counted(days=366) == {"": (2, 0)}


def test_audiences_are_apart(log: Log) -> None:
    """What staff search is not among the public's."""
    for caller in "abc":
        log.log.note("内部", Audience.STAFF, found=True, caller=caller, days=30)

    assert log.counted() == {}
    assert log.log.read(Audience.STAFF, days=1, limit=9)[1] == Counted(
        text="内部", searches=3, without_results=0
    )


def test_nothing_of_a_caller_reaches_the_database(log: Log, database: Database) -> None:
    """Neither address nor digest; of a text that two have searched, nothing."""
    log.search("张三的病历", "203.0.113.7", "203.0.113.8")
    log.search("低保", "203.0.113.7", "203.0.113.8", "203.0.113.9")
    log.counted()

    with database.reading() as connection:
        rows = connection.execute(sa.text("SELECT * FROM queries ORDER BY text")).all()
    assert [tuple(row) for row in rows] == [
        ("2026-03-01", 0, "", 5, 0),
        ("2026-03-01", 0, "低保", 3, 0),
    ]


def test_processes_add_to_the_same_rows(database: Database) -> None:
    """Each has three callers of its own; the searches are added."""
    one, two = Log(database), Log(database)
    for log in (one, two):
        log.search("低保", "a", "b", "c")
        log.counted()

    assert one.counted() == {"": (6, 0), "低保": (6, 0)}


def test_a_day_has_a_bounded_number_of_texts(log: Log) -> None:
    """Beyond a thousand only those already kept are counted."""
    for number in range(1100):
        log.search(f"检索{number}", "a", "b", "c")
    log.counted()
    log.search("检索0", "a")

    assert log.counted()[""] == (3301, 0)
    assert len(log.log.read(PUBLIC, days=1, limit=5000)) == 1 + 1000


def test_a_search_is_answered_although_nothing_can_be_written(tmp_path: Path) -> None:
    """The database is away when counts are due."""
    path = tmp_path / "state.sqlite3"
    store = Store(f"sqlite:///{path}")
    store.create()
    log = Log(Database(f"sqlite:///{path}"))
    log.search("低保", "a")
    path.unlink()
    log.day = date(2026, 3, 2)

    log.search("低保", "a")
    store.close()
