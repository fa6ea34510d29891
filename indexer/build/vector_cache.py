"""Embedding cache: vectors by model and hash of the text.

Entry points: :func:`with_cache`, :class:`VectorCache`, :class:`CachingEmbedder`. The cache is an SQLite file
that may be deleted at any time; with it, a rebuild embeds only what is new. It contains no text, and after a
rebuild no more vectors than the generations do; as in these, a vector is a byte per dimension.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from analyzers.embed import Embedder, Vectors
from search_service import logs
from search_service.engines.quantisation import quantised, restored
from search_service.errors import GongwenError
from search_service.service import SearchService
from search_service.settings import Settings
from search_service.state.database import Database

_TABLES = sa.MetaData()
# ``key``: hash of model and text, not a primary key: rows in the order of writing fill their pages.
_VECTORS = sa.Table(
    "vectors",
    _TABLES,
    sa.Column("key", sa.Integer, unique=True, nullable=False),
    sa.Column("model", sa.Integer, nullable=False),
    sa.Column("vector", sa.LargeBinary, nullable=False),
)
# The keys used since the last rebuild began.
_USED = sa.Table("used", _TABLES, sa.Column("key", sa.Integer, primary_key=True))
_QUERY_SIZE = 500  # texts in one query: SQLite limits the number of variables
_log = logs.Log(__name__)


class VectorCache:
    """Vectors by text. Safe to share among threads and processes.

    If the file cannot be used, that is logged and all texts are embedded; indexing is unaffected.
    """

    def __init__(self, url: str) -> None:
        """Use the SQLite database of this URL; it is created at the first use."""
        self._url = url
        self._broken = False

    @cached_property
    def _database(self) -> Database:
        database = Database(self._url, tables=_TABLES)
        database.create()
        return database

    def embed(self, embedder: Embedder, texts: Sequence[str]) -> Vectors:
        """``embedder.embed(texts)``, computed only for texts that are not in the cache."""
        model = embedder.fingerprint
        keys = {text: _number(f"{model}\0{text}", size=8) for text in texts}
        vectors: dict[int, Vectors] = {}
        self._try(lambda: vectors.update(self._load(list(keys.values()))))
        missing = [text for text, key in keys.items() if key not in vectors]
        new = dict(zip((keys[text] for text in missing), embedder.embed(missing), strict=True))
        vectors |= new
        self._try(lambda: self._store(model, new, list(keys.values())))
        rows = [vectors[keys[text]] for text in texts]
        return np.stack(rows) if rows else np.zeros((0, embedder.dimensions), np.float32)

    def begin(self) -> None:
        """Start a rebuild: the texts used from here on are those of the next generation."""

        def clear() -> None:
            with self._database.writing() as connection:
                connection.execute(_USED.delete())

        self._try(clear)

    def finish(self, model: str, models: Collection[str]) -> None:
        """End a rebuild with ``model``: delete the vectors of that model that it did not use.

        ``models``: the models of all generations; the vectors of other models are deleted, too.
        """
        unused = (_VECTORS.c.model == _number(model, size=4)) & ~sa.exists().where(
            _USED.c.key == _VECTORS.c.key
        )
        others = _VECTORS.c.model.not_in([_number(one, size=4) for one in models])

        def drop() -> None:
            with self._database.writing() as connection:
                connection.execute(_VECTORS.delete().where(unused | others))

        self._try(drop)

    def discard(self) -> None:
        """Delete the file, to free its space, and use the cache no more."""
        self._broken = True
        path = sa.make_url(self._url).database or ""
        _log.warning("disk-space-freed", files="vectors.sqlite3")
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)

    def _load(self, keys: Sequence[int]) -> dict[int, Vectors]:
        found: dict[int, Vectors] = {}
        with self._database.reading() as connection:
            for start in range(0, len(keys), _QUERY_SIZE):
                query = sa.select(_VECTORS.c.key, _VECTORS.c.vector).where(
                    _VECTORS.c.key.in_(keys[start : start + _QUERY_SIZE])
                )
                stored = {row.key: row.vector for row in connection.execute(query)}
                codes = np.frombuffer(b"".join(stored.values()), np.int8)
                rows = restored(codes.reshape(len(stored), -1)) if stored else ()
                found.update(zip(stored, rows, strict=True))
        return found

    def _store(self, model: str, new: dict[int, Vectors], used: Sequence[int]) -> None:
        number = _number(model, size=4)
        rows = [
            {"key": key, "model": number, "vector": quantised(row).tobytes()}
            for key, row in new.items()
        ]
        with self._database.writing() as connection:
            # Another process may have stored the same meanwhile.
            if rows:
                connection.execute(insert(_VECTORS).on_conflict_do_nothing(), rows)
            if used:
                marks = [{"key": key} for key in used]
                connection.execute(insert(_USED).on_conflict_do_nothing(), marks)

    def _try(self, step: Callable[[], None]) -> None:
        if self._broken:
            return
        try:
            step()
        except GongwenError as exc:
            self._broken = True
            _log.warning("embedding-cache-broken", exc)


def _number(text: str, *, size: int) -> int:
    """A hash of the text of ``size`` bytes, as SQLite stores numbers."""
    digest = hashlib.blake2b(text.encode(), digest_size=size).digest()
    return int.from_bytes(digest, "big", signed=True)


@dataclass(frozen=True)
class CachingEmbedder:
    """An embedder that embeds no passage twice; queries are not cached."""

    embedder: Embedder
    cache: VectorCache

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the embedder."""
        return self.embedder.fingerprint

    @property
    def dimensions(self) -> int:
        """The number of dimensions of a vector."""
        return self.embedder.dimensions

    @property
    def max_characters(self) -> int:
        """The longest text that the embedder reads, in characters."""
        return self.embedder.max_characters

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Return an array of one row per text, as the embedder does."""
        if query:
            return self.embedder.embed(texts, query=True)
        return self.cache.embed(self.embedder, texts)


def with_cache(service: SearchService, settings: Settings) -> SearchService:
    """The service with a caching embedder; unchanged if it has no model."""
    if service.embedder is None:
        return service
    embedder = CachingEmbedder(service.embedder, VectorCache(settings.vectors_url))
    return replace(service, embedder=embedder)


def cache_of(service: SearchService) -> VectorCache | None:
    """The embedding cache of the service, or None."""
    embedder = service.embedder
    return embedder.cache if isinstance(embedder, CachingEmbedder) else None
