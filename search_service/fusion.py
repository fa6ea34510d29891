"""Rank fusion: several ranked lists -> one. Entry point: :func:`fuse`. Pure."""

from collections.abc import Mapping, Sequence

from search_service import relevance


def fuse(
    lists: Sequence[tuple[float, Sequence[str]]], *, k: int = relevance.RRF_K
) -> Mapping[str, float]:
    """Reciprocal rank fusion of weighted lists of ids: Σ weight / (k + rank), best first.

    Ranks, not scores: BM25 and cosine share no scale. Ties fall by id, so that equal inputs give equal
    bytes. (Cormack, Clarke, Büttcher: Reciprocal rank fusion, SIGIR 2009.)
    """
    scores: dict[str, float] = {}
    for weight, ids in lists:
        for position, key in enumerate(ids, start=1):
            scores[key] = scores.get(key, 0.0) + weight / (k + position)
    ordered = sorted(scores.items(), key=lambda item: (-round(item[1], 6), item[0]))
    return {key: round(score, 6) for key, score in ordered}
