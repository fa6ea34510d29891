"""What staff write, under ``/api/v1/drafts``. Entry point: :data:`drafts` (a blueprint).

Nothing that is sent is kept or logged.
"""

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden

from search_service.drafting.manuscript import Manuscript
from search_service.drafting.markdown import markdown
from search_service.drafting.references import Quoted, referenced, references
from search_service.roles import Right
from search_service.web.api.openapi import DRAFT_FILES
from search_service.web.bodies import json_object
from search_service.web.links import absolute, article_url
from search_service.web.parameter_validation import validate
from search_service.web.parameters import DraftParameters
from search_service.web.request import audience, may, service

drafts = Blueprint("drafts", __name__)
# Bytes: the largest manuscript, of which every character takes three, and the ids of its sources.
_MAX_BODY = 500_000
_WORD, _MARKDOWN = DRAFT_FILES


@drafts.before_request
def _who_may() -> None:
    request.max_content_length = _MAX_BODY
    if not may(Right.EXPORT):
        raise Forbidden


@drafts.post("/drafts/export")
def export_draft() -> Response:
    """Return the draft as a file, with the sources of what it quotes."""
    repeated: list[str] = []
    body = json_object(repeated)
    parameters = validate(DraftParameters, body, repeated=repeated)
    quoted = [Quoted(one.text, one.article, one.passage) for one in parameters.paragraphs]
    paragraphs = referenced(service(), quoted, audience(), lambda view: absolute(article_url(view)))
    manuscript = Manuscript(parameters.title, paragraphs)
    found = references(manuscript)
    footnotes, listed = parameters.sources == "footnotes", parameters.sources == "list"
    if parameters.file == "docx":
        from search_service.drafting.word_file import word_file

        data = word_file(manuscript, found, footnotes=footnotes, listed=listed)
        response = Response(data, content_type=_WORD)
    else:
        text = markdown(manuscript, found, footnotes=footnotes, listed=listed)
        response = Response(text, content_type=f"{_MARKDOWN}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="draft.{parameters.file}"'
    return response
