"""Elasticsearch's language, both ways: domain types -> bodies, answers -> domain types. Pure.

Entry points: the ``*_body`` functions for questions, and the functions after them for the answers.
What must match stands in :mod:`search_service.engines.elastic.clauses`, what is written in
:mod:`search_service.engines.elastic.documents`; calls are made in
:mod:`search_service.engines.elastic.cluster` and nowhere else.
"""

import json
from collections.abc import Callable, Collection, Sequence

import numpy as np

from search_service.engines.elastic.clauses import clause
from search_service.engines.elastic.documents import VISIBLE, Body
from search_service.engines.validation import ARTICLE_PLACES
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

_BY_SCORE: list[Body] = [{"_score": "desc"}, {"id": "asc"}]
_BY_DATE: list[Body] = [{"date": "desc"}, {"id": "asc"}]  # undated is 0, so it comes last
# search.max_buckets is 65,536 unless an administrator changed it.
_BUCKETS = 65_000
# The server breaks ties by float32 scores, we by rounded ones: the end of a list needs some more.
_SPARE = 32
WINDOW = 10_000  # index.max_result_window, and the limit of num_candidates
# HNSW recall: at least this many candidates, and twice what is asked.
_CANDIDATES = 400
# The server's similarity is float32 and ours is not: it lets a little more through, we cut.
_FLOOR_MARGIN = 1e-4
_FLOAT = 1e-6  # what float32 leaves of a cosine
_INNER_LIMIT = 100  # index.max_inner_result_window


# --- questions -----------------------------------------------------------------------------------


def totals_body(match: Clause, conditions: Sequence[Body], facets: Collection[str]) -> Body:
    """Count, and the facets; an article without a value has an empty one, so they add up."""
    return {
        "size": 0,
        "track_total_hits": True,
        "query": _filtered(match, conditions),
        "aggs": {
            name: {
                "terms": {
                    "field": name,
                    "size": _BUCKETS,
                    "order": [{"_count": "desc"}, {"_key": "asc"}],
                }
            }
            for name in facets
        },
    }


def keyword_body(
    match: Clause,
    rank: Sequence[WeightedTerm | Bonus],
    conditions: Sequence[Body],
    *,
    sort: Sort,
    offset: int,
    limit: int,
) -> Body:
    """A slice of the match set in the order asked; only the ranking terms score."""
    query = _filtered(match, conditions)
    if sort is Sort.RELEVANCE:
        query["bool"]["should"] = [_scoring(part) for part in rank]
        query["bool"]["minimum_should_match"] = 0
    return {
        "from": offset,
        "size": limit,
        "query": query,
        "sort": _BY_SCORE if sort is Sort.RELEVANCE else _BY_DATE,
        "track_total_hits": False,
        "stored_fields": "_none_",
    }


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
    role: str | None,
    widen: int,
) -> Body:
    """Candidates for :func:`nearest_hits`: articles by their nearest passage, with the vectors.

    ``per_article`` 0: articles alone, for :func:`nearest_article_hits`; the passages are most of the work.
    ``widen``: how many times as far to look, for more articles that tie; no more of them come back.
    """
    size = min(articles + _SPARE, WINDOW)
    k = min(size * widen, WINDOW)
    search: Body = {
        "field": "passages.vector",
        "query_vector": vector.tolist(),
        "k": k,
        "num_candidates": min(max(2 * k, _CANDIDATES), WINDOW),
        "filter": [*conditions, *_role_filter(role)],
    }
    if per_article:
        search["inner_hits"] = _inner_hits(per_article, "passages.id", "passages.vector")
    if min_score > -1.0:
        search["similarity"] = min_score - _FLOOR_MARGIN
    return {
        "knn": search,
        "size": size,
        "sort": _BY_SCORE,
        "track_total_hits": False,
        "stored_fields": "_none_",
    }


def may_tie_beyond(answer: Body, articles: int) -> bool:
    """Whether articles beyond the candidates may tie with the last one wanted.

    They do where offices share a sentence: the same text has the same vector and the same score.
    """
    hits = raw_hits(answer)
    return len(hits) > articles and bool(hits[-1]["_score"] == hits[articles - 1]["_score"])


