"""A question and one page of its answer, as plain values: :class:`SearchRequest`, :class:`Page`.

How the one becomes the other stands in :mod:`search_service.retrieval`.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzers.language import say
from search_service.engines import NO_FILTERS
from search_service.evidence import ShownPassage
from search_service.explanation import Why
from search_service.grammar import Hint
from search_service.model import Filters, Sort, Stored
from search_service.snippets import Span


def without_meaning() -> str:
    """The notice of a degraded answer."""
    return say(
        "语义检索暂不可用，只按关键词检索", "search by meaning is not available; keywords only"
    )


class Mode(enum.StrEnum):
    """How articles are found: 精确 (keyword), by meaning, or 智能 (both)."""

    KEYWORD = "keyword"
    SEMANTIC = "semantic"
    HYBRID = "hybrid"


@dataclass(frozen=True, kw_only=True)
class SearchRequest:
    """One question. ``page`` counts from 1; ``size`` is 1 to 100."""

    text: str = ""
    mode: Mode = Mode.HYBRID
    title_only: bool = False
    filters: Filters = NO_FILTERS
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    size: int = 10
    explain: bool = False


@dataclass(frozen=True, kw_only=True)
class Result:
    """One article of a page. ``score`` orders the window; it compares nothing across queries."""

    stored: Stored
    score: float
    title_marks: tuple[Span, ...]
    passages: tuple[ShownPassage, ...]
    why: Why | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where to go on in a ranking: ``offset`` results of it, in this generation, come before.

    ``revision`` and ``total`` are those of the page that the walk began with: what was written since,
    or taken down, may have moved its results.
    """

    generation: str
    revision: int
    total: int
    offset: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """A slice of one ranking. ``degraded``: meaning was asked for and could not be had.

    ``relaxed``: some articles are there though they do not hold all words; ``full`` of them do.
    ``hints``: what of the query was not understood. ``next``: where what follows begins, if anything
    does. ``changed``: the ranking is no longer the one that the walk began with. ``suggestions``:
    questions that find something, where this one is likely misspelled. ``near``: nothing was found,
    and meaning alone finds something.
    """

    total: int
    results: tuple[Result, ...]
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    relaxed: bool = False
    full: int = 0
    degraded: bool = False
    suggestions: tuple[str, ...] = ()
    next: Place | None = None
    changed: bool = False
    hints: tuple[Hint, ...] = ()
    near: bool = False

    def liberties(self) -> list[Hint]:
        """What was not taken as it was typed: hints, and whether all words had to match."""
        if not self.relaxed:
            return [*self.hints]
        if self.full:
            relaxed = Hint("部分结果没有包含全部词", "some results do not hold all the words")
        else:
            relaxed = Hint(
                "没有同时包含全部词的文章，以下包含其中一部分，或意思相近",
                "no article holds all the words; these hold some of them, or are near in meaning",
            )
        return [*self.hints, relaxed]

    def notices(self) -> list[str]:
        """What the reader should know of how the results were found."""
        notices = [say(*hint) for hint in self.liberties()]
        if self.degraded:
            notices.append(without_meaning())
        if self.changed:
            notices.append(
                say(
                    "从第一页起索引有了变动，可能有文章重复或遗漏",
                    "the index has changed since the first page; articles may come twice or be missing",
                )
            )
        return notices
