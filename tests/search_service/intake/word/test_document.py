"""Word documents: the title by the frame, and what of the file is not read."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from docx import Document

from indexer.sources.files import Fault, read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article
from tests.support.word_files import paragraph, write_word

_STYLES = (
    '<w:style w:type="paragraph" w:styleId="a3"><w:name w:val="Title"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/></w:style>'
)


def article(path: Path) -> Article:
    """The one article of a file."""
    (item,) = read_source(path, cleaning=Cleaning())
    assert isinstance(item, Article), str(item)
    return item


def document(path: Path, *lines: str) -> Article:
    """The article of a document of these paragraphs, ``>`` before one that is centred."""
    body = "".join(
        paragraph(line.removeprefix(">"), '<w:jc w:val="center"/>' if line[0] == ">" else "")
        for line in lines
    )
    return article(write_word(path, body))


def test_the_properties_of_the_file_are_not_read(tmp_path: Path) -> None:
    """Who typed it is no author, the date of a template no date; neither is its title."""
    path = tmp_path / "通知.docx"
    word = Document()
    word.core_properties.author = word.core_properties.last_modified_by = "林知远"
    word.core_properties.title = "模板"
    word.core_properties.created = datetime(2013, 8, 1, tzinfo=UTC)
    word.add_paragraph("同志们抓紧落实。")
    word.add_paragraph("青山镇人民政府")
    word.add_paragraph("2024年3月5日")
    word.save(str(path))

    found = article(path)

    assert (found.title, found.author, found.date) == ("通知", None, None)


def test_the_head_of_a_document_stands_above_its_title(tmp_path: Path) -> None:
    """All of it stays in the text; the title, of two lines, does not."""
    head = [
        "000007",
        "秘密★3年",
        "加急",
        "青山镇人民政府文件",
        "青政发〔2024〕6号　　签发人：林知远",
    ]

    found = document(
        tmp_path / "a.docx",
        *head,
        ">青山镇人民政府",
        ">关于做好春耕备耕的通知",
        "各村：",
        "抓紧备耕。",
    )

    assert found.title == "青山镇人民政府关于做好春耕备耕的通知"
    assert found.body == "\n".join([*head, "各村：", "抓紧备耕。"])


def test_a_title_without_a_kind_continues_in_centred_lines(tmp_path: Path) -> None:
    """Not in the name of who speaks, and not in text."""
    found = document(
        tmp_path / "a.docx", ">守住青山绿水", ">建设美丽乡村", ">林知远", "同志们：", "正文。"
    )

    assert found.title == "守住青山绿水建设美丽乡村"
    assert found.body == "林知远\n同志们：\n正文。"


def test_a_title_may_have_the_style_of_one(tmp_path: Path) -> None:
    """Then it may stand below other lines; a heading of the text is none."""
    style = '<w:pStyle w:val="{}"/>'
    first = paragraph("2024年第3号内部交流材料。")
    text = paragraph("各村抓紧备耕。")
    path = tmp_path / "a.docx"

    titled = first + paragraph("春耕", style.format("a3")) + paragraph("备耕谈", style.format("a3"))
    assert article(write_word(path, titled + text, styles=_STYLES)).title == "春耕备耕谈"
    heading = first + paragraph("一、工作安排", style.format("1")) + text
    assert article(write_word(path, heading, styles=_STYLES)).title == "a"
    heading = first + paragraph("春耕备耕方案", style.format("1")) + text
    assert article(write_word(path, heading, styles=_STYLES)).title == "春耕备耕方案"


@pytest.mark.parametrize("part", ["header", "footer"])
def test_of_the_head_of_pages_only_the_number_is_read(tmp_path: Path, part: str) -> None:
    """A 文号 there is that of the document; a page number is not read, and no name of an office."""
    lines = ["青山镇人民政府办公室", "青政函〔2024〕6号", "第 1 页"]
    body = paragraph("关于报送材料的函") + paragraph("县水利局：") + paragraph("现将材料报上。")
    path = write_word(tmp_path / "a.docx", body, **{part: "".join(map(paragraph, lines))})

    found = article(path)

    assert found.title == "关于报送材料的函"
    assert found.body == "青政函〔2024〕6号\n县水利局：\n现将材料报上。"


def test_a_scan_is_a_fault_that_says_so(tmp_path: Path) -> None:
    """A document of pictures alone has no text to index."""
    path = write_word(tmp_path / "a.docx", paragraph("<w:r><w:drawing><a:blip/></w:drawing></w:r>"))

    (item,) = read_source(path, cleaning=Cleaning())

    assert isinstance(item, Fault)
    assert "OCR" in item.reason
