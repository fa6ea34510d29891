"""How long the stages of an answer, or of a rebuild, take. Entry points: :func:`timed`, :func:`stage`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Timer:
    """Milliseconds by stage; the time of a nested stage is not counted in the outer one."""

    def __init__(self) -> None:
        self._started = self._since = time.perf_counter()
        self._stage: str | None = None
        self.stages: dict[str, float] = {}

    @property
    def total(self) -> float:
        """Milliseconds since the timer was created, including time outside of stages."""
        return (time.perf_counter() - self._started) * 1000

    def enter(self, stage: str | None) -> str | None:
        """Switch to a stage, or to none; return the previous one."""
        now, before = time.perf_counter(), self._stage
        if before is not None:
            self.stages[before] = self.stages.get(before, 0.0) + (now - self._since) * 1000
        self._since, self._stage = now, stage
        return before


_timer: ContextVar[Timer | None] = ContextVar("timer", default=None)


@contextmanager
def timed() -> Iterator[Timer]:
    """Time the stages of this block."""
    timer = Timer()
    token = _timer.set(timer)
    try:
        yield timer
    finally:
        _timer.reset(token)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Time the block, or as a decorator the calls of a function, as this stage of :func:`timed`."""
    timer = _timer.get()
    if timer is None:
        yield
        return
    before = timer.enter(name)
    try:
        yield
    finally:
        timer.enter(before)
