"""Outlines, headings and checks as the values of JSON. Entry points: ``*_to_dict``."""

from collections.abc import Sequence

from analyzers.messages import say
from search_service.answers.page import BLOCKED_NOTICE
from search_service.answers.presentation import Link, Values, own_address, view_to_dict
from search_service.drafting.checking import Placed
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


def findings_to_dict(findings: Sequence[Placed], *, link: Link = own_address) -> Values:
    """The findings of a check, with the articles that they name."""
    return {"findings": [finding_to_dict(one, link=link) for one in findings]}


def finding_to_dict(placed: Placed, *, link: Link = own_address) -> Values:
    """One finding of a check."""
    found = placed.finding
    return {
        "kind": found.kind.value,
        "paragraph": placed.paragraph,
        "start": placed.start,
        "end": placed.end,
        "quote": placed.quote,
        "message": found.message,
        "article": view_to_dict(found.article, link=link) if found.article else None,
        "passage": found.passage or None,
        "successor": view_to_dict(found.successor, link=link) if found.successor else None,
        "share": found.share,
    }
