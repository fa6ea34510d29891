"""Whether a share of a query's idf is enough to match. Entry point: :class:`Relaxation`.

A query that no article matches in full is relaxed, unless it is nonsense; a question is relaxed unless some
article contains it as typed.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from search_service import relevance
from search_service.engines.reads import NO_FILTERS, Answers, Frequencies, Request, Search
from search_service.model import AnyOf, Clause, Field, Manifest
from search_service.query import gibberish, matching
from search_service.query.parsed import Query
from search_service.ranking.corrections import Corrections, results_of
from search_service.ranking.similarity import SemanticHits, connected

NOTHING: Clause = AnyOf(())


class Relaxation:
    """The decision for one query: read :attr:`first`; if it :meth:`is_needed`, read what it prepares."""

    def __init__(
        self,
        query: Query,
        manifest: Manifest,
        corrections: Corrections,
        strict: Search,
        cohesion: Callable[[], float],
        has_word: Callable[[str], bool],
    ) -> None:
        """``strict``: counts what matches in full; it may be read for other purposes, too.

        ``cohesion``: :func:`.similarity.cohesion` of the query; 0 if it has no vector. ``has_word``: whether
        the dictionary has a word.

        All counts are without filters, so that selecting a facet value returns as many articles as it counts.
        """
        self._query, self._manifest, self._corrections = query, manifest, corrections
        self._cohesion, self._has_word = cohesion, has_word
        self._strict = strict
        self._exact = Search(AnyOf(matching.exact(query)))
        self._literal = Search(matching.literal(query))
        self._titled = Search(matching.strict(replace(query, title_only=True)))
        self._words, self._bigrams = corrections.words, corrections.bigrams
        if query.title_only:
            self._words = Frequencies(Field.TITLE_WORDS, (*query.words, *query.synonym_words))
            self._bigrams = Frequencies(Field.TITLE_BIGRAMS, query.bigrams)
        # Only a question may turn out to be a term or a title.
        asked = (self._literal, self._titled) if query.is_question else ()
        self.first: tuple[Request[Any], ...] = (
            self._strict,
            self._exact,
            *asked,
            self._words,
            self._bigrams,
        )
        self._has_matches = False
        self._odd = self._far = False
        self.is_nonsense = False
        #: Of the way from the background to the top hit, what a semantic hit must reach.
        self.similarity_share = relevance.SEMANTIC_CUTOFF
        self.has_evidence = True
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

    def prepare(self, first: Answers, candidates: SemanticHits) -> tuple[Clause, SemanticHits]:
        """What matches if it is :meth:`accepted`; then :attr:`second` is to be read."""
        if self._is_titled(first):
            words, share = first[self._words], relevance.TITLED_SHARE
            self.similarity_share = share
            clause = matching.relaxed(self._query, words.of, words.all, at_least=share)
            return clause, candidates.above(share, self._manifest.background)
        return self._clause(first, candidates), candidates

    def _is_titled(self, first: Answers) -> bool:
        """Whether it is a question, and a title has all its words."""
        return self._has_matches and bool(first[self._titled].totals.total)

    def _clause(self, first: Answers, candidates: SemanticHits) -> Clause:
        query, words = self._query, first[self._words]
        tail = relevance.RELAXED_TAIL
        lenient = matching.relaxed(query, words.of, words.all, lenient=True, tail=tail)
        if self._has_matches:  # a question
            return lenient
        by_bigrams = matching.relaxed_by_bigrams(query, words.of, first[self._bigrams].of)
        normal = AnyOf((matching.relaxed(query, words.of, words.all), by_bigrams))
        self._odd = gibberish.is_gibberish(query, words.of)
        self._by_bigrams, self._by_words = Search(by_bigrams), Search(normal)
        self._far = not query.is_conversational and self._is_far(candidates)
        if not query.is_conversational and (self._odd or self._far):
            self._corrected = results_of(
                self._corrections.proposed(first, has_matches=False), NO_FILTERS
            )
        if query.is_question and not self._odd:
            return lenient
        return AnyOf((matching.relaxed(query, words.of, words.all, tail=tail), by_bigrams))

    @property
    def second(self) -> tuple[Search, ...]:
        """What :meth:`accepted` needs."""
        return (*filter(None, (self._by_bigrams, self._by_words)), *self._corrected)

    def accepted(self, second: Answers, candidates: SemanticHits) -> tuple[bool, SemanticHits]:
        """Whether the prepared clause matches, and the semantic hits that match in addition.

        Sets ``is_nonsense``, and ``has_evidence``: whether an article contains enough of the words.
        """
        query, confident = self._query, candidates.if_above(self._manifest.floor)
        if self._by_bigrams is None or self._by_words is None:
            return True, candidates
        is_gibberish = self._odd and not second[self._by_bigrams].totals.total
        self.has_evidence = not is_gibberish and second[self._by_words].totals.total > 0
        if self.has_evidence:
            # A question that some article answers by keywords needs no semantic threshold.
            return True, candidates if query.is_question else confident
        # A query that is merely misspelt is not nonsense.
        is_misspelt = any(second[one].totals.total for one in self._corrected)
        if not (query.is_conversational or is_misspelt):
            self.is_nonsense = self._far or gibberish.is_scrambled(query, self._has_word)
            confident = candidates  # near enough for the words of the query
        if self.is_nonsense:
            return False, SemanticHits()
        # A conversational question is accepted even if its words are rare.
        if query.is_question and not self._odd:
            return query.is_conversational and not query.mostly_single_characters, confident
        return True, confident

    def _is_far(self, candidates: SemanticHits) -> bool:
        """Whether no article is similar enough to a list of keywords, for what connects them."""
        if candidates.vector is None:
            return True
        return connected(candidates.top_score, self._cohesion()) < self._manifest.heap_floor
