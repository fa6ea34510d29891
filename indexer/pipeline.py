"""Changes -> the index that serves. Entry points: :func:`add`, :func:`delete`, :func:`replay`.

A change is entered into the ledger before anything is written. One process at a time writes what serves,
and no other is needed: a rebuild writes beside it, and takes over what was entered meanwhile. Who cannot
write now leaves its changes in the ledger, and who writes finishes them. Killed anywhere, the next run
finishes what was entered.
"""

import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from analyzers.language import say
from indexer.analysis import given_to
from indexer.calibration import calibrate_meaning
from indexer.cleaning import Cleaning
from indexer.entries import latest_number, numbered, pack, unpack, version_of
from indexer.faults import Faults
from indexer.passes import Entry, Pass, faults_of, write_pass
from indexer.sources import Fault
from indexer.spool import Progress, Report, Spool, batches, read, silent
from indexer.vocabulary import collect, held_by
from search_service import relevance
from search_service.engines import Scope, Writer
from search_service.engines.ordering import Standing
from search_service.errors import WriterBusy
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

# Seconds to wait for another process that writes; then changes are left to it.
PATIENCE = 30.0
_POLL = 0.05


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
    """Writers of what serves, by audience, while nobody else writes it or changes what serves."""

    def __init__(
        self,
        service: SearchService,
        generations: Mapping[Audience, Generation],
        writers: Mapping[Audience, Writer],
    ) -> None:
        self._service = service
        self.generations = generations
        self.writers = writers

    def write(
        self,
        entries: Callable[[], Iterable[Entry]],
        progress: Callable[[int], None] = lambda _: None,
    ) -> dict[Audience, Pass]:
        """Write the same entries for each audience, the public first."""
        return {
            audience: write_pass(
                self._service,
                audience,
                writer,
                entries(),
                readers=self.generations[audience].serves,
                progress=progress,
            )
            for audience, writer in sorted(self.writers.items())
        }

    def finish(self) -> None:
        """Write what others have entered, what a killed run has left, and what may be found again."""
        ledger = self._service.store.ledger
        self._bring_back()
        while numbers := ledger.pending():
            # What cannot be held is reported where it can: to whoever enters it.
            self.write(lambda numbers=numbers: map(entry_of, ledger.read(numbers)))  # type: ignore[misc]  # bound at once
            ledger.applied(numbers)

    def _bring_back(self) -> None:
        """Enter what is on the shelf and not taken down any more, where nothing later is known of it."""
        store = self._service.store
        back = _back(self._service)
        later = {key: change.version for key, change in store.ledger.of(list(back)).items()}
        for writer in self.writers.values():
            for key, stands in writer.standing(back).items():
                later[key] = max(stands.version, later.get(key, 0))
        articles = {key: unpack(packed) for key, packed in back.items()}
        store.ledger.enter(
            [
                Change(article_id=key, version=version_of(article), article=back[key])
                for key, article in articles.items()
                if key not in later or later[key] < version_of(article)
            ]
        )
        store.shelf.drop(back)


def _back(service: SearchService) -> dict[str, bytes]:
    """What is on the shelf and not taken down any more."""
    shelved = service.store.shelf.articles()
    hidden = service.store.hidden() if shelved else frozenset()
    return {key: packed for key, packed in shelved.items() if key not in hidden}


@contextmanager
def live(service: SearchService, *, patience: float) -> Iterator[Live]:
    """Be the one who writes what serves.

    Raises ``NoIndex`` if nothing serves, ``FingerprintMismatch`` if these settings may not write,
    ``StateLost`` if the state is not that of the index, ``WriterBusy`` where another process writes for
    longer than ``patience``, in seconds.
    """
    deadline = time.monotonic() + patience
    with ExitStack() as stack:
        service.reader(Audience.PUBLIC)
        stack.enter_context(service.store.ledger.live(patience=patience))
        serving = {one.audience: one for one in service.engine.generations() if one.serves}
        for one in serving.values():
            service.check(one.manifest, model=True)
        yield Live(service, serving, _opened(service, serving, stack, deadline))


def _opened(
    service: SearchService,
    serving: Mapping[Audience, Generation],
    stack: ExitStack,
    deadline: float,
) -> Mapping[Audience, Writer]:
    """The writers; waits for a reader that mends what a killed writer left."""
    while True:
        try:
            return stack.enter_context(open_writers(service, serving))
        except WriterBusy:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_POLL)


