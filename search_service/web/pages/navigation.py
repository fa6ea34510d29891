"""The links on a page of results: filters and other pages. Entry point: :class:`Navigation`.

Flask builds every URL, so all have the path prefix. The index is not used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import url_for

from search_service import relevance
from search_service.web.parameters import SearchParameters

# Values listed per facet. 6,000 documents have hundreds of issuers; the rarest can be found by searching.
_MAX_VALUES = 40
# Pages linked on each side of the current one.
_NEIGHBOURS = 2
FACET_NAMES: Mapping[str, str] = {
    "category": "类别",
    "kind": "文种",
    "issuer": "发文机关",
    "year": "年份",
    "author": "作者",
}


@dataclass(frozen=True)
class Choice:
    """A link that sets or clears a parameter; ``count``: the number of articles it leads to."""

    label: str
    url: str
    count: int | None = None
    chosen: bool = False


@dataclass(frozen=True)
class Facet:
    """The most frequent values of one facet, as links.

    ``unnamed``: the number of articles without a value, which cannot be chosen; ``has_more``: whether other
    values are not listed.
    """

    name: str
    label: str
    choices: list[Choice]
    unnamed: int
    has_more: bool


@dataclass(frozen=True)
class PageLink:
    """A link to a page of results; the current page has no URL, a gap has no number."""

    number: int | None
    url: str | None


@dataclass(frozen=True)
class Navigation:
    """The links of one page of results."""

    parameters: SearchParameters
    total: int
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def url(self, **changes: str | None) -> str:
        """The URL of the first page of the same search with other parameters; None clears one."""
        query = {name: value for name, value in self.parameters.query.items() if name != "page"}
        for name, value in changes.items():
            query.pop(name, None)
            if value is not None:
                query[name] = value
        return url_for("pages.search", **query)  # type: ignore[arg-type]  # the keys are query parameters

    @property
    def carried_over(self) -> Mapping[str, str]:
        """The parameters that a new query keeps: mode, scope and order, not filters and page."""
        query = self.parameters.query
        return {name: query[name] for name in ("mode", "in", "sort") if name in query}

    # --- switches --------------------------------------------------------------------------------

    @property
    def modes(self) -> list[Choice]:
        """智能 and 精确; the semantic mode has no link, only a URL."""
        chosen = self.parameters.mode.value
        return [
            Choice("智能", self.url(mode=None), chosen=chosen != "keyword"),
            Choice("精确", self.url(mode="keyword"), chosen=chosen == "keyword"),
        ]

    @property
    def scopes(self) -> list[Choice]:
        """全文 and 标题."""
        title = self.parameters.scope == "title"
        return [
            Choice("全文", self.url(**{"in": None}), chosen=not title),
            Choice("标题", self.url(**{"in": "title"}), chosen=title),
        ]

    @property
    def orders(self) -> list[Choice]:
        """By relevance and by date."""
        by_date = self.parameters.sort.value == "date"
        return [
            Choice("相关", self.url(sort=None), chosen=not by_date),
            Choice("日期", self.url(sort="date"), chosen=by_date),
        ]

    # --- filters ---------------------------------------------------------------------------------

    @property
    def active(self) -> list[Choice]:
        """The active filters, each as a link that removes it."""
        query = self.parameters.query
        choices = [
            Choice(f"{label}：{query[name]}", self.url(**{name: None}))
            for name, label in FACET_NAMES.items()
            if name in query
        ]
        start, end = query.get("date_from"), query.get("date_to")
        if start or end:
            label = start if start == end else f"{start or '最早'} 至 {end or '最新'}"
            choices.append(Choice(f"日期：{label}", self.url(date_from=None, date_to=None)))
        return choices

    @property
    def unfiltered(self) -> str:
        """The URL of the same query without filters."""
        names = (*FACET_NAMES, "date_from", "date_to")
        return self.url(**dict.fromkeys(names))

    @property
    def facet_list(self) -> list[Facet]:
        """The facets that divide these results or have an active filter."""
        found = []
        for name, label in FACET_NAMES.items():
            counts = {value: n for value, n in self.facets.get(name, {}).items() if value}
            unnamed = self.facets.get(name, {}).get("", 0)
            if not counts or (len(counts) + bool(unnamed) == 1 and not self._chosen(name)):
                continue  # all results have the same value
            values = sorted(counts, reverse=True) if name == "year" else list(counts)
            choices = [self._choice(name, value, counts[value]) for value in values[:_MAX_VALUES]]
            found.append(Facet(name, label, choices, unnamed, len(values) > _MAX_VALUES))
        return found

    def _chosen(self, name: str) -> bool:
        query = self.parameters.query
        return name in query or (name == "year" and ("date_from" in query or "date_to" in query))

    def _choice(self, name: str, value: str, count: int) -> Choice:
        query = self.parameters.query
        if name == "year":
            chosen = query.get("date_from") == query.get("date_to") == value
            year = None if chosen else value
            return Choice(value, self.url(date_from=year, date_to=year), count, chosen)
        chosen = query.get(name) == value
        return Choice(value, self.url(**{name: None if chosen else value}), count, chosen)

    # --- pages -----------------------------------------------------------------------------------

    @property
    def last(self) -> int:
        """The number of the last page, at most that of result ``MAX_RESULTS``."""
        return max(1, -(-min(self.total, relevance.MAX_RESULTS) // self.parameters.size))

    @property
    def capped(self) -> bool:
        """Whether there are more results than pages can show."""
        return self.total > relevance.MAX_RESULTS

    def page_url(self, number: int) -> str:
        """The URL of one page of these results."""
        return self.url(page=str(number) if number > 1 else None)

    @property
    def previous(self) -> str | None:
        """The URL of the previous page, if there is one."""
        page = min(self.parameters.page, self.last + 1)
        return self.page_url(page - 1) if page > 1 else None

    @property
    def next(self) -> str | None:
        """The URL of the next page, if there is one."""
        page = self.parameters.page
        return self.page_url(page + 1) if page < self.last else None

    @property
    def pages(self) -> list[PageLink]:
        """The first page, those around the current one, and the last."""
        here = self.parameters.page
        near = range(here - _NEIGHBOURS, here + _NEIGHBOURS + 1)
        shown = [n for n in range(1, self.last + 1) if n in {1, self.last} or n in near]
        links: list[PageLink] = []
        for before, number in zip([0, *shown], shown, strict=False):
            if number > before + 1:
                links.append(PageLink(None, None))
            links.append(PageLink(number, None if number == here else self.page_url(number)))
        return links
