"""Applies the changes that are entered in the ledger, as they come. Entry points: :func:`apply_changes`,
:func:`applying`.

Any number of processes may do so, on any number of hosts: the one that has the lock of the live index writes
what is pending, for all of them. If it is killed, another one, or the next start, goes on.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from indexer.build.live_writers import finish
from search_service import logs
from search_service.errors import GongwenError
from search_service.service import SearchService

# Seconds between two looks at the ledger, and after a failure.
_POLL, _AFTER_FAILURE = 0.1, 5.0
_log = logs.Log(__name__)


def apply_changes(service: SearchService, stop: threading.Event) -> None:
    """Apply changes until ``stop`` is set; a failure is logged, and tried again."""
    failed = False
    while not stop.wait(_AFTER_FAILURE if failed else _POLL):
        try:
            if service.store.ledger.has_pending():
                finish(service)
            failed = False
        except GongwenError as exc:
            if not failed:
                _log.failure("changes-not-applied", exc)
            failed = True
        except Exception as exc:  # noqa: BLE001  (the thread must outlive it: changes would stay pending)
            _log.failure("changes-not-applied", exc)
            failed = True


@contextmanager
def applying(service: SearchService) -> Iterator[None]:
    """Apply changes in a thread during the block; what it is writing at the end is written."""
    stop = threading.Event()
    thread = threading.Thread(target=apply_changes, args=(service, stop), name="applier")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
