"""References in normalised text: 文号, dates and article codes, each with one canonical term.

Entry point: :func:`find`. A reference is recognised before segmenting, since a dictionary cuts it
differently in every neighbourhood. The terms (``wh:[2024]5``, ``date:2024-03-05``, ``code:b1890``)
hold a colon, which no word does.
"""

import re
from dataclasses import dataclass
from typing import Final

_YEAR = r"(?:19|20)\d{2}"
# 〔2024〕5号, [2024]第5号, (2024)5号: after normalising, lenticular and tortoise brackets are [ ].
_BRACKETED = re.compile(
    rf"[\[(<《{{]\s?(?P<year>{_YEAR})\s?年?[\])>》}}]\s?第?\s?(?P<number>\d{{1,5}})(?=号)"
)
# 2024年第5号, and 国办发2024年5号 as people type it.
_BARE = re.compile(
    rf"(?<!\d)(?P<year>{_YEAR})\s?年?\s?第\s?(?P<number>\d{{1,5}})(?=号)"
    rf"|(?<=[发字函办令文告])(?P<year2>{_YEAR})\s?(?:年|-|\s)\s?(?P<number2>\d{{1,5}})(?=号)"
)
_DIGITS: Final = "零一二三四五六七八九"
_HAN_YEAR = rf"[一二][{_DIGITS}]{{3}}"
_HAN_SMALL = r"[一二三]?十?[一二三四五六七八九十]"
_DATE = re.compile(
    rf"(?<!\d)(?P<year>{_YEAR}|{_HAN_YEAR})\s?(?:年|[-/.](?=\d))"
    rf"(?:\s?(?P<month>1[0-2]|0?[1-9]|{_HAN_SMALL})\s?(?:月|[-/.](?=\d))"
    rf"(?:\s?(?P<day>3[01]|[12]\d|0?[1-9]|{_HAN_SMALL})(?!\d)\s?[日号]?)?)?"
)
_CODE = re.compile(r"(?<![a-z0-9])[a-z]\s?\d{2,6}(?![a-z0-9])")


@dataclass(frozen=True)
class Reference:
    """A reference at ``text[start:end]``; ``terms`` go from the most to the least specific."""

    start: int
    end: int
    terms: tuple[str, ...]


def _number(text: str) -> int:
    """The value of a number in digits or in Chinese numerals up to 99."""
    if text.isascii():
        return int(text)
    if "十" not in text:
        return int("".join(str(_DIGITS.index(digit)) for digit in text))
    tens, _, ones = text.partition("十")
    return 10 * (_DIGITS.index(tens) if tens else 1) + (_DIGITS.index(ones) if ones else 0)


def _date(match: re.Match[str]) -> tuple[str, ...]:
    year = f"date:{_number(match['year'])}"
    if not match["month"]:
        return (year,)
    month = _number(match["month"])
    if not 1 <= month <= 12:
        return (year,)
    to_month = f"{year}-{month:02}"
    if not match["day"]:
        return (to_month, year)
    day = _number(match["day"])
    return (f"{to_month}-{day:02}", to_month, year) if 1 <= day <= 31 else (to_month, year)


def _core(match: re.Match[str]) -> str:
    """``wh:[year]number`` of a 文号; the organ's short name stays outside."""
    groups = match.groupdict()
    year = groups["year"] or groups.get("year2") or ""
    number = groups["number"] or groups.get("number2") or ""
    return f"wh:[{year}]{int(number)}"


def find_bracketed(text: str) -> list[Reference]:
    """The bracketed parts of 文号 in a normalised text: ``[2024]5`` of 国办发[2024]5号.

    No two Han characters stand side by side in such a part, so that taking it as one term hides none.
    """
    return [
        Reference(match.start(), match.end(), (_core(match),))
        for match in _BRACKETED.finditer(text)
    ]


def find(text: str) -> list[Reference]:
    """All references of a normalised text, by offset, none overlapping another.

    A 文号 wins over the date that its year and number look like.
    """
    found = [
        Reference(match.start(), match.end() + len("号"), (_core(match),))
        for pattern in (_BRACKETED, _BARE)
        for match in pattern.finditer(text)
    ]
    taken = [(reference.start, reference.end) for reference in found]
    found += [
        Reference(match.start(), match.end(), _date(match))
        for match in _DATE.finditer(text)
        if all(match.end() <= start or match.start() >= end for start, end in taken)
    ]
    found += [
        Reference(match.start(), match.end(), (f"code:{match[0].replace(' ', '')}",))
        for match in _CODE.finditer(text)
    ]
    return sorted(found, key=lambda reference: reference.start)


def document_number_key(text: str) -> str:
    """The key of a whole 文号, the same for every bracket, width and spacing: ``国办发[2024]5号``."""
    for pattern in (_BRACKETED, _BARE):
        text = pattern.sub(lambda match: _core(match).removeprefix("wh:"), text)
    return re.sub(r"\s+", "", text)
