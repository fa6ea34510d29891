"""The passage cache of one generation: arrays of one revision in disposable files.

Entry points: :func:`load_cache` and :func:`write_cache`. A cache is a folder
``passages.cache-N``, N being the revision; written under another name, synced to disk, then renamed,
so a folder of that name is complete. The vectors are memory-mapped: a newer cache never overwrites an
older one, because other processes may be reading it.
"""

import math
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from search_service import logs
from search_service.engines.embedded.rows import PassageVectors, ReadTransaction
from search_service.model import Vector

_PREFIX = "passages.cache-"
_UNFINISHED = "passages.new-"
_INDEX, _VECTORS = "index.npz", "vectors.float32"
_BATCH = 500
_log = logs.Log(__name__)
_NO_POSITIONS = np.zeros(0, dtype=np.intp)


@dataclass(frozen=True)
class Block:
    """Passages sorted by their article's row, then by their order in the article.

    One entry per passage: ``rows`` and ``revisions`` of its article, ``ids`` in UTF-8, ``roles`` as indexes
    into ``role_names``, ``present``: whether it has a vector, ``vectors``: shape (passages, dimensions),
    zeros without a vector.
    """

    rows: npt.NDArray[np.int32]
    revisions: npt.NDArray[np.int64]
    ids: npt.NDArray[np.bytes_]
    roles: npt.NDArray[np.uint16]
    role_names: tuple[str, ...]
    present: npt.NDArray[np.bool_]
    vectors: Vector

    @classmethod
    def of(cls, articles: Iterable[PassageVectors], *, dimensions: int) -> "Block":
        """The passages of the articles, which must be sorted by row."""
        articles = [article for article in articles if article.ids]
        counts = [len(article.ids) for article in articles]
        vectors = np.zeros((sum(counts), dimensions), dtype=np.float32)
        present = np.array([flag for p in articles for flag in p.present], dtype=bool)
        if present.any():
            vectors[present] = np.concatenate([p.vectors for p in articles if any(p.present)])
        names = sorted({role for p in articles for role in p.roles})
        code_of = {role: code for code, role in enumerate(names)}
        return cls(
            rows=np.repeat(np.array([p.row for p in articles], dtype=np.int32), counts),
            revisions=np.repeat(np.array([p.revision for p in articles], dtype=np.int64), counts),
            ids=np.array([id.encode() for p in articles for id in p.ids], dtype=np.bytes_),
            roles=np.array([code_of[role] for p in articles for role in p.roles], dtype=np.uint16),
            role_names=tuple(names),
            present=present,
            vectors=vectors,
        )

    @classmethod
    def empty(cls, dimensions: int) -> "Block":
        """No passages."""
        return cls.of((), dimensions=dimensions)

    def span(self, row: int) -> tuple[int, int]:
        """Start and end index of an article's passages; (0, 0) if it has none."""
        if row + 1 >= len(self._offsets):
            return 0, 0
        return int(self._offsets[row]), int(self._offsets[row + 1])

    @cached_property
    def _offsets(self) -> npt.NDArray[np.intp]:
        """Index of the first passage of each row; one entry more than there are rows."""
        size = int(self.rows[-1]) + 2 if len(self.rows) else 0
        return np.searchsorted(self.rows, np.arange(size, dtype=np.int32))

    def with_role(self, role: str) -> npt.NDArray[np.intp]:
        """Indexes of the passages of this role that have a vector, ascending."""
        return self._by_role.get(role, _NO_POSITIONS)

    def roles_among(self, names: Sequence[str]) -> npt.NDArray[np.uint16]:
        """The roles as indexes into ``names``, which contains all of ``role_names``."""
        positions = np.array([names.index(name) for name in self.role_names], dtype=np.uint16)
        return positions[self.roles]

    @cached_property
    def _by_role(self) -> dict[str, npt.NDArray[np.intp]]:
        return {
            name: np.flatnonzero((self.roles == code) & self.present)
            for code, name in enumerate(self.role_names)
        }

    def passage_id(self, index: int) -> str:
        """The id of the passage at this index."""
        return bytes(self.ids[index]).decode()


