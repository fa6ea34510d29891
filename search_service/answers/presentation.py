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
from search_service.answers.drafts import DraftPage, DraftSection
from search_service.answers.evidence import ShownPassage
from search_service.answers.lists import Viewed
from search_service.answers.page import BLOCKED_NOTICE, Page, Result
from search_service.answers.phrases import PhraseHistory
from search_service.answers.precedents import Precedent, PrecedentPage
from search_service.answers.related import Related
from search_service.answers.reuse import Kind, Occurrence, ReuseMap
from search_service.answers.snippets import Span
from search_service.answers.subjects import Subject
from search_service.answers.succession import Relation
from search_service.metadata import Attachment, Metadata
from search_service.metrics import stage
from search_service.model import Passage, StoredArticle, View

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
    return _if_openable(view.url)


def _if_openable(url: str | None) -> str | None:
    return url if url and _OPENABLE.fullmatch(url) else None


def opening(view: View, length: int) -> str:
    """The first characters of a text in one line, without the title where it begins with it."""
    text = view.text.lstrip()
    text = text.removeprefix(view.title)
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


Link = Callable[[View], str | None]
# What lists show of an article's metadata; the rest comes with the article alone.
_ALONE = {"length", "slices", "url", "extra", "outline", "attachments", "replaces", "replaced_by"}
LISTED = [one.name for one in dataclasses.fields(Metadata) if one.name not in _ALONE]


def view_to_dict(view: View, *, link: Link = own_address) -> Values:
    """The fields of an article in lists; ``derived`` names those that were extracted from its text."""
    return {
        "id": view.id,
        "title": view.title,
        **{name: _plain(getattr(view, name)) for name in LISTED},
        "issuer": view.issuer,
        "url": link(view),
        "derived": list(view.derived),
    }


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def attachment_to_dict(attachment: Attachment) -> Values:
    """An attachment; ``url`` only if a browser may open it."""
    return {"name": attachment.name, "url": _if_openable(attachment.url)}


def relation_to_dict(relation: Relation, *, link: Link = own_address) -> Values:
    """An article that replaces or repeals the shown one, or the other way round."""
    return view_to_dict(relation.view, link=link) | {
        "type": relation.type.value,
        "from_text": relation.derived,
    }


def related_to_dict(related: Related, *, link: Link = own_address) -> Values:
    """A related article with its ``reason``."""
    return view_to_dict(related.view, link=link) | {"reason": related.reason}


def history_to_dict(found: PhraseHistory, *, link: Link = own_address) -> Values:
    """The use of a phrase, by years, with the first and the latest articles."""
    values: Values = {
        "phrase": found.phrase,
        "total": found.total,
        "undated": found.undated,
        "years": dict(found.years),
        "first": [
            view_to_dict(one.view, link=link) | {"sentence": one.sentence} for one in found.first
        ],
        "latest": [
            view_to_dict(one.view, link=link) | {"sentence": one.sentence} for one in found.latest
        ],
    }
    return values | ({"message": say(*BLOCKED_NOTICE)} if found.blocked else {})


def subject_to_dict(subject: Subject, *, link: Link = own_address) -> Values:
    """What a query names: ``type``, ``name``, ``total``, ``kinds``, ``series`` and ``articles``."""
    return {
        "type": subject.type.value,
        "name": subject.name,
        "total": subject.total,
        "kinds": dict(subject.kinds),
        "series": subject.series,
        "articles": [view_to_dict(one, link=link) for one in subject.articles],
    }


def viewed_to_dict(viewed: Viewed, *, link: Link = own_address) -> Values:
    """An article of the most viewed, with its ``views``."""
    return view_to_dict(viewed.stored.view, link=link) | {"views": viewed.views}


@stage("render")
def page_to_dict(page: Page, *, link: Link = own_address) -> Values:
    """A page of results; ``message`` has its notices (:meth:`.Page.notices`), if any.

    ``searched`` and ``alternatives``: see :class:`.Page`; only if there are any.
    """
    values: Values = {
        "total": page.total,
        "full": page.full,
        "relaxed": page.relaxed,
        "reason": page.reason,
        "degraded": page.degraded,
        "suggestions": list(page.suggestions),
        "facets": {name: dict(counts) for name, counts in page.facets.items()},
        "results": [result_to_dict(result, link=link) for result in page.results],
    }
    if page.alternatives:
        values["alternatives"] = [
            {"without": list(one.without), "total": one.total} for one in page.alternatives
        ]
    if page.searched:
        values["searched"] = page.searched
    if notices := page.notices():
        values["message"] = say("；", "; ").join(notices)
    return values


