"""Points in time of an index (PIT), closed when no reader refers to them any more.

Entry points: :class:`PointsInTime` (opens and closes) and :class:`PointInTime` (searches). An open point in
time keeps files that merges would delete, so there are no more of them than readers; one that was never
closed (the process was killed) expires.
"""

import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from search_service.engines.elastic.cluster import Cluster
from search_service.engines.elastic.documents import Body
from search_service.engines.elastic.failures import expired
from search_service.errors import EngineError, NoIndex

# How long a reader may pause between two searches, and a scan between two pages.
_KEEP_ALIVE, _SCAN_KEEP_ALIVE = "1m", "5m"


class PointsInTime:
    """Opens points in time, and closes unused ones in a background thread, so that no request waits."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        # Finalizers put into it at any point of the program; SimpleQueue is reentrant.
        self._unused: SimpleQueue[list[str] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closer: threading.Thread | None = None

    def open(self, index: str) -> "PointInTime":
        """A point in time of the index as searches see it now."""
        with self._lock:
            if self._closer is None:
                self._closer = threading.Thread(target=self._close_unused, daemon=True)
                self._closer.start()
        ids = [self._cluster.open_point_in_time(index, keep_alive=_KEEP_ALIVE)]
        point_in_time = PointInTime(self._cluster, ids)
        weakref.finalize(point_in_time, self._unused.put, ids).atexit = False
        return point_in_time

    def close(self) -> None:
        """Close unused points in time, and wait for that."""
        with self._lock:
            closer, self._closer = self._closer, None
        if closer is not None:
            self._unused.put(None)
            closer.join()

    def _close_unused(self) -> None:
        while (ids := self._unused.get()) is not None:
            with suppress(EngineError):  # otherwise it expires
                self._cluster.close_point_in_time(ids[-1])


class PointInTime:
    """Searches at one point in time; safe among threads."""

    def __init__(self, cluster: Cluster, ids: list[str]) -> None:
        """``ids``: a list with the current id, shared with the finalizer; searches may replace the id."""
        self._cluster = cluster
        self._ids = ids
        self.revision: int | None = None  # of the index at that time, once it was read

    def search(self, body: Body, *, keep_alive: str = _KEEP_ALIVE) -> Body:
        """The response to one search: see :meth:`search_all`."""
        return self.search_all([body], keep_alive=keep_alive)[0]

    def search_all(
        self,
        bodies: Sequence[Body],
        others: Sequence[tuple[str, Body]] = (),
        *,
        keep_alive: str = _KEEP_ALIVE,
    ) -> list[Body]:
        """The responses to searches as of the point in time, in one round trip.

        ``others``: searches of indices as they are now, which come last. Raises ``ReaderOutdated`` if the
        point in time has expired.
        """
        id = self._ids[-1]
        pit = {"id": id, "keep_alive": keep_alive}
        searches = [(None, body | {"pit": pit}) for body in bodies]
        if not (searches or others):
            return []
        try:
            responses = self._cluster.search_all([*searches, *others])
        except NoIndex as exc:  # dropped since
            raise expired(self._cluster.address, "404 index_not_found_exception") from exc
        if bodies:
            self._ids[:] = [responses[len(bodies) - 1].get("pit_id", id)]
        return responses

    def pages(self, body: Body) -> Iterator[list[Body]]:
        """The hits of a sorted search, a page at a time."""
        after: dict[str, Any] = {}
        while page := self.search(body | after, keep_alive=_SCAN_KEEP_ALIVE)["hits"]["hits"]:
            yield page
            after = {"search_after": page[-1]["sort"]}
