"""Elasticsearch's query DSL: domain types -> request bodies, responses -> domain types. Pure.

Entry points: the ``*_body`` functions for requests, and the functions after them for responses.
Matching clauses are in :mod:`search_service.engines.elastic.clauses`, documents in
:mod:`search_service.engines.elastic.documents`; only :mod:`search_service.engines.elastic.cluster` makes
calls.
"""

import json
from collections.abc import Callable, Collection, Sequence

import numpy as np

from search_service.engines.elastic.clauses import clause
from search_service.engines.elastic.documents import STORED, VISIBLE, Body
from search_service.engines.fields import fields_of_view
from search_service.engines.quantisation import cosines, quantised, restored
from search_service.engines.validation import ARTICLE_PLACES, FACET_VALUES
from search_service.model import (
    Bonus,
    Clause,
    Everything,
    Field,
    Hit,
    Identifiers,
    Passage,
    PassageHit,
    Sort,
    StoredArticle,
    Totals,
    Vector,
    View,
    WeightedTerm,
)

# The id decides. What follows it is only read from the hits: see :func:`_hit`.
_READ: list[Body] = [{"id": "asc"}, {"date": "desc"}, {"ended": "desc"}]
_BY_SCORE: list[Body] = [{"_score": "desc"}, *_READ]
_BY_DATE: dict[Sort, list[Body]] = {
    Sort.DATE: [{"date": "desc"}, *_READ],  # undated is 0, so it comes last
    Sort.OLDEST: [{"oldest": "asc"}, *_READ],
}
# The server orders by float32 scores, we by rounded ones: request some more hits than needed.
_SPARE = 32
WINDOW = 10_000  # index.max_result_window, and the limit of num_candidates
# For HNSW recall: at least this many candidates, and at least 2 k.
_CANDIDATES = 400
# The server's similarities are float32: request a slightly lower minimum, and apply ours to the result.
_MIN_SCORE_MARGIN = 1e-4
_FLOAT_ERROR = 1e-6  # of a cosine computed in float32
_INNER_LIMIT = 100  # index.max_inner_result_window


# --- requests ------------------------------------------------------------------------------------


def search_body(
    match: Clause,
    rank: Sequence[WeightedTerm | Bonus],
    conditions: Sequence[Body],
    *,
    sort: Sort,
    offset: int,
    limit: int,
    facets: Collection[str] = (),
) -> Body:
    """A slice of the match set in the given order, and its counts; only ``rank`` affects the score.

    A missing value is stored as empty, so the counts of a facet's values sum to the total.
    """
    query = _filtered(match, conditions)
    if rank:
        query["bool"]["should"] = [_scoring(part) for part in rank]
        query["bool"]["minimum_should_match"] = 0
    body: Body = {
        "from": offset,
        "size": limit,
        "query": query,
        "sort": _BY_DATE.get(sort, _BY_SCORE),
        "track_total_hits": True,
        "stored_fields": "_none_",
    }
    if facets:
        order = [{"_count": "desc"}, {"_key": "asc"}]
        body["aggs"] = {
            name: {"terms": {"field": name, "size": FACET_VALUES, "order": order}}
            for name in facets
        }
    return body


def _filtered(match: Clause, conditions: Sequence[Body]) -> Body:
    return {"bool": {"filter": [clause(match), *conditions]}}


def _scoring(part: WeightedTerm | Bonus) -> Body:
    if isinstance(part, Bonus):
        return {"constant_score": {"filter": clause(part.clause), "boost": part.weight}}
    return {"term": {part.field.value: {"value": part.value, "boost": part.weight}}}


def nearest_body(
    vector: Vector,
    conditions: Sequence[Body],
    *,
    articles: int,
    per_article: int,
    min_score: float,
    roles: Sequence[str],
    widen: int,
) -> Body:
    """Candidates for :func:`nearest_hits`: articles by their best passage, with the vectors.

    ``per_article`` 0: articles without passages, for :func:`nearest_article_hits`, at much lower cost.
    ``widen``: factor for k and the candidates, to find more articles that tie; the result stays as long.
    """
    size = min(articles + _SPARE, WINDOW)
    k = min(size * widen, WINDOW)
    search: Body = {
        "field": "passages.vector",
        "query_vector": quantised(vector).tolist(),
        "k": k,
        "num_candidates": min(max(2 * k, _CANDIDATES), WINDOW),
        "filter": [*conditions, *_role_filter(roles)],
    }
    if per_article:
        search["inner_hits"] = _inner_hits(per_article, "passages.id", "passages.vector")
    if min_score > -1.0:
        search["similarity"] = min_score - _MIN_SCORE_MARGIN
    return {
        "knn": search,
        "size": size,
        "sort": _BY_SCORE,
        "track_total_hits": False,
        "stored_fields": "_none_",
    }


