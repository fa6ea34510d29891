"""Nearest passages to a question, or none where the question means nothing. Entry point: :func:`nearest`.

Two thresholds. The floor of the generation judges the question: if its best hit is no nearer than what
nonsense reaches, nothing is. The tail judges the other hits by the best one: what is much farther is of
another subject. Filters and a role narrow the answer and never the judgement, so that a facet counts
what its filter finds.
"""

from search_service import relevance
from search_service.engines import NO_FILTERS, Reader
from search_service.model import Filters, PassageHit, Vector


def nearest(
    reader: Reader,
    vector: Vector,
    *,
    filters: Filters = NO_FILTERS,
    articles: int = relevance.WINDOW,
    per_article: int = 1,
    role: str | None = None,
) -> list[PassageHit]:
    """The passages of the nearest articles, best first; empty for a question without an answer.

    ``vector``: shape (dimensions,), L2-normalised.
    """
    floor = reader.manifest.floor
    hits = reader.nearest(
        vector,
        filters=filters,
        articles=articles,
        per_article=per_article,
        floor=floor * relevance.SEMANTIC_TAIL,
        role=role,
    )
    whole = filters == NO_FILTERS and role is None
    judged = hits if whole else reader.nearest(vector, articles=1, floor=floor)
    if not judged or judged[0].score < floor:
        return []
    tail = judged[0].score * relevance.SEMANTIC_TAIL
    return [hit for hit in hits if hit.score >= tail]
