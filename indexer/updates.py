"""Additions and deletions -> the live index. Entry points: :func:`add`, :func:`delete`.

How they are written, and what happens if they cannot be, is in :mod:`indexer.build.live_writers`.
"""

import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from indexer.build.article_digest import ArticleDigest, digest_of
from indexer.build.calibration import calibrate
from indexer.build.entries import (
    version_of,
    with_ledger_versions,
)
from indexer.build.fault_log import FaultLog
from indexer.build.ingest import ArticleBuffer, Progress, RunReport, batches, no_progress, read
from indexer.build.live_writers import LiveWriters, append_and_write, finish, update_of
from indexer.build.missing_index import contains, missing_index
from indexer.build.vocabulary import collect
from indexer.build.write import (
    AudienceResult,
    add_results,
    rejection_reasons,
    set_views,
    stale_reason,
)
from indexer.sources.files import Fault
from search_service import relevance
from search_service.engines import Scope
from search_service.engines.ordering import Stamp, latest_ledger_number
from search_service.errors import FingerprintMismatch
from search_service.intake.cleaning import Cleaning
from search_service.intake.packing import pack, unpack
from search_service.model import (
    FIRST_LEDGER_VERSION,
    Article,
    Audience,
    Generation,
    WriteResult,
)
from search_service.service import SearchService
from search_service.state.ledger import Change


def add(
    service: SearchService,
    sources: Sequence[Path],
    *,
    cleaning: Cleaning,
    audience: Audience | None = Audience.PUBLIC,
    mapping: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
    fault_folder: Path | None = None,
) -> RunReport:
    """Add or update articles in the live index; an audience whose view is unchanged is not touched.

    An update with the same version is written if it changes the view of an audience. Reported as faults are
    updates older than the stored version, and articles with text for an audience that has no index of its
    own; these are indexed as the audiences with an index may read them. ``fault_folder``: where the
    file of faults is created. ``audience``, ``mapping``: as for :func:`.read_source`. Raises ``NoIndex`` if
    nothing serves.
    """
    started = time.monotonic()
    report = RunReport(faults=FaultLog(fault_folder))
    ledger = service.store.ledger
    service.reader(Audience.PUBLIC)  # raises if there is no index
    for generation in service.engine.generations():
        if generation.serves:
            service.check_manifest(generation.manifest, model=True)
    with tempfile.TemporaryFile() as file:
        buffer = ArticleBuffer(file)
        for article in read(sources, cleaning, report, audience, mapping=mapping):
            buffer.append(article)
            progress("read", buffer.count, 0)
        unchanged = _unchanged(service, buffer)
        report.written += WriteResult(unchanged=len(unchanged))
        changed = buffer.count - len(unchanged)
        sequence = 0
        numbers: list[int] = []

        def articles() -> Iterator[Article]:
            for batch in batches(one for one in buffer if one.id not in unchanged):
                yield from with_ledger_versions(batch, sequence)

        def append() -> None:
            nonlocal sequence
            sequence = ledger.next(above=_latest_ledger_number(service, articles()))
            for batch in batches(articles()):
                changes = [
                    Change(article_id=one.id, version=version_of(one), article=pack(one))
                    for one in batch
                ]
                numbers.extend(change.sequence for change in ledger.append(changes))

        def write(serving: LiveWriters) -> None:
            processed = 0
            total = changed * len(serving.writers)

            def more(count: int) -> None:
                nonlocal processed
                processed += count
                progress("index", processed, total)

            results = serving.write(articles, more)
            ledger.mark_applied(numbers)
            add_results(report, results)
            _report_missing_index(
                articles(), serving.generations, report, rejection_reasons(results)
            )
            recalibrate_doubled(service, serving)
            report.generations = tuple(serving.generations.values())

        if changed == 0:
            finish(service)
            report.generations = tuple(_serving(service).values())
        elif not append_and_write(service, append, write):
            serving = _serving(service)
            stale = _report_stale(service, articles(), serving, report)
            _report_missing_index(articles(), serving, report, stale)
            report.queued = report.articles - len(unchanged)
            report.articles = len(unchanged)
    report.faults.flush()
    report.seconds = time.monotonic() - started
    return report


def _serving(service: SearchService) -> dict[Audience, Generation]:
    return {one.audience: one for one in service.engine.generations() if one.serves}


def _unchanged(service: SearchService, articles: Iterable[Article]) -> set[str]:
    """The ids of articles that every generation contains as they are; sets their view counters.

    Writing them would change nothing, and neither would replaying them later. A generation that is being
    built, from a source that may be older, does not contain them, or contains them as they are.
    """
    ledger = service.store.ledger
    # First: what another process appends from here on comes after this call.
    pending = {change.article_id for change in ledger.read(ledger.pending())}
    generations = service.engine.generations()
    try:
        for generation in generations:
            service.check_manifest(generation.manifest, model=True)
    except FingerprintMismatch:  # the one kept for rollback: its articles cannot be compared
        return set()
    unchanged: set[str] = set()
    for batch in batches(articles):
        ids = [one.id for one in batch]
        stamps = {one.name: service.engine.stamps(one.name, ids) for one in generations}
        same = [
            article
            for article, digest in zip(batch, map(digest_of, batch), strict=True)
            if article.id not in pending
            and all(
                _is_unchanged(digest, one, stamps[one.name].get(article.id)) for one in generations
            )
        ]
        unchanged.update(article.id for article in same)
        for generation in generations:
            seen = [article for article in same if article.audience <= generation.audience]
            set_views(service, generation.serves, seen)
    return unchanged


