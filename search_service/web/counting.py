"""Counting searches and reads, if the operator wants it.

Entry points: :func:`count_search`, :func:`count_read`.
"""

import re

from flask import request as current

from search_service.answers.page import Page, Reason
from search_service.query.request import SearchRequest
from search_service.state.read_counts import Period
from search_service.web.request import audience, caller, service, site, visitor

# Crawlers, programs, and what loads a page before anybody has chosen it.
_NO_READER = re.compile(
    r"bot\b|bot[/;-]|spider|crawl|slurp|archiver|scan|monitor|preview|validator|headless|lighthouse"
    r"|curl|wget|python|java/|go-http|okhttp|libwww|httpclient|axios|node-fetch|scrapy|phantom",
    re.IGNORECASE,
)
_PREFETCH = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


def count_search(request: SearchRequest, page: Page) -> None:
    """Count the first page of a query; further pages belong to the same search, previews to nobody.

    The text of one with a blocked word is not kept.
    """
    days = site().settings.query_log
    if days and request.page == 1 and request.text.strip() and not _is_preview():
        text = "" if page.reason is Reason.BLOCKED else request.text
        service().store.queries.note(
            text, audience(), found=page.total > 0, caller=caller(), days=days
        )


def count_read(article_id: str) -> None:
    """Count that somebody reads an article: its page or answer, or the articles related to it.

    A page of the portal requests those for the article that it shows. Not counted: what is not a reader, and
    whoever only looks at the pages as guests see them.
    """
    agent = current.headers.get("User-Agent", "")
    if (
        site().settings.count_reads
        and current.method == "GET"
        and not _is_preview()
        and agent
        and not _NO_READER.search(agent)
        and not any("prefetch" in current.headers.get(name, "").lower() for name in _PREFETCH)
    ):
        service().store.reads.note(article_id, audience(), address=caller(), browser=agent)


def _is_preview() -> bool:
    """Whether somebody looks at the pages as a lower role sees them."""
    return visitor().role is not visitor().shown


def home_period() -> Period | None:
    """The period of the most read on the home page; None where nothing is counted here."""
    return Period.MONTH if site().settings.count_reads else None
