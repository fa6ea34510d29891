"""For programs that follow the pages: Atom feeds and the sitemap. Entry point: :data:`feeds` (a blueprint).

All say what a guest may read, in the bytes of the public index alone: an entry's time is the date of its
document, because nobody knows when it was put online. Documents without a date are in no feed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from xml.sax.saxutils import escape

from flask import Blueprint, Response, render_template, request, url_for

from search_service.answers import lists
from search_service.answers.presentation import opening
from search_service.answers.search import search as search_articles
from search_service.model import Audience, Filters, Sort, StoredArticle
from search_service.web.links import absolute, article_url
from search_service.web.pages.navigation import Navigation
from search_service.web.parameter_validation import validate_query_leniently
from search_service.web.parameters import CategoryParameters, SearchParameters
from search_service.web.request import service, site

feeds = Blueprint("feeds", __name__)
_ENTRIES = 30
_SUMMARY = 200  # characters
# The most that the protocol allows in a file.
ADDRESSES = 50_000
_LINES = 1_000  # addresses that are sent at a time
_XML = "application/xml"
# What XML 1.0 cannot contain, escaped or not.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOWHERE = "1970-01-01T00:00:00Z"  # of a feed without entries, which needs a time


@feeds.get("/feed.atom")
def feed() -> Response:
    """The newest articles, of all or of ``category``."""
    parameters, _ = validate_query_leniently(CategoryParameters, request.args)
    filters = Filters(category=parameters.category)
    found = lists.newest(service(), Audience.PUBLIC, filters, size=_ENTRIES)
    names = "、".join(parameters.category)
    title = f"最新文件：{names}" if names else "最新文件"
    here = url_for("feeds.feed", category=parameters.category, _external=True)
    return _atom(title, found.articles, here, url_for("lists.latest"))


@feeds.get("/search.atom")
def search_feed() -> Response:
    """The newest articles that match a search in full, if there are any; parameters as of its page.

    Order and page do not count.
    """
    parameters, _ = validate_query_leniently(SearchParameters, request.args)
    wanted = replace(
        parameters.request, sort=Sort.DATE, page=1, size=_ENTRIES, explain=False, counted=False
    )
    page = search_articles(service(), wanted, Audience.PUBLIC)
    query = Navigation(parameters, page.total).feed_query
    here = url_for("feeds.search_feed", **query, _external=True)  # type: ignore[arg-type]
    title = f"检索：{parameters.q}" if parameters.q.strip() else "检索"
    full = [one for one in page.results if one.in_full] or page.results
    results = url_for("pages.search", **query)  # type: ignore[arg-type]  # query parameters
    response = _atom(title, [one.stored for one in full], here, results)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _atom(title: str, articles: Sequence[StoredArticle], here: str, page: str) -> Response:
    """The feed at the address ``here``, of the same articles as the page."""
    entries = [
        {
            "id": url_for("pages.article", article_id=one.view.id, _external=True),
            "url": absolute(article_url(one.view)),
            "title": one.view.title,
            "updated": _moment(one.view.date),
            "authors": one.view.issuers or [*filter(None, [one.view.author])],
            "category": one.view.category,
            "summary": opening(one.view, _SUMMARY),
        }
        for one in articles
        if one.view.date
    ]
    entries.sort(key=lambda one: str(one["updated"]), reverse=True)
    text = render_template(
        "feed.xml",
        title=title,
        site_name=site().settings.site_name,
        here=here,
        page=absolute(page),
        entries=entries,
        updated=max((str(one["updated"]) for one in entries), default=_NOWHERE),
    )
    return Response(_FORBIDDEN.sub("", text), mimetype="application/atom+xml")


def _moment(date: str | None) -> str:
    """The beginning of a day, month or year in China."""
    return f"{date}{'YYYY-01-01'[len(date or '') :]}T00:00:00+08:00"


@feeds.get("/sitemap.xml")
def sitemap() -> Response:
    """The addresses of all articles; of more than 50,000 the addresses of the parts, each ``after`` an id.

    The ids are read at once, the addresses sent in small pieces.
    """
    after = request.args.get("after")
    ids, total = lists.ids_after(service(), Audience.PUBLIC, after or "", ADDRESSES)
    if after is None and total > ADDRESSES:
        return Response(_document("sitemapindex", "sitemap", _parts(ids)), mimetype=_XML)
    addresses = (url_for("pages.article", article_id=key, _external=True) for key in ids)
    return Response(_document("urlset", "url", list(addresses)), mimetype=_XML)


def _parts(ids: list[str]) -> list[str]:
    """The addresses of the parts; ``ids``: those of the first one."""
    parts = [url_for("feeds.sitemap", after="", _external=True)]
    while len(ids) == ADDRESSES:
        last = ids[-1]
        ids, _ = lists.ids_after(service(), Audience.PUBLIC, last, ADDRESSES)
        if ids:
            parts.append(url_for("feeds.sitemap", after=last, _external=True))
    return parts


def _document(name: str, item: str, addresses: Iterable[str]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<{name} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    lines: list[str] = []
    for address in addresses:
        lines.append(f"<{item}><loc>{escape(address)}</loc></{item}>\n")
        if len(lines) == _LINES:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)
    yield f"</{name}>\n"
