"""The shapes of the API's answers, as pydantic models: the source of the schemas in its description.

Entry point: :data:`ANSWERS`. Fields of articles and of explanations come from the domain model; pushes,
errors and health are in :mod:`.service_answers`. :mod:`search_service.answers.presentation` makes the values;
the tests check each answer against these.
"""

from typing import Annotated

from pydantic import BaseModel, Field

from analyzers.metadata import ExtractedField
from search_service.answers.complete import Group
from search_service.answers.explanation import Explanation
from search_service.answers.page import Reason
from search_service.answers.succession import RelationType
from search_service.drafting.findings import Kind as FindingKind
from search_service.metadata import Attachment
from search_service.suggestions.vocabulary import Kind
from search_service.web.api.reuse_answers import ReuseAnswer
from search_service.web.api.service_answers import (
    ChangeAnswer,
    Description,
    Entered,
    EnteredAnswer,
    Health,
    Status,
)
from search_service.web.api.shapes import Closed, ListedArticle, PassagePosition


class ShownPassage(PassagePosition):
    """一段的摘录 / An excerpt of a passage."""

    text: str
    marks: Annotated[
        list[tuple[int, int]], Field(description="text 中标出的位置 / marked spans of text")
    ]
    highlight: Annotated[
        str, Field(description="已转义、带 <mark> 的 HTML / escaped HTML with <mark>")
    ]


class Matched(Closed):
    """查询提到的一项元数据 / A field that the query names."""

    field: str
    value: str


class Highlights(Closed):
    """标出查询词的文字 / Texts with the words of the query marked."""

    title: str


class Alternative(Closed):
    """不用这几项筛选时有多少 / The total without these filters."""

    without: list[str]
    total: int


class Result(ListedArticle):  # type: ignore[valid-type,misc]  # made from the domain model
    """检索结果中的一篇 / One result."""

    full: Annotated[bool, Field(description="原文相符，否则意思相近 / matches in full, else near")]
    score: Annotated[float, Field(description="只排本次的顺序 / comparable within one answer only")]
    highlights: Annotated[
        Highlights, Field(description="已转义、带 <mark> 的 HTML / escaped HTML with <mark>")
    ]
    matched: Annotated[
        list[Matched], Field(description="查询提到的元数据 / metadata that the query names")
    ]
    passages: list[ShownPassage]
    copies: Annotated[
        list[ListedArticle],  # type: ignore[valid-type]  # made from the domain model
        Field(
            description="同一正文的其他文章，最多十篇 / other articles of the same text, ten at most"
        ),
    ]
    copies_total: Annotated[int, Field(description="其篇数 / how many there are")]
    explain: Annotated[
        Explanation | None, Field(description="explain=1 时才有 / only if asked")
    ] = None


class SearchAnswer(Closed):
    """一页结果 / One page of results."""

    total: int
    full: Annotated[int, Field(description="其中原文相符的篇数 / how many match in full")]
    relaxed: bool
    reason: Reason | None
    degraded: Annotated[bool, Field(description="语义检索不可用 / semantic search unavailable")]
    suggestions: Annotated[list[str], Field(description="改法 / corrected queries")]
    facets: dict[str, dict[str, int]]
    results: list[Result]
    searched: Annotated[
        str, Field(description="拼音换成的词 / what was searched instead of pinyin")
    ] = ""
    alternatives: Annotated[
        list[Alternative],
        Field(
            description="筛选后没有：去掉一些筛选有多少 / empty because of filters: without some"
        ),
    ] = Field(default_factory=list)
    message: Annotated[str, Field(description="给读者看的说明 / a notice for readers")] = ""
    changed: Annotated[bool, Field(description="索引变动过 / the index changed since page 1")]
    cursor: Annotated[str | None, Field(description="下一页 / continues after this page")]


class ExportAnswer(Closed):
    """全部结果，最多 1000 篇；其他格式是文件 / All results, at most 1,000; the other formats are files."""

    results: list[ListedArticle]  # type: ignore[valid-type]  # made from the domain model


