"""What a query or a title is about: years and places.

Entry points: :func:`of_query`, :func:`of_article`; in an index :func:`keys_of`, :func:`not_other`. Pure;
without a dictionary of words, so a title of any article can be read at once. Organs and kinds do not count:
of the judged documents no query was answered better by them (ADR 0022).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from analyzers import document_numbers, regions
from analyzers.normalize import normalize
from analyzers.regions import Region
from search_service.model import AnyOf, Clause, Exact, Not, View
from search_service.query.parsed import Query

_DIGITS = "零一二三四五六七八九"
_YEAR = rf"(?:(?:19|20)[0-9]{{2}}|[一二][{_DIGITS}]{{3}})"
# 2023年, 2022-2024年, 2023 alone; not in 20231, 12023, 2023元, 2023.5万, 0.2023.
_YEARS = re.compile(
    rf"(?<![0-9{_DIGITS}.])(?P<first>{_YEAR})(?:\s?年?度?\s?(?:-+|~|至|到)\s?(?P<last>{_YEAR}))?"
    rf"(?![0-9{_DIGITS}]|\.[0-9]|\s?[%元万亿千百个名人户家吨亩项件次条米公平倍号日月])"
)
# Years after the first of a range that have keys.
_MOST_YEARS: Final = 20
_PLAIN = re.compile(r"[0-9]{4}")
_REPORTS = frozenset({"总结", "报告", "汇报", "述职"})


class Years(NamedTuple):
    """The years from ``first`` to ``last``, inclusive."""

    first: int
    last: int

    @property
    def keys(self) -> list[str]:
        """The key of each of the first years."""
        last = min(self.last, self.first + _MOST_YEARS)
        return [f"year:{year}" for year in range(self.first, last + 1)]


@dataclass(frozen=True)
class Subjects:
    """The years and places that a text names, each in order."""

    years: tuple[Years, ...] = ()
    regions: tuple[Region, ...] = ()


def of_text(text: str) -> Subjects:
    """What a normalised text names.

    >>> found = of_text("清源县2022-2024年住建局工作要点")
    >>> [one.name for one in found.regions], found.years
    (['清源县'], (Years(first=2022, last=2024),))
    """
    return Subjects(tuple(_years(text)), tuple(regions.find(text)))


def of_query(query: Query) -> Subjects:
    """What the included parts of a query name."""
    parts = [of_text(chunk.text) for chunk in query.included]
    return Subjects(
        tuple(one for part in parts for one in part.years),
        tuple(one for part in parts for one in part.regions),
    )


def of_article(view: View) -> Subjects:
    """What an article's title names, completed by its metadata.

    Without a year in the title, that of the date; a report of the first months may be about the year before.
    Without a place, those of the issuer.
    """
    named = of_text(normalize(view.title))
    years = named.years
    if not years and view.date and (match := re.match(r"([0-9]{4})(?:-([0-9]{2}))?", view.date)):
        year, month = int(match[1]), int(match[2] or 1)
        early = view.kind in _REPORTS and month <= 3
        years = (Years(year - early, year),)
    return Subjects(years, named.regions or tuple(regions.find(normalize(view.issuer or ""))))


def keys_of(view: View) -> list[str]:
    """The keys by which an index finds the years and places of an article: see :func:`not_other`.

    ``year:``, ``region:``: it has some; ``region:<name>``: it is there, ``at:<name>``: there as a whole.
    ``unplaced:`` nobody knows to which city it belongs; ``large:`` a place that may have counties.
    """
    subjects = of_article(view)
    keys = []
    for years in subjects.years:
        keys += ["year:", *years.keys]
    for region in _most_specific(subjects.regions):
        keys += ["region:", f"at:{region.name}", f"region:{region.name}"]
        keys += [f"region:{name}" for name in sorted(region.within)]
        if region.level < regions.COUNTY:
            keys.append("large:")
        elif not region.within:
            keys.append("unplaced:")
    return list(dict.fromkeys(keys))


def not_other(query: Subjects) -> list[Clause]:
    """What matches the articles that are not of another year, and not of another place, than the query."""
    clauses: list[Clause] = []
    if query.years:
        numbers = {key for years in query.years for key in years.keys}
        clauses.append(_any_or_none("year:", sorted(numbers)))
    if query.regions:
        keys = []
        for region in _most_specific(query.regions):
            keys += [f"region:{region.name}", *(f"at:{name}" for name in sorted(region.within))]
            if region.level < regions.COUNTY:
                keys.append("unplaced:")
            elif not region.within:
                keys.append("large:")
        clauses.append(_any_or_none("region:", keys))
    return clauses


def _any_or_none(marker: str, keys: Sequence[str]) -> Clause:
    return AnyOf((*(Exact(key) for key in dict.fromkeys(keys)), Not(Exact(marker))))


def _most_specific(found: Sequence[Region]) -> list[Region]:
    """The places without those that another one belongs to."""
    above = {name for one in found for name in one.within}
    return [one for one in found if one.name not in above]


def _years(text: str) -> Iterator[Years]:
    numbers = [
        (one.start, one.end)
        for one in document_numbers.find(text)
        if one.certain or (one.is_one and one.organ)
    ]
    for match in _YEARS.finditer(text):
        if any(start <= match.start() < end for start, end in numbers):
            continue
        first = _year(match["first"])
        last = _year(match["last"]) if match["last"] else first
        if first <= last:
            yield Years(first, last)


def _year(text: str) -> int:
    return int(text if _PLAIN.fullmatch(text) else "".join(str(_DIGITS.index(one)) for one in text))
