"""The JSON API under ``/api/v1``. Entry point: :data:`api` (a blueprint). Validates strictly.

Errors are raised; :mod:`search_service.web.problems` turns them into problem details.
"""

from collections.abc import Mapping

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden, RequestURITooLarge, UnsupportedMediaType

from analyzers.messages import say
from search_service.answers import (
    browse,
    complete,
    drafts,
    lists,
    phrases,
    precedents,
    related,
    succession,
)
from search_service.answers import export as exporting
from search_service.answers.presentation import (
    article_to_dict,
    completion_to_dict,
    draft_to_dict,
    history_to_dict,
    page_to_dict,
    precedents_to_dict,
    related_to_dict,
    relation_to_dict,
    view_to_dict,
    viewed_to_dict,
)
from search_service.answers.search import search as search_articles
from search_service.drafting import headings, outlines
from search_service.drafting.presentation import headings_to_dict, outlines_to_dict
from search_service.errors import BadInput
from search_service.roles import Right
from search_service.web.api import cursors, openapi
from search_service.web.bodies import json_object
from search_service.web.counting import count_read, count_search
from search_service.web.links import absolute, article_url
from search_service.web.parameter_validation import (
    once_or_several,
    validate,
    validate_query,
)
from search_service.web.parameters import (
    ALL,
    MAX_QUERY_STRING,
    CursorParameters,
    ExportParameters,
    HeadingParameters,
    HottestParameters,
    NoParameters,
    OutlineParameters,
    PassageParameters,
    PrecedentParameters,
    RelatedParameters,
    SearchParameters,
    SuggestParameters,
    TopicParameters,
)
from search_service.web.request import audience, may, render_json, service, site

api = Blueprint("api", __name__)
_CSV, _BIBTEX, _TEXT = openapi.FILES
# By format: what writes it, its media type, and the ending of its name.
_EXPORTS = {
    "csv": (exporting.as_csv, _CSV, "csv"),
    "bibtex": (exporting.as_bibtex, _BIBTEX, "bib"),
    "gbt7714": (exporting.as_references, _TEXT, "txt"),
}


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
    if position is None:
        count_search(parameters.request, page)
    following = None
    if page.next:
        following = cursors.encode(parameters, page.next, audience(), service().store.cursor_key)
    values = page_to_dict(page, link=article_url) | {"changed": page.changed, "cursor": following}
    return render_json(values)


@api.get("/export")
def export() -> Response:
    """Return all results of a search as a file, for whoever may export."""
    parameters = validate_query(ExportParameters, request.args)
    if not may(Right.EXPORT):
        raise Forbidden
    results = exporting.collect(service(), parameters.request, audience())
    if parameters.format == "json":
        views = [one.stored.view for one in results]
        return render_json({"results": [view_to_dict(view, link=article_url) for view in views]})
    write, media, ending = _EXPORTS[parameters.format]
    response = Response(
        write(results, lambda view: absolute(article_url(view))),
        content_type=f"{media}; charset=utf-8",
    )
    response.headers["Content-Disposition"] = f'attachment; filename="results.{ending}"'
    return response


@api.get("/suggest")
def suggestions() -> Response:
    """Return completions: texts that begin with or contain the input."""
    parameters = validate_query(SuggestParameters, request.args)
    found = complete.complete(service(), parameters.q, audience())
    return render_json(
        {"suggestions": [completion_to_dict(one, link=article_url) for one in found]}
    )


@api.get("/openapi.json")
def description() -> Response:
    """Return the description of this API."""
    return render_json(openapi.description())


@api.get("/hottest")
def hottest() -> Response:
    """Return the articles that were viewed most."""
    parameters = validate_query(HottestParameters, request.args)
    if parameters.period != ALL and not site().settings.count_reads:
        fault = say(
            "本站没有自己统计阅读次数；只有 period=all",
            "reads are not counted here; there is only period=all",
        )
        raise BadInput(fault, field_errors={"period": fault})
    found = lists.most_viewed(
        service(), audience(), parameters.counted, page=parameters.page, size=parameters.size
    )
    return render_json(
        {"results": [viewed_to_dict(one, link=article_url) for one in found.articles]}
    )


@api.get("/outlines")
def model_outlines() -> Response:
    """Return how others divided documents on a topic."""
    parameters = validate_query(OutlineParameters, request.args)
    found = outlines.outlines(
        service(),
        parameters.q,
        audience(),
        filters=parameters.filters,
        limit=parameters.size,
    )
    return render_json(outlines_to_dict(found, link=article_url))


@api.get("/headings")
def found_headings() -> Response:
    """Return headings that contain a query, of documents that may all be different."""
    parameters = validate_query(HeadingParameters, request.args)
    found = headings.headings(
        service(),
        parameters.q,
        audience(),
        filters=parameters.filters,
        length=parameters.length,
        pattern=parameters.pattern,
        limit=parameters.size,
    )
    return render_json(headings_to_dict(found, link=article_url))


@api.get("/phrases/<phrase>/history")
def phrase_history(phrase: str) -> Response:
    """Return the years in which a phrase is used, and its first and latest uses."""
    validate_query(NoParameters, request.args)
    return render_json(
        history_to_dict(phrases.history(service(), phrase, audience()), link=article_url)
    )


@api.get("/articles/<article:article_id>")
def article(article_id: str) -> Response:
    """Return one article as the audience may read it."""
    validate_query(NoParameters, request.args)
    stored = browse.article(service(), article_id, audience())
    count_read(article_id)
    found = succession.relations(service(), stored, audience())
    relations = [relation_to_dict(one, link=article_url) for one in found]
    return render_json(article_to_dict(stored, link=article_url) | {"relations": relations})


@api.get("/articles/<article:article_id>/related")
def related_articles(article_id: str) -> Response:
    """Return the articles related to one."""
    parameters = validate_query(RelatedParameters, request.args)
    found = related.related(service(), article_id, audience(), limit=parameters.size)
    count_read(article_id)
    return render_json({"results": [related_to_dict(one, link=article_url) for one in found]})


@api.get("/precedents")
def topic_passages() -> Response:
    """Return the passages closest to a topic."""
    return _passages(validate_query(TopicParameters, request.args))


@api.post("/precedents")
def precedent_passages() -> Response:
    """Return the passages closest to a topic, or to each section of a draft."""
    repeated: list[str] = []
    body = _body(repeated)
    of_address, more = once_or_several(PrecedentParameters, request.args)
    repeated += [*more, *(name for name in of_address if name in body)]
    given = {**of_address, **body}
    return _passages(validate(PrecedentParameters, given, repeated=repeated))


def _passages(asked: PassageParameters) -> Response:
    if precedents.is_topic(asked.text):
        topic = precedents.precedents(
            service(), asked.text, audience(), wanted=asked.wanted, limit=asked.size
        )
        return render_json(precedents_to_dict(topic, link=article_url))
    draft = drafts.for_draft(
        service(), asked.text, audience(), wanted=asked.wanted, limit=asked.size
    )
    return render_json(draft_to_dict(draft, link=article_url))


def _body(repeated: list[str]) -> Mapping[str, object]:
    """The parameters of a JSON object or a form; repeated names are appended to ``repeated``."""
    if request.is_json:
        return json_object(repeated)
    if request.mimetype in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        values, more = once_or_several(PrecedentParameters, request.form)
        repeated += more
        return values
    raise UnsupportedMediaType
