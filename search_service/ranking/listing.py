"""The articles of a clause by date or by counts, of which a page shows some. Entry point: :class:`Listing`.

An index knows dates and no view counters: these change often and are kept in the state. Therefore a
list by views reads all ids of a clause, as many as can be reached by pages (``MAX_DEPTH``), and orders them
here; if there may be more, also those of the most viewed articles among them. Each page has the counters of
its own time: an article that is read between two pages may move from one to the other. It may by relevance,
too, where counters are a factor. Which articles match, and in which group, does not depend on them.
"""

from collections.abc import Sequence

from search_service import relevance
from search_service.engines.reads import NO_FILTERS, Answers, Reader, Search
from search_service.model import All, Clause, Filters, Hit, Identifiers, Sort
from search_service.state.read_counts import Period, PeriodCounts
from search_service.state.store import Store
from search_service.state.view_counts import ViewCounts


class Listing:
    """The articles of ``match`` from ``offset`` on; :attr:`requests` are to be read.

    By date the newest or the oldest first, also by relevance, which needs a query; else those of the highest
    counts, then by date. ``facets``: of :attr:`counted`.
    """

    def __init__(
        self,
        store: Store,
        reader: Reader,
        match: Clause,
        filters: Filters = NO_FILTERS,
        *,
        sort: Sort,
        offset: int,
        limit: int,
        facets: Sequence[str] = (),
    ) -> None:
        self._audience, self._offset, self._limit = reader.scope.audience, offset, limit
        self._counts: ViewCounts | PeriodCounts | None = None
        if sort is Sort.VIEWS:
            self._counts = store.views
        elif sort is Sort.READS:
            self._counts = store.reads.within(Period.MONTH)
        part = (0, relevance.MAX_DEPTH) if self._counts else (offset, limit)
        by_date = Sort.OLDEST if sort is Sort.OLDEST else Sort.DATE
        #: Counts all articles of the clause.
        self.counted = Search(match, (), filters, by_date, *part, facets)
        self.requests: tuple[Search, ...] = (self.counted,)
        if self._counts and reader.manifest.articles > relevance.MAX_DEPTH:
            most = self._counts.most(self._audience, relevance.MAX_DEPTH)
            viewed = All((match, Identifiers(tuple(most))))
            self.requests += (Search(viewed, (), filters, Sort.DATE, 0, relevance.MAX_DEPTH),)

    def hits(self, answers: Answers) -> list[Hit]:
        """The part of the list, in order."""
        if self._counts is None:
            return answers[self.counted].hits
        hits = {hit.id: hit for request in self.requests for hit in answers[request].hits}
        views = self._counts.of(self._audience, list(hits))
        ordered = sorted(
            hits.values(), key=lambda hit: (-views.get(hit.id, 0), -(hit.day or 0), hit.id)
        )
        return ordered[self._offset : self._offset + self._limit]
