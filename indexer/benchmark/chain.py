"""An order-2 chain over the words of a corpus. Entry points: :class:`Recorder`, :class:`Chain`.

The chain keeps the corpus as an array of words instead of a table of probabilities. To continue after two
words, it goes to an occurrence of both and takes the word that follows there. Of the occurrences it takes the
one nearest to a place drawn around the text's ``home`` in the corpus. So frequencies are those of the corpus,
and a text is about one thing if neighbours in the corpus are. One step in :data:`_BACKOFF` looks at one word
only; without that, rare words would copy whole sentences.

Every word belongs to a run of words: a paragraph, a heading or a title. A run begins with a word that stands
for its kind, and ends with :data:`END`.
"""

import re
from array import array
from collections.abc import Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from analyzers.folding import HAN

Positions = NDArray[np.int64]
# The first word number: the end of a run. Kinds of runs are words, too.
END = 0
_BACKOFF = 8
# Standard deviation of the places drawn around the home, as a share of the corpus.
_SPREAD = 0.001
_NUMBER = re.compile(r"[0-9]+")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
# Names of places and what is named after them: two characters and a suffix.
_PLACE = re.compile(f"[{HAN}]{{2}}[省市县区镇乡村旗州]")
_STOPS = "，、；：,;:—（(《“〔[ \u3000"


class Recorder:
    """Collects the runs of a corpus, in its order."""

    def __init__(self, kinds: Sequence[str]) -> None:
        """``kinds``: the kinds of runs."""
        self._numbers = {"\0end": END} | {f"\0{kind}": n for n, kind in enumerate(kinds, start=1)}
        self._words = array("i")

    def __len__(self) -> int:
        return len(self._words)

    def add(self, kind: str, words: Sequence[str]) -> None:
        """Add one run."""
        if words:
            numbers = self._numbers
            self._words.append(numbers[f"\0{kind}"])
            self._words.extend(numbers.setdefault(word, len(numbers)) for word in words)
            self._words.append(END)

    def chain(self) -> "Chain":
        """The chain over what was added."""
        return Chain(np.frombuffer(self._words, np.int32), list(self._numbers))


class _Occurrences:
    """Where each key occurs, to find the occurrence of a key that is nearest to a place."""

    def __init__(self, keys: Positions) -> None:
        self._size = len(keys)
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        begins = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
        # Keys are renumbered: then number × size + position is sorted, and finds both.
        self._begins = np.append(begins, self._size)
        numbers = np.zeros(self._size, np.int64)
        numbers[begins[1:]] = 1
        numbers = np.cumsum(numbers)
        self._places = numbers * self._size + order
        self._number_at = np.empty(self._size, np.int32)
        self._number_at[order] = numbers

    def nearest(self, positions: Positions, places: Positions) -> Positions:
        """For each position the position nearest above ``places`` that has the same key, else the last."""
        number = self._number_at[positions].astype(np.int64)
        found = np.searchsorted(self._places, number * self._size + places)
        found = np.clip(found, self._begins[number], self._begins[number + 1] - 1)
        return np.asarray(self._places[found] - number * self._size, np.int64)


