"""How the service is, for those who run it. Entry points: :data:`operations`, :class:`Readiness`.

Whether searches can be answered is found out by asking.
"""

import threading
import time

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
from search_service.web.request import audience

READINESS = "gongwen.readiness"
# The endpoints of the API that say how the service is: no other requests may keep them waiting.
HEALTH = ("livez", "healthz")
# Seconds that an answer holds: asking for it more often must not be a way to load the machine.
_HOLDS = 1.0
operations = Blueprint("operations", __name__)
_log = logs.Log(__name__)


class Readiness:
    """The last answer to a real question: one article of the index, looked for by its title.

    That touches aliases, rows, text index, vectors and state. Each time it is another article, so that
    damage in a part of a file is met sooner or later. Safe among threads; one asks, the others wait for it.
    """

    def __init__(self, service: SearchService) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._asked = -_HOLDS
        self._turn = 0
        self._fault: GongwenError | None = None

    def fault(self, audience: Audience) -> GongwenError | None:
        """What keeps searches from being answered, or None."""
        with self._lock:
            if time.monotonic() - self._asked >= _HOLDS:
                before, self._fault = self._fault, self._found(audience)
                if self._fault is not None and before is None:
                    _log.failure("not-ready", self._fault)
                elif self._fault is None and before is not None:
                    _log.info("ready-again")
                self._asked = time.monotonic()
                self._turn += 1
            return self._fault

    def _found(self, audience: Audience) -> GongwenError | None:
        try:
            self._ask(audience)
        except GongwenError as exc:
            return exc
        except Exception as exc:  # noqa: BLE001  (whatever it is, searches meet it as well)
            error = GongwenError(say("服务出错", "the service broke"))
            error.__cause__ = exc
            return error
        return None

    def _ask(self, audience: Audience) -> None:
        reader = self._service.reader(audience)
        articles = reader.totals(Everything()).total
        if not articles:
            search(self._service, SearchRequest(text="通知", size=1), audience)
            return
        place = self._turn % min(articles, relevance.MAX_RESULTS)
        hits = reader.keyword(Everything(), sort=Sort.DATE, offset=place, limit=1)
        stored = reader.fetch([hit.id for hit in hits])
        if not stored or not all(reader.totals(Exact(exact_key(key))).total for key in stored):
            raise EngineError(
                say("索引与自身不符", "the index does not hold what it says that it holds")
            )
        for one in stored.values():
            title = one.view.title[: relevance.MAX_QUERY]
            search(self._service, SearchRequest(text=title, size=1), audience)


@operations.get("/livez")
def livez() -> Response:
    """Say that the process answers; touches nothing. Unknown parameters pass: monitors append some."""
    return jsonify({"status": "ok"})


@operations.get("/healthz")
def healthz() -> Response:
    """Say whether searches are answered, by asking one. Unknown parameters pass, as for livez."""
    readiness: Readiness = current_app.extensions[READINESS]
    fault = readiness.fault(audience())
    if fault is None:
        return jsonify({"status": "ok"})
    logs.add(code=fault.code)
    # The code names the kind; the message may name hosts and paths.
    response = problem(503, fault.code, "the index cannot be read")
    response.headers["Retry-After"] = "10"
    return response
