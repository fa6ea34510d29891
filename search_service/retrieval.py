"""A question -> one page of one ranking. Entry point: :func:`search`. No HTTP, no engine names.

One match set serves totals, facets and pages: the articles in which all chunks match (or, where there
are none, a calibrated share of the query's idf), those whose id, code, 文号 or title is the query, and
in semantic and hybrid mode the articles above the floor among the nearest. One order serves every
page: exact matches, the fused window, then the keyword order. A page that goes on from an earlier one
takes its order from the generation that the first was read of; what it shows, counts and says is of the
live one alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from analyzers.language import say
from search_service import matching, relevance
from search_service.engines import NO_FILTERS, Reader
from search_service.engines.asked import FACETS
from search_service.errors import BadInput
from search_service.evidence import shown
from search_service.explanation import Ranks, why
from search_service.factors import factors
from search_service.fusion import Ranked, fuse
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
)
from search_service.page import Mode, Page, Place, Result, SearchRequest
from search_service.query import Query, naming, parse
from search_service.service import MeaningUnavailable, SearchService
from search_service.snippets import marks
from search_service.suggest import did_you_mean


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
    of which this audience may read less now, must not come back out of the older generation: of that
    one nothing is told but the order of what the live one lets this audience find by the same question.
    """

    ranked: Reader
    live: Reader

    @property
    def differ(self) -> bool:
        """Whether the order is an older generation's."""
        return self.ranked is not self.live


@dataclass(frozen=True)
class _Order:
    """The ids of a page, best first, with the scores that ordered the window."""

    ids: Sequence[str]
    scores: Mapping[str, float] = field(default_factory=dict)
    ranks: Ranks = field(default_factory=Ranks)


@dataclass(frozen=True)
class _Asked:
    """A question put to one generation: its match set, what is near to it, whether meaning was missed."""

    matched: _Matched
    near: Near
    degraded: bool = False


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
    offset, limit = _window(request, place)
    ranked = live = service.reader(audience)
    query = naming(query, service.store.coined.accepted())
    if place and place.generation != live.generation:
        kept = service.reader_of(audience, place.generation)
        # What was written to it after the walk began, this caller may never have been able to read.
        ranked = kept if kept.revision == place.revision else live
    page, length = _page(service, _Sources(ranked, live), query, request, (offset, limit))
    here = Place(
        generation=ranked.generation, revision=ranked.revision, total=length, offset=offset
    )
    begun = place or here
    end = offset + limit
    return replace(
        page,
        next=replace(begun, offset=end) if end < length else None,
        changed=replace(here, offset=begun.offset) != begun,
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
) -> tuple[Page, int]:
    """The page, and how many articles the ranking holds that it is a slice of."""
    live = sources.live
    if not query.tree.parts:
        if request.text.strip():  # punctuation alone asks for nothing that exists
            return Page(total=0, results=()), 0
        return _browse(sources, request, window)  # nothing asked: everything, newest first
    asked = _ask(service, live, query, request)
    matched = asked.matched
    totals = live.totals(matched.clause, filters=request.filters, facets=FACETS)
    found = not matched.relaxed and totals.total > 0
    suggestions = did_you_mean(service, live, query, request.filters, found=found)
    if sources.differ:
        order, length = _kept_order(service, sources, query, request, window, matched.near)
    else:
        order, length = _order(service, live, query, request, matched, window), totals.total
    page = Page(
        total=totals.total,
        results=_results(live, query, request, matched, order),
        facets=totals.facets,
        relaxed=matched.relaxed and totals.total > matched.full,
        full=matched.full,
        degraded=asked.degraded,
        suggestions=suggestions,
        hints=query.hints,
        # A document number that nobody holds is near to others by its looks alone.
        near=not totals.total
        and bool(asked.near.above(live.manifest.floor).hits)
        and not all(chunk.names for chunk in query.wanted),
    )
    return page, length


def _browse(sources: _Sources, request: SearchRequest, window: tuple[int, int]) -> tuple[Page, int]:
    offset, limit = window
    live, ranked = sources.live, sources.ranked
    totals = live.totals(Everything(), filters=request.filters, facets=FACETS)
    hits = ranked.keyword(
        Everything(), filters=request.filters, sort=Sort.DATE, offset=offset, limit=limit
    )
    ids, length = [hit.id for hit in hits], totals.total
    if sources.differ:
        length = ranked.totals(Everything(), filters=request.filters).total
        ids = _matching(live, Everything(), ids, request)
    stored = live.fetch(ids)
    results = tuple(
        Result(stored=stored[key], score=0.0, title_marks=(), passages=())
        for key in ids
        if key in stored
    )
    return Page(total=totals.total, results=results, facets=totals.facets), length


def _kept_order(
    service: SearchService,
    sources: _Sources,
    query: Query,
    request: SearchRequest,
    window: tuple[int, int],
    near: Near,
) -> tuple[_Order, int]:
    """The page in the order of the kept generation, of what the live one holds of it, and its length.

    What was found by words must hold them in the live generation; what was near must be near there, if
    anything is (``near``). Scores and ranks stay behind: they tell of texts that this audience may not be
    able to read any more.
    """
    kept, live = sources.ranked, sources.live
    matched = _ask(service, kept, query, request).matched
    length = kept.totals(matched.clause, filters=request.filters).total
    ids = _order(service, kept, query, request, matched, window).ids
    if near.vector is not None and near.hits:  # whichever are among the nearest by now
        ours = Filters(ids=matched.near.only(ids).ids)
        near = nearest_articles(live, near.vector, filters=ours)
    holds = AnyOf(
        (matched.keyword, *_named(query), matching.restricted(query, Identifiers(near.ids)))
    )
    return _Order(_matching(live, holds, ids, request)), length


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


