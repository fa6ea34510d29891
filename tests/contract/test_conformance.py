"""Conformance tests of the engine interface, run over every engine."""

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analyzers.terms import Analyzer
from search_service.engines import Engine, Reader, Scope
from search_service.engines.embedded import EmbeddedEngine
from search_service.engines.fields import fields_of
from search_service.engines.ordering import Stamp
from search_service.engines.reads import (
    BestPassages,
    Fetch,
    Frequencies,
    Listed,
    Nearest,
    NearestArticles,
    PassageFrequencies,
    Request,
    Search,
    TermFrequencies,
    Vectors,
)
from search_service.engines.validation import FACET_VALUES
from search_service.errors import BadInput, NoIndex, NotFound
from search_service.model import (
    All,
    AnyOf,
    AtLeast,
    Audience,
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
    Sort,
    Term,
    Tombstone,
    WeightedTerm,
    WriteResult,
)
from search_service.query.matching import restricted, strict
from search_service.query.parsing import parse
from tests.support.sample_records import (
    ARTICLES,
    DIMENSIONS,
    FIRE,
    FLOOD,
    MANIFEST,
    SCHOOL,
    SPEECH,
    cosine,
    load,
    pairs,
    public,
    read,
    record,
    unit,
)

EVERY_ID = ["A0007", "B1890", "C2352", "D0001"]


@pytest.fixture
def library(engine: Engine) -> Engine:
    """An engine with four articles that the public reads."""
    load(engine, *ARTICLES)
    return engine


def ids(reader: Reader, match: Clause, *, filters: Filters | None = None) -> list[str]:
    """The ids that match, ascending; the count is checked on the way."""
    filters = filters or Filters()
    found = [hit.id for hit in reader.keyword(match, filters=filters, limit=100)]
    assert found == sorted(found)
    assert reader.totals(match, filters=filters).total == len(found)
    return found


def word(value: str) -> Term:
    """Articles whose body contains the word."""
    return Term(Field.WORDS, value)


# --- writing and fetching ------------------------------------------------------------------------


def test_fetch_returns_what_was_written(library: Engine) -> None:
    """A fetched article is the view written, with its passages."""
    stored = read(library).fetch(["B1890"])["B1890"]
    assert stored.view == FIRE.view
    assert stored.passages == tuple(analysed.passage for analysed in FIRE.passages)
    assert [text for _, text in stored] == [
        "各级政府应当加强消防安全检查。",
        "学校要开展消防演练。",
    ]


def test_ids_are_listed_from_any_on(library: Engine) -> None:
    """Ascending, without those that are hidden or deleted."""
    reader = read(library)
    assert reader.read(every := Listed())[every] == EVERY_ID
    assert reader.read(some := Listed("B1890", 2))[some] == ["C2352", "D0001"]
    assert reader.read(some := Listed("B", 1))[some] == ["B1890"]
    assert reader.read(none := Listed("D0001"), nothing := Listed(limit=0))[none] == []
    load(library, Tombstone(id="A0007", version=9))
    hidden = library.reader(Scope(Audience.PUBLIC, frozenset({"C2352"})))
    assert hidden.read(every)[every] == ["B1890", "D0001"]
    assert reader.read(nothing)[nothing] == []


def test_fetch_leaves_out_unknown_ids(library: Engine) -> None:
    """Unknown ids are left out, and no ids give nothing."""
    assert list(read(library).fetch(["D0001", "X9999", "A0007"])) == ["D0001", "A0007"]
    assert read(library).fetch([]) == {}


def test_hits_carry_what_their_date_says(library: Engine) -> None:
    """Dates as numbers, 00 for what they do not say, however the hits are ordered."""
    dated = {one.view.id: one.view.date for one in ARTICLES}
    expected = {
        key: int(date.replace("-", "").ljust(8, "0")) if date else 0 for key, date in dated.items()
    }
    reader = read(library)
    for sort in Sort:
        hits = reader.keyword(Everything(), sort=sort, limit=100)
        assert {hit.id: hit.day for hit in hits} == expected
    ranked = reader.keyword(Everything(), [WeightedTerm(Field.WORDS, "消防")], limit=100)
    assert {hit.id: hit.day for hit in ranked} == expected
    for hit in reader.nearest_articles(unit(1, 1)):
        assert hit.day == expected[hit.id]


def test_hits_say_whether_an_article_is_no_longer_in_force(engine: Engine) -> None:
    """By its status; also after an update."""
    load(engine, record("A1", "消防 条例", "正文 。", vectors=[unit(1)], status="已废止"), FIRE)

    def ended() -> set[str]:
        reader = read(engine)
        hits = [*reader.keyword(Everything()), *reader.nearest_articles(unit(1))]
        return {hit.id for hit in hits if hit.ended}

    assert ended() == {"A1"}
    load(engine, record("A1", "消防 条例", "新 的 正文 。", version=2, vectors=[unit(1)]))
    assert ended() == set()


def test_requests_read_together_have_the_answers_of_each(library: Engine) -> None:
    """Several requests in one call, also equal ones and ones whose answer is empty."""
    reader = read(library)
    requests: list[Request[Any]] = [
        Search(word("消防"), [WeightedTerm(Field.WORDS, "消防")], limit=2, facets=["kind"]),
        Search(word("消防"), sort=Sort.DATE, offset=1, limit=2),
        Search(AnyOf(()), limit=3),
        Search(Everything()),
        Search(Everything()),
        Frequencies(Field.WORDS, ["消防", "无此词"]),
        Frequencies(Field.WORDS, []),
        PassageFrequencies(["消防", "无此词"]),
        Nearest(unit(1, 1), per_article=2),
        NearestArticles(unit(1, 1), articles=3),
        BestPassages([("消防", 1.0)], per_article=2),
        BestPassages([]),
        Fetch(["D0001", "X9999"]),
        Fetch([]),
        Vectors("D0001"),
    ]
    together = reader.read(*requests)
    for request in requests:
        alone = reader.read(request)[request]
        if isinstance(request, Vectors):
            assert {k: v.tolist() for k, v in together[request].items()} == {
                k: v.tolist() for k, v in alone.items()
            }
        else:
            assert together[request] == alone
    frequencies = together[requests[5]]
    assert frequencies == TermFrequencies(
        len(ARTICLES), {"消防": reader.totals(word("消防")).total, "无此词": 0}
    )
    passages = [one.words.split() for article in ARTICLES for one in article.passages]
    assert together[requests[7]] == TermFrequencies(
        len(passages), {"消防": sum("消防" in words for words in passages), "无此词": 0}
    )


