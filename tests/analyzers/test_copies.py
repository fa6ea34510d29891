"""Which texts are copies, and which only look like it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.copies import SHORTEST, content_of, is_copy, may_be_same, pieces

NOTICE = (
    "各乡镇人民政府，县政府各部门：为做好2024年国庆节期间安全生产工作，经县政府同意，现就有关事项通知如下。"
    "一、提高认识，压实责任。各乡镇要把安全生产摆在突出位置，主要负责同志亲自部署，确保责任到人。"
    "二、突出重点，全面排查。对矿山、危险化学品、建筑施工、消防等12个领域开展拉网式检查，隐患不整改不放过。"
    "三、加强值守，快速处置。严格执行24小时值班和领导带班制度，遇有突发情况第一时间报告，联系人：李明。"
    "清源县人民政府办公室2024年9月20日"
)
FORWARDED = f"现将上级通知转发给你们，请结合实际认真贯彻落实。\n{NOTICE}\n（此件公开发布）"
TEMPLATES = {
    "place": NOTICE.replace("清源县", "平湖县"),
    "year": NOTICE.replace("2024", "2023"),
    "number": NOTICE.replace("12个", "15个"),
    "digit": NOTICE.replace("24小时", "2小时"),
    "name": NOTICE.replace("李明", "王建国"),
    "signature": NOTICE.replace("清源县人民政府办公室2024年9月20日", "平湖县人民政府2024年9月22日"),
    "sentence": NOTICE.replace("经县政府同意，", ""),
    "negation": NOTICE.replace("不整改不放过", "整改放过"),
}


@pytest.mark.parametrize(
    "other",
    [
        NOTICE,
        FORWARDED,
        NOTICE.replace("。", " 。\n"),
        f"{NOTICE}附件：值班表",
        NOTICE.replace("国庆节", "國慶節"),
    ],
)
def test_a_text_with_more_around_it_is_a_copy(other: str) -> None:
    """Whatever its line breaks, punctuation, script and width; found by a piece, either way round."""
    one, two = content_of(NOTICE), content_of(other)
    assert is_copy(one, two)
    assert is_copy(two, one)
    mine, theirs = pieces(one), pieces(two)
    assert mine is not None
    assert theirs is not None
    assert np.any(mine == theirs)


@pytest.mark.parametrize("template", list(TEMPLATES))
def test_documents_of_one_template_are_never_copies(template: str) -> None:
    """However similar: one place, year, number or name is another."""
    one, two = content_of(NOTICE), content_of(TEMPLATES[template])
    assert one != two
    assert not is_copy(one, two)
    assert not is_copy(two, one)


def test_a_form_that_is_filled_in_has_no_piece_in_common() -> None:
    """Or a portal with thousands of such notices would have each compared with all others."""
    sentence = "各乡镇要落实第{}号责任，值班{}人，检查堤坝{}处，底线是一户不漏。"
    filled = ["".join(sentence.format(n, n % 7, line) for line in range(16)) for n in range(50)]
    found = np.array([pieces(content_of(one)) for one in filled])
    assert len(np.unique(found)) == found.size


@given(place=st.integers(0, len(content_of(NOTICE)) - 1), character=st.sampled_from("甲乙37不"))
def test_any_other_character_is_another_document(place: int, character: str) -> None:
    """One character of the common text is enough, wherever it stands."""
    one = content_of(NOTICE)
    if one[place] != character:
        assert not is_copy(one, one[:place] + character + one[place + 1 :])


def test_a_text_that_says_little_has_no_copies() -> None:
    """详见附件 is the text of many articles."""
    short = content_of("详见附件，请遵照执行。")
    assert len(short) < SHORTEST
    assert not is_copy(short, short)
    assert pieces(short) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("关于做好防汛工作的通知", "清源县转发关于做好防汛工作的通知", True),
        ("关于做好防汛工作的通知", "防汛工作安排", True),
        ("清源县关于国庆放假的通知", "平湖县关于国庆放假的通知", False),
        ("2023年国庆放假通知", "2024年国庆放假通知", False),
        ("第一批示范名单", "第二批示范名单", False),
        ("科学技术奖励条例", "国务院关于修改《科学技术奖励条例》的决定", False),
    ],
)
def test_a_title_may_say_that_it_is_another_document(one: str, other: str, *, same: bool) -> None:
    """Of another place, year or number, or one that alters the other."""
    assert may_be_same(one, other) == same
    assert may_be_same(other, one) == same
