"""Random questions to every engine, against answers worked out by looking at each article."""

import math
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search_service.engines import Engine, Reader
from search_service.engines.fields import fields_of
from search_service.model import (
    FACETS,
    All,
    AnyOf,
    AtLeast,
    Bonus,
    Clause,
    Everything,
    Exact,
    Field,
    Filters,
    Identifiers,
    Not,
    PassesFilters,
    Phrase,
    Record,
    Sort,
    Term,
    Tombstone,
    Vector,
    WeightedTerm,
)
from tests.support.sample_records import DIMENSIONS, cosine, load, pairs, read, record, unit

WORDS = ("安全", "生产", "监督", "管理", "应急", "预案")
KINDS = ("通知", "意见", None)
CATEGORIES = ("安全", "安全/消防", "教育", None)
ROLES = ("导语", "主体", "")
STATUSES = {"废止": "已废止", "现行有效": "现行有效", "部分修改": "已修改", "待定": "", None: ""}
ISSUERS = {
    "国务院办公厅": "国家",
    "河北省教育厅": "省",
    "清源县人民政府": "县",
    "商会": "",
}
DATES = ("2023", "2024-02", "2024-02-29", "2024-12-31", None)
ORDINARY = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def make(number: int, version: int, source: random.Random) -> Record:
    """An article of random words; some have two passages, some repeat a word."""
    passages = [
        " ".join(source.choices(WORDS, weights=(9, 6, 4, 3, 2, 1), k=source.randint(1, 8)))
        for _ in range(source.randint(1, 2))
    ]
    directions = [unit(*(source.uniform(-1, 1) for _ in range(DIMENSIONS))) for _ in passages]
    return record(
        f"N{number:02d}",
        " ".join(source.choices(WORDS, k=2)),
        *passages,
        version=version,
        vectors=directions,
        roles=[source.choice(ROLES) for _ in passages],
        kind=source.choice(KINDS),
        category=source.choice(CATEGORIES),
        status=source.choice([*STATUSES]),
        issuers=tuple(source.sample([*ISSUERS], source.choice((0, 1, 1, 2)))),
        date=source.choice(DATES),
    )


@pytest.fixture(scope="module")
def library(shared_engine: Engine) -> tuple[Reader, dict[str, Record]]:
    """A reader of 40 articles that were written, rewritten and deleted, and the expected articles."""
    source = random.Random(20240506)
    stored: dict[str, Record] = {}
    for version in (1, 2, 3):
        batch = [make(number, version, source) for number in source.sample(range(50), 30)]
        gone = [Tombstone(id=f"N{number:02d}", version=version) for number in range(version, 50, 9)]
        load(shared_engine, *batch, *gone)
        stored.update((article.view.id, article) for article in batch)
        for tombstone in gone:
            stored.pop(tombstone.id, None)
    return read(shared_engine), stored


def holds(clause: Clause, article: Record) -> bool:
    """Whether the article matches, by the words of the clause's docstring."""
    match clause:
        case Everything():
            return True
        case Term(field, value):
            return value in fields_of(article)[field].split()
        case Phrase(field, values):
            terms = tuple(fields_of(article)[field].split())
            size = len(values)
            return any(terms[i : i + size] == values for i in range(len(terms) - size + 1))
        case Exact(value):
            return value in article.exact
        case Identifiers(values):
            return article.view.id in values
        case PassesFilters(filters):
            return passes(filters, article)
        case All(clauses):
            return all(holds(part, article) for part in clauses)
        case AnyOf(clauses):
            return any(holds(part, article) for part in clauses)
        case Not(excluded):
            return not holds(excluded, article)
        case AtLeast(weighted, minimum):
            return sum(weight for part, weight in weighted if holds(part, article)) >= minimum


def passes(filters: Filters, article: Record) -> bool:
    """Whether the article is what the filters ask."""
    view = article.view
    if filters.ids is not None and view.id not in filters.ids:
        return False
    for name, values in values_of(article).items():
        if (wanted := filters.of(name)) and not set(wanted) & set(values):
            return False
    category = view.category or ""
    if filters.category and not any(
        category == one or category.startswith(f"{one}/") for one in filters.category
    ):
        return False
    if filters.date_from is None and filters.date_to is None:
        return True
    if view.date is None:
        return False
    until = filters.date_to or ""
    first, last = (
        view.date + "0000-01-01"[len(view.date) :],
        view.date + "9999-12-31"[len(view.date) :],
    )
    return (filters.date_from or "") <= last and first <= until + "9999-12-31"[len(until) :]


