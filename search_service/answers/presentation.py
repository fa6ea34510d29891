"""Answers as plain values for JSON, templates and the command line. Entry points: ``*_to_dict``.

All HTML is escaped here or by the templates. Independent of Flask: callers that render pages pass ``link``,
which maps a view to the URL that opens it.
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
from search_service.metrics import stage
from search_service.model import Metadata, Passage, StoredArticle, View

Values = dict[str, object]
_MARK, _END = Markup("<mark>"), Markup("</mark>")
# A source may write anything into its url field; javascript: must not become a link. A path refers to the
# portal's host, behind which this service runs.
_OPENABLE = re.compile(r"(?:https?://|/(?!/))[^\s<>\"\\]+", re.IGNORECASE)


def highlight(text: str, marks: Sequence[Span]) -> Markup:
    """The escaped text with ``<mark>`` around each span; spans are in order and do not overlap."""
    pieces: list[Markup] = []
    position = 0
    for start, end in marks:
        pieces.append(escape(text[position:start]))
        pieces += [_MARK, escape(text[start:end]), _END]
        position = end
    pieces.append(escape(text[position:]))
    return Markup("").join(pieces)


def own_address(view: View) -> str | None:
    """The article's URL in its portal, if it is one that a browser may open."""
    return view.url if view.url and _OPENABLE.fullmatch(view.url) else None


Link = Callable[[View], str | None]
# What lists show of an article's metadata; the rest comes with the article alone.
_LISTED = [
    one.name
    for one in dataclasses.fields(Metadata)
    if one.name not in {"length", "slices", "url", "extra"}
]


def view_to_dict(view: View, *, link: Link = own_address) -> Values:
    """The fields of an article in lists; ``derived`` names those that were extracted from its text."""
    return {
        "id": view.id,
        "title": view.title,
        **{name: getattr(view, name) for name in _LISTED},
        "url": link(view),
        "derived": list(view.derived),
    }


@stage("render")
def page_to_dict(page: Page, *, link: Link = own_address) -> Values:
    """A page of results; ``message`` has its notices (:meth:`.Page.notices`), if any."""
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
    """A suggestion; ``id`` and ``url`` if it is the title of a single article."""
    view = completion.view
    return {
        "text": completion.text,
        "kind": completion.kind.value,
        "id": view.id if view else None,
        "url": link(view) if view else None,
    }


def result_to_dict(result: Result, *, link: Link = own_address) -> Values:
    """One result; ``explain`` only if it was requested."""
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
    """The snippet of a passage under a result: ``text`` is the article's ``text[start:end]``."""
    piece = shown.snippet
    start = shown.start + piece.start
    return _piece(shown.id, shown.path, shown.role, start, piece.text, piece.marks)


@stage("render")
def precedents_to_dict(page: PrecedentPage, *, link: Link = own_address) -> Values:
    """The passages for a draft, with a ``message`` if semantic search was unavailable."""
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
    # A passage includes the white space around its paragraphs, the copy does not.
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


@stage("render")
def article_to_dict(stored: StoredArticle, *, link: Link = own_address) -> Values:
    """One article as the audience may read it; ``length`` and ``slices`` as the source publishes them."""
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
    """The position of a passage in its article."""
    return {
        "id": passage.id,
        "path": list(passage.path),
        "role": passage.role,
        "start": passage.start,
        "end": passage.end,
    }
