"""Sources -> generations. Entry points: :func:`rebuild`, :func:`add`, :func:`delete`.

A rebuild reads and cleans everything first, then loads one fresh generation per audience beside the
live ones, checks them and lets them serve in one step. Killed anywhere, the live ones still serve; the
next run begins anew and drops what was left half built.
"""

import pickle
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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
from search_service.engines import Scope, Writer
from search_service.errors import BadInput, EngineError
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
    shrink: bool = False,
    progress: Progress = _silent,
) -> Report:
    """Replace the index by exactly what the sources hold; the live one serves until the last step.

    Raises ``BadInput`` for sources without articles, or with less than half of those that serve now
    (unless ``shrink``); ``EngineError`` if the new generations do not hold what was loaded, or if the
    live ones were written meanwhile. Then nothing changes.
    """
    started = time.monotonic()
    report = Report()
    # Entered before reading: what is written from here on may be missing in the new generations.
    sequence = service.store.next_sequence("rebuild", ", ".join(map(str, sources)))
    with tempfile.TemporaryFile() as file:
        spool = _Spool(file)
        for article in _read(sources, cleaning, report):
            spool.put(article)
            progress("read", spool.count, 0)
        _check_size(service, spool.count, shrink=shrink)
        reads = spool.audiences()
        manifest = _manifest(service)
        created = {
            audience: service.engine.create(audience, manifest)
            for audience in dict.fromkeys(reads.values())
        }
        names = {generation.name for generation in created.values()}
        with ExitStack() as stack:
            writers = {
                audience: stack.enter_context(service.engine.writer(generation.name))
                for audience, generation in created.items()
            }
            drop_leftovers(service, keep=names)
            expected, views = _load(service, spool, writers, sequence, report, progress)
            for audience, generation in created.items():
                _check_count(service, generation, expected[audience])
                titles = spool.titles(audience, relevance.FLOOR_TITLES)
                _calibrate(service, generation, writers[audience], titles)
        if service.store.written_since(sequence):
            raise EngineError(
                say(
                    "重建期间有别的写入，新索引未启用，原索引仍在服务。请重新运行",
                    "articles were written during the rebuild; the new index was not activated and the"
                    " old one still serves; run it again",
                )
            )
        service.engine.activate({audience: created[own].name for audience, own in reads.items()})
    service.store.set_views(views)
    drop_leftovers(service)
    report.generations = tuple(g for g in service.engine.generations() if g.name in names)
    report.seconds = time.monotonic() - started
    return report


def _check_size(service: SearchService, count: int, *, shrink: bool) -> None:
    """An empty or cut source must not silently replace a full index."""
    live = [service.engine.count(g.name) for g in service.engine.generations() if g.serves]
    before = max(live, default=0)
    if count == 0:
        raise BadInput(
            say(
                "来源里没有可收录的文章，原索引不变。请检查来源",
                "the sources hold no usable article, the index stays as it is; check the sources",
            )
        )
    if count < before / 2 and not shrink:
        raise BadInput(
            say(
                f"来源只有 {count} 篇，现有索引有 {before} 篇，少了一半以上，原索引不变。"
                "确实如此请加 --shrink",
                f"the sources hold {count} articles, the index {before}: less than half; the index stays"
                " as it is; if that is right, add --shrink",
            )
        )


def _load(
    service: SearchService,
    spool: _Spool,
    writers: Mapping[Audience, Writer],
    sequence: int,
    report: Report,
    progress: Progress,
) -> tuple[Counter[Audience], dict[str, int]]:
    """Write everything; how many articles each audience must then have, and their view counters."""
    done = 0
    expected = Counter[Audience]()
    views: dict[str, int] = {}
    for batch in _batches(spool):
        entries = _entries(service, batch, tuple(writers), sequence)
        for audience, writer in writers.items():
            expected[audience] += sum(isinstance(entry, Record) for entry in entries[audience])
            result = writer.write(entries[audience])
            if audience is max(writers):
                _count(report, entries[audience], result)
        views |= {article.id: article.views for article in batch if article.views is not None}
        done += len(batch)
        progress("index", done, spool.count)
    return expected, views


def _calibrate(
    service: SearchService, generation: Generation, writer: Writer, titles: Sequence[str]
) -> None:
    """Set the floor and the count of a loaded generation."""
    reader = service.engine.reader(Scope(generation.audience), generation=generation.name)
    writer.set_manifest(
        replace(
            generation.manifest,
            floor=calibrate_floor(reader, titles, service.analyzer, service.embedder),
            articles=service.engine.count(generation.name),
        )
    )


def _version(article: Article, sequence: int) -> int:
    return sequence if article.version is None else article.version