def _is_unchanged(article: ArticleDigest, generation: Generation, stored: Stamp | None) -> bool:
    """Whether writing the article would change neither what the generation stores nor its order."""
    if stored is None or not contains(generation, article, stored):
        return False
    # Without a version it gets a number of the ledger; later changes have greater ones.
    return article.version is not None or stored.version >= FIRST_LEDGER_VERSION


def _report_stale(
    service: SearchService,
    articles: Iterable[Article],
    generations: Mapping[Audience, Generation],
    report: RunReport,
) -> set[str]:
    """Report queued articles that cannot be written; return their ids.

    The process that writes them cannot report to this user.
    """
    stale: set[str] = set()
    for batch in batches(articles):
        ids = [one.id for one in batch]
        results = {
            audience: AudienceResult(
                stale=_stale(batch, audience, service.engine.stamps(one.name, ids))
            )
            for audience, one in generations.items()
        }
        for id, reason in rejection_reasons(results).items():
            report.faults.append(Fault(f"id={id}", reason, id=id))
            stale.add(id)
    report.articles -= len(stale)
    return stale


def _stale(
    articles: Iterable[Article], audience: Audience, stamps: Mapping[str, Stamp]
) -> dict[str, str]:
    reasons = {one.id: stale_reason(one, audience, stamps.get(one.id)) for one in articles}
    return {id: reason for id, reason in reasons.items() if reason}


def _latest_ledger_number(service: SearchService, articles: Iterable[Article]) -> int:
    """The greatest ledger number among the stored versions of these articles; see ``Ledger.next``."""
    highest = max(
        (one for one in service.engine.generations() if one.serves), key=lambda one: one.audience
    )
    return max(
        latest_ledger_number(service.engine.stamps(highest.name, [one.id for one in batch]))
        for batch in batches(articles)
    )


def recalibrate_doubled(service: SearchService, serving: LiveWriters) -> None:
    """Recalibrate an index that has doubled: the thresholds depend on the corpus."""
    for audience, generation in serving.generations.items():
        if service.engine.count(generation.name) > 2 * generation.manifest.articles:
            scope = Scope(audience, service.store.hidden.ids())
            reader = service.engine.reader(scope, generation=generation.name)
            titles = [stored.view.title for stored in reader.scan()]
            step = max(1, len(titles) // relevance.FLOOR_TITLES)
            inventory = collect(
                service.engine.reader(Scope(audience), generation=generation.name),
                service.analyzer,
            )
            calibrate(service, generation, serving.writers[audience], titles[::step], inventory)


def _report_missing_index(
    articles: Iterable[Article],
    generations: Mapping[Audience, Generation],
    report: RunReport,
    faults: Collection[str],
) -> None:
    """Report articles of which audiences that share an index may read different texts.

    ``faults``: ids that are reported already.
    """
    for article in articles:
        if article.id not in faults and (reason := missing_index(article, generations.values())):
            report.faults.append(Fault(f"id={article.id}", reason, id=article.id))
            report.articles -= 1


class Deleted(NamedTuple):
    """The ids that were deleted, those that are unknown, and those that another process will delete."""

    done: list[str]
    unknown: list[str]
    queued: list[str]


def delete(service: SearchService, ids: Sequence[str]) -> Deleted:
    """Delete articles from every live index, and articles that are only in the ledger.

    Tombstones stay, so that a stale update does not restore an article: at the stored version the deletion
    wins, a newer version restores it. Raises ``NoIndex`` if nothing serves.
    """
    ledger = service.store.ledger
    service.reader(Audience.PUBLIC)  # raises if there is no index
    changes: list[Change] = []
    numbers: list[int] = []

    def append() -> None:
        versions = _versions(service, ids)
        newest = max(versions.values(), default=0)
        number = FIRST_LEDGER_VERSION + ledger.next(above=newest - FIRST_LEDGER_VERSION)
        changes.extend(
            Change(article_id=key, version=n if n < FIRST_LEDGER_VERSION else number, article=None)
            for key, n in versions.items()
        )
        numbers.extend(change.sequence for change in ledger.append(changes))
        service.store.hidden_articles.drop(versions)

    def write(serving: LiveWriters) -> None:
        serving.write(lambda: map(update_of, changes))
        ledger.mark_applied(numbers)

    done = append_and_write(service, append, write)
    deleted = [change.article_id for change in changes]
    unknown = [key for key in dict.fromkeys(ids) if key not in deleted]
    return Deleted(deleted, unknown, []) if done else Deleted([], unknown, deleted)


def _versions(service: SearchService, ids: Sequence[str]) -> dict[str, int]:
    """The newest version of each article in the index, in the ledger or hidden; without deleted ones."""
    pending = service.store.ledger.of(ids)
    versions = {key: one.version for key, one in pending.items() if one.article is not None}
    for generation in service.engine.generations():
        if generation.serves:
            for key, stamp in service.engine.stamps(generation.name, ids).items():
                if stamp.digest is not None:
                    versions[key] = max(stamp.version, versions.get(key, 0))
    set_aside = service.store.hidden_articles.articles()
    for key in set(ids) & set(set_aside):
        versions[key] = max(version_of(unpack(set_aside[key])), versions.get(key, 0))
    return {key: versions[key] for key in dict.fromkeys(ids) if key in versions}
