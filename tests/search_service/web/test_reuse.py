"""Where the paragraphs of an article are, by the API and on its page: for staff alone."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from indexer.build import generations
from search_service.roles import Role
from search_service.service import SearchService
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, Open, write_source
from tests.support.hostile_articles import json_of

RIVER = "河长每周巡查责任河段一次，及时清理河面漂浮物，发现排污口立即登记并报县水利局核查处置。"
ARTICLES = [
    {
        "id": "old/1",
        "title": "旧办法",
        "date": "2019-01-02",
        "body": RIVER.replace("每周", "每月"),
    },
    {
        "id": "new",
        "title": "新办法",
        "date": "2024",
        "body": f"{RIVER}\n本办法由县水利局负责解释。",
    },
    {"id": "paid", "title": "内部", "date": "2025", "body": RIVER, "audience": "staff"},
]
ADDRESSES = ("/api/v1/articles/{}/reuse", "/articles/{}/reuse")


@pytest.fixture
def service(open_named: Open, tmp_path: Path) -> SearchService:
    """Three articles, one of them for staff."""
    service = open_named("reuse-page")
    generations.rebuild(
        service, [write_source(tmp_path / "a.jsonl", ARTICLES)], cleaning=ALL_CLEANING
    )
    return service


@pytest.fixture
def client(service: SearchService, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A caller without a key."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    return create_app(service, read_settings()).test_client()


def _key(service: SearchService, role: Role) -> dict[str, str]:
    return {"X-API-Key": service.store.keys.create(f"of {role}", role)}


def test_the_api_answers_staff(service: SearchService, client: FlaskClient) -> None:
    """Paragraphs with their uses, and the articles; a parameter is refused."""
    staff = _key(service, Role.STAFF)
    answer = json_of(client.get("/api/v1/articles/new/reuse", headers=staff))

    [paragraph] = answer["paragraphs"]
    assert [one["article"]["id"] for one in paragraph["occurrences"]] == ["old/1", "paid"]
    assert [one["kind"] for one in paragraph["occurrences"]] == ["near", "same"]
    assert paragraph["occurrences"][0]["differences"][0]["other"].startswith("每")
    assert {one["id"]: one["likeness"] for one in answer["articles"]}.keys() == {"old/1", "paid"}
    assert client.get("/api/v1/articles/new/reuse?size=3", headers=staff).status_code == 422


@pytest.mark.parametrize("address", ADDRESSES)
def test_others_are_refused_whatever_they_ask_for(
    service: SearchService, client: FlaskClient, address: str
) -> None:
    """The same for an article that is there, one for staff, and none; staff are told that there is none."""
    for headers in ({}, _key(service, Role.MEMBER)):
        answers = [
            client.get(address.format(key), headers=headers) for key in ("new", "paid", "no")
        ]
        assert {one.status_code for one in answers} == {403}
        assert (
            len({one.data.replace(b"/paid", b"/new").replace(b"/no/", b"/new/") for one in answers})
            == 1
        )
    staff = _key(service, Role.STAFF)
    service.store.hidden.hide("paid")
    for key in ("paid", "no"):
        assert client.get(address.format(key), headers=staff).status_code == 404


def test_the_page_shows_the_uses_and_what_differs(
    service: SearchService, client: FlaskClient
) -> None:
    """First and latest, the words of both sides; the article leads there for staff alone."""
    staff = _key(service, Role.STAFF)
    page = client.get("/articles/new/reuse", headers=staff).get_data(as_text=True)

    uses = page[page.index("各段") :]
    assert uses.index("最早") < uses.index("旧办法") < uses.index("最近")
    assert "基本相同" in page
    assert "<del>" in page
    assert "每月</ins>" in page
    link = 'href="/articles/new/reuse"'
    assert link in client.get("/articles/new", headers=staff).get_data(as_text=True)
    assert link not in client.get("/articles/new").get_data(as_text=True)
    odd = client.get("/articles/old/1/reuse", headers=staff)
    assert "新办法" in odd.get_data(as_text=True)
