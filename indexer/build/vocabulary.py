"""A generation -> its titles, headings, terms, names and numbers for suggestions, and which article has them.

Entry points: :class:`Collector` while a generation is loaded, :func:`collect` for one that is loaded, and
:func:`vocabulary_of` for one article that is to be written. The vocabulary is a function of only what the
generation contains, and the same after a load that was killed and continued.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise

import numpy as np

from analyzers.folding import HAN
from analyzers.normalize import normalize
from analyzers.pinyin import options
from analyzers.terms import Analyzer
from indexer.build.copies import CopyFinder
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
# A word of a phrase, and the characters of a phrase.
_WORD = re.compile(rf"[{HAN}]{{2,}}")
_LONGEST_PHRASE = 10
# What :func:`.fold` keeps.
_KEPT = re.compile(r"[^\W_]")
# Nobody types these by sound.
_WITHOUT_PINYIN = frozenset({Kind.NUMBER, Kind.CODE})
# In characters; longer headings are sentences, which nobody types.
_HEADING_LENGTH = range(4, 26)


class Collector:
    """Collects the vocabulary of the articles of a generation, in the order of the source."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self.copies = CopyFinder()
        self._counts = {kind: _Counts(MAX_ENTRIES[kind]) for kind in Kind}
        self._next_number = 0
        self._numbers: dict[str, Indices] = {}
        self._dates: dict[str, str] = {}
        self._newest: dict[str, str] = {}

    def add(self, record: Record) -> None:
        """Add an article that was written."""
        self.copies.add(record.view)
        passages = [one.passage for one in record.passages]
        self._add(record.view, passages, words_of(record).split())

    def add_stored(self, stored: StoredArticle) -> None:
        """Add an article that the generation contains; its text is segmented again."""
        whole = normalize(stored.view.text)
        parts = [whole[one.start : one.end] for one in stored.passages]
        texts = [normalize(stored.view.title), *parts, normalize(stored.view.declared)]
        words = map(self._analyzer.index_words, texts)
        self._add(stored.view, stored.passages, chain.from_iterable(words))

    def _add(self, view: View, passages: Sequence[Passage], words: Iterable[str]) -> None:
        known = self._counts[Kind.TERM].entries
        texts = _texts(view, passages, self._analyzer)
        texts[Kind.TERM] = {word for word in set(words) if word in known or _TERM.fullmatch(word)}
        numbers: list[int] = []
        for kind, counts in self._counts.items():
            self._next_number = counts.add(texts[kind], numbers, self._next_number)
        self._numbers[view.id] = np.array(numbers, dtype=np.uint32)
        self._dates[view.id] = date = view.date or ""
        self._newest[view.title] = max(date, self._newest.get(view.title, ""))

    def inventory(self) -> Inventory:
        """The vocabulary of the articles added."""
        kept: dict[Kind, list[str]] = {
            kind: self._counts[kind].commonest(MIN_ARTICLES[kind])
            for kind in Kind
            if kind is not Kind.TITLE
        }
        titles = sorted(self._newest, key=lambda text: (self._newest[text], text), reverse=True)
        kept[Kind.TITLE] = titles[: _SPARE * MAX_ENTRIES[Kind.TITLE]]
        texts = [
            Text(kind, text, "" if kind in _WITHOUT_PINYIN else pinyin_of(text, self._analyzer))
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


def vocabulary_of(record: Record, analyzer: Analyzer) -> ArticleTexts:
    """The vocabulary of one article, as :func:`collect` would read it from the index."""
    texts = _texts(record.view, [one.passage for one in record.passages], analyzer)
    texts[Kind.TERM] = set(words_of(record).split())
    return ArticleTexts(texts, record.view.date or "")


def _texts(view: View, passages: Sequence[Passage], analyzer: Analyzer) -> dict[Kind, set[str]]:
    """The texts of an article by kind, without its terms."""
    headings = headings_of(passages)
    return {
        Kind.TITLE: {view.title},
        Kind.HEADING: headings,
        Kind.PHRASE: {
            phrase for text in (view.title, *headings) for phrase in _phrases(text, analyzer)
        },
        Kind.ISSUER: set(view.issuers),
        Kind.AUTHOR: {view.author} if view.author else set(),
        Kind.NUMBER: {view.document_number} if view.document_number else set(),
        Kind.CODE: {view.code} if view.code else set(),
    }


def _phrases(text: str, analyzer: Analyzer) -> Iterable[str]:
    """The pairs of words side by side in a title or heading, in normal form, with a space between."""
    normal = normalize(text)
    words = [one for one in analyzer.query_words(normal) if _WORD.fullmatch(one.term)]
    for one, other in pairwise(words):
        if one.end == other.start and other.end - one.start <= _LONGEST_PHRASE:
            yield f"{one.term} {other.term}"


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
    """The pinyin of a text as in :class:`.Entry`, looked up word by word."""
    normal = normalize(text)
    folded = fold(text)
    # The characters as they are written: 乾 of 乾安 is read otherwise than the 干 that it becomes.
    written = "".join(text[one.start()] for one in _KEPT.finditer(normal))
    words = (token.term for token in analyzer.query_words(folded))
    position = 0
    found: list[tuple[str, ...]] = []
    for word in _whole(folded, words):
        found += options(word, written[position : position + len(word)])
        position += len(word)
    return " ".join("|".join(readings) for readings in found)


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
