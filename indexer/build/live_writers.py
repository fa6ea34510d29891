"""Writing the live generations: one process at a time, and nothing is lost if it is killed.

Entry points: :func:`open_live_writers`, :func:`append_and_write`, :func:`finish`, :func:`replay`.

A change is appended to the ledger before anything is written. One process at a time writes the live
generations; a rebuild writes beside them, and replays the changes made meanwhile. A process that cannot
write now leaves its changes in the ledger, and the process that is writing applies them. After a kill the
next run applies what is in the ledger.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

from analyzers.terms import Analyzer
from indexer.build.entries import version_of
from indexer.build.missing_index import missing_index
from indexer.build.vocabulary import vocabulary_of
from indexer.build.write import (
    AudienceResult,
    Update,
    rejection_reasons,
    write_for_audience,
)
from search_service import logs
from search_service.engines import Writer
from search_service.engines.ordering import Decision, Stamp, decide, id_of, stamp_of
from search_service.errors import WriterBusy
from search_service.intake.packing import unpack
from search_service.model import (
    Article,
    Audience,
    Generation,
    Manifest,
    Record,
    Tombstone,
    WriteResult,
)
from search_service.service import SearchService
from search_service.state.copies import Copies
from search_service.state.ledger import Change
from search_service.state.vocabularies import Vocabularies

# Seconds to wait for a process that is writing; then the changes are left to it.
LOCK_TIMEOUT = 30.0
_POLL = 0.05
_log = logs.Log(__name__)


@contextmanager
def open_writers(
    service: SearchService, generations: Mapping[Audience, Generation], *, loading: bool = False
) -> Iterator[Mapping[Audience, Writer]]:
    """A writer for each generation; all are closed at the end."""
    with ExitStack() as stack:
        writers = {
            audience: stack.enter_context(service.engine.writer(one.name, loading=loading))
            for audience, one in generations.items()
        }
        # A generation that is being loaded has no vocabulary yet.
        yield (
            writers
            if loading
            else {
                audience: _VocabularyPruner(
                    writer,
                    generations[audience].name,
                    service.store.vocabularies,
                    service.store.copies,
                    service.analyzer,
                )
                for audience, writer in writers.items()
            }
        )


@dataclass(frozen=True)
class _VocabularyPruner:
    """A writer that first removes from the state what will not be true of the articles."""

    writer: Writer
    generation: str
    vocabularies: Vocabularies
    copies: Copies
    analyzer: Analyzer

    def write(self, entries: Sequence[Record | Tombstone]) -> WriteResult:
        """Update the vocabulary and the groups of copies, then write."""
        self._leave_groups(entries)
        self.vocabularies.narrow(
            self.generation,
            {
                id_of(one): partial(vocabulary_of, one, self.analyzer)
                if isinstance(one, Record)
                else None
                for one in entries
            },
        )
        return self.writer.write(entries)

    def _leave_groups(self, entries: Sequence[Record | Tombstone]) -> None:
        """Of the articles that will change, those in a group leave it."""
        grouped = self.copies.of(self.generation)
        entries = [one for one in entries if id_of(one) in grouped]
        stored = self.writer.stamps([id_of(one) for one in entries])
        changing = {
            id_of(one)
            for one in entries
            if decide(stamp_of(one), stored.get(id_of(one))) is not Decision.UNCHANGED
        }
        if changing:
            self.copies.leave(self.generation, changing)

    def stamps(self, ids: Collection[str]) -> Mapping[str, Stamp]:
        """Delegate to the writer."""
        return self.writer.stamps(ids)

    def complete(self) -> None:
        """Delegate to the writer."""
        self.writer.complete()

    def set_manifest(self, manifest: Manifest) -> None:
        """Delegate to the writer."""
        self.writer.set_manifest(manifest)


class LiveWriters:
    """Writers of the live generations, by audience, under the lock that excludes all other writers."""

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
        updates: Callable[[], Iterable[Update]],
        progress: Callable[[int], None] = lambda _: None,
    ) -> dict[Audience, AudienceResult]:
        """Write the same updates for each audience, the public first; the result for each."""
        return {
            audience: write_for_audience(
                self._service,
                audience,
                writer,
                updates(),
                readers=self.generations[audience].serves,
                progress=progress,
            )
            for audience, writer in sorted(self.writers.items())
        }

    def finish(self) -> None:
        """Write changes left by other processes or a killed run, and articles that are hidden no more."""
        ledger = self._service.store.ledger
        self._restore_unhidden()
        while numbers := ledger.pending():
            self.apply(numbers)
            _log.info("changes-finished", changes=len(numbers))

    def apply(
        self, numbers: Sequence[int], progress: Callable[[int], None] = lambda _: None
    ) -> tuple[dict[Audience, AudienceResult], dict[str, str]]:
        """Write changes of the ledger; the result for each audience.

        Also, by id, why articles are not in the index as they were sent; the ledger remembers it.
        """
        ledger = self._service.store.ledger
        results = self.write(lambda: map(update_of, ledger.read(numbers)), progress)
        faults = rejection_reasons(results)
        by_number: dict[int, str] = {}
        for change in ledger.read(numbers):
            update = update_of(change)
            if isinstance(update, Article) and change.article_id not in faults:
                reason = missing_index(update, self.generations.values())
                faults |= {change.article_id: reason} if reason else {}
            if reason := faults.get(change.article_id, ""):
                by_number[change.sequence] = reason
        ledger.mark_applied(numbers, by_number)
        return results, faults

    def _restore_unhidden(self) -> None:
        """Append to the ledger the articles that are hidden no more, unless a later version is known."""
        store = self._service.store
        unhidden = _unhidden(self._service)
        later = {key: change.version for key, change in store.ledger.of(list(unhidden)).items()}
        for writer in self.writers.values():
            for key, stamp in writer.stamps(unhidden).items():
                later[key] = max(stamp.version, later.get(key, 0))
        articles = {key: unpack(packed) for key, packed in unhidden.items()}
        store.ledger.append(
            [
                Change(article_id=key, version=version_of(article), article=unhidden[key])
                for key, article in articles.items()
                if key not in later or later[key] < version_of(article)
            ]
        )
        store.hidden_articles.drop(unhidden)


def _unhidden(service: SearchService) -> dict[str, bytes]:
    """The packed articles that were set aside as hidden and are hidden no more, by id."""
    set_aside = service.store.hidden_articles.articles()
    hidden = service.store.hidden.ids() if set_aside else frozenset()
    return {key: packed for key, packed in set_aside.items() if key not in hidden}


@contextmanager
def open_live_writers(service: SearchService, *, timeout: float) -> Iterator[LiveWriters]:
    """Lock the live generations and open a writer for each.

    Raises ``NoIndex`` if nothing serves, ``FingerprintMismatch`` if the settings do not fit the index,
    ``StateLost`` if the state does not belong to it, ``WriterBusy`` if another process writes for longer
    than ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    with ExitStack() as stack:
        service.reader(Audience.PUBLIC)
        stack.enter_context(service.store.ledger.live(patience=timeout))
        serving = {one.audience: one for one in service.engine.generations() if one.serves}
        for one in serving.values():
            service.check_manifest(one.manifest, model=True)
        yield LiveWriters(service, serving, _opened(service, serving, stack, deadline))