@dataclass(frozen=True)
class Cache:
    """A block, and its revision."""

    revision: int
    block: Block


def load_cache(folder: Path, *, dimensions: int, newest: float = math.inf) -> Cache | None:
    """The newest readable cache in ``folder`` whose revision is at most ``newest``; None if there is none."""
    for revision, path in sorted(_caches(folder), reverse=True):
        block = _read(path, dimensions=dimensions) if revision <= newest else None
        if block is not None:
            return Cache(revision, block)
    return None


def _read(path: Path, *, dimensions: int) -> Block | None:
    """The block of a cache; None if it is missing, damaged, or of another format."""
    try:
        with np.load(path / _INDEX) as arrays:
            rows = arrays["rows"]
            return Block(
                rows=rows,
                revisions=arrays["revisions"],
                ids=arrays["ids"],
                roles=arrays["roles"],
                role_names=tuple(str(name) for name in arrays["role_names"]),
                present=arrays["present"],
                vectors=_mapped(path / _VECTORS, (len(rows), dimensions)),
            )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as exc:
        _log.warning("passage-cache-damaged", exc, generation=path.parent.name)
        return None


def write_cache(folder: Path, rows: ReadTransaction, revision: int, *, dimensions: int) -> bool:
    """Write a cache of the revision that ``rows`` shows, and remove older ones; return whether it worked.

    Vectors are written to the file as they are read, so memory use stays small.
    """
    try:
        unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
        try:
            _write(unfinished, rows, dimensions=dimensions)
            path = folder / f"{_PREFIX}{revision}"
            if _read(path, dimensions=dimensions) is None:
                shutil.rmtree(path, ignore_errors=True)
            unfinished.rename(path)
        except OSError:
            # The disk is full, or another process has just written the same revision.
            shutil.rmtree(unfinished, ignore_errors=True)
            return (folder / f"{_PREFIX}{revision}").is_dir()
        _remove_older(folder, revision)
    except OSError as exc:
        _log.warning("passage-cache-not-written", exc, generation=folder.name)
        return False
    return True


def _write(folder: Path, rows: ReadTransaction, *, dimensions: int) -> None:
    blocks = []
    articles = rows.passages_since(0)
    with (folder / _VECTORS).open("wb") as file:
        while batch := list(islice(articles, _BATCH)):
            block = Block.of(batch, dimensions=dimensions)
            block.vectors.tofile(file)
            blocks.append(block)
        _fsync(file)
    with (folder / _INDEX).open("wb") as file:
        names = sorted({name for block in blocks for name in block.role_names})
        np.savez(
            file,
            rows=np.concatenate([block.rows for block in blocks]),
            revisions=np.concatenate([block.revisions for block in blocks]),
            ids=np.concatenate([block.ids for block in blocks]),
            roles=np.concatenate([block.roles_among(names) for block in blocks]),
            role_names=np.array(names, dtype=np.str_),
            present=np.concatenate([block.present for block in blocks]),
        )
        _fsync(file)


def _fsync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _mapped(path: Path, shape: tuple[int, int]) -> Vector:
    if 0 in shape:  # nothing to map
        return np.zeros(shape, dtype=np.float32)
    return np.asarray(np.memmap(path, dtype="<f4", mode="r", shape=shape))


def _caches(folder: Path) -> list[tuple[int, Path]]:
    named = ((path.name.removeprefix(_PREFIX), path) for path in folder.glob(f"{_PREFIX}*"))
    return [(int(number), path) for number, path in named if number.isdecimal()]


def _remove_older(folder: Path, revision: int) -> None:
    """Remove superseded caches; on Windows a mapped file can only be removed later."""
    for number, path in _caches(folder):
        if number < revision:
            shutil.rmtree(path, ignore_errors=True)
