"""The description of the API: complete, valid, and true under requests that nobody thought of."""

from typing import Any
from urllib.parse import unquote

import pytest
import schemathesis
from flask import Flask, jsonify
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import ValidationError, meta
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from search_service.service import SearchService
from search_service.settings import Settings
from search_service.web.app import create_app
from tests.support.hostile_articles import json_of

ADDRESS = "/api/v1/openapi.json"


def test_every_route_and_parameter_is_described_in_both_languages(client: FlaskClient) -> None:
    """All routes of the API are there; each operation and each parameter says what it is."""
    document = json_of(client.get(ADDRESS))

    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/api/v1/search", "/api/v1/export", "/api/v1/suggest", "/api/v1/hottest",
        "/api/v1/articles/{article_id}",
        "/api/v1/articles/{article_id}/reuse",
        "/api/v1/articles/{article_id}/related", "/api/v1/precedents", "/api/v1/livez",
        "/api/v1/healthz", "/api/v1/openapi.json", "/api/v1/articles:bulk", "/api/v1/changes/{number}",
        "/api/v1/drafts/export", "/api/v1/drafts/check", "/api/v1/phrases/{phrase}/history",
        "/api/v1/outlines", "/api/v1/headings",
    }  # fmt: skip
    for path in document["paths"].values():
        for operation in path.values():
            said = [one["description"] for one in operation["parameters"]]
            assert all(" / " in text for text in [operation["summary"], *said])
            assert {"200", "422", "503"} <= set(operation["responses"])


def test_the_schemas_are_valid_and_closed(client: FlaskClient) -> None:
    """Every schema is one of JSON Schema 2020-12, every reference has a target, no answer may have more."""
    document = json_of(client.get(ADDRESS))
    schemas = document["components"]["schemas"]

    assert schemas.pop("Description")["type"] == "object"  # of OpenAPI, not ours
    for schema in schemas.values():
        meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
        may_have_more = schema["type"] == "object" and schema["additionalProperties"]
        assert not may_have_more or schema is schemas["Record"]  # as sources have
    names = {*schemas, "Description"}
    assert set(_references(document)) == {f"#/components/schemas/{name}" for name in names}


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for one in value.values() for ref in _references(one)]
    return [ref for one in value for ref in _references(one)] if isinstance(value, list) else []


def test_limits_of_parameters_are_in_the_description(client: FlaskClient) -> None:
    """Numbers have bounds and defaults, choices their values, a body what it requires."""
    document = json_of(client.get(ADDRESS))
    parameters = {
        one["name"]: one for one in document["paths"]["/api/v1/search"]["get"]["parameters"]
    }

    assert parameters["size"]["schema"] == {
        "type": "integer", "minimum": 1, "maximum": 100, "default": 10,
    }  # fmt: skip
    assert parameters["in"]["schema"]["enum"] == ["title", "all"]
    assert document["components"]["schemas"]["PrecedentParameters"]["required"] == ["text"]


def test_paths_have_the_prefix(indexed: tuple[SearchService, Settings]) -> None:
    """Behind a path of a portal, so are the addresses in the description."""
    service, settings = indexed
    app = create_app(service, settings.model_copy(update={"path_prefix": "/search"}))

    document = json_of(app.test_client().get(f"/search{ADDRESS}"))

    assert all(path.startswith("/search/api/v1/") for path in document["paths"])


@pytest.mark.parametrize("answer", [{"status": "ok", "more": 1}, {"status": "fine"}, {}])
def test_an_answer_that_is_not_described_fails_the_test_that_got_it(
    indexed: tuple[SearchService, Settings], answer: dict[str, object]
) -> None:
    """The check of all answers in the test run (tests/support/described.py) notices each member."""
    app = create_app(*indexed)
    app.view_functions["operations.livez"] = lambda: jsonify(answer)

    with pytest.raises(ValidationError):
        app.test_client().get("/api/v1/livez")


def test_a_status_that_is_not_described_fails_the_test_that_got_it(
    indexed: tuple[SearchService, Settings],
) -> None:
    """So is a status that the description does not have."""
    app = create_app(*indexed)
    app.view_functions["operations.livez"] = lambda: ("", 418)

    with pytest.raises(AssertionError, match="418 is not described"):
        app.test_client().get("/api/v1/livez")


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.slow
def test_requests_made_from_the_description_are_answered_as_described(app: Flask) -> None:
    """Schemathesis: parameters as described and not; no 5xx, no status, type or shape undeclared."""
    schema = schemathesis.openapi.from_wsgi(ADDRESS, app)
    seen: set[int] = set()
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    cases = [
        operation.as_strategy(generation_mode=mode)
        for operation in operations
        for mode in schemathesis.GenerationMode
    ]

    @settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(cases))
    def ask(case: Any) -> None:
        # Its client for WSGI asks for compressed answers and does not expand them.
        response = case.call_and_validate(checks=CHECKS, headers={"Accept-Encoding": "identity"})
        seen.add(response.status_code)

    assert len(operations) == 20  # it leaves out the description itself
    ask()
    assert {200, 404, 422} <= seen


def test_the_page_of_the_api_has_every_operation_and_parameter(client: FlaskClient) -> None:
    """/docs shows what the description has, with nothing of another host and nothing inline."""
    document = json_of(client.get(ADDRESS))
    page = client.get("/docs").get_data(as_text=True)

    for path, methods in document["paths"].items():
        assert f"<code>{next(iter(methods)).upper()} {path}</code>" in page
        for operation in methods.values():
            for parameter in operation["parameters"]:
                assert f'id="{operation["operationId"]}-{parameter["name"]}"' in page
    assert "必填" in page
    assert "http" not in page
    assert "<style" not in page


def test_a_form_of_the_page_leads_to_the_api_without_its_empty_fields(client: FlaskClient) -> None:
    """What was left empty is no filter; a path gets its id; what is missing or unknown is not found."""
    response = client.get("/docs/search?q=小区&kind=&page=&mode=keyword&_external=1&endpoint=x")
    article = client.get("/docs/article?article_id=a/b%201")

    assert response.status_code == 302
    assert unquote(response.location) == "/api/v1/search?q=小区&mode=keyword"
    assert json_of(client.get(response.location))["total"] > 0
    assert article.location == "/api/v1/articles/a/b%201"
    assert client.get("/docs/article").status_code == 404
    assert client.get("/docs/nothing").status_code == 404
