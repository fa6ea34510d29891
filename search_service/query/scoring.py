"""A query -> the terms and bonuses that rank what matches it. Pure.

Entry points: :func:`rank`, and :func:`rank_parts`, the same by what they are for.
"""

from collections import Counter
from collections.abc import Iterable

from analyzers.terms import characters, is_bigram, phrase
from search_service import relevance
from search_service.model import (
    All,
    AnyOf,
    Bonus,
    Field,
    Not,
    WeightedTerm,
)
from search_service.query import directions, subjects
from search_service.query.clauses import (
    adjacent,
    any_of,
    literal_clause,
    metadata_clauses,
    phrase_clause,
    synonym_clauses,
    word_clause,
)
from search_service.query.parsed import Chunk, Query, synonym_words


def rank(query: Query) -> list[WeightedTerm | Bonus]:
    """The ranking terms: words, bigrams and characters, and bonuses for literal chunks and synonyms.

    A word that occurs twice in the query counts twice.
    """
    return [
        *_weighted(query),
        *_literal_bonuses(query),
        *_synonym_terms(query),
        *_synonym_bonuses(query),
        *_subject_bonuses(query),
    ]


def rank_parts(query: Query) -> dict[str, list[WeightedTerm | Bonus]]:
    """The terms of :func:`rank` by word, or under ``bigrams``, ``characters``, ``literal``, ``synonyms``."""
    parts: dict[str, list[WeightedTerm | Bonus]] = {}
    names = {Field.BIGRAMS: "bigrams", Field.TITLE_BIGRAMS: "bigrams"}
    names[Field.CHARACTERS] = "characters"
    for term in _weighted(query):
        parts.setdefault(names.get(term.field, term.value), []).append(term)
    parts["literal"] = [*_literal_bonuses(query)]
    parts["synonyms"] = [*_synonym_terms(query), *_synonym_bonuses(query)]
    parts["subjects"] = [*_subject_bonuses(query)]
    return {name: terms for name, terms in parts.items() if terms}


def _weighted(query: Query) -> list[WeightedTerm]:
    anywhere = _full_text_chunks(query)
    terms: list[WeightedTerm] = []
    for field, weight, chunks, terms_of in (
        (Field.WORDS, relevance.WORDS, anywhere, _words),
        (Field.BIGRAMS, relevance.BIGRAMS, anywhere, _bigrams),
        (Field.CHARACTERS, relevance.CHARACTERS, anywhere, _characters),
        (Field.TITLE_WORDS, relevance.TITLE_WORDS, query.included, _words),
        (Field.TITLE_BIGRAMS, relevance.TITLE_BIGRAMS, query.included, _bigrams),
    ):
        counts = Counter(term for chunk in chunks for term in terms_of(chunk))
        terms += [WeightedTerm(field, term, weight * count) for term, count in counts.items()]
    return terms


def _literal_bonuses(query: Query) -> list[Bonus]:
    # A clause of a question is no coined term.
    has_clauses = query.is_question and len(query.included) > 1
    bonuses = []
    for chunk in query.included:
        if chunk.phrase:
            title_only = query.title_only or chunk.title_only
            contains = literal_clause(chunk, title_only=title_only)
            if chunk.is_reference:  # 3.5% is 百分之三点五
                by_word = word_clause(chunk.words[0], title_only=title_only)
                contains = AnyOf((contains, by_word))
            literal = (
                relevance.LITERAL_CLAUSE if has_clauses and not chunk.literal else relevance.LITERAL
            )
            metadata = metadata_clauses(chunk, title_only=query.title_only)
            bonuses.append(Bonus(any_of((contains, *metadata)), literal))
            if metadata:
                bonuses.append(Bonus(any_of(metadata), relevance.METADATA))
            title = adjacent(Field.TITLE_BIGRAMS, chunk.phrase)
            bonuses.append(Bonus(title, relevance.LITERAL_TITLE))
        else:
            in_title = literal_clause(chunk, title_only=True)
            bonuses.append(Bonus(in_title, relevance.LITERAL_TITLE))
    for term in query.coined:
        contains = phrase_clause(phrase(term), title_only=query.title_only)
        bonuses.append(Bonus(contains, relevance.LITERAL))
    return bonuses


def _synonym_bonuses(query: Query) -> list[Bonus]:
    bonuses = []
    for field, chunks, synonym in (
        (Field.TITLE_BIGRAMS, query.included, relevance.SYNONYM_TITLE),
        (Field.BIGRAMS, _full_text_chunks(query), relevance.SYNONYM_TEXT),
    ):
        for chunk in chunks:
            for one in chunk.synonyms:
                # If the words themselves occur, they score already: 人民法院 is no second 法院.
                itself, *others = synonym_clauses(one, title_only=field is Field.TITLE_BIGRAMS)
                bonuses.append(Bonus(All((AnyOf(tuple(others)), Not(itself))), synonym))
    return bonuses


def _subject_bonuses(query: Query) -> list[Bonus]:
    """Of articles that are not of another year or place than the query, nor of the opposite direction."""
    others = subjects.not_other(subjects.of_query(query))
    opposites = (one for chunk in query.included for one in directions.not_opposite(chunk.text))
    return [
        *(Bonus(clause, relevance.SUBJECT) for clause in others),
        *(Bonus(clause, relevance.DIRECTION) for clause in opposites),
    ]


def _full_text_chunks(query: Query) -> list[Chunk]:
    """The included chunks that are not limited to titles."""
    return [one for one in query.included if not (query.title_only or one.title_only)]


def _words(chunk: Chunk) -> Iterable[str]:
    return chunk.words


def _bigrams(chunk: Chunk) -> Iterable[str]:
    return filter(is_bigram, chunk.phrase)


def _characters(chunk: Chunk) -> Iterable[str]:
    return characters(chunk.text)


def _synonym_terms(query: Query) -> list[WeightedTerm]:
    """The words of synonyms that are not in the query."""
    words = synonym_words(_full_text_chunks(query), query.words)
    return [WeightedTerm(Field.WORDS, word, relevance.SYNONYM_WORDS) for word in words]
