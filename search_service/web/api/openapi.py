"""The OpenAPI 3.1 description of the API, derived from its routes and models. Entry points:
:func:`description`, :func:`describe`.

Paths come from Flask's routes, parameters from :mod:`search_service.web.parameters`, answers from
:mod:`search_service.web.api.answers`. Here are only words, and which errors an operation may answer. A route
or a parameter without words is a ``KeyError``, so that no test of the API passes without them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from flask import Flask, current_app
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema
from werkzeug.routing import Rule

from search_service.web.api.answers import ANSWERS
from search_service.web.api.service_answers import Problem, Record, Records
from search_service.web.draft_files import MEDIA
from search_service.web.parameters import (
    CheckParameters,
    CursorParameters,
    DraftParameters,
    ExportParameters,
    HeadingParameters,
    HottestParameters,
    NoParameters,
    OutlineParameters,
    PrecedentParameters,
    PushParameters,
    RelatedParameters,
    RemovalParameters,
    SearchParameters,
    SuggestParameters,
    TopicParameters,
)
from search_service.web.request import KEY_HEADER

Document = dict[str, Any]
_MADE = "gongwen.openapi"
_PATHS: Mapping[str, Document] = {
    "article_id": {"type": "string", "minLength": 1},
    "number": {"type": "integer", "minimum": 0},
    "phrase": {"type": "string", "minLength": 2, "maxLength": 50},
}
_REFERENCE = "#/components/schemas/{model}"
PROBLEM = "application/problem+json"
# What an export is, beside JSON.
FILES = ("text/csv", "application/x-bibtex", "text/plain")
_BODIES = ("application/json", "application/x-www-form-urlencoded")
# Parameters in a path, as Flask writes them: <article:article_id>.
_PLACEHOLDER = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>")


class _Schemas(GenerateJsonSchema):
    """Without titles, which repeat the names, and without docstrings, which are for developers."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  (pydantic's)
        return False

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        made = super().dataclass_schema(schema)
        return {key: value for key, value in made.items() if key != "description"}


@dataclass(frozen=True, kw_only=True)
class _Operation:
    """``problems``: the statuses of its errors, beside those of :data:`_ANY`; ``files``: its other media.

    ``body``: of JSON, where the parameters are not the body. ``accepts``: the answer may be 202.
    """

    summary: str
    parameters: tuple[type[BaseModel], ...] = ()
    problems: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    body: type[BaseModel] | None = None
    accepts: bool = False


