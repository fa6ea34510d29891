"""Compare both engines on one corpus: `make bench-engines CORPUS=articles.jsonl.gz`.

Entry point: ``python -m tools.compare_engines CORPUS [ELASTICSEARCH_URL]``. The same records are written to
an embedded index in a temporary folder and to Elasticsearch, under a prefix ``test-UUID`` that is deleted at
the end. It compares the keyword hits of 100 queries drawn from the corpus, and the recall of vector search
for articles and passages against the embedded engine, which is exact: with the segments as loaded, and merged
into one. Exit status 1 if fewer than 95 queries agree or a recall is under 0.99.
"""

import argparse
import os
import random
import re
import statistics
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from analyzers.messages import say
from analyzers.normalize import normalize
from indexer.build.records import analyse
from indexer.build.views import view_of
from indexer.sources.files import Fault, read_source
from search_service.engines import Engine, Reader, Scope, open_engine
from search_service.errors import GongwenError
from search_service.intake.cleaning import Cleaning
from search_service.model import (
    Audience,
    Field,
    Filters,
    Hit,
    Manifest,
    PassageHit,
    Record,
    StoredArticle,
    Vector,
)
from search_service.query import matching, scoring
from search_service.query.parsing import parse
from search_service.service import SCHEMA, SearchService, open_service
from search_service.settings import read_settings
from tests.support.elasticsearch_node import own_prefix, running_node

T = TypeVar("T")
SEED = 20261122
KEYWORD_QUERIES, VECTORS = 100, 200
LEAST_AGREEMENT, LEAST_RECALL = 95, 0.99
SHARES = (0.5, 0.1, 0.01)
TOP = 10
_BATCH = 200
_PUBLIC = Scope(Audience.PUBLIC)
_MERGE_SECONDS = 900.0
# No role has about half of the passages, so three in five of the main text get this extra one.
_MAIN, _MAIN_PART = "主体", "主体甲"


class Cell(NamedTuple):
    """One combination of filters."""

    name: str
    filters: Filters = Filters()
    roles: tuple[str, ...] = ()


