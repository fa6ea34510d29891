"""Completion of titles, headings and terms by prefix or substring, as text or pinyin.

Entry point: :class:`CompletionIndex`. Pure. The entries of each kind are joined into one long text in order
of suggestion, which is scanned: 90,000 entries are two million characters, a millisecond or two.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from analyzers.normalize import normalize
from search_service.suggestions.vocabulary import BREAK as _BREAK
from search_service.suggestions.vocabulary import Entry, Kind, Vocabulary, fold, fold_all

_LETTERS = re.compile(r"[a-z]{2,}")


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
        self.entries = [entry for entry in entries if entry.pinyin]
        spaced = [entry.pinyin for entry in self.entries]
        self._full = _Haystack([pinyin.replace(" ", "") for pinyin in spaced])
        self._initials = _Haystack(
            ["".join(part[0] for part in pinyin.split()) for pinyin in spaced]
        )
        # 1 where a syllable or text begins: uxi must not match inside of bu-xiang.
        marks = bytearray(len(self._full.text))
        position = 1
        for pinyin in spaced:
            marks[position - 1] = 1
            for part in pinyin.split():
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
        # Spaces between syllables are optional.
        letters = "".join(normalize(text).split())
        if _LETTERS.fullmatch(letters):
            yield from self._pinyin[kind].find(letters)
