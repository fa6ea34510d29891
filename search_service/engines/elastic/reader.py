"""Reads of one audience's generation on Elasticsearch. Entry point: :class:`ElasticReader`.

Each read is one search at the same point in time of the index, excluding tombstones and hidden ids.
Requests are built in :mod:`search_service.engines.elastic.dsl`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property

from analyzers.messages import say
from search_service.engines import NO_FILTERS, Scope
from search_service.engines.elastic import dsl
from search_service.engines.elastic.clauses import conditions
from search_service.engines.elastic.documents import LIVE, Body
from search_service.engines.elastic.point_in_time import PointInTime
from search_service.engines.validation import check_facets, check_query_vector
from search_service.errors import BadInput
from search_service.model import (
    Bonus,
    Clause,
    Field,
    Filters,
    Hit,
    Identifiers,
    Manifest,
    PassageHit,
    Sort,
    StoredArticle,
    Totals,
    Vector,
    WeightedTerm,
)

_PAGE = 200  # articles per request: about 2 MB
_TERMS = 500  # terms per request for frequencies
# Hits requested beyond the page, so that one search is enough for most pages that end in a tie.
_MARGIN = 32
# Factor for k in a second vector search, if the last articles of the first one tie.
_WIDEN = 8


class ElasticReader:
    """One audience's index as it was when the reader was opened; safe among threads."""

    def __init__(
        self,
        point_in_time: PointInTime,
        *,
        generation: str,
        manifest: Manifest,
        scope: Scope,
    ) -> None:
        self._point_in_time = point_in_time
        self._generation = generation
        self._manifest = manifest
        self._scope = scope

    @property
    def scope(self) -> Scope:
        """The audience and the hidden ids."""
        return self._scope

    @property
    def generation(self) -> str:
        """Name of the generation."""
        return self._generation

    @cached_property
    def revision(self) -> int:
        """The generation's revision when this reader was opened."""
        return dsl.revision(self._search(dsl.revision_body()))

    @property
    def manifest(self) -> Manifest:
        """What the generation was built with."""
        return self._manifest

    def totals(
        self, match: Clause, *, filters: Filters = NO_FILTERS, facets: Collection[str] = ()
    ) -> Totals:
        """Exact counts of the match set and of the facets' values."""
        check_facets(facets)
        return dsl.totals(self._search(dsl.totals_body(match, self._conditions(filters), facets)))

    def keyword(
        self,
        match: Clause,
        rank: Sequence[WeightedTerm | Bonus] = (),
        *,
        filters: Filters = NO_FILTERS,
        sort: Sort = Sort.RELEVANCE,
        offset: int = 0,
        limit: int = 10,
    ) -> list[Hit]:
        """One page of the match set, within the first 10,000 hits; raises ``BadInput`` beyond."""
        if limit <= 0:
            return []
        if offset + limit > dsl.WINDOW:
            fault = say(
                f"offset + limit = {offset + limit}，上限为 {dsl.WINDOW}；请缩小查询范围",
                f"offset + limit = {offset + limit}, the limit is {dsl.WINDOW}; narrow the query",
            )
            raise BadInput(fault, field_errors={"offset": fault})
        conditions = self._conditions(filters)
        if sort is Sort.RELEVANCE and rank:
            return self._ranked(match, rank, conditions, needed=offset + limit)[offset:]
        body = dsl.keyword_body(match, (), conditions, sort=sort, offset=offset, limit=limit)
        return dsl.hits(self._search(body))

    def _ranked(
        self,
        match: Clause,
        rank: Sequence[WeightedTerm | Bonus],
        conditions: Sequence[Body],
        *,
        needed: int,
    ) -> list[Hit]:
        """The first ``needed`` hits in the contract's order: by rounded score, then by id.

        The server orders by float32 scores. So the limit is raised until all articles that tie with the last
        hit are there; then all pages are slices of one list.
        """
        limit = min(needed + _MARGIN, dsl.WINDOW)
        while True:
            body = dsl.keyword_body(
                match, rank, conditions, sort=Sort.RELEVANCE, offset=0, limit=limit
            )
            hits = dsl.hits(self._search(body))
            if len(hits) < limit or limit == dsl.WINDOW or hits[-1].score < hits[needed - 1].score:
                hits.sort(key=lambda hit: (-hit.score, hit.id))
                return hits[:needed]
            limit = min(limit * 8, dsl.WINDOW)

    def nearest(
        self,
        vector: Vector,
        *,
        filters: Filters = NO_FILTERS,
        articles: int = 200,
        per_article: int = 1,
        min_score: float = -1.0,
        role: str | None = None,
    ) -> list[PassageHit]:
        """The best passages of the nearest articles, scored exactly from the stored vectors."""
        if not self._fits(vector) or articles <= 0 or per_article <= 0:
            return []

        def search(widen: int) -> Body:
            body = dsl.nearest_body(
                vector,
                self._conditions(filters),
                articles=articles,
                per_article=per_article,
                min_score=min_score,
                role=role,
                widen=widen,
            )
            return self._search(body)

        response = search(1)
        if dsl.may_tie_beyond(response, articles):
            response = search(_WIDEN)
        return dsl.nearest_hits(
            response, vector, articles=articles, per_article=per_article, min_score=min_score
        )

    def nearest_articles(
        self,
        vector: Vector,
        *,
        filters: Filters = NO_FILTERS,
        articles: int = 200,
        min_score: float = -1.0,
    ) -> list[Hit]:
        """The nearest articles, with the server's scores."""
        if not self._fits(vector) or articles <= 0:
            return []
        body = dsl.nearest_body(
            vector,
            self._conditions(filters),
            articles=articles,
            per_article=0,
            min_score=min_score,
            role=None,
            widen=1,
        )
        return dsl.nearest_article_hits(self._search(body), articles=articles, min_score=min_score)

    def _fits(self, vector: Vector) -> bool:
        """Whether the index has vectors; raises ``BadInput`` if ``vector`` has another dimension."""
        dimensions = self._manifest.dimensions
        if dimensions:
            check_query_vector(vector, dimensions=dimensions)
        return bool(dimensions)

    def passages(
        self,
        terms: Sequence[tuple[str, float]],
        *,
        filters: Filters = NO_FILTERS,
        articles: int = 200,
        per_article: int = 1,
        role: str | None = None,
    ) -> list[PassageHit]:
        """The best passages of the best articles, by Σ weight × BM25 of their words."""
        if not terms or articles <= 0 or per_article <= 0:
            return []
        body = dsl.passages_body(
            terms,
            self._conditions(filters),
            articles=articles,
            per_article=per_article,
            role=role,
        )
        return dsl.passage_hits(self._search(body), articles=articles, per_article=per_article)

    def frequencies(self, field: Field, terms: Collection[str]) -> Mapping[str, int]:
        """Document frequency of each term in the field, without hidden articles."""
        distinct = sorted(set(terms))
        counts: dict[str, int] = {}
        for start in range(0, len(distinct), _TERMS):
            part = distinct[start : start + _TERMS]
            body = dsl.frequencies_body(field, part, self._conditions())
            counts |= dsl.frequencies(self._search(body), part)
        return counts

    def vectors(self, article_id: str) -> Mapping[str, Vector]:
        """The stored vectors of an article's passages, by passage id."""
        body = dsl.stored_body([article_id], self._conditions())
        response = self._search(body | {"_source": {"exclude_vectors": False}})
        return {k: v for hit in dsl.raw_hits(response) for k, v in dsl.vectors(hit).items()}

    def fetch(self, ids: Sequence[str]) -> dict[str, StoredArticle]:
        """The stored articles of these ids, in the order of ``ids``."""
        articles: dict[str, StoredArticle] = {}
        for start in range(0, len(ids), _PAGE):
            body = dsl.stored_body(ids[start : start + _PAGE], self._conditions())
            articles |= {hit["_id"]: dsl.stored(hit) for hit in dsl.raw_hits(self._search(body))}
        return {id: articles[id] for id in ids if id in articles}

    def days(self, ids: Sequence[str]) -> Mapping[str, int]:
        """The dates of these articles as yyyymmdd."""
        body = dsl.keyword_body(
            Identifiers(tuple(ids)),
            (),
            self._conditions(),
            sort=Sort.DATE,
            offset=0,
            limit=len(ids),
        )
        return dsl.days(self._search(body)) if ids else {}

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