def test_a_write_reports_its_result(engine: Engine) -> None:
    """New, unchanged, changed and stale entries are distinguished."""
    changed = record("B1890", "消防 通知", "新 的 正文 。", version=3)
    assert load(engine, FIRE, SCHOOL) == WriteResult(written=2)
    assert load(engine, FIRE) == WriteResult(unchanged=1)
    assert load(engine, changed) == WriteResult(written=1)
    assert load(engine, FIRE) == WriteResult(stale=("B1890",))
    assert read(engine).fetch(["B1890"])["B1890"].view == changed.view


def test_entries_of_one_call_apply_in_order(engine: Engine) -> None:
    """If an id occurs twice in one call, the later entry wins."""
    second = record("B1890", "消防 通知", "第二 版 。", version=2)
    assert load(engine, FIRE, second, Tombstone(id="A0007", version=1), SCHOOL) == WriteResult(
        written=3, stale=("A0007",)
    )
    assert ids(read(engine), Everything()) == ["B1890"]
    assert ids(read(engine), word("版")) == ["B1890"]


def test_an_unchanged_view_leaves_the_index_untouched(library: Engine) -> None:
    """The same view under a newer version moves neither revision nor scores."""
    rank = [WeightedTerm(Field.WORDS, "安全")]
    before = read(library)
    hits = before.keyword(word("安全"), rank)
    same = record(
        "A0007",
        "学校 安全 管理 办法",
        "学校 应当 建立 安全 管理 制度 。",
        version=9,
        vectors=[unit(0.6, 0.8)],
        category="教育",
        kind="办法",
        author="李华",
        issuers=("教育部", "水利部"),
        date="2024-05",
    )
    assert load(library, same) == WriteResult(unchanged=1)
    after = read(library)
    assert after.revision == before.revision
    assert after.keyword(word("安全"), rank) == hits


def test_an_unchanged_view_raises_the_order(library: Engine) -> None:
    """An entry between two versions of the same content is stale."""
    same = replace(FIRE, version=5)
    between = record("B1890", "消防 通知", "中间 版 。", version=3)
    assert load(library, same) == WriteResult(unchanged=1)
    assert load(library, between) == WriteResult(stale=("B1890",))
    assert load(library, Tombstone(id="B1890", version=4)) == WriteResult(stale=("B1890",))
    assert read(library).fetch(["B1890"])["B1890"].view == FIRE.view
    assert load(library, Tombstone(id="B1890", version=5)) == WriteResult(written=1)


def test_an_older_version_of_the_same_view_is_unchanged(library: Engine) -> None:
    """The content is the same, and the stored order is kept."""
    load(library, replace(FIRE, version=5))
    assert load(library, FIRE, Tombstone(id="X", version=4)) == WriteResult(unchanged=1, written=1)
    assert load(library, Tombstone(id="X", version=2, withheld=True)) == WriteResult(unchanged=1)
    with library.writer(public(library)) as writer:
        stamps = writer.stamps(["B1890", "X"])
    assert {key: stamp.order for key, stamp in stamps.items()} == {"B1890": 10, "X": 9}


def test_at_the_same_version_the_last_view_wins(library: Engine) -> None:
    """A source may publish less, nothing, or everything again, without a new version of the article."""
    less = record("B1890", "消防 安全 工作 通知", "各级 政府 …… 。")
    withheld = Tombstone(id="B1890", version=1, withheld=True)
    for entry, found in ((less, True), (withheld, False), (FIRE, True), (less, True)):
        assert load(library, entry) == WriteResult(written=1)
        assert ids(read(library), Exact("b1890")) == ["B1890"] * found
        assert load(library, entry) == WriteResult(unchanged=1)
    assert read(library).fetch(["B1890"])["B1890"].view == less.view
    assert read(library).frequencies(Field.WORDS, ["学校", "政府"]) == {"学校": 1, "政府": 1}
    assert load(library, Tombstone(id="B1890", version=1)) == WriteResult(written=1)
    assert load(library, withheld) == WriteResult(unchanged=1)
    assert load(library, FIRE) == WriteResult(stale=("B1890",))


def test_marks_of_what_was_never_there_change_nothing(engine: Engine) -> None:
    """Tombstones of articles that an audience has never seen leave no trace."""
    rank = [WeightedTerm(Field.WORDS, "安全")]
    told = []
    for marked in (False, True):
        name = engine.create(Audience.PUBLIC, MANIFEST).name
        for number, entry in enumerate((FIRE, FLOOD, SPEECH, FIRE, SCHOOL)):
            marks = [
                Tombstone(id=id, version=number, withheld=True)
                for id in ("0", "A0007", f"M{number}")
                if marked and number < 4
            ]
            load(engine, *marks, replace(entry, version=number), generation=name)
            if marked:
                load(engine, *(replace(one, version=number + 1) for one in marks), generation=name)
        reader = engine.reader(Scope(Audience.PUBLIC), generation=name)
        hits = reader.keyword(word("安全"), rank)
        told.append((reader.revision, hits, list(reader.scan()), engine.count(name)))
    assert told[0] == told[1]


def test_a_writer_reports_stored_stamps(library: Engine) -> None:
    """Order and digest of articles and tombstones, even if only the order was raised."""
    load(library, replace(FIRE, version=5), Tombstone(id="A0007", version=2))
    with library.writer(public(library)) as writer:
        assert writer.stamps(["B1890", "A0007", "X"]) == {
            "B1890": Stamp(10, FIRE.view.digest),
            "A0007": Stamp(5, None),
        }


def test_a_load_is_visible_when_it_is_complete(engine: Engine) -> None:
    """Everything loaded is there, in however many parts; a completed load may continue."""
    generation = engine.create(Audience.PUBLIC, MANIFEST).name
    scope = Scope(Audience.PUBLIC)
    with engine.writer(generation, loading=True) as writer:
        assert writer.write([FIRE]) == WriteResult(written=1)
    with engine.writer(generation, loading=True) as writer:
        assert writer.write([FIRE, SCHOOL]) == WriteResult(written=1, unchanged=1)
        writer.complete()
        writer.complete()
        assert engine.count(generation) == 2
        assert writer.write([FLOOD]) == WriteResult(written=1)
        assert engine.count(generation) == 3
    reader = engine.reader(scope, generation=generation)
    assert ids(reader, Everything()) == ["A0007", "B1890", "C2352"]


