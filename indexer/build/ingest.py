"""Reading sources, and the report of a run.

Entry points: :func:`read`, or :func:`read_records` and :func:`take` for each; :class:`ArticleBuffer`,
:class:`RunReport`.
"""

import pickle
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

from analyzers.messages import say
from indexer.build.article_digest import digest_of, record_digest
from indexer.build.fault_log import FaultLog
from indexer.sources import files
from indexer.sources.files import Fault, Notes, RawRecord, source_name
from indexer.sources.seen import SeenIds
from search_service.intake.cleaning import Cleaning
from search_service.model import Article, Audience, Generation, WriteResult
from search_service.state.sources import Digests

# Articles analysed, embedded and committed together: enough for a batch of vectors, little to lose.
BATCH = 200
T = TypeVar("T")
# Files and folders, by the name of what they are together, or each for itself.
Sources = Sequence[Path] | Mapping[str, Sequence[Path]]
# Called with the stage, what is done and the total; 0 if the total is unknown.
Progress = Callable[[str, int, int], None]


def no_progress(_stage: str, _done: int, _total: int) -> None:
    """A progress callback that does nothing."""


@dataclass
class RunReport:
    """What a run did.

    The records read are ``articles`` + ``faults`` + ``queued``; ``queued`` are in the ledger, for another
    process to write. ``unnamed``: faults of which it is not known which article they concern.
    ``characters`` and ``passages`` are those of the fullest view.
    """

    articles: int = 0
    queued: int = 0
    unnamed: int = 0
    faults: FaultLog = field(default_factory=FaultLog)
    notes: Notes = field(default_factory=Notes)
    cleaned: Counter[str] = field(default_factory=Counter)
    written: WriteResult = field(default_factory=WriteResult)
    characters: int = 0
    passages: int = 0
    seconds: float = 0.0
    generations: tuple[Generation, ...] = ()

    def reasons(self) -> str:
        """Why articles may be missing, to append to a message; empty if nothing is wrong."""
        named = [self.faults.kinds()] if self.faults else []
        if self.notes.unknown_files:
            named.append(say("不认识的文件 ", "files of no known type ") + self.notes.list_files())
        if self.faults.path:
            path = self.faults.path
            named.append(say(f"全部原因见 {path}", f"all reasons: {path}"))
        return "".join(say(f"。{part}", f". {part}") for part in named)


class ArticleBuffer:
    """Articles in a temporary file between reading and loading, so that memory use stays constant."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = 0
        self._has_previews = False
        self._by_audience = Counter[Audience]()

    def append(self, article: Article) -> None:
        """Add one."""
        pickle.dump(article, self._file, protocol=pickle.HIGHEST_PROTOCOL)
        self.count += 1
        self._by_audience[article.audience] += 1
        self._has_previews |= article.preview is not None and article.preview != article.body

    def __iter__(self) -> Iterator[Article]:
        self._file.seek(0)
        for _ in range(self.count):
            yield pickle.load(self._file)  # noqa: S301  (our own temporary file)

    def titles(self, audience: Audience, limit: int, refused: Container[str]) -> list[str]:
        """About ``limit`` titles that the audience may read, evenly spread, without the ``refused`` ids."""
        titles = [
            article.title
            for article in self
            if article.audience <= audience and article.id not in refused
        ]
        return titles[:: max(1, len(titles) // limit)]

    def audiences(self) -> dict[Audience, Audience]:
        """For each audience, the audience whose index it reads: its own only if its view differs."""
        member = (
            self._has_previews
            or self._by_audience[Audience.MEMBER]
            or self._by_audience[Audience.STAFF]
        )
        members = Audience.MEMBER if member else Audience.PUBLIC
        staff = Audience.STAFF if self._by_audience[Audience.STAFF] else members
        return {Audience.PUBLIC: Audience.PUBLIC, Audience.MEMBER: members, Audience.STAFF: staff}


def read(
    sources: Sequence[Path],
    cleaning: Cleaning,
    report: RunReport,
    audience: Audience | None = Audience.PUBLIC,
    *,
    seen: SeenIds | None = None,
    mapping: Mapping[str, str] | None = None,
) -> Iterator[Article]:
    """Yield the articles of all sources; faults go into the report. Ids must be unique over all sources.

    ``audience``, ``mapping``: as for :func:`.files.read_records`. ``seen`` gets the ids of the articles and
    of bad records, and has those that were read before.
    """
    seen = SeenIds() if seen is None else seen
    for record in read_records(sources, report, audience, seen=seen, mapping=mapping):
        if article := _cleaned(record, cleaning, report, seen):
            yield article


def read_records(
    sources: Sequence[Path],
    report: RunReport,
    audience: Audience | None = Audience.PUBLIC,
    *,
    seen: SeenIds,
    mapping: Mapping[str, str] | None = None,
) -> Iterator[RawRecord]:
    """Yield the records of all sources, for :func:`take`; as :func:`read`."""
    try:
        for source in sources:
            for item in files.read_records(
                source, notes=report.notes, audience=audience, mapping=mapping
            ):
                if isinstance(item, Fault):
                    add_fault(item, report, seen)
                else:
                    yield item
    finally:
        report.faults.flush()


class Taken(NamedTuple):
    """The article of a record; ``digests``: by which both are recognised, None if that hid a warning."""

    article: Article
    digests: Digests | None


def take(record: RawRecord, cleaning: Cleaning, report: RunReport, seen: SeenIds) -> Taken | None:
    """The article of a record, counted in the report; None, and a fault there, if there is none."""
    doubts = report.notes.doubts
    if (article := _cleaned(record, cleaning, report, seen)) is None:
        return None
    if report.notes.doubts != doubts:
        return Taken(article, None)
    digests = Digests(record_digest(record.values, cleaning), digest_of(article).packed())
    return Taken(article, digests)


def _cleaned(
    record: RawRecord, cleaning: Cleaning, report: RunReport, seen: SeenIds
) -> Article | None:
    """The article alone: where nothing is remembered, no digests are computed."""
    item = files.clean_record(
        record, cleaning=cleaning, counts=report.cleaned, seen=seen, notes=report.notes
    )
    if isinstance(item, Fault):
        add_fault(item, report, seen)
        return None
    report.articles += 1
    return item


def add_fault(fault: Fault, report: RunReport, seen: SeenIds) -> None:
    """Count a record that cannot be used; its id counts as read."""
    report.faults.append(fault)
    if fault.id:
        seen.add_bad(fault.id)
    else:
        report.unnamed += 1


def named(sources: Sources) -> Mapping[str, Sequence[Path]]:
    """The sources by name; each of those without a name is named by its absolute path."""
    if isinstance(sources, Mapping):
        return sources
    return {source_name(one): [one] for one in sources}


def batches(items: Iterable[T]) -> Iterator[list[T]]:
    """The items in lists of :data:`BATCH`."""
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
