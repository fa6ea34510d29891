"""The HTML pages, which work without JavaScript. Entry points: :data:`pages` (a blueprint), :func:`robots`.

Invalid parameters are ignored: 微信 and 百度 append parameters of their own. The texts of the pages are in
``templates/`` and are Chinese whatever the server's locale.
"""

from flask import Blueprint, Response, request, url_for

from analyzers.outline import ROLES
from search_service import relevance
from search_service.answers import browse, precedents, related
from search_service.answers.presentation import (
    article_to_dict,
    own_address,
    page_to_dict,
    precedents_to_dict,
    view_to_dict,
)
from search_service.answers.search import search as search_articles
from search_service.web.links import article_url
from search_service.web.pages.navigation import Navigation
from search_service.web.pages.reading import paragraphs
from search_service.web.parameter_validation import validate_leniently
from search_service.web.parameters import (
    PrecedentParameters,
    SearchParameters,
)
from search_service.web.request import audience, render_page, service, site

# Related articles shown beside an article.
_RELATED = 8
pages = Blueprint("pages", __name__)


@pages.get("/", strict_slashes=False)
def home() -> str:
    """Show the newest, the most read, the categories and a search box."""
    shown = browse.home(service(), audience())
    return render_page(
        "home.html",
        total=shown.total,
        latest=[view_to_dict(stored.view, link=article_url) for stored in shown.latest],
        hottest=[view_to_dict(stored.view, link=article_url) for stored in shown.hottest],
        categories=shown.categories,
        examples=site().examples,
    )


@pages.get("/search")
def search() -> str:
    """Show one page of results."""
    given = request.args.to_dict()
    typed = given.get("q", "")
    given["q"] = typed[: relevance.MAX_QUERY]
    parameters, dropped = validate_leniently(SearchParameters, given)
    page = search_articles(service(), parameters.request, audience())
    return render_page(
        "search.html",
        parameters=parameters,
        page=page_to_dict(page, link=article_url),
        total=page.total,
        semantic_results_available=page.semantic_results_available,
        notices=[notice.chinese for notice in page.adjustments()],
        navigation=Navigation(parameters, page.total, page.facets),
        cut_to=relevance.MAX_QUERY if len(typed) > relevance.MAX_QUERY else None,
        cap=relevance.MAX_RESULTS,
        bad_dates=bool(dropped & {"date_from", "date_to"}),
    )


@pages.get("/articles/<article:article_id>")
def article(article_id: str) -> str:
    """Show one article as the audience may read it, and related articles."""
    stored = browse.article(service(), article_id, audience())
    others = related.related(service(), article_id, audience(), limit=_RELATED)
    return render_page(
        "article.html",
        article=article_to_dict(stored, link=article_url),
        paragraphs=list(paragraphs(stored)),
        original=own_address(stored.view),
        related=[view_to_dict(one.view, link=article_url) for one in others],
    )


@pages.route("/precedents", methods=["GET", "POST"])
def precedent_passages() -> str:
    """Show the form and the passages for the submitted text. POST, because a draft is too long for a URL."""
    given = (request.form if request.method == "POST" else request.args).to_dict()
    text = given.get("text", "")
    found = None
    parameters, _ = validate_leniently(PrecedentParameters, {**given, "text": "—"})
    usable = bool(text.strip()) and len(text) <= relevance.MAX_DRAFT
    if usable:
        found = precedents.precedents(
            service(),
            text,
            audience(),
            filters=parameters.filters,
            limit=parameters.size,
            role=parameters.role,
        )
    return render_page(
        "precedents.html",
        text=text,
        parameters=parameters,
        roles=ROLES,
        limit=relevance.MAX_DRAFT,
        too_long=len(text) > relevance.MAX_DRAFT,
        found=None if found is None else precedents_to_dict(found, link=article_url),
    )


def robots() -> Response:
    """Limit crawlers to articles: every search has a URL of its own.

    Not part of the blueprint: crawlers request it at the root of the host, whatever the path prefix.
    """
    closed = (
        url_for("pages.search"),
        url_for("pages.precedent_passages"),
        f"{site().settings.path_prefix}/api/",
    )
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
