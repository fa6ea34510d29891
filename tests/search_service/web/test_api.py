"""The JSON API over a real index: shapes, faults, problems."""

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from analyzers.outline import ROLES
from search_service import logs, relevance
from search_service.answers.page import Page, Reason
from search_service.answers.presentation import page_to_dict
from search_service.errors import GongwenError
from search_service.model import FACETS
from search_service.query.request import Mode
from search_service.service import SearchService
from search_service.settings import Settings
from search_service.web.app import create_app
from search_service.web.parameters import MAX_QUERY_STRING
from tests.support.hostile_articles import json_of, open_over

PROBLEM = "application/problem+json"
RESULT_KEYS = {
    "id", "code", "title", "author", "issuer", "issuers", "document_number", "kind", "category",
    "date", "effective_date", "summary", "keywords", "status", "url", "derived", "full", "score",
    "highlights", "matched", "passages", "copies", "copies_total",
}  # fmt: skip


def test_search_answers_the_promised_shape(client: FlaskClient) -> None:
    """A search answers totals, facets and results with every field, and nothing about time."""
    response = client.get("/api/v1/search?q=三无小区")

    body = json_of(response)
    assert response.status_code == 200
    required = {
        "total", "full", "relaxed", "reason", "degraded", "suggestions", "facets", "results",
        "changed", "cursor",
    }  # fmt: skip
    assert required <= set(body) <= required | {"message"}
    assert body["total"] >= len(body["results"]) > 0
    assert set(body["results"][0]) == RESULT_KEYS
    assert set(body["facets"]) == {
        "validity", "kind", "level", "issuer", "year", "category", "author",
    }  # fmt: skip
    assert response.headers["Server-Timing"].startswith("total;dur=")


def test_what_was_not_understood_is_in_the_message(client: FlaskClient) -> None:
    """A syntax error is searched as words and reported; otherwise there is no message."""
    slip = json_of(client.get("/api/v1/search?mode=keyword&q=小区 OR"))
    assert "OR" in slip["message"]
    assert slip["total"] > 0
    assert "message" not in json_of(client.get("/api/v1/search?mode=keyword&q=小区 OR 物业"))


def test_chinese_is_readable_in_the_body(client: FlaskClient) -> None:
    """JSON carries Chinese as it is, not as escapes."""
    assert "小区" in client.get("/api/v1/search?q=小区").get_data(as_text=True)


@pytest.mark.parametrize("mode", ["keyword", "semantic", "hybrid"])
def test_facets_add_up_to_the_total(client: FlaskClient, mode: str) -> None:
    """In every mode each facet counts every article once, a joint issue for each issuer."""
    body = json_of(client.get(f"/api/v1/search?q=基层治理&mode={mode}&size=50"))

    sums = {name: sum(counts.values()) for name, counts in body["facets"].items()}
    assert body["total"] == len(body["results"])
    issuers = sum(len(one["issuers"]) or 1 for one in body["results"])
    assert sums == dict.fromkeys(sums, body["total"]) | {"issuer": issuers}


