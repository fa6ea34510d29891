"""Rank fusion is a function of ranks."""

from hypothesis import given
from hypothesis import strategies as st

from search_service.fusion import fuse

IDS = st.lists(st.integers(0, 50).map(str), unique=True, max_size=30)


@given(IDS, IDS)
def test_fusion_keeps_every_id_once_and_orders_by_score(left: list[str], right: list[str]) -> None:
    """The fused list holds each id of either list once, best first."""
    fused = fuse([(1.0, left), (1.0, right)])
    assert set(fused) == {*left, *right}
    scores = list(fused.values())
    assert scores == sorted(scores, reverse=True)


@given(IDS)
def test_one_list_keeps_its_order(ids: list[str]) -> None:
    """Nothing to fuse: the order stays."""
    assert list(fuse([(1.0, ids), (1.0, [])])) == ids


def test_an_id_in_both_lists_stands_before_the_heads_of_either() -> None:
    """Second in both lists beats first in one."""
    assert next(iter(fuse([(1.0, ["a", "c"]), (1.0, ["b", "c"])]))) == "c"
