"""What a search costs over HTTP, and what the engine alone costs for the same match set.

Entry point: :func:`measure`. One client asks one query after the other. In the same run, query by query, this
process reads from the same index what no search can do without:

- ``engine``: the first 300 articles of the query's final match set, its total and its facets;
- ``encode``: the vector of the query (hybrid only);
- ``vectors``: the nearest articles of that vector, alone (hybrid only).

So the machine's load falls on both alike. What the answer takes beyond these is the service's own: HTTP,
parsing, the reads that decide the match set, fusion, evidence, marks, JSON.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from indexer.benchmark.queries import Queries
from indexer.benchmark.server import Client, Server
from indexer.build.ingest import Progress, no_progress
from search_service.engines import Reader
from search_service.engines.reads import NearestArticles, Request, Search
from search_service.model import FACETS, Audience, Vector
from search_service.query import scoring
from search_service.query.parsed import Query
from search_service.query.parsing import parse, with_coined_terms
from search_service.query.request import Mode, SearchRequest
from search_service.ranking.match_set import match
from search_service.relevance import WINDOW
from search_service.service import SearchService

MODES = (Mode.KEYWORD, Mode.HYBRID)
# The articles that the engine alone returns.
ENGINE_LIMIT = 300
# Queries before measuring: they map files and fill caches.
_WARM_UP = 20
_PAGE = (0, 10)
# The stages of `Server-Timing`, in the order of a search; `other` is what is in none of them.
STAGES = ("parse", "embed", "match", "corrections", "order", "evidence", "render", "other")


@dataclass(frozen=True)
class Percentiles:
    """Milliseconds, over the queries."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Speed:
    """The times of a set of queries in one mode.

    ``answer``: at the client; ``server``: as the server says; ``stages``: of the server; ``engine``,
    ``encode``, ``vectors``: alone, in this process; ``beyond``: p50 and p95 of the answer minus those of
    the engine; ``beyond_all``: minus those of the sum of engine, encode and vectors.
    """

    queries: str
    mode: str
    count: int
    repetitions: int
    answer: Percentiles
    server: Percentiles
    stages: Mapping[str, Percentiles]
    engine: Percentiles
    encode: Percentiles
    vectors: Percentiles
    beyond: Mapping[str, float]
    beyond_all: Mapping[str, float]


def measure(
    service: SearchService,
    server: Server,
    sets: Sequence[Queries],
    *,
    repetitions: int,
    progress: Progress = no_progress,
) -> Iterator[Speed]:
    """Measure each set in each mode. ``service`` and ``server`` have the same index.

    The figure of a query is the median of its repetitions.
    """
    client = Client(server)
    reader = service.reader(Audience.PUBLIC)
    total = sum(len(one.texts) for one in sets) * repetitions
    done = 0
    try:
        for queries in sets:
            probes = [_Probe(service, reader, text) for text in queries.texts]
            probes = [one for one in probes if one.is_search]
            for probe in probes[:_WARM_UP]:
                probe.run(client)
            for repetition in range(repetitions):
                for probe in probes:
                    # In turn, because whoever comes second may find the processor's caches filled.
                    probe.times.append(probe.run(client, engine_first=repetition % 2 == 1))
                    done += 1
                    progress("ask", done, total)
            for mode in MODES if probes else ():
                yield _speed(queries.name, mode, probes, repetitions)
    finally:
        client.close()


class _Probe:
    """One query with what the engine alone reads for it, and its times: by mode and name, in seconds."""

    def __init__(self, service: SearchService, reader: Reader, text: str) -> None:
        self._service, self._reader, self._text = service, reader, text
        query = parse(text, service.analyzer)
        self._query = with_coined_terms(query, service.store.coined.accepted())
        self.is_search = bool(self._query.tree.parts)
        self._searches = {mode: self._search(mode) for mode in MODES} if self.is_search else {}
        self._encodes = service.embedder is not None and _is_encoded(self._query)
        self.times: list[dict[Mode, dict[str, float]]] = []

    def _search(self, mode: Mode) -> Callable[[], Search]:
        request = SearchRequest(text=self._text, mode=mode)
        matched = match(self._service, self._reader, self._query, request, _PAGE)
        rank = scoring.rank(self._query)
        # A new one each time: a reader could remember the answer to a request.
        return lambda: Search(matched.clause, rank, limit=ENGINE_LIMIT, facets=FACETS)

    def run(self, client: Client, *, engine_first: bool = False) -> dict[Mode, dict[str, float]]:
        """Ask the server and the engine, in each mode; the times in seconds."""
        times = {}
        for mode in MODES:
            steps = (partial(self._answer, client, mode), partial(self._engine, mode))
            first, second = reversed(steps) if engine_first else steps
            times[mode] = first() | second()
        return times

    def _answer(self, client: Client, mode: Mode) -> dict[str, float]:
        response = client.search(self._text, mode)
        stages = dict(response.stages)
        total = stages.pop("total", 0.0)
        stages["other"] = max(0.0, total - sum(stages.values()))
        times = {f"stage {name}": seconds for name, seconds in stages.items()}
        return times | {"answer": response.seconds, "server": total}

    def _engine(self, mode: Mode) -> dict[str, float]:
        times = {"engine": self._read(self._searches[mode]())}
        return times | self._semantic() if mode is Mode.HYBRID and self._encodes else times

    def _semantic(self) -> dict[str, float]:
        started = time.perf_counter()
        manifest = self._reader.manifest
        vector: Vector | None = self._service.embed_query(manifest, *self._query.semantic_texts)
        encode = time.perf_counter() - started
        if vector is None:
            return {"encode": encode}
        nearest = NearestArticles(vector, articles=WINDOW, min_score=manifest.background)
        return {"encode": encode, "vectors": self._read(nearest)}

    def _read(self, request: Request[Any]) -> float:
        started = time.perf_counter()
        self._reader.read(request)
        return time.perf_counter() - started

    def medians(self, mode: Mode) -> dict[str, float]:
        """The median of each time, in milliseconds."""
        runs = [run[mode] for run in self.times]
        names = {name for run in runs for name in run}
        return {name: median(run.get(name, 0.0) for run in runs) * 1000 for name in names}


def _is_encoded(query: Query) -> bool:
    """Whether a hybrid search embeds the query."""
    return bool(scoring.rank(query) and query.semantic_texts and not query.title_only)


def _speed(name: str, mode: Mode, probes: Sequence[_Probe], repetitions: int) -> Speed:
    rows = [probe.medians(mode) for probe in probes]

    def of(*names: str) -> Percentiles:
        return percentiles([sum(row.get(one, 0.0) for one in names) for row in rows])

    answer, engine, whole = of("answer"), of("engine"), of("engine", "encode", "vectors")
    return Speed(
        queries=name,
        mode=mode.value,
        count=len(probes),
        repetitions=repetitions,
        answer=answer,
        server=of("server"),
        stages={stage: of(f"stage {stage}") for stage in STAGES},
        engine=engine,
        encode=of("encode"),
        vectors=of("vectors"),
        beyond=_minus(answer, engine),
        beyond_all=_minus(answer, whole),
    )


def percentiles(values: Sequence[float]) -> Percentiles:
    """The percentiles of at least one value."""
    return Percentiles(*(round(float(one), 3) for one in np.percentile(values, (50, 95, 99))))


def _minus(first: Percentiles, second: Percentiles) -> dict[str, float]:
    return {"p50": round(first.p50 - second.p50, 3), "p95": round(first.p95 - second.p95, 3)}
