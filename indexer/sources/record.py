"""A record as its source has it -> an ``Article``. Entry point: :func:`article_of`.

Names of fields, their Chinese aliases, which are required, the code glued to a title, the preview.
Reads no files; how single fields are written is known in :mod:`indexer.sources.fields`.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from analyzers.language import say
from indexer.cleaning import Cleaning, Rule, clean, clean_head, clean_line
from indexer.sources import fields
from search_service.errors import BadRecord
from search_service.model import Article, Audience


@dataclass(frozen=True)
class Raw:
    """One record and the place it was read from, ``file:line``."""

    place: str
    values: Mapping[str, object]


@dataclass(frozen=True)
class Fault:
    """A record that cannot become an article: where and why."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


# Column names as Chinese tables have them. Where several fit, the first one counts and the others
# are kept as further fields, but for those of _TEXTS.
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("标识", "主键", "文章标识"),
    "title": ("标题", "题名", "文章标题"),
    "body": ("正文", "内容", "全文"),
    "code": ("编号", "文章编号"),
    "author": ("作者",),
    "issuer": ("发文机关", "发文单位", "发布机关", "发布单位", "制定机关"),
    "document_number": ("文号", "发文字号"),
    "kind": ("文种",),
    "category": ("分类", "类别", "栏目"),
    "date": ("日期", "成文日期", "发布日期", "发文日期", "发布时间"),
    "preview": ("免费预览", "预览", "试读"),
    "free_length": ("免费字数", "试读字数"),
    "length": ("字数", "全文字数"),
    "slices": ("片数",),
    "status": ("状态", "时效", "时效性", "效力状态"),
    "views": ("浏览量", "点击量", "阅读量", "浏览次数"),
    "url": ("网址", "链接"),
    "version": ("版本", "版本号"),
    "audience": ("受众", "可见范围"),
}

# What their aliases hold may be paid for: further fields are returned to everyone.
_TEXTS: Final = frozenset({"body", "preview"})

_T = TypeVar("_T")
_Line = Annotated[str | None, BeforeValidator(fields.line)]
_Number = Annotated[int | None, BeforeValidator(fields.number)]


class _Fields(BaseModel):
    """What a record may hold; pydantic collects the faults of all fields.

    Fields that are not named here become ``extra``, which is returned to everyone, guests included:
    nothing paid for may stand in them.
    """

    model_config = ConfigDict(extra="allow")

    id: Annotated[str, BeforeValidator(fields.identifier)]
    title: Annotated[str, BeforeValidator(fields.line)]
    body: Annotated[str, BeforeValidator(fields.text)]
    code: _Line = None
    author: _Line = None
    issuer: _Line = None
    document_number: _Line = None
    kind: _Line = None
    category: _Line = None
    date: Annotated[str | None, BeforeValidator(fields.iso_date)] = None
    preview: Annotated[str | None, BeforeValidator(fields.text)] = None
    free_length: _Number = None
    length: _Number = None
    slices: _Number = None
    status: _Line = None
    views: _Number = None
    url: Annotated[str | None, BeforeValidator(fields.address)] = None
    version: _Number = None
    audience: Annotated[Audience, BeforeValidator(fields.audience)] = Audience.PUBLIC


def article_of(
    values: Mapping[str, object], *, cleaning: Cleaning, counts: Counter[str] | None = None
) -> Article:
    """Make the article of a record; ``counts`` counts the articles that each cleaning rule changed.

    Blank values mean absent, but for one: a ``preview`` given as ``""``, also by a blank cell of a
    table, means that guests may read nothing, lest a mistake publish what is paid for.
    ``free_length`` N means what is left of the first N characters of the body after cleaning them
    alone, so that guests read nothing that depends on the rest; a ``preview`` that is not blank
    outweighs it. Further fields are kept as ``extra`` and returned to everyone. A record is one
    whole: raises :class:`BadRecord` naming every field that cannot be used.
    """
    try:
        read = _Fields.model_validate(_named(values))
    except ValidationError as exc:
        faults: dict[str, str] = {}
        for error in exc.errors():
            faults[str(error["loc"][0])] = str(error.get("ctx", {}).get("error", "")) or _missing()
        raise _bad(faults) from None
    rules: set[Rule] = set()
    title = clean_line(read.title, cleaning=cleaning)
    code, name = (read.code, title.text) if read.code else split_code(title.text)
    body = clean(read.body, cleaning=cleaning, title=name)
    rules |= title.fired | body.fired
    preview = None
    if read.preview is not None and (read.preview.strip() or read.free_length is None):
        guests = clean(read.preview, cleaning=cleaning, title=name)
        preview = guests.text
        rules |= guests.fired
    elif read.free_length is not None and read.free_length < len(read.body):
        preview = clean_head(read.body, read.free_length, cleaning=cleaning, title=name)
    if empty := {
        field: _empty()
        for field, text in (("title", name), ("body", body.text))
        if not text.strip()
    }:
        raise _bad(empty)
    if counts is not None:
        counts.update(str(rule) for rule in rules)

    def short(value: str | None) -> str | None:
        return (clean_line(value, cleaning=cleaning).text or None) if value else None

    return Article(
        id=read.id,
        title=name,
        body=body.text,
        code=short(code),
        author=short(read.author),
        issuer=short(read.issuer),
        document_number=short(read.document_number),
        kind=short(read.kind),
        category=short(read.category),
        date=read.date,
        preview=preview,
        length=read.length,
        slices=read.slices,
        status=short(read.status),
        views=read.views,
        url=read.url,
        version=read.version,
        audience=read.audience,
        extra=dict(read.model_extra or {}),
    )


