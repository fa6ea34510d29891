"""The lines of a Word document as a reader sees them. Entry point: :class:`WordText`.

Read from the XML tree: text in content controls, text boxes, tracked insertions and formulas is included;
deleted and hidden text, comments, the readings of ruby and the table of contents that Word makes are not.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from docx.oxml.ns import qn
from lxml import etree

from search_service.intake.table_text import Cell, span_of, table_lines
from search_service.intake.word.formulas import eq_text, formula_text, lowered, raised
from search_service.intake.word.numbering import Numbering, is_on

_MC: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_ALTERNATIVES: Final = f"{_MC}AlternateContent"
# Styles of the table of contents that Word makes of the headings.
_CONTENTS: Final = re.compile(r"(?:toc|目录) ?(?:[1-9]|heading|标题)")
_MATH: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMath"
_TEXT_PATH: Final = "{urn:schemas-microsoft-com:vml}textpath"
_SKIPPED: Final = frozenset(
    map(
        qn,
        ("w:del", "w:moveFrom", "w:pPr", "w:rPr", "w:sdtPr", "w:tblPr", "w:trPr", "w:tcPr", "w:rt"),
    )
)
_CHARACTERS: Final = {
    qn("w:tab"): "\t",
    qn("w:ptab"): "\t",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
}
# Characters of Wingdings and Wingdings 2 that mean something; the others are ornaments.
_SYMBOLS: Final = {
    ("wingdings", 0xFE): "☑", ("wingdings", 0xFD): "☒", ("wingdings", 0xA8): "□", ("wingdings", 0x6F): "□",
    ("wingdings", 0xFC): "✓", ("wingdings", 0xFB): "✗", ("wingdings", 0x6C): "●", ("wingdings", 0xE0): "→",
    ("wingdings 2", 0x52): "☑", ("wingdings 2", 0x53): "☒", ("wingdings 2", 0x54): "☒",
    ("wingdings 2", 0xA3): "□", ("wingdings 2", 0x50): "✓", ("wingdings 2", 0x4F): "✗",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line; ``style``: the name of its paragraph's style, lower-case; ``centred``."""

    text: str
    style: str = ""
    centred: bool = False


@dataclass
class _Field:
    """A complex field that has begun: its code, and whether its result follows."""

    code: str = ""
    result: bool = False


@dataclass
class _Paragraph:
    """What is gathered of a paragraph: its text, and the lines of boxes before and notes after it."""

    text: list[str] = field(default_factory=list)
    before: list[Line] = field(default_factory=list)
    after: list[Line] = field(default_factory=list)
    hidden: bool = False  # by the paragraph's style
    omitted: bool = False  # something in it is deleted or hidden


