"""A question -> one page of one ranking. Entry point: :func:`search`. No HTTP, no engine names.

One match set serves totals, facets and pages: the articles in which all chunks match (or, where there
are none, a calibrated share of the query's idf), those whose id, code, 文号 or title is the query, and
in semantic and hybrid mode the articles above the floor among the nearest. One order serves every
page: exact matches, the fused window, then the keyword order. A page that goes on from an earlier one
takes its order from the generation that the first was read of, and what it shows from the live one.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from analyzers.language import say
from search_service import matching, relevance
from search_service.engines import NO_FILTERS, Reader
from search_service.engines.asked import FACETS
from search_service.errors import BadInput
from search_service.evidence import Ranks, ShownPassage, Why, shown, why
from search_service.fusion import fuse
from search_service.grammar import Hint
from search_service.meaning import Near, nearest_articles
from search_service.model import (
    All,
    AnyOf,
    Audience,
    Clause,
    Everything,
    Exact,
    Field,
    Filters,
    Identifiers,
    Not,
    Sort,
    Stored,
)
from search_service.query import Query, naming, parse
from search_service.service import MeaningUnavailable, SearchService
from search_service.snippets import Span, marks
from search_service.suggest import did_you_mean


def without_meaning() -> str:
    """The notice of a degraded answer."""
    return say(
        "语义检索暂不可用，只按关键词检索", "search by meaning is not available; keywords only"
    )


class Mode(enum.StrEnum):
    """How articles are found: 精确 (keyword), by meaning, or 智能 (both)."""

    KEYWORD = "keyword"
    SEMANTIC = "semantic"
    HYBRID = "hybrid"


@dataclass(frozen=True, kw_only=True)
class SearchRequest:
    """One question. ``page`` counts from 1; ``size`` is 1 to 100."""

    text: str = ""
    mode: Mode = Mode.HYBRID
    title_only: bool = False
    filters: Filters = NO_FILTERS
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    size: int = 10
    explain: bool = False


@dataclass(frozen=True, kw_only=True)
class Result:
    """One article of a page. ``score`` orders the window; it compares nothing across queries."""

    stored: Stored
    score: float
    title_marks: tuple[Span, ...]
    passages: tuple[ShownPassage, ...]
    why: Why | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where to go on in a ranking: ``offset`` results of it, in this generation, come before.

    ``revision`` and ``total`` are those of the page that the walk began with: what was written since,
    or taken down, may have moved its results.
    """

    generation: str
    revision: int
    total: int
    offset: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """A slice of one ranking. ``degraded``: meaning was asked for and could not be had.

    ``relaxed``: some articles are there though they do not hold all words; ``full`` of them do.
    ``hints``: what of the query was not understood. ``next``: where what follows begins, if anything
    does. ``changed``: the ranking is no longer the one that the walk began with. ``suggestions``:
    questions that find something, where this one is likely misspelled.
    """

    total: int
    results: tuple[Result, ...]
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    relaxed: bool = False
    full: int = 0
    degraded: bool = False
    suggestions: tuple[str, ...] = ()
    next: Place | None = None
    changed: bool = False
    hints: tuple[Hint, ...] = ()

    def notices(self) -> list[str]:
        """What the reader should know of how the results were found."""
        notices = [say(*hint) for hint in self.hints]
        if self.relaxed and self.full:
            notices.append(say("部分结果没有包含全部词", "some results do not hold all the words"))
        elif self.relaxed:
            notices.append(
                say(
                    "没有同时包含全部词的文章，以下文章包含其中一部分",
                    "no article holds all the words; these hold some of them",
                )
            )
        if self.degraded:
            notices.append(without_meaning())
        if self.changed:
            notices.append(
                say(
                    "从第一页起索引有了变动，可能有文章重复或遗漏",
                    "the index has changed since the first page; articles may come twice or be missing",
                )
            )
        return notices


@dataclass(frozen=True)
class _Matched:
    """The parts of one match set."""

    keyword: Clause
    exact: tuple[str, ...]
    near: Near
    relaxed: bool = False
    full: int = 0

    @property
    def clause(self) -> Clause:
        ids = (*self.exact, *self.near.ids)
        return AnyOf((self.keyword, Identifiers(ids))) if ids else self.keyword


@dataclass(frozen=True)
class _Sources:
    """What a page is read of: ``ranked`` gives the order, ``live`` what is shown.

    They differ only where a walk began before the last rebuild. An article that was deleted since, or
    of which this audience may read less now, must not come back out of the older generation.
    """

    ranked: Reader
    live: Reader


