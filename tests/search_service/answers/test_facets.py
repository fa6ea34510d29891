"""Filters of several values, the counts around them, and what is left without them."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from indexer.build import generations
from search_service.answers.page import Alternative, Page
from search_service.answers.search import search
from search_service.model import FACETS, Audience, Filters, Sort
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, write_source

TEXTS = ["小区", "群众", "老旧小区没人管怎么办", "云岭区家庭医生签约2023年工作总结", "基层治理", ""]


def page_of(service: SearchService, text: str, filters: Filters, mode: Mode = Mode.HYBRID) -> Page:
    """The first results."""
    request = SearchRequest(text=text, mode=mode, filters=filters, size=100)
    return search(service, request, Audience.PUBLIC)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("mode", [Mode.KEYWORD, Mode.HYBRID])
def test_the_other_values_of_a_facet_keep_their_counts(
    sample_service: SearchService, text: str, mode: Mode
) -> None:
    """A facet does not count by its own condition, the others do; a second value adds its articles."""
    every = page_of(sample_service, text, Filters(), mode)
    first, *others = list(every.facets["kind"])[:2]
    one = page_of(sample_service, text, Filters(kind=(first,)), mode)
    assert one.facets["kind"] == every.facets["kind"]
    assert one.total == every.facets["kind"][first]
    for name in set(FACETS) - {"kind", "issuer", "level"}:
        assert sum(one.facets[name].values()) == one.total
    both = page_of(sample_service, text, Filters(kind=(first, *others)), mode)
    assert both.total == sum(every.facets["kind"][value] for value in (first, *others))
    assert both.facets["kind"] == every.facets["kind"]
    found = {result.stored.view.kind or "" for result in both.results}
    assert found == {first, *others}


def test_each_facet_counts_what_its_value_finds(sample_service: SearchService) -> None:
    """Within a filter on another facet, and with the value as one of several."""
    for name, other in combinations(("validity", "kind", "level", "issuer", "year"), 2):
        chosen = next(iter(page_of(sample_service, "", Filters()).facets[other]))
        within = replace(Filters(), **{other: (chosen,)})  # type: ignore[arg-type]  # facets
        counts = page_of(sample_service, "小区", within).facets[name]
        for value, count in counts.items():
            filters = replace(within, **{name: (value, "没有这个值")})  # type: ignore[arg-type]
            assert page_of(sample_service, "小区", filters).total == count


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("mode", list(Mode))
def test_what_is_found_does_not_depend_on_whether_facets_are_counted(
    sample_service: SearchService, text: str, mode: Mode
) -> None:
    """Nor does its order: feeds and exports count none."""
    for filters in (Filters(), Filters(year=("2024",)), Filters(kind=("通知", "方案"))):
        for sort in (Sort.RELEVANCE, Sort.DATE):
            request = SearchRequest(text=text, mode=mode, filters=filters, sort=sort, size=100)
            counted = search(sample_service, request, Audience.PUBLIC)
            plain = search(sample_service, replace(request, counted=False), Audience.PUBLIC)
            assert counted.facets
            assert not plain.facets
            assert plain.results == counted.results
            assert (plain.total, plain.full) == (counted.total, counted.full)


def test_every_page_counts_alike(sample_service: SearchService) -> None:
    """A later page has the counts of the first one, filtered or not; what a cursor continues has none."""
    for text, filters in (("小区", Filters()), ("小区", Filters(kind=("通知",))), ("", Filters())):
        request = SearchRequest(text=text, filters=filters, size=2)
        first = search(sample_service, request, Audience.PUBLIC)
        second = search(sample_service, replace(request, page=2), Audience.PUBLIC)
        beyond = search(sample_service, replace(request, page=90), Audience.PUBLIC)
        assert first.facets["kind"]
        assert first.facets == second.facets == beyond.facets
        further = search(sample_service, request, Audience.PUBLIC, position=first.next)
        assert further.results == second.results
        assert further.facets == {}


def test_a_value_that_nothing_has_is_counted(sample_service: SearchService) -> None:
    """A chosen value is listed, whatever it finds."""
    page = page_of(sample_service, "小区", Filters(kind=("没有这种",), level=("县",)))
    assert (page.total, page.facets["kind"]["没有这种"]) == (0, 0)
    assert sum(page.facets["kind"].values()) > 0


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """Three articles about one thing, of other kinds and years."""
    folder: Path = tmp_path_factory.mktemp("library")
    service = open_service(read_settings(engine=f"embedded:{folder}/data", model="none"))
    facts = [("通知", "2019", "废止"), ("意见", "2020", None), ("意见", "2024", "现行有效")]
    records = [
        {"id": f"n{n}", "title": f"减负{n}", "body": "基层减负", "kind": kind, "date": date}
        | ({"status": status} if status else {})
        for n, (kind, date, status) in enumerate(facts)
    ]
    source = write_source(folder / "a.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    yield service
    service.close()


@pytest.mark.parametrize("text", ["减负", ""])
def test_an_empty_page_says_what_there_is_without_the_filters(
    library: SearchService, text: str
) -> None:
    """Without each condition that is to blame alone, and without all; a page with results says nothing."""
    page = page_of(library, text, Filters(kind=("通知",), date_from="2020", date_to="2021"))
    assert page.total == 0
    assert page.alternatives == (
        Alternative(("kind",), 1),
        Alternative(("date_from", "date_to"), 1),
        Alternative(("kind", "date_from", "date_to"), 3),
    )
    none = page_of(library, text, Filters(kind=("命令",), author=("王",), validity=("已废止",)))
    assert none.alternatives == (Alternative(("validity", "kind", "author"), 3),)
    assert page_of(library, text, Filters(kind=("通知",))).alternatives == ()
    assert page_of(library, "没有的词", Filters(kind=("通知",))).alternatives == ()


def test_the_validity_is_what_the_source_says(library: SearchService) -> None:
    """And nothing where it says nothing."""
    counts = page_of(library, "", Filters()).facets["validity"]
    assert counts == {"": 1, "已废止": 1, "现行有效": 1}
    valid = page_of(library, "减负", Filters(validity=("", "现行有效")))
    assert {one.stored.view.id for one in valid.results} == {"n1", "n2"}