def test_the_revision_grows_with_every_change(library: Engine) -> None:
    """A change gives a reader opened afterwards a greater revision."""
    before = read(library)
    load(library, record("E0001", "新 文件", "新 的 内容 。"))
    assert read(library).revision > before.revision


def test_a_deleted_article_is_in_no_result(library: Engine) -> None:
    """After a tombstone no read returns the article."""
    load(library, Tombstone(id="B1890", version=2))
    reader = read(library)
    assert ids(reader, Everything()) == ["A0007", "C2352", "D0001"]
    assert reader.fetch(["B1890"]) == {}
    assert reader.vectors("B1890") == {}
    assert reader.stored_fields("B1890") == {}
    assert [hit.article_id for hit in reader.nearest(unit(1, 0.1), min_score=0.5)] == ["A0007"]
    assert reader.passages([("消防", 1.0)]) == []
    assert reader.frequencies(Field.WORDS, ["消防"]) == {"消防": 0}
    assert [stored.view.id for stored in reader.scan()] == ["A0007", "C2352", "D0001"]
    assert library.count(public(library)) == 3


def test_a_tombstone_keeps_stale_updates_away(library: Engine) -> None:
    """A delete wins over the same and older versions; a newer version restores the article."""
    load(library, Tombstone(id="B1890", version=1))
    assert load(library, FIRE) == WriteResult(stale=("B1890",))
    assert read(library).fetch(["B1890"]) == {}
    again = record("B1890", "消防 通知", "重新 发布 。", version=2)
    assert load(library, again) == WriteResult(written=1)
    assert ids(read(library), word("发布")) == ["B1890"]


def test_a_tombstone_may_come_before_its_article(engine: Engine) -> None:
    """A delete of an unknown article makes its late arrival stale."""
    load(engine, Tombstone(id="B1890", version=5))
    assert load(engine, FIRE) == WriteResult(stale=("B1890",))
    assert engine.count(public(engine)) == 0


def test_a_late_tombstone_is_stale(library: Engine) -> None:
    """A delete of an older version than stored does nothing."""
    load(library, record("B1890", "消防 通知", "新 版 。", version=3))
    assert load(library, Tombstone(id="B1890", version=2)) == WriteResult(stale=("B1890",))
    assert "B1890" in read(library).fetch(["B1890"])


def test_no_entries_are_legal(library: Engine) -> None:
    """Writing nothing changes nothing."""
    before = read(library).revision
    assert load(library) == WriteResult()
    assert read(library).revision == before


def test_an_article_without_passages_is_found(engine: Engine) -> None:
    """An article may have only a title: found by keyword, never by passage."""
    load(engine, record("T0001", "任免 名单"))
    reader = read(engine)
    assert ids(reader, Term(Field.TITLE_WORDS, "名单")) == ["T0001"]
    assert reader.nearest(unit(1)) == []
    assert reader.vectors("T0001") == {}
    assert reader.fetch(["T0001"])["T0001"].passages == ()


# --- what matches --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (Everything(), EVERY_ID),
        (word("安全"), ["A0007", "B1890"]),
        (word("没有这个词"), []),
        (Term(Field.TITLE_CHARACTERS, "汛"), ["C2352"]),
        (Phrase(Field.BIGRAMS, pairs("加强消防安全")), ["B1890"]),
        (Phrase(Field.BIGRAMS, pairs("工作作风")), ["D0001"]),
        (Phrase(Field.BIGRAMS, ("作风",)), ["C2352", "D0001"]),
        (Phrase(Field.BIGRAMS, ("消防", "加强")), []),
        (Exact("国办发〔2024〕5号"), ["B1890"]),
        (Exact("国办发"), []),
        (Exact("wh:~办发[2024]5"), ["B1890"]),
        (AnyOf((Exact("is:国务院"), Exact("is:国务院办"))), ["B1890"]),
        (Identifiers(("D0001", "X9999", "A0007", "A0007")), ["A0007", "D0001"]),
        (Identifiers(()), []),
        (PassesFilters(Filters()), EVERY_ID),
        (PassesFilters(Filters(kind=("通知",))), ["B1890"]),
        (Not(PassesFilters(Filters(date_from="1900"))), ["D0001"]),
        (PassesFilters(Filters(date_from="2025", date_to="2023")), []),
        (All(()), EVERY_ID),
        (AnyOf(()), []),
        (All((word("安全"), word("学校"))), ["A0007", "B1890"]),
        (AnyOf((word("汛期"), word("演练"))), ["B1890", "C2352"]),
        (Not(word("安全")), ["C2352", "D0001"]),
        (Not(Everything()), []),
        (All((Not(word("安全")), Not(word("汛期")))), ["D0001"]),
        (AnyOf((Not(word("制度")), word("汛期"))), ["B1890", "C2352", "D0001"]),
        (All((word("安全"), Not(word("制度")))), ["B1890"]),
        (AtLeast((), 1), []),
        (AtLeast((), 0), EVERY_ID),
        (AtLeast(((word("安全"), 2), (word("制度"), 1)), 2), ["A0007", "B1890"]),
        (AtLeast(((word("安全"), 2), (word("制度"), 1)), 3), ["A0007"]),
        (AtLeast(((word("安全"), 8), (word("制度"), 3), (word("汛期"), 5)), 8), EVERY_ID[:3]),
        (AtLeast(((word("安全"), 2), (word("制度"), 1)), 4), []),
        (AtLeast(((Not(word("安全")), 4), (word("作风"), 4)), 4), ["C2352", "D0001"]),
    ],
)
def test_a_clause_matches_as_documented(
    library: Engine, clause: Clause, expected: list[str]
) -> None:
    """Each clause selects the articles that its docstring describes, and the total counts them."""
    assert ids(read(library), clause) == expected


@pytest.mark.parametrize(
    "group", ["-(人社局 OR {})", "(安全 OR -(title:人社局 {}))", "title:(汛期 {})"]
)
def test_the_deepest_query_is_answered(library: Engine, group: str) -> None:
    """Clauses may nest more deeply than the query syntax allows."""
    text = "放管服"
    for _ in range(9):
        text = group.format(text)
        query = parse(text, Analyzer())
        assert (
            read(library).totals(All((strict(query), restricted(query, Everything())))).total >= 0
        )


