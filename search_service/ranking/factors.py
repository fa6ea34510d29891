"""Score multipliers from metadata. Entry point: :func:`factors`.

They order articles of about equal relevance; their bounds are in :mod:`search_service.relevance`.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from search_service import relevance
from search_service.model import Audience, Hit
from search_service.state.store import Store


@dataclass(frozen=True)
class Factors:
    """The multipliers of one article: whether it is in force, how new it is, how often it was viewed."""

    status: float = 1.0
    recency: float = 1.0
    popularity: float = 1.0

    @property
    def product(self) -> float:
        """The multiplier of the score."""
        return self.status * self.recency * self.popularity


def factors(store: Store, audience: Audience, hits: Collection[Hit]) -> Mapping[str, Factors]:
    """The multipliers of these hits, by id; recency and popularity are relative to one another.

    Independent of the clock: the same index gives the same answer tomorrow.
    """
    if not hits:
        return {}
    ages = _ages({hit.id: hit.day for hit in hits if hit.day})
    ended = {hit.id for hit in hits if hit.ended}
    ids = [hit.id for hit in hits]
    views = store.views.of(audience, ids)
    most = math.log1p(max(views.values(), default=0))
    return {
        key: Factors(
            status=relevance.ENDED_FACTOR if key in ended else 1.0,
            recency=_boost(relevance.RECENCY, 0.5 ** (ages[key] / relevance.RECENCY_YEARS))
            if key in ages
            else 1.0,
            popularity=_boost(relevance.POPULARITY, math.log1p(views[key]) / most)
            if most and key in views
            else 1.0,
        )
        for key in ids
    }


def _boost(bound: float, share: float) -> float:
    """The factor of what has this share of the bound, to as many places as scores have."""
    return round(1 + bound * share, 6)


def _ages(days: Mapping[str, int]) -> dict[str, float]:
    """Age of each article in years, relative to the newest one. ``days``: id -> yyyymmdd."""
    years = {key: day // 10000 + (day // 100 % 100) / 12 for key, day in days.items()}
    newest = max(years.values(), default=0.0)
    return {key: newest - year for key, year in years.items()}
