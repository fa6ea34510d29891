"""Articles related to a given one. Entry point: :func:`related`.

Two lists are fused: articles that share its most characteristic words, and articles similar to the mean of
its passages' vectors. Those that share too little are left out, and so are copies of the article and of each
other. Only the audience's own view of the article is used.
"""

import collections
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from analyzers.messages import say
from analyzers.normalize import normalize
from search_service import relevance
from search_service.answers.browse import one_of
from search_service.engines.reads import (
    Fetch,
    Frequencies,
    NearestArticles,
    Reader,
    TermFrequencies,
    Vectors,
)
from search_service.model import (
    All,
    AnyOf,
    Audience,
    Field,
    Identifiers,
    Manifest,
    Not,
    StoredArticle,
    Term,
    Vector,
    View,
    WeightedTerm,
)
from search_service.query.matching import idf
from search_service.ranking.fusion import RankedList, fuse
from search_service.service import SearchService, reads_shared

# Dates, amounts, 第X条 and placeholders say nothing about the subject.
_NUMBERS = ("date:", "num:", "no:", "xx:")
# Neither do senders and recipients.
_ADDRESS = ("主送", "落款", "抄送")
# Words in common that a reason names.
_NAMED_WORDS: Final = 3
_CHARACTERS = re.compile(r"\w+")


@dataclass(frozen=True)
class Related:
    """A related article, and a ``reason`` to show beside it: what both have in common."""

    stored: StoredArticle
    reason: str

    @property
    def view(self) -> View:
        """The view of the article."""
        return self.stored.view


@reads_shared
def related(
    service: SearchService, article_id: str, audience: Audience, *, limit: int = 10
) -> tuple[Related, ...]:
    """At most ``limit`` related articles, best first, without the given one; raises ``NotFound``.

    Fewer or none if others have too little in common with it. Of copies only the first.
    """
    reader = service.reader(audience, shared=True)
    ids, common = _rank(service, reader, article_id)
    ids = ids[: limit + relevance.RELATED_SPARE]
    stored = reader.fetch(ids)
    found: list[Related] = []
    seen = [_shingles(normalize(common.shown.view.text))]
    for one in (stored[key] for key in ids if key in stored):
        text = normalize(one.view.text)
        shared = common.shared(one, text)
        if not common.is_enough(one, shared):
            continue
        shingles = _shingles(text)
        if not any(_is_copy(shingles, other) for other in seen):
            seen.append(shingles)
            found.append(Related(one, common.reason(one, shared)))
            if len(found) == limit:
                break
    return tuple(found)


@reads_shared
def rank(
    service: SearchService, article_id: str, audience: Audience, *, limit: int = 10
) -> tuple[str, ...]:
    """The ids of the first articles in the order of :func:`related`, with copies and whatever follows.

    For judgements of the order; raises ``NotFound``.
    """
    reader = service.reader(audience, shared=True)
    ids, _ = _rank(service, reader, article_id)
    return tuple(ids[:limit])


def _rank(service: SearchService, reader: Reader, article_id: str) -> tuple[list[str], "_Common"]:
    """The other articles in order, and what they are compared with."""
    article, vectors = Fetch([article_id]), Vectors(article_id)
    answers = reader.read(article, vectors)
    shown = one_of(answers[article], article_id)
    counts = _count_words(service, shown)
    # The most frequent words: rare ones of a long text are mostly names and numbers.
    candidates = [word for word, _ in counts.most_common(relevance.RELATED_CANDIDATES)]
    frequencies = Frequencies(Field.WORDS, candidates)
    nearest = _nearest(shown, answers[vectors])
    answers = reader.read(frequencies, *nearest)
    by_similarity = {
        hit.id: hit.score for one in nearest for hit in answers[one] if hit.id != article_id
    }
    words = _characteristic(counts, answers[frequencies])
    lists = [
        RankedList(_by_keywords(reader, article_id, words)),
        RankedList(list(by_similarity.items()), relevance.RELATED_SEMANTIC),
    ]
    similarities = by_similarity if nearest else None
    common = _Common(shown, words, similarities, answers[frequencies].all, reader.manifest)
    return list(fuse(lists)), common


