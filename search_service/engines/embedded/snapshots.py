"""Snapshots of one generation, refreshed when its revision changes.

Entry points: :class:`OpenGeneration` and :class:`Snapshot` (immutable, shared by all readers of a
revision). A reader has a snapshot, and a read transaction of its own that shows the same revision.
Getting both costs a small SQLite statement if nothing has changed.

SQLite is committed first and the text index afterwards. In between (milliseconds, or until repair if the
writer was killed) readers get the previous revision: the text index still shows it, and SQLite has kept the
superseded articles.
"""

import json
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, cast

from analyzers.messages import say
from analyzers.relations import ENDED
from search_service import logs
from search_service.engines.embedded.clauses import matching
from search_service.engines.embedded.columns import ColumnKeeper, Columns
from search_service.engines.embedded.errors import translate_errors
from search_service.engines.embedded.rows import Indexed, ReadTransaction, Rows, State
from search_service.engines.embedded.schema import check_format
from search_service.engines.embedded.sync import is_behind
from search_service.engines.embedded.text_index import (
    ARTICLES,
    PASSAGES,
    TEXT_SCHEMA,
    Searcher,
    TextIndex,
    article_schema,
    passage_schema,
)
from search_service.engines.embedded.vectors import PassageKeeper, PassageTable
from search_service.errors import DiskFull, EngineError, EngineUnavailable
from search_service.model import Field, Manifest, Term

# Attempts to read a consistent state while others write: a write takes 70 ms or more, an attempt one or two.
_TRIES = 100
_log = logs.Log(__name__)


class LazyTable:
    """The passage table of one revision, loaded at first use: keyword search does not need it."""

    def __init__(self, keeper: PassageKeeper, revision: int) -> None:
        self._keeper = keeper
        self._revision = revision
        self._lock = threading.Lock()
        self._table: PassageTable | None = None

    def table(self, rows: ReadTransaction) -> PassageTable:
        """The table; ``rows`` must show the same revision."""
        with self._lock:
            if self._table is None:
                self._table = self._keeper.table(rows, self._revision)
            return self._table


@dataclass(frozen=True)
class Snapshot:
    """One revision of a generation: everything that searches need besides the SQLite rows.

    ``hidden``: rows of articles that an unfinished write has partly applied to the text index.
    """

    folder: Path
    revision: int
    manifest: Manifest
    manifest_json: str
    columns: Columns
    articles: Searcher
    passages: Searcher
    vectors: LazyTable
    hidden: tuple[int, ...]

    @property
    def name(self) -> str:
        """Name of the generation."""
        return self.folder.name

    @cached_property
    def ended(self) -> frozenset[int]:
        """The rows of the articles that are no longer in force."""
        query = matching(
            self.articles.schema, Term(Field.WORDS, ENDED), rows_of=self.columns.rows_of
        )
        hits, _ = self.articles.top(query, self.articles.count(query) or 1)
        return frozenset(hit.key for hit in hits)

    def can_serve(self, state: State) -> bool:
        """Whether rows in this state can show this revision, completely."""
        available = (state.revision, state.applied)
        return (
            self.revision in available and self.manifest_json == state.manifest and not self.hidden
        )


class Repair(Protocol):
    """Repairs a text index that is behind its rows."""

    def __call__(self, folder: Path, *, rebuild: bool) -> None:
        """Synchronise it with the rows, or rebuild it, if the writer lock is free."""


