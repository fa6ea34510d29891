"""Synonyms and abbreviations in a query: 放管服 = 简政放权、放管结合、优化服务. Entry point: :func:`find`.

Everyday words have the official ones as synonyms, not the other way round: 房东 gives 出租人. Synonyms are
expanded in queries only, so a new list needs no new index.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

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
    words 县人|社局, 县人社局 gives 县人力资源和社会保障局; and 社区政府购买 does not give 区人民政府. The
    official words for everyday ones are not: 总往|下|扔 gives 抛掷物品.
    """
    matches: list[SynonymMatch] = []
    for start, end, others in _entries(text, words):
        first = min((a for a, b in words if a < start < b), default=start)
        last = max((b for a, b in words if a < end < b), default=end)
        if not matches or first >= matches[-1].end:
            is_everyday = text[start:end] in lexicon.everyday()
            before, after = ("", "") if is_everyday else (text[first:start], text[end:last])
            whole = tuple(before + other + after for other in others)
            matches.append(SynonymMatch(first, last, whole))
    return matches


@cache
def _groups() -> dict[str, tuple[str, ...]]:
    return lexicon.everyday() | lexicon.synonyms()


@cache
def _longest() -> int:
    """Characters of the longest entry."""
    return max(map(len, _groups()))


def _entries(
    text: str, words: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Entries with their offsets. One of one or two characters must begin and end at word boundaries: 两会 is
    none in 两会计.
    """
    groups = _groups()
    edges = {0, len(text), *(edge for word in words for edge in word)}
    start = 0
    while start < len(text):
        ends = range(min(len(text), start + _longest()), start, -1)
        entries = (end for end in ends if text[start:end] in groups)
        end = next((end for end in entries if end - start > 2 or {start, end} <= edges), start)
        if end > start:
            yield start, end, groups[text[start:end]]
        start = max(end, start + 1)