def test_syntax_in_a_term_is_only_text(library: Engine) -> None:
    """No character of a term is syntax for the engine."""
    for value in ["*", "安全*", '"安全"', "words:安全", "(", "安全 OR 汛期", "\\", ""]:
        assert ids(read(library), word(value)) == []
        assert ids(read(library), Exact(value)) == []


# --- what ranks ----------------------------------------------------------------------------------


def bm25(*, count: int, length: int, documents: int, holding: int, average: float) -> float:
    """BM25 as Lucene counted it before version 8, with its idf: k1 1.2, b 0.75, times k1 + 1."""
    idf = math.log(1 + (documents - holding + 0.5) / (holding + 0.5))
    return idf * 2.2 * count / (count + 1.2 * (0.25 + 0.75 * length / average))


def test_the_score_is_the_weighted_sum_of_bm25(library: Engine) -> None:
    """Σ weight × BM25 of the ranking terms, with the statistics of the whole index."""
    rank = [
        WeightedTerm(Field.WORDS, "安全", 1.5),
        WeightedTerm(Field.TITLE_WORDS, "消防", 2.0),
        WeightedTerm(Field.WORDS, "没有这个词", 9.0),
    ]
    hits = read(library).keyword(word("安全"), rank)
    body_average, title_average = (
        sum(len(fields_of(article)[field].split()) for article in ARTICLES) / 4
        for field in (Field.WORDS, Field.TITLE_WORDS)
    )
    body = {
        id: 1.5 * bm25(count=2, length=length, documents=4, holding=2, average=body_average)
        for id, length in (("B1890", 18), ("A0007", 11))  # of title and text
    }
    title = 2.0 * bm25(count=1, length=4, documents=4, holding=1, average=title_average)
    assert [hit.id for hit in hits] == ["B1890", "A0007"]
    assert hits[0].score == pytest.approx(body["B1890"] + title, rel=1e-5)
    assert hits[1].score == pytest.approx(body["A0007"], rel=1e-5)


def test_what_matches_does_not_score(library: Engine) -> None:
    """The match set and the filters add nothing to the score."""
    rank = [WeightedTerm(Field.WORDS, "学校")]
    plain = read(library).keyword(Everything(), rank, limit=2)
    narrow = read(library).keyword(
        All((word("安全"), Phrase(Field.BIGRAMS, pairs("学校")), word("学校"))),
        rank,
        filters=Filters(date_from="2024"),
    )
    assert narrow == plain
    assert [hit.score for hit in read(library).keyword(word("安全"))] == [0.0, 0.0]


def test_a_bonus_adds_its_weight(library: Engine) -> None:
    """A bonus is added where its clause matches, and only there."""
    rank = [WeightedTerm(Field.WORDS, "制度")]
    plain = {hit.id: hit.score for hit in read(library).keyword(Everything(), rank)}
    bonus = Bonus(AnyOf((Exact("d0001"), word("汛期"))), 20.0)
    hits = read(library).keyword(Everything(), [*rank, bonus])
    assert [hit.id for hit in hits] == ["C2352", "D0001", "A0007", "B1890"]
    added = {"C2352": 20.0, "D0001": 20.0, "A0007": 0.0, "B1890": 0.0}
    for hit in hits:
        assert hit.score == pytest.approx(plain[hit.id] + added[hit.id], abs=1e-5)
    only = read(library).keyword(Everything(), [Bonus(word("汛期"), 3.0)])
    assert [(hit.id, hit.score) for hit in only][:2] == [("C2352", 3.0), ("A0007", 0.0)]


def test_a_page_is_a_slice_of_one_ranking(engine: Engine) -> None:
    """Pages of any size, joined, are the whole list; ties are ordered by id across page borders."""
    bodies = ["安全 工作 。", "安全 安全 工作 。", "消防 工作 。"]
    load(engine, *(record(f"N{i * 37 % 100:03d}", "通知", bodies[i % 3]) for i in range(100)))
    reader = read(engine)
    rank = [WeightedTerm(Field.WORDS, "安全")]
    for sort in Sort:
        whole = reader.keyword(Everything(), rank, sort=sort, limit=100)
        assert len(whole) == 100
        assert whole == sorted(whole, key=lambda hit: (-hit.score, hit.id))
        for size in (1, 7, 33):
            pages = [
                reader.keyword(Everything(), rank, sort=sort, offset=start, limit=size)
                for start in range(0, 100, size)
            ]
            assert [hit for page in pages for hit in page] == whole
    assert reader.keyword(Everything(), rank, offset=100) == []
    assert reader.keyword(Everything(), rank, limit=0) == []


def test_by_date_newest_first_and_undated_last(library: Engine) -> None:
    """A partial date is older than every day that it may be; ties are ordered by id."""
    load(library, record("A0001", "旧 文件", "内容 。", date="2024-05-06"))
    load(library, record("Z0001", "旧 文件", "内容 。"))
    hits = read(library).keyword(Everything(), sort=Sort.DATE)
    assert [hit.id for hit in hits] == ["A0001", "B1890", "A0007", "C2352", "D0001", "Z0001"]


def test_by_date_oldest_first_and_undated_last(library: Engine) -> None:
    """A partial date is older than every day that it may be, here too; ties are ordered by id."""
    load(library, record("A0001", "旧 文件", "内容 。", date="2024-05-06"))
    load(library, record("A0002", "旧 文件", "内容 。", date="2024"))
    load(library, record("Z0001", "旧 文件", "内容 。"))
    reader = read(library)
    hits = reader.keyword(Everything(), sort=Sort.OLDEST)
    ids = [hit.id for hit in hits]
    assert ids == ["C2352", "A0002", "A0007", "A0001", "B1890", "D0001", "Z0001"]


