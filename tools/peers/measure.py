"""Measuring one peer. Entry points: :func:`build`, :func:`ask`; each runs in a process of its own, so that
what building leaves in memory does not count for searching.
"""

import itertools
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.benchmark.speed import Percentiles, percentiles
from indexer.evaluation.judgements import Judgements
from indexer.evaluation.measures import measure
from search_service.relevance import MAX_QUERY
from tools.peers import processes
from tools.peers.peer import Peer, Place

TOP = 10
CLIENTS = (1, 8)
NDCG = "nDCG@10"
_WARM_UP = 20


@dataclass(frozen=True)
class Built:
    """``seconds`` and ``disk`` (bytes) of building, without embedding."""

    seconds: float
    disk: int


@dataclass(frozen=True)
class Load:
    """So many clients, each asking again when it has its answer; ``answer`` in milliseconds.

    ``processor``: milliseconds of processor time per search, of this process and of the server.
    """

    clients: int
    searches: int
    answer: Percentiles
    processor: float
    per_second: float


@dataclass(frozen=True)
class Asked:
    """``memory``: bytes after the searches; ``loads``: none where no queries were given."""

    memory: int
    loads: Sequence[Load]
    ndcg: Mapping[str, float]


def build(kind: type[Peer], place: Place) -> Built:
    """Build the index of a peer."""
    peer = kind(place)
    try:
        started = time.perf_counter()
        peer.build()
        return Built(time.perf_counter() - started, peer.disk())
    finally:
        peer.close()


def ask(
    kind: type[Peer],
    place: Place,
    texts: Sequence[str],
    judged: Sequence[Judgements],
    seconds: float,
) -> Asked:
    """Measure the loads with these queries, each for so many seconds at most, then the rankings."""
    peer = kind(place)
    try:
        for text in texts[:_WARM_UP]:
            peer.search(text, TOP)
        loads = [_load(peer, texts, clients, seconds) for clients in CLIENTS if texts]
        memory = processes.memory(peer.processes())
        return Asked(memory, loads, {one.corpus: _ndcg(peer, one) for one in judged})
    finally:
        peer.close()


def _load(peer: Peer, texts: Sequence[str], clients: int, seconds: float) -> Load:
    """Every client asks every query, in turn: none of two clients the same at once."""
    upcoming = itertools.chain.from_iterable(itertools.repeat(texts, clients))
    lock, spent, faults = threading.Lock(), list[float](), list[BaseException]()

    def client() -> None:
        try:
            while time.perf_counter() - started < seconds:
                with lock:
                    text = next(upcoming, None)
                if text is None:
                    return
                begin = time.perf_counter()
                peer.search(text, TOP)
                spent.append((time.perf_counter() - begin) * 1000)
        except BaseException as exc:  # noqa: BLE001 (raised below)
            faults.append(exc)

    before, started = _processor_seconds(peer), time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    elapsed = time.perf_counter() - started
    after = _processor_seconds(peer)
    return Load(
        clients,
        len(spent),
        percentiles(spent),
        (after - before) * 1000 / len(spent),
        len(spent) / elapsed,
    )


def _processor_seconds(peer: Peer) -> float:
    return processes.processor_seconds({*peer.processes(), os.getpid()})


def _ndcg(peer: Peer, judgements: Judgements) -> float:
    """nDCG@10 of the questions to the search box."""
    run = {one.id: peer.search(one.text[:MAX_QUERY], TOP) for one in judgements.of("search")}
    return measure(run, judgements.grades, [NDCG]).means[NDCG]
