"""Writes to the SQLite file of one generation, one transaction per call.

Entry point: :class:`RowWriter`. :mod:`search_service.engines.ordering` decides which entries apply. Does
not touch the text index. The caller has acquired the generation's writer lock.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from search_service.engines.dates import day_of
from search_service.engines.embedded.rows import pack, pack_view
from search_service.engines.embedded.schema import FILE_NAME
from search_service.engines.fields import facets_of
from search_service.engines.ordering import Decision, Stamp, decide, id_of, stamp_of
from search_service.engines.quantisation import quantised
from search_service.engines.validation import check_vectors
from search_service.model import Manifest, Passage, Record, Tombstone, WriteResult

_BUSY_SECONDS = 10.0


class RowWriter:
    """The only connection that writes a generation's file."""

    def __init__(self, folder: Path, *, dimensions: int) -> None:
        self._dimensions = dimensions
        # Any thread, but one at a time: the engine's writer locks a mutex around each call.
        self._connection = sqlite3.connect(
            folder / FILE_NAME,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        self._connection.execute("PRAGMA synchronous = FULL")

    def close(self) -> None:
        """Checkpoint the write-ahead log, unless a reader prevents it, and close."""
        self._connection.execute("PRAGMA busy_timeout = 0")  # do not wait for readers
        with suppress(sqlite3.OperationalError):  # a reader is active: the next writer does it
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._connection.close()

    def apply(self, entries: Sequence[Record | Tombstone]) -> WriteResult:
        """Apply the entries in order, in one transaction.

        The revision increases if the result of a search could change. Raises ``BadRecord`` for a vector of
        the wrong dimension; then nothing is written.
        """
        with _transaction(self._connection):
            revision = self._revision() + 1
            written, unchanged, stale, changed = 0, 0, [], False
            for entry in entries:
                row, stored = self._stored_stamp(id_of(entry))
                match decide(stamp_of(entry), stored):
                    case Decision.STALE:
                        stale.append(id_of(entry))
                    case Decision.UNCHANGED:
                        unchanged += 1
                        self._raise_order(entry, row)
                    case Decision.WRITE if isinstance(entry, Tombstone):
                        written += 1
                        changed |= self._delete(entry, row, revision)
                    case Decision.WRITE:
                        written += 1
                        changed = True
                        self._store(entry, row, revision)
            if changed:
                self.set_meta("revision", str(revision))
        return WriteResult(written=written, unchanged=unchanged, stale=tuple(stale))

    def set_meta(self, key: str, value: str) -> None:
        """Replace one value of ``meta``: at once, or as part of the current transaction."""
        self._connection.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))

    def set_applied(self, revision: int) -> None:
        """Record that the text index shows the revision; delete the superseded articles."""
        with _transaction(self._connection):
            self._connection.execute("DELETE FROM superseded")
            self.set_meta("applied", str(revision))

    def set_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest."""
        self.set_meta("manifest", json.dumps(manifest.to_dict()))
        self._dimensions = manifest.dimensions

    def _revision(self) -> int:
        query = "SELECT value FROM meta WHERE key = 'revision'"
        return int(self._connection.execute(query).fetchone()[0])

    def _stored_stamp(self, id: str) -> tuple[int | None, Stamp | None]:
        query = (
            "SELECT row, ordering, digest FROM articles WHERE id = ?"
            " UNION ALL SELECT NULL, ordering, NULL FROM marks WHERE id = ?"
        )
        values = self._connection.execute(query, (id, id)).fetchone()
        return (values[0], Stamp(*values[1:])) if values else (None, None)

    def _raise_order(self, entry: Record | Tombstone, row: int | None) -> None:
        table = "marks" if row is None else "articles"
        self._connection.execute(
            f"UPDATE {table} SET ordering = max(ordering, ?) WHERE id = ?",
            (stamp_of(entry).order, id_of(entry)),
        )

    def _keep_superseded(self, row: int | None) -> None:
        """Keep the version of an article that the text index shows, until the index shows the next one."""
        self._connection.execute(
            "INSERT OR IGNORE INTO superseded SELECT * FROM newest WHERE row = ? AND revision <="
            " (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'applied')",
            (row,),
        )

    def _delete(self, entry: Tombstone, row: int | None, revision: int) -> bool:
        """Leave a tombstone; return whether there was an article to delete."""
        order = stamp_of(entry).order
        if row is None:
            query = "INSERT INTO marks (id, ordering) VALUES (?, ?)"
            self._connection.execute(query, (entry.id, order))
            return False
        self._keep_superseded(row)
        for table in ("texts", "passage_vectors"):
            self._connection.execute(f"DELETE FROM {table} WHERE row = ?", (row,))
        self._connection.execute(
            "UPDATE articles SET ordering = ?, revision = ?, digest = NULL, facets = '[]', day = 0,"
            " passages = 0 WHERE row = ?",
            (order, revision, row),
        )
        return True

    def _store(self, record: Record, row: int | None, revision: int) -> None:
        view = record.view
        self._keep_superseded(row)
        if row is None:
            self._connection.execute("DELETE FROM marks WHERE id = ?", (view.id,))
        cursor = self._connection.execute(
            "INSERT OR REPLACE INTO articles (row, id, ordering, revision, digest, facets, day, passages)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row,
                view.id,
                stamp_of(record).order,
                revision,
                view.digest,
                _names(facets_of(view).values()),
                day_of(view.date),
                len(record.passages),
            ),
        )
        terms = {
            "exact": record.exact,
            "title_words": record.title_words,
            "declared_words": record.declared_words,
            "passages": [passage.words for passage in record.passages],
        }
        self._connection.execute(
            "INSERT OR REPLACE INTO texts (row, view, outline, terms) VALUES (?, ?, ?, ?)",
            (
                cursor.lastrowid,
                pack_view(view),
                pack([_outline(analysed.passage) for analysed in record.passages]),
                pack(terms),
            ),
        )
        self._connection.execute(
            "INSERT OR REPLACE INTO passage_vectors (row, ids, roles, vectors) VALUES (?, ?, ?, ?)",
            (
                cursor.lastrowid,
                _names(analysed.passage.id for analysed in record.passages),
                _names(analysed.passage.role for analysed in record.passages),
                self._vectors(record),
            ),
        )

    def _vectors(self, record: Record) -> bytes:
        """The vectors of all passages as bytes; zeros for a passage without one."""
        check_vectors(record, dimensions=self._dimensions)
        rows = np.zeros((len(record.passages), self._dimensions), dtype=np.float32)
        for place, analysed in enumerate(record.passages):
            if analysed.vector is not None:
                rows[place] = analysed.vector
        return quantised(rows).tobytes()


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One immediate transaction: committed at the end of the block, or rolled back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # on a full disk SQLite has rolled it back already
            connection.execute("ROLLBACK")
        raise


def _outline(passage: Passage) -> list[object]:
    return [passage.id, passage.start, passage.end, list(passage.path), passage.role]


def _names(names: Iterable[object]) -> str:
    return json.dumps(list(names), ensure_ascii=False)
