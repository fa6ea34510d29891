"""The memory of a process. Entry points: :func:`memory`, :func:`peak`."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Seconds between two looks at a process; a peak shorter than that may be missed.
_INTERVAL = 0.05


@dataclass(frozen=True)
class Memory:
    """Bytes of memory; 0 on systems without ``/proc``.

    ``own``: of the process alone; ``mapped``: files that it has mapped, which the system drops as soon as it
    needs the room.
    """

    own: int
    mapped: int


def memory(process: int) -> Memory:
    """The memory of a process now."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return Memory(0, 0)
    sizes = {
        name: int(kb) * 1024
        for name, kb in re.findall(r"^Rss(\w+):\s+([0-9]+) kB", status, re.MULTILINE)
    }
    return Memory(sizes.get("Anon", 0), sizes.get("File", 0) + sizes.get("Shmem", 0))


@dataclass
class Peak:
    """The most memory of each kind so far."""

    memory: Memory = Memory(0, 0)

    def look(self) -> None:
        """Look at this process."""
        now, before = memory(os.getpid()), self.memory
        self.memory = Memory(max(before.own, now.own), max(before.mapped, now.mapped))


@contextmanager
def peak() -> Iterator[Peak]:
    """The peak of this process inside a ``with``, complete at its end."""
    found, done = Peak(), threading.Event()

    def watch() -> None:
        while not done.wait(_INTERVAL):
            found.look()

    found.look()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        done.set()
        watcher.join()
        found.look()
