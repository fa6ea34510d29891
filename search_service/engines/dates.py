"""ISO dates (``YYYY``, ``YYYY-MM``, ``YYYY-MM-DD``) as numbers yyyymmdd, which compare as the dates do.

Entry points: :func:`day_of` (of an article) and :func:`day_range` (of a filter). A partial end date
becomes day 31, which no day of any month exceeds.
"""

import re

from analyzers.messages import say
from search_service.errors import BadInput
from search_service.model import Filters

_ISO = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)


def day_of(date: str | None) -> int:
    """The first day of an article's date as yyyymmdd; 0 without a date or if it is not ISO."""
    match = _ISO.fullmatch(date or "")
    return _number(match, "01", "01") if match else 0


def day_range(filters: Filters) -> tuple[int, int] | None:
    """The first and last day that pass the filters, as yyyymmdd; ``None`` without a date filter.

    Raises ``BadInput`` for a date that is not ISO.
    """
    if filters.date_from is None and filters.date_to is None:
        return None
    first = _bound("date_from", filters.date_from, "0001", "01", "01")
    return max(first, 1), _bound("date_to", filters.date_to, "9999", "12", "31")


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
