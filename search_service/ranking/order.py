"""Order a match set: exact matches, the fused window, then keyword order. Entry point: :func:`order`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from search_service import relevance
from search_service.engines import Reader
from search_service.metrics import stage
from search_service.model import (
    All,
    Identifiers,
    Not,
    Sort,
)
from search_service.query import matching
from search_service.query.parsing import Query
from search_service.query.request import SearchRequest
from search_service.ranking.factors import Factors, factors
from search_service.ranking.fusion import RankedList, fuse
from search_service.ranking.match_set import MatchSet
from search_service.service import SearchService


@dataclass(frozen=True)
class Ranks:
    """By id: (rank, score) in each fused list, fused score, multipliers."""

    keyword: Mapping[str, tuple[int, float]] = field(default_factory=dict)
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
    service: SearchService,
    reader: Reader,
    query: Query,
    request: SearchRequest,
    matched: MatchSet,
    window: tuple[int, int],
) -> Order:
    """The ids of the page ``window`` (offset, limit) in order, with their scores and ranks."""
    offset, limit = window
    rank = matching.rank(query)
    if request.sort is Sort.DATE or not rank:  # fields and exclusions do not rank
        hits = reader.keyword(
            matched.clause, filters=request.filters, sort=Sort.DATE, offset=offset, limit=limit
        )
        return Order([hit.id for hit in hits])

    keyword = reader.keyword(matched.keyword, rank, filters=request.filters, limit=relevance.WINDOW)
    fused = fuse(
        [
            RankedList([(hit.id, hit.score) for hit in keyword]),
            RankedList(
                [(hit.id, hit.score) for hit in matched.semantic.hits],
                weight=relevance.SEMANTIC_WEIGHT,
            ),
        ]
    )
    ranks = Ranks(
        {hit.id: (position, hit.score) for position, hit in enumerate(keyword, start=1)},
        {
            hit.id: (position, hit.score)
            for position, hit in enumerate(matched.semantic.hits, start=1)
        },
        fused,
        factors(service.store, reader, list(fused)),
    )
    scores = {key: round(score * ranks.factors[key].product, 6) for key, score in fused.items()}
    literal_ids: set[str] = set()
    if keyword and matched.semantic.hits:
        # Articles that contain the query as typed rank above all others.
        literal = All((matching.literal(query), Identifiers(tuple(fused))))
        literal_ids = {hit.id for hit in reader.keyword(literal, limit=len(fused))}
    ordered = sorted(scores, key=lambda key: (key not in literal_ids, -scores[key], key))
    head = [*matched.exact, *(key for key in ordered if key not in set(matched.exact))]
    page = head[offset : offset + limit]
    if len(page) < limit and len(keyword) == relevance.WINDOW:
        # After the window the keyword order continues, without the articles of the window: its first
        # WINDOW hits, the semantic hits and the exact matches.
        elsewhere = {*matched.exact, *ranks.semantic}
        before = sum(1 for hit in keyword if hit.id not in elsewhere)
        rest = reader.keyword(
            All((matched.keyword, Not(Identifiers(tuple(sorted(elsewhere)))))),
            rank,
            filters=request.filters,
            offset=before + max(0, offset - len(head)),
            limit=limit - len(page),
        )
        page += [hit.id for hit in rest]
    return Order(page, scores, ranks)
