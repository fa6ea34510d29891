"""Query text -> a tree of chunks, with their terms, and metadata conditions. Entry point: :func:`parse`.

Pure. :mod:`search_service.query.syntax` parses the text, :mod:`search_service.query.matching` turns the
query into clauses and ranking terms.
"""

import calendar
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from analyzers import references, synonyms
from analyzers.messages import say
from analyzers.terms import HAN, Analyzer, exact_key, phrase
from search_service import relevance
from search_service.errors import BadInput
from search_service.metrics import stage
from search_service.model import Exact, Filters, PassesFilters
from search_service.query import syntax
from search_service.query.syntax import AndNode, Hint, NotNode, OrNode, Piece

_ONE_HAN = re.compile(f"[{HAN}]")
# Interrogatives and personal pronouns. Few single characters: random text contains any of them at times.
_CONVERSATIONAL = re.compile(
    r"怎[么样能]|如何|什么|为何|是否|多[少久长]|(.)[不没]\1|[谁吗哪咋啥我你没想了]"
)
# Prefixes of terms that identify one document.
IDENTIFIER_PREFIXES = ("wh:", "code:")
# Fields of the syntax that are filters -> attributes of Filters.
_FILTERS = {
    "author": "author",
    "issuer": "issuer",
    "category": "category",
    "kind": "kind",
    "after": "date_from",
    "before": "date_to",
}
_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)
_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})?", re.ASCII)


@dataclass(frozen=True)
class SynonymGroup:
    """Consecutive words of a chunk (``text``, ``words``) that have ``synonyms``."""

    text: str
    words: tuple[str, ...]
    synonyms: tuple[str, ...]

    @cached_property
    def phrases(self) -> tuple[tuple[str, ...], ...]:
        """The bigrams of the words themselves, then of each synonym."""
        return tuple(map(phrase, (self.text, *self.synonyms)))


@dataclass(frozen=True)
class Chunk:
    """One part of a query, normalised, with its words and its ``phrase`` (bigrams).

    ``literal``: quoted. ``title_only``: of the field ``title:``. ``required``: every result must match it,
    semantic hits too.
    """

    text: str
    literal: bool
    excluded: bool
    words: tuple[str, ...]
    phrase: tuple[str, ...]
    title_only: bool = False
    required: bool = False
    synonyms: tuple[SynonymGroup, ...] = ()

    @cached_property
    def has_identifier(self) -> bool:
        """Whether it contains a 文号 or a code, which identifies one document."""
        return any(word.startswith(IDENTIFIER_PREFIXES) for word in self.words)


@dataclass(frozen=True)
class MetadataCondition:
    """A condition on metadata, such as the author or the 文号."""

    clause: Exact | PassesFilters


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
    def semantic_text(self) -> str:
        """The text to embed for semantic search; empty if there is none.

        Quotes, 文号, codes, ``title:`` and text without Chinese name something exactly and are left out.
        """
        plain = (
            one
            for one in self.included
            if not (one.literal or one.has_identifier or one.title_only)
        )
        text = " ".join(chunk.text for chunk in plain)
        return text if _ONE_HAN.search(text) else ""

    def merge_filters(self, filters: Filters) -> Filters:
        """The filters, completed by top-level filters of the query, to narrow semantic search early.

        Filters take precedence; :func:`search_service.query.matching.restricted` applies the whole query.
        """
        for part in self.tree.parts:
            if isinstance(part, MetadataCondition) and isinstance(part.clause, PassesFilters):
                own = {k: v for k, v in vars(part.clause.filters).items() if v is not None}
                free = {k: v for k, v in own.items() if getattr(filters, k) is None}
                filters = replace(filters, **free)
        return filters


@stage("parse")
def parse(text: str, analyzer: Analyzer, *, title_only: bool = False) -> Query:
    """Parse a query as typed. Syntax never fails; raises ``BadInput`` for over ``MAX_QUERY`` characters."""
    if len(text) > relevance.MAX_QUERY:
        raise BadInput(
            say(
                f"查询有 {len(text)} 个字，最多 {relevance.MAX_QUERY} 个；整段文字请用“找段落”",
                f"the query has {len(text)} characters, at most {relevance.MAX_QUERY};"
                " for a whole draft use precedents",
            ),
            field_errors={"q": say("太长", "too long")},
        )
    reading = syntax.parse_syntax(text)
    hints = list(reading.hints)
    tree = _build_tree(reading.tree, analyzer, hints)
    query = Query(reading.text, "", tree, title_only, tuple(dict.fromkeys(hints)))
    return replace(query, key=_key(query, text))


