"""The ids that a run has read, with their places, on disk. Entry point: :class:`SeenIds`."""

import sqlite3
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Final, Self

_PAGE: Final = 500


class SeenIds:
    """Ids in a temporary database, so that memory use does not grow with the source. A context manager."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)  # a temporary file
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute(
            "CREATE TABLE seen (id TEXT PRIMARY KEY, place TEXT NOT NULL) WITHOUT ROWID"
        )
        self._connection.execute("CREATE TABLE bad (id TEXT PRIMARY KEY) WITHOUT ROWID")
        self._connection.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def add(self, id: str, place: str) -> str | None:
        """Add an id; the place where it was read before, or None if it is new."""
        added = self._connection.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (id, place))
        if added.rowcount:
            return None
        query = "SELECT place FROM seen WHERE id = ?"
        return str(self._connection.execute(query, (id,)).fetchone()[0])

    def add_bad(self, id: str) -> None:
        """Add the id of a record that cannot be used: it is there, too."""
        self._connection.execute("INSERT OR IGNORE INTO bad VALUES (?)", (id,))

    def missing(self, ids: Sequence[str]) -> list[str]:
        """Those of these ids that are not there, in their order."""
        found: set[str] = set()
        for start in range(0, len(ids), _PAGE):
            part = ids[start : start + _PAGE]
            marks = ",".join("?" * len(part))
            for table in ("seen", "bad"):
                query = f"SELECT id FROM {table} WHERE id IN ({marks})"  # noqa: S608  (only marks)
                found.update(id for (id,) in self._connection.execute(query, part))
        return [id for id in ids if id not in found]

    def __iter__(self) -> Iterator[str]:
        for (id,) in self._connection.execute("SELECT id FROM seen ORDER BY id"):
            yield str(id)

    def __bool__(self) -> bool:
        return self._connection.execute("SELECT 1 FROM seen LIMIT 1").fetchone() is not None

    def clear(self) -> None:
        """Forget all."""
        self._connection.execute("DELETE FROM seen")
        self._connection.execute("DELETE FROM bad")