def _opened(
    service: SearchService,
    serving: Mapping[Audience, Generation],
    stack: ExitStack,
    deadline: float,
) -> Mapping[Audience, Writer]:
    """The writers; waits while a reader repairs what a killed writer left."""
    while True:
        try:
            return stack.enter_context(open_writers(service, serving))
        except WriterBusy:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_POLL)


def finish(service: SearchService, *, timeout: float = 0.0) -> None:
    """Write pending changes of the ledger, and articles that are hidden no more.

    If another process writes for longer than ``timeout`` seconds, it does this instead: every user of
    :func:`open_live_writers` calls this function afterwards.
    """
    with suppress(WriterBusy):
        while service.store.ledger.pending() or _unhidden(service):
            with open_live_writers(service, timeout=timeout) as serving:
                serving.finish()


def append_and_write(
    service: SearchService,
    append: Callable[[], None],
    write: Callable[[LiveWriters], None],
) -> bool:
    """Append changes to the ledger and write them; False if another process will write them.

    If another process writes for too long, the changes are appended nevertheless; that process writes them
    when it ends or, if it is killed, the next one does.
    """
    appended = False
    try:
        with open_live_writers(service, timeout=LOCK_TIMEOUT) as serving:
            serving.finish()
            append()
            appended = True
            write(serving)
    except WriterBusy:
        if not appended:
            append()
        finish(service)
        return False
    finish(service)
    return True


def update_of(change: Change) -> Update:
    """The article of a change, or the tombstone of a deletion."""
    if change.article is None:
        return Tombstone(id=change.article_id, version=change.version)
    return replace(unpack(change.article), version=change.version)


def replay(
    service: SearchService,
    writers: Mapping[Audience, Writer],
    after: int,
    readers: Mapping[Audience, Sequence[Audience]],
) -> int:
    """Write all changes of the ledger after a log position; return the last position.

    ``readers``: for each index, by its audience, the audiences that will read it.
    """
    ledger = service.store.ledger
    while numbers := ledger.since(after):
        for audience, writer in sorted(writers.items()):
            updates = map(update_of, ledger.read(numbers))
            write_for_audience(
                service, audience, writer, updates, readers=readers.get(audience, ())
            )
        _log.info("changes-replayed", changes=len(numbers))
        after = numbers[-1]
    return after
