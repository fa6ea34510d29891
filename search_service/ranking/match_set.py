"""Which articles match a query. Entry points: :func:`match`, :class:`MatchSet`.

Two groups match. 原文相符, in full: articles that match all chunks, or whose id, code, 文号 or title equals
the query. 意思相近, near: if a query is relaxed, articles that match a share of its idf; in semantic and
hybrid mode the semantic hits above the threshold. Totals, facets and pages all count this one set. By date
and by views what matches in full comes before what is near; by score an article is where its evidence is.

The index is read once, or twice if the first answers do not decide: each call is a round trip to a server.
Therefore the first one also asks for what is needed if they do.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from search_service import relevance
from search_service.engines.reads import NO_FILTERS, Answers, Reader, Search
from search_service.metrics import stage
from search_service.model import All, AnyOf, Clause, Hit, Identifiers, Not, Sort, Vector
from search_service.query import matching
from search_service.query.parsed import Query
from search_service.query.request import Mode, SearchRequest
from search_service.query.scoring import rank
from search_service.ranking.corrections import Corrections
from search_service.ranking.folding import fold
from search_service.ranking.listing import Listing
from search_service.ranking.relaxation import NOTHING, Relaxation
from search_service.ranking.similarity import SemanticHits, SimilarArticles, cohesion
from search_service.service import SearchService, SemanticSearchUnavailable


@dataclass(frozen=True)
class MatchSet:
    """The articles that match: by ``keyword``, by ``exact`` key (ids), by ``semantic`` similarity.

    ``hits``: the first articles of ``keyword`` in its order, at least ``WINDOW`` and as many as the page
    needs; ``is_listed``, by date or by views: those of the page, of all that match, in its order. ``scores``:
    keyword scores of the semantic hits that are none of these. ``full``: what matches in full.

    ``relaxed``: an article need not match in full; ``by_part``: a share of the words is enough.
    ``nonsense``: too little connects the words for a similarity to count.
    ``candidates``: the semantic hits before the threshold; ``background``: the similarity of unrelated
    texts; ``articles``: the number of all, when the index was built. ``degraded``: semantic search was
    requested and is unavailable. ``corrections``: corrected queries, not yet searched. ``unfiltered``: what
    would match without the filters, to count the other values of a facet. ``copies``: of what is shown once,
    the ids that are left out, which no clause matches.
    """

    keyword: Clause
    full: Clause
    hits: tuple[Hit, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    exact: tuple[str, ...] = ()
    semantic: SemanticHits = field(default_factory=SemanticHits)
    relaxed: bool = False
    by_part: bool = False
    nonsense: bool = False
    candidates: SemanticHits = field(default_factory=SemanticHits)
    background: float = 0.0
    articles: int = 1
    degraded: bool = False
    is_listed: bool = False
    corrections: tuple[Query, ...] = ()
    unfiltered: Clause = NOTHING
    copies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def clause(self) -> Clause:
        """The whole set as one clause."""
        ids = tuple(dict.fromkeys((*self.exact, *self.semantic.ids)))
        return AnyOf((self.keyword, Identifiers(ids))) if ids else self.keyword

    def folded(self, copies: Mapping[str, tuple[str, ...]]) -> "MatchSet":
        """The set without these copies."""
        gone = _left_out(copies)
        if not gone:
            return self
        return replace(
            self,
            keyword=_without(self.keyword, gone),
            full=_without(self.full, gone),
            hits=tuple(hit for hit in self.hits if hit.id not in gone),
            exact=tuple(id for id in self.exact if id not in gone),
            semantic=self.semantic.restricted_to([i for i in self.semantic.ids if i not in gone]),
            copies=copies,
        )


def _left_out(copies: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The ids of copies that are not shown."""
    return {id for ids in copies.values() for id in ids}


