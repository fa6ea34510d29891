"""Clauses and ranking terms of a query."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzers.terms import Analyzer
from indexer.build.generations import rebuild
from search_service import relevance
from search_service.answers.search import search
from search_service.model import AtLeast, Audience, Bonus, Clause, Field, WeightedTerm
from search_service.query.gibberish import is_gibberish
from search_service.query.matching import relaxed
from search_service.query.parsing import parse
from search_service.query.request import Mode, SearchRequest
from search_service.query.scoring import rank
from search_service.query.syntax import MAX_NESTING
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, write_source

ANALYZER = Analyzer()
# Each is one word to the segmenter, also beside the others.
WORDS = [
    "小区",
    "物业",
    "停车",
    "收费",
    "绿化",
    "维修",
    "电梯",
    "保安",
    "供暖",
    "装修",
    "噪声",
    "宠物",
]


def at_least(text: str, frequencies: dict[str, int], *, lenient: bool = False) -> AtLeast:
    """The relaxed clause of a query over 1,000 articles."""
    clause = relaxed(parse(text, ANALYZER), frequencies, 1000, lenient=lenient)
    assert isinstance(clause, AtLeast)
    return clause


@pytest.mark.parametrize(
    ("count", "separator", "lenient", "needed"),
    [
        (2, " ", False, 2),
        (3, " ", False, 2),
        (6, " ", False, 2),
        (8, " ", False, 2),
        (12, " ", False, 3),
        (12, "", False, 2),
        (4, "", False, 2),
        (12, "", True, 1),
        (12, " ", True, 1),
    ],
)
def test_a_relaxed_match_needs_some_of_equally_rare_words(
    count: int,
    separator: str,
    lenient: bool,  # noqa: FBT001  (a parameter of the test)
    needed: int,
) -> None:
    """Two words or a quarter of the keywords, two of a question, one if that is lenient."""
    words = WORDS[:count]
    clause = at_least(separator.join(words), dict.fromkeys(words, 5), lenient=lenient)
    weights = [weight for _, weight in clause.weighted]
    assert len(weights) == count
    assert len(set(weights)) == 1
    assert math.ceil(clause.minimum / weights[0]) == needed


def test_a_rare_and_a_common_word_of_a_question_are_enough() -> None:
    """However rare, one word of a question is not enough; any second word is."""
    clause = at_least("".join(WORDS[:6]), {**dict.fromkeys(WORDS, 1000), "电梯": 1, "维修": 1})
    weights = sorted(weight for _, weight in clause.weighted)
    assert weights[-1] < clause.minimum <= weights[-1] + weights[0]


def test_rarer_words_weigh_more() -> None:
    """The weight falls with the frequency; an unknown word weighs most."""
    frequencies = {"小区": 900, "物业": 300, "停车": 30, "收费": 1}
    clause = at_least("小区 物业 停车 收费 饕餮", frequencies)
    weights = [weight for _, weight in clause.weighted]
    assert weights == sorted(weights)
    assert weights[0] >= 1
    assert weights[-2] < weights[-1] == relevance.IDF_STEPS


def test_an_everyday_word_weighs_as_much_as_its_official_ones() -> None:
    """No text has 跑腿, but many 办理: this is no rare word."""
    common = at_least("殡葬 跑腿 网格化", {"殡葬": 3, "网格化": 3, "办理": 900})
    assert [weight for _, weight in common.weighted] == [8, 1, 8]
    rare = at_least("殡葬 跑腿 网格化", {"殡葬": 3, "网格化": 3})
    assert [weight for _, weight in rare.weighted][1] == 8


@pytest.mark.parametrize(
    ("text", "gibberish"),
    [
        ("摞拧 狗 猪", False),
        ("摞拧 鳟鲲 饕餮", True),
        ("摞拧 鳟鲲 小区", True),
        ("摞拧 小区 物业", False),
        ("税，费，款", True),
        ("鳟鲲 饕餮", False),
        ("怎么摞拧 鳟鲲 饕餮", False),
    ],
)
def test_most_words_of_gibberish_are_unknown_or_single(text: str, *, gibberish: bool) -> None:
    """Not if there are fewer than three words, nor if somebody asks."""
    frequencies = {"小区": 3, "物业": 3, "税": 3, "费": 3, "款": 3}
    assert is_gibberish(parse(text, ANALYZER), frequencies) is gibberish


def bonuses(text: str) -> dict[Clause, float]:
    """The bonuses of a query's ranking."""
    return {one.clause: one.weight for one in rank(parse(text, ANALYZER)) if isinstance(one, Bonus)}


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("小区停车收费怎么办", {relevance.LITERAL}),
        ("小区 停车", {relevance.LITERAL}),
        ("小区停车收费怎么办，物业不管", {relevance.LITERAL_CLAUSE}),
        ("小区停车收费怎么办，“物业不管”", {relevance.LITERAL_CLAUSE, relevance.LITERAL}),
    ],
)
def test_a_clause_of_a_question_has_a_smaller_literal_bonus(text: str, weights: set[float]) -> None:
    """The clauses of a question are no terms, unless they are quoted."""
    synonyms = {relevance.SYNONYM_TITLE, relevance.SYNONYM_TEXT}
    assert set(bonuses(text).values()) - synonyms == weights | {relevance.LITERAL_TITLE}


