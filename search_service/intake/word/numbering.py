"""The numbers that Word counts: 第一条, （一）, 1.1. Entry point: :class:`Numbering`.

ISO/IEC 29500-1, 17.9. A number is text for a reader, but stands nowhere in the file: it is counted from the
definitions of lists, over all paragraphs in their order.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from docx.oxml.ns import qn
from lxml import etree

_LEVELS: Final = 9
_MAX_NUMBER: Final = 1_000_000
_BULLET: Final = "•"
_DIGITS: Final = "〇一二三四五六七八九"
_LEGAL_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_ROMAN: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
    (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


@dataclass
class _Level:
    start: int = 1
    form: str = "decimal"
    text: str = ""
    legal: bool = False
    restart: int | None = None
    style: str = ""


class Numbering:
    """Counts the paragraphs of lists, as Word does.

    ``root``: the part ``numbering.xml``, None if there is none. ``of_styles``: the ``numPr`` of a style, its
    own or that of the style it is based on, by the style's id.
    """

    def __init__(
        self, root: etree._Element | None, of_styles: Mapping[str, etree._Element]
    ) -> None:
        self._of_styles = of_styles
        self._abstract: dict[str, dict[int, _Level]] = {}
        self._lists: dict[str, tuple[str, dict[int, _Level], dict[int, int]]] = {}
        # By definition, because lists of one definition count on; and lists that have begun.
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[tuple[str, int]] = set()
        if root is not None:
            self._read(root)

    def _read(self, root: etree._Element) -> None:
        named: dict[str, str] = {}  # style of a list -> its definition
        linked: dict[str, str] = {}
        for one in root.iterchildren(qn("w:abstractNum")):
            identifier = one.get(qn("w:abstractNumId"), "")
            self._abstract[identifier] = dict(_levels(one))
            if name := _value(one, "w:styleLink"):
                named[name] = identifier
            if name := _value(one, "w:numStyleLink"):
                linked[identifier] = name
        for identifier, name in linked.items():
            self._abstract[identifier] = self._abstract.get(named.get(name, ""), {})
        for one in root.iterchildren(qn("w:num")):
            abstract = _value(one, "w:abstractNumId") or ""
            levels = dict(self._abstract.get(abstract, {}))
            starts: dict[int, int] = {}
            for override in one.iterchildren(qn("w:lvlOverride")):
                number = _number(override.get(qn("w:ilvl")))
                levels |= dict(_levels(override))
                if (start := _value(override, "w:startOverride")) is not None:
                    starts[number] = _number(start)
            self._lists[one.get(qn("w:numId"), "")] = abstract, levels, starts

    def number(self, properties: etree._Element | None) -> str:
        """Count a paragraph with these ``pPr``; its number with what sets it off, or an empty string."""
        style = (_value(properties, "w:pStyle") if properties is not None else None) or ""
        own = properties.find(qn("w:numPr")) if properties is not None else None
        of_style = self._of_styles.get(style)
        identifier = _value(own, "w:numId") or _value(of_style, "w:numId")
        if identifier is None or identifier not in self._lists:
            return ""
        abstract, levels, starts = self._lists[identifier]
        written = _value(own, "w:ilvl")
        if written is None and own is None:
            by_style = (number for number, level in levels.items() if level.style == style)
            level = next(by_style, _number(_value(of_style, "w:ilvl")))
        else:
            level = _number(written)
        if level not in levels:
            return ""
        counts = self._counts.setdefault(abstract, {})
        if level in starts and (identifier, level) not in self._begun:
            counts[level] = starts[level]
        else:
            counts[level] = counts.get(level, levels[level].start - 1) + 1
        self._begun.add((identifier, level))
        for deeper in [one for one in counts if one > level]:
            restart = levels[deeper].restart if deeper in levels else None
            if restart is None or (restart and level < restart):
                del counts[deeper]
        return _shown(levels, level, counts)


def _levels(element: etree._Element) -> Iterator[tuple[int, _Level]]:
    for one in element.iterchildren(qn("w:lvl")):
        restart = _value(one, "w:lvlRestart")
        level = _Level(
            start=_number(_value(one, "w:start") or "1"),
            form=_value(one, "w:numFmt") or "decimal",
            text=_value(one, "w:lvlText") or "",
            legal=is_on(one.find(qn("w:isLgl"))),
            restart=None if restart is None else _number(restart),
            style=_value(one, "w:pStyle") or "",
        )
        yield _number(one.get(qn("w:ilvl"))), level


def is_on(element: etree._Element | None) -> bool:
    """Whether a property that is on or off is there and on."""
    off = ("0", "false", "off")
    return element is not None and element.get(qn("w:val"), "1") not in off


def _value(element: etree._Element | None, tag: str) -> str | None:
    child = None if element is None else element.find(qn(tag))
    return None if child is None else child.get(qn("w:val"), "")


def _number(written: str | None) -> int:
    usable = written is not None and written.isascii() and written.isdecimal() and len(written) < 8
    return min(int(written or 0), _MAX_NUMBER) if usable else 0


def _shown(levels: Mapping[int, _Level], level: int, counts: Mapping[int, int]) -> str:
    """The text of a number; the levels above that were not counted yet show their first number."""
    definition = levels[level]
    if definition.form == "none":
        return ""
    if definition.form == "bullet":
        private = not definition.text or "\ue000" <= definition.text[0] <= "\uf8ff"
        return f"{_BULLET if private else definition.text} "
    text = definition.text
    for number in range(_LEVELS):
        if f"%{number + 1}" not in text:
            continue
        other = levels.get(number, _Level())
        form = "decimal" if definition.legal and number != level else other.form
        value = counts.get(number, other.start)
        text = text.replace(f"%{number + 1}", _written(value, form))
    # A word or a digit needs a gap before the text; 、 and ） do not.
    return f"{text} " if text and text[-1].isalnum() else text


def _written(value: int, form: str) -> str:
    write = _FORMS.get(form)
    return write(value) if write and value > 0 else str(value)


def _roman(value: int) -> str:
    if value > 3999:
        return str(value)
    text = ""
    for size, letters in _ROMAN:
        text += letters * (value // size)
        value %= size
    return text


def _letters(value: int) -> str:
    return chr(ord("a") + (value - 1) % 26) * min((value - 1) // 26 + 1, 20)


def _counting(
    value: int, *, digits: str = _DIGITS, units: str = "十百千万", ten: str = "十"
) -> str:
    """Chinese counting: 十二, 一百零五; ``ten``: how 10 to 19 begin."""
    if value >= 100_000:
        return str(value)
    text, gap = "", False
    for power in range(4, -1, -1):
        digit = value // 10**power % 10
        if digit:
            text += (
                ("零" if gap and text else "") + digits[digit] + (units[power - 1] if power else "")
            )
            gap = False
        else:
            gap = True
    return ten + text[2:] if text.startswith(digits[1] + units[0]) else text


def _by_digit(value: int) -> str:
    return "".join(_DIGITS[int(digit)] for digit in str(value))


def _below_hundred(value: int) -> str:
    """As Word's chineseCounting: from 100 on digit by digit."""
    return _counting(value) if value < 100 else _by_digit(value)


