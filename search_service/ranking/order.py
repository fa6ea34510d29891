"""Order a match set: exact matches, the fused window, then keyword order. Entry point: :func:`order`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from search_service import relevance
from search_service.metrics import stage
from search_service.model import Audience
from search_service.ranking.factors import Factors, factors
from search_service.ranking.fusion import fuse_scores
from search_service.ranking.match_set import MatchSet
from search_service.state.store import Store


@dataclass(frozen=True)
class Ranks:
    """By id: (rank, score) in each fused list, fused score, multipliers.

    What is similar but not among the keyword hits has a keyword score without a rank.
    """

    keyword: Mapping[str, tuple[int | None, float]] = field(default_factory=dict)
    semantic: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    fused: Mapping[str, float] = field(default_factory=dict)
    factors: Mapping[str, Factors] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """The ids of a page, best first, with the scores that ordered the window."""

    ids: Sequence[str]
    scores: Mapping[str, float] = field(default_factory=dict)
    ranks: Ranks = field(default_factory=Ranks)


@stage("order")
def order(
    store: Store,
    audience: Audience,
    matched: MatchSet,
    window: tuple[int, int],
) -> Order:
    """The ids of the page ``window`` (offset, limit) in order, with their scores and ranks."""
    if matched.is_listed:
        return Order([hit.id for hit in matched.hits])
    offset, limit = window
    keyword, semantic = matched.hits[: relevance.WINDOW], matched.semantic.hits
    fused = fuse_scores(
        {**matched.scores, **{hit.id: hit.score for hit in keyword}},
        {hit.id: hit.score for hit in semantic},
        background=matched.background,
        articles=matched.articles,
    )
    hits = {hit.id: hit for hit in (*keyword, *semantic)}
    ranks = Ranks(
        {key: (None, score) for key, score in matched.scores.items()}
        | {hit.id: (position, hit.score) for position, hit in enumerate(keyword, start=1)},
        {hit.id: (position, hit.score) for position, hit in enumerate(semantic, start=1)},
        fused,
        factors(store, audience, hits.values()),
    )
    scores = {key: round(fused[key] * ranks.factors[key].product, 6) for key in hits}
    ordered = sorted(scores, key=lambda key: (-scores[key], key))
    # After the window the keyword order continues.
    rest = (hit.id for hit in matched.hits[relevance.WINDOW :])
    ids = dict.fromkeys((*matched.exact, *ordered, *rest))
    return Order([*ids][offset : offset + limit], scores, ranks)
