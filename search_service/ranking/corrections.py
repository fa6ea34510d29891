"""Corrections of a query that is likely misspelt, or typed as pinyin.

Entry points: :class:`Corrections`, :func:`results_of`, :func:`texts_of_pinyin`. Each correction is
searched before it is shown.
"""

from collections.abc import Sequence
from typing import Any

from analyzers.pinyin import typed
from search_service import logs
from search_service.engines.reads import Answers, Frequencies, Reader, Request, Search
from search_service.metrics import stage
from search_service.model import Field, Filters
from search_service.query import matching
from search_service.query.parsed import Chunk, Query
from search_service.query.parsing import parse
from search_service.relevance import CORRECTIONS_TRIED, MAX_QUERY
from search_service.service import SearchService
from search_service.suggestions.numbers import similar_numbers
from search_service.suggestions.spelling import Span, Usage
from search_service.suggestions.vocabulary import fold

_log = logs.Log(__name__)


class Corrections:
    """The corrections of one query; computed once for each kind of proposal."""

    def __init__(self, service: SearchService, reader: Reader, query: Query) -> None:
        self._service, self._reader, self._query = service, reader, query
        self._proposed: dict[bool, list[Query]] = {}
        chunks = [] if query.hints else query.included  # a hint explains what is wrong
        self._numbers = [one for one in chunks if one.names_document]
        # A 文号, complete or not, is no word, nor is a date.
        self._chunks = [
            one
            for one in chunks
            if not (one.has_identifier or one.names_document or one.date) and _is_folded(one.text)
        ]
        self._tokens = {one: service.analyzer.query_words(one.text) for one in self._chunks}
        # Whether an article contains the chunk as typed.
        candidates = (*self._numbers, *self._chunks)
        self._as_typed = {one: Search(matching.as_typed(one)) for one in candidates}
        #: Of all words and bigrams of the query: relaxation needs them, too, and the words of synonyms.
        self.words = Frequencies(Field.WORDS, (*query.words, *query.synonym_words))
        self.bigrams = Frequencies(Field.BIGRAMS, query.bigrams)
        # What :meth:`proposed` needs.
        self.requests: tuple[Request[Any], ...] = ()
        if self._as_typed:
            self.requests = (*self._as_typed.values(), self.words, self.bigrams)

    @stage("corrections")
    def proposed(self, found: Answers, *, has_matches: bool) -> list[Query]:
        """Corrected queries, best first, which may or may not have results.

        ``found``: the answers to :attr:`requests`. ``has_matches``: something matches the query as it is.
        A chunk that some article contains as typed is not corrected, nor one of known words that are found
        together; a 文号 only into one of the same year and serial number. If all words of a chunk are known,
        or something matches and all its neighbouring characters are neighbours in the vocabulary, then only
        into a title, heading or term. Raises nothing: errors are logged, and there are no corrections.
        """
        if has_matches not in self._proposed:
            try:
                self._proposed[has_matches] = self._propose(found, has_matches=has_matches)
            except Exception as exc:  # noqa: BLE001  (an extra that must not fail the search)
                _log.failure("corrections-failed", exc)
                self._proposed[has_matches] = []
        return self._proposed[has_matches]

    def _propose(self, found: Answers, *, has_matches: bool) -> list[Query]:
        changes = []
        for chunk, as_typed in self._as_typed.items():
            if not found[as_typed].totals.total:
                if chunk in self._numbers:
                    texts = self._existing(chunk)
                else:
                    texts = self._corrected(chunk, found, has_matches=has_matches)
                if texts:
                    changes.append((chunk, texts))
        corrected = []
        for number in range(min(CORRECTIONS_TRIED, max((len(t) for _, t in changes), default=0))):
            text = self._query.text
            for chunk, texts in changes:
                text = text.replace(chunk.text, texts[min(number, len(texts) - 1)], 1)
            if len(text) <= MAX_QUERY:  # it would be refused
                title_only = self._query.title_only
                corrected.append(parse(text, self._service.analyzer, title_only=title_only))
        return corrected

    def _existing(self, chunk: Chunk) -> list[str]:
        """The 文号 of articles that the one in the chunk may be a slip for."""
        if chunk.number is None:
            return []
        return similar_numbers(self._service.vocabulary(self._reader).completion, chunk.number)

    def _corrected(self, chunk: Chunk, found: Answers, *, has_matches: bool) -> list[str]:
        tokens = self._tokens[chunk]
        words, pairs = found[self.words].of, found[self.bigrams].of
        known = [token for token in tokens if words.get(token.term)]
        # A single character is what is left of a misspelt word, too.
        is_known = len(known) == len(tokens) and all(one.end - one.start > 1 for one in tokens)
        if has_matches and is_known:
            return []
        spelling = self._service.vocabulary(self._reader).spelling
        usage = Usage(
            [(token.start, token.end) for token in known],
            {pair for pair, count in pairs.items() if count},
        )
        only_whole = is_known or (has_matches and not spelling.has_unseen_bigram(chunk.text))
        return spelling.corrections(
            chunk.text, only_whole=only_whole, usage=usage, is_refused=self._exchanges_names
        )

    def _exchanges_names(self, text: str, changed: Span, corrected: str, new: Span) -> bool:
        """Whether a name of a place or person becomes another one; one with a slip of order does not."""
        if sorted(text) == sorted(corrected):
            return False
        names = self._service.analyzer.names
        return all(
            any(first < max(end, start + 1) and start < last for first, last in names(one))
            for one, (start, end) in ((text, changed), (corrected, new))
        )


def texts_of_pinyin(service: SearchService, reader: Reader, query: Query) -> list[str]:
    """What a query of nothing but letters means as pinyin, the likeliest first; empty if it means nothing.

    Like a correction it raises nothing.
    """
    is_plain = query.tree.parts == query.included and not query.hints
    letters = (
        typed(query.text) if is_plain and not any(one.literal for one in query.included) else ""
    )
    if not letters:
        return []
    try:
        return service.vocabulary(reader).completion.texts_of(letters)
    except Exception as exc:  # noqa: BLE001  (an extra that must not fail the search)
        _log.failure("corrections-failed", exc)
        return []


def results_of(proposed: Sequence[Query], filters: Filters) -> list[Search]:
    """The requests that count the results of corrected queries under the filters."""
    return [Search(matching.strict(one), filters=one.merge_filters(filters)) for one in proposed]


def _is_folded(text: str) -> bool:
    return fold(text) == text
