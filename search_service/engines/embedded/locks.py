"""The locks of an engine's folder: one per generation for its writer, and one for the aliases.

Entry points: :class:`WriterLock` and :func:`alias_lock`. The operating system releases these file locks
when a process is killed.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from analyzers.messages import say
from search_service.engines.embedded.errors import translate_errors
from search_service.errors import EngineUnavailable, WriterBusy

# Activations take milliseconds; a longer wait means that something is broken.
_ALIAS_SECONDS = 10.0


class WriterLock:
    """One writer per generation, among threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        self._writing: set[str] = set()

    @contextmanager
    def acquire(self, generation: str) -> Iterator[None]:
        """Hold a generation's writer lock in the block; raises ``WriterBusy`` at once if it is taken."""
        # Not bound to one thread: a writer may be used and closed by another than the one that opened it.
        lock = FileLock(self._path(generation), thread_local=False)
        with self._mutex:
            if generation in self._writing:
                raise self._busy(generation)
            with translate_errors(self._folder):
                try:
                    lock.acquire(timeout=0)
                except Timeout as exc:
                    raise self._busy(generation) from exc
            self._writing.add(generation)
        try:
            yield
        finally:
            with self._mutex:
                self._writing.discard(generation)
                lock.release()

    def forget(self, generation: str) -> None:
        """Delete the lock file of a dropped generation."""
        with suppress(OSError):  # in use (Windows): an empty file is left
            self._path(generation).unlink()

    def _path(self, generation: str) -> Path:
        return self._folder / f"{generation}.lock"

    def _busy(self, generation: str) -> WriterBusy:
        return WriterBusy(
            say(
                f"另一个写入者正在写 {self._folder} 中的 {generation}（一次只能有一个）；请等它结束后再运行",
                f"another process is writing {generation} in {self._folder} (only one at a time);"
                " run again when it is done",
            )
        )


@contextmanager
def alias_lock(folder: Path) -> Iterator[None]:
    """Hold the alias lock in the block, so that a change of the aliases is atomic among processes.

    Raises ``EngineUnavailable`` after 10 seconds.
    """
    lock = FileLock(folder / "aliases.lock", thread_local=False)
    with translate_errors(folder):
        try:
            lock.acquire(timeout=_ALIAS_SECONDS)
        except Timeout as exc:
            raise EngineUnavailable(
                say(
                    f"{folder} 的 aliases.lock 被占用超过 {_ALIAS_SECONDS:.0f} 秒；请稍后再试",
                    f"aliases.lock in {folder} was locked for {_ALIAS_SECONDS:.0f} seconds;"
                    " try again later",
                )
            ) from exc
    try:
        yield
    finally:
        lock.release()
