"""Which metadata of an article a query names. Entry points: :func:`matched_fields`, :func:`declared_fields`.

Pure.
"""

from typing import NamedTuple

from analyzers import document_numbers, names
from analyzers.normalize import normalize
from search_service.answers.snippets import marks, snippet
from search_service.model import View
from search_service.query.parsed import Query


class MatchedField(NamedTuple):
    """A field of an article, and its value; of a long one a piece."""

    field: str
    value: str


def matched_fields(view: View, query: Query) -> tuple[MatchedField, ...]:
    """The fields whose value a part of the query is, in their order; none for a search in titles only."""
    alternatives = {
        keys
        for chunk in query.included
        if not (query.title_only and chunk.number is None)
        for keys in (*chunk.keys, *chunk.synonymous_keys)
    }
    if not alternatives:
        return ()
    values = {name: value for name in names.FIELDS if (value := getattr(view, name))}
    own = {name: set(names.index_keys(name, value)) for name, value in values.items()}
    if view.document_number:
        number = normalize(view.document_number)
        own["document_number"].update(document_numbers.index_keys(number))
    present = set().union(*own.values())
    named = {key for keys in alternatives if present.issuperset(keys) for key in keys}
    return tuple(
        MatchedField(name, values[name]) for name, keys in own.items() if not keys.isdisjoint(named)
    )


def declared_fields(view: View, query: Query) -> tuple[MatchedField, ...]:
    """The first piece of each declared field that contains something of the query (:attr:`View.declared`)."""
    if query.title_only:
        return ()
    pieces = {
        "summary": filter(None, [view.summary]),
        "keywords": view.keywords,
        "outline": view.outline,
        "attachments": [one.name for one in view.attachments],
    }
    found = (
        (name, piece, spans)
        for name, values in pieces.items()
        for piece in values
        if (spans := marks(piece, query.highlight_terms, query.words))
    )
    first: dict[str, str] = {}
    for name, piece, spans in found:
        first.setdefault(name, snippet(piece, spans).text)
    return tuple(MatchedField(*one) for one in first.items())
