"""The scheme of a request that a trusted proxy has taken over TLS. Entry point: :class:`SchemeOfProxy`.

Sitemap, feeds and canonical links contain whole addresses: without it they would be http where visitors use
https.
"""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

from search_service.settings import Settings


class SchemeOfProxy:
    """WSGI middleware that takes ``X-Forwarded-Proto`` from the proxies that the settings trust."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app: WSGIApplication = app.wsgi_app
        self._settings = settings

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Process one request; see PEP 3333."""
        # Of several proxies, the last has written the last one.
        scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
        if scheme in ("http", "https") and self._settings.trusts(environ.get("REMOTE_ADDR")):
            environ["wsgi.url_scheme"] = scheme
        return self._app(environ, start_response)