def values_of(article: Record) -> dict[str, tuple[str, ...]]:
    """The values of the facets, but for the category's."""
    view = article.view
    return {
        "kind": (view.kind or "",),
        "year": ((view.date or "")[:4],),
        "validity": (STATUSES[view.status],),
        "level": tuple({*filter(None, map(ISSUERS.__getitem__, view.issuers))}) or ("",),
        "issuer": view.issuers or ("",),
    }


leaves = st.one_of(
    st.just(Everything()),
    st.builds(
        Term,
        st.sampled_from([Field.WORDS, Field.TITLE_WORDS]),
        st.sampled_from([*WORDS, "没有"]),
    ),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(
        lambda words: Phrase(Field.BIGRAMS, pairs("".join(words)))
    ),
    st.builds(Exact, st.sampled_from(["n07", "n21", "n99"])),
    st.builds(Identifiers, st.lists(st.sampled_from(["N01", "N22", "N33", "X"])).map(tuple)),
)
clauses: st.SearchStrategy[Clause] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
        st.builds(
            AtLeast,
            st.lists(st.tuples(inner, st.integers(1, 8)), max_size=4).map(tuple),
            st.integers(0, 12),
        ),
    ),
    max_leaves=8,
)
filter_sets = st.builds(
    Filters,
    kind=st.sampled_from([(), (), ("通知",), ("",), ("通知", "意见"), ("没有",)]),
    category=st.sampled_from([(), (), ("安全",), ("安全/消防", "教育"), ("教育", ""), ("",)]),
    validity=st.sampled_from([(), (), (), ("现行有效", "已修改"), ("已废止",), ("",)]),
    level=st.sampled_from([(), (), (), ("国家", "县"), ("省", "乡镇", "")]),
    issuer=st.sampled_from([(), (), (), ("国务院办公厅", "商会"), ("清源县人民政府",)]),
    year=st.sampled_from([(), (), (), ("2023",), ("2023", "2024"), ("2024", "")]),
    ids=st.sampled_from([None, None, None, (), ("N01", "N22", "N33", "N40", "X")]),
    date_from=st.sampled_from([None, None, "2023", "2024-02", "2024-02-02"]),
    date_to=st.sampled_from([None, None, "2023", "2024-02", "2024-12"]),
)
rankings = st.lists(
    st.one_of(
        st.builds(
            WeightedTerm,
            st.sampled_from([Field.WORDS, Field.TITLE_WORDS]),
            st.sampled_from([*WORDS, "没有"]),
            st.sampled_from([0.5, 1.0, 2.5]),
        ),
        st.builds(Bonus, leaves, st.sampled_from([1.0, 10.0])),
    ),
    max_size=6,
)
vectors = (
    st.lists(st.integers(-9, 9), min_size=DIMENSIONS, max_size=DIMENSIONS)
    .filter(any)
    .map(lambda numbers: unit(*numbers))
)


@ORDINARY
@given(clause=clauses, filters=filter_sets)
def test_match_sets_are_exact(
    library: tuple[Reader, dict[str, Record]], clause: Clause, filters: Filters
) -> None:
    """Any clause with any filters selects, counts and facets exactly the articles that match it."""
    reader, stored = library
    expected = {
        id: article
        for id, article in stored.items()
        if holds(clause, article) and passes(filters, article)
    }
    totals = reader.totals(clause, filters=filters, facets=FACETS)
    found = reader.keyword(clause, filters=filters, limit=100)
    assert [hit.id for hit in found] == sorted(expected)
    assert totals.total == len(expected)
    assert list(totals.facets) == [*FACETS]
    for name in ("kind", "year", "validity", "level", "issuer"):
        counts = Counter(value for a in expected.values() for value in values_of(a)[name])
        assert totals.facets[name] == counts


@ORDINARY
@given(clause=clauses, rank=rankings, offset=st.integers(0, 20), limit=st.integers(1, 20))
def test_rankings_are_one_list(
    library: tuple[Reader, dict[str, Record]],
    clause: Clause,
    rank: list[WeightedTerm | Bonus],
    offset: int,
    limit: int,
) -> None:
    """Ranking changes the order only; any page is a slice of it; ties fall by id."""
    reader, stored = library
    for sort in Sort:
        whole = reader.keyword(clause, rank, sort=sort, limit=100)
        assert sorted(hit.id for hit in whole) == sorted(
            id for id, article in stored.items() if holds(clause, article)
        )
        page = reader.keyword(clause, rank, sort=sort, offset=offset, limit=limit)
        assert page == whole[offset : offset + limit]
    ranked = reader.keyword(clause, rank, limit=100)
    assert ranked == sorted(ranked, key=lambda hit: (-hit.score, hit.id))
    for hit in ranked:  # no term, no bonus: no score
        scores = any(
            part.value in fields_of(stored[hit.id])[part.field].split()
            if isinstance(part, WeightedTerm)
            else holds(part.clause, stored[hit.id])
            for part in rank
        )
        assert (hit.score > 0) == scores


