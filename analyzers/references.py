"""References in normalised text: 文号, dates, numbers, placeholders and codes, as canonical terms.

Entry point: :func:`find`. References are recognised before segmentation, because a dictionary cuts them
differently in every context. The terms (``wh:[2024]5``, ``date:2024-03-05``, ``no:12条``,
``num:30个``, ``xx:市``, ``code:b1890``) contain a colon, which no word does.

Numbers are: an ordinal of a part or an edition (第十二条 = 第12条, 第五号 = 第5号), a month (三月 = 3月), a
fraction (百分之三点五 = 3.5%, 三分之一 = 1/3), a negative number, and a number before a measure word that is
10 or more, or not a whole one (三十个 = 30个, 1.2亿元 = 12000万元 = 一亿二千万元). Numerals under ten remain
words, because names contain them (三个代表, 八项规定, 一次); so do numerals without a measure word (十四五,
二十大) and those that are not a single number (十三四个). Whatever holds for a text here holds for the folded
one (:mod:`analyzers.folding`).
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_YEAR = r"(?:19|20)[0-9]{2}"
# 〔2024〕5号, [2024]第5号, (2024)5号: after normalising, lenticular and tortoise brackets are [ ].
_IN_BRACKETS = (
    rf"[\[(<《{{]\s?(?P<year>{_YEAR})\s?年?[\])>》}}]\s?第?\s?(?P<number>[0-9]{{1,5}})(?=\s?号)"
)
# 2024年第5号, and 国办发2024年5号 as people type it: an organ's short name ends with any character.
_WITHOUT_BRACKETS = (
    rf"(?<![0-9])(?P<year2>{_YEAR})\s?年?\s?第\s?(?P<number2>[0-9]{{1,5}})(?=\s?号)"
    rf"|(?<=[㐀-鿿])(?P<year3>{_YEAR})\s?(?:年|-|\s)\s?(?P<number3>[0-9]{{1,5}})(?=\s?号)"
)
_BRACKETED = re.compile(_IN_BRACKETS)
_DOCUMENT_NUMBER = re.compile(f"{_IN_BRACKETS}|{_WITHOUT_BRACKETS}")

# A year in numerals is typed with 零, 〇, ○ (all one after normalising), a zero or the letter O.
_DIGITS: Final = "零一二三四五六七八九"
_YEAR_DIGIT = f"[{_DIGITS}0o]"
_HAN_YEAR = f"[一二]{_YEAR_DIGIT}{{3}}"
_MONTH = "1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九元]"
_DAY = "3[01]|[12][0-9]|0?[1-9]|(?:[一二三]?十|[廿卅])[一二三四五六七八九]?|[一二三四五六七八九]"
# Not part of a longer number; 第 makes a number an ordinal.
_STANDALONE = f"(?<![{_DIGITS}十百千万亿两几数第0-9.])"
_DATE = (
    # 2024年3月5日, 二〇二四年三月, 2024年; of 2024年度 the word 年度 is left whole.
    rf"(?<![0-9])(?P<y1>{_YEAR}|{_HAN_YEAR})(?:\s?年(?!度)(?:\s?(?P<m1>{_MONTH})\s?月"
    rf"(?:\s?(?P<d1>{_DAY})(?![0-9])\s?[日号]?)?)?|(?=\s?年度))"
    # 2024-03-05, 2024.3.5, 2024/3/5; the month alone in two digits: 2024.5 may be a number.
    rf"|(?<![0-9])(?P<y2>{_YEAR})(?P<gap>[-/.])(?P<m2>1[0-2]|0?[1-9])(?P=gap)"
    r"(?P<d2>3[01]|[12][0-9]|0?[1-9])(?![0-9])"
    rf"|(?<![0-9])(?P<y3>{_YEAR})[-/.](?P<m3>1[0-2]|0[1-9])(?![0-9.-])"
    # 2023-2025, 2023至2025年: years.
    rf"|(?<![0-9])(?P<y4>{_YEAR})(?=\s?[-~至到]\s?{_YEAR}(?![0-9]))"
    rf"|(?<=[-~至到])(?P<y5>{_YEAR})(?![0-9])"
    # 3月5日, 三月.
    rf"|{_STANDALONE}(?P<m6>{_MONTH})\s?月(?:\s?(?P<d6>{_DAY})\s?[日号])?"
)
# A number with decimals that is no part of a longer row (2024.3.5) and no item of a list before a year
# (2.2024年), and a fraction that is no part of one, either.
DECIMAL: Final = r"(?<![0-9]\.)[0-9]+\.(?!(?:19|20)[0-9]{2} ?年)[0-9]+(?!\.?[0-9])"
FRACTION: Final = r"(?<![0-9])(?<![0-9][/.])[0-9]{1,3}/[0-9]{1,4}(?![0-9]|[./][0-9])"
# As many numerals as the longest number up to 10^16 has; a longer run is not a number.
_NUMERALS = f"{_DIGITS}两十百千万亿"
_HAN_NUMBER = f"[一二两三四五六七八九十][{_NUMERALS}]{{0,30}}+(?![{_NUMERALS}])"
_HAN_DECIMAL = (
    f"[{_DIGITS}两十][{_NUMERALS}]{{0,30}}+(?:点[{_DIGITS}]{{1,9}}[万亿]?)?(?![{_NUMERALS}])"
)
_DIGITS_NUMBER = r"[0-9]{1,15}(?:\.(?!(?:19|20)[0-9]{2} ?年)[0-9]{1,6})?(?![0-9.])"
# 1.2亿, 1亿2000万, 3万5千.
_SCALED = rf"{_DIGITS_NUMBER}(?: ?[百千万亿]{{1,3}}(?:[0-9]{{1,9}} ?[百千万]{{1,2}}){{0,2}})?"
_PARTS = "条|款|项|章|节|编|部分|季度|期|批|届|次|轮|年|名|位|类|号|个"
# Measures of which there are parts: 1.5个 is more often a list's "1." before 5个.
_DIVISIBLE: Final = re.compile(
    "平方公里|平方米|立方米|个百分点|千瓦时|千瓦|公里|公顷|公斤|小时|元|吨|亩|米|天|年|岁|倍"
)
_MEASURES = (
    "平方公里|平方米|立方米|千瓦时|千瓦|个百分点|个工作日|工作日|周年|公里|公顷|公斤|小时|分钟|人次"
    "|个|名|人|户|家|项|件|次|条|批|所|处|座|栋|套|辆|台|亩|元|吨|米|天|日|年|岁|倍|份|场|期|届"
)
_NUMBER = (
    rf"第\s?(?P<ordinal>{_HAN_NUMBER}|[0-9]{{1,5}})\s?(?P<part>{_PARTS})"
    rf"|(?P<denominator>[{_DIGITS}十百千万]{{1,8}})分之(?P<numerator>{_HAN_DECIMAL}|百(?!分)|{_DIGITS_NUMBER})"
    rf"|(?P<fraction>{FRACTION})"
    rf"|(?:{_STANDALONE}|(?P<minus>-))"
    rf"(?:(?P<amount>{_SCALED}|{_HAN_DECIMAL})\s?(?:(?P<unit>[%‰℃℉])|(?P<measure>{_MEASURES}))"
    rf"|(?P<bare>(?:(?<=-)|(?=[0-9.]+ ?[万亿])){_SCALED})(?![0-9达科博里]))"  # 3万达 has no number
)
# What a placeholder replaces; not where the same characters begin another word (某市场, 某区域, 某组织).
_THINGS = (
    "自治区|街道|社区|小区|部门|办公室|中心|公司|企业|集团|学校|大学|中学|小学|医院|银行|单位|机关|支部"
    "|党委|党组|同志|书记|主任|先生|女士|领导|项目"
    "|省|市(?!场|民)|州|盟|县|旗|区(?!域|间|别)|镇|乡|村(?!民)|组(?!织|成)|局(?!面|部)|厅|委|部(?!分|位|署)"
    "|办|院|所(?!有|以|谓)|站|路|年|月|日|地(?!方)|人|号"
)
_PLACEHOLDER = (
    rf"(?:(?<![a-z×*□])[x×*□]{{2,}}+(?![a-z0-9])|某{{2,}}|(?:(?<![a-z])[x×*]|某)(?={_THINGS}))"
    rf"(?P<thing>{_THINGS})?"
)
_CODE = r"(?<![a-z0-9])(?P<code>[a-z]\s?[0-9]{2,6})(?![a-z0-9])"
# The first alternative that matches wins: a 文号 over the date that its year and number resemble.
_REFERENCE = re.compile(
    f"(?P<document>{_IN_BRACKETS}|{_WITHOUT_BRACKETS})|(?P<date>{_DATE})|(?P<count>{_NUMBER})"
    f"|(?P<placeholder>{_PLACEHOLDER})|{_CODE}"
)
# Where a reference can begin: trying the whole pattern at each character would take five times as long.
# The leading character set lets the regex engine skip all other characters quickly.
_BEGINNING = re.compile(
    r"[\[(<《{0-9第百千万某x×*□a-z零一二两三四五六七八九十元-]"
    r"(?:(?<=[0-9])|(?<=[某x×*□])|(?<=[\[(<《{])(?=\s?[12])|(?<=[a-z])(?=\s?[0-9])|(?<=-)(?=[0-9])"
    r"|(?<=[百千万十一二两三四五六七八九])(?=分之)|(?<=零)(?=点)"
    r"|(?<=第)(?=[\s0-9一二两三四五六七八九十])|(?<=[十元])(?=[一二三四五六七八九月])"
    rf"|(?<=[一二两三四五六七八九])(?=[{_DIGITS}0o十百千万亿月点])|(?<=十)(?={_MEASURES}))"
)
_MIN_AMOUNT = 10
_MAX_VALUE: Final = 10**16
_SCALES: Final = {"百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
# What a hyphen or a dash follows, before which blanks do not matter.
_JOINED = re.compile(r"[a-z0-9%‰℃℉°)\]-] *\Z|[./]\Z")
_TELLING = "为是至到达约降低下跌负"
_MEASURED = re.compile(r"[0-9][㐀-鿿]{1,3}\Z")
_PRECISE = re.compile(r"[0-9]+(?:\.[0-9]|[0-9]* ?[%‰℃℉])")


@dataclass(frozen=True)
class Reference:
    """A reference at ``text[start:end]``; ``terms``: from the most to the least specific."""

    start: int
    end: int
    terms: tuple[str, ...]


def _value(text: str) -> int | Decimal | None:
    """The value of digits or numerals, up to 10^16; None for greater ones and malformed numerals (十四五)."""
    value: int | Decimal | None
    if text[0] in "0123456789":
        value = int(text) if text.isdecimal() else _digits(text)
    elif "点" in text:
        value = _decimal(*text.split("点"))
    else:
        value = _numerals(text)
    return value if value is not None and value <= _MAX_VALUE else None


def _digits(text: str) -> int | Decimal | None:
    """The value of digits with 百, 千, 万, 亿; None unless they descend."""
    total, least = Decimal(0), Decimal("inf")
    for number, units in re.findall(r"([0-9.]+) ?([百千万亿]*)", text):
        scale = math.prod(_SCALES[unit] for unit in units)
        part = Decimal(number) * scale
        if part >= least:
            return None
        total += part
        least = Decimal(scale)
    return _plain(total)


def _decimal(whole: str, decimals: str) -> int | Decimal | None:
    """The value of numerals with decimals: 三 and 五, or 五亿."""
    number = _numerals(whole)
    if number is None:
        return None
    digits = "".join(str(_DIGITS.index(one)) for one in decimals.rstrip("万亿"))
    return _plain(Decimal(f"{number}.{digits}") * _SCALES.get(decimals[-1], 1))


def _plain(value: Decimal) -> int | Decimal:
    """The value, written as usual: without an exponent and without zeros behind the point."""
    whole = int(value)
    return whole if value == whole else Decimal(format(value, "f").rstrip("0"))


def _numerals(text: str) -> int | None:
    hundred_millions = ten_thousands = section = digit = 0
    least, spoken = 10_000, False  # the last unit; whether a digit still waits for one
    for character in text:
        if character in _DIGITS or character == "两":
            if spoken:
                return None
            digit = 2 if character == "两" else _DIGITS.index(character)
            spoken = bool(digit)
            least = 11 if character == "零" else least  # 一百零五, but not 一百五
        elif character in "万亿":
            below = section + digit
            if character == "亿":
                hundred_millions = (hundred_millions + ten_thousands + below) * 100_000_000
                ten_thousands = 0
            elif ten_thousands and below:
                return None  # 一万二万
            else:
                ten_thousands = (ten_thousands + below) * 10_000  # 四万万
            section, digit, least, spoken = 0, 0, 10_000, False
            if not (hundred_millions or ten_thousands):
                return None
        else:
            unit = {"十": 10, "百": 100, "千": 1000}[character]
            if unit >= least:
                return None
            section += (digit if spoken else 1) * unit
            digit, least, spoken = 0, unit, False
    total = hundred_millions + ten_thousands + section
    if spoken and least > 11 and total:
        return None  # 一百五, 三万五: a hundred and five, or fifty?
    return total + digit


def whole_number(text: str) -> int | None:
    """The value of a normalised text that is a whole number in digits or numerals; None for other texts.

    >>> [whole_number(text) for text in ("12", "十二", "一百零三", "十四五", "条")]
    [12, 12, 103, None, None]
    """
    if text.isascii():
        return int(text) if text.isdecimal() and len(text) <= 15 else None
    is_numeral = all(one in _DIGITS or one in "两十百千" for one in text)
    return _numerals(text) if is_numeral else None


def numeral(value: int) -> str:
    """The numerals of 1 to 99, otherwise an empty string."""
    tens, ones = divmod(value, 10)
    if not 0 < value < 100:
        return ""
    head = ("" if tens == 1 else _DIGITS[tens]) + "十" if tens else ""
    return head + (_DIGITS[ones] if ones else "")


def _day_or_month(text: str) -> int:
    if text.isascii():
        return int(text)
    if text == "元":
        return 1
    return _numerals(text.replace("廿", "二十").replace("卅", "三十")) or 0


def _date(match: re.Match[str]) -> tuple[str, ...]:
    """Terms of a date: 2024-03-05 also matches March 2024, 2024, any 5 March and any March."""
    groups = match.groupdict()
    year, month, day = (
        next((value for place in "123456" if (value := groups.get(part + place))), "")
        for part in "ymd"
    )
    digits = "".join(str(_DIGITS.index(one)) if one in _DIGITS else one for one in year)
    digits = digits.replace("o", "0")
    # A year in numerals also gives a term in digits, as one in digits does anyway, but not that of 2024.03.
    plain = (digits,) if year != digits or "." in match[0] else ()
    if not month:
        return (f"date:{digits}", *plain)
    to_month = f"{_day_or_month(month):02}"
    to_day = f"{to_month}-{_day_or_month(day):02}" if day else ""
    without = [f"date:{part}" for part in (to_day, to_month) if part]
    if not year:
        return tuple(without)
    with_year = [f"date:{digits}-{part}" for part in (to_day, to_month) if part]
    return (*with_year, f"date:{digits}", *without, *plain)


def is_negative(text: str, at: int) -> bool:
    """Whether the - at ``text[at]``, before a digit, is a minus: no range, no hyphen of a name (神舟-18)."""
    before = text[max(0, at - 6) : at]
    if not before or _JOINED.search(before):
        return not before
    last = before[-1]
    if not "㐀" <= last <= "鿿" or last in _TELLING:
        return True
    return not _MEASURED.search(before) and _PRECISE.match(text, at + 1) is not None


def _count(match: re.Match[str]) -> tuple[str, ...]:
    if match["ordinal"]:
        place = _value(match["ordinal"])
        return () if place is None else (f"no:{place}{match['part']}",)
    if match["fraction"]:
        above, below = map(int, match["fraction"].split("/"))
        return (f"num:{above}/{below}",)
    if match["denominator"]:
        of, share = _numerals(match["denominator"]), _value(match["numerator"])
        if not of or share is None:
            return ()
        unit = {100: "%", 1000: "‰"}.get(of, f"/{of}")
        return (f"num:{share}{unit}",)
    typed = match["amount"] or match["bare"]
    value, measure = _value(typed), match["unit"] or match["measure"] or ""
    minus = match["minus"]
    if value is None or (minus and not is_negative(match.string, match.start("minus"))):
        return ()
    scaled = "万" in typed or "亿" in typed
    if match["measure"]:
        whole_number = isinstance(value, int)
        if not minus and whole_number and value < _MIN_AMOUNT:
            return ()
        if not (scaled or whole_number or _DIVISIBLE.fullmatch(measure)):
            return ()
    elif match["bare"] and not (scaled or minus):
        return ()
    terms = (f"{value}{measure}", *([str(value)] if scaled and measure else []))
    negative = tuple(f"num:-{term}" for term in terms) if minus else ()
    return (*negative, *(f"num:{term}" for term in terms))


def _core(match: re.Match[str]) -> str:
    """``wh:[year]number`` of a 文号, without the organ's short name."""
    groups = match.groupdict()
    year = groups["year"] or groups.get("year2") or groups.get("year3") or ""
    number = groups["number"] or groups.get("number2") or groups.get("number3") or ""
    return f"wh:[{year}]{int(number)}"


