"""Names of fields, and which field an unknown name is likely to mean. Entry point: :func:`likely_field`.

Unknown fields are returned to everyone. So if the misspelt name of a field restricts what guests may read,
using it as an unknown field would publish paid text.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from analyzers.messages import say
from analyzers.normalize import normalize
from analyzers.pinyin import syllables

# Names of columns in tables of offices and exports of CMSs; case, blanks, _ and - do not count. If several
# for one field occur, the first in this list is used and the others are kept as further fields, except those
# of bodies and previews. 来源 and source are none: a medium as often as an office.
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "id": (
        *(
            "标识",
            "主键",
            "文章标识",
            "文章ID",
            "信息ID",
            "文档ID",
            "article_id",
            "doc_id",
            "news_id",
        ),
        *("info_id", "post_id", "aid", "guid", "uuid", "manuscript_id"),
    ),
    "title": (
        *(
            "标题",
            "题名",
            "文章标题",
            "信息标题",
            "公文标题",
            "文件标题",
            "文件名称",
            "政策名称",
            "留言标题",
        ),
        *("article_title", "news_title", "doc_title", "post_title", "headline"),
    ),
    "body": (
        *(
            "正文",
            "内容",
            "全文",
            "文章内容",
            "文章正文",
            "正文内容",
            "信息内容",
            "留言内容",
            "content",
            "text",
        ),
        *(
            "full_text",
            "article_content",
            "news_content",
            "post_content",
            "article_body",
            "maintext",
            # TRS, which has the text without markup as well.
            "doc_html_con",
            "doc_content",
        ),
    ),
    "code": ("编号", "文章编号"),
    "author": ("作者", "撰稿人", "writer", "byline", "doc_author"),
    "issuer": (
        *(
            "发文机关",
            "发文单位",
            "发布机关",
            "发布单位",
            "制定机关",
            "发布机构",
            "发文部门",
            "发布部门",
        ),
        *("印发机关", "颁布机关", "制定单位", "publisher", "issuing_authority", "pub_org"),
    ),
    "document_number": (
        *(
            "文号",
            "发文字号",
            "发文文号",
            "文件编号",
            "公文文号",
            "文件文号",
            "doc_no",
            "document_no",
        ),
        *("doc_number", "file_no", "wenhao"),
    ),
    "kind": ("文种", "公文种类"),
    "category": (
        *(
            "分类",
            "类别",
            "栏目",
            "频道",
            "所属栏目",
            "栏目名称",
            "信息分类",
            "channel",
            "column_name",
        ),
        *("category_name", "channel_name", "chnl_name"),
    ),
    "date": (
        *(
            "日期",
            "成文日期",
            "发布日期",
            "发文日期",
            "发布时间",
            "发文时间",
            "成文时间",
            "印发日期",
            "公布日期",
        ),
        *(
            "颁布日期",
            "留言时间",
            "pub_date",
            "publish_date",
            "published_date",
            "publish_time",
            "pub_time",
        ),
        *("published", "published_at", "publish_at", "release_date", "issue_date", "post_date"),
        # TRS, UCAP.
        *("doc_rel_time", "doc_pub_time", "published_time", "published_time_str"),
    ),
    "effective_date": (
        "施行日期",
        "实施日期",
        "生效日期",
        "施行时间",
        "生效时间",
        "effective_from",
    ),
    "summary": (
        "摘要",
        "内容摘要",
        "简介",
        "导语",
        "abstract",
        "excerpt",
        "description",
        "doc_abstract",
    ),
    "keywords": ("关键词", "主题词", "关键字", "keyword", "doc_keywords"),
    "outline": ("目录", "提纲"),
    "attachments": ("附件", "附件列表", "附件名称", "attachment"),
    "replaces": ("取代", "废止文件"),
    "replaced_by": ("被取代", "取代文件"),
    "preview": ("免费预览", "预览", "试读"),
    "free_length": ("免费字数", "试读字数"),
    "length": ("字数", "全文字数"),
    "slices": ("片数",),
    "status": ("状态", "时效", "时效性", "效力状态"),
    "views": (
        *(
            "浏览量",
            "点击量",
            "阅读量",
            "浏览次数",
            "浏览数",
            "点击数",
            "点击次数",
            "阅读次数",
            "访问量",
        ),
        *("hits", "clicks", "view_count", "views_count", "read_count"),
    ),
    "url": (
        "网址",
        "链接",
        "原文链接",
        "原文网址",
        "链接地址",
        "link",
        "href",
        "page_url",
        "permalink",
        "doc_pub_url",
    ),
    "version": ("版本", "版本号"),
    "audience": ("受众", "可见范围"),
}


def _key(name: str) -> str:
    return _IGNORED.sub("", name).casefold()


# The fields that restrict who may read what; their names are only those that are written here.
PROTECTING: Final = frozenset({"preview", "free_length", "audience"})
_IGNORED: Final = re.compile(r"[\s_\-*＊:：\ufeff]+")
_ALIAS_OF: Final = {
    form: (field, place)
    for field, names in ALIASES.items()
    for place, name in enumerate((field, *names))
    for form in ((name,) if field in PROTECTING else (name, _key(name)))
}


_MAX_LENGTH: Final = 40  # characters; longer names are not checked for misspellings


@dataclass(frozen=True)
class LikelyField:
    """The known name, and its field, that an unknown name is likely to mean.

    For ``body`` not only misspellings, but also other words for it or for a part of it.
    """

    name: str
    field: str

    @property
    def protects(self) -> bool:
        """Whether ignoring the name would publish restricted text."""
        return self.field in PROTECTING


def alias(name: str) -> tuple[str, int] | None:
    """The field of another name than its own, and the name's place in :data:`ALIASES`; None if it is none."""
    if name.lower() in ALIASES:
        return None
    known = _ALIAS_OF.get(name) or _ALIAS_OF.get(_key(name))
    exact = known is None or known[0] not in PROTECTING or name in _ALIAS_OF
    return known if exact else None


