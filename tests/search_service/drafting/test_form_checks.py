"""Checks of form and words: what is wrong is found where it is, what is right is left alone."""

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analyzers.references import numeral
from search_service.drafting.form_checks import document_numbers, numbering, placeholders
from search_service.drafting.wording import Wording, read_wording
from search_service.errors import ConfigurationError

ALL = (document_numbers, numbering, placeholders, Wording({"帐号": "账号"}).find)
MARKS = (
    lambda number: f"{numeral(number)}、",
    lambda number: f"（{numeral(number)}）",
    lambda number: f"{number}.",
    lambda number: f"（{number}）",
)
SENTENCE = "落实责任制度，做好日常检查工作。"


@st.composite
def outlines(draw: st.DrawFn, level: int = 0) -> list[tuple[int, int]]:
    """The levels and numbers of headings in order, up to four levels."""
    found = []
    for number in range(1, draw(st.integers(1, 12 if level == 0 else 3)) + 1):
        found.append((level, number))
        if level < 3 and draw(st.integers(0, 2)) == 0:
            found += draw(outlines(level + 1))
    return found


def written(headings: list[tuple[int, int]]) -> str:
    """The headings, each with a sentence in its line and one below."""
    lines = (f"{MARKS[level](number)}加强领导。{SENTENCE}" for level, number in headings)
    return "\n".join(f"{line}\n{SENTENCE}" for line in lines)


def quotes(check: object, text: str) -> list[str]:
    """The words that a check finds."""
    assert callable(check)
    return [text[one.start : one.end] for one in check(text)]


@given(outlines())
def test_well_formed_numbers_are_left_alone(headings: list[tuple[int, int]]) -> None:
    """一、（一）1.（1）, however many of each, each level beginning with its first."""
    assert list(numbering(written(headings))) == []


