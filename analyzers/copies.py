"""Which texts are the same: republished, or forwarded with some words before or after. Pure.

Entry points: :func:`pieces`, by which candidates are found, :func:`is_copy` and :func:`may_be_same`, which
decide. Documents of one template, and versions of one law, are alike but for a place, a number, a
sentence: similarity decides nothing. Of copies one has every character of the other, in one piece, and
more only around it.

MinHash with one permutation: the smallest hash of each range of hashes. Here instead of a library, because
datasketch needs scipy (100 MB installed) for what numpy does in ten lines.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from analyzers import regions
from analyzers.normalize import normalize

# Characters; shorter texts (详见附件) say too little to be told apart.
SHORTEST: Final = 80
SIMILAR: Final = 0.8  # least share of the shingles of both texts that is common
_SHINGLE: Final = 8  # characters
_ANCHOR: Final = 40  # characters by which the common piece is found
# Of 12 pieces, each marked by 5 shingles, a pair of similarity 0.9 shares one in 0.9999 of all cases, of 0.8
# in 0.99.
_PIECES, _MARKS = 12, 5
_EDGES = (np.arange(_PIECES * _MARKS, dtype=np.uint64)) * np.uint64(2**64 // (_PIECES * _MARKS))
_BASE = np.uint64(0x9E3779B97F4A7C15)
_CHARACTERS = re.compile(r"[^\W_]+")
_ALTERS = re.compile("关于(?:修改|修订|修正|废止)")
_NUMBERS = re.compile(r"第[零一二三四五六七八九十百0-9]+|[0-9]+")


def content_of(text: str) -> str:
    """The letters and digits of a text, normalised: what copies have in common."""
    return "".join(_CHARACTERS.findall(normalize(text)))


def pieces(content: str) -> npt.NDArray[np.uint64] | None:
    """The hashes of pieces of a content; copies have one in common, at the same place: shape (12,).

    Each reaches from the first to the last of five shingles chosen by their hashes. Documents of one template
    share many shingles, but seldom all that stands between them. None for a content that is too short.
    """
    if len(content) < SHORTEST:
        return None
    hashes, places = np.unique(_hashes(content), return_index=True)
    # The smallest hash from each edge on; of an empty range that of the next one.
    marks = places[np.searchsorted(hashes, _EDGES) % len(hashes)].reshape(_PIECES, _MARKS)
    spans = zip(marks.min(axis=1).tolist(), marks.max(axis=1).tolist(), strict=True)
    found = (content[first : last + _SHINGLE].encode() for first, last in spans)
    digests = (hashlib.blake2b(one, digest_size=8).digest() for one in found)
    return np.frombuffer(b"".join(digests), np.uint64)


def is_copy(one: str, other: str) -> bool:
    """Whether of two contents one has all of the other, and both have more only before or after it."""
    if min(len(one), len(other)) < SHORTEST:
        return False
    # Most candidates are of one template and have no common piece; the similarity costs more to compute.
    contained = one in other or other in one or _overlap(one, other) or _overlap(other, one)
    return contained and _similarity(one, other) >= SIMILAR


def may_be_same(title: str, other: str) -> bool:
    """Whether titles do not say that two documents are different ones: of another place, year or number."""
    one, two = _said(title), _said(other)
    if one.alters != two.alters:
        return False  # 关于修改…的决定 contains what it alters
    if one.content in two.content or two.content in one.content:
        return True
    pairs = ((one.numbers, two.numbers), (one.places, two.places))
    return not any(mine and theirs and mine != theirs for mine, theirs in pairs)


@dataclass(frozen=True)
class _Said:
    """What a title says of its document."""

    content: str
    alters: bool
    numbers: frozenset[str]
    places: frozenset[str]


@lru_cache(maxsize=1 << 14)  # a title is compared with those of all its candidates
def _said(title: str) -> _Said:
    content = content_of(title)
    numbers = frozenset(_NUMBERS.findall(content))
    places = frozenset(one.name for one in regions.find(content))
    return _Said(content, bool(_ALTERS.search(content)), numbers, places)


def _hashes(content: str) -> npt.NDArray[np.uint64]:
    """The hash of each shingle of a content that has at least one, in its order."""
    codes = np.frombuffer(content.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    count = len(codes) - _SHINGLE + 1
    hashes = np.zeros(count, dtype=np.uint64)
    for place in range(_SHINGLE):
        hashes = (hashes + codes[place : place + count]) * _BASE
    return hashes


def _similarity(one: str, other: str) -> float:
    """The Jaccard index of the shingles, exactly."""
    first, second = np.unique(_hashes(one)), np.unique(_hashes(other))
    common = len(np.intersect1d(first, second, assume_unique=True))
    return common / (len(first) + len(second) - common)


def _overlap(one: str, other: str) -> bool:
    """Whether the first one ends with what the other begins with."""
    start = one.find(other[:_ANCHOR])
    return start >= 0 and other.startswith(one[start:])
