"""A generation -> its titles, headings and terms for suggestions, and the articles that contain them.

Entry points: :class:`Collector` while a generation is loaded, :func:`collect` for one that is loaded, and
:func:`vocabulary_of` for one article that is to be written. The vocabulary is a function of only what the
generation contains, and the same after a load that was killed and continued.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from analyzers.normalize import normalize
from analyzers.pinyin import syllables
from analyzers.terms import HAN, Analyzer
from indexer.build.ingest import batches
from search_service.engines import Reader
from search_service.engines.fields import words_of
from search_service.model import Passage, Record, StoredArticle, View
from search_service.state.vocabularies import ArticleTexts
from search_service.suggestions.vocabulary import (
    MAX_ENTRIES,
    MIN_ARTICLES,
    Indices,
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


class Collector:
    """Collects the vocabulary of the articles of a generation, in the order of the source."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._counts = {kind: _Counts(MAX_ENTRIES[kind]) for kind in Kind}
        self._next_number = 0
        self._numbers: dict[str, Indices] = {}
        self._dates: dict[str, str] = {}
        self._newest: dict[str, str] = {}

    def add(self, record: Record) -> None:
        """Add an article that was written."""
        passages = [one.passage for one in record.passages]
        self._add(record.view, passages, words_of(record).split())

    def add_stored(self, stored: StoredArticle) -> None:
        """Add an article that the generation contains; its text is segmented again."""
        whole = normalize(stored.view.text)
        parts = [whole[one.start : one.end] for one in stored.passages]
        words = map(self._analyzer.index_words, [normalize(stored.view.title), *parts])
        self._add(stored.view, stored.passages, chain.from_iterable(words))

    def _add(self, view: View, passages: Sequence[Passage], words: Iterable[str]) -> None:
        known = self._counts[Kind.TERM].entries
        texts: dict[Kind, Iterable[str]] = {
            Kind.TITLE: {view.title},
            Kind.HEADING: headings_of(passages),
            Kind.TERM: [word for word in set(words) if word in known or _TERM.fullmatch(word)],
        }
        numbers: list[int] = []
        for kind, counts in self._counts.items():
            self._next_number = counts.add(texts[kind], numbers, self._next_number)
        self._numbers[view.id] = np.array(numbers, dtype=np.uint32)
        self._dates[view.id] = date = view.date or ""
        self._newest[view.title] = max(date, self._newest.get(view.title, ""))

    def inventory(self) -> Inventory:
        """The vocabulary of the articles added."""
        kept = {
            kind: self._counts[kind].commonest(MIN_ARTICLES[kind])
            for kind in (Kind.HEADING, Kind.TERM)
        }
        titles = sorted(self._newest, key=lambda text: (self._newest[text], text), reverse=True)
        kept[Kind.TITLE] = titles[: _SPARE * MAX_ENTRIES[Kind.TITLE]]
        texts = [
            Text(kind, text, pinyin_of(text, self._analyzer))
            for kind in Kind
            for text in sorted(kept[kind])
        ]
        places = np.full(self._next_number, -1, dtype=np.int64)
        places[[self._counts[one.kind].entries[one.text][0] for one in texts]] = range(len(texts))
        holders = {}
        for id, numbers in self._numbers.items():
            indices = places[numbers]
            holders[id] = TextIndices(
                np.sort(indices[indices >= 0]).astype(np.uint32), self._dates[id]
            )
        return Inventory(texts, holders)


def collect(reader: Reader, analyzer: Analyzer, ids: Iterable[str] | None = None) -> Inventory:
    """The vocabulary of the articles with these ids, in this order; None: of all, ordered by id.

    The order matters only if there are too many texts to count them all.
    """
    collector = Collector(analyzer)
    if ids is None:
        for stored in reader.scan():
            collector.add_stored(stored)
    else:
        for batch in batches(ids):
            for stored in reader.fetch(batch).values():
                collector.add_stored(stored)
    return collector.inventory()


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

    def add(self, texts: Iterable[str], numbers: list[int], next_number: int) -> int:
        """Count the texts of one article and append their numbers; return the next free number."""
        for text in texts:
            number, count = self.entries.get(text, (next_number, 0))
            next_number += not count
            self.entries[text] = (number, count + 1)
            numbers.append(number)
        if len(self.entries) > _SLACK * self.limit:
            kept = sorted(self.entries, key=self._rank)[: len(self.entries) // 2]
            self.entries = {text: self.entries[text] for text in kept}
        return next_number

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
