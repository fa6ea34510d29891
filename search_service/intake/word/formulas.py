"""Formulas of Word (OMML) and of its EQ fields in one line of text.

Entry points: :func:`formula_text`, :func:`eq_text`, :func:`raised`.
"""

import re
from typing import Final

from lxml import etree

_M: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_PROPERTIES: Final = re.compile(r"\w+Pr")
_RAISED: Final = str.maketrans("0123456789+-－−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁽⁾ⁿ")
_LOWERED: Final = str.maketrans("0123456789+-－−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₍₎")
_SIMPLE: Final = re.compile(r"[\w.%\u0370-\u03ff]*")
# EQ \o\ac(○,1) is a circled 1; EQ \o\ad(\s\up 9(bù),埠) is 埠 with its reading above it.
_CIRCLED: Final = re.compile(r"\\o\\ac\(\s*○\s*[,;，]\s*([0-9]{1,2})\s*\)", re.IGNORECASE)
_READING: Final = re.compile(r"\\s\\up[^(]*\([^()]*\)\s*[,;，]\s*([^(),;]+)\)", re.IGNORECASE)


def raised(text: str) -> str:
    """Superscript digits and signs as such characters, 10 with a raised 4 is 10⁴; other text unchanged."""
    return _shifted(text, _RAISED)


def lowered(text: str) -> str:
    """The same for subscript ones: CO₂."""
    return _shifted(text, _LOWERED)


def _shifted(text: str, table: dict[int, int]) -> str:
    return text.translate(table) if all(ord(one) in table for one in text) else text


def eq_text(code: str) -> str:
    """The text of an EQ field, which has no result: a circled number, a character with its reading."""
    if (circled := _CIRCLED.search(code)) and 0 < (number := int(circled[1])) <= 20:
        return chr(0x245F + number)
    reading = _READING.search(code)
    return reading[1].strip() if reading else ""


def formula_text(element: etree._Element) -> str:
    """An ``oMath`` and what is inside it: a/b, x², √(x), Σ."""
    name = etree.QName(element).localname
    if name == "t":
        return element.text or ""
    if _PROPERTIES.fullmatch(name) or not isinstance(element.tag, str):
        return ""
    parts: dict[str, str] = {}
    pieces: list[str] = []
    for child in element:
        if isinstance(child.tag, str):
            text = formula_text(child)
            pieces.append(text)
            parts[etree.QName(child).localname] = text
    if name == "f":
        return f"{_grouped(parts.get('num', ''))}/{_grouped(parts.get('den', ''))}"
    if name in ("sSup", "sSub", "sSubSup"):
        return parts.get("e", "") + _below(parts.get("sub", "")) + _above(parts.get("sup", ""))
    if name == "rad":
        return f"{parts.get('deg', '')}√{_grouped(parts.get('e', ''))}"
    if name == "nary":
        sign = _property(element, "chr", "∫")
        return (
            sign + _below(parts.get("sub", "")) + _above(parts.get("sup", "")) + parts.get("e", "")
        )
    if name == "d":
        inside = _property(element, "sepChr", "|").join(
            map(formula_text, element.iterchildren(f"{_M}e"))
        )
        return f"{_property(element, 'begChr', '(')}{inside}{_property(element, 'endChr', ')')}"
    if name == "m":
        return "; ".join(filter(None, pieces))
    return (" " if name == "mr" else "").join(pieces)


def _property(element: etree._Element, name: str, default: str) -> str:
    found = element.find(f"{_M}{etree.QName(element).localname}Pr/{_M}{name}")
    return default if found is None else found.get(f"{_M}val", "")


def _grouped(text: str) -> str:
    return text if _SIMPLE.fullmatch(text) else f"({text})"


def _above(text: str) -> str:
    changed = raised(text)
    return changed if changed != text or not text else f"^{_grouped(text)}"


def _below(text: str) -> str:
    changed = lowered(text)
    return changed if changed != text or not text else f"_{_grouped(text)}"
