"""A question -> one page of one ranking. Entry point: :func:`search`. No HTTP, no engine names.

One match set serves totals, facets and pages: the articles in which all chunks match (or, where there
are none, a calibrated share of the query's idf), those whose id, code, 文号 or title is the query, and
in semantic and hybrid mode the articles above the floor among the nearest. One order serves every
page: exact matches, the fused window, then the keyword order. A page that goes on from an earlier one
takes its order from the generation that the first was read of; what it shows, counts and says is of the
live one alone.
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
    """What a page is read of: ``ranked`` gives the order, ``live`` what is shown.

    They differ only where a walk began before the last rebuild. An article that was deleted since, or
    of which this audience may read less now, must not come back out of the older generation: of that
    one nothing is told but the order of what the live one lets this audience find by the same question.
    """

    ranked: Reader
    live: Reader

    @property
    def differ(self) -> bool:
        """Whether the order is an older generation's."""
        return self.ranked is not self.live


def search(
    service: SearchService,
    request: SearchRequest,
    audience: Audience,
    *,
    position: CursorPosition | None = None,
) -> Page:
    """Answer one page: the one of the request's number, or the one that begins at ``position``.

    Raises ``BadInput`` for a query over 200 characters or a position beyond ``MAX_DEPTH``, ``Gone`` where
    the generation of the position is no more, and engine errors.
    """
    query = parse(request.text, service.analyzer, title_only=request.title_only)
    offset, limit = _window(request, position)
    ranked = live = service.reader(audience)
    query = with_coined_terms(query, service.store.coined.accepted())
    if position and position.generation != live.generation:
        kept = service.reader_of_generation(audience, position.generation)
        # What was written to it after the walk began, this caller may never have been able to read.
        ranked = kept if kept.revision == position.revision else live
    page, length = _page(service, _Readers(ranked, live), query, request, (offset, limit))
    here = CursorPosition(
        generation=ranked.generation, revision=ranked.revision, total=length, offset=offset
    )
    begun = position or here
    end = offset + limit
    return replace(
        page,
        next=replace(begun, offset=end) if end < length else None,
        changed=replace(here, offset=begun.offset) != begun,
    )


def _window(request: SearchRequest, position: CursorPosition | None) -> tuple[int, int]:
    """Offset and limit of the page, inside the cap of plain pages or of cursors."""
    if position is None:
        offset, cap = (request.page - 1) * request.size, relevance.MAX_RESULTS
    else:
        offset, cap = position.offset, relevance.MAX_DEPTH
        if offset >= cap:
            fault = say(
                f"已取到第 {offset} 条，最多取前 {cap} 条；"
                "请用 category、kind、issuer、date_from 等筛选分几次取",
                f"{offset} results were read, at most {cap} can be; narrow with category, kind,"
                " issuer, date_from … and read the parts",
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
    """The page, and how many articles the ranking holds that it is a slice of."""
    live = readers.live
    if not query.tree.parts:
        if request.text.strip():  # punctuation alone asks for nothing that exists
            return Page(total=0, results=()), 0
        return _browse(readers, request, window)  # nothing asked: everything, newest first
    matched = match(service, live, query, request)
    totals = live.totals(matched.clause, filters=request.filters, facets=FACETS)
    found = not matched.relaxed and totals.total > 0
    suggestions = did_you_mean(service, live, query, request.filters, has_matches=found)
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
        # A document number that nobody holds is near to others by its looks alone.
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
    near: SemanticHits,
) -> tuple[Order, int]:
    """The page in the order of the kept generation, of what the live one holds of it, and its length.

    What was found by words must hold them in the live generation; what was near must be near there, if
    anything is (``near``). Scores and ranks stay behind: they tell of texts that this audience may not be
    able to read any more.
    """
    kept, live = readers.ranked, readers.live
    matched = match(service, kept, query, request)
    length = kept.totals(matched.clause, filters=request.filters).total
    ids = order(service, kept, query, request, matched, window).ids
    if near.vector is not None and near.hits:  # whichever are among the nearest by now
        ours = Filters(ids=matched.semantic.restricted_to(ids).ids)
        near = nearest_articles(live, near.vector, filters=ours)
    holds = AnyOf(
        (matched.keyword, *exact_clauses(query), matching.restricted(query, Identifiers(near.ids)))
    )
    return Order(_matching(live, holds, ids, request)), length


def _matching(
    reader: Reader, clause: Clause, ids: Sequence[str], request: SearchRequest
) -> list[str]:
    """Those of the ids that match, in the same order."""
    if not ids:
        return []
    among = All((clause, Identifiers(tuple(ids))))
    hits = reader.keyword(among, filters=request.filters, sort=Sort.DATE, limit=len(ids))
    found = {hit.id for hit in hits}
    return [key for key in ids if key in found]


def _results(
    live: Reader, query: Query, request: SearchRequest, matched: MatchSet, order: Order
) -> tuple[Result, ...]:
    stored = live.fetch(order.ids)
    # Those taken away between two reads, or since the walk began, are not there.
    articles = [stored[key] for key in order.ids if key in stored]
    best = matched.semantic.passages(live, order.ids)
    explanations = {}
    if request.explain:
        explanations = explain(
            live, query, order.ranks, articles, exact=matched.exact, nearest=best
        )
    return tuple(
        Result(
            stored=one,
            score=order.scores.get(one.view.id, 0.0),
            title_marks=marks(one.view.title, query.highlight_terms, query.words),
            passages=select_passages(one, query, best.get(one.view.id)),
            explanation=explanations.get(one.view.id),
        )
        for one in articles
    )
