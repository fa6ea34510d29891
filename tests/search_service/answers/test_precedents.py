"""Which passages are offered for a topic, and in which order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzers.outline import BODY, FRAME, PLACES
from indexer.build.generations import rebuild
from search_service import relevance
from search_service.answers.precedents import (
    Precedent,
    PrecedentPage,
    Wanted,
    citation,
    is_topic,
    precedents,
    rank,
)
from search_service.errors import BadInput
from search_service.model import Audience, Filters, Passage, View
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, write_source
from tests.support.drafting import BURIAL, ENGINES, FUNDS, RIVERS, opened


@pytest.fixture(params=ENGINES, scope="module")
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchService]:
    """A service over the articles on each engine, without a model."""
    with opened(request, tmp_path_factory.mktemp("precedents")) as service:
        yield service


def found(service: SearchService, text: str, limit: int = 10, **wanted: Any) -> PrecedentPage:
    """Return the precedents for a topic."""
    return precedents(service, text, Audience.PUBLIC, wanted=Wanted(**wanted), limit=limit)


def places(page: PrecedentPage) -> list[tuple[str, str]]:
    """Return article id and last heading of each precedent."""
    return [(one.stored.view.id, "".join(one.passage.path[-1:])[:5]) for one in page.results]


def test_a_passage_of_several_articles_is_returned_once(service: SearchService) -> None:
    """Passages that differ only in punctuation: the newest in force, and where else they are."""
    (only,) = found(service, "推行节地生态安葬，建设公益性公墓").results
    assert only.passage.path == ("一、安葬",)
    assert only.stored.view.id == "c"
    assert [view.id for view in only.copies] == ["b", "d"]
    assert only.copies_total == 2


def test_what_is_not_close_is_not_offered(service: SearchService) -> None:
    """Fewer than asked for, and the answer says how many; one word of many is not enough."""
    page = found(service, "推行节地生态安葬，建设公益性公墓")
    assert page.notices()[1:] == ["只找到 1 段贴近的"]
    asked = "推行节地生态安葬，建设公益性公墓，禁止乱埋乱葬，倡导文明节俭办丧事，县财政局拨付，巡河"
    assert [heading for _, heading in places(found(service, asked))] == ["一、安葬"]
    nothing = found(service, "低空经济 无人机物流")
    assert (nothing.results, nothing.notices()[1:]) == ((), ["没有找到贴近的段落"])
    assert len(found(service, "巡河", limit=1).notices()) == 1  # of the missing model alone


def test_few_passages_of_an_article_are_offered(service: SearchService, tmp_path: Path) -> None:
    """Its best ones; the other articles are offered beside it."""
    ids = [one.stored.view.id for one in found(service, "巡河护河").results]
    assert sorted(ids) == ["a", "f", "f", "f"]
    records = [
        {
            "id": "long",
            "title": "办法",
            "body": "\n".join(
                f"第{n}条 乡镇{n}号河长每周巡河护河。{RIVERS}" for n in "一二三四五六七八九"
            ),
        },
        {"id": "other", "title": "通知", "body": f"巡河护河要常态化。{RIVERS}"},
    ]
    many = open_service(read_settings(engine=f"embedded:{tmp_path}/data", model="none"))
    rebuild(many, [write_source(tmp_path / "a.jsonl", records)], cleaning=ALL_CLEANING)
    ids = [one.stored.view.id for one in found(many, "巡河护河").results]
    many.close()
    assert sorted(ids) == [*["long"] * relevance.PRECEDENTS_PER_ARTICLE, "other"]


def test_of_equal_passages_the_one_under_a_title_with_the_words_is_first(
    service: SearchService,
) -> None:
    """Title and headings say what a passage is about."""
    for text, articles in (("方案 拨付奖补资金", {"b", "c"}), ("河长制 拨付奖补资金", {"a"})):
        ids = [key for key, heading in places(found(service, text)) if heading == "二、资金"]
        assert ids[0] in articles


def test_a_place_that_a_topic_names_is_preferred(tmp_path: Path) -> None:
    """开头 and 结尾 say where in a text, not what about; quoted, and with a place told, they do not."""
    greeting = "同志们：今天召开河长制工作推进会，主要任务是分析形势，部署巡河护河工作。" * 3
    call = "同志们，让我们行动起来，巡河护河，为建设美丽家园而努力奋斗！" * 4
    body = f"{greeting}\n一、巡河护河\n{RIVERS}\n二、奖补资金\n{FUNDS}\n{call}"
    records = [{"id": "s", "title": "在河长制会议上的讲话", "body": body}]
    service = open_service(read_settings(engine=f"embedded:{tmp_path}/data", model="none"))
    rebuild(service, [write_source(tmp_path / "a.jsonl", records)], cleaning=ALL_CLEANING)

    def first(text: str, **wanted: Any) -> str:
        return found(service, text, **wanted).results[0].place

    texts = ("讲话开头 巡河护河", "讲话结尾 巡河护河", "讲话最后 巡河护河", "巡河护河")
    shown = [first(text) for text in texts]
    shown.append(first("讲话开头 巡河护河", places=("结尾",)))
    quoted = found(service, '"结尾" 巡河护河').results
    service.close()
    assert shown == ["开头", "结尾", "结尾", shown[3], "结尾"]
    assert shown[3] not in {"", "结尾"}
    assert quoted == ()


def test_the_frame_is_offered_only_if_it_is_asked_for(service: SearchService) -> None:
    """主送, 落款 and 抄送 contain the words of the topic, and nothing to quote."""
    body = found(service, "巡河护河 方案", regions=("石桥镇",)).results
    assert {one.passage.role for one in body} <= {*BODY}
    assert body
    for role in (*FRAME, "附件"):
        texts = [one.text for one in found(service, "巡河护河", roles=(role,)).results]
        assert all("领导小组办公室" in text or "巡河护河" in text for text in texts)
        assert bool(texts) == (role in {"落款", "抄送", "附件"})


@pytest.mark.parametrize(
    ("place", "begins"),
    [
        ("开头", "为做好巡河"),
        ("总体要求", "（一）指导思想"),
        ("主要任务", "（一）巡河"),
        ("保障措施", "（一）加强领导"),
        ("结尾", None),
    ],
)
def test_a_place_selects_passages(service: SearchService, place: str, begins: str | None) -> None:
    """Places are told by role and headings."""
    page = found(service, "巡河护河", places=(place,), filters=Filters(kind=("方案",)))
    texts = [
        one.text.removeprefix(f"{one.passage.path[0]}\n")
        for one in page.results
        if one.passage.path
    ]
    texts += [one.text for one in page.results if not one.passage.path]
    assert [text[: len(begins or "")] for text in texts] == ([begins] if begins else [])
    assert {one.place for one in page.results} <= {place}


def test_a_region_selects_articles_about_it_or_within(service: SearchService) -> None:
    """河北 is 河北省; a place that no article is about has none."""
    for region in ("河北", "河北省", "正定县", "石桥镇"):
        ids = {one.stored.view.id for one in found(service, "巡河护河", regions=(region,)).results}
        assert ids == {"f"}, region
    assert not found(service, "巡河护河", regions=("江苏",)).results


def test_quotes_and_exclusions_hold_for_the_passage(service: SearchService) -> None:
    """What is quoted must be in it, what is excluded must not be, nor in the title; fields as in a search."""
    assert sorted(key for key, _ in places(found(service, '"清理河面漂浮物" 巡河'))) == ["a", "f"]
    assert places(found(service, '"巡河护河常态化" 巡河')) == [("f", "（一）指导")]
    texts = [one.text for one in found(service, '"奖补资金" 巡河').results]
    assert texts
    assert all("奖补资金" in text for text in texts)
    assert [key for key, _ in places(found(service, "巡河护河 -方案"))] == ["a"]
    assert {key for key, _ in places(found(service, "巡河护河 kind:方案"))} == {"f"}
    assert not found(service, '"没有这样的话" 巡河').results


def test_fields_and_filters_are_met_together(service: SearchService) -> None:
    """A filter beside a condition of the topic, over the best articles for its words."""
    page = found(service, "安葬 title:方案", filters=Filters(validity=("现行有效", "")))
    assert [one.stored.view.id for one in page.results] == ["c"]
    assert [view.id for view in page.results[0].copies] == ["b"]


def test_a_topic_is_short_and_of_one_line(service: SearchService) -> None:
    """Anything longer is a draft; an empty topic is refused."""
    assert is_topic("巡河护河\n")
    assert not is_topic("巡河\n护河")
    assert not is_topic("巡" * (relevance.MAX_QUERY + 1))
    for text in (" ", "巡" * (relevance.MAX_QUERY + 1)):
        with pytest.raises(BadInput):
            found(service, text)


def test_the_order_is_known_without_a_floor(service: SearchService) -> None:
    """For judgements: articles by their best passage, copies too; of a draft those of all sections."""
    ids, degraded = rank(service, "推行节地生态安葬", Audience.PUBLIC)
    assert (set(ids[:3]), degraded) == ({"b", "c", "d"}, True)
    both, _ = rank(service, f"一、河道\n{RIVERS}\n二、丧葬\n{BURIAL}", Audience.PUBLIC, limit=5)
    assert {"a", "b"} <= set(both)


@pytest.mark.parametrize("limit", [1, 2, 10])
def test_precedents_keep_to_filters_places_and_limit(
    sample_service: SearchService, limit: int
) -> None:
    """Passages found by words and those found by similarity obey them alike."""
    text = "加强老旧小区物业管理，落实经费保障"

    def of(**wanted: Any) -> list[Precedent]:
        page = found(sample_service, text, limit, **wanted)
        assert not page.degraded
        return list(page.results)

    assert 0 < len(of()) <= limit
    kinds = {one.stored.view.kind for one in of(filters=Filters(kind=("通知",)))}
    assert kinds <= {"通知"}
    for place in PLACES:
        assert {one.place for one in of(places=(place,))} <= {place}
    assert {one.passage.role for one in of(places=("保障措施",))} == {"保障措施"}
    assert all(len(one.text) >= relevance.PRECEDENT_LENGTH for one in of())


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
