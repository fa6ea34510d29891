"""Spelling correction: 同音, 形近, 漏字, 多字, 颠倒. Entry point: :class:`Spelling`. Pure.

A candidate is the text with one change: a homophone, a look-alike, a character inserted, deleted or swapped.
It is accepted if it is more likely than the text, by the words and bigrams of the audience's vocabulary, and
if it repairs something: what the texts contain (:class:`Usage`) is not changed into something more frequent.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzers.folding import HAN
from analyzers.lexicon import look_alikes, stop_words
from analyzers.pinyin import readings, syllables
from search_service.suggestions.vocabulary import BREAK, Kind, Vocabulary, fold_all, primary

# Longer texts are sentences: errors in them are less certain, and finding them costs more.
LENGTHS: Final = range(2, 25)
_HAN = re.compile(f"[{HAN}]")
_PAIR = re.compile(f"[{HAN}]{{2}}")
# Everyday questions: official texts are not written so, and official wording is no correction.
_QUESTION: Final = re.compile("怎么|怎样|咋|什么|为何|哪|谁|吗|呢|没")
_LONGEST_WORD: Final = 8
_LONGEST_HOMOPHONE: Final = 4
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
# What shows how things are spelt. Phrases are part of titles and headings.
_SPELT: Final = frozenset({Kind.TITLE, Kind.HEADING, Kind.TERM})
_SHIFT: Final = 21  # bits of a code point

_Codes = npt.NDArray[np.uint64]
Span = tuple[int, int]


@dataclass(frozen=True)
class Usage:
    """How much of a text the articles of the audience contain.

    ``words``: the spans of those of its words that some article contains. ``pairs``: the neighbouring
    characters in it that are neighbours in some article.
    """

    words: Sequence[tuple[int, int]]
    pairs: Collection[str]

    def allows(self, change: "_Change", text: str, *, is_whole: bool) -> bool:
        """Whether the change may repair something.

        One that makes a whole (a term, or part of a title or heading) may change words of the text, but
        inserts nothing between two of them, and takes nothing from them. Others leave its words as they are,
        insert nothing between them or beside a single character that is one, and change neighbours that are
        neighbours nowhere else.
        """
        if change.is_insertion and self._is_boundary(change.start, 2 if is_whole else 1):
            return False
        if not change.new and any(start <= change.start < end for start, end in self.words):
            neighbours = (
                text[max(0, change.start - 1) : change.start],
                text[change.end : change.end + 1],
            )
            if text[change.start : change.end] not in neighbours:
                return False
        if is_whole:
            return True
        if any(self._changes(word, change) for word in self.words):
            return False
        around = text[max(0, change.start - 1) : change.end + 1]
        pairs = filter(_PAIR.match, map("".join, pairwise(around)))
        return not all(pair in self.pairs for pair in pairs)

    def _is_boundary(self, position: int, least: int) -> bool:
        """Whether a word of at least so many characters ends at the position, and another begins there."""
        words = [(start, end) for start, end in self.words if end - start >= least]
        return position in {end for _, end in words} & {start for start, _ in words}

    @staticmethod
    def _changes(word: Span, change: "_Change") -> bool:
        start, end = word
        if change.is_insertion:
            return start < change.start < end
        return end - start > 1 and start < change.end and change.start < end


class _Candidate(NamedTuple):
    """A text with one change, and the gain in bigram frequency."""

    text: str
    change: "_Change"
    gain: float

    @property
    def cost(self) -> float:
        return self.change.cost


class _Change(NamedTuple):
    """``text[start:end]`` replaced by ``new``. ``needs_all``: all bigrams it results in must be known."""

    start: int
    end: int
    new: str
    cost: float
    needs_all: bool = False

    @property
    def is_insertion(self) -> bool:
        return self.start == self.end

    @property
    def old_span(self) -> Span:
        return self.start, self.end

    @property
    def new_span(self) -> Span:
        return self.start, self.start + len(self.new)


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
        words = dict(zip(folded, counts, strict=True))
        # Function words are not indexed as terms, but occur everywhere.
        words |= dict.fromkeys(stop_words(), max(words.values(), default=0))
        self._log_total = math.log(sum(words.values()) + 1)
        # The log-likelihood of each word.
        self._words = {
            word: math.log(count) - self._log_total for word, count in words.items() if count
        }
        self._homophones: dict[str, list[str]] = defaultdict(list)
        for entry, text in zip(terms, folded, strict=True):
            same = self._homophones[primary(entry.pinyin)]
            if len(same) < _MAX_HOMOPHONES:
                same.append(text)
        self._bigrams, bigram_counts = _count_bigrams(vocabulary)
        self._log_count = np.log(bigram_counts + 1.0)

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

    def corrections(
        self,
        text: str,
        *,
        limit: int = 8,
        only_whole: bool = False,
        usage: Usage | None = None,
        is_refused: Callable[[str, Span, str, Span], bool] = lambda *_: False,
    ) -> list[str]:
        """Corrections of a folded text, best first; empty if the vocabulary contains it.

        ``only_whole``: only those that are a term, or in a title or heading. ``usage``: what articles contain
        of the text. ``is_refused``: called with the text and the span that is changed, and the correction and
        the span of its new characters.
        """
        if len(text) not in LENGTHS or not self._words or self.contains(text):
            return []
        is_question = _QUESTION.search(text) is not None
        if (only_whole or is_question) and not self._is_one_change_away(text):
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
        known = map(all, self._strengths(one.text for one in preselected))
        likelihoods = self._likelihoods_of_prefixes(text)
        minimum = likelihoods[-1] + _MARGIN
        scored = []
        for one, bigrams_occur in zip(preselected, known, strict=True):
            is_whole = one.text in self._words or (
                bigrams_occur and self._in_titles_or_headings(one.text)
            )
            if is_question and not is_whole:
                continue
            if usage and not usage.allows(one.change, text, is_whole=is_whole):
                continue
            start = one.change.start
            likelihood = self._likelihoods_of_prefixes(one.text, likelihoods[: start + 1])[-1]
            score = likelihood + one.gain - one.cost
            score += _WHOLE_BONUS * len(one.text) * is_whole
            scored.append((-score, one.text, is_whole, one.change))
        scored.sort()
        minimum = max([minimum, *(-score - _MAX_GAP for score, *_ in scored[:1])])
        return [
            corrected
            for score, corrected, is_whole, change in scored[:limit]
            if -score >= minimum and (is_whole or not only_whole)
            if not is_refused(text, change.old_span, corrected, change.new_span)
        ]

    def _is_one_change_away(self, text: str) -> bool:
        """Whether one change may remove all bigrams that the vocabulary does not contain."""
        unseen = np.flatnonzero(self._log_counts(_encode_bigrams(text)) == 0)
        return not len(unseen) or int(unseen[-1] - unseen[0]) <= _LONGEST_HOMOPHONE

    def _bigrams_occur(self, text: str) -> bool:
        return bool(self._log_counts(_encode_bigrams(text)).all())

    # --- candidates ------------------------------------------------------------------------------

    def _candidates(self, text: str) -> Iterator[_Candidate]:
        yield from self._with_another_character(text)
        yield from self._changed(text, list(self._changes(text)))

    def _changes(self, text: str) -> Iterator[_Change]:
        """Deletions, swaps, and words replaced by homophones."""
        for index, character in enumerate(text):
            if not _HAN.match(character):
                continue
            if 0 < index < len(text) - 1 or text[index : index + 2] == 2 * character:
                # A deletion is always possible.
                yield _Change(index, index + 1, "", _DELETE_COST, needs_all=True)
            if _HAN.match(text[index + 1 : index + 2]):
                yield _Change(index, index + 2, text[index + 1] + character, _SWAP_COST)
        for start in range(len(text)):
            for end in range(start + 2, min(start + _LONGEST_HOMOPHONE, len(text)) + 1):
                for word in self._homophones.get(" ".join(syllables(text[start:end])), ()):
                    if len(word) == end - start:
                        yield _Change(start, end, word, _HOMOPHONE_COST)

    def _changed(self, text: str, changes: list[_Change]) -> Iterator[_Candidate]:
        """The text after each change that results in known bigrams."""
        texts = [text[: one.start] + one.new + text[one.end :] for one in changes]
        around = [
            changed[max(0, one.start - 1) : one.start + len(one.new) + 1]
            for changed, one in zip(texts, changes, strict=True)
        ]
        before = self._strengths(text[max(0, one.start - 1) : one.end + 1] for one in changes)
        after = self._strengths(around)
        for changed, one, old, new in zip(texts, changes, before, after, strict=True):
            if all(new) if one.needs_all else any(new):
                yield _Candidate(changed, one, _mean(new) - _mean(old))

    def _with_another_character(self, text: str) -> Iterator[_Candidate]:
        """One character replaced or inserted; only those that can be among the best of all candidates."""
        places = []
        for index, character in enumerate(text):
            if _HAN.match(character):
                places.append((index, index + 1, 0.0, self._similar(character)))
                if _HAN.match(text[index + 1 : index + 2]):
                    places.append((index + 1, index + 1, _INSERT_COST, self._following(character)))
        if not places:
            return
        sizes = [len(new) for _, _, _, new in places]
        owner = np.repeat(np.arange(len(places)), sizes)
        new = np.concatenate([new for _, _, _, new in places])
        # 0 before the first character and after the last one: not among the bigrams.
        points = np.array([0, *map(ord, text), 0], dtype=np.uint64)
        left = points[[start for start, _, _, _ in places]][owner]
        right = points[[end + 1 for _, end, _, _ in places]][owner]
        shift = np.uint64(_SHIFT)
        strengths = [
            self._log_counts((left << shift) | new),
            self._log_counts((new << shift) | right),
        ]
        seen = (strengths[0] > 0) | (strengths[1] > 0)
        known = np.maximum((left > 0).astype(int) + (right > 0), 1)
        before = self._strengths(text[max(0, start - 1) : end + 1] for start, end, _, _ in places)
        gain = (strengths[0] + strengths[1]) / known - np.array(list(map(_mean, before)))[owner]
        cost = np.array([cost for _, _, cost, _ in places])[owner]
        chosen = np.flatnonzero(seen)
        # Twice as many, because the same text may result from two changes.
        chosen = chosen[np.argsort((cost - gain)[chosen], kind="stable")][: 2 * _MAX_SCORED]
        for place, character in zip(chosen.tolist(), new[chosen].tolist(), strict=True):
            start, end, one_cost, _ = places[owner[place]]
            change = _Change(start, end, chr(character), one_cost)
            changed = text[:start] + change.new + text[end:]
            yield _Candidate(changed, change, float(gain[place]))

    def _similar(self, character: str) -> _Codes:
        """The code points of its homophones and look-alikes."""
        others = set(look_alikes().get(character, ""))
        for syllable in readings(character):
            others.update(self._characters_by_syllable.get(syllable, ""))
        return np.array([ord(other) for other in sorted(others - {character})], dtype=np.uint64)

    def _following(self, character: str) -> _Codes:
        """The code points that follow it in the vocabulary."""
        first = np.uint64(ord(character) << _SHIFT)
        start, end = np.searchsorted(self._bigrams, [first, first | _SECOND])
        return self._bigrams[start:end] & _SECOND

    # --- how well a text reads -------------------------------------------------------------------

    def _strengths(self, texts: Iterable[str]) -> list[list[float]]:
        """For each text ln(1 + count) of each of its bigrams, in order."""
        pieces = list(texts)
        logs = self._log_counts(_encode_bigrams("\n".join(pieces))).tolist()
        strengths, start = [], 0
        for piece in pieces:
            strengths.append(logs[start : start + max(0, len(piece) - 1)])
            start += len(piece) + 1
        return strengths

    def _log_counts(self, codes: _Codes) -> npt.NDArray[np.float64]:
        """ln(1 + count) of bigrams, 0 for unknown ones."""
        if not len(self._bigrams):
            return np.zeros(len(codes))
        places = np.minimum(np.searchsorted(self._bigrams, codes), len(self._bigrams) - 1)
        return np.where(self._bigrams[places] == codes, self._log_count[places], 0.0)

    def _likelihoods_of_prefixes(self, text: str, known: Sequence[float] = (0.0,)) -> list[float]:
        """The log-likelihood of the most likely segmentation of each prefix; ``known``: of the first ones."""
        best = list(known)
        for end in range(len(best), len(text) + 1):
            most = best[-1] - self._log_total - _UNKNOWN_COST
            for start in range(max(0, end - _LONGEST_WORD), end):
                word = self._words.get(text[start:end])
                if word is not None and best[start] + word > most:
                    most = best[start] + word
            best.append(most)
        return best


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


_SECOND = np.uint64((1 << _SHIFT) - 1)


def _encode_bigrams(text: str) -> _Codes:
    """The bigrams of a text: two code points in one integer each."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    return (points[:-1] << np.uint64(_SHIFT)) | points[1:]


def _count_bigrams(vocabulary: Vocabulary) -> tuple[_Codes, npt.NDArray[np.int64]]:
    """The distinct bigrams of titles, headings and terms, ascending, and the sum of their article counts."""
    entries = [entry for entry in vocabulary.entries if entry.kind in _SPELT]
    texts = fold_all(entry.text for entry in entries)
    codes = _encode_bigrams("".join(text + BREAK for text in texts))
    weights = np.repeat([entry.count for entry in entries], [len(text) + 1 for text in texts])
    line = np.uint64(ord(BREAK))
    inside = ((codes >> np.uint64(_SHIFT)) != line) & ((codes & _SECOND) != line)
    bigrams, places = np.unique(codes[inside], return_inverse=True)
    counts = np.bincount(places, weights=weights[: len(codes)][inside], minlength=len(bigrams))
    return bigrams, counts.astype(np.int64)