class WordText:
    """Reads blocks of one document in their order, because numbers are counted.

    ``styles``: the part ``styles.xml``; ``notes``: the elements of foot- and endnotes by kind and id.
    """

    def __init__(
        self,
        *,
        styles: etree._Element | None,
        numbering: etree._Element | None,
        notes: Mapping[tuple[str, str], etree._Element],
    ) -> None:
        self._styles = _Styles(styles)
        self._numbering = Numbering(numbering, self._styles.numbered)
        self._notes = dict(notes)
        self._noted = 0
        self._fields: list[_Field] = []
        # Whose mark is deleted: the next paragraph continues it.
        self._open: _Paragraph | None = None
        self._readers: Mapping[object, Callable[[etree._Element, _Paragraph], None]] = {
            qn("w:r"): self._text_run,
            qn("w:t"): self._text,
            qn("w:sym"): self._symbol,
            qn("w:fldChar"): self._field,
            qn("w:instrText"): self._field,
            qn("w:fldSimple"): self._simple_field,
            qn("w:footnoteReference"): self._note,
            qn("w:endnoteReference"): self._note,
            qn("w:txbxContent"): self._text_box,
            qn("w:sdt"): self._control,
            qn("w:del"): self._deleted,
            qn("w:moveFrom"): self._deleted,
            _MATH: self._formula,
            _TEXT_PATH: self._word_art,
            _ALTERNATIVES: self._alternatives,
        }

    def lines(self, block: etree._Element) -> Iterator[Line]:
        """Yield a line for each paragraph and table row, also inside content controls."""
        for child in block:
            if child.tag == qn("w:p"):
                yield from self._paragraph(child)
            elif child.tag == qn("w:tbl"):
                yield from self._table(child)
            elif child.tag == _ALTERNATIVES:
                yield from self.lines(_alternative(child))
            elif child.tag not in _SKIPPED:
                yield from self.lines(child)

    def _paragraph(self, element: etree._Element) -> Iterator[Line]:
        properties = element.find(qn("w:pPr"))
        style = self._styles.name_of(properties)
        gathered = self._open or _Paragraph()
        self._open = None
        gathered.hidden = self._styles.is_hidden(_style_id(properties, "w:pStyle"))
        self._fields.clear()  # some never end; their results show anyway
        self._run(element, gathered)
        mark = None if properties is None else properties.find(qn("w:rPr"))
        if mark is not None and (
            mark.find(qn("w:del")) is not None or is_on(mark.find(qn("w:specVanish")))
        ):
            self._open = gathered
            return
        text = "".join(gathered.text)
        hidden = gathered.omitted or gathered.hidden or _vanishes(mark, default=False)
        yield from gathered.before
        if (text.strip() or not hidden) and not _CONTENTS.fullmatch(style):
            number = self._numbering.number(properties) if text.strip() else ""
            centred = self._styles.is_centred(properties)
            for piece in f"{number}{text}".split("\n"):
                yield Line(piece, style, centred)
        yield from gathered.after

    def _run(self, element: etree._Element, into: _Paragraph) -> None:
        """Gather the text of an element inside a paragraph."""
        for child in element:
            if child.tag in _CHARACTERS and self._shows():
                into.text.append(_CHARACTERS[child.tag])
            elif read := self._readers.get(child.tag):
                read(child, into)
            elif child.tag not in _SKIPPED:
                self._run(child, into)

    def _text_run(self, run: etree._Element, into: _Paragraph) -> None:
        if self._is_visible(run, into):
            self._run(run, into)
            return
        into.omitted = True
        for child in run.iterchildren(qn("w:fldChar"), qn("w:instrText")):
            self._field(child, _Paragraph())  # its end may be visible

    def _text(self, element: etree._Element, into: _Paragraph) -> None:
        if self._shows():
            into.text.append(_placed(element.text or "", element.getparent()))

    def _symbol(self, element: etree._Element, into: _Paragraph) -> None:
        if self._shows():
            into.text.append(_symbol(element))

    def _simple_field(self, element: etree._Element, into: _Paragraph) -> None:
        self._fields.append(_Field(result=True))
        self._run(element, into)
        self._fields.pop()

    def _formula(self, element: etree._Element, into: _Paragraph) -> None:
        into.text.append(formula_text(element))

    def _text_box(self, element: etree._Element, into: _Paragraph) -> None:
        into.before.extend(self._box(element))

    def _word_art(self, element: etree._Element, into: _Paragraph) -> None:
        into.before.append(Line(element.get("string", "")))

    def _alternatives(self, element: etree._Element, into: _Paragraph) -> None:
        self._run(_alternative(element), into)

    def _deleted(self, _: etree._Element, into: _Paragraph) -> None:
        into.omitted = True

    def _control(self, element: etree._Element, into: _Paragraph) -> None:
        """A content control; the prompt of an empty one is no text."""
        if element.find(f"{qn('w:sdtPr')}/{qn('w:showingPlcHdr')}") is None:
            self._run(element, into)

    def _is_visible(self, run: etree._Element, paragraph: _Paragraph) -> bool:
        properties = run.find(qn("w:rPr"))
        by_style = paragraph.hidden or self._styles.is_hidden(_style_id(properties, "w:rStyle"))
        return not _vanishes(properties, default=by_style)

    def _shows(self) -> bool:
        return all(one.result for one in self._fields)

    def _field(self, element: etree._Element, into: _Paragraph) -> None:
        """Follow a complex field; one that has no result may have a text nevertheless."""
        kind = element.get(qn("w:fldCharType"))
        if kind == "begin":
            self._fields.append(_Field())
        elif not self._fields:
            return
        elif kind == "separate":
            self._fields[-1].result = True
        elif kind == "end":
            ended = self._fields.pop()
            if not ended.result and self._shows() and ended.code.split()[:1] in (["EQ"], ["eq"]):
                into.text.append(eq_text(ended.code))
        else:
            self._fields[-1].code += element.text or ""

    def _note(self, element: etree._Element, into: _Paragraph) -> None:
        """The lines of a note follow the paragraph that it belongs to; a note counts once."""
        key = etree.QName(element).localname.removesuffix("Reference"), element.get(qn("w:id"), "")
        note = self._notes.pop(key, None)
        texts = [] if note is None else [line.text for line in self._box(note) if line.text.strip()]
        if texts:
            self._noted += 1
            into.after += [Line(f"[{self._noted}] {texts[0].strip()}"), *map(Line, texts[1:])]

    def _box(self, element: etree._Element) -> list[Line]:
        """The lines of a text of its own, within a paragraph."""
        fields, self._fields = self._fields, []
        opened, self._open = self._open, None
        lines = list(self.lines(element))
        self._fields, self._open = fields, opened
        return lines

    def _table(self, table: etree._Element) -> Iterator[Line]:
        rows = list(_within(table, qn("w:tr")))
        if next(table.iterdescendants(qn("w:tbl")), None) is None:
            yield from map(Line, table_lines(map(self._row, rows)))
            return
        for row in rows:  # with another table inside: page layout
            for cell in _within(row, qn("w:tc")):
                yield from self.lines(cell)

    def _row(self, row: etree._Element) -> list[Cell]:
        """The cells of a row; one that continues the cell above it is empty in Word, too."""
        cells = _within(row, qn("w:tc"))
        return [Cell(self._cell(cell), columns=_columns(cell)) for cell in cells]

    def _cell(self, cell: etree._Element) -> list[str]:
        merged = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
        if merged is not None and merged.get(qn("w:val"), "continue") == "continue":
            return []
        return [line.text for line in self.lines(cell)]


