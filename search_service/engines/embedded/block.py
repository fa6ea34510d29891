"""The passages of many articles as arrays. Entry point: :class:`Block`."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from search_service.engines.embedded.projection import PROJECTED_FROM, Projection
from search_service.engines.embedded.rows import PassageVectors
from search_service.engines.quantisation import Codes, lengths


@dataclass(frozen=True)
class Block:
    """Passages sorted by their article's row, then by their order in the article.

    One entry per article: ``rows``, ``revisions``, ``starts`` (index of its first passage) and ``counts``.
    One per passage: ``ids`` in UTF-8, ``roles`` as indexes into ``role_names``, ``codes``: its vector, shape
    (passages, dimensions), zeros without one, and ``lengths``: that of its vector, infinite without one.
    ``projection``: of many vectors.
    """

    rows: npt.NDArray[np.int32]
    revisions: npt.NDArray[np.int64]
    starts: npt.NDArray[np.intp]
    counts: npt.NDArray[np.intp]
    ids: npt.NDArray[np.bytes_]
    roles: npt.NDArray[np.uint16]
    role_names: tuple[str, ...]
    codes: Codes
    lengths: npt.NDArray[np.float64]
    projection: Projection | None

    @classmethod
    def of(cls, articles: Iterable[PassageVectors], *, passages: int, dimensions: int) -> "Block":
        """The articles, which must be sorted by row and have as many ``passages``."""
        rows, revisions, counts = [], [], []
        ids: list[bytes] = []
        roles = np.zeros(passages, dtype=np.uint16)
        codes = np.zeros((passages, dimensions), dtype=np.int8)
        code_of: dict[str, int] = {}
        start = 0
        for article in articles:
            if not article.ids:
                continue
            end = start + len(article.ids)
            rows.append(article.row)
            revisions.append(article.revision)
            counts.append(len(article.ids))
            ids.extend(id.encode() for id in article.ids)
            roles[start:end] = [code_of.setdefault(role, len(code_of)) for role in article.roles]
            codes[start:end] = article.codes
            start = end
        known = lengths(codes)
        known[known == 0] = np.inf
        return cls(
            rows=np.array(rows, dtype=np.int32),
            revisions=np.array(revisions, dtype=np.int64),
            starts=np.cumsum(counts, dtype=np.intp) - np.array(counts, dtype=np.intp),
            counts=np.array(counts, dtype=np.intp),
            ids=np.array(ids, dtype=np.bytes_),
            roles=roles,
            role_names=tuple(code_of),
            codes=codes,
            lengths=known,
            projection=Projection.of(codes, known) if passages >= PROJECTED_FROM else None,
        )

    @classmethod
    def empty(cls, dimensions: int) -> "Block":
        """No passages."""
        return cls.of((), passages=0, dimensions=dimensions)

    @cached_property
    def without_vector(self) -> npt.NDArray[np.intp]:
        """Indexes of the passages that have no vector."""
        return np.flatnonzero(np.isinf(self.lengths))

    def of_others(self, roles: Collection[str]) -> npt.NDArray[np.bool_]:
        """For each passage, whether it has none of these roles."""
        return np.array([name not in roles for name in self.role_names], dtype=bool)[self.roles]

    def passage_of(self, row: int, ordinal: int, revision: int) -> str | None:
        """The id of an article's passage; None if this block has not this revision of the article."""
        article = int(np.searchsorted(self.rows, row))
        if (
            article == len(self.rows)
            or self.rows[article] != row
            or self.revisions[article] != revision
            or ordinal >= self.counts[article]
        ):
            return None
        return bytes(self.ids[int(self.starts[article]) + ordinal]).decode()
