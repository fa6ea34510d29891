"""A generation -> its titles, headings and terms for suggestions, and the articles that contain them.

Entry points: :func:`collect`; :func:`vocabulary_of` for one article that is to be written. The vocabulary is
read from the generation itself, so it is a function of only what that audience may read, and the same after
a load that was killed and continued.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from analyzers.normalize import normalize
from analyzers.pinyin import syllables
from analyzers.terms import HAN, Analyzer
from search_service.engines import Reader
from search_service.engines.fields import words_of
from search_service.model import Passage, Record
from search_service.state.vocabularies import ArticleTexts
from search_service.suggestions.vocabulary import (
    MAX_ENTRIES,
    MIN_ARTICLES,
    Inventory,
    Kind,
    Text,
    TextIndices,
    fold,
)

# Entries kept, as a multiple of those suggested: spares move up when articles are hidden. One article
# removes at most a thousand of the 50,000 terms.
_SPARE = 2
# Entries counted while collecting, as a multiple of the limit, before the rarest half is dropped.
_SLACK = 20
_TERM = re.compile(rf"[{HAN}A-Za-z]{{1,12}}")
_HAN = re.compile(f"[{HAN}]")
# 一、 （二） 3. 第四条: the number of a heading is not part of the suggestion.
_NUMBER = re.compile(
    r"\s*(?:第[零一二三四五六七八九十百千0-9]+[编章节条部分]+|[零一二三四五六七八九十]+、"
    r"|\([零一二三四五六七八九十0-9]+\)|[0-9]{1,2}[.、]|[①-⑳])\s*"
)
# In characters; longer headings are sentences, which nobody types.
_HEADING_LENGTH = range(4, 26)


def collect(reader: Reader, analyzer: Analyzer) -> Inventory:
    """The vocabulary of all articles of a reader."""
    counts = {kind: _Counts(MAX_ENTRIES[kind]) for kind in Kind}
    numbers: dict[str, list[tuple[Kind, int]]] = {}
    dates: dict[str, str] = {}
    newest: dict[str, str] = {}
    for stored in reader.scan():
        view = stored.view
        whole = normalize(view.text)
        parts = [normalize(view.title), *(whole[one.start : one.end] for one in stored.passages)]
        words = {word for part in parts for word in analyzer.index_words(part)}
        texts = {
            Kind.TITLE: {view.title},
            Kind.HEADING: headings_of(stored.passages),
            Kind.TERM: set(filter(_TERM.fullmatch, words)),
        }
        numbers[view.id] = [(kind, n) for kind in Kind for n in counts[kind].add(texts[kind])]
        dates[view.id] = view.date or ""
        newest[view.title] = max(dates[view.id], newest.get(view.title, ""))
    kept = {kind: counts[kind].commonest(MIN_ARTICLES[kind]) for kind in (Kind.HEADING, Kind.TERM)}
    titles = sorted(newest, key=lambda text: (newest[text], text), reverse=True)
    kept[Kind.TITLE] = titles[: _SPARE * MAX_ENTRIES[Kind.TITLE]]
    texts_kept = [
        Text(kind, text, pinyin_of(text, analyzer)) for kind in Kind for text in sorted(kept[kind])
    ]
    places = {
        (one.kind, counts[one.kind].entries[one.text][0]): place
        for place, one in enumerate(texts_kept)
    }
    holders = {
        id: TextIndices(
            np.array(sorted(places[one] for one in entries if one in places), dtype=np.uint32),
            dates[id],
        )
        for id, entries in numbers.items()
    }
    return Inventory(texts_kept, holders)


def vocabulary_of(record: Record) -> ArticleTexts:
    """The vocabulary of one article, as :func:`collect` would read it from the index."""
    return ArticleTexts(
        {
            Kind.TITLE: {record.view.title},
            Kind.HEADING: headings_of([one.passage for one in record.passages]),
            Kind.TERM: set(words_of(record).split()),
        },
        record.view.date or "",
    )


def headings_of(passages: Sequence[Passage]) -> set[str]:
    """The headings of an article without their numbers; truncated ones are left out."""
    paths = {heading for passage in passages for heading in passage.path}
    bare = (_without_number(heading) for heading in paths if not heading.endswith("…"))
    return {text for text in bare if len(text) in _HEADING_LENGTH and _HAN.search(text)}


def _without_number(heading: str) -> str:
    number = _NUMBER.match(normalize(heading))
    return heading[number.end() :] if number else heading


@dataclass
class _Counts:
    """Texts, each with a number and the count of articles that contain it."""

    limit: int
    entries: dict[str, tuple[int, int]] = field(default_factory=dict)
    next_number: int = 0

    def add(self, texts: Iterable[str]) -> list[int]:
        """Count the texts of one article; return their numbers."""
        numbers = []
        for text in texts:
            number, count = self.entries.get(text, (self.next_number, 0))
            self.next_number += not count
            self.entries[text] = (number, count + 1)
            numbers.append(number)
        if len(self.entries) > _SLACK * self.limit:
            kept = sorted(self.entries, key=self._rank)[: len(self.entries) // 2]
            self.entries = {text: self.entries[text] for text in kept}
        return numbers

    def commonest(self, least: int) -> list[str]:
        frequent = (text for text, (_, count) in self.entries.items() if count >= least)
        return sorted(frequent, key=self._rank)[: _SPARE * self.limit]

    def _rank(self, text: str) -> tuple[int, str]:
        return -self.entries[text][1], text


def pinyin_of(text: str, analyzer: Analyzer) -> str:
    """The pinyin syllables of a text, looked up word by word."""
    folded = fold(text)
    words = (token.term for token in analyzer.query_words(folded))
    return " ".join(part for word in _whole(folded, words) for part in syllables(word))


def _whole(text: str, words: Iterable[str]) -> Iterable[str]:
    """The words, and the text between them."""
    position = 0
    for word in words:
        start = text.find(word, position)
        if start >= 0:
            yield text[position:start]
            yield word
            position = start + len(word)
    yield text[position:]
