"""Synonyms and references in a search: found, marked, told, and below the exact word."""

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


def ask(service: SearchService, text: str) -> Page:
    """The answer to a query, by keyword, with reasons."""
    request = SearchRequest(text=text, mode=Mode.KEYWORD, explain=True)
    return search(service, request, Audience.PUBLIC)


def ids(page: Page) -> list[str]:
    """The ids of a page, in order."""
    return [result.stored.view.id for result in page.results]


def test_a_synonym_is_found_below_the_word(service: SearchService) -> None:
    """人社局 finds the full name, below 人社局 in the same place, and none of its parts alone."""
    found = ids(ask(service, "人社局就业"))
    assert set(found) == {"short", "title", "long"}
    assert found.index("short") < found.index("long")
    assert not ask(service, "人社局就业").relaxed


def test_the_full_name_finds_the_abbreviation(service: SearchService) -> None:
    """Equivalents go both ways."""
    found = ids(ask(service, f"{LONG} 就业"))
    assert set(found) == {"short", "long", "title"}
    assert found[-1] == "short"


def test_a_synonym_is_marked_and_told(service: SearchService) -> None:
    """Marks and reasons name the synonym that stands in the text."""
    page = ask(service, "放管服")
    (result,) = page.results
    (shown,) = result.passages
    start, end = shown.snippet.marks[0]
    assert shown.snippet.text[start:end].startswith("简政放权")
    assert result.explanation is not None
    assert not result.explanation.literal


def test_the_reason_names_the_synonym(service: SearchService) -> None:
    """Explain lists the synonyms that stand in the article."""
    reasons = {
        result.stored.view.id: result.explanation for result in ask(service, "人社局就业").results
    }
    told = {key: why.synonyms for key, why in reasons.items() if why is not None}
    assert told == {"short": (), "title": (LONG,), "long": (LONG,)}


@pytest.mark.parametrize("text", ["“人社局”", "就业 -放管服 人社局"])
def test_quotes_and_exclusions_take_no_synonym(service: SearchService, text: str) -> None:
    """Quoted chunks ask for the letters; excluded ones exclude what they say."""
    found = ids(ask(service, text))
    assert found[0] == "short"
    assert ("long" in found) == ("“" not in text)
    assert "three" in ids(ask(service, "改革 -放管服"))


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
def test_a_number_is_found_first_in_any_form(service: SearchService, typed: str) -> None:
    """Bracket, width, spaces, or no bracket at all: its article stands first."""
    assert ids(ask(service, typed))[0] == "number"


@pytest.mark.parametrize("typed", ["B1890", "b1890", "Ｂ１８９０", "ｂ1890"])
def test_a_code_is_found_in_any_case(service: SearchService, typed: str) -> None:
    """Case and width of a code do not matter."""
    assert ids(ask(service, typed)) == ["coded"]


def test_hints_are_notices(service: SearchService) -> None:
    """What was not understood is said with the results."""
    page = ask(service, "(就业 OR 改革")
    assert set(ids(page)) >= {"short", "long", "title", "three"}
    assert any("括号" in notice or "parenthesis" in notice for notice in page.notices())
