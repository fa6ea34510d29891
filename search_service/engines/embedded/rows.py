"""The truth of one generation: a SQLite file of articles, passages, vectors and the manifest.

Entry points: :func:`create_rows` and :class:`Rows` (reads); :mod:`.writes` holds the writes.
Everything else in a generation's folder can be made again from this file. No text search and no
arithmetic over vectors here.

Two tables, so that the columns of 50,000 articles are read in a moment: ``articles`` is narrow,
``texts`` holds what is large. The text columns are zlib at level 1: on the real corpus the terms
take 0.95 × the raw text instead of 3.3 × and the views 0.37 ×, for about 4 s per 100 MB written.
A tombstone is a row without digest; its row number and id are never used for anything else.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from search_service.model import Field, Manifest, Passage, Stored, Vector, View

FILE_NAME = "articles.sqlite3"
FORMAT = 1
_BUSY_SECONDS = 10.0
_LEVEL = 1
_BATCH = 200  # articles read at once: bounded memory, and no long read transaction
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    ordering INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    digest TEXT,
    category TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL DEFAULT '',
    author TEXT NOT NULL DEFAULT '',
    issuer TEXT NOT NULL DEFAULT '',
    day INTEGER NOT NULL DEFAULT 0,
    passages INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX articles_revision ON articles (revision);
CREATE TABLE texts (
    row INTEGER PRIMARY KEY,
    view BLOB NOT NULL,
    outline BLOB NOT NULL,
    terms BLOB NOT NULL,
    vectors BLOB NOT NULL
);
"""


@dataclass(frozen=True)
class State:
    """Where a generation stands: its revision, and the one that the text index has reached."""

    revision: int
    applied: int
    text_schema: str
    manifest: str

    @property
    def complete(self) -> bool:
        """Whether the text index shows all that is committed."""
        return self.applied == self.revision


@dataclass(frozen=True)
class Attributes:
    """What is filtered on; ``day`` is yyyymmdd, 0 where there is none. ``live``: no tombstone."""

    row: int
    id: str
    revision: int
    live: bool
    category: str
    kind: str
    author: str
    issuer: str
    day: int


@dataclass(frozen=True)
class Terms:
    """What the text index needs of an article; empty for a tombstone."""

    attributes: Attributes
    exact: tuple[str, ...]
    fields: dict[Field, str]
    passages: tuple[str, ...]
    roles: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class PassageVectors:
    """The passages of one article: ids, roles, which of them have a vector, and those vectors."""

    row: int
    revision: int
    ids: tuple[str, ...]
    roles: tuple[str, ...]
    present: tuple[bool, ...]
    vectors: Vector


def create_rows(folder: Path, *, manifest: Manifest, text_schema: str) -> None:
    """Write the file of an empty generation into ``folder``."""
    connection = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_SCHEMA)
        values = {
            "format": str(FORMAT),
            "manifest": json.dumps(manifest.to_dict()),
            "revision": "0",
            "applied": "0",
            "text_schema": text_schema,
        }
        connection.executemany("INSERT INTO meta VALUES (?, ?)", values.items())
    finally:
        connection.close()


def pack(value: object) -> bytes:
    """Plain values as compressed JSON; :func:`unpack` is the way back."""
    return zlib.compress(json.dumps(value, ensure_ascii=False).encode(), _LEVEL)


def unpack(blob: bytes) -> Any:
    """The plain values that :func:`pack` was given."""
    return json.loads(zlib.decompress(blob))


