"""Freeing space on a full disk. Entry points: :func:`free_space`, :func:`with_free_space`."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from indexer.build.vector_cache import cache_of
from search_service import logs
from search_service.errors import DiskFull, GongwenError, WriterBusy
from search_service.service import SearchService

T = TypeVar("T")
_log = logs.Log(__name__)


def free_space(service: SearchService) -> None:
    """Delete the unfinished build, unless it serves already; call inside ``ledger.exclusive()``.

    If the disk is too full to record that, the next build records it.
    """
    try:
        dropped = service.engine.drop_unused()
        _log.warning("disk-space-freed", generations=dropped)
        build = service.store.ledger.build()
        if build is not None:
            names = {one.name for one in service.engine.generations()}
            if not names & set(build.generations.values()):
                service.store.ledger.set_build(None)
    except GongwenError as exc:
        _log.warning("build-not-discarded", exc)


def with_free_space(service: SearchService, act: Callable[[], T]) -> T:
    """Return ``act()``; if the disk is full, delete what can be rebuilt and try again.

    First the unfinished build, unless another process is working on it, then the embedding cache. Raises
    ``DiskFull`` if that was not enough.
    """

    def drop_build() -> None:
        with suppress(WriterBusy), service.store.ledger.exclusive():
            free_space(service)

    cache = cache_of(service)
    for free in (drop_build, *([cache.discard] if cache else [])):
        try:
            return act()
        except DiskFull:
            free()
    return act()
