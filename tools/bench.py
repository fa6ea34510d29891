"""Speed and size on a corpus: `make bench CORPUS=articles.jsonl.gz ARGS='--queries queries.jsonl'`.

Indexes it into a temporary folder with the embedded engine, then runs each query in each mode, one at a
time, and prints a Markdown table for the README. Without queries it uses titles of the corpus, evenly spread.
"""

import argparse
import gzip
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from indexer.build import generations
from search_service.answers.search import search
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings

WARM_UP = 10  # queries before measuring: they map files and fill caches


def main() -> int:
    """Measure and print; 1 if nothing was indexed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="+", help="what `gongwen index` takes")
    parser.add_argument("--queries", type=Path, help="lines, or JSON lines with `query`")
    parser.add_argument("--count", type=int, default=200, help="number of queries (200)")
    parser.add_argument("--data", type=Path, help="where to keep the index (default: nowhere)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.data or Path(temporary)
        service = open_service(read_settings(engine=f"embedded:{folder}"))
        try:
            return measure(service, folder, arguments)
        finally:
            service.close()


def measure(service: SearchService, folder: Path, arguments: argparse.Namespace) -> int:
    """Index, search, print; 1 if nothing was indexed."""
    report = generations.rebuild(service, arguments.corpus, cleaning=Cleaning.parse("all"))
    if not report.articles:
        print("没有可索引的文章 / nothing to index", file=sys.stderr)
        return 1
    reader = service.reader(Audience.PUBLIC)
    titles, raw = [], 0
    for stored in reader.scan():
        titles.append(stored.view.title)
        raw += len(stored.view.title.encode()) + len(stored.view.text.encode())
    queries = evenly(
        list(read(arguments.queries)) if arguments.queries else titles, arguments.count
    )
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    rows = [
        ("articles", f"{report.articles:,} indexed, {len(report.faults):,} reported"),
        ("characters, passages", f"{report.characters:,}, {report.passages:,}"),
        ("indexing", f"{report.seconds:.0f} s"),
        ("articles per second", f"{report.articles / report.seconds:,.0f}"),
        ("characters per second", f"{report.characters / report.seconds:,.0f}"),
        ("index on disk", f"{size / 1e6:,.0f} MB, {size / raw:.2f} × the public text"),
    ]
    for mode in Mode:
        middle, high = times(service, queries, mode)
        rows.append((f"{mode.value}: p50, p95", f"{middle:.0f} ms, {high:.0f} ms"))
    rows.append(("memory at most", f"{peak():,.0f} MB"))
    names = ", ".join(path.name for path in arguments.corpus)
    source = arguments.queries.name if arguments.queries else "titles"
    print(f"{names}; {len(queries)} queries from {source}; gongwen-search "
          f"{version('gongwen-search')}, Python {platform.python_version()}, "
          f"{os.cpu_count()} cores\n")  # fmt: skip
    print("| | |\n| --- | --- |")
    for name, value in rows:
        print(f"| {name} | {value} |")
    return 0


def times(service: SearchService, queries: list[str], mode: Mode) -> tuple[float, float]:
    """The median and the 95th percentile of the time of a search, in milliseconds."""
    elapsed = []
    for place, query in enumerate([*queries[:WARM_UP], *queries]):
        started = time.perf_counter()
        search(service, SearchRequest(text=query, mode=mode), Audience.PUBLIC)
        if place >= WARM_UP:
            elapsed.append((time.perf_counter() - started) * 1000)
    return statistics.median(elapsed), statistics.quantiles(elapsed, n=20)[-1]


def read(path: Path) -> Iterator[str]:
    """Yield the queries of a file: lines, or JSON lines with ``query``."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    for line in content.decode().splitlines():
        if text := line.strip():
            yield str(json.loads(text)["query"]) if text.startswith("{") else text


def evenly(items: list[str], count: int) -> list[str]:
    """At most ``count`` items, evenly spread, truncated to the length of a query."""
    short = [item[:200] for item in items if item.strip()]
    return short[:: max(1, len(short) // count)][:count]


def peak() -> float:
    """The peak memory of this process, in MB; 0 on systems that do not report it."""
    try:
        import resource
    except ImportError:
        return 0.0
    peak_size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak_size / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    sys.exit(main())
