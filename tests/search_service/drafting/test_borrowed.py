"""What of a draft was put in, and what in it is foreign."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.drafting.borrowed import borrowed, exchanged
from search_service.drafting.quotations import Quotable

PASSAGE = Quotable(
    "7",
    "p1",
    "（一）2024年3月底前，清源县各乡镇由李国强书记牵头，投入300万元，改造XX个小区，完成率达到95.5%。\n"
    "依据《清源县住宅小区条例》第12条和清政发〔2023〕9号文件，石桥镇先行先试，逐级签订责任书。",
)
OWN = "西河县改造方案\n一、西河县实际\n完成率达到95.5%。"
PIECES = st.sampled_from(
    ["2024年3月", "清源县", "300万元", "西河县", "XX", "逐级签订责任书", "𠮷", "（二）", "\n", "投入", "牵头"]
)  # fmt: skip


def _names(text: str) -> Sequence[tuple[int, int]]:
    start = text.find("李国强")
    return [(start, start + 3)] if start >= 0 else []


def _foreign(draft: str, passages: Sequence[Quotable] = (PASSAGE,)) -> list[list[str]]:
    lines = borrowed(draft, passages, _names)
    return [[draft[start:end] for start, end in line.foreign] for line in lines]


def test_places_persons_years_amounts_and_blanks_are_foreign() -> None:
    """Not the number of an item, of an article, of a document, nor the title of one."""
    assert _foreign(f"{OWN}\n{PASSAGE.text}") == [
        ["2024年3月", "清源县", "李国强", "300万元", "XX"],
        ["石桥镇"],
    ]


def test_what_the_author_writes_elsewhere_is_not_foreign() -> None:
    """The same county in the title; 95.5% is in a line of the author's own above."""
    found = _foreign(f"清源县方案\n{PASSAGE.text}")

    assert "清源县" not in found[0]
    assert "95.5%" in found[0]


def test_what_is_exchanged_is_not_foreign_any_more() -> None:
    """In the lines that were put in alone; the rest of the draft stays as it was."""
    draft = f"三县共有300 万元\n{PASSAGE.text}"
    lines = borrowed(draft, [PASSAGE], _names)

    after = exchanged(
        draft, lines, {"清源县": "西河县", "300万元": "＿＿", "李国强": "", "XX": "12"}
    )

    assert after.startswith(
        "三县共有300 万元\n（一）2024年3月底前，西河县各乡镇由书记牵头，投入＿＿，改造12个"
    )
    assert _foreign(after)[0] == ["2024年3月", "95.5%"]


def test_a_line_counts_until_it_is_mostly_new() -> None:
    """The share falls while it is rewritten, then the line is the author's."""
    (line,) = borrowed(PASSAGE.text.split("\n")[1], [PASSAGE], _names)
    (edited,) = borrowed(
        PASSAGE.text.split("\n")[1].replace("先行先试", "率先试点"), [PASSAGE], _names
    )

    assert line.share == 1
    assert 0.5 < edited.share < 1
    assert (
        borrowed("石桥镇先组织座谈，再到现场看，然后才由各村签订责任书。", [PASSAGE], _names) == []
    )


@given(st.lists(PIECES, max_size=30).map("".join))
def test_spans_are_in_their_lines_and_in_the_passage(draft: str) -> None:
    """In order, without overlaps; exchanged by themselves the draft is the same."""
    lines = borrowed(draft, [PASSAGE, Quotable("8", "p", draft)], _names)
    end = 0
    for line in lines:
        assert "\n" not in draft[line.start : line.end]
        for start, stop in line.foreign:
            assert max(end, line.start) <= start < stop <= line.end
            end = stop
    spans = [draft[start:stop] for line in lines for start, stop in line.foreign]
    assert exchanged(draft, lines, dict(zip(spans, spans, strict=True))) == draft
    assert exchanged(draft, lines, {}) == draft


@pytest.mark.parametrize("draft", ["", "\n", "清源县"])
def test_without_a_passage_nothing_is_borrowed(draft: str) -> None:
    """Nor in a line that is too short to tell."""
    assert borrowed(draft, [], _names) == []
    assert borrowed(draft, [PASSAGE], _names) == []
