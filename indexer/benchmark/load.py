"""How many searches a server answers, and what it does with more. Entry point: :func:`measure`.

The clients are a process of their own, so that their work does not delay what they measure. Closed loop: so
many clients, each of which asks again when it has its answer; the rate is the capacity. Open loop: searches
arrive by a schedule, answered or not, as from many independent users: at 80 % of the capacity, then at 300 %,
then at 80 % again, without a pause. The time of a search counts from its place in the schedule.
"""

import asyncio
import itertools
import multiprocessing
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from analyzers.messages import say
from indexer.benchmark.memory import Memory
from indexer.benchmark.server import HOST, Server
from indexer.benchmark.speed import Percentiles, percentiles
from search_service.query.request import Mode

CLIENTS = (1, 8)
NORMAL, OVERLOAD = 0.8, 3.0
# Normal again: when the 95th percentile of a second is at most so many times that before the overload.
_AGAIN, _WINDOW, _STEP = 1.5, 1.0, 0.25
# Seconds that are watched after the overload, at least.
_WATCHED = 10.0
_TIMEOUT = 60.0


class Sample(NamedTuple):
    """One search: when it was due, how long it took from then (seconds), its status (0: none came)."""

    due: float
    seconds: float
    status: int
    may_retry: bool  # with Retry-After


@dataclass(frozen=True)
class Phase:
    """What one load did. ``requested``, ``answered``: searches per second, the latter with 200.

    ``statuses``: how many of each, 0 for a failed connection; ``answer``, ``rejection``: milliseconds of
    those with 200 and with 503; ``without_retry``: the 503 without ``Retry-After``.
    """

    name: str
    requested: float
    answered: float
    statuses: Mapping[int, int]
    answer: Percentiles | None
    rejection: Percentiles | None
    without_retry: int


@dataclass(frozen=True)
class Load:
    """The loads in order, in hybrid mode.

    ``recovery_seconds``: from the end of the overload until answers are as fast as before, None if they do
    not become so while watched. ``memory_before``, ``memory_after``: of the server.
    """

    seconds: float
    phases: Sequence[Phase]
    recovery_seconds: float | None
    memory_before: Memory
    memory_after: Memory


def measure(server: Server, texts: Sequence[str], seconds: float) -> Load:
    """Measure with these queries, each load for so many seconds."""
    paths = [server.path(text, Mode.HYBRID) for text in texts]
    before = server.memory()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as clients:
        phases = []
        for count in CLIENTS:
            samples = clients.submit(_closed, server.port, paths, count, seconds).result()
            name = say(f"{count} 个客户端", f"{count} clients" if count > 1 else "1 client")
            phases.append(_phase(name, samples, seconds))
        capacity = max(1.0, phases[-1].answered)
        schedule = _schedule(capacity, seconds)
        samples = clients.submit(_open, server.port, paths, schedule).result()
    ends = (0.0, seconds, 2 * seconds, float("inf"))
    names = (
        f"{NORMAL:.0%}",
        f"{OVERLOAD:.0%}",
        say(f"其后 {NORMAL:.0%}", f"{NORMAL:.0%} after it"),
    )
    parts = [
        [one for one in samples if start <= one.due < end]
        for start, end in itertools.pairwise(ends)
    ]
    lengths = (seconds, seconds, max(seconds, _watched(seconds)))
    phases += map(_phase, names, parts, lengths)
    recovery = _recovery(parts[0], parts[2], 2 * seconds)
    return Load(seconds, phases, recovery, before, server.memory())


def _watched(seconds: float) -> float:
    """How long the load after the overload lasts; short ones are those of tests."""
    return max(seconds, min(_WATCHED, 10 * seconds))


def _schedule(capacity: float, seconds: float) -> list[float]:
    """When searches are due, in seconds from the start."""
    due, start = [], 0.0
    for share, length in ((NORMAL, seconds), (OVERLOAD, seconds), (NORMAL, _watched(seconds))):
        rate = capacity * share
        due += [start + n / rate for n in range(max(1, int(rate * length)))]
        start += length
    return due


def _phase(name: str, samples: Sequence[Sample], seconds: float) -> Phase:
    answered = [one.seconds * 1000 for one in samples if one.status == 200]
    rejected = [one for one in samples if one.status == 503]
    return Phase(
        name=name,
        requested=round(len(samples) / seconds, 1),
        answered=round(len(answered) / seconds, 1),
        statuses=dict(sorted(Counter(one.status for one in samples).items())),
        answer=percentiles(answered) if answered else None,
        rejection=percentiles([one.seconds * 1000 for one in rejected]) if rejected else None,
        without_retry=sum(not one.may_retry for one in rejected),
    )


def _recovery(normal: Sequence[Sample], after: Sequence[Sample], end: float) -> float | None:
    """Seconds from ``end`` to the first window that is as fast as normal."""
    if not normal or not after:
        return None
    limit = _AGAIN * float(np.percentile([one.seconds for one in normal], 95))
    last = after[-1].due
    for start in np.arange(end, last, _STEP):
        window = [one for one in after if start <= one.due < start + _WINDOW]
        times = [one.seconds if one.status == 200 else float("inf") for one in window]
        if times and float(np.percentile(times, 95, method="higher")) <= limit:
            return round(float(start - end), 2)
    return None


# --- in the process of the clients ---------------------------------------------------------------


def _closed(port: int, paths: Sequence[str], clients: int, seconds: float) -> list[Sample]:
    return asyncio.run(_ask_again(_Connections(port), paths, clients, seconds))


def _open(port: int, paths: Sequence[str], schedule: Sequence[float]) -> list[Sample]:
    return asyncio.run(_ask_by_schedule(_Connections(port), paths, schedule))


class _Connections:
    """Connections to the server: those that are idle, and new ones."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._started = time.perf_counter()

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started

    async def ask(self, path: str, due: float) -> Sample:
        """One search."""
        status, may_retry = 0, False
        with suppress(OSError, ValueError, EOFError, TimeoutError):
            async with asyncio.timeout(_TIMEOUT):
                status, may_retry = await self._response(path)
        return Sample(due, self.now - due, status, may_retry)

    async def _response(self, path: str) -> tuple[int, bool]:
        reader, writer = await self._connection()
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode("ascii"))
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            lines = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            await reader.readexactly(int(lines["content-length"]))
        except BaseException:
            writer.close()
            raise
        if lines.get("connection") == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(head.split(" ", 2)[1]), "retry-after" in lines

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()  # the server closed it, because it was idle for too long
        return await asyncio.open_connection(HOST, self._port)

    async def close(self) -> None:
        """Close all idle connections."""
        for _, writer in self._idle:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _ask_again(
    connections: _Connections, paths: Sequence[str], clients: int, seconds: float
) -> list[Sample]:
    samples: list[Sample] = []
    upcoming = itertools.cycle(paths)

    async def client() -> None:
        while (now := connections.now) < seconds:
            samples.append(await connections.ask(next(upcoming), now))

    await asyncio.gather(*(client() for _ in range(clients)))
    await connections.close()
    # Those that ended later are not of these seconds.
    return [one for one in samples if one.due + one.seconds <= seconds]


async def _ask_by_schedule(
    connections: _Connections, paths: Sequence[str], schedule: Sequence[float]
) -> list[Sample]:
    tasks = []
    for due, path in zip(schedule, itertools.cycle(paths), strict=False):
        await asyncio.sleep(max(0.0, due - connections.now))
        tasks.append(asyncio.create_task(connections.ask(path, due)))
    samples = await asyncio.gather(*tasks)
    await connections.close()
    return samples
