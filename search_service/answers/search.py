"""Search: a request -> one page of results. Entry point: :func:`search`.

Totals, facets and pages count one match set (:mod:`search_service.ranking.match_set`), and all pages
follow one order (:mod:`search_service.ranking.order`). A page reached by a cursor keeps the order of the
generation that the first page was read from; all it shows and counts comes from the live generation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzers.messages import say
from search_service import relevance
from search_service.answers.evidence import select_passages
from search_service.answers.explanation import explain
from search_service.answers.page import CursorPosition, Page, Result
from search_service.answers.snippets import marks
from search_service.engines import Reader
from search_service.engines.validation import FACETS
from search_service.errors import BadInput
from search_service.metrics import stage
from search_service.model import (
    All,
    AnyOf,
    Audience,
    Clause,
    Everything,
    Filters,
    Identifiers,
    Sort,
)
from search_service.query import matching
from search_service.query.parsing import Query, parse, with_coined_terms
from search_service.query.request import SearchRequest
from search_service.ranking.corrections import did_you_mean
from search_service.ranking.match_set import MatchSet, exact_clauses, match
from search_service.ranking.order import Order, order
from search_service.ranking.similarity import SemanticHits, nearest_articles
from search_service.service import SearchService


@dataclass(frozen=True)
class _Readers:
    """The readers for one page: ``ranked`` determines the order, ``live`` what is shown.

    They differ only if the first page was read before the last rebuild. Since then articles may have been
    deleted, or become less visible to this audience. So the older generation only orders the articles that
    the live one returns for the same query, and nothing else of it is shown.
    """

    ranked: Reader
    live: Reader

    @property
    def differ(self) -> bool:
        """Whether the order is that of an older generation."""
        return self.ranked is not self.live


def search(
    service: SearchService,
    request: SearchRequest,
    audience: Audience,
    *,
    position: CursorPosition | None = None,
) -> Page:
    """The page with the request's number, or the one at ``position``, which a cursor gave.

    Raises ``BadInput`` for a query over ``MAX_QUERY`` characters or a position beyond ``MAX_DEPTH``,
    ``Gone`` if the generation of the position no longer exists, and ``EngineError``.
    """
    query = parse(request.text, service.analyzer, title_only=request.title_only)
    offset, limit = _window(request, position)
    ranked = live = service.reader(audience)
    query = with_coined_terms(query, service.store.coined.accepted())
    if position and position.generation != live.generation:
        earlier = service.reader_of_generation(audience, position.generation)
        # If it has changed since the first page, it may contain articles that this caller never could read.
        ranked = earlier if earlier.revision == position.revision else live
    page, length = _page(service, _Readers(ranked, live), query, request, (offset, limit))
    here = CursorPosition(
        generation=ranked.generation, revision=ranked.revision, total=length, offset=offset
    )
    first = position or here
    end = offset + limit
    return replace(
        page,
        next=replace(first, offset=end) if end < length else None,
        changed=replace(here, offset=first.offset) != first,
    )


def _window(request: SearchRequest, position: CursorPosition | None) -> tuple[int, int]:
    """Offset and limit of the page, within ``MAX_RESULTS`` or, by cursor, ``MAX_DEPTH``."""
    if position is None:
        offset, cap = (request.page - 1) * request.size, relevance.MAX_RESULTS
    else:
        offset, cap = position.offset, relevance.MAX_DEPTH
        if offset >= cap:
            fault = say(
                f"已取到第 {offset} 条，最多取前 {cap} 条；"
                "请用 category、kind、issuer、date_from 等筛选分几次取",
                f"{offset} results were read, the maximum is {cap}; split the search with the filters"
                " category, kind, issuer, date_from …",
            )
            raise BadInput(fault, field_errors={"cursor": fault})
    return offset, max(0, min(request.size, cap - offset))


def _page(
    service: SearchService,
    readers: _Readers,
    query: Query,
    request: SearchRequest,
    window: tuple[int, int],
) -> tuple[Page, int]:
    """The page, and the number of articles in its ranking."""
    live = readers.live
    if not query.tree.parts:
        if request.text.strip():  # only punctuation: no results
            return Page(total=0, results=()), 0
        return _browse(readers, request, window)  # no query: all articles, newest first
    matched = match(service, live, query, request)
    with stage("facets"):
        totals = live.totals(matched.clause, filters=request.filters, facets=FACETS)
    has_matches = not matched.relaxed and totals.total > 0
    suggestions = did_you_mean(service, live, query, request.filters, has_matches=has_matches)
    if readers.differ:
        ordered, length = _earlier_order(service, readers, query, request, window, matched.semantic)
    else:
        ordered, length = order(service, live, query, request, matched, window), totals.total
    page = Page(
        total=totals.total,
        results=_results(live, query, request, matched, ordered),
        facets=totals.facets,
        relaxed=matched.relaxed and totals.total > matched.full,
        full=matched.full,
        degraded=matched.degraded,
        suggestions=suggestions,
        hints=query.hints,
        # An unknown document number is similar to others only in its spelling.
        semantic_results_available=not totals.total
        and bool(matched.semantic_candidates.if_above(live.manifest.floor).hits)
        and not all(chunk.has_identifier for chunk in query.included),
    )
    return page, length


def _browse(readers: _Readers, request: SearchRequest, window: tuple[int, int]) -> tuple[Page, int]:
    offset, limit = window
    live, ranked = readers.live, readers.ranked
    totals = live.totals(Everything(), filters=request.filters, facets=FACETS)
    hits = ranked.keyword(
        Everything(), filters=request.filters, sort=Sort.DATE, offset=offset, limit=limit
    )
    ids, length = [hit.id for hit in hits], totals.total
    if readers.differ:
        length = ranked.totals(Everything(), filters=request.filters).total
        ids = _matching(live, Everything(), ids, request)
    stored = live.fetch(ids)
    results = tuple(
        Result(stored=stored[key], score=0.0, title_marks=(), passages=())
        for key in ids
        if key in stored
    )
    return Page(total=totals.total, results=results, facets=totals.facets), length


def _earlier_order(
    service: SearchService,
    readers: _Readers,
    query: Query,
    request: SearchRequest,
    window: tuple[int, int],
    semantic: SemanticHits,
) -> tuple[Order, int]:
    """The page in the order of the earlier generation, and the length of that ranking.

    Only articles that still match in the live generation remain: keyword and exact matches by the same
    clauses, semantic hits by their similarity there, provided that ``semantic``, the hits of the live
    generation, is not empty. Scores and ranks are dropped, because they reveal texts that this audience may
    no longer be able to read.
    """
    earlier, live = readers.ranked, readers.live
    matched = match(service, earlier, query, request)
    length = earlier.totals(matched.clause, filters=request.filters).total
    ids = order(service, earlier, query, request, matched, window).ids
    if semantic.vector is not None and semantic.hits:
        on_page = Filters(ids=matched.semantic.restricted_to(ids).ids)
        semantic = nearest_articles(live, semantic.vector, filters=on_page)
    still_matches = AnyOf(
        (
            matched.keyword,
            *exact_clauses(query),
            matching.restricted(query, Identifiers(semantic.ids)),
        )
    )
    return Order(_matching(live, still_matches, ids, request)), length


def _matching(
    reader: Reader, clause: Clause, ids: Sequence[str], request: SearchRequest
) -> list[str]:
    """The ids that match, in the same order."""
    if not ids:
        return []
    among = All((clause, Identifiers(tuple(ids))))
    hits = reader.keyword(among, filters=request.filters, sort=Sort.DATE, limit=len(ids))
    matches = {hit.id for hit in hits}
    return [key for key in ids if key in matches]


@stage("evidence")
def _results(
    live: Reader, query: Query, request: SearchRequest, matched: MatchSet, order: Order
) -> tuple[Result, ...]:
    stored = live.fetch(order.ids)
    # Articles that were deleted or hidden since the order was computed are missing.
    articles = [stored[key] for key in order.ids if key in stored]
    nearest = matched.semantic.passages(live, order.ids)
    explanations = {}
    if request.explain:
        explanations = explain(
            live, query, order.ranks, articles, exact=matched.exact, nearest=nearest
        )
    return tuple(
        Result(
            stored=one,
            score=order.scores.get(one.view.id, 0.0),
            title_marks=marks(one.view.title, query.highlight_terms, query.words),
            passages=select_passages(one, query, nearest.get(one.view.id)),
            explanation=explanations.get(one.view.id),
        )
        for one in articles
    )
