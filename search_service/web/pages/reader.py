"""The HTML pages, which work without JavaScript. Entry points: :data:`pages` (a blueprint), :func:`robots`.

Invalid parameters are ignored: 微信 and 百度 append parameters of their own. The texts of the pages are in
``templates/`` and are Chinese whatever the server's locale.
"""

import re
from collections.abc import Sequence

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from search_service import relevance
from search_service.answers import browse, related, subjects, succession
from search_service.answers.citations import citations
from search_service.answers.presentation import (
    article_to_dict,
    own_address,
    related_to_dict,
    relation_to_dict,
    subject_to_dict,
    view_to_dict,
)
from search_service.answers.search import search as search_articles
from search_service.model import Audience, View
from search_service.query.request import Mode
from search_service.roles import Right
from search_service.web.counting import count_read, count_search, home_period
from search_service.web.links import absolute, article_url
from search_service.web.pages import navigation
from search_service.web.pages.about import about
from search_service.web.pages.navigation import Navigation
from search_service.web.pages.reading import (
    Paragraph,
    contents,
    paragraphs,
    passages,
    rule_number,
    rules,
)
from search_service.web.pages.results import groups
from search_service.web.parameter_validation import once_or_several, validate_leniently
from search_service.web.parameters import (
    SearchParameters,
)
from search_service.web.request import audience, may, render_page, service, site

# Related articles shown beside an article.
_RELATED = 6
# A text of fewer 条 needs no field to go to one.
_FEWEST_RULES = 10
_LONGEST_NUMBER = 12  # characters: 第一千二百六十条
_HAN = re.compile("[\u4e00-\u9fff]")
pages = Blueprint("pages", __name__)


@pages.get("/", strict_slashes=False)
def home() -> str:
    """Show the newest, the most read, the categories and a search box."""
    shown = browse.home(service(), audience(), home_period())
    return render_page(
        "home.html",
        total=shown.total,
        latest=[view_to_dict(stored.view, link=article_url) for stored in shown.latest],
        hottest=[view_to_dict(stored.view, link=article_url) for stored in shown.hottest],
        period=shown.period,
        entrances=navigation.entrances(shown.facets),
        examples=site().examples,
    )


@pages.get("/help")
def help_page() -> str:
    """Show how to search."""
    return render_page("help.html")


@pages.get("/search")
def search() -> str:
    """Show one page of results."""
    given, _ = once_or_several(SearchParameters, request.args)
    typed = request.args.get("q", "")
    given["q"] = typed[: relevance.MAX_QUERY]
    parameters, dropped = validate_leniently(SearchParameters, given)
    page = search_articles(service(), parameters.request, audience())
    if len(typed) <= relevance.MAX_QUERY:  # of a pasted text only the beginning was searched
        count_search(parameters.request, page)
    ended_by = succession.ended_by(service(), [one.stored for one in page.results], audience())
    named = None
    if parameters.page == 1 and parameters.mode is not Mode.SEMANTIC:
        named = subjects.subject(service(), page.searched or parameters.q, page, audience())
    return render_page(
        "search.html",
        subject=subject_to_dict(named, link=article_url) if named else None,
        parameters=parameters,
        page=page,
        groups=groups(page, parameters.mode, ended_by, link=article_url),
        typed=typed,
        notices=[notice.chinese for notice in page.adjustments()],
        navigation=Navigation(
            parameters, page.total, page.facets, counts_reads=site().settings.count_reads
        ),
        cut_to=relevance.MAX_QUERY if len(typed) > relevance.MAX_QUERY else None,
        cap=relevance.MAX_RESULTS,
        bad_dates=bool(dropped & {"date_from", "date_to"}),
        may_export=may(Right.EXPORT),
        is_counted=bool(site().settings.query_log),
    )


@pages.get("/articles/<article:article_id>")
def article(article_id: str) -> str | AnyResponse:
    """Show one article as the audience may read it, and related articles; ``rule=12`` leads to 第十二条."""
    stored = browse.article(service(), article_id, audience())
    shown = list(paragraphs(stored))
    numbered = rules(shown)
    rule = request.args.get("rule", "")[:_LONGEST_NUMBER]
    if key := numbered.get(rule_number(rule) or 0):
        there = url_for("pages.article", article_id=article_id, _anchor=key)
        return redirect(there, 303)
    count_read(article_id)
    relations = succession.relations(service(), stored, audience())
    others = related.related(service(), article_id, audience(), limit=_RELATED)
    original = own_address(stored.view)
    here = url_for("pages.article", article_id=article_id, _external=True)
    return render_page(
        "article.html",
        about=about(stored.view) if audience() is Audience.PUBLIC else None,
        article=article_to_dict(stored, link=article_url),
        # What is not in the index is named, but for an id, which means nothing to a reader.
        successors=[one for one in stored.view.replaced_by if _HAN.search(one)],
        relations=[relation_to_dict(one, link=article_url) for one in relations],
        passages=passages(shown),
        contents=contents(shown),
        may_draft=may(Right.EXPORT),
        rule=rule,
        last_rule=max(numbered) if len(numbered) >= _FEWEST_RULES else None,
        missing=_missing(stored.view, shown),
        citations=citations(stored.view, absolute(original) if original else here),
        original=original,
        related=[related_to_dict(one, link=article_url) for one in others],
    )


def _missing(view: View, shown: Sequence[Paragraph]) -> int | None:
    """About how many characters the only gap of a text lacks, if its source publishes the whole length."""
    if view.length is None or sum(one.gap for one in shown) != 1:
        return None
    missing = view.length - len("".join(view.text.split()))
    return round(missing, -1) if missing > 0 else None


def robots() -> Response:
    """Limit crawlers to articles: every search has a URL of its own.

    Not part of the blueprint: crawlers request it at the root of the host, whatever the path prefix.
    """
    closed = (
        url_for("pages.search"),
        url_for("workbench.passages"),
        f"{site().settings.path_prefix}/api/",
    )
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    lines.append(f"Sitemap: {url_for('feeds.sitemap', _external=True)}")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