# Of every operation: a key that is not valid, a query that is too long or wrong, too many requests, and what
# can fail in the service.
_ANY = (401, 414, 422, 429, 500, 502, 503)
_OPERATIONS: Mapping[str, _Operation] = {
    "api.search": _Operation(
        summary="检索，一页结果 / Search: one page of results",
        parameters=(SearchParameters, CursorParameters),
        problems=(410,),
    ),
    "api.export": _Operation(
        summary="导出检索结果，工作人员用 / Export results, for staff",
        parameters=(ExportParameters,),
        problems=(403,),
        files=FILES,
    ),
    "api.suggestions": _Operation(
        summary="输入时的建议 / Suggestions while typing", parameters=(SuggestParameters,)
    ),
    "api.hottest": _Operation(
        summary="热点排行 / The most viewed", parameters=(HottestParameters,)
    ),
    "api.article": _Operation(
        summary="一篇文章 / One article", parameters=(NoParameters,), problems=(404,)
    ),
    "api.related_articles": _Operation(
        summary="相关文章 / Related articles", parameters=(RelatedParameters,), problems=(404,)
    ),
    "api.model_outlines": _Operation(
        summary="同类文件怎样分节：范例提纲、常见结构 / Outlines of documents on a topic",
        parameters=(OutlineParameters,),
    ),
    "api.found_headings": _Operation(
        summary="小标题：只在小标题里找，可按字数、句式 / Headings that contain a query",
        parameters=(HeadingParameters,),
    ),
    "api.phrase_history": _Operation(
        summary="提法：哪些年用过，最早最近见于哪里 / A phrase: its years, first and latest uses",
        parameters=(NoParameters,),
        problems=(404,),
    ),
    "api.topic_passages": _Operation(
        summary="为题目找可引用的段落 / Passages to quote for a topic",
        parameters=(TopicParameters,),
    ),
    "api.precedent_passages": _Operation(
        summary="为题目或草稿找可引用的段落，草稿分节 / Passages to quote for a topic, or a draft by section",
        parameters=(PrecedentParameters,),
        problems=(400, 413, 415),
    ),
    "drafts.export_draft": _Operation(
        summary="把稿子导出为 Word（GB/T 9704）或 Markdown，工作人员用 / Export a draft, for staff",
        problems=(400, 403, 413, 415),
        files=tuple(MEDIA.values()),
        body=DraftParameters,
    ),
    "drafts.check_draft": _Operation(
        summary="核对稿子：引用、文号、序号、雷同、用词等，工作人员用 / Check a draft, for staff",
        problems=(400, 403, 413, 415),
        body=CheckParameters,
    ),
    "drafts.article_reuse": _Operation(
        summary="各段还见于哪些文章，工作人员用 / Where else the paragraphs are, for staff",
        parameters=(NoParameters,),
        problems=(403, 404),
    ),
    "push.put_article": _Operation(
        summary="新增或更新一篇文章，indexer 的密钥用 / Add or replace an article, with a key of an indexer",
        parameters=(PushParameters,),
        problems=(400, 403, 404, 409, 413, 415),
        body=Record,
        accepts=True,
    ),
    "push.delete_article": _Operation(
        summary="删除一篇文章，indexer 的密钥用 / Delete an article, with a key of an indexer",
        parameters=(RemovalParameters,),
        problems=(403, 404, 409),
        accepts=True,
    ),
    "push.change_articles": _Operation(
        summary="一次提交多篇，各有各的结果，indexer 的密钥用 / Several articles, with a key of an indexer",
        parameters=(PushParameters,),
        problems=(400, 403, 413, 415),
        body=Records,
        accepts=True,
    ),
    "push.change": _Operation(
        summary="一次改动到哪一步了，indexer 的密钥用 / How far a change has come, with a key of an indexer",
        parameters=(NoParameters,),
        problems=(403, 404),
    ),
    "api.description": _Operation(summary="这份说明 / This description"),
    "operations.livez": _Operation(summary="进程能应答 / The process responds"),
    "operations.healthz": _Operation(summary="真的检索一次 / Runs a real search"),
}
# In the order in which the description lists them.
_PARAMETERS: Mapping[str, str] = {
    "article_id": "文章的 id，可含斜线 / id of the article, may contain slashes",
    "phrase": "提法，两个字以上，逐字算 / a phrase of two characters and more, literally",
    "q": "查询，空则列出全部 / the query; empty lists everything",
    "text": "题目（引号、排除、字段同检索）；POST 也可以是整段草稿 / a topic, with quotes, exclusions and"
    " fields as in a search; by POST also a draft",
    "mode": "keyword 按词，semantic 按意思，hybrid 两者 / by word, by meaning, or both",
    "in": "title：只看标题 / title: in titles only",
    "sort": "排序；views：来源的浏览量，reads：本站近三十日的统计 / order; reads: as we count",
    "page": "页码，从 1 起 / number of the page, from 1",
    "period": "all：来源的 views；day、week、month：本站统计的今日、近七日、近三十日 / as the source"
    " counts, or as we do: today, 7 days, 30 days",
    "size": "每次多少篇或多少段 / results per answer",
    "validity": "效力；筛选都可写多次，任一相符；空：未注明的 / in force or not; filters may be repeated: any"
    " of the values; empty: without one",
    "kind": "文种 / kind of document",
    "level": "发文机关的级别 / level of the issuing office",
    "issuer": "发文机关 / issuing office",
    "year": "成文年份 / year of the date",
    "category": "这一类及其下级 / this category or below it",
    "author": "作者 / author",
    "date_from": "从哪一天起，如 2024、2024-05、2024年5月1日 / from this date on",
    "date_to": "到哪一天止，含当天 / up to and including this date",
    "place": "段落在文中的位置，可写多次 / place of the passage in its document, may be repeated",
    "role": "只要这种段落；标题、主送、附件、落款、抄送只有这样才给 / passages of this role; frame parts and"
    " annexes only so",
    "region": "这个地方及其下辖的，如 河北、石家庄市，可写多次 / about this place or one within, may be"
    " repeated",
    "length": "小标题的字数，序号和标点不算 / characters of the heading, without number and punctuation",
    "pattern": "句式：四字，对仗（两半一样长），七字对仗 / four characters in each part, two halves of one"
    " length, two of seven",
    "format": "csv 表格，json，bibtex，gbt7714 参考文献 / a table, JSON, BibTeX, references",
    "explain": "1：说明每篇为什么在这里 / 1: why each result is there",
    "wait": "1：等到可以检索，最多 10 秒 / 1: wait until it is visible, 10 seconds at most",
    "source": "来源的名字，同步时归它 / name of the source it belongs to when that is synchronised",
    "version": "删除的是哪个版本 / the version that is deleted",
    "number": "改动的编号 / number of the change",
    "cursor": "上一次回答中的 cursor，不能与其他参数同用 / from the answer before; excludes all others",
}
_STATUSES: Mapping[int, str] = {
    400: "请求体的格式不对 / malformed body",
    401: "密钥、令牌或登录无效 / the key, token or session is not valid",
    403: "这个身份不能这样做 / not allowed to this caller",
    404: "没有这一篇，或这个身份读不到 / no such article for this caller",
    409: "比已有的版本旧 / older than the version that is there",
    410: "游标所在的一代索引已不存在 / the cursor's generation no longer exists",
    413: "请求体太大 / body too large",
    414: "地址太长 / query string too long",
    415: "请求体的类型不支持 / type of the body not supported",
    422: "参数有误，一次列全 / invalid parameters, all of them",
    429: "请求太多，见 Retry-After / too many requests",
    500: "服务出错，编号在日志里 / internal error, logged under its id",
    502: "引擎拒绝了请求 / the engine refused",
    503: "暂不可用，见 Retry-After / temporarily unavailable",
}
# Described as parameters of the query string, so not among the schemas.
_IN_QUERIES = {
    model.__name__
    for one in _OPERATIONS.values()
    for model in one.parameters
    if model is not PrecedentParameters
}
_ACCEPTED = (
    "已登记，尚不可见；Location 可查 / entered, not yet visible; Location says how far it has come"
)
_UNCHANGED = "与 If-None-Match 所指的相同 / the same as the one named by If-None-Match"
# Without any, the answers are those of guests.
_KEYS: Document = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
}
_INTRODUCTION = (
    "公文检索的接口。字段只会增加，不会改名；参数有误的一次列全。\n\n"
    "API of the search service. Fields are only ever added; errors name all invalid parameters."
)