def completion_to_dict(completion: Completion, *, link: Link = own_address) -> Values:
    """A suggestion; ``id`` and ``url`` if it opens a single article."""
    view = completion.view
    return {
        "text": completion.text,
        "kind": completion.kind.value,
        "group": completion.group.value,
        "count": completion.count,
        "query": completion.query,
        "id": view.id if view else None,
        "url": link(view) if view else None,
    }


def result_to_dict(result: Result, *, link: Link = own_address) -> Values:
    """One result; ``explain`` only if it was requested."""
    view = result.stored.view
    values = view_to_dict(view, link=link) | {
        "full": result.in_full,
        "score": result.score,
        "highlights": {"title": highlight(view.title, result.title_marks)},
        "matched": [{"field": one.field, "value": one.value} for one in result.matched],
        "passages": [shown_to_dict(passage) for passage in result.passages],
        "copies": [view_to_dict(one, link=link) for one in result.copies],
        "copies_total": result.copies_total,
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
    """The passages for a topic; ``message`` has the notices (:meth:`.PrecedentPage.notices`), if any."""
    values: Values = {
        "degraded": page.degraded,
        "passages": [precedent_to_dict(one, link=link) for one in page.results],
    }
    if notices := page.notices():
        values["message"] = say("；", "; ").join(notices)
    return values


def draft_to_dict(page: DraftPage, *, link: Link = own_address) -> Values:
    """The passages for a draft, of all sections and of each."""
    sections = [section_to_dict(one, link=link) for one in page.sections]
    return precedents_to_dict(page, link=link) | {"sections": sections}


def section_to_dict(section: DraftSection, *, link: Link = own_address) -> Values:
    """A section of a draft, ``draft[start:end]``, its passages, and what it repeats."""
    return {
        "path": list(section.path),
        "place": section.place,
        "start": section.start,
        "end": section.end,
        "text": section.text,
        "passages": [precedent_to_dict(one, link=link) for one in section.results],
        "repeated": [
            {
                "start": one.start,
                "end": one.end,
                "share": one.share,
                "source": precedent_to_dict(one.source, link=link),
            }
            for one in section.repeated
        ],
    }


def precedent_to_dict(precedent: Precedent, *, link: Link = own_address) -> Values:
    """A passage to copy: ``text`` is the article's ``text[start:end]``."""
    passage = precedent.passage
    # A passage includes the white space around its paragraphs, the copy does not.
    start = precedent.stored.view.text.index(precedent.text, passage.start)
    values = _piece(passage.id, passage.path, passage.role, start, precedent.text, precedent.marks)
    return values | {
        "score": precedent.score,
        "citation": precedent.citation,
        "place": precedent.place,
        "copies": [view_to_dict(one, link=link) for one in precedent.copies],
        "copies_total": precedent.copies_total,
        "article": view_to_dict(precedent.stored.view, link=link),
    }


@stage("render")
def reuse_to_dict(found: ReuseMap, *, link: Link = own_address) -> Values:
    """Where else the paragraphs of an article are; ``start`` and ``end``: of its ``text``."""
    return {
        "article": view_to_dict(found.stored.view, link=link),
        "compared": found.compared,
        "left_out": found.left_out,
        "paragraphs": [
            {
                "id": one.passage.id,
                "path": list(one.passage.path),
                "start": one.start,
                "end": one.end,
                "text": one.text,
                "boilerplate": one.boilerplate,
                "weight": one.weight,
                "occurrences": [occurrence_to_dict(other, link=link) for other in one.occurrences],
            }
            for one in found.paragraphs
        ],
        "articles": [
            view_to_dict(one.view, link=link)
            | {"likeness": one.likeness.value, "weight": one.weight}
            | {kind.value: one.counts.get(kind, 0) for kind in Kind}
            for one in found.articles
        ],
        "articles_total": found.articles_total,
    }


def occurrence_to_dict(one: Occurrence, *, link: Link = own_address) -> Values:
    """A paragraph in another article: ``text`` is its ``text[start:end]``."""
    return {
        "kind": one.kind.value,
        "share": one.share,
        "id": one.passage_id,
        "start": one.start,
        "end": one.end,
        "text": one.text,
        "differences": [
            {"start": start, "end": end, "other": other} for start, end, other in one.differences
        ],
        "article": view_to_dict(one.view, link=link),
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
        "outline": list(view.outline),
        "attachments": [attachment_to_dict(one) for one in view.attachments],
        "replaces": list(view.replaces),
        "replaced_by": list(view.replaced_by),
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
