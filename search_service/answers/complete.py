"""Suggestions while somebody types. Entry point: :func:`complete`.

The vocabulary is that of the articles that this audience may read now; each suggestion is held against the
index before it is shown, nevertheless.
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
from search_service.service import SearchService
from search_service.suggestions.vocabulary import Entry, Kind, fold

# What is offered while somebody types, of each kind, in this order: ten lines are a list that is read.
COMPLETIONS: Final[Mapping[Kind, int]] = {Kind.TERM: 3, Kind.TITLE: 5, Kind.HEADING: 2}


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
    known = service.vocabulary(reader).completion
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
    completions = _valid_completions(wanted, reader.fetch(list(dict.fromkeys(first))))
    if len(completions) < len(first):
        ids = {entry.article for entries in wanted.values() for entry in entries}
        completions = _valid_completions(wanted, reader.fetch(sorted(ids)))
    return completions


def _valid_completions(
    wanted: Mapping[Kind, Sequence[Entry]], stored: Mapping[str, StoredArticle]
) -> list[Completion]:
    """The first entries of each kind that stand in one of these articles, each text once."""
    seen: set[str] = set()
    completions = []
    for kind, share in COMPLETIONS.items():
        left = share
        for entry in wanted[kind]:
            one = stored.get(entry.article)
            if left and one and _still_contains(entry, one) and fold(entry.text) not in seen:
                alone = kind is Kind.TITLE and entry.count == 1
                completions.append(Completion(entry.text, kind, one.view if alone else None))
                seen.add(fold(entry.text))
                left -= 1
    return completions


def _still_contains(entry: Entry, stored: StoredArticle) -> bool:
    if entry.kind is Kind.TITLE:
        return stored.view.title == entry.text
    whole = f"{stored.view.title}\n{stored.view.text}"
    return entry.text in whole or normalize(entry.text) in normalize(whole)
