"""The URL at which a reader opens an article. Entry points: :func:`article_url`, :func:`absolute`."""

from urllib.parse import urljoin

from flask import request, url_for

from search_service.answers.presentation import own_address
from search_service.model import View


def article_url(view: View) -> str:
    """The article's URL in its portal, else that of our own page."""
    return own_address(view) or url_for("pages.article", article_id=view.id)


def absolute(address: str) -> str:
    """The address with the host of this request, unless it has one."""
    return urljoin(request.host_url, address)
