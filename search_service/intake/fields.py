"""Values of fields as sources write them -> values of an ``Article``. One function per kind of field.

Each takes the raw value and returns the normalised one, or raises ``ValueError`` with a message for users.
:mod:`search_service.intake.record` applies them to records.
"""

import contextlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Final, NoReturn
from urllib.parse import urljoin, urlsplit

from analyzers.messages import say
from analyzers.terms import exact_key
from search_service.metadata import Attachment
from search_service.model import FIRST_LEDGER_VERSION, Audience

MAX_ID_LENGTH: Final = 200  # characters; limit of the state's columns
MAX_ID_BYTES: Final = 512  # in UTF-8; Elasticsearch's limit
MAX_LINE_LENGTH: Final = 1_000  # characters of a title, author …; Elasticsearch keys: 32,766 bytes
MAX_LINES: Final = 1_000  # keywords, headings … of one article
MAX_URL_LENGTH: Final = 2_000  # characters; browsers and proxies support these
MAX_TEXT_LENGTH: Final = 5_000_000  # characters; ten times the longest law of the country
MAX_NUMBER: Final = FIRST_LEDGER_VERSION - 1

_AUDIENCES: Final = {
    **{audience.label: audience for audience in Audience},
    "公开": Audience.PUBLIC,
    "会员": Audience.MEMBER,
    "内部": Audience.STAFF,
}
_ATTACHMENT_NAMES: Final = ("name", "title", "名称", "标题")
_ATTACHMENT_URLS: Final = ("url", "href", "address", "网址", "链接", "地址")
_ADDRESS: Final = re.compile(r"https?://|/|\.{1,2}/", re.IGNORECASE)
_SLASH: Final = re.compile(r"\s*[/／]\s*")
_NUMBER: Final = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.0+)?\s*[字片次个]?")
_TIME = r"[0-9]{1,2}(?::[0-9]{2}){1,2}(?:[.,][0-9]+)?\s*(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
_DATE: Final = re.compile(
    r"(?P<year>[0-9]{4})(?:"
    r"(?P<compact_month>[0-9][0-9])(?P<compact_day>[0-9][0-9])(?:[0-9]{4}|[0-9]{6})?"
    r"|\s*[-/.年]\s*(?P<month>[0-9]{1,2})(?:\s*[-/.月]\s*(?P<day>[0-9]{1,2})\s*日?|\s*月)?"
    r"|\s*年)?"
    r"(?:\s*\(?(?:星期|周)[一二三四五六日天]\)?)?"
    rf"(?:(?:[Tt]|\s+|\s*(?:上午|下午|凌晨|中午|晚上)\s*){_TIME})?\s*(?:发布|公布|印发|发文)?"
)
# What people write if there is no date; the first is MySQL's form.
_NO_DATE: Final = re.compile(
    r"0000-00-00(?: 00:00:00)?|不详|未知|暂无|无|没有|待定|[-—－]+|/|n/a", re.IGNORECASE
)
_HAN_DIGITS: Final = "零一二三四五六七八九"
_HAN_NUMBER: Final = "[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九]"
_HAN_DATE: Final = re.compile(
    rf"(?P<year>[{_HAN_DIGITS}]{{4}})年(?:(?P<month>{_HAN_NUMBER})月(?:(?P<day>{_HAN_NUMBER})日)?)?"
)
_ENGLISH_DATES: Final = ("%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%a, %d %b %Y")
_CHINA: Final = timezone(timedelta(hours=8))
_EXCEL_EPOCH: Final = date(1899, 12, 30)
_EXCEL_DAYS: Final = range(20_000, 73_051)  # 1954 to 2099; no other date has five digits
_SECONDS: Final = range(10**9, 4 * 10**9)  # 2001 to 2096


