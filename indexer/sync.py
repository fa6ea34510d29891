"""A source -> the live index: what differs is written, and what the source lost is deleted.

Entry points: :func:`synchronise`, :class:`Intent`.

The source is compared with the index itself: a view has a digest of all that it says, so no change of text,
metadata or permission is missed, whatever its version says, and whatever is not in the index is written
again. The digests of records that were read before are remembered, so that they need not be cleaned to be
compared (ADR 0034). Nothing is written before the source was read to its end. Then the changes go into the
ledger, with the origin of each article in the same transaction; a process that is killed leaves them to the
next one.

The source is right about the moment when it was read: a later version in the index does not keep an older
text alive, but a change that was entered since stays (:meth:`.Ledger.append`).
"""

import enum
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from indexer.build.article_digest import digest_of
from indexer.build.fault_log import FaultLog
from indexer.build.ingest import (
    ArticleBuffer,
    Progress,
    batches,
    no_progress,
    read_records,
)
from indexer.build.live_writers import (
    LOCK_TIMEOUT,
    LiveWriters,
    append_and_write,
    finish,
    update_of,
)
from indexer.build.missing_index import contains
from indexer.build.recognition import Read, Recogniser
from indexer.build.write import add_results, rejection_reasons
from indexer.sources.files import Fault, record_id
from indexer.sources.seen import SeenIds
from indexer.sync_report import Difference, SyncReport, new_source, of_another, refusal
from indexer.updates import recalibrate_doubled
from search_service import logs
from search_service.engines import Scope
from search_service.engines.ordering import Stamp
from search_service.errors import BadInput, FingerprintMismatch
from search_service.intake.cleaning import Cleaning
from search_service.intake.packing import pack
from search_service.model import FIRST_LEDGER_VERSION, Article, Audience, Generation
from search_service.service import SearchService
from search_service.state.ledger import Change

_log = logs.Log(__name__)
Stamps = Mapping[str, Mapping[str, Stamp]]  # by generation, by id


class Intent(enum.Flag):
    """What a run may do: by default not too much at once.

    ``CONFIRMED``: whatever it finds. ``DRY_RUN``: only say what differs. ``ADOPT``: articles of no source
    count as those of this one, so that they are deleted if it does not contain them.
    """

    CAREFUL = 0
    CONFIRMED = enum.auto()
    DRY_RUN = enum.auto()
    ADOPT = enum.auto()


def synchronise(  # noqa: PLR0913  (most are options of the command)
    service: SearchService,
    name: str,
    sources: Sequence[Path],
    *,
    cleaning: Cleaning,
    audience: Audience | None = Audience.PUBLIC,
    mapping: Mapping[str, str] | None = None,
    intent: Intent = Intent.CAREFUL,
    progress: Progress = no_progress,
    fault_folder: Path | None = None,
) -> SyncReport:
    """Make the articles of the source ``name`` in the live index those that ``sources`` contain.

    ``audience``, ``mapping``: as for :func:`.read_source`. Raises, with the index as it was: ``NoIndex``;
    ``BadInput`` if more than :data:`.MOST` of the source's articles would vanish or become public, or if it
    contains none, unless that is confirmed, and if it is new and contains articles of another source;
    ``WriterBusy`` if another process synchronises.
    """
    started = time.monotonic()
    confirm, dry_run = Intent.CONFIRMED in intent, Intent.DRY_RUN in intent
    report, store = SyncReport(faults=FaultLog(fault_folder)), service.store
    service.reader(Audience.PUBLIC)  # raises if there is no index
    for one in service.engine.generations():
        if one.serves:
            service.check_manifest(one.manifest, model=True)
    with (
        store.ledger.synchronising(),
        tempfile.TemporaryFile() as changed_file,
        SeenIds() as seen,
        SeenIds() as ghosts,
    ):
        if not dry_run:
            finish(service, timeout=LOCK_TIMEOUT)
        buffer = ArticleBuffer(changed_file)
        recogniser = Recogniser(cleaning, report, seen)
        run = _Run(service, name, report, buffer, recogniser, progress, dry_run=dry_run)
        run.compare(sources, audience, seen, mapping)
        run.find_ghosts(seen, ghosts, store.sources.articles(name))
        if Intent.ADOPT in intent:
            run.find_ghosts(seen, ghosts, run.of_no_source())
        if report.unnamed and not confirm:
            report.kept_ghosts = report.ghosts.count
            report.ghosts = Difference()
            ghosts.clear()
        report.refusal = "" if confirm else refusal(report, name)
        if report.refusal and not dry_run:
            raise BadInput(report.refusal)
        if not dry_run:
            if buffer.count or ghosts:
                run.write(ghosts)
            store.sources.finish(name)
    report.faults.flush()
    report.seconds = time.monotonic() - started
    counts = {
        "read": report.articles,
        "missing": report.missing.count,
        "differing": report.differing.count,
        "ghosts": report.ghosts.count,
    }
    _log.info("synchronised", source=logs.quoted(name), dry_run=dry_run, **counts)
    return report


