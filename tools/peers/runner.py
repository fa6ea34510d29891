"""All peers, one after the other. Entry point: :func:`main`; see docs/peers.md."""

import argparse
import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

from analyzers.messages import say
from indexer.benchmark.queries import read_queries
from indexer.build.views import source_view
from indexer.evaluation.judgements import Judgements, read_judgements, records
from indexer.evaluation.measures import require
from indexer.sources.files import Fault, read_source
from search_service.intake.cleaning import Cleaning
from search_service.metadata import Metadata
from search_service.model import Audience
from tests.support import elasticsearch_node
from tools.peers import measure
from tools.peers.bm25s_words import Bm25s
from tools.peers.elasticsearch_raw import RawElasticsearch
from tools.peers.mariadb import MariadbLike, Mroonga
from tools.peers.ours import Ours, OursKeyword
from tools.peers.peer import Peer, Place, passages, read_articles
from tools.peers.postgresql import PgTrgm, PgVector
from tools.peers.report import Report, Row, as_json, markdown
from tools.peers.sqlite_fts5 import SqliteFts5
from tools.peers.txtai_hybrid import Txtai
from tools.peers.xapian_ngrams import Xapian

PEERS: Sequence[type[Peer]] = (
    Ours,
    OursKeyword,
    RawElasticsearch,
    SqliteFts5,
    MariadbLike,
    Mroonga,
    PgTrgm,
    PgVector,
    Xapian,
    Bm25s,
    Txtai,
)
_SEED = 20261128
_BATCH = 200


@dataclass(frozen=True)
class Corpus:
    """Articles that every peer indexes, the queries to time, and the judged sets over them."""

    place: Place
    texts: Sequence[str]
    judged: Sequence[Judgements]


def main(arguments: Sequence[str]) -> None:
    """Read the arguments, measure every peer, print the table."""
    parser = argparse.ArgumentParser("python -m tools.peers", description=__doc__)
    parser.add_argument("corpus", type=Path, help="what `gongwen index` takes")
    parser.add_argument("--queries", type=Path, nargs="+", required=True, help="files of queries")
    parser.add_argument("--ours", type=Path, help="an index of ours of this corpus, used as it is")
    parser.add_argument(
        "--vectors", type=Path, help="a vectors.sqlite3 of ours: not embedded again"
    )
    parser.add_argument(
        "--judged",
        action="append",
        default=[],
        metavar="FOLDER[=OURS]",
        help="a set as for `gongwen eval`; OURS: an index of ours of its collection",
    )
    parser.add_argument("--articles", type=int, help="only the first so many articles")
    parser.add_argument("--seconds", type=float, default=60, help="at most, for each load")
    parser.add_argument("--peers", nargs="+", help="only these, by class: Ours Xapian …")
    parser.add_argument(
        "--elasticsearch", default="", help="http://HOST:PORT (otherwise a new node)"
    )
    parser.add_argument("--heap", default="1g", help="Java heap of the new node")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    given = parser.parse_args(arguments)
    kinds = [one for one in PEERS if not given.peers or one.__name__ in given.peers]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gongwen-peers-")))
        folder.chmod(0o755)  # servers run as another user
        address = given.elasticsearch
        if RawElasticsearch in kinds and not address:
            address = _node(stack, given.heap)
        report, corpora = _prepare(given, folder, address)
        for kind in kinds:
            _measure(kind, report, corpora, given.seconds)
            if given.json:  # so that what was measured is not lost
                given.json.write_text(as_json(report), encoding="utf-8")
        print(markdown(report), flush=True)


def _node(stack: ExitStack, heap: str) -> str:
    """The address of a new node; "" if none can run here without fetching one."""
    if not elasticsearch_node.fetched():
        return ""
    options = f"-Xms{heap} -Xmx{heap}"
    return stack.enter_context(elasticsearch_node.running_node(java_options=options))


