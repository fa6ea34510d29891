"""Model outlines over the sample corpus, and the headings of texts."""

from search_service.drafting.outlines import Heading, headings_of, outlines
from search_service.engines.reads import NO_FILTERS
from search_service.model import Audience, Filters
from search_service.service import SearchService


def test_headings_of_three_levels_without_what_follows_them() -> None:
    """Run-in headings too; of rules the chapters."""
    text = "前言。\n一、总体要求\n（一）加强领导。各单位要落实。\n1.建立台账。逐户登记。\n二、要求：\n甲。"

    assert list(headings_of(text)) == [
        Heading(1, "一、总体要求"),
        Heading(2, "（一）加强领导"),
        Heading(3, "1.建立台账"),
        Heading(1, "二、要求"),
    ]
    rules = "第一章 总则\n第一条 为了规范管理，制定本办法。\n第二条 适用范围。"
    assert list(headings_of(rules)) == [Heading(1, "第一章 总则")]


def test_items_of_lists_are_no_headings() -> None:
    """Neither those of a rule nor those of a sentence; after a rule headings begin again with a chapter."""
    text = "第一条 下列行为禁止：\n（一）乱搭乱建\n1.占道\n## 二、附则\n（一）解释\n1.县政府解释；\n2.施行。"

    assert [one.text for one in headings_of(text)] == ["二、附则", "（一）解释", "2.施行"]


def test_outlines_are_of_documents_found_for_the_topic(sample_service: SearchService) -> None:
    """Of the kind that is asked for, at most as many as are wanted, each with some headings."""
    found = outlines(
        sample_service, "营商环境", Audience.PUBLIC, filters=Filters(kind=("方案",)), limit=2
    )

    assert 1 <= len(found.outlines) <= 2
    assert {one.view.kind for one in found.outlines} == {"方案"}
    assert all(len(one.headings) >= 3 for one in found.outlines)


def test_the_structure_counts_documents(sample_service: SearchService) -> None:
    """Headings without numbers, each by the documents that have it, at least two and at most all."""
    found = outlines(sample_service, "", Audience.PUBLIC, filters=NO_FILTERS)
    counts = dict(found.structure)

    assert counts
    assert all(2 <= count <= found.compared for count in counts.values())
    assert not [name for name in counts if name[0] in "一二三四五六七八九十（(0123456789"]


def test_nothing_found_is_no_fault(sample_service: SearchService) -> None:
    """A topic of which nobody wrote has no outlines."""
    found = outlines(sample_service, "龘龘", Audience.PUBLIC)

    assert (found.outlines, found.structure, found.compared) == ((), (), 0)


def test_a_blocked_topic_has_none(sample_service: SearchService) -> None:
    """As it has no results."""
    sample_service.store.blocked.add("营商环境")
    try:
        found = outlines(sample_service, "营商环境", Audience.PUBLIC)
    finally:
        sample_service.store.blocked.remove("营商环境")

    assert found.blocked
    assert found.outlines == ()
