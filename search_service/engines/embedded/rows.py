"""System of record of one generation: a SQLite file of articles, passages, vectors and the manifest.

Entry points: :class:`Rows` (single reads) and :class:`ReadTransaction` (several consistent reads); writes
are in :mod:`.row_writer`. Everything else in a generation's folder can be rebuilt from this file. No text
search and no vector arithmetic here.
"""

import json
import sqlite3
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import zstandard

from search_service.engines.embedded.schema import FILE_NAME
from search_service.engines.fields import fields_from
from search_service.engines.ordering import Stamp
from search_service.engines.quantisation import Codes, restored
from search_service.model import FACETS, Field, Passage, StoredArticle, Vector, View

_BUSY_SECONDS = 10.0
_LEVEL = 6
_own = threading.local()
_BATCH = 200  # articles read at once: bounded memory


@dataclass(frozen=True)
class State:
    """The ``meta`` table. ``applied``: the revision that the text index shows."""

    revision: int
    applied: int
    text_schema: str
    manifest: str
    format: str

    @property
    def complete(self) -> bool:
        """Whether the text index shows everything committed."""
        return self.applied == self.revision


@dataclass(frozen=True)
class Attributes:
    """The filter fields of an article. ``day``: yyyymmdd, 0 without a date; ``live``: not a tombstone.

    ``facets``: of :func:`search_service.engines.fields.facets_of`; empty for a tombstone.
    """

    row: int
    id: str
    revision: int
    live: bool
    facets: Mapping[str, tuple[str, ...]]
    day: int


@dataclass(frozen=True)
class ArticleTerms:
    """What the text index needs of an article; empty for a tombstone. ``size``: of the terms, in bytes."""

    attributes: Attributes
    exact: tuple[str, ...]
    fields: dict[Field, str]
    passages: tuple[str, ...]
    roles: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Indexed:
    """State of an article in the text index: its revision, and number of passages (-1: not live)."""

    revision: int
    passages: int


@dataclass(frozen=True)
class Change:
    """A written article: its state in the text index after and before the write is applied there."""

    row: int
    after: Indexed
    before: Indexed


@dataclass(frozen=True)
class PassageVectors:
    """The passages of one article. ``codes``: their vectors, shape (passages, dimensions), or zeros."""

    row: int
    revision: int
    ids: tuple[str, ...]
    roles: tuple[str, ...]
    codes: Codes


def pack(value: object) -> bytes:
    """Plain values as compressed JSON; the inverse of :func:`unpack`."""
    return zstandard.compress(json.dumps(value, ensure_ascii=False).encode(), _LEVEL)


def unpack(blob: bytes) -> Any:
    """The inverse of :func:`pack`."""
    return json.loads(_decompressed(blob))


def pack_view(view: View) -> bytes:
    """A view, compressed: JSON in one line, then the text, which is read faster as it is."""
    values = view.to_dict() | {"text": ""}
    lines = f"{json.dumps(values, ensure_ascii=False)}\n{view.text}"
    return zstandard.compress(lines.encode(), _LEVEL)


def unpack_view(blob: bytes) -> View:
    """The inverse of :func:`pack_view`."""
    values, _, text = _decompressed(blob).partition(b"\n")
    return View.from_dict(json.loads(values) | {"text": text.decode()})


def _decompressed(blob: bytes) -> bytes:
    # One for each thread, which takes half the time of a new one for each text.
    if not hasattr(_own, "decompressor"):
        _own.decompressor = zstandard.ZstdDecompressor()
    content: bytes = _own.decompressor.decompress(blob)
    return content


