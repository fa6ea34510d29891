"""Passages cover the text, stay inside the limit and know their headings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.outline import MAXIMUM, ROLES, Section, split
from tests.analyzers.chinese import BODY, TEXT


@given(st.one_of(BODY, TEXT, st.text()), st.sampled_from([40, 200, MAXIMUM]))
def test_joined_passages_are_the_text(text: str, limit: int) -> None:
    """Whatever the text, its passages follow one another, cover it and keep to the limit."""
    sections = split(text, limit=limit)
    assert "".join(text[section.start : section.end] for section in sections) == text
    assert all(0 < section.end - section.start <= limit for section in sections)
    position = 0
    for section in sections:
        assert section.start == position
        position = section.end


@given(st.one_of(BODY, TEXT))
def test_every_role_is_one_of_the_roles(text: str) -> None:
    """What a passage can be is what callers may ask for."""
    assert {section.role for section in split(f"{text}\n{NOTICE}\n附件1\n{text}")} <= {*ROLES}
    assert {section.role for section in split(f"{NOTICE}附件1\n名单")} == {*ROLES}


def find(text: str, piece: str) -> Section:
    """The passage that holds the piece."""
    at = text.index(piece)
    return next(section for section in split(text) if section.start <= at < section.end)


NOTICE = (
    "各镇人民政府：\n为规范老旧小区管理，现将有关事项通知如下，请结合实际抓好落实，务求取得实效，让群众看得见变化。\n"
    "一、总体要求\n坚持党建引领，" + "坚持问题导向与目标导向相统一，" * 8 + "\n"
    "二、主要任务\n（一）摸清底数。" + "各社区要逐栋逐户登记造册，" * 9 + "\n"
    "（二）建立机制。" + "推行居民自治与专业服务相结合，" * 8 + "\n"
    "三、组织保障\n１．加强领导。" + "成立工作专班，定期研究解决问题，" * 8 + "\n"
    "清源县人民政府办公室\n2024年3月5日\n"
)


@pytest.mark.parametrize(
    ("piece", "path", "role"),
    [
        ("为规范老旧", (), "导语"),
        ("坚持党建引领", ("一、总体要求",), "主体"),
        ("逐栋逐户", ("二、主要任务", "（一）摸清底数"), "主体"),
        ("推行居民自治", ("二、主要任务", "（二）建立机制"), "主体"),
        ("成立工作专班", ("三、组织保障", "１．加强领导"), "保障措施"),
        ("清源县人民政府办公室", (), "落款"),
    ],
)
def test_passages_know_their_headings_and_role(
    piece: str, path: tuple[str, ...], role: str
) -> None:
    """A passage carries the headings above it and its role in the document."""
    section = find(NOTICE, piece)
    assert (section.path, section.role) == (path, role)


def test_headings_are_found_where_line_breaks_were_lost() -> None:
    """A heading behind the end of a sentence begins a passage."""
    body = (
        "现提出如下意见：一、明确试点城市。"
        + "按照合理布局的原则推进试点。" * 8
        + "二、强化工作目标。"
        + "实现直接结算。" * 14
    )
    assert find(body, "按照合理").path == ("一、明确试点城市",)
    assert find(body, "实现直接").path == ("二、强化工作目标",)


def test_a_reference_to_an_article_is_no_heading() -> None:
    """第三条规定的 speaks of another article."""
    body = "第一条 为加强管理，制定本办法。\n第三条规定的情形，" + "从其规定执行。" * 20 + "\n"
    assert all("第三条" not in "".join(section.path) for section in split(body))


def test_articles_of_a_law_stand_under_their_chapter() -> None:
    """章 and 条 nest."""
    body = (
        "第一章 总则\n第一条 为了"
        + "规范管理，" * 20
        + "。\n第二章 职责\n第二条 主管部门"
        + "负责监督，" * 20
        + "。\n"
    )
    assert find(body, "负责监督").path[0] == "第二章 职责"
    assert find(body, "负责监督").path[1].startswith("第二条")
