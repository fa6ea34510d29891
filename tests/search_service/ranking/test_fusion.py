"""Fusion depends on the scores and ranks within each list."""

import math

from hypothesis import given
from hypothesis import strategies as st

from search_service import relevance
from search_service.ranking.fusion import RankedList, fuse, fuse_scores

# Thousandths: of scores that differ in their last bit, multiplying may make equal ones.
SCORED = st.dictionaries(
    st.integers(0, 50).map(str),
    st.integers(0, 100_000).map(lambda score: score / 1000),
    max_size=30,
).map(lambda scores: sorted(scores.items(), key=lambda item: (-item[1], item[0])))


@given(SCORED, SCORED)
def test_fusion_keeps_every_id_once_and_orders_by_score(
    left: list[tuple[str, float]], right: list[tuple[str, float]]
) -> None:
    """The fused list contains each id of either list once, best first."""
    fused = fuse([RankedList(left), RankedList(right)])
    assert set(fused) == {key for key, _ in (*left, *right)}
    scores = list(fused.values())
    assert scores == sorted(scores, reverse=True)


@given(SCORED)
def test_one_list_keeps_its_order(hits: list[tuple[str, float]]) -> None:
    """A single list keeps its order."""
    assert list(fuse([RankedList(hits), RankedList([])])) == [key for key, _ in hits]


@given(SCORED, SCORED, st.floats(0.01, 100))
def test_the_scale_of_a_list_does_not_matter(
    left: list[tuple[str, float]], right: list[tuple[str, float]], scale: float
) -> None:
    """Multiplying all scores of a list, as of a larger index, changes the result by rounding only."""
    scaled = [(key, score * scale) for key, score in left]
    one, two = (fuse([RankedList(hits), RankedList(right)]) for hits in (left, scaled))
    assert all(abs(one[key] - two[key]) < 1e-5 for key in one)


def test_an_id_in_both_lists_ranks_above_the_first_of_either() -> None:
    """A close second in both lists ranks above the first of one."""
    lists = [
        RankedList([("a", 9.0), ("c", 8.0), ("d", 1.0)]),
        RankedList([("b", 0.9), ("c", 0.8), ("e", 0.1)]),
    ]
    assert next(iter(fuse(lists))) == "c"


@given(SCORED, SCORED, st.floats(0.1, 10))
def test_the_lists_contribute_separately(
    left: list[tuple[str, float]], right: list[tuple[str, float]], weight: float
) -> None:
    """The fused score is the sum of what each list gives, in proportion to its weight."""
    alone = fuse([RankedList(left)]), fuse([RankedList(right)])
    for key, score in fuse([RankedList(left), RankedList(right, weight)]).items():
        expected = alone[0].get(key, 0.0) + weight * alone[1].get(key, 0.0)
        assert abs(score - expected) < 2e-5
        assert 0 < score <= (1 + weight) * (1 + relevance.RANK_WEIGHT)


def test_a_fused_score_is_the_scaled_score_and_the_reciprocal_rank() -> None:
    """Scores scaled from 0 to 1 within each list, plus k / (k + rank); equal scores share a rank."""
    k, weight = relevance.RRF_K, 1.4
    fused = fuse(
        [
            RankedList([("a", 9.0), ("b", 5.0), ("c", 5.0), ("d", 1.0)]),
            RankedList([("b", 0.8)], weight),
        ]
    )
    reciprocal = relevance.RANK_WEIGHT * k
    assert fused == {
        "b": round(0.5 + reciprocal / (k + 2) + weight * (1 + reciprocal / (k + 1)), 6),
        "a": round(1 + reciprocal / (k + 1), 6),
        "c": round(0.5 + reciprocal / (k + 2), 6),
        "d": round(reciprocal / (k + 4), 6),
    }
    assert fuse([RankedList([])]) == {}


BY_ID = st.dictionaries(st.integers(0, 20).map(str), st.integers(0, 2000).map(lambda n: n / 10))
COSINES = st.dictionaries(st.integers(0, 20).map(str), st.integers(0, 100).map(lambda n: n / 100))


@given(BY_ID, COSINES, st.integers(1, 1000))
def test_more_evidence_of_either_kind_never_ranks_lower(
    keyword: dict[str, float], similarity: dict[str, float], more: int
) -> None:
    """A higher keyword score raises only the fused score of its own article."""
    before = fuse_scores(keyword, similarity, background=0.1, articles=1000)
    for key, score in keyword.items():
        after = fuse_scores(
            {**keyword, key: score + more}, similarity, background=0.1, articles=1000
        )
        assert after[key] > before[key]
        assert {**after, key: 0} == {**before, key: 0}


@given(BY_ID, COSINES)
def test_an_unknown_cosine_counts_less_than_every_known_one(
    keyword: dict[str, float], similarity: dict[str, float]
) -> None:
    """With equal keyword scores the articles among the nearest are first."""
    equal = dict.fromkeys({*keyword, *similarity}, 10.0)
    fused = fuse_scores(equal, similarity, background=-0.1, articles=1000)
    near = [fused[key] for key in similarity]
    assert all(fused[key] < min(near) for key in equal if key not in similarity and near)


def test_what_is_strong_in_one_outweighs_what_is_mediocre_in_both() -> None:
    """Of equal sums of scores the uneven one ranks first, whichever list it is strong in."""
    similarity = {"words": 0.1, "meaning": 0.5, "both": 0.3}
    points = (
        relevance.KEYWORD_SCALE
        * math.log(1001)
        * relevance.SIMILARITY_WEIGHT ** (1 / relevance.FUSION_POWER)
    )
    keyword = {key: points * (0.6 - cosine) for key, cosine in similarity.items()}
    fused = fuse_scores(keyword, similarity, background=0.0, articles=1000)
    assert fused["both"] < min(fused["words"], fused["meaning"])
