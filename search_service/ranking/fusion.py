"""Fusion of several ranked lists into one. Entry point: :func:`fuse`. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_service import relevance


@dataclass(frozen=True)
class RankedList:
    """One list of (id, score), best first, and its weight."""

    hits: Sequence[tuple[str, float]]
    weight: float = 1.0


def fuse(lists: Sequence[RankedList]) -> Mapping[str, float]:
    """Id -> fused score, best first: the sum over the lists of weight × (score + rank).

    BM25 and cosine have different scales, so a score is scaled to its list, from 0 for the lowest to 1 for
    the highest; the rank adds ``RANK_WEIGHT`` × k / (k + rank). Equal scores share a rank. Ties are ordered
    by id, so that equal inputs give equal bytes.
    (Scores: Bruch, Gai, Ingber: An analysis of fusion functions for hybrid retrieval, TOIS 2023. Ranks:
    Cormack, Clarke, Büttcher: Reciprocal rank fusion, SIGIR 2009.)
    """
    scores: dict[str, float] = {}
    for one in lists:
        scored = [score for _, score in one.hits]
        last, top = min(scored, default=0.0), max(scored, default=0.0)
        first = {score: rank for rank, score in reversed(list(enumerate(scored, start=1)))}
        for key, score in one.hits:
            scaled = (score - last) / (top - last) if top > last else 1.0
            value = scaled + relevance.RANK_WEIGHT * relevance.RRF_K / (
                relevance.RRF_K + first[score]
            )
            scores[key] = scores.get(key, 0.0) + one.weight * value
    ordered = sorted(scores.items(), key=lambda item: (-round(item[1], 6), item[0]))
    return {key: round(score, 6) for key, score in ordered}
