"""The JSON API under ``/api/v1``. Entry point: :data:`api` (a blueprint). Validates strictly.

Errors are raised; :mod:`search_service.web.problems` turns them into problem details.
"""

from collections.abc import Mapping
from typing import cast

from flask import Blueprint, Response, json, request
from werkzeug.exceptions import BadRequest, RequestURITooLarge, UnsupportedMediaType

from search_service.answers import browse, complete, precedents, related
from search_service.answers.presentation import (
    article_to_dict,
    completion_to_dict,
    page_to_dict,
    precedents_to_dict,
    view_to_dict,
)
from search_service.answers.search import search as search_articles
from search_service.web.api import cursors
from search_service.web.links import article_url
from search_service.web.parameter_validation import validate, validate_query
from search_service.web.parameters import (
    MAX_QUERY_STRING,
    CursorParameters,
    NoParameters,
    PrecedentParameters,
    RelatedParameters,
    SearchParameters,
    SuggestParameters,
)
from search_service.web.request import audience, render_json, service

api = Blueprint("api", __name__)


@api.before_request
def _short_enough() -> None:
    # Pages have no such limit: they ignore what is invalid.
    if len(request.query_string) > MAX_QUERY_STRING:
        raise RequestURITooLarge


@api.get("/search")
def search() -> Response:
    """Return one page of results: by its number, or the next one of a cursor."""
    position = None
    if "cursor" in request.args:
        token = validate_query(CursorParameters, request.args).cursor
        parameters, position = cursors.decode(token, audience(), service().store.cursor_key)
    else:
        parameters = validate_query(SearchParameters, request.args)
    page = search_articles(service(), parameters.request, audience(), position=position)
    following = None
    if page.next:
        following = cursors.encode(parameters, page.next, audience(), service().store.cursor_key)
    values = page_to_dict(page, link=article_url) | {"changed": page.changed, "cursor": following}
    return render_json(values)


@api.get("/suggest")
def suggestions() -> Response:
    """Return completions: texts that begin with or contain the input."""
    parameters = validate_query(SuggestParameters, request.args)
    found = complete.complete(service(), parameters.q, audience())
    return render_json(
        {"suggestions": [completion_to_dict(one, link=article_url) for one in found]}
    )


@api.get("/articles/<article:article_id>")
def article(article_id: str) -> Response:
    """Return one article as the audience may read it."""
    validate_query(NoParameters, request.args)
    stored = browse.article(service(), article_id, audience())
    return render_json(article_to_dict(stored, link=article_url))


@api.get("/articles/<article:article_id>/related")
def related_articles(article_id: str) -> Response:
    """Return the articles related to one."""
    parameters = validate_query(RelatedParameters, request.args)
    found = related.related(service(), article_id, audience(), limit=parameters.size)
    return render_json(
        {"results": [view_to_dict(stored.view, link=article_url) for stored in found]}
    )


@api.post("/precedents")
def precedent_passages() -> Response:
    """Return the passages most similar to a topic or a draft."""
    repeated: list[str] = []
    body = _body(repeated)
    for name, values in request.args.lists():
        if name in body or len(values) > 1:
            repeated.append(name)
    given = {**request.args.to_dict(), **body}
    parameters = validate(PrecedentParameters, given, repeated=repeated)
    found = precedents.precedents(
        service(),
        parameters.text,
        audience(),
        filters=parameters.filters,
        limit=parameters.size,
        role=parameters.role,
    )
    return render_json(precedents_to_dict(found, link=article_url))


def _body(repeated: list[str]) -> Mapping[str, object]:
    """The parameters of a JSON object or a form; repeated names are appended to ``repeated``."""
    if request.is_json:
        return _json_object(repeated)
    if request.mimetype in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        repeated += [name for name, values in request.form.lists() if len(values) > 1]
        return request.form.to_dict()
    raise UnsupportedMediaType


def _json_object(repeated: list[str]) -> Mapping[str, object]:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        values: dict[str, object] = {}
        for name, value in pairs:
            if name in values:
                repeated.append(name)
            values[name] = value
        return values

    try:
        body = json.loads(request.get_data(), object_pairs_hook=once)
    except (ValueError, RecursionError) as exc:
        raise BadRequest from exc
    if not isinstance(body, dict):
        raise BadRequest
    return cast("Mapping[str, object]", body)
