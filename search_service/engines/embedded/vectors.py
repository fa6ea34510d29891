"""The passages of one generation in memory, and exact vector search over them.

Entry points: :class:`PassageKeeper` (keeps the table up to date) and :class:`PassageTable` (immutable:
nearest passages, passage ids). The table is a block as of one revision plus an overlay of what changed
since; both are read from SQLite. Vectors are compared by a kernel for the instructions that the processor
has: 100,000 of 256 bytes exactly, in 2.5 ms of CPU time; of more, those that are near in a
:mod:`.projection`.
"""

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search_service.engines.embedded import projection
from search_service.engines.embedded.block import Block
from search_service.engines.embedded.columns import Mask
from search_service.engines.embedded.rows import PassageVectors, ReadTransaction
from search_service.engines.quantisation import Codes, lengths, products, quantised
from search_service.model import Vector

# More than rounding to six decimal places can change: whoever ties after rounding is a candidate.
_SLACK = 2e-6
# Gathering a passage costs about four times as much as multiplying it.
_GATHER_BELOW = 0.25
# The overlay is rebuilt at each refresh: it must stay small.
_OVERLAY_PASSAGES = 5_000
_OVERLAY_SHARE = 0.1
# From here on two threads share the work; all searches of a process share these two.
_SPLIT_FROM = 50_000
_CHUNK = 65_536  # passages scored at once: smaller parts pay more for changing threads
_HELPERS = ThreadPoolExecutor(2, thread_name_prefix="nearest")

_Scores = npt.NDArray[np.float64]
_Indexes = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Neighbour:
    """A passage near the query vector: its article's row, its ordinal in the article, its cosine."""

    row: int
    ordinal: int
    passage_id: str
    score: float


