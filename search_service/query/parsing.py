"""Query text -> a tree of chunks, with their terms, and metadata conditions. Entry point: :func:`parse`.

Pure. :mod:`search_service.query.parsed` has the types, :mod:`search_service.query.syntax` parses the text,
:mod:`search_service.query.matching` turns the query into clauses and ranking terms.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from analyzers import document_numbers, names, synonyms
from analyzers.messages import say
from analyzers.terms import Analyzer, exact_key, phrase
from search_service import relevance
from search_service.errors import BadInput
from search_service.intake.fields import category_path
from search_service.metrics import stage
from search_service.model import FACETS, AnyOf, Exact, Filters, PassesFilters
from search_service.query import syntax
from search_service.query.parsed import (
    ONE_HAN,
    Chunk,
    Leaf,
    MetadataCondition,
    Node,
    Query,
    SynonymGroup,
)
from search_service.query.syntax import AndNode, Hint, NotNode, OrNode, Piece
from search_service.query.typed_dates import read_date

# Fields of the syntax that are filters -> attributes of Filters.
_FILTERS = {
    "author": "author",
    "issuer": "issuer",
    "category": "category",
    "kind": "kind",
    "after": "date_from",
    "before": "date_to",
}
# Of the parts of a text around a 文号: 《办法》(清政规[2021]4号).
_EDGES = " ()[]《》<>"
# 20240305, which texts write as a date.
_COMPACT_DATE = re.compile(r"(?:19|20)[0-9]{6}", re.ASCII)


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
            case Piece() if not (node.quoted or node.field):
                return joined(
                    [_leaf(one, analyzer, hints, excluded=excluded) for one in _parts(node)]
                )
            case Piece():
                return _leaf(node, analyzer, hints, excluded=excluded)
            case NotNode(part):
                inner = build(part, excluded=True)
                return None if inner is None else NotNode(inner)
            case AndNode(parts) | OrNode(parts):
                built = [build(part, excluded=excluded) for part in parts]
                if isinstance(node, AndNode):
                    return joined(built)
                nodes = tuple(part for part in built if part is not None)
                if len(nodes) < 2:
                    return nodes[0] if nodes else None
                return OrNode(nodes)

    def joined(built: Sequence[Node | None]) -> Node | None:
        nodes = tuple(part for part in built if part is not None)
        if len(nodes) < 2:
            return nodes[0] if nodes else None
        # A nested AND is flattened.
        return AndNode(tuple(one for part in nodes for one in _flattened(part)))

    tree = build(node, excluded=False)
    return AndNode(() if tree is None else _flattened(tree))


def _parts(piece: Piece) -> list[Piece]:
    """The pieces that a piece consists of: each 文号 in it, and the text around them.

    A part of a 文号 without organ and brackets (2024年第5号) is one only by itself.
    """
    parts, position = [], 0
    for number in document_numbers.find(piece.text):
        is_one = number.organ or number.is_alone(piece.text)
        if not (number.certain and (is_one or "[" in piece.text[number.start : number.end])):
            continue
        parts += [
            _around(piece, position, number.start),
            _part(piece, number.start, number.end),
        ]
        position = number.end
    return [*parts, _around(piece, position, len(piece.text))] if parts else [piece]


def _part(piece: Piece, start: int, end: int) -> Piece:
    return replace(piece, text=piece.text[start:end], typed=piece.typed[start:end])


def _around(piece: Piece, start: int, end: int) -> Piece:
    """A part of a piece, without the brackets and marks at its edges."""
    text = piece.text[start:end]
    first = start + len(text) - len(text.lstrip(_EDGES))
    return _part(piece, first, max(first, start + len(text.rstrip(_EDGES))))


def _flattened(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, AndNode) else (node,)


def _leaf(
    piece: Piece, analyzer: Analyzer, hints: list[Hint], *, excluded: bool
) -> Chunk | MetadataCondition | None:
    if not piece.text:
        return None
    if piece.field == "number":
        # Whole or in part, 号 may be omitted; text without digits is no 文号.
        if any(character.isdecimal() for character in piece.text):
            keys = [exact_key(piece.text.removesuffix("号") + "号")]
            for number in document_numbers.find(piece.text):
                keys += document_numbers.query_keys(number)
            return MetadataCondition(AnyOf(tuple(map(Exact, keys))))
        hints.append(
            Hint(
                f"“{piece.typed}”不是完整的文号，按词检索",
                f"{piece.typed} is not a complete document number; it was searched as words",
            )
        )
    elif piece.field in _FILTERS:
        value = category_path(piece.typed) if piece.field == "category" else piece.typed
        if piece.field in {"after", "before"}:
            value = read_date(piece.text)
        if value:
            name = _FILTERS[piece.field]
            values = (value,) if name in FACETS else value
            filters = replace(Filters(), **{name: values})  # type: ignore[arg-type]  # see Filters
            return MetadataCondition(PassesFilters(filters))
        hints.append(
            Hint(
                f"日期“{piece.typed}”没有看懂，按词检索；请写成 2024、2024-03 或 2024-03-05",
                f"{piece.typed} is not a date; it was searched as words;"
                " write 2024, 2024-03 or 2024-03-05",
            )
        )
    return _chunk_of(piece, analyzer, excluded=excluded)


def _chunk_of(piece: Piece, analyzer: Analyzer, *, excluded: bool) -> Chunk | None:
    tokens = analyzer.query_words(piece.text)
    words = tuple(token.term for token in tokens)
    date = read_date(piece.text)
    if date and _COMPACT_DATE.fullmatch(piece.text):
        words = (f"date:{date}",)
    terms = phrase(piece.text)
    if not (words or terms or ONE_HAN.fullmatch(piece.text)):
        return None
    groups: tuple[SynonymGroup, ...] = ()
    if not (piece.quoted or excluded):
        spans = [(token.start, token.end) for token in tokens]
        groups = tuple(
            SynonymGroup(
                piece.text[one.start : one.end],
                tuple(t.term for t in tokens if one.start <= t.start and t.end <= one.end),
                one.synonyms,
                tuple(tuple(t.term for t in analyzer.query_words(o)) for o in one.synonyms),
            )
            for one in synonyms.find(piece.text, spans)
        )
    title_only = piece.field == "title"
    required = title_only or piece.standalone
    chunk = Chunk(piece.text, piece.quoted, excluded, words, terms, title_only, required, groups)
    if len(date) == len("2024-03-05"):  # whole dates are those of articles, too
        chunk = replace(chunk, date=date)
    return chunk if title_only else _with_metadata(chunk)


def _with_metadata(chunk: Chunk) -> Chunk:
    """The chunk with the 文号 that it is or may be, and the keys by which it matches metadata.

    In quotes only a whole 文号: other metadata are not the text that the quotes ask for.
    """
    text = chunk.text
    numbers = document_numbers.find(text)
    if chunk.literal and not (numbers and numbers[0].certain and numbers[0].is_alone(text)):
        return chunk
    if numbers:
        keys = tuple((key,) for key in document_numbers.query_keys(numbers[0]))
        chunk = replace(chunk, number=numbers[0], keys=keys)
        if chunk.is_number:
            return chunk
    variants = [text.replace(one.text, other) for one in chunk.synonyms for other in one.synonyms]
    return replace(
        chunk,
        keys=chunk.keys + names.query_keys(text),
        synonymous_keys=tuple(keys for one in variants for keys in names.query_keys(one)),
    )