def may_tie_beyond(response: Body, articles: int) -> bool:
    """Whether articles beyond the response may tie with the last of the first ``articles`` hits.

    That happens if offices share a sentence: the same text has the same vector and the same score.
    """
    hits = raw_hits(response)
    return len(hits) > articles and bool(hits[-1]["_score"] == hits[articles - 1]["_score"])


def passages_body(
    terms: Sequence[tuple[str, float]],
    conditions: Sequence[Body],
    *,
    articles: int,
    per_article: int,
    roles: Sequence[str],
) -> Body:
    """Articles by their best passage for the terms."""
    words = [{"term": {"passages.words": {"value": term, "boost": boost}}} for term, boost in terms]
    nested = {
        "path": "passages",
        "score_mode": "max",
        "query": {
            "bool": {"should": words, "minimum_should_match": 1, "filter": _role_filter(roles)}
        },
        "inner_hits": _inner_hits(per_article, "passages.id"),
    }
    return {
        "size": min(articles + _SPARE, WINDOW),
        "query": {"bool": {"must": [{"nested": nested}], "filter": list(conditions)}},
        "sort": _BY_SCORE,
        "track_total_hits": False,
        "stored_fields": "_none_",
    }


def _role_filter(roles: Sequence[str]) -> list[Body]:
    """A condition on the passage, for a list beside the conditions on the article."""
    return [{"terms": {"passages.role": list(roles)}}] if roles else []


def _inner_hits(size: int, *fields: str) -> Body:
    return {
        "size": min(size, _INNER_LIMIT),
        "stored_fields": "_none_",
        "docvalue_fields": list(fields),
    }


def frequencies_body(
    field: str, terms: Sequence[str], conditions: Sequence[Body], *, of_passages: bool
) -> Body:
    """Count all articles, or passages, and those with each term; a bucket is named by the term's position."""
    filters = {str(place): {"term": {field: term}} for place, term in enumerate(terms)}
    counting: Body = (
        {"nested": {"path": "passages"}} if of_passages else {"filter": {"match_all": {}}}
    )
    if filters:
        counting["aggs"] = {"terms": {"filters": {"filters": filters}}}
    return {
        "size": 0,
        "track_total_hits": False,
        "query": _filtered(Everything(), conditions),
        "aggs": {"counted": counting},
    }


def stored_body(ids: Collection[str], conditions: Sequence[Body]) -> Body:
    """The articles of these ids, for :func:`stored`."""
    return {
        "size": len(ids),
        "query": _filtered(Identifiers(tuple(ids)), conditions),
        "track_total_hits": False,
    }


def terms_body(article_id: str, conditions: Sequence[Body]) -> Body:
    """The stored words of one article, and its view."""
    return {
        "query": _filtered(Identifiers((article_id,)), conditions),
        "stored_fields": [field.value for field in STORED],
        "_source": ["view"],
    }


def scan_body(conditions: Sequence[Body], *, size: int) -> Body:
    """Every article by id; the caller pages through the result."""
    return {
        "size": size,
        "query": _filtered(Everything(), conditions),
        "sort": [{"id": "asc"}],
        "track_total_hits": False,
    }


def ids_body(conditions: Sequence[Body], *, after: str, size: int) -> Body:
    """The ids of the articles that come after one, for :func:`ids`."""
    return {
        "size": size,
        "query": _filtered(Everything(), conditions),
        "sort": [{"id": "asc"}],
        "search_after": [after],
        "track_total_hits": False,
        "stored_fields": "_none_",
    }


def revision_body() -> Body:
    """The highest sequence number of a document that can change a result: it grows with every write."""
    return {
        "size": 0,
        "track_total_hits": False,
        "query": {"bool": {"filter": [VISIBLE]}},
        "aggs": {"newest": {"max": {"field": "_seq_no"}}},
    }


def any_body() -> Body:
    """Any one document, for :func:`index_of`."""
    return {"size": 1, "track_total_hits": False, "stored_fields": "_none_"}


# --- responses -----------------------------------------------------------------------------------


def raw_hits(response: Body) -> list[Body]:
    """The hits of a response, unchanged."""
    return list(response["hits"]["hits"])


def index_of(response: Body) -> str | None:
    """The index of the first hit, None without hits."""
    return next((str(hit["_index"]) for hit in raw_hits(response)), None)


def totals(response: Body) -> Totals:
    """The counts of :func:`search_body`."""
    facets = {
        name: {bucket["key"]: bucket["doc_count"] for bucket in facet["buckets"]}
        for name, facet in response.get("aggregations", {}).items()
    }
    return Totals(total=response["hits"]["total"]["value"], facets=facets)


def ids(response: Body) -> list[str]:
    """The result of :func:`ids_body`."""
    return [str(hit["sort"][0]) for hit in raw_hits(response)]


