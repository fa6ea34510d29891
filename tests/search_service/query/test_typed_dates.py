"""A date has one reading, in whatever form it is typed, in queries and in filters."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.terms import Analyzer
from search_service.model import Filters, PassesFilters
from search_service.query.parsed import MetadataCondition
from search_service.query.parsing import parse
from search_service.query.typed_dates import read_date
from search_service.web.parameters import SearchParameters

ANALYZER = Analyzer()
FORMS = [
    "{0:%Y%m%d}",
    "{0:%Y-%m-%d}",
    "{0.year}-{0.month}-{0.day}",
    "{0.year}/{0.month}/{0.day}",
    "{0.year}.{0.month}.{0.day}",
    "{0.year}年{0.month}月{0.day}日",
    "{0.year} 年 {0.month} 月 {0.day} 日",
]


@given(st.dates(dt.date(1950, 1, 1), dt.date(2049, 12, 31)), st.sampled_from(FORMS))
def test_every_form_is_one_date(day: dt.date, form: str) -> None:
    """As a filter of the API, as a field of a query, and as a part of one."""
    typed = form.format(day)
    assert read_date(typed) == day.isoformat()
    assert SearchParameters(date_from=typed).filters.date_from == day.isoformat()
    if " " not in typed:
        (condition,) = parse(f"起：{typed}", ANALYZER).tree.parts
        expected = PassesFilters(Filters(date_from=day.isoformat()))
        assert condition == MetadataCondition(expected)
        (chunk,) = parse(typed, ANALYZER).chunks
        assert chunk.words == (f"date:{day.isoformat()}",)
        assert chunk.date == day.isoformat()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("2024", "2024"),
        ("202403", "2024-03"),
        ("2024-3", "2024-03"),
        ("2024/03", "2024-03"),
        ("2024年3月", "2024-03"),
        ("二〇二四年三月", "2024-03"),
        ("2024年", "2024"),
        ("2024-02-30", ""),
        ("20241301", ""),
        ("2024-00", ""),
        ("0000", ""),
        ("去年", ""),
        ("2024年3月起", ""),
    ],
)
def test_partial_dates_and_other_texts(typed: str, expected: str) -> None:
    """A month, a year; what is no date is empty."""
    assert read_date(typed) == expected