# --- filters and facets --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), EVERY_ID),
        (Filters(category=("安全",)), ["B1890", "C2352"]),
        (Filters(category=("安全/消防",)), ["B1890"]),
        (Filters(category=("消防",)), []),
        (Filters(kind=("讲话",)), ["D0001"]),
        (Filters(author=("王明",)), ["B1890", "C2352"]),
        (Filters(author=("王明",), kind=("预案",)), ["C2352"]),
        (Filters(issuer=("教育部",)), ["A0007"]),
        (Filters(issuer=("水利部",)), ["A0007", "C2352"]),
        (Filters(issuer=("",)), ["D0001"]),
        (Filters(issuer=("", "教育部", "没有")), ["A0007", "D0001"]),
        (Filters(author=("王明", "李华"), kind=("预案", "办法")), ["A0007", "C2352"]),
        (Filters(category=("安全/消防", "教育")), ["A0007", "B1890"]),
        (Filters(level=("国家",)), ["A0007", "B1890", "C2352"]),
        (Filters(level=("",)), ["D0001"]),
        (Filters(year=("2023",)), ["C2352"]),
        (Filters(year=("2023", "")), ["C2352", "D0001"]),
        (Filters(validity=("已废止",)), []),
        (Filters(date_from="2024"), ["A0007", "B1890"]),
        (Filters(date_from="2024-05-02"), ["A0007", "B1890"]),
        (Filters(date_from="2024-05-07"), ["A0007"]),
        (Filters(date_from="2024-06"), []),
        (Filters(date_from="2023-06", date_to="2023-07-01"), ["C2352"]),
        (Filters(date_to="2024-05"), ["A0007", "B1890", "C2352"]),
        (Filters(date_to="2024-05-01"), ["A0007", "C2352"]),
        (Filters(date_to="2023"), ["C2352"]),
        (Filters(date_from="2023-01-01", date_to="2023-01-01"), ["C2352"]),
        (Filters(date_from="2025", date_to="2020"), []),
    ],
)
def test_filters_hold_for_every_search(
    library: Engine, filters: Filters, expected: list[str]
) -> None:
    """Keyword, vector and passage search filter the same articles."""
    reader = read(library)
    assert ids(reader, Everything(), filters=filters) == expected
    near = reader.nearest(unit(1), filters=filters)
    assert sorted(hit.article_id for hit in near) == expected
    terms = [("。", 1.0)]  # occurs in every passage
    assert sorted(hit.article_id for hit in reader.passages(terms, filters=filters)) == expected


def test_a_date_that_is_none_is_bad_input(library: Engine) -> None:
    """A filter that is not an ISO date is named in the error."""
    with pytest.raises(BadInput, match="date_from"):
        read(library).totals(Everything(), filters=Filters(date_from="去年"))


def test_facets_add_up_to_the_total(library: Engine) -> None:
    """Values by count, then by value; articles without one count under the empty value.

    A joint issue counts for each of its issuers, whichever facets are read beside it.
    """
    totals = read(library).totals(
        Everything(), facets=["category", "kind", "author", "issuer", "year"]
    )
    assert totals.total == 4
    assert {name: list(values.items()) for name, values in totals.facets.items()} == {
        "category": [("安全", 1), ("安全/消防", 1), ("安全生产", 1), ("教育", 1)],
        "kind": [("办法", 1), ("讲话", 1), ("通知", 1), ("预案", 1)],
        "author": [("王明", 2), ("", 1), ("李华", 1)],
        "issuer": [("水利部", 2), ("", 1), ("国务院办公厅", 1), ("教育部", 1)],
        "year": [("2024", 2), ("", 1), ("2023", 1)],
    }


def test_the_total_does_not_count_a_joint_issue_twice(library: Engine) -> None:
    """If it is read with no other facet, too."""
    totals = read(library).totals(Everything(), facets=["issuer"])
    assert (totals.total, sum(totals.facets["issuer"].values())) == (4, 5)


def test_what_is_declared_is_found_like_the_text(engine: Engine) -> None:
    """By its words, characters and phrases, but not as a title; and read back as it was written."""
    declared = replace(
        FIRE,
        view=replace(FIRE.view, summary="电动车入楼", keywords=("充电", "楼道")),
        declared_words="电动车 入 楼 充电 楼道",
    )
    load(engine, declared, SCHOOL)
    reader = read(engine)
    assert ids(reader, word("电动车")) == ["B1890"]
    assert ids(reader, Term(Field.CHARACTERS, "梯")) == []
    assert ids(reader, Term(Field.CHARACTERS, "充")) == ["B1890"]
    assert ids(reader, Phrase(Field.BIGRAMS, pairs("电动车"))) == ["B1890"]
    assert ids(reader, Phrase(Field.TITLE_BIGRAMS, pairs("电动车"))) == []
    assert reader.fetch(["B1890"])["B1890"].view == declared.view
    assert reader.stored_fields("B1890") == fields_of(declared)


def test_facets_count_the_match_set_only(library: Engine) -> None:
    """Facets follow the clause and the filters; an empty match set has empty facets."""
    reader = read(library)
    totals = reader.totals(word("安全"), filters=Filters(author=("王明",)), facets=["kind"])
    assert (totals.total, dict(totals.facets)) == (1, {"kind": {"通知": 1}})
    assert dict(reader.totals(AnyOf(()), facets=["kind"]).facets) == {"kind": {}}
    assert dict(reader.totals(Everything()).facets) == {}


def test_of_many_values_those_of_most_articles_are_listed(engine: Engine) -> None:
    """Where the last ones listed have as many articles as others, those that come first by name."""
    authors = [f"作者{i:03d}" for i in range(FACET_VALUES + 50)]
    load(
        engine,
        *(record(f"F{i:03d}", "通知", "内容 。", author=one) for i, one in enumerate(authors)),
        *(record(f"G{i:03d}", "通知", "内容 。", author=one) for i, one in enumerate(authors[-3:])),
    )
    totals = read(engine).totals(Everything(), facets=["author"])
    assert totals.total == FACET_VALUES + 53
    listed = [*authors[-3:], *authors[: FACET_VALUES - 3]]
    assert list(totals.facets["author"]) == listed


# --- vectors and passages ------------------------------------------------------------------------


def test_nearest_ranks_articles_by_their_best_passage(library: Engine) -> None:
    """Cosines, best first, ties by article id; articles without vectors are left out."""
    query = unit(0.6, 0.8)
    hits = read(library).nearest(query)
    assert [(hit.article_id, hit.passage_id) for hit in hits] == [
        ("A0007", "A0007-p0"),
        ("B1890", "B1890-p1"),
        ("C2352", "C2352-p0"),
        ("D0001", "D0001-p0"),
    ]
    assert [hit.score for hit in hits] == [1.0, 1.0, 0.0, round(cosine(query, unit(-1)), 6)]
    assert hits[-1].score == pytest.approx(-0.6, abs=0.005)  # a byte is 1/127


