"""The passages of one generation in memory, and exact vector search over them.

Entry points: :class:`PassageKeeper` (keeps the table up to date) and :class:`PassageTable`
(immutable: nearest passages, passage ids). The table is a memory-mapped cache of one revision
plus an overlay of what changed since; :mod:`.cache` reads and writes the cache. No ANN: one matrix product
over 134,000 vectors of 256 dimensions takes 10–20 ms.

Float32 products find the candidates. Their rounding depends on how BLAS splits the work, so the scores of
the few candidates that can be in the result are summed again in float64, in a fixed order.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from search_service.engines.embedded.cache import Block, load_cache, write_cache
from search_service.engines.embedded.columns import Mask
from search_service.engines.embedded.rows import PassageVectors, ReadTransaction
from search_service.model import Vector

# Upper bound of the error of a float32 product of unit vectors.
_SLACK = 1e-5
# Gathering a row costs about four times as much as multiplying it.
_GATHER_BELOW = 0.25
# The overlay lies in ordinary memory and is rebuilt at each refresh: it must stay small.
_OVERLAY_PASSAGES = 5_000
_OVERLAY_SHARE = 0.1


@dataclass(frozen=True)
class Neighbour:
    """A passage near the query vector: its article's row, its ordinal in the article, its cosine."""

    row: int
    ordinal: int
    passage_id: str
    score: float


class PassageTable:
    """All passages at one revision: a block of the cache and one of the overlay, each sorted by row.

    ``superseded``: rows whose passages in the cache are replaced by those of the overlay.
    """

    def __init__(self, base: Block, overlay: Block, superseded: Iterable[int]) -> None:
        self._blocks = (base, overlay)
        rows = list(superseded)
        self._superseded = np.zeros(max(rows, default=-1) + 1, dtype=bool)
        self._superseded[rows] = True

    def passage_id(self, row: int, ordinal: int, revision: int) -> str | None:
        """The id of a passage; None if the table has another revision of the article."""
        for block in reversed(self._blocks):
            start, end = block.span(row)
            if ordinal < end - start and block.revisions[start] == revision:
                return block.passage_id(start + ordinal)
        return None

    def nearest(
        self,
        vector: Vector,
        allowed: Mask,
        *,
        articles: int,
        per_article: int,
        min_score: float,
        role: str | None,
    ) -> list[Neighbour]:
        """The best passages of the role (None: any) of the best ``allowed`` rows, unordered.

        Includes all articles that tie with the last one after rounding, so the caller may break ties in any
        order.
        """
        by_block = [
            _Candidates.of(block, vector, self._not_superseded(index, allowed), min_score, role)
            for index, block in enumerate(self._blocks)
        ]
        best = np.concatenate([candidates.best for candidates in by_block])
        if len(best) > articles:
            least = np.partition(best, len(best) - articles)[len(best) - articles] - _SLACK
        else:
            least = -np.inf
        return [
            neighbour
            for candidates in by_block
            for neighbour in candidates.rescored(vector, least, per_article, min_score)
        ]

    def _not_superseded(self, index: int, allowed: Mask) -> Mask:
        if index > 0 or not self._superseded.any():
            return allowed
        size = min(len(allowed), len(self._superseded))
        remaining = allowed.copy()
        remaining[:size] &= ~self._superseded[:size]
        return remaining


