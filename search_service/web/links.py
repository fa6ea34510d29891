"""Where an article is opened. Entry point: :func:`address`."""

from flask import url_for

from search_service.answers.presentation import own_address
from search_service.model import View


def address(view: View) -> str:
    """Where a reader opens the article: in its portal, else here."""
    return own_address(view) or url_for("pages.article", article_id=view.id)