class _Run:
    """One run: the comparison, and the writing of what it has found."""

    def __init__(
        self,
        service: SearchService,
        name: str,
        report: SyncReport,
        buffer: ArticleBuffer,
        recogniser: Recogniser,
        progress: Progress,
        *,
        dry_run: bool,
    ) -> None:
        self._service = service
        self._recogniser = recogniser
        self._name = name
        self._report = report
        self._buffer = buffer
        self._progress = progress
        self._dry_run = dry_run
        self._generations = [one for one in service.engine.generations() if _usable(service, one)]
        self._serving = [one for one in self._generations if one.serves]
        self._reads = {who: one.name for one in self._serving for who in one.serves}
        ledger = service.store.ledger
        self._start = ledger.head() if dry_run else ledger.next()

    def compare(
        self,
        sources: Sequence[Path],
        audience: Audience | None,
        seen: SeenIds,
        mapping: Mapping[str, str] | None,
    ) -> None:
        """Read the sources to their end; buffer the articles that differ, and count."""
        report, known = self._report, self._service.store.sources
        named = any(one.name == self._name for one in known.all())
        others: dict[str, int] = {}
        count = 0
        for batch in batches(read_records(sources, report, audience, seen=seen, mapping=mapping)):
            ids = [record_id(one) for one in batch]
            owners = {**known.of(ids)}
            read = [
                one
                for id, record in zip(ids, batch, strict=True)
                if (one := self._recogniser.read(record, owners.get(id)))
            ]
            # An id may be written otherwise in the record, with blanks for example.
            owners |= known.of([one.id for one in read if one.id not in owners])
            foreign = {one.id: owners[one.id].source for one in read if one.id in owners}
            foreign = {id: who for id, who in foreign.items() if who != self._name}
            for id, who in foreign.items():
                others[who] = others.get(who, 0) + 1
                report.articles -= 1
                report.faults.append(Fault(f"id={id}", of_another(who), id=id))
            same = self._sift([one for one in read if one.id not in foreign])
            if not self._dry_run:
                new = {one.id: one.digests for one in same if one.article or one.id not in owners}
                known.claim(self._name, new)
            count += len(batch)
            self._progress("read", count, 0)
        if others and not named:
            raise BadInput(new_source(self._name, others))

    def _sift(self, batch: Sequence[Read]) -> list[Read]:
        """Buffer the articles of a batch that differ; return the others."""
        stamps = self._stamps([one.id for one in batch])
        same: list[Read] = []
        for one in batch:
            lacking = self._lacking(one, stamps)
            if not any(generation.serves for generation in lacking):
                same.append(one)
                if not self._replays(one, lacking):
                    self._buffer.append(self._recogniser.article(one))
            else:
                self._count(one, stamps)
                self._buffer.append(self._recogniser.article(one))
        self._report.known += sum(self._is_live(one.id, stamps) for one in batch)
        if not self._dry_run:
            self._set_views(same)
        self._report.unchanged += len(same)
        return same

    def _lacking(self, read: Read, stamps: Stamps) -> list[Generation]:
        """The generations that do not contain the article as it is."""
        return [
            one
            for one in self._generations
            if not contains(one, read.compared, stamps[one.name].get(read.id))
        ]

    def _replays(self, read: Read, lacking: Sequence[Generation]) -> bool:
        """Whether a rollback will write the article to these generations; a build may have begun since."""
        if not lacking:
            return True
        change = self._service.store.ledger.of([read.id]).get(read.id)
        if change is None or not all(one.is_rollback_target for one in lacking):
            return False
        update = update_of(change)
        if not isinstance(update, Article):
            return False
        entered = digest_of(update)
        return all(entered.of(who) == read.compared.of(who) for who in Audience)

    def _stamps(self, ids: Sequence[str]) -> Stamps:
        return {one.name: self._service.engine.stamps(one.name, ids) for one in self._generations}

    def _is_live(self, id: str, stamps: Stamps) -> bool:
        """Whether somebody reads the article now."""
        return any(_is_article(stamps[one.name].get(id)) for one in self._serving)

    def _count(self, read: Read, stamps: Stamps) -> None:
        report = self._report
        if not self._is_live(read.id, stamps):
            report.missing.add(read.id)
            return
        report.differing.add(read.id)
        public = stamps[self._reads[Audience.PUBLIC]].get(read.id)
        member = stamps[self._reads[Audience.MEMBER]].get(read.id)
        was_public = (
            public is not None
            and member is not None
            and public.digest is not None
            and public.digest == member.digest
        )
        now = read.compared
        if not was_public and now.audience is Audience.PUBLIC and not now.divided:
            report.published.add(read.id)

    def _set_views(self, articles: Sequence[Read]) -> None:
        """Set the view counters that have changed."""
        counted = [(one, one.views) for one in articles if one.views is not None]
        store = self._service.store.views
        for generation in self._serving:
            counts = {
                one.id: views for one, views in counted if one.audience <= generation.audience
            }
            for who in generation.serves if counts else ():
                now = store.of(who, list(counts))
                store.set(who, {id: n for id, n in counts.items() if n != now.get(id)})

    def of_no_source(self) -> Iterator[str]:
        """The ids of the articles of the live indexes that came from no source."""
        for one in self._serving:
            reader = self._service.engine.reader(Scope(one.audience), generation=one.name)
            for batch in batches(stored.view.id for stored in reader.scan()):
                owners = self._service.store.sources.of(batch)
                yield from (id for id in batch if id not in owners)

    def find_ghosts(self, seen: SeenIds, ghosts: SeenIds, known: Iterable[str]) -> None:
        """Find those of the known articles that the source does not contain."""
        store, report = self._service.store, self._report
        for ids in batches(known):
            gone = seen.missing(ids)
            stamps = self._stamps(gone)
            entered = {id for id, one in store.ledger.of(gone).items() if one.article is not None}
            forgotten = []
            for id in ghosts.missing(gone):  # one may be in the index of two audiences
                live = self._is_live(id, stamps)
                if live:
                    report.known += 1
                    report.ghosts.add(id)
                if (
                    live
                    or id in entered
                    or any(_is_article(one.get(id)) for one in stamps.values())
                ):
                    ghosts.add(id, "")
                else:
                    forgotten.append(id)
            if not self._dry_run:
                store.sources.release(forgotten)

    def write(self, ghosts: Iterable[str]) -> None:
        """Enter the changes in the ledger, the deletions first, and write them to the live index."""
        service, report = self._service, self._report
        ledger = service.store.ledger
        numbers: list[int] = []

        def enter(changes: Sequence[Change]) -> None:
            entered = ledger.append(changes, read_at=self._start, source=self._name)
            numbers.extend(one.sequence for one in entered if one.kept)
            report.overtaken += sum(not one.kept for one in entered)

        def append() -> None:
            for ids in batches(ghosts):
                orders = self._orders(ids)
                enter([self._deletion(id, orders.get(id, 0)) for id in ids])
            for batch in batches(self._buffer):
                orders = self._orders([one.id for one in batch])
                enter([self._change(one, orders.get(one.id, 0)) for one in batch])

        def write(serving: LiveWriters) -> None:
            written = 0

            def more(count: int) -> None:
                nonlocal written
                written += count
                self._progress("index", written, len(numbers) * len(serving.writers))

            results, faults = serving.apply(numbers, more)
            add_results(report, results)
            for id in faults.keys() - rejection_reasons(results).keys():
                report.faults.append(Fault(f"id={id}", faults[id], id=id))
            recalibrate_doubled(service, serving)

        if not append_and_write(service, append, write):
            report.queued = len(numbers)

    def _orders(self, ids: Sequence[str]) -> dict[str, int]:
        """The order that each article had when the source was read; see :mod:`.ordering`."""
        orders: dict[str, int] = {}
        for found in self._stamps(ids).values():
            for id, stamp in found.items():
                orders[id] = max(stamp.order, orders.get(id, 0))
        for id, change in self._service.store.ledger.of(ids).items():
            if change.sequence > self._start:  # then the ledger decides
                orders.pop(id, None)
            else:
                orders[id] = max(change.order, orders.get(id, 0))
        return orders

    def _change(self, article: Article, order: int) -> Change:
        """A change that wins over the stored order, a deletion too: the source contains the article."""
        version = FIRST_LEDGER_VERSION + self._start if article.version is None else article.version
        version = max(version, (order + 1) // 2)
        return Change(article_id=article.id, version=version, article=pack(article))

    def _deletion(self, id: str, order: int) -> Change:
        version = order // 2
        if version >= FIRST_LEDGER_VERSION:
            version = max(version, FIRST_LEDGER_VERSION + self._start)
        return Change(article_id=id, version=version, article=None)


def _usable(service: SearchService, generation: Generation) -> bool:
    """Whether a generation can be compared; one kept for a rollback may be of other settings."""
    try:
        service.check_manifest(generation.manifest, model=True)
    except FingerprintMismatch:
        if generation.serves:
            raise
        return False
    return True


def _is_article(stamp: Stamp | None) -> bool:
    return stamp is not None and stamp.digest is not None
