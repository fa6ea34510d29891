"""Answers as plain values, the same for JSON, templates and the command line. Entry points: ``*_to_dict``.

Everything that reaches HTML is escaped here or by the templates; each mark is a substring of its source.
No Flask: who has pages passes ``link``, which turns a view into the address that opens it.
"""

import dataclasses
import re
from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from analyzers.messages import say
from search_service.answers.complete import Completion
from search_service.answers.evidence import ShownPassage
from search_service.answers.page import Page, Result, degraded_notice
from search_service.answers.precedents import Precedent, PrecedentPage
from search_service.answers.snippets import Span
from search_service.model import Metadata, Passage, StoredArticle, View

Values = dict[str, object]
# A source may write anything into its url field; javascript: must not become a link. A path is one on
# the portal's own host, where this service stands behind it.
_OPENABLE = re.compile(r"(?:https?://|/(?!/))[^\s<>\"\\]+", re.IGNORECASE)


def highlight(text: str, marks: Sequence[Span]) -> Markup:
    """The text, escaped, with ``<mark>`` around each span."""
    pieces: list[Markup] = []
    position = 0
    for start, end in marks:
        pieces.append(escape(text[position:start]))
        pieces.append(Markup("<mark>{}</mark>").format(text[start:end]))
        position = end
    pieces.append(escape(text[position:]))
    return Markup("").join(pieces)


def own_address(view: View) -> str | None:
    """The article's address in its portal, if it has one that a browser may open."""
    return view.url if view.url and _OPENABLE.fullmatch(view.url) else None


Link = Callable[[View], str | None]
# What lists show of an article's metadata; the rest comes with the article alone.
_LISTED = [
    one.name
    for one in dataclasses.fields(Metadata)
    if one.name not in {"length", "slices", "url", "extra"}
]


def view_to_dict(view: View, *, link: Link = own_address) -> Values:
    """What every list shows of an article; ``derived`` names what its own text said, not its source."""
    return {
        "id": view.id,
        "title": view.title,
        **{name: getattr(view, name) for name in _LISTED},
        "url": link(view),
        "derived": list(view.derived),
    }


def page_to_dict(page: Page, *, link: Link = own_address) -> Values:
    """A page of results. Its ``message`` says what the reader should know of how they were found."""
    values: Values = {
        "total": page.total,
        "relaxed": page.relaxed,
        "degraded": page.degraded,
        "suggestions": list(page.suggestions),
        "facets": {name: dict(counts) for name, counts in page.facets.items()},
        "results": [result_to_dict(result, link=link) for result in page.results],
    }
    if notices := page.notices():
        values["message"] = say("；", "; ").join(notices)
    return values


def completion_to_dict(completion: Completion, *, link: Link = own_address) -> Values:
    """A suggestion; ``id`` and ``url`` where it is the title of one article."""
    view = completion.view
    return {
        "text": completion.text,
        "kind": completion.kind.value,
        "id": view.id if view else None,
        "url": link(view) if view else None,
    }


def result_to_dict(result: Result, *, link: Link = own_address) -> Values:
    """One result; ``explain`` only where it was asked for."""
    view = result.stored.view
    values = view_to_dict(view, link=link) | {
        "score": result.score,
        "highlights": {"title": highlight(view.title, result.title_marks)},
        "passages": [shown_to_dict(passage) for passage in result.passages],
    }
    if result.explanation is not None:
        values["explain"] = dataclasses.asdict(result.explanation)
    return values


def shown_to_dict(shown: ShownPassage) -> Values:
    """The part of a passage under a result: ``text`` is the article's ``text[start:end]``."""
    piece = shown.snippet
    start = shown.start + piece.start
    return _piece(shown.id, shown.path, shown.role, start, piece.text, piece.marks)


def precedents_to_dict(page: PrecedentPage, *, link: Link = own_address) -> Values:
    """The passages for a draft, with a ``message`` where they were found by words alone."""
    values: Values = {
        "degraded": page.degraded,
        "passages": [precedent_to_dict(one, link=link) for one in page.results],
    }
    if page.degraded:
        values["message"] = degraded_notice()
    return values


def precedent_to_dict(precedent: Precedent, *, link: Link = own_address) -> Values:
    """A passage to copy: ``text`` is the article's ``text[start:end]``."""
    passage = precedent.passage
    # The passage begins and ends with the white space around its paragraphs, the copy does not.
    start = precedent.stored.view.text.index(precedent.text, passage.start)
    values = _piece(passage.id, passage.path, passage.role, start, precedent.text, precedent.marks)
    return values | {
        "score": precedent.score,
        "citation": precedent.citation,
        "article": view_to_dict(precedent.stored.view, link=link),
    }


def _piece(
    key: str,
    path: Sequence[str],
    role: str,
    start: int,
    text: str,
    marks: Sequence[Span],
) -> Values:
    return {
        "id": key,
        "path": list(path),
        "role": role,
        "start": start,
        "end": start + len(text),
        "text": text,
        "marks": [list(span) for span in marks],
        "highlight": highlight(text, marks),
    }


def article_to_dict(stored: StoredArticle, *, link: Link = own_address) -> Values:
    """One article as its audience reads it; ``length`` and ``slices`` as its source publishes them."""
    view = stored.view
    return view_to_dict(view, link=link) | {
        "text": view.text,
        "gapped": view.gapped,
        "found": [dataclasses.asdict(one) for one in view.found],
        "length": view.length,
        "slices": view.slices,
        "passages": [passage_to_dict(passage) for passage in stored.passages],
        "extra": dict(view.extra),
    }


def passage_to_dict(passage: Passage) -> Values:
    """Where a passage stands in its article."""
    return {
        "id": passage.id,
        "path": list(passage.path),
        "role": passage.role,
        "start": passage.start,
        "end": passage.end,
    }
