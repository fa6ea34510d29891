"""The writing of what serves: one process at a time, whole whatever is killed. Entry points: :func:`live`,
:func:`carried_out`, :func:`finish`, :func:`replay`.

A change is entered into the ledger before anything is written. One process at a time writes what serves,
and no other is needed: a rebuild writes beside it, and takes over what was entered meanwhile. Who cannot
write now leaves its changes in the ledger, and who writes finishes them. Killed anywhere, the next run
finishes what was entered.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from indexer.build.entries import version_of
from indexer.build.vocabulary import held_by
from indexer.build.write import Entry, Pass, write_pass
from search_service.engines import Writer
from search_service.engines.ordering import Standing
from search_service.errors import WriterBusy
from search_service.intake.packing import unpack
from search_service.model import Audience, Generation, Manifest, Record, Tombstone, WriteResult
from search_service.service import SearchService
from search_service.state.ledger import Change
from search_service.state.vocabularies import Vocabularies

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

    def write(self, entries: Sequence[Record | Tombstone]) -> WriteResult:
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
            ledger.mark_applied(numbers)

    def _bring_back(self) -> None:
        """Enter what is on the shelf and not taken down any more, where nothing later is known of it."""
        store = self._service.store
        back = _back(self._service)
        later = {key: change.version for key, change in store.ledger.of(list(back)).items()}
        for writer in self.writers.values():
            for key, stands in writer.standing(back).items():
                later[key] = max(stands.version, later.get(key, 0))
        articles = {key: unpack(packed) for key, packed in back.items()}
        store.ledger.append(
            [
                Change(article_id=key, version=version_of(article), article=back[key])
                for key, article in articles.items()
                if key not in later or later[key] < version_of(article)
            ]
        )
        store.hidden_articles.drop(back)


def _back(service: SearchService) -> dict[str, bytes]:
    """What is on the shelf and not taken down any more."""
    shelved = service.store.hidden_articles.articles()
    hidden = service.store.hidden.ids() if shelved else frozenset()
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
            service.check_manifest(one.manifest, model=True)
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


def carried_out(
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
