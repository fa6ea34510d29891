"""Marks and snippets on the original text. Entry points: :func:`marks`, :func:`snippet`. Pure.

Offsets are found in the normalised text, which has the length of the original: each mark is a substring
of the source, in the source's own width and script.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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


def marks(text: str, literals: Sequence[str], words: Sequence[str]) -> tuple[Span, ...]:
    """Where a text holds the query: its literal chunks, else its words and references.

    ``literals`` and ``words`` are normalised. Overlapping marks are one.
    """
    normalised = normalize(text)
    spans: list[Span] = []
    for literal in literals:
        spans += _literal(normalised, literal)
    plain = [word for word in words if ":" not in word and not _ONE_HAN.fullmatch(word)]
    for word in plain:
        spans += _occurrences(normalised, word)
    wanted = {word for word in words if ":" in word}
    if wanted:
        for reference in references.find(normalised):
            if wanted.intersection(reference.terms):
                spans.append((reference.start, reference.end))
    return _merge(spans)


def snippet(text: str, found: Sequence[Span], *, length: int = relevance.SNIPPET) -> Snippet:
    """The part of a text of at most ``length`` characters that holds the most marks, cut at sentences.

    Without marks: the beginning.
    """
    best = 0
    if found and found[-1][1] > length:

        def held(start: int) -> int:
            return sum(1 for a, b in found if start <= a and b <= start + length)

        starts = [0] + [m.end() for m in _SENTENCE_END.finditer(text) if m.end() < len(text)]
        # A mark deep inside a long sentence is reached by no sentence start: begin shortly before it.
        starts += [max(0, a - length // 4) for a, _ in found[:8]]
        best = max(sorted(starts), key=held)
    start = best + len(text[best:]) - len(text[best:].lstrip())
    end = min(len(text), start + length)
    end = start + len(text[start:end].rstrip())
    inside = tuple((a - start, b - start) for a, b in found if start <= a and b <= end)
    return Snippet(text[start:end], start, end, inside)