def _terms(match: re.Match[str]) -> tuple[str, ...]:
    if match["document"]:
        number = match["number"] or match["number2"]
        ordinal = (f"no:{int(number)}号",) if number and "第" in match[0] else ()
        return (_core(match), *ordinal)
    if match["date"]:
        return _date(match)
    if match["count"]:
        return _count(match)
    if match["placeholder"]:
        return (f"xx:{match['thing']}", "xx:") if match["thing"] else ("xx:",)
    return (f"code:{''.join(match['code'].split())}",)


def find_bracketed(text: str) -> list[Reference]:
    """The bracketed parts of 文号 in a normalised text: ``[2024]5`` of 国办发[2024]5号.

    Such a part contains no two adjacent Han characters, so replacing it by one term loses no bigram.
    """
    return [
        Reference(match.start(), match.end(), (_core(match),))
        for match in _BRACKETED.finditer(text)
    ]


def _find(text: str) -> Iterator[Reference]:
    beginning = _BEGINNING.search(text)
    while beginning:
        position = beginning.start()
        match = _REFERENCE.match(text, position)
        if match and (terms := _terms(match)):
            position = text.index("号", match.end()) + 1 if match["document"] else match.end()
            yield Reference(match.start(), position, terms)
        else:
            position += 1
        beginning = _BEGINNING.search(text, position)


def find(text: str) -> list[Reference]:
    """All references in a normalised text, by offset, without overlaps."""
    return list(_find(text))


def document_number_key(text: str) -> str:
    """The key of a normalised 文号, the same for every kind of bracket and spacing: ``国办发[2024]5号``."""
    text = _DOCUMENT_NUMBER.sub(lambda match: _core(match).removeprefix("wh:"), text)
    return re.sub(r"\s+", "", text)