class PassageTable:
    """All passages at one revision: a block, and one of what changed since.

    ``superseded``: rows whose passages in ``base`` are replaced by those of ``overlay``.
    """

    def __init__(self, base: Block, overlay: Block, superseded: Iterable[int]) -> None:
        self._blocks = (base, overlay)
        rows = list(superseded)
        self._superseded = np.zeros(max(rows, default=-1) + 1, dtype=bool)
        self._superseded[rows] = True

    def passage_id(self, row: int, ordinal: int, revision: int) -> str | None:
        """The id of a passage; None if the table has another revision of the article."""
        base, overlay = self._blocks
        found = overlay.passage_of(row, ordinal, revision)
        return base.passage_of(row, ordinal, revision) if found is None else found

    def nearest(
        self,
        vector: Vector,
        allowed: Mask,
        *,
        articles: int,
        per_article: int,
        min_score: float,
        roles: Sequence[str],
    ) -> list[Neighbour]:
        """The best passages of these roles (none: any) of the best ``allowed`` rows, unordered.

        Includes all articles that tie with the last one after rounding, so the caller may break ties in any
        order.
        """
        by_block = self._candidates(vector, allowed, roles)
        least = _least(by_block, articles, min_score)
        return [
            neighbour
            for candidates in by_block
            for neighbour in candidates.neighbours(least, per_article, min_score)
        ]

    def _candidates(
        self, vector: Vector, allowed: Mask, roles: Sequence[str]
    ) -> "list[_Candidates]":
        query = quantised(vector)
        return [
            _Candidates.of(block, query, self._not_superseded(index, allowed), roles)
            for index, block in enumerate(self._blocks)
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
    """The passages of one block that are compared with the query, in row order.

    ``places``: their indexes in the block, None for all of it; ``scores``: cosines, −∞ for what must not be
    found. For each article, ``rows``: its row, ``firsts``: the index in the block of its first passage,
    ``starts`` and ``counts``: its candidates, ``best``: its highest score.
    """

    block: Block
    places: _Indexes | None
    scores: _Scores
    rows: npt.NDArray[np.int32]
    firsts: _Indexes
    starts: _Indexes
    counts: _Indexes
    best: _Scores

    @classmethod
    def of(cls, block: Block, query: Codes, allowed: Mask, roles: Sequence[str]) -> "_Candidates":
        within = block.rows < len(allowed)  # rows beyond the end were written since
        chosen = np.zeros(len(block.rows), dtype=bool)
        chosen[within] = allowed[block.rows[within]]
        others = block.of_others(roles) if roles else None
        places = _places(block, query, chosen, others)
        if places is None:
            articles = np.arange(len(block.rows))
            starts, counts = block.starts, block.counts
            codes, norms = block.codes, block.lengths
        else:
            owners = np.searchsorted(block.starts, places, side="right") - 1
            starts = np.flatnonzero(np.diff(owners, prepend=-1))
            counts = np.diff(starts, append=len(places))
            articles = owners[starts]
            codes, norms = block.codes[places], block.lengths[places]
        scores = _cosines(codes, norms, query)
        scores[block.without_vector if places is None else np.isinf(norms)] = -np.inf
        if others is not None:
            scores[others if places is None else others[places]] = -np.inf
        best = np.maximum.reduceat(scores, starts) if len(starts) else scores[:0]
        best[~chosen[articles]] = -np.inf
        firsts = block.starts[articles]
        return cls(block, places, scores, block.rows[articles], firsts, starts, counts, best)

    def neighbours(self, least: float, per_article: int, min_score: float) -> list[Neighbour]:
        """The best ``per_article`` passages of each article that reaches ``least``, and their ties."""
        articles = np.flatnonzero(self.best >= least)
        counts = self.counts[articles]
        article = np.repeat(np.arange(len(articles)), counts)
        within = _ranges(self.starts[articles], counts)
        scores = self.scores[within]
        if per_article == 1:
            last = self.best[articles]
        else:
            ranked = scores[np.lexsort((-scores, article))]
            last = ranked[np.cumsum(counts) - counts + np.minimum(counts, per_article) - 1]
        chosen = scores >= np.maximum(last[article], min_score) - _SLACK
        places = within[chosen] if self.places is None else self.places[within[chosen]]
        owners = article[chosen]
        return [
            Neighbour(row, ordinal, id.decode(), rounded)
            for row, ordinal, id, score in zip(
                self.rows[articles][owners].tolist(),
                (places - self.firsts[articles][owners]).tolist(),
                self.block.ids[places].tolist(),
                scores[chosen].tolist(),
                strict=True,
            )
            if (rounded := round(score, 6)) >= min_score
        ]


def _places(
    block: Block, query: Codes, chosen: npt.NDArray[np.bool_], others: Mask | None
) -> _Indexes | None:
    """Indexes of the passages of ``chosen`` articles that are worth comparing; None for all passages.

    ``others``: the passages that are of no role asked for.
    """
    passages = int(block.counts[chosen].sum())
    few = _GATHER_BELOW * len(block.codes) if block.projection is None else projection.COMPARED
    if passages < few:
        return _ranges(block.starts[chosen], block.counts[chosen])
    if block.projection is None:
        return None
    excluded = None if chosen.all() else np.repeat(~chosen, block.counts)
    if others is not None:
        excluded = others if excluded is None else excluded | others
    products = np.empty(len(block.codes), dtype=np.int32)
    _multiply(block.projection.codes, block.projection.query(query), products)
    return projection.nearest(products, excluded)


def _least(by_block: "Sequence[_Candidates]", articles: int, min_score: float) -> float:
    """What an article must reach to be among the best ``articles``, or to tie with the last once rounded."""
    best = np.concatenate([candidates.best for candidates in by_block])
    if len(best) <= articles:
        return min_score - _SLACK
    last = np.partition(best, len(best) - articles)[len(best) - articles]
    return max(min_score, float(last)) - _SLACK


def _ranges(starts: _Indexes, counts: _Indexes) -> _Indexes:
    """The indexes start, start + 1, … of each start, as many as its count."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(counts.sum())


def _cosines(codes: Codes, norms: _Scores, query: Codes) -> _Scores:
    """The cosine of each row, of these lengths, with the query."""
    scores = np.empty(len(codes))
    _multiply(codes, query, scores)
    scores /= lengths(query[np.newaxis])[0] * norms
    return scores


def _multiply(
    codes: Codes, query: Codes, into: npt.NDArray[np.float64] | npt.NDArray[np.int32]
) -> None:
    """The product of each row with the query; by two threads if there are many."""

    def fill(start: int, end: int) -> None:
        for first in range(start, end, _CHUNK):
            part = slice(first, min(first + _CHUNK, end))
            into[part] = products(codes[part], query)

    half = len(codes) // 2 if len(codes) >= _SPLIT_FROM else 0
    helped = _HELPERS.submit(fill, 0, half) if half else None
    fill(half, len(codes))
    if helped:
        helped.result()


class PassageKeeper:
    """Derives the table of each revision from the last one; safe among threads."""

    def __init__(self, *, dimensions: int) -> None:
        self.dimensions = dimensions
        self._lock = threading.Lock()
        self._revision = -1
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
                return PassageKeeper(dimensions=self.dimensions).table(rows, revision)
            if self._revision < revision:
                self._advance(rows, revision)
            return self._table

    def _advance(self, rows: ReadTransaction, revision: int) -> None:
        changed = rows.count_passages(since=max(self._revision, 0))
        waiting = changed + sum(len(passages.ids) for passages in self._overlay.values())
        if waiting > max(_OVERLAY_PASSAGES, _OVERLAY_SHARE * len(self._base.codes)):
            self._base = Block.of(
                rows.passages_since(0),
                passages=rows.count_passages(),
                dimensions=self.dimensions,
            )
            self._overlay = {}
        else:
            for passages in rows.passages_since(max(self._revision, 0)):
                self._overlay[passages.row] = passages
        self._revision = revision
        overlay = Block.of(
            sorted(self._overlay.values(), key=lambda passages: passages.row),
            passages=sum(len(passages.ids) for passages in self._overlay.values()),
            dimensions=self.dimensions,
        )
        self._table = PassageTable(self._base, overlay, self._overlay)
