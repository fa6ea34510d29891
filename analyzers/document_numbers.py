"""文号 in normalised text, whole and in part, and the keys by which one finds the other. Pure.

Entry points: :func:`find`, :func:`index_keys` of an article's own number, :func:`query_keys` of one that
somebody typed. A 文号 is the short name of an organ, a year and a serial number, 清政办发〔2024〕17号, or the
number of an order, 国务院令第714号. People copy it in any bracket, and type it from memory: without brackets
or 号, without the year, without the organ, or its beginning alone.

Keys contain a colon, as no text does that a reader types for a title or a code.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_HAN = "㐀-鿿"
_YEAR = r"(?P<year>(?:19|20)[0-9]{2})"
_YEAR_2 = _YEAR.replace("year", "year2")
_SERIAL = r"(?P<serial>[0-9]{1,5}|[零一二三四五六七八九十百]{1,7}(?=\s?号))"
_ORGAN = rf"(?P<organ>(?<![{_HAN}])[{_HAN}]{{1,40}})"
_BEFORE = rf"(?P<before>(?<![{_HAN}])[{_HAN}]{{0,40}}?)"
_SQUARE, _ANY_OPEN, _ANY_CLOSE = r"\[", r"[\[(<《{]", r"[\])>》}]"
# What makes another thing of digits: a date, a range, a share, a longer number.
_END = r"(?![0-9a-z.%]|\s?[-/~至到年月日时分个元万亿%])"
_ORDERS = "令|公告|通告"
# Each with whether the form leaves no doubt. The first one that matches at a place is taken.
_FORMS: Final = tuple(
    (certain, re.compile(pattern))
    for certain, pattern in (
        # 清政办发[2024]17号, [2024]第17号, and in other brackets and spacings.
        (
            True,
            rf"(?:{_ORGAN}\s{{0,3}})?{_ANY_OPEN}\s?{_YEAR}\s?年?\s?{_ANY_CLOSE}\s?第?\s?{_SERIAL}\s?号",
        ),
        # 清政办发[2024]17, [2024]17: the square bracket is that of a 文号.
        (True, rf"(?:{_ORGAN}\s{{0,3}})?{_SQUARE}\s?{_YEAR}\s?年?\s?\]\s?第?\s?{_SERIAL}{_END}"),
        # 交通运输部令2016年第62号, 公告2024年第5号.
        (True, rf"(?:{_ORGAN}\s?)?(?<![0-9]){_YEAR}\s?年\s?第\s?{_SERIAL}\s?号"),
        # 国务院令第714号, 国令714号, 令第714号, 主席令第六号, with the number in parentheses as well.
        (True, rf"(?P<organ>(?<![{_HAN}])[{_HAN}]{{0,40}}(?:{_ORDERS}))\s?\(?第?\s?{_SERIAL}\s?号"),
        # 国务院令714.
        (
            False,
            rf"(?P<organ>(?<![{_HAN}])[{_HAN}]{{1,40}}令)\s?第?\s?(?P<serial>[0-9]{{1,5}}){_END}",
        ),
        # 714号令, 第714号国务院令, 国务院第714号令.
        (
            True,
            rf"{_BEFORE}第?\s?(?<![0-9]){_SERIAL}\s?号(?P<organ>[{_HAN}]{{0,20}}?令)(?![{_HAN}])",
        ),
        # 清政办发[2024]: the beginning of a number.
        (True, rf"{_ORGAN}\s?\[\s?{_YEAR}\s?年?\s?\](?!\s?第?\s?[0-9])"),
        # 清政办发2024年17号, 清政办发2024第17号, 清政办发2024-17, 清政办发2024 17, 清政办发202417号.
        (False, rf"{_ORGAN}\s?{_YEAR}\s?(?:年\s?第?|第|[-/.])?\s?{_SERIAL}\s?号"),
        (False, rf"{_ORGAN}\s?{_YEAR}\s?(?:年|第|[-/\s])\s?第?\s?{_SERIAL}{_END}"),
        # 清政办发(2024)17, and beginnings: 清政办发(2024), 清政办发2024.
        (False, rf"{_ORGAN}\s?[(<{{]\s?{_YEAR}\s?年?\s?[)>}}]\s?第?\s?{_SERIAL}{_END}"),
        (
            False,
            rf"{_ORGAN}\s?(?:[(<{{]\s?{_YEAR_2}\s?年?\s?[)>}}]|{_YEAR})(?=\s*(?:$|[,;。、》]))",
        ),
        # [2024]17 in parentheses and 2024年17号, without an organ.
        (False, rf"(?<![0-9])[(<{{]?\s?{_YEAR}\s?[)>}}年\s-]\s?第?\s?{_SERIAL}\s?号"),
        # 清政办发17号: without the year.
        (False, rf"(?P<organ>(?<![{_HAN}])[{_HAN}]{{1,40}}?)\s?第?\s?{_SERIAL}\s?号(?![线楼院])"),
    )
)
# Where a number can begin.
_BEGINNING = re.compile(rf"(?<![{_HAN}])[{_HAN}]|{_ANY_OPEN}(?=\s?[12])|(?<![0-9])[0-9]")
# What a number follows without a mark: the end of a title, an organ's full name, a word like 根据.
_BEFORE_ORGAN = re.compile(
    r".*(?:通知|意见|决定|办法|规定|批复|通告|方案|报告|措施|条例|规划|细则|计划|复函|解释|指南|指引|文件"
    r"|人民政府(?!令)|办公[厅室]|委员会(?!令)|根据|依据|按照|查[找询阅]|关于|[日的])"
)
# How short names of organs end; before a blank only these are taken for one.
_LIKE_A_CODE = re.compile(r"[发函规字办令电复通告任委政府]$")
_CERTAINLY_SHORT = 5  # characters; longer ones may begin with other words
_SHORT_NAME = 8  # characters; longer ones before a year begin with other words
_BRACKETS = re.compile(r"\[((?:19|20)[0-9]{2})\](?=[0-9])")
_LEVEL = re.compile(r"[省市县区州盟旗](?=[^省市县区州盟旗]*令$)")


@dataclass(frozen=True)
class DocumentNumber:
    """A 文号, or a part of one, at ``text[start:end]``.

    ``organ``: the characters before year or serial number, of which perhaps only the last ones belong to it.
    ``year``: 4 digits. What was not given is empty, ``serial`` None. ``certain``: its form is that of a 文号
    and of nothing else; 工作要点2024 may be one, and is tried as one.
    """

    start: int
    end: int
    organ: str = ""
    year: str = ""
    serial: int | None = None
    certain: bool = True

    @property
    def is_one(self) -> bool:
        """Whether it has what tells one document from others: a serial number, and year or organ."""
        return self.serial is not None and bool(self.year or self.organ)

    @property
    def is_likely(self) -> bool:
        """Whether it has a serial number, and an organ of the form of a short name."""
        short = len(self.organ) <= _SHORT_NAME and _LIKE_A_CODE.search(self.organ)
        return self.is_one and bool(short)

    def is_alone(self, text: str) -> bool:
        """Whether it is the whole text."""
        return (self.start, self.end) == (0, len(text))

    @property
    def text(self) -> str:
        """The usual form: 清政办发[2024]17号, 国务院令第714号, 清政办发[2024]."""
        if not self.year:
            return f"{self.organ}第{self.serial}号"
        return f"{self.organ}[{self.year}]" + (f"{self.serial}号" if self.serial else "")


def find(text: str) -> list[DocumentNumber]:
    """All numbers in a normalised text, by offset, without overlaps.

    >>> [
    ...     (one.organ, one.year, one.serial)
    ...     for one in find("根据清政规[2021]4号、国令714号和[2023]5号")
    ... ]
    [('清政规', '2021', 4), ('国令', '', 714), ('', '2023', 5)]
    """
    return list(_find(text))


def _find(text: str) -> Iterator[DocumentNumber]:
    position = 0
    while beginning := _BEGINNING.search(text, position):
        start = beginning.start()
        number = _at(text, start)
        if number:
            yield number
            position = number.end
        else:
            position = start + 1


def _at(text: str, start: int) -> DocumentNumber | None:
    for certain, form in _FORMS:
        match = form.match(text, start)
        if match is None:
            continue
        groups = match.groupdict()
        serial = _value(groups.get("serial") or "")
        if serial == 0 or (groups.get("serial") and serial is None):
            continue
        organ = (groups.get("before") or "") + (groups.get("organ") or "")
        organ = organ.removesuffix("第")
        if not certain and (len(organ) > 2 * _SHORT_NAME or not (organ or groups.get("year"))):
            continue
        year = groups.get("year") or groups.get("year2") or ""
        cut = _BEFORE_ORGAN.match(organ)
        before = cut.end() if cut else 0
        end_of_organ = match.end("organ") if groups.get("organ") else start
        apart = text[end_of_organ : end_of_organ + 1].isspace()
        if organ and (before == len(organ) or (apart and not _LIKE_A_CODE.search(organ))):
            # Words before a number without an organ.
            if not (year and serial and certain):
                continue
            before, organ = end_of_organ - start, ""
            before += len(text[end_of_organ:]) - len(text[end_of_organ:].lstrip())
        else:
            organ = organ[before:]
        return DocumentNumber(start + before, match.end(), organ, year, serial, certain)
    return None


def _value(serial: str) -> int | None:
    """The value of digits or numerals up to 999; None for others."""
    if not serial or serial.isascii():
        return int(serial) if serial else None
    total = digit = 0
    for character in serial:
        if character in "十百":
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = "零一二三四五六七八九".index(character)
    return total + digit


def index_keys(number: str) -> tuple[str, ...]:
    """The keys of an article's own number, normalised: for each part of it that people type.

    >>> index_keys("清政规[2021]4号")[:4]
    ('wh:清政规[2021]4', 'wh:清政规4', 'wh:清政规[2021]', 'wh:[2021]4')
    """
    keys: dict[str, None] = {}
    for one in find(number):
        organ = folded_organ(one.organ)
        serial = "" if one.serial is None else str(one.serial)
        year = f"[{one.year}]" if one.year else ""
        if serial and organ:
            keys |= dict.fromkeys((f"wh:{organ}{year}{serial}", f"wh:{organ}{serial}"))
        if year and organ:
            keys[f"wh:{organ}{year}"] = None
        if year and serial:
            keys[f"wh:{year}{serial}"] = None
        # Without the first characters of the organ: 政办发[2024]17号, 第714号令.
        for first in range(1, len(organ)):
            rest = organ[first:]
            if len(rest) < 2 and rest != "令":
                continue
            if year:
                keys |= dict.fromkeys((f"wh:~{rest}{year}{serial}", f"wh:~{rest}{year}"))
            if serial and rest.endswith(tuple(_ORDERS.split("|"))):
                keys[f"wh:~{rest}{serial}"] = None
    return tuple(keys)


def query_keys(number: DocumentNumber) -> tuple[str, ...]:
    """The keys of the articles whose number has the parts of this one."""
    serial = "" if number.serial is None else str(number.serial)
    rest = (f"[{number.year}]" if number.year else "") + serial
    organs = _organs(number.organ)
    if not organs:
        return (f"wh:{rest}",)
    # A number that was typed without its year, or an order that has none.
    exact = (f"wh:{organ}{rest}" for organ in organs)
    return tuple(dict.fromkeys((*exact, *(f"wh:~{organ}{rest}" for organ in organs[:1]))))


def printed(text: str) -> str:
    """The normalised text with the brackets that 文号 are printed with.

    >>> printed("清政办发[2024]17号 公文")
    '清政办发〔2024〕17号 公文'
    """
    return _BRACKETS.sub(r"〔\1〕", text)


def _organs(typed: str) -> list[str]:
    """What the organ may be, of the characters before a year or a serial number, the likeliest first."""
    organ = folded_organ(typed)
    organs = [organ] if organ else []
    if organ.endswith("令"):
        # 山西省政府令 is the 省政府令 of some other portal.
        organs += [organ[match.start() :] for match in _LEVEL.finditer(organ) if match.start()]
    elif len(organ) > _CERTAINLY_SHORT:
        organs += [organ[-length:] for length in range(min(_SHORT_NAME, len(organ)), 1, -1)]
    return list(dict.fromkeys(organs))


def folded_organ(organ: str) -> str:
    """One form of the names of an organ in 文号: 国令 is 国务院令."""
    organ = re.sub(r"\s", "", organ).replace("中华人民共和国", "").replace("人民政府", "政府")
    return re.sub(r"国令$", "国务院令", organ)
