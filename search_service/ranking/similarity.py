"""Semantic retrieval with a relevance threshold.

Entry points: :func:`nearest_passages`, and :func:`nearest_articles`, which is cheaper.

Two thresholds apply. The top hit must reach a minimum, which calibration stores in the manifest: a hit no
better than those of nonsense queries is not evidence. (:mod:`.match_set` waives it for questions that
keywords answer.) Every other hit must reach a cut-off relative to the top hit: what is far below it is off
topic. Both are measured from the background, the mean similarity of unrelated texts, which differs between
models. Filters and ``role`` do not affect the thresholds, so selecting a facet value returns as many
articles as it counts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from search_service import relevance
from search_service.engines import NO_FILTERS, Reader
from search_service.model import Filters, Hit, Manifest, PassageHit, Vector


@dataclass(frozen=True)
class SemanticHits:
    """Articles by similarity to a query, best first, and the query's vector.

    ``top_score``: the highest similarity of any article in the index, whatever the filters.
    """

    hits: tuple[Hit, ...] = ()
    vector: Vector | None = None
    top_score: float = 0.0

    @property
    def ids(self) -> tuple[str, ...]:
        """The articles' ids."""
        return tuple(hit.id for hit in self.hits)

    def if_above(self, floor: float) -> "SemanticHits":
        """These hits if the top score reaches the floor, else no hits."""
        return self if self.top_score >= floor else SemanticHits()

    def restricted_to(self, ids: Collection[str]) -> "SemanticHits":
        """The hits with these ids, in the same order."""
        return replace(self, hits=tuple(hit for hit in self.hits if hit.id in ids))

    def passages(self, reader: Reader, ids: Collection[str]) -> dict[str, str]:
        """The nearest passage of each hit with one of these ids: article id -> passage id."""
        shown = self.restricted_to(ids).ids
        if self.vector is None or not shown:
            return {}
        hits = reader.nearest(self.vector, filters=Filters(ids=shown), articles=len(shown))
        return {hit.article_id: hit.passage_id for hit in hits}


def nearest_passages(
    reader: Reader,
    vector: Vector,
    *,
    filters: Filters = NO_FILTERS,
    per_article: int = 1,
    role: str | None = None,
) -> list[PassageHit]:
    """The passages above both thresholds, best first.

    ``vector``: shape (dimensions,), L2-normalised.
    """
    hits = reader.nearest(
        vector,
        filters=filters,
        articles=relevance.WINDOW,
        per_article=per_article,
        min_score=_cutoff(reader.manifest, reader.manifest.floor),
        role=role,
    )
    top_score = _top_score(reader, vector, hits, unfiltered=filters == NO_FILTERS and role is None)
    if top_score < reader.manifest.floor:
        return []
    cutoff = _cutoff(reader.manifest, top_score)
    return [hit for hit in hits if hit.score >= cutoff]


def nearest_articles(
    reader: Reader, vector: Vector, *, filters: Filters = NO_FILTERS
) -> SemanticHits:
    """The articles above the cut-off; the caller applies the minimum: :meth:`SemanticHits.if_above`."""
    background = reader.manifest.background
    hits = reader.nearest_articles(
        vector, filters=filters, articles=relevance.WINDOW, min_score=background
    )
    top_score = _top_score(reader, vector, hits, unfiltered=filters == NO_FILTERS)
    cutoff = _cutoff(reader.manifest, top_score)
    return SemanticHits(tuple(hit for hit in hits if hit.score >= cutoff), vector, top_score)


def _top_score(
    reader: Reader, vector: Vector, hits: Sequence[Hit | PassageHit], *, unfiltered: bool
) -> float:
    """The highest similarity in the index; ``unfiltered``: ``hits`` already begin with it."""
    if not unfiltered:
        hits = reader.nearest_articles(vector, articles=1, min_score=reader.manifest.background)
    return hits[0].score if hits else 0.0


def _cutoff(manifest: Manifest, top_score: float) -> float:
    """The similarity that a hit needs, relative to the top score."""
    return manifest.background + relevance.SEMANTIC_CUTOFF * (top_score - manifest.background)
