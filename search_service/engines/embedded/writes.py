"""Writes to the truth of one generation: which entries apply, and one transaction for each call.

Entry point: :class:`RowWriter`. It decides by version and digest (the order rule of the contract)
and knows nothing of the text index. The caller holds the engine's writer lock.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analyzers.language import say
from search_service.engines.dates import day_of
from search_service.engines.embedded.rows import FILE_NAME, pack
from search_service.errors import BadRecord
from search_service.model import AnalysedPassage, Manifest, Record, Tombstone, Written

_BUSY_SECONDS = 10.0


@dataclass(frozen=True)
class _Standing:
    """What is stored under an id; ``digest`` is None for a tombstone."""

    row: int
    ordering: int
    digest: str | None


class RowWriter:
    """The one connection that writes a generation's file."""

    def __init__(self, folder: Path, *, dimensions: int) -> None:
        self._dimensions = dimensions
        # One thread at a time, whichever it is: the engine's writer holds a mutex around each call.
        self._connection = sqlite3.connect(
            folder / FILE_NAME,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        self._connection.execute("PRAGMA synchronous = FULL")

    def close(self) -> None:
        """Fold the write-ahead log into the file, as far as readers let it, and close."""
        with suppress(sqlite3.OperationalError):  # a reader at work: the next writer does it
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._connection.close()

    def apply(self, entries: Sequence[Record | Tombstone]) -> Written:
        """Apply the entries in order, in one transaction; the revision grows if a search could."""
        with _transaction(self._connection):
            revision = self._revision() + 1
            written, unchanged, stale, changed = 0, 0, [], False
            for entry in entries:
                standing = self._standing(_id(entry))
                verdict = _judge(entry, standing)
                if verdict == "stale":
                    stale.append(_id(entry))
                elif verdict == "unchanged":
                    unchanged += 1
                    self._raise_order(entry)
                elif isinstance(entry, Tombstone):
                    written += 1
                    changed |= self._bury(entry, standing, revision)
                else:
                    written += 1
                    changed = True
                    self._store(entry, standing, revision)
            if changed:
                self.set_meta("revision", str(revision))
        return Written(written=written, unchanged=unchanged, stale=tuple(stale))

    def set_meta(self, key: str, value: str) -> None:
        """Replace one value of ``meta``, durably (or with the transaction under way)."""
        self._connection.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))

    def set_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest."""
        self.set_meta("manifest", json.dumps(manifest.to_dict()))
        self._dimensions = manifest.dimensions

    def _revision(self) -> int:
        query = "SELECT value FROM meta WHERE key = 'revision'"
        return int(self._connection.execute(query).fetchone()[0])

    def _standing(self, id: str) -> _Standing | None:
        query = "SELECT row, ordering, digest FROM articles WHERE id = ?"
        values = self._connection.execute(query, (id,)).fetchone()
        return _Standing(*values) if values else None

    def _raise_order(self, entry: Record | Tombstone) -> None:
        self._connection.execute(
            "UPDATE articles SET ordering = ? WHERE id = ?", (_ordering(entry), _id(entry))
        )

    def _bury(self, entry: Tombstone, standing: _Standing | None, revision: int) -> bool:
        """Leave a tombstone; say whether there was something to delete."""
        if standing is None:
            query = "INSERT INTO articles (id, ordering, revision) VALUES (?, ?, 0)"
            self._connection.execute(query, (entry.id, _ordering(entry)))
            return False
        self._connection.execute("DELETE FROM texts WHERE row = ?", (standing.row,))
        self._connection.execute(
            "UPDATE articles SET ordering = ?, revision = ?, digest = NULL, category = '',"
            " kind = '', author = '', issuer = '', day = 0, passages = 0 WHERE row = ?",
            (_ordering(entry), revision, standing.row),
        )
        return True

    def _store(self, record: Record, standing: _Standing | None, revision: int) -> None:
        view = record.view
        cursor = self._connection.execute(
            "INSERT OR REPLACE INTO articles (row, id, ordering, revision, digest, category, kind,"
            " author, issuer, day, passages) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                standing.row if standing else None,
                view.id,
                _ordering(record),
                revision,
                view.digest,
                view.category or "",
                view.kind or "",
                view.author or "",
                view.issuer or "",
                day_of(view.date),
                len(record.passages),
            ),
        )
        terms = {
            "exact": record.exact,
            "fields": dict(record.fields),
            "passages": [passage.words for passage in record.passages],
        }
        self._connection.execute(
            "INSERT OR REPLACE INTO texts (row, view, outline, terms, vectors)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                cursor.lastrowid,
                pack(view.to_dict()),
                pack([_outline(passage) for passage in record.passages]),
                pack(terms),
                self._vectors(record),
            ),
        )

    def _vectors(self, record: Record) -> bytes:
        vectors = [p.vector for p in record.passages if p.vector is not None]
        for vector in vectors:
            if vector.shape != (self._dimensions,):
                raise BadRecord(
                    say(
                        f"文章 {record.view.id} 的向量形状为 {vector.shape}，"
                        f"索引要求 ({self._dimensions},)；请用建立索引时的模型",
                        f"article {record.view.id}: a vector has the shape {vector.shape}, the"
                        f" index holds ({self._dimensions},); use the model that made the index",
                    )
                )
        return b"".join(np.asarray(vector, dtype="<f4").tobytes() for vector in vectors)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One immediate transaction: committed at the end of the block, or undone."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has undone it already
            connection.execute("ROLLBACK")
        raise


def _id(entry: Record | Tombstone) -> str:
    return entry.id if isinstance(entry, Tombstone) else entry.view.id


def _ordering(entry: Record | Tombstone) -> int:
    return 2 * entry.version + isinstance(entry, Tombstone)


def _judge(entry: Record | Tombstone, standing: _Standing | None) -> str:
    """Whether an entry is written, unchanged or stale.

    The very same entry again (a load that was killed and goes on) is unchanged, not stale.
    """
    if standing is None:
        return "written"
    digest = None if isinstance(entry, Tombstone) else entry.view.digest
    ordering = _ordering(entry)
    if ordering > standing.ordering:
        return "unchanged" if digest == standing.digest else "written"
    return "unchanged" if (ordering, digest) == (standing.ordering, standing.digest) else "stale"


def _outline(analysed: AnalysedPassage) -> list[object]:
    passage = analysed.passage
    return [
        passage.id,
        passage.start,
        passage.end,
        list(passage.path),
        passage.role,
        int(analysed.vector is not None),
    ]
