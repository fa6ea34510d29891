"""The URL at which a reader opens an article. Entry point: :func:`article_url`."""

from flask import url_for

from search_service.answers.presentation import own_address
from search_service.model import View


def article_url(view: View) -> str:
    """The article's URL in its portal, else that of our own page."""
    return own_address(view) or url_for("pages.article", article_id=view.id)
