"""Fusion of ranked lists: by absolute scores (:func:`fuse_scores`) or scaled ones (:func:`fuse`). Pure."""

import math
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


def fuse_scores(
    keyword: Mapping[str, float],
    similarity: Mapping[str, float],
    *,
    background: float,
    articles: int,
) -> Mapping[str, float]:
    """Id -> (keyword score ÷ scale)^p + weight × (cosine above ``background``)^p.

    The scale is ``KEYWORD_SCALE`` × the idf of a word that one of the ``articles`` contains: a keyword score
    grows with it. Both scores are absolute, so the list that has nothing to say adds little; and because
    p > 1, what is strong in one of them outweighs what is mediocre in both. An unknown cosine is lower than
    every known one: it counts as ``UNKNOWN_SIMILARITY`` × the lowest.
    """
    above = {key: max(0.0, score - background) for key, score in similarity.items()}
    unknown = relevance.UNKNOWN_SIMILARITY * min(above.values(), default=0.0)
    power = relevance.FUSION_POWER
    scale = relevance.KEYWORD_SCALE * math.log(articles + 1)
    return {
        key: round(
            (max(0.0, keyword.get(key, 0.0)) / scale) ** power
            + relevance.SIMILARITY_WEIGHT * above.get(key, unknown) ** power,
            6,
        )
        for key in sorted({*keyword, *similarity})
    }
