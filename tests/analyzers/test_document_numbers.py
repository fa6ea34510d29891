"""A 文号 is found in any bracket and spacing, and by any part of it that people type."""

import re
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analyzers.document_numbers import find, index_keys, query_keys
from analyzers.normalize import normalize
from tests.support.chinese import TEXT

ORGAN = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["雁", "柳", "双", "云", "国", "临"]),
        st.sampled_from(["政", "政办", "民", "住建", "财教", "委办", "农牧", ""]),
        st.sampled_from(["发", "函", "规", "字", "办"]),
    ),
)
ORDER = st.sampled_from(["雁坪省政府令", "国务院令", "住房保障部令", "公安厅令"])


class Number(NamedTuple):
    """The parts of a 文号."""

    organ: str
    year: int
    serial: int

    @property
    def text(self) -> str:
        """As it is printed."""
        return f"{self.organ}〔{self.year}〕{self.serial}号"


NUMBER = st.builds(Number, ORGAN, st.integers(1990, 2029), st.integers(1, 9999))

# How people type it.
WHOLE: list[Callable[[Number], str]] = [
    lambda n: n.text,
    lambda n: f"{n.organ}[{n.year}]{n.serial}号",
    lambda n: f"{n.organ}【{n.year}】第{n.serial}号",
    lambda n: f"{n.organ}（{n.year}）{n.serial}号",
    lambda n: f"{n.organ}({n.year}) {n.serial} 号",
    lambda n: f"{n.organ} 〔 {n.year} 〕 {n.serial}号",
    lambda n: f"{n.organ}〔{n.year}年〕{n.serial}号",
    lambda n: f"{n.organ}{n.year}年{n.serial}号",
    lambda n: f"{n.organ}{n.year}第{n.serial}号",
    lambda n: f"{n.organ}〔{n.year}〕{n.serial}",
    lambda n: f"{n.organ}({n.year}){n.serial}",
    lambda n: f"{n.organ}{n.year}-{n.serial}",
    lambda n: f"{n.organ}{n.year} {n.serial}",
    lambda n: f"{n.organ} {n.year} {n.serial}号",
    lambda n: f"《低保办法》（{n.text}）",
    lambda n: f"低保办法{n.text}",
    lambda n: f"根据{n.text}文件",
]
PART: list[Callable[[Number], str]] = [
    lambda n: f"〔{n.year}〕{n.serial}号",
    lambda n: f"[{n.year}]第{n.serial}号",
    lambda n: f"（{n.year}）{n.serial}号",
    lambda n: f"{n.year}年第{n.serial}号",
    lambda n: f"{n.year}年{n.serial}号",
    lambda n: f"{n.organ}〔{n.year}〕",
    lambda n: f"{n.organ}[{n.year}]",
    lambda n: f"{n.organ}{n.year}",
    lambda n: f"{n.organ}{n.serial}号",
    lambda n: f"{n.organ}第{n.serial}号",
]


def asked(typed: str) -> set[str]:
    """The keys of the only number that somebody typed."""
    (number,) = find(normalize(typed))
    return set(query_keys(number))


def indexed(number: str) -> set[str]:
    """The keys of an article's number."""
    return set(index_keys(normalize(number)))


@given(NUMBER, NUMBER, st.sampled_from(WHOLE))
def test_a_number_in_any_form_finds_its_document_and_no_other(
    number: Number, other: Number, form: Callable[[Number], str]
) -> None:
    """Every bracket, spacing and omission; another number has none of the keys."""
    assume(not other.text.endswith(number.text))
    # Two digits behind a year are one of its months, perhaps, and a year is one.
    assume(not re.search(r"[-–]", form(number)) or number.serial < 1900)
    keys = asked(form(number))
    assert keys & indexed(number.text)
    assert number == other or not keys & indexed(other.text)


@given(NUMBER, NUMBER, st.sampled_from(PART))
def test_a_part_finds_the_numbers_that_have_it(
    number: Number, other: Number, form: Callable[[Number], str]
) -> None:
    """And only these: another number is found where it has the same part."""
    keys = asked(form(number))
    assert keys & indexed(number.text)
    has_it = form(other) == form(number)
    assert bool(keys & indexed(other.text)) is has_it or other.organ.endswith(number.organ)


@given(NUMBER)
def test_the_organ_may_lack_its_first_characters(number: Number) -> None:
    """政办发〔2024〕17号 finds that of every place; another place's number does not find it."""
    assume(len(number.organ) > 2)
    assert asked(number.text[1:]) & indexed(number.text)
    assert not asked(f"川{number.text[1:]}") & indexed(number.text)


@given(ORDER, st.integers(1, 999))
def test_an_order_is_found_by_its_number(order: str, serial: int) -> None:
    """国务院令第714号 by 714号令, with its organ before or after it, in digits."""
    for typed in (
        f"{order}第{serial}号",
        f"{order}{serial}号",
        f"{order}（第{serial}号）",
        f"第{serial}号{order}",
        f"{serial}号令",
        f"第{serial}号令",
        f"令第{serial}号",
        f"{order.removesuffix('令')}第{serial}号令",
    ):
        assert asked(typed) & indexed(f"{order}第{serial}号"), typed
        assert not asked(typed) & indexed(f"{order}第{serial + 1}号")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("国令5号", "国务院令第5号"),
        ("国务院令第5号", "国令第5号"),
        ("国务院令第5号", "中华人民共和国国务院令第5号"),
        ("主席令第二十一号", "中华人民共和国主席令第21号"),
        ("第21号主席令", "中华人民共和国主席令第二十一号"),
        ("雁坪省政府令5号", "雁坪省人民政府令第5号"),
        ("省政府令第5号", "雁坪省人民政府令第5号"),
        ("雁坪省人民政府令第5号", "省政府令第5号"),
        ("交通部令第5号", "交通部令2019年第5号"),
        ("交通部令2019年第5号", "交通部令2019年第5号"),
        ("雁政第5号", "雁政第5号"),
        ("雁科发〔2003〕21号", "雁科发[2003]021号"),
    ],
)
def test_other_names_of_one_number(typed: str, number: str) -> None:
    """Long and short names of an organ, numerals, leading zeros."""
    assert asked(typed) & indexed(number)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05",
        "2022—2024年",
        "2023年工作总结",
        "春耕 2024 17",
        "地铁5号线",
        "2024年3月",
        "工作总结2024-3-5",
        "12345热线",
        "三号楼",
        "第7号通知",
        "（2023）",
    ],
)
def test_no_number(text: str) -> None:
    """Dates, ranges and counts are none."""
    assert not find(normalize(text))


@given(st.one_of(TEXT, st.text()))
def test_spans_are_in_order(text: str) -> None:
    """Within the text, without overlaps; every number has keys."""
    normal, position = normalize(text), 0
    for number in find(normal):
        assert position <= number.start < number.end <= len(normal)
        assert query_keys(number)
        assert all(":" in key for key in (*query_keys(number), *index_keys(normal)))
        position = number.end
