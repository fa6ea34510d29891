"""Titles, headings, terms, names and numbers of a generation, for suggestions.

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


def primary(pinyin: str) -> str:
    """The pinyin of an entry without other readings."""
    if "|" not in pinyin:
        return pinyin
    return " ".join(options.split("|", 1)[0] for options in pinyin.split())


class Kind(enum.StrEnum):
    """The kinds of entries. Titles come first in an inventory."""

    TITLE = "title"
    HEADING = "heading"
    TERM = "term"
    PHRASE = "phrase"  # two words, side by side in a title or heading; in an inventory with a space between
    ISSUER = "issuer"
    AUTHOR = "author"
    NUMBER = "number"  # 文号
    CODE = "code"


# Each server process keeps a vocabulary in memory: 62,000 entries take 80 MB. Numbers and codes beyond the
# limit can still be opened by typing all of one.
MAX_ENTRIES: Mapping[Kind, int] = {
    Kind.TITLE: 20_000,
    Kind.HEADING: 20_000,
    Kind.TERM: 50_000,
    Kind.PHRASE: 20_000,
    Kind.ISSUER: 5_000,
    Kind.AUTHOR: 5_000,
    Kind.NUMBER: 20_000,
    Kind.CODE: 20_000,
}
_AT_ONCE = 2_000  # articles counted together: bounded memory
# Terms, phrases and headings must occur in two articles, which excludes most misspellings.
MIN_ARTICLES: Mapping[Kind, int] = {
    Kind.TITLE: 1,
    Kind.HEADING: 2,
    Kind.TERM: 2,
    Kind.PHRASE: 2,
    Kind.ISSUER: 1,
    Kind.AUTHOR: 1,
    Kind.NUMBER: 1,
    Kind.CODE: 1,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A text that may be suggested. ``count``: number of articles with it; ``article``: id of the first.

    A phrase counts the articles that contain both words, because those are found.

    ``pinyin``: the syllables of its folded text, separated by spaces, each with other readings after ``|``
    (``gan|qian an xian``); empty without Chinese, and for numbers and codes.
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

        Titles by date, the newest first; numbers and codes from the last one on; the rest by number of
        articles.
        """
        ids = sorted(id for id in self.by_article if id not in hidden)
        counts = np.zeros(len(self.texts), dtype=np.int64)
        pairs = _Pairs(self.texts)
        first = np.full(len(self.texts), len(ids), dtype=np.int64)
        newest: dict[int, str] = {}
        titles = sum(text.kind is Kind.TITLE for text in self.texts)
        for start in range(0, len(ids), _AT_ONCE):
            articles = [self.by_article[id] for id in ids[start : start + _AT_ONCE]]
            places = np.concatenate([one.indices for one in articles])
            numbers = np.repeat(np.arange(len(articles)), [len(one.indices) for one in articles])
            counts += np.bincount(places, minlength=len(self.texts))
            np.minimum.at(first, places, numbers + start)
            pairs.add(places, numbers, len(articles))
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
        counts[pairs.indices] = np.maximum(counts[pairs.indices], pairs.counts)
        for kind in (Kind.HEADING, Kind.TERM, Kind.PHRASE, Kind.ISSUER, Kind.AUTHOR):
            selected[kind].sort(key=lambda index: (-counts[index], index))
        for kind in (Kind.NUMBER, Kind.CODE):
            selected[kind].reverse()
        return Vocabulary(
            [
                Entry(kind, _shown(one), int(counts[index]), one.pinyin, ids[first[index]])
                for kind in Kind
                for index in selected[kind][: MAX_ENTRIES[kind]]
                for one in (self.texts[index],)
            ]
        )


class _Pairs:
    """Counts for each phrase of an inventory the articles that contain both of its words."""

    def __init__(self, texts: Sequence[Text]) -> None:
        terms = {one.text: index for index, one in enumerate(texts) if one.kind is Kind.TERM}
        found = [
            (index, *(terms.get(word, -1) for word in one.text.split()))
            for index, one in enumerate(texts)
            if one.kind is Kind.PHRASE
        ]
        # A word may be too rare to be among the terms.
        found = [row for row in found if -1 not in row]
        table = np.array(found, dtype=np.int64).reshape(-1, 3)
        self.indices = table[:, 0]
        self.counts = np.zeros(len(table), dtype=np.int64)
        words, rows = np.unique(table[:, 1:], return_inverse=True)
        self._rows = rows.reshape(-1, 2)
        # The row of each term, or -1.
        self._row_of = np.full(len(texts), -1, dtype=np.int64)
        self._row_of[words] = range(len(words))
        self._words = len(words)

    def add(self, places: Indices, numbers: npt.NDArray[np.int64], articles: int) -> None:
        """Count articles by their (text, article) pairs; one bit for each word and article."""
        rows = self._row_of[places]
        contains = np.zeros((self._words, articles), dtype=bool)
        contains[rows[rows >= 0], numbers[rows >= 0]] = True
        bits = np.packbits(contains, axis=1)
        both = bits[self._rows[:, 0]] & bits[self._rows[:, 1]]
        self.counts += np.bitwise_count(both).sum(axis=1, dtype=np.int64)


def _shown(text: Text) -> str:
    return text.text.replace(" ", "") if text.kind is Kind.PHRASE else text.text


def pack(texts: Sequence[Text]) -> bytes:
    """Serialise texts for the database; :func:`unpack` is the inverse."""
    rows = [[one.kind, one.text, one.pinyin] for one in texts]
    return zlib.compress(json.dumps(rows, ensure_ascii=False).encode(), level=6)


def unpack(content: bytes) -> list[Text]:
    """The inverse of :func:`pack`."""
    kinds = {kind.value: kind for kind in Kind}
    rows = json.loads(zlib.decompress(content))
    return [Text(kinds[kind], text, pinyin) for kind, text, pinyin in rows]
