"""A query -> the clauses that must match and the terms that rank. Pure.

Entry points: :func:`strict`, :func:`relaxed`, :func:`relaxed_by_bigrams`, :func:`restricted`,
:func:`literal`, :func:`rank`, :func:`is_gibberish`.

A chunk matches an article that contains it literally, or contains all its words or synonyms of them; a
quoted chunk matches literally only.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from analyzers.terms import characters, exact_key, is_bigram, phrase
from search_service import relevance
from search_service.model import (
    All,
    AnyOf,
    AtLeast,
    Bonus,
    Clause,
    Everything,
    Exact,
    Field,
    Not,
    Phrase,
    Term,
    WeightedTerm,
)
from search_service.query.parsing import Chunk, MetadataCondition, Node, Query, SynonymGroup
from search_service.query.syntax import AndNode, NotNode, OrNode


def _literal_clause(chunk: Chunk, *, title_only: bool) -> Clause:
    if not chunk.phrase:  # a single Han character, looked for in titles only
        return Term(Field.TITLE_CHARACTERS, chunk.text)
    return _phrase_clause(chunk.phrase, title_only=title_only)


def _phrase_clause(terms: tuple[str, ...], *, title_only: bool) -> Clause:
    return _adjacent(Field.TITLE_BIGRAMS if title_only else Field.BIGRAMS, terms)


def _adjacent(field: Field, terms: tuple[str, ...]) -> Clause:
    return Term(field, terms[0]) if len(terms) == 1 else Phrase(field, terms)


def _word_clause(word: str, *, title_only: bool) -> Clause:
    return Term(Field.TITLE_WORDS if title_only else Field.WORDS, word)


def _synonym_clauses(one: SynonymGroup, *, title_only: bool) -> tuple[Clause, ...]:
    return tuple(_phrase_clause(terms, title_only=title_only) for terms in one.phrases)


def _chunk_clause(chunk: Chunk, *, title_only: bool) -> Clause:
    title_only = title_only or chunk.title_only
    literally = _literal_clause(chunk, title_only=title_only)
    if chunk.literal or not chunk.words:
        return literally
    others = list(chunk.words)
    for one in chunk.synonyms:
        for word in one.words:
            others.remove(word)
    parts = [_word_clause(word, title_only=title_only) for word in others]
    for one in chunk.synonyms:
        itself = All(tuple(_word_clause(word, title_only=title_only) for word in one.words))
        parts.append(AnyOf((itself, *_synonym_clauses(one, title_only=title_only))))
    words = All(tuple(parts))
    if chunk.has_identifier and not chunk.title_only:  # a code is a key, and in no text
        return AnyOf((literally, words, Exact(exact_key(chunk.text))))
    return AnyOf((literally, words))


def _node_clause(node: Node, *, title_only: bool, required_only: bool = False) -> Clause:
    """The clause for a node. ``required_only``: chunks that results need not match become ``Everything``."""
    match node:
        case MetadataCondition(clause):
            return clause
        case Chunk():
            if required_only and not node.required:
                return Everything()
            return _chunk_clause(node, title_only=title_only)
        case NotNode(part):
            return Not(_node_clause(part, title_only=title_only))
        case AndNode(parts):
            clauses = [
                _node_clause(part, title_only=title_only, required_only=required_only)
                for part in parts
            ]
            narrowing = tuple(clause for clause in clauses if clause != Everything())
            return Everything() if required_only and not narrowing else All(narrowing)
        case OrNode(parts):
            either = tuple(
                _node_clause(part, title_only=title_only, required_only=required_only)
                for part in parts
            )
            return Everything() if Everything() in either else AnyOf(either)


def restricted(query: Query, clause: Clause) -> Clause:
    """The clause, combined with the query's requirements for every result: fields, quotes, exclusions."""
    restriction = _node_clause(query.tree, title_only=query.title_only, required_only=True)
    return clause if restriction == Everything() else All((clause, restriction))


def literal(query: Query) -> Clause:
    """The articles that contain every included chunk as typed, or its coined terms."""

    def as_typed_in(node: Node) -> Clause:
        match node:
            case Chunk():
                return as_typed(node, query.coined, title_only=query.title_only)
            case AndNode(parts):
                return All(tuple(as_typed_in(part) for part in parts))
            case OrNode(parts):
                return AnyOf(tuple(as_typed_in(part) for part in parts))
        return Everything()

    return as_typed_in(query.tree)


def as_typed(chunk: Chunk, coined: Sequence[str] = (), *, title_only: bool = False) -> Clause:
    """The articles that contain a chunk as typed, or all coined terms in it."""
    title_only = title_only or chunk.title_only
    whole = _literal_clause(chunk, title_only=title_only)
    terms = [phrase(term) for term in coined if term in chunk.text]
    by_terms = tuple(_phrase_clause(term, title_only=title_only) for term in terms)
    return AnyOf((whole, All(by_terms))) if by_terms else whole


def strict(query: Query) -> Clause:
    """All chunks must match; of an OR those of one side."""
    return _node_clause(query.tree, title_only=query.title_only)


