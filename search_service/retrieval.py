"""A question -> one page of one ranking. Entry point: :func:`search`. No HTTP, no engine names.

One match set serves totals, facets and pages: the articles in which all chunks match (or, where there
are none, a calibrated share of the query's idf), those whose id, code, 文号 or title is the query, and
in semantic and hybrid mode the articles above the floor among the nearest. One order serves every
page: exact matches, the fused window, then the keyword order.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analyzers.language import say
from search_service import query as queries
from search_service import relevance
from search_service.engines import NO_FILTERS, Reader
from search_service.fusion import fuse
from search_service.meaning import nearest
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
    PassageHit,
    Sort,
    Stored,
)
from search_service.query import Query
from search_service.service import MeaningUnavailable, SearchService
from search_service.snippets import Snippet, Span, marks, snippet

FACETS = ("category", "kind", "author", "issuer", "year")


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
class Why:
    """Why a hit is there: its ranks (from 1) in the lists it stands in, and what matched."""

    exact: bool
    keyword_rank: int | None
    keyword_score: float | None
    semantic_rank: int | None
    semantic_score: float | None
    words: tuple[str, ...]
    literal: bool


@dataclass(frozen=True, kw_only=True)
class ShownPassage:
    """A passage under a result: its place in the article and the snippet of it with marks."""

    id: str
    path: tuple[str, ...]
    role: str
    start: int
    end: int
    snippet: Snippet


@dataclass(frozen=True, kw_only=True)
class Result:
    """One article of a page. ``score`` orders the window; it compares nothing across queries."""

    stored: Stored
    score: float
    title_marks: tuple[Span, ...]
    passages: tuple[ShownPassage, ...]
    why: Why | None = None


@dataclass(frozen=True, kw_only=True)
class Page:
    """A slice of one ranking. ``degraded``: meaning was asked for and could not be had.

    ``relaxed``: some articles are there though they do not hold all words; ``full`` of them do.
    """

    total: int
    results: tuple[Result, ...]
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    relaxed: bool = False
    full: int = 0
    degraded: bool = False

    def notices(self) -> list[str]:
        """What the reader should know of how the results were found."""
        notices = []
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
        return notices


@dataclass(frozen=True)
class _Matched:
    """The parts of one match set."""

    keyword: Clause
    exact: tuple[str, ...]
    near: tuple[PassageHit, ...]
    relaxed: bool = False
    full: int = 0

    @property
    def clause(self) -> Clause:
        ids = (*self.exact, *(hit.article_id for hit in self.near))
        return AnyOf((self.keyword, Identifiers(ids))) if ids else self.keyword


def search(service: SearchService, request: SearchRequest, audience: Audience) -> Page:
    """Answer one page. Raises ``BadInput`` for a query over 200 characters, and engine errors."""
    query = queries.parse(request.text, service.analyzer, title_only=request.title_only)
    reader = service.reader(audience)
    if not query.chunks:
        # Nothing asked: everything, newest first. Punctuation alone asks for nothing that exists.
        return _browse(reader, request) if not request.text.strip() else Page(total=0, results=())
    near, degraded = _nearest(service, reader, query, request)
    # Where there is no meaning to ask, semantic mode answers by keyword instead of not at all.
    alone = request.mode is Mode.SEMANTIC and near is not None
    matched = _match(reader, query, request, near or (), by_meaning_alone=alone)
    totals = reader.totals(matched.clause, filters=request.filters, facets=FACETS)
    ids, scores, ranks = _order(reader, query, request, matched)
    return Page(
        total=totals.total,
        results=_results(reader, query, request, matched, ids, scores, ranks),
        facets=totals.facets,
        relaxed=matched.relaxed and totals.total > matched.full,
        full=matched.full,
        degraded=degraded,
    )


def _window(request: SearchRequest) -> tuple[int, int]:
    """Offset and limit of the page, inside the cap of plain pages."""
    offset = (request.page - 1) * request.size
    return offset, max(0, min(request.size, relevance.MAX_RESULTS - offset))


def _browse(reader: Reader, request: SearchRequest) -> Page:
    offset, limit = _window(request)
    totals = reader.totals(Everything(), filters=request.filters, facets=FACETS)
    hits = reader.keyword(
        Everything(), filters=request.filters, sort=Sort.DATE, offset=offset, limit=limit
    )
    stored = reader.fetch([hit.id for hit in hits])
    results = tuple(
        Result(stored=one, score=0.0, title_marks=(), passages=())
        for one in (stored[hit.id] for hit in hits if hit.id in stored)
    )
    return Page(total=totals.total, results=results, facets=totals.facets)


def _nearest(
    service: SearchService, reader: Reader, query: Query, request: SearchRequest
) -> tuple[tuple[PassageHit, ...] | None, bool]:
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
    hits = nearest(reader, vector, filters=request.filters)
    if query.excluded and hits:
        ids = Identifiers(tuple(hit.article_id for hit in hits))
        allowed = reader.keyword(queries.excluding(query, ids), limit=relevance.WINDOW)
        kept = {hit.id for hit in allowed}
        hits = [hit for hit in hits if hit.article_id in kept]
    return tuple(hits), False


def _match(
    reader: Reader,
    query: Query,
    request: SearchRequest,
    near: tuple[PassageHit, ...],
    *,
    by_meaning_alone: bool,
) -> _Matched:
    exact: tuple[str, ...] = ()
    if query.key:
        named = queries.excluding(query, Exact(query.key))
        hits = reader.keyword(
            named, filters=request.filters, sort=Sort.DATE, limit=relevance.WINDOW
        )
        exact = tuple(hit.id for hit in hits)
    if by_meaning_alone:
        return _Matched(AnyOf(()), exact, near)
    strict = queries.strict(query)
    if request.sort is Sort.DATE or not query.words:
        return _Matched(strict, exact, near)
    # Judged without the filters, so that a facet counts what its filter finds.
    by_name = reader.totals(Exact(query.key)).total
    found = by_name or reader.totals(strict).total
    if found and (by_name or len(query.words) < relevance.LONG_QUESTION):
        return _Matched(strict, exact, near)
    full = reader.totals(AnyOf((strict, Exact(query.key))), filters=request.filters).total
    frequencies = _frequencies(reader, query)
    articles = reader.totals(Everything()).total
    clause = AnyOf((strict, queries.relaxed(query, frequencies, articles)))
    return _Matched(clause, exact, near, relaxed=True, full=full)


def _frequencies(reader: Reader, query: Query) -> Mapping[str, int]:
    fields = (Field.TITLE_WORDS,) if query.title_only else (Field.TITLE_WORDS, Field.BODY_WORDS)
    counts = [reader.frequencies(one, query.words) for one in fields]
    return {word: max(count.get(word, 0) for count in counts) for word in query.words}


@dataclass(frozen=True)
class _Ranks:
    """Where each id stood in the lists that were fused: (rank, score)."""

    keyword: Mapping[str, tuple[int, float]]
    semantic: Mapping[str, tuple[int, float]]


def _order(
    reader: Reader, query: Query, request: SearchRequest, matched: _Matched
) -> tuple[list[str], Mapping[str, float], _Ranks]:
    """The ids of the page in order, with scores and the ranks behind them."""
    offset, limit = _window(request)
    rank = queries.rank(query)
    if request.sort is Sort.DATE:
        hits = reader.keyword(
            matched.clause, filters=request.filters, sort=Sort.DATE, offset=offset, limit=limit
        )
        return [hit.id for hit in hits], {}, _Ranks({}, {})

    keyword = reader.keyword(matched.keyword, rank, filters=request.filters, limit=relevance.WINDOW)
    ranks = _Ranks(
        {hit.id: (place, hit.score) for place, hit in enumerate(keyword, start=1)},
        {hit.article_id: (place, hit.score) for place, hit in enumerate(matched.near, start=1)},
    )
    fused = fuse(
        [
            (relevance.RRF_KEYWORD, [hit.id for hit in keyword]),
            (relevance.RRF_SEMANTIC, [hit.article_id for hit in matched.near]),
        ]
    )
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
    ranks: _Ranks,
) -> tuple[Result, ...]:
    stored = reader.fetch(ids)
    best = {hit.article_id: hit.passage_id for hit in matched.near}
    results = []
    for key in ids:
        if key not in stored:  # taken away between two reads
            continue
        one = stored[key]
        title_marks = marks(one.view.title, query.literals, query.words)
        passages = _shown(one, query, best.get(key))
        why = _why(one, query, matched, ranks) if request.explain else None
        score = scores.get(key, 0.0)
        results.append(
            Result(stored=one, score=score, title_marks=title_marks, passages=passages, why=why)
        )
    return tuple(results)


def _shown(stored: Stored, query: Query, best: str | None) -> tuple[ShownPassage, ...]:
    """The passages that show best why the article was found: most distinct words, literal first."""
    candidates = []
    for place, (passage, text) in enumerate(stored):
        found = marks(text, query.literals, query.words)
        marked = {text[start:end] for start, end in found}
        longest = max((len(piece) for piece in marked), default=0)
        if found or passage.id == best:
            worth = sum(len(piece) for piece in marked) + longest
            candidates.append((-worth, passage.id != best, place, passage, text, found))
    candidates.sort(key=lambda candidate: candidate[:3])
    chosen = candidates[: relevance.SHOWN_PASSAGES]
    if not chosen and stored.passages:
        first = stored.passages[0]
        chosen = [(0, True, 0, first, stored.text_of(first), ())]
    return tuple(
        ShownPassage(
            id=passage.id,
            path=passage.path,
            role=passage.role,
            start=passage.start,
            end=passage.end,
            snippet=snippet(text, found),
        )
        for _, _, _, passage, text, found in chosen
    )


def _why(stored: Stored, query: Query, matched: _Matched, ranks: _Ranks) -> Why:
    key = stored.view.id
    keyword = ranks.keyword.get(key)
    semantic = ranks.semantic.get(key)
    whole = f"{stored.view.title}\n{stored.view.text}"
    return Why(
        exact=key in matched.exact,
        keyword_rank=keyword[0] if keyword else None,
        keyword_score=keyword[1] if keyword else None,
        semantic_rank=semantic[0] if semantic else None,
        semantic_score=semantic[1] if semantic else None,
        words=tuple(word for word in query.words if marks(whole, (), (word,))),
        literal=all(marks(whole, (literal,), ()) for literal in query.literals),
    )
