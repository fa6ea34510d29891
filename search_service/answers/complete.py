"""Autocompletion. Entry point: :func:`complete`.

The vocabulary comes from articles that this audience may read; each suggestion is still verified against
the index before it is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from analyzers.normalize import normalize
from search_service.model import Audience, StoredArticle, View
from search_service.relevance import (
    MAX_COMPLETED,
)
from search_service.service import SearchService, reads_shared
from search_service.suggestions.vocabulary import Entry, Kind, fold

# Number of suggestions of each kind, in this order: people read a list of ten lines.
COMPLETIONS: Final[Mapping[Kind, int]] = {Kind.TERM: 3, Kind.TITLE: 5, Kind.HEADING: 2}


@dataclass(frozen=True)
class Completion:
    """A suggested text. ``view``: the only article with this title; None if there are several or none."""

    text: str
    kind: Kind
    view: View | None = None


@reads_shared
def complete(service: SearchService, text: str, audience: Audience) -> list[Completion]:
    """At most ten texts that begin with or contain ``text``: terms, then titles, then headings.

    Pinyin matches, too. Raises the errors of :meth:`.SearchService.reader`.
    """
    reader = service.reader(audience, shared=True)
    if len(text) > MAX_COMPLETED:
        return []
    index = service.vocabulary(reader).completion
    # Twice as many as are shown: some may be outdated.
    candidates = {
        kind: [
            # The term that was typed is no suggestion.
            entry
            for entry in islice(index.find(text, kind), 2 * share)
            if kind is not Kind.TERM or fold(entry.text) != fold(text)
        ]
        for kind, share in COMPLETIONS.items()
    }
    # Fetching articles takes most of the time, and the first ones are mostly enough.
    first = [e.article for k, share in COMPLETIONS.items() for e in candidates[k][:share]]
    completions = _valid_completions(candidates, reader.fetch(list(dict.fromkeys(first))))
    if len(completions) < len(first):
        ids = {entry.article for entries in candidates.values() for entry in entries}
        completions = _valid_completions(candidates, reader.fetch(sorted(ids)))
    return completions


def _valid_completions(
    candidates: Mapping[Kind, Sequence[Entry]], stored: Mapping[str, StoredArticle]
) -> list[Completion]:
    """The first entries of each kind that their article still contains, each text once."""
    seen: set[str] = set()
    completions = []
    for kind, share in COMPLETIONS.items():
        left = share
        for entry in candidates[kind]:
            one = stored.get(entry.article)
            if left and one and _still_contains(entry, one) and fold(entry.text) not in seen:
                is_only = kind is Kind.TITLE and entry.count == 1
                completions.append(Completion(entry.text, kind, one.view if is_only else None))
                seen.add(fold(entry.text))
                left -= 1
    return completions


def _still_contains(entry: Entry, stored: StoredArticle) -> bool:
    if entry.kind is Kind.TITLE:
        return stored.view.title == entry.text
    whole = f"{stored.view.title}\n{stored.view.text}"
    return entry.text in whole or normalize(entry.text) in normalize(whole)