def test_nearest_returns_several_passages_of_an_article(library: Engine) -> None:
    """``per_article`` counts passages, ``articles`` counts articles."""
    hits = read(library).nearest(unit(1), articles=2, per_article=2)
    assert [hit.passage_id for hit in hits] == ["B1890-p0", "A0007-p0", "B1890-p1"]
    assert hits[0].score == round(cosine(unit(1), unit(1, 0.1)), 6)
    assert [hit.score for hit in hits[1:]] == [round(cosine(unit(1), unit(0.6, 0.8)), 6)] * 2


def test_nearest_stops_at_the_minimum_score(library: Engine) -> None:
    """Passages below the minimum score are left out; the minimum itself is included."""
    reader = read(library)
    score = round(cosine(unit(1), unit(0.6, 0.8)), 6)
    at, above = (reader.nearest(unit(1), min_score=least) for least in (score, score + 1e-6))
    assert [hit.article_id for hit in at] == ["B1890", "A0007"]
    assert [hit.article_id for hit in above] == ["B1890"]
    assert reader.nearest(unit(0, 0, 0, 1), min_score=0.5) == []
    assert reader.nearest(unit(1), articles=0) == []


def test_nearest_follows_writes(library: Engine) -> None:
    """A rewritten article is found by its new vectors and no longer by the old ones."""
    moved = record("B1890", "消防 通知", "新 的 正文 。", version=2, vectors=[unit(0, 0, 0, 1)])
    load(library, moved)
    reader = read(library)
    assert [hit.article_id for hit in reader.nearest(unit(0, 0, 0, 1), min_score=0.9)] == ["B1890"]
    assert [hit.article_id for hit in reader.nearest(unit(1, 0.1), min_score=0.9)] == []


def test_vectors_come_back_as_written(library: Engine) -> None:
    """The stored vectors by passage id; a passage without one is left out."""
    vectors = read(library).vectors("B1890")
    assert list(vectors) == ["B1890-p0", "B1890-p1"]
    np.testing.assert_allclose(vectors["B1890-p0"], unit(127, 13), rtol=1e-6)  # of unit(1, 0.1)
    assert vectors["B1890-p0"].dtype == np.float32
    assert list(read(library).vectors("C2352")) == ["C2352-p0"]
    assert read(library).vectors("X9999") == {}


def test_a_vector_that_comes_back_is_stored_as_the_same_one(engine: Engine) -> None:
    """Read, written to another article and compared: nothing is lost a second time."""
    source = np.random.default_rng(3)
    vectors = [unit(*source.standard_normal(DIMENSIONS)) for _ in range(20)]
    load(engine, record("V0001", "通知", *["安全 。"] * 20, vectors=vectors))
    first = read(engine).vectors("V0001")
    load(engine, record("V0002", "通知", *["安全 。"] * 20, vectors=list(first.values())))
    second = read(engine).vectors("V0002")
    for one, other, vector in zip(first.values(), second.values(), vectors, strict=True):
        np.testing.assert_array_equal(one, other)
        best = read(engine).nearest(vector, articles=2)
        assert [(hit.article_id, hit.score) for hit in best] == [("V0001", 1.0), ("V0002", 1.0)]


def test_a_generation_without_vectors_answers_without_meaning(engine: Engine) -> None:
    """Without vectors in the manifest, nearest is empty and everything else works."""
    plain = type(MANIFEST)(**{**MANIFEST.to_dict(), "dimensions": 0})  # type: ignore[arg-type]
    name = engine.create(Audience.PUBLIC, plain).name
    engine.activate({Audience.PUBLIC: name})
    load(engine, record("E0001", "通知", "安全 工作 。", vectors=[None]))
    reader = read(engine)
    assert reader.nearest(unit(1)) == []
    assert reader.vectors("E0001") == {}
    assert [hit.passage_id for hit in reader.passages([("安全", 1.0)])] == ["E0001-p0"]


def test_passages_rank_by_their_own_words(library: Engine) -> None:
    """The best passages of the best articles, by BM25 over passages."""
    hits = read(library).passages([("消防", 1.0), ("演练", 1.0)], per_article=2)
    assert [hit.passage_id for hit in hits] == ["B1890-p1", "B1890-p0"]
    one = read(library).passages([("消防", 1.0), ("演练", 1.0)])
    assert one == hits[:1]
    double = read(library).passages([("消防", 2.0), ("演练", 2.0)])
    assert double[0].score == pytest.approx(2 * one[0].score, rel=1e-5)
    assert read(library).passages([]) == []
    assert read(library).passages([("没有这个词", 1.0)]) == []


def test_passages_of_many_articles_tie_by_id(engine: Engine) -> None:
    """With equal scores the first articles by id are returned, however many tie."""
    load(engine, *(record(f"P{i * 37 % 100:03d}", "通知", "安全 工作 。") for i in range(100)))
    reader = read(engine)
    expected = [f"P{i:03d}" for i in range(5)]
    hits = reader.passages([("安全", 1.0)], articles=5)
    assert [hit.article_id for hit in hits] == expected
    assert [hit.article_id for hit in reader.nearest(unit(1), articles=5)] == expected


