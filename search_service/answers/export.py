"""The results of a search to take along: a table for a spreadsheet, BibTeX, a list by GB/T 7714.

Entry points: :func:`collect`, :func:`as_csv`, :func:`as_bibtex`, :func:`as_references`.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from search_service import relevance
from search_service.answers.citations import citations
from search_service.answers.page import Result
from search_service.answers.search import search
from search_service.model import Audience, View
from search_service.query.request import SearchRequest
from search_service.service import SearchService

Address = Callable[[View], str]
# Spreadsheets run what begins so as a formula (CSV injection); a quote before it makes it text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS: tuple[tuple[str, Callable[[View], object]], ...] = (
    ("编号", lambda view: view.code),
    ("标题", lambda view: view.title),
    ("发文机关", lambda view: view.issuer),
    ("文号", lambda view: view.document_number),
    ("文种", lambda view: view.kind),
    ("类别", lambda view: view.category),
    ("日期", lambda view: view.date),
    ("效力", lambda view: view.status),
    ("作者", lambda view: view.author),
)
_SPECIAL = {one: f"\\{one}" for one in "{}$&#%_"} | {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "\n": " ",
}


def collect(service: SearchService, request: SearchRequest, audience: Audience) -> list[Result]:
    """All results of a search in their order, at most ``MAX_RESULTS``, whatever page was asked for."""
    asked = replace(request, page=1, size=relevance.MAX_SIZE, explain=False, counted=False)
    found: list[Result] = []
    position = None
    while len(found) < relevance.MAX_RESULTS:
        page = search(service, asked, audience, position=position)
        found += page.results
        position = page.next
        if position is None:
            break
    return found[: relevance.MAX_RESULTS]


def as_csv(results: Sequence[Result], address: Address) -> bytes:
    """A table in UTF-8 with a byte order mark, without which Excel reads it as GBK."""
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow([*(name for name, _ in _COLUMNS), "相符", "网址"])
    for result in results:
        view = result.stored.view
        cells = [*(value(view) for _, value in _COLUMNS)]
        matched = "原文相符" if result.in_full else "意思相近"
        writer.writerow([_text(cell) for cell in (*cells, matched, address(view))])
    return b"\xef\xbb\xbf" + table.getvalue().encode()


def _text(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_bibtex(results: Sequence[Result], address: Address) -> bytes:
    """An entry ``@misc`` for each result."""
    views = [result.stored.view for result in results]
    entries = (_entry(number, view, address) for number, view in enumerate(views, start=1))
    return "\n".join(entries).encode()


def _entry(number: int, view: View, address: Address) -> str:
    # Ids of sources contain anything; the number keeps two of them apart.
    key = re.sub(r"[^A-Za-z0-9]+", "-", view.code or view.id).strip("-") or "article"
    fields = {
        "title": f"{{{_escaped(view.title)}}}",
        "author": f"{{{_escaped(author)}}}" if (author := view.issuer or view.author) else "",
        "year": (view.date or "")[:4],
        "date": view.date or "",
        "number": _escaped(view.document_number or ""),
        "url": address(view).translate({ord(one): f"%{ord(one):02X}" for one in "{}\\"}),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key}-{number},", *lines, "}", ""])


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(one, one) for one in text)


def as_references(results: Sequence[Result], address: Address) -> bytes:
    """A numbered list by GB/T 7714."""
    return "".join(_references(results, address)).encode()


def _references(results: Sequence[Result], address: Address) -> Iterator[str]:
    for number, result in enumerate(results, start=1):
        view = result.stored.view
        yield f"[{number}] {citations(view, address(view))[-1].text}\n"
