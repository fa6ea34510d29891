"""Lists of articles without a query: the newest, by category, the most viewed, all ids.

Entry points: :func:`newest`, :func:`newest_by_category`, :func:`most_viewed`, :func:`ids_after`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_service import relevance
from search_service.engines.reads import NO_FILTERS, Listed, Reader, Search
from search_service.model import (
    Audience,
    Everything,
    Filters,
    Hit,
    Identifiers,
    Sort,
    StoredArticle,
)
from search_service.service import SearchService, reads_shared
from search_service.state.read_counts import Period, PeriodCounts
from search_service.state.view_counts import ViewCounts

# Of the most viewed ids, so many are looked up at least; and so many if most of these are gone or hidden: in
# one read too, as long a list as engines return.
LIKELY, MOST = 100, 10_000
# Categories listed, those of most articles.
_CATEGORIES = 20


@dataclass(frozen=True)
class Listing:
    """A page of a list, and the number of all its articles."""

    total: int
    articles: tuple[StoredArticle, ...]


@dataclass(frozen=True)
class Viewed:
    """An article, and how often it was viewed."""

    stored: StoredArticle
    views: int


@dataclass(frozen=True)
class Ranking:
    """A page of the most viewed, and whether there is another one."""

    articles: tuple[Viewed, ...]
    more: bool


@reads_shared
def newest(
    service: SearchService,
    audience: Audience,
    filters: Filters = NO_FILTERS,
    *,
    page: int = 1,
    size: int = 20,
) -> Listing:
    """The articles that pass the filters, newest first; ``page`` counts from 1."""
    reader = service.reader(audience, shared=True)
    return _newest(reader, [filters], size, offset=(page - 1) * size)[0]


@reads_shared
def newest_by_category(
    service: SearchService, audience: Audience, *, size: int = 6
) -> Mapping[str, Listing]:
    """The newest articles of each category of the highest level, those of most articles first."""
    reader = service.reader(audience, shared=True)
    counted: Counter[str] = Counter()
    facets = reader.totals(Everything(), facets=("category",)).facets["category"]
    for category, count in facets.items():
        counted[category.split("/")[0]] += count
    # By name where the numbers are equal.
    names = sorted(filter(None, counted), key=lambda name: (-counted[name], name))[:_CATEGORIES]
    lists = _newest(reader, [Filters(category=(name,)) for name in names], size)
    return dict(zip(names, lists, strict=True))


def _newest(
    reader: Reader, lists: Sequence[Filters], size: int, *, offset: int = 0
) -> list[Listing]:
    requests = [
        Search(Everything(), filters=one, sort=Sort.DATE, offset=offset, limit=size)
        for one in lists
    ]
    answers = reader.read(*requests)
    stored = reader.fetch([hit.id for one in requests for hit in answers[one].hits])
    return [
        Listing(
            answers[one].totals.total,
            tuple(stored[hit.id] for hit in answers[one].hits if hit.id in stored),
        )
        for one in requests
    ]


@reads_shared
def most_viewed(
    service: SearchService,
    audience: Audience,
    period: Period | None = None,
    *,
    page: int = 1,
    size: int = 20,
) -> Ranking:
    """The articles that were viewed most, by the source's ``views``; ties by id.

    ``period``: that were read most in it, by our own counts.
    """
    reader = service.reader(audience, shared=True)
    start, end = (page - 1) * size, page * size
    counts = counts_of(service, period)
    likely = max(LIKELY, 2 * end)
    ids = visible(reader, counted := counts.most(audience, likely))
    if len(ids) <= end and len(counted) == likely < MOST:
        ids = visible(reader, counts.most(audience, MOST))
    shown = ids[start:end]
    views = counts.of(audience, shown)
    stored = reader.fetch(shown)
    articles = tuple(Viewed(stored[key], views[key]) for key in shown if key in stored)
    return Ranking(articles, len(ids) > end)


def counts_of(service: SearchService, period: Period | None) -> ViewCounts | PeriodCounts:
    """How often articles were viewed, as the source counts; or read in a period, as we have counted."""
    return service.store.views if period is None else service.store.reads.within(period)


def visible(reader: Reader, ids: Sequence[str]) -> list[str]:
    """Those of the ids that the audience can see, in the same order."""
    search = visibility(ids)
    return in_order(ids, reader.read(search)[search].hits)


def visibility(ids: Sequence[str]) -> Search:
    """The request for those of the ids that the audience can see; :func:`in_order` reads its answer."""
    return Search(Identifiers(tuple(ids)), limit=len(ids))


def in_order(ids: Sequence[str], hits: Sequence[Hit]) -> list[str]:
    """The ids that were found, in the order of ``ids``."""
    there = {hit.id for hit in hits}
    return [key for key in ids if key in there]


@reads_shared
def ids_after(
    service: SearchService, audience: Audience, after: str, limit: int
) -> tuple[list[str], int]:
    """The first ``limit`` ids after one, ascending, and the number of all articles."""
    reader = service.reader(audience, shared=True)
    listed, counted = Listed(after, limit), Search(Everything())
    answers = reader.read(listed, counted)
    return answers[listed], answers[counted].totals.total


def last_page(total: int, size: int) -> int:
    """The number of the last page that is shown: at most that of the result ``MAX_RESULTS``."""
    return max(1, -(-min(total, relevance.MAX_RESULTS) // size))
