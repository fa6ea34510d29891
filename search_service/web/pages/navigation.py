"""The links on a page of results: filters and other pages. Entry point: :class:`Navigation`.

Flask builds every URL, so all have the path prefix. The index is not used.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from flask import url_for

from analyzers.levels import LEVELS
from analyzers.relations import VALIDITIES
from search_service import relevance
from search_service.answers.lists import last_page
from search_service.answers.page import Alternative
from search_service.engines.validation import FACET_VALUES
from search_service.web.parameters import SearchParameters

# Pages linked on each side of the current one.
_NEIGHBOURS = 2
# Values per facet on the home page.
_ENTRANCES: Mapping[str, int] = {"kind": 10, "category": 8, "year": 5}
FACET_NAMES: Mapping[str, str] = {
    "validity": "效力",
    "kind": "文种",
    "level": "级别",
    "issuer": "发文机关",
    "year": "年份",
    "category": "分类",
    "author": "作者",
}
# The order of values that have one of their own; the others are by their number of articles.
_ORDERS: Mapping[str, Sequence[str]] = {"validity": VALIDITIES, "level": LEVELS}
_DATES = ("date_from", "date_to")
_NO_VALUE = "未注明"
# Years that the presets go back; 0: a month.
_PRESETS = {"近一月": 0, "近一年": 1, "近三年": 3}


@dataclass(frozen=True)
class Choice:
    """A link that sets or clears a parameter; ``count``: the number of articles it leads to."""

    label: str
    url: str
    count: int | None = None
    chosen: bool = False


@dataclass(frozen=True)
class Value:
    """A check box: ``value`` of the parameter, and how many articles have it.

    ``bar``: the length of a bar for the count, of 100; 0: without one.
    """

    value: str
    label: str
    count: int
    chosen: bool = False
    bar: int = 0


def entrances(facets: Mapping[str, Mapping[str, int]]) -> Mapping[str, list[Choice]]:
    """The ways into everything from the home page: label of a facet -> its most frequent values."""
    found = {}
    for name, most in _ENTRANCES.items():
        counts = {value: count for value, count in facets.get(name, {}).items() if value}
        values = sorted(counts, reverse=True) if name == "year" else list(counts)
        choices = []
        for value in values[:most]:
            url = url_for("pages.search", **{name: value})  # type: ignore[arg-type]  # a parameter
            choices.append(Choice(value, url, counts[value]))
        if choices:
            found[FACET_NAMES[name]] = choices
    return found


@dataclass(frozen=True)
class Facet:
    """The check boxes of the parameter ``name``; ``has_more``: other values are not listed."""

    name: str
    label: str
    values: list[Value]
    has_more: bool


@dataclass(frozen=True)
class Exit:
    """A search without some of the filters: what is dropped, how many articles it has, its URL."""

    label: str
    total: int
    url: str


@dataclass(frozen=True)
class PageLink:
    """A link to a page of results; the current page has no URL, a gap has no number."""

    number: int | None
    url: str | None


@dataclass(frozen=True)
class Paging:
    """The links to the other pages of a list that has ``last`` pages and shows page ``here``, from 1."""

    here: int
    last: int
    page_url: Callable[[int], str]

    @property
    def previous(self) -> str | None:
        """The URL of the previous page, if there is one."""
        page = min(self.here, self.last + 1)
        return self.page_url(page - 1) if page > 1 else None

    @property
    def next(self) -> str | None:
        """The URL of the next page, if there is one."""
        return self.page_url(self.here + 1) if self.here < self.last else None

    @property
    def pages(self) -> list[PageLink]:
        """The first page, those around the current one, and the last."""
        near = range(self.here - _NEIGHBOURS, self.here + _NEIGHBOURS + 1)
        shown = [n for n in range(1, self.last + 1) if n in {1, self.last} or n in near]
        links: list[PageLink] = []
        for before, number in zip([0, *shown], shown, strict=False):
            if number > before + 1:
                links.append(PageLink(None, None))
            links.append(PageLink(number, None if number == self.here else self.page_url(number)))
        return links


@dataclass(frozen=True)
class Navigation:
    """The links of one page of results. ``counts_reads``: whether there is an order by our own counts."""

    parameters: SearchParameters
    total: int
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    counts_reads: bool = False

    def url(self, **changes: str | Sequence[str] | None) -> str:
        """The URL of the first page of the same search with other parameters; None clears one."""
        query = self._without("page")
        for name, value in changes.items():
            query.pop(name, None)
            if value is not None:
                query[name] = value if isinstance(value, str) else list(value)
        return url_for("pages.search", **query)  # type: ignore[arg-type]  # the keys are query parameters

    @cached_property
    def _query(self) -> Mapping[str, str | list[str]]:
        return self.parameters.query

    def _without(self, *names: str) -> dict[str, str | list[str]]:
        """The parameters of this search but for these."""
        return {name: value for name, value in self._query.items() if name not in names}

    @cached_property
    def feed_query(self) -> Mapping[str, str | list[str]]:
        """The parameters of the feed of this search, which is in its own order and not in pages."""
        return self._without("page", "size", "sort", "explain")

    @property
    def carried_over(self) -> Mapping[str, str]:
        """The parameters that a new query keeps: mode, scope and order, not filters and page."""
        return {name: self.kept[name] for name in ("mode", "in", "sort") if name in self.kept}

    @cached_property
    def kept(self) -> Mapping[str, str]:
        """The parameters that new filters keep: all others, but for the page."""
        query = self._without("page", *_DATES)
        return {name: value for name, value in query.items() if isinstance(value, str)}

    @property
    def exports(self) -> list[Choice]:
        """The formats in which all results can be taken along; for staff."""
        query = self._without("page", "size", "explain")
        formats = {"csv": "表格（CSV）", "bibtex": "BibTeX", "gbt7714": "参考文献（GB/T 7714）"}
        return [
            Choice(label, url_for("api.export", **query, format=name))  # type: ignore[arg-type]  # as above
            for name, label in formats.items()
        ]

    # --- order --------------------------------------------------------------------------------

    @cached_property
    def orders(self) -> list[Choice]:
        """最相关, 最新, 最早, 常读, and where we count ourselves 本月常读."""
        chosen = self.parameters.sort.value
        return [
            Choice("最相关", self.url(sort=None), chosen=chosen == "relevance"),
            Choice("最新", self.url(sort="date"), chosen=chosen == "date"),
            Choice("最早", self.url(sort="oldest"), chosen=chosen == "oldest"),
            Choice("常读", self.url(sort="views"), chosen=chosen == "views"),
            Choice("本月常读", self.url(sort="reads"), chosen=chosen == "reads"),
        ][: 5 if self.counts_reads else 4]

    # --- filters ---------------------------------------------------------------------------------

    @cached_property
    def active(self) -> list[Choice]:
        """The active filters, each value as a link that removes it."""
        choices = []
        for name, label in FACET_NAMES.items():
            values = self._chosen(name)
            for value in values:
                others = [one for one in values if one != value]
                url = self.url(**{name: others or None})
                choices.append(Choice(f"{label}：{_label(value)}", url))
        if dates := self._date_label:
            choices.append(Choice(f"日期：{dates}", self.url(date_from=None, date_to=None)))
        return choices

    @cached_property
    def unfiltered(self) -> str:
        """The URL of the same query without filters."""
        return self.url(**dict.fromkeys((*FACET_NAMES, *_DATES)))

    @cached_property
    def presets(self) -> list[Choice]:
        """The last month, year and three years, up to today and later."""
        today = dt.datetime.now(tz=dt.UTC).astimezone().date()
        choices = []
        for label, years in _PRESETS.items():
            start = (_back(today, years) if years else today - dt.timedelta(30)).isoformat()
            chosen = (self.parameters.date_from, self.parameters.date_to) == (start, None)
            url = self.url(date_from=None if chosen else start, date_to=None)
            choices.append(Choice(label, url, chosen=chosen))
        return choices

    @property
    def has_own_dates(self) -> bool:
        """Whether there is a range of dates that is none of the presets."""
        return bool(self._date_label) and not any(one.chosen for one in self.presets)

    @cached_property
    def facet_list(self) -> list[Facet]:
        """The facets that divide these results or have an active filter."""
        found = []
        for name, label in FACET_NAMES.items():
            counts, chosen = self.facets.get(name, {}), self._chosen(name)
            if not any(counts) or (len(counts) == 1 and not chosen):
                continue  # all results have the same value, or none
            named = [value for value in counts if value]
            if name == "year":
                named.sort(reverse=True)
            elif order := _ORDERS.get(name):
                named.sort(key=order.index)
            longest = max(counts[value] for value in named) if name == "year" and named else 0
            values = [
                Value(
                    value,
                    _label(value),
                    counts[value],
                    value in chosen,
                    bar=-(-100 * counts[value] // longest) if longest and value else 0,
                )
                for value in [*named, *([""] if "" in counts else [])]
            ]
            found.append(Facet(name, label, values, has_more=len(counts) >= FACET_VALUES))
        return found

    @property
    def unlisted(self) -> list[tuple[str, str]]:
        """Active filters that have no check box, because nothing was counted: name and value."""
        return [
            (name, value)
            for name in FACET_NAMES
            for value in self._chosen(name)
            if name not in self.facets
        ]

    def exits(self, alternatives: Sequence[Alternative]) -> list[Exit]:
        """What would be found without some of the filters, the one without any last."""
        exits = []
        for one in alternatives:
            label = "、".join(dict.fromkeys(map(self._dropped, one.without)))
            is_all = len(alternatives) > 1 and one is alternatives[-1]
            exits.append(
                Exit(
                    "全部去掉" if is_all else f"去掉“{label}”",
                    one.total,
                    self.url(**dict.fromkeys(one.without)),
                )
            )
        return exits

    def _dropped(self, name: str) -> str:
        return self._date_label if name in _DATES else "、".join(map(_label, self._chosen(name)))

    @property
    def _date_label(self) -> str:
        start, end = self.parameters.date_from, self.parameters.date_to
        if not (start or end):
            return ""
        return start if start and start == end else f"{start or '最早'} 至 {end or '最新'}"

    def _chosen(self, facet: str) -> tuple[str, ...]:
        values: tuple[str, ...] = getattr(self.parameters, facet)
        return values

    # --- pages -----------------------------------------------------------------------------------

    @cached_property
    def paging(self) -> Paging:
        """The links to the other pages of these results."""
        return Paging(self.parameters.page, self.last, self.page_url)

    @property
    def last(self) -> int:
        """The number of the last page, at most that of result ``MAX_RESULTS``."""
        return last_page(self.total, self.parameters.size)

    @property
    def capped(self) -> bool:
        """Whether there are more results than pages can show."""
        return self.total > relevance.MAX_RESULTS

    def page_url(self, number: int) -> str:
        """The URL of one page of these results."""
        return self.url(page=str(number) if number > 1 else None)


def _label(value: str) -> str:
    """A value of a facet as it is shown."""
    return value.replace("/", " › ") or _NO_VALUE


def _back(day: dt.date, years: int) -> dt.date:
    """The same day so many years before; of 29 February 28 February."""
    return day.replace(
        year=day.year - years, day=28 if (day.month, day.day) == (2, 29) else day.day
    )