def search(
    service: SearchService,
    request: SearchRequest,
    audience: Audience,
    *,
    place: Place | None = None,
) -> Page:
    """Answer one page: the one of the request's number, or the one that begins at ``place``.

    Raises ``BadInput`` for a query over 200 characters or a place beyond ``MAX_DEPTH``, ``Gone`` where
    the generation of the place is no more, and engine errors.
    """
    query = parse(request.text, service.analyzer, title_only=request.title_only)
    query = naming(query, service.store.coined.accepted())
    offset, limit = _window(request, place)
    ranked = live = service.reader(audience)
    if place and place.generation != live.generation:
        ranked = service.reader_of(audience, place.generation)
    page = _page(service, _Sources(ranked, live), query, request, (offset, limit))
    begun = place or Place(
        generation=ranked.generation, revision=ranked.revision, total=page.total, offset=offset
    )
    end = offset + limit
    return replace(
        page,
        next=replace(begun, offset=end) if end < page.total else None,
        changed=(ranked.revision, page.total) != (begun.revision, begun.total),
    )


def _window(request: SearchRequest, place: Place | None) -> tuple[int, int]:
    """Offset and limit of the page, inside the cap of plain pages or of cursors."""
    if place is None:
        offset, cap = (request.page - 1) * request.size, relevance.MAX_RESULTS
    else:
        offset, cap = place.offset, relevance.MAX_DEPTH
        if offset >= cap:
            fault = say(
                f"已取到第 {offset} 条，最多取前 {cap} 条；"
                "请用 category、kind、issuer、date_from 等筛选分几次取",
                f"{offset} results were read, at most {cap} can be; narrow with category, kind,"
                " issuer, date_from … and read the parts",
            )
            raise BadInput(fault, faults={"cursor": fault})
    return offset, max(0, min(request.size, cap - offset))


def _page(
    service: SearchService,
    sources: _Sources,
    query: Query,
    request: SearchRequest,
    window: tuple[int, int],
) -> Page:
    if not query.tree.parts:
        # Nothing asked: everything, newest first. Punctuation alone asks for nothing that exists.
        asked = bool(request.text.strip())
        return Page(total=0, results=()) if asked else _browse(sources, request, window)
    reader = sources.ranked
    near, degraded = _nearest(service, reader, query, request)
    # Where there is no meaning to ask, semantic mode answers by keyword instead of not at all.
    alone = request.mode is Mode.SEMANTIC and near is not None
    matched = _match(reader, query, request, near or Near(), by_meaning_alone=alone)
    totals = reader.totals(matched.clause, filters=request.filters, facets=FACETS)
    found = not matched.relaxed and totals.total > 0
    suggestions = did_you_mean(service, reader, query, request.filters, found=found)
    ids, scores, ranks = _order(reader, query, request, matched, window)
    return Page(
        total=totals.total,
        results=_results(sources.live, query, request, matched, ids, scores, ranks),
        facets=totals.facets,
        relaxed=matched.relaxed and totals.total > matched.full,
        full=matched.full,
        degraded=degraded,
        suggestions=suggestions,
        hints=query.hints,
    )


def _browse(sources: _Sources, request: SearchRequest, window: tuple[int, int]) -> Page:
    offset, limit = window
    totals = sources.ranked.totals(Everything(), filters=request.filters, facets=FACETS)
    hits = sources.ranked.keyword(
        Everything(), filters=request.filters, sort=Sort.DATE, offset=offset, limit=limit
    )
    stored = sources.live.fetch([hit.id for hit in hits])
    results = tuple(
        Result(stored=one, score=0.0, title_marks=(), passages=())
        for one in (stored[hit.id] for hit in hits if hit.id in stored)
    )
    return Page(total=totals.total, results=results, facets=totals.facets)


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
    if not reader.manifest.dimensions:
        return None, True
    try:
        vector = service.meaning(query.meaning)
    except MeaningUnavailable:
        return None, True
    if vector is None:
        return None, False
    near = nearest_articles(reader, vector, filters=query.narrowed(request.filters))
    ids = Identifiers(near.ids)
    if (allowed := matching.restricted(query, ids)) != ids:
        near = near.only({hit.id for hit in reader.keyword(allowed, limit=relevance.WINDOW)})
    return near, False


