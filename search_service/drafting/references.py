"""Where the paragraphs of a manuscript come from. Entry points: :func:`referenced`, :func:`references`."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from analyzers.messages import say
from analyzers.normalize import normalize
from search_service.answers.citations import citations
from search_service.drafting.manuscript import Manuscript, Paragraph, Source
from search_service.model import Audience, StoredArticle, View
from search_service.service import SearchService

_PART = re.compile(r"([零一二三四五六七八九十百]{1,4})[、.]")
_MARK = re.compile(
    r"\(?[零一二三四五六七八九十百0-9]{1,4}[).]|第[^第]{1,10}?(?:部分|[编章节条])(?:之.)?"
)


class Quoted(NamedTuple):
    """A paragraph as it is sent, with the ids of the article and passage that it was taken from, if any."""

    text: str
    article: str = ""
    passage: str = ""


class Reference(NamedTuple):
    """A source of a manuscript. ``paragraph``: its number, from 0; ``note``: the text of a footnote.

    ``row``: the place in the manuscript, the document, its date, the place in it, its address, and whether it
    is in force.
    """

    paragraph: int
    note: str
    row: tuple[str, ...]


def referenced(
    service: SearchService,
    quoted: Sequence[Quoted],
    audience: Audience,
    address: Callable[[View], str],
) -> tuple[Paragraph, ...]:
    """The paragraphs with the sources that this audience may read; one read for all of them."""
    ids = list(dict.fromkeys(one.article for one in quoted if one.article))
    stored = service.reader(audience).fetch(ids) if ids else {}
    return tuple(_paragraph(one, stored.get(one.article), address) for one in quoted)


def _paragraph(
    quoted: Quoted, article: StoredArticle | None, address: Callable[[View], str]
) -> Paragraph:
    if article is None:
        return Paragraph(quoted.text, missing=quoted.article)
    passages = (one for one in article.passages if one.id == quoted.passage)
    passage = next(passages, None)
    path = passage.path if passage else ()
    return Paragraph(quoted.text, Source(article.view, path, address(article.view)))


def references(manuscript: Manuscript) -> list[Reference]:
    """A reference for each paragraph that was taken from somewhere, in their order."""
    heads: dict[int, str] = {}
    head = ""
    for line in manuscript.lines:
        if line.runs[0].level:
            head = line.runs[0].text.rstrip("。：:")
        heads.setdefault(line.number, head)
    found = []
    for number, paragraph in enumerate(manuscript.paragraphs):
        here = heads.get(number, "")
        if paragraph.source is not None:
            found.append(Reference(number, *_cited(paragraph.source, here)))
        elif paragraph.missing:
            note = say(
                f"出处 {paragraph.missing} 已查不到", f"source {paragraph.missing} not found"
            )
            found.append(Reference(number, note, (here, note, "", "", "", "")))
    return found


def _cited(source: Source, here: str) -> tuple[str, tuple[str, ...]]:
    view, where = source.view, place(source.path)
    _, footnote, _ = citations(view)
    note = f"{footnote.text.rstrip('。')}，{where}。" if where else footnote.text
    issuer = "、".join(view.issuers) or view.author or ""
    number = f"（{view.document_number}）" if view.document_number else ""
    document = f"{issuer}《{view.title}》{number}"
    return note, (here, document, view.date or "", where, source.address, view.status or "")


def place(path: Sequence[str]) -> str:
    """A path of headings as it is cited: 四、保障措施, （一）加强领导 → 第四部分（一）."""
    return "".join(_short(heading) for heading in path)


def _short(heading: str) -> str:
    # Equal in length, so that the marks are taken as they were written.
    normalised = normalize(heading)
    if part := _PART.match(normalised):
        return f"第{part[1]}部分"
    if mark := _MARK.match(normalised):
        return heading[: mark.end()].rstrip(".．")
    return f"“{heading}”"
