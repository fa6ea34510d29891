"""Corrections of a query that is likely misspelt. Entry point: :func:`did_you_mean`.

Each correction is searched before it is shown.
"""

from search_service import logs
from search_service.engines import Reader
from search_service.metrics import stage
from search_service.model import Filters
from search_service.query import matching
from search_service.query import parsing as queries
from search_service.query.parsing import Chunk, Query
from search_service.relevance import (
    CORRECTIONS,
    CORRECTIONS_TRIED,
    MAX_QUERY,
)
from search_service.service import SearchService
from search_service.suggestions.spelling import Spelling
from search_service.suggestions.vocabulary import fold

_log = logs.Log(__name__)


@stage("corrections")
def did_you_mean(
    service: SearchService, reader: Reader, query: Query, filters: Filters, *, has_matches: bool
) -> tuple[str, ...]:
    """Up to ``CORRECTIONS`` corrected queries with results under the filters, best first.

    ``has_matches``: some article contains all words. Then a chunk counts as misspelt only if it contains
    neighbouring characters that are neighbours nowhere in the vocabulary, or if no article contains it as
    typed and a correction is in a title. Raises nothing: errors are logged, and there are no corrections.
    """
    if query.hints:  # the hint explains what is wrong
        return ()
    try:
        return _checked_corrections(service, reader, query, filters, has_matches=has_matches)
    except Exception as exc:  # noqa: BLE001  (an extra that must not fail the search)
        _log.failure("corrections-failed", exc)
        return ()


def _checked_corrections(
    service: SearchService, reader: Reader, query: Query, filters: Filters, *, has_matches: bool
) -> tuple[str, ...]:
    spelling = service.vocabulary(reader).spelling
    changes = [
        (chunk, _corrections(reader, chunk, spelling, has_matches=has_matches))
        for chunk in query.included
    ]
    changes = [(chunk, texts) for chunk, texts in changes if texts]
    suggestions: list[str] = []
    for number in range(min(CORRECTIONS_TRIED, max((len(t) for _, t in changes), default=0))):
        text = query.text
        for chunk, texts in changes:
            text = text.replace(chunk.text, texts[min(number, len(texts) - 1)], 1)
        if len(text) > MAX_QUERY:  # it would be refused
            continue
        corrected = queries.parse(text, service.analyzer, title_only=query.title_only)
        if reader.totals(
            matching.strict(corrected), filters=corrected.merge_filters(filters)
        ).total:
            suggestions.append(text)
        if len(suggestions) == CORRECTIONS:
            break
    return tuple(suggestions)


def _corrections(
    reader: Reader, chunk: Chunk, spelling: Spelling, *, has_matches: bool
) -> list[str]:
    if chunk.has_identifier or fold(chunk.text) != chunk.text:
        return []
    if not has_matches or spelling.has_unseen_bigram(chunk.text):
        return spelling.corrections(chunk.text)
    titled = [text for text in spelling.corrections(chunk.text) if spelling.contains(text)]
    if titled and reader.totals(matching.as_typed(chunk)).total:
        return []
    return titled