def main() -> int:
    """Load both engines, compare, print; 1 if they differ by more than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="what `gongwen index` takes")
    running = os.environ.get("GONGWEN_TEST_ELASTICSEARCH")
    parser.add_argument("address", nargs="?", default=running, help="http://HOST:9200 (a new node)")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        address = (arguments.address or stack.enter_context(running_node())).rstrip("/")
        url = stack.enter_context(own_prefix(address))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        service = open_service(read_settings(engine=f"embedded:{folder}"))
        stack.callback(service.close)
        elastic = open_engine(url)
        stack.callback(elastic.close)
        load(service, elastic, arguments.corpus)
        exact, server = service.engine.reader(_PUBLIC), elastic.reader(_PUBLIC)
        articles = list(exact.scan())
        good = compare_keyword(service, exact, server, articles)
        vectors, cells = draw_vectors(service, exact, articles), choose_cells(articles)
        good &= compare_nearest(
            say("装载后的各段", "segments as loaded"), exact, server, vectors, cells
        )
        merge(url)
        good &= compare_nearest(say("合并为一段", "merged into one"), exact, server, vectors, cells)
    return 0 if good else 1


# --- loading -------------------------------------------------------------------------------------


def load(service: SearchService, elastic: Engine, corpus: Path) -> None:
    """Write the same records into a new generation of each engine."""
    if service.embedder is None:
        raise SystemExit(say("需要模型；请去掉 GONGWEN_MODEL=none", "unset GONGWEN_MODEL=none"))
    service.store.create()
    manifest = Manifest(
        schema=SCHEMA,
        analysis=service.analyzer.fingerprint,
        model=service.model_fingerprint,
        dimensions=service.embedder.dimensions,
        created="2026-11-22T08:00:00Z",
        state=service.store.hidden.read()[0],
    )
    started, count = time.monotonic(), 0
    with ExitStack() as stack:
        writers = []
        for engine in (service.engine, elastic):
            name = engine.create(Audience.PUBLIC, manifest).name
            engine.activate({Audience.PUBLIC: name})
            writers.append(stack.enter_context(engine.writer(name)))
        rest = records(service, corpus)
        while batch := list(islice(rest, _BATCH)):
            for writer in writers:
                writer.write(batch)
            count += len(batch)
    spent = time.monotonic() - started
    print(say(f"{count} 篇，{spent:.0f} 秒", f"{count} articles, {spent:.0f} s"), flush=True)


def records(service: SearchService, corpus: Path) -> Iterator[Record]:
    """Yield the public records of the corpus, with part of the main text under an extra role."""
    read = read_source(corpus, cleaning=Cleaning.parse("all"), counts=Counter())
    articles = (item for item in read if not isinstance(item, Fault))
    views = ((view, 1) for article in articles if (view := view_of(article, Audience.PUBLIC)))
    while batch := list(islice(views, _BATCH)):
        for record in analyse(batch, service.analyzer, service.embedder):
            passages = tuple(
                replace(p, passage=p.passage._replace(role=_MAIN_PART))  # noqa: SLF001  (public)
                if p.passage.role == _MAIN and int(p.passage.id, 16) % 5 < 3
                else p
                for p in record.passages
            )
            yield replace(record, passages=passages)


def merge(url: str) -> None:
    """Merge the indices of the prefix into one segment each."""
    request = urllib.request.Request(f"{url}-*/_forcemerge?max_num_segments=1", method="POST")  # noqa: S310 (ours)
    with urllib.request.urlopen(request, timeout=_MERGE_SECONDS):  # noqa: S310 (ours)
        pass


# --- keyword -------------------------------------------------------------------------------------


def compare_keyword(
    service: SearchService, exact: Reader, server: Reader, articles: Sequence[StoredArticle]
) -> bool:
    """Run the drawn queries on both engines; print how many agree, and each that does not."""
    same = Counter[str]()
    spent: tuple[list[float], list[float]] = ([], [])
    for text in draw_queries(articles):
        answers = []
        for reader, times in zip((exact, server), spent, strict=True):
            started = time.perf_counter()
            answers.append(keyword(service, reader, text, len(articles)))
            times.append(time.perf_counter() - started)
        (total, hits), (other_total, other_hits) = answers
        ids, other_ids = [hit.id for hit in hits], [hit.id for hit in other_hits]
        same["total"] += total == other_total
        same["set"] += set(ids) == set(other_ids)
        same["order"] += ids == other_ids
        if (total, ids) != (other_total, other_ids):
            print(f"- {text}: {total}, {other_total}; {reason(hits, other_hits)}")
    embedded, elastic = (statistics.median(times) * 1000 for times in spent)
    print(say("\n关键词：", "\nKeyword:"), f"{KEYWORD_QUERIES}\n")
    columns = (
        say("前十集合相同", "same top ten"),
        say("次序相同", "same order"),
        say("总数相同", "same total"),
        say("嵌入式 / Elasticsearch 中位数", "embedded / Elasticsearch, median"),
    )
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    print(f"| {same['set']} | {same['order']} | {same['total']} "
          f"| {embedded:.0f} ms / {elastic:.0f} ms |\n", flush=True)  # fmt: skip
    return min(same["set"], same["total"]) >= LEAST_AGREEMENT


def keyword(
    service: SearchService, reader: Reader, text: str, articles: int
) -> tuple[int, list[Hit]]:
    """Total and first hits of the full matches of a query; if there are none, of the relaxed ones."""
    query = parse(text, service.analyzer)
    match = matching.strict(query)
    total = reader.totals(match).total
    if not total:
        frequencies = reader.frequencies(Field.WORDS, query.words)
        match = matching.relaxed(query, frequencies, articles)
        total = reader.totals(match).total
    return total, reader.keyword(match, scoring.rank(query), limit=TOP)


def reason(hits: Sequence[Hit], others: Sequence[Hit]) -> str:
    """Why two lists differ: nearly equal scores, or different ones."""
    pairs = list(zip(hits, others, strict=False))
    apart = max((abs(one.score - other.score) for one, other in pairs), default=0.0)
    if len(hits) == len(others) and apart < 1e-4:
        return say(f"得分几乎相同（差 {apart:.6f}）", f"scores nearly tie (difference {apart:.6f})")
    return say(f"得分相差 {apart:.4f}", f"scores differ by {apart:.4f}")


def draw_queries(articles: Sequence[StoredArticle]) -> list[str]:
    """Pieces of titles and texts, and 文号, in turn; always the same for one corpus."""
    source = random.Random(SEED)  # noqa: S311 (a fixed seed, no secret)
    with_number = [a for a in articles if a.view.document_number] or articles
    drawn: list[str] = []
    while len(drawn) < KEYWORD_QUERIES:
        kind = len(drawn) % 3
        view = source.choice(with_number if kind == 2 else articles).view
        number = view.document_number if kind == 2 else None
        runs = re.findall(r"[\u4e00-\u9fff]{4,}", view.title if kind == 0 else view.text)
        if number:
            drawn.append(number)
        elif runs:
            run, length = source.choice(runs), source.randint(4, 10)
            start = source.randrange(max(1, len(run) - length + 1))
            drawn.append(run[start : start + length])
    return drawn


# --- nearest -------------------------------------------------------------------------------------


def compare_nearest(
    title: str, exact: Reader, server: Reader, vectors: Sequence[Vector], cells: Sequence[Cell]
) -> bool:
    """Print recall@10 of articles and passages for each combination of filters, and the times."""
    columns = (
        title,
        say("文章召回", "articles"),
        say("段落召回", "passages"),
        say("嵌入式", "embedded"),
        "Elasticsearch",
    )
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    good = True
    for cell in cells:
        recalls, spent = [], []
        for per_article in (1, TOP):
            found: list[float] = []
            times: tuple[list[float], list[float]] = ([], [])
            for vector in vectors:
                lists = []
                for reader, own in zip((exact, server), times, strict=True):
                    started = time.perf_counter()
                    hits = reader.nearest(
                        vector,
                        filters=cell.filters,
                        roles=cell.roles,
                        articles=TOP,
                        per_article=per_article,
                    )
                    own.append(time.perf_counter() - started)
                    lists.append(hits[:TOP])
                found.append(recall(*lists))
            recalls.append(statistics.fmean(found))
            spent.append([statistics.median(own) * 1000 for own in times])
        good &= min(recalls) >= LEAST_RECALL
        print(f"| {cell.name} | {recalls[0]:.4f} | {recalls[1]:.4f} "
              f"| {spent[0][0]:.0f} ms | {spent[0][1]:.0f} ms |", flush=True)  # fmt: skip
    print()
    return good


def recall(exact: Sequence[PassageHit], found: Sequence[PassageHit]) -> float:
    """The share of the exact hits found; other hits with the same score as the last one count as well."""
    if not exact:
        return 1.0
    least = exact[-1].score
    return sum(hit.score >= least for hit in found) / len(exact)


def draw_vectors(
    service: SearchService, reader: Reader, articles: Sequence[StoredArticle]
) -> list[Vector]:
    """Vectors of sentences of the corpus, and of questions made from their beginnings."""
    source = random.Random(SEED)  # noqa: S311 (a fixed seed, no secret)
    drawn: list[Vector] = []
    while len(drawn) < VECTORS:
        sentences = re.findall(r"[^。；\n]{8,60}", source.choice(articles).view.text)
        if not sentences:
            continue
        sentence = source.choice(sentences).strip()
        text = f"如何{sentence[:14]}？" if len(drawn) % 2 else sentence
        vector = service.embed_query(reader.manifest, normalize(text))
        if vector is not None:
            drawn.append(vector)
    return drawn


def choose_cells(articles: Sequence[StoredArticle]) -> list[Cell]:
    """Filters over articles, over passages and over both that keep about each of the shares."""
    days = sorted(a.view.date for a in articles if a.view.date)
    values = Counter(
        (name, value)
        for article in articles
        for name in ("kind", "category", "author", "issuer")
        if (value := getattr(article.view, name))
    )
    roles = Counter(passage.role for article in articles for passage in article.passages)
    passages = roles.total()
    cells = [Cell(say("全部", "all"))]
    cells += [
        Cell(say(f"日期 {share:.0%}", f"dates {share:.0%}"), between(days, share))
        for share in SHARES
    ]
    for share in SHARES:
        if values:
            (name, value), count = nearest_count(values, share * len(articles))
            part = f"{name}={value} {count / len(articles):.1%}"
            only = replace(Filters(), **{name: (value,)})  # type: ignore[arg-type]  # a facet's values
            cells.append(Cell(part, only))
    for share in SHARES:
        role, count = nearest_count(roles, share * passages)
        cells.append(Cell(f"role={role} {count / passages:.1%}", roles=(role,)))
    for share in SHARES:
        larger = {role: count for role, count in roles.items() if count > share * passages}
        if larger:
            role = min(larger, key=larger.__getitem__)
            part = say(f"日期 × role={role} {share:.0%}", f"dates × role={role} {share:.0%}")
            cells.append(Cell(part, between(days, share * passages / larger[role]), (role,)))
    return cells


def nearest_count(counts: Counter[T], target: float) -> tuple[T, int]:
    """The entry whose count is closest to ``target``."""
    return min(counts.items(), key=lambda entry: abs(entry[1] - target))


def between(days: Sequence[str], share: float) -> Filters:
    """A range of dates in the middle with about this share of the dated articles."""
    if not days:
        return Filters()
    start = int((1 - share) / 2 * (len(days) - 1))
    return Filters(
        date_from=days[start], date_to=days[min(start + int(share * len(days)), len(days) - 1)]
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GongwenError as error:
        sys.exit(error.message)
