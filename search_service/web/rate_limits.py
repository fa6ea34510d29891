"""A limit on how much one caller may ask, by Flask-Limiter. Entry point: :func:`add_rate_limit`.

It protects the others from a script that has run wild, not the service from an attack: a whole office sits
behind one address, so the default is generous. Each process counts for itself, in a bounded table.
"""

import hashlib
import math
import threading
import time
from collections import OrderedDict

from flask import Flask, Response, request
from flask_limiter import Limiter
from limits.storage import Storage

from search_service.roles import Right
from search_service.settings import Settings
from search_service.web.request import FILES_AND_HEALTH, caller, is_refused, may, sent_key

# Callers counted at a time, about 20 MB; beyond, the count with the oldest last request is dropped.
MOST = 100_000


class BoundedStorage(Storage):
    """Counts in memory, of at most ``most`` callers, for windows that begin with a caller's first request.

    Without the thread with which the library's own storage walks through all of its callers, every ten
    milliseconds under load. Thread-safe.
    """

    STORAGE_SCHEME = ["bounded"]  # noqa: RUF012  (the library's registry reads it)

    def __init__(
        self, uri: str | None = None, *, wrap_exceptions: bool = False, most: int = MOST
    ) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._lock = threading.Lock()
        self._most = most
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing here fails."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count a request; ``expiry``: seconds of a window. Returns the count of this window."""
        now = time.time()
        with self._lock:
            count, end = self._counts.get(key, (0, 0.0))
            if end <= now:
                count, end = 0, now + expiry
            self._counts[key] = (count + amount, end)
            self._counts.move_to_end(key)
            if len(self._counts) > self._most:
                self._counts.popitem(last=False)
            return count + amount

    def get(self, key: str) -> int:
        """The count of the window that runs; 0 if none does."""
        count, end = self._counts.get(key, (0, 0.0))
        return count if end > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since the epoch; now, if none runs."""
        return max(self._counts.get(key, (0, 0.0))[1], time.time())

    def check(self) -> bool:
        """It works."""
        return True

    def reset(self) -> int:
        """Forget all counts; returns how many there were."""
        with self._lock:
            forgotten = len(self._counts)
            self._counts.clear()
            return forgotten

    def clear(self, key: str) -> None:
        """Forget one count."""
        with self._lock:
            self._counts.pop(key, None)


def _counted() -> str:
    """A key that was accepted has a count of its own; everybody else, and a wrong key, counts by address."""
    key = None if is_refused() else sent_key()
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest() if key else caller()


def _pushes() -> bool:
    """Whether this is a change by a caller who may send some: a portal saves as often as it must."""
    return request.blueprint == "push" and may(Right.INDEX)


def add_rate_limit(app: Flask, settings: Settings) -> None:
    """Refuse callers beyond ``settings.rate_limit`` with 429, and say in each answer how much is left."""
    if not settings.rate_limit:
        return
    limiter = Limiter(
        _counted,
        app=app,
        application_limits=[settings.rate_limit],
        application_limits_exempt_when=lambda: request.endpoint in FILES_AND_HEALTH or _pushes(),
        storage_uri=f"{BoundedStorage.STORAGE_SCHEME[0]}://",
        strategy="fixed-window",
    )

    @app.after_request
    def tell(response: Response) -> Response:
        # Not by the library: the headers of the IETF's draft have seconds from now, its own has a time.
        if current := limiter.current_limit:
            # However it was rounded, no more than a window has.
            seconds = math.ceil(current.reset_at - time.time())
            seconds = min(max(1, seconds), current.limit.get_expiry())
            response.headers["RateLimit-Limit"] = str(current.limit.amount)
            response.headers["RateLimit-Remaining"] = str(current.remaining)
            response.headers["RateLimit-Reset"] = str(seconds)
            if current.breached:
                response.headers["Retry-After"] = str(seconds)
        return response