@given(outlines(), st.data())
def test_a_wrong_number_is_found_where_it_is(
    headings: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Any heading but the first below another, with a number two too high, and nothing before it."""
    later = [place for place, (_, number) in enumerate(headings) if number > 1]
    assume(later)
    place = data.draw(st.sampled_from(later))
    level, number = headings[place]
    wrong = [*headings[:place], (level, number + 2), *headings[place + 1 :]]
    text = written(wrong)

    first = next(numbering(text))

    mark = MARKS[level](number + 2)
    assert text[first.start : first.end] == mark
    assert first.start == len(written(wrong[:place])) + (1 if place else 0)
    assert MARKS[level](number) in first.message


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("一、甲。\n二、乙。\n二、丙。", "二、"),
        ("一、甲。\n三、丙。", "三、"),
        ("二、甲。", "二、"),
        ("一、甲。\n二、乙。\n一、丙。", "一、"),
        ("第一条 甲。\n第三条 丙。", "第三条"),
        # Levels left out, once for each pair.
        ("一、甲。\n1.乙。\n2.丙。\n二、丁。\n1.戊。", "1."),
        ("一、甲。\n（一）乙。\n（1）丙。", "（1）"),
    ],
)
def test_numbers_that_are_wrong(text: str, found: str) -> None:
    """Repeated, skipped, from the middle, begun again; a level that is left out."""
    assert quotes(numbering, text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        # Counted through all parts, as the State Council does; articles through chapters.
        "一、甲\n（一）乙。\n（二）丙。\n二、丁\n（三）戊。\n（四）己。",
        "第一章 甲\n第一条 乙。\n第二条 丙。\n第二章 丁\n第三条 戊：\n（一）己；\n（二）庚。",
        # Lists after a paragraph, an annex, another text after a signature, a list of contents.
        "一、甲\n（一）材料包括：\n1.乙；\n2.丙。\n办理时限如下：\n1.丁；\n2.戊。",
        "一、甲。\n二、乙。\n附件1\n一、丙。\n二、丁。",
        "一、甲。\n二、乙。\n清源县人民政府\n2024年3月1日\n实施方案\n一、丙。\n二、丁。",
        "第一章 甲\n第二章 乙\n第一章 甲\n第一条 丙。\n第二章 乙\n第二条 丁。",
        "第五条的规定同样适用。\n3.5万元用于维修。",
    ],
)
def test_numbers_that_are_right(text: str) -> None:
    """Ways to count that are usual."""
    assert list(numbering(text)) == []


@pytest.mark.parametrize(
    ("text", "found", "should"),
    [
        ("清政办发[2024]17号", "[2024]17号", "〔2024〕17号"),
        ("清政办发（2024）17号", "（2024）17号", "〔2024〕17号"),
        ("清政办发【2024】17号", "【2024】17号", "〔2024〕17号"),
        ("清政办发〔2024]17号", "〔2024]17号", "〔2024〕17号"),
        ("清政办发〔2024〕第17号", "〔2024〕第17号", "〔2024〕17号"),
        ("清政办发〔2024〕017号", "〔2024〕017号", "〔2024〕17号"),
        ("清政办发〔24〕17号", "〔24〕17号", "〔2024〕17号"),
        ("清政办发〔98〕17号", "〔98〕17号", "〔1998〕17号"),
        ("清政办发〔二〇二四〕十七号", "〔二〇二四〕十七号", "〔2024〕17号"),
        ("清政办发〔2024年〕17号", "〔2024年〕17号", "〔2024〕17号"),
        ("清政办发2024年17号", "2024年17号", "〔2024〕17号"),
    ],
)
def test_document_numbers_that_are_wrong(text: str, found: str, should: str) -> None:
    """Found where it is, with what it should be."""
    text = f"根据《办法》（{text}）要求"
    [one] = document_numbers(text)
    assert text[one.start : one.end] == found
    assert f"“{should}”" in one.message or should in one.message


@pytest.mark.parametrize(
    "text",
    [
        "清政办发〔2024〕17号",
        "清政办发﹝2024﹞17 号",
        "国务院令第714号",
        "省政府令〔2015〕第5号",
        "交通运输部令2016年第62号",
        "印发2024年第5号公告",
        "（2024）京01民终5号",
        "幸福小区（2024）5号楼",
        "见附件（10）",
    ],
)
def test_document_numbers_that_are_right(text: str) -> None:
    """Those of orders, announcements and courts have forms of their own."""
    assert list(document_numbers(f"根据{text}要求")) == []


@pytest.mark.parametrize(
    "found",
    ["20XX年", "202X年", "××", "ＸＸ", "＿＿＿", "某某", "○○", "□□", "【】", "【 】", "（　）", "（待补充）",
     "【此处填写单位】", "（数据待核实）", "〔2024〕  号", "年  月  日"],
)  # fmt: skip
def test_placeholders(found: str) -> None:
    """Found, alone and whole, but for the word after it."""
    text = f"由{found}县负责"
    [quote] = quotes(placeholders, text)
    assert found.startswith(quote)
    assert len(quote) >= len(found) - 1


@pytest.mark.parametrize(
    "text",
    ["二○○八年", "二〇〇八年以来", "长5×3个", "X光检查", "Excel表", "某市发生", "每年月均", "3月日常检查",
     "【责任单位：县发改局】", "（一）", "MAXX", "□是 □否"],
)  # fmt: skip
def test_no_placeholders(text: str) -> None:
    """Years in numerals, products, words of Latin letters, boxes to tick."""
    assert quotes(placeholders, text) == []


@given(
    st.text(
        alphabet="一二三四、（）()〔〕[]12345.年月日号第条章XX×＿某 \n帐号。：附件", max_size=200
    )
)
def test_findings_are_in_the_text(text: str) -> None:
    """Whatever is checked: offsets are in order and within a line, and the words are not blank."""
    for check in ALL:
        for one in check(text):
            assert 0 <= one.start < one.end <= len(text)
            assert "\n" not in text[one.start : one.end].strip()
            assert text[one.start : one.end].strip()
            assert one.message


def test_words_of_the_list() -> None:
    """In any width and script; not inside of what is right; without a second column not to be used."""
    wording = Wording({"帐号": "账号", "小康": "小康社会", "一把手": ""})
    text = "帳号与帐号，小康社会、小康，一把手"
    assert quotes(wording.find, text) == ["帳号", "帐号", "小康", "一把手"]
    assert "账号" in next(wording.find(text)).message
    assert list(Wording({}).find(text)) == []


def test_a_list_is_read(tmp_path: Path) -> None:
    """With comments, blank lines and a mark at its beginning; a path is not required."""
    path = tmp_path / "words.tsv"
    path.write_bytes("\ufeff# 用词\n帐号\t账号\n\n一把手\n".encode())
    assert quotes(read_wording(str(path)).find, "帐号，一把手，账号") == ["帐号", "一把手"]
    assert list(read_wording("").find("帐号")) == []


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("帐号\t账号\t多", ":1"),
        ("帐号\t账号\n\t账号", ":2"),
        (f"帐号\t账号\n{'长' * 51}\t短", ":2"),
        ("帐号\t账号".encode("gb18030"), "UTF-8"),
        (None, "UTF-8"),
    ],
)
def test_a_bad_list_is_named_with_its_line(
    tmp_path: Path, content: str | bytes | None, named: str
) -> None:
    """Or with its path, if it is no text or is not there."""
    path = tmp_path / "words.tsv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError, match="GONGWEN_WORDING") as raised:
        read_wording(str(path))
    assert named in str(raised.value)
