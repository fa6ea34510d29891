"""The check of drafts by the API: what it finds, who may ask, and that nothing is kept."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from indexer.build import generations
from search_service import relevance
from search_service.roles import Role
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, write_source
from tests.support.hostile_articles import json_of

COUNTY = "雁坪县人民政府"
PARTS = ("总体要求", "主要任务", "组织保障")
COPIED = (
    "河长每周巡河护河一次，及时清理河面漂浮物，发现问题当日上报，重大问题由县级河长牵头协调解决。"
)
OLD: dict[str, object] = {
    "id": "old",
    "title": "雁坪县校车管理工作办法",
    "body": "第一条 为了规范管理，制定本办法。",
    "document_number": "雁政规〔2019〕7号",
}
NEW: dict[str, object] = {
    "id": "new",
    "title": "雁坪县校车安全管理办法",
    "body": "第一条 为了校车安全，制定本办法。\n"
    "第二条 《雁坪县校车管理工作办法》（雁政规〔2019〕7号）同时废止。",
    "document_number": "雁政规〔2022〕3号",
    "date": "2022-05-06",
}
# Of two offices, one in force.
SHARED: dict[str, object] = {
    "title": "关于进一步加强冬季施工管理的通知",
    "body": "各单位要落实责任。" * 9,
}


def plan(number: int, **values: object) -> dict[str, object]:
    """A plan in three parts, with a text of its own."""
    own = f"{'春夏秋冬早晚'[number - 1]}季由{'甲乙丙丁戊己'[number - 1]}村巡河护河"
    parts = "\n".join(
        f"{n}、{name}\n{own}{name}，{own}。" for n, name in zip("一二三", PARTS, strict=True)
    )
    return {
        "id": f"p{number}",
        "title": f"雁坪县巡河护河工作方案（{number}）",
        "body": parts,
        **values,
    }


ARTICLES: list[dict[str, object]] = [
    OLD,
    NEW,
    {**SHARED, "id": "s1", "issuer": "雁坪县住建局", "status": "废止"},
    {**SHARED, "id": "s2", "issuer": "雁坪县水利局"},
    {"id": "gone", "title": "雁坪县限行规定", "body": "限行。" * 20, "status": "已废止"},
    {"id": "rivers", "title": "河长制通知", "body": f"一、巡河\n{COPIED}", "audience": "staff"},
    *(plan(number) for number in range(1, 7)),
]


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operator's words."""
    path = tmp_path_factory.mktemp("words") / "words.tsv"
    path.write_text("帐号\t账号\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """The articles of a county."""
    folder = tmp_path_factory.mktemp("check")
    service = open_service(read_settings(engine=f"embedded:{folder}/data"))
    records = [{"issuer": COUNTY, "date": "2020-01-02", **one} for one in ARTICLES]
    source = write_source(folder / "county.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    yield service
    service.close()


@pytest.fixture
def client(service: SearchService, words: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A caller without a key, of a service that speaks Chinese."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    return create_app(service, read_settings(wording=str(words))).test_client()


def asked(
    service: SearchService, client: FlaskClient, draft: object, role: Role = Role.STAFF
) -> TestResponse:
    """The answer to somebody of this role."""
    key = service.store.keys.create(f"{role} {len(service.store.keys.all())}", role)
    return client.post("/api/v1/drafts/check", json=draft, headers={"X-API-Key": key})


def found(service: SearchService, client: FlaskClient, text: str, title: str = "稿子") -> list[Any]:
    """What is found in a text."""
    findings = json_of(asked(service, client, {"title": title, "text": text}))["findings"]
    assert isinstance(findings, list)
    return findings


def test_all_that_is_wrong_is_found_at_its_place(
    service: SearchService, client: FlaskClient
) -> None:
    """In the order of the draft, from the title to the parts that it has not."""
    lines = [
        "一、总体要求",
        "根据《雁坪县校车管理工作办法》（雁政规〔2019〕7号）和清政办发[2024]17号，制定本方案。",
        "二、主要任务",
        COPIED.replace("每周", "每月"),
        "四、宣传",
        "开设帐号，由XX负责。",
    ]
    findings = found(service, client, "\n\n".join(lines), "雁坪县20XX年巡河护河工作方案")

    assert [(one["kind"], one["paragraph"], one["quote"]) for one in findings] == [
        ("placeholder", 0, "20XX"),
        ("repealed", 2, "《雁坪县校车管理工作办法》（雁政规〔2019〕7号）"),
        ("document-number", 2, "[2024]17号"),
        ("copied", 4, lines[3]),
        ("numbering", 5, "四、"),
        ("wording", 6, "帐号"),
        ("placeholder", 6, "XX"),
        ("missing-section", None, ""),
    ]
    for one in findings:
        if one["paragraph"]:
            assert lines[one["paragraph"] - 1][one["start"] : one["end"]] == one["quote"]
    repealed, copied, missing = findings[1], findings[3], findings[-1]
    assert (repealed["article"]["id"], repealed["successor"]["id"]) == ("old", "new")
    assert "雁政规〔2022〕3号" in repealed["message"]
    assert copied["article"]["id"] == "rivers"
    assert relevance.COPIED_SHARE <= copied["share"] < 1
    assert "6 篇中 6 篇有“保障措施”" in missing["message"]
    assert missing["share"] == 1.0
    assert "六、" not in findings[4]["message"]
    assert "三、" in findings[4]["message"]


def test_paragraphs_as_for_an_export(service: SearchService, client: FlaskClient) -> None:
    """A paragraph may have several lines; its number is that in the list, its sources do not matter."""
    draft = {
        "title": "稿子",
        "paragraphs": [
            {"text": ""},
            {"text": "甲。\n由某某负责。", "article": "x", "passage": "y"},
        ],
    }
    [one] = json_of(asked(service, client, draft))["findings"]
    assert (one["paragraph"], one["start"], one["quote"]) == (2, 4, "某某")


@pytest.mark.parametrize(
    "text",
    [
        # In force; a title of two offices, of which one's is; the same named with its office; no such title.
        "根据《雁坪县校车安全管理办法》（雁政规〔2022〕3号）。",
        "根据《关于进一步加强冬季施工管理的通知》。",
        "根据雁坪县水利局《关于进一步加强冬季施工管理的通知》。",
        "根据《雁坪县校车办法》。",
        # What the draft itself ends.
        "《雁坪县校车管理工作办法》同时废止。",
    ],
)
def test_what_is_in_force_or_uncertain_is_not_found(
    service: SearchService, client: FlaskClient, text: str
) -> None:
    """A citation is a finding only if it means documents that are all ended."""
    assert found(service, client, text) == []


@pytest.mark.parametrize(
    ("text", "key", "successor"),
    [
        ("按雁政规〔2019〕7号执行。", "old", "new"),
        ("按《雁坪县校车管理工作办法》执行。", "old", "new"),
        ("按《雁坪县限行规定》执行。", "gone", None),
        ("按雁坪县住建局《关于进一步加强冬季施工管理的通知》执行。", "s1", None),
    ],
)
def test_what_is_ended_is_found(
    service: SearchService, client: FlaskClient, text: str, key: str, successor: str | None
) -> None:
    """By its number, its title, its status alone, or its office and title."""
    [one] = found(service, client, text)
    assert (one["kind"], one["article"]["id"]) == ("repealed", key)
    assert (one["successor"] or {}).get("id") == successor


def test_a_list_of_what_is_repealed_cites_it(service: SearchService, client: FlaskClient) -> None:
    """That is what it is for."""
    title = "雁坪县人民政府关于废止部分文件的决定"
    assert found(service, client, "《雁坪县校车管理工作办法》。", title) == []


def test_frames_are_no_copies(service: SearchService, client: FlaskClient) -> None:
    """Of a draft with the paragraph as its addressee there is none."""
    assert [one["kind"] for one in found(service, client, COPIED)] == ["copied"]
    assert found(service, client, f"{COPIED[:-1]}各单位：\n正文。") == []


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.MEMBER])
def test_readers_may_not_ask(service: SearchService, client: FlaskClient, role: Role) -> None:
    """Whatever they send."""
    assert asked(service, client, {"title": "甲", "text": "乙"}, role).status_code == 403


@pytest.mark.parametrize(
    ("draft", "named"),
    [
        ({"title": "甲"}, {"text"}),
        ({"title": "甲", "text": "乙", "paragraphs": [{"text": "丙"}]}, {"text"}),
        ({"text": "字" * (relevance.MAX_DRAFT + 1), "x": 1}, {"title", "text", "x"}),
        (
            {"title": "甲", "paragraphs": [{"text": "字" * (relevance.MAX_DRAFT + 1)}]},
            {"paragraphs"},
        ),
    ],
)
def test_faults_are_named(
    service: SearchService, client: FlaskClient, draft: object, named: set[str]
) -> None:
    """All at once, each with its limit."""
    response = asked(service, client, draft)
    reasons = {one["parameter"]: one["reason"] for one in json_of(response)["errors"]}
    assert response.status_code == 422
    assert set(reasons) == named
    assert "paragraphs" not in named or str(relevance.MAX_DRAFT) in reasons["paragraphs"]


def test_the_longest_draft_is_checked(service: SearchService, client: FlaskClient) -> None:
    """In a thousand paragraphs, with a citation in each."""
    line = "《雁坪县限行规定》某某。".ljust(relevance.MAX_DRAFT // 1000, "字")
    draft = {"title": "甲", "paragraphs": [{"text": line}] * 1000}
    findings = json_of(asked(service, client, draft))["findings"]
    assert len([one for one in findings if one["kind"] == "placeholder"]) == 1000


def test_no_log_line_holds_a_draft(
    service: SearchService, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither of what is checked nor of what is refused; nor does the state."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="search_service")  # a command may have made it quiet
    draft = {"title": "独有的题目方案", "text": f"一、独有的标题\n《独有的办法》{COPIED}"}
    for more in ({}, {"x": "独有"}):
        asked(service, client, draft | more)
    assert caplog.records
    assert "独有" not in caplog.text
