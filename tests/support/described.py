"""Checks every answer of the API in the test run against its description. Entry point: :func:`checking`."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

from flask import Flask
from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from search_service.web.api.openapi import PROBLEM, Document, describe

_documents: WeakKeyDictionary[Flask, tuple[Document, str]] = WeakKeyDictionary()


@contextmanager
def checking() -> Iterator[None]:
    """Check meanwhile every answer that a test client gets."""
    unchecked = FlaskClient.open

    def open_checked(client: FlaskClient, *args: Any, **kwargs: Any) -> TestResponse:
        response = unchecked(client, *args, **kwargs)
        check(client.application, response)
        return response

    with patch.object(FlaskClient, "open", open_checked):
        yield


def check(app: Flask, response: TestResponse) -> None:
    """Fail if the answer is to a request of the API and not as described.

    Addresses and methods that do not exist are answered with problem details.
    """
    request = response.request
    if app not in _documents:
        document = describe(app)
        _documents[app] = document, json.dumps(document)
    document, written = _documents[app]
    prefix = next(iter(document["paths"])).partition("/api/v1/")[0]
    if not request.path.startswith(f"{prefix}/api/") or request.method == "OPTIONS":
        return
    operation = _operation(app, document, request.path, request.method)
    if operation is None:
        schema = {"$ref": "#/components/schemas/Problem"}
        assert response.status_code >= 400, f"{request.method} {request.path} is not described"
        assert response.mimetype == PROBLEM
    else:
        described = operation["responses"].get(str(response.status_code))
        where = f"{request.method} {request.path}: {response.status_code}"
        assert described, f"{where} is not described"
        if "content" not in described:
            assert response.get_data() == b"", where
            return
        assert response.mimetype in described["content"], f"{where} {response.mimetype}"
        schema = described["content"][response.mimetype]["schema"]
    if request.method != "HEAD" and (response.mimetype or "").endswith("json"):
        _validator(written, json.dumps(schema)).validate(_json(response))


def _operation(app: Flask, document: Document, path: str, method: str) -> Document | None:
    """The description of what answers this request; None if there is no such route."""
    try:
        rule, _ = app.url_map.bind("localhost").match(path, method=method, return_rule=True)
    except HTTPException:
        return None
    name = rule.endpoint.partition(".")[2]
    methods = [one for path in document["paths"].values() for one in path.values()]
    return next((one for one in methods if one["operationId"] == name), None)


@lru_cache(maxsize=64)
def _validator(document: str, schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(document) | json.loads(schema))


def _json(response: TestResponse) -> Any:
    data = response.get_data()
    if response.headers.get("Content-Encoding") == "gzip":
        data = gzip.decompress(data)
    return json.loads(data)
