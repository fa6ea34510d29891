"""Which passages are offered as precedents, and in which order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.build import generations
from search_service.answers.precedents import Precedent, citation, precedents
from search_service.model import Audience, Filters, Passage, View
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, write_source

# Each makes a passage of its own. The passages about funds differ in one word only, which no query has.
BURIAL = (
    "各村推行节地生态安葬，建设公益性公墓，禁止乱埋乱葬。" + "红白理事会倡导文明节俭办丧事。" * 6
)
RIVERS = "河长每周巡河护河一次，及时清理河面漂浮物。" + "发现问题当日上报。" * 8
FUNDS = f"县财政局按季度拨付奖补资金，{{}}部门监督。{'做到专款专用。' * 10}"
ARTICLES = [
    {"id": "a", "title": "河长制通知", "body": f"一、巡河\n{RIVERS}\n二、资金\n{FUNDS.format('审计')}"},
    {"id": "b", "title": "方案", "body": f"一、安葬\n{BURIAL}\n二、资金\n{FUNDS.format('监察')}"},
    # A revised edition of b, with other punctuation.
    {
        "id": "c",
        "title": "方案（修订）",
        "body": f"一、安葬\n{BURIAL.replace('，', '、')}\n二、资金\n{FUNDS.format('纪检')}",
    },
]  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """A service over the three articles, without a model."""
    folder: Path = tmp_path_factory.mktemp("precedents")
    source = write_source(folder / "articles.jsonl", ARTICLES)
    service = open_service(read_settings(engine=f"embedded:{folder}/index", model="none"))
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    yield service
    service.close()


def found(service: SearchService, text: str) -> tuple[Precedent, ...]:
    """Return the precedents for a text."""
    return precedents(service, text, Audience.PUBLIC).results


def places(results: tuple[Precedent, ...]) -> list[tuple[str, str]]:
    """Return article id and heading of each precedent."""
    return [(one.stored.view.id, one.passage.path[-1]) for one in results]


def test_a_passage_that_two_articles_contain_is_returned_once(service: SearchService) -> None:
    """Passages that differ only in punctuation are duplicates."""
    (only,) = found(service, "推行节地生态安葬，建设公益性公墓")
    assert only.stored.view.id in {"b", "c"}
    assert only.passage.path == ("一、安葬",)


def test_a_passage_must_contain_a_share_of_the_query(service: SearchService) -> None:
    """One word of a long query is not enough, although the word alone finds the passage."""
    assert places(found(service, "巡河"))[0] == ("a", "一、巡河")
    asked = "推行节地生态安葬，建设公益性公墓，禁止乱埋乱葬，倡导文明节俭办丧事，县财政局拨付，巡河"
    assert [heading for _, heading in places(found(service, asked))] == ["一、安葬"]


def test_of_equal_passages_the_one_in_a_matching_article_is_first(
    service: SearchService,
) -> None:
    """The rest of the article decides between passages that match equally."""
    (first, *_), (other, *_) = (
        [place for place in places(found(service, text)) if place[1] == "二、资金"]
        for text in ("安葬 拨付奖补资金", "巡河 拨付奖补资金")
    )
    assert first[0] in {"b", "c"}
    assert other[0] == "a"


def test_each_part_of_a_draft_finds_its_precedents(service: SearchService) -> None:
    """The passages of a draft are searched separately, in the order of what they find together."""
    draft = f"一、河道\n{RIVERS}\n二、丧葬\n{BURIAL}"
    first = [heading for _, heading in places(found(service, draft))][:2]
    assert set(first) == {"一、巡河", "一、安葬"}


@pytest.mark.parametrize("limit", [1, 2, 10])
def test_precedents_keep_to_filters_role_and_limit(
    sample_service: SearchService, limit: int
) -> None:
    """Passages found by words and those found by similarity obey them alike."""
    text = "加强老旧小区物业管理，落实经费保障"

    def of(**asked: Any) -> list[Precedent]:
        page = precedents(sample_service, text, Audience.PUBLIC, limit=limit, **asked)
        assert not page.degraded
        return list(page.results)

    assert len(of()) == limit
    kinds = {one.stored.view.kind for one in of(filters=Filters(kind=("通知",)))}
    roles = {one.passage.role for one in of(role="保障措施")}
    assert (kinds, roles) == ({"通知"}, {"保障措施"})
    both = of(filters=Filters(kind=("通知",)), role="主体")
    assert {(one.stored.view.kind, one.passage.role) for one in both} == {("通知", "主体")}


@pytest.mark.parametrize(
    ("values", "path", "cited"),
    [
        (
            {
                "issuers": ("县政府",),
                "author": "张三",
                "document_number": "县政发〔2024〕5号",
                "date": "2024",
            },
            ("一、目标", "（一）安葬"),
            "县政府，《方案》（县政发〔2024〕5号），2024，“一、目标 > （一）安葬”",
        ),
        ({"author": "张三"}, (), "张三，《方案》"),
        ({"date": "2024-05"}, ("一、目标",), "《方案》，2024-05，“一、目标”"),
    ],
)
def test_a_citation_names_what_is_known(
    values: dict[str, Any], path: tuple[str, ...], cited: str
) -> None:
    """Issuer or author, title and 文号, date, and the headings above the passage."""
    view = View(id="1", title="方案", text="安葬。", **values)
    assert citation(view, Passage(id="p", start=0, end=3, path=path)) == cited
