"""Pages of lists: the newest by category, the most viewed, those of an author, an office or a category.

Entry point: :data:`lists` (a blueprint). A name that no article of the audience has is not found, whether
others have articles of it or not.
"""

from collections.abc import Mapping

from flask import Blueprint, request, url_for

from analyzers.messages import say
from search_service.answers import lists as answers
from search_service.answers.presentation import view_to_dict, viewed_to_dict
from search_service.errors import NotFound
from search_service.intake.fields import category_path
from search_service.model import Filters
from search_service.state.read_counts import Period
from search_service.web.links import article_url
from search_service.web.pages.navigation import Choice, Paging
from search_service.web.parameter_validation import validate_query_leniently
from search_service.web.parameters import HottestParameters, PageParameters
from search_service.web.request import audience, render_page, service, site

lists = Blueprint("lists", __name__)
_CHARTS: Mapping[Period | None, str] = {
    None: "总榜",
    Period.DAY: "日榜",
    Period.WEEK: "周榜",
    Period.MONTH: "月榜",
}


@lists.get("/latest")
def latest() -> str:
    """Show the newest articles of each category."""
    found = answers.newest_by_category(service(), audience())
    return render_page(
        "latest.html",
        categories={
            name: {
                "total": listing.total,
                "articles": [view_to_dict(one.view, link=article_url) for one in listing.articles],
            }
            for name, listing in found.items()
        },
        canonical=url_for("lists.latest", _external=True),
    )


@lists.get("/hottest")
def hottest() -> str:
    """Show the articles that were viewed most, or read most in a period."""
    parameters, _ = validate_query_leniently(HottestParameters, request.args)
    counts_here = site().settings.count_reads
    period = parameters.counted if counts_here else None
    query = {"period": period.value} if period else {}
    found = answers.most_viewed(
        service(), audience(), period, page=parameters.page, size=parameters.size
    )
    last = parameters.page + found.more
    charts = [
        Choice(label, url_for("lists.hottest", period=value), chosen=value == period)
        for value, label in _CHARTS.items()
    ]
    return render_page(
        "list.html",
        title="热点排行",
        total=None,
        ranked=True,
        links=[*(charts if counts_here else ()), Choice("最新信息", url_for("lists.latest"))],
        feed=None,
        articles=[viewed_to_dict(one, link=article_url) for one in found.articles],
        paged=Paging(
            parameters.page,
            last,
            lambda page: url_for("lists.hottest", **query, **_number(page)),  # type: ignore[arg-type]
        ),
        start=(parameters.page - 1) * parameters.size + 1,
        canonical=url_for("lists.hottest", **query, _external=True),
    )


@lists.get("/author/<article:name>")
def author(name: str) -> str:
    """Show the articles of an author."""
    return _listing("author", name, {"name": name})


@lists.get("/office/<article:name>")
def office(name: str) -> str:
    """Show the articles of an issuing office."""
    return _listing("issuer", name, {"name": name})


@lists.get("/category/<article:path>")
def category(path: str) -> str:
    """Show the articles of a category and those below it."""
    path = category_path(path)
    return _listing("category", path, {"path": path})


def _number(page: int) -> dict[str, int]:
    """The parameters of a page of a list; the first one has none."""
    return {"page": page} if page > 1 else {}


def _listing(facet: str, value: str, values: dict[str, str]) -> str:
    parameters, _ = validate_query_leniently(PageParameters, request.args)
    filters = Filters(**{facet: (value,)})  # type: ignore[arg-type]  # a facet's values
    found = answers.newest(
        service(), audience(), filters, page=parameters.page, size=parameters.size
    )
    if not found.total:
        raise NotFound(say(f"没有“{value}”的文章", f"there are no articles of {value!r}"))
    endpoint = str(request.endpoint)
    return render_page(
        "list.html",
        title=value.replace("/", " › "),
        total=found.total,
        ranked=False,
        links=[
            Choice("在其中检索", url_for("pages.search", **{facet: value})),  # type: ignore[arg-type]
            Choice("订阅（Atom）", url_for("feeds.search_feed", **{facet: value})),  # type: ignore[arg-type]
        ],
        feed=url_for("feeds.search_feed", **{facet: value}),  # type: ignore[arg-type]
        articles=[view_to_dict(one.view, link=article_url) for one in found.articles],
        paged=Paging(
            parameters.page,
            answers.last_page(found.total, parameters.size),
            lambda page: url_for(endpoint, **values, **_number(page)),  # type: ignore[arg-type]
        ),
        start=(parameters.page - 1) * parameters.size + 1,
        canonical=url_for(endpoint, _external=True, **values, **_number(parameters.page)),  # type: ignore[arg-type]
    )
