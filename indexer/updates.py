"""Changes -> the index that serves. Entry points: :func:`add`, :func:`delete`.

How they are written, and what happens to them where they cannot be, is in :mod:`indexer.build.live_writers`.
"""

import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from analyzers.messages import say
from indexer.build.calibration import calibrate
from indexer.build.entries import latest_number, numbered, version_of
from indexer.build.fault_file import Faults
from indexer.build.live_writers import Live, carried_out, entry_of
from indexer.build.spool import Progress, Report, Spool, batches, read, silent
from indexer.build.views import given_to
from indexer.build.write import Pass, faults_of, report_passes, stale_of
from indexer.sources.files import Fault
from search_service import relevance
from search_service.engines import Scope
from search_service.engines.ordering import Standing
from search_service.intake.cleaning import Cleaning
from search_service.intake.packing import pack, unpack
from search_service.model import (
    FIRST_LEDGER_VERSION,
    Article,
    Audience,
    Generation,
)
from search_service.service import SearchService
from search_service.state.ledger import Change


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
            service.check_manifest(generation.manifest, model=True)
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
                numbers.extend(change.sequence for change in ledger.append(changes))

        def write(serving: Live) -> None:
            looked_at = 0
            total = spool.count * len(serving.writers)

            def more(count: int) -> None:
                nonlocal looked_at
                looked_at += count
                progress("index", looked_at, total)

            passes = serving.write(entries, more)
            ledger.mark_applied(numbers)
            report_passes(report, passes)
            _report_missing_index(spool, serving.generations, report, faults_of(passes))
            _calibrate_what_doubled(service, serving)
            report.generations = tuple(serving.generations.values())

        if spool.count and not carried_out(service, enter, write):
            serving = {one.audience: one for one in service.engine.generations() if one.serves}
            stale = _report_stale(service, entries(), serving, report)
            _report_missing_index(spool, serving, report, stale)
            report.entered, report.articles = report.articles, 0
    report.faults.flush()
    report.seconds = time.monotonic() - started
    return report


def _report_stale(
    service: SearchService,
    articles: Iterable[Article],
    generations: Mapping[Audience, Generation],
    report: Report,
) -> set[str]:
    """Report what was entered for another process to write and cannot be; the ids.

    That one has nobody to tell.
    """
    found: set[str] = set()
    for batch in batches(articles):
        ids = [one.id for one in batch]
        passes = {
            audience: Pass(stale=_stale(batch, audience, service.engine.standing(one.name, ids)))
            for audience, one in generations.items()
        }
        for id, reason in faults_of(passes).items():
            report.faults.append(Fault(f"id={id}", reason, id=id))
            found.add(id)
    report.articles -= len(found)
    return found


def _stale(
    articles: Iterable[Article], audience: Audience, standing: Mapping[str, Standing]
) -> dict[str, str]:
    reasons = {one.id: stale_of(one, audience, standing.get(one.id)) for one in articles}
    return {id: reason for id, reason in reasons.items() if reason}


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
            scope = Scope(audience, service.store.hidden.ids())
            reader = service.engine.reader(scope, generation=generation.name)
            titles = [stored.view.title for stored in reader.scan()]
            step = max(1, len(titles) // relevance.FLOOR_TITLES)
            calibrate(service, generation, serving.writers[audience], titles[::step])


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
        number = FIRST_LEDGER_VERSION + ledger.next(above=newest - FIRST_LEDGER_VERSION)
        changes.extend(
            Change(article_id=key, version=n if n < FIRST_LEDGER_VERSION else number, article=None)
            for key, n in versions.items()
        )
        numbers.extend(change.sequence for change in ledger.append(changes))
        service.store.hidden_articles.drop(versions)

    def write(serving: Live) -> None:
        serving.write(lambda: map(entry_of, changes))
        ledger.mark_applied(numbers)

    done = carried_out(service, enter, write)
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
    shelved = service.store.hidden_articles.articles()
    for key in set(ids) & set(shelved):
        versions[key] = max(version_of(unpack(shelved[key])), versions.get(key, 0))
    return {key: versions[key] for key in dict.fromkeys(ids) if key in versions}
