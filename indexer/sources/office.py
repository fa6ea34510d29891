"""Word documents (.docx) as one article each. Entry point: :func:`word_record`.

Paragraphs and tables in document order, read from the XML tree: text in content controls, text boxes and
tracked insertions is included, deleted text is not. Automatic numbering is no text in Word and is not read.
"""

import codecs
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Final

from docx import Document
from docx.document import Document as WordDocument
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from lxml import etree

from analyzers.messages import say
from indexer.sources.documents import title_and_body
from indexer.sources.limits import MAX_SIZE, check_marks
from search_service.errors import BadRecord
from search_service.intake.table_text import Cell, span_of, table_lines

_MAX_UNPACKED: Final = 256 << 20  # bytes, with pictures; a small file may unpack to gigabytes
_PIECE: Final = 1 << 20  # bytes
_SKIPPED: Final = frozenset(map(qn, ("w:del", "w:moveFrom", "w:pPr", "w:rPr"))) | {
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
}
_CHARACTERS: Final = {
    qn("w:tab"): "\t",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
}
_TITLE_STYLES: Final = ("title", "标题", "heading 1", "标题 1")
# Default author names, not people.
_DEFAULT_AUTHORS: Final = frozenset(
    ("微软用户", "微软中国", "用户", "管理员", "番茄花园", "雨林木风", "深度技术")
)
_NAME: Final = re.compile(r"[\u3400-\u9fff·]{2,12}")


def word_record(data: bytes, *, name: str) -> dict[str, object]:
    """Read a document: its title is the first paragraph with a title style, or its first line.

    Author and date are the properties of the file, if a person has filled them in.
    """
    document = _opened(data)
    paragraphs = list(_lines(document.element.body))
    styled = next(
        (p.text for p in _first(document, 20) if _is_title(p.style) and p.text.strip()), ""
    )
    text = "\n".join(paragraphs)
    properties = document.core_properties
    title, body = title_and_body(text, name=properties.title.strip() or name)
    values: dict[str, object] = {"title": title, "body": body}
    if styled:
        values = {"title": " ".join(styled.split()), "body": text}
    author = (properties.author or "").strip()
    if _NAME.fullmatch(author) and author not in _DEFAULT_AUTHORS:
        values["author"] = author
    if properties.created is not None and author != "python-docx":
        values["date"] = properties.created.date()
    return values


def _opened(data: bytes) -> WordDocument:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_size(archive)
        document = Document(io.BytesIO(data))
        if document.element.find(qn("w:body")) is None:  # also if the root element is another one
            raise ValueError("no body")
        return document
    except (
        zipfile.BadZipFile,
        OpcError,
        KeyError,
        ValueError,
        etree.XMLSyntaxError,
        *_BROKEN,
    ) as exc:
        raise BadRecord(
            say(
                "不是有效的 .docx（可能是改名的 .doc，或加了密码）；请另存为 .docx",
                "not a valid .docx (perhaps a renamed .doc, or encrypted); save it again as .docx",
            )
        ) from exc


# What a damaged or encrypted archive raises, besides zipfile's own.
_BROKEN: Final = (zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error)


def _check_size(archive: zipfile.ZipFile) -> None:
    """Raise ``BadRecord`` for an archive that would unpack to too many bytes, tags or attributes.

    ``zipfile`` never unpacks more of a part than the size it declares.
    """
    entries = archive.infolist()
    if (size := sum(entry.file_size for entry in entries)) > _MAX_UNPACKED:
        raise BadRecord(_too_large(size, _MAX_UNPACKED))
    marks = markup = 0
    for entry in entries:
        with archive.open(entry) as part:
            piece = part.read(_PIECE)
            if piece.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"<", *_OTHER_XML)):
                markup += entry.file_size
                if markup > MAX_SIZE:
                    raise BadRecord(_too_large(markup, MAX_SIZE))
                while piece:
                    marks += piece.count(b"<") + piece.count(b"=")
                    check_marks(marks)
                    piece = part.read(_PIECE)


# The first bytes of XML in encodings that do not extend ASCII: UTF-16, UTF-32, EBCDIC.
_OTHER_XML: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0<", b"\0\0", b"\x4c\x6f\xa7\x94")


def _too_large(size: int, limit: int) -> str:
    return say(
        f"解压后有 {size >> 20} MB，最多 {limit >> 20} MB；删去图片，或分成几份",
        f"unpacks to {size >> 20} MB, the limit is {limit >> 20} MB; remove pictures, or split it",
    )


def _first(document: WordDocument, count: int) -> Iterator[Paragraph]:
    """The first ``count`` paragraphs of a document, without creating objects for the others."""
    children = document.element.body.iterchildren(qn("w:p"))
    return (Paragraph(child, document) for child in islice(children, count))


def _is_title(style: object) -> bool:
    return str(getattr(style, "name", "")).lower() in _TITLE_STYLES


def _lines(block: etree._Element) -> Iterator[str]:
    """Yield a line for each paragraph and table row, also inside content controls."""
    for child in block:
        if child.tag == qn("w:p"):
            yield "".join(_runs(child))
        elif child.tag == qn("w:tbl") and next(child.iterdescendants(child.tag), None) is None:
            yield from table_lines(map(_row, _within(child, qn("w:tr"))))
        elif child.tag == qn("w:tbl"):  # with another one inside: page layout
            for row in _within(child, qn("w:tr")):
                for cell in _within(row, qn("w:tc")):
                    yield from _lines(cell)
        elif child.tag not in _SKIPPED:
            yield from _lines(child)


def _row(row: etree._Element) -> list[Cell]:
    """The cells of a row; one that continues the cell above it is empty in Word, too."""
    cells = _within(row, qn("w:tc"))
    return [Cell(list(_lines(cell)), columns=_columns(cell)) for cell in cells]


def _columns(cell: etree._Element) -> int:
    span = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
    return span_of(None if span is None else span.get(qn("w:val")))


def _within(element: etree._Element, tag: str) -> Iterator[etree._Element]:
    """The rows of a table or cells of a row, also in content controls, without nested tables."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag not in _SKIPPED:
            yield from _within(child, tag)


def _runs(element: etree._Element) -> Iterator[str]:
    for child in element:
        if child.tag == qn("w:t"):
            yield child.text or ""
        elif child.tag in _CHARACTERS:
            yield _CHARACTERS[child.tag]
        elif child.tag == qn("w:p"):  # a paragraph of a text box
            yield "".join(["\n", *_runs(child), "\n"])
        elif child.tag not in _SKIPPED:
            yield from _runs(child)
