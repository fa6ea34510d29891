"""Word documents (.docx) as one article each. Entry point: :func:`word_record`.

Title and text are what a reader sees (:mod:`.text`). The properties of the file are not used: its author is
who typed it, its date often that of the template (ADR 0031).
"""

import codecs
import contextlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, Final

from docx import Document
from docx.document import Document as WordDocument
from docx.opc.constants import RELATIONSHIP_TYPE as RELATION
from docx.opc.exceptions import OpcError
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from lxml import etree

from analyzers import document_title
from analyzers.messages import say
from search_service.errors import BadRecord
from search_service.intake.documents import number_of_pages, without_title
from search_service.intake.limits import OF_SOURCE, Unpacked, check_marks
from search_service.intake.word.text import Line, WordText

_PIECE: Final = 1 << 20  # bytes
_TITLE_STYLES: Final = frozenset(("title", "标题"))
_HEADING_STYLES: Final = frozenset(("heading 1", "标题 1"))
_STYLED_LINES: Final = 20  # the first lines, in which a title with such a style is looked for
_MAX_NOTES: Final = 20  # parts of heads and feet that are read
_PICTURES: Final = (
    "{http://schemas.openxmlformats.org/drawingml/2006/main}blip",
    "{urn:schemas-microsoft-com:vml}imagedata",
)


def word_record(data: bytes, *, name: str, limits: Unpacked = OF_SOURCE) -> dict[str, object]:
    """Read a document; ``name`` is the title if it has none. Raises ``BadRecord`` beyond the limits.

    The title is the paragraphs with the style of a title, or the 标题 that the first lines show.
    """
    document = _opened(data, limits)
    text = WordText(
        styles=_part(document, RELATION.STYLES),
        numbering=_part(document, RELATION.NUMBERING),
        notes=dict(_notes(document)),
    )
    lines = list(text.lines(document.element.body))
    body = "\n".join(line.text for line in lines)
    if not body.strip() and next(document.element.body.iter(*_PICTURES), None) is not None:
        raise BadRecord(_scanned())
    if number := number_of_pages(_heads_and_feet(document), body):
        lines.insert(0, Line(number))
    texts = [line.text for line in lines]
    title = _styled(lines) or document_title.find_title(
        texts, centred={place for place, line in enumerate(lines) if line.centred}
    )
    return without_title(texts, title, name=name)


def _styled(lines: list[Line]) -> document_title.Title | None:
    """The title by its style: the lines of it, one below the other."""
    for styles in (_TITLE_STYLES, _HEADING_STYLES):
        for first, line in enumerate(lines[:_STYLED_LINES]):
            if line.style not in styles or not document_title.may_be_title(line.text):
                continue
            end = first + 1
            while end < len(lines) and lines[end].style == line.style:
                if not document_title.may_be_title(lines[end].text):
                    break
                end += 1
            if styles is _TITLE_STYLES or document_title.ends_like_title(lines[end - 1].text):
                name = document_title.joined([line.text for line in lines[first:end]])
                return document_title.Title(name, first, end)
            break
    return None


def _part(document: WordDocument, relation: str) -> etree._Element | None:
    """The root of a part of the document; None if it has none, or one that cannot be read."""
    for one in document.part.rels.values():
        if one.reltype == relation and not one.is_external:
            return _root(one.target_part)
    return None


def _root(part: Any) -> etree._Element | None:
    """The root of a part; None if it cannot be read."""
    with contextlib.suppress(etree.XMLSyntaxError):
        root: etree._Element = part.element if hasattr(part, "element") else parse_xml(part.blob)
        return root
    return None


def _notes(document: WordDocument) -> Iterator[tuple[tuple[str, str], etree._Element]]:
    """The footnotes and endnotes by kind and id."""
    for kind, relation in (("footnote", RELATION.FOOTNOTES), ("endnote", RELATION.ENDNOTES)):
        root = _part(document, relation)
        for note in () if root is None else root.iterchildren(qn(f"w:{kind}")):
            yield (kind, note.get(qn("w:id"), "")), note


def _heads_and_feet(document: WordDocument) -> Iterator[str]:
    """The lines in the heads and feet of the pages."""
    parts = [
        one.target_part
        for one in document.part.rels.values()
        if one.reltype in (RELATION.HEADER, RELATION.FOOTER) and not one.is_external
    ]
    for root in map(_root, parts[:_MAX_NOTES]):
        text = WordText(styles=None, numbering=None, notes={})
        for line in () if root is None else text.lines(root):
            yield line.text


def _opened(data: bytes, limits: Unpacked) -> WordDocument:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_size(archive, limits)
        document = Document(io.BytesIO(data))
        root = document.element
        if root.tag != qn("w:document") or root.find(qn("w:body")) is None:
            raise ValueError("no body")
        return document
    except (
        zipfile.BadZipFile,
        OpcError,
        KeyError,
        ValueError,
        AttributeError,
        TypeError,
        etree.XMLSyntaxError,
        *_BROKEN,
    ) as exc:
        raise BadRecord(
            say(
                "不是有效的 .docx（可能是改名的 .doc，或加了密码）；请另存为 .docx",
                "not a valid .docx (perhaps a renamed .doc, or encrypted); save it again as .docx",
            )
        ) from exc


# What a damaged or encrypted archive raises, besides zipfile's own. AttributeError and TypeError are
# python-docx's for parts of another type, and relations without a target.
_BROKEN: Final = (zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error)


def _check_size(archive: zipfile.ZipFile, limits: Unpacked) -> None:
    """Raise ``BadRecord`` for an archive that would unpack to too many files, bytes, tags or attributes.

    ``zipfile`` never unpacks more of a part than the size it declares.
    """
    entries = archive.infolist()
    if len(entries) > limits.parts:
        raise BadRecord(_too_many(len(entries), limits.parts))
    if (size := sum(entry.file_size for entry in entries)) > limits.size:
        raise BadRecord(_too_large(size, limits.size))
    marks = markup = 0
    for entry in entries:
        with archive.open(entry) as part:
            piece = part.read(_PIECE)
            if piece.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"<", *_OTHER_XML)):
                markup += entry.file_size
                if markup > limits.markup:
                    raise BadRecord(_too_large(markup, limits.markup))
                while piece:
                    marks += piece.count(b"<") + piece.count(b"=")
                    check_marks(marks, limits.marks)
                    piece = part.read(_PIECE)


# The first bytes of XML in encodings that do not extend ASCII: UTF-16, UTF-32, EBCDIC.
_OTHER_XML: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0<", b"\0\0", b"\x4c\x6f\xa7\x94")


def _too_large(size: int, limit: int) -> str:
    return say(
        f"解压后有 {size >> 20} MB，最多 {limit >> 20} MB；删去图片，或分成几份",
        f"unpacks to {size >> 20} MB, the limit is {limit >> 20} MB; remove pictures, or split it",
    )


def _too_many(count: int, limit: int) -> str:
    return say(
        f"里面有 {count} 个文件，最多 {limit} 个；请另存一份再试",
        f"has {count} files in it, the limit is {limit}; save it again and retry",
    )


def _scanned() -> str:
    return say(
        "只有图片，没有文字，像是扫描件；请先识别文字（OCR），再另存为 .docx",
        "has pictures, but no text, as scans do; recognise its text (OCR) and save it as .docx",
    )
