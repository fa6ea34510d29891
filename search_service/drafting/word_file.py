"""A manuscript as a Word document in the layout of GB/T 9704-2012. Entry point: :func:`word_file`.

A4 with a type area of 156 × 225 mm, lines of 28 pt, 22 on a page, 28 characters each; the title in 二号, the
text in 三号; headings by Word's own styles, so that Word shows an outline. Fonts are named, not included:
where one is missing, Word takes the alternative that the file names beside it.
"""

import io
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final
from xml.sax.saxutils import escape

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.oxml import serialize_part_xml
from docx.opc.packuri import PackURI
from docx.opc.part import XmlPart
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml
from docx.shared import Mm, Pt, RGBColor

from search_service.drafting.manuscript import Line, Manuscript
from search_service.drafting.references import Reference

_TITLE_FONT, _TEXT_FONT = "方正小标宋简体", "仿宋_GB2312"
_HEADING_FONTS: Final = ("黑体", "楷体_GB2312", _TEXT_FONT)
_NOTE_FONT = "宋体"
# What Word takes where a font is not installed.
_ALTERNATIVES: Final = {
    _TITLE_FONT: "宋体",
    _TEXT_FONT: "仿宋",
    "楷体_GB2312": "楷体",
    "黑体": "SimHei",
    _NOTE_FONT: "SimSun",
}
_TITLE_SIZE, _TEXT_SIZE, _PAGE_NUMBER_SIZE = 22, 16, 14  # points: 二号, 三号, 四号
_NOTE_SIZE, _TABLE_SIZE = 9, 12  # 小五, 小四
_LINE, _TITLE_LINE = 28, 35  # points
_NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_NOTES_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
_NOTES = (
    f'<w:footnotes xmlns:w="{_NAMESPACE}">'
    '<w:footnote w:type="separator" w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>'
    '<w:footnote w:type="continuationSeparator" w:id="0"><w:p><w:r><w:continuationSeparator/></w:r></w:p>'
    "</w:footnote></w:footnotes>"
)
_LIST_TITLE = "引用清单"
_LIST_COLUMNS: Final = ("序号", "位置", "出处", "日期", "段落", "网址", "效力")
_LIST_WIDTHS: Final = (12, 22, 44, 20, 18, 24, 16)  # mm
# Not allowed in XML.
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def word_file(
    manuscript: Manuscript, references: Sequence[Reference], *, footnotes: bool, listed: bool
) -> bytes:
    """The document. ``footnotes``: at every paragraph with a source; ``listed``: a table at the end."""
    document = Document()
    _styles(document)
    _page(document)
    document.core_properties.title = _safe(manuscript.title)
    document.core_properties.author = document.core_properties.comments = ""
    document.add_paragraph(_safe(manuscript.title), style="Title")
    notes = _Notes(document) if footnotes else None
    by_paragraph = {one.paragraph: one for one in references}
    for is_table, group in groupby(manuscript.lines, key=lambda line: bool(line.cells)):
        members = list(group)
        if is_table:
            _table(document, [line.cells for line in members])
        for line in members:
            reference = by_paragraph.get(line.number) if line.is_last else None
            if is_table and not reference:
                continue
            paragraph = document.add_paragraph() if is_table else _paragraph(document, line)
            if notes and reference:
                notes.add(paragraph, reference.note)
    if listed and references:
        _list(document, references)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _safe(text: str) -> str:
    return _UNSAFE.sub("", text)


def _paragraph(document: Any, line: Line) -> Any:
    """Add a line of the body or the frame."""
    paragraph = document.add_paragraph()
    if 0 < line.level <= len(_HEADING_FONTS):
        paragraph._p.style = f"Heading{line.level}"
    if line.part == "主送":
        _indent(paragraph.paragraph_format, 0)
    elif line.part == "落款":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        paragraph.paragraph_format.right_indent = Pt(4 * _TEXT_SIZE)
    for run in line.runs:
        added = paragraph.add_run(_safe(run.text))
        if 0 < run.level <= len(_HEADING_FONTS) and not line.level:
            added._r.style = f"Heading{run.level}Char"
    return paragraph


def _table(document: Any, rows: Sequence[Sequence[str]], widths: Sequence[int] = ()) -> None:
    """Add a table; a row with fewer cells than others ends early. ``widths``: of the columns, in mm."""
    columns = max(map(len, rows))
    table = document.add_table(rows=0, cols=columns, style="Table Grid")
    table.autofit = not widths
    for column, width in zip(table.columns, widths, strict=False):
        column.width = Mm(width)
    for cells in rows:
        texts = [_safe(text) for text in (*cells, *[""] * (columns - len(cells)))]
        table._tbl.append(_row(texts))


def _row(texts: Sequence[str]) -> Any:
    # In one piece: cell by cell python-docx takes a millisecond for each.
    cells = "".join(
        '<w:tc><w:p><w:pPr><w:spacing w:line="240" w:lineRule="auto"/>'
        '<w:ind w:firstLine="0" w:firstLineChars="0"/></w:pPr>'
        f'<w:r><w:rPr><w:sz w:val="{2 * _TABLE_SIZE}"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p></w:tc>'
        for text in texts
    )
    return parse_xml(f'<w:tr xmlns:w="{_NAMESPACE}">{cells}</w:tr>')


