"""Domain types as Elasticsearch bodies and back, without a server."""

import numpy as np
import pytest

from search_service.engines.elastic import dsl
from search_service.engines.elastic.clauses import clause as to_query
from search_service.engines.elastic.clauses import conditions
from search_service.engines.elastic.documents import (
    Body,
    document,
    index_body,
    tombstone,
)
from search_service.engines.validation import check_vectors
from search_service.errors import BadInput, BadRecord
from search_service.model import (
    All,
    AnalysedPassage,
    AnyOf,
    AtLeast,
    Bonus,
    Clause,
    Everything,
    Exact,
    Field,
    Filters,
    Hit,
    Identifiers,
    Not,
    Passage,
    PassageHit,
    Phrase,
    Record,
    Sort,
    Term,
    Totals,
    Vector,
    View,
    WeightedTerm,
)

WORD = Term(Field.WORDS, "营商")
WORD_BODY = {"term": {"words": "营商"}}


def unit(*values: float) -> Vector:
    """A vector of length 1."""
    vector = np.array(values, dtype=np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def record(*, vector: Vector | None, **view: str) -> Record:
    """国务院's regulation 722, its first words, with one passage."""
    return Record(
        view=View(id="L722", title="优化营商环境条例", text="持续优化营商环境", **view),  # type: ignore[arg-type]
        version=3,
        title_words="优化 营商 环境 条例",
        exact=("l722",),
        passages=(
            AnalysedPassage(
                passage=Passage(id="p1", start=0, end=8, path=("第一章",), role="条"),
                words="持续 优化 营商 环境",
                vector=vector,
            ),
        ),
    )


# --- writing -------------------------------------------------------------------------------------


def test_source_has_views_but_neither_terms_nor_vectors() -> None:
    """The terms are larger than the text, and a vector in ``_source`` would be stored twice."""
    mappings = index_body({}, dimensions=4)["mappings"]

    kept = set(mappings["_source"]["includes"])

    assert {"view", "digest", "passages.id"} <= kept
    assert not kept & {field.value for field in Field}
    assert not kept & {"passages.words", "passages.vector"}


def test_unknown_fields_are_refused_at_both_levels() -> None:
    """A record of another schema must fail and not grow the mapping."""
    mappings = index_body({}, dimensions=4)["mappings"]

    assert mappings["dynamic"] == "strict"
    assert mappings["properties"]["passages"]["dynamic"] == "strict"


def test_a_generation_without_vectors_has_no_vector_field() -> None:
    """Elasticsearch refuses a mapping with dimensions 0."""
    passages = index_body({}, dimensions=0)["mappings"]["properties"]["passages"]

    assert "vector" not in passages["properties"]


def test_only_bigrams_keep_positions() -> None:
    """Phrase queries use only bigrams; positions are the largest part of an index."""
    properties = index_body({}, dimensions=0)["mappings"]["properties"]

    positioned = {f for f in Field if properties[f.value]["index_options"] == "positions"}

    assert positioned == {Field.TITLE_BIGRAMS, Field.BIGRAMS}


def test_a_document_has_every_level_of_its_category() -> None:
    """So one term filters a category with all that is below it."""
    assert document(record(vector=None, category="党建/组织/干部"))["below"] == [
        "党建",
        "党建/组织",
        "党建/组织/干部",
    ]


@pytest.mark.parametrize(
    ("date", "day", "year"),
    [("2019-10-22", 20191022, "2019"), ("2019", 20190000, "2019"), (None, 0, "")],
)
def test_a_date_is_a_number_and_none_is_zero(date: str | None, day: int, year: str) -> None:
    """Undated articles come last by date and count under the empty year."""
    values = {} if date is None else {"date": date}

    body = document(record(vector=None, **values))

    assert (body["date"], body["year"]) == (day, [year])


def test_a_vector_of_another_model_is_refused_with_the_articles_id() -> None:
    """The message names the article and the index's dimensions."""
    with pytest.raises(BadRecord, match=r"L722.*\(4,\)"):
        check_vectors(record(vector=unit(1, 0)), dimensions=4)


def test_a_tombstone_has_no_content() -> None:
    """The deleted content is gone; only the tombstone remains."""
    assert tombstone("L722", buried=True) == {"id": "L722", "deleted": True, "buried": True}


# --- what must match -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clause", "body"),
    [
        (Everything(), {"match_all": {}}),
        (WORD, WORD_BODY),
        (Exact("b1890"), {"term": {"exact": "b1890"}}),
        (Not(WORD), {"bool": {"must_not": [WORD_BODY]}}),
        (All(()), {"bool": {"filter": []}}),
        (AnyOf(()), {"match_none": {}}),
        (AnyOf((WORD, WORD)), {"bool": {"should": [WORD_BODY] * 2, "minimum_should_match": 1}}),
        (Identifiers(()), {"match_none": {}}),
        (Phrase(Field.BIGRAMS, ()), {"match_none": {}}),
        (
            Phrase(Field.BIGRAMS, ("营商", "商环")),
            {"match_phrase": {"bigrams": {"query": "营商 商环", "analyzer": "whitespace"}}},
        ),
    ],
)
def test_clauses(clause: Clause, body: Body) -> None:
    """Each clause is one query; empty lists are legal and mean what the model defines."""
    assert to_query(clause) == body


