"""Titles, headings and terms of a generation, for suggestions.

Entry points: :class:`Inventory`, all of them by article; :class:`Vocabulary`, those of visible articles.
Both depend only on texts that the audience may read, never on what people typed.
"""

import enum
import json
import re
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analyzers.normalize import normalize

Indices = npt.NDArray[np.uint32]
# Stands between joined texts; no folded text contains it.
BREAK = "\n"
_IGNORED = re.compile(r"[^\w\n]+|_+")


def fold(text: str) -> str:
    """The text as compared: only letters and digits, in one width, case and script."""
    return _IGNORED.sub("", normalize(text)).replace(BREAK, "")


def fold_all(texts: Iterable[str]) -> list[str]:
    """:func:`fold` of each text: one call for tens of thousands, as a vocabulary has them."""
    joined = "".join([text.replace(BREAK, " ") + BREAK for text in texts])
    return _IGNORED.sub("", normalize(joined)).split(BREAK)[:-1]


class Kind(enum.StrEnum):
    """The kinds of entries."""

    TITLE = "title"
    HEADING = "heading"
    TERM = "term"


# Each server process keeps a vocabulary in memory: 62,000 entries take 80 MB.
MAX_ENTRIES: Mapping[Kind, int] = {Kind.TITLE: 20_000, Kind.HEADING: 20_000, Kind.TERM: 50_000}
_AT_ONCE = 2_000  # articles counted together: bounded memory
# Terms and headings must occur in two articles, which excludes most misspellings.
MIN_ARTICLES: Mapping[Kind, int] = {Kind.TITLE: 1, Kind.HEADING: 2, Kind.TERM: 2}


@dataclass(frozen=True, slots=True)
class Entry:
    """A text that may be suggested. ``count``: number of articles with it; ``article``: id of the first.

    ``pinyin``: the syllables of its folded text, separated by spaces; empty without Chinese.
    """

    kind: Kind
    text: str
    count: int
    pinyin: str
    article: str


@dataclass(frozen=True)
class Vocabulary:
    """Entries, those of each kind in order of suggestion."""

    entries: Sequence[Entry]

    def of(self, kind: Kind) -> list[Entry]:
        """The entries of a kind, in order."""
        return [entry for entry in self.entries if entry.kind is kind]


class Text(NamedTuple):
    """A text of the inventory; ``pinyin`` as in :class:`Entry`."""

    kind: Kind
    text: str
    pinyin: str


@dataclass(frozen=True, slots=True)
class TextIndices:
    """The texts of an article, as ascending indices into the inventory, and its date."""

    indices: Indices
    date: str = ""

    def to_bytes(self) -> bytes:
        """The indices for the database; :meth:`from_bytes` is the inverse."""
        return zlib.compress(np.diff(self.indices, prepend=np.uint32(0)).tobytes())

    @classmethod
    def from_bytes(cls, content: bytes, date: str) -> "TextIndices":
        """The inverse of :meth:`to_bytes`."""
        steps = np.frombuffer(zlib.decompress(content), dtype=np.uint32)
        return cls(np.cumsum(steps, dtype=np.uint32), date)


@dataclass(frozen=True)
class Inventory:
    """The texts of a generation, titles first, and by article id which of them an article contains."""

    texts: Sequence[Text]
    by_article: Mapping[str, TextIndices]

    def vocabulary(self, hidden: Collection[str] = ()) -> Vocabulary:
        """The vocabulary of the articles that are not hidden, as if there were no others.

        Titles by date, the newest first; headings and terms by number of articles.
        """
        ids = sorted(id for id in self.by_article if id not in hidden)
        counts = np.zeros(len(self.texts), dtype=np.int64)
        first = np.full(len(self.texts), len(ids), dtype=np.int64)
        newest: dict[int, str] = {}
        titles = sum(text.kind is Kind.TITLE for text in self.texts)
        for start in range(0, len(ids), _AT_ONCE):
            articles = [self.by_article[id] for id in ids[start : start + _AT_ONCE]]
            places = np.concatenate([one.indices for one in articles])
            numbers = np.repeat(np.arange(len(articles)), [len(one.indices) for one in articles])
            counts += np.bincount(places, minlength=len(self.texts))
            np.minimum.at(first, places, numbers + start)
            is_title = places < titles
            for index, number in zip(
                places[is_title].tolist(), numbers[is_title].tolist(), strict=True
            ):
                newest[index] = max(newest.get(index, ""), articles[number].date)
        selected: dict[Kind, list[int]] = {kind: [] for kind in Kind}
        for index, (text, count) in enumerate(zip(self.texts, counts.tolist(), strict=True)):
            if count >= MIN_ARTICLES[text.kind]:
                selected[text.kind].append(index)
        selected[Kind.TITLE].sort(key=lambda index: (newest[index], index), reverse=True)
        for kind in (Kind.HEADING, Kind.TERM):
            selected[kind].sort(key=lambda index: (-counts[index], index))
        return Vocabulary(
            [
                Entry(kind, one.text, int(counts[index]), one.pinyin, ids[first[index]])
                for kind in Kind
                for index in selected[kind][: MAX_ENTRIES[kind]]
                for one in (self.texts[index],)
            ]
        )


def pack(texts: Sequence[Text]) -> bytes:
    """Serialise texts for the database; :func:`unpack` is the inverse."""
    rows = [[one.kind, one.text, one.pinyin] for one in texts]
    return zlib.compress(json.dumps(rows, ensure_ascii=False).encode(), level=6)


def unpack(content: bytes) -> list[Text]:
    """The inverse of :func:`pack`."""
    kinds = {kind.value: kind for kind in Kind}
    rows = json.loads(zlib.decompress(content))
    return [Text(kinds[kind], text, pinyin) for kind, text, pinyin in rows]
