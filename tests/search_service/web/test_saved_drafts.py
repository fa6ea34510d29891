"""Saving drafts: by forms, by scripts, from two pages at once; what of them is kept, and for whom."""

import html
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from indexer.build import generations
from search_service import logs, relevance
from search_service.model import Audience
from search_service.roles import Role
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.state import drafts
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, write_source

PASSWORD = "correct horse battery"
CANARY = "鹦鹉螺号夜航专班"
DRAFT = "老旧小区改造工作方案\n一、总体要求\n坚持以人民为中心。\n二、保障措施\n各县要落实经费，按月通报进度。"
BODY = (
    "一、总体要求\n坚持以人民为中心的发展思想，统筹推进老旧小区改造。\n"
    "二、保障措施\n各县（区）要落实经费，明确专人负责，按月通报进度。"
)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SearchService]:
    """An article, and two accounts."""
    opened = open_service(read_settings(engine=f"embedded:{tmp_path}/index", model="none"))
    source = [{"id": "n1", "title": "关于老旧小区改造的通知", "body": BODY}]
    path = write_source(tmp_path / "a.jsonl", source)
    generations.rebuild(opened, {"portal": [path]}, cleaning=ALL_CLEANING)
    for name in ("wang", "li"):
        opened.store.accounts.create(name, PASSWORD, Role.STAFF)
    yield opened
    opened.close()


def browser(service: SearchService, name: str = "") -> FlaskClient:
    """A browser, logged in if there is a name."""
    client = create_app(service, read_settings(model="none", query_log=30)).test_client()
    if name:
        form = {"name": name, "password": PASSWORD, **fields(client.get("/login"))}
        assert client.post("/login", data=form).status_code == 303
    return client


def fields(page: TestResponse) -> dict[str, Any]:
    """What the first form of the draft, or of the log-in, sends along, and the draft if there is one."""
    form = re.search(r"<form id=\"draft\".*?</form>", page.text, re.DOTALL)
    text = form[0] if form else page.text
    sent: dict[str, Any] = {"quoted": []}
    for name, quoted in re.findall(
        r'type="hidden" name="([a-z_]+)" value=("[^"]*"|\'[^\']*\')', text
    ):
        value = html.unescape(quoted[1:-1])
        if name == "quoted":
            sent["quoted"].append(value)
        elif name != "next":
            sent[name] = value
    if draft := re.search(r"<textarea[^>]*>(.*?)</textarea>", text, re.DOTALL):
        sent["text"] = html.unescape(draft[1])
    return sent


def save(client: FlaskClient, page: TestResponse, text: str, **more: str) -> TestResponse:
    """Press 保存 on a page, after writing a text."""
    return client.post("/drafts/save", data=fields(page) | {"text": text, **more})


def saved(client: FlaskClient, text: str = DRAFT) -> TestResponse:
    """The page of a new draft."""
    answer = save(client, client.get("/precedents"), text)
    assert answer.status_code == 303
    return client.get(answer.headers["Location"])


def test_only_accounts_are_offered_to_save(service: SearchService) -> None:
    """Guests are led to the log-in, and those whom a portal or a key sends have no drafts."""
    guest, wang = browser(service), browser(service, "wang")
    for path in ("/precedents", "/outlines", "/headings", "/phrases"):
        assert "/drafts/save" not in guest.get(path).text
        assert "/drafts/save" in wang.get(path).text
    assert "用本站账号登录后按“保存”，才存到本站" in guest.get("/precedents").text
    for path in ("/drafts", f"/drafts/{'0' * 16}"):
        answer = guest.get(path)
        assert (answer.status_code, "/login" in answer.headers["Location"]) == (303, True)
    form = {"text": DRAFT, **fields(guest.get("/login"))}
    assert guest.post("/drafts/save", data=form).status_code == 403
    assert guest.post(f"/drafts/{'0' * 16}", data=form).status_code == 403
    wang.set_cookie("gongwen_preview", "public")
    assert "/drafts/save" not in wang.get("/precedents").text
    assert wang.get("/drafts").status_code != 200


def test_a_draft_is_saved_edited_and_opened_again(service: SearchService) -> None:
    """With the passages in it, through the other pages too; an old version opens, and becomes the last."""
    wang = browser(service, "wang")
    insert = json.dumps([0, "n1", passage(service)])
    form = fields(wang.get("/precedents")) | {"text": DRAFT, "insert": insert}
    page = wang.post("/precedents", data=form)
    answer = save(wang, page, fields(page)["text"])
    shown = wang.get(answer.headers["Location"])
    assert len(fields(shown)["quoted"]) == 1
    assert fields(shown)["text"] == fields(page)["text"]
    assert "第 1 版" in shown.text

    for path in ("/outlines", "/precedents", "/headings"):
        shown = wang.post(path, data=fields(shown))
        assert shown.status_code == 200
    answer = save(wang, shown, "改过的方案")
    shown = wang.get(answer.headers["Location"])
    assert "在别处改过" not in shown.text
    assert (fields(shown)["text"], len(fields(shown)["quoted"])) == ("改过的方案", 1)
    listed = wang.get("/drafts").text
    assert "改过的方案" in listed
    assert "2 版" in listed

    address = answer.headers["Location"]
    old = wang.get(f"{address}?version=1")
    assert "不是最新的" in old.text
    assert fields(old)["text"] == fields(page)["text"]
    answer = save(wang, old, fields(old)["text"] + "\n三、组织领导")
    shown = wang.get(answer.headers["Location"])
    assert "在别处改过" not in shown.text
    assert "第 3 版" in shown.text
    assert "三、组织领导" in fields(shown)["text"]