def description() -> Document:
    """The description of the API of the current application, made once."""
    found: Document | None = current_app.extensions.get(_MADE)
    if found is None:
        found = current_app.extensions[_MADE] = describe(current_app)
    return found


def describe(app: Flask) -> Document:
    """The description of the API of this application, with the path prefix in its paths."""
    schemas, names = _schemas()
    paths: Document = {}
    for rule in routes(app):
        methods = paths.setdefault(_PLACEHOLDER.sub(r"{\1}", rule.rule), {})
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            methods[method.lower()] = _described(rule, method, schemas, names)
    return {
        "openapi": "3.1.0",
        "info": {"title": "公文检索", "version": "1", "description": _INTRODUCTION},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {name: one for name, one in schemas.items() if name not in _IN_QUERIES},
            "securitySchemes": _KEYS,
        },
        "security": [{}, *({name: []} for name in _KEYS)],
    }


def routes(app: Flask) -> list[Rule]:
    """The routes that are described: those of the API."""
    blueprints = ("api", "drafts", "push", "operations")
    rules = app.url_map.iter_rules()
    return [one for one in rules if one.endpoint.partition(".")[0] in blueprints]


@cache
def _schemas() -> tuple[Document, Mapping[type[BaseModel], str]]:
    """The schemas of all models by name, with descriptions of the parameters; and the names.

    Made once, for every application has the same; that takes longer than to make an application.
    """
    answers: list[type[BaseModel]] = [Problem, *ANSWERS.values()]
    parameters = [model for one in _OPERATIONS.values() for model in one.parameters]
    models: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = []
    models += [(model, "serialization") for model in dict.fromkeys(answers)]
    models += [(one.body, "validation") for one in _OPERATIONS.values() if one.body]
    models += [(model, "validation") for model in dict.fromkeys(parameters)]
    references, definitions = models_json_schema(
        models, ref_template=_REFERENCE, schema_generator=_Schemas
    )
    schemas: Document = definitions["$defs"]
    names = {key[0]: references[key]["$ref"].rpartition("/")[2] for key in models}
    for schema in schemas.values():
        if "enum" in schema:
            schema.pop("description", None)
    for model in dict.fromkeys(parameters):
        for name, field in schemas[names[model]].get("properties", {}).items():
            field["description"] = _PARAMETERS[name]
    return schemas, names


