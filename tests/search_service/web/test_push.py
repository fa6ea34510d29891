"""Changes that a portal pushes: entered in order, each with its own outcome, and soon visible."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from indexer.applier import applying
from indexer.build import generations
from indexer.sync import synchronise
from search_service.engines import Scope
from search_service.model import Audience
from search_service.roles import Role
from search_service.service import SearchService, open_service
from search_service.settings import Settings, read_settings
from search_service.web.app import create_app
from search_service.web.problems import MAX_PUSH
from tests.conftest import ALL_CLEANING, write_source

PAID = "付费的一句话是密令"
FREE: dict[str, Any] = {"title": "防汛通知", "body": f"同志们：{PAID}。", "audience": "public"}
PART = {**FREE, "preview": "同志们：……"}
# Makes members have an index of their own.
OTHER = {**PART, "id": "other", "title": "别的通知"}


@pytest.fixture(params=["embedded", pytest.param("elastic", marks=pytest.mark.elasticsearch)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """The settings of a service of each engine, without a model."""
    address = f"embedded:{tmp_path}/index"
    if request.param == "elastic":
        address = f"{request.getfixturevalue('elasticsearch_url')}-{uuid.uuid4().hex[:8]}"
    return read_settings(
        engine=address,
        model="none",
        engine_timeout=30,
        state=f"sqlite:///{tmp_path}/state.sqlite3",
        audience="",
    )


@pytest.fixture
def service(settings: Settings, tmp_path: Path) -> Iterator[SearchService]:
    """The service, with one article."""
    opened = open_service(settings)
    source = write_source(tmp_path / "index.jsonl", [OTHER])
    generations.rebuild(opened, {"portal": [source]}, cleaning=ALL_CLEANING)
    yield opened
    opened.close()


@pytest.fixture
def app(service: SearchService, settings: Settings) -> Flask:
    """The application; nothing applies what is pushed."""
    return create_app(service, settings)


@pytest.fixture
def client(app: Flask, service: SearchService) -> FlaskClient:
    """A caller with the key of an indexer."""
    return with_key(app, service, Role.INDEXER)


@pytest.fixture
def applied(client: FlaskClient, service: SearchService) -> Iterator[FlaskClient]:
    """The same, while changes are applied."""
    with applying(service):
        yield client


def with_key(app: Flask, service: SearchService, role: Role) -> FlaskClient:
    """A caller with a key of a role."""
    client = app.test_client()
    token = service.store.keys.create(role.value, role)
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def put(client: FlaskClient, id: str, record: dict[str, Any], *, wait: bool = True) -> TestResponse:
    """Push an article."""
    return client.put(f"/api/v1/articles/{id}?wait={int(wait)}", json=record)


def body(response: TestResponse) -> Any:
    """The JSON of an answer."""
    return response.json


def text(service: SearchService, id: str, audience: Audience = Audience.PUBLIC) -> str | None:
    """The text that an audience reads."""
    found = service.engine.reader(Scope(audience, service.store.hidden.ids())).fetch([id])
    return found[id].view.text if id in found else None


@pytest.mark.parametrize("role", [None, Role.MEMBER, Role.STAFF, Role.EDITOR])
def test_only_a_key_with_the_right_may(
    app: Flask, service: SearchService, role: Role | None
) -> None:
    """Whoever else asks is refused, and nothing is entered."""
    client = with_key(app, service, role) if role else app.test_client()
    head = service.store.ledger.head()
    assert put(client, "a", FREE).status_code == 403
    assert client.delete("/api/v1/articles/other").status_code == 403
    assert client.post("/api/v1/articles:bulk", json={"articles": [FREE]}).status_code == 403
    assert client.get("/api/v1/changes/1").status_code == 403
    assert service.store.ledger.head() == head


def test_an_article_is_put_changed_and_deleted(
    applied: FlaskClient, service: SearchService
) -> None:
    """Visible when the answer says so; paid text moves out of what guests read, and in again."""
    for record, public in ((FREE, FREE["body"]), (PART, PART["preview"]), (FREE, FREE["body"])):
        response = put(applied, "a/1", record)
        assert (response.status_code, body(response)["state"]) == (200, "visible")
        assert text(service, "a/1") == public
        assert text(service, "a/1", Audience.MEMBER) == FREE["body"]
    service.store.hidden.hide("a/1")
    put(applied, "a/1", {**FREE, "body": "改过的。"})
    assert text(service, "a/1") is None
    service.store.hidden.unhide("a/1")
    assert text(service, "a/1") == "改过的。"
    assert applied.delete("/api/v1/articles/a/1?wait=1").status_code == 200
    assert text(service, "a/1") is None
    assert applied.delete("/api/v1/articles/a/1?wait=1").status_code == 404


def test_a_change_is_acknowledged_before_it_is_visible(
    client: FlaskClient, service: SearchService
) -> None:
    """With its number and a place to ask; a newer one of the article supersedes it."""
    first = put(client, "a", FREE, wait=False)
    assert (first.status_code, body(first)["state"]) == (202, "pending")
    place = first.headers["Location"]
    assert client.get(place).json == {
        "number": body(first)["number"],
        "state": "pending",
        "detail": "",
    }
    second = put(client, "a", PART, wait=False)
    assert body(client.get(place))["state"] == "superseded"
    assert client.get("/api/v1/changes/999999").status_code == 404
    with applying(service):
        assert put(client, "b", FREE).status_code == 200
    assert body(client.get(second.headers["Location"]))["state"] == "visible"
    assert text(service, "a") == PART["preview"]


def test_an_older_change_replaces_no_newer_one(
    applied: FlaskClient, service: SearchService
) -> None:
    """Applied or still pending, by version; after a deletion, too. Without versions the last to come wins."""
    put(applied, "a", {**FREE, "version": 5})
    assert put(applied, "a", {**PART, "version": 4}).status_code == 409
    assert put(applied, "a", {**PART, "version": 5}).status_code == 200
    assert text(service, "a") == PART["preview"]
    assert applied.delete("/api/v1/articles/a?version=4").status_code == 409
    assert applied.delete("/api/v1/articles/a?version=6&wait=1").status_code == 200
    assert put(applied, "a", {**FREE, "version": 6}).status_code == 409
    assert put(applied, "a", {**FREE, "version": 7}).status_code == 200
    assert text(service, "a") == FREE["body"]
    # The deletion of an article that has not arrived yet.
    assert applied.delete("/api/v1/articles/b?version=3").status_code == 202
    assert put(applied, "b", {**FREE, "version": 2}).status_code == 409
    for record in (FREE, PART, FREE):
        put(applied, "c", record)
    assert text(service, "c") == FREE["body"]
    assert put(applied, "c", {**PART, "version": 9}).status_code == 409


def test_each_record_of_a_call_has_its_own_outcome(
    applied: FlaskClient, service: SearchService
) -> None:
    """Bad ones say why, and the others are indexed all the same."""
    put(applied, "old", {**FREE, "version": 5})
    records: list[object] = [
        {**FREE, "id": "a"},
        {"id": "b", "title": "没有正文", "audience": "public"},
        "不是对象",
        {**FREE, "id": "c", "audience": None},
        {**FREE, "id": "old", "version": 4},
        {**PART, "id": "a"},
        {"id": "other", "deleted": True},
        {"id": "nobody", "deleted": True},
    ]
    response = applied.post("/api/v1/articles:bulk?wait=1", json={"articles": records})
    assert response.status_code == 200
    results = body(response)["results"]
    assert [one["state"] for one in results] == [
        *(
            "superseded",
            "invalid",
            "invalid",
            "invalid",
            "outdated",
            "visible",
            "visible",
            "invalid",
        )
    ]
    assert "body" in results[1]["detail"]
    assert "GONGWEN_AUDIENCE" in results[3]["detail"]
    assert text(service, "a") == PART["preview"]
    assert text(service, "other") is None
    nothing = applied.post("/api/v1/articles:bulk", json={"articles": records[1:3]})
    assert (nothing.status_code, "Location" in nothing.headers) == (200, False)


def test_what_is_too_large_or_no_record_is_refused(client: FlaskClient) -> None:
    """With the limit, and nothing is entered."""
    assert client.put("/api/v1/articles/a", data="标题").status_code == 415
    bad = client.put("/api/v1/articles/a", data="{", content_type="application/json")
    assert bad.status_code == 400
    large = put(client, "a", {**FREE, "body": "汛" * (MAX_PUSH // 3)})
    assert large.status_code == 413
    assert str(MAX_PUSH) in body(large)["detail"]
    many = client.post("/api/v1/articles:bulk", json={"articles": [{}] * 501})
    assert (many.status_code, "500" in body(many)["detail"]) == (422, True)
    assert put(client, "a", {**FREE, "id": "b"}).status_code == 422
    assert client.put("/api/v1/articles/a?wat=1", json=FREE).status_code == 422


def test_an_article_without_an_index_for_its_readers_says_so(
    applied: FlaskClient, service: SearchService
) -> None:
    """Only a rebuild makes the index; what guests may read is there."""
    response = put(applied, "s", {**FREE, "audience": "staff"})
    assert body(response)["state"] == "refused"
    assert "gongwen index" in body(response)["detail"]
    assert text(service, "s", Audience.MEMBER) is None


def test_pushed_articles_belong_to_the_source_that_is_named(
    applied: FlaskClient, service: SearchService, tmp_path: Path
) -> None:
    """So synchronising deletes them once the source has them no more; without a name it does not."""
    others = [OTHER, *({**OTHER, "id": f"o{number}"} for number in range(9))]
    source = write_source(tmp_path / "sync.jsonl", others)
    synchronise(service, "portal", [source], cleaning=ALL_CLEANING)
    applied.put("/api/v1/articles/a?wait=1&source=portal", json=FREE)
    put(applied, "b", FREE)
    report = synchronise(service, "portal", [source], cleaning=ALL_CLEANING)
    assert report.ghosts.ids == ["a"]
    assert (text(service, "a"), text(service, "b")) == (None, FREE["body"])


def test_health_fails_when_a_source_was_not_synchronised_in_time(
    service: SearchService, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the setting, the age is in the answer; building the index counts."""
    client = create_app(service, settings.model_copy(update={"sync_limit": 2})).test_client()
    answer = client.get("/api/v1/healthz")
    assert (answer.status_code, body(answer)["synced"] < 600) == (200, True)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 7300)
    late = client.get("/api/v1/healthz")
    assert (late.status_code, body(late)["code"]) == (503, "sync-overdue")
    synced = create_app(service, settings).test_client().get("/api/v1/healthz")
    assert body(synced) == {"status": "ok"}
