"""Lines that were broken at a width are joined, and no others."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.intake.cleaning import Cleaning, Rule, clean, clean_head
from search_service.intake.wrapped_lines import join_wrapped_lines

SENTENCES = (
    "为保障秋粮颗粒归仓，各村要提前检修联合收割机，做好用油保障和跨区作业通行证办理工作。",
    "全镇现有高标准农田，灌溉设施完好率逐年提高，但部分支渠淤积严重，影响下游用水。",
    "镇农业综合服务中心负责组织技术人员进村入户，指导农户科学施肥、统防统治，减少病虫害损失。",
    "各村民小组要明确一名信息员，每天上报收割进度，遇到降雨天气及时调度烘干设备。",
    "对因灾倒伏的地块，由村委会登记造册，协助农户申请农业保险理赔，确保应赔尽赔。",
    "严禁露天焚烧秸秆，鼓励打捆离田和粉碎还田，完成任务的合作社可以申报补助资金。",
    "派出所和交警中队要加强农机道路安全检查，重点查处无证驾驶、违法载人等行为。",
    "纪检监察机关将对补贴发放情况开展专项监督，发现截留挪用的，依规依纪严肃处理。",
)
PARAGRAPH = st.lists(st.sampled_from(SENTENCES), min_size=2, max_size=5).map("".join)


def columns(text: str) -> int:
    """The width on a terminal."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def wrapped(paragraph: str, widths: list[int], *, by_columns: bool, indent: str) -> list[str]:
    """The paragraph in lines, each at most as wide as the next of ``widths``, in turn."""
    lines: list[str] = []
    line = indent
    for character in paragraph:
        size = columns(line + character) if by_columns else len(line) + 1
        if size > widths[len(lines) % len(widths)] and character not in "，。、）":
            lines.append(line)
            line = ""
        line += character
    return [*lines, line]


@given(
    paragraphs=st.lists(PARAGRAPH, min_size=8, max_size=14),
    width=st.integers(20, 40),
    ragged=st.booleans(),
    by_columns=st.booleans(),
    indent=st.sampled_from(["　　", "    "]),
    gap=st.sampled_from(["\n", "\r\n", "\n\n", "\r\n\r\n"]),
)
def test_wrapped_paragraphs_are_one_line_each(
    paragraphs: list[str], width: int, indent: str, gap: str, *, ragged: bool, by_columns: bool
) -> None:
    """If the rule sees that they were: at any width, in characters or columns, even or ragged, also twice."""
    widths = [width, width * 3 // 4, width - 3] if ragged else [width]
    newline = gap[: len(gap) // (gap.count("\n"))]
    lines = (wrapped(one, widths, by_columns=by_columns, indent=indent) for one in paragraphs)

    cleaned = clean(gap.join(map(newline.join, lines)))

    # One sentence again and again may have all its breaks between words.
    if Rule.WRAPPED_LINES in cleaned.fired:
        assert cleaned.text.split("\n\n" if gap.count("\n") > 1 else "\n") == paragraphs
    assert not clean(cleaned.text).fired


def test_a_wrapped_text_is_recognised_at_every_width() -> None:
    """From 20 to 40, even and ragged, in characters and columns."""
    paragraphs = ["".join(SENTENCES[n:] + SENTENCES[:n]) for n in range(8)]
    for width in range(20, 41):
        for widths in ([width], [width, width * 3 // 4, width - 3]):
            for by_columns in (False, True):
                lines = (
                    wrapped(one, widths, by_columns=by_columns, indent="　　") for one in paragraphs
                )
                cleaned = clean("\n".join(map("\n".join, lines)))
                assert cleaned.text.split("\n") == paragraphs, (widths, by_columns)


def test_a_ragged_text_keeps_its_frame() -> None:
    """Title, addressee, headings, list and signature stay lines; what was broken inside words is joined."""
    text = """关于做好秋收机械调度的通知
各村民委员会：
    当前秋收进入高峰，各村要提前检修联
合收割机，落实用油保
障，保证人歇机不歇。
    一、任务分工
    农机站负责跨区作业通行
证办理，每天公布机具数
量和去向。
    抄报范围：
    1.县农业农村局
    2.县气象局
石桥镇人民政府
2025年9月12日"""

    assert clean(text).text.split("\n") == [
        "关于做好秋收机械调度的通知",
        "各村民委员会：",
        "当前秋收进入高峰，各村要提前检修联合收割机，落实用油保障，保证人歇机不歇。",
        "一、任务分工",
        "农机站负责跨区作业通行证办理，每天公布机具数量和去向。",
        "抄报范围：",
        "1.县农业农村局",
        "2.县气象局",
        "石桥镇人民政府",
        "2025年9月12日",
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["县发展和改革委员会", "县财政局", "县自然资源和规划局", "县农业农村局", "县水利局"],
        ["红旗渠水绕山流，", "万亩良田喜丰收。", "干群同心齐努力，", "石桥处处展新猷。"],
        ["牢记为民宗旨", "践行初心使命", "勇于担当作为", "推动乡村振兴"],
        ["工作总结", "一、主要做法", "抓组织，强队伍。", "二、存在问题", "力量不足。"],
        ["单位\t任务\t时限", "县民政\t局\t6月", "县农业\t局\t7月", "县水利\t局\t8月"],
        ["王建国　李　娟", "张志强　赵立新", "孙　磊　周海燕", "联系人：吴晓东", "电话：0000"],
        ["清源县人民政府", "清源县财政局", "2025年3月5日", "主动公开", "抄送：县委办公室"],
    ],
    ids=["organs", "verse", "slogans", "headings", "table", "names", "signature"],
)
def test_lines_of_their_own_stay(lines: list[str]) -> None:
    """Short lines that were not broken at a width."""
    text = "\n".join(lines * 6)

    assert join_wrapped_lines(text) == text


def test_a_preview_is_joined_as_its_body() -> None:
    """By the same rule, so that it is the beginning of the body; the rule can be left out."""
    paragraphs = ["".join(SENTENCES[n:] + SENTENCES[:n]) for n in range(6)]
    raw = "\n".join(
        "\n".join(wrapped(one, [25], by_columns=False, indent="　　")) for one in paragraphs
    )

    preview = clean_head(raw, len(raw) // 2)

    assert preview
    assert clean(raw).text.startswith(preview)
    others = Cleaning(frozenset(Rule) - {Rule.WRAPPED_LINES})
    assert clean(raw, cleaning=others).text.count("\n") == raw.count("\n")


@pytest.mark.parametrize("line", ["甲乙", "检修联\n合收割机", "，", "一、\n"])
def test_many_lines_cost_no_time(line: str) -> None:
    """Time grows with the text, not with its square."""
    text = f"{line}\n" * 50_000
    started = time.process_time()

    join_wrapped_lines(text)

    assert time.process_time() - started < 10
