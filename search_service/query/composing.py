"""A filled form -> the query that says the same, as a person would type it. Pure.

Entry points: :class:`WantedQuery`, :func:`compose`. The inverse of :mod:`search_service.query.syntax`: what
is typed into a field is text, whatever signs it has.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analyzers.normalize import normalize
from search_service.query.syntax import FIELDS, GAP, OPERATOR_NAMES

# What is no text in a query: quotes, and the dashes before a subtitle.
_BLANKS = str.maketrans(dict.fromkeys('"“”「」『』＂—–―', " "))
# Signs of the syntax; a word with one is put in quotes.
_SIGNS = re.compile(rf"^-|[()|]|^(?:{'|'.join(FIELDS)})\s*:")


@dataclass(frozen=True, kw_only=True)
class WantedQuery:
    """What a form asks for; everything that is given must hold.

    ``words``: all of them; ``phrase``: as it is; ``any_of``: one of the words; ``none_of``: none of them; of
    ``title_only`` these four concern the title. ``anywhere``: more words, never of the title alone.
    ``number``: a 文号, whole or in part. ``issuers``, ``authors``: one of the names. ``after`` and
    ``before``: ISO dates, inclusive.
    """

    words: str = ""
    phrase: str = ""
    any_of: str = ""
    none_of: str = ""
    title_only: bool = False
    anywhere: str = ""
    number: str = ""
    issuers: Sequence[str] = ()
    authors: Sequence[str] = ()
    kind: str = ""
    category: str = ""
    after: str = ""
    before: str = ""


def compose(wanted: WantedQuery) -> str:
    """The query; empty if nothing is wanted.

    >>> compose(
    ...     WantedQuery(words="小区 治理", any_of="物业、业委会", none_of="会议", title_only=True)
    ... )
    '标题:(小区 治理) 标题:(物业 OR 业委会) -标题:会议'
    >>> compose(
    ...     WantedQuery(phrase="基层减负", number="国办发 〔2024〕", kind="通知", after="2024-03")
    ... )
    '“基层减负” 文号:国办发〔2024〕 文种:通知 起:2024-03'
    """
    field = "标题" if wanted.title_only else ""
    # Who writes 小区 或 物业 means the same.
    either = [one for one in _words(wanted.any_of) if normalize(_plain(one)) not in OPERATOR_NAMES]
    phrase = " ".join(wanted.phrase.translate(_BLANKS).split())
    parts = [
        _named(field, _words(wanted.words), " ") if field else " ".join(_words(wanted.words)),
        _named(field, [f"“{phrase}”"] if phrase else []),
        _named(field, either),
        *(f"-{_named(field, [word])}" for word in _words(wanted.none_of)),
        *_words(wanted.anywhere),
        _named("文号", [one] if (one := "".join(_plain(wanted.number).split())) else []),
        _named("机关", _values(wanted.issuers)),
        _named("作者", _values(wanted.authors)),
        _named("文种", _values([wanted.kind])),
        _named("分类", _values([wanted.category])),
        _named("起", _values([wanted.after])),
        _named("止", _values([wanted.before])),
    ]
    return " ".join(filter(None, parts))


def _plain(text: str) -> str:
    return text.translate(_BLANKS).strip()


def _words(text: str) -> list[str]:
    """The words of a field, those with signs of the syntax in quotes."""
    pieces = _plain(text).split()
    words = [word for piece in pieces for word in GAP.split(_narrow(piece)) if word]
    return [_quoted(word) for word in words]


def _values(values: Sequence[str]) -> list[str]:
    return [_quoted(value) for one in values if (value := _plain(one))]


def _narrow(piece: str) -> str:
    """Separators in the width in which the syntax knows them, all else as typed."""
    return "".join(
        normal if GAP.fullmatch(normal) else typed
        for typed, normal in zip(piece, normalize(piece), strict=True)
    )


def _quoted(word: str) -> str:
    normal = normalize(word)
    has_sign = _SIGNS.search(normal) or _SIGNS.search(word) or GAP.search(normal)
    return f"“{word}”" if has_sign or normal in OPERATOR_NAMES else word


def _named(field: str, texts: Sequence[str], joint: str = " OR ") -> str:
    """The texts as one operand, of the field if there is one."""
    if not texts:
        return ""
    operand = texts[0] if len(texts) == 1 else f"({joint.join(texts)})"
    return f"{field}:{operand}" if field else operand
