"""Points in time of an index (PIT), closed when no reader refers to them any more.

Entry points: :class:`PointsInTime` (opens and closes) and :class:`PointInTime` (searches). A context on the
server keeps files that merges would delete, so there are no more of them than there are readers; one
that was never closed (a process that was killed) ends by itself.
"""

import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from search_service.engines.elastic.cluster import Cluster
from search_service.engines.elastic.documents import Body
from search_service.engines.elastic.failures import expired
from search_service.errors import EngineError, NoIndex

# How long a reader may rest between two questions, and a scan between two pages.
_KEEP_ALIVE, _SCAN_KEEP_ALIVE = "1m", "5m"


class PointsInTime:
    """Opens points in time, and closes them behind the backs of those who are waited for."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        # Put into by finalizers, which may run in the middle of anything: it is made for that.
        self._left: SimpleQueue[list[str] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closer: threading.Thread | None = None

    def open(self, index: str) -> "PointInTime":
        """The index as searches see it now."""
        with self._lock:
            if self._closer is None:
                self._closer = threading.Thread(target=self._close_left, daemon=True)
                self._closer.start()
        ids = [self._cluster.open_point_in_time(index, keep_alive=_KEEP_ALIVE)]
        point_in_time = PointInTime(self._cluster, ids)
        weakref.finalize(point_in_time, self._left.put, ids).atexit = False
        return point_in_time

    def close(self) -> None:
        """Close what was left, and wait for it."""
        with self._lock:
            closer, self._closer = self._closer, None
        if closer is not None:
            self._left.put(None)
            closer.join()

    def _close_left(self) -> None:
        while (ids := self._left.get()) is not None:
            with suppress(EngineError):  # it ends by itself, too
                self._cluster.close_point_in_time(ids[-1])


class PointInTime:
    """Searches of one point in time; safe among threads."""

    def __init__(self, cluster: Cluster, ids: list[str]) -> None:
        """Take the id, in a list: the last one there is the newest, and the one to close."""
        self._cluster = cluster
        self._ids = ids

    def search(self, body: Body, *, keep_alive: str = _KEEP_ALIVE) -> Body:
        """Ask the index as it was."""
        pit = {"id": self._ids[-1], "keep_alive": keep_alive}
        try:
            answer = self._cluster.search(None, body | {"pit": pit})
        except NoIndex as exc:  # dropped since
            raise expired(self._cluster.address, "404 index_not_found_exception") from exc
        self._ids[:] = [answer.get("pit_id", pit["id"])]
        return answer

    def pages(self, body: Body) -> Iterator[list[Body]]:
        """The hits of a sorted search, a page at a time."""
        after: dict[str, Any] = {}
        while page := self.search(body | after, keep_alive=_SCAN_KEEP_ALIVE)["hits"]["hits"]:
            yield page
            after = {"search_after": page[-1]["sort"]}
