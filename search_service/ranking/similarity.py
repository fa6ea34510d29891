"""What is near to a question, or nothing where the question means nothing.

Entry points: :func:`nearest` for passages, :func:`nearest_articles` to rank articles.

Two thresholds. A floor of the generation judges the question: if its best hit is no nearer than what
nonsense reaches, nothing is, unless its words prove that it means something (:mod:`.retrieval`). The tail
judges the other hits by the best one: what is much farther is of another subject. Both count from the
background, the similarity of things that have nothing to do with one another, which is another with each
model. Filters and a role narrow the answer and never the judgement, so that a facet counts what its
filter finds.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from search_service import relevance
from search_service.engines import NO_FILTERS, Reader
from search_service.model import Filters, Hit, Manifest, PassageHit, Vector


@dataclass(frozen=True)
class Near:
    """The articles near to a question, best first, and the question's vector.

    ``best``: the similarity of the nearest article of all, whatever the filters.
    """

    hits: tuple[Hit, ...] = ()
    vector: Vector | None = None
    best: float = 0.0

    @property
    def ids(self) -> tuple[str, ...]:
        """The articles' ids."""
        return tuple(hit.id for hit in self.hits)

    def above(self, floor: float) -> "Near":
        """The same if the nearest of all reaches the floor, else nothing."""
        return self if self.best >= floor else Near()

    def only(self, ids: Collection[str]) -> "Near":
        """Those of these ids, in the same order."""
        return replace(self, hits=tuple(hit for hit in self.hits if hit.id in ids))

    def passages(self, reader: Reader, ids: Collection[str]) -> dict[str, str]:
        """The nearest passage of each of the articles that are among these few ids."""
        shown = self.only(ids).ids
        if self.vector is None or not shown:
            return {}
        found = reader.nearest(self.vector, filters=Filters(ids=shown), articles=len(shown))
        return {hit.article_id: hit.passage_id for hit in found}


def nearest(
    reader: Reader,
    vector: Vector,
    *,
    filters: Filters = NO_FILTERS,
    per_article: int = 1,
    role: str | None = None,
) -> list[PassageHit]:
    """The passages of the nearest articles, best first; empty for a question without an answer.

    ``vector``: shape (dimensions,), L2-normalised.
    """
    hits = reader.nearest(
        vector,
        filters=filters,
        articles=relevance.WINDOW,
        per_article=per_article,
        floor=_tail(reader.manifest, reader.manifest.floor),
        role=role,
    )
    best = _best(reader, vector, hits, whole=filters == NO_FILTERS and role is None)
    tail = _tail(reader.manifest, best)
    return [hit for hit in hits if hit.score >= tail] if best >= reader.manifest.floor else []


def nearest_articles(reader: Reader, vector: Vector, *, filters: Filters = NO_FILTERS) -> Near:
    """The nearest articles alone; whether the question has an answer is judged by :meth:`Near.above`."""
    background = reader.manifest.background
    hits = reader.nearest_articles(
        vector, filters=filters, articles=relevance.WINDOW, floor=background
    )
    best = _best(reader, vector, hits, whole=filters == NO_FILTERS)
    tail = _tail(reader.manifest, best)
    return Near(tuple(hit for hit in hits if hit.score >= tail), vector, best)


def _best(
    reader: Reader, vector: Vector, hits: Sequence[Hit | PassageHit], *, whole: bool
) -> float:
    """The similarity of the nearest of all; ``whole``: the hits are of the whole index."""
    if not whole:
        hits = reader.nearest_articles(vector, articles=1, floor=reader.manifest.background)
    return hits[0].score if hits else 0.0


def _tail(manifest: Manifest, best: float) -> float:
    """The similarity that a hit must have beside the best one."""
    return manifest.background + relevance.SEMANTIC_TAIL * (best - manifest.background)
