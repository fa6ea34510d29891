"""The groups of copies among the articles of one audience. Entry point: :class:`CopyFinder`.

Of texts of this audience only. Candidates share a band (:mod:`analyzers.copies`), and are compared exactly
with the first article of each group, by id: so the groups do not depend on the order of writing, and no chain
of small differences leads from one text to another.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from analyzers import copies
from search_service.engines.reads import Reader
from search_service.model import View

_BATCH = 200  # articles fetched at once


class CopyFinder:
    """Collects the bands of articles; 80 bytes each."""

    def __init__(self) -> None:
        self._bands: dict[str, bytes] = {}

    def add(self, view: View) -> None:
        """Add an article, or replace it."""
        values = copies.bands(copies.content_of(view.text))
        self._bands.pop(view.id, None)
        if values is not None:
            self._bands[view.id] = values.tobytes()

    def groups(self, reader: Reader) -> list[list[str]]:
        """The ids of each group of two articles or more, ascending; ``reader`` has the articles."""
        ids = sorted(self._bands)
        if not ids:
            return []
        bands = np.frombuffer(b"".join(self._bands[id] for id in ids), np.uint64)
        bands = bands.reshape(len(ids), -1)
        shared = np.zeros(len(ids), dtype=bool)
        for column in bands.T:
            _, places, counts = np.unique(column, return_inverse=True, return_counts=True)
            shared |= counts[places] > 1
        leaders: list[_Leader] = []
        by_band: dict[tuple[int, int], list[int]] = defaultdict(list)
        found = np.flatnonzero(shared).tolist()
        for start in range(0, len(found), _BATCH):
            part = found[start : start + _BATCH]
            stored = reader.fetch([ids[place] for place in part])
            for place in part:
                if (one := stored.get(ids[place])) is None:
                    continue
                keys = list(enumerate(bands[place].tolist()))
                content = copies.content_of(one.view.text)
                numbers = sorted({number for key in keys for number in by_band[key]})
                leader = next((n for n in numbers if leaders[n].has(one.view, content)), None)
                if leader is not None:
                    leaders[leader].ids.append(one.view.id)
                    continue
                for key in keys:
                    by_band[key].append(len(leaders))
                leaders.append(_Leader(one.view, content))
        return [one.ids for one in leaders if len(one.ids) > 1]


class _Leader:
    """The first article of a group, and the ids of all."""

    def __init__(self, view: View, content: str) -> None:
        self._title, self._gapped, self._content = view.title, view.gapped, content
        self.ids: list[str] = [view.id]

    def has(self, view: View, content: str) -> bool:
        """Whether the article is a copy of the first one."""
        if self._gapped or view.gapped:
            # What follows is unknown: a preview tells a copy only together with the title.
            same_title = copies.content_of(self._title) == copies.content_of(view.title)
        else:
            same_title = copies.may_be_same(self._title, view.title)
        return same_title and copies.is_copy(self._content, content)


def groups_of(reader: Reader) -> Sequence[Sequence[str]]:
    """The groups of all articles of a reader."""
    finder = CopyFinder()
    for stored in reader.scan():
        finder.add(stored.view)
    return finder.groups(reader)
