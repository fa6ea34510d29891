"""Passages for a text: by words, by meaning, and by the article around them.

Entry point: :class:`PassageSearch`. The lists are fused as :mod:`.fusion` says; which hits are close enough
to be shown, :class:`PassageHits` says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from search_service import relevance
from search_service.engines.reads import (
    Answers,
    BestPassages,
    Request,
    Search,
    TermFrequencies,
)
from search_service.model import (
    AnyOf,
    Field,
    Filters,
    Manifest,
    PassageHit,
    Term,
    Vector,
    WeightedTerm,
)
from search_service.query.matching import idf
from search_service.ranking.fusion import RankedList, fuse
from search_service.ranking.similarity import SimilarPassages


class PassageSearch:
    """The requests for one text: passages by words and by meaning, and articles by words.

    ``words``: its words. ``vector``: L2-normalised, None without meaning. ``roles``: only passages of these.
    ``window``: articles of each list; ``per_article``: passages of each.
    """

    def __init__(
        self,
        manifest: Manifest,
        words: Sequence[str],
        vector: Vector | None,
        *,
        filters: Filters,
        roles: Sequence[str],
        window: int = relevance.WINDOW,
        per_article: int = relevance.PRECEDENTS_PER_ARTICLE,
    ) -> None:
        self._manifest, self.words = manifest, words
        terms = [(word, 1.0) for word in words]
        self._passages = BestPassages(terms, filters, window, per_article, roles)
        # The text around a passage shows what it is about.
        self._articles = Search(
            AnyOf(tuple(Term(Field.WORDS, word) for word in words)),
            [WeightedTerm(Field.WORDS, word) for word in words],
            filters,
            limit=window,
        )
        self._similar = None
        if vector is not None:
            self._similar = SimilarPassages(
                manifest,
                vector,
                filters=filters,
                articles=window,
                per_article=per_article,
                roles=roles,
            )

    @property
    def requests(self) -> tuple[Request[Any], ...]:
        """To be read together."""
        similar = self._similar.requests if self._similar else ()
        return (self._passages, self._articles, *similar)

    def hits(self, answers: Answers, frequencies: TermFrequencies) -> "PassageHits":
        """The hits; by words those that score as if they held ``PRECEDENT_MIN_SHARE`` of the words' idf."""
        weights = {word: idf(frequencies.of[word], frequencies.all) for word in self.words}
        minimum = relevance.PRECEDENT_MIN_SHARE * sum(weights.values())
        return PassageHits(
            by_words=[hit for hit in answers[self._passages] if hit.score >= minimum],
            by_similarity=self._similar.hits(answers) if self._similar else [],
            articles={hit.id: hit.score for hit in answers[self._articles].hits},
            weights=weights,
            manifest=self._manifest if self._similar else None,
        )


class Candidate(NamedTuple):
    """A passage that may be shown, and its fused score."""

    article_id: str
    passage_id: str
    score: float


@dataclass(frozen=True)
class PassageHits:
    """The passages found for one text, and the scores of articles by words.

    ``weights``: the idf of each of its words. ``manifest``: None if similarities were not searched.
    """

    by_words: list[PassageHit]
    by_similarity: list[PassageHit]
    articles: Mapping[str, float]
    weights: Mapping[str, float]
    manifest: Manifest | None

    @property
    def passages(self) -> list[PassageHit]:
        """All hits; a passage may be among them twice."""
        return [*self.by_words, *self.by_similarity]

    @cached_property
    def _by_words(self) -> Mapping[str, float]:
        return {hit.passage_id: hit.score for hit in self.by_words}

    @cached_property
    def _by_similarity(self) -> Mapping[str, float]:
        return {hit.passage_id: hit.score for hit in self.by_similarity}

    @cached_property
    def candidates(self) -> list[Candidate]:
        """The passages that may be close, best first."""
        owners = {hit.passage_id: hit.article_id for hit in self.passages}
        return [
            Candidate(owners[key], key, score)
            for key, score in fuse(self.lists).items()
            if self._may_be_close(key)
        ]

    def scores_of(self, passage_id: str) -> tuple[float, float]:
        """The scores of a passage by words and by similarity, 0 where it is no hit."""
        return self._by_words.get(passage_id, 0.0), self._by_similarity.get(passage_id, 0.0)

    def is_close(self, passage_id: str, words: Iterable[str]) -> bool:
        """Whether a passage that has these of the words is close enough to be shown.

        Both kinds of evidence add up: the share that its words have of the idf of all, and how far its
        similarity is on the way from the background to the best that nonsense reaches.
        """
        share = sum(self.weights[word] for word in words) / self._whole
        return self._closeness(passage_id, share) >= relevance.CLOSE

    def _may_be_close(self, passage_id: str) -> bool:
        """Whether it can be close, to judge by its score: one with all words has the idf of all, or less."""
        share = self._by_words.get(passage_id, 0.0) / self._whole / relevance.CLOSE_LEAST_SCORE
        return self._closeness(passage_id, min(share, 1.0)) >= relevance.CLOSE

    def _closeness(self, passage_id: str, share: float) -> float:
        if self.manifest is None:
            return share * relevance.CLOSE_WORDS_ALONE
        background, floor = self.manifest.background, self.manifest.floor
        above = self._by_similarity.get(passage_id, 0.0) - background
        way = max(0.0, above) / max(floor - background, 0.01)
        return share * relevance.CLOSE_WORDS + way * relevance.CLOSE_SIMILARITY

    @property
    def _whole(self) -> float:
        return sum(self.weights.values()) or 1.0

    @property
    def lists(self) -> list[RankedList]:
        """The lists to fuse, of passage ids: by words, by similarity, and by the article around them."""
        by_article = {
            hit.passage_id: self.articles[hit.article_id]
            for hit in self.passages
            if hit.article_id in self.articles
        }
        ordered = sorted(by_article.items(), key=lambda item: (-item[1], item[0]))
        return [
            RankedList([(hit.passage_id, hit.score) for hit in self.by_words]),
            RankedList([(hit.passage_id, hit.score) for hit in self.by_similarity]),
            RankedList(ordered, relevance.PRECEDENT_ARTICLE),
        ]


NO_HITS = PassageHits(by_words=[], by_similarity=[], articles={}, weights={}, manifest=None)