def known_field(name: str) -> str | None:
    """The field of a known name, in English or Chinese; None for any other name."""
    if name.lower() in ALIASES:
        return name.lower()
    known = alias(name)
    return known[0] if known else None


def duplicate_message(name: str) -> str:
    """The message for a known name that occurs twice in a record, with different values."""
    return say(
        f"{name} 给出了两次，值不同；请只留一个",
        f"{name} occurs twice with different values; keep one",
    )


def likely_field(name: str) -> LikelyField | None:
    """The field that an unknown name is likely to mean; None if it resembles no known name.

    In a path, as in tables made from nested objects (``meta.audience``), the last part counts, too.
    """
    path, _, end = name.strip().rpartition(".")
    if path and (field := known_field(end)) in PROTECTING:
        return LikelyField(end, str(field))
    folded = _folded(name)
    like = _likely_field(folded) if len(folded) <= _MAX_LENGTH else None
    return like or (likely_field(end) if path else None)


def protects(name: str) -> bool:
    """Whether a name is that of a field that restricts what guests may read, or resembles one."""
    like = likely_field(name)
    return known_field(name.strip()) in PROTECTING or bool(like and like.protects)


def says_who_reads(values: Mapping[str, object]) -> bool:
    """Whether a record says who may read it; a blank preview does, another blank value does not."""
    return any(
        (field := known_field(name)) in PROTECTING
        and value is not None
        and (field == "preview" or bool(str(value).strip()))
        for name, value in values.items()
    )


@lru_cache(maxsize=4096)  # a source has the same names in every record
def _likely_field(folded: str) -> LikelyField | None:
    bare = folded.rstrip("0123456789") or folded
    for form in (folded, bare, bare.removesuffix("s"), re.sub("ies$", "y", bare)):
        if form in _FOLDED:
            return _like(_FOLDED[form])
    for field, pattern in _COMPOSED.items():
        if pattern.fullmatch(bare):
            return LikelyField(field, field)
    if _BODY.fullmatch(bare) and _BODY_WORD.search(bare):
        return LikelyField("body", "body")
    if _ORDINARY.fullmatch(bare):
        return None
    # Protecting fields first: if a name resembles two, an error is better than a warning.
    ordered = sorted(_FOLDED.items(), key=lambda item: _like(item[1]).field not in PROTECTING)
    return next((_like(other) for form, other in ordered if _is_misspelling(bare, form)), None)


