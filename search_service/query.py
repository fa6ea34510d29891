"""What a person typed -> what must match and what ranks. Entry point: :func:`parse`. Pure.

A query is chunks, separated by spaces, punctuation and quotes; ``-`` before a chunk excludes it. A chunk
matches an article that holds it literally or holds all its words; a quoted chunk only literally.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from analyzers.language import say
from analyzers.normalize import normalize
from analyzers.terms import HAN, Analyzer, exact_key, is_bigram, phrase
from search_service import relevance
from search_service.errors import BadInput
from search_service.model import (
    All,
    AnyOf,
    AtLeast,
    Bonus,
    Clause,
    Exact,
    Field,
    Not,
    Phrase,
    Term,
    WeightedTerm,
)

# Quotes of every shape, after normalising (which keeps “ ” 「 」 as they are).
_CHUNK = re.compile(
    r'(?P<minus>(?<!\S)-)?(?:["“「『](?P<quoted>[^"”」』]*)["”」』]?|(?P<plain>[^\s,;。!?"“「『、]+))'
)
# The dashes of a subtitle (——在…会上的讲话) become - in normalising; only a typed - excludes.
_DASHES = str.maketrans("—–―", "   ")
# 国办发 〔2024〕 5 号: spaces inside a 文号 do not separate chunks.
_SPACED_NUMBER = re.compile(r"\s*([\[(<{]\s*(?:19|20)\d{2}\s*年?\s*[\])>}])\s*(第?)\s*(\d+)\s*号")
_ONE_HAN = re.compile(f"[{HAN}]")
# The terms of references that name one document.
NAMES = ("wh:", "code:")


@dataclass(frozen=True)
class Chunk:
    """One part of a query, normalised, with its terms."""

    text: str
    literal: bool
    excluded: bool
    words: tuple[str, ...]
    phrase: tuple[str, ...]

    @property
    def names(self) -> bool:
        """Whether it holds a 文号 or a code, which name one document."""
        return any(word.startswith(NAMES) for word in self.words)


@dataclass(frozen=True)
class Query:
    """A parsed query: ``text`` normalised, ``key`` for exact matches, ``title_only`` for ``in=title``."""

    text: str
    key: str
    chunks: tuple[Chunk, ...]
    title_only: bool = False

    @property
    def wanted(self) -> tuple[Chunk, ...]:
        """The chunks that must match."""
        return tuple(chunk for chunk in self.chunks if not chunk.excluded)

    @property
    def excluded(self) -> tuple[Chunk, ...]:
        """The chunks that must not."""
        return tuple(chunk for chunk in self.chunks if chunk.excluded)

    @property
    def words(self) -> tuple[str, ...]:
        """The distinct words of the wanted chunks, in order."""
        return tuple(dict.fromkeys(word for chunk in self.wanted for word in chunk.words))

    @property
    def literals(self) -> tuple[str, ...]:
        """The normalised texts of the wanted chunks, for highlighting."""
        return tuple(chunk.text for chunk in self.wanted)

    @property
    def meaning(self) -> str:
        """The text whose meaning is asked for; empty where letters are asked for and not a meaning.

        Quotes, 文号, codes and bare letters and digits name something: what is merely near to them is
        not what was asked for.
        """
        text = " ".join(chunk.text for chunk in self.wanted if not (chunk.literal or chunk.names))
        return text if _ONE_HAN.search(text) else ""


def parse(text: str, analyzer: Analyzer, *, title_only: bool = False) -> Query:
    """Parse what a person typed. Never fails on syntax; raises ``BadInput`` for more than 200 characters."""
    if len(text) > relevance.MAX_QUERY:
        raise BadInput(
            say(
                f"查询有 {len(text)} 个字，最多 {relevance.MAX_QUERY} 个；整段文字请用“找段落”",
                f"the query has {len(text)} characters, at most {relevance.MAX_QUERY};"
                " for a whole draft use precedents",
            ),
            faults={"q": say("太长", "too long")},
        )
    normalised = _SPACED_NUMBER.sub(r"\1\2\3号", normalize(text.translate(_DASHES))).strip()
    chunks = []
    for match in _CHUNK.finditer(normalised):
        literal = match["quoted"] is not None
        piece = (match["quoted"] if literal else match["plain"]).strip()
        words = tuple(token.term for token in analyzer.query_words(piece))
        chunk = Chunk(piece, literal, match["minus"] is not None, words, phrase(piece))
        if chunk.words or chunk.phrase or _ONE_HAN.fullmatch(piece):
            chunks.append(chunk)
    return Query(normalised, exact_key(text), tuple(chunks), title_only)


def _literally(chunk: Chunk, *, title_only: bool) -> Clause:
    if not chunk.phrase:  # a single Han character, looked for in titles only
        return Term(Field.TITLE_CHARACTERS, chunk.text)
    fields = (Field.TITLE_BIGRAMS,) if title_only else (Field.TITLE_BIGRAMS, Field.BODY_BIGRAMS)
    return AnyOf(tuple(_run(field, chunk.phrase) for field in fields))


def _run(field: Field, terms: tuple[str, ...]) -> Clause:
    return Term(field, terms[0]) if len(terms) == 1 else Phrase(field, terms)


def _word(word: str, *, title_only: bool) -> Clause:
    title = Term(Field.TITLE_WORDS, word)
    return title if title_only else AnyOf((title, Term(Field.BODY_WORDS, word)))


def _chunk(chunk: Chunk, *, title_only: bool) -> Clause:
    literally = _literally(chunk, title_only=title_only)
    if chunk.literal or not chunk.words:
        return literally
    words = All(tuple(_word(word, title_only=title_only) for word in chunk.words))
    if chunk.names:  # a code stands in no text: it is a key of its article
        return AnyOf((literally, words, Exact(exact_key(chunk.text))))
    return AnyOf((literally, words))


def excluding(query: Query, clause: Clause) -> Clause:
    """The clause, less what the query excludes."""
    unwanted = tuple(Not(_chunk(chunk, title_only=query.title_only)) for chunk in query.excluded)
    return All((clause, *unwanted)) if unwanted else clause


def strict(query: Query) -> Clause:
    """All chunks must match."""
    return excluding(
        query, All(tuple(_chunk(chunk, title_only=query.title_only) for chunk in query.wanted))
    )


def relaxed(query: Query, frequencies: Mapping[str, int], articles: int) -> Clause:
    """A calibrated share of the query's idf must match; a quoted chunk counts as one word.

    ``frequencies``: in how many of the ``articles`` each word stands. A word that stands in none weighs
    as the rarest: a query of unknown words matches nothing.
    """
    clauses = [
        (_word(word, title_only=query.title_only), frequencies.get(word, 0)) for word in query.words
    ]
    if len(clauses) <= 1:
        return AnyOf(())
    idfs = [idf(count, articles) for _, count in clauses]
    top = max(idfs) or 1.0
    weights = [max(1, round(relevance.IDF_STEPS * value / top)) for value in idfs]
    share = max(relevance.RELAXED_LEAST, relevance.RELAXED_WORDS / len(weights))
    share = min(relevance.RELAXED_MOST, share)
    minimum = math.ceil(share * sum(weights))
    weighted = tuple((clause, weight) for (clause, _), weight in zip(clauses, weights, strict=True))
    return excluding(query, AtLeast(weighted, minimum))


def idf(frequency: int, articles: int) -> float:
    """Lucene's inverse document frequency, ``ln(1 + (N - n + 0.5) / (n + 0.5))``, never negative."""
    return math.log((max(articles, frequency) + 1) / (frequency + 0.5))


def rank(query: Query) -> list[WeightedTerm | Bonus]:
    """What orders the matches: words, bigrams below them, and a bonus for literal chunks."""
    terms: list[WeightedTerm | Bonus] = []
    for word in query.words:
        terms.append(WeightedTerm(Field.TITLE_WORDS, word, relevance.TITLE_WORDS))
        if not query.title_only:
            terms.append(WeightedTerm(Field.BODY_WORDS, word, relevance.BODY_WORDS))
    pairs = dict.fromkeys(
        term for chunk in query.wanted for term in chunk.phrase if is_bigram(term)
    )
    for pair in pairs:
        terms.append(WeightedTerm(Field.TITLE_BIGRAMS, pair, relevance.TITLE_BIGRAMS))
        if not query.title_only:
            terms.append(WeightedTerm(Field.BODY_BIGRAMS, pair, relevance.BODY_BIGRAMS))
    for chunk in query.wanted:
        if chunk.phrase:
            terms.append(Bonus(_run(Field.TITLE_BIGRAMS, chunk.phrase), relevance.LITERAL_TITLE))
            if not query.title_only:
                terms.append(Bonus(_run(Field.BODY_BIGRAMS, chunk.phrase), relevance.LITERAL_BODY))
    return terms
