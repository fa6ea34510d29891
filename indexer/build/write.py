"""Articles and deletes -> the index of one audience. Entry points: :func:`write_pass`, :func:`faults_of`.

Each audience has a pass of its own over what is to be written, and its index is a function of what it may
know of alone: batches are cut over its own articles and removals. A mark of what it never knew of is
written by itself, and changes nothing there that is read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from analyzers.messages import say
from indexer.build.entries import entries_of, version_of, write
from indexer.build.spool import BATCH, Report, batches
from indexer.build.views import given_to, view_of
from search_service.engines import Writer
from search_service.engines.ordering import Standing, Verdict, judge
from search_service.intake.record import Fault
from search_service.model import (
    FIRST_LEDGER_VERSION,
    Article,
    Audience,
    Record,
    Tombstone,
    WriteResult,
)
from search_service.service import SearchService

Entry = Article | Tombstone


@dataclass
class Pass:
    """What became of articles for an audience: ``own``, the ids of those that it may know of.

    ``refused``: reasons, by id, why some are not for it; ``stale``: why some are not what it reads.
    """

    own: set[str] = field(default_factory=set)
    written: WriteResult = field(default_factory=WriteResult)
    refused: dict[str, str] = field(default_factory=dict)
    stale: dict[str, str] = field(default_factory=dict)
    characters: int = 0
    passages: int = 0


def write_pass(
    service: SearchService,
    audience: Audience,
    writer: Writer,
    entries: Iterable[Entry],
    *,
    readers: Sequence[Audience] = (),
    resume: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Pass:
    """Write numbered articles and deletes, no id twice, into the index of an audience.

    ``readers``: who is going to read that index; they get the view counters of what was written.
    ``resume``: what stands with the same view is left as it is. ``progress`` is told how many entries
    more were looked at.
    """
    done = Pass()
    waiting: list[Entry] = []
    for batch in batches(entries):
        standing = writer.standing([entry.id for entry in batch])
        marks: list[Tombstone] = []
        for entry in batch:
            if isinstance(entry, Article) and given_to(entry, audience) is not None:
                done.own.add(entry.id)
                waiting.append(entry)
                continue
            gone = (
                Tombstone(id=entry.id, version=version_of(entry), withheld=True)
                if isinstance(entry, Article)
                else entry
            )
            stands = standing.get(gone.id)
            if stands is None or stands.digest is None:
                marks.append(gone)
            else:
                waiting.append(gone)
        if marks:
            writer.write(marks)
        while len(waiting) >= BATCH:
            _write(service, audience, writer, waiting[:BATCH], readers, done, resume=resume)
            del waiting[:BATCH]
        progress(len(batch))
    if waiting:
        _write(service, audience, writer, waiting, readers, done, resume=resume)
    return done


def _write(
    service: SearchService,
    audience: Audience,
    writer: Writer,
    batch: Sequence[Entry],
    readers: Sequence[Audience],
    done: Pass,
    *,
    resume: bool,
) -> None:
    articles = [entry for entry in batch if isinstance(entry, Article)]
    held = writer.standing([article.id for article in articles]) if resume else None
    prepared = entries_of(service, articles, audience, held)
    gone = [entry for entry in batch if isinstance(entry, Tombstone)]
    result, refused = write(writer, [*prepared.entries, *gone])
    refused = prepared.refused | refused
    standing = writer.standing(result.stale)
    stale = {
        entry.id: _reason(standing.get(entry.id), entry)
        for entry in batch
        if entry.id in set(result.stale)
    }
    records = [entry for entry in prepared.entries if isinstance(entry, Record)]
    left_out = len(articles) - len(prepared.entries)
    done.written += result + WriteResult(unchanged=left_out)
    done.characters += sum(len(record.view.text) for record in records)
    done.passages += sum(len(record.passages) for record in records)
    done.refused |= refused
    done.stale |= stale
    counts = {
        one.id: one.views
        for one in articles
        if one.views is not None and one.id not in refused and one.id not in stale
    }
    for reader in readers:
        service.store.views.set(reader, counts)


def stale_of(article: Article, audience: Audience, stands: Standing | None) -> str | None:
    """Why a numbered article cannot replace what stands for an audience; None: it can, or says the same."""
    view = view_of(article, audience)
    entry = Standing(2 * version_of(article), view.digest if view else None)
    return _reason(stands, article) if judge(entry, stands) is Verdict.STALE else None


def _reason(stands: Standing | None, entry: Entry) -> str:
    """Why an entry could not replace what stands, and what to do."""
    given = version_of(entry) if isinstance(entry, Article) else entry.version
    cure = say(
        "请给出更新的版本号，或用全部来源运行 gongwen index 重建",
        "give a newer version, or run gongwen index with the whole source",
    )
    if stands and stands.version >= FIRST_LEDGER_VERSION > given:  # no version is newer than that
        cure = say(
            "请同原来一样不给版本号，或用全部来源运行 gongwen index 重建",
            "give no version, as before, or run gongwen index with the whole source",
        )
    if stands is None:  # claimed by a writer that was killed
        return say(f"正由别处写入，未收录；{cure}", f"being written by another, not held; {cure}")
    if stands.digest is None:
        return say(
            f"版本 {_named(given)} 不新于删除时的版本 {_named(stands.version)}，未收录；{cure}",
            f"version {_named(given)} is not newer than the deleted one, {_named(stands.version)}: not"
            f" held; {cure}",
        )
    return say(
        f"版本 {_named(given)} 不新于索引中的版本 {_named(stands.version)}，未收录，"
        f"读到的仍是旧内容；{cure}；要立刻撤下请运行 gongwen hide {entry.id}",
        f"version {_named(given)} is not newer than {_named(stands.version)}, which the index holds: not"
        f" written, what is read is the older text; {cure}; to take it down at once: gongwen hide {entry.id}",
    )


def _named(version: int) -> str:
    """A version; a number of the ledger means none."""
    return (
        str(version)
        if version < FIRST_LEDGER_VERSION
        else say("（来源没有版本号）", "(none given)")
    )


def faults_of(passes: Mapping[Audience, Pass]) -> dict[str, str]:
    """A reason for each article that some audience cannot have as it is; it names the audiences."""
    found: dict[str, dict[str, list[str]]] = {}
    for audience, done in passes.items():
        for id, reason in (done.stale | done.refused).items():
            found.setdefault(id, {}).setdefault(reason, []).append(audience.label)
    return {
        id: say("；", "; ").join(
            f"{say('、', ', ').join(labels)}{say('：', ': ')}{reason}"
            for reason, labels in reasons.items()
        )
        for id, reasons in found.items()
    }


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