def test_a_role_selects_passages(engine: Engine) -> None:
    """An article's score is that of its best passage of the roles; articles without one are left out."""
    load(
        engine,
        record(
            "R0001",
            "工作 方案",
            "安全 工作 。",
            "加强 安全 保障 。",
            "安全 安全 经费 保障 。",
            vectors=[unit(1), unit(0.6, 0.8), unit(0.8, 0.6)],
            roles=["主体", "保障措施", "保障措施"],
            kind="方案",
        ),
        record(
            "R0002",
            "工作 通知",
            "安全 责任 。",
            "加强 安全 组织 领导 。",
            vectors=[unit(0, 1), unit(1, 0.1)],
            roles=["主体", "保障措施"],
            kind="通知",
        ),
        record("R0003", "情况 说明", "安全 情况 。", vectors=[unit(0.8, 0.6)], roles=[""]),
    )
    reader = read(engine)
    both = Filters(kind=("方案",))

    def nearest(**options: Any) -> list[str]:
        return [hit.passage_id for hit in reader.nearest(unit(1), **options)]

    def by_words(**options: Any) -> list[str]:
        return [hit.passage_id for hit in reader.passages([("安全", 1.0)], **options)]

    assert nearest(roles=["主体"]) == ["R0001-p0", "R0002-p0"]
    assert nearest(roles=["保障措施"]) == ["R0002-p1", "R0001-p2"]
    assert nearest(roles=["保障措施"], per_article=3) == ["R0002-p1", "R0001-p2", "R0001-p1"]
    assert nearest(roles=["保障措施"], articles=1) == ["R0002-p1"]
    assert nearest(roles=["保障措施"], min_score=0.7, per_article=3) == ["R0002-p1", "R0001-p2"]
    assert nearest(roles=["主体"], min_score=0.5) == ["R0001-p0"]
    assert nearest(roles=["保障措施"], filters=both, per_article=3) == ["R0001-p2", "R0001-p1"]
    assert nearest(roles=[""]) == by_words(roles=[""]) == ["R0003-p0"]
    assert nearest(roles=["附件"]) == by_words(roles=["附件"]) == []
    assert sorted(by_words(roles=["保障措施"], per_article=3)) == [
        "R0001-p1",
        "R0001-p2",
        "R0002-p1",
    ]
    assert by_words(roles=["保障措施"], filters=both) == ["R0001-p2"]
    assert by_words(roles=["主体"], articles=1) == ["R0001-p0"]
    either = ["", "主体"]
    assert nearest(roles=either) == ["R0001-p0", "R0003-p0", "R0002-p0"]
    assert sorted(by_words(roles=either)) == ["R0001-p0", "R0002-p0", "R0003-p0"]
    hidden = read(engine, "R0002")
    assert [hit.article_id for hit in hidden.nearest(unit(1), roles=["保障措施"])] == ["R0001"]
    scores = {hit.passage_id: hit.score for hit in reader.passages([("安全", 1.0)], per_article=3)}
    for hit in reader.passages([("安全", 1.0)], per_article=3, roles=["保障措施"]):
        assert hit.score == scores[hit.passage_id]  # of the statistics of all passages


def test_roles_follow_writes(library: Engine) -> None:
    """A passage rewritten with another role is found only under the new role."""
    load(library, record("B1890", "消防 通知", "安全 。", version=2, roles=["附件"]))
    reader = read(library)
    assert [hit.article_id for hit in reader.nearest(unit(1), roles=["附件"])] == ["B1890"]
    assert "B1890" not in {hit.article_id for hit in reader.nearest(unit(1), roles=["主体"])}
    assert [hit.article_id for hit in reader.passages([("安全", 1.0)], roles=["附件"])] == ["B1890"]


# --- frequencies, terms, scans -------------------------------------------------------------------


def test_frequencies_count_articles(library: Engine) -> None:
    """In how many articles a term occurs; hidden, deleted or replaced ones do not count."""
    words = ["安全", "消防", "没有"]
    before = read(library)
    assert before.frequencies(Field.WORDS, words) == {"安全": 2, "消防": 1, "没有": 0}
    assert before.frequencies(Field.TITLE_BIGRAMS, ["通知"]) == {"通知": 1}
    assert before.frequencies(Field.WORDS, []) == {}
    assert read(library, "B1890").frequencies(Field.WORDS, words) == {
        "安全": 1,
        "消防": 0,
        "没有": 0,
    }
    load(library, record("B1890", "通告", "别的 。", version=2))
    assert read(library).frequencies(Field.WORDS, words) == {"安全": 1, "消防": 0, "没有": 0}


def test_stored_fields_are_the_written_terms(library: Engine) -> None:
    """The terms of an article are returned by field."""
    assert dict(read(library).stored_fields("D0001")) == fields_of(SPEECH)
    assert read(library).stored_fields("X9999") == {}


def test_scan_gives_every_article_by_id(engine: Engine) -> None:
    """All live articles, by id ascending, more than one batch of them."""
    load(engine, *(record(f"S{i * 37 % 450:03d}", "通知", "内容 。") for i in range(450)))
    assert [stored.view.id for stored in read(engine).scan()] == [f"S{i:03d}" for i in range(450)]


# --- hidden articles -----------------------------------------------------------------------------


def test_hidden_articles_are_nowhere(library: Engine) -> None:
    """No read of the scope returns or counts a hidden article."""
    reader = read(library, "B1890", "X9999")
    rest = ["A0007", "C2352", "D0001"]
    assert ids(reader, Everything()) == rest
    assert ids(reader, Identifiers(("B1890",))) == []
    assert ids(reader, Not(Identifiers(("B1890",)))) == rest
    assert ids(reader, Exact("b1890")) == []
    assert reader.totals(Everything(), facets=["author"]).facets["author"]["王明"] == 1
    assert sorted(hit.article_id for hit in reader.nearest(unit(1))) == rest
    assert [hit.article_id for hit in reader.nearest(unit(1), articles=1)] == ["A0007"]
    assert [hit.article_id for hit in reader.passages([("学校", 1.0)])] == ["A0007"]
    assert list(reader.fetch(["B1890", "A0007"])) == ["A0007"]
    assert [stored.view.id for stored in reader.scan()] == rest
    assert reader.vectors("B1890") == {}
    assert reader.stored_fields("B1890") == {}
    by_date = reader.keyword(Everything(), sort=Sort.DATE)
    assert [hit.id for hit in by_date] == ["A0007", "C2352", "D0001"]


# --- generations ---------------------------------------------------------------------------------


def test_reading_without_an_index_is_an_error(engine: Engine) -> None:
    """Before the first activation an audience has no index."""
    engine.create(Audience.PUBLIC, MANIFEST)
    with pytest.raises(NoIndex):
        read(engine)


def test_an_empty_generation_answers(engine: Engine) -> None:
    """Every read of an empty index is empty."""
    public(engine)
    reader = read(engine)
    assert reader.totals(Everything(), facets=["kind"]).total == 0
    assert reader.keyword(Everything(), [WeightedTerm(Field.WORDS, "安全")]) == []
    assert reader.keyword(Everything(), sort=Sort.DATE) == []
    assert reader.nearest(unit(1)) == []
    assert reader.passages([("安全", 1.0)]) == []
    assert list(reader.scan()) == []


def test_a_generation_shows_only_when_activated(library: Engine) -> None:
    """A rebuild beside the live index is readable by name, and by the audience once activated."""
    old = public(library)
    new = library.create(Audience.PUBLIC, MANIFEST)
    load(library, FLOOD, generation=new.name)
    assert (library.count(old), library.count(new.name)) == (4, 1)
    assert ids(read(library), Everything()) == EVERY_ID
    checked = library.reader(Scope(Audience.PUBLIC), generation=new.name)
    assert (checked.generation, ids(checked, Everything())) == (new.name, ["C2352"])
    library.activate({Audience.PUBLIC: new.name})
    assert read(library).generation == new.name
    assert ids(read(library), Everything()) == ["C2352"]


