"""Which paragraphs of an article are in others, too: the same or edited. Entry point: :func:`reuse`.

All paragraphs are searched in one read, each by its telling words; the texts of the articles that may have
one are then compared character by character (:mod:`analyzers.overlaps`). Four reads, however long it is.
"""

import enum
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from analyzers import outline
from analyzers.copies import content_of
from analyzers.normalize import normalize
from analyzers.overlaps import OtherText, Overlap, Paragraphs
from analyzers.terms import Analyzer
from search_service import relevance
from search_service.answers.browse import fetch_one
from search_service.engines.reads import BestPassages, PassageFrequencies, Reader
from search_service.model import Audience, Passage, PassageHit, StoredArticle, View
from search_service.query.matching import idf
from search_service.service import SearchService, reads_shared
from search_service.state.copies import Groups

_LINE = re.compile(r"[^\n]+")
_CHARACTER = re.compile(r"[^\W_]")
_ARTICLES: Final = 50  # that are named
_UNDATED: Final = "9"  # after every date


class Kind(enum.StrEnum):
    """How much of a paragraph is in another article: all, nearly all, most."""

    SAME = "same"
    NEAR = "near"
    EDITED = "edited"


class Likeness(enum.StrEnum):
    """What two articles have in common: the text (ADR 0024), most of their paragraphs, some of them.

    Documents of one template, and versions of one, are ``ALIKE``; never copies.
    """

    COPY = "copy"
    ALIKE = "alike"
    PARTS = "parts"


class Difference(NamedTuple):
    """``text[start:end]`` of the article that was asked for is ``other`` there; either may be empty."""

    start: int
    end: int
    other: str


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """A paragraph in another article, as its ``text[start:end]``, in the passage of this id.

    ``share``: of the characters of the paragraph. ``differences``: the words that differ, in order.
    """

    view: View
    kind: Kind
    share: float
    start: int
    end: int
    passage_id: str
    text: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReusedParagraph:
    """A paragraph, ``text[start:end]``, and where else it is, oldest first: the first use, and the latest.

    ``boilerplate``: many articles have it. ``weight``: its characters, divided among those that have it.
    """

    passage: Passage
    start: int
    end: int
    text: str
    occurrences: tuple[Occurrence, ...]
    boilerplate: bool
    weight: float


@dataclass(frozen=True, kw_only=True)
class Sharer:
    """An article with paragraphs of the one that was asked for: how many of each kind, and their weight."""

    view: View
    likeness: Likeness
    counts: Mapping[Kind, int]
    weight: float


@dataclass(frozen=True, kw_only=True)
class ReuseMap:
    """The paragraphs of an article that others have, in its order, and those articles, by weight.

    ``compared``: its paragraphs that say enough to be compared; ``left_out``: those that were not, because
    there are too many. ``articles_total``: the number of those articles, of which the first are named.
    """

    stored: StoredArticle
    paragraphs: tuple[ReusedParagraph, ...]
    articles: tuple[Sharer, ...]
    articles_total: int
    compared: int
    left_out: int


class _Own(NamedTuple):
    """A paragraph of the article that was asked for."""

    passage: Passage
    start: int
    end: int
    text: str


@reads_shared
def reuse(service: SearchService, article_id: str, audience: Audience) -> ReuseMap:
    """Where else the paragraphs of an article are; raises ``NotFound`` if the audience may not read it."""
    reader = service.reader(audience, shared=True)
    stored = fetch_one(reader, article_id)
    every = list(_paragraphs(stored))
    own = every[: relevance.REUSE_PARAGRAPHS]
    words = _weighed(service.analyzer, reader, own)
    candidates = _candidates(reader, article_id, words)
    others = {key: _Other(one) for key, one in _fetched(reader, candidates).items()}
    paragraphs = Paragraphs([one.text for one in own])
    places: list[dict[str, Overlap]] = []
    for number, keys in enumerate(candidates):
        looked = (
            (key, others[key].place(paragraphs, number, words[number]))
            for key in keys
            if key in others
        )
        places.append({key: place for key, place in looked if place})
    articles = _sharers(own, places, others, service.store.copies.of(reader.generation), article_id)
    return ReuseMap(
        stored=stored,
        paragraphs=tuple(
            _reused(service.analyzer, one, found, others)
            for one, found in zip(own, places, strict=True)
            if found
        ),
        articles=articles[:_ARTICLES],
        articles_total=len(articles),
        compared=len(own),
        left_out=len(every) - len(own),
    )