@pytest.mark.parametrize(
    ("weights", "minimum", "copies", "needed"),
    [
        ((1, 1, 1), 2, 3, 2),
        ((2, 4), 4, 3, 2),  # divided by what they share
        ((2, 4), 3, 5, 3),  # 4 is cut to 3: more can decide nothing
        ((8, 8), 16, 2, 2),
    ],
)
def test_weights_are_counted(
    weights: tuple[int, ...], minimum: int, copies: int, needed: int
) -> None:
    """A clause is repeated by its weight, reduced to the smallest equivalent weights."""
    body = to_query(AtLeast(tuple((WORD, weight) for weight in weights), minimum))["bool"]

    assert (len(body["should"]), body["minimum_should_match"]) == (copies, needed)


@pytest.mark.parametrize(("minimum", "body"), [(0, {"match_all": {}}), (9, {"match_none": {}})])
def test_a_minimum_of_nothing_and_one_out_of_reach(minimum: int, body: Body) -> None:
    """Nothing required matches everything; more than there is matches nothing."""
    assert to_query(AtLeast(((WORD, 8),), minimum)) == body


def test_conditions_are_one_query_each_over_the_article() -> None:
    """A kNN search answers nothing to one ``bool`` over article and passage."""
    filters = Filters(category=("党建",), kind=("条例",), date_from="2019", date_to="2019-02")

    assert conditions(filters, {"L1", "L2"}) == [
        {"terms": {"kind": ["条例"]}},
        {"terms": {"below": ["党建"]}},
        {
            "bool": {
                "should": [
                    {"range": {"date": {"gte": 20190101, "lte": 20190231}}},
                    {"terms": {"date": [20190000, 20190100]}},
                ],
                "minimum_should_match": 1,
            }
        },
        {
            "bool": {
                "must_not": [
                    {
                        "bool": {
                            "should": [{"terms": {"id": ["L1", "L2"]}}],
                            "minimum_should_match": 1,
                        }
                    }
                ]
            }
        },
    ]


def test_no_filters_and_nothing_hidden_are_no_conditions() -> None:
    """Only the alias decides."""
    assert conditions(Filters(), ()) == []


def test_a_date_that_is_none_is_bad_input() -> None:
    """It never reaches the server."""
    with pytest.raises(BadInput, match="date_from"):
        conditions(Filters(date_from="去年"), ())


# --- questions -----------------------------------------------------------------------------------


def test_only_the_ranking_terms_score() -> None:
    """Matching clauses are in a filter; ranking terms are optional."""
    rank: list[WeightedTerm | Bonus] = [
        WeightedTerm(Field.TITLE_WORDS, "营商", 2.5),
        Bonus(Exact("l722"), 8.0),
    ]

    query = dsl.search_body(WORD, rank, [], sort=Sort.RELEVANCE, offset=20, limit=10)["query"]

    assert query["bool"] == {
        "filter": [WORD_BODY],
        "should": [
            {"term": {"title_words": {"value": "营商", "boost": 2.5}}},
            {"constant_score": {"filter": {"term": {"exact": "l722"}}, "boost": 8.0}},
        ],
        "minimum_should_match": 0,
    }


def test_by_date_nothing_scores() -> None:
    """Scoring what is not ordered by it would be wasted."""
    body = dsl.search_body(WORD, [], [], sort=Sort.DATE, offset=0, limit=10)

    assert "should" not in body["query"]["bool"]
    assert body["sort"][:2] == [{"date": "desc"}, {"id": "asc"}]


def test_the_floor_reaches_the_server_a_little_lower() -> None:
    """The server rounds otherwise than we do; what it lets through too much is cut afterwards."""
    search = dsl.nearest_body(
        unit(1, 0), [], articles=10, per_article=1, min_score=0.5, roles=(), widen=1
    )["knn"]

    assert 0.499 < search["similarity"] < 0.5
    assert search["k"] > 10
    assert search["num_candidates"] >= 2 * search["k"]


