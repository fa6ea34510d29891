"""One log line per request, and its id. Entry points: :class:`AccessLog`, :func:`log_rejection`.

A line contains no query string, no submitted text, no client address and no user agent, so that searches
cannot be traced to persons. The path is logged only for successful requests: otherwise it may be anything
that somebody typed.
"""

import re
import secrets
from collections.abc import Collection, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, request

from search_service import logs, metrics

HEADER = "X-Request-ID"
# Milliseconds from which a request is logged as a warning.
SLOW = 1000.0
_USABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
_log = logs.Log(__name__)


def request_id(sent: str | None) -> str:
    """Return the id that a client or proxy sent if it is short and safe, else a new one."""
    return sent if sent and _USABLE.fullmatch(sent) else secrets.token_hex(8)


class AccessLog:
    """WSGI middleware that gives each request an id, response headers and a log line.

    ``health``: routes that are logged only if they fail, because monitors request them all day.
    """

    def __init__(self, app: Flask, health: Collection[str]) -> None:
        self._app: WSGIApplication = app.wsgi_app
        self._health = frozenset(health)

        @app.before_request
        def describe() -> None:
            route = request.url_rule.rule if request.url_rule else None
            logs.add(route=route, path=logs.quoted(request.path))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Process one request; see PEP 3333."""
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
                return self._app(environ, start)
            finally:  # also if it raises: then the server responds with 500
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
        if status >= 400:
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


def log_rejection(key: str, status: int, *, size: int, seconds: float) -> None:
    """Log a request that the server rejected before the application got it, after ``seconds``."""
    with logs.collecting(key):
        _log.warning("request", status=status, ms=seconds * 1000, bytes=size, rejected=True)


def _shown(method: str) -> str:
    return method if method in _METHODS else "other"


def _server_timing(timer: metrics.Timer) -> str:
    """The header's value. Each audience has its own index, so these times reveal nothing of paid texts."""
    times = {"total": timer.total, **timer.stages}
    return ", ".join(f"{name};dur={milliseconds:.1f}" for name, milliseconds in times.items())
