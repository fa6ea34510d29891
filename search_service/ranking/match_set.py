"""Which articles match a question. Entry points: :func:`match`, :class:`MatchSet`.

The articles in which all chunks match (or, where there are none, a calibrated share of the query's idf),
those whose id, code, 文号 or title is the query, and in semantic and hybrid mode the articles above the
floor among the nearest. Totals, facets and pages are slices of this one set.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from search_service import relevance
from search_service.engines import NO_FILTERS, Reader
from search_service.model import (
    AnyOf,
    Clause,
    Everything,
    Exact,
    Field,
    Identifiers,
    Sort,
)
from search_service.query import matching
from search_service.query.parsing import Query
from search_service.query.request import Mode, SearchRequest
from search_service.ranking.corrections import did_you_mean
from search_service.ranking.similarity import Near, nearest_articles
from search_service.service import SearchService, SemanticSearchUnavailable


@dataclass(frozen=True)
class MatchSet:
    """The articles that match, by how they do: ``keyword``, ``exact`` by name, ``near`` in meaning.

    ``relaxed``: not every word must be there; ``full`` articles hold them all. ``candidates``: what was
    near before the floor was asked. ``degraded``: meaning was wanted and could not be had.
    """

    keyword: Clause
    exact: tuple[str, ...]
    near: Near
    relaxed: bool = False
    full: int = 0
    candidates: Near = field(default_factory=Near)
    degraded: bool = False

    @property
    def clause(self) -> Clause:
        """The whole set as one clause."""
        ids = (*self.exact, *self.near.ids)
        return AnyOf((self.keyword, Identifiers(ids))) if ids else self.keyword


def match(service: SearchService, reader: Reader, query: Query, request: SearchRequest) -> MatchSet:
    """Decide what matches in the generation of the reader; raises what the engine raises."""
    semantic, degraded = _nearest(service, reader, query, request)
    near = semantic or Near()
    # Where there is no meaning to ask, semantic mode answers by keyword instead of not at all.
    alone = request.mode is Mode.SEMANTIC and semantic is not None
    matched = _match_set(service, reader, query, request, near, by_meaning_alone=alone)
    return replace(matched, candidates=near, degraded=degraded)


def exact_clauses(query: Query) -> tuple[Clause, ...]:
    """What matches the articles whose id, code, 文号 or title is the query."""
    return (matching.restricted(query, Exact(query.key)),) if query.key else ()


def _nearest(
    service: SearchService, reader: Reader, query: Query, request: SearchRequest
) -> tuple[Near | None, bool]:
    """The semantic side of the match set, and whether it was wanted but could not be had.

    None where the question has no semantic side.
    """
    if (
        request.mode is Mode.KEYWORD
        or request.sort is Sort.DATE  # by date only full matches count
        or query.title_only
        or not query.meaning
    ):
        return None, False
    try:
        vector = service.embed_query(reader.manifest, query.meaning)
    except SemanticSearchUnavailable:
        return None, True
    if vector is None:
        return None, False
    near = nearest_articles(reader, vector, filters=query.narrowed(request.filters))
    ids = Identifiers(near.ids)
    if (allowed := matching.restricted(query, ids)) != ids:
        near = near.only({hit.id for hit in reader.keyword(allowed, limit=relevance.WINDOW)})
    return near, False


def _match_set(
    service: SearchService,
    reader: Reader,
    query: Query,
    request: SearchRequest,
    near: Near,
    *,
    by_meaning_alone: bool,
) -> MatchSet:
    sure = near.above(reader.manifest.floor)
    exact: tuple[str, ...] = ()
    for named in exact_clauses(query):
        hits = reader.keyword(
            named, filters=request.filters, sort=Sort.DATE, limit=relevance.WINDOW
        )
        exact = tuple(hit.id for hit in hits)
    if by_meaning_alone:
        return MatchSet(AnyOf(()), exact, sure)
    strict = matching.strict(query)
    if request.sort is Sort.DATE or not query.words:
        return MatchSet(strict, exact, sure)
    # Judged without the filters, so that a facet counts what its filter finds.
    by_name = reader.totals(Exact(query.key)).total
    found = by_name or reader.totals(strict).total
    # A question's words need not all be there; what somebody wrote as typed is a term or a title.
    if found and (by_name or not query.asks or reader.totals(matching.literal(query)).total):
        return MatchSet(strict, exact, sure)
    full = reader.totals(AnyOf((strict, Exact(query.key))), filters=request.filters).total
    some, near = _relaxed_match(service, reader, query, near, found=bool(found))
    return MatchSet(AnyOf((strict, some)), exact, near, relaxed=True, full=full)


def _relaxed_match(
    service: SearchService, reader: Reader, query: Query, near: Near, *, found: bool
) -> tuple[Clause, Near]:
    """What matches beside the articles that hold all, and what is near enough."""
    frequencies = _frequencies(reader, query)
    articles = reader.totals(Everything()).total
    some = matching.relaxed(query, frequencies, articles)
    gibberish, held = False, found
    if not found:
        pairs = matching.pairwise(query, frequencies, _pairs(reader, query))
        gibberish = matching.gibberish(query, frequencies) and not reader.totals(pairs).total
        some = AnyOf((some, pairs))
        held = not gibberish and reader.totals(some).total > 0
    if not held and not query.spoken:
        heap = gibberish or near.best < reader.manifest.heap_floor
        # What is merely misspelt means something.
        if heap and not did_you_mean(service, reader, query, NO_FILTERS, found=False):
            return AnyOf(()), Near()
    # What somebody says means something, even where its words are rare.
    if query.asks and (held or (query.spoken and not query.scattered)):
        some = matching.relaxed(query, frequencies, articles, tail=True)
    # A question that some article answers by its words needs no other proof that it means something.
    return some, near if query.asks and held else near.above(reader.manifest.floor)


def _frequencies(reader: Reader, query: Query) -> Mapping[str, int]:
    field = Field.TITLE_WORDS if query.title_only else Field.WORDS
    return reader.frequencies(field, query.words)


def _pairs(reader: Reader, query: Query) -> Mapping[str, int]:
    field = Field.TITLE_BIGRAMS if query.title_only else Field.BIGRAMS
    return reader.frequencies(field, [pair for chunk in query.wanted for pair in chunk.phrase])
