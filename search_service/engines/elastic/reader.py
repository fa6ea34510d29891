"""Reads of one audience's generation on Elasticsearch. Entry point: :class:`ElasticReader`.

Each read is one search at the same point in time of the index, excluding tombstones and hidden ids.
Requests are built in :mod:`search_service.engines.elastic.dsl`.
"""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias, TypeVar

from analyzers.messages import say
from search_service.engines.elastic import dsl
from search_service.engines.elastic.clauses import conditions
from search_service.engines.elastic.documents import LIVE, Body
from search_service.engines.elastic.point_in_time import PointInTime
from search_service.engines.reads import (
    NO_FILTERS,
    Answers,
    BestPassages,
    Fetch,
    Found,
    Frequencies,
    Listed,
    Nearest,
    NearestArticles,
    PassageFrequencies,
    Reader,
    Request,
    Scope,
    Search,
    TermFrequencies,
    Vectors,
)
from search_service.engines.validation import check_facets, check_query_vector
from search_service.errors import BadInput, ReaderOutdated
from search_service.model import (
    Field,
    Filters,
    Hit,
    Manifest,
    PassageHit,
    Sort,
    StoredArticle,
    Vector,
)

Answer = TypeVar("Answer")
# Yields the bodies of searches, is sent their responses, and returns the answer.
_Steps: TypeAlias = Generator[list[Body], list[Body], Answer]

_PAGE = 200  # articles per request: about 2 MB
_TERMS = 500  # terms per request for frequencies
# Hits requested beyond the page, so that one search is enough for most pages that end in a tie.
_MARGIN = 32
# Factor for k in a second vector search, if the last articles of the first one tie.
_WIDEN = 8


@dataclass(frozen=True)
class Sharing:
    """How a shared point in time is confirmed to show what the alias of an audience shows now.

    ``forget``: called if it does not, so that the next reader opens another.
    """

    alias: str
    index: str
    forget: Callable[[], None]

    @property
    def searches(self) -> list[tuple[str, Body]]:
        """What :meth:`confirm` needs the responses of."""
        return [(self.alias, dsl.any_body()), (self.index, dsl.revision_body())]

    def confirm(self, revision: int, responses: Sequence[Body]) -> None:
        """Raise ``ReaderOutdated`` if ``revision`` is not the present one."""
        any_article, newest = responses
        if dsl.index_of(any_article) != self.index or dsl.revision(newest) != revision:
            raise ReaderOutdated(
                say("索引刚刚更新，请再试一次", "the index has just been updated; try again")
            )


