"""Relations of a normalised 公文 to other documents, and its own validity. Entry point: :func:`find`.

废止 (and 停止执行), 根据《…》修订, 自…起施行, 有效期. Only what the document itself does, no
mentions of 废止. Whether a document is itself no longer in force: :func:`is_no_longer_in_force`,
:func:`validity_of`.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_DIGIT = "零一二三四五六七八九十"
_YEAR = rf"(?:(?:19|20)[0-9]{{2}}|[一二][{_DIGIT}]{{3}})"
_DAY = rf"年\s?(?:[0-9]{{1,2}}|[{_DIGIT}]{{1,3}})\s?月\s?(?:[0-9]{{1,2}}|[{_DIGIT}]{{1,3}})\s?日"
# A whole date of a normalised text.
DATE: Final = rf"{_YEAR}\s?{_DAY}"
_DAYS = re.compile(_DAY)
_YEAR_BEFORE = re.compile(rf"{_YEAR}\s?$")
_BOOK = r"《(?P<name>(?:[^《》]|《[^《》]*》){2,120})》"
# 《title》 in a normalised text.
BOOKS: Final = re.compile(_BOOK)
_ENDS = re.compile(
    r"(?:同时|予以|即行|自行|一并|相应|自然|均|起)\s?(?:废止|失效)|停止执行|不再执行"
)
# 根据《…》，《…》同时废止: the first document is not repealed.
_GROUND = re.compile(r"(?:根据|依照|按照|依据|遵照)[^《》,]{0,20}$")
_MAX_GROUND_LENGTH: Final = len("根据") + 20
# 《关于修改…的决定》修正的《…》同时废止: nor is the first one here.
_ALTERED = re.compile(r"(?:第[一二三四五]次)?(?:修正|修订|修改)的")
_SENTENCE_START = re.compile(r"[。;\n]|(?:施行|实施|执行)[,。]")
_MAX_SENTENCE_LENGTH: Final = 600
# The history of a law is in brackets under its title, within so many characters.
_HEAD: Final = 500
_REVISED = re.compile(
    rf"根据[^。《》()]{{0,60}}{_BOOK}[^。,《》()]{{0,12}}?(?:第[一二三四五]次)?(?:修订|修正|修改)"
)
# For speed, a rare word is searched first, then its context is matched.
_TAKES_EFFECT = re.compile(r"起(?:正式)?(?:施行|实施|执行|生效|试行)")
_EFFECTIVE = re.compile(
    r"(?:本[^。;,\n《》]{1,12}?|通过,|现予(?:公布|发布|印发)[^。\n]{0,6}?,|(?:公布|发布)\s?)自?"
    rf"(?P<time>{DATE}|(?:公布|发布|印发|颁布|下发|批准|签发|通过)之日)\s?$"
)
_IS_VALID = re.compile(
    r"(?:有|试)[效行]期限?为?\s?"
    rf"(?P<time>[至到]\s?[0-9]{{4}}年[0-9]{{1,2}}月[0-9]{{1,2}}日|(?:[0-9]{{1,2}}|[{_DIGIT}两]{{1,3}})\s?年)"
)
_VALID = re.compile(
    r"(?:施行|实施|执行|试行|解释|生效|本(?:实施|暂行|试行)?[^。;,\n《》人]{2})[,。;]?\s?$"
)
_AROUND: Final = 60
# The term of documents that are no longer in force; no word of a text contains a colon.
ENDED: Final = "status:ended"
VALIDITIES: Final = ("现行有效", "已修改", "已废止")
_IS_OVER = re.compile(r"废止|失效|停止执行|撤销")
_IS_REVISED = re.compile(r"修改|修订|修正|部分")
_IS_IN_FORCE = re.compile(r"(?<!无)(?<!失)有效|现行|(?<!未)施行|(?<!未)生效")
_TITLE_MARK = re.compile(r"[(\[【〔]\s?已?(?:废止|失效)\s?[)\]】〕]")


@dataclass(frozen=True)
class Relation:
    """``text[start:end]``: a document that this one repeals or was revised by, or a time, by ``field``."""

    field: str
    start: int
    end: int


def find(text: str) -> Iterator[Relation]:
    """The relations of a normalised text: ``repeals``, ``revised_by``, ``effective``, ``valid``."""
    yield from _repeals(text)
    seen: set[str] = set()
    for match in _REVISED.finditer(text, 0, _HEAD):
        if match["name"] not in seen:
            seen.add(match["name"])
            yield Relation("revised_by", *match.span("name"))
    effective = list(_effective(text))
    valid = [
        match.span("time")
        for match in _IS_VALID.finditer(text)
        if _VALID.search(text, max(0, match.start() - _AROUND), match.start())
    ]
    # The last ones: a statement in the preamble is repeated in the last article.
    for field, spans in (("effective", effective), ("valid", valid)):
        if spans:
            yield Relation(field, *spans[-1])


def is_no_longer_in_force(status: str | None, title: str) -> bool:
    """Whether a document is no longer in force, by the source's status or a mark in the normalised title."""
    return bool(_IS_OVER.search(status or "") or _TITLE_MARK.search(title))


def validity_of(status: str | None, title: str) -> str:
    """One of :data:`VALIDITIES`, by the source's status or a mark in the normalised title; else empty.

    What nobody has stated is not guessed: most documents of a source without such a field are in force.
    """
    if is_no_longer_in_force(status, title):
        return "已废止"
    if _IS_REVISED.search(status or ""):
        return "已修改"
    return "现行有效" if _IS_IN_FORCE.search(status or "") else ""


def dates(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of the complete dates in a normalised text."""
    for day in _DAYS.finditer(text):
        year = _YEAR_BEFORE.search(text, max(0, day.start() - len("2024 ")), day.start())
        if year:
            yield year.start(), day.end()


def _effective(text: str) -> Iterator[tuple[int, int]]:
    for match in _TAKES_EFFECT.finditer(text):
        effective = _EFFECTIVE.search(text, max(0, match.start() - _AROUND), match.start())
        if effective:
            yield effective.span("time")


def _repeals(text: str) -> Iterator[Relation]:
    ends = list(_ENDS.finditer(text))
    if not ends:
        return
    books = list(BOOKS.finditer(text))
    begins, closes = [book.start() for book in books], [book.end() for book in books]
    sentences = list(_sentences(text, begins, closes))
    seen: set[str] = set()
    for end in ends:
        start = max(0, end.start() - _MAX_SENTENCE_LENGTH)
        if (place := bisect_right(sentences, end.start())) and sentences[place - 1] > start:
            start = sentences[place - 1]
        for book in books[bisect_left(begins, start) : bisect_right(closes, end.start())]:
            if book["name"] in seen or _ALTERED.match(text, book.end()):
                continue
            if not _GROUND.search(
                text, max(start, book.start() - _MAX_GROUND_LENGTH), book.start()
            ):
                seen.add(book["name"])
                yield Relation("repeals", *book.span("name"))


def _sentences(text: str, begins: Sequence[int], closes: Sequence[int]) -> Iterator[int]:
    """Offsets of the beginnings of sentences, outside of 《…》."""
    for stop in _SENTENCE_START.finditer(text):
        place = bisect_left(begins, stop.start())
        if not place or stop.start() >= closes[place - 1]:
            yield stop.end()