def test_rollback_goes_there_and_back(library: Engine) -> None:
    """Rolling back returns to the generation before; twice, to the one after."""
    old = public(library)
    with pytest.raises(NotFound):
        library.rollback()
    new = library.create(Audience.PUBLIC, MANIFEST).name
    library.activate({Audience.PUBLIC: new})
    library.activate({Audience.PUBLIC: new})  # activating the same again keeps the rollback target
    assert library.rollback() == {Audience.PUBLIC: old}
    assert read(library).generation == old
    assert library.rollback() == {Audience.PUBLIC: new}
    assert read(library).generation == new


def test_rollback_takes_all_audiences_back(engine: Engine) -> None:
    """Rollback undoes the last activation, for audiences that it moved and for no others."""
    first = {a: engine.create(a, MANIFEST).name for a in (Audience.PUBLIC, Audience.MEMBER)}
    engine.activate(first)
    second = engine.create(Audience.MEMBER, MANIFEST).name
    engine.activate({Audience.MEMBER: second})
    assert engine.rollback() == first
    assert read(engine, audience=Audience.MEMBER).generation == first[Audience.MEMBER]
    assert read(engine).generation == first[Audience.PUBLIC]


def test_generations_are_listed_oldest_first(engine: Engine) -> None:
    """Each with its audience, its manifest, whom it serves and whether it is a rollback target."""
    made = [engine.create(Audience.PUBLIC, MANIFEST) for _ in range(3)]
    engine.activate({Audience.PUBLIC: made[0].name})
    engine.activate({Audience.PUBLIC: made[2].name, Audience.MEMBER: made[2].name})
    listed = engine.generations()
    assert [generation.name for generation in listed] == [generation.name for generation in made]
    assert [generation.serves for generation in listed] == [
        (),
        (),
        (Audience.PUBLIC, Audience.MEMBER),
    ]
    assert [generation.is_rollback_target for generation in listed] == [True, False, False]
    assert all(generation.manifest == MANIFEST for generation in listed)
    assert all(generation.audience is Audience.PUBLIC for generation in listed)


def test_only_what_nobody_needs_is_dropped(library: Engine) -> None:
    """A generation that serves or is a rollback target cannot be dropped; others can."""
    old = public(library)
    new, spare = (library.create(Audience.PUBLIC, MANIFEST).name for _ in range(2))
    library.activate({Audience.PUBLIC: new})
    for needed in (old, new):
        with pytest.raises(BadInput, match=needed):
            library.drop(needed)
    library.drop(spare)
    assert [generation.name for generation in library.generations()] == [old, new]


def test_unknown_generations_are_not_found(engine: Engine) -> None:
    """Every call with the name of a generation raises an error if there is none of that name."""
    for name in ("public-20260101", "../etc", "", "*"):
        with pytest.raises(NotFound):
            engine.count(name)
        with pytest.raises(NotFound):
            engine.drop(name)
        with pytest.raises(NotFound):
            engine.activate({Audience.PUBLIC: name})
        with pytest.raises(NotFound):
            engine.reader(Scope(Audience.PUBLIC), generation=name)
        with pytest.raises(NotFound), engine.writer(name):
            pass


def test_the_manifest_can_be_replaced(library: Engine) -> None:
    """Floor and count are set after loading; readers opened afterwards see them."""
    assert read(library).manifest == MANIFEST
    final = type(MANIFEST)(**{**MANIFEST.to_dict(), "floor": 0.31, "articles": 4})  # type: ignore[arg-type]
    with library.writer(public(library)) as writer:
        writer.set_manifest(final)
    assert read(library).manifest == final
    assert library.generations()[0].manifest == final


# --- audiences -----------------------------------------------------------------------------------


def test_audiences_are_independent(library: Engine) -> None:
    """Writes for members leave every public result unchanged, scores included."""
    rank = [WeightedTerm(Field.WORDS, "安全"), WeightedTerm(Field.WORDS, "制度")]
    before = read(library)
    hits = before.keyword(Everything(), rank)
    members = library.create(Audience.MEMBER, MANIFEST).name
    library.activate({Audience.MEMBER: members})
    paid = record("M0001", "会员 文章", "安全 安全 制度 全文 。", vectors=[unit(1)])
    load(library, FIRE, paid, generation=members)
    after = read(library)
    assert (after.generation, after.revision) == (before.generation, before.revision)
    assert after.keyword(Everything(), rank) == hits
    assert ids(after, Everything()) == EVERY_ID
    assert ids(read(library, audience=Audience.MEMBER), Everything()) == ["B1890", "M0001"]


def test_one_generation_may_serve_all_audiences(library: Engine) -> None:
    """A source without paid text has one index and several readers of it."""
    name = public(library)
    library.activate({Audience.MEMBER: name, Audience.STAFF: name})
    for audience in Audience:
        assert ids(read(library, audience=audience), Everything()) == EVERY_ID


def test_no_audience_reads_what_is_above_it(engine: Engine) -> None:
    """A generation built for members can neither serve the public nor be opened for it."""
    members = engine.create(Audience.MEMBER, MANIFEST).name
    with pytest.raises(BadInput, match=members):
        engine.activate({Audience.PUBLIC: members})
    with pytest.raises(BadInput, match=members):
        engine.reader(Scope(Audience.PUBLIC), generation=members)


def test_several_generations_are_written_at_once(engine: Engine) -> None:
    """One process writes the views of an article side by side, one generation for each audience."""
    names = [engine.create(a, MANIFEST).name for a in (Audience.PUBLIC, Audience.MEMBER)]
    with engine.writer(names[0]) as guests, engine.writer(names[1]) as members:
        guests.write([SCHOOL])
        members.write([SCHOOL, FIRE])
        guests.write([FLOOD])
    assert [engine.count(name) for name in names] == [2, 2]


def test_servers_describe_themselves(engine: Engine) -> None:
    """None where the engine is in this process; else each with its version, its time and its disk."""
    servers = engine.servers()
    if isinstance(engine, EmbeddedEngine):
        assert servers == []
        return
    (node,) = servers
    assert node.version.startswith("9.")
    assert abs(node.clock - time.time()) < 60
    assert node.free > node.least > 0
    assert 0 < node.heap < 1
