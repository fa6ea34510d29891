"""A chunk of a query -> the clauses by which articles match it. Pure.

Entry point: :func:`chunk_clause`. A chunk matches an article that contains it literally, or contains all its
words or synonyms of them, or has it in its metadata (author, issuer, kind, category, 文号); a quoted chunk
matches literally only.
"""

from analyzers import references
from analyzers.terms import characters, exact_key, phrase
from search_service.model import (
    All,
    AnyOf,
    Clause,
    Exact,
    Field,
    Filters,
    PassesFilters,
    Phrase,
    Term,
)
from search_service.query.parsed import Chunk, SynonymGroup


def text_clause(text: str, terms: tuple[str, ...], *, title_only: bool) -> Clause:
    """The articles that contain a text with these bigrams; of a single character, which has none, itself."""
    if not terms:  # a single Han character
        field = Field.TITLE_CHARACTERS if title_only else Field.CHARACTERS
        return AnyOf(tuple(Term(field, one) for one in characters(text)))
    return phrase_clause(terms, title_only=title_only)


def literal_clause(chunk: Chunk, *, title_only: bool) -> Clause:
    """The articles that contain a chunk as typed."""
    return text_clause(chunk.text, chunk.phrase, title_only=title_only)


def phrase_clause(terms: tuple[str, ...], *, title_only: bool) -> Clause:
    """The articles that contain these bigrams next to each other."""
    return adjacent(Field.TITLE_BIGRAMS if title_only else Field.BIGRAMS, terms)


def adjacent(field: Field, terms: tuple[str, ...]) -> Clause:
    """The articles whose field contains the terms next to each other."""
    return Term(field, terms[0]) if len(terms) == 1 else Phrase(field, terms)


def word_clause(word: str, *, title_only: bool) -> Clause:
    """The articles that contain the word."""
    return Term(Field.TITLE_WORDS if title_only else Field.WORDS, word)


def synonym_clauses(one: SynonymGroup, *, title_only: bool) -> tuple[Clause, ...]:
    """The words themselves as a phrase, then each synonym."""
    texts = (one.text, *one.synonyms)
    return tuple(text_clause(text, phrase(text), title_only=title_only) for text in texts)


def chunk_clause(chunk: Chunk, *, title_only: bool) -> Clause:
    """The articles that match a chunk: as typed, by all its words or synonyms, or by metadata."""
    title_only = title_only or chunk.title_only
    literally = literal_clause(chunk, title_only=title_only)
    metadata = metadata_clauses(chunk, title_only=title_only)
    if chunk.is_number:
        return any_of((literally, *_as_usual(chunk, title_only=title_only), *metadata))
    if chunk.literal or not chunk.words:
        return any_of((literally, *metadata))
    others = list(chunk.words)
    for one in chunk.synonyms:
        for word in one.words:
            others.remove(word)
    parts = [word_clause(word, title_only=title_only) for word in others]
    for one in chunk.synonyms:
        itself = All(tuple(word_clause(word, title_only=title_only) for word in one.words))
        parts.append(AnyOf((itself, *synonym_clauses(one, title_only=title_only))))
    words = All(tuple(parts))
    if not title_only:
        metadata += tuple(map(_all_keys, chunk.synonymous_keys))
    if chunk.has_identifier and not chunk.title_only:  # a code is a key, and in no text
        metadata += (Exact(exact_key(chunk.text)),)
    return AnyOf((literally, words, *metadata))


def any_of(clauses: tuple[Clause, ...]) -> Clause:
    """What matches at least one clause; one clause is itself."""
    return clauses[0] if len(clauses) == 1 else AnyOf(clauses)


def _as_usual(chunk: Chunk, *, title_only: bool) -> tuple[Clause, ...]:
    """What cites a 文号 in its usual form, in whatever form it was typed, in digits or numerals."""
    number = chunk.number
    if number is None or not number.organ:
        return ()
    forms = [chunk.text, number.text]
    if number.serial and (numeral := references.numeral(number.serial)):
        pair = (f"第{number.serial}号", f"第{numeral}号")
        for old, new in (pair, pair[::-1]):
            forms += [form.replace(old, new) for form in forms]
    others = dict.fromkeys(phrase(form) for form in forms if form != chunk.text)
    return tuple(phrase_clause(terms, title_only=title_only) for terms in others)


def metadata_clauses(chunk: Chunk, *, title_only: bool) -> tuple[Clause, ...]:
    """The articles that have the chunk in their metadata; of titles alone, only as their 文号."""
    if title_only and chunk.number is None:
        return ()
    dated = (
        (PassesFilters(Filters(date_from=chunk.date, date_to=chunk.date)),) if chunk.date else ()
    )
    return (*map(_all_keys, chunk.keys), *dated)


def _all_keys(keys: tuple[str, ...]) -> Clause:
    return Exact(keys[0]) if len(keys) == 1 else All(tuple(map(Exact, keys)))