class Chain:
    """The chain of a recorded corpus; ``words``: the text of each word number."""

    def __init__(self, numbers: NDArray[np.int32], words: Sequence[str]) -> None:
        self._numbers, self._words = numbers, words
        self.size = len(numbers)
        previous = np.concatenate(([END], numbers[:-1])).astype(np.int64)
        self._singles = _Occurrences(numbers.astype(np.int64))
        self._pairs = _Occurrences(previous * len(words) + numbers)
        first = np.full(len(words), -1, np.int64)
        first[numbers[::-1]] = np.arange(self.size - 1, -1, -1)
        self._first = first  # the first position of each word
        self._lengths = np.array([0 if w.startswith("\0") else len(w) for w in words], np.int64)
        self._is_kind = np.array([word.startswith("\0") for word in words])
        self._characters = _characters(words)
        self._fresh = _fresh_words(numbers, words, self._characters)

    def has(self, kind: int) -> bool:
        """Whether the corpus has a run of this kind (its number from 1)."""
        return bool(self._first[kind] >= 0)

    def name(self, draw: Random) -> str:
        """A name of a place, of characters of such names."""
        return _name(self._characters, draw)

    def runs(
        self,
        kinds: NDArray[np.int64],
        lengths: NDArray[np.int64],
        homes: Positions,
        draw: np.random.Generator,
        *,
        whole: bool = False,
    ) -> list[list[str]]:
        """The words of one run for each kind: at least ``lengths`` characters long.

        ``whole``: a run ends where one of the corpus ends, or at its length. Otherwise runs of the same kind
        follow each other until the length is reached.
        """
        rows = len(kinds)
        written = np.zeros(rows, np.int64)
        steps: list[NDArray[np.int32]] = []
        at = self._starts(kinds, homes, draw)
        live = np.arange(rows)
        for _ in range(2 * int(lengths.max(initial=0)) + 8):
            if not len(live):
                break
            at[live] = self._step(at[live], homes[live], draw)
            numbers = self._numbers[at[live]]
            ended = live[numbers == END]
            step = np.full(rows, END, np.int32)
            step[live] = numbers
            steps.append(step)
            written[live] += self._lengths[numbers]
            if whole:
                written[ended] = lengths[ended]
            elif len(ended):
                at[ended] = self._starts(kinds[ended], homes[ended], draw)
            live = live[written[live] < lengths[live]]
        table = np.stack(steps, axis=1) if steps else np.zeros((rows, 0), np.int32)
        seeds = draw.integers(0, 1 << 32, rows)
        return [self._texts(row, int(seed)) for row, seed in zip(table, seeds, strict=True)]

    def _places(self, homes: Positions, draw: np.random.Generator) -> Positions:
        moved = homes + draw.normal(0, _SPREAD * self.size, len(homes)).astype(np.int64)
        return np.asarray(moved % self.size)

    def _starts(
        self, kinds: NDArray[np.int64], homes: Positions, draw: np.random.Generator
    ) -> Positions:
        return self._singles.nearest(self._first[kinds], self._places(homes, draw))

    def _step(self, at: Positions, homes: Positions, draw: np.random.Generator) -> Positions:
        places = self._places(homes, draw)
        found = self._pairs.nearest(at, places)
        # Not after the word of the kind: other kinds of runs begin otherwise.
        backs = (draw.integers(0, _BACKOFF, len(at)) == 0) & ~self._is_kind[self._numbers[at]]
        if backs.any():
            found[backs] = self._singles.nearest(at[backs], places[backs])
        return np.asarray(found + 1)

    def _texts(self, numbers: NDArray[np.int32], seed: int) -> list[str]:
        """The words, with other numbers and, as often as the corpus has new words, other names."""
        words, fresh = self._words, self._fresh
        draw: Random | None = None
        texts = []
        for number in numbers[numbers != END].tolist():
            word = words[number]
            if number in fresh:
                draw = draw or Random(seed)  # noqa: S311  (repeatable, no secret)
                word = fresh[number].another(draw)
            texts.append(word)
        return texts


class _Fresh:
    """A word that is a number or a name, to be replaced by another one with this probability."""

    def __init__(self, word: str, share: float, characters: Sequence[str]) -> None:
        self._word, self._share, self._characters = word, share, characters

    def another(self, draw: Random) -> str:
        """Another number of as many digits (a year: another year), or another name."""
        word = self._word
        if _YEAR.fullmatch(word):
            return str(draw.randint(int(word) - 3, int(word) + 3))
        if _NUMBER.fullmatch(word):
            most = 10 ** len(word) - 1
            # A day or a month may follow, and these have so many.
            most = next((one for one in (9, 12, 31) if int(word) <= one <= most), most)
            return str(draw.randint((most + 1) // 10 or 1, most))
        if draw.random() >= self._share:
            return word
        return _name(self._characters, draw) + word[-1]


def _name(characters: Sequence[str], draw: Random) -> str:
    return "".join(draw.choices(characters, k=2))


def _characters(words: Sequence[str]) -> list[str]:
    """The characters of which the corpus makes names of places."""
    return sorted({c for word in words if _PLACE.fullmatch(word) for c in word[:2]}) or ["新"]


def _fresh_words(
    numbers: NDArray[np.int32], words: Sequence[str], characters: Sequence[str]
) -> dict[int, _Fresh]:
    """The words to replace, by number.

    A word of a new text is one that the corpus lacks with the probability of the words that occur in it once
    (Good and Turing). All of them become names of places.
    """
    counts = np.bincount(numbers, minlength=len(words))
    places = [number for number, word in enumerate(words) if _PLACE.fullmatch(word)]
    share = min(1.0, int((counts == 1).sum()) / max(1, int(counts[places].sum())))
    return {
        number: _Fresh(word, share, characters)
        for number, word in enumerate(words)
        if _PLACE.fullmatch(word) or (word.isascii() and _NUMBER.fullmatch(word) and len(word) < 12)
    }


def fit(words: Sequence[str], length: int) -> str:
    """The words as a sentence of at most ``length`` characters, unless the first one is longer."""
    text: list[str] = []
    size = 1
    for word in words:
        if text and size + len(word) > length:
            break
        text.append(word)
        size += len(word)
    sentence = "".join(text).strip().rstrip(_STOPS)
    return sentence if sentence.endswith("。") else f"{sentence}。"
