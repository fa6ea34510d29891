"""A parsed query: a tree of chunks, with their terms, and metadata conditions. Entry point: :class:`Query`.

Made by :func:`search_service.query.parsing.parse`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from analyzers.document_numbers import DocumentNumber
from analyzers.folding import HAN
from search_service import relevance
from search_service.model import AnyOf, Filters, PassesFilters
from search_service.query.syntax import AndNode, Hint, NotNode, OrNode

ONE_HAN = re.compile(f"[{HAN}]")
# Interrogatives and personal pronouns. Few single characters: random text contains any of them at times.
_CONVERSATIONAL = re.compile(
    r"怎[么样能]|如何|什么|为何|是否|多[少久长]|(.)[不没]\1|[谁吗哪咋啥我你没想了]"
)
# Prefixes of terms that identify one document.
IDENTIFIER_PREFIXES = ("wh:", "code:")


@dataclass(frozen=True)
class SynonymGroup:
    """Consecutive words of a chunk (``text``, ``words``) that have ``synonyms``; ``terms``: words of each."""

    text: str
    words: tuple[str, ...]
    synonyms: tuple[str, ...]
    terms: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Chunk:
    """One part of a query, normalised, with its words and its ``phrase`` (bigrams).

    ``literal``: quoted. ``title_only``: of the field ``title:``. ``required``: every result must match it,
    semantic hits too. ``number``: a 文号 that it is, or may be, whole or in part. ``keys``: the alternatives
    by which it matches metadata, each the keys (:class:`.Record`) that an article must have;
    ``synonymous_keys``: the same with synonyms in place of its words. ``date``: the day that it is.
    """

    text: str
    literal: bool
    excluded: bool
    words: tuple[str, ...]
    phrase: tuple[str, ...]
    title_only: bool = False
    required: bool = False
    synonyms: tuple[SynonymGroup, ...] = ()
    number: DocumentNumber | None = None
    keys: tuple[tuple[str, ...], ...] = ()
    synonymous_keys: tuple[tuple[str, ...], ...] = ()
    date: str = ""

    @cached_property
    def is_number(self) -> bool:
        """Whether it is a 文号, whole or in part, and not to be read as words."""
        number = self.number
        if number is None or number.certain:
            return number is not None
        named = bool(number.year) or number.is_likely
        return number.is_alone(self.text) and number.serial is not None and named

    @cached_property
    def is_surely_number(self) -> bool:
        """Whether it is a 文号 and nothing else, so that parts of it answer nothing."""
        number = self.number
        return self.is_number and number is not None and (number.certain or number.is_likely)

    @cached_property
    def names_document(self) -> bool:
        """Whether it has a 文号, perhaps in an unusual form, that tells one document from others."""
        number = self.number
        return number is not None and number.is_one and (number.certain or bool(number.organ))

    @cached_property
    def is_reference(self) -> bool:
        """Whether it is a number, an amount or a date and nothing else, in any form."""
        return len(self.words) == 1 and ":" in self.words[0]

    @cached_property
    def has_identifier(self) -> bool:
        """Whether it contains a 文号 or a code, which identifies one document."""
        return self.is_number or any(word.startswith(IDENTIFIER_PREFIXES) for word in self.words)


@dataclass(frozen=True)
class MetadataCondition:
    """A condition on metadata, such as the author or the 文号."""

    clause: AnyOf | PassesFilters


Leaf = Chunk | MetadataCondition
Node = Leaf | AndNode[Leaf] | OrNode[Leaf] | NotNode[Leaf]


@dataclass(frozen=True)
class Query:
    """A parsed query: ``text`` normalised, ``key`` for exact matches, ``title_only`` for ``in=title``.

    ``hints``: parts that were not understood. ``coined``: accepted terms that it contains inside longer
    chunks (:func:`with_coined_terms`).
    """

    text: str
    key: str
    tree: AndNode[Leaf]
    title_only: bool = False
    hints: tuple[Hint, ...] = ()
    coined: tuple[str, ...] = ()

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """All chunks, in order."""
        return tuple(leaf for leaf in _leaves(self.tree) if isinstance(leaf, Chunk))

    @cached_property
    def included(self) -> tuple[Chunk, ...]:
        """The chunks that are not excluded."""
        return tuple(chunk for chunk in self.chunks if not chunk.excluded)

    @cached_property
    def excluded(self) -> tuple[Chunk, ...]:
        """The chunks that must not match."""
        return tuple(chunk for chunk in self.chunks if chunk.excluded)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The distinct words of the included chunks, in order."""
        return tuple(dict.fromkeys(word for chunk in self.included for word in chunk.words))

    @cached_property
    def synonym_words(self) -> tuple[str, ...]:
        """The distinct words of synonyms of the included chunks that are none of its words."""
        return synonym_words(self.included, self.words)

    @cached_property
    def meanings(self) -> tuple[tuple[str, ...], ...]:
        """The texts to embed for each word, or for words that have synonyms; those of one say the same."""
        groups = [one for chunk in self.included for one in chunk.synonyms]
        known = {word for one in groups for word in one.words}
        others = (word for word in self.words if word not in known and ":" not in word)
        return (
            *(_with_synonyms(one.text, [one]) for one in groups),
            *((word,) for word in others),
        )

    @cached_property
    def bigrams(self) -> tuple[str, ...]:
        """The distinct bigrams of the included chunks, in order."""
        return tuple(dict.fromkeys(term for chunk in self.included for term in chunk.phrase))

    @cached_property
    def has_or(self) -> bool:
        """Whether one of its top-level parts is an OR."""
        return any(isinstance(part, OrNode) for part in self.tree.parts)

    @cached_property
    def is_question(self) -> bool:
        """Whether it contains a question or a sentence: keywords are short or separated by spaces."""
        plain = (chunk for chunk in self.included if not (chunk.literal or chunk.has_identifier))
        return any(len(chunk.text) >= relevance.QUESTION_LENGTH for chunk in plain)

    @cached_property
    def is_conversational(self) -> bool:
        """Whether it contains an interrogative or a personal pronoun, unlike a list of keywords."""
        return any(
            _CONVERSATIONAL.search(chunk.text) for chunk in self.included if not chunk.literal
        )

    @cached_property
    def mostly_single_characters(self) -> bool:
        """Whether most of its words are single characters."""
        return 2 * sum(len(word) == 1 for word in self.words) > len(self.words)

    @cached_property
    def literals(self) -> tuple[str, ...]:
        """The normalised texts of the included chunks."""
        return tuple(chunk.text for chunk in self.included)

    @cached_property
    def synonyms(self) -> tuple[str, ...]:
        """The synonyms of words of the included chunks."""
        return tuple(
            text for chunk in self.included for one in chunk.synonyms for text in one.synonyms
        )

    @cached_property
    def highlight_terms(self) -> tuple[str, ...]:
        """The texts to highlight; in a text without them, the words are highlighted."""
        return self.literals + self.synonyms

    @cached_property
    def semantic_texts(self) -> tuple[str, ...]:
        """The texts to embed for semantic search, which say the same: as typed, and with synonyms if any.

        Quotes, 文号, codes, ``title:`` and text without Chinese name something exactly and are left out, and
        so are numbers and dates alone.
        """
        plain = [
            one
            for one in self.included
            if not (one.literal or one.has_identifier or one.title_only)
        ]
        text = " ".join(chunk.text for chunk in plain)
        if all(one.is_reference for one in plain) or not ONE_HAN.search(text):
            return ()
        return _with_synonyms(text, [one for chunk in plain for one in chunk.synonyms])

    def merge_filters(self, filters: Filters) -> Filters:
        """The filters, completed by top-level filters of the query, to narrow semantic search early.

        Filters take precedence; :func:`search_service.query.matching.restricted` applies the whole query.
        """
        for part in self.tree.parts:
            if isinstance(part, MetadataCondition) and isinstance(part.clause, PassesFilters):
                own = {k: v for k, v in vars(part.clause.filters).items() if v not in (None, ())}
                free = {k: v for k, v in own.items() if getattr(filters, k) in (None, ())}
                filters = replace(filters, **free)
        return filters


def _with_synonyms(text: str, groups: Sequence[SynonymGroup]) -> tuple[str, ...]:
    """The texts to embed for a text: itself, and followed by the first synonyms of each group if any."""
    synonyms = [text for one in groups for text in one.synonyms[: relevance.EMBEDDED_SYNONYMS]]
    return (text, " ".join((text, *synonyms))) if synonyms else (text,)


def _leaves(node: Node) -> Iterator[Leaf]:
    match node:
        case AndNode(parts) | OrNode(parts):
            for part in parts:
                yield from _leaves(part)
        case NotNode(part):
            yield from _leaves(part)
        case _:
            yield node


def synonym_words(chunks: Iterable[Chunk], known: Iterable[str]) -> tuple[str, ...]:
    """The distinct words of synonyms of these chunks that are not known, in order."""
    groups = (one for chunk in chunks for one in chunk.synonyms)
    words = dict.fromkeys(word for one in groups for terms in one.terms for word in terms)
    left_out = frozenset(known)
    return tuple(word for word in words if word not in left_out)