class Suggestion(Closed):
    """一条建议 / One suggestion."""

    text: str
    kind: Kind
    group: Group
    count: int
    query: Annotated[str, Field(description="照此检索 / the query that finds these articles")]
    id: str | None
    url: str | None


class SuggestAnswer(Closed):
    """输入时的建议 / Suggestions while typing."""

    suggestions: list[Suggestion]


class Relation(ListedArticle):  # type: ignore[valid-type,misc]  # made from the domain model
    """取代、废止的文件 / A document that replaces or repeals this one, or that it replaces or repeals."""

    type: RelationType
    from_text: Annotated[bool, Field(description="由正文得出 / read from a text")]


class Article(ListedArticle):  # type: ignore[valid-type,misc]  # made from the domain model
    """一篇文章，这个身份可读的部分 / One article as the caller may read it."""

    text: str
    gapped: Annotated[bool, Field(description="有省略 / part of the text is left out")]
    found: Annotated[
        list[ExtractedField], Field(description="正文自己说明的事项 / what the text itself says")
    ]
    outline: Annotated[
        list[str], Field(description="来源给的目录 / headings that the source gives")
    ]
    attachments: list[Attachment]
    replaces: Annotated[list[str], Field(description="来源所写 / as the source says")]
    replaced_by: list[str]
    relations: list[Relation]
    length: int | None
    slices: int | None
    passages: list[PassagePosition]
    extra: Annotated[dict[str, object], Field(description="来源的其他字段 / other source fields")]


class RelatedArticle(ListedArticle):  # type: ignore[valid-type,misc]  # made from the domain model
    """一篇相关文章 / A related article."""

    reason: Annotated[str, Field(description="有什么共同之处 / what they have in common")]


class Viewed(ListedArticle):  # type: ignore[valid-type,misc]  # made from the domain model
    """热点排行中的一篇 / One of the most viewed."""

    views: Annotated[
        int, Field(description="阅读次数，来源的或本站的 / reads, as the source or we count")
    ]


class HottestAnswer(Closed):
    """热点排行 / The most viewed."""

    results: list[Viewed]


class RelatedAnswer(Closed):
    """相关文章 / Related articles."""

    results: list[RelatedArticle]


class PhraseUse(ListedArticle):  # type: ignore[valid-type,misc]  # made from the domain model
    """一处用法 / A use of a phrase."""

    sentence: Annotated[str, Field(description="所在的句子 / the sentence")]


class PhraseAnswer(Closed):
    """一个提法的沿用情况 / The use of a phrase."""

    phrase: str
    total: int
    undated: Annotated[int, Field(description="没有日期的 / without a date")]
    years: Annotated[dict[str, int], Field(description="年份到篇数 / articles by year")]
    first: list[PhraseUse]
    latest: list[PhraseUse]
    message: str = ""


class Heading(Closed):
    """一个小标题 / A heading."""

    level: Annotated[
        int, Field(description="1 是一、，2 是（一），3 是 1. / 1 for 一、, 2 for （一）")
    ]
    text: str


class ModelOutline(Closed):
    """一篇的提纲 / The outline of a document."""

    article: ListedArticle  # type: ignore[valid-type]  # made from the domain model
    headings: list[Heading]


class FoundHeading(Closed):
    """找到的小标题 / A heading that was found."""

    text: Annotated[str, Field(description="没有序号 / without its number")]
    level: int
    count: Annotated[int, Field(description="几篇有 / the documents that have it")]
    article: ListedArticle  # type: ignore[valid-type]  # made from the domain model


class HeadingsAnswer(Closed):
    """小标题 / Headings."""

    headings: list[FoundHeading]
    total: Annotated[int, Field(description="不同的共几条 / how many there are")]
    compared: Annotated[int, Field(description="读了几篇 / how many documents were read")]
    message: str = ""


class SharedHeading(Closed):
    """几篇都有的部分 / A part that several documents have."""

    heading: str
    count: int


class OutlinesAnswer(Closed):
    """范例提纲与常见结构 / Outlines, and what they share."""

    outlines: list[ModelOutline]
    structure: list[SharedHeading]
    compared: Annotated[int, Field(description="比较了几篇 / how many were compared")]
    message: str = ""


