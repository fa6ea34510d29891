"""Outlines and headings as the values of JSON. Entry points: ``*_to_dict``."""

from analyzers.messages import say
from search_service.answers.page import BLOCKED_NOTICE
from search_service.answers.presentation import Link, Values, own_address, view_to_dict
from search_service.drafting.headings import HeadingPage
from search_service.drafting.outlines import OutlinePage


def outlines_to_dict(page: OutlinePage, *, link: Link = own_address) -> Values:
    """The outlines with their articles, and the headings that several of them share."""
    values: Values = {
        "outlines": [
            {
                "article": view_to_dict(one.view, link=link),
                "headings": [{"level": level, "text": text} for level, text in one.headings],
            }
            for one in page.outlines
        ],
        "structure": [{"heading": name, "count": count} for name, count in page.structure],
        "compared": page.compared,
    }
    return values | ({"message": say(*BLOCKED_NOTICE)} if page.blocked else {})


def headings_to_dict(page: HeadingPage, *, link: Link = own_address) -> Values:
    """The headings, each with the first of the documents that have it."""
    values: Values = {
        "headings": [
            {
                "text": one.text,
                "level": one.level,
                "count": one.count,
                "article": view_to_dict(one.view, link=link),
            }
            for one in page.headings
        ],
        "total": page.total,
        "compared": page.compared,
    }
    return values | ({"message": say(*BLOCKED_NOTICE)} if page.blocked else {})
