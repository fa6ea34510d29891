"""Where paragraphs of one text are in another, as they are or edited. Pure. Entry point: :class:`Paragraphs`.

A paragraph is its letters and digits, normalised (:func:`.copies.content_of`). Runs of two characters show
the place in the other text that has most of them; the longest common subsequence with that place decides.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzers.copies import content_of
from analyzers.normalize import normalize

_Numbers = npt.NDArray[np.int64]
_RUN: Final = 2  # characters; each takes 21 bits of a number
_BITS: Final = 21
# What is common may be further apart in the other text, by this share and so many characters.
_SHIFT, _MORE = 0.25, 5
# Of the least share, how much must be of characters that are common together with the one beside them.
_TOGETHER: Final = 0.7
_CHARACTERS = re.compile(r"[^\W_]+")


class Overlap(NamedTuple):
    """``text[start:end]`` has this ``share`` of the characters of a paragraph, in their order."""

    start: int
    end: int
    share: float


class Paragraphs:
    """Paragraphs to look for: the contents of each, by its number."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.contents = [content_of(one) for one in texts]
        self._runs = [np.unique(_runs(one), return_index=True) for one in self.contents]

    def place(self, number: int, other: "OtherText", *, least: float) -> Overlap | None:
        """The place of a paragraph in another text; None if no place has the ``least`` share of it."""
        content = self.contents[number]
        if (start := other.content.find(content)) >= 0:
            return other.overlap(start, start + len(content), 1.0)
        place = other.likeliest(*self._runs[number], len(content))
        if place is None:
            return None
        start, end = place
        there = other.content[start:end]
        share = common_length(content, there) / len(content)
        if share < least:
            return None
        # Characters alone may be common by chance; less often several together.
        matcher = SequenceMatcher(None, content, there, autojunk=False)
        together = [one for one in matcher.get_matching_blocks() if one.size > 1]
        if sum(one.size for one in together) < least * _TOGETHER * len(content):
            return None
        end = start + together[-1].b + together[-1].size
        # The first of several equal parts was matched; the last one before the next part is closest to it.
        first = together[-1].b
        for one in reversed(together[:-1]):
            first = there.rfind(content[one.a : one.a + one.size], 0, first)
        return other.overlap(start + first, end, share)


@dataclass(frozen=True)
class OtherText:
    """A text to look into."""

    text: str

    @cached_property
    def content(self) -> str:
        """Its letters and digits, normalised."""
        return "".join(self._normalised[first:last] for first, last in self._spans)

    def overlap(self, start: int, end: int, share: float) -> Overlap:
        """The same place as offsets into the text; it is ``content[start:end]``."""
        return Overlap(int(self._offsets[start]), int(self._offsets[end - 1]) + 1, share)

    def likeliest(self, runs: _Numbers, places: _Numbers, length: int) -> tuple[int, int] | None:
        """The part of the content that a paragraph of this length most likely is, or None.

        ``runs``: those of the paragraph, sorted; ``places``: where in it each is. Most of them, of which the
        rarer ones count more, are about as far from one another there as in the paragraph.
        """
        at = np.searchsorted(runs, self._own_runs)
        known = at < len(runs)
        known[known] = runs[at[known]] == self._own_runs[known]
        here = np.flatnonzero(known)
        if not len(here):
            return None
        found = at[here]
        starts = here - places[found]
        order = np.argsort(starts, kind="stable")
        starts, weights = starts[order], (1 / np.bincount(found)[found])[order]
        ends = np.searchsorted(starts, starts + int(length * _SHIFT) + _MORE, side="right")
        sums = np.concatenate(([0.0], np.cumsum(weights)))
        best = int((sums[ends] - sums[:-1]).argmax())
        first, last = int(starts[best]), int(starts[ends[best] - 1])
        return max(0, first), min(len(self.content), last + length)

    @cached_property
    def _normalised(self) -> str:
        return normalize(self.text)

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        return [one.span() for one in _CHARACTERS.finditer(self._normalised)]

    @cached_property
    def _offsets(self) -> _Numbers:
        spans = [np.arange(first, last) for first, last in self._spans]
        return np.concatenate(spans) if spans else np.empty(0, np.int64)

    @cached_property
    def _own_runs(self) -> _Numbers:
        return _runs(self.content)


def common_length(one: str, other: str) -> int:
    """The length of the longest common subsequence, by the bits of an integer (Hyyrö, 2004).

    >>> common_length("按月巡河", "按周巡查河道")
    3
    """
    places: dict[str, int] = {}
    for place, character in enumerate(one):
        places[character] = places.get(character, 0) | 1 << place
    every = row = (1 << len(one)) - 1
    for character in other:
        matching = row & places.get(character, 0)
        row = ((row + matching) | (row - matching)) & every
    return len(one) - row.bit_count()


def _runs(content: str) -> _Numbers:
    """The number of each run of three characters, in order."""
    codes = np.frombuffer(content.encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    count = max(0, len(codes) - _RUN + 1)
    runs = np.zeros(count, dtype=np.int64)
    for place in range(_RUN):
        runs = (runs << _BITS) | codes[place : place + count]
    return runs
