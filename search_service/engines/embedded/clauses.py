"""Domain clauses and filters as tantivy queries. Matching never affects the score.

Entry points: :func:`matching`, :func:`filtering` and :func:`ranking`. Pure. Queries are built with
constructors, never parsed, so no character of a user's query can be taken as syntax.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tantivy import FieldType, Occur, Query, Schema

from search_service.engines.dates import day_range
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

RowsOf = Callable[[Iterable[str]], list[int]]


def matching(schema: Schema, match: Clause, *, rows_of: RowsOf) -> Query:
    """A query for the articles that ``match``; ``rows_of`` maps ids to row numbers."""

    def build(clause: Clause) -> Query:
        match clause:
            case Everything():
                return Query.all_query()
            case Term(field, value):
                return _term(schema, field, value)
            case Phrase(field, values):
                return _phrase(schema, field, values)
            case Exact(value):
                return Query.term_query(schema, "exact", value, "basic")
            case Identifiers(values):
                return one_of(schema, "row", rows_of(values))
            case PassesFilters(filters):
                return every(filtering(schema, filters, rows_of))
            case All(clauses):
                return every([build(part) for part in clauses])
            case AnyOf(clauses):
                return _any([build(part) for part in clauses])
            case Not(excluded):
                return without(Query.all_query(), build(excluded))
            case AtLeast(weighted, minimum):
                return _at_least([(build(part), weight) for part, weight in weighted], minimum)

    return build(match)


def filtering(schema: Schema, filters: Filters, rows_of: RowsOf) -> list[Query]:
    """One query per active filter; an empty value means articles without a value."""
    queries = []
    for facet in FACETS:
        # Every article is indexed under each level of its category.
        name, values = ("below" if facet == "category" else facet), filters.of(facet)
        if values:
            queries.append(one_of(schema, name, values))
    if filters.ids is not None:
        queries.append(one_of(schema, "row", rows_of(filters.ids)))
    days = day_range(filters)
    if days is not None:
        within = Query.range_query(schema, "day", FieldType.Integer, days.first, days.last)
        partial = [Query.term_query(schema, "day", day, "basic") for day in days.partial]
        queries.append(_any([within, *partial]))
    return queries


# Values to which a set of terms is slower: it takes 0.3 ms however few they are, a union of two 0.01.
_UNION: Final = 128


def one_of(schema: Schema, field: str, values: Sequence[str] | Sequence[int]) -> Query:
    """A query for articles that have one of these values in a field; for none if there are no values."""
    if len(values) > _UNION:
        return Query.term_set_query(schema, field, values)
    return _any([Query.term_query(schema, field, value, "basic") for value in values])


def weighted_term(schema: Schema, field: str, value: str, weight: float) -> Query:
    """A term that scores weight × BM25."""
    return Query.boost_query(Query.term_query(schema, field, value, "freq"), weight)


def ranking(match: Query, scored: Sequence[Query]) -> Query:
    """A query that matches like ``match`` and scores by the sum of ``scored`` only.

    The required part is needed even if the scored ones would select the same articles: tantivy prunes
    a bare union, and then the order of its float32 additions depends on how many hits are requested.
    """
    return Query.boolean_query(
        [
            (Occur.Must, Query.const_score_query(match, 0.0)),
            *((Occur.Should, query) for query in scored),
        ]
    )


def every(queries: Sequence[Query]) -> Query:
    """A query for what all of the queries match; for everything if there are none."""
    if not queries:
        return Query.all_query()
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def without(query: Query, excluded: Query) -> Query:
    """A query for what ``query`` matches and ``excluded`` does not (a bare exclusion would match nothing)."""
    return Query.boolean_query([(Occur.Must, query), (Occur.MustNot, excluded)])


def _term(schema: Schema, field: Field, value: str) -> Query:
    return Query.term_query(schema, field.value, value, "basic")


def _phrase(schema: Schema, field: Field, values: tuple[str, ...]) -> Query:
    if not values:
        return Query.empty_query()
    if len(values) == 1:  # tantivy panics on a phrase of one term
        return _term(schema, field, values[0])
    return Query.phrase_query(schema, field.value, list(values))


def _any(queries: Sequence[Query]) -> Query:
    if not queries:
        return Query.empty_query()
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _at_least(weighted: Sequence[tuple[Query, int]], minimum: int) -> Query:
    """Count clauses instead of weights: a clause of weight n is repeated n times.

    Weights are capped at the minimum and divided by their greatest common divisor: fewer clauses, the same
    matches.
    """
    if minimum <= 0:
        return Query.all_query()
    capped = [(query, min(weight, minimum)) for query, weight in weighted if weight > 0]
    divisor = math.gcd(*(weight for _, weight in capped)) or 1
    needed = -(-minimum // divisor)
    clauses = [(Occur.Should, query) for query, weight in capped for _ in range(weight // divisor)]
    if len(clauses) < needed:
        return Query.empty_query()
    return Query.boolean_query(clauses, minimum_number_should_match=needed)
