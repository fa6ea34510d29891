"""Checks of the form of a draft: 文号, the numbers of headings, placeholders. Pure.

Entry points: :func:`document_numbers`, :func:`numbering`, :func:`placeholders`. GB/T 9704-2012: a 文号 has
〔〕 around a year of four digits, then the number, without 第 and without leading zeros; headings are
一、（一）1.（1）, in this order. Offsets are into the text that is given, of which each line is a paragraph.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from analyzers import document_form
from analyzers.messages import say
from analyzers.normalize import normalize
from analyzers.references import numeral, whole_number
from search_service.drafting.findings import Finding, Kind

_HAN = "㐀-鿿"
_NUMERAL = "[零一二两三四五六七八九十百千]"
_YEAR = "(?:19|20)[0-9]{2}"
_HAN_YEAR = "[一二][零一二三四五六七八九]{3}"
_SERIAL = rf"(?P<serial>[0-9]{{1,5}}|{_NUMERAL}{{1,5}})"
_CODE = "[发函规字办令通电复]"  # how the short name of an organ ends
_BRACKETED = re.compile(
    rf"(?:(?<=[{_HAN}])[\[(<《{{]\s?(?P<year>{_YEAR}|{_HAN_YEAR})"
    rf"|(?<={_CODE})[\[(<{{]\s?(?P<short>[0-9]{{2}}))"
    rf"\s?年?\s?[\])>》}}]\s?第?\s?{_SERIAL}\s?号(?![楼院线])"
)
# Before normalising, which makes brackets of all kinds alike. Orders have 第: 省政府令〔2015〕第5号.
_RIGHT = re.compile(r"[〔﹝][0-9０-９]{4}[〕﹞]\s?[1-9１-９][0-9０-９]*\s?号")
_RIGHT_ORDER = re.compile(r"[〔﹝][0-9０-９]{4}[〕﹞]\s?第?[1-9１-９][0-9０-９]*\s?号")
# 清政办发2024年17号; not 印发2024年第5号.
_UNBRACKETED = re.compile(
    rf"(?<=[{_HAN}][发函规字])(?<![印颁下转制核签]发)(?P<year>{_YEAR})\s?年?\s?第?\s?{_SERIAL}\s?号(?![楼院线])"
)
_CENTURY: Final = 50  # 〔98〕 is 1998

_BLANK = "[ \t]"
_THINGS = "年|月|日|省|市|县|区|镇|乡|村|街道|社区|局|厅|委|办|公司|单位|部门|同志|人|户|个|项|万元|亿元|%"
_PLACEHOLDER = re.compile(
    # XX, 20XX年, X年; 5×3个 is a product.
    rf"(?<![a-z])[0-9]{{0,3}}[x×]{{2,}}(?![a-z0-9])|(?<![a-z0-9])[x×](?={_THINGS})"
    r"|(?<![0-9])[12][0-9]{2}[x×](?=年)"
    r"|_{2,}|某{2,}|□{2,}"
    # 【】, （待补充）, 【此处填写】; 〔2024〕 号.
    rf"|(?<![a-z0-9])(?:\[{_BLANK}*\]|\({_BLANK}*\))"
    r"|[\[(](?:待[定补填核]|此处|请?填写)[^\[\]()\n]{0,20}[\])]"
    r"|[\[(][^\[\]()\n]{1,10}待[定补填核][充写实]?[\])]"
    rf"|\[(?:[12][0-9]{{3}}|20)?{_BLANK}*\]{_BLANK}*号"
    # 年  月  日, 3月  日
    rf"|年{_BLANK}+月{_BLANK}*日|月{_BLANK}+日(?!常)"
)
# Before normalising, which makes 零 of them: 二○○八年 is a year.
_CIRCLES = re.compile(r"(?<![〇○零一二三四五六七八九十])[○◯]{2,}(?![〇○零一二三四五六七八九十])")

# The mark of a heading.
_MARK = re.compile(
    rf"[\s#*]*(?P<mark>第?\s?\(?\s?(?P<number>{_NUMERAL}{{1,9}}|[0-9]{{1,4}})\s?"
    r"(?:部分|分编|[编章节条]|[、.]|\)、?)?)"
)
_ARTICLE: Final = 5
# Ranks of analyzers.document_form whose numbers are followed: parts to articles, 一、（一）1.（1）.
_FOLLOWED: Final = (1, 2, 3, 4, 5, 6, 7, 8, 11)
_LEVELS: Final = {6: "一、", 7: "（一）", 8: "1.", 11: "（1）"}


def document_numbers(text: str) -> Iterator[Finding]:
    """文号 that are not written as GB/T 9704 demands."""
    normalised = normalize(text)
    for pattern in (_BRACKETED, _UNBRACKETED):
        for match in pattern.finditer(normalised):
            order = text[match.start() - 1] in "令告"
            right = (_RIGHT_ORDER if order else _RIGHT).fullmatch(text, *match.span())
            should = _as_printed(match)
            if right or should is None:
                continue
            yield Finding(
                kind=Kind.DOCUMENT_NUMBER,
                start=match.start(),
                end=match.end(),
                message=say(
                    f"文号应写作“{should}”：六角括号，四位年份，不加“第”，不编虚位",
                    f"write this number as {should}: 〔〕, a year of four digits, no 第, no leading zeros",
                ),
            )


def _as_printed(match: re.Match[str]) -> str | None:
    groups = match.groupdict()
    year, serial = groups["year"] or "", whole_number(match["serial"])
    if short := groups.get("short"):
        year = ("19" if int(short) > _CENTURY else "20") + short
    elif not year.isascii():
        year = "".join(str("零一二三四五六七八九".index(one)) for one in year)
    return f"〔{year}〕{serial}号" if serial else None


def placeholders(text: str) -> Iterator[Finding]:
    """What was left to be filled in: XX, ××, ＿＿, 某某, 20XX年, 【】, 年  月  日."""
    for pattern, searched in ((_PLACEHOLDER, normalize(text)), (_CIRCLES, text)):
        for match in pattern.finditer(searched):
            yield Finding(
                kind=Kind.PLACEHOLDER,
                start=match.start(),
                end=match.end(),
                message=say("还没有填：补上，或删去", "not filled in yet: complete or delete it"),
            )


@dataclass(frozen=True)
class _Heading:
    """A numbered heading whose mark is ``text[start:end]``, with its number at ``digits``."""

    rank: int
    number: int
    start: int
    end: int
    digits: tuple[int, int]

    def renumbered(self, text: str, number: int) -> str:
        """Its mark with another number."""
        first, last = self.digits
        digits = str(number) if text[first:last].isascii() else numeral(number) or str(number)
        return text[self.start : first] + digits + text[last : self.end]


def numbering(text: str) -> Iterator[Finding]:
    """Headings whose number is repeated, skipped or out of order, and levels that are left out.

    A level may be counted from its first under each heading or through the whole text. A level that is left
    out is reported once for each pair of levels: it is a habit, not a slip.
    """
    normalised = normalize(text)
    above: list[_Heading] = []  # the last heading of each open level
    last: dict[int, _Heading] = {}  # of each level, wherever it was
    between = False  # a paragraph without a number since the last heading
    jumped: set[tuple[int, int]] = set()
    for piece in document_form.pieces(normalised):
        begins = document_form.begins_annex(normalised, piece.start, piece.end)
        if piece.part in ("落款", "抄送") or (begins and not piece.rank):
            above, last = [], {}
            continue
        heading = _heading(normalised, piece)
        if heading is None:
            between = between or not piece.rank
            continue
        sibling = next((one for one in above if one.rank == heading.rank), None)
        above = [one for one in above if one.rank < heading.rank]
        # After a paragraph, or 如下：, the numbers may begin again; not with a second 一、 after the first.
        opened = normalised[max(0, heading.start - 8) : heading.start].rstrip().endswith(":")
        fresh = (
            sibling is None
            or opened
            or (between and sibling.number > 1)
            or heading.rank < _ARTICLE  # after a list of contents
        )
        message = _misnumbered(normalised, heading, sibling, last.get(heading.rank), fresh=fresh)
        pair = (above[-1].rank, heading.rank) if above else None
        if not message and pair and pair not in jumped and (message := _jump(*pair)):
            jumped.add(pair)
        if message:
            yield Finding(
                kind=Kind.NUMBERING, start=heading.start, end=heading.end, message=say(*message)
            )
        above.append(heading)
        last[heading.rank] = heading
        between = False


def _heading(normalised: str, piece: document_form.Piece) -> _Heading | None:
    """The heading of a piece; None if it has none whose number is followed."""
    if piece.rank not in _FOLLOWED or piece.part:
        return None
    match = _MARK.match(normalised, piece.start, piece.end)
    number = whole_number(match["number"]) if match else None
    if match is None or number is None or normalised.startswith("之", match.end()):
        return None  # ㈠ and ⒈ have no number to read, 第五条之一 is between two numbers
    return _Heading(piece.rank, number, *match.span("mark"), match.span("number"))


def _misnumbered(
    normalised: str,
    heading: _Heading,
    sibling: _Heading | None,
    before: _Heading | None,
    *,
    fresh: bool,
) -> tuple[str, str] | None:
    """What is wrong with the number, and what it should be; None if nothing is.

    It follows that of its ``sibling``, else the one ``before`` of the same level; ``fresh``: or is 1.
    """
    number, last = heading.number, sibling.number if sibling else 0
    if (before and number == before.number + 1) or (fresh and number == 1):
        return None
    if heading.rank == _ARTICLE:
        if before is None:
            return None  # articles that are quoted
        sibling, last = before, before.number
    # What no heading was recognised in may be one nevertheless.
    start = before.end if before else 0
    if (
        number > 1
        and heading.renumbered(normalised, number - 1) in normalised[start : heading.start]
    ):
        return None
    should = _shown(heading.renumbered(normalised, last + 1))
    if sibling is None:
        return f"序号从这里开始，应为“{should}”", f"the first one should be {should}"
    previous = _shown(normalised[sibling.start : sibling.end])
    if number == last:
        return f"序号重复：上一个也是“{previous}”，应为“{should}”", f"repeated: should be {should}"
    return (
        f"序号不连续：上一个是“{previous}”，应为“{should}”",
        f"out of order: after {previous} it should be {should}",
    )


def _shown(mark: str) -> str:
    """A normalised mark as it is printed: （一）."""
    return mark.replace("(", "（").replace(")", "）")


def _jump(above: int, rank: int) -> tuple[str, str] | None:
    """What is wrong with a level under another one; None if none is left out between."""
    if above not in _LEVELS or rank not in _LEVELS:
        return None
    levels = list(_LEVELS)
    if levels.index(rank) == levels.index(above) + 1:
        return None
    left_out = "".join(_LEVELS[one] for one in levels[levels.index(above) + 1 : levels.index(rank)])
    return (
        f"层次依次是一、（一）1.（1）：“{_LEVELS[above]}”之下先用“{left_out}”",
        f"levels are 一、（一）1.（1）: {left_out} comes below {_LEVELS[above]}",
    )