@dataclass(frozen=True)
class _Candidates:
    """The candidate passages of one block, in row order, with their float32 similarities.

    ``positions``: indexes into the block; ``starts``: index of each article's first candidate; ``best``:
    each article's highest similarity.
    """

    block: Block
    positions: npt.NDArray[np.intp]
    similarities: Vector
    starts: npt.NDArray[np.intp]
    best: Vector

    @classmethod
    def of(
        cls, block: Block, vector: Vector, allowed: Mask, min_score: float, role: str | None
    ) -> "_Candidates":
        if role is None:
            positions = np.flatnonzero(_select(allowed, block.rows) & block.present)
        else:
            positions = block.with_role(role)
            positions = positions[_select(allowed, block.rows[positions])]
        if len(positions) < _GATHER_BELOW * len(block.rows):
            similarities = block.vectors[positions] @ vector
        else:
            similarities = (block.vectors @ vector)[positions]
        above = similarities >= min_score - _SLACK
        positions, similarities = positions[above], similarities[above]
        rows = block.rows[positions]
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        best = np.maximum.reduceat(similarities, starts) if len(starts) else similarities[:0]
        return cls(block, positions, similarities, starts, best)

    def rescored(
        self, vector: Vector, least: float, per_article: int, min_score: float
    ) -> list[Neighbour]:
        """The best ``per_article`` passages of each article that reaches ``least``, exactly."""
        ends = np.append(self.starts[1:], len(self.positions))
        chosen: list[int] = []
        for article in np.flatnonzero(self.best >= least):
            start, end = int(self.starts[article]), int(ends[article])
            own = self.similarities[start:end]
            if per_article < end - start:
                bar = np.partition(own, end - start - per_article)[end - start - per_article]
                chosen.extend(start + np.flatnonzero(own >= bar - _SLACK))
            else:
                chosen.extend(range(start, end))
        positions = self.positions[chosen]
        exact = np.einsum(
            "ij,j->i", self.block.vectors[positions].astype(np.float64), vector.astype(np.float64)
        )
        return [
            Neighbour(
                row=int(self.block.rows[position]),
                ordinal=int(position) - self.block.span(int(self.block.rows[position]))[0],
                passage_id=self.block.passage_id(int(position)),
                score=score,
            )
            for position, score in zip(positions, (round(float(x), 6) for x in exact), strict=True)
            if score >= min_score
        ]


def _select(allowed: Mask, rows: npt.NDArray[np.int32]) -> Mask:
    """``allowed[rows]``; rows beyond the end (written since) are not allowed."""
    if len(rows) and int(rows[-1]) >= len(allowed):
        allowed = np.append(allowed, np.zeros(int(rows[-1]) + 1 - len(allowed), dtype=bool))
    return allowed[rows]


class PassageKeeper:
    """Derives the table of each revision from the last one; safe among threads."""

    def __init__(self, folder: Path, *, dimensions: int) -> None:
        self._folder = folder
        self.dimensions = dimensions
        self._lock = threading.Lock()
        self._revision = -1
        self._cacheable = True  # until writing a cache fails once
        self._base = Block.empty(dimensions)
        self._overlay: dict[int, PassageVectors] = {}
        self._table = PassageTable(self._base, self._base, ())

    @property
    def in_use(self) -> bool:
        """Whether a table has been requested yet."""
        return self._revision >= 0

    def table(self, rows: ReadTransaction, revision: int) -> PassageTable:
        """The table of exactly this revision, which ``rows`` shows."""
        with self._lock:
            if self._revision > revision:  # a long request; other readers are at a newer revision
                return PassageKeeper(self._folder, dimensions=self.dimensions).table(rows, revision)
            if self._revision < revision:
                self._advance(rows, revision)
            return self._table

    def _advance(self, rows: ReadTransaction, revision: int) -> None:
        if not self.in_use:
            self._load(revision)
        if self._cacheable:
            behind = rows.count_passages(since=self._revision) + sum(
                len(passages.ids) for passages in self._overlay.values()
            )
            if is_large(behind, len(self._base.rows)):
                self._cacheable = write_cache(
                    self._folder, rows, revision, dimensions=self.dimensions
                )
                self._load(revision)
        for passages in rows.passages_since(self._revision):
            self._overlay[passages.row] = passages
        self._revision = revision
        overlay = Block.of(sorted(self._overlay.values(), key=_row), dimensions=self.dimensions)
        self._table = PassageTable(self._base, overlay, self._overlay)

    def _load(self, revision: int) -> None:
        """Start from the newest cache up to this revision, or from an empty table at revision 0."""
        cache = load_cache(self._folder, dimensions=self.dimensions, newest=revision)
        if cache is not None and cache.revision > self._revision:
            self._base, self._revision, self._overlay = cache.block, cache.revision, {}
        self._revision = max(self._revision, 0)


def is_large(overlay: int, base: int) -> bool:
    """Whether an overlay of so many passages justifies a new cache."""
    return overlay > max(_OVERLAY_PASSAGES, _OVERLAY_SHARE * base)


def _row(passages: PassageVectors) -> int:
    return passages.row
