"""Export of drafts by the API: for staff alone, with sources of what they may read, nothing kept."""

import io
import logging
from pathlib import Path

import pytest
from docx import Document
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from indexer.build import generations
from search_service import relevance
from search_service.roles import Role
from search_service.service import SearchService
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, Open, write_source
from tests.support.hostile_articles import json_of

ARTICLE = {
    "id": "7",
    "title": "清源县防汛工作方案",
    "body": "一、总体要求\n坚持预防为主。" + "落实责任，排查隐患。" * 20,
    "issuer": "清源县人民政府",
    "document_number": "清政发〔2024〕3号",
    "date": "2024-03-18",
    "audience": "staff",
}


@pytest.fixture
def service(open_named: Open, tmp_path: Path) -> SearchService:
    """One article, for staff."""
    service = open_named("drafts")
    source = write_source(tmp_path / "one.jsonl", [ARTICLE])
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    return service


@pytest.fixture
def client(service: SearchService) -> FlaskClient:
    """A caller without a key."""
    return create_app(service, read_settings()).test_client()


def _export(
    service: SearchService, client: FlaskClient, draft: object, role: Role = Role.STAFF
) -> TestResponse:
    key = service.store.keys.create(f"{role} {len(service.store.keys.all())}", role)
    return client.post("/api/v1/drafts/export", json=draft, headers={"X-API-Key": key})


def test_a_word_document_with_the_source(service: SearchService, client: FlaskClient) -> None:
    """Its passage as well, if that is named; of an article that is not there, it is said."""
    response = _export(
        service,
        client,
        {
            "title": "防汛方案",
            "paragraphs": [
                {"text": "一、总体要求"},
                {"text": "坚持预防为主。", "article": "7"},
                {"text": "甲。", "article": "8"},
            ],
            "sources": "list",
        },
    )
    [table] = Document(io.BytesIO(response.data)).tables
    rows = [[cell.text for cell in row.cells] for row in table.rows]

    assert response.status_code == 200
    assert response.headers["Content-Disposition"] == 'attachment; filename="draft.docx"'
    assert rows[1][1:4] == [
        "一、总体要求",
        "清源县人民政府《清源县防汛工作方案》（清政发〔2024〕3号）",
        "2024-03-18",
    ]
    assert rows[1][5] == "http://localhost/articles/7"
    assert rows[2][2] == "出处 8 已查不到"


def test_markdown_names_the_place_of_the_passage(
    service: SearchService, client: FlaskClient
) -> None:
    """By the headings above it."""
    key = service.store.keys.create("reader", Role.STAFF)
    article = json_of(client.get("/api/v1/articles/7", headers={"X-API-Key": key}))
    passage = article["passages"][0]
    draft = {
        "title": "防汛方案",
        "paragraphs": [{"text": "坚持预防为主。", "article": "7", "passage": passage["id"]}],
        "file": "md",
    }

    text = _export(service, client, draft).get_data(as_text=True)

    assert text.startswith("# 防汛方案\n")
    assert "〔2024〕3号），2024年3月18日，第一部分。" in text


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.MEMBER])
def test_readers_may_not_export(service: SearchService, client: FlaskClient, role: Role) -> None:
    """Whatever they send."""
    response = _export(service, client, {"title": "甲", "paragraphs": []}, role)

    assert response.status_code == 403


def test_faults_are_named(service: SearchService, client: FlaskClient) -> None:
    """All at once, each with its limit."""
    long = {"text": "甲" * (relevance.MAX_MANUSCRIPT + 1)}
    response = _export(service, client, {"title": "", "paragraphs": [long], "file": "pdf", "x": 1})
    reasons = {one["parameter"]: one["reason"] for one in json_of(response)["errors"]}

    assert response.status_code == 422
    assert set(reasons) == {"title", "paragraphs", "file", "x"}
    assert str(relevance.MAX_MANUSCRIPT) in reasons["paragraphs"]


def test_the_largest_draft_is_accepted(service: SearchService, client: FlaskClient) -> None:
    """With ids of sources beside every paragraph."""
    size = relevance.MAX_MANUSCRIPT // relevance.MAX_PARAGRAPHS
    one = {"text": "甲" * size, "article": "7", "passage": "p" * 40}
    draft = {"title": "甲", "paragraphs": [one] * relevance.MAX_PARAGRAPHS}

    assert _export(service, client, draft).status_code == 200


def test_no_log_line_holds_a_draft(
    service: SearchService, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither of what is exported nor of what is refused."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="search_service")  # a command may have made it quiet
    draft = {"title": "独有的题目", "paragraphs": [{"text": "独有的文字"}]}

    for more in ({}, {"file": "pdf"}):
        _export(service, client, draft | more)

    assert caplog.records
    assert "独有" not in caplog.text