class Rows:
    """Reads one generation's file over a pool of read-only connections; safe among threads."""

    def __init__(self, folder: Path) -> None:
        self.path = (folder / FILE_NAME).absolute()
        self._idle: list[sqlite3.Connection] = []

    def close(self) -> None:
        """Close the connections that nobody uses at the moment."""
        while self._idle:
            self._idle.pop().close()

    def __del__(self) -> None:
        self.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = sqlite3.connect(
                f"{self.path.as_uri()}?mode=ro",
                uri=True,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,  # a connection serves one borrower at a time
            )
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def _all(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        with self._connection() as connection:
            return connection.execute(query, values).fetchall()

    def state(self) -> State:
        """Read where the generation stands, in one statement and so of one moment."""
        return state_of(self._all("SELECT key, value FROM meta"))

    def count(self) -> int:
        """How many articles are live."""
        return int(self._all("SELECT count(*) FROM articles WHERE digest IS NOT NULL")[0][0])

    def count_passages(self, *, since: int = 0) -> int:
        """How many passages the articles have that changed after the revision ``since``."""
        query = "SELECT coalesce(sum(passages), 0) FROM articles WHERE revision > ?"
        return int(self._all(query, (since,))[0][0])

    def attributes_since(self, revision: int) -> list[Attributes]:
        """What changed after ``revision``, tombstones included."""
        query = f"SELECT {_ATTRIBUTES} FROM articles WHERE revision > ? ORDER BY row"
        return [_attributes(values) for values in self._all(query, (revision,))]

    def terms_since(self, revision: int) -> Iterator[Terms]:
        """The terms of every article that changed after ``revision``, by revision and row.

        The order is that of the writes, so a replay builds what the writes would have built.
        """
        query = (
            f"SELECT {_ATTRIBUTES}, terms, outline FROM articles LEFT JOIN texts USING (row)"
            " WHERE (revision, row) > (?, ?) ORDER BY revision, row LIMIT ?"
        )
        after = (revision, 2**62)
        while batch := self._all(query, (*after, _BATCH)):
            for *values, terms, outline in batch:
                yield _terms(_attributes(values), terms, outline)
            after = (batch[-1][2], batch[-1][0])

    def passages_since(self, revision: int) -> Iterator[PassageVectors]:
        """The passages of every article that changed after ``revision``, by row."""
        query = "SELECT row FROM articles WHERE revision > ? ORDER BY row"
        changed = [row for (row,) in self._all(query, (revision,))]
        for start in range(0, len(changed), _BATCH):
            part = changed[start : start + _BATCH]
            query = (
                "SELECT articles.row, revision, outline, vectors FROM articles"
                f" LEFT JOIN texts USING (row) WHERE articles.row IN ({_marks(part)})"
                " ORDER BY articles.row"
            )
            for values in self._all(query, part):
                yield _passage_vectors(values)

    def fetch(self, ids: Sequence[str]) -> dict[str, Stored]:
        """The live articles among ``ids``, in the order asked."""
        found: dict[str, Stored] = {}
        for start in range(0, len(ids), _BATCH):
            part = ids[start : start + _BATCH]
            query = (
                f"SELECT {_STORED} FROM articles JOIN texts USING (row)"
                f" WHERE id IN ({_marks(part)})"
            )
            found.update((values[0], _stored(values)) for values in self._all(query, part))
        return {id: found[id] for id in ids if id in found}

    def scan(self) -> Iterator[Stored]:
        """Every live article by id ascending, a batch at a time."""
        query = (
            f"SELECT {_STORED} FROM articles JOIN texts USING (row)"
            " WHERE id > ? ORDER BY id LIMIT ?"
        )
        batch = self._all(query.replace("id > ?", "id >= ?"), ("", _BATCH))
        while batch:
            yield from (_stored(values) for values in batch)
            batch = self._all(query, (batch[-1][0], _BATCH))

    def terms_of(self, article_id: str) -> dict[Field, str]:
        """The fields of a live article; empty where there is none."""
        query = "SELECT terms FROM articles JOIN texts USING (row) WHERE id = ?"
        for (blob,) in self._all(query, (article_id,)):
            return {Field(name): text for name, text in unpack(blob)["fields"].items()}
        return {}

    def vectors_of(self, article_id: str) -> dict[str, Vector]:
        """The vectors of a live article by passage id; empty where there are none."""
        query = "SELECT outline, vectors FROM articles JOIN texts USING (row) WHERE id = ?"
        for outline, blob in self._all(query, (article_id,)):
            ids = [entry[0] for entry in unpack(outline) if entry[5]]
            return dict(zip(ids, _matrix(blob, len(ids)), strict=True))
        return {}


_ATTRIBUTES = "articles.row, id, revision, digest, category, kind, author, issuer, day"
_STORED = "id, view, outline"


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def state_of(meta: Sequence[tuple[str, str]]) -> State:
    """The state in the rows of ``meta``."""
    values = dict(meta)
    return State(
        revision=int(values["revision"]),
        applied=int(values["applied"]),
        text_schema=values["text_schema"],
        manifest=values["manifest"],
    )


def _attributes(values: Sequence[Any]) -> Attributes:
    row, id, revision, digest, category, kind, author, issuer, day = values
    return Attributes(row, id, revision, digest is not None, category, kind, author, issuer, day)


def _terms(attributes: Attributes, blob: bytes | None, outline: bytes | None) -> Terms:
    if blob is None or outline is None:
        return Terms(attributes, (), {}, (), (), 0)
    text = zlib.decompress(blob)
    values = json.loads(text)
    return Terms(
        attributes,
        exact=tuple(values["exact"]),
        fields={Field(name): terms for name, terms in values["fields"].items()},
        passages=tuple(values["passages"]),
        roles=tuple(entry[4] for entry in unpack(outline)),
        size=len(text),
    )


def _passage_vectors(values: Sequence[Any]) -> PassageVectors:
    row, revision, outline, vectors = values
    entries = unpack(outline) if outline else []
    return PassageVectors(
        row=row,
        revision=revision,
        ids=tuple(entry[0] for entry in entries),
        roles=tuple(entry[4] for entry in entries),
        present=tuple(bool(entry[5]) for entry in entries),
        vectors=_matrix(vectors or b"", sum(entry[5] for entry in entries)),
    )


def _matrix(blob: bytes, count: int) -> Vector:
    return np.frombuffer(blob, dtype="<f4").reshape(count, -1 if count else 0).astype(np.float32)


def _stored(values: Sequence[Any]) -> Stored:
    _, view, outline = values
    return Stored(
        view=View.from_dict(unpack(view)),
        passages=tuple(
            Passage(id=id, start=start, end=end, path=tuple(path), role=role)
            for id, start, end, path, role, _ in unpack(outline)
        ),
    )
