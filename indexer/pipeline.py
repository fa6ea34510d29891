"""Changes -> the index that serves. Entry points: :func:`add`, :func:`delete`, :func:`replay`.

A change is entered into the ledger before anything is written, and only then is looked up who serves: so
a generation that is activated meanwhile has it by the replay, or was found and written to here. Killed
anywhere, the next run finishes what was entered.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from analyzers.language import say
from indexer.analysis import given_to
from indexer.calibration import calibrate_meaning
from indexer.cleaning import Cleaning
from indexer.entries import (
    Entries,
    Prepared,
    entries_of,
    latest_number,
    numbered,
    pack,
    unpack,
    version_of,
    write,
)
from indexer.faults import Faults
from indexer.sources import Fault
from indexer.spool import BATCH, Progress, Report, batches, read, silent
from indexer.vocabulary import collect, held_by
from search_service import relevance
from search_service.engines import Scope, Writer
from search_service.engines.ordering import Standing
from search_service.ledger import Change
from search_service.model import (
    UNVERSIONED,
    Article,
    Audience,
    Generation,
    Manifest,
    Record,
    Tombstone,
    Written,
)
from search_service.service import SearchService
from search_service.vocabularies import Vocabularies


@contextmanager
def open_writers(
    service: SearchService, generations: Mapping[Audience, Generation], *, loading: bool = False
) -> Iterator[Mapping[Audience, Writer]]:
    """A writer of each generation, closed at the end."""
    with ExitStack() as stack:
        writers = {
            audience: stack.enter_context(service.engine.writer(one.name, loading=loading))
            for audience, one in generations.items()
        }
        # What is loaded has no vocabulary yet.
        yield (
            writers
            if loading
            else {
                audience: _Narrowing(writer, generations[audience].name, service.store.vocabularies)
                for audience, writer in writers.items()
            }
        )


@dataclass(frozen=True)
class _Narrowing:
    """A writer that first takes out of the vocabulary what articles are not going to hold any more."""

    writer: Writer
    generation: str
    vocabularies: Vocabularies

    def write(self, entries: Sequence[Record | Tombstone]) -> Written:
        """Narrow the vocabulary, then write."""
        self.vocabularies.narrow(
            self.generation,
            (
                (entry.view.id, held_by(entry)) if isinstance(entry, Record) else (entry.id, None)
                for entry in entries
            ),
        )
        return self.writer.write(entries)

    def standing(self, ids: Collection[str]) -> Mapping[str, Standing]:
        """What the writer says."""
        return self.writer.standing(ids)

    def complete(self) -> None:
        """What the writer does."""
        self.writer.complete()

    def set_manifest(self, manifest: Manifest) -> None:
        """What the writer does."""
        self.writer.set_manifest(manifest)


class Live:
    """Writers of what serves now, by audience; opened again where another generation serves."""

    def __init__(self, service: SearchService) -> None:
        self._service = service
        self._stack = ExitStack()
        self._writers: Mapping[Audience, Writer] = {}
        self.generations: Mapping[Audience, Generation] = {}

    def __enter__(self) -> Self:
        self.writers()
        self._finish()
        bring_back(self._service, self.writers())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def writers(self) -> Mapping[Audience, Writer]:
        """The writers of this moment.

        Raises ``NoIndex`` if nothing serves, ``FingerprintMismatch`` if these settings may not write,
        ``StateLost`` if the state is not that of the index.
        """
        service = self._service
        service.reader(Audience.PUBLIC)
        serving = {one.audience: one for one in service.engine.generations() if one.serves}
        if {a: one.name for a, one in serving.items()} != {
            a: one.name for a, one in self.generations.items()
        }:
            for one in serving.values():
                service.check(one.manifest, model=True)
            self._stack.close()
            self.generations = {}
            self._writers = self._stack.enter_context(open_writers(service, serving))
            self.generations = serving
        return self._writers

    def _finish(self) -> None:
        """Apply what a run before this one entered and did not finish."""
        ledger = self._service.store.ledger
        while pending := ledger.pending(limit=BATCH):
            write_changes(self._service, self.writers(), pending)
            ledger.applied(pending)


def write_changes(
    service: SearchService, writers: Mapping[Audience, Writer], changes: Sequence[Change]
) -> None:
    """Write changes as they stand in the ledger into these generations."""
    articles = [unpack(change.article) for change in changes if change.article is not None]
    gone = [
        Tombstone(id=change.article_id, version=change.version)
        for change in changes
        if change.article is None
    ]
    # What cannot be held was reported when it was entered.
    prepared = entries_of(service, articles, tuple(writers))
    for audience, writer in writers.items():
        write(writer, [*prepared.entries[audience], *gone])


def bring_back(service: SearchService, writers: Mapping[Audience, Writer]) -> None:
    """Write what is on the shelf and not taken down any more. Killed anywhere, the next writer does it."""
    ledger, shelf, hidden = service.store.ledger, service.store.shelf, service.store.hidden()
    back = {id: article for id, article in shelf.articles().items() if id not in hidden}
    if not back:
        return
    changes = ledger.enter(
        [
            Change(article_id=id, version=version_of(unpack(article)), article=article)
            for id, article in back.items()
        ]
    )
    write_changes(service, writers, changes)
    ledger.applied(changes)
    shelf.drop(back)


def replay(service: SearchService, writers: Mapping[Audience, Writer], after: int) -> int:
    """Write what the ledger holds after this number until there is no more; the last number."""
    while changes := service.store.ledger.since(after, limit=BATCH):
        write_changes(service, writers, changes)
        after = changes[-1].sequence
    return after


def add(
    service: SearchService,
    sources: Sequence[Path],
    *,
    cleaning: Cleaning,
    progress: Progress = silent,
    reports: Path | None = None,
) -> Report:
    """Add or update articles in the live index; an index whose view is unchanged is not touched.

    Where there is no index for members, an article with members' text is held as guests may read it,
    and reported. ``reports``: the folder of the files of faults.
    """
    started = time.monotonic()
    report = Report(faults=Faults(reports))
    with Live(service) as live:
        for batch in batches(read(sources, cleaning, report)):
            _add(service, live, batch, report)
            progress("index", report.articles, 0)
        for audience, generation in live.generations.items():
            # The floor belongs to a corpus; when that has doubled it is another one.
            if service.engine.count(generation.name) > 2 * generation.manifest.articles:
                scope = Scope(audience, service.store.hidden())
                reader = service.engine.reader(scope, generation=generation.name)
                titles = [stored.view.title for stored in reader.scan()]
                step = max(1, len(titles) // relevance.FLOOR_TITLES)
                calibrate(service, generation, live.writers()[audience], titles[::step])
        report.generations = tuple(live.generations.values())
    report.faults.flush()
    report.seconds = time.monotonic() - started
    return report


def _add(service: SearchService, live: Live, batch: Sequence[Article], report: Report) -> None:
    ledger = service.store.ledger
    known = max(live.writers().items())[1].standing([article.id for article in batch])
    articles = numbered(batch, ledger.next(above=latest_number(known)))
    # Analysed before they are entered: what stops a run must not come back with every run.
    prepared = entries_of(service, articles, tuple(live.writers()))
    changes = ledger.enter(
        [Change(article_id=one.id, version=version_of(one), article=pack(one)) for one in articles]
    )
    writers = live.writers()
    if set(writers) != set(prepared.entries):  # activated meanwhile, for other audiences
        prepared = entries_of(service, articles, tuple(writers))
    results = write_all(writers, prepared)
    ledger.applied(changes)
    highest = max(writers)
    count(report, prepared.entries[highest], results[highest])
    report_refused(prepared, report)
    held = [article for article in articles if article.id not in prepared.faults]
    _report_missing_index(held, live.generations, report)
    stale = set(results[highest].stale)
    service.store.set_views(
        {one.id: one.views for one in articles if one.views is not None and one.id not in stale}
    )


def write_all(writers: Mapping[Audience, Writer], prepared: Prepared) -> dict[Audience, Written]:
    """Write a batch for each audience; what an engine refuses is noted beside what else was refused."""
    results = {}
    for audience, writer in writers.items():
        results[audience], refused = write(writer, prepared.entries[audience])
        if refused:
            prepared.refused.setdefault(audience, {}).update(refused)
    return results


def report_refused(prepared: Prepared, report: Report) -> None:
    """Report the articles of a batch that some audience cannot have."""
    for id, reason in prepared.faults.items():
        report.faults.append(Fault(f"id={id}", reason, id=id))
    report.articles -= len(prepared.faults)
    report.faults.flush()


def count(report: Report, entries: Entries, result: Written) -> None:
    """Add what was written of an audience's entries to the report."""
    records = [entry for entry in entries if isinstance(entry, Record)]
    report.written += result
    report.characters += sum(len(record.view.text) for record in records)
    report.passages += sum(len(record.passages) for record in records)