class _Common:
    """What other articles have in common with the shown one.

    ``words``: its characteristic words with their weights and idf. ``similarities``: cosines by article id;
    None without vectors.
    """

    def __init__(
        self,
        shown: StoredArticle,
        words: Sequence["_Word"],
        similarities: Mapping[str, float] | None,
        articles: int,
        manifest: Manifest,
    ) -> None:
        self.shown, self._words, self._similarities = shown, words, similarities
        self._total = sum(one.weight for one in words)
        # The idf of a word of only two articles.
        self._rarest = idf(2, articles)
        self._is_few = articles < relevance.RELATED_FEW
        self._background = manifest.background

    def shared(self, other: StoredArticle, text: str) -> list["_Word"]:
        """The characteristic words that are in its title or its normalised text."""
        title = normalize(other.view.title)
        return [one for one in self._words if one.text in text or one.text in title]

    def is_enough(self, other: StoredArticle, shared: Sequence["_Word"]) -> bool:
        """Whether this is more than unrelated articles have in common."""
        cosine = (self._similarities or {}).get(other.view.id, self._background)
        similarity = (cosine - self._background) / (1 - self._background)
        if similarity >= relevance.RELATED_SIMILAR:
            return True
        telling = [one.idf for one in shared if one.idf >= relevance.RELATED_TELLING * self._rarest]
        if not shared or (
            sum(telling) < relevance.RELATED_MIN_WORDS * self._rarest and not self._is_few
        ):
            return False
        share = sum(one.weight for one in shared) / self._total
        if self._similarities is None:
            return share >= relevance.RELATED_MIN_SHARE
        return share + similarity >= relevance.RELATED_MIN

    def reason(self, other: StoredArticle, shared: Sequence["_Word"]) -> str:
        """At most two things in common, as a person would say them."""
        mine, theirs = self.shown.view, other.view
        reasons = []
        subject = _subject(mine)
        if subject and subject == _subject(theirs):
            reasons.append(say(f"同一事项：{subject}", f"same subject: {subject}"))
        elif not set(mine.issuers).isdisjoint(theirs.issuers):
            reasons.append(say("同一机关", "same issuer"))
        named: list[str] = []
        for one in shared:
            if not any(one.text in longer or longer in one.text for longer in named):
                named.append(one.text)
        if named:
            named = named[:_NAMED_WORDS]
            reasons.append(
                say(f"共同词语：{'、'.join(named)}", f"words in common: {', '.join(named)}")
            )
        if not reasons:
            return say("意思相近", "similar in meaning")
        return say("；", "; ").join(reasons)


def _subject(view: View) -> str:
    """The subject in its title, between 关于 and the kind."""
    return next((one.value for one in view.found if one.field == "subject"), "")


def _shingles(text: str) -> frozenset[str]:
    """The runs of five characters at the beginning of a normalised text; of a shorter one the whole."""
    beginning = "".join(_CHARACTERS.findall(text[: 2 * relevance.COPY_LENGTH]))
    beginning = beginning[: relevance.COPY_LENGTH]
    return frozenset(beginning[start : start + 5] for start in range(max(1, len(beginning) - 4)))


def _is_copy(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= relevance.COPY_SHARE * len(one | other)


def _count_words(service: SearchService, shown: StoredArticle) -> collections.Counter[str]:
    """The words of the article with their weights, without numbers."""
    title = set(service.analyzer.index_words(normalize(shown.view.title)))
    counts = collections.Counter(service.analyzer.index_words(normalize(shown.view.text)))
    for word in title:
        counts[word] += relevance.RELATED_TITLE_COUNT
    for word in [word for word in counts if word.startswith(_NUMBERS)]:
        del counts[word]
    return counts


class _Word(NamedTuple):
    """A characteristic word of the shown article."""

    text: str
    weight: float
    idf: float


def _characteristic(counts: Mapping[str, int], frequencies: TermFrequencies) -> list[_Word]:
    words = [
        # A word that no other article contains is useless.
        _Word(word, counts[word] * idf(count, frequencies.all), idf(count, frequencies.all))
        for word, count in frequencies.of.items()
        if count > 1 and len(word) > 1
    ]
    return sorted(words, key=lambda one: (-one.weight, one.text))[: relevance.RELATED_WORDS]


def _by_keywords(
    reader: Reader, article_id: str, words: Sequence[_Word]
) -> list[tuple[str, float]]:
    if not words:
        return []
    top = words[0].weight
    rank = [
        WeightedTerm(field, one.text, round(scale * one.weight / top, 6))
        for one in words
        for field, scale in (
            (Field.TITLE_WORDS, relevance.RELATED_TITLE),
            (Field.WORDS, relevance.WORDS),
        )
    ]
    any_word = AnyOf(tuple(Term(Field.WORDS, one.text) for one in words))
    others = All((any_word, Not(Identifiers((article_id,)))))
    hits = reader.keyword(others, rank, limit=relevance.RELATED_WINDOW)
    return [(hit.id, hit.score) for hit in hits]


def _nearest(shown: StoredArticle, vectors: Mapping[str, Vector]) -> list[NearestArticles]:
    """The request for articles similar to the mean of the passages, if it has a direction."""
    in_address = {passage.id for passage in shown.passages if passage.role in _ADDRESS}
    vectors = {key: vectors[key] for key in vectors if key not in in_address} or vectors
    if not vectors:
        return []
    mean = np.mean(np.stack([vectors[key] for key in sorted(vectors)]), axis=0)
    length = float(np.linalg.norm(mean))
    if not length:
        return []
    direction = (mean / length).astype(np.float32)
    return [NearestArticles(direction, articles=relevance.RELATED_WINDOW + 1)]
