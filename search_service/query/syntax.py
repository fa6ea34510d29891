"""The query syntax: text as typed -> a syntax tree. Entry point: :func:`parse_syntax`. Pure.

A recursive-descent parser that never fails: what is not valid syntax is text, and a hint says so.
Operators are recognised only at the beginning of a piece, never inside one, because people paste titles
(关于“三无小区”的通知(试行), 2024年:工作要点, A-B) and list items, which must remain text. A space (AND)
binds tighter than ``OR``. :mod:`search_service.query.parsing` turns pieces into terms and conditions.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

from analyzers.normalize import normalize

Leaf = TypeVar("Leaf")

# Field name as typed -> field. Dates are inclusive, as in filters.
FIELDS: Final = {
    "title": "title",
    "标题": "title",
    "author": "author",
    "作者": "author",
    "issuer": "issuer",
    "机关": "issuer",
    "发文机关": "issuer",
    "number": "number",
    "文号": "number",
    "发文字号": "number",
    "category": "category",
    "分类": "category",
    "类别": "category",
    "kind": "kind",
    "文种": "kind",
    "after": "after",
    "起": "after",
    "before": "before",
    "止": "before",
}
_SEPARATORS = r"\s,;。!?、"
_GAP = re.compile(f"[{_SEPARATORS}]+")
_EDGE = re.compile(f"[{_SEPARATORS})]")
# Quotes of every shape, after normalising (which keeps “ ” 「 」 as they are).
_PIECE = re.compile(
    rf'["“「『](?P<quoted>[^"”」』]*)(?P<closed>["”」』]?)|(?P<plain>[^{_SEPARATORS}"“「『]+)'
)
_QUOTED = re.compile(r'["“「『][^"”」』]*["”」』]?')
_MINUS = re.compile(rf"-(?![-{_SEPARATORS}])(?=.)")
_FIELD = re.compile(rf"({'|'.join(sorted(FIELDS, key=len, reverse=True))})\s*:\s*")
_OR = re.compile(r"(?:or|\|)(?=[\s(]|$)")
# Normalisation turns the dashes of a subtitle (——在…会上的讲话) into -, but only a typed - excludes.
_DASHES = str.maketrans("—–―", "   ")
# 国办发 〔2024〕 5 号: spaces inside a 文号 do not separate pieces.
_SPACED_NUMBER = re.compile(
    r"(?<!\s)\s*[\[(<{]\s*(?:19|20)[0-9]{2}\s*年?\s*[\])>}]\s*第?\s*[0-9]+\s*号"
)


# Elasticsearch refuses clauses nested more than 30 deep; a group may be three of them.
MAX_NESTING: Final = 5


class Hint(NamedTuple):
    """A message about a part of a query that was not understood, and how it was searched instead."""

    chinese: str
    english: str


@dataclass(frozen=True)
class Piece:
    """One leaf: ``text`` normalised, ``typed`` as typed. ``field``: a value of ``FIELDS``, or empty.

    ``standalone``: quoted and not inside a longer text; quotes inside a pasted title are no operator.
    """

    text: str
    typed: str
    quoted: bool = False
    standalone: bool = False
    field: str = ""


@dataclass(frozen=True)
class AndNode(Generic[Leaf]):
    """All parts must match."""

    parts: tuple["Leaf | AndNode[Leaf] | OrNode[Leaf] | NotNode[Leaf]", ...]


@dataclass(frozen=True)
class OrNode(Generic[Leaf]):
    """At least one part must match."""

    parts: tuple["Leaf | AndNode[Leaf] | OrNode[Leaf] | NotNode[Leaf]", ...]


@dataclass(frozen=True)
class NotNode(Generic[Leaf]):
    """The part must not match."""

    part: "Leaf | AndNode[Leaf] | OrNode[Leaf] | NotNode[Leaf]"


Node = Piece | AndNode[Piece] | OrNode[Piece] | NotNode[Piece]


@dataclass(frozen=True)
class ParsedSyntax:
    """``text`` normalised, the tree, and hints about parts that were not understood."""

    text: str
    tree: AndNode[Piece]
    hints: tuple[Hint, ...]


def parse_syntax(typed: str) -> ParsedSyntax:
    """Parse a query as typed. Never fails; ``小区 OR 物业`` gives an ``OrNode`` of two pieces."""
    typed = _join_document_numbers(typed.translate(_DASHES))
    parser = _Parser(typed)
    node = parser.disjunction(0, len(typed), "")
    tree = node if isinstance(node, AndNode) else AndNode((node,))
    if not tree.parts:  # only operators: OR, title:
        tree = AndNode(
            tuple(Piece(match[0], match[0]) for match in re.finditer(r"\w+", parser.text))
        )
    return ParsedSyntax(parser.text.strip(), tree, tuple(dict.fromkeys(parser.hints)))


def _join_document_numbers(typed: str) -> str:
    """The text without spaces inside 文号."""
    pieces, position = [], 0
    for match in _SPACED_NUMBER.finditer(normalize(typed)):
        pieces += [typed[position : match.start()], *typed[match.start() : match.end()].split()]
        position = match.end()
    return "".join([*pieces, typed[position:]])


class _Parser:
    """Parses one text. Offsets are the same in ``typed`` and in ``text``, its normal form."""

    def __init__(self, typed: str) -> None:
        self.typed = typed
        self.text = normalize(typed)
        self.hints: list[Hint] = []
        self._closing = dict(self._parentheses())
        self._depth = 0

    def _parentheses(self) -> Iterator[tuple[int, int]]:
        """The offsets of matching parentheses, except those in quotes, which are text."""
        plain = _QUOTED.sub(lambda match: " " * len(match[0]), self.text)
        opened = []
        for match in re.finditer("[()]", plain):
            if match[0] == "(":
                opened.append(match.start())
            elif opened:
                yield opened.pop(), match.start()

    def disjunction(self, start: int, end: int, field: str) -> Node:
        """The alternatives separated by OR; a single one is returned itself."""
        alternatives: list[list[Node]] = [[]]
        position = start
        while position < end:
            if gap := _GAP.match(self.text, position, end):
                position = gap.end()
            elif self._is_or(position, start, end):
                alternatives.append([])
                position = start = position + (1 if self.text[position] == "|" else 2)
            else:
                nodes, position = self._operand(position, start, end, field)
                alternatives[-1] += nodes
        if len(alternatives) > 1 and not all(alternatives):
            self._hint(
                "OR（或 |）的两边都要有词，多余的 OR 未用",
                "OR (or |) needs words on both sides; the extra one was ignored",
            )
        parts = [AndNode(tuple(parts)) for parts in alternatives if parts]
        if not parts:
            return AndNode(())
        return parts[0] if len(parts) == 1 else OrNode(tuple(parts))

    def _is_or(self, position: int, start: int, end: int) -> bool:
        """Whether OR begins here, in capitals and separated by spaces; ``or`` is a word."""
        found = _OR.match(self.text, position, end)
        if not found or not self._may_begin(position, start, also=")"):
            return False
        return unicodedata.normalize("NFKC", self.typed[position : found.end()]) in {"OR", "|"}

    def _may_begin(self, position: int, start: int, also: str = "") -> bool:
        """Whether an operator may begin here: after a space or at the beginning of the group."""
        before = self.text[position - 1 : position]
        return position == start or before.isspace() or before in set(also)

    def _operand(self, position: int, start: int, end: int, field: str) -> tuple[list[Node], int]:
        """The piece or group that begins here, with its - and field, and the offset of its end."""
        begins = self._may_begin(position, start)
        if begins and _MINUS.match(self.text, position, end):
            nodes, after = self._operand(position + 1, position + 1, end, field)
            return [NotNode(node) for node in nodes], after
        named = _FIELD.match(self.text, position, end) if begins else None
        if named:
            inner = named.end()
            if inner >= end or _EDGE.match(self.text, inner) or self._is_or(inner, inner, end):
                name = self.typed[position : position + len(named[1])]
                self._hint(
                    f"“{name}：”后面没有内容，未用",
                    f"there is nothing after {name}:; it was ignored",
                )
                return [], inner
            return self._group_or_piece(inner, end, FIELDS[named[1]], begins=True)
        return self._group_or_piece(position, end, field, begins=begins)

    def _group_or_piece(
        self, position: int, end: int, field: str, *, begins: bool
    ) -> tuple[list[Node], int]:
        """A group, if its parentheses are operators, else a piece; and the offset of its end."""
        if begins and self.text[position] == "(":
            closing = self._closing.get(position, end)
            after = closing + 1
            if closing >= end:
                self._hint(
                    "括号没有配对，按词检索", "a parenthesis is not closed; it was read as text"
                )
                return [], position + 1
            if after >= end or _EDGE.match(self.text, after) or " " in self.text[position:closing]:
                if self._depth == MAX_NESTING:
                    self._hint(
                        f"括号最多套 {MAX_NESTING} 层，更里面的按词检索",
                        f"groups nest {MAX_NESTING} deep at most; those inside were read as words",
                    )
                    return [], position + 1
                self._depth += 1
                node = self.disjunction(position + 1, closing, field)
                self._depth -= 1
                return ([] if node == AndNode(()) else [node]), after
        return self._piece(position, end, field, begins=begins)

    def _piece(
        self, position: int, end: int, field: str, *, begins: bool
    ) -> tuple[list[Node], int]:
        match = _PIECE.match(self.text, position, end)
        if match is None:  # an unmatched closing quote
            return [], position + 1
        if match["quoted"] is not None and not match["closed"]:
            self._hint("引号没有配对，按词检索", "a quote is not closed; it was read as text")
            return [], position + 1
        name = "plain" if match["quoted"] is None else "quoted"
        quoted, after = name == "quoted", match.end()
        standalone = quoted and begins and (after >= end or bool(_EDGE.match(self.text, after)))
        if not quoted and "|" in match[name]:
            self._hint("“|”两边有空格才是“或”", "| means OR only between spaces")
        text, typed = match[name].strip(), self.typed[slice(*match.span(name))].strip()
        return [Piece(text, typed, quoted, standalone, field)], after

    def _hint(self, chinese: str, english: str) -> None:
        self.hints.append(Hint(chinese, english))
