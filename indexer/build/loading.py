"""What was read -> the generations of a build. Entry points: :func:`shelve`, :func:`load`,
:func:`remove_others`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from indexer.build.entries import numbered
from indexer.build.spool import Progress, Spool, batches
from indexer.build.write import Pass, write_pass
from search_service.engines import Scope, Writer
from search_service.intake.packing import pack
from search_service.model import Article, Audience, Generation, Tombstone
from search_service.service import SearchService


def shelve(
    service: SearchService,
    spool: Spool,
    writers: Mapping[Audience, Writer],
    sequence: int,
    hidden: frozenset[str],
) -> set[str]:
    """Put what is taken down on the shelf, and out of the build; their ids.

    Not what a load that was killed has written before it was taken down.
    """
    out: set[str] = set()
    if not hidden:
        return out
    for batch in batches(spool):
        down = [one for one in numbered(batch, sequence) if one.id in hidden]
        held = {id for writer in writers.values() for id in writer.standing([a.id for a in down])}
        shelved = {one.id: pack(one) for one in down if one.id not in held}
        service.store.hidden_articles.put(shelved, sequence)
        out |= shelved.keys()
    return out


def load(
    service: SearchService,
    spool: Spool,
    writers: Mapping[Audience, Writer],
    sequence: int,
    readers: Mapping[Audience, Sequence[Audience]],
    out: Collection[str],
    progress: Progress,
) -> dict[Audience, Pass]:
    """A pass for each audience over all articles but those that are ``out``."""

    def entries() -> Iterator[Article]:
        for batch in batches(spool):
            yield from (one for one in numbered(batch, sequence) if one.id not in out)

    looked_at = 0
    total = (spool.count - len(out)) * len(writers)

    def more(count: int) -> None:
        nonlocal looked_at
        looked_at += count
        progress("index", looked_at, total)

    return {
        audience: write_pass(
            service,
            audience,
            writer,
            entries(),
            readers=readers[audience],
            resume=True,
            progress=more,
        )
        for audience, writer in sorted(writers.items())
    }


def remove_others(
    service: SearchService, generation: Generation, writer: Writer, done: Pass
) -> None:
    """Delete what a load that was killed has written and the sources do not hold any more."""
    if service.engine.count(generation.name) == len(done.own) - len(done.refused):
        return
    reader = service.engine.reader(Scope(generation.audience), generation=generation.name)
    others = [one.view.id for one in reader.scan() if one.view.id not in done.own]
    standing = writer.standing(others)
    writer.write(
        # Withheld: what was entered since with the same version must be able to come.
        [Tombstone(id=key, version=standing[key].version, withheld=True) for key in others]
    )
    writer.complete()
