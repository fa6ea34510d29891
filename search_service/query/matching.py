"""A query -> the clauses that must match. Pure.

Entry points: :func:`strict`, :func:`relaxed`, :func:`relaxed_by_bigrams`, :func:`restricted`,
:func:`exact`, :func:`literal`, :func:`as_typed`.

What matches a chunk of it: :mod:`search_service.query.clauses`.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from analyzers.document_numbers import query_keys
from analyzers.terms import exact_key, phrase
from search_service import relevance
from search_service.model import (
    All,
    AnyOf,
    AtLeast,
    Clause,
    Everything,
    Exact,
    Field,
    Not,
    Term,
)
from search_service.query.clauses import (
    any_of,
    chunk_clause,
    literal_clause,
    metadata_clauses,
    phrase_clause,
    synonym_clauses,
    word_clause,
)
from search_service.query.parsed import Chunk, MetadataCondition, Node, Query
from search_service.query.syntax import AndNode, NotNode, OrNode


def exact(query: Query) -> tuple[Clause, ...]:
    """What identifies the articles that come first whatever else the query says, in this order.

    Those whose id, code, 文号 or title equals the query; those of a 文号 in it, first the ones that match the
    whole query; those whose title equals the text beside a 文号, as in a citation.
    """
    clauses: list[Clause] = [Exact(query.key)] if query.key else []
    numbers = [one for one in query.included if one.names_document]
    others = [one for one in query.included if one not in numbers]
    if not numbers and not others[1:]:  # the beginning of a 文号
        numbers, others = [one for one in others if one.is_number], []
    if numbers:
        keys = (key for one in numbers if one.number for key in query_keys(one.number))
        by_number = AnyOf(tuple(map(Exact, dict.fromkeys(keys))))
        clauses += [All((strict(query), by_number)), by_number] if others else [by_number]
        if title := exact_key(" ".join(one.text for one in others if not one.title_only)):
            clauses.append(Exact(title))
    return tuple(restricted(query, clause) for clause in clauses)


def _node_clause(node: Node, *, title_only: bool, required_only: bool = False) -> Clause:
    """The clause for a node. ``required_only``: chunks that results need not match become ``Everything``."""
    match node:
        case MetadataCondition(clause):
            return clause
        case Chunk():
            if required_only and not node.required:
                return Everything()
            return chunk_clause(node, title_only=title_only)
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
    whole = literal_clause(chunk, title_only=title_only)
    metadata = metadata_clauses(chunk, title_only=title_only)
    terms = [phrase(term) for term in coined if term in chunk.text]
    by_terms = tuple(phrase_clause(term, title_only=title_only) for term in terms)
    return any_of((whole, *([All(by_terms)] if by_terms else []), *metadata))


def strict(query: Query) -> Clause:
    """All chunks must match; of an OR those of one side."""
    return _node_clause(query.tree, title_only=query.title_only)


def relaxed(
    query: Query,
    frequencies: Mapping[str, int],
    articles: int,
    *,
    lenient: bool = False,
    tail: int | None = None,
    at_least: float = 0.0,
) -> Clause:
    """A share of the query's idf must match. Required chunks still must; with OR nothing is relaxed.

    ``frequencies``: word -> how many of the ``articles`` contain it. An unknown word has the highest idf, so
    a query of unknown words matches nothing. ``lenient``: the smaller share for questions, to be used if
    some article reaches the normal one. ``tail``: the share is raised as long as this many articles would
    match if words occurred independently of one another; they do not, so a few times as many match.
    ``at_least``: a lower bound of the share.
    """
    if query.has_or:
        return AnyOf(())
    alternatives: dict[str, tuple[Clause, int]] = {}  # with how many articles may have it
    for chunk in query.included:
        if chunk.required or chunk.is_surely_number:
            continue
        for word in chunk.words:
            itself = word_clause(word, title_only=query.title_only)
            alternatives.setdefault(word, (itself, frequencies.get(word, 0)))
        for one in chunk.synonyms:
            others = synonym_clauses(one, title_only=query.title_only)
            # At most so many articles contain a synonym: 跑腿 tells no more than 办理.
            most = max(
                min((frequencies.get(term, 0) for term in terms), default=0)
                for terms in (one.words, *one.terms)
            )
            for word in one.words:
                itself = word_clause(word, title_only=query.title_only)
                alternatives[word] = AnyOf((itself, *others)), most
    clauses = list(alternatives.values())
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
    share = max(at_least, min(relevance.RELAXED_MAX_SHARE, share))
    minimum = math.ceil(share * sum(weights))
    if query.is_question and not lenient:
        minimum = max(
            minimum, max(weights) + 1
        )  # two words: a single one occurs somewhere by chance
    if tail is not None:
        shares = [count / articles if articles else 0.0 for _, count in clauses]
        minimum = max(minimum, _minimum_for(tail / max(articles, 1), weights, shares))
    weighted = tuple((clause, weight) for (clause, _), weight in zip(clauses, weights, strict=True))
    return restricted(query, AtLeast(weighted, minimum))


def _minimum_for(share: float, weights: Sequence[int], shares: Sequence[float]) -> int:
    """The largest sum of weights that this share of the articles reaches.

    ``shares``: of the articles, the share that contains each word, independently of the others.
    """
    # By the sum of weights, the share of the articles that have exactly this sum.
    distribution = np.ones(1)
    for weight, occurs in zip(weights, shares, strict=True):
        longer = np.zeros(len(distribution) + weight)
        longer[: len(distribution)] = (1 - occurs) * distribution
        longer[weight:] += occurs * distribution
        distribution = longer
    reached = distribution[::-1].cumsum()[::-1]
    return int(np.flatnonzero(reached >= min(share, 1.0) - 1e-9)[-1])


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
        if not (chunk.required or chunk.is_surely_number)
        and not all(frequencies.get(word) for word in chunk.words)
    ]
    clauses = [
        chunk_clause(one, title_only=query.title_only)
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


def idf(frequency: int, articles: int) -> float:
    """Lucene's inverse document frequency, ``ln(1 + (N - n + 0.5) / (n + 0.5))``, never negative."""
    return math.log((max(articles, frequency) + 1) / (frequency + 0.5))