def identifier(value: object) -> str:
    """Read an id: text or a whole number, at most 200 characters and 512 bytes, without control characters.

    It must contain a letter or a digit, because search ignores the rest; and no path segment ``.`` or
    ``..``, because browsers remove these from the article's URL.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        _refuse(value)
    text = str(value).strip()
    if text.isascii() and text.isalnum():  # as most are
        return _at_most(text, MAX_ID_LENGTH)
    if bad := next((c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")), ""):
        raise ValueError(
            say(
                f"含有控制字符 U+{ord(bad):04X}，请去掉",
                f"contains the control character U+{ord(bad):04X}; remove it",
            )
        )
    if text and not (any(map(str.isalnum, text)) and exact_key(text)):
        raise ValueError(
            say(
                f"{quoted(text)} 里没有字母、汉字或数字，查不到；请换一个 id",
                f"{quoted(text)} contains no letter or digit, so it cannot be searched for; use another id",
            )
        )
    if step := next((step for step in text.split("/") if step in (".", "..")), ""):
        raise ValueError(
            say(
                f"{quoted(text)} 里有路径“{step}”，放不进网址；请换一个 id",
                f"{quoted(text)} has a path segment “{step}”, which URLs do not keep; use another id",
            )
        )
    if len(data := text.encode()) > MAX_ID_BYTES and len(text) <= MAX_ID_LENGTH:
        raise ValueError(
            say(
                f"有 {len(data)} 个字节（{len(text)} 个字符，汉字一个占 3 个字节），最多 {MAX_ID_BYTES} 个；"
                "请换一个短的 id",
                f"has {len(data)} bytes in UTF-8 ({len(text)} characters), {MAX_ID_BYTES} at most;"
                " use a shorter id",
            )
        )
    return _at_most(text, MAX_ID_LENGTH)


def line(value: object) -> str:
    """Read a short text; a whole number becomes its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        _refuse(value)
    return _at_most(str(value).strip(), MAX_LINE_LENGTH)


def lines(value: object) -> tuple[str, ...]:
    """Read a list of short texts, or a text with one a line; at most ``MAX_LINES``."""
    return tuple(text for one in _entries(value) if (text := line(one)))


def _entries(value: object) -> Sequence[object]:
    given = value.splitlines() if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        given = [given]
    if len(given) > MAX_LINES:
        raise ValueError(
            say(
                f"有 {len(given)} 项，最多 {MAX_LINES} 项",
                f"has {len(given)} entries, {MAX_LINES} at most",
            )
        )
    return given


def words(value: object) -> tuple[str, ...]:
    """Read keywords: a list, or a text that separates them by blanks or punctuation."""
    if isinstance(value, str):
        value = [one for one in re.split(r"[\s,，、;；]+", value) if one]
    return lines(value)


def attachments(value: object) -> tuple[Attachment, ...]:
    """Read attachments: a list of names, or of objects with ``name`` and ``url``; or one of these.

    In a text each line is a name, with its address after a blank, if it has one.
    """
    return tuple(one for entry in _entries(value) if (one := _attachment(entry)).name)


def _attachment(value: object) -> Attachment:
    if isinstance(value, Mapping):
        values = {str(key).strip().lower(): one for key, one in value.items()}
        name = next((values[key] for key in _ATTACHMENT_NAMES if values.get(key)), "")
        url = next((values[key] for key in _ATTACHMENT_URLS if values.get(key)), None)
        url = None if url is None else web_address(url)
        return Attachment(line(name) or (url or "").rsplit("/", 1)[-1], url)
    text = line(value)
    name, _, end = text.rpartition(" ")
    if name and _ADDRESS.match(end):
        return Attachment(name.strip(), web_address(end))
    return Attachment(text)


def resolved(url: str | None, base: str | None) -> str | None:
    """A URL that is relative to the article's own; unchanged if that is not known.

    >>> resolved("files/1.pdf", "/wj/2024/7.html")
    '/wj/2024/files/1.pdf'
    """
    return urljoin(base, url) if url and base else url


def category(value: object) -> str:
    """A category, a path of one line."""
    return category_path(line(value))


def category_path(text: str) -> str:
    """The category with its levels separated by nothing but a slash: 民生 ／ 医保 is 民生/医保."""
    return _SLASH.sub("/", text.strip())


def text(value: object) -> str:
    """Read a body or preview."""
    if not isinstance(value, str):
        # Only the type is shown: the value may contain paid text, and faults are written to a file.
        _refuse(type(value).__name__)
    return _at_most(value, MAX_TEXT_LENGTH)


def address(value: object) -> str:
    """Read a URL or path. Other schemes than http(s) and ftp are refused, because pages link to it."""
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


