"""What there is around the filters of a search: the other values of its facets, and what filters exclude.

Entry points: :class:`Around`, whose requests are read together with others, and :func:`alternatives`. The
counts of a facet leave out its own condition, so that a second value can be chosen; those of the others do
not. Chosen values are counted as the total is.
"""

from collections.abc import Mapping
from functools import cached_property

from search_service.answers.page import Alternative
from search_service.engines.reads import Answers, Search
from search_service.model import FACETS, Clause, Filters

_DATES = ("date_from", "date_to")


class Around:
    """The requests for one search."""

    def __init__(self, filters: Filters, unfiltered: Clause | None) -> None:
        """``unfiltered``: what matches without filters; None: nothing is to be counted."""
        self._filters, self._clause = filters, unfiltered

    @property
    def _conditions(self) -> list[tuple[str, ...]]:
        """The names of the filters of each condition."""
        found: list[tuple[str, ...]] = [(facet,) for facet in FACETS if self._filters.of(facet)]
        dates = tuple(name for name in _DATES if getattr(self._filters, name) is not None)
        return [*found, dates] if dates else found

    @cached_property
    def facets(self) -> Mapping[str, Search]:
        """The requests for the counts of the facets that are filtered by."""
        if self._clause is None:
            return {}
        chosen = [facet for facet in FACETS if self._filters.of(facet)]
        return {
            facet: Search(self._clause, filters=self._filters.without(facet), facets=(facet,))
            for facet in chosen
        }

    def completed(
        self, facets: Mapping[str, Mapping[str, int]], answers: Answers
    ) -> Mapping[str, Mapping[str, int]]:
        """The facets of the search, with the other values of those that are filtered by."""
        found = dict(facets)
        for facet, request in self.facets.items():
            chosen = {value: facets[facet].get(value, 0) for value in self._filters.of(facet)}
            found[facet] = {**answers[request].totals.facets[facet], **chosen}
        return found

    @property
    def without_conditions(self) -> Mapping[tuple[str, ...], Search]:
        """The requests that count without each condition, and without all, by the names of the filters."""
        conditions = self._conditions
        if self._clause is None or not conditions:
            return {}
        every = tuple(name for names in conditions for name in names)
        return {
            names: Search(self._clause, filters=self._filters.without(*names))
            for names in dict.fromkeys((*conditions, every))
        }


def alternatives(
    requests: Mapping[tuple[str, ...], Search], answers: Answers
) -> tuple[Alternative, ...]:
    """What would be found without some of the filters, without alternatives that find nothing."""
    found = [Alternative(names, answers[one].totals.total) for names, one in requests.items()]
    return tuple(one for one in found if one.total)
