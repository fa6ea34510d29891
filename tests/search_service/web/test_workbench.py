"""From a topic to a document by forms alone: find, put in, download."""

import html
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from docx import Document
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from search_service.roles import Role
from search_service.service import SearchService
from search_service.settings import Settings

TOPIC = "老旧小区物业管理"
_FIELD = re.compile(r"name=\"?(insert|quoted)\"? value='([^']*)'")


@pytest.fixture
def staff(indexed: tuple[SearchService, Settings], client: FlaskClient) -> Mapping[str, str]:
    """The headers of a member of staff."""
    keys = indexed[0].store.keys
    return {"X-API-Key": keys.create(f"workbench {len(keys.all())}", Role.STAFF)}


def _fields(page: str) -> dict[str, list[str]]:
    """The values that the page's buttons and hidden fields send, by name."""
    fields: dict[str, list[str]] = {"insert": [], "quoted": []}
    for name, value in _FIELD.findall(page):
        fields[name].append(html.unescape(value))
    return fields


def _draft(page: str) -> str:
    """The text in the form."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found
    return html.unescape(found[1])


def test_from_a_topic_to_word_in_three_presses(
    client: FlaskClient, staff: Mapping[str, str]
) -> None:
    """The topic is the title; the passage is in the draft, and the file cites it."""
    found = client.post("/precedents", data={"text": TOPIC}, headers=staff, follow_redirects=True)
    insert = _fields(found.get_data(as_text=True))["insert"][0]
    page = client.post("/precedents", data={"text": TOPIC, "insert": insert}, headers=staff)
    text = page.get_data(as_text=True)
    draft, quoted = _draft(text), _fields(text)["quoted"]

    sent = {"text": draft, "quoted": quoted, "sources": "list", "file": "docx"}
    response = client.post("/precedents/file", data=sent, headers=staff)
    document = Document(io.BytesIO(response.data))

    assert draft.startswith(f"{TOPIC}\n")
    assert len(quoted) == 1
    assert "插入本节" in text  # now it is a draft, searched section by section
    assert response.headers["Content-Disposition"] == 'attachment; filename="draft.docx"'
    assert document.paragraphs[0].text == TOPIC
    assert document.paragraphs[1].text == draft.split("\n")[1].strip()
    assert len(document.tables[-1].rows) == 2
    assert "《" in document.tables[-1].rows[1].cells[2].text


def test_a_passage_goes_into_its_section(client: FlaskClient, staff: Mapping[str, str]) -> None:
    """After the last line of the section that it was found for; a second one is remembered, too."""
    sections = ("一、加强物业管理", "推进老旧小区引入物业服务，改善居住环境。" * 5)
    draft = "\n".join(("物业工作方案", *sections, "二、保障措施", "加强组织领导，落实经费。" * 8))
    page = client.post("/precedents", data={"text": draft}, headers=staff).get_data(as_text=True)
    insert = _fields(page)["insert"]

    once = client.post("/precedents", data={"text": draft, "insert": insert[0]}, headers=staff)
    text = once.get_data(as_text=True)
    again = {"text": _draft(text), "insert": insert[-1], "quoted": _fields(text)["quoted"]}
    twice = client.post("/precedents", data=again, headers=staff).get_data(as_text=True)

    lines = _draft(text).split("\n")
    assert lines[:3] == draft.split("\n")[:3]
    assert lines.index("二、保障措施") > 3
    assert len(_fields(twice)["quoted"]) == 2


@pytest.mark.parametrize("insert", ["", "x", "[1]", '[0,"none","x"]', "[" * 9000, '{"a": 1}'])
def test_what_is_no_passage_changes_nothing(
    client: FlaskClient, staff: Mapping[str, str], insert: str
) -> None:
    """Forged or old values of the form leave the draft as it is."""
    draft = f"{TOPIC}\n加强组织领导。"
    sent = {"text": draft, "insert": insert, "quoted": insert}
    response = client.post("/precedents", data=sent, headers=staff)
    file = client.post("/precedents/file", data={**sent, "file": "md"}, headers=staff)

    assert response.status_code == 200
    assert _draft(response.get_data(as_text=True)) == draft
    assert file.get_data(as_text=True) == f"# {TOPIC}\n\n加强组织领导。\n"


def test_guests_put_in_and_do_not_download(client: FlaskClient) -> None:
    """The page offers them no file, and there is none."""
    page = client.post("/precedents", data={"text": f"{TOPIC}\n加强组织领导，落实经费。"})

    assert "插入本节" in page.get_data(as_text=True)
    assert "下载 Word" not in page.get_data(as_text=True)
    assert client.post("/precedents/file", data={"text": "甲\n乙"}).status_code == 403


def test_a_draft_that_is_too_long_is_refused(client: FlaskClient, staff: Mapping[str, str]) -> None:
    """With the limit, as the page says it."""
    response = client.post("/precedents/file", data={"text": "甲" * 20_001}, headers=staff)

    assert response.status_code == 413


def test_a_draft_is_checked_by_its_form(client: FlaskClient, staff: Mapping[str, str]) -> None:
    """Each finding with its paragraph and its words; the draft and what was put in stay in the form."""
    draft = "小区治理工作方案\n一、<b>目标</b>\n由XX负责。\n三、保障"
    sent = {"text": draft, "check": "1", "quoted": '[0,"a","b"]'}
    page = client.post("/precedents", data=sent, headers=staff).get_data(as_text=True)
    found = re.findall(r'<span class="tag">(.*?)</span> (.*?)</p>', page)

    assert found[:2] == [
        ("没有填", "第 2 段：<q>由<mark>XX</mark>负责。</q>"),
        ("序号", "第 3 段：<q><mark>三、</mark>保障</q>"),
    ]
    assert "还没有填：补上，或删去" in page
    assert f"核对：有 {len(found)} 处要看" in page
    assert _draft(page) == draft
    assert [json.loads(one) for one in _fields(page)["quoted"]] == [[0, "a", "b"]]


def test_a_topic_is_checked_as_well(client: FlaskClient, staff: Mapping[str, str]) -> None:
    """One line is a title, with nothing wrong; the words of a long one are cut."""
    page = client.post("/precedents", data={"text": TOPIC, "check": "1"}, headers=staff)
    long = {"text": f"甲{'〔' * 50}{'XX' * 90}", "check": "1"}
    cut = client.post("/precedents", data=long, headers=staff).get_data(as_text=True)

    assert "核对：没有要看的" in page.get_data(as_text=True)
    assert f"题目：<q>…{'〔' * 15}<mark>{'XX' * 40}</mark>…</q>" in cut


def test_guests_do_not_check(client: FlaskClient) -> None:
    """They are offered no button, and get no answer."""
    sent = {"text": f"{TOPIC}\n由XX负责。", "check": "1"}
    assert "核对" not in client.get("/precedents").get_data(as_text=True)
    assert client.post("/precedents", data=sent).status_code == 403


DRAFT = "物业工作方案\n一、加强物业管理\n推进老旧小区引入物业服务。\n二、保障措施\n加强组织领导。"
CANARY = "窗边的绿萝又长了三寸"


def word(text: str) -> io.BytesIO:
    """A Word file of these lines."""
    document = Document()
    for line in text.split("\n"):
        document.add_paragraph(line)
    content = io.BytesIO()
    document.save(content)
    content.seek(0)
    return content


def upload(client: FlaskClient, content: io.BytesIO, name: str) -> TestResponse:
    """Send a file by the form of the page."""
    return client.post("/precedents", data={"file": (content, name)})


@pytest.mark.parametrize("name", ["方案.docx", "方案.txt", "方案.md"])
def test_an_uploaded_draft_is_in_the_form_and_searched(client: FlaskClient, name: str) -> None:
    """As if it had been pasted: by section, with passages to put in."""
    content = word(DRAFT) if name.endswith("docx") else io.BytesIO(DRAFT.encode())
    response = upload(client, content, name)
    page = response.get_data(as_text=True)

    assert response.status_code == 200
    assert _draft(page).strip() == DRAFT
    assert _fields(page)["insert"]


def test_an_upload_of_one_line_is_a_topic_below_the_form(client: FlaskClient) -> None:
    """It has no address, as nothing of an upload has."""
    response = upload(client, io.BytesIO(TOPIC.encode()), "a.txt")

    assert response.status_code == 200
    assert _draft(response.get_data(as_text=True)) == TOPIC


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("方案.doc", b"x", "不读 .doc 的文件；请另存为 .docx、.txt 或 .md。"),
        ("方案.docx", b"x" * 600_000, "不是有效的 .docx"),
        ("方案.docx", b"x" * 2_100_000, "最多 2 MB"),
        ("方案.txt", ("字" * 30_000).encode(), "文件有 30000 个字，最多 20000 个"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    client: FlaskClient, name: str, content: bytes, said: str
) -> None:
    """On the page, where another can be chosen."""
    response = upload(client, io.BytesIO(content), name)
    page = response.get_data(as_text=True)

    assert response.status_code == 200
    assert said in page
    assert _draft(page) == ""
    assert 'type="file"' in page


def test_a_body_that_is_too_large_is_refused(client: FlaskClient) -> None:
    """Before it is read; so is one for another page, or without a file."""
    page = upload(client, io.BytesIO(b"x" * 3_000_000), "a.docx")
    form = client.post("/precedents", data={"text": "x" * 300_000})
    other = client.post("/outlines", data={"file": (io.BytesIO(b"x" * 300_000), "a.docx")})

    assert [one.status_code for one in (page, form, other)] == [413] * 3
    assert "最多 2 MB" in page.get_data(as_text=True)


def test_nothing_of_an_upload_is_kept_or_logged(
    indexed: tuple[SearchService, Settings],
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither its text nor its name is in a log line, a file or the state."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    caplog.set_level("DEBUG")
    page = upload(client, word(f"{DRAFT}\n{CANARY}"), "绿萝.docx").get_data(as_text=True)
    folder = indexed[1].folder

    assert CANARY in page
    assert "绿萝" not in caplog.text
    assert caplog.records
    assert [*tmp_path.iterdir()] == []
    for file in (one for one in folder.rglob("*") if one.is_file()):
        assert CANARY.encode() not in file.read_bytes()


def _put_in(client: FlaskClient, staff: Mapping[str, str]) -> tuple[str, list[str]]:
    """A draft with a passage, and the fields of what was put in."""
    draft = "西河县物业工作方案\n一、加强物业管理\n推进老旧小区引入物业服务。"
    found = client.post("/precedents", data={"text": draft}, headers=staff)
    insert = _fields(found.get_data(as_text=True))["insert"][0]
    page = client.post("/precedents", data={"text": draft, "insert": insert}, headers=staff)
    text = page.get_data(as_text=True)
    return _draft(text), _fields(text)["quoted"]


def test_what_was_put_in_is_listed_until_it_is_rewritten(
    client: FlaskClient, staff: Mapping[str, str]
) -> None:
    """With its source and its share; the part of the page that the script fetches says the same."""
    draft, quoted = _put_in(client, staff)
    line = draft.split("\n")[-1]
    sent = {"text": draft, "quoted": quoted}
    whole = client.post("/precedents", data=sent, headers=staff).get_data(as_text=True)
    part = client.post("/precedents/borrowed", data=sent, headers=staff).get_data(as_text=True)
    new = sent | {
        "text": draft.replace(line, "组织业主座谈，逐户征求意见，一楼一策解决停车、漏水、照明。")
    }
    after = client.post("/precedents/borrowed", data=new, headers=staff).get_data(as_text=True)

    assert "与原文相同 100%" in whole
    assert "与原文相同 100%" in part
    assert f'data-end="{len(draft)}"' in part
    assert "与原文相同 100%" not in after
    assert len(part) < len(whole) / 4


def test_what_is_foreign_is_replaced_by_a_form(
    client: FlaskClient, staff: Mapping[str, str]
) -> None:
    """By what was typed beside it, whatever button is pressed; the rest by a blank, if that is wanted."""
    draft, quoted = _put_in(client, staff)
    taken = draft.split("\n")[-1]
    draft = draft.replace(taken, f"{taken}\n{taken}")
    page = client.post(
        "/precedents/borrowed", data={"text": draft, "quoted": quoted}, headers=staff
    )
    old = re.findall(r'name="old" value="([^"]*)"', page.get_data(as_text=True))
    typed = {"text": draft, "quoted": quoted, "old": old, "new": ["某某某", *[""] * (len(old) - 1)]}

    filled = client.post("/precedents", data=typed, headers=staff)
    blank = client.post("/precedents", data=typed | {"exchange": "blank"}, headers=staff)

    assert old
    assert _draft(filled.get_data(as_text=True)) == draft.replace(old[0], "某某某")
    assert all(one not in _draft(blank.get_data(as_text=True)) for one in old)
    assert _draft(blank.get_data(as_text=True)).count("＿＿") >= 2 * (len(old) - 1)


def test_a_part_of_a_draft_that_is_too_long_is_refused(client: FlaskClient) -> None:
    """As the page refuses it."""
    assert client.post("/precedents/borrowed", data={"text": "甲" * 20_001}).status_code == 413
