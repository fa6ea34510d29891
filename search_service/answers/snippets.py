"""Marks and snippets on the original text. Entry points: :func:`marks`, :class:`ScannedText`,
:func:`snippet`. Pure.

Offsets are found in the normalised text, which has the length of the original: each mark is a substring
of the source, in the source's own width and script.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from analyzers import references
from analyzers.normalize import normalize
from analyzers.terms import HAN
from search_service import relevance

Span = tuple[int, int]
_SENTENCE_END = re.compile(r"[。；;！!？?\n]")
_ASCII_EDGE = re.compile(r"[a-z0-9]")
_RUN = re.compile(r"[^\W_]+")
_ONE_HAN = re.compile(f"[{HAN}]")


@dataclass(frozen=True)
class Snippet:
    """``text`` is ``source[start:end]``; ``marks`` are offsets into ``text``."""

    text: str
    start: int
    end: int
    marks: tuple[Span, ...]


def _occurrences(text: str, term: str) -> Iterable[Span]:
    position = text.find(term)
    while position >= 0:
        end = position + len(term)
        # Letters and digits count by whole tokens: 5 is not marked inside 2025.
        inside = (
            _ASCII_EDGE.match(term[0]) and position and _ASCII_EDGE.match(text[position - 1])
        ) or (_ASCII_EDGE.match(term[-1]) and end < len(text) and _ASCII_EDGE.match(text[end]))
        if not inside:
            yield position, end
        position = text.find(term, position + 1)


def _literal(text: str, literal: str) -> Iterable[Span]:
    """Where a literal stands, whatever the punctuation between its runs: as its phrase matches."""
    runs = _RUN.findall(literal)
    if len(runs) < 2:
        return _occurrences(text, literal)
    pattern = r"[\W_]+".join(map(re.escape, runs))
    return (match.span() for match in re.finditer(pattern, text))


def _merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


class ScannedText:
    """A text that is looked into: its normal form and its references are worked out once, when asked for."""

    def __init__(self, text: str) -> None:
        self._normal = normalize(text)

    @cached_property
    def _terms(self) -> dict[str, list[Span]]:
        """Where the references with each term stand."""
        found: dict[str, list[Span]] = {}
        for reference in references.find(self._normal):
            for term in reference.terms:
                found.setdefault(term, []).append((reference.start, reference.end))
        return found

    def marks(self, literals: Iterable[str], words: Iterable[str]) -> tuple[Span, ...]:
        """Where the text holds the query: its literal chunks, else its words and references.

        ``literals`` and ``words`` are normalised. Overlapping marks are one.
        """
        spans = chain(*map(self._literal, literals), *map(self._word, words))
        return _merge(spans)

    def contains_literal(self, literal: str) -> bool:
        """Whether a literal occurs in the text."""
        return any(True for _ in self._literal(literal))

    def contains_word(self, word: str) -> bool:
        """Whether a word of a query occurs in the text."""
        return any(True for _ in self._word(word))

    def _literal(self, literal: str) -> Iterable[Span]:
        return _literal(self._normal, literal)

    def _word(self, word: str) -> Iterable[Span]:
        if ":" in word:
            return self._terms.get(word, ())
        return () if _ONE_HAN.fullmatch(word) else _occurrences(self._normal, word)


def marks(text: str, literals: Iterable[str], words: Iterable[str]) -> tuple[Span, ...]:
    """The marks of a text that is looked into once: see :meth:`ScannedText.marks`."""
    return ScannedText(text).marks(literals, words)


def snippet(text: str, found: Sequence[Span], *, length: int = relevance.SNIPPET_LENGTH) -> Snippet:
    """The part of a text of at most ``length`` characters that holds the most marks, cut at sentences.

    ``found``: marks in order, none overlapping another. Without marks: the beginning.
    """
    best = 0
    if found and found[-1][1] > length:
        firsts, lasts = zip(*found, strict=True)  # both in order: marks do not overlap

        def held(start: int) -> int:
            return max(0, bisect_right(lasts, start + length) - bisect_left(firsts, start))

        starts = [0] + [m.end() for m in _SENTENCE_END.finditer(text) if m.end() < len(text)]
        # A mark deep inside a long sentence is reached by no sentence start: begin shortly before it.
        starts += [max(0, a - length // 4) for a, _ in found[:8]]
        best = max(sorted(starts), key=held)
    start = best + len(text[best:]) - len(text[best:].lstrip())
    end = min(len(text), start + length)
    end = start + len(text[start:end].rstrip())
    inside = tuple((a - start, b - start) for a, b in found if start <= a and b <= end)
    return Snippet(text[start:end], start, end, inside)