@pytest.mark.parametrize(
    ("text", "title_only", "ranked"),
    [
        ("物业 停车", False, {"物业", "停车"}),
        ("title:物业 停车", False, {"停车"}),
        ("物业 停车", True, set()),
        ("title:物业 停车", True, set()),
    ],
)
def test_words_searched_in_titles_rank_by_titles_only(
    text: str,
    title_only: bool,  # noqa: FBT001  (a parameter of the test)
    ranked: set[str],
) -> None:
    """Every word ranks by its occurrences in titles; by those in texts only if it may occur there."""
    terms = rank(parse(text, ANALYZER, title_only=title_only))
    by_field: dict[Field, set[str]] = {field: set() for field in Field}
    for term in terms:
        if isinstance(term, WeightedTerm):
            by_field[term.field].add(term.value)
    assert by_field[Field.WORDS] == by_field[Field.BIGRAMS] == ranked
    assert by_field[Field.CHARACTERS] == set("".join(ranked))
    assert by_field[Field.TITLE_WORDS] == by_field[Field.TITLE_BIGRAMS] == {"物业", "停车"}


@pytest.mark.parametrize("depth", [1, MAX_NESTING, MAX_NESTING + 1, 2 * MAX_NESTING])
def test_groups_nested_too_deep_are_text_with_a_hint(depth: int) -> None:
    """Up to the limit groups are operators; deeper ones are read as text, and the query says so."""
    query = parse("(小区 OR " * depth + "物业" + ")" * depth, ANALYZER)
    assert bool(query.hints) == (depth > MAX_NESTING)
    assert all(str(MAX_NESTING) in text for hint in query.hints for text in hint)
    assert {chunk.words for chunk in query.included} == {("小区",), ("物业",)}


# --- over a real index -----------------------------------------------------------------------------

# The segmenter does not know 六稳六保, and no text contains it.
TERM = "六稳六保"
ARTICLES = {
    "body": ("经济工作要点", "做好“六稳”工作，落实“六保”任务。"),
    "title": ("“六稳”“六保”任务分解", "现予印发。"),
    "both": ("住房工作要点", "“六稳”“六保”与物业服务。"),
    "half": ("稳就业通报", "做好“六稳”工作。"),
    "other": ("物业通报", "物业收费。"),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """A service over the articles, without a model."""
    folder: Path = tmp_path_factory.mktemp("matching")
    records = [{"id": id, "title": title, "body": body} for id, (title, body) in ARTICLES.items()]
    service = open_service(read_settings(engine=f"embedded:{folder / 'index'}", model="none"))
    source = write_source(folder / "articles.jsonl", records)
    assert not rebuild(service, [source], cleaning=ALL_CLEANING).faults
    yield service
    service.close()


@pytest.mark.parametrize(
    ("text", "title_only", "expected"),
    [
        (TERM, False, {"body", "title", "both"}),
        (TERM, True, {"title"}),
        (f"title:{TERM}", False, set()),
        (f"“{TERM}”", False, set()),
        (f"{TERM} 物业", False, {"both"}),
        (f"{TERM} -物业", False, {"body", "title"}),
        (f"{TERM} OR 饕餮", False, set()),
        (f"{TERM} 饕餮", False, set()),
    ],
)
def test_a_term_that_no_text_contains_matches_by_its_bigrams(
    service: SearchService,
    text: str,
    title_only: bool,  # noqa: FBT001  (a parameter of the test)
    expected: set[str],
) -> None:
    """All its bigrams that occur must be there, and all other chunks; quotes and titles are literal."""
    request = SearchRequest(text=text, mode=Mode.KEYWORD, title_only=title_only)
    page = search(service, request, Audience.PUBLIC)
    assert {result.stored.view.id for result in page.results} == expected
    assert page.relaxed is bool(expected)