def _measure(kind: type[Peer], report: Report, corpora: Sequence[Corpus], seconds: float) -> None:
    """Build and ask one peer on every corpus; a failure is a row that says so."""
    if missing := kind.missing(corpora[0].place):
        report.missing[kind.name] = missing
        return
    row = Row(kind.name, say(*kind.how))
    report.rows.append(row)
    for number, corpus in enumerate(corpora):
        folder = corpus.place.folder / (kind.folder or kind.__name__)
        folder.mkdir(exist_ok=True)
        place = replace(corpus.place, folder=folder)
        _say(f"{kind.name}: {corpus.place.folder.name} …")
        try:
            built = _alone(measure.build, kind, place)
            asked = _alone(measure.ask, kind, place, corpus.texts, corpus.judged, seconds)
        except Exception as exc:  # noqa: BLE001 (the other peers are measured all the same)
            row.fault = f"{type(exc).__name__}: {exc}"[:500]
            _say(f"{kind.name}: {row.fault}")
            return
        if number == 0:
            row.built, row.asked = built, asked
        row.ndcg |= asked.ndcg
        _say(f"{kind.name}: {built} {asked}")
        if kind not in (Ours, OursKeyword):  # the second uses the index of the first
            shutil.rmtree(folder)


def _alone(function: Any, *arguments: object) -> Any:
    """Call it in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


# --- what all get --------------------------------------------------------------------------------


def _prepare(
    given: argparse.Namespace, folder: Path, address: str
) -> tuple[Report, Sequence[Corpus]]:
    """Write the articles as every peer reads them, and embed their passages once."""
    texts = [text for path in given.queries for text in read_queries(path).texts]
    random.Random(_SEED).shuffle(texts)  # noqa: S311 (a fixed order, no secret)
    sets = []
    for value in given.judged:
        require("pytrec_eval")
        name, _, index = value.partition("=")
        sets.append((read_judgements(Path(name)), Path(index).resolve() if index else None))
    # Sets without a collection are judgements of the corpus.
    here = [judged for judged, _ in sets if judged.collection is None]
    corpus = _place(folder / "corpus", given.ours and given.ours.resolve(), address)
    if given.vectors:
        shutil.copy(given.vectors, corpus.vectors)
    _write(corpus.articles, islice(_articles(given.corpus), given.articles))
    corpora = [Corpus(corpus, texts, here)]
    seconds, count = _embed(corpus)
    for number, (judged, index) in enumerate(sets, start=1):
        if judged.collection is not None:
            place = _place(folder / f"judged{number}", index, address)
            _write(place.articles, _documents(judged.collection))
            _embed(place)
            corpora.append(Corpus(place, (), [judged]))
    articles = list(read_articles(corpus))
    report = Report(
        corpus=given.corpus.name,
        articles=len(articles),
        text=sum(len(one.title.encode()) + len(one.text.encode()) for one in articles),
        queries=len(texts),
        passages=count,
        embedding=seconds,
        judged={judged.corpus: len(judged.of("search")) for judged, _ in sets},
    )
    return report, corpora


def _place(folder: Path, ours: Path | None, address: str) -> Place:
    folder.mkdir()
    vectors = folder / "vectors.sqlite3"
    if ours and (ours / vectors.name).exists():
        shutil.copy(ours / vectors.name, vectors)
    return Place(folder / "articles.jsonl", folder, vectors, address, ours)


def _articles(source: Path) -> Iterator[Mapping[str, object]]:
    """The articles that the public may read, with the metadata of the source."""
    for item in read_source(source, cleaning=Cleaning.parse("all"), counts=Counter()):
        view = None if isinstance(item, Fault) else source_view(item, Audience.PUBLIC)
        if view is not None:
            metadata = {one.name: getattr(view, one.name) for one in fields(Metadata)}
            known = {name: value for name, value in metadata.items() if value and name != "extra"}
            yield {**known, "id": view.id, "title": view.title, "body": view.text}


def _documents(collection: Path) -> Iterator[Mapping[str, object]]:
    """The documents of a judged set."""
    for raw in records(collection):
        values = dict(raw.values)
        body = values.get("body") or values.get("text")
        yield {"id": str(values["id"]), "title": values.get("title"), "body": body}


def _write(path: Path, articles: Iterable[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8") as out:
        for article in articles:
            out.write(json.dumps(article, ensure_ascii=False, default=asdict) + "\n")


def _embed(place: Place) -> tuple[float, int]:
    """Fill the embedding cache; the seconds for what was not in it, and the number of passages."""
    started, count, batch = time.perf_counter(), 0, list[str]()
    for article in read_articles(place):
        texts = passages(article, place.embedder.max_characters)
        count += len(texts)
        batch += texts
        if len(batch) >= _BATCH:
            place.embedder.embed(batch)
            batch.clear()
    if batch:
        place.embedder.embed(batch)
    place.vectors.chmod(0o644)
    return time.perf_counter() - started, count