def _list(document: Any, references: Sequence[Reference]) -> None:
    title = document.add_paragraph(_LIST_TITLE, style="Heading 1")
    title.paragraph_format.page_break_before = True
    rows = [(str(number), *one.row) for number, one in enumerate(references, start=1)]
    _table(document, [_LIST_COLUMNS, *rows], _LIST_WIDTHS)


# --- page and styles -------------------------------------------------------------------------------


def _page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(23)  # the number stands 7 mm below the text
    document.settings.odd_and_even_pages_header_footer = True
    for footer, side in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
    ):
        paragraph = footer.paragraphs[0]
        paragraph.alignment = side
        # One character from the edge of the text.
        _indent(paragraph.paragraph_format, 0)
        paragraph.paragraph_format.left_indent = Pt(_PAGE_NUMBER_SIZE)
        paragraph.paragraph_format.right_indent = Pt(_PAGE_NUMBER_SIZE)
        for text in ("— ", None, " —"):
            _page_number_run(paragraph, text)


def _page_number_run(paragraph: Any, text: str | None) -> None:
    """Add a text, or the number of the page for None."""
    if text is not None:
        paragraph.add_run(text)
        return
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    run = paragraph.add_run("1")
    field.append(run._r)
    paragraph._p.append(field)


def _styles(document: Any) -> None:
    styles = document.styles
    body = styles["Normal"]
    _font(body, _TEXT_FONT, _TEXT_SIZE)
    _spacing(body.paragraph_format, _LINE)
    _indent(body.paragraph_format, 2)
    title = styles["Title"]
    _font(title, _TITLE_FONT, _TITLE_SIZE)
    _spacing(title.paragraph_format, _TITLE_LINE)
    title.paragraph_format.space_after = Pt(_LINE)
    title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _indent(title.paragraph_format, 0)
    for border in title.element.findall(f".//{qn('w:pBdr')}"):
        border.getparent().remove(border)
    for level, name in enumerate(_HEADING_FONTS, start=1):
        for style in (styles[f"Heading {level}"], styles[f"Heading {level} Char"]):
            _font(style, name, _TEXT_SIZE, bold=name == _TEXT_FONT)
        _spacing(styles[f"Heading {level}"].paragraph_format, _LINE)
        styles[f"Heading {level}"].paragraph_format.keep_with_next = True
    _font(styles["Footer"], _NOTE_FONT, _PAGE_NUMBER_SIZE)
    note = styles.add_style("footnote text", WD_STYLE_TYPE.PARAGRAPH)
    _font(note, _NOTE_FONT, _NOTE_SIZE)
    note.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    _indent(note.paragraph_format, 0)
    mark = styles.add_style("footnote reference", WD_STYLE_TYPE.CHARACTER)
    mark.font.superscript = True
    _name_alternatives(document)


def _font(style: Any, name: str, size: int, *, bold: bool = False) -> None:
    font = style.font
    font.name, font.size, font.bold, font.italic = name, Pt(size), bold, False
    font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.rPr.rFonts
    for attribute in list(fonts.attrib):  # those of a theme go first
        del fonts.attrib[attribute]
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), name)


def _spacing(paragraph_format: Any, line: int) -> None:
    paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    paragraph_format.line_spacing = Pt(line)
    paragraph_format.space_before = paragraph_format.space_after = Pt(0)


def _indent(paragraph_format: Any, characters: int) -> None:
    """Indent the first line by so many characters of the text."""
    paragraph_format.first_line_indent = Pt(characters * _TEXT_SIZE)
    # Word prefers this one, which is right for any size.
    indents = paragraph_format.element.get_or_add_pPr().get_or_add_ind()
    indents.set(qn("w:firstLineChars"), str(100 * characters))


def _name_alternatives(document: Any) -> None:
    """Write the table of fonts."""
    part = document.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)
    fonts = OxmlElement("w:fonts")
    for name, alternative in _ALTERNATIVES.items():
        font = OxmlElement("w:font")
        font.set(qn("w:name"), name)
        other = OxmlElement("w:altName")
        other.set(qn("w:val"), alternative)
        font.append(other)
        fonts.append(font)
    part._blob = serialize_part_xml(fonts)


class _Notes:
    """The footnotes of a document, a part of their own; python-docx has none."""

    def __init__(self, document: Any) -> None:
        self._root = parse_xml(_NOTES)
        part = XmlPart(
            PackURI("/word/footnotes.xml"), _NOTES_TYPE, self._root, document.part.package
        )
        document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
        self._count = 0

    def add(self, paragraph: Any, text: str) -> None:
        """Add a note, and its mark at the end of the paragraph."""
        self._count += 1
        run = paragraph.add_run()
        run._r.style = "footnotereference"
        mark = OxmlElement("w:footnoteReference")
        mark.set(qn("w:id"), str(self._count))
        run._r.append(mark)
        self._root.append(_note(self._count, f" {_safe(text)}"))


def _note(number: int, text: str) -> Any:
    return parse_xml(
        f'<w:footnote xmlns:w="{_NAMESPACE}" w:id="{number}"><w:p>'
        '<w:pPr><w:pStyle w:val="footnotetext"/></w:pPr>'
        '<w:r><w:rPr><w:rStyle w:val="footnotereference"/></w:rPr><w:footnoteRef/></w:r>'
        '<w:r><w:t xml:space="preserve">'
        f"{escape(text)}</w:t></w:r></w:p></w:footnote>"
    )
