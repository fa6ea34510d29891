"""Export of results: for staff alone, complete, and safe to open."""

import csv
import io
import re
from pathlib import Path

import pytest
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

HOSTILE = {
    "id": "a/b c",
    "title": "=HYPERLINK(1) 关于{做好}100%排查_工作的通知",
    "body": "请做好排查工作。",
    "issuer": "+办公室",
    "document_number": "云政发〔2024〕9号",
    "date": "2024-03-18",
    "kind": "通知",
}
PLAIN = {"id": "2", "title": "关于开展排查的意见", "body": "开展排查工作。", "date": "2023"}


@pytest.fixture
def service(open_named: Open, tmp_path: Path) -> SearchService:
    """Two articles, of which one is dangerous in every format."""
    service = open_named("export")
    source = write_source(tmp_path / "two.jsonl", [HOSTILE, PLAIN])
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    return service


@pytest.fixture
def client(service: SearchService) -> FlaskClient:
    """A caller without a key."""
    return create_app(service, read_settings()).test_client()


def export(
    service: SearchService, client: FlaskClient, query: str, role: Role = Role.STAFF
) -> TestResponse:
    """The answer to a caller of a role."""
    key = service.store.keys.create(f"{role} {query}", role)
    return client.get(f"/api/v1/export?{query}", headers={"X-API-Key": key})


def test_a_table_opens_in_a_spreadsheet_and_runs_nothing(
    service: SearchService, client: FlaskClient
) -> None:
    """UTF-8 with its mark, a line for each result, and no cell that begins a formula."""
    response = export(service, client, "q=排查&sort=date")
    text = response.data.decode("utf-8")
    rows = list(csv.reader(io.StringIO(text[1:], newline="")))

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="results.csv"'
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert text[0] == "\ufeff"
    assert [row[1] for row in rows] == ["标题", f"'{HOSTILE['title']}", PLAIN["title"]]
    assert rows[1][2:4] == ["'+办公室", "云政发〔2024〕9号"]
    assert rows[1][-2:] == ["原文相符", "http://localhost/articles/a/b%20c"]
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r") and cell]


def test_bibtex_is_balanced_and_has_unique_keys(
    service: SearchService, client: FlaskClient
) -> None:
    """Braces of a title are escaped; what LaTeX takes for a command is none."""
    text = export(service, client, "q=排查&sort=date&format=bibtex").get_data(as_text=True)

    assert re.findall(r"^@misc\{(.*),$", text, re.MULTILINE) == ["a-b-c-1", "2-2"]
    assert r"title = {{=HYPERLINK(1) 关于\{做好\}100\%排查\_工作的通知}}," in text
    bare = re.sub(r"\\.", "", text)
    assert bare.count("{") == bare.count("}")
    assert "year = {2024}," in text
    assert "url = {http://localhost/articles/a/b%20c}," in text


def test_references_are_numbered(service: SearchService, client: FlaskClient) -> None:
    """As GB/T 7714 has them, one a line."""
    text = export(service, client, "q=排查&sort=date&format=gbt7714").get_data(as_text=True)

    assert text.splitlines()[0] == (
        "[1] +办公室. =HYPERLINK(1) 关于{做好}100%排查_工作的通知: 云政发〔2024〕9号[EB/OL]."
        " (2024-03-18). http://localhost/articles/a/b%20c."
    )
    assert text.splitlines()[1].startswith("[2] 关于开展排查的意见[EB/OL].")


def test_json_has_the_results_of_the_search(service: SearchService, client: FlaskClient) -> None:
    """In its order, with filters; nothing found is an empty list."""
    both = json_of(export(service, client, "q=排查&sort=date&format=json"))
    one = json_of(export(service, client, "q=排查&kind=通知&format=json"))
    none = json_of(export(service, client, "q=龘龘&mode=keyword&format=json"))

    assert [hit["id"] for hit in both["results"]] == ["a/b c", "2"]
    assert [hit["id"] for hit in one["results"]] == ["a/b c"]
    assert none == {"results": []}


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.MEMBER])
def test_readers_may_not_export(service: SearchService, client: FlaskClient, role: Role) -> None:
    """Whether or not anything would be found."""
    for query in ("q=排查", "q=龘龘"):
        response = export(service, client, query, role)
        assert response.status_code == 403
        assert json_of(response)["code"] == "forbidden"


def test_faults_are_named(service: SearchService, client: FlaskClient) -> None:
    """A format that there is not, and pages, of which an export has none."""
    problem = json_of(export(service, client, "q=排查&format=xls&page=2"))

    assert {one["parameter"] for one in problem["errors"]} == {"format", "page"}


@pytest.mark.slow
def test_all_pages_are_exported_and_no_more_than_can_be_paged(
    open_named: Open, tmp_path: Path
) -> None:
    """Over a hundred results in the order of the pages; at most a thousand."""
    service = open_named("many")
    records = [
        {"id": f"n{number}", "title": f"关于排查的通知{number}", "body": "排查。", "date": "2024"}
        for number in range(relevance.MAX_RESULTS + 20)
    ]
    generations.rebuild(
        service, [write_source(tmp_path / "many.jsonl", records)], cleaning=ALL_CLEANING
    )
    client = create_app(service, read_settings()).test_client()
    ids = [hit["id"] for hit in json_of(export(service, client, "q=排查&format=json"))["results"]]
    page = json_of(client.get("/api/v1/search?q=排查&size=100&page=2"))

    assert len(ids) == len(set(ids)) == relevance.MAX_RESULTS
    assert ids[100:200] == [hit["id"] for hit in page["results"]]


def test_the_page_of_results_offers_it_to_staff_alone(
    service: SearchService, client: FlaskClient
) -> None:
    """With the conditions of the search, without its page."""
    key = service.store.keys.create("page", Role.STAFF)
    address = "/search?q=排查&kind=通知&sort=date"
    page = client.get(address, headers={"X-API-Key": key}).get_data(as_text=True)

    (link,) = re.findall(r'href="(/api/v1/export\?[^"]*format=csv[^"]*)"', page)
    response = client.get(link.replace("&amp;", "&"), headers={"X-API-Key": key})
    assert response.data.count(b"\r\n") == 2
    assert "/api/v1/export" not in client.get(address).get_data(as_text=True)
