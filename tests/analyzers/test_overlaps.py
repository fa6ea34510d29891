"""Where paragraphs are in another text, as they are or edited."""

import random

from hypothesis import example, given
from hypothesis import strategies as st

from analyzers.copies import content_of
from analyzers.overlaps import OtherText, Paragraphs, common_length
from tests.support.planted_copies import edited

RULE = "第十二条　停车场经营者应当在出入口显著位置公示收费标准、服务时间和监督电话，接受社会监督。"
OTHER = "第五条　本市鼓励单位和个人利用自有土地建设停车场，按照有关规定给予补助。"
LETTERS = st.text(alphabet="巡河护岸清理水面按月上报责任到人", min_size=1, max_size=30)


def test_a_paragraph_is_found_where_it_is() -> None:
    """Among others, with other blanks and punctuation; the offsets are of the text as it is."""
    text = f"{OTHER}\n{RULE.replace('、', '，　')}\n{OTHER}"
    place = Paragraphs([RULE]).place(0, OtherText(text), least=0.6)

    assert place is not None
    assert place.share == 1
    assert content_of(text[place.start : place.end]) == content_of(RULE)


@given(seed=st.integers(0, 10_000))
@example(seed=136)  # begins with a word that is in the line before, too
def test_an_edited_paragraph_is_found(seed: int) -> None:
    """With three of ten characters replaced, deleted or inserted at; another one of the same law is not."""
    line = edited(RULE, 0.3, [{"body": "坚持稳中求进工作总基调"}], random.Random(seed))
    paragraphs = Paragraphs([line])
    place = paragraphs.place(0, OtherText(f"{OTHER}\n{RULE}\n{OTHER}"), least=0.6)

    assert place is not None
    assert place.start >= len(OTHER) - 5
    assert place.end <= len(OTHER) + len(RULE) + 6
    assert paragraphs.place(0, OtherText(OTHER), least=0.6) is None
    assert paragraphs.place(0, OtherText(""), least=0.6) is None


@given(one=LETTERS, other=LETTERS)
def test_the_common_length_is_that_of_the_table(one: str, other: str) -> None:
    """As by the usual table of lengths."""
    row = [0] * (len(other) + 1)
    for mine in one:
        before = row
        row = [0]
        for place, theirs in enumerate(other):
            row.append(before[place] + 1 if mine == theirs else max(row[-1], before[place + 1]))
    assert common_length(one, other) == row[-1]
