"""Semantic retrieval with a relevance threshold.

Entry points: :class:`SimilarPassages`, and :class:`SimilarArticles`, which is cheaper. Both are requests to
be read together with others.

Two thresholds apply. The top hit must reach a minimum, which calibration stores in the manifest: a hit no
better than those of nonsense queries is not evidence. (:mod:`.match_set` waives it for questions that
keywords answer.) Every other hit must reach a cut-off relative to the top hit: what is far below it is off
topic. Both are measured from the background, the mean similarity of unrelated texts, which differs between
models. Filters and ``roles`` do not affect the thresholds, so selecting a facet value returns as many
articles as it counts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analyzers.outline import BODY
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

    def above(self, share: float, background: float) -> "SemanticHits":
        """The hits that reach this share of the way from the background to the top score."""
        cutoff = _way(background, self.top_score, share)
        return replace(self, hits=tuple(hit for hit in self.hits if hit.score >= cutoff))

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
        articles: int = relevance.WINDOW,
        per_article: int = 1,
        roles: Sequence[str] = (),
    ) -> None:
        self._manifest = manifest
        self._nearest = Nearest(
            vector,
            filters,
            articles,
            per_article,
            _cutoff(manifest, manifest.floor),
            roles,
        )
        any_of_the_body = not roles or set(BODY) <= set(roles)
        unfiltered = filters == NO_FILTERS and any_of_the_body
        self._top = _top(manifest, vector, unfiltered=unfiltered)

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
        self,
        manifest: Manifest,
        vector: Vector,
        *,
        filters: Filters = NO_FILTERS,
        around: bool = False,
    ) -> None:
        """``around``: ask also which articles do not pass the filters."""
        self._manifest, self._vector = manifest, vector
        self._nearest = NearestArticles(vector, filters, relevance.WINDOW, manifest.background)
        unfiltered = filters == NO_FILTERS
        articles = relevance.WINDOW if around else 1
        self._top = _top(manifest, vector, unfiltered=unfiltered, articles=articles)

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

    def unfiltered(self, answers: Answers, share: float) -> tuple[Hit, ...]:
        """All articles that reach this share, if ``around`` was asked for: see ``above``."""
        hits = [hit for one in (self._nearest, *self._top) for hit in answers[one]]
        cutoff = _way(self._manifest.background, self.hits(answers).top_score, share)
        return tuple({hit.id: hit for hit in hits if hit.score >= cutoff}.values())


def cohesion(words: Vector, whole: Vector) -> float:
    """How much the words of a query say one thing: the mean cosine of each to the whole.

    Shapes (words, dimensions) and (dimensions,). The more words, the less each is like the whole: unrelated
    words must be few, or some article near. A single word counts as two that are unrelated.
    """
    known = words[words.any(axis=1)]
    return float((known @ whole).mean()) if len(known) > 1 else 0.5**0.5


def connected(top_score: float, cohesion: float) -> float:
    """What ``Manifest.heap_floor`` is compared with: the nearest article, and what connects the words."""
    return top_score + relevance.COHESION_WEIGHT * cohesion


def _top(
    manifest: Manifest, vector: Vector, *, unfiltered: bool, articles: int = 1
) -> tuple[NearestArticles, ...]:
    """The request for the best articles of the index, unless the hits begin with them: ``unfiltered``."""
    if unfiltered:
        return ()
    return (NearestArticles(vector, articles=articles, min_score=manifest.background),)


def _top_score(
    answers: Answers, top: Sequence[NearestArticles], hits: Sequence[Hit | PassageHit]
) -> float:
    """The highest similarity in the index."""
    for request in top:
        hits = answers[request]
    return hits[0].score if hits else 0.0


def _cutoff(manifest: Manifest, top_score: float) -> float:
    """The similarity that a hit needs, relative to the top score."""
    return _way(manifest.background, top_score, relevance.SEMANTIC_CUTOFF)


def _way(background: float, top_score: float, share: float) -> float:
    """The similarity at a share of the way from the background to the top score."""
    return background + share * (top_score - background)
