"""Search: a request -> one page of results. Entry point: :func:`search`.

Totals, facets and pages count one match set (:mod:`search_service.ranking.match_set`), and all pages
follow one order (:mod:`search_service.ranking.order`). A page reached by a cursor keeps the order of the
generation that the first page was read from; all it shows and counts comes from the live generation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analyzers.messages import say
from search_service import relevance
from search_service.answers.evidence import select_passages
from search_service.answers.explanation import explain
from search_service.answers.page import CursorPosition, Page, Result
from search_service.answers.snippets import marks
from search_service.engines.reads import Fetch, Reader, Search
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
    StoredArticle,
)
from search_service.query import matching
from search_service.query.parsing import Query, parse, with_coined_terms
from search_service.query.request import SearchRequest
from search_service.ranking.corrections import results_of
from search_service.ranking.match_set import MatchSet, exact_clauses, match
from search_service.ranking.order import Order, order
from search_service.ranking.similarity import SimilarArticles
from search_service.service import SearchService, reads_shared


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


@reads_shared
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
    ranked = live = service.reader(audience, shared=True)
    query = with_coined_terms(query, service.store.coined.accepted())
    if position and position.generation != live.generation:
        earlier = service.reader_of_generation(audience, position.generation)
        # If it has changed since the first page, it may contain articles that this caller never could read.
        ranked = earlier if earlier.revision == position.revision else live
    earlier_total = position.total if position else 0
    page, length = _page(
        service, _Readers(ranked, live), query, request, (offset, limit), earlier_total
    )
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
    earlier_total: int,
) -> tuple[Page, int]:
    """The page, and the number of articles in its ranking: ``earlier_total`` if that is the earlier one."""
    live = readers.live
    if not query.tree.parts:
        if request.text.strip():  # only punctuation: no results
            return Page(total=0, results=()), 0
        return _browse(readers, request, window, earlier_total)  # no query: all, newest first
    matched = match(service, live, query, request, window)
    audience = live.scope.audience
    if readers.differ:
        ordered = _earlier_order(service, readers, query, request, window, matched)
    else:
        ordered = order(service.store, audience, matched, window)
    is_first = not window[0]
    with stage("evidence"):
        totals = Search(matched.clause, filters=request.filters, facets=FACETS if is_first else ())
        fetch = Fetch(ordered.ids)
        nearest = matched.semantic.nearest_passages(ordered.ids)
        corrected = results_of(matched.corrections, request.filters)
        answers = live.read(totals, fetch, *filter(None, [nearest]), *corrected)
    found = answers[totals].totals
    suggestions = [
        one.text
        for one, results in zip(matched.corrections, corrected, strict=True)
        if answers[results].totals.total
    ]
    near = {hit.article_id: hit.passage_id for hit in answers[nearest]} if nearest else {}
    page = Page(
        total=found.total,
        results=_results(live, query, request, matched, ordered, answers[fetch], near),
        facets=found.facets,
        relaxed=matched.relaxed and found.total > matched.full,
        full=matched.full,
        degraded=matched.degraded,
        suggestions=tuple(suggestions[: relevance.CORRECTIONS]),
        hints=query.hints,
        # An unknown document number is similar to others only in its spelling.
        semantic_results_available=not found.total
        and bool(matched.candidates.if_above(live.manifest.floor).hits)
        and not all(chunk.has_identifier for chunk in query.included),
    )
    return page, earlier_total if readers.differ else found.total


def _browse(
    readers: _Readers, request: SearchRequest, window: tuple[int, int], earlier_total: int
) -> tuple[Page, int]:
    live, ranked = readers.live, readers.ranked
    facets = () if window[0] else FACETS
    listing = Search(Everything(), (), request.filters, Sort.DATE, *window, facets)
    listed = live.read(listing)[listing]
    ids = [hit.id for hit in listed.hits]
    if readers.differ:
        ids = [hit.id for hit in ranked.read(listing)[listing].hits]
        ids = _among(live, [Everything()], ids, request.filters)
    stored = live.fetch(ids)
    results = tuple(
        Result(stored=stored[key], score=0.0, title_marks=(), passages=())
        for key in ids
        if key in stored
    )
    page = Page(total=listed.totals.total, results=results, facets=listed.totals.facets)
    return page, earlier_total if readers.differ else page.total


def _earlier_order(
    service: SearchService,
    readers: _Readers,
    query: Query,
    request: SearchRequest,
    window: tuple[int, int],
    matched: MatchSet,
) -> Order:
    """The page in the order of the earlier generation.

    Only articles that still match in the live generation remain: keyword and exact matches by the same
    clauses, semantic hits by their similarity there, provided that ``matched``, the match set of the live
    generation, has semantic hits. Scores and ranks are dropped, because they reveal texts that this audience
    may no longer be able to read.
    """
    earlier, live = readers.ranked, readers.live
    theirs = match(service, earlier, query, request, window)
    ids = order(service.store, live.scope.audience, theirs, window).ids
    similar: tuple[str, ...] = ()
    if matched.semantic.vector is not None and matched.semantic.hits:
        on_page = Filters(ids=theirs.semantic.restricted_to(ids).ids)
        again = SimilarArticles(live.manifest, matched.semantic.vector, filters=on_page)
        similar = again.hits(live.read(*again.requests)).ids
    by_similarity = matching.restricted(query, Identifiers(similar))
    clauses = [matched.keyword, *exact_clauses(query), by_similarity]
    return Order(_among(live, clauses, ids, request.filters))


def _among(
    reader: Reader, clauses: Sequence[Clause], ids: Sequence[str], filters: Filters
) -> list[str]:
    """The ids that match one of the clauses, in the same order."""
    if not ids:
        return []
    among = All((AnyOf(tuple(clauses)), Identifiers(tuple(ids))))
    hits = reader.keyword(among, filters=filters, sort=Sort.DATE, limit=len(ids))
    matches = {hit.id for hit in hits}
    return [key for key in ids if key in matches]


@stage("evidence")
def _results(
    live: Reader,
    query: Query,
    request: SearchRequest,
    matched: MatchSet,
    order: Order,
    stored: Mapping[str, StoredArticle],
    nearest: Mapping[str, str],
) -> tuple[Result, ...]:
    """The results; ``nearest``: article id -> id of its nearest passage."""
    # Articles that were deleted or hidden since the order was computed are missing.
    articles = [stored[key] for key in order.ids if key in stored]
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
