"""The context of the current request. Entry points: :func:`service` and :func:`audience`.

Only this module decides the audience of a request.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app, jsonify, render_template

from search_service.metrics import stage
from search_service.model import Audience
from search_service.service import SearchService
from search_service.settings import Settings

SERVICE = "gongwen"
SITE = "gongwen.site"
# Flask's functions, timed.
render_page = stage("render")(render_template)
render_json = stage("render")(jsonify)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A search suggested on the home page. ``like_count``: the articles that ``LIKE '%text%'`` finds."""

    text: str
    note: str
    like_count: int
    found: int


@dataclass(frozen=True, kw_only=True)
class Site:
    """Settings and examples for the pages."""

    settings: Settings
    examples: Sequence[Example] = ()


def service() -> SearchService:
    """The search service of this application."""
    found: SearchService = current_app.extensions[SERVICE]
    return found


def site() -> Site:
    """The settings and examples of this application."""
    found: Site = current_app.extensions[SITE]
    return found


def audience() -> Audience:
    """The audience of this request: the public, until there are accounts."""
    return Audience.PUBLIC
