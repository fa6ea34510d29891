"""Which articles match a query. Entry points: :func:`match`, :class:`MatchSet`.

Three kinds match: articles that match all chunks (if there are none, a share of the query's idf), articles
whose id, code, 文号 or title equals the query, and, in semantic and hybrid mode, the semantic hits above
the threshold. Totals, facets and pages all count this one set.

The index is read once, or twice if the first answers do not decide: each call is a round trip to a server.
Therefore the first one also asks for what is needed if they do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from search_service import relevance
from search_service.engines.reads import NO_FILTERS, Answers, Reader, Search
from search_service.metrics import stage
from search_service.model import All, AnyOf, Clause, Exact, Hit, Identifiers, Sort, Vector
from search_service.query import matching
from search_service.query.parsing import Query
from search_service.query.request import Mode, SearchRequest
from search_service.ranking.corrections import Corrections
from search_service.ranking.relaxation import NOTHING, Relaxation
from search_service.ranking.similarity import SemanticHits, SimilarArticles
from search_service.service import SearchService, SemanticSearchUnavailable


@dataclass(frozen=True)
class MatchSet:
    """The articles that match: by ``keyword``, by ``exact`` key (ids), by ``semantic`` similarity.

    ``hits``: the first articles of ``keyword`` in its order, at least ``WINDOW`` and as many as the page
    needs; ``by_date`` only the page. ``literal``: those of the hits that contain the query as typed, if there
    are semantic hits, too. ``relaxed``: an article need not contain all words; ``full`` is the number of
    those that do. ``candidates``: the semantic hits before the threshold. ``degraded``: semantic search was
    requested and is unavailable. ``corrections``: corrected queries, not yet searched.
    """

    keyword: Clause
    hits: tuple[Hit, ...] = ()
    literal: frozenset[str] = frozenset()
    exact: tuple[str, ...] = ()
    semantic: SemanticHits = field(default_factory=SemanticHits)
    relaxed: bool = False
    full: int = 0
    candidates: SemanticHits = field(default_factory=SemanticHits)
    degraded: bool = False
    by_date: bool = False
    corrections: tuple[Query, ...] = ()

    @property
    def clause(self) -> Clause:
        """The whole set as one clause."""
        ids = tuple(dict.fromkeys((*self.exact, *self.semantic.ids)))
        return AnyOf((self.keyword, Identifiers(ids))) if ids else self.keyword


@stage("match")
def match(
    service: SearchService,
    reader: Reader,
    query: Query,
    request: SearchRequest,
    window: tuple[int, int],
) -> MatchSet:
    """The match set in the reader's generation; raises ``EngineError``.

    ``window``: offset and limit of the page that will be shown.
    """
    return _Matching(service, reader, query, request, window).match()


def exact_clauses(query: Query) -> tuple[Clause, ...]:
    """The clause for articles whose id, code, 文号 or title equals the query, if the query has a key."""
    return (matching.restricted(query, Exact(query.key)),) if query.key else ()


class _Matching:
    """Reads what decides one match set."""

    def __init__(
        self,
        service: SearchService,
        reader: Reader,
        query: Query,
        request: SearchRequest,
        window: tuple[int, int],
    ) -> None:
        self._reader, self._query, self._window = reader, query, window
        self._filters = request.filters
        # Fields and exclusions do not rank.
        self._rank = [] if request.sort is Sort.DATE else matching.rank(query)
        self._literal = matching.literal(query)
        self._corrections = Corrections(service, reader, query)
        vector, self._degraded = self._vector(service, request)
        # A query that is not searched semantically falls back to keywords.
        self._by_keyword = request.mode is not Mode.SEMANTIC or vector is None
        self._strict = matching.strict(query) if self._by_keyword else NOTHING
        self._similar = None
        if vector is not None:
            narrowed = query.merge_filters(request.filters)
            self._similar = SimilarArticles(reader.manifest, vector, filters=narrowed)

    def _vector(self, service: SearchService, request: SearchRequest) -> tuple[Vector | None, bool]:
        """The vector of a query that is searched semantically, and whether that is unavailable."""
        query = self._query
        if request.mode is Mode.KEYWORD or query.title_only or not self._rank:
            return None, False
        if not query.semantic_text:
            return None, False
        try:
            return service.embed_query(self._reader.manifest, query.semantic_text), False
        except SemanticSearchUnavailable:
            return None, True

    def match(self) -> MatchSet:
        """The match set, after one call of the reader or two."""
        query = self._query
        exact = [
            Search(clause, (), self._filters, Sort.DATE, limit=relevance.WINDOW)
            for clause in exact_clauses(query)
        ]
        listing, literal = self._listing(self._strict)
        relaxation = None
        if self._by_keyword and self._rank and query.words:
            # Without filters the list already counts what matches in full.
            strict = listing if self._filters == NO_FILTERS else Search(self._strict)
            relaxation = Relaxation(query, self._reader.manifest, self._corrections, strict)
        first = self._reader.read(
            listing,
            *literal,
            *exact,
            *(self._similar.requests if self._similar else ()),
            *(relaxation.first if relaxation else ()),
            *(self._corrections.as_typed if self._is_first_page else ()),
        )
        candidates = self._similar.hits(first) if self._similar else SemanticHits()
        matched = MatchSet(
            keyword=self._strict,
            hits=tuple(first[listing].hits),
            literal=_ids(first, literal),
            exact=tuple(dict.fromkeys(hit.id for one in exact for hit in first[one].hits)),
            semantic=candidates.if_above(self._reader.manifest.floor),
            candidates=candidates,
            degraded=self._degraded,
            by_date=not self._rank,
        )
        if relaxation and relaxation.is_needed(first):
            return self._relaxed(matched, relaxation, first)
        matched = self._completed(matched)
        found = first if matched.hits or matched.exact or matched.semantic.hits else None
        return replace(matched, corrections=self._proposed(found))

    @property
    def _is_first_page(self) -> bool:
        return not self._window[0]

    def _proposed(self, found: Answers | None) -> tuple[Query, ...]:
        return tuple(self._corrections.proposed(found)) if self._is_first_page else ()

    def _listing(self, clause: Clause) -> tuple[Search, list[Search]]:
        """The requests for the first articles of the clause, and for those of them that are literal."""
        if not self._rank:
            page = AnyOf((clause, *exact_clauses(self._query)))
            return Search(page, (), self._filters, Sort.DATE, *self._window), []
        limit = max(relevance.WINDOW, sum(self._window))
        listing = Search(clause, self._rank, self._filters, limit=limit)
        if self._similar is None or not self._by_keyword:
            return listing, []
        # In the same order, so that they are the literal ones among the first.
        both = All((clause, self._literal))
        return listing, [Search(both, self._rank, self._filters, limit=relevance.WINDOW)]

    def _completed(self, matched: MatchSet) -> MatchSet:
        """With what depends on the hits: which of them the query allows, and which are literal."""
        allowed = self._allowed(matched.candidates)
        literal = []
        if len(matched.hits) >= relevance.WINDOW or self._query.coined:
            literal = self._literal_among(matched.semantic)
        answers = self._reader.read(*allowed, *literal) if allowed or literal else None
        return self._with(matched, answers, allowed, literal)

    def _relaxed(self, matched: MatchSet, relaxation: Relaxation, first: Answers) -> MatchSet:
        candidates = matched.candidates
        keyword = AnyOf((self._strict, relaxation.prepare(first, candidates)))
        listing, literal = self._listing(keyword)
        if not self._query.coined:
            literal = []  # then an article that contains the query as typed matches in full
        else:
            literal += self._literal_among(candidates)
        allowed = self._allowed(candidates)
        full = Search(AnyOf((self._strict, Exact(self._query.key))), filters=self._filters)
        second = self._reader.read(listing, *literal, *allowed, full, *relaxation.second)
        is_accepted, semantic = relaxation.accepted(second, candidates)
        matched = replace(
            matched,
            keyword=keyword if is_accepted else self._strict,
            hits=tuple(second[listing].hits) if is_accepted else (),
            literal=frozenset(),
            semantic=semantic,
            relaxed=True,
            full=second[full].totals.total,
            corrections=self._proposed(None),
        )
        return self._with(matched, second, allowed, literal)

    def _allowed(self, candidates: SemanticHits) -> list[Search]:
        """The request for those of the hits that the query allows, unless it allows all."""
        ids = Identifiers(candidates.ids)
        allowed = matching.restricted(self._query, ids)
        if not candidates.hits or allowed == ids:
            return []
        return [Search(allowed, limit=relevance.WINDOW)]

    def _literal_among(self, hits: SemanticHits) -> list[Search]:
        if not hits.hits or not self._by_keyword:
            return []
        return [Search(All((self._literal, Identifiers(hits.ids))), limit=len(hits.hits))]

    def _with(
        self,
        matched: MatchSet,
        answers: Answers | None,
        allowed: Sequence[Search],
        literal: Sequence[Search],
    ) -> MatchSet:
        if answers is None:
            return matched
        matched = replace(matched, literal=matched.literal | _ids(answers, literal))
        if not allowed:
            return matched
        ids = _ids(answers, allowed)
        return replace(
            matched,
            semantic=matched.semantic.restricted_to(ids),
            candidates=matched.candidates.restricted_to(ids),
        )


def _ids(answers: Answers, requests: Sequence[Search]) -> frozenset[str]:
    return frozenset(hit.id for request in requests for hit in answers[request].hits)