def test_a_saved_topic_stays_in_its_form(service: SearchService) -> None:
    """What is short is a topic, which has an address; a draft that was saved has its own."""
    wang = browser(service, "wang")
    shown = saved(wang, "老旧小区改造")
    found = wang.post("/precedents", data=fields(shown))
    assert (found.status_code, "找到" in found.text) == (200, True)
    assert fields(found)["draft"] == fields(shown)["draft"]


def test_two_pages_lose_nothing(service: SearchService) -> None:
    """The second one is told; both texts are there."""
    wang = browser(service, "wang")
    one = saved(wang)
    other = wang.get(f"/drafts/{fields(one)['draft']}")
    assert save(wang, one, "先存的").headers["Location"].endswith(fields(one)["draft"])
    answer = save(wang, other, "后存的")
    shown = wang.get(answer.headers["Location"])
    assert "这份稿件在别处改过，这里的已另存为一个版本" in shown.text
    assert fields(shown)["text"] == "后存的"
    assert fields(wang.get(f"/drafts/{fields(one)['draft']}?version=2"))["text"] == "先存的"


def test_a_script_saves_and_gets_json(service: SearchService) -> None:
    """Small, with the version to name next; automatic versions replace one another; faults are problems."""
    wang = browser(service, "wang")
    page = fields(wang.get("/precedents"))

    def send(text: str, **more: Any) -> TestResponse:
        form = {**page, "text": text, "automatic": "1", **more}
        return wang.post("/drafts/save", data=form, headers={"Accept": "application/json"})

    first = send("一").get_json()
    assert first.keys() == {"draft", "version", "elsewhere", "message", "address"}
    second = send("一二", draft=first["draft"], base=first["version"]).get_json()
    assert (second["draft"], second["elsewhere"]) == (first["draft"], False)
    shown = wang.get(f"/drafts/{first['draft']}")
    assert re.findall("第 ([0-9]) 版　", shown.text) == ["2"]
    assert "自动保存" in shown.text
    assert "第 2 版" in second["message"]
    assert wang.get(second["address"]).status_code == 200
    third = send("别处", draft=first["draft"], base=first["version"]).get_json()
    assert third["elsewhere"]
    assert "在别处改过" in third["message"]

    for answer, status in (
        (send("稿", draft="0" * 16), 404),
        (send("稿", draft="'"), 404),
        (send(" "), 422),
        (send("稿", form_token="x"), 400),
    ):
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert answer.get_json()["detail"]


def test_what_is_not_saved_stays_on_the_page(service: SearchService) -> None:
    """Whatever the reason, which is said: nobody loses what they wrote."""
    wang = browser(service, "wang")
    page = wang.get("/precedents")
    shown = saved(wang)
    draft = fields(shown)["draft"]
    for change, status, why in (
        ({"form_token": "x"}, 400, "再按一次“保存”"),
        ({"draft": "0" * 16}, 404, "存为新的一份"),
        ({"text": "长" * (relevance.MAX_DRAFT + 1)}, 422, str(relevance.MAX_DRAFT)),
    ):
        answer = wang.post("/drafts/save", data={**fields(page), "text": "我写的", **change})
        assert (answer.status_code, why in answer.text) == (status, True)
        assert fields(answer)["text"] == change.get("text", "我写的")
        assert "draft" not in fields(answer)
    answer = save(wang, wang.get(f"/drafts/{draft}"), " ")
    assert (answer.status_code, fields(answer)["draft"]) == (422, draft)


def test_a_page_says_whether_its_draft_is_saved(service: SearchService) -> None:
    """As it is, changed since, or of a draft that was deleted meanwhile."""
    wang = browser(service, "wang")
    assert "已保存" not in wang.get("/precedents").text
    form = fields(saved(wang))
    for path in ("/precedents", "/outlines"):
        assert re.search("已保存，[0-9: -]{16}，第 1 版。", wang.post(path, data=form).text)
        changed = wang.post(path, data=form | {"text": "改过\n的"}).text
        assert "有改动，还没有保存" in changed
        assert "已保存，" not in changed
    assert wang.post(f"/drafts/{form['draft']}", data=form).status_code == 303
    assert "有改动，还没有保存" in wang.post("/precedents", data=form).text


def test_what_was_put_in_is_listed_in_a_saved_draft(service: SearchService) -> None:
    """With its source, as before it was saved."""
    wang = browser(service, "wang")
    insert = json.dumps([0, "n1", passage(service)])
    page = wang.post(
        "/precedents", data=fields(wang.get("/precedents")) | {"text": DRAFT, "insert": insert}
    )
    answer = save(wang, page, fields(page)["text"])
    assert "与原文相同 100%" in wang.get(answer.headers["Location"]).text
    answer = save(wang, page, fields(page)["text"], form_token="x")
    assert "与原文相同 100%" in answer.text