def finish(service: SearchService, *, patience: float = 0.0) -> None:
    """Write what others entered while they could not write, and what may be found again.

    Where another process writes for longer than ``patience``, in seconds, that one does: whoever held the
    lock of :func:`live` calls this afterwards.
    """
    with suppress(WriterBusy):
        while service.store.ledger.pending() or _back(service):
            with live(service, patience=patience) as serving:
                serving.finish()


def _carried_out(
    service: SearchService,
    enter: Callable[[], None],
    write: Callable[[Live], None],
) -> bool:
    """Enter changes into the ledger and write them; False: another process is to write them.

    Where another one writes for long, they are entered all the same, and are written by that one at its
    end, or, if it is killed, by the next.
    """
    entered = False
    try:
        with live(service, patience=PATIENCE) as serving:
            serving.finish()
            enter()
            entered = True
            write(serving)
    except WriterBusy:
        if not entered:
            enter()
        finish(service)
        return False
    finish(service)
    return True


def entry_of(change: Change) -> Entry:
    """The article of a change, or the tombstone of a delete."""
    if change.article is None:
        return Tombstone(id=change.article_id, version=change.version)
    return unpack(change.article)


def replay(
    service: SearchService,
    writers: Mapping[Audience, Writer],
    after: int,
    readers: Mapping[Audience, Sequence[Audience]],
) -> int:
    """Write what the ledger holds after this number until there is no more; the last number.

    ``readers``: who is going to read what is written for each audience.
    """
    ledger = service.store.ledger
    while numbers := ledger.since(after):
        for audience, writer in sorted(writers.items()):
            entries = map(entry_of, ledger.read(numbers))
            write_pass(service, audience, writer, entries, readers=readers.get(audience, ()))
        after = numbers[-1]
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

    What an audience reads decides: an update under the same version that shows it something else is
    written. What is older than what stands is reported, and so is an article with a text for whom there
    is no index; in the indexes that there are it is held as they may read it. ``reports``: the folder of
    the files of faults.
    """
    started = time.monotonic()
    report = Report(faults=Faults(reports))
    ledger = service.store.ledger
    service.reader(Audience.PUBLIC)  # says where there is no index
    for generation in service.engine.generations():
        if generation.serves:
            service.check(generation.manifest, model=True)
    with tempfile.TemporaryFile() as file:
        spool = Spool(file)
        for article in read(sources, cleaning, report):
            spool.put(article)
            progress("read", spool.count, 0)
        sequence = 0
        numbers: list[int] = []

        def entries() -> Iterator[Article]:
            for batch in batches(spool):
                yield from numbered(batch, sequence)

        def enter() -> None:
            nonlocal sequence
            sequence = ledger.next(above=_latest_number(service, spool))
            for batch in batches(entries()):
                changes = [
                    Change(article_id=one.id, version=version_of(one), article=pack(one))
                    for one in batch
                ]
                numbers.extend(change.sequence for change in ledger.enter(changes))

        def write(serving: Live) -> None:
            looked_at = 0
            total = spool.count * len(serving.writers)

            def more(count: int) -> None:
                nonlocal looked_at
                looked_at += count
                progress("index", looked_at, total)

            passes = serving.write(entries, more)
            ledger.applied(numbers)
            report_passes(report, passes)
            _report_missing_index(spool, serving.generations, report, faults_of(passes))
            _calibrate_what_doubled(service, serving)
            report.generations = tuple(serving.generations.values())

        if spool.count and not _carried_out(service, enter, write):
            report.entered, report.articles = spool.count, 0
    report.faults.flush()
    report.seconds = time.monotonic() - started
    return report


def report_passes(report: Report, passes: Mapping[Audience, Pass]) -> None:
    """Add what was written, and what could not be, to a report."""
    fullest = passes[max(passes)]
    report.written += fullest.written
    report.characters += fullest.characters
    report.passages += fullest.passages
    faults = faults_of(passes)
    for id, reason in faults.items():
        report.faults.append(Fault(f"id={id}", reason, id=id))
    report.articles -= len(faults)
    report.faults.flush()


def _latest_number(service: SearchService, articles: Iterable[Article]) -> int:
    """The greatest of the ledger's numbers that the index knows of these articles: see ``Ledger.next``."""
    highest = max(
        (one for one in service.engine.generations() if one.serves), key=lambda one: one.audience
    )
    return max(
        latest_number(service.engine.standing(highest.name, [one.id for one in batch]))
        for batch in batches(articles)
    )


