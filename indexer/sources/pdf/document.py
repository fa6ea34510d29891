"""PDF files as one article each. Entry point: :func:`pdf_record`.

PDFium reads the text (:mod:`.extract`), in a process of its own with limits on time and memory, so that no
file takes the indexer down; its lines become paragraphs in :mod:`.layout` (ADR 0032).
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from analyzers import document_title
from analyzers.messages import say
from indexer.sources.pdf import extract, layout
from indexer.sources.processes import TimedOut, python, run
from search_service.errors import BadRecord
from search_service.intake.documents import number_of_pages, without_title
from search_service.intake.table_text import Cell, table_lines

_SECONDS: Final = 120  # 300 pages of a handbook take six
_MEMORY: Final = 512 << 20  # bytes
_MIN_LETTERS: Final = 10  # of a page with text; a scan has at most a stamp
_MOST_UNKNOWN: Final = 0.2  # of the letters


def pdf_record(data: bytes, *, name: str) -> dict[str, object]:
    """Read a PDF; ``name`` is the title if it shows none. Raises ``BadRecord`` for scans, among others."""
    pages = _read(data)
    unknown = sum(page["unknown"] for page in pages)
    letters = sum(page["letters"] for page in pages)
    if unknown > _MOST_UNKNOWN * (unknown + letters):
        raise BadRecord(_unreadable())
    bare = [page for page in pages if page["letters"] < _MIN_LETTERS and page["pictures"]]
    if not letters or 2 * len(bare) > len(pages):
        raise BadRecord(_scanned(len(bare), len(pages)))
    items = [item for number, page in enumerate(pages) for item in _items(page, number)]
    text, furniture = layout.without_furniture(items, len(pages))
    found = layout.paragraphs(text)
    texts = [paragraph.text for paragraph in found]
    if number := number_of_pages(furniture, "\n".join(texts)):
        texts.insert(0, number)
    centred = {len(texts) - len(found) + place for place, one in enumerate(found) if one.centred}
    return without_title(texts, document_title.find_title(texts, centred=centred), name=name)


def _items(page: Mapping[str, Any], number: int) -> list[layout.Item]:
    items: list[layout.Item] = []
    for item in page["items"]:
        if "rows" in item:
            rows = ([Cell(**cell) for cell in row] for row in item["rows"])
            items += [layout.Row(number, line) for line in table_lines(rows)]
        else:
            items.append(layout.Line(number, **item))
    return items


def _read(data: bytes) -> list[dict[str, Any]]:
    command = python("indexer.sources.pdf.extract", str(_MEMORY))
    try:
        code, output = run(command, data=data, seconds=_SECONDS)
    except TimedOut as exc:
        raise BadRecord(_too_slow()) from exc
    if code != 0:
        raise BadRecord(_failed())
    answer = json.loads(output)
    if "pages" in answer:
        pages: list[dict[str, Any]] = answer["pages"]
        return pages
    raise BadRecord(_refused(answer))


def _refused(answer: Mapping[str, Any]) -> str:
    match answer["error"]:
        case "password":
            return say(
                "这个 PDF 加了密码；请另存一份不加密码的",
                "the PDF is protected by a password; save it without one",
            )
        case "pages":
            return say(
                f"有 {answer['count']} 页，最多 {extract.MAX_PAGES} 页；请分成几份",
                f"has {answer['count']} pages, the limit is {extract.MAX_PAGES}; split it",
            )
        case "characters":
            limit = extract.MAX_CHARACTERS
            return say(
                f"超过 {limit} 字，请分成几份",
                f"has more than {limit} characters, the limit; split it",
            )
    return say(
        "不是有效的 PDF，或已损坏；请重新下载，或打开后另存为 PDF",
        "not a valid PDF, or damaged; download it again, or open it and save it as PDF",
    )


def _scanned(bare: int, pages: int) -> str:
    if not bare:
        return say(
            "没有文字，像是把字画成了图形；请从原文件另存为 .docx，或识别文字（OCR）",
            "has no text, its letters may be drawings; save the original as .docx, or use OCR",
        )
    return say(
        f"是扫描件：{pages} 页中有 {bare} 页只有图片；请先识别文字（OCR），再存为带文字的 PDF 或 .docx",
        f"is a scan: {bare} of {pages} pages have pictures, but no text; recognise its text (OCR) and save it"
        " as PDF with text or as .docx",
    )


def _unreadable() -> str:
    return say(
        "字体没有附文字编码，读出来是乱码；请从原文件另存为 .docx，或重新识别文字（OCR）",
        "its fonts do not say which letters they show; save the original as .docx, or use OCR",
    )


def _too_slow() -> str:
    return say(
        f"{_SECONDS} 秒还没有读完（上限）；请分成几份，或另存为 .docx",
        f"was not read within {_SECONDS} seconds, the limit; split it, or save it as .docx",
    )


def _failed() -> str:
    limit = _MEMORY >> 20
    return say(
        f"读不下去了：文件已损坏，或要用的内存超过 {limit} MB（上限）；请打开后另存为 PDF，或分成几份",
        f"cannot be read: damaged, or it needs more than {limit} MB of memory, the limit; open it and save"
        " it as PDF again, or split it",
    )
