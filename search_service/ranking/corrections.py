"""Corrections of a query that is likely misspelt. Entry points: :class:`Corrections`, :func:`results_of`.

Each correction is searched before it is shown.
"""

from collections.abc import Sequence

from search_service import logs
from search_service.engines.reads import Answers, Reader, Search
from search_service.metrics import stage
from search_service.model import Filters
from search_service.query import matching
from search_service.query.parsing import Query, parse
from search_service.relevance import CORRECTIONS_TRIED, MAX_QUERY
from search_service.service import SearchService
from search_service.suggestions.vocabulary import fold

_log = logs.Log(__name__)


class Corrections:
    """The corrections of one query; computed once for each kind of proposal."""

    def __init__(self, service: SearchService, reader: Reader, query: Query) -> None:
        self._service, self._reader, self._query = service, reader, query
        self._proposed: dict[bool, list[Query]] = {}
        chunks = [] if query.hints else query.included  # a hint explains what is wrong
        self._chunks = [one for one in chunks if not one.has_identifier and _is_folded(one.text)]
        # Whether an article contains the chunk as typed.
        self.as_typed = [Search(matching.as_typed(one)) for one in self._chunks]

    @stage("corrections")
    def proposed(self, found: Answers | None = None) -> list[Query]:
        """Corrected queries, best first, which may or may not have results.

        ``found``: the answers to :attr:`as_typed`, if some article contains all words. Then a chunk counts as
        misspelt only if it contains neighbouring characters that are neighbours nowhere in the vocabulary,
        or if no article contains it as typed and a correction is in a title. Raises nothing: errors are
        logged, and there are no corrections.
        """
        has_matches = found is not None
        if has_matches not in self._proposed:
            try:
                self._proposed[has_matches] = self._propose(found)
            except Exception as exc:  # noqa: BLE001  (an extra that must not fail the search)
                _log.failure("corrections-failed", exc)
                self._proposed[has_matches] = []
        return self._proposed[has_matches]

    def _propose(self, found: Answers | None) -> list[Query]:
        spelling = self._service.vocabulary(self._reader).spelling
        changes = []
        for chunk, as_typed in zip(self._chunks, self.as_typed, strict=True):
            if found is None or spelling.has_unseen_bigram(chunk.text):
                texts = spelling.corrections(chunk.text)
            elif found[as_typed].totals.total:
                texts = []
            else:
                texts = spelling.corrections(chunk.text, only_whole=True)
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


def results_of(proposed: Sequence[Query], filters: Filters) -> list[Search]:
    """The requests that count the results of corrected queries under the filters."""
    return [Search(matching.strict(one), filters=one.merge_filters(filters)) for one in proposed]


def _is_folded(text: str) -> bool:
    return fold(text) == text
