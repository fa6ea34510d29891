"""What a search on Elasticsearch costs beyond its own requests: `make bench-elasticsearch`.

Entry point: ``python -m tools.elasticsearch_overhead QUERIES…``, with ``GONGWEN_ENGINE`` and
``GONGWEN_STATE`` set to an index on Elasticsearch. Each query is searched in process, with its requests
recorded; then the same requests are sent again, bare, one after the other; and so several times in turn. They
are ``_msearch`` within a point in time, so both find the server's caches in the same state.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Self

from elastic_transport import Transport

from analyzers.messages import say
from indexer.benchmark.queries import read_queries
from indexer.benchmark.speed import percentiles
from search_service.answers.search import search
from search_service.errors import GongwenError
from search_service.model import Audience
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings

_WARM_UP = 10
_METHOD = "perform_request"
_Call = tuple[tuple[Any, ...], dict[str, Any]]


class Recorder:
    """Records the requests of the client, to send them again."""

    def __init__(self) -> None:
        self.calls: list[tuple[Transport, _Call]] = []
        self._send: Callable[..., Any] = Transport.perform_request

    def __enter__(self) -> Self:
        def perform(transport: Transport, *args: Any, **options: Any) -> Any:
            self.calls.append((transport, (args, options)))
            return self._send(transport, *args, **options)

        setattr(Transport, _METHOD, perform)
        return self

    def __exit__(self, *_: object) -> None:
        setattr(Transport, _METHOD, self._send)

    def send_again(self, calls: list[tuple[Transport, _Call]]) -> None:
        """Send recorded requests, one after the other."""
        for transport, (args, options) in calls:
            self._send(transport, *args, **options)


def main() -> int:
    """Measure each set of queries and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("queries", type=Path, nargs="+", help="lines, or JSON lines with `query`")
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    service = open_service(read_settings())
    try:
        columns = ("", "p50", "p95", "p99", say("往返", "round trips"))
        print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
        for path in arguments.queries:
            queries = read_queries(path)
            for mode in (Mode.KEYWORD, Mode.HYBRID):
                name = f"{queries.name}, {mode.value}"
                measure(service, name, list(queries.texts), mode, arguments.repetitions)
    finally:
        service.close()
    return 0


def measure(
    service: SearchService, name: str, texts: list[str], mode: Mode, repetitions: int
) -> None:
    """Print the times of searches and of their bare requests, and their ratio."""
    with Recorder() as recorder:

        def ask(text: str) -> tuple[float, float, int]:
            recorder.calls = []
            started = time.perf_counter()
            search(service, SearchRequest(text=text, mode=mode), Audience.PUBLIC)
            searched = time.perf_counter()
            calls = list(recorder.calls)
            recorder.send_again(calls)
            return searched - started, time.perf_counter() - searched, len(calls)

        for text in texts[:_WARM_UP]:
            ask(text)
        runs = [[ask(text) for text in texts] for _ in range(repetitions)]
    searches, bare = (
        percentiles(
            [median(run[place][which] for run in runs) * 1000 for place in range(len(texts))]
        )
        for which in (0, 1)
    )
    trips = max(count for run in runs for *_, count in run)
    for label, times in (
        (say("一次检索", "search"), searches),
        (say("请求单独", "requests"), bare),
    ):
        print(
            f"| {name}: {label} | {times.p50:.1f} | {times.p95:.1f} | {times.p99:.1f} | {trips} |"
        )
    ratios = (
        f"{getattr(searches, one) / getattr(bare, one):.2f} ×" for one in ("p50", "p95", "p99")
    )
    print(f"| {name}: {say('倍数', 'ratio')} | {' | '.join(ratios)} | |", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GongwenError as error:
        sys.exit(error.message)
