"""Semantic retrieval with a relevance threshold.

Entry points: :class:`SimilarPassages`, and :class:`SimilarArticles`, which is cheaper. Both are requests to
be read together with others.

Two thresholds apply. The top hit must reach a minimum, which calibration stores in the manifest: a hit no
better than those of nonsense queries is not evidence. (:mod:`.match_set` waives it for questions that
keywords answer.) Every other hit must reach a cut-off relative to the top hit: what is far below it is off
topic. Both are measured from the background, the mean similarity of unrelated texts, which differs between
models. Filters and ``role`` do not affect the thresholds, so selecting a facet value returns as many
articles as it counts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from search_service import relevance
from search_service.engines.reads import NO_FILTERS, Answers, Nearest, NearestArticles, Request
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

    def nearest_passages(self, ids: Collection[str]) -> Nearest | None:
        """The request for the nearest passage of each hit with one of these ids, if there are any."""
        shown = self.restricted_to(ids).ids
        if self.vector is None or not shown:
            return None
        return Nearest(self.vector, Filters(ids=shown), articles=len(shown))


class SimilarPassages:
    """The passages above both thresholds, for a ``vector`` of shape (dimensions,), L2-normalised."""

    def __init__(
        self,
        manifest: Manifest,
        vector: Vector,
        *,
        filters: Filters = NO_FILTERS,
        per_article: int = 1,
        role: str | None = None,
    ) -> None:
        self._manifest = manifest
        self._nearest = Nearest(
            vector,
            filters,
            relevance.WINDOW,
            per_article,
            _cutoff(manifest, manifest.floor),
            role,
        )
        self._top = _top(manifest, vector, unfiltered=filters == NO_FILTERS and role is None)

    @property
    def requests(self) -> tuple[Request[Any], ...]:
        """To be read together."""
        return (self._nearest, *self._top)

    def hits(self, answers: Answers) -> list[PassageHit]:
        """The passages, best first."""
        hits = answers[self._nearest]
        top_score = _top_score(answers, self._top, hits)
        if top_score < self._manifest.floor:
            return []
        cutoff = _cutoff(self._manifest, top_score)
        return [hit for hit in hits if hit.score >= cutoff]


class SimilarArticles:
    """The articles above the cut-off; the caller applies the minimum: :meth:`SemanticHits.if_above`."""

    def __init__(
        self, manifest: Manifest, vector: Vector, *, filters: Filters = NO_FILTERS
    ) -> None:
        self._manifest, self._vector = manifest, vector
        self._nearest = NearestArticles(vector, filters, relevance.WINDOW, manifest.background)
        self._top = _top(manifest, vector, unfiltered=filters == NO_FILTERS)

    @property
    def requests(self) -> tuple[Request[Any], ...]:
        """To be read together."""
        return (self._nearest, *self._top)

    def hits(self, answers: Answers) -> SemanticHits:
        """The articles, best first."""
        hits = answers[self._nearest]
        top_score = _top_score(answers, self._top, hits)
        cutoff = _cutoff(self._manifest, top_score)
        return SemanticHits(
            tuple(hit for hit in hits if hit.score >= cutoff), self._vector, top_score
        )


def _top(manifest: Manifest, vector: Vector, *, unfiltered: bool) -> tuple[NearestArticles, ...]:
    """The request for the best article of the index, unless the hits begin with it: ``unfiltered``."""
    if unfiltered:
        return ()
    return (NearestArticles(vector, articles=1, min_score=manifest.background),)


def _top_score(
    answers: Answers, top: Sequence[NearestArticles], hits: Sequence[Hit | PassageHit]
) -> float:
    """The highest similarity in the index."""
    for request in top:
        hits = answers[request]
    return hits[0].score if hits else 0.0


def _cutoff(manifest: Manifest, top_score: float) -> float:
    """The similarity that a hit needs, relative to the top score."""
    return manifest.background + relevance.SEMANTIC_CUTOFF * (top_score - manifest.background)
