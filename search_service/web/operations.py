"""Health checks. Entry points: :data:`operations` (a blueprint) and :class:`Readiness`.

Readiness runs a real search.
"""

import threading
import time
from contextlib import suppress

from flask import Blueprint, Response, current_app, jsonify

from analyzers.messages import say
from search_service import logs
from search_service.answers.probe import probe
from search_service.answers.search import search
from search_service.errors import GongwenError
from search_service.model import Audience
from search_service.query.request import SearchRequest
from search_service.service import SearchService
from search_service.web.problems import problem
from search_service.web.request import audience, service, site

READINESS = "gongwen.readiness"
# The health endpoints of the API; other requests must not delay them.
HEALTH = ("livez", "healthz")
# Seconds for which a result is reused, so that frequent checks do not load the machine.
_MAX_AGE = 1.0
_MISSPELT = "营商环净"
operations = Blueprint("operations", __name__)
_log = logs.Log(__name__)


class Readiness:
    """The result of the last check: :func:`.probe`, each time of another article.

    Damage in part of a file is detected sooner or later. Thread-safe: one thread checks, the others wait.
    """

    def __init__(self, service: SearchService) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._checked_at = -_MAX_AGE
        self._checks = 0
        self._error: GongwenError | None = None

    def error(self, audience: Audience) -> GongwenError | None:
        """Return the error that makes searches fail, or None."""
        with self._lock:
            if time.monotonic() - self._checked_at >= _MAX_AGE:
                before, self._error = self._error, self._check(audience)
                if self._error is not None and before is None:
                    _log.failure("not-ready", self._error)
                elif self._error is None and before is not None:
                    _log.info("ready-again")
                self._checked_at = time.monotonic()
                self._checks += 1
            return self._error

    def _check(self, audience: Audience) -> GongwenError | None:
        try:
            probe(self._service, audience, self._checks)
        except GongwenError as exc:
            return exc
        except Exception as exc:  # noqa: BLE001  (whatever it is, searches fail as well)
            error = GongwenError(say("服务出错", "internal error"))
            error.__cause__ = exc
            return error
        return None


def warm_up(service: SearchService) -> None:
    """Search once, as the public, so that what the first search loads is there before it: two seconds.

    Vectors, vocabulary, dictionary and model, and for this misspelt text what corrections need. Until it is
    done, searches wait for it; ``livez`` and pages without a search do not. What fails here fails in the
    first search, which reports it.
    """
    started = time.perf_counter()
    with suppress(Exception):
        search(service, SearchRequest(text=_MISSPELT, size=1), Audience.PUBLIC)
        _log.info("warm", s=time.perf_counter() - started)


@operations.get("/livez")
def livez() -> Response:
    """Report that the process responds, without using the index. Unknown parameters are ignored."""
    return jsonify({"status": "ok"})


@operations.get("/healthz")
def healthz() -> Response:
    """Report whether searches work. Unknown parameters are ignored: monitors append some."""
    readiness: Readiness = current_app.extensions[READINESS]
    error = readiness.error(audience())
    if error is not None:
        # The message of the error may name hosts and paths.
        return _unhealthy(error.code, "the index cannot be read")
    limit = site().settings.sync_limit
    if not limit:
        return jsonify({"status": "ok"})
    now = time.time()
    ages = [one.age(now) for one in service().store.sources.all()]
    age = max((one for one in ages if one is not None), default=None)
    if age is None or age > limit * 3600:
        return _unhealthy("sync-overdue", "a source has not been synchronised in time")
    return jsonify({"status": "ok", "synced": age})


def _unhealthy(code: str, detail: str) -> Response:
    logs.add(code=code)
    response = problem(503, code, detail)
    response.headers["Retry-After"] = "10"
    return response
