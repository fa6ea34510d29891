"""Single fields as sources write them -> values of an ``Article``. One function per kind of field.

Each takes what the source has and returns the value, or raises ``ValueError`` with a message that a
person can act on. Entry point for all of them together: :mod:`search_service.intake.record`.
"""

import re
import unicodedata
from datetime import date, datetime
from typing import Final, NoReturn
from urllib.parse import urlsplit

from analyzers.messages import say
from analyzers.terms import exact_key
from search_service.model import FIRST_LEDGER_VERSION, Audience

MAX_ID_LENGTH: Final = 200  # characters; the columns of the state hold no more
MAX_ID_BYTES: Final = 512  # bytes in UTF-8; Elasticsearch takes no longer id
MAX_LINE_LENGTH: Final = (
    1_000  # characters of a title, author …; Elasticsearch's keys end at 32,766 bytes
)
MAX_URL_LENGTH: Final = 2_000  # characters; what browsers and proxies still pass on
MAX_TEXT_LENGTH: Final = 5_000_000  # characters; ten times the longest law of the country
MAX_NUMBER: Final = FIRST_LEDGER_VERSION - 1

_AUDIENCES: Final = {
    **{audience.label: audience for audience in Audience},
    "公开": Audience.PUBLIC,
    "会员": Audience.MEMBER,
    "内部": Audience.STAFF,
}
_NUMBER: Final = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.0+)?\s*[字片次个]?")
_DATE: Final = re.compile(
    r"(?P<year>[0-9]{4})(?:"
    r"(?P<compact_month>[0-9][0-9])(?P<compact_day>[0-9][0-9])"
    r"|\s*[-/.年]\s*(?P<month>[0-9]{1,2})(?:\s*[-/.月]\s*(?P<day>[0-9]{1,2})\s*日?|\s*月)?"
    r"|\s*年)?"
    r"(?:(?:[Tt]|\s+)[0-9]{1,2}(?::[0-9]{2}){1,2}(?:[.,][0-9]+)?\s*(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_NO_DATE: Final = re.compile(r"0000-00-00(?: 00:00:00)?")  # how MySQL writes that there is none


def identifier(value: object) -> str:
    """Read an id: text or a whole number, at most 200 characters and 512 bytes, nothing unprintable.

    It must hold a letter or a digit, since nothing else of it is searched for; and no step of a path
    that is ``.`` or ``..``, which browsers take out of the article's address.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        _refuse(value)
    text = str(value).strip()
    if bad := next((c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")), ""):
        raise ValueError(
            say(
                f"含有控制字符 U+{ord(bad):04X}，请去掉",
                f"contains the control character U+{ord(bad):04X}; take it out",
            )
        )
    if text and not (any(map(str.isalnum, text)) and exact_key(text)):
        raise ValueError(
            say(
                f"{quoted(text)} 里没有字母、汉字或数字，查不到；请换一个 id",
                f"{quoted(text)} has no letter or digit to be found by; give another id",
            )
        )
    if step := next((step for step in text.split("/") if step in (".", "..")), ""):
        raise ValueError(
            say(
                f"{quoted(text)} 里有路径“{step}”，放不进网址；请换一个 id",
                f"{quoted(text)} has a step “{step}”, which no address keeps; give another id",
            )
        )
    if len(data := text.encode()) > MAX_ID_BYTES and len(text) <= MAX_ID_LENGTH:
        raise ValueError(
            say(
                f"有 {len(data)} 个字节（{len(text)} 个字符，汉字一个占 3 个字节），最多 {MAX_ID_BYTES} 个；"
                "请换一个短的 id",
                f"has {len(data)} bytes in UTF-8 ({len(text)} characters), {MAX_ID_BYTES} at most;"
                " give a shorter id",
            )
        )
    return _at_most(text, MAX_ID_LENGTH)


def line(value: object) -> str:
    """Read a short text; whole numbers are taken as they are written."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        _refuse(value)
    return _at_most(str(value).strip(), MAX_LINE_LENGTH)


def text(value: object) -> str:
    """Read a body or preview."""
    if not isinstance(value, str):
        # Not shown: what should be a text may hold one, and faults are kept in a file.
        _refuse(type(value).__name__)
    return _at_most(value, MAX_TEXT_LENGTH)


def address(value: object) -> str:
    """Read a URL or path. Anything but http(s) and ftp is refused: pages make links of it."""
    if not isinstance(value, str):
        _refuse(value)
    url = value.strip()
    try:
        usable = urlsplit(url).scheme.lower() in ("", "http", "https", "ftp")
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError(
            say(
                f"{quoted(url)} 不是 http 或 https 网址，也不是站内路径",
                f"{quoted(url)} is neither an http(s) address nor a path",
            )
        )
    return _at_most(url, MAX_URL_LENGTH)


def number(value: object) -> int:
    """Read a whole number from 0: ``1234``, ``"1,234"``, ``"１２３４"``, ``"3698字"``, ``12.0``."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER:
        return value
    if isinstance(value, str):
        written = unicodedata.normalize("NFKC", value).strip()
        if (match := _NUMBER.fullmatch(written)) and len(written) < 30:
            return number(int(match[1].replace(",", "")))
    raise ValueError(
        say(
            f"应是 0 到 {MAX_NUMBER} 的整数，得到 {quoted(value)}",
            f"should be a whole number from 0 to {MAX_NUMBER}, not {quoted(value)}",
        )
    )


def iso_date(value: object) -> str | None:
    """Read a date into ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``; the time of day is dropped.

    ``None`` for ``0000-00-00``, by which MySQL means that there is no date.
    """
    if isinstance(value, datetime | date):
        value = value.isoformat()
    written = unicodedata.normalize("NFKC", str(value)).strip()
    if _NO_DATE.fullmatch(written):
        return None
    match = _DATE.fullmatch(written)
    if match is None or isinstance(value, bool):
        raise ValueError(
            say(
                f"认不出日期 {quoted(value)}；可写 2024、2024-03、2024-03-05 或 2024年3月5日",
                f"{quoted(value)} is no date; write 2024, 2024-03, 2024-03-05 or 2024年3月5日",
            )
        )
    year, month, day = match["year"], match["month"], match["day"]
    month, day = month or match["compact_month"], day or match["compact_day"]
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError as exc:
        raise ValueError(say(f"没有 {written} 这一天", f"there is no day {written}")) from exc
    return "-".join(part.zfill(2) for part in (year, month, day) if part)


def audience(value: object) -> Audience:
    """Read the lowest audience that may know of an article. Never guesses: unknown is refused."""
    found = _AUDIENCES.get(value.strip().lower()) if isinstance(value, str) else None
    if found is None:
        known = "、".join(_AUDIENCES)
        raise ValueError(
            say(f"应是 {known} 之一，得到 {quoted(value)}", f"{quoted(value)} is none of {known}")
        )
    return found


def quoted(value: object) -> str:
    """A value as a message quotes it: short, on one line."""
    quoted = repr(value)
    return quoted if len(quoted) <= 40 else f"{quoted[:37]}…"


def _refuse(value: object) -> NoReturn:
    raise ValueError(say(f"应是文字，得到 {quoted(value)}", f"should be text, not {quoted(value)}"))


def _at_most(value: str, limit: int) -> str:
    if len(value) > limit:
        raise ValueError(
            say(
                f"有 {len(value)} 个字符，最多 {limit} 个",
                f"has {len(value)} characters, {limit} at most",
            )
        )
    return value
