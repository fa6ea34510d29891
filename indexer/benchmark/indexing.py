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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzers.normalize import normalize
from indexer.benchmark.disk import Disk, disk_use
from indexer.benchmark.memory import Memory, peak
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
    "read", "analyse", "embed", "write", "vocabulary", "copies", "calibrate", "check", "activate",
    "other",
)  # fmt: skip
# Articles that are added again, and those of the sample for the bounds.
ADDED, SAMPLE = 1_000, 200


@dataclass(frozen=True)
class Run:
    """One rebuild: seconds of the whole, of processors, and by stage."""

    seconds: float
    cpu_seconds: float
    stages: Mapping[str, float]


@dataclass(frozen=True)
class Bound:
    """Seconds that a part of the work takes alone, extrapolated to all passages, and those of processors.

    On a busy machine only the latter can be compared.
    """

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Indexing:
    """An index that was built. ``first``: without any cached vector; ``again``: the same sources once more.

    ``model``: the model alone, None without one; ``writer``: the writer of the engine alone.
    ``unchanged``, ``add_seconds``: how many unchanged articles were added and how long that took.
    ``memory``: peak of the process during the first build.
    """

    articles: int
    passages: int
    characters: int
    first: Run
    again: Run
    model: Bound | None
    writer: Bound
    unchanged: int
    add_seconds: float
    memory: Memory


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
    with peak() as most:
        first, report = _rebuild(service, sources, cleaning, progress)
    disk = disk_use(folder, service.reader(Audience.PUBLIC))
    again, _ = _rebuild(service, sources, cleaning, progress)
    articles = _some(sources, cleaning, report.articles)
    add_seconds, unchanged = _add(service, articles, cleaning)
    some = articles[:: max(1, len(articles) // SAMPLE)]
    model, writer = _bounds(service, some, report.passages)
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
        memory=most.memory,
    )
    return indexing, disk, report


def _rebuild(
    service: SearchService, sources: Sequence[Path], cleaning: Cleaning, progress: Progress
) -> tuple[Run, RunReport]:
    used = time.process_time()
    with timed() as timer:
        report = generations.rebuild(service, sources, cleaning=cleaning, progress=progress)
    total, used = timer.total, time.process_time() - used
    stages = {name: timer.stages.get(name, 0.0) / 1000 for name in STAGES}
    stages["other"] = max(0.0, total / 1000 - sum(stages.values()))
    return Run(total / 1000, used, stages), report


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
    values["issuer"] = values.pop("issuers")
    given = {name: value for name, value in values.items() if value is not None}
    return {**extra, **given, "audience": audience.label}


def _bounds(
    service: SearchService, articles: Sequence[Article], passages: int
) -> tuple[Bound | None, Bound]:
    """What the model alone, and the writer alone, would take for so many passages."""
    views = [view for one in articles if (view := view_of(one, Audience.PUBLIC)) is not None]
    records = list(analyse([(view, 1) for view in views], service.analyzer, service.embedder))
    texts = [
        text[one.passage.start : one.passage.end]
        for text, record in zip((normalize(view.text) for view in views), records, strict=True)
        for one in record.passages
    ]
    embedder = service.embedder
    if isinstance(embedder, CachingEmbedder):
        embedder = embedder.embedder
    times = passages / len(texts)
    model = _timed(lambda: embedder.embed(texts), times) if embedder is not None else None
    return model, _written(service, records, times)


def _timed(step: Callable[[], object], times: float) -> Bound:
    """The time of the step, multiplied."""
    started, used = time.perf_counter(), time.process_time()
    step()
    return Bound((time.perf_counter() - started) * times, (time.process_time() - used) * times)


def _written(service: SearchService, records: Sequence[Record], times: float) -> Bound:
    """The time of an embedded engine that writes the records into a folder of its own, multiplied."""
    manifest = service.reader(Audience.PUBLIC).manifest
    with tempfile.TemporaryDirectory() as temporary:
        engine = open_engine(f"embedded:{temporary}")
        try:
            generation = engine.create(Audience.PUBLIC, manifest)
            with engine.writer(generation.name, loading=True) as writer:

                def write() -> None:
                    for start in range(0, len(records), BATCH):
                        writer.write(records[start : start + BATCH])
                    writer.complete()

                return _timed(write, times)
        finally:
            engine.close()