@pytest.mark.parametrize("mode", ["keyword", "semantic", "hybrid"])
@pytest.mark.parametrize("sort", ["relevance", "date", "oldest"])
def test_pages_are_slices_of_one_ranking(client: FlaskClient, mode: str, sort: str) -> None:
    """Pages of three results, joined, equal one page with all results."""
    address = f"/api/v1/search?q=工作&mode={mode}&sort={sort}"
    whole = json_of(client.get(f"{address}&size=100"))
    pages = -(-whole["total"] // 3)

    joined = [
        hit["id"]
        for page in range(1, pages + 1)
        for hit in json_of(client.get(f"{address}&size=3&page={page}"))["results"]
    ]

    assert joined == [hit["id"] for hit in whole["results"]]
    assert len(set(joined)) == whole["total"]


def test_passages_and_marks_are_parts_of_the_article(client: FlaskClient) -> None:
    """A passage is text[start:end] of its article, and its marks are the query's words."""
    hit = json_of(client.get("/api/v1/search?q=三无小区&mode=keyword"))["results"][0]
    text = json_of(client.get(f"/api/v1/articles/{hit['id']}"))["text"]

    for passage in hit["passages"]:
        assert passage["text"] == text[passage["start"] : passage["end"]]
        assert all(passage["text"][start:end] for start, end in passage["marks"])
        assert passage["highlight"].count("<mark>") == len(passage["marks"])
    assert any(passage["marks"] for passage in hit["passages"])


def test_filters_narrow_and_results_obey_them(client: FlaskClient) -> None:
    """Filters by kind and year return only matching articles."""
    body = json_of(client.get("/api/v1/search?kind=通知&date_from=2023&date_to=2024-12&size=100"))

    assert body["results"]
    assert {hit["kind"] for hit in body["results"]} == {"通知"}
    assert {hit["date"][:4] for hit in body["results"]} <= {"2023", "2024"}


def test_in_title_finds_titles_only(client: FlaskClient) -> None:
    """in=title returns only articles whose title contains the word."""
    body = json_of(client.get("/api/v1/search?q=电梯加装&in=title"))

    assert [hit["id"] for hit in body["results"]] == ["paid-1"]
    assert "<mark>电梯加装</mark>" in body["results"][0]["highlights"]["title"]


def test_explain_is_there_when_asked(client: FlaskClient) -> None:
    """explain=1 returns ranks and words; without it there is no explanation."""
    plain = json_of(client.get("/api/v1/search?q=电梯加装"))["results"][0]
    explained = json_of(client.get("/api/v1/search?q=电梯加装&explain=1"))["results"][0]

    assert "explain" not in plain
    assert explained["explain"]["keyword_rank"] >= 1
    assert explained["explain"]["words"]
    assert set(explained["explain"]) >= {"exact", "literal", "semantic_rank", "semantic_score"}


def test_an_explanation_adds_up(client: FlaskClient) -> None:
    """The parts add up to the keyword score; the fused score times the factors is the score."""
    for hit in json_of(client.get("/api/v1/search?q=电梯加装 补助&explain=1"))["results"]:
        why = hit["explain"]
        added = sum(part["score"] for part in why["keyword_parts"])
        product = math.prod(why["factors"].values())
        assert math.isclose(added, why["keyword_score"] or 0.0, abs_tol=1e-3)
        assert math.isclose(why["fused"] * product, hit["score"], abs_tol=1e-5)


def test_relaxed_answers_say_so(client: FlaskClient) -> None:
    """If no article contains all words, the response is relaxed and has a message."""
    body = json_of(client.get("/api/v1/search?q=物业服务 三无小区 粮食安全&mode=keyword"))

    assert body["total"] > 0
    assert body["relaxed"] is True
    assert "没有一篇同时包含“物业服务”、“三无小区”和“粮食安全”" in body["message"]


def test_a_long_question_says_that_some_results_hold_less() -> None:
    """If some articles contain all words, the message does not claim that none does."""
    some = page_to_dict(Page(total=5, results=(), reason=Reason.RELAXED, full=2))
    none = page_to_dict(Page(total=5, results=(), reason=Reason.RELAXED))
    plain = page_to_dict(Page(total=2, results=(), full=2))

    assert some["message"] != none["message"]
    assert "message" not in plain


def test_every_fault_is_named_at_once(client: FlaskClient) -> None:
    """One 422 names each bad, unknown and repeated parameter with value and reason."""
    response = client.get(
        "/api/v1/search?mode=fast&page=0&size=101&date_from=2024-13&date_to=二〇二四"
        "&sort=up&in=body&explain=yes&sort=date&validity=旧&validity=已废止&year=24&date_form=2020&q="
        + 201
        * "字"
    )

    problem = json_of(response)
    assert (response.status_code, response.mimetype) == (422, PROBLEM)
    assert (problem["status"], problem["code"]) == (422, "invalid-parameters")
    assert {error["parameter"] for error in problem["errors"]} == {
        "mode", "page", "size", "date_from", "date_to", "sort", "in", "explain", "validity",
        "year", "date_form", "q",
    }  # fmt: skip
    by_name = {error["parameter"]: error for error in problem["errors"]}
    assert by_name["size"] == {
        "parameter": "size", "value": "101", "reason": "应为 1 至 100 的整数",
    }  # fmt: skip
    assert "date_from" in by_name["date_form"]["reason"]
    assert "200" in by_name["q"]["reason"]
    assert by_name["validity"]["value"] == "旧、已废止"
    assert len(by_name["q"]["value"]) < 200


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("page=101", "page"),
        ("page=11&size=100", "page"),
        ("page=1.0", "page"),
        ("page=", "page"),
        ("page=99999999999999999999", "page"),
        ("page=１", "page"),
        ("size=0", "size"),
        ("size=+5", "size"),
        ("mode=", "mode"),
        ("date_from=2023-02-29", "date_from"),
        ("date_from=0000", "date_from"),
        ("date_from=去年", "date_from"),
        ("date_from=2024-05&date_to=2023", "date_to"),
        ("author=" + "名" * 201, "author"),
        ("scope=title", "scope"),
    ],
)
def test_one_bad_value_is_one_fault(client: FlaskClient, query: str, parameter: str) -> None:
    """Values at and beyond the limits are refused by name."""
    response = client.get(f"/api/v1/search?{query}")

    assert response.status_code == 422
    assert [error["parameter"] for error in json_of(response)["errors"]] == [parameter]


