"""Suggestions: while somebody types, and where a question found nothing. Entry points: :func:`complete`,
:func:`did_you_mean`.

The vocabulary is that of the articles that this audience may read now; each suggestion is held against the
index before it is shown, nevertheless.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from analyzers.normalize import normalize
from search_service import matching
from search_service import query as queries
from search_service.engines import Reader
from search_service.model import Audience, Filters, Stored, View
from search_service.query import Chunk, Query
from search_service.relevance import (
    COMPLETIONS,
    CORRECTIONS,
    CORRECTIONS_TRIED,
    MAX_COMPLETED,
    MAX_QUERY,
)
from search_service.service import SearchService
from search_service.spelling import Spelling
from search_service.vocabulary import Entry, Kind, fold

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Completion:
    """A text to ask for. ``view``: the one article that is called so; None: there are several or none."""

    text: str
    kind: Kind
    view: View | None = None


def complete(service: SearchService, text: str, audience: Audience) -> list[Completion]:
    """What begins with or holds what was typed: terms, then titles, then headings; ten at most.

    Raises as a search does.
    """
    reader = service.reader(audience)
    if len(text) > MAX_COMPLETED:
        return []
    known = service.known(reader).completion
    # Twice as many as are shown: some may be gone.
    wanted = {
        kind: [
            # A term that is all that was typed tells nothing new.
            entry
            for entry in islice(known.find(text, kind), 2 * share)
            if kind is not Kind.TERM or fold(entry.text) != fold(text)
        ]
        for kind, share in COMPLETIONS.items()
    }
    # Reading articles is what takes the time, and the first ones will mostly do.
    first = [e.article for k, share in COMPLETIONS.items() for e in wanted[k][:share]]
    completions = _usable(wanted, reader.fetch(list(dict.fromkeys(first))))
    if len(completions) < len(first):
        ids = {entry.article for entries in wanted.values() for entry in entries}
        completions = _usable(wanted, reader.fetch(sorted(ids)))
    return completions


def _usable(
    wanted: Mapping[Kind, Sequence[Entry]], stored: Mapping[str, Stored]
) -> list[Completion]:
    """The first entries of each kind that stand in one of these articles, each text once."""
    seen: set[str] = set()
    completions = []
    for kind, share in COMPLETIONS.items():
        left = share
        for entry in wanted[kind]:
            one = stored.get(entry.article)
            if left and one and _stands(entry, one) and fold(entry.text) not in seen:
                alone = kind is Kind.TITLE and entry.count == 1
                completions.append(Completion(entry.text, kind, one.view if alone else None))
                seen.add(fold(entry.text))
                left -= 1
    return completions


def _stands(entry: Entry, stored: Stored) -> bool:
    if entry.kind is Kind.TITLE:
        return stored.view.title == entry.text
    whole = f"{stored.view.title}\n{stored.view.text}"
    return entry.text in whole or normalize(entry.text) in normalize(whole)


def did_you_mean(
    service: SearchService, reader: Reader, query: Query, filters: Filters, *, found: bool
) -> tuple[str, ...]:
    """Up to three questions that find something, for one that is likely misspelled.

    ``found``: there are articles that hold all its words; then a slip is only what stands side by side
    nowhere, or what no article holds as it was typed and some title does with one change. Raises nothing:
    whatever goes wrong here is logged, and the search is answered without suggestions.
    """
    if query.hints:  # what was not understood is said by its hint
        return ()
    try:
        return _meant(service, reader, query, filters, found=found)
    except Exception:  # noqa: BLE001  (an extra: no search may fail for it)
        _log.exception("no suggestions")
        return ()


def _meant(
    service: SearchService, reader: Reader, query: Query, filters: Filters, *, found: bool
) -> tuple[str, ...]:
    spelling = service.known(reader).spelling
    changes = [
        (chunk, _corrections(reader, chunk, spelling, found=found)) for chunk in query.wanted
    ]
    changes = [(chunk, texts) for chunk, texts in changes if texts]
    suggestions: list[str] = []
    for place in range(min(CORRECTIONS_TRIED, max((len(t) for _, t in changes), default=0))):
        text = query.text
        for chunk, texts in changes:
            text = text.replace(chunk.text, texts[min(place, len(texts) - 1)], 1)
        if len(text) > MAX_QUERY:  # nobody could ask it
            continue
        meant = queries.parse(text, service.analyzer, title_only=query.title_only)
        if reader.totals(matching.strict(meant), filters=meant.narrowed(filters)).total:
            suggestions.append(text)
        if len(suggestions) == CORRECTIONS:
            break
    return tuple(suggestions)


def _corrections(reader: Reader, chunk: Chunk, spelling: Spelling, *, found: bool) -> list[str]:
    if chunk.names or fold(chunk.text) != chunk.text:
        return []
    if not found or spelling.doubtful(chunk.text):
        return spelling.corrections(chunk.text)
    titled = [text for text in spelling.corrections(chunk.text) if spelling.knows(text)]
    if titled and reader.totals(matching.as_typed(chunk)).total:
        return []
    return titled
