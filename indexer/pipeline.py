"""Sources -> generations. Entry points: :func:`rebuild`, :func:`add`, :func:`delete`.

A rebuild reads and cleans everything first, then loads one fresh generation per audience beside the
live ones, checks them and lets them serve in one step. Killed anywhere, the live ones still serve; the
next run begins anew and drops what was left half built.
"""

import pickle
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO

from analyzers.language import say
from indexer.analysis import analyse, view_of
from indexer.calibration import calibrate_floor
from indexer.cleaning import Cleaning
from indexer.sources import Fault, read_source
from search_service import relevance
from search_service.engines import Scope
from search_service.errors import EngineError
from search_service.model import (
    Article,
    Audience,
    Generation,
    Manifest,
    Record,
    Tombstone,
    Vector,
    View,
    Written,
)
from search_service.service import SCHEMA, SearchService

# Articles analysed, embedded and committed together: enough for one vector batch, little to lose.
BATCH = 200
Progress = Callable[[str, int, int], None]


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Report nothing."""


@dataclass
class Report:
    """What a run did. ``read`` = ``articles`` + ``faults``; characters and passages of the fullest view."""

    articles: int = 0
    faults: list[Fault] = field(default_factory=list)
    cleaned: Counter[str] = field(default_factory=Counter)
    written: Written = field(default_factory=Written)
    characters: int = 0
    passages: int = 0
    seconds: float = 0.0
    generations: tuple[Generation, ...] = ()


class _Spool:
    """Articles on disk between reading and loading, so that memory does not grow with the source."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = 0
        self.gapped = False
        self.lowest = Counter[Audience]()

    def put(self, article: Article) -> None:
        pickle.dump(article, self._file, protocol=pickle.HIGHEST_PROTOCOL)
        self.count += 1
        self.lowest[article.audience] += 1
        self.gapped |= article.preview is not None and article.preview != article.body

    def __iter__(self) -> Iterator[Article]:
        self._file.seek(0)
        for _ in range(self.count):
            yield pickle.load(self._file)  # noqa: S301  (our own temporary file)

    def titles(self, audience: Audience, limit: int) -> list[str]:
        """Titles that the audience may know of, evenly from the whole source."""
        known = [article.title for article in self if article.audience <= audience]
        return known[:: max(1, len(known) // limit)]

    def audiences(self) -> dict[Audience, Audience]:
        """For each audience, whose index it reads: its own only where its view differs."""
        member = self.gapped or self.lowest[Audience.MEMBER] or self.lowest[Audience.STAFF]
        members = Audience.MEMBER if member else Audience.PUBLIC
        staff = Audience.STAFF if self.lowest[Audience.STAFF] else members
        return {Audience.PUBLIC: Audience.PUBLIC, Audience.MEMBER: members, Audience.STAFF: staff}


def _read(sources: Sequence[Path], cleaning: Cleaning, report: Report) -> Iterator[Article]:
    """The articles of all sources; faults go into the report. An id counts once over all sources."""
    places: dict[str, str] = {}
    for source in sources:
        for item in read_source(source, cleaning=cleaning, counts=report.cleaned, places=places):
            if isinstance(item, Fault):
                report.faults.append(item)
            else:
                report.articles += 1
                yield item


def _batches(articles: Iterable[Article]) -> Iterator[list[Article]]:
    rest = iter(articles)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _manifest(service: SearchService) -> Manifest:
    return Manifest(
        schema=SCHEMA,
        analysis=service.analyzer.fingerprint,
        model=service.model_fingerprint,
        dimensions=service.embedder.dimensions if service.embedder else 0,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def rebuild(
    service: SearchService,
    sources: Sequence[Path],
    *,
    cleaning: Cleaning,
    progress: Progress = _silent,
) -> Report:
    """Replace the index by exactly what the sources hold; the live one serves until the last step.

    Raises ``EngineError`` if the new generations do not hold what was loaded; then nothing changes.
    """
    started = time.monotonic()
    report = Report()
    with tempfile.TemporaryFile() as file:
        spool = _Spool(file)
        for article in _read(sources, cleaning, report):
            spool.put(article)
            progress("read", spool.count, 0)
        sequence = service.store.next_sequence("rebuild", ", ".join(map(str, sources)))
        reads = spool.audiences()
        drop_leftovers(service)
        manifest = _manifest(service)
        created = {
            audience: service.engine.create(audience, manifest)
            for audience in dict.fromkeys(reads.values())
        }
        with ExitStack() as stack:
            writers = {
                audience: stack.enter_context(service.engine.writer(generation.name))
                for audience, generation in created.items()
            }
            done = 0
            expected = Counter[Audience]()
            for batch in _batches(spool):
                records = _records(service, batch, tuple(writers), sequence)
                for audience, entries in records.items():
                    expected[audience] += len(entries)
                    result = writers[audience].write(entries)
                    if audience is max(writers):
                        _count(report, entries, result)
                service.store.set_views({a.id: a.views for a in batch if a.views is not None})
                done += len(batch)
                progress("index", done, spool.count)
            for audience, generation in created.items():
                _check(service, generation, expected[audience])
                reader = service.engine.reader(Scope(audience), generation=generation.name)
                titles = spool.titles(audience, relevance.FLOOR_TITLES)
                floor = calibrate_floor(reader, titles, service.analyzer, service.embedder)
                writers[audience].set_manifest(
                    replace(manifest, floor=floor, articles=expected[audience])
                )
        service.engine.activate({audience: created[own].name for audience, own in reads.items()})
    drop_leftovers(service)
    names = {generation.name for generation in created.values()}
    report.generations = tuple(g for g in service.engine.generations() if g.name in names)
    report.seconds = time.monotonic() - started
    return report


def _records(
    service: SearchService,
    articles: Sequence[Article],
    audiences: Sequence[Audience],
    sequence: int,
) -> Mapping[Audience, list[Record]]:
    """The records of a batch for each audience, the public first: its vectors see no other text."""
    known: dict[str, Vector | None] = {}
    records = {}
    for audience in sorted(audiences):
        views: list[tuple[View, int]] = []
        for article in articles:
            view = view_of(article, audience)
            if view is not None:
                views.append((view, sequence if article.version is None else article.version))
        records[audience] = list(analyse(views, service.analyzer, service.embedder, known))
    return records


def _count(report: Report, records: Sequence[Record], result: Written) -> None:
    report.written += result
    report.characters += sum(len(record.view.text) for record in records)
    report.passages += sum(len(record.passages) for record in records)


def _check(service: SearchService, generation: Generation, expected: int) -> None:
    """A generation must hold what was loaded before it may serve."""
    held = service.engine.count(generation.name)
    if held != expected:
        raise EngineError(
            say(
                f"新索引 {generation.name} 有 {held} 篇，应有 {expected} 篇；"
                f"未启用，原索引仍在服务。请重新运行",
                f"the new index {generation.name} holds {held} articles, not {expected}; it was not"
                " activated and the old one still serves; run it again",
            )
        )


def drop_leftovers(service: SearchService) -> None:
    """Drop the generations that serve nobody and that no rollback goes back to."""
    for generation in service.engine.generations():
        if not generation.serves and not generation.kept:
            service.engine.drop(generation.name)


def _serving(service: SearchService) -> dict[Audience, Generation]:
    """The live generations by the lowest audience that each serves; raises ``NoIndex`` if none does."""
    service.reader(Audience.PUBLIC)
    return {min(g.serves): g for g in service.engine.generations() if g.serves}


def add(
    service: SearchService,
    sources: Sequence[Path],
    *,
    cleaning: Cleaning,
    progress: Progress = _silent,
) -> Report:
    """Add or update articles in the live index; an index whose view is unchanged is not touched.

    An article with members' text needs an index for members: where there is none it becomes a fault.
    """
    started = time.monotonic()
    report = Report()
    live = _serving(service)
    sequence = service.store.next_sequence("add", ", ".join(map(str, sources)))
    with ExitStack() as stack:
        writers = {
            audience: stack.enter_context(service.engine.writer(generation.name))
            for audience, generation in live.items()
        }
        for batch in _batches(_read(sources, cleaning, report)):
            fitting = [article for article in batch if _fits(article, live, report)]
            records = _records(service, fitting, tuple(writers), sequence)
            for audience, writer in writers.items():
                _count(report, records[audience], writer.write(records[audience]))
                gone = [a for a in fitting if view_of(a, audience) is None]
                writer.write([Tombstone(id=a.id, version=a.version or sequence) for a in gone])
            service.store.set_views({a.id: a.views for a in fitting if a.views is not None})
            progress("index", report.articles, 0)
    report.generations = tuple(live.values())
    report.seconds = time.monotonic() - started
    return report


def _fits(article: Article, live: Mapping[Audience, Generation], report: Report) -> bool:
    """Whether every audience that reads one index may read the same of the article."""
    for generation in live.values():
        views = {view.digest if view else "" for view in _views(article, generation.serves)}
        if len(views) > 1:
            reason = say(
                "有会员内容，而现有索引没有会员索引；请运行 gongwen index 来源 重建",
                "it has members' text, and there is no index for members; run: gongwen index SOURCE",
            )
            report.faults.append(Fault(article.id, reason))
            report.articles -= 1
            return False
    return True


def _views(article: Article, audiences: Sequence[Audience]) -> Iterator[View | None]:
    return (view_of(article, audience) for audience in audiences)


def delete(service: SearchService, ids: Sequence[str]) -> tuple[list[str], list[str]]:
    """Delete articles from every live index: (deleted, unknown). The marks stay, so that a stale
    update does not bring one back.
    """
    deleted: dict[str, None] = {}
    for audience, generation in _serving(service).items():
        reader = service.engine.reader(Scope(audience))
        stored = reader.fetch(ids)
        with service.engine.writer(generation.name) as writer:
            # At the stored version the delete wins; a newer version may bring the article back.
            writer.write([Tombstone(id=key, version=one.version) for key, one in stored.items()])
        deleted.update(dict.fromkeys(stored))
    for key in deleted:
        service.store.next_sequence("delete", key)
    return list(deleted), [key for key in ids if key not in deleted]
