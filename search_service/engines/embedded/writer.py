"""The writer of one generation: SQLite first, then the text index, then the applied revision is recorded.

Entry point: :class:`EmbeddedWriter`. The engine acquires the writer lock before it opens one.
"""

import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from search_service.engines.embedded.errors import translate_errors
from search_service.engines.embedded.row_writer import RowWriter
from search_service.engines.embedded.rows import Rows
from search_service.engines.embedded.schema import check_format
from search_service.engines.embedded.sync import apply_last_write, catch_up, finish_last_write
from search_service.engines.ordering import Stamp
from search_service.model import Manifest, Record, Tombstone, WriteResult


class EmbeddedWriter:
    """Writes one generation, one call at a time; opening it completes what a crash interrupted."""

    def __init__(self, folder: Path, *, dimensions: int) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        with translate_errors(folder):
            self._rows = Rows(folder)
            check_format(folder, self._rows.read_state().format)
            self._writes = RowWriter(folder, dimensions=dimensions)
            try:
                self._text = catch_up(folder, self._rows, self._writes)
            except BaseException:
                self.close()
                raise

    def write(self, entries: Sequence[Record | Tombstone]) -> WriteResult:
        """Apply the entries; durable and visible when it returns."""
        with self._mutex, translate_errors(self._folder):
            finish_last_write(self._text, self._rows, self._writes)
            written = self._writes.apply(entries)
            apply_last_write(self._text, self._rows, self._writes)
            return written

    def stamps(self, ids: Collection[str]) -> Mapping[str, Stamp]:
        """The stamps stored for these ids."""
        with self._mutex, translate_errors(self._folder):
            return self._rows.stamps(ids)

    def set_manifest(self, manifest: Manifest) -> None:
        """Replace the generation's manifest."""
        with self._mutex, translate_errors(self._folder):
            self._writes.set_manifest(manifest)

    def complete(self) -> None:
        """Nothing to do: every write is complete when it returns."""

    def close(self) -> None:
        """Close the connections."""
        with self._mutex, translate_errors(self._folder):
            self._rows.close()
            self._writes.close()
