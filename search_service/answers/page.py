"""One page of results, as built by :mod:`search_service.answers.search`. Entry point: :class:`Page`."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from analyzers.messages import say
from search_service.answers.evidence import ShownPassage
from search_service.answers.explanation import Explanation
from search_service.answers.matched_fields import MatchedField
from search_service.answers.snippets import Span
from search_service.model import StoredArticle, View
from search_service.query.syntax import Hint


class CountedQuery(NamedTuple):
    """A query, and how many articles match it in full, under the filters of the page."""

    text: str
    total: int


class Reason(enum.StrEnum):
    """Why a page shows other articles than those that match in full, or none."""

    RELAXED = "relaxed"
    NEAR_ONLY = "near_only"
    NONSENSE = "nonsense"
    CORRECTED = "corrected"
    BLOCKED = "blocked"


BLOCKED_NOTICE = Hint(
    "按本站规定，这个检索不提供结果",
    "by the rules of this site there are no results for this search",
)


def degraded_notice() -> str:
    """The notice that semantic search is unavailable."""
    return say(
        "语义检索暂不可用，只按关键词检索",
        "semantic search is not available; keywords only",
    )


@dataclass(frozen=True, kw_only=True)
class Result:
    """One article of a page. ``score`` orders the fused window; not comparable across queries.

    ``in_full``: it matches all parts of the query, or exactly; otherwise it is near.
    ``matched``: the metadata that the query names. ``copies``: the first of those articles with the same
    text that match, too, and are shown under it; ``copies_total``: the number of all.
    """

    stored: StoredArticle
    score: float
    title_marks: tuple[Span, ...]
    passages: tuple[ShownPassage, ...]
    in_full: bool = True
    matched: tuple[MatchedField, ...] = ()
    explanation: Explanation | None = None
    copies: tuple[View, ...] = ()
    copies_total: int = 0


@dataclass(frozen=True, kw_only=True)
class CursorPosition:
    """Where a cursor continues: after ``offset`` results of the ranking in this generation.

    ``revision`` and ``total`` are those of the first page, to detect that the ranking has changed since.
    """

    generation: str
    revision: int
    total: int
    offset: int


@dataclass(frozen=True)
class Alternative:
    """The ``total`` of the same search without the filters named ``without``."""

    without: tuple[str, ...]
    total: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """A slice of one ranking.

    ``full``: the number of articles that match in full (原文相符); the others are near (意思相近).
    ``relaxed``: some articles match without containing all words; ``reason`` says why. ``degraded``:
    semantic search was requested and is unavailable. ``corrections``: corrected queries with results.
    ``hints``: parts of the query that were not understood. ``next``: where the following page begins, if
    there is one. ``changed``: the ranking is not the one of the first page any more.
    ``searched``: what was searched instead of the letters that were typed, as pinyin.
    ``semantic_results_available``: there are no results, but semantic mode has some. ``alternatives``: there
    are none because of the filters; what would be found without some of them. ``parts``: the words of the
    query one by one, where no article has all of them. ``synonyms``: what was searched as well.
    """

    total: int
    results: tuple[Result, ...]
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    relaxed: bool = False
    full: int = 0
    reason: Reason | None = None
    degraded: bool = False
    corrections: tuple[CountedQuery, ...] = ()
    next: CursorPosition | None = None
    changed: bool = False
    hints: tuple[Hint, ...] = ()
    semantic_results_available: bool = False
    searched: str = ""
    alternatives: tuple[Alternative, ...] = ()
    parts: tuple[CountedQuery, ...] = ()
    synonyms: tuple[str, ...] = ()

    @property
    def suggestions(self) -> tuple[str, ...]:
        """The corrected queries with results."""
        return tuple(one.text for one in self.corrections)

    def adjustments(self) -> list[Hint]:
        """How the query was adjusted: hints, and the reason."""
        match self.reason:
            case Reason.RELAXED if self.full:
                reason = Hint("部分结果没有包含全部词", "some results do not contain all the words")
            case Reason.RELAXED:
                texts = [f"“{one.text}”" for one in self.parts] or ["全部词"]
                chinese = "、".join(texts[:-1]) + ("和" if texts[1:] else "") + texts[-1]
                english = " and ".join(f"“{one.text}”" for one in self.parts) or "all the words"
                reason = Hint(
                    f"没有一篇同时包含{chinese}，以下包含其中一部分，或意思相近",
                    f"no article contains {english}; these contain some of it, or are similar",
                )
            case Reason.NEAR_ONLY:
                reason = Hint(
                    "没有包含这些词的文章，以下只是意思相近",
                    "no article contains these words; these are only similar in meaning",
                )
            case Reason.NONSENSE:
                reason = Hint(
                    "这几个词看不出有什么联系，没有按意思找；请换一个说法，或只留一个词",
                    "nothing connects these words, so similar articles were not searched;"
                    " use other words, or only one of them",
                )
            case Reason.BLOCKED:
                reason = BLOCKED_NOTICE
            case _:
                return [*self.hints]
        return [*self.hints, reason]

    def notices(self) -> list[str]:
        """Messages to the user about how the results were found."""
        notices = [say(*hint) for hint in self.adjustments()]
        if self.searched:
            notices.insert(0, say(f"已按“{self.searched}”检索", f"searched for {self.searched}"))
        if self.degraded:
            notices.append(degraded_notice())
        if self.changed:
            notices.append(
                say(
                    "从第一页起索引有了变动，可能有文章重复或遗漏",
                    "the index has changed since the first page; articles may be repeated or missing",
                )
            )
        return notices
