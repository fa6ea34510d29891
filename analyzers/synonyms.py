"""Synonyms and abbreviations in a text: 放管服 = 简政放权、放管结合、优化服务. Entry point: :func:`find`.

For questions only: no index holds a synonym, so a new list needs no new index.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyzers import lexicon


@dataclass(frozen=True)
class SynonymMatch:
    """Whole words, ``text[start:end]`` of a question, and what says the same."""

    start: int
    end: int
    synonyms: tuple[str, ...]


def find(text: str, words: Sequence[tuple[int, int]]) -> list[SynonymMatch]:
    """The longest entries of a normalised text, from the left; none shares a word with another.

    ``words``: where the words stand. One that goes on beside an entry (县人|社局) goes on beside its
    synonyms too: 县人社局 asks for 县人力资源和社会保障局, and 社区政府购买 for no 区人民政府.
    """
    found: list[SynonymMatch] = []
    for start, end, others in _entries(text, words):
        first = min((a for a, b in words if a < start < b), default=start)
        last = max((b for a, b in words if a < end < b), default=end)
        if not found or first >= found[-1].end:
            whole = tuple(text[first:start] + other + text[end:last] for other in others)
            found.append(SynonymMatch(first, last, whole))
    return found


def _entries(
    text: str, words: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Where entries stand. Two characters are one only as words of their own: 两会 is none of 两会计."""
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
