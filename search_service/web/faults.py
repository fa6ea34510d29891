"""Reading parameters, and every fault of them at once. Entry points: :func:`read`, :func:`read_leniently`.

The API reads strictly: one error names every bad, unknown or repeated parameter. Pages read the same
models leniently: what cannot be used is left out, because 微信 and 百度 append parameters of their own.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.datastructures import MultiDict

from analyzers.messages import say
from analyzers.outline import ROLES
from search_service import relevance
from search_service.errors import BadInput
from search_service.web.parameters import MAX_FILTER, CursorParameters

# A fault echoes what was sent, but not a whole draft; so many faults are told, and how many there are.
_ECHO = 100
MAX_FAULTS = 20

Parameters = TypeVar("Parameters", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One parameter that cannot be used: its name, what was sent, and why with the cure."""

    parameter: str
    value: str | None
    reason: str

    @classmethod
    def of(cls, parameter: str, value: object, reason: str) -> Self:
        """A fault with what was sent as text, shortened."""
        text = None if value is None else str(value).encode(errors="replace").decode()
        if text is not None and len(text) > _ECHO:
            text = text[:_ECHO] + "…"
        return cls(parameter=parameter[:_ECHO], value=text, reason=reason)


class BadParameters(BadInput):
    """The parameters of one request that cannot be used: ``faults``, the first of ``count``."""

    def __init__(self, faults: Sequence[Fault], count: int) -> None:
        names = "、".join(fault.parameter for fault in faults)
        more = "……" if count > len(faults) else ""
        super().__init__(
            say(
                f"{count} 个参数不能使用：{names}{more}",
                f"{count} parameters cannot be used: {names}{more}",
            ),
            field_errors={fault.parameter: fault.reason for fault in faults},
        )
        self.errors = tuple(faults)


def read(
    model: type[Parameters],
    given: Mapping[str, object],
    *,
    repeated: Collection[str] = (),
) -> Parameters:
    """Read strictly; raises :class:`BadParameters` with every fault at once, the first 20 in words."""
    errors: dict[str, ErrorDetails | None] = dict.fromkeys(repeated)
    found: Parameters | None = None
    try:
        found = model.model_validate({k: v for k, v in given.items() if k not in errors})
    except ValidationError as exc:
        for error in exc.errors(include_url=False):
            # A repeated one is missing from what was validated.
            errors.setdefault(str(error["loc"][0]), error)
    if errors or found is None:
        ordered = [name for name in given if name in errors]
        ordered += [name for name in errors if name not in given]
        faults = [
            Fault.of(name, given.get(name), _reason(model, name, errors[name], given))
            for name in ordered[:MAX_FAULTS]
        ]
        raise BadParameters(faults, len(ordered))
    return found


def read_query(model: type[Parameters], given: MultiDict[str, str]) -> Parameters:
    """Read a query string or a form strictly."""
    repeated = [name for name, values in given.lists() if len(values) > 1]
    return read(model, given.to_dict(), repeated=repeated)


def read_leniently(
    model: type[Parameters], given: Mapping[str, str]
) -> tuple[Parameters, frozenset[str]]:
    """Read what can be used and leave out the rest, naming the known parameters left out."""
    values = {name: value for name, value in given.items() if name in _names(model)}
    left_out: set[str] = set()
    while True:
        try:
            return model.model_validate(values), frozenset(left_out)
        except ValidationError as exc:
            bad = {str(error["loc"][0]) for error in exc.errors(include_url=False)} & set(values)
            if not bad:  # something required is missing: the caller asks only with it
                raise
            left_out |= bad
            values = {name: value for name, value in values.items() if name not in bad}


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _reason(
    model: type[BaseModel], name: str, error: ErrorDetails | None, given: Mapping[str, object]
) -> str:
    """Why a parameter cannot be used, with the limit and the remedy; no error: it came twice."""
    if error is None:
        return say(
            "出现了多次；每个参数只能写一次",
            "given more than once; give each parameter once",
        )
    kind = error["type"]
    if kind == "extra_forbidden" and model is CursorParameters:
        return say(
            "不能与 cursor 同时给出：它已包含整个查询；请去掉",
            "not beside cursor, which holds the whole question; leave it out",
        )
    if kind == "extra_forbidden":
        return _unknown(name, _names(model))
    if kind == "date_order":
        return say(
            f"早于 date_from={given.get('date_from')}；请把两者对调",
            f"before date_from={given.get('date_from')}; exchange the two",
        )
    if kind == "too_many_explained":
        most = relevance.MAX_EXPLAINED
        return say(
            f"一页最多说明 {most} 篇；请用 size={most} 或更小，逐页说明",
            f"at most {most} results of a page are explained; ask with size={most} or less",
        )
    if kind == "beyond_cap":
        cap = relevance.MAX_RESULTS
        return say(
            f"超出了前 {cap} 条结果；请用 category、kind、issuer、date_from 等筛选缩小范围，"
            "或用回答中的 cursor 往下取",
            f"beyond the first {cap} results; narrow with category, kind, issuer, date_from …,"
            " or go on with the cursor of an answer",
        )
    return say(*_EXPECTED[name])


def _unknown(name: str, known: list[str]) -> str:
    if not known:
        return say(
            "这个地址不接受参数；请去掉",
            "this address takes no parameters; leave it out",
        )
    near = difflib.get_close_matches(name[:_ECHO], known, n=1)
    hint_zh, hint_en = (f"是否想用 {near[0]}？", f"did you mean {near[0]}?") if near else ("", "")
    return say(
        f"没有这个参数；{hint_zh}可用的有 {'、'.join(known)}",
        f"unknown; {hint_en} known are {', '.join(known)}".replace("  ", " "),
    )


_FILTER = (
    f"应为不超过 {MAX_FILTER} 个字的文字",
    f"a text of at most {MAX_FILTER} characters",
)
_DATE_FORM = (
    "应为 YYYY、YYYY-MM 或 YYYY-MM-DD，且是存在的日期，如 2024-05",
    "YYYY, YYYY-MM or YYYY-MM-DD, a date that exists, such as 2024-05",
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
    "mode": ("应为 keyword、semantic 或 hybrid", "keyword, semantic or hybrid"),
    "in": ("应为 title 或 all", "title or all"),
    "sort": ("应为 relevance 或 date", "relevance or date"),
    "page": ("应为整数，从 1 起", "a whole number from 1 on"),
    "size": (
        f"应为 1 至 {relevance.MAX_SIZE} 的整数",
        f"a whole number from 1 to {relevance.MAX_SIZE}",
    ),
    "explain": ("应为 1 或 0", "1 or 0"),
    "category": _FILTER,
    "kind": _FILTER,
    "author": _FILTER,
    "issuer": _FILTER,
    "date_from": _DATE_FORM,
    "date_to": _DATE_FORM,
    "role": (f"应为 {'、'.join(ROLES)}", f"one of {', '.join(ROLES)}"),
}
