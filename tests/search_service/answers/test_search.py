"""Pages of search results."""

from dataclasses import replace

import pytest

from search_service.answers.search import search
from search_service.model import Audience, Sort
from search_service.query.request import SearchRequest
from search_service.service import SearchService


@pytest.mark.parametrize("text", ["。", "“”", "- （）"])
def test_punctuation_finds_nothing(sample_service: SearchService, text: str) -> None:
    """A query of punctuation has no results and no further page; an empty one lists all articles."""
    page = search(sample_service, SearchRequest(text=text), Audience.PUBLIC)
    assert (page.total, page.results, page.next) == (0, (), None)
    everything = search(sample_service, SearchRequest(text=" "), Audience.PUBLIC)
    assert everything.total > len(everything.results) == 10
    assert everything.next is not None
    assert sum(everything.facets["kind"].values()) > 0


def test_every_result_of_a_long_page_is_explained(sample_service: SearchService) -> None:
    """The parts of the keyword score add up in each; sorted by date there is no score to explain."""
    request = SearchRequest(text="小区", size=20, explain=True)
    page = search(sample_service, request, Audience.PUBLIC)
    explained = [one.explanation for one in page.results if one.explanation]
    assert len(explained) == 20
    for one in explained:
        added = sum(part.score for part in one.keyword_parts)
        assert added == pytest.approx(one.keyword_score or 0.0, abs=1e-3)
        assert one.fused > 0
    by_date = search(sample_service, replace(request, sort=Sort.DATE), Audience.PUBLIC)
    assert {one.explanation.fused for one in by_date.results if one.explanation} == {0.0}


@pytest.mark.parametrize("text", ["", "小区"])
def test_pages_lead_on_as_long_as_there_are_results(
    sample_service: SearchService, text: str
) -> None:
    """Each page leads to the next but the last; together they have every result once."""
    ids: list[str] = []
    request = SearchRequest(text=text, size=10)
    page = search(sample_service, request, Audience.PUBLIC)
    total = page.total
    while True:
        ids += [one.stored.view.id for one in page.results]
        assert (page.next is None) == (len(ids) == total)
        if page.next is None:
            break
        assert page.next.offset == len(ids)
        page = search(sample_service, request, Audience.PUBLIC, position=page.next)
    assert len(set(ids)) == total > 20
