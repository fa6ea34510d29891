"""State outside the index survives everything that happens to the index."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from search_service.errors import ConfigurationError
from search_service.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a file."""
    opened = Store(f"sqlite:///{tmp_path}/state.sqlite3")
    yield opened
    opened.close()


def test_hidden_ids_stay_hidden_until_unhidden(store: Store, tmp_path: Path) -> None:
    """Hiding is durable, and doing it twice is no error."""
    assert store.hide("a")
    assert not store.hide("a")
    with closing(Store(f"sqlite:///{tmp_path}/state.sqlite3")) as other:
        assert other.hidden() == {"a"}
    assert store.unhide("a")
    assert not store.unhide("a")
    assert store.hidden() == frozenset()


def test_the_ledger_grows_also_among_threads(store: Store) -> None:
    """Every change gets a number of its own, greater than all before."""
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda n: store.next_sequence("add", str(n)), range(40)))
    assert len(set(numbers)) == 40
    assert store.next_sequence("add", "x") > max(numbers)


def test_the_most_viewed_come_first(store: Store) -> None:
    """Counters are replaced, and ties fall by id."""
    store.set_views({"a": 1, "b": 5, "c": 5})
    store.set_views({"a": 9})
    assert store.most_viewed(10) == ["a", "b", "c"]
    assert store.views(["b", "zz"]) == {"b": 5}


def test_a_bad_address_names_the_setting(tmp_path: Path) -> None:
    """A store that cannot be opened is an error that names GONGWEN_STATE."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="GONGWEN_STATE"):
        Store(f"sqlite:///{tmp_path}/file/state.sqlite3")