def test_a_role_is_a_condition_beside_those_over_the_article() -> None:
    """A kNN search answers nothing to one ``bool`` over article and passage."""
    filters = conditions(Filters(kind=("条例",)), ())

    search = dsl.nearest_body(
        unit(1, 0), filters, articles=10, per_article=1, min_score=-1.0, roles=["附件"], widen=1
    )["knn"]

    assert search["filter"] == [
        {"terms": {"kind": ["条例"]}},
        {"terms": {"passages.role": ["附件"]}},
    ]


def test_only_a_tie_at_the_end_is_worth_a_second_look() -> None:
    """With fewer candidates than requested, or a lower score at the end, the list is complete."""

    def scored(*scores: float) -> Body:
        return {"hits": {"hits": [{"_score": score} for score in scores]}}

    assert dsl.may_tie_beyond(scored(0.9, 0.8, 0.8, 0.8), 2)
    assert not dsl.may_tie_beyond(scored(0.9, 0.8, 0.8, 0.7), 2)
    assert not dsl.may_tie_beyond(scored(0.9, 0.8), 2)


# --- answers -------------------------------------------------------------------------------------


def inner(offset: int, passage: str, **values: object) -> Body:
    """One passage of an answer."""
    fields = {"passages.id": [passage]}
    if "vector" in values:
        fields["passages.vector"] = [values.pop("vector")]  # type: ignore[list-item]
    return {"_nested": {"field": "passages", "offset": offset}, "fields": fields, **values}


def answer(**articles: list[Body]) -> Body:
    """An answer with the passages of each article."""
    return {
        "hits": {
            "hits": [
                {"sort": [1.0, article], "inner_hits": {"passages": {"hits": {"hits": passages}}}}
                for article, passages in articles.items()
            ]
        }
    }


def test_nearest_passages_are_scored_from_their_vectors() -> None:
    """Cosines to six decimal places, best first; an article's score is that of its best passage."""
    found = answer(
        L1=[inner(3, "a", vector=[95, 127]), inner(0, "b", vector=[0, 127])],
        L2=[inner(0, "c", vector=[127, 95])],
    )

    hits = dsl.nearest_hits(found, unit(1, 0), articles=5, per_article=2, min_score=0.1)

    assert hits == [PassageHit("L2", "c", 0.800756), PassageHit("L1", "a", 0.598991)]


def test_equal_passages_come_by_article_and_place() -> None:
    """However the server broke the tie, the list and its end are the same."""
    same = [95, 127]
    found = answer(
        L2=[inner(0, "c", vector=same)],
        L3=[inner(0, "d", vector=same)],
        L1=[inner(7, "b", vector=same), inner(2, "a", vector=same)],
    )

    hits = dsl.nearest_hits(found, unit(1, 0), articles=2, per_article=2, min_score=-1.0)

    assert [hit.passage_id for hit in hits] == ["a", "b", "c"]


def test_passages_by_words_keep_the_servers_scores() -> None:
    """BM25 is the server's; only the rounding and the order are ours."""
    found = answer(L1=[inner(0, "a", _score=1.23456789)], L2=[inner(0, "b", _score=2.0)])

    hits = dsl.passage_hits(found, articles=1, per_article=1)

    assert hits == [PassageHit("L2", "b", 2.0)]


def test_totals_keep_the_order_of_the_facets() -> None:
    """By count and then by value."""
    found = {
        "hits": {"total": {"value": 3, "relation": "eq"}},
        "aggregations": {
            "kind": {"buckets": [{"key": "条例", "doc_count": 2}, {"key": "", "doc_count": 1}]}
        },
    }

    assert dsl.totals(found) == Totals(3, {"kind": {"条例": 2, "": 1}})


def test_hits_without_a_score() -> None:
    """By date the server scores nothing."""
    found = {"hits": {"hits": [{"_score": None, "sort": [20191022, "L722", 20191022, 1]}]}}

    (hit,) = dsl.hits(found)

    assert (hit, hit.day, hit.ended) == (Hit("L722", 0.0), 20191022, True)


def test_an_article_comes_back_as_it_went_in() -> None:
    """View and outline survive the way through the server's JSON."""
    written = record(vector=None, date="2019-10-22", category="行政法规")
    source = document(written)

    stored = dsl.stored({"_source": source})

    assert stored.view == written.view
    assert stored.passages == tuple(p.passage for p in written.passages)


def test_revision_of_an_empty_index_is_zero() -> None:
    """Sequence numbers begin at 0, revisions of something written at 1."""
    assert dsl.revision({"aggregations": {"newest": {"value": None}}}) == 0
    assert dsl.revision({"aggregations": {"newest": {"value": 0.0}}}) == 1
