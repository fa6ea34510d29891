"""The collection of an account: putting in, moving, describing, exporting, what can no longer be read."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from indexer import updates
from indexer.build import generations
from search_service.model import Audience
from search_service.roles import Role
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.state import clippings
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, write_source

PASSWORD = "correct horse battery"
PAID = "付费的一句话是密令"
BODY = (
    "一、总体要求\n坚持以人民为中心的发展思想，统筹推进老旧小区改造。\n"
    "二、保障措施\n各县（区）要落实经费，明确专人负责，按月通报进度。"
)


def record(number: int, **fields: Any) -> dict[str, Any]:
    """An article that all may read."""
    return {"id": f"n{number}", "title": f"关于第{number}号工作的通知", "body": BODY, **fields}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SearchService]:
    """Three articles, one of them for members only, and one whose preview guests read."""
    settings = read_settings(engine=f"embedded:{tmp_path}/index", model="none")
    opened = open_service(settings)
    source = [
        record(1),
        record(2, body=f"{BODY}\n{PAID}。", preview="一、总体要求"),
        record(3, audience="staff"),
    ]
    path = write_source(tmp_path / "a.jsonl", source)
    generations.rebuild(opened, {"portal": [path]}, cleaning=ALL_CLEANING)
    for role in (Role.MEMBER, Role.STAFF):
        opened.store.accounts.create(role.value, PASSWORD, role)
    yield opened
    opened.close()


def browser(service: SearchService, name: str = "") -> FlaskClient:
    """A browser, logged in if there is a name."""
    client = create_app(service, read_settings(model="none")).test_client()
    if name:
        form = {"name": name, "password": PASSWORD, "form_token": token(client.get("/login"))}
        assert client.post("/login", data=form).status_code == 303
    return client


def token(page: TestResponse) -> str:
    """The token of the forms of a page."""
    found = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert found
    return found[1]


def passage(service: SearchService, article_id: str, words: str) -> str:
    """The id of the passage with these words, as the staff read it."""
    stored = service.reader(Audience.STAFF).fetch([article_id])[article_id]
    return next(one.id for one in stored.passages if words in stored.text_of(one))


def put(client: FlaskClient, article_id: str, passage_id: str = "", **more: str) -> TestResponse:
    """Collect, by the form of a page."""
    form = {"clip": json.dumps([article_id, passage_id]), "form_token": token(client.get("/login"))}
    return client.post("/collection", data=form | more)


def change(client: FlaskClient, number: int, do: str, **fields: str) -> TestResponse:
    """Change the clipping at a place of the page, from 0."""
    page = client.get("/collection")
    ids = re.findall(r'id="clip-([0-9]+)"', page.text)
    form = {"do": do, "form_token": token(page), **fields}
    return client.post(f"/collection/{ids[number]}", data=form)


def titles(client: FlaskClient) -> list[str]:
    """The numbers of the articles on the page, in order."""
    return re.findall(r"<cite>[^<]*第([0-9])号", client.get("/collection").text)


def test_pages_offer_to_collect_to_accounts_only(service: SearchService) -> None:
    """Guests see nothing of it and are led to the log-in; what was collected is marked."""
    guest, staff = browser(service), browser(service, "staff")
    for path in ("/articles/n1", "/search?q=通知"):
        assert "收藏" not in guest.get(path).text
        assert 'name="clip"' in staff.get(path).text
    answer = guest.get("/collection")
    assert (answer.status_code, "/login" in answer.headers["Location"]) == (303, True)
    assert put(guest, "n1").status_code == 403
    values = re.findall(r"name=\"clip\" value='([^']+)'", staff.get("/articles/n1").text)
    shown = staff.get("/articles/n1")
    form = {"clip": html.unescape(values[1]), "form_token": token(shown), "next": "/articles/n1"}
    answer = staff.post("/collection", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/articles/n1")
    assert staff.get("/articles/n1").text.count("已收藏") == 1
    assert json.loads(form["clip"])[1] in staff.get("/collection").text


def test_clippings_are_ordered_described_and_removed(service: SearchService) -> None:
    """By section, in the order that was chosen; one is there once."""
    staff = browser(service, "staff")
    for id in ("n1", "n2", "n3", "n1"):
        put(staff, id)
    assert titles(staff) == ["1", "2", "3"]
    change(staff, 2, "up")
    change(staff, 0, "down")
    assert titles(staff) == ["3", "1", "2"]
    change(staff, 0, "up")
    assert titles(staff) == ["3", "1", "2"]
    change(staff, 1, "save", section=" 三、保障措施 ", note='<b>"可用"</b>')
    page = staff.get("/collection").text
    assert "三、保障措施　" in page
    assert "&lt;b&gt;&#34;可用&#34;&lt;/b&gt;" in page
    change(staff, 0, "remove")
    assert sorted(titles(staff)) == ["1", "2"]
    assert browser(service, "member").get("/collection").text.count('id="clip-') == 0


def test_a_collection_shows_what_may_be_read_now(service: SearchService, tmp_path: Path) -> None:
    """A passage that was edited, an article that was taken down, one of a higher audience."""
    staff, member = browser(service, "staff"), browser(service, "member")
    support = passage(service, "n1", "落实经费")
    for id, part in (("n1", support), ("n3", "")):
        put(staff, id, part)
    assert "按月通报进度" in staff.get("/collection").text
    assert [put(member, *ids).status_code for ids in (("n3",), ("n9",), ("n1", "x"))] == [404] * 3
    edited = write_source(tmp_path / "b.jsonl", [record(1, body="一、总体要求\n全部改写。")])
    updates.add(service, [edited], cleaning=ALL_CLEANING)
    page = staff.get("/collection").text
    assert "原文已修改" in page
    assert "按月通报进度" not in page
    service.store.hidden.hide("n3")
    page = staff.get("/collection").text
    assert "这一条现在看不到" in page
    assert "第3号" not in page


def test_staff_export_what_they_collected(service: SearchService) -> None:
    """By section, with sources and notes; members may not."""
    staff, member = browser(service, "staff"), browser(service, "member")
    for client in (staff, member):
        put(client, "n1", passage(service, "n1", "落实经费"))
        put(client, "n2")
    change(staff, 0, "save", section="三、保障措施", note="可用")
    text = staff.get("/collection/file?file=md").text
    assert re.search(
        r"三、保障措施.*按月通报进度.*（注：可用）.*《关于第2号工作的通知》", text, re.DOTALL
    )
    assert "关于第1号工作的通知" in text
    assert staff.get("/collection/file?file=docx").data[:2] == b"PK"
    assert member.get("/collection/file?file=md").status_code == 403


def test_forms_of_others_change_nothing(service: SearchService) -> None:
    """Without the token of the form, and for the clippings of another account."""
    staff, member = browser(service, "staff"), browser(service, "member")
    put(staff, "n1")
    assert staff.post("/collection", data={"clip": '["n2", ""]'}).status_code == 400
    for clip in ("", "[", '["n2"]', "[[" * 5000):
        assert put(staff, "n1", clip=clip).status_code == 404
    [id] = re.findall(r'id="clip-([0-9]+)"', staff.get("/collection").text)
    form = {"do": "remove", "form_token": token(member.get("/login"))}
    assert member.post(f"/collection/{id}", data=form).status_code == 303
    assert titles(staff) == ["1"]


def test_a_collection_has_a_limit(service: SearchService, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names it."""
    staff = browser(service, "staff")
    put(staff, "n1")
    monkeypatch.setattr(clippings, "MOST", 1)
    answer = put(staff, "n2")
    assert (answer.status_code, "最多 1 条" in answer.text) == (422, True)


def test_passages_are_collected_beside_a_draft(service: SearchService) -> None:
    """The draft stays in the form; a guest's button does nothing."""
    staff = browser(service, "staff")
    draft = "一、总体要求\n推进老旧小区改造。\n二、保障措施\n各县要落实经费。"
    form = {"text": draft, "form_token": token(staff.get("/precedents"))}
    clip = json.dumps(["n1", passage(service, "n1", "落实经费")])
    page = staff.post("/precedents", data=form | {"clip": clip})
    assert (page.status_code, "推进老旧小区改造。" in page.text) == (200, True)
    assert titles(staff) == ["1"]
    page = staff.post("/precedents", data=form | {"clip": '["n9", ""]'})
    assert "没有这篇文章或这一段" in page.text
    browser(service).post("/precedents", data={"text": draft, "clip": clip})
    assert titles(staff) == ["1"]
