"""What a run reads, and what it reports. Entry points: :func:`read`, :class:`Spool`, :class:`Report`."""

import pickle
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, TypeVar

from analyzers.messages import say
from indexer.build.fault_file import Faults
from indexer.sources.files import Fault, Notes, read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article, Audience, Generation, WriteResult

# Articles analysed, embedded and committed together: enough for one vector batch, little to lose.
BATCH = 200
T = TypeVar("T")
Progress = Callable[[str, int, int], None]


def silent(_stage: str, _done: int, _total: int) -> None:
    """Report nothing."""


@dataclass
class Report:
    """What a run did; characters and passages are those of the fullest view.

    What was read is ``articles`` + ``faults`` + ``entered``: those that wait in the ledger for another
    process, which is writing.
    """

    articles: int = 0
    entered: int = 0
    faults: Faults = field(default_factory=Faults)
    notes: Notes = field(default_factory=Notes)
    cleaned: Counter[str] = field(default_factory=Counter)
    written: WriteResult = field(default_factory=WriteResult)
    characters: int = 0
    passages: int = 0
    seconds: float = 0.0
    generations: tuple[Generation, ...] = ()

    def reasons(self) -> str:
        """Why sources hold less than they should, as the end of a message; empty where nothing is wrong."""
        named = [self.faults.kinds()] if self.faults else []
        if self.notes.files:
            named.append(say("不认识的文件 ", "files of no known type ") + self.notes.unknown())
        if self.faults.path:
            path = self.faults.path
            named.append(say(f"全部原因见 {path}", f"all reasons: {path}"))
        return "".join(say(f"。{part}", f". {part}") for part in named)


class Spool:
    """Articles on disk between reading and loading, so that memory does not grow with the source."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = 0
        self.gapped = False
        self.lowest = Counter[Audience]()

    def put(self, article: Article) -> None:
        """Keep one more."""
        pickle.dump(article, self._file, protocol=pickle.HIGHEST_PROTOCOL)
        self.count += 1
        self.lowest[article.audience] += 1
        self.gapped |= article.preview is not None and article.preview != article.body

    def __iter__(self) -> Iterator[Article]:
        self._file.seek(0)
        for _ in range(self.count):
            yield pickle.load(self._file)  # noqa: S301  (our own temporary file)

    def titles(self, audience: Audience, limit: int, refused: Container[str]) -> list[str]:
        """Titles that the audience may know of, evenly from the whole source, without those ids."""
        known = [
            article.title
            for article in self
            if article.audience <= audience and article.id not in refused
        ]
        return known[:: max(1, len(known) // limit)]

    def audiences(self) -> dict[Audience, Audience]:
        """For each audience, whose index it reads: its own only where its view differs."""
        member = self.gapped or self.lowest[Audience.MEMBER] or self.lowest[Audience.STAFF]
        members = Audience.MEMBER if member else Audience.PUBLIC
        staff = Audience.STAFF if self.lowest[Audience.STAFF] else members
        return {Audience.PUBLIC: Audience.PUBLIC, Audience.MEMBER: members, Audience.STAFF: staff}


def read(sources: Sequence[Path], cleaning: Cleaning, report: Report) -> Iterator[Article]:
    """The articles of all sources; faults go into the report. An id counts once over all sources."""
    places: dict[str, str] = {}
    try:
        for source in sources:
            for item in read_source(
                source,
                cleaning=cleaning,
                counts=report.cleaned,
                places=places,
                notes=report.notes,
            ):
                if isinstance(item, Fault):
                    report.faults.append(item)
                else:
                    report.articles += 1
                    yield item
    finally:
        report.faults.flush()


def batches(items: Iterable[T]) -> Iterator[list[T]]:
    """The articles or changes, :data:`BATCH` at a time."""
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
