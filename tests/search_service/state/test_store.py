"""State outside the index survives everything that happens to the index."""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from search_service.errors import ConfigurationError, StateLost, StoreUnavailable
from search_service.model import Audience
from search_service.state.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a file."""
    opened = Store(f"sqlite:///{tmp_path}/state.sqlite3")
    opened.create()
    yield opened
    opened.close()


def test_hidden_ids_stay_hidden_until_unhidden(store: Store, tmp_path: Path) -> None:
    """Hiding is durable, and doing it twice is no error."""
    assert store.hidden.hide("a")
    assert not store.hidden.hide("a")
    with closing(Store(f"sqlite:///{tmp_path}/state.sqlite3")) as other:
        assert other.hidden.ids() == {"a"}
    assert store.hidden.unhide("a")
    assert not store.hidden.unhide("a")
    assert store.hidden.ids() == frozenset()


def test_all_who_open_a_state_have_one_key(tmp_path: Path) -> None:
    """The key of cursors is made once, also where many open a new state at the same time."""
    url = f"sqlite:///{tmp_path}/new.sqlite3"

    def key(_: int) -> bytes:
        with closing(Store(url)) as opened:
            opened.create()
            return opened.cursor_key

    with ThreadPoolExecutor(4) as pool:
        keys = set(pool.map(key, range(8)))

    assert len(keys) == 1
    assert len(keys.pop()) == 32


def test_the_ledger_grows_also_among_threads(store: Store) -> None:
    """Everyone who takes a number gets one of their own, greater than all before."""
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda _: store.ledger.next(), range(40)))
    assert len(set(numbers)) == 40
    assert store.ledger.next() > max(numbers)


def test_the_most_viewed_come_first(store: Store) -> None:
    """Counters are replaced, ties fall by id, and each audience has its own."""
    store.views.set(Audience.PUBLIC, {"a": 1, "b": 5, "c": 5})
    store.views.set(Audience.PUBLIC, {"a": 9})
    store.views.set(Audience.MEMBER, {"a": 2, "d": 3})
    assert store.views.most(Audience.PUBLIC, 10) == ["a", "b", "c"]
    assert store.views.most(Audience.MEMBER, 10) == ["d", "a"]
    assert store.views.of(Audience.PUBLIC, ["a", "d"]) == {"a": 9}


def test_a_bad_address_names_the_setting(tmp_path: Path) -> None:
    """A store that cannot be opened is an error that names GONGWEN_STATE."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="GONGWEN_STATE"):
        Store(f"sqlite:///{tmp_path}/file/state.sqlite3")


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite+pysqlite:///:memory:",
        "sqlite:///file::memory:?cache=shared&uri=true",
        "sqlite:///file:state?mode=memory&cache=shared&uri=true",
        "sqlite:///state.sqlite3?mode=memory",
        "sqlite:///state.sqlite3?vfs=memdb",
        "sqlite:///:memory:?cache=shared",
    ],
)
def test_a_state_in_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """What was hidden would be gone with the process."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="GONGWEN_STATE"):
        Store(url)
    assert not list(tmp_path.iterdir())


def test_hiding_one_article_from_many_sides_is_done_once(tmp_path: Path) -> None:
    """Of several that hide it at once, one did it; nobody gets an error."""
    url = f"sqlite:///{tmp_path}/state.sqlite3"
    with closing(Store(url)) as one, closing(Store(url)) as other, ThreadPoolExecutor(8) as pool:
        for article_id in ("a", "b", "c"):
            done = list(
                pool.map(lambda n, key=article_id: (one, other)[n % 2].hidden.hide(key), range(8))
            )
            assert sum(done) == 1
        assert one.hidden.ids() == {"a", "b", "c"}


def test_counters_of_a_whole_source_are_set_at_once(store: Store) -> None:
    """The database limits the variables of a statement, and not how many there are."""

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 50)

    sa.event.listen(store._database._engine, "connect", limit)
    store.views.set(Audience.PUBLIC, {f"{n}": n for n in range(1000)})

    assert store.views.most(Audience.PUBLIC, 1) == ["999"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.hidden.ids(),
        lambda store: store.hidden.hide("a"),
        lambda store: store.hidden.unhide("a"),
        lambda store: store.ledger.next(),
        lambda store: store.ledger.build(),
        lambda store: store.views.set(Audience.PUBLIC, {"a": 1}),
        lambda store: store.views.most(Audience.PUBLIC, 1),
        lambda store: store.ledger.since(1),
    ],
)
def test_a_broken_store_is_unavailable(
    store: Store, tmp_path: Path, ask: Callable[[Store], object]
) -> None:
    """Whatever is asked: one error of ours, with the setting and without the statement."""
    with closing(sqlite3.connect(tmp_path / "state.sqlite3")) as other:
        for table in ("hidden", "view_counts", "head", "changes", "build"):
            other.execute(f"DROP TABLE {table}")

    with pytest.raises(StoreUnavailable, match="GONGWEN_STATE") as caught:
        ask(store)

    assert "SELECT" not in caught.value.message
    assert caught.value.status == 503


def test_a_file_that_is_no_database_names_the_setting(tmp_path: Path) -> None:
    """It is no state, and what to do is said."""
    (tmp_path / "state.sqlite3").write_text("no database" * 100)
    with pytest.raises(StateLost, match="GONGWEN_STATE"):
        Store(f"sqlite:///{tmp_path}/state.sqlite3").hidden.ids()


def test_asking_makes_no_database(tmp_path: Path) -> None:
    """An empty one would say that nothing was taken down."""
    with pytest.raises(StateLost):
        Store(f"sqlite:///{tmp_path}/state.sqlite3").hidden.ids()
    assert not list(tmp_path.iterdir())


def test_many_make_one_database(tmp_path: Path) -> None:
    """Whoever comes first makes it; it has one identity, and no more is made of it later."""
    stores = [Store(f"sqlite:///{tmp_path}/a #?/state.sqlite3") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda store: store.create(), stores))
    assert len({store.hidden.read() for store in stores}) == 1
    assert stores[0].ledger.next() == 1


def test_numbers_go_on_above_what_is_known(store: Store) -> None:
    """What an index knows of numbers that the ledger has forgotten is not given out again."""
    assert store.ledger.next(above=7) == 8
    assert store.ledger.next(above=7) == 9


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_a_missing_driver_is_named_with_its_cure(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """One line that says what to install, without the password."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError) as caught:
        Store(f"{scheme}://gongwen:geheim@db/gongwen")

    assert "pip install 'psycopg[binary]'" in caught.value.message
    assert "geheim" not in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "url", ["nosuch://u:geheim@h/db", "u:geheim@h/db", "postgresql://u:geheim@h:x/db"]
)
def test_no_message_shows_a_password(url: str) -> None:
    """Not even that of an address that cannot be read."""
    with pytest.raises(ConfigurationError, match="GONGWEN_STATE") as caught:
        Store(url)

    assert "geheim" not in caught.value.message


def test_what_another_opener_changes_is_read_at_once(store: Store, tmp_path: Path) -> None:
    """Also if two changes fall into one tick of the clock, and after the file was replaced."""
    path = tmp_path / "state.sqlite3"
    with closing(Store(f"sqlite:///{path}")) as other:
        for _ in range(50):
            other.hidden.hide("a")
            assert store.hidden.ids() == {"a"}
            other.hidden.unhide("a")
            assert store.hidden.ids() == frozenset()
        other.coined.decide(["三无小区"], accepted=True)
        assert store.coined.accepted() == {"三无小区"}
    before = path.read_bytes()
    store.hidden.hide("b")
    path.write_bytes(before)
    assert store.hidden.ids() == frozenset()
    path.unlink()
    with pytest.raises(StateLost):
        store.hidden.ids()
