"""What a draft finds, section by section."""

from collections.abc import Iterator
from typing import Any

import pytest

from search_service import relevance
from search_service.answers.drafts import DraftPage, for_draft
from search_service.answers.precedents import Wanted
from search_service.errors import BadInput
from search_service.model import Audience, Filters
from search_service.service import SearchService
from tests.support.drafting import BURIAL, ENGINES, RIVERS, opened

DRAFT = f"""关于加强河道和殡葬管理的方案
各村（社区）：
为做好有关工作，结合实际，制定本方案。
一、河道
{RIVERS.replace("每周", "每月")}
二、丧葬
（一）安葬。{BURIAL}
三、低空经济
发展无人机物流，布设起降点，开通低空航线，培育飞行服务企业和检测维修企业。
附件：责任表
石桥镇人民政府
2026年3月1日
"""


@pytest.fixture(params=ENGINES, scope="module")
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchService]:
    """A service over the articles on each engine, without a model."""
    with opened(request, tmp_path_factory.mktemp("drafts")) as service:
        yield service


def found(service: SearchService, draft: str, limit: int = 10, **wanted: Any) -> DraftPage:
    """Return what a draft finds."""
    return for_draft(service, draft, Audience.PUBLIC, wanted=Wanted(**wanted), limit=limit)


def test_every_section_has_its_own_passages(service: SearchService) -> None:
    """In the order of the draft, without its frame; a section that nothing is close to has none."""
    page = found(service, DRAFT)
    shown = [
        (
            one.path[-1][:4] if one.path else one.text[:4],
            [p.passage.path[-1][:5] for p in one.results],
        )
        for one in page.sections
    ]
    headings = dict(shown)
    assert [name for name, _ in shown] == [*headings]
    assert set(headings["一、河道"]) == {"一、巡河", "（一）巡河"}
    assert headings["（一）安"] == ["一、安葬"]
    assert headings["三、低空"] == []
    assert not any("各村（社区）" in one.text or "石桥镇人民" in one.text for one in page.sections)
    for one in page.sections:
        assert DRAFT[one.start : one.end].strip() == one.text
    assert {p.passage.path[-1][:4] for p in page.results} >= {"一、巡河", "一、安葬"}


def test_nearly_the_same_sentences_are_named_with_their_source(service: SearchService) -> None:
    """A word changed, or none; a sentence of one's own is not among them."""
    repeated = [one for section in found(service, DRAFT).sections for one in section.repeated]
    texts = {DRAFT[one.start : one.end]: one for one in repeated}
    edited = texts["河长每月巡河护河一次，及时清理河面漂浮物。"]
    copied = texts["各村推行节地生态安葬，建设公益性公墓，禁止乱埋乱葬。"]
    assert relevance.REPEATED_SHARE <= edited.share < copied.share == 1.0
    assert "每周" in edited.source.text
    assert edited.source.stored.view.id in {"a", "f"}
    assert not any("低空" in text or "结合实际" in text for text in texts)


def test_a_draft_keeps_to_filters_places_and_limits(service: SearchService) -> None:
    """For every section; nothing is wanted of a place that is no part of the body."""
    page = found(
        service,
        DRAFT,
        limit=1,
        filters=Filters(kind=("方案",)),
        places=("主要任务",),
        regions=("石桥镇",),
    )
    results = [one for section in page.sections for one in section.results]
    assert {(one.stored.view.id, one.place) for one in results} == {("f", "主要任务")}
    assert all(len(section.results) <= 1 for section in page.sections)
    assert len(page.results) == 1
    nowhere = found(service, DRAFT, regions=("江苏",))
    assert nowhere.results == ()
    assert not any(section.results for section in nowhere.sections)


def test_a_draft_without_text_of_its_own_is_searched_whole(service: SearchService) -> None:
    """What says too little to be a section is searched if there is nothing else."""
    page = found(service, "巡河护河\n清理河面漂浮物")
    assert [one.text for one in page.sections] == ["巡河护河\n清理河面漂浮物"]
    assert page.results


@pytest.mark.parametrize("draft", ["", " \n", "字" * (relevance.MAX_DRAFT + 1)])
def test_a_draft_has_a_length(service: SearchService, draft: str) -> None:
    """Empty ones and longer ones are refused with the limit."""
    with pytest.raises(BadInput, match=str(relevance.MAX_DRAFT)):
        found(service, draft)


def test_a_long_draft_is_read_to_its_end(sample_service: SearchService) -> None:
    """The last of sixty sections is searched like the first."""
    filler = "加强老旧小区物业管理，落实经费保障，完善考核机制，定期通报情况，压实各方责任。" * 7
    last = f"六十、殡葬\n{'推行节地生态安葬，建设公益性公墓，免除基本殡葬服务费用。' * 4}"
    draft = "\n".join(f"{n}、小区治理\n{filler}" for n in range(1, 60)) + f"\n{last}"
    page = found(sample_service, draft[-relevance.MAX_DRAFT :])
    assert len(page.sections) >= 50
    assert page.sections[-1].results
    assert any("安葬" in one.text for one in page.sections[-1].results)
