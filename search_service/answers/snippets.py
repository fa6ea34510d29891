"""Highlighting marks and snippets. Entry points: :func:`marks`, :class:`ScannedText`, :func:`snippet`. Pure.

Terms are located in the folded text (:mod:`analyzers.folding`), as when it is searched; the marks are offsets
into the original, in its own width, script and spacing.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, pairwise

from analyzers import references
from analyzers.folding import HAN, fold
from analyzers.normalize import normalize
from analyzers.terms import Token, runs
from search_service import relevance

Span = tuple[int, int]
_SENTENCE_END = re.compile(r"[。；;！!？?\n]")
_ASCII_EDGE = re.compile(r"[a-z0-9]")
_ONLY_HAN = re.compile(f"[{HAN}]+")
_ONE_HAN = re.compile(f"[{HAN}]")
_APART = re.compile(f"[{HAN}\n]")
_KEPT = 4096  # terms of queries whose forms are kept; a page has a hundred texts, and looks for each in all


@dataclass(frozen=True)
class Snippet:
    """``text`` is ``source[start:end]``; ``marks`` are offsets into ``text``."""

    text: str
    start: int
    end: int
    marks: tuple[Span, ...]


def _separator(before: Token, after: Token, literal: str) -> str:
    """What may stand between two runs of a literal in a text: punctuation is ignored, as by phrases."""
    if _ONE_HAN.match(after.term):
        if _ONE_HAN.match(before.term):
            return r"[\W_]+"
        blank = not literal[before.end : after.start].strip()
        return r"\s*" if blank else r"[\W_]+"
    # Two numbers and two words are apart; ISO9001 is ISO 9001.
    alike = before.term[-1].isalpha() == after.term[0].isalpha()
    apart = alike and before.term[-1].isalnum() and after.term[0].isalnum()
    return r"[\W_]+" if apart and not _ONE_HAN.match(before.term) else r"[\W_]*"


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans in order; overlapping and adjacent ones are joined."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _occurrences(text: str, term: str) -> Iterator[Span]:
    position = text.find(term)
    while position >= 0:
        yield position, position + len(term)
        position = text.find(term, position + 1)


@lru_cache(maxsize=_KEPT)
def _folded(term: str) -> str:
    """A word, a literal or a term of a reference in the form it has in a folded text."""
    return term if ":" in term else fold(term).text


@lru_cache(maxsize=_KEPT)
def _pattern(literal: str) -> re.Pattern[str] | None:
    """What finds a folded literal; punctuation between its runs is ignored, as by phrases. None: nothing."""
    parts = runs(literal)
    if not parts:
        return None
    pattern = re.escape(parts[0].term)
    for before, after in pairwise(parts):
        pattern += _separator(before, after, literal) + re.escape(after.term)
    # Looking ahead, as occurrences may overlap: 人人人 contains 人人 twice.
    return re.compile(f"(?=({pattern}))")


class ScannedText:
    """A text to search for terms of a query; its folded form and references are computed once."""

    def __init__(self, text: str) -> None:
        self._folded = fold(normalize(text))
        self._text = self._folded.text
        #: Where runs start and end, in the part ``first <= place < last`` of the text.
        self._edges: tuple[int, int, set[int], set[int]] = (0, 0, set(), set())

    @cached_property
    def _terms(self) -> dict[str, list[Span]]:
        """Term of a reference -> spans."""
        spans: dict[str, list[Span]] = {}
        for reference in references.find(self._text):
            for term in reference.terms:
                spans.setdefault(term, []).append((reference.start, reference.end))
        return spans

    def marks(self, literals: Iterable[str], words: Iterable[str]) -> tuple[Span, ...]:
        """The spans of ``literals`` and ``words`` (both normalised), as :func:`merged`."""
        spans = chain(*map(self._literal, literals), *map(self._word, words))
        return merged(self._folded.span(start, end) for start, end in spans)

    def characters_found(
        self, literals: Iterable[str], words: Iterable[str], parts: Sequence[Span]
    ) -> list[int]:
        """How much of the query each part of the text contains: the characters of the terms in it, each once.

        Not their spans, which take far longer to find. ``parts``: in order, without gaps.
        """
        if not parts:
            return []
        *starts, last = self._folded.positions([*(start for start, _ in parts), parts[-1][1]])
        ends = [*starts[1:], last]
        found = [0] * len(parts)
        finders: dict[str, Callable[[str], Iterable[Span]]]
        finders = {term: self._word for term in words if not _ONE_HAN.fullmatch(term)}
        finders.update(dict.fromkeys(literals, self._literal))
        for term, spans_of in finders.items():
            folded = _folded(term)
            if not _ONLY_HAN.fullmatch(folded):
                inside = {bisect_right(starts, a) - 1: (a, b) for a, b in spans_of(term)}
                for index, (start, end) in inside.items():
                    found[index] += end - start if end <= ends[index] else 0
                continue
            position = self._text.find(folded)
            while position >= 0:  # from one part that contains it to the next
                index = bisect_right(starts, position) - 1
                if position + len(folded) <= ends[index]:
                    found[index] += len(folded)
                position = self._text.find(folded, ends[index])
        return found

    def contains_literal(self, literal: str) -> bool:
        """Whether the text contains the literal."""
        return any(True for _ in self._literal(literal))

    def contains_word(self, word: str) -> bool:
        """Whether the text contains the word or reference term."""
        return any(True for _ in self._word(word))

    def contains(self, word: str) -> bool:
        """Whether the text contains the word or reference term; a single character, too."""
        folded = _folded(word)
        return folded in self._text if _ONLY_HAN.fullmatch(folded) else self.contains_word(word)

    def _literal(self, literal: str) -> Iterable[Span]:
        """The spans of a literal; punctuation between its runs is ignored, as in phrase matching."""
        folded = _folded(literal)
        if _ONLY_HAN.fullmatch(folded):
            return _occurrences(self._text, folded)
        pattern = _pattern(folded)
        if pattern is None:
            return ()
        return self._whole(match.span(1) for match in pattern.finditer(self._text))

    def _word(self, word: str) -> Iterable[Span]:
        if ":" in word:
            return self._terms.get(word, ())
        if _ONE_HAN.fullmatch(word):
            return ()
        folded = _folded(word)
        spans = _occurrences(self._text, folded)
        return spans if _ONLY_HAN.fullmatch(folded) else self._whole(spans)

    def _whole(self, spans: Iterable[Span]) -> Iterator[Span]:
        """The spans that begin and end with whole numbers and words of letters: 5 is not in 2025 or 1.5."""
        for start, end in spans:
            cut = _ASCII_EDGE.match(self._text[start]) and start not in self._edges_at(start)[0]
            if cut or (
                _ASCII_EDGE.match(self._text[end - 1]) and end not in self._edges_at(end - 1)[1]
            ):
                continue
            yield start, end

    def _edges_at(self, place: int) -> tuple[set[int], set[int]]:
        """Where runs start and end around a place: no run goes on beyond a Han character or a line."""
        first, last, starts, ends = self._edges
        if not first <= place < last:
            text, first = self._text, place
            while first and not _APART.match(text[first - 1]):
                first -= 1
            apart = _APART.search(text, place)
            last = apart.start() if apart else len(text)
            tokens = runs(text, first, last)
            starts, ends = {token.start for token in tokens}, {token.end for token in tokens}
            self._edges = first, last, starts, ends
        return starts, ends


def marks(text: str, literals: Iterable[str], words: Iterable[str]) -> tuple[Span, ...]:
    """The marks of a text: see :meth:`ScannedText.marks`."""
    return ScannedText(text).marks(literals, words)


def snippet(text: str, spans: Sequence[Span], *, length: int = relevance.SNIPPET_LENGTH) -> Snippet:
    """The part of at most ``length`` characters with the most marks; it begins at a sentence if possible.

    ``spans``: marks in order, without overlaps. Without marks: the beginning of the text.
    """
    best = 0
    if spans and spans[-1][1] > length:
        firsts, lasts = zip(*spans, strict=True)  # both ascending

        def marks_after(start: int) -> int:
            return max(0, bisect_right(lasts, start + length) - bisect_left(firsts, start))

        starts = [0] + [m.end() for m in _SENTENCE_END.finditer(text) if m.end() < len(text)]
        # For marks deep inside a long sentence: begin shortly before the mark.
        starts += [max(0, a - length // 4) for a, _ in spans[:8]]
        best = max(sorted(starts), key=marks_after)
    start = best + len(text[best:]) - len(text[best:].lstrip())
    end = min(len(text), start + length)
    end = start + len(text[start:end].rstrip())
    inside = tuple((a - start, b - start) for a, b in spans if start <= a and b <= end)
    return Snippet(text[start:end], start, end, inside)