def web_address(value: object) -> str:
    """Read the address of an attachment: http, https, or a path."""
    url = address(value)
    if urlsplit(url).scheme.lower() not in ("", "http", "https"):
        raise ValueError(
            say(
                f"{quoted(url)} 不是 http 或 https 网址，也不是站内路径",
                f"{quoted(url)} is neither an http(s) address nor a path",
            )
        )
    return url


def number(value: object) -> int:
    """Read a whole number, 0 or more: ``1234``, ``"1,234"``, ``"１２３４"``, ``"3698字"``, ``12.0``."""
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
    """Normalise a date to ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``, without time of day.

    Also the day numbers of Excel and the seconds of Unix, in China's time. ``None`` for what says that there
    is no date: MySQL's ``0000-00-00``, 不详.
    """
    if isinstance(value, datetime | date):
        value = value.isoformat()
    written = unicodedata.normalize("NFKC", str(value)).strip()
    if _NO_DATE.fullmatch(written):
        return None
    counted = None if isinstance(value, bool) else _counted(written)
    written = counted or _of_han_digits(written) or _of_english(written) or written
    match = _DATE.fullmatch(written)
    if match is None or isinstance(value, bool):
        raise ValueError(
            say(
                f"认不出日期 {quoted(value)}；可写 2024、2024-03、2024-03-05 或 2024年3月5日",
                f"{quoted(value)} is not a date; write 2024, 2024-03, 2024-03-05 or 2024年3月5日",
            )
        )
    year, month, day = match["year"], match["month"], match["day"]
    month, day = month or match["compact_month"], day or match["compact_day"]
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError as exc:
        raise ValueError(say(f"没有 {written} 这一天", f"there is no day {written}")) from exc
    return "-".join(part.zfill(2) for part in (year, month, day) if part)


def _counted(written: str) -> str | None:
    """The date of a number of days (Excel), seconds or milliseconds (Unix)."""
    digits = written.partition(".")[0]
    if not digits.isdecimal() or len(digits) not in (5, 10, 13):
        return None
    number = int(digits) // 1000 if len(digits) == 13 else int(digits)
    if number in _EXCEL_DAYS:
        return (_EXCEL_EPOCH + timedelta(days=number)).isoformat()
    if number in _SECONDS:
        return datetime.fromtimestamp(number, _CHINA).date().isoformat()
    return None


def _of_han_digits(written: str) -> str | None:
    """二〇二四年三月五日 -> 2024-3-5."""
    match = _HAN_DATE.fullmatch(written.replace("〇", "零").replace("○", "零"))
    if match is None:
        return None
    parts = ["".join(str(_HAN_DIGITS.index(one)) for one in match["year"])]
    for written_number in (match["month"], match["day"]):
        if written_number:
            tens, ten, ones = written_number.rpartition("十")
            digits = str(_HAN_DIGITS.index(tens[-1:]) if tens else 1) if ten else tens
            parts.append(f"{digits}{_HAN_DIGITS.index(ones[-1:]) if ones else 0}")
    return "-".join(parts)


def _of_english(written: str) -> str | None:
    """Mar 5, 2024, or the date of a feed, Tue, 05 Mar 2024 10:00:00 +0800."""
    if not any("a" <= one <= "z" for one in written[:12].lower()):
        return None
    bare = re.sub(rf"\s+{_TIME}.*$|\s+[0-9:]+\s+GMT$", "", written)
    for form in _ENGLISH_DATES:
        with contextlib.suppress(ValueError):
            return datetime.strptime(bare, form).replace(tzinfo=_CHINA).date().isoformat()
    return None


def audience(value: object) -> Audience:
    """Read the lowest audience that may see an article. Unknown values are refused, never guessed."""
    lowest = _AUDIENCES.get(value.strip().lower()) if isinstance(value, str) else None
    if lowest is None:
        valid = "、".join(_AUDIENCES)
        raise ValueError(
            say(f"应是 {valid} 之一，得到 {quoted(value)}", f"{quoted(value)} is none of {valid}")
        )
    return lowest


def quoted(value: object) -> str:
    """A value quoted for a message: short, on one line."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"


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
