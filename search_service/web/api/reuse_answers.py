"""The shape of the answer about reuse. Entry point: :class:`ReuseAnswer`."""

from typing import Annotated

from pydantic import Field

from search_service.answers.reuse import Kind, Likeness
from search_service.web.api.shapes import Closed, ListedArticle


class Difference(Closed):
    """不同的字词：这一篇的 text[start:end]，那一篇是 other / Words that differ; either may be empty."""

    start: int
    end: int
    other: str


class Occurrence(Closed):
    """一段在另一篇中：那一篇 text 的第 start 到 end 个字 / A paragraph in another article."""

    kind: Kind
    share: Annotated[float, Field(description="这段的字有多少在那里 / share of its characters")]
    id: str
    start: int
    end: int
    text: str
    differences: list[Difference]
    article: ListedArticle  # type: ignore[valid-type]  # made from the domain model


class ReusedParagraph(Closed):
    """别的文章也有的一段 / A paragraph that other articles have."""

    id: Annotated[str, Field(description="所在段落的 id / of the passage")]
    path: Annotated[list[str], Field(description="所在的各级标题 / headings above it")]
    start: int
    end: int
    text: str
    boilerplate: Annotated[bool, Field(description="套话：许多篇都有 / many articles have it")]
    weight: float
    occurrences: Annotated[
        list[Occurrence], Field(description="按时间，最早的在先 / by date, the first use first")
    ]


class Sharer(ListedArticle):  # type: ignore[valid-type,misc]  # made from the domain model
    """有相同段落的一篇，及其段数 / An article with some of the paragraphs, and how many."""

    likeness: Annotated[
        Likeness,
        Field(
            description="copy 同一正文；alike 大部分相同，如同一模板、另一版本；parts 部分相同 / the same"
            " text; most of it, as of one template; some of it"
        ),
    ]
    weight: float
    same: int
    near: int
    edited: int


class ReuseAnswer(Closed):
    """各段还见于哪里 / Where else the paragraphs of an article are."""

    article: ListedArticle  # type: ignore[valid-type]  # made from the domain model
    compared: Annotated[int, Field(description="比较了几段 / paragraphs that were compared")]
    left_out: Annotated[int, Field(description="太长，没有比较的段数 / those that were not")]
    paragraphs: list[ReusedParagraph]
    articles: Annotated[list[Sharer], Field(description="最多五十篇 / fifty at most")]
    articles_total: int