@pytest.mark.parametrize(
    "query",
    ["page=100", "page=34&size=30", "size=100", "kind=", "date_from=2024-05&date_to=2024",
     "date_from=2024-02-29", "q=" + "字" * 200, "q=%00", "q=%FF%FE", "q=😀", "q=-", 'q="(', "explain=0"],
)  # fmt: skip
def test_what_is_inside_the_limits_is_answered(client: FlaskClient, query: str) -> None:
    """Values at the limits, empty filters and odd characters are no faults."""
    assert client.get(f"/api/v1/search?{query}").status_code == 200


def test_beyond_the_cap_names_the_cap_and_the_cure(client: FlaskClient) -> None:
    """A page past 1,000 results is refused with the cap and how to narrow."""
    problem = json_of(client.get("/api/v1/search?page=101"))

    assert "1000" in problem["errors"][0]["reason"]
    assert "筛选" in problem["errors"][0]["reason"]


def test_faults_speak_english_by_locale(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An English locale reads English reasons."""
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")

    problem = json_of(client.get("/api/v1/search?size=0"))

    assert problem["errors"][0]["reason"] == "an integer from 1 to 100"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nowhere", 404, "not-found"),
        ("GET", "/api/v1/articles/no-such-id", 404, "not-found"),
        ("GET", "/api/v1/articles/no-such-id/related", 404, "not-found"),
        ("GET", "/api", 404, "not-found"),
        ("POST", "/api/v1/search", 405, "method-not-allowed"),
        ("PUT", "/api/v1/precedents", 405, "method-not-allowed"),
        ("GET", "/api/v1/precedents", 422, "invalid-parameters"),
        ("POST", "/api/v1/precedents", 415, "unsupported-media-type"),
    ],
)
def test_errors_are_problem_details(
    client: FlaskClient, method: str, path: str, status: int, code: str
) -> None:
    """404, 405 and 415 under /api have the shape of every other error."""
    response = client.open(path, method=method)

    assert (response.status_code, response.mimetype) == (status, PROBLEM)
    assert set(json_of(response)) >= {"type", "title", "status", "detail", "code"}
    assert (json_of(response)["status"], json_of(response)["code"]) == (status, code)
    if status == 405:
        assert response.headers["Allow"]


@pytest.mark.parametrize("query", ["length=0", "length=41", "length=四", "pattern=五字", "size=0"])
def test_forms_of_headings_are_checked(client: FlaskClient, query: str) -> None:
    """Values that no heading has are refused by name, with what is allowed."""
    response = client.get(f"/api/v1/headings?{query}")

    assert response.status_code == 422
    assert [error["parameter"] for error in json_of(response)["errors"]] == [
        query.partition("=")[0]
    ]


def test_headings_are_of_documents(client: FlaskClient) -> None:
    """Each has its document, and the length and pattern of the request; empty values are none."""
    answer = json_of(client.get("/api/v1/headings?q=&length=4&pattern=四字&size=5"))
    all_of_them = json_of(client.get("/api/v1/headings?q=&length=&pattern="))

    assert [len(one["text"]) for one in answer["headings"]] == [4] * 5
    assert all(one["article"]["url"] for one in answer["headings"])
    assert answer["total"] < all_of_them["total"]


def test_article_is_what_guests_may_read(client: FlaskClient) -> None:
    """An article answers the guests' text with its gaps, and length and slices as published."""
    body = json_of(client.get("/api/v1/articles/paid-1"))

    assert body["text"] == "电梯加装是民生实事。各社区先后召开居民议事会。……"
    assert body["gapped"] is True
    assert (body["length"], body["slices"]) == (3698, 18)
    assert not {"version", "revision", "views"} & set(body)
    assert "".join(body["text"][p["start"] : p["end"]] for p in body["passages"]) == body["text"]


def test_what_an_article_says_of_itself_stands_where_it_says(client: FlaskClient) -> None:
    """``derived`` names the fields missing in the source; ``found`` has each item with its position."""
    body = json_of(client.get("/api/v1/articles/paid-1"))

    assert (body["kind"], body["derived"]) == ("经验材料", ["kind"])
    said = {one["field"]: body[one["where"]][one["start"] : one["end"]] for one in body["found"]}
    assert said == {"kind": "经验材料", "subject": "老旧小区电梯加装工作"}
    assert json_of(client.get("/api/v1/articles/markup-1"))["derived"] == []


def test_extra_fields_of_a_source_come_back(client: FlaskClient) -> None:
    """Further fields of a source are stored and returned."""
    assert json_of(client.get("/api/v1/articles/address-portal"))["extra"] == {"source": "办公室"}


def test_an_id_may_hold_slashes_and_spaces(client: FlaskClient) -> None:
    """A percent-encoded id opens the article and its related articles."""
    path = f"/api/v1/articles/{quote('address/script 1')}"

    assert json_of(client.get(path))["id"] == "address/script 1"
    assert client.get(f"{path}/related").status_code == 200


def test_articles_take_no_parameters(client: FlaskClient) -> None:
    """An unknown parameter is a fault at every address of the API."""
    response = client.get("/api/v1/articles/paid-1?full=1")

    assert response.status_code == 422
    assert json_of(response)["errors"][0]["parameter"] == "full"


def test_related_leaves_out_the_article_itself(client: FlaskClient) -> None:
    """Related articles exclude the article itself and respect ``size``."""
    found = json_of(client.get("/api/v1/articles/paid-1/related?size=3"))["results"]

    assert 0 < len(found) <= 3
    assert "paid-1" not in {one["id"] for one in found}


@pytest.mark.parametrize("way", ["json", "form", "address"])
def test_precedents_answer_passages_with_their_place(client: FlaskClient, way: str) -> None:
    """A topic as JSON, form or address answers passages with offsets, marks and citation."""
    given = {"text": "老旧小区物业管理", "size": 3}
    if way == "address":
        response = client.get("/api/v1/precedents", query_string=given)
    else:
        form, body = (given, None) if way == "form" else (None, given)
        response = client.post("/api/v1/precedents", data=form, json=body)

    passages = json_of(response)["passages"]
    assert 0 < len(passages) <= 3
    for one in passages:
        text = json_of(client.get(f"/api/v1/articles/{one['article']['id']}"))["text"]
        assert one["text"] == text[one["start"] : one["end"]]
        assert one["article"]["title"] in one["citation"]


def test_a_draft_answers_by_section(client: FlaskClient) -> None:
    """Each section has its place in the draft, its passages, and what it repeats with the source."""
    copied = json_of(client.get("/api/v1/articles/20101"))
    piece = max(copied["passages"], key=lambda one: one["end"] - one["start"])
    text = copied["text"][piece["start"] : piece["end"]].strip()
    draft = f"一、小区治理\n推进老旧小区引入物业服务，成立业主委员会。\n二、其他\n{text}"
    answer = json_of(client.post("/api/v1/precedents", json={"text": draft, "size": 3}))

    assert 0 < len(answer["passages"]) <= 3
    assert [draft[one["start"] : one["end"]].strip() for one in answer["sections"]] == [
        one["text"] for one in answer["sections"]
    ]
    assert all(len(one["passages"]) <= 3 for one in answer["sections"])
    repeated = [one for section in answer["sections"] for one in section["repeated"]]
    assert {one["share"] for one in repeated} == {1.0}
    assert {one["source"]["article"]["id"] for one in repeated} == {"20101"}


def test_a_topic_in_an_address_is_checked(client: FlaskClient) -> None:
    """All faults at once; a draft is too long for an address."""
    asked = {
        "text": "长" * 201,
        "place": "中间",
        "region": "河" * 41,
        "role": "",
        "date_from": "May",
    }
    response = client.get("/api/v1/precedents", query_string=asked)

    assert response.status_code == 422
    faults = {error["parameter"]: error["reason"] for error in json_of(response)["errors"]}
    assert sorted(faults) == ["date_from", "place", "region", "text"]
    assert "总体要求" in faults["place"]


def test_places_and_kinds_of_a_topic_may_be_several(client: FlaskClient) -> None:
    """Any of the values, as everywhere; the answer says the place of each passage."""
    places, kinds = "place=保障措施&place=总体要求", "kind=方案&kind=通知"
    address = f"/api/v1/precedents?text=加强组织领导，落实经费&{places}&{kinds}"
    passages = json_of(client.get(address))["passages"]

    assert passages
    assert {one["place"] for one in passages} <= {"保障措施", "总体要求"}
    assert {one["article"]["kind"] for one in passages} <= {"方案", "通知"}


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, ["text"]),
        ({"text": "   "}, ["text"]),
        ({"text": 5, "size": "many", "q": "x"}, ["text", "size", "q"]),
        ({"text": "字" * 20_001}, ["text"]),
        ({"text": "小区", "size": True}, ["size"]),
        ({"text": "小区", "date_from": "May"}, ["date_from"]),
        ({"text": "小区", "role": "正文"}, ["role"]),
        ({"text": "小区", "role": ["主体"]}, ["role"]),
    ],
)
def test_precedents_name_every_fault(
    client: FlaskClient, body: dict[str, object], faults: list[str]
) -> None:
    """Faults of a posted body have the same shape as those of an address."""
    response = client.post("/api/v1/precedents", json=body)

    assert response.status_code == 422
    assert sorted(error["parameter"] for error in json_of(response)["errors"]) == sorted(faults)


