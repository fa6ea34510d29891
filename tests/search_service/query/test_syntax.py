"""The query syntax: what is an operator, what is text, and what the tree matches."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.normalize import normalize
from analyzers.terms import Analyzer
from indexer.build.generations import rebuild
from search_service import relevance
from search_service.answers.search import search
from search_service.engines import Reader
from search_service.intake.cleaning import Cleaning
from search_service.model import (
    AnyOf,
    Audience,
    Everything,
    Exact,
    Filters,
    Identifiers,
    PassesFilters,
)
from search_service.query.matching import literal, relaxed, restricted, strict
from search_service.query.parsed import MetadataCondition, Query
from search_service.query.parsing import parse
from search_service.query.request import Mode, SearchRequest
from search_service.query.scoring import rank
from search_service.query.syntax import FIELDS, AndNode, NotNode, OrNode, Piece, parse_syntax
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import write_source

ANALYZER = Analyzer()
SYNTAX = [
    "(",
    ")",
    "（",
    "）",
    "-",
    "－",
    "OR",
    "ＯＲ",
    "|",
    "｜",
    " ",
    "　",
    "“",
    "”",
    '"',
    "：",
    ":",
    "，",
]
NAMES = [*FIELDS, "ｔｉｔｌｅ", "網址"]
WORDS = ["小区", "物业", "停车", "收费"]


def parsed(text: str) -> Query:
    """A parsed query."""
    return parse(text, ANALYZER)


def texts(query: Query) -> list[str]:
    """The texts of the wanted chunks."""
    return [chunk.text for chunk in query.included]


@given(
    st.lists(
        st.one_of(
            st.sampled_from([*SYNTAX, *NAMES, *WORDS, "2024年3月", "国办发〔2024〕5号", "人社局"]),
            st.text(max_size=6),
        ),
        max_size=30,
    ).map(lambda pieces: "".join(pieces)[: relevance.MAX_QUERY])
)
def test_no_syntax_raises(text: str) -> None:
    """Any mixture of operators parses, and yields clauses and ranking terms."""
    query = parsed(text)
    strict(query)
    rank(query)
    relaxed(query, {}, 10)
    restricted(query, Everything())


@pytest.mark.parametrize("depth", [1, 50, 99, 199])
def test_any_nesting_depth_parses(depth: int) -> None:
    """As many parentheses as fit into a query are parsed."""
    strict(parsed("(" * depth))
    strict(parsed("(" * (depth // 2) + "小" + ")" * (depth // 2)))
    strict(parsed("-(" * (depth // 3) + "小" + ")" * (depth // 3)))


@pytest.mark.parametrize(
    ("title", "chunks"),
    [
        ("关于“三无小区”的通知（试行）", ["关于", "三无小区", "的通知(试行)"]),
        ("2024年：工作要点", ["2024年:工作要点"]),
        ("A-B 10-05", ["a-b", "10-05"]),
        ("C2352 在全县会议上的讲话 10-05", ["c2352", "在全县会议上的讲话", "10-05"]),
        ("（一）加强领导", ["(一)加强领导"]),
        ("管理办法 （试行）", ["管理办法", "试行"]),
        ("关于印发管理办法（试", ["关于印发管理办法(试"]),
        ("缘起：一次调研", ["缘起:一次调研"]),
        ("https://example.org/a|b 通知", ["https://example.org/a|b", "通知"]),
        ("求真务实 －－在全县会议上", ["求真务实", "--在全县会议上"]),
        ("通知 - 某市政府", ["通知", "某市政府"]),
        ("black or white", ["black", "or", "white"]),
    ],
)
def test_pasted_titles_are_text(title: str, chunks: list[str]) -> None:
    """Brackets, colons, hyphens and quotes of titles are no operators, and nothing is excluded."""
    query = parsed(title)
    assert texts(query) == chunks
    assert query.excluded == ()
    assert not query.has_or
    assert not any(chunk.required or chunk.title_only for chunk in query.chunks)


@pytest.mark.parametrize(
    ("typed", "tree"),
    [
        ("小区 OR 物业", OrNode(("小区", "物业"))),
        ("小区　ＯＲ　物业", OrNode(("小区", "物业"))),
        ("小区 ｜ 物业", OrNode(("小区", "物业"))),
        (
            "停车 ｜（小区 OR 物业） 收费",
            OrNode(("停车", AndNode((OrNode(("小区", "物业")), "收费")))),
        ),
        (
            "停车 OR（小区 ｜ 物业） 收费",
            OrNode(("停车", AndNode((OrNode(("小区", "物业")), "收费")))),
        ),
        ("“管理（试行” （小区 OR 物业）", AndNode(("管理(试行", OrNode(("小区", "物业"))))),
        ("（小区 物业）停车 收费", AndNode(("小区", "物业", "停车", "收费"))),
        ("小区 停车 OR 物业", OrNode((AndNode(("小区", "停车")), "物业"))),
        ("（小区 OR 物业） 停车", AndNode((OrNode(("小区", "物业")), "停车"))),
        ("小区 －（停车 OR 物业）", AndNode(("小区", NotNode(OrNode(("停车", "物业")))))),
        ("小区 -“停车 收费”", AndNode(("小区", NotNode("停车 收费")))),
        ("(小区 (物业 停车))", AndNode(("小区", "物业", "停车"))),
        ("小区 AND 物业", AndNode(("小区", "物业"))),
        ("小区 ＡＮＤ NOT 物业", AndNode(("小区", NotNode("物业")))),
        ("小区 NOT (物业 OR 停车)", AndNode(("小区", NotNode(OrNode(("物业", "停车")))))),
        ("NOT 物业 小区", AndNode((NotNode("物业"), "小区"))),
        ("小区 OR NOT 物业", OrNode(("小区", NotNode("物业")))),
        ("小区 NOT", "小区"),
    ],
)
def test_or_binds_less_than_a_space(typed: str, tree: object) -> None:
    """OR, groups and exclusion, in either width, give the expected tree."""

    def plain(node: object) -> object:
        match node:
            case AndNode(parts) | OrNode(parts):
                return type(node)(tuple(map(plain, parts)))
            case NotNode(part):
                return NotNode(plain(part))
            case _:
                return node.text  # type: ignore[attr-defined]  # a chunk

    found = parsed(typed).tree
    assert plain(found if len(found.parts) > 1 else found.parts[0]) == tree


@pytest.mark.parametrize(
    ("typed", "as_signs", "word"),
    [
        ("小区 and 物业", "小区 AND 物业", "and"),
        ("小区 Or 物业", "小区 OR 物业", "Or"),
        ("小区 not 物业 停车", "小区 NOT 物业 停车", "not"),
        ("小区 与 物业", "小区 AND 物业", "与"),
        ("小区　并且　物业", "小区 AND 物业", "并且"),
        ("“小区” 或 （物业 停车）", "“小区” OR （物业 停车）", "或"),
        ("小区 或者 物业", "小区 OR 物业", "或者"),
        ("小区 不含 物业", "小区 NOT 物业", "不含"),
        ("小区 不包括 -物业", "小区 NOT -物业", "不包括"),
    ],
)
def test_operators_in_words_are_read_as_signs_and_said(
    typed: str, as_signs: str, word: str
) -> None:
    """Between spaces, with a word on both sides; a hint says how each was read."""
    query = parsed(typed)
    assert query.tree == parsed(as_signs).tree
    assert [word in hint.chinese for hint in query.hints] == [True]
    assert parsed(as_signs).hints == ()


@pytest.mark.parametrize(
    "typed",
    [
        "black or white",
        "R and D",
        "and 小区",
        "小区 或",
        "不含 小区",
        "小区或物业",
        "“小区 或 物业”",
        "C++ 与C#",
        "同比 -4.6%",
        "-4.6%",
        "气温 -12℃",
    ],
)
def test_words_and_signs_that_are_no_operators(typed: str) -> None:
    """Without a word on both sides, inside words and quotes; a minus before a digit is its sign."""
    query = parsed(typed)
    assert not query.has_or
    assert query.excluded == ()
    assert query.hints == ()
    assert "".join(texts(query)).replace(" ", "") == normalize(re.sub("[ “”]", "", typed))


@pytest.mark.parametrize(
    ("typed", "filters"),
    [
        ("author:张三", Filters(author=("张三",))),
        ("作者：張三", Filters(author=("張三",))),
        ("机关：“市 财政局”", Filters(issuer=("市 财政局",))),
        ("ＩＳＳＵＥＲ：ABC", Filters(issuer=("ABC",))),
        ("分类：党建/调研", Filters(category=("党建/调研",))),
        ("文种:通知", Filters(kind=("通知",))),
        ("起：2024", Filters(date_from="2024")),
        ("after:2024-03", Filters(date_from="2024-03")),
        ("before: 2024年3月", Filters(date_to="2024-03")),
        ("止：２０２４０３０５", Filters(date_to="2024-03-05")),
        ("after:二〇二四年三月五日", Filters(date_from="2024-03-05")),
    ],
)
def test_fields_are_filters(typed: str, filters: Filters) -> None:
    """A field is a filter of the same name, with the value as typed."""
    query = parsed(f"{typed} 小区")
    assert query.tree.parts[0] == MetadataCondition(PassesFilters(filters))
    assert texts(query) == ["小区"]
    assert query.merge_filters(Filters()) == filters
    assert query.hints == ()
    assert query.key == "小区"


@pytest.mark.parametrize(
    "bracket", ["〔{}〕", "[{}]", "【{}】", "（{}）", "({})", "{{{}}}", "{}年", "{}-"]
)
def test_a_number_field_matches_the_document_number_in_any_brackets(bracket: str) -> None:
    """文号: matches the exact key of the 文号, in any brackets, with or without 号."""
    number = f"国办发{bracket.format('2024')}5号"
    for typed in (f"文号：{number}", f"number:{number}", f"发文字号:{number[:-1]}"):
        (condition,) = parsed(typed).tree.parts
        assert isinstance(condition, MetadataCondition)
        assert isinstance(condition.clause, AnyOf)
        assert condition.clause.clauses[0] == Exact("国办发[2024]5号")
        assert Exact("wh:国办发[2024]5") in condition.clause.clauses


def test_a_title_field_applies_to_its_own_chunk() -> None:
    """title: applies to its own chunk or group, which is left out of the semantic text."""
    query = parsed("标题：（小区 OR 物业） 停车")
    assert [chunk.title_only for chunk in query.chunks] == [True, True, False]
    assert query.semantic_texts[0] == "停车"


@pytest.mark.parametrize(
    ("typed", "chunks", "named"),
    [
        ("(小区 OR 物业", ["小区", "物业"], "括号"),
        ("“三无小区 治理", ["三无小区", "治理"], "引号"),
        ("小区 OR", ["小区"], "OR"),
        ("OR", ["or"], "OR"),
        ("标题：", ["标题"], "标题"),
        ("after:明年 小区", ["明年", "小区"], "明年"),
        ("起：2024-02-31 小区", ["2024-02-31", "小区"], "2024-02-31"),
        ("文号:国办发", ["国办发"], "国办发"),
        ("小区|物业", ["小区|物业"], "|"),
    ],
)
def test_invalid_syntax_is_searched_as_words_with_a_hint(
    typed: str, chunks: list[str], named: str
) -> None:
    """Invalid syntax is searched as words; the hint names it in both languages."""
    query = parsed(typed)
    assert texts(query) == chunks
    (hint,) = query.hints
    assert named in hint.chinese
    assert hint.english.isascii() or named in hint.english


def test_a_piece_keeps_the_text_as_typed() -> None:
    """A piece has its normal form and the form as typed."""
    (piece,) = parse_syntax("作者：張Ｓａｎ").tree.parts
    assert piece == Piece("张san", "張Ｓａｎ", field="author")


# --- over a real index -----------------------------------------------------------------------------

ARTICLES = 60


def article(number: int, source: random.Random) -> dict[str, str]:
    """An article of some of the words."""
    title, body = (source.sample(WORDS, source.randint(0, 3)) for _ in range(2))
    return {
        "id": f"N{number:02}",
        "title": "。".join(["标记", *title]),
        "body": "。".join(["正文", *body]),
        "author": source.choice(["张三", "李四"]),
        "category": source.choice(["党建", "党建/调研", "经济"]),
        "date": source.choice(["2023-05-01", "2024-03-05", "2024-12-31"]),
        "document_number": f"某办发〔2024〕{number}号",
    }


Records = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SearchService, Records]]:
    """A service over articles of few words, and the articles."""
    folder: Path = tmp_path_factory.mktemp("grammar")
    source = random.Random(20241122)
    records = [article(number, source) for number in range(ARTICLES)]
    path = write_source(folder / "articles.jsonl", records)
    service = open_service(read_settings(engine=f"embedded:{folder / 'data'}", model="none"))
    assert not rebuild(service, [path], cleaning=Cleaning.parse("none")).faults
    yield service, {record["id"]: record for record in records}
    service.close()


# (article, whether only titles are searched) -> whether it is found.
Matches = Callable[[dict[str, str], bool], bool]


@dataclass(frozen=True)
class Case:
    """A query and the articles that it matches.

    ``required``: what every result must match, even a semantic or relaxed one. ``typed``: the articles
    that contain all its chunks as typed.
    """

    text: str
    matches: Matches
    required: Matches
    typed: Matches


def _every(_article: dict[str, str], _title_only: bool) -> bool:  # noqa: FBT001  (a callback)
    return True


def _word(word: str, form: str) -> Case:
    def contains(one: dict[str, str], title_only: bool) -> bool:  # noqa: FBT001  (a callback)
        in_title_only = title_only or ":" in form
        return word in one["title"] or (not in_title_only and word in one["body"])

    required = contains if form != "{}" else _every
    return Case(form.format(word), contains, required, contains)


def _field(text: str, matches: Callable[[dict[str, str]], bool]) -> Case:
    return Case(text, lambda one, _: matches(one), lambda one, _: matches(one), _every)


LEAVES: st.SearchStrategy[Case] = st.one_of(
    st.builds(_word, st.sampled_from(WORDS), st.sampled_from(["{}", "“{}”", "title:{}"])),
    st.sampled_from(["张三", "李四"]).map(
        lambda n: _field(f"作者：{n}", lambda one: one["author"] == n)
    ),
    st.sampled_from(["党建", "经济"]).map(
        lambda n: _field(f"category:{n}", lambda one: one["category"].split("/")[0] == n)
    ),
    st.sampled_from(["2023", "2024-03", "2024年12月"]).map(
        lambda n: _field(
            f"after:{n}", lambda one: one["date"] >= n.replace("年", "-").removesuffix("月")
        )
    ),
    st.integers(0, ARTICLES - 1).map(
        lambda n: _field(f"文号：某办发（2024）{n}号", lambda one: one["id"] == f"N{n:02}")
    ),
)


def _joined(text: str, parts: list[Case], decide: Callable[[Iterator[bool]], bool]) -> Case:
    """A case of several parts: ``all`` or ``any`` of them."""

    def of(name: str) -> Matches:
        return lambda one, title_only: decide(
            getattr(part, name)(one, title_only) for part in parts
        )

    return Case(text, of("matches"), of("required"), of("typed"))


def _all(parts: list[Case]) -> Case:
    return _joined(f"({' '.join(part.text for part in parts)})", parts, all)


def _any(parts: list[Case]) -> Case:
    return _joined(f"（{' ＯＲ '.join(part.text for part in parts)}）", parts, any)


def _not(part: Case) -> Case:
    def excludes(one: dict[str, str], title_only: bool) -> bool:  # noqa: FBT001  (a callback)
        return not part.matches(one, title_only)

    return Case(f"-{part.text}", excludes, excludes, _every)


QUERIES: st.SearchStrategy[Case] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(_all),
        st.lists(inner, min_size=2, max_size=3).map(_any),
        inner.map(_not),
    ),
    max_leaves=6,
).filter(lambda query: len(query.text) <= relevance.MAX_QUERY and "--" not in query.text)


@given(QUERIES, st.booleans())
def test_a_query_matches_as_its_operators_say(
    library: tuple[SearchService, Records],
    query: Case,
    title_only: bool,  # noqa: FBT001  (drawn by Hypothesis)
) -> None:
    """Any tree of words, fields, groups, OR and exclusion matches the articles that a scan finds."""
    service, records = library
    reader: Reader = service.reader(Audience.PUBLIC)
    found = parse(query.text, ANALYZER, title_only=title_only)
    assert found.hints == ()
    for clause, matches in (
        (strict(found), query.matches),
        (restricted(found, Identifiers(tuple(records))), query.required),
        (literal(found), query.typed),
    ):
        ids = {hit.id for hit in reader.keyword(clause, limit=ARTICLES)}
        assert ids == {key for key, record in records.items() if matches(record, title_only)}


@pytest.mark.parametrize("mode", [Mode.KEYWORD, Mode.HYBRID])
def test_fields_and_filters_both_apply(library: tuple[SearchService, Records], mode: Mode) -> None:
    """Fields narrow the filters; if they contradict each other, nothing matches."""
    service, records = library

    def found(text: str, filters: Filters) -> set[str]:
        request = SearchRequest(text=text, mode=mode, filters=filters, size=100)
        page = search(service, request, Audience.PUBLIC)
        assert page.total == len(page.results)
        return {result.stored.view.id for result in page.results}

    both = found("作者：张三", Filters(category=("党建",)))
    assert both == {
        key
        for key, one in records.items()
        if one["author"] == "张三" and one["category"].startswith("党建")
    }
    assert found("作者：张三", Filters(author=("李四",))) == set()
    assert found("after:2024 before:2023", Filters()) == set()
    assert found("小区 after:2025", Filters()) == set()


def test_relaxed_matches_keep_fields(library: tuple[SearchService, Records]) -> None:
    """If no article contains all words, relaxed matches still satisfy fields and exclusions."""
    service, records = library
    request = SearchRequest(
        text="小区 物业 停车 收费 饕餮 作者：张三 -分类：经济", mode=Mode.KEYWORD, size=100
    )
    page = search(service, request, Audience.PUBLIC)
    assert page.relaxed
    found = [records[result.stored.view.id] for result in page.results]
    assert found
    assert {(one["author"], one["category"] == "经济") for one in found} == {("张三", False)}


def test_a_query_of_fields_only_is_sorted_by_date(library: tuple[SearchService, Records]) -> None:
    """Without ranking terms, results are sorted by date, newest first."""
    service, records = library
    page = search(service, SearchRequest(text="作者：张三", size=100), Audience.PUBLIC)
    dates = [records[result.stored.view.id]["date"] for result in page.results]
    assert dates == sorted(dates, reverse=True)
    assert len(set(dates)) > 1
