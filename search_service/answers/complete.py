"""Autocompletion. Entry point: :func:`complete`.

The vocabulary comes from articles that this audience may read; each suggestion is still verified against
the index before it is shown.
"""

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Final

from analyzers.normalize import normalize
from analyzers.terms import exact_key
from search_service.engines.reads import Fetch, Search
from search_service.model import Audience, Exact, Sort, StoredArticle, View
from search_service.relevance import MAX_COMPLETED
from search_service.service import SearchService, reads_shared
from search_service.state.blocked_words import contains_any
from search_service.suggestions.completion import CompletionIndex
from search_service.suggestions.vocabulary import Entry, Kind, fold


class Group(enum.StrEnum):
    """What a suggestion is good for, in the order of the list."""

    OPEN = "open"  # a 文号, a code or a whole title: one document
    TITLE = "title"
    NAME = "name"  # an office or a person
    PHRASE = "phrase"


# Kinds of each group; titles are in two.
_KINDS: Final[Mapping[Group, Sequence[Kind]]] = {
    Group.OPEN: (Kind.NUMBER, Kind.CODE, Kind.TITLE),
    Group.TITLE: (Kind.TITLE,),
    Group.NAME: (Kind.ISSUER, Kind.AUTHOR),
    Group.PHRASE: (Kind.TERM, Kind.PHRASE, Kind.HEADING),
}
# Suggestions of each group, and all together: people read a list of ten lines. If other groups have few,
# titles and phrases get more.
_SHARES: Final[Mapping[Group, int]] = {
    Group.OPEN: 2,
    Group.TITLE: 3,
    Group.NAME: 2,
    Group.PHRASE: 3,
}
MAX_COMPLETIONS: Final = 10
_MOST_OF_A_GROUP: Final = 5
# Characters of the middle of a 文号; fewer are a year or a number.
_LEAST_OF_A_NUMBER: Final = 5
# The field of a query that finds the articles that are counted.
_FIELDS: Final = {Kind.ISSUER: "发文机关", Kind.AUTHOR: "作者"}


@dataclass(frozen=True)
class Completion:
    """A suggested text, and in how many articles it is what its kind says: a title, a word, the issuer.

    ``view``: the only article with this title, number or code; None if there are several or none.
    """

    text: str
    kind: Kind
    group: Group
    count: int
    view: View | None = None

    @property
    def query(self) -> str:
        """The query that finds these articles."""
        field = _FIELDS.get(self.kind)
        if field is None:
            return self.text
        quoted = self.text.translate(dict.fromkeys(map(ord, '"“”「」『』'), " "))
        return f'{field}:"{quoted}"'


@reads_shared
def complete(service: SearchService, text: str, audience: Audience) -> list[Completion]:
    """At most ten texts that begin with or contain ``text``, by group.

    Pinyin matches, too. Raises the errors of :meth:`.SearchService.reader`.
    """
    reader = service.reader(audience, shared=True)
    blocked = service.store.blocked.words()
    if len(text) > MAX_COMPLETED or not fold(text) or contains_any(text, blocked):
        return []
    index = service.vocabulary(reader).completion
    candidates = {
        group: [
            one for one in _candidates(index, text, group) if not contains_any(one.text, blocked)
        ]
        for group in Group
    }
    # Fetching articles takes most of the time, and the first ones are mostly enough.
    first = [one.article for group in Group for one in candidates[group][:_MOST_OF_A_GROUP]]
    # A number or code beyond those of the vocabulary.
    exact = Search(Exact(exact_key(text)), sort=Sort.DATE, limit=2)
    fetched = Fetch(list(dict.fromkeys(first)))
    answers = reader.read(fetched, exact)
    completions = _valid(candidates, answers[fetched])
    if len(completions) < len(first):
        ids = {entry.article for entries in candidates.values() for entry in entries}
        completions = _valid(candidates, reader.fetch(sorted(ids)))
    if answers[exact].totals.total == 1 and not any(one.group is Group.OPEN for one in completions):
        stored = reader.fetch([hit.id for hit in answers[exact].hits])
        opened = filter(None, [_opened(one.view, text) for one in stored.values()])
        permitted = [one for one in opened if not contains_any(one.text, blocked)]
        completions = [*permitted, *completions][:MAX_COMPLETIONS]
    return completions


def _candidates(index: CompletionIndex, text: str, group: Group) -> Iterator[Entry]:
    """The entries of a group that match, best first, of its kinds in turn.

    Twice as many as are shown, because some may be outdated.
    """
    found = [
        (
            one
            for one in islice(index.find(text, kind), 2 * _MOST_OF_A_GROUP)
            if _fits(one, text, group)
        )
        for kind in _KINDS[group]
    ]
    for entries in zip_longest(*found):
        yield from filter(None, entries)


def _fits(entry: Entry, text: str, group: Group) -> bool:
    typed, folded = fold(text), fold(entry.text)
    if entry.kind is Kind.TITLE:
        return (typed == folded) == (group is Group.OPEN)
    if group is Group.OPEN:
        begins = len(typed) > 1 and folded.startswith(typed)
        return begins or (entry.kind is Kind.NUMBER and len(typed) >= _LEAST_OF_A_NUMBER)
    # The word that was typed is no suggestion.
    return typed != folded or group is Group.NAME


def _shares(found: Mapping[Group, int]) -> dict[Group, int]:
    """How many of the suggestions that were found are shown of each group."""
    shares = {group: min(share, found[group]) for group, share in _SHARES.items()}
    for group in (Group.TITLE, Group.PHRASE):
        free = MAX_COMPLETIONS - sum(shares.values())
        shares[group] += min(free, min(_MOST_OF_A_GROUP, found[group]) - shares[group])
    return shares


def _valid(
    candidates: Mapping[Group, Sequence[Entry]], stored: Mapping[str, StoredArticle]
) -> list[Completion]:
    """The first entries of each group that their article still contains, each text once."""
    seen: set[str] = set()
    valid: dict[Group, list[Completion]] = {}
    for group, entries in candidates.items():
        found = valid[group] = []
        for entry in entries:
            one = stored.get(entry.article)
            if one and fold(entry.text) not in seen and _still_contains(entry, one):
                opens = group in {Group.OPEN, Group.TITLE} and entry.count == 1
                view = one.view if opens else None
                found.append(Completion(entry.text, entry.kind, group, entry.count, view))
                seen.add(fold(entry.text))
    shares = _shares({group: len(found) for group, found in valid.items()})
    return [one for group in Group for one in valid[group][: shares[group]]]


def _still_contains(entry: Entry, stored: StoredArticle) -> bool:
    view = stored.view
    field = {
        Kind.TITLE: view.title,
        Kind.AUTHOR: view.author,
        Kind.NUMBER: view.document_number,
        Kind.CODE: view.code,
    }
    if entry.kind is Kind.ISSUER:
        return entry.text in view.issuers
    if entry.kind in field:
        return field[entry.kind] == entry.text
    whole = f"{view.title}\n{view.text}\n{view.declared}"
    return entry.text in whole or normalize(entry.text) in normalize(whole)


def _opened(view: View, text: str) -> Completion | None:
    """The suggestion of an article by the key that was typed."""
    keys = {
        Kind.NUMBER: view.document_number,
        Kind.CODE: view.code,
        Kind.TITLE: view.title,
    }
    for kind, value in keys.items():
        if value and exact_key(value) == exact_key(text):
            return Completion(value, kind, Group.OPEN, 1, view)
    return None