def calibrate(
    service: SearchService, generation: Generation, writer: Writer, titles: Sequence[str]
) -> None:
    """Set the floors and the count of a loaded generation, and what may be suggested of it.

    What is taken down is in the inventory, for it may come back; the floors know nothing of it, so
    ``titles`` may not hold any of it either.
    """
    everything = service.engine.reader(Scope(generation.audience), generation=generation.name)
    service.store.vocabularies.put(generation.name, collect(everything, service.analyzer))
    scope = Scope(generation.audience, service.store.hidden())
    reader = service.engine.reader(scope, generation=generation.name)
    found = calibrate_meaning(reader, titles, service.analyzer, service.embedder)
    writer.set_manifest(
        replace(
            generation.manifest,
            background=found.background,
            floor=found.floor,
            heap_floor=found.heap_floor,
            articles=service.engine.count(generation.name),
        )
    )


def _report_missing_index(
    articles: Sequence[Article], live: Mapping[Audience, Generation], report: Report
) -> None:
    """Report the articles of which audiences that share an index may read different things."""
    for article in articles:
        for generation in live.values():
            views = [given_to(article, audience) for audience in generation.serves]
            if len({view.digest if view else "" for view in views}) > 1:
                reason = say(
                    "已按公开内容收录；有会员内容而没有会员索引，请运行 gongwen index 来源 重建",
                    "held as guests may read it; it has members' text and there is no index for members,"
                    " run: gongwen index SOURCE",
                )
                report.faults.append(Fault(f"id={article.id}", reason, id=article.id))
                report.articles -= 1


def delete(service: SearchService, ids: Sequence[str]) -> tuple[list[str], list[str]]:
    """Delete articles from every live index: (deleted, unknown).

    The marks stay, so that a stale update does not bring one back: at the stored version the delete
    wins, a newer version may bring the article back.
    """
    ledger = service.store.ledger
    versions: dict[str, int] = {}
    with Live(service) as live:
        for writer in live.writers().values():
            for key, stands in writer.standing(ids).items():
                if stands.digest is not None:
                    versions[key] = max(stands.version, versions.get(key, 0))
        shelved = service.store.shelf.articles()
        for key in set(ids) & set(shelved):
            versions[key] = max(version_of(unpack(shelved[key])), versions.get(key, 0))
        number = UNVERSIONED + ledger.next(above=max(versions.values(), default=0) - UNVERSIONED)
        changes = ledger.enter(
            [
                Change(article_id=key, version=n if n < UNVERSIONED else number, article=None)
                for key, n in versions.items()
            ]
        )
        write_changes(service, live.writers(), changes)
        ledger.applied(changes)
        service.store.shelf.drop(versions)
    return list(versions), [key for key in ids if key not in versions]
