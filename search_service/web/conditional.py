"""Answers that the caller already has: ETag and 304. Entry point: :func:`add_conditional_answers`.

A tag is a digest of the body, so it changes exactly when the answer does: with a write, a hidden article,
another release. It costs the caller nothing to ask again, and a hidden article vanishes at once. A 304 saves
the transfer, not the search.
"""

import hashlib

from flask import Flask, Response, request

from search_service.web.request import audience

# Files have tags of their own; monitors want an answer, not that it is the same.
_WITHOUT = frozenset({"static", "operations.livez", "operations.healthz"})
_BYTES = 16


def add_conditional_answers(app: Flask) -> None:
    """Tag every page and answer of the API, and send none that the caller names as the one it has.

    The audience is part of the tag: what a cache holds for one is never confirmed to another.
    """

    @app.after_request
    def confirm(response: Response) -> Response:
        if (
            response.status_code != 200
            or request.method not in {"GET", "HEAD"}
            or request.endpoint in _WITHOUT
            or response.is_streamed
            or response.get_etag()[0]
        ):
            return response
        digest = hashlib.blake2b(response.get_data(), digest_size=_BYTES, key=_key())
        response.set_etag(digest.hexdigest(), weak=True)  # the same, compressed or not
        if request.if_none_match.contains_weak(digest.hexdigest()):
            response.status_code = 304
            response.set_data(b"")
        return response


def _key() -> bytes:
    return audience().label.encode()
