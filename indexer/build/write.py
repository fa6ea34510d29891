"""Articles and deletes -> the index of one audience.

Entry points: :func:`write_for_audience`, :func:`rejection_reasons`.

The index of an audience is a function of only what it may read: updates are written for each audience
separately, in batches of its own articles and deletions. Tombstones of articles that were never in its index
are written outside these batches, and change nothing that is read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzers.messages import say
from indexer.build import ingest
from indexer.build.entries import Prepared, entries_of, is_stored, version_of, write
from indexer.build.ingest import RunReport, batches
from indexer.build.views import source_view
from indexer.build.vocabulary import Collector
from search_service.engines import Writer
from search_service.engines.ordering import Decision, Stamp, decide
from search_service.intake.record import Fault
from search_service.metrics import stage
from search_service.model import (
    FIRST_LEDGER_VERSION,
    Article,
    Audience,
    Record,
    Tombstone,
    WriteResult,
)
from search_service.service import SearchService

Update = Article | Tombstone


@dataclass
class AudienceResult:
    """What became of updates for an audience; ``visible`` are the ids of the articles it may read.

    ``refused``: by id, why an article is not in the index; ``stale``: by id, why an update was too old.
    """

    visible: set[str] = field(default_factory=set)
    written: WriteResult = field(default_factory=WriteResult)
    refused: dict[str, str] = field(default_factory=dict)
    stale: dict[str, str] = field(default_factory=dict)
    characters: int = 0
    passages: int = 0


def write_for_audience(
    service: SearchService,
    audience: Audience,
    writer: Writer,
    updates: Iterable[Update],
    *,
    readers: Sequence[Audience] = (),
    resume: bool = False,
    collector: Collector | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> AudienceResult:
    """Write versioned articles and deletions, no id twice, into the index of an audience.

    ``readers``: the audiences that will read this index; they get the view counters of the articles.
    ``resume``: skip articles whose stored view is the same. ``collector`` gets the records written.
    ``progress`` gets the number of updates written, after each batch.
    """
    result = AudienceResult()
    steps = _steps(audience, writer, updates, result, resume=resume)

    def write_step(step: _Step, prepared: Prepared) -> int:
        if step.batch:
            for record in _write(service, writer, step.batch, prepared, readers, result):
                if collector is not None:
                    collector.add(record)
        return step.processed

    # A batch is written while the next one is analysed; nothing else uses the writer meanwhile.
    with ThreadPoolExecutor(1) as thread:
        writing: Future[int] | None = None
        step = next(steps, None)
        while step is not None:
            articles = [update for update in step.batch if isinstance(update, Article)]
            prepared = Prepared() if step.skip else entries_of(service, articles, audience)
            if writing is not None:
                progress(_finished(writing))
            upcoming = next(steps, None)
            writing = thread.submit(write_step, step, prepared)
            step = upcoming
        if writing is not None:
            progress(_finished(writing))
    return result


@stage("write")
def _finished(writing: Future[int]) -> int:
    """The result of writing; as a stage, the time in which it is waited for."""
    return writing.result()


class _Step(NamedTuple):
    """Updates to write at once, perhaps none.

    ``processed``: updates read for this step. ``skip``: the index contains them already.
    """

    batch: Sequence[Update]
    processed: int
    skip: bool = False


def _steps(
    audience: Audience,
    writer: Writer,
    updates: Iterable[Update],
    result: AudienceResult,
    *,
    resume: bool,
) -> Iterator[_Step]:
    """The updates that the audience may read in batches; the other ones are written at once.

    Articles whose view is stored have batches of their own: how many of them are written depends on texts
    above this audience, and each batch that changes something counts as a revision.
    """
    changing: list[Update] = []
    same: list[Update] = []
    processed = 0
    for batch in batches(updates):
        stamps = writer.stamps([entry.id for entry in batch])
        unknown: list[Tombstone] = []
        for update in batch:
            stored = stamps.get(update.id)
            if isinstance(update, Article) and source_view(update, audience) is not None:
                result.visible.add(update.id)
                (same if is_stored(update, audience, stored) else changing).append(update)
                continue
            gone = (
                Tombstone(id=update.id, version=version_of(update), withheld=True)
                if isinstance(update, Article)
                else update
            )
            if stored is None or stored.digest is None:
                unknown.append(gone)
            else:
                changing.append(gone)
        if unknown:
            writer.write(unknown)
        processed += len(batch)
        while len(changing) >= ingest.BATCH:
            yield _Step(changing[: ingest.BATCH], processed)
            processed = 0
            del changing[: ingest.BATCH]
        if len(same) >= ingest.BATCH:
            yield _Step(same, processed, skip=resume)
            processed, same = 0, []
    yield _Step(changing, processed)
    yield _Step(same, 0, skip=resume)


def _write(
    service: SearchService,
    writer: Writer,
    batch: Sequence[Update],
    prepared: Prepared,
    readers: Sequence[Audience],
    result: AudienceResult,
) -> Sequence[Record]:
    """Write a batch; return the records written."""
    articles = [update for update in batch if isinstance(update, Article)]
    gone = [update for update in batch if isinstance(update, Tombstone)]
    written, refused = write(writer, [*prepared.entries, *gone])
    refused = prepared.refused | refused
    stamps = writer.stamps(written.stale)
    stale = {
        update.id: _stale_reason(stamps.get(update.id), update)
        for update in batch
        if update.id in set(written.stale)
    }
    records = [entry for entry in prepared.entries if isinstance(entry, Record)]
    skipped = len(articles) - len(prepared.entries)
    result.written += written + WriteResult(unchanged=skipped)
    result.characters += sum(len(record.view.text) for record in records)
    result.passages += sum(len(record.passages) for record in records)
    result.refused |= refused
    result.stale |= stale
    current = [one for one in articles if one.id not in refused and one.id not in stale]
    set_views(service, readers, current)
    return [record for record in records if record.view.id not in refused]


def set_views(
    service: SearchService, readers: Sequence[Audience], articles: Sequence[Article]
) -> None:
    """Set the view counters that the source gives, for audiences that may read the articles."""
    counts = {one.id: one.views for one in articles if one.views is not None}
    for reader in readers:
        service.store.views.set(reader, counts)


def stale_reason(article: Article, audience: Audience, stored: Stamp | None) -> str | None:
    """Why a versioned article cannot replace the stored one; None if it can, or if its view is the same."""
    view = source_view(article, audience)
    entry = Stamp(2 * version_of(article), view.digest if view else None)
    return _stale_reason(stored, article) if decide(entry, stored) is Decision.STALE else None


def _stale_reason(stored: Stamp | None, update: Update) -> str:
    """Why an update could not replace the stored version, and the remedy."""
    version = version_of(update) if isinstance(update, Article) else update.version
    remedy = say(
        "请给出更新的版本号，或用全部来源运行 gongwen index 重建",
        "give a newer version, or run gongwen index with the whole source",
    )
    if stored and stored.version >= FIRST_LEDGER_VERSION > version:  # no version is newer than that
        remedy = say(
            "请同原来一样不给版本号，或用全部来源运行 gongwen index 重建",
            "give no version, as before, or run gongwen index with the whole source",
        )
    if stored is None:  # left by a writer that was killed
        return say(
            f"正由别处写入，未收录；{remedy}",
            f"being written by another process, not indexed; {remedy}",
        )
    given, present = _version_text(version), _version_text(stored.version)
    if stored.digest is None:
        return say(
            f"版本 {given} 不新于删除时的版本 {present}，未收录；{remedy}",
            f"version {given} is not newer than the deleted one, {present}: not indexed; {remedy}",
        )
    return say(
        f"版本 {given} 不新于索引中的版本 {present}，未收录，"
        f"读到的仍是旧内容；{remedy}；要立刻撤下请运行 gongwen hide {update.id}",
        f"version {given} is not newer than {present} in the index: not"
        f" indexed, readers still see the older text; {remedy}; to take it down at once:"
        f" gongwen hide {update.id}",
    )


def _version_text(version: int) -> str:
    """A version for messages; a ledger number means that the source gives none."""
    return (
        str(version)
        if version < FIRST_LEDGER_VERSION
        else say("（来源没有版本号）", "(none given)")
    )


def rejection_reasons(results: Mapping[Audience, AudienceResult]) -> dict[str, str]:
    """By id, why articles were not indexed as they are, with the audiences concerned."""
    reasons_by_id: dict[str, dict[str, list[str]]] = {}
    for audience, result in results.items():
        for id, reason in (result.stale | result.refused).items():
            reasons_by_id.setdefault(id, {}).setdefault(reason, []).append(audience.label)
    return {
        id: say("；", "; ").join(
            f"{say('、', ', ').join(labels)}{say('：', ': ')}{reason}"
            for reason, labels in reasons.items()
        )
        for id, reasons in reasons_by_id.items()
    }


def add_results(report: RunReport, results: Mapping[Audience, AudienceResult]) -> None:
    """Add the results to the report of the run."""
    fullest = results[max(results)]
    report.written += fullest.written
    report.characters += fullest.characters
    report.passages += fullest.passages
    faults = rejection_reasons(results)
    for id, reason in faults.items():
        report.faults.append(Fault(f"id={id}", reason, id=id))
    report.articles -= len(faults)
    report.faults.flush()
