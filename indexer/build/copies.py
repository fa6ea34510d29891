"""The groups of copies among the articles of one audience. Entry point: :class:`CopyFinder`.

Of texts of this audience only. Candidates share a piece (:mod:`analyzers.copies`), and are compared exactly
with the first article of each group, by id: so the groups do not depend on the order of writing, and no chain
of small differences leads from one text to another.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from analyzers import copies
from search_service.engines.reads import Reader
from search_service.model import View

_BATCH = 200  # articles fetched at once
# Groups found by one piece. More have it only where notices of a template differ in their first and last
# words alone, and to compare each with all would take hours.
_MOST_GROUPS = 200


class CopyFinder:
    """Collects the hashes of the pieces of articles; 96 bytes each."""

    def __init__(self) -> None:
        self._pieces: dict[str, bytes] = {}

    def add(self, view: View) -> None:
        """Add an article, or replace it."""
        values = copies.pieces(copies.content_of(view.text))
        self._pieces.pop(view.id, None)
        if values is not None:
            self._pieces[view.id] = values.tobytes()

    def groups(self, reader: Reader) -> list[list[str]]:
        """The ids of each group of two articles or more, ascending; ``reader`` has the articles."""
        ids = sorted(self._pieces)
        if not ids:
            return []
        hashes = np.frombuffer(b"".join(self._pieces[id] for id in ids), np.uint64)
        hashes = hashes.reshape(len(ids), -1)
        shared = np.zeros(len(ids), dtype=bool)
        for column in hashes.T:
            _, places, counts = np.unique(column, return_inverse=True, return_counts=True)
            shared |= counts[places] > 1
        found = np.flatnonzero(shared).tolist()
        groups = _Groups()
        for start in range(0, len(found), _BATCH):
            part = found[start : start + _BATCH]
            stored = reader.fetch([ids[place] for place in part])
            for place in part:
                if (one := stored.get(ids[place])) is not None:
                    groups.add(one.view, list(enumerate(hashes[place].tolist())))
        return [ids for ids in groups.ids if len(ids) > 1]


class _Groups:
    """Groups of copies, by number; ``ids``: of each."""

    def __init__(self) -> None:
        self.ids: list[list[str]] = []
        self._first: list[_Compared] = []
        self._by_piece: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._same: dict[tuple[str, bool, bytes], int] = {}

    def add(self, view: View, pieces: Sequence[tuple[int, int]]) -> None:
        """Add an article to the first group that it belongs to, or to a new one."""
        article = _Compared(view)
        # One that says all the same belongs to the same group: text that thousands of pages have is cheap.
        digest = hashlib.blake2b(article.content.encode(), digest_size=16).digest()
        same = (copies.content_of(view.title), view.gapped, digest)
        number = self._same.get(same)
        if number is None:
            numbers = sorted({number for piece in pieces for number in self._by_piece[piece]})
            number = next((one for one in numbers if self._first[one].has(article)), None)
        if number is None:
            number = len(self.ids)
            self.ids.append([])
            self._first.append(article)
            for piece in pieces:
                if len(self._by_piece[piece]) < _MOST_GROUPS:
                    self._by_piece[piece].append(number)
        self._same[same] = number
        self.ids[number].append(view.id)


class _Compared:
    """What of an article decides whether it is a copy."""

    def __init__(self, view: View) -> None:
        self.title, self.gapped = view.title, view.gapped
        self.content = copies.content_of(view.text)

    def has(self, other: "_Compared") -> bool:
        """Whether the other one is a copy of this one."""
        if self.gapped or other.gapped:
            # What follows is unknown: a preview tells a copy only together with the title.
            same_title = copies.content_of(self.title) == copies.content_of(other.title)
        else:
            same_title = copies.may_be_same(self.title, other.title)
        return same_title and copies.is_copy(self.content, other.content)


def groups_of(reader: Reader) -> Sequence[Sequence[str]]:
    """The groups of all articles of a reader."""
    finder = CopyFinder()
    for stored in reader.scan():
        finder.add(stored.view)
    return finder.groups(reader)
