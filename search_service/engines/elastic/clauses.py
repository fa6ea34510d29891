"""Domain clauses and filters as Elasticsearch queries for the filter context. Pure.

Entry points: :func:`clause` and :func:`conditions`. Scoring queries are built in
:mod:`search_service.engines.elastic.dsl`. Queries are structures, so no character of a user's query can be
taken as syntax.
"""

import math
from collections.abc import Collection, Sequence

from search_service.engines.dates import day_range
from search_service.engines.elastic.documents import Body
from search_service.model import (
    FACETS,
    All,
    AnyOf,
    AtLeast,
    Clause,
    Everything,
    Exact,
    Field,
    Filters,
    Identifiers,
    Not,
    PassesFilters,
    Phrase,
    Term,
)

# A `terms` query takes up to 65,536 values; hidden ids are cut into parts well below that.
_VALUES = 10_000
_NOTHING: Body = {"match_none": {}}
_EVERYTHING: Body = {"match_all": {}}


def clause(match: Clause) -> Body:
    """A query that matches like the clause; to be used as a filter, where nothing is scored."""
    match match:
        case Everything():
            return _EVERYTHING
        case Term(field, value):
            return {"term": {field.value: value}}
        case Phrase(field, values):
            return _phrase(field, values)
        case Exact(value):
            return {"term": {"exact": value}}
        case Identifiers(values):
            return _identifiers(values)
        case PassesFilters(filters):
            return {"bool": {"filter": conditions(filters, ())}}
        case All(clauses):
            return {"bool": {"filter": [clause(part) for part in clauses]}}
        case AnyOf(clauses):
            return _at_least([(clause(part), 1) for part in clauses], 1)
        case Not(excluded):
            return {"bool": {"must_not": [clause(excluded)]}}
        case AtLeast(weighted, minimum):
            return _at_least([(clause(part), weight) for part, weight in weighted], minimum)


def _phrase(field: Field, values: Sequence[str]) -> Body:
    if not values:
        return _NOTHING
    return {"match_phrase": {field.value: {"query": " ".join(values), "analyzer": "whitespace"}}}


def _identifiers(values: Collection[str]) -> Body:
    ordered = sorted(values)
    parts = [ordered[start : start + _VALUES] for start in range(0, len(ordered), _VALUES)]
    return _at_least([({"terms": {"id": part}}, 1) for part in parts], 1)


def _at_least(weighted: Sequence[tuple[Body, int]], minimum: int) -> Body:
    """Count clauses instead of weights: a clause of weight n is repeated n times.

    Weights are capped at the minimum and divided by their greatest common divisor: fewer clauses, the same
    matches.
    """
    if minimum <= 0:
        return _EVERYTHING
    capped = [(query, min(weight, minimum)) for query, weight in weighted if weight > 0]
    divisor = math.gcd(*(weight for _, weight in capped)) or 1
    needed = -(-minimum // divisor)
    clauses = [query for query, weight in capped for _ in range(weight // divisor)]
    if len(clauses) < needed:
        return _NOTHING
    return {"bool": {"should": clauses, "minimum_should_match": needed}}


def conditions(filters: Filters, hidden: Collection[str]) -> list[Body]:
    """One query per active filter and one that excludes the hidden ids.

    They stay separate, each over article fields: kNN finds nothing with a ``bool`` that mixes article and
    passage fields.
    """
    queries: list[Body] = [
        {"terms": {"below" if facet == "category" else facet: list(filters.of(facet))}}
        for facet in FACETS
        if filters.of(facet)
    ]
    days = day_range(filters)
    if days is not None:
        within: Body = {"range": {"date": {"gte": days.first, "lte": days.last}}}
        partial: Body = {"terms": {"date": list(days.partial)}}
        queries.append(_at_least([(within, 1), (partial, 1)], 1) if days.partial else within)
    if filters.ids is not None:
        queries.append(_identifiers(filters.ids))
    if hidden:
        queries.append({"bool": {"must_not": [_identifiers(hidden)]}})
    return queries