def _without(clause: Clause, gone: Collection[str]) -> Clause:
    """The clause without these articles."""
    return All((clause, Not(Identifiers(tuple(sorted(gone)))))) if gone else clause


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
        self._service, self._reader, self._query = service, reader, query
        self._groups = service.store.copies.of(reader.generation)
        # Of the hits that are read as many may be left out as there are copies.
        self._spare = len(self._groups) - len({*self._groups.values()})
        self._page = self._window = window
        self._filters = request.filters
        # Fields and exclusions do not rank.
        self._rank = rank(query)
        # By date or by views.
        self._is_listed = request.sort is not Sort.RELEVANCE or not self._rank
        self._sort = request.sort
        if self._is_listed and self._spare:
            self._window = (0, sum(window) + self._spare)
        self._corrections = Corrections(service, reader, query)
        self._vector, self._degraded = self._embedded(request)
        # A query that is not searched semantically falls back to keywords.
        self._by_keyword = request.mode is not Mode.SEMANTIC or self._vector is None
        self._strict = matching.strict(query) if self._by_keyword else NOTHING
        self._full = AnyOf((self._strict, *matching.exact(query)))
        # As :meth:`_grouped` has requested them.
        self._near_grouped: Sequence[Sequence[Hit]] = ()
        self._is_counted_around = request.filters != NO_FILTERS and request.counted
        self._similar = None
        if self._vector is not None:
            narrowed = query.merge_filters(request.filters)
            self._similar = SimilarArticles(
                reader.manifest, self._vector, filters=narrowed, around=self._is_counted_around
            )

    def _embedded(self, request: SearchRequest) -> tuple[Vector | None, bool]:
        """The vector of a query that is searched semantically, and whether that is unavailable."""
        query = self._query
        if request.mode is Mode.KEYWORD or query.title_only or not self._rank:
            return None, False
        if not query.semantic_texts:
            return None, False
        try:
            vector = self._service.embed_query(self._reader.manifest, *query.semantic_texts)
        except SemanticSearchUnavailable:
            return None, True
        return vector, False

    def _cohesion(self) -> float:
        vector = self._vector
        if vector is None:
            return 0.0
        words = self._query.meanings
        try:
            return cohesion(self._service.embed_queries(self._reader.manifest, words), vector)
        except SemanticSearchUnavailable:
            return 0.0

    def match(self) -> MatchSet:
        """The match set, after one call of the reader or two."""
        query = self._query
        exact = [
            Search(clause, (), self._filters, Sort.DATE, limit=relevance.WINDOW)
            for clause in matching.exact(query)
        ]
        offset, limit = self._window
        listed = self._listed(self._full, offset, limit) if self._is_listed else None
        listing = listed.counted if listed else self._listing(self._strict)
        relaxation = None
        if self._by_keyword and self._rank and query.words:
            # Without filters the list by score already counts what matches in full.
            counted = self._filters == NO_FILTERS and not self._is_listed
            strict = listing if counted else Search(self._strict)
            relaxation = Relaxation(
                query,
                self._reader.manifest,
                self._corrections,
                strict,
                self._cohesion,
                self._service.analyzer.has_word,
            )
        grouped = self._grouped(self._full)
        first = self._reader.read(
            *(listed.requests if listed else (listing,)),
            *exact,
            *grouped,
            *(self._similar.requests if self._similar else ()),
            *(relaxation.first if relaxation else ()),
            *(self._corrections.requests if relaxation or self._is_first_page else ()),
        )
        candidates = self._similar.hits(first) if self._similar else SemanticHits()
        matched = MatchSet(
            keyword=self._strict,
            full=self._full,
            hits=tuple(listed.hits(first) if listed else first[listing].hits),
            exact=tuple(dict.fromkeys(hit.id for one in exact for hit in first[one].hits)),
            semantic=candidates.if_above(self._reader.manifest.floor),
            candidates=candidates,
            background=self._reader.manifest.background,
            articles=max(1, self._reader.manifest.articles),
            degraded=self._degraded,
            is_listed=self._is_listed,
        )
        # Of a list by date or by views the articles that match in full come first.
        ahead = first[listing].totals.total
        if relaxation and relaxation.is_needed(first):
            matched = self._relaxed(matched, relaxation, first, ahead)
        else:
            matched = self._completed(matched, ahead)
            has_matches = bool(matched.hits or matched.exact or matched.semantic.hits)
            matched = replace(matched, corrections=self._proposed(first, has_matches=has_matches))
        share = relaxation.similarity_share if relaxation else relevance.SEMANTIC_CUTOFF
        if self._is_counted_around:
            matched = replace(matched, unfiltered=self._unfiltered(matched, first, grouped, share))
        full = first[grouped[0]].hits if grouped else ()
        return self._folded(matched, full)

    def _grouped(self, clause: Clause) -> list[Search]:
        """The requests for the articles of the clause that have copies, if any article has.

        Those that pass the filters; and all of them, if they are to be counted.
        """
        if not self._groups:
            return []
        among = All((clause, Identifiers(tuple(self._groups))))
        filters = [self._filters, *([NO_FILTERS] if self._is_counted_around else [])]
        return [Search(among, (), one, Sort.DATE, limit=len(self._groups)) for one in filters]

    def _folded(self, matched: MatchSet, full: Sequence[Hit]) -> MatchSet:
        """The set with each copy once; of a list by date or by views, the page."""
        if not self._groups:
            return matched
        near = self._near_grouped[0] if self._near_grouped else ()
        hits = (*full, *near, *matched.semantic.hits)
        copies = fold(self._groups, hits, exact=matched.exact, full={hit.id for hit in full})
        matched = matched.folded(copies)
        if self._is_listed and self._spare:
            offset, limit = self._page
            matched = replace(matched, hits=matched.hits[offset : offset + limit])
        return matched

    def _unfiltered(
        self, matched: MatchSet, first: Answers, grouped: Sequence[Search], share: float
    ) -> Clause:
        """What would match without the filters, each copy once.

        Neither decision depends on the filters: which articles are near enough is another set, and so is
        which of several copies is shown.
        """
        clauses = [matched.keyword, *matching.exact(self._query)]
        near: tuple[Hit, ...] = ()
        if self._similar and matched.semantic.vector is not None:
            near = self._similar.unfiltered(first, share)
            ids = Identifiers(tuple(hit.id for hit in near))
            clauses.append(matching.restricted(self._query, ids))
        every = AnyOf(tuple(clauses))
        if not grouped:
            return every
        full = first[grouped[-1]].hits
        hits = (*full, *(self._near_grouped[-1] if self._near_grouped else ()), *near)
        copies = fold(self._groups, hits, exact=matched.exact, full={hit.id for hit in full})
        return _without(every, _left_out(copies))

    @property
    def _is_first_page(self) -> bool:
        return not self._page[0]

    def _proposed(self, first: Answers, *, has_matches: bool) -> tuple[Query, ...]:
        if not self._is_first_page:
            return ()
        return tuple(self._corrections.proposed(first, has_matches=has_matches))

    def _listing(self, clause: Clause) -> Search:
        """The request for the first articles of the clause, by score."""
        limit = max(relevance.WINDOW, sum(self._window)) + self._spare
        return Search(clause, self._rank, self._filters, limit=limit)

    def _completed(self, matched: MatchSet, ahead: int) -> MatchSet:
        """With what depends on the semantic hits: which of them the query allows, and their words."""
        allowed = self._allowed(matched.candidates)
        scored = self._scored(matched.semantic, matched.hits)
        near = self._near(NOTHING, matched.semantic, ahead)
        requests = (*allowed, *scored, *(one for listing in near for one in listing.requests))
        if not requests:
            return matched
        return self._with(matched, self._reader.read(*requests), allowed, scored, near)

    def _relaxed(
        self, matched: MatchSet, relaxation: Relaxation, first: Answers, ahead: int
    ) -> MatchSet:
        clause, candidates = relaxation.prepare(first, matched.candidates)
        keyword = AnyOf((self._strict, clause))
        listing = [] if self._is_listed else [self._listing(keyword)]
        allowed, scored = self._allowed(candidates), self._scored(candidates)
        # By date or by views, for each decision that can be made.
        lists = {
            (accepted, bool(hits.hits)): self._near(clause, hits, ahead)
            for accepted, clause in ((True, keyword), (False, NOTHING))
            for hits in ((candidates, SemanticHits()) if candidates.hits else (candidates,))
        }
        listed = [one for near in lists.values() for each in near for one in each.requests]
        grouped = self._grouped(keyword)
        second = self._reader.read(
            *listing, *allowed, *scored, *listed, *grouped, *relaxation.second
        )
        is_accepted, semantic = relaxation.accepted(second, candidates)
        if is_accepted:
            self._near_grouped = [second[one].hits for one in grouped]
        hits = matched.hits  # of a list by date or by views, what matches in full
        if listing:
            hits = tuple(second[listing[0]].hits) if is_accepted else ()
        matched = replace(
            matched,
            keyword=keyword if is_accepted else self._strict,
            hits=hits,
            semantic=semantic,
            relaxed=True,
            by_part=is_accepted and (relaxation.has_evidence or bool(hits)),
            nonsense=relaxation.is_nonsense and self._vector is not None,
            corrections=self._proposed(first, has_matches=False),
        )
        chosen = lists[is_accepted, bool(semantic.hits)]
        return self._with(matched, second, allowed, scored, chosen)

    def _near(self, keyword: Clause, hits: SemanticHits, ahead: int) -> list[Listing]:
        """The articles of the page that do not match in full: they are listed behind those that do."""
        offset = max(0, self._window[0] - ahead)
        limit = sum(self._window) - max(ahead, self._window[0])
        if not self._is_listed or limit <= 0 or (keyword is NOTHING and not hits.hits):
            return []
        similar = matching.restricted(self._query, Identifiers(hits.ids))
        near = All((AnyOf((keyword, similar)), Not(self._full)))
        return [self._listed(near, offset, limit)]

    def _listed(self, clause: Clause, offset: int, limit: int) -> Listing:
        return Listing(
            self._service.store,
            self._reader,
            clause,
            self._filters,
            sort=self._sort,
            offset=offset,
            limit=limit,
        )

    def _allowed(self, candidates: SemanticHits) -> list[Search]:
        """The request for those of the hits that the query allows, unless it allows all."""
        ids = Identifiers(candidates.ids)
        allowed = matching.restricted(self._query, ids)
        if not candidates.hits or allowed == ids:
            return []
        return [Search(allowed, limit=relevance.WINDOW)]

    def _scored(self, semantic: SemanticHits, listed: Sequence[Hit] = ()) -> list[Search]:
        """The request for the keyword scores of the semantic hits that are not in the window listed."""
        known = {hit.id for hit in listed[: relevance.WINDOW]}
        ids = tuple(key for key in semantic.ids if key not in known)
        if self._is_listed or not self._by_keyword or not ids:
            return []
        return [Search(Identifiers(ids), self._rank, limit=len(ids))]

    def _with(
        self,
        matched: MatchSet,
        answers: Answers,
        allowed: Sequence[Search],
        scored: Sequence[Search],
        near: Sequence[Listing],
    ) -> MatchSet:
        matched = replace(
            matched,
            scores={hit.id: hit.score for one in scored for hit in answers[one].hits},
            hits=(*matched.hits, *(hit for one in near for hit in one.hits(answers))),
        )
        if not allowed:
            return matched
        ids = {hit.id for one in allowed for hit in answers[one].hits}
        return replace(
            matched,
            semantic=matched.semantic.restricted_to(ids),
            candidates=matched.candidates.restricted_to(ids),
        )