@ORDINARY
@given(
    vector=vectors,
    filters=filter_sets,
    articles=st.integers(1, 50),
    per_article=st.integers(1, 3),
    min_score=st.sampled_from([-1.0, 0.0, 0.5]),
    roles=st.lists(st.sampled_from([*ROLES, "附件"]), max_size=2, unique=True),
)
def test_nearest_is_exact(
    library: tuple[Reader, dict[str, Record]],
    vector: Vector,
    filters: Filters,
    articles: int,
    per_article: int,
    min_score: float,
    roles: list[str],
) -> None:
    """The nearest passages are those that looking at every vector finds."""
    reader, stored = library
    scored = [
        (-round(cosine(p.vector, vector), 6), id, p.passage)
        for id, article in stored.items()
        if passes(filters, article)
        for p in article.passages
        if p.vector is not None and (not roles or p.passage.role in roles)
    ]
    scored.sort(key=lambda entry: (entry[0], entry[1], entry[2].start))
    expected: list[tuple[str, str, float]] = []
    taken: dict[str, int] = {}
    for score, id, passage in scored:
        if -score < min_score or (id not in taken and len(taken) == articles):
            continue
        taken[id] = taken.get(id, 0) + 1
        if taken[id] <= per_article:
            expected.append((id, passage.id, -score))
    hits = reader.nearest(
        vector,
        filters=filters,
        articles=articles,
        per_article=per_article,
        min_score=min_score,
        roles=roles,
    )
    assert [(hit.article_id, hit.passage_id, hit.score) for hit in hits] == expected


@ORDINARY
@given(
    vector=vectors,
    filters=filter_sets,
    ids=st.sampled_from([None, (), ("N01", "N22", "N33", "N40", "X")]),
    articles=st.integers(1, 50),
    min_score=st.sampled_from([-1.0, 0.0, 0.5]),
)
def test_nearest_articles_rank_like_their_best_passages(
    library: tuple[Reader, dict[str, Record]],
    vector: Vector,
    filters: Filters,
    ids: tuple[str, ...] | None,
    articles: int,
    min_score: float,
) -> None:
    """The same articles in the same order, to four decimal places."""
    reader, _ = library
    filters = replace(filters, ids=ids)
    exact = {
        hit.article_id: hit.score for hit in reader.nearest(vector, filters=filters, articles=50)
    }
    hits = reader.nearest_articles(vector, filters=filters, articles=articles, min_score=min_score)
    assert hits == sorted(hits, key=lambda hit: (-hit.score, hit.id))
    assert set(exact) <= (set(exact) if ids is None else set(ids))
    for hit in hits:
        assert abs(hit.score - exact[hit.id]) <= 1e-4
    left_out = [score for id, score in exact.items() if id not in {hit.id for hit in hits}]
    least = hits[-1].score if len(hits) == articles else min_score
    assert all(score <= least + 1e-4 for score in left_out)


@ORDINARY
@given(
    words=st.lists(st.sampled_from([*WORDS, "没有"]), max_size=4, unique=True),
    filters=filter_sets,
    articles=st.integers(1, 50),
    per_article=st.integers(1, 3),
    roles=st.lists(st.sampled_from([*ROLES, "附件"]), max_size=2, unique=True),
)
def test_passages_hold_a_term_each(
    library: tuple[Reader, dict[str, Record]],
    words: list[str],
    filters: Filters,
    articles: int,
    per_article: int,
    roles: list[str],
) -> None:
    """Every passage with a term is found, none without, best articles first, so many of each."""
    reader, stored = library
    terms = [(word, 1.0) for word in words]
    every = reader.passages(terms, filters=filters, articles=100, per_article=10, roles=roles)
    assert {(hit.article_id, hit.passage_id) for hit in every} == {
        (id, p.passage.id)
        for id, article in stored.items()
        for p in article.passages
        if passes(filters, article)
        and (not roles or p.passage.role in roles)
        and set(words) & set(p.words.split())
    }
    assert [hit.score for hit in every] == sorted((hit.score for hit in every), reverse=True)
    some = reader.passages(
        terms, filters=filters, articles=articles, per_article=per_article, roles=roles
    )
    first = list(dict.fromkeys(hit.article_id for hit in every))[:articles]
    assert list(dict.fromkeys(hit.article_id for hit in some)) == first
    assert [hit.passage_id for hit in some] == [
        hit.passage_id
        for place, hit in enumerate(every)
        if hit.article_id in first
        and [h.article_id for h in every[:place]].count(hit.article_id) < per_article
    ]
    assert all(math.isfinite(hit.score) and hit.score > 0 for hit in every)
