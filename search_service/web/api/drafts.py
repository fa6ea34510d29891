"""For staff who write: drafts as files, reuse of paragraphs. Entry point: :data:`drafts` (a blueprint).

Nothing that is sent is kept or logged.
"""

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden

from search_service.answers.presentation import reuse_to_dict
from search_service.answers.reuse import reuse
from search_service.drafting.checking import check
from search_service.drafting.presentation import findings_to_dict
from search_service.drafting.references import Quoted
from search_service.roles import Right
from search_service.web.bodies import json_object
from search_service.web.draft_files import draft_file
from search_service.web.links import article_url
from search_service.web.parameter_validation import validate, validate_query
from search_service.web.parameters import CheckParameters, DraftParameters, NoParameters
from search_service.web.request import audience, may, render_json, service, site

drafts = Blueprint("drafts", __name__)
# Bytes: the largest manuscript, of which every character takes three, and the ids of its sources.
_MAX_BODY = 500_000


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
    draft = validate(DraftParameters, body, repeated=repeated)
    quoted = [Quoted(one.text, one.article, one.passage) for one in draft.paragraphs]
    return draft_file(draft.title, quoted, sources=draft.sources, file=draft.file)


@drafts.post("/drafts/check")
def check_draft() -> Response:
    """Return what to look at in the draft."""
    repeated: list[str] = []
    draft = validate(CheckParameters, json_object(repeated), repeated=repeated)
    found = check(service(), draft.manuscript, audience(), site().wording)
    return render_json(findings_to_dict(found, link=article_url))


@drafts.get("/articles/<article:article_id>/reuse")
def article_reuse(article_id: str) -> Response:
    """Return where else the paragraphs of an article are."""
    validate_query(NoParameters, request.args)
    return render_json(reuse_to_dict(reuse(service(), article_id, audience()), link=article_url))
