"""The parameters of a search. Entry point: :class:`SearchRequest`."""

import enum
from dataclasses import dataclass

from search_service.engines import NO_FILTERS
from search_service.model import Filters, Sort


class Mode(enum.StrEnum):
    """How articles match: by keyword, by semantic similarity, or by both."""

    KEYWORD = "keyword"
    SEMANTIC = "semantic"
    HYBRID = "hybrid"


@dataclass(frozen=True, kw_only=True)
class SearchRequest:
    """One search. ``page`` counts from 1; ``size`` is 1 to 100. ``explain``: add explanations to the hits.

    ``counted``: count the values of the facets.
    """

    text: str = ""
    mode: Mode = Mode.HYBRID
    title_only: bool = False
    filters: Filters = NO_FILTERS
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    size: int = 10
    explain: bool = False
    counted: bool = True