def _match(
    reader: Reader,
    query: Query,
    request: SearchRequest,
    near: Near,
    *,
    by_meaning_alone: bool,
) -> _Matched:
    exact: tuple[str, ...] = ()
    if query.key:
        named = matching.restricted(query, Exact(query.key))
        hits = reader.keyword(
            named, filters=request.filters, sort=Sort.DATE, limit=relevance.WINDOW
        )
        exact = tuple(hit.id for hit in hits)
    if by_meaning_alone:
        return _Matched(AnyOf(()), exact, near)
    strict = matching.strict(query)
    if request.sort is Sort.DATE or not query.words:
        return _Matched(strict, exact, near)
    # Judged without the filters, so that a facet counts what its filter finds.
    by_name = reader.totals(Exact(query.key)).total
    found = by_name or reader.totals(strict).total
    # A question's words need not all be there; what somebody wrote as typed is a term or a title.
    if found and (by_name or not query.asks or reader.totals(matching.literal(query)).total):
        return _Matched(strict, exact, near)
    full = reader.totals(AnyOf((strict, Exact(query.key))), filters=request.filters).total
    frequencies = _frequencies(reader, query)
    articles = reader.totals(Everything()).total
    some = matching.relaxed(query, frequencies, articles)
    if query.asks and reader.totals(some).total:
        some = matching.relaxed(query, frequencies, articles, tail=True)
    clause = AnyOf((strict, some))
    return _Matched(clause, exact, near, relaxed=True, full=full)


def _frequencies(reader: Reader, query: Query) -> Mapping[str, int]:
    field = Field.TITLE_WORDS if query.title_only else Field.WORDS
    return reader.frequencies(field, query.words)


def _order(
    reader: Reader,
    query: Query,
    request: SearchRequest,
    matched: _Matched,
    window: tuple[int, int],
) -> tuple[list[str], Mapping[str, float], Ranks]:
    """The ids of the page in order, with scores and the ranks behind them."""
    offset, limit = window
    rank = matching.rank(query)
    if request.sort is Sort.DATE or not rank:  # fields alone, or what is not wanted, rank nothing
        hits = reader.keyword(
            matched.clause, filters=request.filters, sort=Sort.DATE, offset=offset, limit=limit
        )
        return [hit.id for hit in hits], {}, Ranks({}, {})

    keyword = reader.keyword(matched.keyword, rank, filters=request.filters, limit=relevance.WINDOW)
    ranks = Ranks(
        {hit.id: (place, hit.score) for place, hit in enumerate(keyword, start=1)},
        {hit.id: (place, hit.score) for place, hit in enumerate(matched.near.hits, start=1)},
    )
    fused = fuse(
        [
            (relevance.RRF_KEYWORD, [hit.id for hit in keyword]),
            (relevance.RRF_SEMANTIC, matched.near.ids),
        ]
    )
    if keyword and matched.near.hits:
        # What is merely near, or holds the words apart, stands below what holds the query as typed.
        literal = All((matching.literal(query), Identifiers(tuple(fused))))
        said = {hit.id for hit in reader.keyword(literal, limit=len(fused))}
        fused = dict(sorted(fused.items(), key=lambda item: item[0] not in said))
    head = [*matched.exact, *(key for key in fused if key not in set(matched.exact))]
    page = head[offset : offset + limit]
    if len(page) < limit and len(keyword) == relevance.WINDOW:
        # Behind the window the keyword order goes on, without what the window already showed. Its
        # first WINDOW hits are in the window, so are the semantic ones and the exact ones.
        elsewhere = {*matched.exact, *ranks.semantic}
        shown = sum(1 for hit in keyword if hit.id not in elsewhere)
        rest = reader.keyword(
            All((matched.keyword, Not(Identifiers(tuple(sorted(elsewhere)))))),
            rank,
            filters=request.filters,
            offset=shown + max(0, offset - len(head)),
            limit=limit - len(page),
        )
        page += [hit.id for hit in rest]
    return page, fused, ranks


def _results(
    reader: Reader,
    query: Query,
    request: SearchRequest,
    matched: _Matched,
    ids: Sequence[str],
    scores: Mapping[str, float],
    ranks: Ranks,
) -> tuple[Result, ...]:
    stored = reader.fetch(ids)
    best = matched.near.passages(reader, ids)
    results = []
    for key in ids:
        if key not in stored:  # taken away between two reads, or since the walk began
            continue
        one = stored[key]
        title_marks = marks(one.view.title, query.marked, query.words)
        passages = shown(one, query, best.get(key))
        reason = None
        if request.explain:
            reason = why(one, query, ranks, exact=key in matched.exact)
        score = scores.get(key, 0.0)
        results.append(
            Result(stored=one, score=score, title_marks=title_marks, passages=passages, why=reason)
        )
    return tuple(results)
