"""The locks of an engine's folder: who may write each generation, and who may change the aliases.

Entry points: :class:`WriterLock` and :func:`alias_lock`. All are locks of the operating system on
a file, so that a killed process leaves none behind.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from analyzers.messages import say
from search_service.engines.embedded.errors import translate_errors
from search_service.errors import EngineUnavailable, WriterBusy

# Activations take milliseconds; who waits longer than this waits for something broken.
_ALIAS_SECONDS = 10.0


class WriterLock:
    """Lets one writer write a generation, in whichever process it is; safe among threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        self._writing: set[str] = set()

    @contextmanager
    def acquire(self, generation: str) -> Iterator[None]:
        """Write a generation; raises ``WriterBusy`` at once where another writer does."""
        # Not bound to the thread that took it: a writer may be used and closed by another one.
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
        """Delete the file of a generation that is gone."""
        with suppress(OSError):  # in use (Windows): an empty file stays
            self._path(generation).unlink()

    def _path(self, generation: str) -> Path:
        return self._folder / f"{generation}.lock"

    def _busy(self, generation: str) -> WriterBusy:
        return WriterBusy(
            say(
                f"另一个写入者正在写 {self._folder} 中的 {generation}（一次只能有一个）；请等它结束后再运行",
                f"another writer is writing {generation} in {self._folder} (there is one at a time);"
                " run again when it is done",
            )
        )


@contextmanager
def alias_lock(folder: Path) -> Iterator[None]:
    """Make reading, changing and writing the aliases one step among processes."""
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