def hits(response: Body) -> list[Hit]:
    """The hits of :func:`search_body`, in the server's order; by date, scores are 0."""
    return [_hit(hit, round(hit["_score"] or 0.0, 6)) for hit in raw_hits(response)]


def _hit(hit: Body, score: float) -> Hit:
    """The hit, read from its sort values: score or date, then :data:`_READ`, then what a PIT appends.

    Not read from the stored fields: these are compressed together with the texts, and decompressing them
    for each hit would take most of the time of a search (nearest 200 articles: 124 ms instead of 35).
    """
    _, id, day, ended, *_ = hit["sort"]
    return Hit(str(id), score, day, bool(ended))


def _id(hit: Body) -> str:
    return str(hit["sort"][1])


def nearest_hits(
    response: Body, vector: Vector, *, articles: int, per_article: int, min_score: float
) -> list[PassageHit]:
    """The result of :func:`nearest_body`, rescored with the stored vectors.

    The server's scores are (1 + cosine) / 2 in float32; ours are cosines in float64, so that both engines
    round to the same six decimal places.
    """
    query = quantised(vector)

    def cosine(inner: Body) -> float:
        stored = np.array(inner["fields"]["passages.vector"], dtype=np.int8)
        return float(cosines(stored, query)[0])

    return _grouped(
        response, cosine, articles=articles, per_article=per_article, min_score=min_score
    )


def nearest_article_hits(response: Body, *, articles: int, min_score: float) -> list[Hit]:
    """The result of :func:`nearest_body` without passages: the server's score is (1 + cosine) / 2."""
    scored = [(2 * hit["_score"] - 1, hit) for hit in raw_hits(response)]
    above = [
        _hit(hit, round(score, ARTICLE_PLACES))
        for score, hit in scored
        if score >= min_score - _FLOAT_ERROR
    ]
    return sorted(above, key=lambda hit: (-hit.score, hit.id))[:articles]


def passage_hits(response: Body, *, articles: int, per_article: int) -> list[PassageHit]:
    """The result of :func:`passages_body`."""

    def score(inner: Body) -> float:
        return float(inner["_score"])

    return _grouped(response, score, articles=articles, per_article=per_article, min_score=0.0)


def _grouped(
    response: Body,
    score: Callable[[Body], float],
    *,
    articles: int,
    per_article: int,
    min_score: float,
) -> list[PassageHit]:
    """The best passages of the best articles, by rounded score, article id, ordinal of the passage."""
    groups = []
    for hit in raw_hits(response):
        scored = sorted(
            (-rounded, _id(hit), inner["_nested"]["offset"], inner["fields"]["passages.id"][0])
            for inner in hit["inner_hits"]["passages"]["hits"]["hits"]
            if (rounded := round(score(inner), 6)) >= min_score
        )
        if scored:
            groups.append(scored[:per_article])
    ordered = sorted(entry for group in sorted(groups)[:articles] for entry in group)
    return [PassageHit(article, passage, -score) for score, article, _, passage in ordered]


def frequencies(response: Body, terms: Sequence[str]) -> dict[str, int]:
    """The result of :func:`frequencies_body`."""
    buckets = response["aggregations"]["counted"]["terms"]["buckets"] if terms else {}
    return {term: buckets[str(place)]["doc_count"] for place, term in enumerate(terms)}


def counted(response: Body) -> int:
    """The number of all articles, or passages, of :func:`frequencies_body`."""
    return int(response["aggregations"]["counted"]["doc_count"])


def stored(hit: Body) -> StoredArticle:
    """The stored article of a hit."""
    source = hit["_source"]
    passages = tuple(
        Passage(
            id=values["id"],
            start=values["start"],
            end=values["end"],
            path=tuple(values["path"]),
            role=values["role"],
        )
        for values in source.get("passages", ())
    )
    return StoredArticle(
        view=_view(hit),
        passages=passages,
    )


def _view(hit: Body) -> View:
    return View.from_dict(json.loads(hit["_source"]["view"]))


def vectors(hit: Body) -> dict[str, Vector]:
    """The vectors of a hit's article, by passage id."""
    return {
        values["id"]: restored(np.array([values["vector"]], dtype=np.int8))[0]
        for values in hit["_source"].get("passages", ())
        if "vector" in values
    }


def terms(response: Body) -> dict[Field, str]:
    """The result of :func:`terms_body`; empty if there is no such article."""
    for hit in raw_hits(response):
        words = {Field(name): values[0] for name, values in hit.get("fields", {}).items()}
        return words | fields_of_view(_view(hit))
    return {}


def revision(response: Body) -> int:
    """The result of :func:`revision_body`; 0 if nothing was ever written."""
    newest = response["aggregations"]["newest"]["value"]
    return 0 if newest is None else int(newest) + 1
