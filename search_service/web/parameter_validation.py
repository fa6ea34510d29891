"""Validate request parameters and report all errors at once.

Entry points: :func:`validate` and :func:`validate_leniently`. The API is strict: one response names every
invalid, unknown or repeated parameter. Pages use the same models leniently: invalid parameters are dropped,
because 微信 and 百度 append parameters of their own.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.datastructures import MultiDict

from analyzers.levels import LEVELS
from analyzers.messages import say
from analyzers.outline import PLACES, ROLES
from analyzers.relations import VALIDITIES
from search_service import relevance
from search_service.drafting.headings import LONGEST, Pattern
from search_service.errors import BadInput
from search_service.intake.fields import MAX_LINE_LENGTH
from search_service.model import FACETS
from search_service.web.parameters import (
    MAX_FILTER,
    MAX_REGION,
    MAX_VALUES,
    CursorParameters,
)

# The characters of a value that an error repeats, and the errors that a response lists.
_MAX_ECHO = 100
MAX_ERRORS = 20

Parameters = TypeVar("Parameters", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class ParameterError:
    """One invalid parameter: its name, the value sent, and the reason with the remedy."""

    parameter: str
    value: str | None
    reason: str

    @classmethod
    def of(cls, parameter: str, value: object, reason: str) -> Self:
        """Build one, with the value as text of at most 100 characters."""
        if isinstance(value, list):
            value = "、".join(map(str, value))
        text = None if value is None else str(value).encode(errors="replace").decode()
        if text is not None and len(text) > _MAX_ECHO:
            text = text[:_MAX_ECHO] + "…"
        return cls(parameter=parameter[:_MAX_ECHO], value=text, reason=reason)


class BadParameters(BadInput):
    """The invalid parameters of one request: ``errors`` are the first of ``count``."""

    def __init__(self, errors: Sequence[ParameterError], count: int) -> None:
        names = "、".join(error.parameter for error in errors)
        more = "……" if count > len(errors) else ""
        super().__init__(
            say(
                f"{count} 个参数不能使用：{names}{more}",
                f"{count} parameters cannot be used: {names}{more}",
            ),
            field_errors={error.parameter: error.reason for error in errors},
        )
        self.errors = tuple(errors)


def validate(
    model: type[Parameters],
    given: Mapping[str, object],
    *,
    repeated: Collection[str] = (),
) -> Parameters:
    """Return the model of the parameters.

    ``repeated``: names that were sent more than once. Raises :class:`BadParameters` with all errors, of
    which it lists the first 20.
    """
    invalid: dict[str, ErrorDetails | None] = dict.fromkeys(repeated)
    found: Parameters | None = None
    try:
        found = model.model_validate({k: v for k, v in given.items() if k not in invalid})
    except ValidationError as exc:
        for error in exc.errors(include_url=False):
            # Not for a repeated parameter: it was not passed on, so it may be reported as missing.
            invalid.setdefault(str(error["loc"][0]), error)
    if invalid or found is None:
        ordered = [name for name in given if name in invalid]
        ordered += [name for name in invalid if name not in given]
        errors = [
            ParameterError.of(name, given.get(name), _reason(model, name, invalid[name], given))
            for name in ordered[:MAX_ERRORS]
        ]
        raise BadParameters(errors, len(ordered))
    return found


def validate_query(model: type[Parameters], given: MultiDict[str, str]) -> Parameters:
    """Like :func:`validate`, for a query string or a form."""
    values, repeated = once_or_several(model, given)
    return validate(model, values, repeated=repeated)


def once_or_several(
    model: type[BaseModel], given: MultiDict[str, str]
) -> tuple[dict[str, object], list[str]]:
    """The parameters, those that take several values as lists; and the names of others that are repeated."""
    several = {name for name, one in model.model_fields.items() if one.default == ()}
    values: dict[str, object] = {}
    repeated = []
    for name, all_values in given.lists():
        values[name] = all_values if name in several else all_values[0]
        if name not in several and len(all_values) > 1:
            repeated.append(name)
    return values, repeated


def validate_leniently(
    model: type[Parameters], given: Mapping[str, object]
) -> tuple[Parameters, frozenset[str]]:
    """Return the model of the valid parameters, and the names of those that were known but invalid.

    Raises ``ValidationError`` if a required parameter is missing.
    """
    values = {name: value for name, value in given.items() if name in _names(model)}
    dropped: set[str] = set()
    while True:
        try:
            return model.model_validate(values), frozenset(dropped)
        except ValidationError as exc:
            bad = {str(error["loc"][0]) for error in exc.errors(include_url=False)} & set(values)
            if not bad:  # a required parameter is missing
                raise
            dropped |= bad
            values = {name: value for name, value in values.items() if name not in bad}


def validate_query_leniently(
    model: type[Parameters], given: MultiDict[str, str]
) -> tuple[Parameters, frozenset[str]]:
    """Like :func:`validate_leniently`, for a query string; of what is repeated the first one counts."""
    return validate_leniently(model, once_or_several(model, given)[0])


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _reason(
    model: type[BaseModel], name: str, error: ErrorDetails | None, given: Mapping[str, object]
) -> str:
    """Why a parameter is invalid, with the limit and the remedy; without ``error`` it was repeated."""
    if error is None:
        return say(
            "出现了多次；每个参数只能写一次",
            "given more than once; give each parameter once",
        )
    kind = error["type"]
    if kind == "extra_forbidden" and model is CursorParameters:
        return say(
            "不能与 cursor 同时给出：它已包含整个查询；请去掉",
            "cannot be combined with cursor, which contains the whole query; leave it out",
        )
    if kind == "extra_forbidden":
        return _unknown(name, _names(model))
    if kind == "date_order":
        return say(
            f"早于 date_from={given.get('date_from')}；请把两者对调",
            f"before date_from={given.get('date_from')}; swap the two",
        )
    if kind == "too_many_explained":
        most = relevance.MAX_EXPLAINED
        return say(
            f"一页最多说明 {most} 篇；请用 size={most} 或更小，逐页说明",
            f"at most {most} results per page are explained; use size={most} or less",
        )
    if kind == "text_or_paragraphs":
        return say("text 与 paragraphs 给一样", "give either text or paragraphs")
    if kind == "draft_too_long":
        most = relevance.MAX_DRAFT
        return say(
            f"各段共有不超过 {most} 个字；请分几次核对",
            f"paragraphs of at most {most} characters together; check a draft in parts",
        )
    if kind == "beyond_cap":
        cap = relevance.MAX_RESULTS
        return say(
            f"超出了前 {cap} 条结果；请用 category、kind、issuer、date_from 等筛选缩小范围，"
            "或用回答中的 cursor 往下取",
            f"beyond the first {cap} results; narrow with category, kind, issuer, date_from …,"
            " or continue with the cursor of a response",
        )
    return say(*_EXPECTED[name])


def _unknown(name: str, known: list[str]) -> str:
    if not known:
        return say(
            "这个地址不接受参数；请去掉",
            "this URL takes no parameters; leave it out",
        )
    near = difflib.get_close_matches(name[:_MAX_ECHO], known, n=1)
    hint_zh, hint_en = (f"是否想用 {near[0]}？", f"did you mean {near[0]}?") if near else ("", "")
    return say(
        f"没有这个参数；{hint_zh}可用的有 {'、'.join(known)}",
        f"unknown; {hint_en} valid are {', '.join(known)}".replace("  ", " "),
    )


_FILTER = (
    f"应为不超过 {MAX_FILTER} 个字的文字，可写多次（任一相符），最多 {MAX_VALUES} 次",
    f"a text of at most {MAX_FILTER} characters; may be repeated (any of them), at most {MAX_VALUES} times",
)
_DATE_FORM = (
    "应为存在的日期，如 2024、2024-05、2024-05-06、20240506 或 2024年5月6日（YYYY-MM-DD）",
    "an existing date, such as 2024, 2024-05, 2024-05-06, 20240506 or 2024年5月6日 (YYYY-MM-DD)",
)
_EXPECTED: Mapping[str, tuple[str, str]] = {
    "q": (
        f"应为不超过 {relevance.MAX_QUERY} 个字的文字；整段文字请用 POST precedents",
        f"a text of at most {relevance.MAX_QUERY} characters; for a whole draft use POST precedents",
    ),
    "text": (
        f"应为 1 至 {relevance.MAX_DRAFT} 个字的文字（题目或草稿）",
        f"a text of 1 to {relevance.MAX_DRAFT} characters (a topic or a draft)",
    ),
    "wait": ("应为 0 或 1", "0 or 1"),
    "source": (f"应为不超过 {MAX_FILTER} 个字的名字", f"a name of at most {MAX_FILTER} characters"),
    "version": ("应为不超过 18 位的非负整数", "a whole number of at most 18 digits"),
    "mode": ("应为 keyword、semantic 或 hybrid", "keyword, semantic or hybrid"),
    "in": ("应为 title 或 all", "title or all"),
    "format": ("应为 csv、json、bibtex 或 gbt7714", "csv, json, bibtex or gbt7714"),
    "sort": (
        "应为 relevance、date、oldest、views 或 reads",
        "relevance, date, oldest, views or reads",
    ),
    "period": ("应为 all、day、week 或 month", "all, day, week or month"),
    "page": ("应为整数，从 1 起", "an integer, from 1"),
    "size": (
        f"应为 1 至 {relevance.MAX_SIZE} 的整数",
        f"an integer from 1 to {relevance.MAX_SIZE}",
    ),
    "explain": ("应为 1 或 0", "1 or 0"),
    "length": (
        f"应为 1 至 {LONGEST} 的整数",
        f"an integer from 1 to {LONGEST}",
    ),
    "pattern": (f"应为 {'、'.join(Pattern)}", f"one of {', '.join(Pattern)}"),
    **dict.fromkeys(FACETS, _FILTER),
    "validity": (f"应为 {'、'.join(VALIDITIES)}，或空", f"{', '.join(VALIDITIES)} or empty"),
    "level": (f"应为 {'、'.join(LEVELS)}，或空", f"{', '.join(LEVELS)} or empty"),
    "year": ("应为四位数的年份，如 2024，或空", "a year of four digits, such as 2024, or empty"),
    "date_from": _DATE_FORM,
    "date_to": _DATE_FORM,
    "title": (
        f"应为 1 至 {MAX_LINE_LENGTH} 个字的题目",
        f"a title of 1 to {MAX_LINE_LENGTH} characters",
    ),
    "paragraphs": (
        f"应为至多 {relevance.MAX_PARAGRAPHS} 段、{relevance.MAX_MANUSCRIPT} 个字的数组，每段有 text",
        f"an array of at most {relevance.MAX_PARAGRAPHS} paragraphs of {relevance.MAX_MANUSCRIPT} characters",
    ),
    "sources": ("应为 none、footnotes 或 list", "none, footnotes or list"),
    "file": ("应为 docx 或 md", "docx or md"),
    "place": (f"应为 {'、'.join(PLACES)}，或空", f"{', '.join(PLACES)} or empty"),
    "region": (
        f"应为不超过 {MAX_REGION} 个字的地名，可写多次",
        f"the name of a place of at most {MAX_REGION} characters; may be repeated",
    ),
    "role": (f"应为 {'、'.join(ROLES)}", f"one of {', '.join(ROLES)}"),
}
