"""Relaxed matching: which share of its words a question needs, and what matches nothing."""

import pytest

from search_service.answers.page import Page
from search_service.answers.search import search
from search_service.model import Audience
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService


def keyword_search(service: SearchService, text: str) -> Page:
    """The page of a keyword search."""
    request = SearchRequest(text=text, mode=Mode.KEYWORD, size=100)
    return search(service, request, Audience.PUBLIC)


def test_a_question_matches_articles_with_some_of_its_words(sample_service: SearchService) -> None:
    """Articles with most of its words rank first, and the page is marked as relaxed."""
    page = keyword_search(sample_service, "住的老小区没有物业，垃圾没人管怎么办")
    assert page.relaxed
    assert page.total > page.full
    assert page.results[0].stored.view.code == "B1890"


def test_separate_keywords_must_all_match(sample_service: SearchService) -> None:
    """Six keywords are no question: if an article contains them all, only such articles match."""
    page = keyword_search(sample_service, "小区 物业 居民 社区 治理 服务")
    assert page.total == page.full or not page.relaxed
    for result in page.results:
        whole = result.stored.view.title + result.stored.view.text
        assert all(word in whole for word in ("小区", "物业", "居民", "社区", "治理", "服务"))


def test_a_literal_match_is_not_relaxed(sample_service: SearchService) -> None:
    """A part of a title matches only the articles that contain it."""
    page = keyword_search(sample_service, "住宅小区物业服务矛盾纠纷")
    assert not page.relaxed
    assert [one.stored.view.code for one in page.results] == ["B2217"]


@pytest.mark.parametrize("mode", [Mode.KEYWORD, Mode.HYBRID])
def test_a_question_that_names_a_title_has_few_near_articles(
    sample_service: SearchService, mode: Mode
) -> None:
    """All its words are in one title: it asks for that document, not for all work reports."""
    request = SearchRequest(text="云岭区家庭医生签约2023年工作总结", mode=mode, size=100)
    page = search(sample_service, request, Audience.PUBLIC)
    assert page.results[0].stored.view.title == "云岭区家庭医生签约服务2023年度工作总结"
    assert page.full == 1
    assert page.total <= 10  # 23 with what is less similar


@pytest.mark.parametrize("text", ["殡葬秸秆馆藏信访", "河长制信访垃圾焚烧馆藏", "鳜鳢鳟鲲鲵鲶鲷鲸"])
def test_words_that_never_occur_together_match_nothing(
    sample_service: SearchService, text: str
) -> None:
    """An article must contain more than one word of a question."""
    assert keyword_search(sample_service, text).total == 0


def test_one_word_does_not_answer_a_question(sample_service: SearchService) -> None:
    """Two words must occur in the same article, however rare one of them is."""
    words = ("走向市场", "委员会", "融合")
    assert keyword_search(sample_service, words[0]).total
    assert keyword_search(sample_service, "".join(words)).total == 0


@pytest.mark.parametrize("mode", [Mode.KEYWORD, Mode.HYBRID])
def test_gibberish_matches_nothing(sample_service: SearchService, mode: Mode) -> None:
    """Most words are single characters or unknown, even if two of them occur in one article."""
    text = "摞拧垃圾驿物业鳟鲲"
    assert keyword_search(sample_service, "垃圾 物业").total
    request = SearchRequest(text=text, mode=mode)
    assert search(sample_service, request, Audience.PUBLIC).total == 0


def test_a_conversational_question_matches_despite_rare_words(
    sample_service: SearchService,
) -> None:
    """A sentence of rare words matches, while a list of the same words does not."""
    assert keyword_search(sample_service, "殡葬秸秆馆藏信访").total == 0
    assert keyword_search(sample_service, "殡葬秸秆馆藏信访怎么办").total


@pytest.mark.parametrize("text", ["老旧小去改造", "河常制"])
def test_a_misspelt_query_is_not_nonsense(sample_service: SearchService, text: str) -> None:
    """Even if all words are unknown, semantic search has results and a correction is suggested."""
    assert keyword_search(sample_service, text).total == 0
    page = search(sample_service, SearchRequest(text=text), Audience.PUBLIC)
    assert page.total
    assert page.suggestions
