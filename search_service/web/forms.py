"""Forms that change something: their tokens, cookies, and where they lead back to.

Entry points: :func:`form_token`, :func:`is_own_form`, :func:`set_cookie`, :func:`local_path`.

The token of a form shows that the form was ours and is sent by the browser that got it. It is bound to a
cookie and to the session, and masked differently in each page, so that the length of a compressed page tells
nothing of it (:mod:`.compression`).
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets

from flask import Response, g, request, url_for

from search_service.web.request import SESSION, service, site

FIELD = "form_token"
COOKIE = "gongwen_form"
_BYTES = 32
_COOKIE = re.compile(r"[\w-]{43}", re.ASCII)
# One slash: two begin an address of another host, and so does a backslash in browsers.
_LOCAL = re.compile(r"/(?![/\\])[^\\\s\x00-\x1f\x7f]*")


def form_token() -> str:
    """The token for a form of this page; the response gets the cookie that belongs to it."""
    cookie = _cookie()
    if cookie is None:
        cookie = g.setdefault("form_cookie", secrets.token_urlsafe(_BYTES))
    mask = secrets.token_bytes(_BYTES)
    return base64.urlsafe_b64encode(mask + _xor(mask, _expected(cookie))).decode()


def is_own_form() -> bool:
    """Whether the form that was sent has the token of this browser and session."""
    cookie = _cookie()
    try:
        sent = base64.urlsafe_b64decode(request.form.get(FIELD, ""))
    except (binascii.Error, ValueError):
        return False
    if cookie is None or len(sent) != 2 * _BYTES:
        return False
    return hmac.compare_digest(_xor(sent[:_BYTES], sent[_BYTES:]), _expected(cookie))


def add_form_cookie(response: Response) -> Response:
    """Set the cookie of the forms of this page, if it has any and the browser has none."""
    if cookie := g.get("form_cookie"):
        set_cookie(response, COOKIE, cookie)
    return response


def set_cookie(response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """Set a cookie that scripts cannot read and other sites cannot send with a form."""
    settings = site().settings
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=settings.path_prefix or "/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="Lax",
    )


def delete_cookie(response: Response, name: str) -> None:
    """Delete a cookie of :func:`set_cookie`."""
    settings = site().settings
    response.delete_cookie(
        name,
        path=settings.path_prefix or "/",
        secure=settings.secure_cookies,
        httponly=True,
        samesite="Lax",
    )


def local_path(given: str | None) -> str:
    """The path of this host that was given; the home page for anything else."""
    return given if given and _LOCAL.fullmatch(given) else url_for("pages.home")


def _cookie() -> str | None:
    cookie = request.cookies.get(COOKIE, "")
    return cookie if _COOKIE.fullmatch(cookie) else None


def _expected(cookie: str) -> bytes:
    text = f"form {cookie} {request.cookies.get(SESSION, '')}"
    return hmac.digest(service().store.cursor_key, text.encode(), hashlib.sha256)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