@pytest.mark.parametrize("role", ["导语", "主体", "保障措施"])
def test_precedents_of_a_role_have_it(client: FlaskClient, role: str) -> None:
    """A role leaves its passages; an empty one, as a form sends it, means all."""
    given = {"text": "小区", "size": 100}
    every = client.post("/api/v1/precedents", json=given | {"role": ""})
    some = client.post("/api/v1/precedents", data=given | {"role": role})

    assert {passage["role"] for passage in json_of(some)["passages"]} == {role}
    assert len({passage["role"] for passage in json_of(every)["passages"]}) > 1


def test_an_unknown_role_is_told_the_known_ones(client: FlaskClient) -> None:
    """The error names the value sent and the valid values."""
    response = client.post("/api/v1/precedents", json={"text": "小区", "role": "正文"})

    (error,) = json_of(response)["errors"]
    assert (response.status_code, error["value"]) == (422, "正文")
    assert all(role in error["reason"] for role in ROLES)


def test_half_a_character_is_a_fault(client: FlaskClient) -> None:
    """Half a surrogate pair, which JSON can contain, is rejected."""
    response = client.post(
        "/api/v1/precedents", data=r'{"text": "\ud800"}', content_type="application/json"
    )

    assert response.status_code == 422
    assert json_of(response)["errors"][0]["parameter"] == "text"


