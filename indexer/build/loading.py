"""Sources -> buffered articles -> the generations of a build.

Entry points: :func:`read`, :func:`set_aside_hidden`, :func:`load`, :func:`remove_obsolete`,
:func:`inventory_of`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from indexer.build.copies import groups_of
from indexer.build.entries import with_ledger_versions
from indexer.build.ingest import (
    ArticleBuffer,
    Progress,
    RunReport,
    Sources,
    batches,
    named,
    read_records,
    take,
)
from indexer.build.vocabulary import Collector, collect
from indexer.build.write import AudienceResult, write_for_audience
from indexer.sources.seen import SeenIds
from search_service.engines import Scope, Writer
from search_service.intake.cleaning import Cleaning
from search_service.intake.packing import pack
from search_service.metrics import stage
from search_service.model import Article, Audience, Generation, Tombstone
from search_service.service import SearchService
from search_service.state.sources import Digests
from search_service.suggestions.vocabulary import Inventory


@stage("read")
def read(
    buffer: ArticleBuffer,
    sources: Sources,
    cleaning: Cleaning,
    report: RunReport,
    audience: Audience | None,
    mapping: Mapping[str, str] | None,
    progress: Progress,
) -> dict[str, dict[str, Digests | None]]:
    """Read all sources into the buffer; the ids of the articles of each with what to remember of them."""
    origins: dict[str, dict[str, Digests | None]] = {}
    with SeenIds() as seen:
        for name, files in named(sources).items():
            known = origins.setdefault(name, {})
            for record in read_records(files, report, audience, seen=seen, mapping=mapping):
                if taken := take(record, cleaning, report, seen):
                    buffer.append(taken.article)
                    known[taken.article.id] = taken.digests
                    progress("read", buffer.count, 0)
    return origins


def set_aside_hidden(
    service: SearchService,
    buffer: ArticleBuffer,
    writers: Mapping[Audience, Writer],
    sequence: int,
    hidden: frozenset[str],
) -> set[str]:
    """Store hidden articles in ``hidden_articles`` instead of the build; return their ids.

    Except those that a killed load has already written to the build.
    """
    set_aside: set[str] = set()
    if not hidden:
        return set_aside
    for batch in batches(buffer):
        hidden_ones = [one for one in with_ledger_versions(batch, sequence) if one.id in hidden]
        written = {
            id for writer in writers.values() for id in writer.stamps([a.id for a in hidden_ones])
        }
        packed = {one.id: pack(one) for one in hidden_ones if one.id not in written}
        service.store.hidden_articles.put(packed, sequence)
        set_aside |= packed.keys()
    return set_aside


def load(
    service: SearchService,
    buffer: ArticleBuffer,
    writers: Mapping[Audience, Writer],
    sequence: int,
    readers: Mapping[Audience, Sequence[Audience]],
    excluded: Collection[str],
    collectors: Mapping[Audience, Collector],
    progress: Progress,
) -> dict[Audience, AudienceResult]:
    """Write all articles but the ``excluded`` ids for each audience, and collect its vocabulary."""

    def articles() -> Iterator[Article]:
        for batch in batches(buffer):
            yield from (
                one for one in with_ledger_versions(batch, sequence) if one.id not in excluded
            )

    processed = 0
    total = (buffer.count - len(excluded)) * len(writers)

    def more(count: int) -> None:
        nonlocal processed
        processed += count
        progress("index", processed, total)

    return {
        audience: write_for_audience(
            service,
            audience,
            writer,
            articles(),
            readers=readers[audience],
            resume=True,
            collector=collectors[audience],
            progress=more,
        )
        for audience, writer in sorted(writers.items())
    }


@stage("vocabulary")
def inventory_of(
    service: SearchService,
    generation: Generation,
    buffer: ArticleBuffer,
    collector: Collector,
    result: AudienceResult,
) -> Inventory:
    """The vocabulary of a loaded generation.

    If this load continues a killed one, its collector lacks what that one wrote.
    """
    if not result.written.unchanged:
        return collector.inventory()
    reader = service.engine.reader(Scope(generation.audience), generation=generation.name)
    return collect(reader, service.analyzer, (article.id for article in buffer))


@stage("copies")
def find_copies(
    service: SearchService, generation: Generation, collector: Collector, result: AudienceResult
) -> None:
    """Store the groups of copies of a loaded generation; of a continued load, found in the index."""
    reader = service.engine.reader(Scope(generation.audience), generation=generation.name)
    continued = result.written.unchanged
    groups = groups_of(reader) if continued else collector.copies.groups(reader)
    service.store.copies.put(generation.name, groups)


def remove_obsolete(
    service: SearchService, generation: Generation, writer: Writer, result: AudienceResult
) -> None:
    """Delete articles that a killed load has written and that the sources do not contain any more."""
    if service.engine.count(generation.name) == len(result.visible) - len(result.refused):
        return
    reader = service.engine.reader(Scope(generation.audience), generation=generation.name)
    obsolete = [one.view.id for one in reader.scan() if one.view.id not in result.visible]
    stamps = writer.stamps(obsolete)
    writer.write(
        # Withheld, so that a later change of the same version is still accepted.
        [Tombstone(id=key, version=stamps[key].version, withheld=True) for key in obsolete]
    )
    writer.complete()
