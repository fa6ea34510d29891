"""Dates as people type them, in queries and in filters alike. Entry point: :func:`read_date`. Pure."""

import calendar
import re

from analyzers import references
from analyzers.normalize import normalize

_ISO = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)
_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})?", re.ASCII)
_MONTH = re.compile(r"([0-9]{4})[-/.年] ?([0-9]{1,2}) ?月?", re.ASCII)


def read_date(text: str) -> str:
    """The ISO form of 2024, 202403, 20240305, 2024-3, 2024/3/5, 2024年3月5日; empty for other text.

    >>> [read_date(text) for text in ("20240305", "2024.3.5", "二〇二四年三月", "2024-02-30")]
    ['2024-03-05', '2024-03-05', '2024-03', '']
    """
    text = normalize(text).strip()
    if match := _DIGITS.fullmatch(text) or _MONTH.fullmatch(text):
        text = "-".join(part.zfill(2) for part in match.groups() if part)
    elif not _ISO.fullmatch(text):
        dates = references.find(text)
        whole = len(dates) == 1 and (dates[0].start, dates[0].end) == (0, len(text))
        text = dates[0].terms[0].removeprefix("date:") if whole else ""
    match = _ISO.fullmatch(text)
    if match is None:
        return ""
    year, month, day = (int(part or 1) for part in match.groups())
    valid = year and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
    return text if valid else ""
