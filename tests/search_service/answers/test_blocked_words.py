"""Blocked words: no results, no suggestions, a neutral notice; everything else is as before."""

from collections.abc import Iterator

import pytest

from indexer.commands.demo import SAMPLE
from search_service.answers.complete import complete
from search_service.answers.drafts import for_draft
from search_service.answers.page import Reason
from search_service.answers.precedents import precedents
from search_service.answers.presentation import draft_to_dict, page_to_dict, precedents_to_dict
from search_service.answers.search import search
from search_service.errors import BadInput
from search_service.model import Audience
from search_service.query.request import SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, index_once


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """The sample with a state of its own, which may be written."""
    folder = index_once(tmp_path_factory, "sample", [SAMPLE], ALL_CLEANING)
    service = open_service(read_settings(engine=f"embedded:{folder}"))
    yield service
    service.close()


def ask(service: SearchService, text: str) -> dict[str, object]:
    """The first page as JSON."""
    return page_to_dict(search(service, SearchRequest(text=text), Audience.PUBLIC))


@pytest.mark.parametrize(
    "text", ["营商环境", "營商環境 优化", "如何 优化营 商·环 境？", '"营商环境"', "标题:营商环境"]
)
def test_a_search_with_a_blocked_word_has_no_results_but_a_notice(
    service: SearchService, text: str
) -> None:
    """However it is written: script, width, spaces between, quoted, in a field."""
    before = ask(service, text)
    service.store.blocked.add("营商環境")
    after = ask(service, text)

    assert before["total"]
    assert (after["total"], after["results"], after["facets"]) == (0, [], {})
    assert after["reason"] == Reason.BLOCKED
    assert after["message"] == "按本站规定，这个检索不提供结果"


def test_other_searches_are_as_before(service: SearchService) -> None:
    """Also those that find articles with the blocked word; and everything, after it is removed."""
    other, same = ask(service, "投资"), ask(service, "营商环境")
    service.store.blocked.add("营商环境")
    assert ask(service, "投资") == other
    assert service.store.blocked.remove("营商环境")

    assert ask(service, "营商环境") == same
    assert not service.store.blocked.remove("营商环境")


def test_a_blocked_word_is_never_suggested(service: SearchService) -> None:
    """Neither as typed nor by pinyin, as part of a title, as a correction, or as what pinyin means."""

    def texts(typed: str) -> str:
        return "".join(one.text for one in complete(service, typed, Audience.PUBLIC))

    assert "营商环境" in texts("营商")
    assert "营商环境" in texts("yingshang")
    assert ask(service, "营商环净")["suggestions"] == ["营商环境"]
    assert ask(service, "yingshanghuanjing")["searched"] == "营商环境"
    service.store.blocked.add("营商环境")

    assert "营商环境" not in texts("营商") + texts("yingshang") + texts("清源县")
    assert texts("营商环境") == ""
    assert ask(service, "营商环净")["suggestions"] == []
    assert "searched" not in ask(service, "yingshanghuanjing")


def test_a_topic_is_refused_a_draft_is_not(service: SearchService) -> None:
    """A whole draft is somebody's own text."""
    service.store.blocked.add("营商环境")
    topic = precedents_to_dict(precedents(service, "营商环境", Audience.PUBLIC))
    draft = draft_to_dict(for_draft(service, "优化营商环境。" * 40, Audience.PUBLIC))

    assert topic["passages"] == []
    assert "按本站规定" in str(topic["message"])
    assert draft["passages"]


def test_pages_show_the_notice_and_no_advice(service: SearchService) -> None:
    """No other mode, no spelling to check: the notice is all there is."""
    service.store.blocked.add("营商环境")
    client = create_app(service, read_settings()).test_client()
    page = client.get("/search?q=营商环境").get_data(as_text=True)
    passages = client.get("/precedents?text=营商环境").get_data(as_text=True)

    for shown in (page, passages):
        assert "按本站规定，这个检索不提供结果。" in shown
    assert "检查有没有错字" not in page
    assert "换一种说法" not in passages


@pytest.mark.parametrize("word", ["", "字", "。。。", "长" * 51])
def test_what_would_block_half_of_all_searches_is_refused(
    service: SearchService, word: str
) -> None:
    """One character, punctuation alone, or what is too long to be a word."""
    with pytest.raises(BadInput):
        service.store.blocked.add(word)

    assert service.store.blocked.words() == []


def test_a_word_is_blocked_once(service: SearchService) -> None:
    """In whatever script and width."""
    assert service.store.blocked.add("ＡＢ營商")
    assert not service.store.blocked.add("ab营商")
    assert service.store.blocked.words() == ["ab营商"]
