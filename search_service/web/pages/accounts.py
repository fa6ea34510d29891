"""What the pages of an account share. Entry points: :func:`require_own_form`, :func:`lead_to_log_in`."""

from http import HTTPStatus

from flask import abort, redirect
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from search_service.web.forms import is_own_form
from search_service.web.pages.login import login_link
from search_service.web.request import account


def require_own_form() -> None:
    """Refuse what was not sent by a form of ours, and who has no account."""
    if not account():
        raise Forbidden
    if not is_own_form():
        abort(HTTPStatus.BAD_REQUEST)


def lead_to_log_in() -> Response:
    """Lead to the log-in, if there is one here."""
    address = login_link()
    if not address:
        abort(HTTPStatus.NOT_FOUND)
    return redirect(address, HTTPStatus.SEE_OTHER)
