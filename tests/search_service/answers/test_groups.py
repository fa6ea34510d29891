"""The two groups of a match set: 原文相符 (in full) and 意思相近 (near)."""

import pytest

from search_service import relevance
from search_service.answers.page import Page, Reason
from search_service.answers.search import search
from search_service.model import Audience, Filters, Sort
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService

# Ordinary, two parts, a question, relaxed, with an exclusion.
TEXTS = [
    "垃圾分类",
    "小区 物业",
    "小区垃圾没人管怎么办",
    "物业服务 三无小区 粮食安全",
    "治理 -通知",
]
MODES = [Mode.HYBRID, Mode.KEYWORD]


def pages_of(service: SearchService, request: SearchRequest) -> list[Page]:
    """All pages of a search, of seven articles each, so that groups change within one."""
    first = search(service, request, Audience.PUBLIC)
    numbers = range(1, -(-first.total // request.size) + 1)
    return [
        search(service, SearchRequest(**{**vars(request), "page": number}), Audience.PUBLIC)
        for number in numbers
    ]


@pytest.mark.parametrize("sort", [Sort.DATE, Sort.OLDEST, Sort.VIEWS])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", TEXTS)
def test_sorting_keeps_the_set_and_its_groups(
    sample_service: SearchService, text: str, mode: Mode, sort: Sort
) -> None:
    """By date and by views the same articles are found, in the same groups, each sorted for itself."""
    by_score, listed = (
        pages_of(sample_service, SearchRequest(text=text, mode=mode, sort=one, size=7))
        for one in (Sort.RELEVANCE, sort)
    )
    found = [
        {hit.stored.view.id: hit.in_full for page in pages for hit in page.results}
        for pages in (by_score, listed)
    ]
    assert found[0] == found[1]
    assert len(found[0]) == by_score[0].total == listed[0].total > 0
    assert sum(found[0].values()) == by_score[0].full == listed[0].full
    hits = [hit for page in listed for hit in page.results]
    views = (
        sample_service.store.views.of(Audience.PUBLIC, list(found[0])) if sort is Sort.VIEWS else {}
    )
    for group in (True, False):
        of_group = [hit.stored.view for hit in hits if hit.in_full is group]
        keys = [(views.get(view.id, 0), view.date or "") for view in of_group]
        if sort is Sort.OLDEST:
            dates = [view.date or "undated" for view in of_group]
            assert dates == sorted(dates)
        else:
            assert keys == sorted(keys, reverse=True)
    assert [hit.in_full for hit in hits] == sorted((hit.in_full for hit in hits), reverse=True)


def test_without_a_query_the_most_viewed_come_first(sample_service: SearchService) -> None:
    """All articles, page by page, each once; those that nobody counted last, the newest first."""
    pages = pages_of(sample_service, SearchRequest(sort=Sort.VIEWS, size=7))
    ids = [hit.stored.view.id for page in pages for hit in page.results]
    assert len(set(ids)) == len(ids) == pages[0].total
    views = sample_service.store.views.of(Audience.PUBLIC, ids)
    assert len(set(views.values())) > 1
    keys = [
        (views.get(hit.stored.view.id, 0), hit.stored.view.date or "")
        for page in pages
        for hit in page.results
    ]
    assert keys == sorted(keys, reverse=True)


def test_the_most_viewed_of_more_articles_than_are_listed_come_first(
    sample_service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old article that is read often is among the first, though only the newest ones are looked at."""
    everything = pages_of(sample_service, SearchRequest(sort=Sort.VIEWS, size=100))[0].results
    most = [hit.stored.view.id for hit in everything[:3]]
    monkeypatch.setattr(relevance, "MAX_DEPTH", 5)
    for text in ("", "工作"):
        request = SearchRequest(text=text, sort=Sort.VIEWS, size=3)
        found = [
            hit.stored.view.id for hit in search(sample_service, request, Audience.PUBLIC).results
        ]
        assert len(found) == 3
        if not text:
            assert found == most


@pytest.mark.parametrize("text", TEXTS)
def test_filters_keep_the_groups(sample_service: SearchService, text: str) -> None:
    """A filter leaves of each group the articles that pass it, in either order."""
    for sort in Sort:
        whole = SearchRequest(text=text, sort=sort, size=100)
        every = search(sample_service, whole, Audience.PUBLIC)
        kinds = every.facets["kind"]
        for kind in kinds:
            some = search(
                sample_service,
                SearchRequest(text=text, sort=sort, size=100, filters=Filters(kind=(kind,))),
                Audience.PUBLIC,
            )
            expected = {
                hit.stored.view.id: hit.in_full
                for hit in every.results
                if (hit.stored.view.kind or "") == kind
            }
            assert {hit.stored.view.id: hit.in_full for hit in some.results} == expected


def test_the_reason_says_why_other_articles_are_shown(sample_service: SearchService) -> None:
    """None for what matches in full; otherwise one word, and a notice that explains it."""
    reasons = {
        "垃圾分类": None,
        "物业服务 三无小区 粮食安全": Reason.RELAXED,
        "垃圾混投": Reason.NEAR_ONLY,
        "摞拧垃圾驿物业鳟鲲": Reason.NONSENSE,
    }
    for text, reason in reasons.items():
        page = search(sample_service, SearchRequest(text=text), Audience.PUBLIC)
        assert page.reason == reason, text
        assert bool(page.notices()) == (reason is not None), text
