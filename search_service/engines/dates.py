"""ISO dates (``YYYY``, ``YYYY-MM``, ``YYYY-MM-DD``) as numbers yyyymmdd, which compare as the dates do.

Entry points: :func:`day_of` (of an article) and :func:`day_range` (of a filter). What an article's date does
not say is 00: 2024 is 20240000, before every day of 2024. A partial end date of a filter becomes day 31,
which no day of any month exceeds.
"""

import re
from typing import NamedTuple

from analyzers.messages import say
from search_service.errors import BadInput
from search_service.model import Filters

# A number after every date, for what has none.
UNDATED = 99999999
_ISO = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)


class DayRange(NamedTuple):
    """The days from ``first`` to ``last`` as yyyymmdd, and the partial dates that overlap them.

    Those within the range are between its ends; ``partial``: the month and the year that it begins in.
    """

    first: int
    last: int
    partial: tuple[int, ...]


def day_of(date: str | None) -> int:
    """An article's date as yyyymmdd, 00 for what is unknown; 0 without a date or if it is not ISO."""
    match = _ISO.fullmatch(date or "")
    return _number(match, "00", "00") if match else 0


def day_range(filters: Filters) -> DayRange | None:
    """The days that pass the filters; ``None`` without a date filter.

    Raises ``BadInput`` for a date that is not ISO.
    """
    if filters.date_from is None and filters.date_to is None:
        return None
    first = max(_bound("date_from", filters.date_from, "0001", "01", "01"), 1)
    last = _bound("date_to", filters.date_to, "9999", "12", "31")
    # Undated is 0.
    partial = {first // 100 * 100, first // 10000 * 10000} - {0, first}
    return DayRange(first, last, tuple(sorted(day for day in partial if first <= last)))


def _bound(name: str, value: str | None, year: str, month: str, day: str) -> int:
    match = _ISO.fullmatch(year if value is None else value)
    if match is None:
        fault = say(
            f"{name}={value!r}：应为 YYYY、YYYY-MM 或 YYYY-MM-DD",
            f"{name}={value!r}: expected YYYY, YYYY-MM or YYYY-MM-DD",
        )
        raise BadInput(fault, field_errors={name: fault})
    return _number(match, month, day)


def _number(match: re.Match[str], month: str, day: str) -> int:
    return int(match[1] + (match[2] or month) + (match[3] or day))
