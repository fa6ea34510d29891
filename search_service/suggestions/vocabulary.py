"""What the texts of one generation are called and made of: titles, headings and terms.

Entry points: :class:`Inventory`, which article holds what; :class:`Vocabulary`, what may be suggested of
the articles that are visible. Functions of what one audience may read, and of nothing else: what people
typed is not in them.
"""

import enum
import functools
import json
import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzers.normalize import normalize

Indices = npt.NDArray[np.uint32]
_LETTERS_AND_DIGITS = re.compile(r"[^\W_]+")


# A vocabulary is made again when an article is taken down; nearly all of its texts are the same.
@functools.lru_cache(maxsize=1 << 17)
def fold(text: str) -> str:
    """The form in which texts are compared: letters and digits in one width, case and script."""
    return "".join(_LETTERS_AND_DIGITS.findall(normalize(text)))


class Kind(enum.StrEnum):
    """What an entry is."""

    TITLE = "title"
    HEADING = "heading"
    TERM = "term"


# What a process that answers holds in memory: 62,000 entries take 80 MB.
MAX_ENTRIES: Mapping[Kind, int] = {Kind.TITLE: 20_000, Kind.HEADING: 20_000, Kind.TERM: 50_000}
# Terms and headings occur in two articles or more, so that nothing is called by a slip of one text.
MIN_ARTICLES: Mapping[Kind, int] = {Kind.TITLE: 1, Kind.HEADING: 2, Kind.TERM: 2}


@dataclass(frozen=True, slots=True)
class Entry:
    """A text that may be suggested. ``count``: the articles in which it occurs; ``article``: the first.

    ``pinyin``: the syllables of its folded text, separated by spaces; empty without Chinese.
    """

    kind: Kind
    text: str
    count: int
    pinyin: str
    article: str


@dataclass(frozen=True)
class Vocabulary:
    """Entries, of each kind the first to suggest first."""

    entries: Sequence[Entry]

    def of(self, kind: Kind) -> list[Entry]:
        """The entries of a kind, in order."""
        return [entry for entry in self.entries if entry.kind is kind]


@dataclass(frozen=True, slots=True)
class Text:
    """A text that articles hold; ``pinyin`` as in :class:`Entry`."""

    kind: Kind
    text: str
    pinyin: str


@dataclass(frozen=True, slots=True)
class TextIndices:
    """Which texts an article holds, by their places in the inventory, ascending; and its date."""

    indices: Indices
    date: str = ""

    def to_bytes(self) -> bytes:
        """The places, for the database; :meth:`from_bytes` is the way back."""
        return zlib.compress(np.diff(self.indices, prepend=np.uint32(0)).tobytes())

    @classmethod
    def from_bytes(cls, content: bytes, date: str) -> "TextIndices":
        """The holder that :meth:`to_bytes` was made of."""
        steps = np.frombuffer(zlib.decompress(content), dtype=np.uint32)
        return cls(np.cumsum(steps, dtype=np.uint32), date)


@dataclass(frozen=True)
class Inventory:
    """The texts of a generation and, by article id, which article holds which."""

    texts: Sequence[Text]
    by_article: Mapping[str, TextIndices]

    def vocabulary(self, hidden: Collection[str] = ()) -> Vocabulary:
        """What may be suggested of the articles that are not hidden, as if there were no others.

        Titles by date, the newest first; headings and terms by the articles that hold them.
        """
        ids = sorted(id for id in self.by_article if id not in hidden)
        places = [self.by_article[id].indices for id in ids]
        counts = np.zeros(len(self.texts), dtype=np.int64)
        first = np.zeros(len(self.texts), dtype=np.int64)
        for number, held in reversed(list(enumerate(places))):
            counts[held] += 1
            first[held] = number
        newest: dict[int, str] = {}
        titles = sum(text.kind is Kind.TITLE for text in self.texts)
        for id, held in zip(ids, places, strict=True):
            for index in held[: np.searchsorted(held, titles)].tolist():
                newest[index] = max(newest.get(index, ""), self.by_article[id].date)
        standing: dict[Kind, list[int]] = {kind: [] for kind in Kind}
        for index, (text, count) in enumerate(zip(self.texts, counts.tolist(), strict=True)):
            if count >= MIN_ARTICLES[text.kind]:
                standing[text.kind].append(index)
        standing[Kind.TITLE].sort(key=lambda index: (newest[index], index), reverse=True)
        for kind in (Kind.HEADING, Kind.TERM):
            standing[kind].sort(key=lambda index: (-counts[index], index))
        return Vocabulary(
            [
                Entry(kind, one.text, int(counts[index]), one.pinyin, ids[first[index]])
                for kind in Kind
                for index in standing[kind][: MAX_ENTRIES[kind]]
                for one in (self.texts[index],)
            ]
        )


def pack(texts: Sequence[Text]) -> bytes:
    """Texts for the database; :func:`unpack` is the way back."""
    rows = [[one.kind, one.text, one.pinyin] for one in texts]
    return zlib.compress(json.dumps(rows, ensure_ascii=False).encode(), level=6)


def unpack(content: bytes) -> list[Text]:
    """The texts that :func:`pack` was given."""
    kinds = {kind.value: kind for kind in Kind}
    rows = json.loads(zlib.decompress(content))
    return [Text(kinds[kind], text, pinyin) for kind, text, pinyin in rows]
