"""Passages put into drafts, and what is recognised of them after edits."""

from hypothesis import given
from hypothesis import strategies as st

from search_service.drafting.quotations import Quotable, inserted, recognised
from search_service.drafting.references import Quoted

PASSAGE = Quotable(
    "7",
    "p1",
    "（一）压实责任。各乡镇党委书记是第一责任人，要逐级签订责任书，把任务分解到岗到人。\n"
    "（二）排查隐患。对学校、医院、工矿企业逐一排查，建立台账，限期销号整改到位。",
)
OTHER = Quotable(
    "8", "p2", "加强宣传引导，利用广播、微信群、宣传栏普及安全常识，营造人人参与的浓厚氛围。"
)
DRAFT = "一、总体要求\n坚持预防为主。\n二、主要任务\n结合实际抓好落实。"


def test_a_passage_is_put_after_the_line_at_the_offset() -> None:
    """As lines of its own: in the middle, at the end, and in an empty draft."""
    middle = DRAFT.index("\n二、")

    assert inserted(DRAFT, middle, "甲。\n").split("\n") == [
        *DRAFT.split("\n")[:2],
        "甲。",
        *DRAFT.split("\n")[2:],
    ]
    assert inserted(DRAFT, middle + 1, "甲。") == inserted(DRAFT, middle, "甲。")
    assert inserted(DRAFT, len(DRAFT), "甲。") == f"{DRAFT}\n甲。"
    assert inserted("", 0, "甲。") == "甲。"


def test_what_was_put_in_has_its_source_and_own_text_none() -> None:
    """Once for a passage of two lines, after the last of them."""
    draft = inserted(inserted(DRAFT, DRAFT.index("\n二、"), PASSAGE.text), 10**6, OTHER.text)

    found = [(one.text[:4], one.article) for one in recognised(draft, [PASSAGE, OTHER])]

    assert found == [
        ("一、总体", ""), ("坚持预防", ""), ("（一）压", ""), ("（二）排", "7"), ("二、主要", ""),
        ("结合实际", ""), ("加强宣传", "8"),
    ]  # fmt: skip


def test_the_source_stays_until_a_line_is_mostly_new() -> None:
    """An exchanged name leaves it, a rewritten sentence does not."""
    edited = OTHER.text.replace("广播、微信群", "村村响、公众号")
    new = "加强宣传引导，组织干部群众到现场观摩演练，邀请专家授课，印发口袋书。"

    assert recognised(edited, [OTHER]) == [Quoted(edited, "8", "p2")]
    assert recognised(new, [OTHER]) == [Quoted(new)]


@given(st.lists(st.text(alphabet="甲乙丙\n。", max_size=30), max_size=5), st.integers(0, 200))
def test_no_line_is_lost(texts: list[str], offset: int) -> None:
    """Whatever is put in wherever: all lines that are not blank are there, each once."""
    draft = ""
    for text in texts:
        draft = inserted(draft, min(offset, len(draft)), text)

    lines = [line for text in texts for line in text.strip().splitlines() if line.strip()]
    assert sorted(one.text for one in recognised(draft, [])) == sorted(lines)
