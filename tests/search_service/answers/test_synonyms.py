"""Synonyms and references: they match, are marked and explained, and rank below the exact word."""

from collections.abc import Iterator

import pytest

from indexer.build.generations import rebuild
from search_service.answers.page import Page
from search_service.answers.search import search
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import write_source

LONG = "人力资源和社会保障局"
ARTICLES = [
    {"id": "short", "title": "工作通报", "body": "今年以来，县人社局开展就业服务。"},
    {"id": "long", "title": "工作通报", "body": f"今年以来，县{LONG}开展就业服务。"},
    {"id": "title", "title": f"{LONG}工作总结", "body": "今年以来，开展就业服务。"},
    {"id": "apart", "title": "情况", "body": "人力资源丰富，社会保障到位，邮局迁址。"},
    {"id": "three", "title": "改革总结", "body": "推进简政放权、放管结合，优化服务，取得成效。"},
    {"id": "number", "title": "通知", "body": "现予印发。", "document_number": "某办发〔2024〕5号"},
    {"id": "other", "title": "通知", "body": "现予印发。", "document_number": "某办发〔2024〕6号"},
    {"id": "typed", "title": "通告", "body": "房东不得随意加价。"},
    {"id": "official", "title": "通告", "body": "出租人应当登记。犬只应当登记。"},
    {"id": "coded", "title": "讲话", "body": "同志们。", "code": "B1890"},
]  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """A service over the articles."""
    folder = tmp_path_factory.mktemp("alike")
    path = write_source(folder / "articles.jsonl", ARTICLES)
    service = open_service(read_settings(engine=f"embedded:{folder / 'data'}", model="none"))
    assert not rebuild(service, [path], cleaning=Cleaning.parse("none")).faults
    yield service
    service.close()


def keyword_search(service: SearchService, text: str) -> Page:
    """The page of a keyword search, with explanations."""
    request = SearchRequest(text=text, mode=Mode.KEYWORD, explain=True)
    return search(service, request, Audience.PUBLIC)


def ids(page: Page) -> list[str]:
    """The ids of a page, in order."""
    return [result.stored.view.id for result in page.results]


def test_a_synonym_ranks_below_the_word(service: SearchService) -> None:
    """人社局 matches the full name, below 人社局 in the same field, but not parts of the name."""
    found = ids(keyword_search(service, "人社局就业"))
    assert set(found) == {"short", "title", "long"}
    assert found.index("short") < found.index("long")
    assert not keyword_search(service, "人社局就业").relaxed


def test_the_full_name_matches_the_abbreviation(service: SearchService) -> None:
    """Synonyms are symmetric."""
    found = ids(keyword_search(service, f"{LONG} 就业"))
    assert set(found) == {"short", "long", "title"}
    assert found[-1] == "short"


def test_a_synonym_is_marked(service: SearchService) -> None:
    """The snippet marks the synonym that the text contains."""
    page = keyword_search(service, "放管服")
    (result,) = page.results
    (shown,) = result.passages
    start, end = shown.snippet.marks[0]
    assert shown.snippet.text[start:end].startswith("简政放权")
    assert result.explanation is not None
    assert not result.explanation.literal


def test_the_explanation_names_the_synonym(service: SearchService) -> None:
    """The explanation lists the synonyms that the article contains."""
    explanations = {
        result.stored.view.id: result.explanation
        for result in keyword_search(service, "人社局就业").results
    }
    synonyms = {key: why.synonyms for key, why in explanations.items() if why is not None}
    assert synonyms == {"short": (), "title": (LONG,), "long": (LONG,)}


@pytest.mark.parametrize("text", ["“人社局”", "就业 -放管服 人社局"])
def test_quotes_and_exclusions_use_no_synonyms(service: SearchService, text: str) -> None:
    """Quoted and excluded chunks match literally."""
    found = ids(keyword_search(service, text))
    assert found[0] == "short"
    assert ("long" in found) == ("“" not in text)
    assert "three" in ids(keyword_search(service, "改革 -放管服"))


@pytest.mark.parametrize(
    "typed",
    [
        "某办发〔2024〕5号",
        "某办发[2024]5号",
        "某办发【2024】5号",
        "某办发（2024）5号",
        "某办发(2024)５号",
        "某办发{2024}5号",
        "某办发《2024》第5号",
        "某办发 〔2024〕 5 号",
        "某办发2024年5号",
        "文号：某办发〔2024〕5号",
        "number:某办发2024-5",
    ],
)
def test_a_document_number_matches_in_any_form(service: SearchService, typed: str) -> None:
    """Any brackets, width and spaces, or no brackets: its article ranks first."""
    assert ids(keyword_search(service, typed))[0] == "number"


@pytest.mark.parametrize("typed", ["B1890", "b1890", "Ｂ１８９０", "ｂ1890"])
def test_a_code_matches_in_any_case(service: SearchService, typed: str) -> None:
    """Case and width of a code are ignored."""
    assert ids(keyword_search(service, typed)) == ["coded"]


def test_hints_are_notices(service: SearchService) -> None:
    """Hints are shown as notices with the results."""
    page = keyword_search(service, "(就业 OR 改革")
    assert set(ids(page)) >= {"short", "long", "title", "three"}
    assert any("括号" in notice or "parenthesis" in notice for notice in page.notices())


def test_a_code_is_not_in_the_title(service: SearchService) -> None:
    """``title:`` searches the text of titles, which does not contain the code."""
    assert ids(keyword_search(service, "title:讲话")) == ["coded"]
    assert ids(keyword_search(service, "title:B1890")) == []


def test_everyday_words_find_official_ones_and_rank_below_the_exact_word(
    service: SearchService,
) -> None:
    """房东 finds the text about 出租人, too, and who knows that word is not given the other."""
    page = keyword_search(service, "房东")
    assert ids(page) == ["typed", "official"]
    assert page.results[1].explanation
    assert page.results[1].explanation.synonyms == ("出租人",)
    assert ids(keyword_search(service, "出租人")) == ["official"]


def test_everyday_words_of_one_character_have_official_ones(service: SearchService) -> None:
    """狗 finds the text about 犬只."""
    assert ids(keyword_search(service, "狗")) == ["official"]
