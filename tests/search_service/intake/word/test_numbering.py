"""Numbers that Word counts."""

from pathlib import Path

import pytest

from indexer.sources.files import read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article
from tests.support.word_files import paragraph, write_word


def level(number: int, form: str, text: str, more: str = "", start: int = 1) -> str:
    """The definition of a level."""
    return (
        f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def lists(levels: str, *nums: str) -> str:
    """A definition, and lists of it, 1, 2, …, with what each overrides."""
    definition = f'<w:abstractNum w:abstractNumId="7">{levels}</w:abstractNum>'
    return definition + "".join(
        f'<w:num w:numId="{number}"><w:abstractNumId w:val="7"/>{override}</w:num>'
        for number, override in enumerate(nums or ("",), start=1)
    )


def read(path: Path, body: str, numbering: str, styles: str = "") -> list[str]:
    """The lines below the title."""
    title = paragraph("春耕备耕方案")
    write_word(path, title + body, numbering=numbering, styles=styles)
    (item,) = read_source(path, cleaning=Cleaning())
    assert isinstance(item, Article), str(item)
    return item.body.split("\n")


def numbered(tmp_path: Path, form: str, text: str, count: int, start: int = 1) -> list[str]:
    """The numbers of a list, each before 文."""
    numbering = lists(level(0, form, text, start=start))
    lines = read(tmp_path / "a.docx", paragraph("文", level=0) * count, numbering)
    return [line.removesuffix("文") for line in lines]


def test_articles_count_on_and_items_start_again(tmp_path: Path) -> None:
    """第一条, （一）（二）, 第二条, （一）; paragraphs without a number between them do not matter."""
    numbering = lists(
        level(0, "chineseCountingThousand", "第%1条") + level(1, "chineseCounting", "（%2）")
    )
    body = (
        paragraph("甲", level=0)
        + paragraph("乙", level=1)
        + paragraph("插")
        + paragraph("丙", level=1)
    )
    body += (
        paragraph("丁", level=0)
        + paragraph("戊", level=1)
        + paragraph("", level=0)
        + paragraph("己", level=0)
    )

    assert read(tmp_path / "a.docx", body, numbering) == [
        "第一条 甲", "（一）乙", "插", "（二）丙", "第二条 丁", "（一）戊", "", "第三条 己",
    ]  # fmt: skip


def test_a_level_shows_those_above_it(tmp_path: Path) -> None:
    """1.1; a level that was not counted yet shows its first number; legal numbers are Arabic."""
    levels = level(0, "chineseCounting", "%1、") + level(1, "decimal", "%1.%2", "<w:isLgl/>")
    body = paragraph("甲", level=1) + paragraph("乙", level=0) + paragraph("丙", level=1)
    body += paragraph("丁", level=1)

    assert read(tmp_path / "a.docx", body, lists(levels)) == [
        "1.1 甲",
        "一、乙",
        "1.1 丙",
        "1.2 丁",
    ]


def test_a_level_may_go_on_below_the_next_heading(tmp_path: Path) -> None:
    """As articles count on through chapters: lvlRestart 0."""
    levels = level(0, "chineseCounting", "第%1章") + level(
        1, "chineseCounting", "第%2条", '<w:lvlRestart w:val="0"/>'
    )
    body = (paragraph("章", level=0) + paragraph("条", level=1)) * 2

    assert read(tmp_path / "a.docx", body, lists(levels)) == [
        "第一章 章",
        "第一条 条",
        "第二章 章",
        "第二条 条",
    ]


def test_lists_of_one_definition_count_on_unless_one_starts_again(tmp_path: Path) -> None:
    """Word makes a list of its own where numbering is continued or restarted."""
    again = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
    numbering = lists(level(0, "decimal", "%1."), "", "", again)
    body = "".join(paragraph("文", level=0, list_=number) for number in (1, 2, 3, 3, 9, 0))

    assert read(tmp_path / "a.docx", body, numbering) == [
        "1.文",
        "2.文",
        "1.文",
        "2.文",
        "文",
        "文",
    ]


def test_a_style_may_number_its_paragraphs(tmp_path: Path) -> None:
    """With the level that names it; a paragraph may take its number away."""
    numbering = lists(
        level(0, "decimal", "%1.") + level(1, "chineseCounting", "（%2）", '<w:pStyle w:val="i"/>')
    )
    styles = (
        '<w:style w:styleId="i"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    )
    styles += '<w:style w:styleId="k"><w:basedOn w:val="i"/></w:style>'
    body = paragraph("甲", '<w:pStyle w:val="i"/>')
    body += paragraph("乙", '<w:pStyle w:val="i"/><w:numPr><w:numId w:val="0"/></w:numPr>')
    body += paragraph("丙", '<w:pStyle w:val="i"/>')

    assert read(tmp_path / "a.docx", body, numbering, styles) == ["（一）甲", "乙", "（二）丙"]


@pytest.mark.parametrize(
    ("form", "first"),
    [
        ("decimalZero", ["01", "02"]),
        ("upperRoman", ["I", "II"]),
        ("lowerLetter", ["a", "b"]),
        ("ideographTraditional", ["甲", "乙"]),
        ("chineseLegalSimplified", ["壹", "贰"]),
        ("decimalEnclosedCircleChinese", ["①", "②"]),
        ("decimalFullWidth", ["１", "２"]),
        ("ideographDigital", ["一", "二"]),
        ("someNewForm", ["1", "2"]),
    ],
)
def test_forms_of_numbers(tmp_path: Path, form: str, first: list[str]) -> None:
    """Those that ISO/IEC 29500 names and offices use; one that is unknown is Arabic."""
    assert numbered(tmp_path, form, "%1、", 2) == [f"{one}、" for one in first]


@pytest.mark.parametrize(
    ("form", "number", "written"),
    [
        ("chineseCounting", 10, "十"),
        ("chineseCounting", 20, "二十"),
        ("chineseCounting", 105, "一〇五"),
        ("chineseCountingThousand", 19, "十九"),
        ("chineseCountingThousand", 110, "一百一十"),
        ("chineseCountingThousand", 1005, "一千零五"),
        ("chineseLegalSimplified", 12, "壹拾贰"),
        ("ideographDigital", 10, "一〇"),
        ("upperLetter", 28, "BB"),
        ("lowerRoman", 44, "xliv"),
        ("decimalEnclosedCircle", 36, "㊱"),
        ("ideographTraditional", 11, "11"),
    ],
)
def test_larger_numbers(tmp_path: Path, form: str, number: int, written: str) -> None:
    """Tens, hundreds, and what follows the last sign of a form."""
    assert numbered(tmp_path, form, "%1、", 1, start=number) == [f"{written}、"]


def test_marks_without_a_number(tmp_path: Path) -> None:
    """A sign of a font of symbols is a bullet; no number is nothing."""
    assert numbered(tmp_path, "bullet", "\uf06c", 1) == ["• "]
    assert numbered(tmp_path, "bullet", "—", 1) == ["— "]
    assert numbered(tmp_path, "none", "", 1) == [""]


def test_definitions_that_lead_nowhere_are_no_numbers(tmp_path: Path) -> None:
    """A level, a list or a linked style that is missing; a number that is none."""
    numbering = '<w:abstractNum w:abstractNumId="7"><w:numStyleLink w:val="?"/></w:abstractNum>'
    numbering += '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num><w:num w:numId="2"/>'
    body = (
        paragraph("甲", level=0)
        + paragraph("乙", level=0, list_=2)
        + paragraph("丙", level=8, list_=3)
    )

    assert read(tmp_path / "a.docx", body, numbering) == ["甲", "乙", "丙"]
