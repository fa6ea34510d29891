"""``/docs``: the API to read and to try, made from its description. Entry point: :data:`reference`.

Without scripts: a form leads to :func:`try_out`, which leaves out the fields that are empty, because an empty
filter has a meaning, and redirects to the address of the API.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from search_service.web.api import openapi
from search_service.web.request import render_page

reference = Blueprint("reference", __name__)
_FORM = "application/x-www-form-urlencoded"
_LIMITS = {"minimum": "≥ {}", "maximum": "≤ {}", "maxLength": "≤ {} 字 / characters"}


@dataclass(frozen=True)
class _Parameter:
    """``choices``: the only values, if there are few. ``in_form``: a form can send it."""

    name: str
    description: str
    required: bool
    choices: tuple[str, ...]
    limits: str
    default: str
    in_form: bool


@dataclass(frozen=True)
class _Operation:
    """``answers``: status to meaning. ``tryable``: a form can send it."""

    name: str
    method: str
    path: str
    summary: str
    parameters: tuple[_Parameter, ...]
    answers: Mapping[str, str]
    tryable: bool


@reference.get("/docs")
def docs() -> str:
    """Show all operations, each with a form."""
    document = openapi.description()
    operations = [
        _operation(path, method, one, document["components"]["schemas"])
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    ]
    return render_page(
        "docs.html", introduction=document["info"]["description"], operations=operations
    )


@reference.get("/docs/<name>")
def try_out(name: str) -> Response:
    """Redirect to the address of an operation with what its form sent."""
    document = openapi.description()
    known = {
        parameter["name"]
        for methods in document["paths"].values()
        for one in methods.values()
        if one["operationId"] == name
        for parameter in one["parameters"]
    }
    given = {key: value for key, value in request.args.items() if value and key in known}
    for rule in openapi.routes(current_app):
        if rule.endpoint.endswith(f".{name}") and rule.arguments <= given.keys():
            return redirect(url_for(rule.endpoint, **given))  # type: ignore[arg-type]  # as typed
    raise NotFound


def _operation(
    path: str, method: str, described: Mapping[str, Any], schemas: Mapping[str, Any]
) -> _Operation:
    parameters = [
        _parameter(one["name"], {**one, **_resolved(one["schema"], schemas)}, schemas)
        for one in described["parameters"]
    ]
    content = described.get("requestBody", {}).get("content", {})
    if _FORM in content:
        body = _resolved(next(iter(content.values()))["schema"], schemas)
        # Posted as it is, so without the fields that may be absent but not empty.
        parameters += [
            _parameter(name, {**one, "required": name in body["required"], "posted": True}, schemas)
            for name, one in body["properties"].items()
        ]
    return _Operation(
        name=described["operationId"],
        method=method.upper(),
        path=path,
        summary=described["summary"],
        parameters=tuple(parameters),
        answers={key: one["description"] for key, one in described["responses"].items()},
        tryable=method == "get" or (method == "post" and _FORM in content),
    )


def _parameter(name: str, described: Mapping[str, Any], schemas: Mapping[str, Any]) -> _Parameter:
    schema = dict(described)
    for one in described.get("anyOf", ()):
        if one != {"type": "null"}:
            schema |= _resolved(one, schemas)
    default, required = schema.get("default"), bool(schema.get("required"))
    return _Parameter(
        name=name,
        description=described["description"],
        required=required,
        choices=tuple(str(one) for one in schema.get("enum", ())),
        limits=", ".join(
            text.format(schema[key]) for key, text in _LIMITS.items() if key in schema
        ),
        default="" if default is None else str(default),
        in_form=required or default is not None or "posted" not in described,
    )


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema with what it refers to."""
    if "$ref" in schema:
        return {**schemas[schema["$ref"].rpartition("/")[2]], **schema}
    return schema
