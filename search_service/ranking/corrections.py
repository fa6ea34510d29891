"""Corrections: questions that find something, for one that is likely misspelled. Entry point:
:func:`did_you_mean`. Each is held against the index before it is shown.
"""

import logging

from search_service.engines import Reader
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

_log = logging.getLogger(__name__)


def did_you_mean(
    service: SearchService, reader: Reader, query: Query, filters: Filters, *, has_matches: bool
) -> tuple[str, ...]:
    """Up to three questions that find something, for one that is likely misspelled.

    ``found``: there are articles that hold all its words; then a slip is only what stands side by side
    nowhere, or what no article holds as it was typed and some title does with one change. Raises nothing:
    whatever goes wrong here is logged, and the search is answered without suggestions.
    """
    if query.hints:  # what was not understood is said by its hint
        return ()
    try:
        return _checked_corrections(service, reader, query, filters, has_matches=has_matches)
    except Exception:  # noqa: BLE001  (an extra: no search may fail for it)
        _log.exception("no suggestions")
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
        if len(text) > MAX_QUERY:  # nobody could ask it
            continue
        meant = queries.parse(text, service.analyzer, title_only=query.title_only)
        if reader.totals(matching.strict(meant), filters=meant.merge_filters(filters)).total:
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
