"""The ledger keeps what a replay needs, and no more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_service.model import Audience
from search_service.state.ledger import Build, Change
from search_service.state.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a file."""
    opened = Store(f"sqlite:///{tmp_path}/state.sqlite3")
    opened.create()
    yield opened
    opened.close()


changes = st.builds(
    Change,
    article_id=st.sampled_from("abc"),
    version=st.integers(1, 4),
    article=st.sampled_from([None, b"1", b"2"]),
)


@settings(max_examples=100, deadline=None)
@given(batches=st.lists(st.lists(changes, max_size=3), max_size=8))
def test_the_newest_change_of_each_article_is_kept(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Change]]
) -> None:
    """Applying what is kept, in its order, ends as applying all that was entered."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/state.sqlite3")
    store.create()
    entered = [change for batch in batches for change in store.ledger.append(batch)]

    kept = list(store.ledger.read(store.ledger.since(0)))

    assert [change.sequence for change in entered] == list(range(1, len(entered) + 1))
    assert [change.sequence for change in kept] == sorted(change.sequence for change in kept)
    assert len({change.article_id for change in kept}) == len(kept)
    assert {change.article_id: change.order for change in kept} == {
        id: max(change.order for change in entered if change.article_id == id)
        for id in {change.article_id for change in entered}
    }
    assert store.ledger.pending() == [change.sequence for change in kept]
    assert store.ledger.of("abc") == {change.article_id: change for change in kept}
    store.close()


def test_what_is_applied_is_not_pending_and_what_is_forgotten_is_gone(store: Store) -> None:
    """A change goes from pending to applied, and away with a later activation."""
    one, two = store.ledger.append(
        [
            Change(article_id="a", version=1, article=b"x"),
            Change(article_id="b", version=1, article=None),
        ]
    )
    store.ledger.mark_applied([one.sequence])
    assert store.ledger.pending() == [two.sequence]
    assert store.ledger.since(0) == [one.sequence, two.sequence]
    assert store.ledger.since(one.sequence) == [two.sequence]
    store.ledger.forget(one.sequence)
    assert list(store.ledger.read([one.sequence, two.sequence])) == [two]
    assert store.ledger.append([]) == []


def test_a_build_comes_back_as_it_was_left(store: Store) -> None:
    """Audiences are keys in JSON and audiences again."""
    build = Build(
        sequence=7,
        generations={Audience.PUBLIC: "public-1", Audience.MEMBER: "member-1"},
        reads={Audience.STAFF: Audience.MEMBER},
        expected={Audience.PUBLIC: 3},
        sample=["a"],
        loaded=True,
    )
    assert store.ledger.build() is None
    store.ledger.set_build(build)
    assert store.ledger.build() == build
    store.ledger.set_build(None)
    assert store.ledger.build() is None
