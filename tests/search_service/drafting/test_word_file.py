"""Tests of manuscripts as Word documents: what Word would read of them, and our own reader."""

import io
import zipfile

import pytest
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph as TextParagraph
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from search_service.drafting.manuscript import Manuscript, Paragraph
from search_service.drafting.references import references
from search_service.drafting.word_file import word_file
from search_service.intake.word.document import word_record
from tests.search_service.drafting.test_manuscript import DRAFT, SOURCE

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
TITLE = "清源县2027年防汛工作方案"


def _written(*paragraphs: Paragraph, footnotes: bool = True, listed: bool = False) -> bytes:
    manuscript = Manuscript(TITLE, paragraphs)
    return word_file(manuscript, references(manuscript), footnotes=footnotes, listed=listed)


@pytest.fixture(scope="module")
def data() -> bytes:
    """The draft, whose second paragraph has a source."""
    own = [Paragraph(one) for one in DRAFT.splitlines()]
    return _written(own[0], Paragraph(own[1].text, SOURCE), *own[2:])


def test_the_page_is_that_of_the_standard(data: bytes) -> None:
    """GB/T 9704: A4, a type area of 156 × 225 mm at its place, lines of 28 pt, numbers on the outer side."""
    document = Document(io.BytesIO(data))
    section = document.sections[0]
    lengths = (
        (section.page_width, 210), (section.page_height, 297), (section.top_margin, 37),
        (section.bottom_margin, 35), (section.left_margin, 28), (section.right_margin, 26),
    )  # fmt: skip

    assert all(length and abs(length - Mm(wanted)) < Mm(0.1) for length, wanted in lengths)
    assert document.styles["Normal"].paragraph_format.line_spacing == Pt(28)
    assert document.styles["Normal"].font.size == Pt(16)
    assert document.settings.odd_and_even_pages_header_footer
    assert section.footer.paragraphs[0].alignment == WD_ALIGN_PARAGRAPH.RIGHT
    assert section.even_page_footer.paragraphs[0].alignment == WD_ALIGN_PARAGRAPH.LEFT
    for footer in (section.footer, section.even_page_footer):
        [field] = footer._element.iter(f"{_W}fldSimple")
        assert field.get(f"{_W}instr") == "PAGE"
        assert "".join(one.text for one in footer._element.iter(f"{_W}t")) == "— 1 —"


def test_styles_have_the_fonts_of_the_standard(data: bytes) -> None:
    """By name for every script, each with another to take where it is missing."""
    document = Document(io.BytesIO(data))
    wanted = {
        "Title": "方正小标宋简体", "Normal": "仿宋_GB2312", "Heading 1": "黑体",
        "Heading 2": "楷体_GB2312", "Heading 3": "仿宋_GB2312", "Footer": "宋体",
    }  # fmt: skip

    for name, font in wanted.items():
        fonts = document.styles[name].element.rPr.rFonts
        assert {fonts.get(f"{_W}{one}") for one in ("ascii", "hAnsi", "eastAsia", "cs")} == {font}
        assert not [one for one in fonts.attrib if "Theme" in one]
    table = zipfile.ZipFile(io.BytesIO(data)).read("word/fontTable.xml")
    others = {
        font.get(f"{_W}name"): font.find(f"{_W}altName") is not None
        for font in etree.fromstring(table)
    }
    assert all(others[font] for font in wanted.values())


def _style(paragraph: TextParagraph) -> str | None:
    return paragraph.style.name if paragraph.style else None


def test_each_line_has_the_style_of_what_it_is(data: bytes) -> None:
    """Headings that fill a line are Word's; those that begin a text have the characters of one."""
    document = Document(io.BytesIO(data))
    styles = {one.text: _style(one) for one in document.paragraphs}

    assert styles[TITLE] == "Title"
    assert styles["一、总体要求"] == "Heading 1"
    [begun] = [one for one in document.paragraphs if one.text.startswith("（一）")]
    assert _style(begun) == "Normal"
    assert [run.style.name for run in begun.runs] == ["Heading 2 Char", "Default Paragraph Font"]
    [signed] = [one for one in document.paragraphs if one.text == "清源县人民政府"]
    assert signed.alignment == WD_ALIGN_PARAGRAPH.RIGHT
    [table] = document.tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["事项", "金额"],
        ["修路", "12万元"],
    ]


def test_notes_are_footnotes_of_word(data: bytes) -> None:
    """A mark after the paragraph, and a note of the same number with the citation."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    notes = etree.fromstring(archive.read("word/footnotes.xml"))
    texts = {
        note.get(f"{_W}id"): "".join(one.text or "" for one in note.iter(f"{_W}t"))
        for note in notes
    }
    body = etree.fromstring(archive.read("word/document.xml"))
    [mark] = body.iter(f"{_W}footnoteReference")

    assert "第四部分（一）" in texts[mark.get(f"{_W}id")]
    assert "/word/footnotes.xml" in archive.read("[Content_Types].xml").decode()


def test_the_list_has_a_row_for_each_source() -> None:
    """At the end, with its address; then there are no notes."""
    data = _written(
        Paragraph("一、组织领导"), Paragraph("成立专班。", SOURCE), footnotes=False, listed=True
    )
    document = Document(io.BytesIO(data))
    [table] = document.tables
    rows = [[cell.text for cell in row.cells] for row in table.rows]

    assert rows[0] == ["序号", "位置", "出处", "日期", "段落", "网址", "效力"]
    assert rows[1][:2] == ["1", "一、组织领导"]
    assert rows[1][5] == "http://localhost/articles/7"
    assert "word/footnotes.xml" not in zipfile.ZipFile(io.BytesIO(data)).namelist()


def test_our_own_reader_finds_the_same_text(data: bytes) -> None:
    """Title, headings, rows and the footnote at its place."""
    record = word_record(data, name="draft.docx")
    body = str(record["body"])

    assert record["title"] == TITLE
    assert "一、总体要求" in body
    assert "修路\t12万元" in body
    assert "第四部分（一）" in body


# A document takes some 50 ms, so each has many texts.
@settings(max_examples=15)
@given(st.lists(st.text(max_size=60), max_size=50), st.text(min_size=1, max_size=20))
def test_any_text_can_be_written(texts: list[str], title: str) -> None:
    """Whatever is typed: control characters, which XML cannot hold, are left out."""
    paragraphs = tuple(Paragraph(one, SOURCE) for one in texts)
    manuscript = Manuscript(title, (*paragraphs, *(Paragraph(one, missing=one) for one in texts)))

    data = word_file(manuscript, references(manuscript), footnotes=True, listed=True)

    Document(io.BytesIO(data))