def _calibrate_what_doubled(service: SearchService, serving: Live) -> None:
    """The floor belongs to a corpus; when that has doubled it is another one."""
    for audience, generation in serving.generations.items():
        if service.engine.count(generation.name) > 2 * generation.manifest.articles:
            scope = Scope(audience, service.store.hidden())
            reader = service.engine.reader(scope, generation=generation.name)
            titles = [stored.view.title for stored in reader.scan()]
            step = max(1, len(titles) // relevance.FLOOR_TITLES)
            calibrate(service, generation, serving.writers[audience], titles[::step])


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
    articles: Iterable[Article],
    generations: Mapping[Audience, Generation],
    report: Report,
    faults: Collection[str],
) -> None:
    """Report the articles of which audiences that share an index may read different things.

    Without those that are among the ``faults`` already.
    """
    for article in articles:
        if article.id in faults:
            continue
        for generation in generations.values():
            own = _text(article, generation.audience)
            without = [
                audience.label for audience in generation.serves if _text(article, audience) != own
            ]
            if without:
                reason = _missing_index(generation.audience, without, held=own is not None)
                report.faults.append(Fault(f"id={article.id}", reason, id=article.id))
                report.articles -= 1


def _text(article: Article, audience: Audience) -> str | None:
    view = given_to(article, audience)
    return None if view is None else view.text


def _missing_index(audience: Audience, without: Sequence[str], *, held: bool) -> str:
    names = say("、", ", ").join(without)
    if held:
        return say(
            f"已按 {audience.label} 可读的内容收录；{names} 可读的另有内容，而没有其索引，检索不到。"
            "请用全部来源运行 gongwen index 重建",
            f"held as {audience.label} may read it; {names} may read something else, for which there is no"
            " index, and do not find it; run gongwen index with the whole source",
        )
    return say(
        f"未收录：只有 {names} 可读，而没有其索引，谁也检索不到。请用全部来源运行 gongwen index 重建",
        f"not held: only {names} may know of it, for whom there is no index, so nobody finds it; run"
        " gongwen index with the whole source",
    )


class Deleted(NamedTuple):
    """The ids that were deleted, those that nothing is known of, and those that another process deletes."""

    done: list[str]
    unknown: list[str]
    entered: list[str]


def delete(service: SearchService, ids: Sequence[str]) -> Deleted:
    """Delete articles from every live index, also those that only wait in the ledger.

    The marks stay, so that a stale update does not bring one back: at the stored version the delete
    wins, a newer version may bring the article back.
    """
    ledger = service.store.ledger
    service.reader(Audience.PUBLIC)  # says where there is no index
    changes: list[Change] = []
    numbers: list[int] = []

    def enter() -> None:
        versions = _versions(service, ids)
        newest = max(versions.values(), default=0)
        number = UNVERSIONED + ledger.next(above=newest - UNVERSIONED)
        changes.extend(
            Change(article_id=key, version=n if n < UNVERSIONED else number, article=None)
            for key, n in versions.items()
        )
        numbers.extend(change.sequence for change in ledger.enter(changes))
        service.store.shelf.drop(versions)

    def write(serving: Live) -> None:
        serving.write(lambda: map(entry_of, changes))
        ledger.applied(numbers)

    done = _carried_out(service, enter, write)
    known = [change.article_id for change in changes]
    unknown = [key for key in dict.fromkeys(ids) if key not in known]
    return Deleted(known, unknown, []) if done else Deleted([], unknown, known)


def _versions(service: SearchService, ids: Sequence[str]) -> dict[str, int]:
    """The newest version of each article that serves, waits or is taken down; without those deleted."""
    entered = service.store.ledger.of(ids)
    versions = {key: one.version for key, one in entered.items() if one.article is not None}
    for generation in service.engine.generations():
        if generation.serves:
            for key, stands in service.engine.standing(generation.name, ids).items():
                if stands.digest is not None:
                    versions[key] = max(stands.version, versions.get(key, 0))
    shelved = service.store.shelf.articles()
    for key in set(ids) & set(shelved):
        versions[key] = max(version_of(unpack(shelved[key])), versions.get(key, 0))
    return {key: versions[key] for key in dict.fromkeys(ids) if key in versions}