class _Styles:
    """What styles say about paragraphs and runs, each with the style that it is based on."""

    def __init__(self, root: etree._Element | None) -> None:
        found = () if root is None else root.iterchildren(qn("w:style"))
        self._by_id = {one.get(qn("w:styleId"), ""): one for one in found}
        self.numbered = {
            identifier: numbered
            for identifier in self._by_id
            if (numbered := self._first(identifier, f"{qn('w:pPr')}/{qn('w:numPr')}")) is not None
        }

    def _first(self, identifier: str, path: str) -> etree._Element | None:
        """What a style has at a path, or the one it is based on."""
        passed: set[str] = set()
        while identifier in self._by_id and identifier not in passed:
            passed.add(identifier)
            style = self._by_id[identifier]
            if (found := style.find(path)) is not None:
                return found
            based = style.find(qn("w:basedOn"))
            identifier = "" if based is None else based.get(qn("w:val"), "")
        return None

    def is_hidden(self, identifier: str) -> bool:
        """Whether a style hides its text."""
        return is_on(self._first(identifier, f"{qn('w:rPr')}/{qn('w:vanish')}"))

    def name_of(self, properties: etree._Element | None) -> str:
        """The name of a paragraph's style, lower-case."""
        style = self._by_id.get(_style_id(properties, "w:pStyle"))
        name = None if style is None else style.find(qn("w:name"))
        return "" if name is None else name.get(qn("w:val"), "").lower()

    def is_centred(self, properties: etree._Element | None) -> bool:
        """Whether a paragraph is centred, by itself or by its style."""
        own = None if properties is None else properties.find(qn("w:jc"))
        if own is None:
            own = self._first(_style_id(properties, "w:pStyle"), f"{qn('w:pPr')}/{qn('w:jc')}")
        return own is not None and own.get(qn("w:val")) == "center"


def _style_id(properties: etree._Element | None, tag: str) -> str:
    style = None if properties is None else properties.find(qn(tag))
    return "" if style is None else style.get(qn("w:val"), "")


def _vanishes(properties: etree._Element | None, *, default: bool) -> bool:
    own = None if properties is None else properties.find(qn("w:vanish"))
    return default if own is None else is_on(own)


def _placed(text: str, run: etree._Element | None) -> str:
    """The text of a run, with raised and lowered digits as such characters."""
    place = None if run is None else run.find(f"{qn('w:rPr')}/{qn('w:vertAlign')}")
    if place is None:
        return text
    shift = {"superscript": raised, "subscript": lowered}.get(place.get(qn("w:val"), ""))
    return shift(text) if shift else text


def _symbol(element: etree._Element) -> str:
    font, written = element.get(qn("w:font"), "").lower(), element.get(qn("w:char"), "")
    try:
        code = int(written, 16)
    except ValueError:
        return ""
    if 0xE000 <= code <= 0xF8FF:
        return _SYMBOLS.get((font, code & 0xFF), "")
    usable = 0x20 <= code < 0x110000 and not 0xD800 <= code < 0xE000
    return _SYMBOLS.get(
        (font, code), "" if font.startswith("wingdings") else chr(code) if usable else ""
    )


def _alternative(element: etree._Element) -> etree._Element:
    """Of several forms of the same content, the first; an empty element if there is none."""
    first = next(element.iterchildren(f"{_MC}Choice", f"{_MC}Fallback"), None)
    return etree.Element("none") if first is None else first


def _columns(cell: etree._Element) -> int:
    span = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
    return span_of(None if span is None else span.get(qn("w:val")))


def _within(element: etree._Element, tag: str) -> Iterator[etree._Element]:
    """The rows of a table or cells of a row, also in content controls, without nested tables.

    Deleted rows are left out.
    """
    for child in element:
        if child.tag == tag:
            if child.find(f"{qn('w:trPr')}/{qn('w:del')}") is None:
                yield child
        elif child.tag not in _SKIPPED:
            yield from _within(child, tag)
