"""Which articles match a query. Entry points: :func:`match`, :class:`MatchSet`.

Three kinds match: articles that match all chunks (if there are none, a share of the query's idf), articles
whose id, code, 文号 or title equals the query, and, in semantic and hybrid mode, the semantic hits above
the threshold. Totals, facets and pages all count this one set.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from search_service import relevance
from search_service.engines import NO_FILTERS, Reader
from search_service.metrics import stage
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
from search_service.ranking.similarity import SemanticHits, nearest_articles
from search_service.service import SearchService, SemanticSearchUnavailable


@dataclass(frozen=True)
class MatchSet:
    """The articles that match: by ``keyword``, by ``exact`` key (ids), by ``semantic`` similarity.

    ``relaxed``: an article need not contain all words; ``full`` is the number of those that do.
    ``semantic_candidates``: the semantic hits before the threshold. ``degraded``: semantic search was
    requested and is unavailable.
    """

    keyword: Clause
    exact: tuple[str, ...]
    semantic: SemanticHits
    relaxed: bool = False
    full: int = 0
    semantic_candidates: SemanticHits = field(default_factory=SemanticHits)
    degraded: bool = False

    @property
    def clause(self) -> Clause:
        """The whole set as one clause."""
        ids = (*self.exact, *self.semantic.ids)
        return AnyOf((self.keyword, Identifiers(ids))) if ids else self.keyword


@stage("match")
def match(service: SearchService, reader: Reader, query: Query, request: SearchRequest) -> MatchSet:
    """The match set in the reader's generation; raises ``EngineError``."""
    hits, degraded = _semantic_hits(service, reader, query, request)
    candidates = hits or SemanticHits()
    # A query that is not searched semantically falls back to keywords.
    semantic_only = request.mode is Mode.SEMANTIC and hits is not None
    matched = _match_set(service, reader, query, request, candidates, semantic_only=semantic_only)
    return replace(matched, semantic_candidates=candidates, degraded=degraded)


def exact_clauses(query: Query) -> tuple[Clause, ...]:
    """The clause for articles whose id, code, 文号 or title equals the query, if the query has a key."""
    return (matching.restricted(query, Exact(query.key)),) if query.key else ()


def _semantic_hits(
    service: SearchService, reader: Reader, query: Query, request: SearchRequest
) -> tuple[SemanticHits | None, bool]:
    """The semantic hits before the threshold, and whether semantic search was requested but unavailable.

    None if the query is not searched semantically.
    """
    if (
        request.mode is Mode.KEYWORD
        or request.sort is Sort.DATE  # by date only full matches count
        or query.title_only
        or not query.semantic_text
    ):
        return None, False
    try:
        vector = service.embed_query(reader.manifest, query.semantic_text)
    except SemanticSearchUnavailable:
        return None, True
    if vector is None:
        return None, False
    hits = nearest_articles(reader, vector, filters=query.merge_filters(request.filters))
    ids = Identifiers(hits.ids)
    if (allowed := matching.restricted(query, ids)) != ids:
        hits = hits.restricted_to(
            {hit.id for hit in reader.keyword(allowed, limit=relevance.WINDOW)}
        )
    return hits, False


def _match_set(
    service: SearchService,
    reader: Reader,
    query: Query,
    request: SearchRequest,
    candidates: SemanticHits,
    *,
    semantic_only: bool,
) -> MatchSet:
    confident = candidates.if_above(reader.manifest.floor)
    exact: tuple[str, ...] = ()
    for clause in exact_clauses(query):
        hits = reader.keyword(
            clause, filters=request.filters, sort=Sort.DATE, limit=relevance.WINDOW
        )
        exact = tuple(hit.id for hit in hits)
    if semantic_only:
        return MatchSet(AnyOf(()), exact, confident)
    strict = matching.strict(query)
    if request.sort is Sort.DATE or not query.words:
        return MatchSet(strict, exact, confident)
    # Decided without the filters, so that selecting a facet value returns as many articles as it counts.
    exact_total = reader.totals(Exact(query.key)).total
    has_matches = exact_total or reader.totals(strict).total
    # A question need not match in full, unless some article contains it as typed: then it is a term or title.
    if has_matches and (
        exact_total or not query.is_question or reader.totals(matching.literal(query)).total
    ):
        return MatchSet(strict, exact, confident)
    full = reader.totals(AnyOf((strict, Exact(query.key))), filters=request.filters).total
    relaxed, semantic = _relaxed_match(
        service, reader, query, candidates, has_matches=bool(has_matches)
    )
    return MatchSet(AnyOf((strict, relaxed)), exact, semantic, relaxed=True, full=full)


def _relaxed_match(
    service: SearchService,
    reader: Reader,
    query: Query,
    candidates: SemanticHits,
    *,
    has_matches: bool,
) -> tuple[Clause, SemanticHits]:
    """The clause and the semantic hits that match in addition to the full matches."""
    frequencies = _frequencies(reader, query)
    articles = reader.totals(Everything()).total
    relaxed = matching.relaxed(query, frequencies, articles)
    is_gibberish, has_evidence = False, has_matches
    if not has_matches:
        by_bigrams = matching.relaxed_by_bigrams(query, frequencies, _bigrams(reader, query))
        is_gibberish = (
            matching.is_gibberish(query, frequencies) and not reader.totals(by_bigrams).total
        )
        relaxed = AnyOf((relaxed, by_bigrams))
        has_evidence = not is_gibberish and reader.totals(relaxed).total > 0
    if not has_evidence and not query.is_conversational:
        is_nonsense = is_gibberish or candidates.top_score < reader.manifest.heap_floor
        # A query that is merely misspelt is not nonsense.
        if is_nonsense and not did_you_mean(service, reader, query, NO_FILTERS, has_matches=False):
            return AnyOf(()), SemanticHits()
    # A conversational question is accepted even if its words are rare.
    if query.is_question and (
        has_evidence or (query.is_conversational and not query.mostly_single_characters)
    ):
        relaxed = matching.relaxed(query, frequencies, articles, lenient=True)
    # A question that some article answers by keywords needs no semantic threshold.
    if query.is_question and has_evidence:
        return relaxed, candidates
    return relaxed, candidates.if_above(reader.manifest.floor)


def _frequencies(reader: Reader, query: Query) -> Mapping[str, int]:
    field = Field.TITLE_WORDS if query.title_only else Field.WORDS
    return reader.frequencies(field, query.words)


def _bigrams(reader: Reader, query: Query) -> Mapping[str, int]:
    field = Field.TITLE_BIGRAMS if query.title_only else Field.BIGRAMS
    return reader.frequencies(
        field, [bigram for chunk in query.included for bigram in chunk.phrase]
    )
