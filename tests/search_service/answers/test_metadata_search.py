"""What articles are called, in plain words: numbers, authors, issuers, kinds and categories find them."""

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

ARTICLES = [
    {
        "id": "old",
        "title": "雁坪县校车安全管理工作办法",
        "body": "第一条 为了校车安全，制定本办法。",
        "document_number": "雁政规〔2019〕7号",
        "issuer": "雁坪县人民政府",
        "date": "2019-03-04",
    },
    {
        "id": "new",
        "title": "雁坪县校车安全管理办法",
        "body": "本办法施行后，《雁坪县校车安全管理工作办法》（雁政规〔2019〕7号）同时废止。",
        "document_number": "雁政规〔2022〕3号",
        "issuer": "雁坪县人民政府",
        "date": "2022-05-06",
    },
    {
        "id": "order",
        "title": "水库管理条例",
        "body": "水库的管理适用本条例。",
        "document_number": "国务院令第958号",
        "date": "2020-01-02",
    },
    {
        "id": "same",
        "title": "加强水库值守",
        "body": "做好值守。",
        "document_number": "柳水发〔2022〕3号",
        "date": "2022-07-08",
    },
    {
        "id": "talk",
        "title": "在全县推进会上",
        "body": "同志们，校车安全重于泰山。",
        "author": "罗听雨",
        "kind": "讲话",
        "category": "教育/校车",
        "date": "2021-02-03",
    },
    {
        "id": "essay",
        "title": "浅谈水库",
        "body": "水库是民生。",
        "author": "罗听雨",
        "kind": "理论文章",
        "date": "2021-02-04",
    },
    {
        "id": "office",
        "title": "值班安排",
        "body": "现将值班安排如下。",
        "issuer": "雁坪县人民政府办公室",
        "kind": "通知",
        "date": "2023-01-05",
    },
    {
        "id": "bureau",
        "title": "工程安全检查",
        "body": "现就检查有关事项明确如下。",
        "issuer": "雁坪县住房和城乡建设局",
        "kind": "通知",
        "date": "2023-01-06",
    },
    {
        "id": "third",
        "title": "值守 3 问",
        "body": "问：2022年值守几次？答：3次。",
        "date": "2023-01-07",
    },
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """A service over the articles."""
    folder = tmp_path_factory.mktemp("named")
    path = write_source(folder / "articles.jsonl", ARTICLES)
    service = open_service(read_settings(engine=f"embedded:{folder / 'data'}", model="none"))
    assert not rebuild(service, [path], cleaning=Cleaning.parse("none")).faults
    yield service
    service.close()


def page(service: SearchService, text: str, **options: bool) -> Page:
    """The page of a keyword search."""
    request = SearchRequest(text=text, mode=Mode.KEYWORD, **options)  # type: ignore[arg-type]  # title_only
    return search(service, request, Audience.PUBLIC)


def ids(page: Page) -> list[str]:
    """The ids of a page, in order."""
    return [result.stored.view.id for result in page.results]


@pytest.mark.parametrize(
    "text",
    [
        "《雁坪县校车安全管理工作办法》（雁政规〔2019〕7号）",
        "《雁坪县校车安全管理工作办法》 (雁政规[2019]7号)",
        "雁坪县校车安全管理工作办法雁政规【2019】第7号",
        "雁政规（2019）7号 雁坪县校车安全管理工作办法",
        "雁政规〔2019〕7号 水库",
        "请找一下雁政规2019年7号 水库",
        "雁政规2019-7",
        "雁政规2019 7 校车",
        "雁政规7号",
        "“雁政规〔2019〕7号”",
        "〔2019〕7号",
        "雁政规〔2019〕",
    ],
)
def test_a_citation_finds_its_document_first(service: SearchService, text: str) -> None:
    """Number and title in one query, number beside other words, in part: the document, not relaxed."""
    found = page(service, text)
    assert ids(found)[0] == "old"
    assert not found.relaxed
    assert ("document_number", "雁政规〔2019〕7号") in found.results[0].matched


def test_a_number_alone_finds_its_documents_and_what_cites_it(service: SearchService) -> None:
    """And never articles that have some of its digits."""
    assert ids(page(service, "雁政规〔2019〕7号")) == ["old", "new"]
    assert ids(page(service, "雁政规2022 3")) == ["new"]
    assert ids(page(service, "〔2022〕3号")) == ["same", "new"]
    assert ids(page(service, "2022年第3号")) == ["same", "new"]


@pytest.mark.parametrize(
    "text",
    ["958号令", "国令958号", "国务院令第958号", "国务院第958号令", "《水库管理条例》国令第958号"],
)
def test_an_order_is_found_by_its_number(service: SearchService, text: str) -> None:
    """By any of its names."""
    assert ids(page(service, text))[0] == "order"


def test_the_title_of_a_citation_decides_where_its_number_is_wrong(service: SearchService) -> None:
    """The document with the title comes first."""
    assert ids(page(service, "《水库管理条例》（国务院令第957号）"))[0] == "order"


def test_excluded_numbers_and_numbers_in_titles(service: SearchService) -> None:
    """An exclusion excludes; 标题: and the search in titles accept a number as well."""
    assert "old" not in ids(page(service, "校车 -雁政规〔2019〕7号"))
    assert ids(page(service, "雁政规〔2019〕7号", title_only=True)) == ["old"]


@pytest.mark.parametrize(
    ("text", "first", "total", "matched"),
    [
        ("罗听雨", {"talk", "essay"}, 2, ("author", "罗听雨")),
        ("罗听雨 讲话", {"talk"}, 1, ("author", "罗听雨")),
        ("罗听雨的讲话", {"talk"}, 1, ("kind", "讲话")),
        ("讲话", {"talk"}, 1, ("kind", "讲话")),
        ("雁坪县人民政府办公室 通知", {"office"}, 1, ("issuer", "雁坪县人民政府办公室")),
        ("雁坪县政府办", {"office"}, 1, ("issuer", "雁坪县人民政府办公室")),
        ("雁坪县住建局 通知", {"bureau"}, 1, ("issuer", "雁坪县住房和城乡建设局")),
        ("住建局", {"bureau"}, 1, ("issuer", "雁坪县住房和城乡建设局")),
        ("校车", {"old", "new", "talk"}, 3, ("category", "教育/校车")),
    ],
)
def test_names_match_in_plain_words(
    service: SearchService, text: str, first: set[str], total: int, matched: tuple[str, str]
) -> None:
    """Author, issuer, kind and category, in full or by their short name; the result says which."""
    found = page(service, text)
    assert found.total == total
    assert set(ids(found)) == first
    assert not found.relaxed
    assert any(matched in result.matched for result in found.results)


def test_names_are_no_part_of_titles_and_quotes(service: SearchService) -> None:
    """The search in titles and quotes look for the characters."""
    assert ids(page(service, "罗听雨", title_only=True)) == []
    assert ids(page(service, "“罗听雨”")) == []
    assert ids(page(service, "标题：罗听雨")) == []


@pytest.mark.parametrize("text", ["20190304", "2019-3-4", "2019年3月4日", "2019/3/4", "2019.03.04"])
def test_a_date_finds_the_articles_of_that_day(service: SearchService, text: str) -> None:
    """In every form, though no text has it."""
    assert ids(page(service, text)) == ["old"]


def test_a_long_query_gets_an_answer(service: SearchService) -> None:
    """Nothing that is derived from a query of almost 200 characters is refused."""
    text = " ".join(["雁坪", "水库", "值守"] * 22)
    assert 190 < len(text) <= 200
    assert page(service, text).hints == ()
