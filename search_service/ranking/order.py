"""In which order: exact matches, the fused window, then the keyword order. Entry point: :func:`order`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from search_service import relevance
from search_service.engines import Reader
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
    """Of each id: (rank, score) in the lists that were fused, what they gave together, the factors."""

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


def order(
    service: SearchService,
    reader: Reader,
    query: Query,
    request: SearchRequest,
    matched: MatchSet,
    window: tuple[int, int],
) -> Order:
    """The ids of the page in order, with scores and what is behind them."""
    offset, limit = window
    rank = matching.rank(query)
    if request.sort is Sort.DATE or not rank:  # fields alone, or what is not wanted, rank nothing
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
        # What is merely near, or holds the words apart, stands below what holds the query as typed.
        literal = All((matching.literal(query), Identifiers(tuple(fused))))
        literal_ids = {hit.id for hit in reader.keyword(literal, limit=len(fused))}
    ordered = sorted(scores, key=lambda key: (key not in literal_ids, -scores[key], key))
    head = [*matched.exact, *(key for key in ordered if key not in set(matched.exact))]
    page = head[offset : offset + limit]
    if len(page) < limit and len(keyword) == relevance.WINDOW:
        # Behind the window the keyword order goes on, without what the window already showed. Its
        # first WINDOW hits are in the window, so are the semantic ones and the exact ones.
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
