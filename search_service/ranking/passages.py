"""Passages for a text: by words, by meaning, and by what is around them.

Entry point: :class:`PassageSearch`. In which order hits are shown, and which are close enough, says
:class:`PassageHits`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from search_service import relevance
from search_service.engines.reads import Answers, BestPassages, Request, Search, TermFrequencies
from search_service.model import AnyOf, Field, Filters, Manifest, Term, Vector, WeightedTerm
from search_service.query.matching import idf
from search_service.ranking.similarity import SimilarPassages


class PassageSearch:
    """The requests for one text: passages by words and by meaning, and articles by words.

    ``words``: its words. ``vector``: L2-normalised, None without meaning. ``roles``: only passages of these.
    ``window``: articles of each list, with ``PRECEDENTS_PER_ARTICLE`` passages each.
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
    ) -> None:
        self._manifest, self.words = manifest, words
        terms = [(word, 1.0) for word in words]
        per_article = relevance.PRECEDENTS_PER_ARTICLE
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
        by_words = [hit for hit in answers[self._passages] if hit.score >= minimum]
        by_similarity = self._similar.hits(answers) if self._similar else []
        return PassageHits(
            by_words={hit.passage_id: hit.score for hit in by_words},
            by_similarity={hit.passage_id: hit.score for hit in by_similarity},
            owners={hit.passage_id: hit.article_id for hit in (*by_words, *by_similarity)},
            articles={hit.id: hit.score for hit in answers[self._articles].hits},
            weights=weights,
            manifest=self._manifest if self._similar else None,
        )


class Candidate(NamedTuple):
    """A passage that may be shown."""

    article_id: str
    passage_id: str


@dataclass(frozen=True)
class PassageHits:
    """The passages found for one text, with their scores by words and by similarity.

    ``owners``: the article of each. ``articles``: the scores of articles by words. ``weights``: the idf of
    each word of the text. ``manifest``: None if similarities were not searched. ``preferred``: the passages
    at the place that the text names. ``floor``: how close they must be.
    """

    by_words: Mapping[str, float]
    by_similarity: Mapping[str, float]
    owners: Mapping[str, str]
    articles: Mapping[str, float]
    weights: Mapping[str, float]
    manifest: Manifest | None
    preferred: Collection[str] = frozenset()
    floor: float = relevance.CLOSE

    def preferring(self, others: "PassageHits") -> "PassageHits":
        """These and others, for the same text, which come before these."""
        return replace(
            self,
            by_words={**self.by_words, **others.by_words},
            by_similarity={**self.by_similarity, **others.by_similarity},
            owners={**self.owners, **others.owners},
            articles={**self.articles, **others.articles},
            preferred=frozenset(others.owners),
        )

    @cached_property
    def candidates(self) -> list[Candidate]:
        """The passages, best first as far as is known without their texts.

        Those of equal scores by words and by similarity are side by side: texts alike are.
        """
        scores = {key: self._known(key) for key in self.owners}
        ordered = sorted(scores, key=lambda key: (-scores[key], *self._scores_of(key), key))
        return [Candidate(self.owners[key], key) for key in ordered]

    def score(self, passage_id: str, words: Collection[str], above: Collection[str]) -> float:
        """How useful a passage is that has these ``words``, those ``above`` it in headings or title.

        All parts are absolute: BM25 ÷ the idf of all words, the similarity's way from the background to the
        best that nonsense reaches, the share of the idf that the words have, and those above. (ADR 0036.)
        """
        named = relevance.PRECEDENT_NAMED * self._share(above)
        score = self._known(passage_id) + relevance.PRECEDENT_SHARE * self._share(words) + named
        return round(score, 6)

    def is_close(self, passage_id: str, words: Iterable[str]) -> bool:
        """Whether a passage that has these of the words is close enough to be shown.

        Either kind of evidence is enough: the share that its words have of the idf of all, or how far its
        similarity is on the way from the background to the best that nonsense reaches.
        """
        share = self._share(words)
        if self.manifest is None:
            return share * relevance.CLOSE_WORDS_ALONE >= self.floor
        return max(share, self._way(passage_id)) >= self.floor

    def _known(self, passage_id: str) -> float:
        """The part of the score that needs no text."""
        preference = relevance.PRECEDENT_PLACE if passage_id in self.preferred else 0.0
        around = relevance.PRECEDENT_ARTICLE * self.articles.get(self.owners[passage_id], 0.0)
        by_words = (self.by_words.get(passage_id, 0.0) + around) / self._whole
        return by_words + self._way(passage_id) + preference

    def _way(self, passage_id: str) -> float:
        if self.manifest is None:
            return 0.0
        background, floor = self.manifest.background, self.manifest.floor
        above = self.by_similarity.get(passage_id, 0.0) - background
        return max(0.0, above) / max(floor - background, 0.01)

    def _scores_of(self, passage_id: str) -> tuple[float, float]:
        return self.by_words.get(passage_id, 0.0), self.by_similarity.get(passage_id, 0.0)

    def _share(self, words: Iterable[str]) -> float:
        return sum(self.weights[word] for word in words) / self._whole

    @cached_property
    def _whole(self) -> float:
        return sum(self.weights.values()) or 1.0


NO_HITS = PassageHits(
    by_words={}, by_similarity={}, owners={}, articles={}, weights={}, manifest=None
)
