"""The query syntax: text as typed -> a syntax tree. Entry point: :func:`parse_syntax`. Pure.

A recursive-descent parser that never fails: what is not valid syntax is text, and a hint says so.
Operators are recognised only at the beginning of a piece, never inside one, because people paste titles
(关于“三无小区”的通知(试行), 2024年:工作要点, A-B) and list items, which must remain text. A space or ``AND``
binds tighter than ``OR``; ``NOT`` is the same as ``-``. :mod:`search_service.query.parsing` turns pieces into
terms and conditions.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Generic, NamedTuple, TypeVar

from analyzers import document_numbers
from analyzers.folding import join_spaced
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
GAP = re.compile(f"[{_SEPARATORS}]+")
_EDGE = re.compile(f"[{_SEPARATORS})]")
# Quotes of every shape, after normalising (which keeps “ ” 「 」 as they are).
_PIECE = re.compile(
    rf'["“「『](?P<quoted>[^"”」』]*)(?P<closed>["”」』]?)|(?P<plain>[^{_SEPARATORS}"“「『]+)'
)
_QUOTED = re.compile(r'["“「『][^"”」』]*["”」』]?')
# -4.6% has a sign and excludes nothing; -2023年 excludes a year.
_MINUS = re.compile(rf"-(?![-0-9{_SEPARATORS}])(?=.)|-(?=(?:19|20)[0-9]{{2}}年)")
_FIELD = re.compile(rf"({'|'.join(sorted(FIELDS, key=len, reverse=True))})\s*:\s*")
# Operators between spaces: in capitals, in lower case between Chinese words, or in Chinese.
_OPERATORS: Final = {
    "or": ("or", "或", "或者"),
    "and": ("and", "与", "和", "且", "并且", "以及"),
    "not": ("not", "不含", "不包含", "不包括", "排除", "除了"),
}
_OPERATOR_OF = {name: operator for operator, names in _OPERATORS.items() for name in names} | {
    "|": "or"
}
_OPERATOR = re.compile(
    rf"(?P<name>{'|'.join(map(re.escape, sorted(_OPERATOR_OF, key=len, reverse=True)))})(?=[\s(]|$)"
)
#: What may be read as an operator between spaces, in normal form.
OPERATOR_NAMES: Final = frozenset(_OPERATOR_OF)
_SIGNS: Final = frozenset({"OR", "AND", "NOT", "|"})
_ENDS_CHINESE = re.compile(r"[㐀-鿿”」』》)]\s*$")
_BEGINS_CHINESE = re.compile(r"\s*[㐀-鿿“「『《(-]")
_READ_AS: Final = {
    "or": ("两边的词有一个即可", "OR: one of the words is enough"),
    "and": ("两边的词都要有", "AND: both words must occur"),
    "not": ("不要后面的词", "NOT: without the word behind it"),
}
# Normalisation turns the dashes of a subtitle (——在…会上的讲话) into -, but only a typed - excludes.
_DASHES = str.maketrans("—–―", "   ")
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
    typed = _join_document_numbers(join_spaced(typed).translate(_DASHES))
    parser = _Parser(typed)
    node = parser.disjunction(0, len(typed), "")
    tree = node if isinstance(node, AndNode) else AndNode((node,))
    if not tree.parts:  # only operators: OR, title:
        tree = AndNode(
            tuple(Piece(match[0], match[0]) for match in re.finditer(r"\w+", parser.text))
        )
    return ParsedSyntax(parser.text.strip(), tree, tuple(dict.fromkeys(parser.hints)))


def _join_document_numbers(typed: str) -> str:
    """The text with each 文号 in one piece: 国办发 〔2024〕 5 号, 清政办发2024 17."""
    pieces, position = [], 0
    for number in document_numbers.find(normalize(typed)):
        if not (number.certain or number.is_likely):
            continue
        # Between year and number a blank becomes what separates them as well.
        parts = re.split(r"\s+", typed[number.start : number.end])
        pieces += [typed[position : number.start], parts[0]]
        for before, after in pairwise(parts):
            pieces.append("-" if before[-1].isdecimal() and after[0].isdecimal() else "")
            pieces.append(after)
        position = number.end
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
            if gap := GAP.match(self.text, position, end):
                position = gap.end()
            elif operator := self._operator(position, start, end, has_left=bool(alternatives[-1])):
                name, after = operator
                if name == "or":
                    alternatives.append([])
                    start = after
                elif name == "not":
                    gap = GAP.match(self.text, after, end)
                    after = gap.end() if gap else after
                    if after < end:
                        nodes, after = self._operand(after, after, end, field)
                        alternatives[-1] += [NotNode(node) for node in nodes]
                position = after
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

    def _operator(
        self, position: int, start: int, end: int, *, has_left: bool
    ) -> tuple[str, int] | None:
        """The operator that begins here, separated by spaces, and its end; None for text.

        Only OR, AND, NOT and | are operators always. Other forms, which are also words, need a word on both
        sides, and in English a Chinese one; a hint says how they were read.
        """
        match = _OPERATOR.match(self.text, position, end)
        if not match or not self._may_begin(position, start, also=")"):
            return None
        operator, after = _OPERATOR_OF[match["name"]], match.end()
        typed = unicodedata.normalize("NFKC", self.typed[position:after])
        if typed in _SIGNS:
            return operator, after
        if not has_left or not self.text[after:end].strip():
            return None
        is_english = match["name"].isascii()
        if is_english and not (
            _ENDS_CHINESE.search(self.text, max(0, position - 9), position)
            and _BEGINS_CHINESE.match(self.text, after, end)
        ):
            return None
        chinese, english = _READ_AS[operator]
        self._hint(
            f"“{typed}”按条件理解：{chinese}；要检索这个词，请加引号",
            f"{typed} was read as {english}; put it in quotes to search for it",
        )
        return operator, after

    def _is_or(self, position: int, end: int) -> bool:
        """Whether OR stands here."""
        match = _OPERATOR.match(self.text, position, end)
        return match is not None and unicodedata.normalize(
            "NFKC", self.typed[position : match.end()]
        ) in {"OR", "|"}

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
            if inner >= end or _EDGE.match(self.text, inner) or self._is_or(inner, end):
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