def _named(query: Query) -> tuple[Clause, ...]:
    """What matches the articles whose id, code, 文号 or title is the query."""
    return (matching.restricted(query, Exact(query.key)),) if query.key else ()


def _ask(service: SearchService, reader: Reader, query: Query, request: SearchRequest) -> _Asked:
    semantic, degraded = _nearest(service, reader, query, request)
    near = semantic or Near()
    # Where there is no meaning to ask, semantic mode answers by keyword instead of not at all.
    alone = request.mode is Mode.SEMANTIC and semantic is not None
    matched = _match(service, reader, query, request, near, by_meaning_alone=alone)
    return _Asked(matched, near, degraded)


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
        vector = service.meaning(reader.manifest, query.meaning)
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
    service: SearchService,
    reader: Reader,
    query: Query,
    request: SearchRequest,
    near: Near,
    *,
    by_meaning_alone: bool,
) -> _Matched:
    sure = near.above(reader.manifest.floor)
    exact: tuple[str, ...] = ()
    for named in _named(query):
        hits = reader.keyword(
            named, filters=request.filters, sort=Sort.DATE, limit=relevance.WINDOW
        )
        exact = tuple(hit.id for hit in hits)
    if by_meaning_alone:
        return _Matched(AnyOf(()), exact, sure)
    strict = matching.strict(query)
    if request.sort is Sort.DATE or not query.words:
        return _Matched(strict, exact, sure)
    # Judged without the filters, so that a facet counts what its filter finds.
    by_name = reader.totals(Exact(query.key)).total
    found = by_name or reader.totals(strict).total
    # A question's words need not all be there; what somebody wrote as typed is a term or a title.
    if found and (by_name or not query.asks or reader.totals(matching.literal(query)).total):
        return _Matched(strict, exact, sure)
    full = reader.totals(AnyOf((strict, Exact(query.key))), filters=request.filters).total
    some, near = _loosely(service, reader, query, near, found=bool(found))
    return _Matched(AnyOf((strict, some)), exact, near, relaxed=True, full=full)


def _loosely(
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


def _order(
    service: SearchService,
    reader: Reader,
    query: Query,
    request: SearchRequest,
    matched: _Matched,
    window: tuple[int, int],
) -> _Order:
    """The ids of the page in order, with scores and what is behind them."""
    offset, limit = window
    rank = matching.rank(query)
    if request.sort is Sort.DATE or not rank:  # fields alone, or what is not wanted, rank nothing
        hits = reader.keyword(
            matched.clause, filters=request.filters, sort=Sort.DATE, offset=offset, limit=limit
        )
        return _Order([hit.id for hit in hits])

    keyword = reader.keyword(matched.keyword, rank, filters=request.filters, limit=relevance.WINDOW)
    fused = fuse(
        [
            Ranked([(hit.id, hit.score) for hit in keyword]),
            Ranked(
                [(hit.id, hit.score) for hit in matched.near.hits],
                weight=relevance.SEMANTIC,
            ),
        ]
    )
    ranks = Ranks(
        {hit.id: (place, hit.score) for place, hit in enumerate(keyword, start=1)},
        {hit.id: (place, hit.score) for place, hit in enumerate(matched.near.hits, start=1)},
        fused,
        factors(service.store, reader, list(fused)),
    )
    scores = {key: round(score * ranks.factors[key].product, 6) for key, score in fused.items()}
    said: set[str] = set()
    if keyword and matched.near.hits:
        # What is merely near, or holds the words apart, stands below what holds the query as typed.
        literal = All((matching.literal(query), Identifiers(tuple(fused))))
        said = {hit.id for hit in reader.keyword(literal, limit=len(fused))}
    ordered = sorted(scores, key=lambda key: (key not in said, -scores[key], key))
    head = [*matched.exact, *(key for key in ordered if key not in set(matched.exact))]
    page = head[offset : offset + limit]
    if len(page) < limit and len(keyword) == relevance.WINDOW:
        # Behind the window the keyword order goes on, without what the window already showed. Its
        # first WINDOW hits are in the window, so are the semantic ones and the exact ones.
        elsewhere = {*matched.exact, *ranks.semantic}
        before = sum(1 for hit in keyword if hit.id not in elsewhere)
        rest = reader.keyword(
            All((matched.keyword, Not(Identifiers(tuple(sorted(elsewhere)))))),
            rank,
            filters=request.filters,
            offset=before + max(0, offset - len(head)),
            limit=limit - len(page),
        )
        page += [hit.id for hit in rest]
    return _Order(page, scores, ranks)


def _results(
    live: Reader, query: Query, request: SearchRequest, matched: _Matched, order: _Order
) -> tuple[Result, ...]:
    stored = live.fetch(order.ids)
    # Those taken away between two reads, or since the walk began, are not there.
    articles = [stored[key] for key in order.ids if key in stored]
    best = matched.near.passages(live, order.ids)
    reasons = {}
    if request.explain:
        reasons = why(live, query, order.ranks, articles, exact=matched.exact, nearest=best)
    return tuple(
        Result(
            stored=one,
            score=order.scores.get(one.view.id, 0.0),
            title_marks=marks(one.view.title, query.marked, query.words),
            passages=shown(one, query, best.get(one.view.id)),
            why=reasons.get(one.view.id),
        )
        for one in articles
    )
