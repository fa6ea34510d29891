"""The filter fields of all articles of a generation, as arrays indexed by row number.

Entry points: :class:`ColumnKeeper` and :class:`Columns` (immutable). They map ids to rows and
back, and turn filters into a mask for the vector search, in microseconds; a text query would have to
return thousands of rows. Text searches filter in the text index itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from search_service.engines.dates import day_range
from search_service.engines.embedded.rows import Attributes
from search_service.engines.fields import paths_of
from search_service.model import FACETS, Filters

Mask = npt.NDArray[np.bool_]
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class Columns:
    """The articles of one revision. Entry 0 is unused: rows begin at 1; a dead row has no id.

    ``coded``: by facet, a code for the values of each article. ``row_numbers`` (by id), ``codes`` (by facet
    and values) and ``holding`` (by facet and value: the codes of values that it is among) are shared among
    revisions and only grow: a row beyond the arrays, or a dead one, is not an article of this revision.
    """

    ids: list[str | None]
    live: Mask
    day: npt.NDArray[np.int32]
    coded: dict[str, npt.NDArray[np.int32]]
    row_numbers: dict[str, int]
    codes: dict[str, dict[tuple[str, ...], int]]
    holding: dict[str, dict[str, list[int]]]

    def rows_of(self, ids: Iterable[str]) -> list[int]:
        """The rows of those ids that are live, ascending, each once."""
        rows = {self.row_numbers.get(id, 0) for id in ids}
        return sorted(row for row in rows if row < len(self.ids) and self.live[row])

    def id_of(self, row: int) -> str | None:
        """The id of a live article; None for any other row."""
        return self.ids[row] if row < len(self.ids) else None

    def allowed(self, filters: Filters, *, hidden: Sequence[int]) -> Mask:
        """A mask of the live rows that pass the filters and are not hidden."""
        mask = self.live.copy()
        for facet in FACETS:
            if values := filters.of(facet):
                holding = self.holding[facet]
                codes = [code for value in values for code in [*holding.get(value, ())]]
                wanted = np.zeros(len(self.codes[facet]), dtype=bool)
                wanted[codes] = True
                mask &= wanted[self.coded[facet]]
        days = day_range(filters)
        if days is not None:
            within = (self.day >= days.first) & (self.day <= days.last)
            mask &= within | np.isin(self.day, days.partial)
        if filters.ids is not None:
            only = np.zeros_like(mask)
            only[self.rows_of(filters.ids)] = True
            mask &= only
        mask[hidden] = False
        return mask


class ColumnKeeper:
    """Derives the columns of each revision from those of the last one; not safe among threads."""

    def __init__(self) -> None:
        self._columns = Columns(
            ids=[None],
            live=np.zeros(1, dtype=bool),
            day=np.zeros(1, dtype=np.int32),
            coded={name: np.zeros(1, dtype=np.int32) for name in FACETS},
            row_numbers={},
            codes={name: {(): 0} for name in FACETS},  # of no article
            holding={name: {} for name in FACETS},
        )

    def advance(self, changed: Sequence[Attributes]) -> Columns:
        """The columns after these changes, which must be sorted by row."""
        if not changed:
            return self._columns
        old = self._columns
        size = max(len(old.ids), changed[-1].row + 1)
        ids = old.ids + [None] * (size - len(old.ids))
        live, day = _grown(old.live, size), _grown(old.day, size)
        coded = {name: _grown(column, size) for name, column in old.coded.items()}
        for attributes in changed:
            row = attributes.row
            ids[row] = attributes.id if attributes.live else None
            live[row] = attributes.live
            day[row] = attributes.day
            old.row_numbers[attributes.id] = row
            for name, values in attributes.facets.items():
                coded[name][row] = _code(name, values, old.codes[name], old.holding[name])
        self._columns = Columns(ids, live, day, coded, old.row_numbers, old.codes, old.holding)
        return self._columns


def _code(
    facet: str,
    values: tuple[str, ...],
    codes: dict[tuple[str, ...], int],
    holding: dict[str, list[int]],
) -> int:
    """The code of an article's values; a new one is entered."""
    if (known := codes.get(values)) is not None:
        return known
    code = codes[values] = len(codes)
    for value in paths_of(values) if facet == "category" else values:
        holding.setdefault(value, []).append(code)
    return code


def _grown(array: npt.NDArray[T], size: int) -> npt.NDArray[T]:
    grown = np.zeros(size, dtype=array.dtype)
    grown[: len(array)] = array
    return grown
