"""Which texts are the same: republished, or forwarded with some words before or after. Pure.

Entry points: :func:`bands`, by which candidates are found, :func:`is_copy` and :func:`may_be_same`, which
decide. Documents of one template, and versions of one law, are alike but for a place, a number, a
sentence: similarity decides nothing. Of copies one has every character of the other, in one piece, and
more only around it.

MinHash with one permutation: the smallest hash of each range of hashes. Here instead of a library, because
datasketch needs scipy (100 MB installed) for what numpy does in ten lines.
"""

import re
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
# With 10 bands of 6 values a pair of similarity 0.9 is found in 0.9995 of all cases, of 0.8 in 0.95.
_BANDS, _ROWS = 10, 6
_EDGES = (np.arange(_BANDS * _ROWS, dtype=np.uint64)) * np.uint64(2**64 // (_BANDS * _ROWS))
_BASE = np.uint64(0x9E3779B97F4A7C15)
_CHARACTERS = re.compile(r"[^\W_]+")
_ALTERS = re.compile("关于(?:修改|修订|修正|废止)")
_NUMBERS = re.compile(r"第[零一二三四五六七八九十百0-9]+|[0-9]+")


def content_of(text: str) -> str:
    """The letters and digits of a text, normalised: what copies have in common."""
    return "".join(_CHARACTERS.findall(normalize(text)))


def bands(content: str) -> npt.NDArray[np.uint64] | None:
    """The values of a content, of which similar ones share one at the same place: shape (10,).

    None for a content that is too short.
    """
    if len(content) < SHORTEST:
        return None
    hashes = _hashes(content)
    # The smallest hash from each edge on; of an empty range that of the next one.
    smallest = hashes[np.searchsorted(hashes, _EDGES) % len(hashes)]
    mixed = np.zeros(_BANDS, dtype=np.uint64)
    for row in smallest.reshape(_BANDS, _ROWS).T:
        mixed = mixed * _BASE + row
    return mixed


def is_copy(one: str, other: str) -> bool:
    """Whether of two contents one has all of the other, and both have more only before or after it."""
    if min(len(one), len(other)) < SHORTEST:
        return False
    # Most candidates are of one template and have no common piece; the similarity costs more to compute.
    contained = one in other or other in one or _overlap(one, other) or _overlap(other, one)
    return contained and _similarity(one, other) >= SIMILAR


def may_be_same(title: str, other: str) -> bool:
    """Whether titles do not say that two documents are different ones: of another place, year or number."""
    one, two = content_of(title), content_of(other)
    if bool(_ALTERS.search(one)) != bool(_ALTERS.search(two)):
        return False  # 关于修改…的决定 contains what it alters
    if one in two or two in one:
        return True
    for named in (_NUMBERS.findall, _places):
        mine, theirs = set(named(one)), set(named(two))
        if mine and theirs and mine != theirs:
            return False
    return True


def _places(content: str) -> list[str]:
    return [one.name for one in regions.find(content)]


def _hashes(content: str) -> npt.NDArray[np.uint64]:
    """The hashes of the shingles of a content that has at least one, ascending."""
    codes = np.frombuffer(content.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    count = len(codes) - _SHINGLE + 1
    hashes = np.zeros(count, dtype=np.uint64)
    for place in range(_SHINGLE):
        hashes = (hashes + codes[place : place + count]) * _BASE
    return np.unique(hashes)


def _similarity(one: str, other: str) -> float:
    """The Jaccard index of the shingles, exactly."""
    first, second = _hashes(one), _hashes(other)
    common = len(np.intersect1d(first, second, assume_unique=True))
    return common / (len(first) + len(second) - common)


def _overlap(one: str, other: str) -> bool:
    """Whether the first one ends with what the other begins with."""
    start = one.find(other[:_ANCHOR])
    return start >= 0 and other.startswith(one[start:])