def _paragraphs(stored: StoredArticle) -> Iterator[_Own]:
    """The lines of body and annexes that say enough; a line of several passages in its parts."""
    text = stored.view.text
    for passage in stored.passages:
        if passage.role in outline.FRAME:
            continue
        for line in _LINE.finditer(text, passage.start, passage.end):
            said = line[0].strip()
            if len(_CHARACTER.findall(said)) >= relevance.REUSE_LENGTH:
                start = line.start() + line[0].index(said)
                yield _Own(passage, start, start + len(said), said)


def _weighed(analyzer: Analyzer, reader: Reader, own: Sequence[_Own]) -> list[dict[str, float]]:
    """The words of each paragraph that other passages have, too, and how telling each is, up to 1."""
    words = [
        dict.fromkeys(token.term for token in analyzer.query_words(normalize(one.text)))
        for one in own
    ]
    counted = PassageFrequencies({word for one in words for word in one})
    frequencies = reader.read(counted)[counted]
    rarest = idf(1, frequencies.all)
    return [
        {
            word: idf(frequencies.of[word], frequencies.all) / rarest
            for word in one
            if frequencies.of[word] > 1
        }
        for one in words
    ]


def _candidates(
    reader: Reader, article_id: str, words: Sequence[Mapping[str, float]]
) -> list[list[str]]:
    """The articles that may have each paragraph, by its most telling words."""
    searches: list[BestPassages] = []
    for one in words:
        rarest = sorted(one, key=one.__getitem__, reverse=True)[: relevance.REUSE_WORDS]
        terms = [(word, 1.0) for word in rarest]
        searches.append(BestPassages(terms, articles=relevance.REUSE_WINDOW))
    answers = reader.read(*searches)
    return [_likely(answers[one], article_id) for one in searches]


def _likely(hits: Sequence[PassageHit], article_id: str) -> list[str]:
    """The articles with enough of the words, measured by what the paragraph itself scores."""
    own = [hit.score for hit in hits if hit.article_id == article_id]
    whole = max(own or [hit.score for hit in hits], default=0.0)
    least = whole * relevance.REUSE_LEAST_SCORE
    return [hit.article_id for hit in hits if hit.article_id != article_id and hit.score >= least]


def _fetched(reader: Reader, candidates: Sequence[Sequence[str]]) -> dict[str, StoredArticle]:
    """The articles that most paragraphs may be in; what many articles may have tells little."""
    likely: dict[str, float] = defaultdict(float)
    for keys in candidates:
        for key in keys:
            likely[key] += 1 / len(keys)
    first = sorted(likely, key=lambda key: (-likely[key], key))[: relevance.REUSE_ARTICLES]
    return reader.fetch(first) if first else {}


class _Other:
    """An article that may have paragraphs of the one that was asked for."""

    def __init__(self, stored: StoredArticle) -> None:
        self.stored = stored
        self._text = OtherText(stored.view.text)

    def place(
        self, paragraphs: Paragraphs, number: int, words: Mapping[str, float]
    ) -> Overlap | None:
        """Where a paragraph is in it; ``words``: how telling each of its words is."""
        place = paragraphs.place(number, self._text, least=relevance.REUSE_EDITED)
        if place is None or _kind(place.share) is not Kind.EDITED:
            return place
        there = content_of(self._text.text[place.start : place.end])
        telling = sum(weight for word, weight in words.items() if len(word) > 1 and word in there)
        return place if telling >= relevance.REUSE_TELLING else None

    def passage_at(self, start: int) -> Passage:
        """The passage with this place of the text."""
        return next(one for one in self.stored.passages if one.start <= start < one.end)