class OpenGeneration:
    """A generation that is being read; safe among threads."""

    def __init__(self, folder: Path, repair: Repair) -> None:
        self._folder = folder
        self._repair = repair
        self._lock = threading.Lock()
        self.rows = Rows(folder)
        self._columns = ColumnKeeper()
        self._columns_revision = 0
        self._text: tuple[TextIndex, TextIndex] | None = None
        self._snapshot: Snapshot | None = None
        self._keeper: PassageKeeper | None = None

    def current(self) -> tuple[Snapshot, ReadTransaction]:
        """A snapshot of the newest readable revision, and a read transaction of the same revision.

        While a write is unfinished, this is the revision before it.
        """
        with translate_errors(self._folder):
            rows = self.rows.begin()
            check_format(self._folder, rows.state.format)
            snapshot = self._usable_snapshot(rows)
            if snapshot is not None and rows.state.complete:
                return snapshot, rows
            # If the previous revision can be served, do not wait for another thread that is refreshing.
            if not self._lock.acquire(blocking=snapshot is None):
                return cast("Snapshot", snapshot), rows
            try:
                return self._refresh(rows)
            finally:
                self._lock.release()

    def _usable_snapshot(self, rows: ReadTransaction) -> Snapshot | None:
        """The last snapshot, if ``rows`` can show its revision; then ``rows`` is set to show it."""
        snapshot = self._snapshot
        if snapshot is None or not snapshot.can_serve(rows.state):
            return None
        rows.show(snapshot.revision)
        return snapshot

    def _refresh(self, rows: ReadTransaction) -> tuple[Snapshot, ReadTransaction]:
        if is_behind(self._folder, rows.state):
            # A writer died between its two commits, or is between them now. In the second case the writer
            # lock is taken, nothing is repaired, and the previous revision is read.
            try:
                self._repair(self._folder, rebuild=False)
            except (DiskFull, EngineError) as error:
                # A full or read-only disk: the revision that the text index shows can still be read.
                _log.warning("text-index-behind", error, generation=self._folder.name)
        for _ in range(_TRIES):
            rows = self.rows.begin()
            snapshot = self._usable_snapshot(rows)
            if snapshot is not None:  # another thread was faster, or a write is unfinished
                return snapshot, rows
            articles, passages = self._reload()
            # The text index was read between these two states; if they are equal, it matches them.
            before, rows = rows.state, self.rows.begin()
            if before == rows.state:
                self._snapshot = self._make(rows, articles.searcher(), passages.searcher())
                return self._snapshot, rows
        raise EngineUnavailable(
            say(
                f"{self._folder}：写入太频繁，读不到一个完整的版本；请稍后再试",
                f"{self._folder}: written too often to be read at one revision; try again later",
            )
        )

    def _make(self, rows: ReadTransaction, articles: Searcher, passages: Searcher) -> Snapshot:
        """A snapshot of the revision that the text index shows; ``rows`` is set to show it, too."""
        revision, hidden = _shown(rows, articles, passages)
        rows.show(revision)
        manifest = Manifest.from_dict(json.loads(rows.state.manifest))
        if self._columns_revision > revision:
            self._columns, self._columns_revision = ColumnKeeper(), 0
        columns = self._columns.advance(rows.attributes_since(self._columns_revision))
        self._columns_revision = revision
        if self._keeper is None or self._keeper.dimensions != manifest.dimensions:
            self._keeper = PassageKeeper(dimensions=manifest.dimensions)
        vectors = LazyTable(self._keeper, revision)
        if (
            self._keeper.in_use
        ):  # updating from the last revision is cheap, catching up later is not
            vectors.table(rows)
        return Snapshot(
            folder=self._folder,
            revision=revision,
            manifest=manifest,
            manifest_json=rows.state.manifest,
            columns=columns,
            articles=articles,
            passages=passages,
            vectors=vectors,
            hidden=hidden,
        )

    def _reload(self) -> tuple[TextIndex, TextIndex]:
        try:
            if self._text is None:
                self._text = self._open()
            for index in self._text:
                index.reload()
        except ValueError:
            self._repair(self._folder, rebuild=True)
            try:
                self._text = self._open()
            except ValueError as exc:
                raise EngineUnavailable(
                    say(
                        f"{self._folder}：全文索引正在由另一个进程重建；请稍后再试",
                        f"{self._folder}: another process is rebuilding the text index;"
                        " try again later",
                    )
                ) from exc
        return self._text

    def _open(self) -> tuple[TextIndex, TextIndex]:
        if self.rows.read_state().text_schema != TEXT_SCHEMA:
            raise ValueError("the text index is of another schema, or half built")
        return (
            TextIndex(self._folder / ARTICLES, article_schema()),
            TextIndex(self._folder / PASSAGES, passage_schema()),
        )


def _shown(
    rows: ReadTransaction, articles: Searcher, passages: Searcher
) -> tuple[int, tuple[int, ...]]:
    """The revision that the text index shows, and the rows for which it shows another one.

    A write is applied in several commits: none, some or all of them may be done.
    """
    if rows.state.complete:
        return rows.state.revision, ()

    def shows(row: int, expected: Indexed) -> bool:
        return articles.shows(row, expected, passages=False) and passages.shows(
            row, expected, passages=True
        )

    changes = rows.pending_changes()
    if all(shows(one.row, one.after) for one in changes):
        return rows.state.revision, ()
    return rows.state.applied, tuple(one.row for one in changes if not shows(one.row, one.before))