def _entries(
    service: SearchService,
    articles: Sequence[Article],
    audiences: Sequence[Audience],
    sequence: int,
) -> Mapping[Audience, list[Record | Tombstone]]:
    """What a batch is for each audience, the public first: its vectors see no other text.

    An article that an audience may not know of leaves a tombstone there, so that no stale update of
    when it was public brings it back.
    """
    known: dict[str, Vector | None] = {}
    entries: dict[Audience, list[Record | Tombstone]] = {}
    for audience in sorted(audiences):
        views: list[tuple[View, int]] = []
        entries[audience] = []
        for article in articles:
            view = view_of(article, audience)
            if view is None:
                entries[audience].append(
                    Tombstone(id=article.id, version=_version(article, sequence))
                )
            else:
                views.append((view, _version(article, sequence)))
        entries[audience] += analyse(views, service.analyzer, service.embedder, known)
    return entries


def _count(report: Report, entries: Sequence[Record | Tombstone], result: Written) -> None:
    records = [entry for entry in entries if isinstance(entry, Record)]
    report.written += result
    report.characters += sum(len(record.view.text) for record in records)
    report.passages += sum(len(record.passages) for record in records)


def _check_count(service: SearchService, generation: Generation, expected: int) -> None:
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


def drop_leftovers(service: SearchService, *, keep: Collection[str] = ()) -> None:
    """Drop the generations that serve nobody and that no rollback goes back to."""
    for generation in service.engine.generations():
        if not (generation.serves or generation.kept or generation.name in keep):
            service.engine.drop(generation.name)


def _serving(service: SearchService) -> dict[Audience, Generation]:
    """The live generations by the lowest audience that each serves.

    Raises ``NoIndex`` if none does, ``FingerprintMismatch`` if these settings may not write them.
    """
    service.engine.reader(Scope(Audience.PUBLIC))
    live = {min(g.serves): g for g in service.engine.generations() if g.serves}
    for generation in live.values():
        service.check(generation.manifest, writing=True)
    return live


def add(
    service: SearchService,
    sources: Sequence[Path],
    *,
    cleaning: Cleaning,
    progress: Progress = _silent,
) -> Report:
    """Add or update articles in the live index; an index whose view is unchanged is not touched.

    Where there is no index for members, an article with members' text is held as guests may read it,
    and reported.
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
            entries = _entries(service, batch, tuple(writers), sequence)
            results = {audience: writers[audience].write(entries[audience]) for audience in writers}
            highest = max(writers)
            _count(report, entries[highest], results[highest])
            _report_missing_index(batch, live, report)
            stale = set(results[highest].stale)
            service.store.set_views(
                {a.id: a.views for a in batch if a.views is not None and a.id not in stale}
            )
            progress("index", report.articles, 0)
        for audience, generation in live.items():
            # The floor belongs to a corpus; when that has doubled it is another one.
            if service.engine.count(generation.name) > 2 * generation.manifest.articles:
                reader = service.engine.reader(Scope(audience), generation=generation.name)
                titles = [stored.view.title for stored in reader.scan()]
                step = max(1, len(titles) // relevance.FLOOR_TITLES)
                _calibrate(service, generation, writers[audience], titles[::step])
    report.generations = tuple(live.values())
    report.seconds = time.monotonic() - started
    return report


def _report_missing_index(
    articles: Sequence[Article], live: Mapping[Audience, Generation], report: Report
) -> None:
    """Report the articles of which audiences that share an index may read different things."""
    for article in articles:
        for generation in live.values():
            views = [view_of(article, audience) for audience in generation.serves]
            if len({view.digest if view else "" for view in views}) > 1:
                reason = say(
                    "已按公开内容收录；有会员内容而没有会员索引，请运行 gongwen index 来源 重建",
                    "held as guests may read it; it has members' text and there is no index for members,"
                    " run: gongwen index SOURCE",
                )
                report.faults.append(Fault(f"id={article.id}", reason))
                report.articles -= 1


def delete(service: SearchService, ids: Sequence[str]) -> tuple[list[str], list[str]]:
    """Delete articles from every live index: (deleted, unknown).

    The marks stay, so that a stale update does not bring one back.
    """
    live = _serving(service)
    versions: dict[str, int] = {}
    for audience in live:
        for key, stored in service.engine.reader(Scope(audience)).fetch(ids).items():
            versions[key] = max(stored.version, versions.get(key, stored.version))
    for key in versions:
        service.store.next_sequence("delete", key)
    for generation in live.values():
        with service.engine.writer(generation.name) as writer:
            # At the stored version the delete wins; a newer version may bring the article back.
            writer.write([Tombstone(id=key, version=n) for key, n in versions.items()])
    return list(versions), [key for key in ids if key not in versions]