def with_coined_terms(query: Query, accepted: Collection[str]) -> Query:
    """The query with the ``accepted`` coined terms that an unquoted chunk contains beside other text.

    If one term contains another, only the longer one counts.
    """
    texts = [chunk.text for chunk in query.included if not chunk.literal]
    contained = [term for term in accepted if any(term in text and term != text for text in texts)]
    longest = [
        term
        for term in contained
        if not any(term in other and term != other for other in contained)
    ]
    return replace(query, coined=tuple(sorted(longest)))


def _key(query: Query, text: str) -> str:
    """The key for exact matches: the text without fields and exclusions; empty with OR."""
    plain = tuple(chunk for chunk in query.included if not chunk.title_only)
    if plain == query.tree.parts and not query.hints:
        return exact_key(text)
    if query.has_or:
        return ""
    return exact_key(" ".join(chunk.text for chunk in plain))


def _build_tree(node: AndNode[Piece], analyzer: Analyzer, hints: list[Hint]) -> AndNode[Leaf]:
    """The tree with chunks and conditions for its pieces; pieces without terms are dropped."""

    def build(node: syntax.Node, *, excluded: bool) -> Node | None:
        match node:
            case Piece():
                return _leaf(node, analyzer, hints, excluded=excluded)
            case NotNode(part):
                inner = build(part, excluded=True)
                return None if inner is None else NotNode(inner)
            case AndNode(parts) | OrNode(parts):
                built = (build(part, excluded=excluded) for part in parts)
                nodes = tuple(part for part in built if part is not None)
                if len(nodes) < 2:
                    return nodes[0] if nodes else None
                if isinstance(node, OrNode):
                    return OrNode(nodes)
                # A nested AND is flattened.
                return AndNode(tuple(one for part in nodes for one in _flattened(part)))

    tree = build(node, excluded=False)
    return AndNode(() if tree is None else _flattened(tree))


def _flattened(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, AndNode) else (node,)


def _leaf(
    piece: Piece, analyzer: Analyzer, hints: list[Hint], *, excluded: bool
) -> Chunk | MetadataCondition | None:
    if not piece.text:
        return None
    if piece.field == "number":
        # 号 may be omitted; text without digits is no 文号.
        if any(character.isdecimal() for character in piece.text):
            return MetadataCondition(Exact(exact_key(piece.text.removesuffix("号") + "号")))
        hints.append(
            Hint(
                f"“{piece.typed}”不是完整的文号，按词检索",
                f"{piece.typed} is not a complete document number; it was searched as words",
            )
        )
    elif piece.field in _FILTERS:
        value = piece.typed
        if piece.field in {"after", "before"}:
            value = _date(piece.text)
        if value:
            filters = replace(Filters(), **{_FILTERS[piece.field]: value})  # type: ignore[arg-type]  # texts
            return MetadataCondition(PassesFilters(filters))
        hints.append(
            Hint(
                f"日期“{piece.typed}”没有看懂，按词检索；请写成 2024、2024-03 或 2024-03-05",
                f"{piece.typed} is not a date; it was searched as words;"
                " write 2024, 2024-03 or 2024-03-05",
            )
        )
    return _chunk_of(piece, analyzer, excluded=excluded)


def _date(text: str) -> str:
    """The ISO form of 2024, 202403, 2024-3, 2024年3月5日; empty for other text."""
    if match := _DIGITS.fullmatch(text):
        text = "-".join(part for part in match.groups() if part)
    elif not _DAY.fullmatch(text):
        dates = references.find(text)
        whole = len(dates) == 1 and (dates[0].start, dates[0].end) == (0, len(text))
        text = dates[0].terms[0].removeprefix("date:") if whole else ""
    match = _DAY.fullmatch(text)
    if match is None:
        return ""
    year, month, day = (int(part or 1) for part in match.groups())
    valid = year and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
    return text if valid else ""


def _chunk_of(piece: Piece, analyzer: Analyzer, *, excluded: bool) -> Chunk | None:
    tokens = analyzer.query_words(piece.text)
    words = tuple(token.term for token in tokens)
    terms = phrase(piece.text)
    if not (words or terms or _ONE_HAN.fullmatch(piece.text)):
        return None
    groups: tuple[SynonymGroup, ...] = ()
    if not (piece.quoted or excluded):
        spans = [(token.start, token.end) for token in tokens]
        groups = tuple(
            SynonymGroup(
                piece.text[one.start : one.end],
                tuple(t.term for t in tokens if one.start <= t.start and t.end <= one.end),
                one.synonyms,
            )
            for one in synonyms.find(piece.text, spans)
        )
    title_only = piece.field == "title"
    required = title_only or piece.standalone
    return Chunk(piece.text, piece.quoted, excluded, words, terms, title_only, required, groups)


def _leaves(node: Node) -> Iterator[Leaf]:
    match node:
        case AndNode(parts) | OrNode(parts):
            for part in parts:
                yield from _leaves(part)
        case NotNode(part):
            yield from _leaves(part)
        case _:
            yield node
