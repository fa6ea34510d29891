"""What indexing takes, stage by stage, and what bounds it. Entry point: :func:`measure`.

The stages are those of the thread that analyses; another one writes a batch while the next one is analysed,
so ``write`` is only how long that is waited for. Two parts of the work bound the whole, and are measured
alone in the same run, on a sample of the articles: the model on their passages, and the writer of the engine
on their records.
"""

import dataclasses
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.benchmark.disk import Disk, disk_use
from indexer.benchmark.memory import peak_memory
from indexer.build import generations
from indexer.build.ingest import BATCH, Progress, RunReport, no_progress, read
from indexer.build.records import analyse
from indexer.build.vector_cache import CachingEmbedder
from indexer.build.views import view_of
from indexer.updates import add
from search_service.engines import open_engine
from search_service.intake.cleaning import Cleaning
from search_service.metrics import timed
from search_service.model import Article, Audience, Record
from search_service.service import SearchService

STAGES = (
    "read", "analyse", "embed", "write", "vocabulary", "calibrate", "check", "activate", "other",
)  # fmt: skip
# Articles that are added again, and those of the sample for the bounds.
ADDED, SAMPLE = 1_000, 200


@dataclass(frozen=True)
class Run:
    """One rebuild: seconds of the whole, and by stage."""

    seconds: float
    stages: Mapping[str, float]


@dataclass(frozen=True)
class Indexing:
    """An index that was built. ``first``: without any cached vector; ``again``: the same sources once more.

    ``model``: passages per second of the model alone, 0 without one; ``writer``: of the writer alone.
    ``unchanged``, ``add_seconds``: how many unchanged articles were added and how long that took.
    ``memory``: peak of the process, in bytes, after the first build.
    """

    articles: int
    passages: int
    characters: int
    first: Run
    again: Run
    model: float
    writer: float
    unchanged: int
    add_seconds: float
    memory: int


def measure(
    service: SearchService,
    folder: Path,
    sources: Sequence[Path],
    cleaning: Cleaning,
    *,
    progress: Progress = no_progress,
) -> tuple[Indexing, Disk, RunReport]:
    """Build the index of ``service``, in ``folder``, from the sources; also its disk use, and the report.

    Raises as :func:`.generations.rebuild` does.
    """
    first, report = _rebuild(service, sources, cleaning, progress)
    memory = peak_memory()
    disk = disk_use(folder, service.reader(Audience.PUBLIC))
    again, _ = _rebuild(service, sources, cleaning, progress)
    articles = _some(sources, cleaning, report.articles)
    add_seconds, unchanged = _add(service, articles, cleaning)
    model, writer = _bounds(service, articles[:: max(1, len(articles) // SAMPLE)])
    indexing = Indexing(
        articles=report.articles,
        passages=report.passages,
        characters=report.characters,
        first=first,
        again=again,
        model=model,
        writer=writer,
        unchanged=unchanged,
        add_seconds=add_seconds,
        memory=memory,
    )
    return indexing, disk, report


def _rebuild(
    service: SearchService, sources: Sequence[Path], cleaning: Cleaning, progress: Progress
) -> tuple[Run, RunReport]:
    with timed() as timer:
        report = generations.rebuild(service, sources, cleaning=cleaning, progress=progress)
    total = timer.total
    stages = {name: timer.stages.get(name, 0.0) / 1000 for name in STAGES}
    stages["other"] = max(0.0, (total - sum(timer.stages.values())) / 1000)
    return Run(total / 1000, stages), report


def _some(sources: Sequence[Path], cleaning: Cleaning, count: int) -> list[Article]:
    """At most :data:`ADDED` articles, evenly spread."""
    step = -(-count // ADDED) or 1
    articles = enumerate(read(sources, cleaning, RunReport()))
    return [one for place, one in articles if place % step == 0]


def _add(
    service: SearchService, articles: Sequence[Article], cleaning: Cleaning
) -> tuple[float, int]:
    """Seconds to add the articles again, and how many of them were unchanged."""
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / "articles.jsonl"
        with source.open("w", encoding="utf-8") as file:
            for article in articles:
                file.write(json.dumps(_record(article), ensure_ascii=False) + "\n")
        report = add(service, [source], cleaning=cleaning)
    return report.seconds, report.written.unchanged


def _record(article: Article) -> dict[str, object]:
    values = dataclasses.asdict(article)
    extra, audience = values.pop("extra"), values.pop("audience")
    given = {name: value for name, value in values.items() if value is not None}
    return {**extra, **given, "audience": audience.label}


def _bounds(service: SearchService, articles: Sequence[Article]) -> tuple[float, float]:
    """Passages per second of the model alone, and of the writer alone."""
    views = [view for one in articles if (view := view_of(one, Audience.PUBLIC)) is not None]
    records = list(analyse([(view, 1) for view in views], service.analyzer, service.embedder))
    texts = [
        view.text[one.passage.start : one.passage.end]
        for view, record in zip(views, records, strict=True)
        for one in record.passages
    ]
    embedder = service.embedder
    if isinstance(embedder, CachingEmbedder):
        embedder = embedder.embedder
    model = 0.0
    if embedder is not None and texts:
        started = time.perf_counter()
        embedder.embed(texts)
        model = len(texts) / (time.perf_counter() - started)
    return model, _write(service, records)


def _write(service: SearchService, records: Sequence[Record]) -> float:
    """Passages per second that an embedded engine writes, into a folder of its own."""
    manifest = service.reader(Audience.PUBLIC).manifest
    with tempfile.TemporaryDirectory() as temporary:
        engine = open_engine(f"embedded:{temporary}")
        try:
            generation = engine.create(Audience.PUBLIC, manifest)
            started = time.perf_counter()
            with engine.writer(generation.name, loading=True) as writer:
                for start in range(0, len(records), BATCH):
                    writer.write(records[start : start + BATCH])
                writer.complete()
            seconds = time.perf_counter() - started
        finally:
            engine.close()
    return sum(len(one.passages) for one in records) / seconds
