"""One page of results, as built by :mod:`search_service.answers.search`. Entry point: :class:`Page`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzers.messages import say
from search_service.answers.evidence import ShownPassage
from search_service.answers.explanation import Explanation
from search_service.answers.snippets import Span
from search_service.model import StoredArticle
from search_service.query.syntax import Hint


def degraded_notice() -> str:
    """The notice that semantic search is unavailable."""
    return say(
        "语义检索暂不可用，只按关键词检索",
        "semantic search is not available; keywords only",
    )


@dataclass(frozen=True, kw_only=True)
class Result:
    """One article of a page. ``score`` orders the fused window; not comparable across queries."""

    stored: StoredArticle
    score: float
    title_marks: tuple[Span, ...]
    passages: tuple[ShownPassage, ...]
    explanation: Explanation | None = None


@dataclass(frozen=True, kw_only=True)
class CursorPosition:
    """Where a cursor continues: after ``offset`` results of the ranking in this generation.

    ``revision`` and ``total`` are those of the first page, to detect that the ranking has changed since.
    """

    generation: str
    revision: int
    total: int
    offset: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """A slice of one ranking.

    ``relaxed``: some articles match without containing all words; ``full`` is the number of those that
    do. ``degraded``: semantic search was requested and is unavailable. ``suggestions``: corrected queries
    with results. ``hints``: parts of the query that were not understood. ``next``: where the following
    page begins, if there is one. ``changed``: the ranking is not the one of the first page any more.
    ``semantic_results_available``: there are no results, but semantic mode has some.
    """

    total: int
    results: tuple[Result, ...]
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    relaxed: bool = False
    full: int = 0
    degraded: bool = False
    suggestions: tuple[str, ...] = ()
    next: CursorPosition | None = None
    changed: bool = False
    hints: tuple[Hint, ...] = ()
    semantic_results_available: bool = False

    def adjustments(self) -> list[Hint]:
        """How the query was adjusted: hints, and whether the match was relaxed."""
        if not self.relaxed:
            return [*self.hints]
        if self.full:
            relaxed = Hint("部分结果没有包含全部词", "some results do not contain all the words")
        else:
            relaxed = Hint(
                "没有同时包含全部词的文章，以下包含其中一部分，或意思相近",
                "no article contains all the words; these contain some of them, or are semantically similar",
            )
        return [*self.hints, relaxed]

    def notices(self) -> list[str]:
        """Messages to the user about how the results were found."""
        notices = [say(*hint) for hint in self.adjustments()]
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
