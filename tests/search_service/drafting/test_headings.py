"""Search in headings alone: what is found, in which form, and of how many documents."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.build import generations
from search_service.drafting.headings import Pattern, headings
from search_service.model import Audience, Filters
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, write_source

ARTICLES = [
    {
        "id": "1",
        "title": "防汛方案",
        "kind": "方案",
        "body": "一、组织领导\n各村成立防汛小组，落实责任。\n二、压实责任\n（一）强化责任落实。逐级签字。\n"
        "三、谋发展大局之本，聚改革创新之力\n大家都要参与。\n组织领导是关键。",
    },
    {
        "id": "2",
        "title": "防火方案",
        "kind": "方案",
        "body": "一、组织领导：\n各村成立防火小组。\n二、统筹兼顾、突出重点\n把重点放在山林，责任落实到人。",
    },
    {
        "id": "3",
        "title": "防汛通知",
        "kind": "通知",
        "body": "各村：\n防汛的组织领导由镇政府负责。\n一、强化“责任”落实\n逐户走访。\n"
        "二、提高站位，狠抓落实\n按时完成。",
    },
    {
        "id": "4",
        "title": "内部方案",
        "kind": "方案",
        "audience": "staff",
        "body": "一、组织领导\n内部的安排。\n二、密码管理\n专人负责。",
    },
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """A service over the articles, without a model."""
    folder = tmp_path_factory.mktemp("headings")
    state = f"sqlite:///{folder}/state.sqlite3"
    opened = open_service(
        read_settings(engine=f"embedded:{folder}/index", state=state, model="none")
    )
    source = write_source(folder / "articles.jsonl", ARTICLES)
    generations.rebuild(opened, [source], cleaning=ALL_CLEANING)
    yield opened
    opened.close()


def found(service: SearchService, text: str, **options: object) -> list[tuple[str, int, int]]:
    """Text, level and count of each heading for guests."""
    page = headings(service, text, Audience.PUBLIC, **options)  # type: ignore[arg-type]
    return [(one.text, one.level, one.count) for one in page.headings]


def test_only_headings_are_searched_and_each_is_shown_once(service: SearchService) -> None:
    """Two documents have it as a heading, a third in its text; punctuation makes no other heading."""
    assert found(service, "组织领导") == [("组织领导", 1, 2)]
    assert found(service, "责任落实") == [("强化“责任”落实", 1, 2)]
    assert found(service, "小组") == []


def test_words_may_be_apart_and_quotes_are_literal(service: SearchService) -> None:
    """As typed first, then by words; what is excluded is in none."""
    assert [count for _, _, count in found(service, "责任")] == [2, 1]
    assert found(service, "责任 压实") == [("压实责任", 1, 1)]
    assert found(service, '"责任压实"') == []
    assert [text for text, *_ in found(service, "责任 -落实")] == ["压实责任"]
    assert {text for text, *_ in found(service, "压实 OR 统筹")} == {
        "压实责任",
        "统筹兼顾、突出重点",
    }


def test_length_and_pattern(service: SearchService) -> None:
    """Of an empty query the headings of all documents; numbers and punctuation do not count."""
    assert {text for text, *_ in found(service, "", length=4)} == {"组织领导", "压实责任"}
    assert {text for text, *_ in found(service, "", pattern=Pattern.FOUR)} == {
        "组织领导",
        "压实责任",
        "统筹兼顾、突出重点",
        "提高站位，狠抓落实",
    }
    assert found(service, "发展", pattern=Pattern.SEVENS) == [
        ("谋发展大局之本，聚改革创新之力", 1, 1)
    ]
    assert len(found(service, "", pattern=Pattern.HALVES)) == 3


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_forms_are_numbers_of_characters(lengths: list[int]) -> None:
    """Each form is what its name says, whatever the characters."""
    parts = ["字" * length for length in lengths]

    assert Pattern.SEVENS.fits(parts) == (lengths == [7, 7])
    assert Pattern.FOUR.fits(parts) == all(length == 4 for length in lengths)
    assert Pattern.HALVES.fits(parts) == (len(parts) == 2 and len(set(lengths)) == 1)


def test_filters_fields_and_audiences(service: SearchService) -> None:
    """Of a kind alone; what only staff may read counts for staff alone."""
    notices = headings(service, "", Audience.PUBLIC, filters=Filters(kind=("通知",)))
    of_staff = headings(service, "组织领导", Audience.STAFF).headings

    assert {one.view.id for one in notices.headings} == {"3"}
    assert found(service, "责任 文种:通知") == [("强化“责任”落实", 1, 1)]
    assert [one.count for one in of_staff] == [3]
    assert found(service, "密码") == []


def test_the_limit_cuts_and_the_total_counts(service: SearchService) -> None:
    """All headings are counted, only some are given."""
    page = headings(service, "", Audience.PUBLIC, limit=2)

    assert len(page.headings) == 2
    assert page.total > 4
    assert page.compared == 3


def test_a_blocked_word_has_no_headings(service: SearchService) -> None:
    """As it has no results."""
    service.store.blocked.add("组织领导")
    try:
        page = headings(service, "组织领导", Audience.PUBLIC)
    finally:
        service.store.blocked.remove("组织领导")

    assert page.blocked
    assert page.headings == ()
