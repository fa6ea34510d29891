"""What belongs to the request being answered. Entry points: :func:`service`, :func:`audience`.

The one place that decides for whom a request is answered; nothing else in ``web`` names an audience.
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
# Flask's own, timed.
render_page = stage("render")(render_template)
render_json = stage("render")(jsonify)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A search that the home page offers. ``like_count``: what ``LIKE '%text%'`` would have found."""

    text: str
    note: str
    like_count: int
    found: int


@dataclass(frozen=True, kw_only=True)
class Site:
    """What pages need besides answers."""

    settings: Settings
    examples: Sequence[Example] = ()


def service() -> SearchService:
    """The service behind this application."""
    found: SearchService = current_app.extensions[SERVICE]
    return found


def site() -> Site:
    """The settings and examples of this application."""
    found: Site = current_app.extensions[SITE]
    return found


def audience() -> Audience:
    """For whom this request is answered: the public, until there are accounts."""
    return Audience.PUBLIC
