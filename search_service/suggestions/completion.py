"""Completion of titles, headings and terms by prefix or substring, as text or pinyin.

Entry point: :class:`CompletionIndex`. Pure. The entries of each kind are joined into one long text in order
of suggestion, which is scanned: 90,000 entries are two million characters, a millisecond or two.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, islice, product
from typing import Final

from analyzers.pinyin import typed
from search_service.suggestions.vocabulary import BREAK as _BREAK
from search_service.suggestions.vocabulary import Entry, Kind, Vocabulary, fold, fold_all

# Syllables of a text with all its readings, number of readings, syllables on each side of another reading.
_SHORT: Final = 6
_MAX_READINGS: Final = 8
_AROUND: Final = 6
# Kinds that can be searched for by pinyin, and the letters of the shortest word of two characters.
_SPOKEN: Final = (Kind.TERM, Kind.PHRASE, Kind.HEADING, Kind.ISSUER, Kind.AUTHOR, Kind.TITLE)
_LEAST_LETTERS: Final = 3
_INSIDE: Final = "\t"


class _Haystack:
    """Texts joined into one string, each between two breaks."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.text = _BREAK + "".join(text + _BREAK for text in texts)
        # Offset of each text.
        self._starts = list(accumulate((len(text) + 1 for text in texts), initial=1))

    def find(self, needle: str, accept: Callable[[int], bool]) -> Iterator[int]:
        """The indices of texts with the needle at an accepted position, ascending, each once."""
        position = self.text.find(needle)
        while position >= 0:
            if accept(position):
                index = bisect_right(self._starts, position + needle.startswith(_BREAK)) - 1
                yield index
                position = self.text.find(_BREAK, position + 1) - 1
            position = self.text.find(needle, position + 1)


class _PinyinIndex:
    """The entries by pinyin and by its initials."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        rows = [(entry, row) for entry in entries if entry.pinyin for row in _rows(entry.pinyin)]
        self.entries = [entry for entry, _ in rows]
        self._full = _Haystack(["".join(row) for _, row in rows])
        self._initials = _Haystack(["".join(part[0] for part in row) for _, row in rows])
        # 1 where a syllable or text begins: uxi must not match inside of bu-xiang.
        marks = bytearray(len(self._full.text))
        position = 1
        for _, row in rows:
            marks[position - 1] = 1
            for part in row:
                marks[position] = 1
                position += len(part)
            position += 1
        self._syllable_starts = bytes(marks)

    def find(self, letters: str) -> Iterator[Entry]:
        """Entries by prefix, of pinyin or initials; then by substring, of pinyin from a syllable on."""
        syllable = lambda position: self._syllable_starts[position] == 1  # noqa: E731
        always = lambda _: True  # noqa: E731
        for haystack, needle, accept in (
            (self._full, _BREAK + letters, always),
            (self._initials, _BREAK + letters, always),
            (self._full, letters, syllable),
            (self._initials, letters, always),
        ):
            yield from (self.entries[index] for index in haystack.find(needle, accept))

    def find_exact(self, letters: str) -> Iterator[Entry]:
        """Entries whose whole pinyin, in some reading, is these letters."""
        for index in self._full.find(f"{_BREAK}{letters}{_BREAK}", lambda _: True):
            yield self.entries[index]


def _rows(pinyin: str) -> Iterator[tuple[str, ...]]:
    """The syllables of an entry, and what else may be typed for it.

    Of a short text every combination of its readings, up to ``_MAX_READINGS``; of a longer one each other
    reading with the syllables around it, from the beginning if it is near, else behind a mark that makes it
    no prefix.
    """
    syllables = [part.split("|") for part in pinyin.split()]
    first = tuple(options[0] for options in syllables)
    if "|" not in pinyin:
        yield first
    elif len(syllables) <= _SHORT:
        yield from islice(product(*syllables), _MAX_READINGS)
    else:
        yield first
        others = [(n, other) for n, options in enumerate(syllables) for other in options[1:]]
        for place, other in others[:_MAX_READINGS]:
            start = place - _AROUND if place > _AROUND else 0
            row = (*first[start:place], other, *first[place + 1 : place + 1 + _AROUND])
            yield (_INSIDE, *row) if start else row


class CompletionIndex:
    """The entries of a vocabulary, searchable by text and pinyin."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._entries: Mapping[Kind, list[Entry]] = {
            # A single character is no useful completion.
            kind: [entry for entry in vocabulary.of(kind) if len(entry.text) > 1]
            for kind in Kind
        }
        self._letters = {
            kind: _Haystack(fold_all(entry.text for entry in entries))
            for kind, entries in self._entries.items()
        }
        self._pinyin = {kind: _PinyinIndex(entries) for kind, entries in self._entries.items()}

    def in_titles_or_headings(self, folded: str) -> bool:
        """Whether a title or heading contains the folded text."""
        return any(folded in self._letters[kind].text for kind in (Kind.TITLE, Kind.HEADING))

    def texts_of(self, letters: str) -> list[str]:
        """The texts whose pinyin the letters are, those of most articles first; else of two in a row.

        ``letters``: as of :func:`analyzers.pinyin.typed`.
        """
        whole = [one.text for one in self._of_pinyin(letters)]
        if whole:
            return list(dict.fromkeys(whole))
        best: tuple[int, str] | None = None
        for end in range(_LEAST_LETTERS, len(letters) - _LEAST_LETTERS + 1):
            for first in self._of_pinyin(letters[:end])[:1]:
                for last in self._of_pinyin(letters[end:])[:1]:
                    found = min(first.count, last.count), first.text + last.text
                    best = max(best or found, found)
        return [best[1]] if best else []

    def _of_pinyin(self, letters: str) -> list[Entry]:
        found = [one for kind in _SPOKEN for one in self._pinyin[kind].find_exact(letters)]
        return sorted(found, key=lambda one: -one.count)

    def find(self, text: str, kind: Kind) -> Iterator[Entry]:
        """The entries of a kind that match ``text`` as typed, best first, each once."""
        folded = fold(text)
        if not folded:
            return
        seen: set[int] = set()
        for entry in self._matches(text, folded, kind):
            if id(entry) not in seen:
                seen.add(id(entry))
                yield entry

    def _matches(self, text: str, folded: str, kind: Kind) -> Iterator[Entry]:
        entries = self._entries[kind]
        for needle in (_BREAK + folded, folded):
            for index in self._letters[kind].find(needle, lambda _: True):
                yield entries[index]
        if letters := typed(text):
            yield from self._pinyin[kind].find(letters)
