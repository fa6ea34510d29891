"""Spelling correction: 同音, 形近, 漏字, 多字, 颠倒. Entry point: :class:`Spelling`. Pure.

A candidate is the text with one change: a homophone, a look-alike, a character inserted, deleted or swapped.
It is accepted if it is more likely than the text, by the words and bigrams of the audience's vocabulary.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from analyzers.lexicon import look_alikes, stop_words
from analyzers.pinyin import readings, syllables
from analyzers.terms import HAN
from search_service.suggestions.vocabulary import BREAK, Kind, Vocabulary, fold_all

# Longer texts are sentences: errors in them are less certain, and finding them costs more.
LENGTHS: Final = range(2, 25)
_HAN = re.compile(f"[{HAN}]")
# Everyday questions: official texts are not written so, and official wording is no correction.
_QUESTION: Final = re.compile("怎么|怎样|咋|什么|为何|哪|谁|吗|呢|没")
_LONGEST_WORD: Final = 8
# Homophones tried for a word, the most frequent ones.
_MAX_HOMOPHONES: Final = 8
# Candidates scored by words, preselected by bigrams.
_MAX_SCORED: Final = 60
# Extra cost of a character that is no word of the vocabulary.
_UNKNOWN_COST: Final = 3.0
# By how much the log-likelihood of a candidate must exceed that of the text; and the bonus per character of
# a candidate that is a term or in a title or heading: a long one is there by no coincidence.
_MARGIN: Final = 5.0
_WHOLE_BONUS: Final = 2.0
# Maximum log-likelihood gap to the best candidate.
_MAX_GAP: Final = 8.0
# Costs of changes. Deletion: a shorter text is always more likely.
_INSERT_COST: Final = 0.0
_DELETE_COST: Final = 6.0
_SWAP_COST: Final = 0.0
_HOMOPHONE_COST: Final = 0.5
_SHIFT: Final = 21  # bits of a code point

_Codes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class _Candidate:
    """A changed text, the cost of the change, and the gain in bigram frequency."""

    text: str
    cost: float
    gain: float


class Spelling:
    """The words, bigrams and homophones of a vocabulary.

    ``in_titles_or_headings``: see :meth:`.CompletionIndex.in_titles_or_headings`.
    """

    def __init__(
        self, vocabulary: Vocabulary, in_titles_or_headings: Callable[[str], bool]
    ) -> None:
        self._in_titles_or_headings = in_titles_or_headings
        terms = vocabulary.of(Kind.TERM)
        folded = fold_all(entry.text for entry in terms)
        counts = [entry.count for entry in terms]
        self._words = dict(zip(folded, counts, strict=True))
        # Function words are not indexed as terms, but occur everywhere.
        self._words |= dict.fromkeys(stop_words(), max(self._words.values(), default=0))
        self._log_total = math.log(sum(self._words.values()) + 1)
        self._homophones: dict[str, list[str]] = defaultdict(list)
        for entry, text in zip(terms, folded, strict=True):
            same = self._homophones[entry.pinyin]
            if len(same) < _MAX_HOMOPHONES:
                same.append(text)
        self._bigrams, self._counts = _count_bigrams(vocabulary)

    @cached_property
    def _characters_by_syllable(self) -> Mapping[str, str]:
        """The characters of the vocabulary by reading; takes half a second, so not before a correction."""
        characters = "".join(map(chr, np.unique(self._bigrams & _SECOND).tolist()))
        by_syllable: dict[str, str] = defaultdict(str)
        for character in _HAN.findall(characters):
            for syllable in readings(character):
                by_syllable[syllable] += character
        return by_syllable

    def contains(self, text: str) -> bool:
        """Whether a folded text is a term, or in a title or heading."""
        if text in self._words:
            return True
        return self._bigrams_occur(text) and self._in_titles_or_headings(text)

    def has_unseen_bigram(self, text: str) -> bool:
        """Whether a folded Chinese text contains a bigram that the vocabulary does not."""
        if len(text) not in LENGTHS or len(_HAN.findall(text)) < len(text):
            return False
        return not self._bigrams_occur(text)

    def corrections(self, text: str, *, limit: int = 8) -> list[str]:
        """Corrections of a folded text, best first; empty if the vocabulary contains it."""
        if len(text) not in LENGTHS or not self._words or self.contains(text):
            return []
        best: dict[str, _Candidate] = {}
        for candidate in self._candidates(text):
            other = best.get(candidate.text)
            if other is None or candidate.cost < other.cost:
                best[candidate.text] = candidate
        best.pop(text, None)
        preselected = sorted(best.values(), key=lambda one: (one.cost - one.gain, one.text))[
            :_MAX_SCORED
        ]
        minimum = self._likelihood(text) + _MARGIN
        scored = []
        for one in preselected:
            is_whole = self.contains(one.text)
            if not is_whole and _QUESTION.search(text):
                continue
            score = self._likelihood(one.text) + one.gain - one.cost
            score += _WHOLE_BONUS * len(one.text) * is_whole
            scored.append((-score, one.text))
        scored.sort()
        minimum = max([minimum, *(-score - _MAX_GAP for score, _ in scored[:1])])
        return [corrected for score, corrected in scored[:limit] if -score >= minimum]

    def _bigrams_occur(self, text: str) -> bool:
        return bool(self._bigram_counts(_encode_bigrams(text)).all())

    # --- candidates ------------------------------------------------------------------------------

    def _candidates(self, text: str) -> Iterator[_Candidate]:
        for index, character in enumerate(text):
            if not _HAN.match(character):
                continue
            yield from self._replaced(text, index)
            if 0 < index < len(text) - 1 or text[index : index + 2] == 2 * character:
                yield from self._changed(text, index, index + 1, "", _DELETE_COST)
            if index + 1 < len(text) and _HAN.match(text[index + 1]):
                swapped = text[index + 1] + character
                yield from self._changed(text, index, index + 2, swapped, _SWAP_COST)
                yield from self._inserted(text, index + 1)
        for start in range(len(text)):
            for end in range(start + 2, min(start + 5, len(text) + 1)):
                for word in self._homophones.get(" ".join(syllables(text[start:end])), ()):
                    if len(word) == end - start:
                        yield from self._changed(text, start, end, word, _HOMOPHONE_COST)

    def _replaced(self, text: str, index: int) -> Iterator[_Candidate]:
        possible = readings(text[index])
        others = {
            other
            for syllable in possible
            for other in self._characters_by_syllable.get(syllable, "")
        }
        others |= set(look_alikes().get(text[index], ""))
        yield from self._filled(text, index, index + 1, sorted(others - {text[index]}), 0.0)

    def _inserted(self, text: str, index: int) -> Iterator[_Candidate]:
        before = np.uint64(ord(text[index - 1]) << _SHIFT)
        first, last = np.searchsorted(self._bigrams, [before, before | _SECOND])
        following = self._bigrams[first:last] & _SECOND
        yield from self._filled(
            text, index, index, list(map(chr, following.tolist())), _INSERT_COST
        )

    def _filled(
        self, text: str, start: int, end: int, characters: list[str], cost: float
    ) -> Iterator[_Candidate]:
        """The text with ``text[start:end]`` replaced by each character that forms a known bigram there."""
        if not characters:
            return
        new = np.array([ord(one) for one in characters], dtype=np.uint64)
        shift = np.uint64(_SHIFT)
        counts = []
        if start > 0:
            counts.append(self._bigram_counts((np.uint64(ord(text[start - 1])) << shift) | new))
        if end < len(text):
            counts.append(self._bigram_counts((new << shift) | np.uint64(ord(text[end]))))
        before = self._strength(text[max(0, start - 1) : end + 1])
        seen = np.max(counts, axis=0) > 0
        strength = np.mean([np.log(count + 1.0) for count in counts], axis=0)
        for index in np.flatnonzero(seen).tolist():
            changed = text[:start] + characters[index] + text[end:]
            yield _Candidate(changed, cost, float(strength[index]) - before)

    def _changed(
        self, text: str, start: int, end: int, new: str, cost: float
    ) -> Iterator[_Candidate]:
        changed = text[:start] + new + text[end:]
        around = changed[max(0, start - 1) : start + len(new) + 1]
        seen = self._bigram_counts(_encode_bigrams(around)) > 0
        # A deletion is always possible, so all remaining bigrams must be known.
        if seen.all() if len(new) < end - start else seen.any():
            before = self._strength(text[max(0, start - 1) : end + 1])
            yield _Candidate(changed, cost, self._strength(around) - before)

    # --- how well a text reads -------------------------------------------------------------------

    def _strength(self, text: str) -> float:
        counts = self._bigram_counts(_encode_bigrams(text))
        return float(np.log(counts + 1.0).mean()) if len(counts) else 0.0

    def _bigram_counts(self, codes: _Codes) -> npt.NDArray[np.int64]:
        if not len(self._bigrams):
            return np.zeros(len(codes), dtype=np.int64)
        places = np.minimum(np.searchsorted(self._bigrams, codes), len(self._bigrams) - 1)
        return np.where(self._bigrams[places] == codes, self._counts[places], 0)

    def _likelihood(self, text: str) -> float:
        """The log-likelihood of the most likely segmentation into words."""
        best = [0.0]
        for end in range(1, len(text) + 1):
            words = [
                best[start] + math.log(count) - self._log_total
                for start in range(max(0, end - _LONGEST_WORD), end)
                if (count := self._words.get(text[start:end]))
            ]
            best.append(max([best[end - 1] - self._log_total - _UNKNOWN_COST, *words]))
        return best[-1]


_SECOND = np.uint64((1 << _SHIFT) - 1)


def _encode_bigrams(text: str) -> _Codes:
    """The bigrams of a text: two code points in one integer each."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    return (points[:-1] << np.uint64(_SHIFT)) | points[1:]


def _count_bigrams(vocabulary: Vocabulary) -> tuple[_Codes, npt.NDArray[np.int64]]:
    """The distinct bigrams of all entries, ascending, and the sum of the entries' article counts."""
    texts = fold_all(entry.text for entry in vocabulary.entries)
    codes = _encode_bigrams("".join(text + BREAK for text in texts))
    weights = np.repeat(
        [entry.count for entry in vocabulary.entries], [len(text) + 1 for text in texts]
    )
    line = np.uint64(ord(BREAK))
    inside = ((codes >> np.uint64(_SHIFT)) != line) & ((codes & _SECOND) != line)
    bigrams, places = np.unique(codes[inside], return_inverse=True)
    counts = np.bincount(places, weights=weights[: len(codes)][inside], minlength=len(bigrams))
    return bigrams, counts.astype(np.int64)
