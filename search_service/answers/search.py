"""Search: a request -> one page of results. Entry point: :func:`search`.

Totals, facets and pages count one match set (:mod:`search_service.ranking.match_set`), and all pages
follow one order (:mod:`search_service.ranking.order`). A page reached by a cursor keeps the order of the
generation that the first page was read from; all it shows and counts comes from the live generation.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from analyzers import document_numbers
from analyzers.messages import say
from search_service import relevance
from search_service.answers.around import Around, alternatives
from search_service.answers.evidence import select_passages
from search_service.answers.explanation import explain
from search_service.answers.matched_fields import declared_fields, matched_fields
from search_service.answers.page import CountedQuery, CursorPosition, Page, Reason, Result
from search_service.answers.snippets import marks
from search_service.engines.reads import Fetch, Reader, Search
from search_service.errors import BadInput
from search_service.metrics import stage
from search_service.model import (
    FACETS,
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
from search_service.query.parsed import Query
from search_service.query.parsing import parse, with_coined_terms
from search_service.query.request import Mode, SearchRequest
from search_service.query.syntax import AndNode
from search_service.ranking.corrections import texts_of_pinyin
from search_service.ranking.folding import Count
from search_service.ranking.listing import Listing
from search_service.ranking.match_set import MatchSet, match
from search_service.ranking.order import Order, order
from search_service.ranking.similarity import SimilarArticles
from search_service.service import SearchService, reads_shared
from search_service.state.blocked_words import contains_any

_COPIES = 10  # that are named under a result
_PARTS = 6  # words of a query that are counted one by one


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
    # Of a long list only the pages with a number say what there is to choose from.
    request = replace(request, counted=position is None and request.counted)
    ranked = live = service.reader(audience, shared=True)
    blocked = service.store.blocked.words()
    if contains_any(request.text, blocked):
        return Page(total=0, results=(), reason=Reason.BLOCKED)
    query = parse(request.text, service.analyzer, title_only=request.title_only)
    offset, limit = _window(request, position)
    query = with_coined_terms(query, service.store.coined.accepted())
    if position and position.generation != live.generation:
        earlier = service.reader_of_generation(audience, position.generation)
        # If it has changed since the first page, it may contain articles that this caller never could read.
        ranked = earlier if earlier.revision == position.revision else live
    earlier_total = position.total if position else 0
    readers = _Readers(ranked, live)
    page, length = _page(service, readers, query, request, (offset, limit), earlier_total)
    if not page.total:
        texts = _permitted(texts_of_pinyin(service, live, query), blocked)
        if texts:
            spoken = parse(texts[0], service.analyzer, title_only=request.title_only)
            found = _page(service, readers, spoken, request, (offset, limit), earlier_total)
            if found[0].total:
                page, length = (
                    replace(found[0], searched=texts[0], reason=Reason.CORRECTED),
                    found[1],
                )
    here = CursorPosition(
        generation=ranked.generation, revision=ranked.revision, total=length, offset=offset
    )
    first = position or here
    end = offset + limit
    return replace(
        page,
        corrections=tuple(one for one in page.corrections if not contains_any(one.text, blocked)),
        next=replace(first, offset=end) if end < length else None,
        changed=replace(here, offset=first.offset) != first,
    )


def _permitted(texts: Sequence[str], blocked: Sequence[str]) -> list[str]:
    """The texts without a blocked word."""
    return [text for text in texts if not contains_any(text, blocked)]


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
        # No query: all, newest first or most viewed first.
        return _browse(service, readers, request, window, earlier_total)
    matched = match(service, live, query, request, window)
    audience = live.scope.audience
    if readers.differ:
        ordered = _earlier_order(service, readers, query, request, window, matched)
    else:
        ordered = order(service.store, audience, matched, window)
    with stage("evidence"):
        totals = Search(matched.clause, filters=request.filters, facets=_facets(request))
        around = Around(request.filters, matched.unfiltered if request.counted else None)
        is_empty = not (matched.hits or matched.exact or matched.semantic.hits)
        dropped = around.without_conditions if is_empty else {}
        # Without other matches all match in full.
        is_mixed = matched.relaxed or matched.semantic.hits
        shown = All((matched.full, Identifiers(tuple(ordered.ids))))
        full = Search(matched.full, filters=request.filters)
        shown_full = Search(shown, limit=len(ordered.ids))
        groups = (full, shown_full) if is_mixed else ()
        copies = [id for one in ordered.ids for id in matched.copies.get(one, ())[:_COPIES]]
        fetch = Fetch([*ordered.ids, *copies])
        nearest = matched.semantic.nearest_passages(ordered.ids)
        groups_of_copies = service.store.copies.of(live.generation)
        asked = [*matched.corrections, *(_parts(query) if is_empty or matched.by_part else ())]
        counts = [
            Count(matching.strict(one), one.merge_filters(request.filters), groups_of_copies)
            for one in asked
        ]
        answers = live.read(
            totals,
            *around.facets.values(),
            *dropped.values(),
            *groups,
            fetch,
            *filter(None, [nearest]),
            *(search for count in counts for search in count.requests),
        )
    found = answers[totals].totals
    in_full = {hit.id for hit in answers[shown_full].hits} if is_mixed else {*ordered.ids}
    full_total = answers[full].totals.total if is_mixed else found.total
    counted = [
        CountedQuery(document_numbers.printed(one.text), count.of(answers))
        for one, count in zip(asked, counts, strict=True)
    ]
    corrections = [one for one in counted[: len(matched.corrections)] if one.total]
    near = {hit.article_id: hit.passage_id for hit in answers[nearest]} if nearest else {}
    page = Page(
        total=found.total,
        results=_results(live, query, request, matched, ordered, answers[fetch], near, in_full),
        facets=around.completed(found.facets, answers),
        alternatives=alternatives(dropped, answers),
        relaxed=matched.relaxed and found.total > full_total,
        reason=None if request.mode is Mode.SEMANTIC else _reason(matched, found.total, full_total),
        full=full_total,
        degraded=matched.degraded,
        corrections=tuple(corrections[: relevance.CORRECTIONS]),
        parts=tuple(counted[len(matched.corrections) :]),
        synonyms=tuple(dict.fromkeys(query.synonyms)),
        hints=query.hints,
        # An unknown document number is similar to others only in its spelling.
        semantic_results_available=not found.total
        and bool(matched.candidates.if_above(live.manifest.floor).hits)
        and not all(chunk.has_identifier for chunk in query.included),
    )
    return page, earlier_total if readers.differ else found.total


def _facets(request: SearchRequest) -> Sequence[str]:
    return FACETS if request.counted else ()


def _parts(query: Query) -> list[Query]:
    """Each word of a query of several words and nothing else."""
    chunks = query.included
    if not (1 < len(chunks) <= _PARTS and chunks == query.tree.parts):
        return []
    return [replace(query, text=one.text, key="", tree=AndNode((one,))) for one in chunks]


def _reason(matched: MatchSet, total: int, full: int) -> Reason | None:
    if not total:
        return Reason.NONSENSE if matched.nonsense else None
    if matched.by_part and total > full:
        return Reason.RELAXED
    return None if full else Reason.NEAR_ONLY


def _browse(
    service: SearchService,
    readers: _Readers,
    request: SearchRequest,
    window: tuple[int, int],
    earlier_total: int,
) -> tuple[Page, int]:
    live, ranked = readers.live, readers.ranked
    facets = _facets(request)

    def listing_of(reader: Reader) -> Listing:
        return Listing(
            service.store,
            reader,
            Everything(),
            request.filters,
            sort=request.sort,
            offset=window[0],
            limit=window[1],
            facets=facets,
        )

    listing = listing_of(live)
    around = Around(request.filters, Everything() if facets else None)
    answers = live.read(*listing.requests, *around.facets.values())
    listed = answers[listing.counted]
    ids = [hit.id for hit in listing.hits(answers)]
    if readers.differ:
        earlier = listing_of(ranked)
        ids = [hit.id for hit in earlier.hits(ranked.read(*earlier.requests))]
        ids = _among(live, [Everything()], ids, request.filters)
    dropped = {} if listed.totals.total else around.without_conditions
    fetch = Fetch(ids)
    last = live.read(fetch, *dropped.values())
    stored = last[fetch]
    results = tuple(
        Result(stored=stored[key], score=0.0, title_marks=(), passages=())
        for key in ids
        if key in stored
    )
    total = listed.totals.total
    page = Page(
        total=total,
        full=total,
        results=results,
        facets=around.completed(listed.totals.facets, answers),
        alternatives=alternatives(dropped, last),
    )
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
    clauses = [matched.keyword, *matching.exact(query), by_similarity]
    gone = {id for copies in matched.copies.values() for id in copies}
    return Order([id for id in _among(live, clauses, ids, request.filters) if id not in gone])


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
    in_full: Collection[str],
) -> tuple[Result, ...]:
    """The results. ``nearest``: article id -> id of its nearest passage; ``in_full``: ids."""
    # Articles that were deleted or hidden since the order was computed are missing.
    articles = [stored[key] for key in order.ids if key in stored]
    explanations = {}
    if request.explain:
        explanations = explain(
            live, query, order.ranks, articles, exact=matched.exact, nearest=nearest
        )
    results = []
    for one in articles:
        copies = matched.copies.get(one.view.id, ())
        passages = select_passages(one, query, nearest.get(one.view.id))
        matched_ones = matched_fields(one.view, query)
        if not any(passage.snippet.marks for passage in passages):
            matched_ones += declared_fields(one.view, query)
        results.append(
            Result(
                stored=one,
                score=order.scores.get(one.view.id, 0.0),
                title_marks=marks(one.view.title, query.highlight_terms, query.words),
                passages=passages,
                in_full=one.view.id in in_full,
                matched=matched_ones,
                explanation=explanations.get(one.view.id),
                copies=tuple(stored[id].view for id in copies if id in stored),
                copies_total=len(copies),
            )
        )
    return tuple(results)
