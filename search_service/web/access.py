"""One log line per request, and its id. Entry points: :class:`AccessLog`, :func:`log_refusal`.

A line has no query string, no text that was sent, no address and no browser of the caller: what somebody
searched for is nobody's business. A path is logged where it led somewhere, for it may hold anything else.
"""

import re
import secrets
from collections.abc import Collection, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, request

from search_service import logs, metrics
from search_service.web.request import audience

HEADER = "X-Request-ID"
# An answer that took so many milliseconds is logged as a warning.
SLOW = 1000.0
_USABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
_log = logs.Log(__name__)


def request_id(sent: str | None) -> str:
    """The id that a proxy in front has sent, where it is usable; else a new one."""
    return sent if sent and _USABLE.fullmatch(sent) else secrets.token_hex(8)


class AccessLog:
    """The application inside, with an id and a line for each request.

    ``health``: the routes that are logged only where they fail; monitors ask them all day.
    """

    def __init__(self, app: Flask, health: Collection[str]) -> None:
        self._inside: WSGIApplication = app.wsgi_app
        self._health = frozenset(health)

        @app.before_request
        def describe() -> None:
            route = request.url_rule.rule if request.url_rule else None
            logs.add(route=route, path=logs.quoted(request.path), audience=audience().label)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        key = logs.current_request_id() or request_id(environ.get("HTTP_X_REQUEST_ID"))
        method = environ["REQUEST_METHOD"]
        with logs.collecting(key) as fields, metrics.timed() as timer:
            answered: dict[str, int] = {"status": 500, "bytes": 0}

            def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
                answered["status"] = int(status[:3])
                length = next((value for name, value in headers if name == "Content-Length"), "0")
                bare = method == "HEAD" or answered["status"] == 304
                answered["bytes"] = 0 if bare else int(length)
                return start_response(
                    status,
                    [*headers, (HEADER, key), ("Server-Timing", _server_timing(timer))],
                    *error,
                )

            try:
                return self._inside(environ, start)
            finally:  # also where it breaks: then the server answers 500
                self._write(method, fields, answered, timer)

    def _write(
        self,
        method: str,
        fields: dict[str, logs.Value],
        answered: dict[str, int],
        timer: metrics.Timer,
    ) -> None:
        status, milliseconds = answered["status"], timer.total
        if status < 400 and fields.get("route") in self._health:
            return
        if status >= 400:  # it may be anything that somebody typed
            fields.pop("path", None)
        write = _log.info if milliseconds < SLOW else _log.warning
        (_log.failure if status >= 500 else write)(
            "request",
            method=_shown(method),
            route=fields.pop("route", None),
            status=status,
            ms=milliseconds,
            stages=timer.stages or None,
            bytes=answered["bytes"],
            **fields,
        )


def log_refusal(key: str, status: int, *, size: int, seconds: float) -> None:
    """Log a request that the server refused before the application had it, after so long."""
    with logs.collecting(key):
        _log.warning("request", status=status, ms=seconds * 1000, bytes=size, refused=True)


def _shown(method: str) -> str:
    return method if method in _METHODS else "other"


def _server_timing(timer: metrics.Timer) -> str:
    """The header. Each audience has an index of its own, so these times tell of no text above it."""
    times = {"total": timer.total, **timer.stages}
    return ", ".join(f"{name};dur={milliseconds:.1f}" for name, milliseconds in times.items())