def relaxed(
    query: Query, frequencies: Mapping[str, int], articles: int, *, lenient: bool = False
) -> Clause:
    """A share of the query's idf must match. Required chunks still must; with OR nothing is relaxed.

    ``frequencies``: word -> how many of the ``articles`` contain it. An unknown word has the highest idf, so
    a query of unknown words matches nothing. ``lenient``: the smaller share for questions, to be used if
    some article reaches the normal one.
    """
    if query.has_or:
        return AnyOf(())
    alternatives: dict[str, Clause] = {}
    for chunk in query.included:
        if chunk.required:
            continue
        for word in chunk.words:
            alternatives.setdefault(word, _word_clause(word, title_only=query.title_only))
        for one in chunk.synonyms:
            for word in one.words:
                exact = _word_clause(word, title_only=query.title_only)
                alternatives[word] = AnyOf(
                    (exact, *_synonym_clauses(one, title_only=query.title_only))
                )
    clauses = [(clause, frequencies.get(word, 0)) for word, clause in alternatives.items()]
    if len(clauses) <= 1:
        return AnyOf(())
    idfs = [idf(count, articles) for _, count in clauses]
    top = max(idfs) or 1.0
    weights = [max(1, round(relevance.IDF_STEPS * value / top)) for value in idfs]
    if lenient:
        share = relevance.QUESTION_LENIENT_WORDS / len(weights)
    elif query.is_question:
        share = relevance.QUESTION_WORDS / len(weights)
    else:
        share = max(relevance.RELAXED_MIN_SHARE, relevance.RELAXED_WORDS / len(weights))
    share = min(relevance.RELAXED_MAX_SHARE, share)
    minimum = math.ceil(share * sum(weights))
    if query.is_question and not lenient:
        minimum = max(
            minimum, max(weights) + 1
        )  # two words: a single one occurs somewhere by chance
    weighted = tuple((clause, weight) for (clause, _), weight in zip(clauses, weights, strict=True))
    return restricted(query, AtLeast(weighted, minimum))


def relaxed_by_bigrams(
    query: Query, frequencies: Mapping[str, int], bigrams: Mapping[str, int]
) -> Clause:
    """Match chunks with unknown words by those of their bigrams that occur in the index.

    The dictionary lacks 六稳六保 and splits it into 六|稳六保; texts contain “六稳”“六保”. Two thirds of the
    bigrams must occur, which rules out nonsense; otherwise nothing matches. ``frequencies`` and
    ``bigrams``: term -> number of articles.
    """
    if query.has_or or query.is_question:
        return AnyOf(())
    unknown = [
        chunk
        for chunk in query.included
        if not chunk.required and not all(frequencies.get(word) for word in chunk.words)
    ]
    clauses = [
        _chunk_clause(one, title_only=query.title_only)
        for one in query.included
        if one not in unknown
    ]
    for chunk in unknown:
        title_only = query.title_only or chunk.title_only
        field = Field.TITLE_BIGRAMS if title_only else Field.BIGRAMS
        indexed = tuple(Term(field, term) for term in chunk.phrase if bigrams.get(term))
        if not indexed or 3 * len(indexed) < 2 * len(chunk.phrase):
            return AnyOf(())
        clauses.append(All(indexed))
    return restricted(query, All(tuple(clauses))) if unknown else AnyOf(())


def is_gibberish(query: Query, frequencies: Mapping[str, int]) -> bool:
    """Whether most words are single characters or in no article, which is how nonsense is segmented.

    Never for conversational queries, nor for fewer than ``GIBBERISH_MIN_WORDS`` words.
    """
    if query.is_conversational or len(query.words) < relevance.GIBBERISH_MIN_WORDS:
        return False
    odd = sum(len(word) == 1 or not frequencies.get(word) for word in query.words)
    return 2 * odd > len(query.words)


def idf(frequency: int, articles: int) -> float:
    """Lucene's inverse document frequency, ``ln(1 + (N - n + 0.5) / (n + 0.5))``, never negative."""
    return math.log((max(articles, frequency) + 1) / (frequency + 0.5))


def rank(query: Query) -> list[WeightedTerm | Bonus]:
    """The ranking terms: words, bigrams and characters, and bonuses for literal chunks and synonyms.

    A word that occurs twice in the query counts twice.
    """
    return [*_weighted(query), *_literal_bonuses(query), *_synonym_bonuses(query)]


def rank_parts(query: Query) -> dict[str, list[WeightedTerm | Bonus]]:
    """The terms of :func:`rank` by word, or under ``bigrams``, ``characters``, ``literal``, ``synonyms``."""
    parts: dict[str, list[WeightedTerm | Bonus]] = {}
    names = {Field.BIGRAMS: "bigrams", Field.TITLE_BIGRAMS: "bigrams"}
    names[Field.CHARACTERS] = "characters"
    for term in _weighted(query):
        parts.setdefault(names.get(term.field, term.value), []).append(term)
    for name, bonuses in (
        ("literal", _literal_bonuses(query)),
        ("synonyms", _synonym_bonuses(query)),
    ):
        if bonuses:
            parts[name] = list(bonuses)
    return parts


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
            phrase_clause = _literal_clause(chunk, title_only=query.title_only or chunk.title_only)
            literal = (
                relevance.LITERAL_CLAUSE if has_clauses and not chunk.literal else relevance.LITERAL
            )
            bonuses.append(Bonus(phrase_clause, literal))
            title = _adjacent(Field.TITLE_BIGRAMS, chunk.phrase)
            bonuses.append(Bonus(title, relevance.LITERAL_TITLE))
    for term in query.coined:
        phrase_clause = _phrase_clause(phrase(term), title_only=query.title_only)
        bonuses.append(Bonus(phrase_clause, relevance.LITERAL))
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
                itself, *others = (_adjacent(field, run) for run in one.phrases)
                bonuses.append(Bonus(All((AnyOf(tuple(others)), Not(itself))), synonym))
    return bonuses


def _full_text_chunks(query: Query) -> list[Chunk]:
    """The included chunks that are not limited to titles."""
    return [one for one in query.included if not (query.title_only or one.title_only)]


def _words(chunk: Chunk) -> Iterable[str]:
    return chunk.words


def _bigrams(chunk: Chunk) -> Iterable[str]:
    return filter(is_bigram, chunk.phrase)


def _characters(chunk: Chunk) -> Iterable[str]:
    return characters(chunk.text)
