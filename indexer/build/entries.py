"""Articles -> what an engine stores for one audience. Entry points: :func:`entries_of`, :func:`write`."""

import dataclasses
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analyzers.messages import say
from indexer.build.records import analyse
from indexer.build.views import source_view, view_of
from search_service.engines import Writer
from search_service.engines.ordering import Stamp
from search_service.errors import GongwenError, MappingConflict
from search_service.metrics import stage
from search_service.model import (
    FIRST_LEDGER_VERSION,
    Article,
    Audience,
    Record,
    Tombstone,
    View,
    WriteResult,
)
from search_service.service import SearchService

Entries = list[Record | Tombstone]


def with_ledger_versions(articles: Sequence[Article], sequence: int) -> list[Article]:
    """The articles; those without a version get one above all of sources, by the ledger's number."""
    return [
        article
        if article.version is not None
        else dataclasses.replace(article, version=FIRST_LEDGER_VERSION + sequence)
        for article in articles
    ]


@dataclass
class Prepared:
    """The entries of articles for one audience; ``refused`` is why articles could not be prepared, by id."""

    entries: Entries = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def refuse(self, id: str, version: int, reason: str) -> None:
        """Record why an article cannot be prepared, and replace it by a tombstone."""
        self.refused[id] = reason
        self.entries.append(Tombstone(id=id, version=version, withheld=True))


@stage("analyse")
def entries_of(
    service: SearchService,
    articles: Sequence[Article],
    audience: Audience,
) -> Prepared:
    """Prepare versioned articles for an audience that may read all of them.

    An article whose view cannot be analysed is refused and leaves a tombstone: the stored article may
    contain what must not be read any more.

    Raises only errors that no single article has caused: the store or the model fails.
    """
    prepared = Prepared()
    views: list[tuple[View, int]] = []
    for article in articles:
        version = version_of(article)
        try:
            view = view_of(article, audience)
        except Exception as exc:  # noqa: BLE001  (whatever one text makes it raise is a fault of that text)
            prepared.refuse(article.id, version, _reason(exc))
            continue
        if view is None:
            raise ValueError(article.id)
        views.append((view, version))
    for view, version, outcome in _analysed(service, views):
        if isinstance(outcome, Record):
            prepared.entries.append(outcome)
        else:
            prepared.refuse(view.id, version, _reason(outcome))
    return prepared


def is_stored(article: Article, audience: Audience, stored: Stamp | None) -> bool:
    """Whether the view of the audience is the one that is stored; without analysing it."""
    view = source_view(article, audience)
    return view is not None and stored is not None and stored.digest == view.digest


def _analysed(
    service: SearchService,
    views: Sequence[tuple[View, int]],
) -> Iterator[tuple[View, int, Record | Exception]]:
    """The record of each view, or the exception that its text caused."""
    try:
        records = list(analyse(views, service.analyzer, service.embedder))
    except (GongwenError, OSError):
        raise
    except Exception as exc:  # noqa: BLE001  (as above)
        if len(views) > 1:
            for one in views:
                yield from _analysed(service, [one])
            return
        if service.embedder is not None:
            service.embedder.embed(["公文"])  # raises if the model is at fault, not the text
        ((view, version),) = views
        yield view, version, exc
    else:
        for (view, version), record in zip(views, records, strict=True):
            yield view, version, record


def _reason(exc: Exception) -> str:
    # Without the message of the exception: it may quote the text, which may be paid content.
    last = traceback.extract_tb(exc.__traceback__)[-1]
    what = f"{type(exc).__name__}, {Path(last.filename).name}:{last.lineno}"
    return say(
        f"无法分析，未收录（{what}）；请报告此文",
        f"cannot be analysed and is not indexed ({what}); please report this text",
    )


def write(writer: Writer, entries: Entries) -> tuple[WriteResult, dict[str, str]]:
    """Write entries; return what was written and, by id, why the engine refused records.

    A refused record leaves a tombstone. Raises ``EngineError`` for other failures, and ``MappingConflict`` if
    every record is refused: then the index is at fault.
    """
    written, refused = _write(writer, entries)
    if 1 < len(refused) == len(entries):
        raise refused[0][1]
    gone = [
        Tombstone(id=record.view.id, version=record.version, withheld=True) for record, _ in refused
    ]
    if gone:
        written += writer.write(gone)
    return written, {record.view.id: exc.message for record, exc in refused}


def _write(
    writer: Writer, entries: Entries
) -> tuple[WriteResult, list[tuple[Record, MappingConflict]]]:
    try:
        return writer.write(entries), []
    except MappingConflict as exc:
        match entries:
            case [Record() as record]:
                return WriteResult(), [(record, exc)]
            case [] | [_]:
                raise
    middle = len(entries) // 2
    written, refused = _write(writer, entries[:middle])
    more, others = _write(writer, entries[middle:])
    return written + more, refused + others


def version_of(article: Article) -> int:
    """The version of an article; raises ``ValueError`` if it has none."""
    if article.version is None:
        raise ValueError(article.id)
    return article.version
