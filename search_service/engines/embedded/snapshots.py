"""Snapshots of one generation, refreshed when its revision has grown.

Entry points: :class:`OpenGeneration` and :class:`Snapshot` (immutable, shared by all readers of a
revision). Asking for a snapshot costs one small SQLite statement while nothing has changed.
"""

import json
import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from analyzers.language import say
from search_service.engines.embedded.apply import is_behind
from search_service.engines.embedded.columns import ColumnKeeper, Columns
from search_service.engines.embedded.errors import translated
from search_service.engines.embedded.rows import Rows, State
from search_service.engines.embedded.text import (
    ARTICLES,
    PASSAGES,
    TEXT_SCHEMA,
    Searches,
    TextIndex,
    article_schema,
    passage_schema,
)
from search_service.engines.embedded.vectors import PassageKeeper, PassageTable
from search_service.errors import EngineError, EngineUnavailable
from search_service.model import Manifest

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """One revision of a generation: what searches need of it, and the way to its rows."""

    folder: Path
    state: State
    manifest: Manifest
    columns: Columns
    articles: Searches
    passages: Searches
    rows: Rows
    keeper: PassageKeeper

    @property
    def name(self) -> str:
        """Name of the generation."""
        return self.folder.name

    def passage_table(self) -> PassageTable:
        """The passages, read when first wanted: keyword search needs none of them."""
        return self.keeper.table(self.state.revision)


class Mend(Protocol):
    """What mends a text index that is behind its rows."""

    def __call__(self, folder: Path, *, rebuild: bool) -> None:
        """Bring it up to the rows, or make it anew, if the writer lock is free."""


class OpenGeneration:
    """A generation that is being read; safe among threads."""

    def __init__(self, folder: Path, mend: Mend) -> None:
        self._folder = folder
        self._mend = mend
        self._lock = threading.Lock()
        self.rows = Rows(folder)
        self._columns = ColumnKeeper()
        self._columns_revision = 0
        self._text: tuple[TextIndex, TextIndex] | None = None
        self._snapshot: Snapshot | None = None
        self._keeper: PassageKeeper | None = None

    def snapshot(self) -> Snapshot:
        """The generation as it is now."""
        with translated(self._folder):
            state = self.rows.state()
            snapshot = self._snapshot
            if snapshot is not None and snapshot.state == state and state.complete:
                return snapshot
            with self._lock:
                return self._refreshed()

    def _refreshed(self) -> Snapshot:
        old = self._snapshot
        if is_behind(self._folder, self.rows.state()):
            # A writer died between its commits, or is between them at this moment: then the lock is
            # taken, and the revision before is what its call has not yet replaced.
            try:
                self._mend(self._folder, rebuild=False)
            except EngineError as error:
                # A full or read-only disk: what the text index has reached can still be read.
                _log.warning("text index is behind", exc_info=True, extra={"reason": error.message})
        if old is not None and old.state == self.rows.state():
            return old  # another thread was faster
        articles, passages = self._reloaded()
        # Read after the text index, so that no hit is newer than what is known of it.
        state = self.rows.state()
        manifest = Manifest.from_dict(json.loads(state.manifest))
        changed = self.rows.attributes_since(self._columns_revision)
        self._columns_revision = max(
            (attributes.revision for attributes in changed), default=self._columns_revision
        )
        if self._keeper is None or self._keeper.dimensions != manifest.dimensions:
            self._keeper = PassageKeeper(self._folder, self.rows, dimensions=manifest.dimensions)
        self._snapshot = Snapshot(
            folder=self._folder,
            state=state,
            manifest=manifest,
            columns=self._columns.advance(changed),
            articles=articles.frozen(),
            passages=passages.frozen(),
            rows=self.rows,
            keeper=self._keeper,
        )
        return self._snapshot

    def _reloaded(self) -> tuple[TextIndex, TextIndex]:
        try:
            if self._text is None:
                self._text = self._open()
            for index in self._text:
                index.reload()
        except ValueError:
            self._mend(self._folder, rebuild=True)
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
        if self.rows.state().text_schema != TEXT_SCHEMA:
            raise ValueError("the text index is of another schema, or half built")
        return (
            TextIndex(self._folder / ARTICLES, article_schema()),
            TextIndex(self._folder / PASSAGES, passage_schema()),
        )