def passages_body(
    terms: Sequence[tuple[str, float]],
    conditions: Sequence[Body],
    *,
    articles: int,
    per_article: int,
    role: str | None,
) -> Body:
    """Articles by their best passage for the terms."""
    words = [{"term": {"passages.words": {"value": term, "boost": boost}}} for term, boost in terms]
    nested = {
        "path": "passages",
        "score_mode": "max",
        "query": {
            "bool": {"should": words, "minimum_should_match": 1, "filter": _role_filter(role)}
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


def _role_filter(role: str | None) -> list[Body]:
    """A condition over the passage, to stand in a list beside those over the article."""
    return [] if role is None else [{"term": {"passages.role": role}}]


def _inner_hits(size: int, *fields: str) -> Body:
    return {
        "size": min(size, _INNER_LIMIT),
        "stored_fields": "_none_",
        "docvalue_fields": list(fields),
    }


def frequencies_body(field: Field, terms: Sequence[str], conditions: Sequence[Body]) -> Body:
    """Count the articles of each term; the buckets are named by position."""
    filters = {str(place): {"term": {field.value: term}} for place, term in enumerate(terms)}
    return {
        "size": 0,
        "track_total_hits": False,
        "query": _filtered(Everything(), conditions),
        "aggs": {"terms": {"filters": {"filters": filters}}},
    }


def stored_body(ids: Collection[str], conditions: Sequence[Body]) -> Body:
    """The articles of these ids as :func:`stored` reads them."""
    return {
        "size": len(ids),
        "query": _filtered(Identifiers(tuple(ids)), conditions),
        "track_total_hits": False,
    }


def terms_body(article_id: str, conditions: Sequence[Body]) -> Body:
    """The stored terms of one article."""
    return {
        "query": _filtered(Identifiers((article_id,)), conditions),
        "stored_fields": [field.value for field in Field],
    }


def scan_body(conditions: Sequence[Body], *, size: int) -> Body:
    """Every article by id; the caller pages."""
    return {
        "size": size,
        "query": _filtered(Everything(), conditions),
        "sort": [{"id": "asc"}],
        "track_total_hits": False,
    }


def revision_body() -> Body:
    """The highest sequence number of what a search could notice: it grows with every write."""
    return {
        "size": 0,
        "track_total_hits": False,
        "query": {"bool": {"filter": [VISIBLE]}},
        "aggs": {"newest": {"max": {"field": "_seq_no"}}},
    }


# --- answers -------------------------------------------------------------------------------------


def raw_hits(answer: Body) -> list[Body]:
    """The hits of an answer as they came."""
    return list(answer["hits"]["hits"])


def totals(answer: Body) -> Totals:
    """What :func:`totals_body` asked."""
    facets = {
        name: {bucket["key"]: bucket["doc_count"] for bucket in facet["buckets"]}
        for name, facet in answer.get("aggregations", {}).items()
    }
    return Totals(total=answer["hits"]["total"]["value"], facets=facets)


def hits(answer: Body) -> list[Hit]:
    """What :func:`keyword_body` asked, in the server's order; by date there is no score."""
    return [Hit(_id(hit), round(hit["_score"] or 0.0, 6)) for hit in raw_hits(answer)]


def days(answer: Body) -> dict[str, int]:
    """The dates of what :func:`keyword_body` asked by date."""
    return {_id(hit): hit["sort"][0] for hit in raw_hits(answer) if hit["sort"][0]}


def _id(hit: Body) -> str:
    """The id of a hit, where it is the second sort value (at a point in time a place comes third).

    Never from the stored fields: they lie in one compressed block with the texts, and to open one
    for each hit is most of the time of a search (nearest 200 articles: 124 ms, without them 35).
    """
    return str(hit["sort"][1])


def nearest_hits(
    answer: Body, vector: Vector, *, articles: int, per_article: int, min_score: float
) -> list[PassageHit]:
    """What :func:`nearest_body` asked, scored again from the stored vectors.

    The server's scores are (1 + cosine) / 2 in float32; ours are cosines summed in double precision
    over the float32 values, so that both engines round to the same six places.
    """
    query = vector.astype(np.float64)

    def cosine(inner: Body) -> float:
        stored = np.asarray(inner["fields"]["passages.vector"][0], dtype=np.float32)
        return float(stored.astype(np.float64) @ query)

    return _grouped(answer, cosine, articles=articles, per_article=per_article, min_score=min_score)


def nearest_article_hits(answer: Body, *, articles: int, min_score: float) -> list[Hit]:
    """What :func:`nearest_body` asked of articles alone: the server's score is (1 + cosine) / 2."""
    scored = [(2 * hit["_score"] - 1, _id(hit)) for hit in raw_hits(answer)]
    kept = [
        Hit(id, round(score, ARTICLE_PLACES)) for score, id in scored if score >= min_score - _FLOAT
    ]
    return sorted(kept, key=lambda hit: (-hit.score, hit.id))[:articles]


def passage_hits(answer: Body, *, articles: int, per_article: int) -> list[PassageHit]:
    """What :func:`passages_body` asked."""

    def score(inner: Body) -> float:
        return float(inner["_score"])

    return _grouped(answer, score, articles=articles, per_article=per_article, min_score=0.0)


def _grouped(
    answer: Body,
    score: Callable[[Body], float],
    *,
    articles: int,
    per_article: int,
    min_score: float,
) -> list[PassageHit]:
    """The best passages of the best articles: by rounded score, article, place in the article."""
    groups = []
    for hit in raw_hits(answer):
        scored = sorted(
            (-rounded, _id(hit), inner["_nested"]["offset"], inner["fields"]["passages.id"][0])
            for inner in hit["inner_hits"]["passages"]["hits"]["hits"]
            if (rounded := round(score(inner), 6)) >= min_score
        )
        if scored:
            groups.append(scored[:per_article])
    ordered = sorted(entry for group in sorted(groups)[:articles] for entry in group)
    return [PassageHit(article, passage, -score) for score, article, _, passage in ordered]


def frequencies(answer: Body, terms: Sequence[str]) -> dict[str, int]:
    """What :func:`frequencies_body` asked."""
    buckets = answer["aggregations"]["terms"]["buckets"]
    return {term: buckets[str(place)]["doc_count"] for place, term in enumerate(terms)}


def stored(hit: Body) -> StoredArticle:
    """One article of an answer."""
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
        view=View.from_dict(json.loads(source["view"])),
        passages=passages,
    )


def vectors(hit: Body) -> dict[str, Vector]:
    """The vectors of one article of an answer, by passage id."""
    return {
        values["id"]: np.asarray(values["vector"], dtype=np.float32)
        for values in hit["_source"].get("passages", ())
        if "vector" in values
    }


def terms(answer: Body) -> dict[Field, str]:
    """What :func:`terms_body` asked; empty where there is no such article."""
    return {
        Field(name): values[0]
        for hit in raw_hits(answer)
        for name, values in hit.get("fields", {}).items()
    }


def revision(answer: Body) -> int:
    """What :func:`revision_body` asked; 0 where nothing was ever written."""
    newest = answer["aggregations"]["newest"]["value"]
    return 0 if newest is None else int(newest) + 1