def _kind(share: float) -> Kind:
    if share == 1:
        return Kind.SAME
    return Kind.NEAR if share >= relevance.REUSE_NEAR else Kind.EDITED


def _reused(
    analyzer: Analyzer, one: _Own, places: Mapping[str, Overlap], others: Mapping[str, _Other]
) -> ReusedParagraph:
    ordered = sorted(places, key=lambda key: _time(others[key].stored.view))
    return ReusedParagraph(
        passage=one.passage,
        start=one.start,
        end=one.end,
        text=one.text,
        occurrences=tuple(_occurrence(analyzer, one, places[key], others[key]) for key in ordered),
        boilerplate=len(places) >= relevance.REUSE_BOILERPLATE,
        weight=round(_weight(one, len(places)), 1),
    )


def _weight(one: _Own, articles: int) -> float:
    return len(one.text) / articles


def _time(view: View) -> tuple[str, str]:
    """The order of time: 2024 before 2024-01, what has no date last."""
    return view.date or _UNDATED, view.id


def _occurrence(analyzer: Analyzer, one: _Own, place: Overlap, other: _Other) -> Occurrence:
    view = other.stored.view
    text = view.text[place.start : place.end]
    kind = _kind(place.share)
    return Occurrence(
        view=view,
        kind=kind,
        share=round(place.share, 2),
        start=place.start,
        end=place.end,
        passage_id=other.passage_at(place.start).id,
        text=text,
        differences=() if kind is Kind.SAME else _differences(analyzer, one, text),
    )


def _differences(analyzer: Analyzer, one: _Own, other: str) -> tuple[Difference, ...]:
    """The words that differ, in order; punctuation is not compared."""
    here, there = (analyzer.query_words(normalize(text)) for text in (one.text, other))
    matcher = SequenceMatcher(
        None, [token.term for token in here], [token.term for token in there], autojunk=False
    )
    found = []
    for tag, first, last, begin, end in matcher.get_opcodes():
        if tag == "equal":
            continue
        start = here[first].start if first < len(here) else len(one.text)
        stop = here[last - 1].end if last > first else start
        said = other[there[begin].start : there[end - 1].end] if end > begin else ""
        found.append(Difference(one.start + start, one.start + stop, said))
    return tuple(found)


def _sharers(
    own: Sequence[_Own],
    places: Sequence[Mapping[str, Overlap]],
    others: Mapping[str, _Other],
    groups: Groups,
    article_id: str,
) -> tuple[Sharer, ...]:
    """The articles with paragraphs of this one, those of most weight first."""
    counts: dict[str, Counter[Kind]] = defaultdict(Counter)
    weights: dict[str, float] = defaultdict(float)
    shared: dict[str, int] = defaultdict(int)
    for one, found in zip(own, places, strict=True):
        for key, place in found.items():
            counts[key][_kind(place.share)] += 1
            weights[key] += _weight(one, len(found)) * place.share
            shared[key] += len(one.text)
    most = relevance.REUSE_ALIKE * sum(len(one.text) for one in own)
    group = groups.get(article_id)

    def likeness(key: str) -> Likeness:
        if group is not None and groups.get(key) == group:
            return Likeness.COPY
        return Likeness.ALIKE if shared[key] >= most else Likeness.PARTS

    return tuple(
        Sharer(
            view=others[key].stored.view,
            likeness=likeness(key),
            counts=counts[key],
            weight=round(weights[key], 1),
        )
        for key in sorted(counts, key=lambda key: (-weights[key], key))
    )