class Finding(Closed):
    """稿子里要看的一处：这一段的第 start 到 end 个字 / Something to look at: paragraph[start:end]."""

    kind: FindingKind
    paragraph: Annotated[
        int | None,
        Field(
            description="第几段，从 1 起；0 是题目，null 是全篇 / from 1; 0: the title, null: the draft"
        ),
    ]
    start: int
    end: int
    quote: Annotated[str, Field(description="原文 / the words")]
    message: Annotated[str, Field(description="怎么办 / what to do")]
    article: Annotated[
        ListedArticle | None,  # type: ignore[valid-type]  # made from the domain model
        Field(description="失效的文件，或雷同的出处 / the repealed document, or the source"),
    ]
    passage: Annotated[str | None, Field(description="雷同的那一段 / the passage of the source")]
    successor: Annotated[
        ListedArticle | None,  # type: ignore[valid-type]  # made from the domain model
        Field(description="现行的文件 / what replaced it"),
    ]
    share: Annotated[
        float | None,
        Field(description="相同的比例，或有这一部分的比例 / what is the same, or how many have it"),
    ]


class CheckAnswer(Closed):
    """核对的结果，按文中的顺序 / What a check found, in the order of the draft."""

    findings: list[Finding]


class Precedent(ShownPassage):
    """一段范例 / A passage to quote."""

    score: float
    citation: Annotated[str, Field(description="可直接粘贴的出处 / the citation to paste")]
    place: Annotated[
        str, Field(description="在文中的位置，看不出则空 / its place, if it can be told")
    ]
    copies: Annotated[
        list[ListedArticle],  # type: ignore[valid-type]  # made from the domain model
        Field(
            description="同一段另见这些文章，最多十篇 / articles with the same passage, ten at most"
        ),
    ]
    copies_total: Annotated[int, Field(description="其篇数 / how many there are")]
    article: ListedArticle  # type: ignore[valid-type]  # made from the domain model


class Repeated(Closed):
    """草稿中与已有文字几乎相同的一句 / A sentence of the draft that an existing text has."""

    start: int
    end: int
    share: Annotated[float, Field(description="相同的比例 / the share that is the same")]
    source: Precedent


class DraftSection(Closed):
    """草稿的一节：草稿的第 start 到 end 个字 / A section: draft[start:end]."""

    path: Annotated[list[str], Field(description="所在的各级标题 / headings above it")]
    place: str
    start: int
    end: int
    text: str
    passages: list[Precedent]
    repeated: list[Repeated]


class PrecedentsAnswer(Closed):
    """可引用的段落 / Passages to quote."""

    degraded: bool
    passages: Annotated[
        list[Precedent],
        Field(
            description="贴近的段落，可能不足 size；草稿：各节中最贴近的 / close passages, maybe fewer than"
            " size; of a draft the closest of all sections"
        ),
    ]
    sections: Annotated[
        list[DraftSection], Field(description="草稿的各节 / the sections of a draft")
    ] = Field(default_factory=list)
    message: str = ""


# By endpoint of Flask.
ANSWERS: dict[str, type[BaseModel]] = {
    "api.search": SearchAnswer,
    "api.export": ExportAnswer,
    "api.suggestions": SuggestAnswer,
    "api.hottest": HottestAnswer,
    "api.article": Article,
    "api.related_articles": RelatedAnswer,
    "api.model_outlines": OutlinesAnswer,
    "api.found_headings": HeadingsAnswer,
    "api.phrase_history": PhraseAnswer,
    "api.topic_passages": PrecedentsAnswer,
    "api.precedent_passages": PrecedentsAnswer,
    "drafts.check_draft": CheckAnswer,
    "drafts.article_reuse": ReuseAnswer,
    "push.put_article": Entered,
    "push.delete_article": Entered,
    "push.change_articles": EnteredAnswer,
    "push.change": ChangeAnswer,
    "api.description": Description,
    "operations.livez": Status,
    "operations.healthz": Health,
}
