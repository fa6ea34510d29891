"""Questions in everyday words: the best articles must hold a share of them, the others less."""

import pytest

from search_service.answers.page import Page
from search_service.answers.search import search
from search_service.model import Audience
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService


def asked(service: SearchService, text: str) -> Page:
    """The answer by keywords."""
    request = SearchRequest(text=text, mode=Mode.KEYWORD, size=100)
    return search(service, request, Audience.PUBLIC)


def test_a_question_finds_articles_that_hold_a_part_of_it(sample_service: SearchService) -> None:
    """Those that hold the most of its words stand first, and the answer says that not all hold all."""
    page = asked(sample_service, "住的老小区没有物业，垃圾没人管怎么办")
    assert page.relaxed
    assert page.total > page.full
    assert page.results[0].stored.view.code == "B1890"


def test_keywords_typed_apart_must_all_be_there(sample_service: SearchService) -> None:
    """Six words are no question, as long as some article holds them all."""
    page = asked(sample_service, "小区 物业 居民 社区 治理 服务")
    assert page.total == page.full or not page.relaxed
    for result in page.results:
        whole = result.stored.view.title + result.stored.view.text
        assert all(word in whole for word in ("小区", "物业", "居民", "社区", "治理", "服务"))


def test_what_some_article_holds_as_typed_is_no_question(sample_service: SearchService) -> None:
    """A title that is typed in part finds those that hold it."""
    page = asked(sample_service, "住宅小区物业服务矛盾纠纷")
    assert not page.relaxed
    assert [one.stored.view.code for one in page.results] == ["B2217"]


@pytest.mark.parametrize("text", ["殡葬秸秆馆藏信访", "河长制信访垃圾焚烧馆藏", "鳜鳢鳟鲲鲵鲶鲷鲸"])
def test_words_that_never_meet_find_nothing(sample_service: SearchService, text: str) -> None:
    """The share of a question that one article must hold is more than one of its words."""
    assert asked(sample_service, text).total == 0


def test_one_word_is_no_answer_to_a_question(sample_service: SearchService) -> None:
    """However rare it is: of a heap in one piece two words must stand in one article."""
    heap = ("走向市场", "委员会", "融合")
    assert asked(sample_service, heap[0]).total
    assert asked(sample_service, "".join(heap)).total == 0


@pytest.mark.parametrize("mode", [Mode.KEYWORD, Mode.HYBRID])
def test_what_is_no_language_finds_nothing(sample_service: SearchService, mode: Mode) -> None:
    """Most of its words are single characters or stand nowhere, though two of them stand in one article."""
    text = "摞拧垃圾驿物业鳟鲲"
    assert asked(sample_service, "垃圾 物业").total
    request = SearchRequest(text=text, mode=mode)
    assert search(sample_service, request, Audience.PUBLIC).total == 0


def test_what_somebody_says_finds_something(sample_service: SearchService) -> None:
    """A sentence of rare words means something, where a heap of the same words does not."""
    assert asked(sample_service, "殡葬秸秆馆藏信访").total == 0
    assert asked(sample_service, "殡葬秸秆馆藏信访怎么办").total


@pytest.mark.parametrize("text", ["老旧小去改造", "河常制"])
def test_what_is_misspelt_is_no_nonsense(sample_service: SearchService, text: str) -> None:
    """No word of it need stand anywhere: by meaning it finds something, and the spelling is suggested."""
    assert asked(sample_service, text).total == 0
    page = search(sample_service, SearchRequest(text=text), Audience.PUBLIC)
    assert page.total
    assert page.suggestions