class _Reads(ABC):
    """The queries. ``_source``: the SQL view to read; ``_narrow``: the same articles without texts."""

    _source, _narrow = "newest", "articles"

    @abstractmethod
    def _all(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """All rows that a query returns."""

    def read_state(self) -> State:
        """The state, read in one statement and so consistent."""
        return state_of(self._all("SELECT key, value FROM meta"))

    def stamps(self, ids: Collection[str]) -> dict[str, Stamp]:
        """The stamps of articles and marks (see :mod:`.schema`) with these ids; unknown ids are left out."""
        stamps: dict[str, Stamp] = {}
        ordered = list(ids)
        for start in range(0, len(ordered), _BATCH):
            part = ordered[start : start + _BATCH]
            query = (
                f"SELECT id, ordering, digest FROM articles WHERE id IN ({_marks(part)})"
                f" UNION ALL SELECT id, ordering, NULL FROM marks WHERE id IN ({_marks(part)})"
            )
            stamps.update((id, Stamp(*rest)) for id, *rest in self._all(query, part * 2))
        return stamps

    def count(self) -> int:
        """Number of live articles."""
        return int(self._all(f"SELECT count(*) FROM {self._narrow} WHERE digest IS NOT NULL")[0][0])

    def count_passages(self, *, since: int = 0) -> int:
        """Number of passages of the articles that changed after the revision ``since``."""
        query = f"SELECT coalesce(sum(passages), 0) FROM {self._narrow} WHERE revision > ?"
        return int(self._all(query, (since,))[0][0])

    def attributes_since(self, revision: int) -> list[Attributes]:
        """Articles that changed after ``revision``, tombstones included, by row."""
        query = f"SELECT {_ATTRIBUTES} FROM {self._narrow} WHERE revision > ? ORDER BY row"
        return [_attributes(values) for values in self._all(query, (revision,))]

    def terms_since(self, revision: int) -> Iterator[ArticleTerms]:
        """The terms of every article that changed after ``revision``, by revision and row.

        This is the order of the writes, so a replay builds the same text index as the writes.
        """
        query = (
            f"SELECT {_ATTRIBUTES}, view, terms, outline FROM {self._source}"
            " WHERE (revision, row) > (?, ?) ORDER BY revision, row LIMIT ?"
        )
        after = (revision, 2**62)
        while batch := self._all(query, (*after, _BATCH)):
            for *values, view, terms, outline in batch:
                yield _terms(_attributes(values), view, terms, outline)
            after = (batch[-1][2], batch[-1][0])

    def passages_since(self, revision: int) -> Iterator[PassageVectors]:
        """The passages of every article that changed after ``revision``, by row."""
        query = f"SELECT row FROM {self._narrow} WHERE revision > ? ORDER BY row"
        changed = [row for (row,) in self._all(query, (revision,))]
        for start in range(0, len(changed), _BATCH):
            part = changed[start : start + _BATCH]
            query = (
                f"SELECT row, revision, ids, roles, vectors FROM {self._source}"
                f" WHERE row IN ({_marks(part)}) ORDER BY row"
            )
            for values in self._all(query, part):
                yield _passage_vectors(values)

    def fetch(self, ids: Sequence[str]) -> dict[str, StoredArticle]:
        """The live articles among ``ids``, in the order of ``ids``."""
        articles: dict[str, StoredArticle] = {}
        for start in range(0, len(ids), _BATCH):
            part = ids[start : start + _BATCH]
            query = (
                f"SELECT {_STORED} FROM {self._source}"
                f" WHERE id IN ({_marks(part)}) AND view IS NOT NULL"
            )
            articles.update((values[0], _stored(values)) for values in self._all(query, part))
        return {id: articles[id] for id in ids if id in articles}

    def scan(self) -> Iterator[StoredArticle]:
        """Every live article by id ascending; reads in batches."""
        query = (
            f"SELECT {_STORED} FROM {self._source}"
            " WHERE id > ? AND view IS NOT NULL ORDER BY id LIMIT ?"
        )
        batch = self._all(query.replace("id > ?", "id >= ?"), ("", _BATCH))
        while batch:
            yield from (_stored(values) for values in batch)
            batch = self._all(query, (batch[-1][0], _BATCH))

    def terms_of(self, article_id: str) -> dict[Field, str]:
        """The terms of a live article by field; empty if there is none."""
        query = f"SELECT view, terms FROM {self._source} WHERE id = ? AND terms IS NOT NULL"
        for view, terms in self._all(query, (article_id,)):
            return _fields(view, unpack(terms))
        return {}

    def vectors_of(self, article_id: str) -> dict[str, Vector]:
        """The vectors of a live article by passage id; empty if there are none."""
        query = f"SELECT row, revision, ids, roles, vectors FROM {self._source} WHERE id = ?"
        for values in self._all(query, (article_id,)):
            passages = _passage_vectors(values)
            vectors = zip(passages.ids, restored(passages.codes), strict=True)
            return {id: vector for id, vector in vectors if vector.any()}
        return {}


class Rows(_Reads):
    """Reads one generation's file over a pool of read-only connections; safe among threads.

    Each read shows the newest commit; :meth:`begin` starts a transaction for consistent reads.
    """

    def __init__(self, folder: Path) -> None:
        self.path = (folder / FILE_NAME).absolute()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    def close(self) -> None:
        """Close the idle connections now, and the others when they are released."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def __del__(self) -> None:
        self.close()

    def begin(self) -> "ReadTransaction":
        """Start a read transaction; it ends when the returned object is garbage-collected."""
        connection = self._borrow()
        try:
            connection.execute("BEGIN")
            return ReadTransaction(self, connection)
        except BaseException:
            connection.close()
            raise

    def release(self, connection: sqlite3.Connection) -> None:
        """End a connection's transaction, if any, and return it to the pool."""
        with suppress(sqlite3.Error):  # a broken connection is closed
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def _borrow(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return sqlite3.connect(
                f"{self.path.as_uri()}?mode=ro",
                uri=True,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,  # a connection serves one borrower at a time
            )

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = self._borrow()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self.release(connection)

    def _all(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        with self._connection() as connection:
            return connection.execute(query, values).fetchall()


class ReadTransaction(_Reads):
    """The rows as of one point in time, whatever is written since; safe among threads.

    The transaction ends when the object is garbage-collected. Until then the write-ahead log grows, so use
    it for one request only.
    """

    def __init__(self, rows: Rows, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.state = self.read_state()
        weakref.finalize(self, rows.release, connection)

    def show(self, revision: int) -> None:
        """Read as of this revision: the newest, or the one that the text index shows."""
        if revision != self.state.revision:
            self._source = self._narrow = "shown"

    def pending_changes(self) -> list[Change]:
        """Writes that are not yet recorded as applied to the text index, by row."""
        query = (
            "SELECT row, articles.revision, iif(articles.digest IS NULL, -1, articles.passages),"
            " superseded.revision, iif(superseded.digest IS NULL, -1, superseded.passages)"
            " FROM articles LEFT JOIN superseded USING (row) WHERE articles.revision > ?"
            " ORDER BY row"
        )
        return [
            Change(row, Indexed(revision, passages), Indexed(before or 0, count))
            for row, revision, passages, before, count in self._all(query, (self.state.applied,))
        ]

    def _all(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()


_ATTRIBUTES = "row, id, revision, digest, facets, day"
_STORED = "id, view, outline"


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def state_of(meta: Sequence[tuple[str, str]]) -> State:
    """The state from the rows of ``meta``."""
    values = dict(meta)
    return State(
        # Other formats may lack any of them: ``check_format`` refuses those.
        revision=int(values.get("revision", 0)),
        applied=int(values.get("applied", 0)),
        text_schema=values.get("text_schema", ""),
        manifest=values.get("manifest", "{}"),
        format=values.get("format", "?"),
    )


def _attributes(values: Sequence[Any]) -> Attributes:
    row, id, revision, digest, packed, day = values
    facets = {name: tuple(one) for name, one in zip(FACETS, orjson.loads(packed), strict=False)}
    return Attributes(row, id, revision, digest is not None, facets, day)


def _terms(
    attributes: Attributes, view: bytes | None, terms: bytes | None, outline: bytes | None
) -> ArticleTerms:
    if view is None or terms is None or outline is None:
        return ArticleTerms(attributes, (), {}, (), (), 0)
    values = unpack(terms)
    fields = _fields(view, values)
    return ArticleTerms(
        attributes,
        exact=tuple(values["exact"]),
        fields=fields,
        passages=tuple(values["passages"]),
        roles=tuple(entry[4] for entry in unpack(outline)),
        size=sum(len(text.encode()) for text in (*fields.values(), *values["passages"])),
    )


def _fields(view: bytes, terms: Mapping[str, Any]) -> dict[Field, str]:
    words = [*terms["passages"], terms["declared_words"]]
    return fields_from(unpack_view(view), terms["title_words"], words)


def _passage_vectors(values: Sequence[Any]) -> PassageVectors:
    row, revision, ids, roles, vectors = values
    names = tuple(json.loads(ids or "[]"))
    codes = np.frombuffer(vectors or b"", dtype=np.int8)
    return PassageVectors(
        row=row,
        revision=revision,
        ids=names,
        roles=tuple(json.loads(roles or "[]")),
        codes=codes.reshape(len(names), len(codes) // max(len(names), 1)),
    )


def _stored(values: Sequence[Any]) -> StoredArticle:
    _, view, outline = values
    return StoredArticle(
        view=unpack_view(view),
        passages=tuple(
            Passage(id, start, end, tuple(path), role)
            # A page shows ten articles of some fifty passages each: orjson takes half the time. Views
            # stay with the standard library, because they contain numbers of any size.
            for id, start, end, path, role in orjson.loads(_decompressed(outline))
        ),
    )