def _described(
    rule: Rule, method: str, schemas: Document, names: Mapping[type[BaseModel], str]
) -> Document:
    operation = _OPERATIONS[rule.endpoint]
    path = [
        {"name": name, "in": "path", "required": True, "description": _PARAMETERS[name],
         "schema": _PATHS[name]}
        for name in sorted(rule.arguments)
    ]  # fmt: skip
    described: Document = {
        "operationId": rule.endpoint.partition(".")[2],
        "summary": operation.summary,
        "parameters": path,
    }
    if operation.body:
        schema = {"$ref": _REFERENCE.format(model=names[operation.body])}
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    if method == "POST" and not operation.body:
        schema = {"$ref": _REFERENCE.format(model=names[operation.parameters[0]])}
        described["requestBody"] = {
            "required": True,
            "content": {media: {"schema": schema} for media in _BODIES},
        }
    else:
        fields: Document = {}
        for model in operation.parameters:
            fields |= schemas[names[model]].get("properties", {})
        listed = sorted(fields, key=list(_PARAMETERS).index)
        path += [_in_query(name, fields[name]) for name in listed]
    content: Document = {media: {"schema": {"type": "string"}} for media in operation.files}
    if answer := ANSWERS.get(rule.endpoint):
        good = {"$ref": _REFERENCE.format(model=names[answer])}
        content = {"application/json": {"schema": good}, **content}
    described["responses"] = {
        "200": {"description": "OK", "content": content},
        **({"202": {"description": _ACCEPTED, "content": content}} if operation.accepts else {}),
        **({"304": {"description": _UNCHANGED}} if method == "GET" else {}),
        **{
            str(status): {
                "description": _STATUSES[status],
                "content": {PROBLEM: {"schema": {"$ref": _REFERENCE.format(model=names[Problem])}}},
            }
            for status in sorted((*_ANY, *operation.problems))
        },
    }
    return described


def _in_query(name: str, field: Mapping[str, Any]) -> Document:
    """A parameter of the query string: what may be absent has no null there."""
    schema = {key: value for key, value in field.items() if key != "description"}
    kinds = [one for one in schema.pop("anyOf", []) if one != {"type": "null"}]
    if kinds:
        schema |= kinds[0]
    if schema.get("default", "") is None:
        del schema["default"]
    return {"name": name, "in": "query", "description": field["description"], "schema": schema}
