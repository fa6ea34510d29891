"""The same text under several titles is one result; totals, facets and pages agree."""

from itertools import chain
from pathlib import Path

import pytest

from indexer import updates
from indexer.build import generations
from search_service.answers.related import related
from search_service.answers.search import search
from search_service.model import Audience, Filters, Sort
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.analyzers.test_copies import FORWARDED, NOTICE, TEMPLATES
from tests.conftest import ALL_CLEANING, Open, write_source

TITLE = "关于做好国庆期间安全生产工作的通知"
FILLER = "{}。安全生产工作要常抓不懈，各单位结合实际做好检查、培训和演练，按时上报情况。"


def article(key: str, title: str, body: str, **values: object) -> dict[str, object]:
    """A notice."""
    return {"id": key, "title": title, "body": body, "kind": "通知", "date": "2024-09-20", **values}


RECORDS = [
    article("a", TITLE, NOTICE, issuer="清源县人民政府办公室"),
    article("b", f"石桥镇转发{TITLE}", FORWARDED, issuer="石桥镇人民政府", date="2024-09-25"),
    article("c", "安全生产提示", NOTICE, date="2024-09-26", kind="提示"),
    article("d", "平湖县安全生产工作通知", TEMPLATES["place"], issuer="平湖县人民政府"),
    article("e", "2023年安全生产工作通知", TEMPLATES["year"], date="2023-09-20"),
    *(article(f"f{n}", f"安全生产检查之{n}", FILLER.format(f"第{n}次") * 2) for n in range(20)),
]


@pytest.fixture
def service(open_named: Open, tmp_path: Path) -> SearchService:
    """Three copies, two documents of their template, and others."""
    opened = open_named("index")
    source = write_source(tmp_path / "a.jsonl", RECORDS)
    generations.rebuild(opened, [source], cleaning=ALL_CLEANING)
    return opened


def found(service: SearchService, request: SearchRequest) -> dict[str, set[str]]:
    """The results of a page, each with its copies."""
    page = search(service, request, Audience.PUBLIC)
    return {one.stored.view.id: {view.id for view in one.copies} for one in page.results}


def test_a_correction_and_a_word_are_counted_with_each_copy_once(service: SearchService) -> None:
    """The number beside 您是不是要找, or beside a word that others exclude, is what it finds."""

    def full(text: str, filters: Filters) -> int:
        return search(service, SearchRequest(text=text, filters=filters), Audience.PUBLIC).full

    for filters in (Filters(), Filters(kind=("通知",))):
        wrong = SearchRequest(text="安全声产", mode=Mode.KEYWORD, filters=filters)
        (correction,) = search(service, wrong, Audience.PUBLIC).corrections
        assert correction == ("安全生产", full("安全生产", filters))
        assert correction.total == 23  # of 25 and of 24 articles
        apart = SearchRequest(text="安全生产 鹦鹉螺", mode=Mode.KEYWORD, filters=filters)
        parts = dict(search(service, apart, Audience.PUBLIC).parts)
        assert parts == {"安全生产": full("安全生产", filters), "鹦鹉螺": 0}


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("sort", list(Sort))
def test_copies_are_one_result_on_all_pages(service: SearchService, mode: Mode, sort: Sort) -> None:
    """The original with its copies; pages are slices of one list, and facets add up to its total."""
    whole = search(
        service, SearchRequest(text="安全生产", mode=mode, sort=sort, size=100), Audience.PUBLIC
    )
    ids = [one.stored.view.id for one in whole.results]
    assert ids.count("a") == 1
    assert set(ids) & {"b", "c"} == set()
    assert {"d", "e"} <= set(ids)
    assert whole.total == len(ids)
    (original,) = (one for one in whole.results if one.stored.view.id == "a")
    assert [view.id for view in original.copies] == ["b", "c"]
    assert original.copies_total == 2
    assert {name: sum(v.values()) for name, v in whole.facets.items()} == dict.fromkeys(
        whole.facets, whole.total
    )
    paged = (
        search(
            service,
            SearchRequest(text="安全生产", mode=mode, sort=sort, size=3, page=number),
            Audience.PUBLIC,
        )
        for number in range(1, whole.total // 3 + 2)
    )
    assert [one.stored.view.id for one in chain.from_iterable(p.results for p in paged)] == ids


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (SearchRequest(text="石桥镇", mode=Mode.KEYWORD), {"b": set()}),
        (SearchRequest(text="安全生产提示"), {"c": {"a", "b"}}),
        (SearchRequest(text="安全生产", filters=Filters(issuer=("石桥镇人民政府",))), {"b": set()}),
        (SearchRequest(text="安全生产", filters=Filters(kind=("提示",))), {"c": set()}),
    ],
)
def test_a_copy_is_found_by_what_only_it_has(
    service: SearchService, request_: SearchRequest, expected: dict[str, set[str]]
) -> None:
    """Its title, its issuer, its kind: then it is the result itself."""
    results = found(service, request_)
    assert {key: results.get(key) for key in expected} == expected