def test_drafts_are_of_their_account_alone(service: SearchService) -> None:
    """Another account reads, changes and deletes nothing; the answers are those for what never was."""
    wang, li = browser(service, "wang"), browser(service, "li")
    draft = fields(saved(wang))["draft"]
    assert "还没有保存稿件" in li.get("/drafts").text
    form = fields(li.get("/precedents"))
    for id in (draft, "0" * 16, "x"):
        answers = [
            li.get(f"/drafts/{id}"),
            li.get(f"/drafts/{id}?version=1"),
            li.post(f"/drafts/{id}", data=form),
            li.post(f"/drafts/{id}", data={**form, "version": "1"}),
            li.post("/drafts/save", data={**form, "text": "李的", "draft": id, "base": "1"}),
        ]
        assert [one.status_code for one in answers] == [404] * 5
        assert not any("老旧小区改造工作方案" in one.text for one in answers)
    assert wang.post(f"/drafts/{draft}", data={"version": "1"}).status_code == 400
    assert wang.get(f"/drafts/{draft}?version=7").status_code == 404
    assert fields(wang.get(f"/drafts/{draft}?version=x"))["text"] == DRAFT


def test_drafts_and_versions_are_deleted(service: SearchService) -> None:
    """A version with its button, then the draft."""
    wang = browser(service, "wang")
    shown = saved(wang)
    address = f"/drafts/{fields(shown)['draft']}"
    save(wang, shown, "第二版")
    form = fields(wang.get(address))
    assert wang.post(address, data={**form, "version": "2"}).status_code == 404
    assert wang.post(address, data={**form, "version": "9" * 30}).status_code == 303
    assert "还没有保存稿件" in wang.get("/drafts").text


def test_drafts_have_a_limit(service: SearchService, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names it, and the draft is still there."""
    wang = browser(service, "wang")
    saved(wang)
    monkeypatch.setattr(drafts, "MOST", 1)
    answer = save(wang, wang.get("/precedents"), "另一份")
    assert (answer.status_code, "最多 1 份" in answer.text) == (422, True)
    assert fields(answer)["text"] == "另一份"


def test_a_saved_draft_is_nowhere_else(service: SearchService, tmp_path: Path) -> None:
    """Not in logs, index files, counts or suggestions, nor in the rest of the state; nor if saving fails."""
    wang = browser(service, "wang")
    with logged() as lines:
        shown = saved(wang, f"{CANARY}\n一、{CANARY}的任务")
        draft = fields(shown)["draft"]
        answers = [
            wang.post("/precedents", data=fields(shown)),
            save(wang, shown, f"{CANARY}二", automatic="1"),
            wang.get(f"/drafts/{draft}?version=1"),
            wang.get("/drafts"),
        ]
        others = [
            wang.get("/api/v1/healthz"),
            wang.get(f"/api/v1/suggest?q={CANARY[:2]}"),
            wang.get("/search?q=通知"),
            browser(service).get("/api/v1/suggest?q=ying"),
        ]
        with service.store._database.writing() as connection:
            connection.execute(sa.text("ALTER TABLE draft_versions RENAME COLUMN quoted TO q"))
        answers.append(save(wang, shown, f"{CANARY}三"))
    assert [one.status_code for one in answers] == [200, 303, 200, 200, 503]
    assert "request-failed" in lines()
    headers = "".join(f"{name}: {value}\n" for one in answers for name, value in one.headers)
    assert CANARY not in lines() + headers + "".join(one.text for one in others)
    assert CANARY not in answers[-1].text

    service.store.queries.flush(days=30)
    service.store.reads.flush()
    state = tmp_path / "index" / "state.sqlite3"
    files = [one for one in tmp_path.rglob("*") if one.is_file() and one != state]
    assert len(files) > 5
    assert not any(CANARY.encode() in one.read_bytes() for one in files)
    metadata = sa.MetaData()
    with service.store._database.reading() as connection:
        metadata.reflect(connection)
        having = {
            table.name
            for table in metadata.tables.values()
            for row in connection.execute(table.select())
            if CANARY in repr(tuple(row))
        }
    assert having == {"drafts", "draft_versions"}


@contextmanager
def logged() -> Iterator[Callable[[], str]]:
    """What is logged meanwhile, by us and by libraries, as text and as JSON."""
    root, stream = logging.getLogger(), io.StringIO()
    before, handlers = root.level, []
    for style in (logs.TEXT, logs.JSON):
        handlers.append(logging.StreamHandler(stream))
        handlers[-1].setFormatter(logs.formatter(style))
        root.addHandler(handlers[-1])
    root.setLevel(logging.INFO)
    try:
        yield stream.getvalue
    finally:
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)


def passage(service: SearchService) -> str:
    """The id of a passage of the article."""
    stored = service.reader(Audience.STAFF).fetch(["n1"])["n1"]
    return stored.passages[-1].id