def _legal(value: int) -> str:
    return _counting(value, digits=_LEGAL_DIGITS, units="拾佰仟万", ten="壹拾")


def _in(characters: str) -> Callable[[int], str]:
    return lambda value: characters[value - 1] if value <= len(characters) else str(value)


_CIRCLES: Final = "".join(
    map(chr, [*range(0x2460, 0x2474), *range(0x3251, 0x3260), *range(0x32B1, 0x32C0)])
)
_FORMS: Final[Mapping[str, Callable[[int], str]]] = {
    "decimalZero": "{:02}".format,
    "decimalFullWidth": lambda value: str(value).translate({48 + n: 0xFF10 + n for n in range(10)}),
    "upperRoman": lambda value: _roman(value).upper(),
    "lowerRoman": _roman,
    "upperLetter": lambda value: _letters(value).upper(),
    "lowerLetter": _letters,
    "chineseCounting": _below_hundred,
    "chineseCountingThousand": _counting,
    "taiwaneseCounting": _below_hundred,
    "taiwaneseCountingThousand": _counting,
    "japaneseCounting": _counting,
    "japaneseDigitalTenThousand": _by_digit,
    "ideographDigital": _by_digit,
    "taiwaneseDigital": _by_digit,
    "chineseLegalSimplified": _legal,
    "ideographLegalTraditional": _legal,
    "ideographTraditional": _in("甲乙丙丁戊己庚辛壬癸"),
    "ideographZodiac": _in("子丑寅卯辰巳午未申酉戌亥"),
    "ideographEnclosedCircle": _in("㊀㊁㊂㊃㊄㊅㊆㊇㊈㊉"),
    "decimalEnclosedCircle": _in(_CIRCLES),
    "decimalEnclosedCircleChinese": _in(_CIRCLES),
    "decimalEnclosedParen": _in("".join(map(chr, range(0x2474, 0x2488)))),
    "decimalEnclosedFullstop": _in("".join(map(chr, range(0x2488, 0x249C)))),
}