def test_copies_stay_right_while_articles_change(service: SearchService, tmp_path: Path) -> None:
    """A changed, deleted or hidden article is a copy no more; a new one is found by the next rebuild."""
    request = SearchRequest(text="安全生产", size=100)
    assert found(service, request)["a"] == {"b", "c"}
    changed = article("c", "安全生产提示", TEMPLATES["number"])
    updates.add(service, [write_source(tmp_path / "b.jsonl", [changed])], cleaning=ALL_CLEANING)
    results = found(service, request)
    assert (results["a"], results["c"]) == ({"b"}, set())
    service.store.hidden.hide("b")
    assert found(service, request)["a"] == set()
    service.store.hidden.unhide("b")
    updates.delete(service, ["a"])
    assert found(service, request)["b"] == set()
    source = write_source(tmp_path / "c.jsonl", [*RECORDS, article("z", "转载", NOTICE)])
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert found(service, request)["a"] == {"b", "c", "z"}


def test_an_unchanged_article_stays_in_its_group(service: SearchService, tmp_path: Path) -> None:
    """Writing it again changes nothing."""
    updates.add(service, [write_source(tmp_path / "b.jsonl", RECORDS[:3])], cleaning=ALL_CLEANING)
    assert found(service, SearchRequest(text="安全生产", size=100))["a"] == {"b", "c"}


def test_an_article_is_not_related_to_its_copies(service: SearchService) -> None:
    """Nor named twice beside another."""
    assert {one.view.id for one in related(service, "a", Audience.PUBLIC)} & {"b", "c"} == set()


def test_guests_see_as_copies_only_what_they_may_read(open_named: Open, tmp_path: Path) -> None:
    """Equal previews under other titles are no copies; equal texts are, for those who read them."""
    service = open_named("index")
    preview = NOTICE[:150]
    records = [
        article("a", TITLE, NOTICE, preview=preview),
        article("b", "安全生产提示", NOTICE, preview=preview),
    ]
    generations.rebuild(
        service, [write_source(tmp_path / "a.jsonl", records)], cleaning=ALL_CLEANING
    )
    request = SearchRequest(text="安全生产")
    for audience, total in ((Audience.PUBLIC, 2), (Audience.MEMBER, 1)):
        assert search(service, request, audience).total == total


def test_the_page_names_the_copies(service: SearchService, tmp_path: Path) -> None:
    """Folded under the original, with a link to each."""
    settings = read_settings(engine=f"embedded:{tmp_path}/index")
    client = create_app(service, settings).test_client()
    page = client.get("/search?q=国庆节期间安全生产").get_data(as_text=True)
    assert "另有 2 篇转发" in page
    assert f'<a href="/articles/b">石桥镇转发{TITLE}</a>' in page
