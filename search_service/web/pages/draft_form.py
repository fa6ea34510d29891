"""The draft that travels in the forms of the workbench. Entry points: :func:`sent_draft`,
:func:`uploaded`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import json, request
from werkzeug.datastructures import MultiDict

from search_service.answers.precedents import citation, passage_of
from search_service.drafting.quotations import Quotable
from search_service.drafting.uploads import MAX_FILE, draft_text
from search_service.errors import BadRecord
from search_service.model import StoredArticle
from search_service.web.request import audience, service

# Passages of which a draft remembers that they were put in.
_MOST_QUOTED = 200
# The form of a file: a little more than the file, which says itself that it is too large.
_MAX_BODY = MAX_FILE + 500_000


@dataclass(frozen=True)
class Place:
    """A passage by the ids of its article and of itself."""

    article: str
    passage: str


@dataclass(frozen=True)
class SentDraft:
    """The fields that were sent and are not empty; the draft, and the passages that were put into it."""

    fields: MultiDict[str, str]
    text: str
    quoted: list[Place]


def sent_draft() -> SentDraft:
    """The draft of this request; of a link there is none, but ``text`` may be a topic."""
    typed = request.form if request.method == "POST" else request.args
    # A field left empty is no filter: of a link it would mean the articles without a value.
    filled = MultiDict((name, value) for name, value in typed.items(multi=True) if value)
    return SentDraft(filled, filled.get("text", "").replace("\r\n", "\n"), _quoted(filled))


def may_upload() -> None:
    """Let this request be as large as a file of a draft may be."""
    if request.mimetype == "multipart/form-data":
        request.max_content_length = _MAX_BODY


def uploaded() -> tuple[str, str]:
    """The text of the file of this request, and why there is none; both are empty without a file."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return "", ""
    try:
        return draft_text(file.read(), file.filename), ""
    except BadRecord as exc:
        return "", exc.message


def place(value: str) -> tuple[int, Place] | None:
    """An offset into the draft and a passage, from a field of the form; None if it is no such field."""
    match decoded(value):
        case [int(offset), str(article), str(passage)]:
            return offset, Place(article, passage)
    return None


def decoded(value: str) -> object:
    """The JSON value of a field; None if it is none."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def texts(places: Sequence[Place]) -> list[Quotable]:
    """The texts of passages, as this caller may read them."""
    ids = list(dict.fromkeys(one.article for one in places))
    stored: Mapping[str, StoredArticle] = service().reader(audience()).fetch(ids) if ids else {}
    return [
        Quotable(
            one.article, one.passage, article.text_of(passage), citation(article.view, passage)
        )
        for one in places
        if (article := stored.get(one.article)) and (passage := passage_of(article, one.passage))
    ]


def _quoted(form: MultiDict[str, str]) -> list[Place]:
    """The passages that were put into the draft; what is not one is left out."""
    places = (place(value) for value in form.getlist("quoted")[:_MOST_QUOTED])
    return list(dict.fromkeys(place for _, place in filter(None, places)))
