"""Room on a full disk. Entry points: :func:`make_room` and, for what must not wait, :func:`with_room`."""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from indexer.build.vector_cache import cache_of
from search_service.errors import DiskFull, GongwenError, WriterBusy
from search_service.service import SearchService

T = TypeVar("T")
_log = logging.getLogger(__name__)


def make_room(service: SearchService) -> None:
    """Give up what is being built, unless it serves already; inside ``ledger.exclusive()``.

    Where there is no room for the note, the next build makes it.
    """
    try:
        service.engine.drop_unread()
        build = service.store.ledger.build()
        if build is not None:
            names = {one.name for one in service.engine.generations()}
            if not names & set(build.generations.values()):
                service.store.ledger.set_build(None)
    except GongwenError as exc:
        _log.warning("the half-built index is not given up whole: %s", exc.message)


def with_room(service: SearchService, act: Callable[[], T]) -> T:
    """Act; where the disk is full, delete what can be made again, and act once more.

    First what no search reads (an index half built, unless somebody is building), then the vectors that
    are remembered. Raises ``DiskFull`` where that was not enough.
    """

    def drop() -> None:
        with suppress(WriterBusy), service.store.ledger.exclusive():
            make_room(service)

    cache = cache_of(service)
    for free in (drop, *([cache.discard] if cache else [])):
        try:
            return act()
        except DiskFull:
            free()
    return act()
