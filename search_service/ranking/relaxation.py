"""Whether a share of a query's idf is enough to match. Entry point: :class:`Relaxation`.

A query that no article matches in full is relaxed, unless it is nonsense; a question is relaxed unless some
article contains it as typed.
"""

from collections.abc import Sequence
from typing import Any

from search_service.engines.reads import NO_FILTERS, Answers, Frequencies, Request, Search
from search_service.model import AnyOf, Clause, Exact, Field, Manifest
from search_service.query import matching
from search_service.query.parsing import Query
from search_service.ranking.corrections import Corrections, results_of
from search_service.ranking.similarity import SemanticHits

NOTHING: Clause = AnyOf(())


class Relaxation:
    """The decision for one query: read :attr:`first`; if it :meth:`is_needed`, read what it prepares."""

    def __init__(
        self, query: Query, manifest: Manifest, corrections: Corrections, strict: Search
    ) -> None:
        """``strict``: counts what matches in full; it may be read for other purposes, too.

        All counts are without filters, so that selecting a facet value returns as many articles as it counts.
        """
        self._query, self._manifest, self._corrections = query, manifest, corrections
        self._strict = strict
        self._exact = Search(Exact(query.key))
        self._literal = Search(matching.literal(query))
        field = Field.TITLE_WORDS if query.title_only else Field.WORDS
        self._words = Frequencies(field, query.words)
        field = Field.TITLE_BIGRAMS if query.title_only else Field.BIGRAMS
        bigrams = [bigram for chunk in query.included for bigram in chunk.phrase]
        self._bigrams = Frequencies(field, bigrams)
        self.first: tuple[Request[Any], ...] = (
            self._strict,
            self._exact,
            self._literal,
            self._words,
            self._bigrams,
        )
        self._has_matches = False
        self._odd = False
        self._by_bigrams: Search | None = None
        self._by_words: Search | None = None
        self._corrected: Sequence[Search] = ()

    def is_needed(self, first: Answers) -> bool:
        """Whether the strict match set is not the answer."""
        exact = first[self._exact].totals.total
        self._has_matches = bool(exact or first[self._strict].totals.total)
        # A question need not match in full, unless some article contains it as typed: then it is a term or
        # title.
        is_typed = exact or not self._query.is_question or first[self._literal].totals.total
        return not (self._has_matches and is_typed)

    def prepare(self, first: Answers, candidates: SemanticHits) -> Clause:
        """The clause that matches if it is :meth:`accepted`; then :attr:`second` is to be read."""
        query, words = self._query, first[self._words]
        lenient = matching.relaxed(query, words.of, words.all, lenient=True)
        if self._has_matches:  # a question
            return lenient
        by_bigrams = matching.relaxed_by_bigrams(query, words.of, first[self._bigrams].of)
        normal = AnyOf((matching.relaxed(query, words.of, words.all), by_bigrams))
        self._odd = matching.is_gibberish(query, words.of)
        self._by_bigrams, self._by_words = Search(by_bigrams), Search(normal)
        if not query.is_conversational and (self._odd or self._is_far(candidates)):
            self._corrected = results_of(self._corrections.proposed(), NO_FILTERS)
        return lenient if query.is_question and not self._odd else normal

    @property
    def second(self) -> tuple[Search, ...]:
        """What :meth:`accepted` needs."""
        return (*filter(None, (self._by_bigrams, self._by_words)), *self._corrected)

    def accepted(self, second: Answers, candidates: SemanticHits) -> tuple[bool, SemanticHits]:
        """Whether the prepared clause matches, and the semantic hits that match in addition."""
        query, confident = self._query, candidates.if_above(self._manifest.floor)
        if self._by_bigrams is None or self._by_words is None:
            return True, candidates
        is_gibberish = self._odd and not second[self._by_bigrams].totals.total
        has_evidence = not is_gibberish and second[self._by_words].totals.total > 0
        if has_evidence:
            # A question that some article answers by keywords needs no semantic threshold.
            return True, candidates if query.is_question else confident
        is_nonsense = is_gibberish or self._is_far(candidates)
        # A query that is merely misspelt is not nonsense.
        is_misspelt = any(second[one].totals.total for one in self._corrected)
        if is_nonsense and not (query.is_conversational or is_misspelt):
            return False, SemanticHits()
        # A conversational question is accepted even if its words are rare.
        if query.is_question and not self._odd:
            return query.is_conversational and not query.mostly_single_characters, confident
        return True, confident

    def _is_far(self, candidates: SemanticHits) -> bool:
        """Whether no article is similar enough to a list of keywords."""
        return candidates.top_score < self._manifest.heap_floor