def test_a_name_twice_in_json_is_a_fault(client: FlaskClient) -> None:
    """A repeated name in a JSON body, or in body and address, is refused."""
    twice = client.post(
        "/api/v1/precedents", data='{"text": "a", "text": "b"}', content_type="application/json"
    )
    both = client.post("/api/v1/precedents?size=3", json={"text": "小区", "size": 2})

    assert [error["parameter"] for error in json_of(twice)["errors"]] == ["text"]
    assert [error["parameter"] for error in json_of(both)["errors"]] == ["size"]


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', "[" * 100_000])
def test_a_body_that_is_no_object_is_a_bad_request(client: FlaskClient, body: str) -> None:
    """A body that is not a JSON object is a 400 with problem details."""
    response = client.post("/api/v1/precedents", data=body, content_type="application/json")

    assert (response.status_code, response.mimetype) == (400, PROBLEM)


def test_a_body_over_the_limit_is_refused_by_name(client: FlaskClient) -> None:
    """A body of more than 200 kB is a 413 that names the limit."""
    response = client.post("/api/v1/precedents", json={"text": "a" * 300_000})

    assert (response.status_code, response.mimetype) == (413, PROBLEM)
    assert "200000" in json_of(response)["detail"]


def test_healthz_is_ok_with_an_index(client: FlaskClient) -> None:
    """A service that can open its index is healthy, and the response says only that."""
    response = client.get("/api/v1/healthz")

    assert (response.status_code, json_of(response)) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/api/v1/healthz", "/api/v1/search?q=x", "/", "/search"])