class ElasticReader(Reader):
    """One audience's index as it was when the reader was opened; safe among threads."""

    def __init__(
        self,
        point_in_time: PointInTime,
        *,
        generation: str,
        manifest: Manifest,
        scope: Scope,
        sharing: Sharing | None = None,
    ) -> None:
        """``sharing``: the point in time was opened for an earlier reader."""
        self._point_in_time = point_in_time
        self._generation = generation
        self._manifest = manifest
        self._scope = scope
        self._sharing = sharing

    @property
    def scope(self) -> Scope:
        """The audience and the hidden ids."""
        return self._scope

    @property
    def generation(self) -> str:
        """Name of the generation."""
        return self._generation

    @property
    def revision(self) -> int:
        """The generation's revision when this reader was opened."""
        if self._point_in_time.revision is None or self._sharing:
            self._search_all([])
        return self._point_in_time.revision or 0

    @property
    def manifest(self) -> Manifest:
        """What the generation was built with."""
        return self._manifest

    def read(self, *requests: Request[Any]) -> Answers:
        """The answers to all requests, in as few round trips as the slowest of them needs."""
        answers: dict[Request[Any], object] = {}
        waiting: list[tuple[Request[Any], _Steps[Any], list[Body]]] = []

        def advance(
            request: Request[Any], steps: _Steps[Any], responses: list[Body] | None
        ) -> None:
            try:
                bodies = next(steps) if responses is None else steps.send(responses)
                waiting.append((request, steps, bodies))
            except StopIteration as finished:
                answers[request] = finished.value

        for request in dict.fromkeys(requests):
            advance(request, self._steps(request), None)
        while waiting:
            asked, waiting = waiting, []
            responses = iter(self._search_all([body for *_, part in asked for body in part]))
            for request, steps, bodies in asked:
                advance(request, steps, list(islice(responses, len(bodies))))
        return Answers(answers)

    def _search_all(self, bodies: list[Body]) -> list[Body]:
        """Search in one round trip, in which the revision is read, too, and a shared reader confirmed."""
        point_in_time, sharing = self._point_in_time, self._sharing
        if point_in_time.revision is not None and sharing is None:
            return point_in_time.search_all(bodies)
        others = [] if sharing is None else sharing.searches
        try:
            responses = point_in_time.search_all([*bodies, dsl.revision_body()], others)
            point_in_time.revision = dsl.revision(responses[len(bodies)])
            if sharing:
                sharing.confirm(point_in_time.revision, responses[len(bodies) + 1 :])
        except ReaderOutdated:
            if sharing:
                sharing.forget()
            raise
        self._sharing = None
        return responses[: len(bodies)]

    def _steps(self, request: Request[Any]) -> "_Steps[Any]":
        match request:
            case Search():
                return self._search_steps(request)
            case NearestArticles():
                return self._nearest_articles(request)
            case Nearest():
                return self._nearest(request)
            case BestPassages():
                return self._best_passages(request)
            case Frequencies(field, terms):
                return self._frequencies(field.value, terms)
            case PassageFrequencies(words):
                return self._frequencies("passages.words", words, of_passages=True)
            case Vectors():
                return self._vectors(request)
            case Fetch():
                return self._fetch(request)
            case Listed():
                return self._listed(request)
        raise NotImplementedError(type(request).__name__)

    def _search_steps(self, request: Search) -> "_Steps[Found]":
        """One page of the match set, within the first 10,000 hits; raises ``BadInput`` beyond."""
        check_facets(request.facets)
        end = request.offset + request.limit
        if end > dsl.WINDOW:
            fault = say(
                f"offset + limit = {end}，上限为 {dsl.WINDOW}；请缩小查询范围",
                f"offset + limit = {end}, the limit is {dsl.WINDOW}; narrow the query",
            )
            raise BadInput(fault, field_errors={"offset": fault})
        conditions = self._conditions(request.filters)
        if request.limit > 0 and request.sort is Sort.RELEVANCE and request.rank:
            return (yield from self._ranked(request, conditions))
        (response,) = yield [
            dsl.search_body(
                request.match,
                (),
                conditions,
                sort=request.sort,
                offset=request.offset,
                limit=max(0, request.limit),
                facets=request.facets,
            )
        ]
        return Found(dsl.hits(response), dsl.totals(response))

    def _ranked(self, request: Search, conditions: Sequence[Body]) -> "_Steps[Found]":
        """The first hits in the contract's order: by rounded score, then by id.

        The server orders by float32 scores. So the limit is raised until all articles that tie with the last
        hit are there; then all pages are slices of one list.
        """
        needed = request.offset + request.limit
        limit = min(needed + _MARGIN, dsl.WINDOW)
        while True:
            (response,) = yield [
                dsl.search_body(
                    request.match,
                    request.rank,
                    conditions,
                    sort=Sort.RELEVANCE,
                    offset=0,
                    limit=limit,
                    facets=request.facets,
                )
            ]
            hits = dsl.hits(response)
            if len(hits) < limit or limit == dsl.WINDOW or hits[-1].score < hits[needed - 1].score:
                hits.sort(key=lambda hit: (-hit.score, hit.id))
                return Found(hits[request.offset : needed], dsl.totals(response))
            limit = min(limit * 8, dsl.WINDOW)

    def _nearest(self, request: Nearest) -> "_Steps[list[PassageHit]]":
        """The best passages of the nearest articles, scored exactly from the stored vectors."""
        articles, per_article = request.articles, request.per_article
        if not self._fits(request.vector) or articles <= 0 or per_article <= 0:
            return []
        response: Body = {}
        for widen in (1, _WIDEN):
            (response,) = yield [
                dsl.nearest_body(
                    request.vector,
                    self._conditions(request.filters),
                    articles=articles,
                    per_article=per_article,
                    min_score=request.min_score,
                    roles=request.roles,
                    widen=widen,
                )
            ]
            if not dsl.may_tie_beyond(response, articles):
                break
        return dsl.nearest_hits(
            response,
            request.vector,
            articles=articles,
            per_article=per_article,
            min_score=request.min_score,
        )

    def _nearest_articles(self, request: NearestArticles) -> "_Steps[list[Hit]]":
        """The nearest articles, with the server's scores."""
        if not self._fits(request.vector) or request.articles <= 0:
            return []
        (response,) = yield [
            dsl.nearest_body(
                request.vector,
                self._conditions(request.filters),
                articles=request.articles,
                per_article=0,
                min_score=request.min_score,
                roles=(),
                widen=1,
            )
        ]
        return dsl.nearest_article_hits(
            response, articles=request.articles, min_score=request.min_score
        )

    def _fits(self, vector: Vector) -> bool:
        """Whether the index has vectors; raises ``BadInput`` if ``vector`` has another dimension."""
        dimensions = self._manifest.dimensions
        if dimensions:
            check_query_vector(vector, dimensions=dimensions)
        return bool(dimensions)

    def _best_passages(self, request: BestPassages) -> "_Steps[list[PassageHit]]":
        articles, per_article = request.articles, request.per_article
        if not request.terms or articles <= 0 or per_article <= 0:
            return []
        (response,) = yield [
            dsl.passages_body(
                request.terms,
                self._conditions(request.filters),
                articles=articles,
                per_article=per_article,
                roles=request.roles,
            )
        ]
        return dsl.passage_hits(response, articles=articles, per_article=per_article)

    def _frequencies(
        self, field: str, terms: Collection[str], *, of_passages: bool = False
    ) -> "_Steps[TermFrequencies]":
        distinct = sorted(set(terms))
        starts = range(0, max(1, len(distinct)), _TERMS)
        parts = [distinct[start : start + _TERMS] for start in starts]
        responses = yield [
            dsl.frequencies_body(field, part, self._conditions(), of_passages=of_passages)
            for part in parts
        ]
        counts: dict[str, int] = {}
        for part, response in zip(parts, responses, strict=True):
            counts |= dsl.frequencies(response, part)
        return TermFrequencies(dsl.counted(responses[0]), counts)

    def _vectors(self, request: Vectors) -> "_Steps[dict[str, Vector]]":
        body = dsl.stored_body([request.article_id], self._conditions())
        (response,) = yield [body | {"_source": {"exclude_vectors": False}}]
        return {k: v for hit in dsl.raw_hits(response) for k, v in dsl.vectors(hit).items()}

    def _fetch(self, request: Fetch) -> "_Steps[dict[str, StoredArticle]]":
        ids = request.ids
        responses = yield [
            dsl.stored_body(ids[start : start + _PAGE], self._conditions())
            for start in range(0, len(ids), _PAGE)
        ]
        articles = {
            hit["_id"]: dsl.stored(hit) for response in responses for hit in dsl.raw_hits(response)
        }
        return {id: articles[id] for id in ids if id in articles}

    def _listed(self, request: Listed) -> "_Steps[list[str]]":
        found: list[str] = []
        after = request.after
        while len(found) < request.limit:
            size = min(request.limit - len(found), dsl.WINDOW)
            (response,) = yield [dsl.ids_body(self._conditions(), after=after, size=size)]
            part = dsl.ids(response)
            found += part
            if len(part) < size:
                break
            after = part[-1]
        return found

    def stored_fields(self, article_id: str) -> Mapping[Field, str]:
        """The indexed terms of an article by field; empty if it is not live."""
        return dsl.terms(self._search(dsl.terms_body(article_id, self._conditions())))

    def scan(self) -> Iterator[StoredArticle]:
        """Every live article, by id ascending."""
        body = dsl.scan_body(self._conditions(), size=_PAGE)
        for page in self._point_in_time.pages(body):
            yield from map(dsl.stored, page)

    def _conditions(self, filters: Filters = NO_FILTERS) -> list[Body]:
        return [LIVE, *conditions(filters, self._scope.hidden)]

    def _search(self, body: Body) -> Body:
        return self._point_in_time.search(body)
