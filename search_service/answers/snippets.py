"""Highlighting marks and snippets. Entry points: :func:`marks`, :class:`ScannedText`, :func:`snippet`. Pure.

Terms are located in the normalised text, which has the same length as the original, so that marks are
offsets into the original, in its own width and script.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
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
_ONLY_HAN = re.compile(f"[{HAN}]+")
_ONE_HAN = re.compile(f"[{HAN}]")


@dataclass(frozen=True)
class Snippet:
    """``text`` is ``source[start:end]``; ``marks`` are offsets into ``text``."""

    text: str
    start: int
    end: int
    marks: tuple[Span, ...]


def _occurrences(text: str, term: str) -> Iterator[Span]:
    # Letters and digits match whole tokens only: 5 is not marked inside 2025.
    whole_start, whole_end = _ASCII_EDGE.match(term[0]), _ASCII_EDGE.match(term[-1])
    length = len(term)
    position = text.find(term)
    while position >= 0:
        end = position + length
        inside = (whole_start and position and _ASCII_EDGE.match(text[position - 1])) or (
            whole_end and end < len(text) and _ASCII_EDGE.match(text[end])
        )
        if not inside:
            yield position, end
        position = text.find(term, position + 1)


def _literal(text: str, literal: str) -> Iterator[Span]:
    """The spans of a literal; punctuation between its runs is ignored, as in phrase matching."""
    runs = _RUN.findall(literal)
    if len(runs) < 2:
        return _occurrences(text, literal)
    pattern = r"[\W_]+".join(map(re.escape, runs))
    return (match.span() for match in re.finditer(pattern, text))


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans in order; overlapping and adjacent ones are joined."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


class ScannedText:
    """A text to search for terms of a query; its normal form and references are computed once."""

    def __init__(self, text: str) -> None:
        self._normal = normalize(text)

    @cached_property
    def _terms(self) -> dict[str, list[Span]]:
        """Term of a reference -> spans."""
        spans: dict[str, list[Span]] = {}
        for reference in references.find(self._normal):
            for term in reference.terms:
                spans.setdefault(term, []).append((reference.start, reference.end))
        return spans

    def marks(self, literals: Iterable[str], words: Iterable[str]) -> tuple[Span, ...]:
        """The spans of ``literals`` and ``words`` (both normalised), as :func:`merged`."""
        return merged(chain(*map(self._literal, literals), *map(self._word, words)))

    def characters_found(
        self, literals: Iterable[str], words: Iterable[str], parts: Sequence[Span]
    ) -> list[int]:
        """How much of the query each part of the text contains: the characters of the terms in it, each once.

        Not their spans, which take far longer to find. ``parts``: in order, without gaps.
        """
        starts, ends = [start for start, _ in parts], [end for _, end in parts]
        found = [0] * len(parts)
        finders: dict[str, Callable[[str], Iterable[Span]]]
        finders = {term: self._word for term in words if not _ONE_HAN.fullmatch(term)}
        finders.update(dict.fromkeys(literals, self._literal))
        for term, spans_of in finders.items():
            if not _ONLY_HAN.fullmatch(term):
                inside = {bisect_right(starts, a) - 1: (a, b) for a, b in spans_of(term)}
                for index, (start, end) in inside.items():
                    found[index] += end - start if end <= ends[index] else 0
                continue
            position = self._normal.find(term)
            while position >= 0:  # from one part that contains it to the next
                index = bisect_right(starts, position) - 1
                if position + len(term) <= ends[index]:
                    found[index] += len(term)
                position = self._normal.find(term, ends[index])
        return found

    def contains_literal(self, literal: str) -> bool:
        """Whether the text contains the literal."""
        return any(True for _ in self._literal(literal))

    def contains_word(self, word: str) -> bool:
        """Whether the text contains the word or reference term."""
        return any(True for _ in self._word(word))

    def _literal(self, literal: str) -> Iterable[Span]:
        return _literal(self._normal, literal)

    def _word(self, word: str) -> Iterable[Span]:
        if ":" in word:
            return self._terms.get(word, ())
        return () if _ONE_HAN.fullmatch(word) else _occurrences(self._normal, word)


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