# Names of things that look like codes: G20峰会, C919客机, G318国道, A4纸, Q3 (a quarter).
_NO_CODE: Final = re.compile(
    r"(?:G7|G8|G20|G60|C919|C929|K12|A[345]|H5|Q[1-4]|T[1-4])(?!\d)"
    r"|[GSXYCD]\d+\s*(?:[国省县乡]道|高速|公路|次?列车|高铁|动车)"
)
_CODE: Final = re.compile(r"([A-Z]\d{1,6})(?:\s+(?=\S)|(?=[\u3400-\u9fff“‘《【「]))")


def split_code(title: str) -> tuple[str | None, str]:
    """Split ``C1212叠加…``, ``B1890 推进…`` or the same in full width into code and title."""
    # Only the head is folded, one character for one, so that the rest stays as it was.
    head = "".join(
        unicodedata.normalize("NFKC", c) if "Ａ" <= c <= "Ｚ" or "０" <= c <= "９" else c
        for c in title[:7]
    )
    folded = head + title[7:]
    match = _CODE.match(folded)
    if match is None or _NO_CODE.match(folded):
        return None, title
    return match[1], title[match.end() :]


_FIELD_OF: Final = {
    alias: (field, place) for field, names in ALIASES.items() for place, alias in enumerate(names)
}


def _named(values: Mapping[str, object]) -> dict[str, object]:
    """Give the values their English names, without blanks and without what cannot be stored."""
    named: dict[str, object] = {}
    aliased: dict[str, tuple[int, str]] = {}
    for key, value in values.items():
        name = _storable(str(key)).strip().lstrip("\ufeff")
        name = name.lower() if name.lower() in ALIASES else name
        field, place = _FIELD_OF.get(name, (name, 0))
        if value is None or (isinstance(value, str) and not value.strip() and field != "preview"):
            continue
        named[name] = value if field == "id" else _storable(value)
        if name in _FIELD_OF:
            aliased[field] = min(aliased.get(field, (place, name)), (place, name))
    for field, (_, name) in aliased.items():
        if field not in named:
            named[field] = named.pop(name)
    return {
        name: value
        for name, value in named.items()
        if name not in _FIELD_OF or _FIELD_OF[name][0] not in _TEXTS
    }


_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


def _storable(value: _T) -> _T:
    """Take out NUL and lone surrogates, and numbers that JSON has not: databases refuse them."""
    result: object = value
    if isinstance(value, str):
        result = _UNSTORABLE.sub("", value)
    elif isinstance(value, Mapping):
        result = {_storable(str(key)): _storable(inner) for key, inner in value.items()}
    elif isinstance(value, list | tuple):
        result = [_storable(inner) for inner in value]
    elif isinstance(value, float) and not math.isfinite(value):
        result = None
    return result  # type: ignore[return-value]  # the same type, or None for a number that is none


def _missing() -> str:
    return say("必填，但没有给出", "required, but missing")


def _empty() -> str:
    return say("清洗后没有文字", "no text is left after cleaning")


def _bad(faults: Mapping[str, str]) -> BadRecord:
    colon, stop = say("：", ": "), say("；", "; ")
    return BadRecord(
        stop.join(f"{field}{colon}{why}" for field, why in faults.items()), faults=faults
    )
