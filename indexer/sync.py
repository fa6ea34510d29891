"""A source -> the live index: what differs is written, and what the source lost is deleted.

Entry points: :func:`synchronise`, :class:`Intent`.

The source is compared with the index itself: a view has a digest of all that it says, so no change of text,
metadata or permission is missed, whatever its version says, and whatever is not in the index is written
again. Nothing is written before the source was read to its end. Then the changes go into the ledger, with
the origin of each article in the same transaction; a process that is killed leaves them to the next one.

The source is right about the moment when it was read: a later version in the index does not keep an older
text alive, but a change that was entered since stays (:meth:`.Ledger.append`).
"""

import enum
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from indexer.build.fault_log import FaultLog
from indexer.build.ingest import ArticleBuffer, Progress, batches, no_progress, read
from indexer.build.live_writers import (
    LOCK_TIMEOUT,
    LiveWriters,
    append_and_write,
    finish,
    update_of,
)
from indexer.build.missing_index import contains
from indexer.build.views import source_view
from indexer.build.write import add_results, rejection_reasons, set_views
from indexer.sources.files import Fault
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
        run = _Run(service, name, report, buffer, progress, dry_run=dry_run)
        run.compare(sources, cleaning, audience, seen, mapping)
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
        progress: Progress,
        *,
        dry_run: bool,
    ) -> None:
        self._service = service
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
        cleaning: Cleaning,
        audience: Audience | None,
        seen: SeenIds,
        mapping: Mapping[str, str] | None,
    ) -> None:
        """Read the sources to their end; buffer the articles that differ, and count."""
        report = self._report
        named = any(one.name == self._name for one in self._service.store.sources.all())
        others: dict[str, int] = {}
        count = 0
        for batch in batches(read(sources, cleaning, report, audience, seen=seen, mapping=mapping)):
            owners = self._service.store.sources.of([one.id for one in batch])
            foreign = {id: who for id, who in owners.items() if who != self._name}
            for id, who in foreign.items():
                others[who] = others.get(who, 0) + 1
                report.articles -= 1
                report.faults.append(Fault(f"id={id}", of_another(who), id=id))
            mine = [one for one in batch if one.id not in foreign]
            unowned = [one.id for one in self._sift(mine) if one.id not in owners]
            if not self._dry_run:
                self._service.store.sources.claim(self._name, unowned)
            count += len(batch)
            self._progress("read", count, 0)
        if others and not named:
            raise BadInput(new_source(self._name, others))

    def _sift(self, batch: Sequence[Article]) -> list[Article]:
        """Buffer the articles of a batch that differ; return the others."""
        stamps = self._stamps([one.id for one in batch])
        same: list[Article] = []
        for article in batch:
            lacking = self._lacking(article, stamps)
            if not any(one.serves for one in lacking):
                same.append(article)
                if not self._replays(article, lacking):
                    self._buffer.append(article)
            else:
                self._count(article, stamps)
                self._buffer.append(article)
        self._report.known += sum(self._is_live(one.id, stamps) for one in batch)
        if not self._dry_run:
            self._set_views(same)
        self._report.unchanged += len(same)
        return same

    def _lacking(self, article: Article, stamps: Stamps) -> list[Generation]:
        """The generations that do not contain the article as it is."""
        return [
            one
            for one in self._generations
            if not contains(one, article, stamps[one.name].get(article.id))
        ]

    def _replays(self, article: Article, lacking: Sequence[Generation]) -> bool:
        """Whether a rollback will write the article to these generations; a build may have begun since."""
        if not lacking:
            return True
        change = self._service.store.ledger.of([article.id]).get(article.id)
        if change is None or not all(one.is_rollback_target for one in lacking):
            return False
        update = update_of(change)
        return isinstance(update, Article) and all(
            _digest(update, who) == _digest(article, who) for who in Audience
        )

    def _stamps(self, ids: Sequence[str]) -> Stamps:
        return {one.name: self._service.engine.stamps(one.name, ids) for one in self._generations}

    def _is_live(self, id: str, stamps: Stamps) -> bool:
        """Whether somebody reads the article now."""
        return any(_is_article(stamps[one.name].get(id)) for one in self._serving)

    def _count(self, article: Article, stamps: Stamps) -> None:
        report = self._report
        if not self._is_live(article.id, stamps):
            report.missing.add(article.id)
            return
        report.differing.add(article.id)
        public = stamps[self._reads[Audience.PUBLIC]].get(article.id)
        member = stamps[self._reads[Audience.MEMBER]].get(article.id)
        was_public = (
            public is not None
            and member is not None
            and public.digest is not None
            and public.digest == member.digest
        )
        if not was_public and _is_public(article):
            report.published.add(article.id)

    def _set_views(self, articles: Sequence[Article]) -> None:
        """Set the view counters that have changed."""
        for generation in self._serving:
            readable = [one for one in articles if one.audience <= generation.audience]
            for who in generation.serves:
                ids = [one.id for one in readable if one.views is not None]
                now = self._service.store.views.of(who, ids) if ids else {}
                moved = [one for one in readable if one.views != now.get(one.id)]
                set_views(self._service, [who], moved)

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


def _is_public(article: Article) -> bool:
    """Whether guests may read all of it."""
    return article.audience is Audience.PUBLIC and article.preview in (None, article.body)


def _digest(article: Article, audience: Audience) -> str | None:
    view = source_view(article, audience)
    return None if view is None else view.digest
