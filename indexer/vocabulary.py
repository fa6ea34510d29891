"""A generation -> its vocabulary: what the texts are called and made of. Entry point: :func:`collect`.

Read from the generation itself, so it is a function of what that audience may read, whatever else the
sources hold, and the same after a load that was killed and went on.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from analyzers.normalize import normalize
from analyzers.pinyin import syllables
from analyzers.terms import HAN, Analyzer
from search_service.engines import Reader
from search_service.model import Stored
from search_service.vocabulary import WITNESSES, Entry, Kind, Vocabulary, fold

# What a process that answers holds in memory: 62,000 entries take 80 MB.
MAX_TERMS = 50_000
MAX_HEADINGS = 20_000
MAX_TITLES = 20_000
# While collecting, so many times the limit are counted before the rarest are forgotten.
_SLACK = 20
_TERM = re.compile(rf"[{HAN}A-Za-z]{{1,12}}")
_HAN = re.compile(f"[{HAN}]")
# 一、 （二） 3. 第四条: where a heading stands in its text is no part of what it says.
_NUMBER = re.compile(
    r"\s*(?:第[零一二三四五六七八九十百千0-9]+[编章节条部分]+|[零一二三四五六七八九十]+、"
    r"|\([零一二三四五六七八九十0-9]+\)|[0-9]{1,2}[.、]|[①-⑳])\s*"
)
# Longer ones are sentences, which nobody types.
_HEADING_LENGTH = range(4, 26)


def collect(reader: Reader, analyzer: Analyzer) -> Vocabulary:
    """The vocabulary of the generation that a reader reads, hidden articles included.

    Terms and headings stand in two articles or more, so that nothing is called by a slip of one text.
    """
    titles = _Counts(MAX_TITLES)
    headings = _Counts(MAX_HEADINGS)
    terms = _Counts(MAX_TERMS)
    dates: dict[str, str] = {}
    for stored in reader.scan():
        view = stored.view
        titles.add([view.title], view.id)
        dates[view.title] = max(view.date or "", dates.get(view.title, ""))
        headings.add(headings_of(stored), view.id)
        words = set(analyzer.index_words(normalize(f"{view.title}\n{view.text}")))
        terms.add(filter(_TERM.fullmatch, words), view.id)
    newest = sorted(titles.found, key=lambda text: (dates[text], text), reverse=True)
    return Vocabulary(
        [
            *titles.entries(Kind.TITLE, newest, analyzer),
            *headings.entries(Kind.HEADING, headings.commonest(), analyzer),
            *terms.entries(Kind.TERM, terms.commonest(), analyzer),
        ]
    )


def headings_of(stored: Stored) -> set[str]:
    """The headings of an article without their numbers; those that were cut short are left out."""
    paths = {heading for passage in stored.passages for heading in passage.path}
    bare = (_without_number(heading) for heading in paths if not heading.endswith("…"))
    return {text for text in bare if len(text) in _HEADING_LENGTH and _HAN.search(text)}


def _without_number(heading: str) -> str:
    number = _NUMBER.match(normalize(heading))
    return heading[number.end() :] if number else heading


@dataclass
class _Counts:
    """Texts with the number of articles that they stand in, and the first of these."""

    limit: int
    found: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)

    def add(self, texts: Iterable[str], article_id: str) -> None:
        for text in texts:
            count, ids = self.found.get(text, (0, ()))
            self.found[text] = (count + 1, ids if len(ids) == WITNESSES else (*ids, article_id))
        if len(self.found) > _SLACK * self.limit:
            kept = sorted(self.found, key=self._rank)[: len(self.found) // 2]
            self.found = {text: self.found[text] for text in kept}

    def commonest(self) -> list[str]:
        return sorted((text for text, (n, _) in self.found.items() if n > 1), key=self._rank)

    def entries(self, kind: Kind, ordered: list[str], analyzer: Analyzer) -> Iterable[Entry]:
        for text in ordered[: self.limit]:
            count, ids = self.found[text]
            yield Entry(kind, text, count, sounds(text, analyzer), ids)

    def _rank(self, text: str) -> tuple[int, str]:
        return -self.found[text][0], text


def sounds(text: str, analyzer: Analyzer) -> str:
    """The syllables of a text, read word by word."""
    folded = fold(text)
    words = (token.term for token in analyzer.query_words(folded))
    return " ".join(part for word in _whole(folded, words) for part in syllables(word))


def _whole(text: str, words: Iterable[str]) -> Iterable[str]:
    """The words, and what stands between them."""
    position = 0
    for word in words:
        start = text.find(word, position)
        if start >= 0:
            yield text[position:start]
            yield word
            position = start + len(word)
    yield text[position:]
