"""The two locks of an engine's folder: who may write, and who may change the aliases.

Entry points: :class:`WriterLock` and :func:`alias_lock`. Both are locks of the operating system on
a file, so that a killed process leaves none behind.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from analyzers.language import say
from search_service.engines.embedded.errors import translated
from search_service.errors import EngineUnavailable, WriterBusy

# Activations take milliseconds; who waits longer than this waits for something broken.
_ALIAS_SECONDS = 10.0


class WriterLock:
    """Lets one process write, and in it one writer a generation; safe among threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        self._writing: set[str] = set()
        # Not bound to the thread that took it: a writer may be used and closed by another one.
        self._file = FileLock(folder / "writer.lock", thread_local=False)

    @contextmanager
    def held(self, generation: str) -> Iterator[bool]:
        """Write a generation; yields whether nothing else is being written.

        Raises ``WriterBusy`` at once where another process writes, or this one this generation.
        """
        with self._mutex:
            first = self._take(generation)
        try:
            yield first
        finally:
            self._leave(generation)

    @contextmanager
    def held_alone(self, generation: str) -> Iterator[None]:
        """The same, and ``WriterBusy`` where anything at all is being written."""
        with self._mutex:
            if self._writing:
                raise self._busy()
            self._take(generation)
        try:
            yield
        finally:
            self._leave(generation)

    def _take(self, generation: str) -> bool:
        first = not self._writing
        if generation in self._writing:
            raise self._busy()
        if first:
            with translated(self._folder):
                try:
                    self._file.acquire(timeout=0)
                except Timeout as exc:
                    raise self._busy() from exc
        self._writing.add(generation)
        return first

    def _leave(self, generation: str) -> None:
        with self._mutex:
            self._writing.discard(generation)
            if not self._writing:
                self._file.release()

    def _busy(self) -> WriterBusy:
        return WriterBusy(
            say(
                f"另一个写入者正在写 {self._folder}（一次只能有一个）；请等它结束后再运行",
                f"another writer is writing {self._folder} (there is one at a time);"
                " run again when it is done",
            )
        )


@contextmanager
def alias_lock(folder: Path) -> Iterator[None]:
    """Make reading, changing and writing the aliases one step among processes."""
    lock = FileLock(folder / "aliases.lock", thread_local=False)
    with translated(folder):
        try:
            lock.acquire(timeout=_ALIAS_SECONDS)
        except Timeout as exc:
            raise EngineUnavailable(
                say(
                    f"{folder} 的 aliases.lock 被占用超过 {_ALIAS_SECONDS:.0f} 秒；请稍后再试",
                    f"aliases.lock in {folder} was held for {_ALIAS_SECONDS:.0f} seconds;"
                    " try again later",
                )
            ) from exc
    try:
        yield
    finally:
        lock.release()