def test_without_an_index_the_answer_is_503_with_retry_after(
    path: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Before anything is indexed, every URL returns 503 with Retry-After."""
    service, settings = open_over(tmp_path_factory.mktemp("empty"), model="none")

    response = create_app(service, settings).test_client().get(path)
    service.close()

    assert response.status_code == 503
    assert response.headers["Retry-After"]
    if path.startswith("/api"):
        assert json_of(response)["code"] == "no-index"


def test_what_breaks_inside_leaks_nothing(
    indexed: tuple[SearchService, Settings], caplog: pytest.LogCaptureFixture
) -> None:
    """An unforeseen error and an operator's error answer an id; the log has the rest."""
    app = create_app(*indexed)

    @app.get("/api/v1/breaks")
    def breaks() -> str:
        raise RuntimeError("password=geheim")

    @app.get("/api/v1/misconfigured")
    def misconfigured() -> str:
        raise GongwenError("GONGWEN_STATE=postgresql://user:geheim@host")

    for path in ("/api/v1/breaks", "/api/v1/misconfigured"):
        caplog.clear()
        response = app.test_client().get(path)

        assert (response.status_code, response.mimetype) == (500, PROBLEM)
        assert "geheim" not in response.get_data(as_text=True)
        key = json_of(response)["id"]
        assert response.headers["X-Request-ID"] == key
        as_json = logs.formatter(logs.JSON)
        failure, request = (json.loads(as_json.format(one)) for one in caplog.records)
        assert (failure["event"], request["event"]) == ("request-failed", "request")
        assert failure["request_id"] == request["request_id"] == key
        assert failure["frames"][-1].startswith(f"{__name__}:")
        assert "geheim" not in f"{caplog.text}{failure}{request}"


@pytest.fixture
def app_without_meaning(
    indexed: tuple[SearchService, Settings], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """The application over the same index, run without a model."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    _, settings = indexed
    service, _ = open_over(Path(settings.engine.removeprefix("embedded:")), model="none")
    yield create_app(service, settings)
    service.close()


def test_keyword_search_goes_on_without_a_model(app_without_meaning: Flask) -> None:
    """Without a model the response is marked as degraded, and keyword search still works."""
    body = json_of(app_without_meaning.test_client().get("/api/v1/search?q=电梯加装"))

    assert body["degraded"] is True
    assert "paid-1" in {hit["id"] for hit in body["results"]}
    assert "只按关键词" in body["message"]


def test_precedents_say_that_meaning_is_missing(
    client: FlaskClient, app_without_meaning: Flask
) -> None:
    """Without a model, passages are found by words, and API and page report that; with one they do not."""
    given = {"text": "老旧小区物业管理", "size": 1}
    whole = json_of(client.post("/api/v1/precedents", json=given))
    caller = app_without_meaning.test_client()
    body = json_of(caller.post("/api/v1/precedents", json=given))

    assert (whole["degraded"], "message" in whole) == (False, False)
    assert body["degraded"] is True
    assert body["passages"]
    assert "只按关键词" in body["message"]
    assert "暂时只按字词检索" in caller.get("/precedents?text=老旧小区物业管理").get_data(
        as_text=True
    )
    page = client.get("/precedents?text=老旧小区物业管理").get_data(as_text=True)
    assert "暂时只按字词检索" not in page


def test_a_hidden_article_is_gone_from_every_address(
    client: FlaskClient, indexed: tuple[SearchService, Settings], app: Flask
) -> None:
    """A hidden article is a 404, and appears in no search, list or related articles."""
    service, _ = indexed
    service.store.hidden.hide("markup-1")
    try:
        found = json_of(client.get("/api/v1/search?q=注入防范"))["results"]
        article = client.get("/api/v1/articles/markup-1")
        page = client.get("/articles/markup-1")
    finally:
        service.store.hidden.unhide("markup-1")

    assert "markup-1" not in {hit["id"] for hit in found}
    assert (article.status_code, page.status_code) == (404, 404)


def test_suggest_answers_the_promised_shape(client: FlaskClient) -> None:
    """Texts with their kind, and the article where it is the title of one; nothing for nothing."""
    found = json_of(client.get("/api/v1/suggest?q=yingshang"))["suggestions"]

    assert found
    for one in found:
        assert set(one) == {"text", "kind", "group", "count", "query", "id", "url"}
        assert one["kind"] in {"title", "heading", "term", "phrase"}
        assert one["group"] in {"title", "phrase"}
        assert one["count"] > 0
        assert one["query"] == one["text"]
        assert (one["url"] is None) == (one["id"] is None)
        if one["id"]:
            stored = json_of(client.get(f"/api/v1/articles/{one['id']}"))
            assert (stored["title"], stored["url"]) == (one["text"], one["url"])
    assert any(one["id"] for one in found)
    for nothing in ("", " ", "，。", "qzxv", "长" * 200):
        assert json_of(client.get("/api/v1/suggest", query_string={"q": nothing})) == {
            "suggestions": []
        }


@pytest.mark.parametrize(
    ("query", "parameter"), [("q=" + "长" * 201, "q"), ("text=小区", "text"), ("q=a&q=b", "q")]
)
def test_suggest_reads_strictly(client: FlaskClient, query: str, parameter: str) -> None:
    """Too long, unknown, twice: the parameter is named."""
    response = client.get(f"/api/v1/suggest?{query}")
    assert (response.status_code, response.mimetype) == (422, PROBLEM)
    assert [error["parameter"] for error in json_of(response)["errors"]] == [parameter]


def test_pinyin_is_answered_as_what_it_means(client: FlaskClient) -> None:
    """The answer names what was searched; the page links to a search for the letters themselves."""
    body = json_of(client.get("/api/v1/search?q=yingshanghuanjing&mode=keyword"))
    meant = json_of(client.get("/api/v1/search?q=营商环境&mode=keyword"))
    assert (body["searched"], body["total"]) == ("营商环境", meant["total"])
    assert "已按“营商环境”检索" in body["message"]
    assert "searched" not in meant
    page = client.get("/search?q=yingshanghuanjing").get_data(as_text=True)
    assert "已按“营商环境”检索" in page
    assert "q=%22yingshanghuanjing%22" in page
    literal = json_of(client.get("/api/v1/search", query_string={"q": '"yingshanghuanjing"'}))
    assert literal["total"] == 0


def test_a_slip_is_answered_with_a_suggestion_in_json_and_on_the_page(client: FlaskClient) -> None:
    """The query is not replaced: corrections are returned beside the results, as links on the page."""
    body = json_of(client.get("/api/v1/search?q=营伤环境&mode=keyword"))
    assert (body["total"], body["suggestions"]) == (0, ["营商环境"])
    page = client.get("/search?q=营伤环境&mode=keyword").get_data(as_text=True)
    assert "您是不是要找：" in page
    assert 'value="营伤环境"' in page
    assert json_of(client.get("/api/v1/search?q=营商环境"))["suggestions"] == []
    assert "您是不是要找" not in client.get("/search?q=营商环境").get_data(as_text=True)


# --- what one request may cost -------------------------------------------------------------------


@pytest.mark.parametrize("number", [21, 2000])
def test_many_faults_are_counted_and_the_first_told(client: FlaskClient, number: int) -> None:
    """The first 20 errors in the order of the parameters, with names shortened."""
    names = [f"p{place}{'x' * 200 * (number < 100)}" for place in range(number)]
    given = "&".join(f"{name}=1" for name in names)
    if len(given) > MAX_QUERY_STRING:
        response = client.get(f"/api/v1/search?{given}")
        assert response.status_code == 414
        given = given[: MAX_QUERY_STRING - 10].rpartition("&")[0]
        number = given.count("&") + 1
    response = client.get(f"/api/v1/search?{given}")
    problem = json_of(response)

    assert (response.status_code, len(response.data) < 20_000) == (422, True)
    assert [error["parameter"] for error in problem["errors"]] == [one[:100] for one in names[:20]]
    assert problem["detail"].startswith(f"{number} 个参数不能使用：p0")


@pytest.mark.parametrize("kind", ["json", "repeated json", "form", "repeated form"])
def test_a_body_of_thousands_of_names_is_answered_in_short(client: FlaskClient, kind: str) -> None:
    """Every body within the limit of bytes is read in a moment, and its answer is short."""
    names = [f"p{place % (9000 if 'repeated' in kind else 18000)}" for place in range(18000)]
    if "json" in kind:
        body = "{" + ",".join(f'"{name}":1' for name in names) + "}"
        content = "application/json"
    else:
        body = "&".join(f"{name}=1" for name in names)
        content = "application/x-www-form-urlencoded"
    started = time.process_time()
    response = client.post("/api/v1/precedents", data=body, content_type=content)
    assert time.process_time() - started < 2

    assert (response.status_code, len(response.data) < 20_000) == (422, True)
    assert len(json_of(response)["errors"]) == 20


def test_an_address_too_long_for_the_api_is_named(client: FlaskClient) -> None:
    """The longest query fits; a 414 names limit and remedy. Pages ignore what is invalid."""
    longest = dict.fromkeys(("q", "category", "kind", "author", "issuer"), "𠀀" * 200)
    assert client.get("/api/v1/search", query_string=longest).status_code == 200

    response = client.get(f"/api/v1/search?q={'x' * MAX_QUERY_STRING}")

    assert response.status_code == 414
    assert response.mimetype == "application/problem+json"
    assert (json_of(response)["code"], "16384" in json_of(response)["detail"]) == (
        "address-too-long",
        True,
    )
    assert client.get(f"/search?q={'x' * MAX_QUERY_STRING}").status_code == 200


def test_so_many_hits_are_explained(client: FlaskClient) -> None:
    """A larger page is an error that names limit and remedy."""
    most = relevance.MAX_EXPLAINED
    assert client.get(f"/api/v1/search?q=小区&explain=1&size={most}").status_code == 200

    problem = json_of(client.get(f"/api/v1/search?q=小区&explain=1&size={most + 1}"))

    (error,) = problem["errors"]
    assert error["parameter"] == "explain"
    assert f"size={most}" in error["reason"]
    assert client.get(f"/search?q=小区&explain=1&size={most + 1}").status_code == 200


@pytest.mark.parametrize("mode", list(Mode))
def test_the_dearest_questions_take_a_moment(client: FlaskClient, mode: Mode) -> None:
    """Dates, synonyms, single characters and typos up to the length limit, with every parameter."""
    dates = " ".join(f"{month}月{day}日" for month in range(1, 13) for day in range(1, 29))
    synonyms = (
        "六保 三重一大 三公经费 发改委 人社局 放管服 国资委 两会 中办 监委 三农 高职 维稳 普法 "
    )
    slips = "垃分类 殡改革 物服务 安生产 营环境 "
    for text in (dates, synonyms * 9, "小 区 物 业 " * 50, slips * 20, "(小区 OR " * 60):
        for size, explain in (("20", "1"), ("100", "0")):
            question = {"q": text[:200], "mode": mode.value, "size": size, "explain": explain}
            started = time.process_time()
            assert client.get("/api/v1/search", query_string=question).status_code == 200
            assert time.process_time() - started < 2


def test_the_dearest_drafts_take_a_moment(client: FlaskClient) -> None:
    """Drafts up to the length limit: only headings, dates, one word, letters, sentences."""
    heading, dates = "一、加强领导\n", "1月1日 1月2日，"
    sentence = "各单位要加强小区物业管理，按时报送垃圾分类情况。"
    for piece in (heading, dates, "通知", "a ", sentence):
        text = (piece * relevance.MAX_DRAFT)[: relevance.MAX_DRAFT]
        started = time.process_time()
        answer = client.post("/api/v1/precedents", json={"text": text, "size": 100})
        assert (answer.status_code, time.process_time() - started < 5) == (200, True)


def test_an_empty_category_is_that_of_articles_without_one(client: FlaskClient) -> None:
    """A value of a facet, the empty one included, gives as many articles as it counts."""
    counts = client.get("/api/v1/search?size=1").get_json()["facets"]
    for name in FACETS:
        for value, count in counts[name].items():
            answer = client.get("/api/v1/search", query_string={name: value, "size": 1}).get_json()
            exact = sum(
                number
                for other, number in counts[name].items()
                if other == value
                or (name == "category" and value and other.startswith(f"{value}/"))
            )
            assert answer["total"] == exact
            assert exact >= count