def _like(name: str) -> LikelyField:
    return LikelyField(name, known_field(name) or name)


def _folded(name: str) -> str:
    """A name in lower case, one width and script, without blanks and separators."""
    compatible = unicodedata.normalize("NFKC", name)
    return "".join(filter(str.isalnum, normalize(compatible).casefold()))


_FOLDED: Final = {
    _folded(name): name for field, names in ALIASES.items() for name in (field, *names)
}

_ABOUT: Final = r"(?:articles?|posts?|docs?|text|contents?|body|html|raw|plain|short|part)"
# Compounds of a protecting name, and synonyms.
_COMPOSED: Final = {
    "free_length": re.compile(
        rf"(?:free|preview|trial){_ABOUT}?(?:len(?:gth)?|char(?:acter)?s?|words?|count|size|limit)"
        r"(?:count|limit|s)?|(?:免费|试读|试看|预览)(?:字|长度|片|段)数?量?"
    ),
    "preview": re.compile(
        rf"(?:{_ABOUT}|guests?|free|public)*previews?(?:{_ABOUT}|free)*|(?:free|trial){_ABOUT}"
        r"|(?:文章|正文|内容|免费|游客|访客|公众)*(?:预览|试读|试看|免费(?=内容|正文|文|部分|阅读|看))"
        r"(?:文章|内容|文字|文本|正文|部分|片段|全文|文|稿|版|阅读|看)*"
    ),
    "audience": re.compile(
        r"(?:articles?|posts?|docs?|target|min|lowest)*(?:audience|visibility)"
        r"(?:level|group|scope|type|role)?s?|visible(?:to|for|by)|accesslevel"
        r"|.{0,4}受众.{0,4}|.{0,4}可见(?:范围|对象|人群?|人员|级别|等级|权限|性|者|角色|用户|群体|程度)"
        r"|(?:阅读|浏览|查看|访问)权限"
    ),
}
_BODY: Final = re.compile(
    r"(?:articles?|posts?|news|docs?|documents?|main|full|raw|plain|original|rich|clean|markdown|html"
    r"|texts?|contents?|body|bodies|members?|vip|paid|premium|rest|remaining|hidden|complete|whole|part"
    r"|encoded|only|of|the"
    r"|文章|全部|完整|正文|全文|原文|内容|文本|付费|会员|剩余|其余|部分|详细|主要|富|网页|续)+"
)
_BODY_WORD: Final = re.compile(
    "text|content|body|bodies|html|markdown|part|[正全原]文|内容|文本|部分"
)
# Ordinary words that differ from a known name by one edit.
_ORDINARY: Final = re.compile(
    "actor|auditor|core|data|ftitle|index|issue|issued|issues|issuing|items?|king|label|like|line|link"
    "|mind|mode|news|node|order|rate|sites?|size|state|station|stats|stitle|table|tile|time|types?|users?"
    "|view|word|newstime|全文链接|文件名|签发日期"
)


def _is_misspelling(name: str, other: str) -> bool:
    """Whether ``name`` is a misspelling of ``other``, both folded. Short names allow fewer edits."""
    if not name.isascii() and not other.isascii():
        sounds = bool(set(name) & set(other)) and syllables(name) == syllables(other)
        swapped = sorted(name) == sorted(other)
        return swapped or sounds or (len(other) >= 4 and _distance(name, other) <= 1)
    if len(other) <= 4:
        return sorted(name) == sorted(other) and _distance(name, other) == 1
    protects = _like(_FOLDED[other]).protects
    return _distance(name, other) <= (2 if protects or len(other) >= 8 else 1)


def _distance(one: str, other: str) -> int:
    """Damerau-Levenshtein distance of two names; 3 if their lengths differ by more than 2."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, character in enumerate(one, start=1):
        line = [row]
        for column, target in enumerate(other, start=1):
            edits = min(last[column] + 1, line[-1] + 1, last[column - 1] + (character != target))
            if row > 1 and column > 1 and (character, one[row - 2]) == (other[column - 2], target):
                edits = min(edits, before[column - 2] + 1)
            line.append(edits)
        before, last = last, line
    return last[-1]
