"""Health checks. Entry points: :data:`operations` (a blueprint) and :class:`Readiness`.

Readiness runs a real search.
"""

import threading
import time
from contextlib import suppress

from flask import Blueprint, Response, current_app, jsonify

from analyzers.messages import say
from analyzers.terms import exact_key
from search_service import logs, relevance
from search_service.answers.search import search
from search_service.errors import EngineError, GongwenError
from search_service.model import Audience, Everything, Exact, Sort
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
    """The result of the last check: a search for one article of the index by its title.

    That reads aliases, rows, text index, vectors and state. Each check uses another article, so that damage
    in part of a file is detected sooner or later. Thread-safe: one thread checks, the others wait.
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
            self._search_one(audience)
        except GongwenError as exc:
            return exc
        except Exception as exc:  # noqa: BLE001  (whatever it is, searches fail as well)
            error = GongwenError(say("服务出错", "internal error"))
            error.__cause__ = exc
            return error
        return None

    def _search_one(self, audience: Audience) -> None:
        reader = self._service.reader(audience)
        articles = reader.totals(Everything()).total
        if not articles:
            search(self._service, SearchRequest(text="通知", size=1), audience)
            return
        place = self._checks % min(articles, relevance.MAX_RESULTS)
        hits = reader.keyword(Everything(), sort=Sort.DATE, offset=place, limit=1)
        stored = reader.fetch([hit.id for hit in hits])
        if not stored or not all(reader.totals(Exact(exact_key(key))).total for key in stored):
            raise EngineError(say("索引与自身不符", "the index is inconsistent"))
        for one in stored.values():
            title = one.view.title[: relevance.MAX_QUERY]
            search(self._service, SearchRequest(text=title, size=1), audience)


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
    times = [one.synced for one in service().store.sources.all() if one.synced is not None]
    age = max(0, int(time.time()) - min(times)) if times else None
    if age is None or age > limit * 3600:
        return _unhealthy("sync-overdue", "a source has not been synchronised in time")
    return jsonify({"status": "ok", "synced": age})


def _unhealthy(code: str, detail: str) -> Response:
    logs.add(code=code)
    response = problem(503, code, detail)
    response.headers["Retry-After"] = "10"
    return response
