"""Synonyms and abbreviations in a query: 放管服 = 简政放权、放管结合、优化服务. Entry point: :func:`find`.

Synonyms are expanded in queries only, so a new list needs no new index.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyzers import lexicon


@dataclass(frozen=True)
class SynonymMatch:
    """Whole words, ``text[start:end]``, and their synonyms."""

    start: int
    end: int
    synonyms: tuple[str, ...]


def find(text: str, words: Sequence[tuple[int, int]]) -> list[SynonymMatch]:
    """The longest entries in a normalised text, from the left; no two share a word.

    ``words``: offsets of the words. A match is extended to whole words, and so are its synonyms: with the
    words 县人|社局, 县人社局 gives 县人力资源和社会保障局; and 社区政府购买 does not give 区人民政府.
    """
    matches: list[SynonymMatch] = []
    for start, end, others in _entries(text, words):
        first = min((a for a, b in words if a < start < b), default=start)
        last = max((b for a, b in words if a < end < b), default=end)
        if not matches or first >= matches[-1].end:
            whole = tuple(text[first:start] + other + text[end:last] for other in others)
            matches.append(SynonymMatch(first, last, whole))
    return matches


def _entries(
    text: str, words: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Entries with their offsets. An entry of two characters must begin and end at word boundaries: 两会 does
    not match in 两会计.
    """
    groups = lexicon.synonyms()
    edges = {0, len(text), *(edge for word in words for edge in word)}
    longest = max(map(len, groups))
    start = 0
    while start < len(text):
        ends = range(min(len(text), start + longest), start + 1, -1)
        end = next((end for end in ends if text[start:end] in groups), start + 1)
        if end - start > 2 or (end - start == 2 and {start, end} <= edges):
            yield start, end, groups[text[start:end]]
            start = end
        else:
            start += 1
