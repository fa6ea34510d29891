"""Walking results by cursors, over both engines: one ranking, of one generation, of one audience."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from indexer import updates
from indexer.build import generations
from search_service import relevance
from search_service.answers.page import CursorPosition
from search_service.model import Audience, Sort
from search_service.query.request import Mode
from search_service.service import SearchService, open_service
from search_service.settings import Settings, read_settings
from search_service.web.api import cursors
from search_service.web.app import create_app
from search_service.web.parameters import SearchParameters
from tests.conftest import ALL_CLEANING, write_source
from tests.promises.test_promises import SUBJECTS, TOPICS
from tests.support.hostile_articles import SENTINEL, json_of

ENGINES = ["embedded", pytest.param("elastic", marks=pytest.mark.elasticsearch)]
GONE = "已经撤换"
Open = Callable[..., SearchService]


def articles(count: int) -> list[dict[str, Any]]:
    """Notices about six subjects in turn, several to a day."""
    return [
        {
            "id": f"n{place}",
            "title": f"关于{SUBJECTS[place % 6]}工作的{place}号通知",
            "body": f"{TOPICS[SUBJECTS[place % 6]]}\n"
            f"各单位请于{place % 28 + 1}日内落实，并报清源县办公室。",
            "date": f"2024-{place % 12 + 1:02}-{place % 28 + 1:02}",
        }
        for place in range(count)
    ]


def opener(kind: str, request: pytest.FixtureRequest, folder: Path) -> Open:
    """Opens services over one location, for each kind of engine."""
    if kind == "embedded":
        engine = f"embedded:{folder}/data"
    else:
        engine = f"{request.getfixturevalue('elasticsearch_url')}-{uuid.uuid4().hex[:8]}"

    def open_one(**settings: object) -> SearchService:
        state = f"sqlite:///{folder}/state.sqlite3"
        patient = {"engine_timeout": 30, **settings}  # a busy machine is no fault
        return open_service(read_settings(engine=engine, state=state, **patient))

    return open_one


def token_of(
    service: SearchService, position: CursorPosition, audience: Audience, **question: Any
) -> str:
    """A cursor as the service signs them, for whatever position."""
    return cursors.encode(
        SearchParameters(**question), position, audience, service.store.cursor_key
    )


def client_of(service: SearchService) -> FlaskClient:
    """A caller of the API over a service."""
    return create_app(service, read_settings()).test_client()


@pytest.fixture(params=ENGINES, scope="module")
def many(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FlaskClient]:
    """More articles than plain pages show; tests may read them and nothing else."""
    folder = tmp_path_factory.mktemp("many")
    service = opener(request.param, request, folder)()
    source = write_source(folder / "a.jsonl", articles(1100))
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    yield client_of(service)
    service.close()


@pytest.fixture(params=ENGINES)
def service(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SearchService]:
    """A service with thirty articles that a test may change."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    opened = opener(request.param, request, tmp_path)()
    rebuild(opened, tmp_path, articles(30))
    yield opened
    opened.close()


def rebuild(service: SearchService, folder: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Make these articles the index, in a new generation."""
    source = write_source(folder / "a.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING, shrink=True)


def ask(client: FlaskClient, **parameters: object) -> Any:
    """A search that must be answered."""
    response = client.get("/api/v1/search", query_string=parameters)
    assert response.status_code == 200, response.get_data(as_text=True)
    return json_of(response)


def walk(client: FlaskClient, page: Any) -> list[dict[str, Any]]:
    """The page and every page that its cursor leads to."""
    pages = [page]
    while token := pages[-1]["cursor"]:
        pages.append(ask(client, cursor=token))
    return pages


def ids(*pages: Any) -> list[str]:
    """The articles of the pages in order."""
    return [result["id"] for page in pages for result in page["results"]]


@pytest.mark.parametrize(
    "question",
    [
        {"q": "垃圾分类"},
        {"q": "通知 工作"},
        {"q": "通知 工作", "mode": "keyword"},
        {"q": "小区垃圾没人管怎么办"},
        {"q": "殡葬改革", "mode": "semantic"},
        {"q": "通知", "sort": "date", "date_from": "2024-03"},
        {},
    ],
)
def test_a_walk_is_the_plain_ranking(many: FlaskClient, question: dict[str, str]) -> None:
    """Every article of the match set once, in the order of plain pages, and on past their cap."""
    pages = walk(many, ask(many, **question, size=97))
    total = pages[0]["total"]
    last = min(total, relevance.MAX_RESULTS)
    plain = [ask(many, **question, size=100, page=page + 1) for page in range(-(-last // 100))]

    assert total > 97
    assert ids(*pages)[:last] == ids(*plain)
    assert len(set(ids(*pages))) == len(ids(*pages)) == total
    assert {page["total"] for page in pages} == {total}
    assert not any(page["changed"] for page in pages)


def test_a_walk_shows_what_plain_pages_show(many: FlaskClient) -> None:
    """A page by cursor equals the numbered page of the same position in every field but the facets."""
    question = {"q": "网格化管理 通知", "explain": "1", "size": "10"}
    for number, page in enumerate(walk(many, ask(many, **question, page=18))[:4], start=18):
        numbered = ask(many, **question, page=number)
        assert page | {"facets": numbered["facets"]} == numbered


def test_a_small_answer_has_no_cursor(many: FlaskClient) -> None:
    """Where nothing follows there is nothing to go on to."""
    assert ask(many, q="qzxjvw")["cursor"] is None
    assert ask(many, q="第7号通知", mode="keyword", size=100)["cursor"] is None


@pytest.mark.parametrize("question", [{"q": "通知"}, {"q": "垃圾分类"}, {}])
def test_a_walk_goes_on_over_a_rebuild(
    service: SearchService, tmp_path: Path, question: dict[str, str]
) -> None:
    """After another index serves, the walk goes on in the one it began in."""
    client = client_of(service)
    first = ask(client, **question, size=4)
    whole = ids(*walk(client, first))

    rebuild(service, tmp_path, [{**one, "date": "2025"} for one in reversed(articles(60))])

    assert ask(client, **question)["total"] > len(whole)
    assert ids(*walk(client, first)) == whole
    assert not any(page["changed"] for page in walk(client, first))


def test_a_walk_ends_when_its_generation_is_gone(service: SearchService, tmp_path: Path) -> None:
    """After two rebuilds the first index is gone: a 410 with the remedy."""
    client = client_of(service)
    token = ask(client, q="通知", size=4)["cursor"]
    rebuild(service, tmp_path, articles(40))
    assert client.get(f"/api/v1/search?cursor={token}").status_code == 200
    rebuild(service, tmp_path, articles(50))

    response = client.get(f"/api/v1/search?cursor={token}")

    assert (response.status_code, response.mimetype) == (410, "application/problem+json")
    problem = json_of(response)
    assert problem["code"] == "gone"
    assert GONE in problem["detail"]
    assert "重新提问" in problem["detail"]


def test_a_generation_of_another_analysis_is_gone(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """A generation of other settings is gone for cursors."""
    open_one = opener("embedded", request, tmp_path)
    before, after = open_one(), open_one(segmenter="jieba")
    rebuild(before, tmp_path, articles(30))
    token = ask(client_of(before), q="通知", size=4)["cursor"]
    rebuild(after, tmp_path, articles(30))

    response = client_of(after).get(f"/api/v1/search?cursor={token}")
    before.close()
    after.close()

    assert response.status_code == 410


def test_what_is_written_or_taken_down_meanwhile_is_told(
    service: SearchService, tmp_path: Path
) -> None:
    """The response lacks the hidden article and reports that the ranking has changed."""
    client = client_of(service)
    first = ask(client, q="通知", sort="date", size=4)
    following = ids(*walk(client, first))[4:]
    service.store.hidden.hide(following[1])
    hidden = walk(client, first)[1:]
    service.store.hidden.unhide(following[1])
    assert not ask(client, cursor=first["cursor"])["changed"]
    revised = {**articles(30)[5], "body": "改过的正文，仍是一份通知。"}
    source = write_source(tmp_path / "b.jsonl", [revised])
    updates.add(service, [source], cleaning=ALL_CLEANING)
    written = walk(client, first)[1:]

    assert ids(*hidden) == [key for key in following if key != following[1]]
    for page in (*hidden, *written):
        assert page["changed"] is True
        assert "重复或遗漏" in page["message"]


def test_an_older_generation_brings_no_text_back(service: SearchService, tmp_path: Path) -> None:
    """Texts that guests may no longer read are not returned from the previous index."""
    client = client_of(service)
    first = ask(client, q="义务教育", mode="keyword", size=1)
    paid, deleted = ids(*walk(client, first))[1:3]
    records = articles(30)
    for record in records:
        if record["id"] == paid:
            record["preview"] = "免费的一段话。……"
    rebuild(service, tmp_path, records)
    updates.delete(service, [deleted])

    pages = walk(client, first)[1:]

    assert deleted not in ids(*pages)
    (shown,) = (hit for page in pages for hit in page["results"] if hit["id"] == paid)
    assert [passage["text"] for passage in shown["passages"]] == ["免费的一段话。……"]


def test_no_index_of_a_higher_audience_is_read(service: SearchService, tmp_path: Path) -> None:
    """A token that names it, issued to guests or to members, is rejected without details."""
    client = client_of(service)
    records = [{**one, "preview": "免费的一段话。……"} for one in articles(30)]
    rebuild(service, tmp_path, records)
    generation = service.reader(Audience.MEMBER).generation
    position = CursorPosition(generation=generation, revision=1, total=30, offset=0)
    question = {"q": "督导员上门入户宣传", "mode": Mode.KEYWORD}
    nowhere = replace(position, generation=f"{generation}0")

    for forged in (position, nowhere):
        token = token_of(service, forged, Audience.PUBLIC, **question)
        response = client.get(f"/api/v1/search?cursor={token}")
        assert (response.status_code, GONE in json_of(response)["detail"]) == (410, True)
        assert generation not in response.get_data(as_text=True)
    token = token_of(service, position, Audience.MEMBER, **question)
    response = client.get(f"/api/v1/search?cursor={token}")
    assert response.status_code == 422
    assert [error["parameter"] for error in json_of(response)["errors"]] == ["cursor"]


def test_a_walk_ends_at_the_depth_that_engines_reach(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last page ends at the limit; beyond it an error names limit and remedy."""
    monkeypatch.setattr(relevance, "MAX_DEPTH", 25)
    client = client_of(service)
    page = ask(client, q="通知", size=10)
    for size in (10, 5):
        page = ask(client, cursor=page["cursor"])
        assert len(page["results"]) == size

    problem = json_of(client.get("/api/v1/search", query_string={"cursor": page["cursor"]}))

    assert problem["status"] == 422
    assert [error["parameter"] for error in problem["errors"]] == ["cursor"]
    assert "前 25 条" in problem["detail"]
    assert "筛选" in problem["detail"]


def test_both_engines_reach_the_depth(service: SearchService) -> None:
    """The last place that a cursor may name is answered."""
    reader = service.reader(Audience.PUBLIC)
    end = CursorPosition(
        generation=reader.generation,
        revision=reader.revision,
        total=30,
        offset=relevance.MAX_DEPTH - 1,
    )
    for sort in Sort:
        token = token_of(service, end, Audience.PUBLIC, q="通知", sort=sort)
        assert ids(ask(client_of(service), cursor=token)) == []


def test_nothing_stands_beside_a_cursor(client: FlaskClient) -> None:
    """A cursor contains the whole query: every other parameter is reported."""
    token = ask(client, q="小区", size=1)["cursor"]

    problem = json_of(client.get(f"/api/v1/search?cursor={token}&q=小区&size=2&x=1"))

    assert problem["status"] == 422
    assert [error["parameter"] for error in problem["errors"]] == ["q", "size", "x"]
    assert {"cursor" in error["reason"] for error in problem["errors"]} == {True}
    twice = client.get(f"/api/v1/search?cursor={token}&cursor={token}")
    assert [error["parameter"] for error in json_of(twice)["errors"]] == ["cursor"]


def test_a_cursor_is_as_short_as_an_address(client: FlaskClient) -> None:
    """A cursor needs no encoding in a URL, and pages ignore it like any unknown parameter."""
    token = ask(client, q="小区", size=1)["cursor"]

    assert set(token) <= {*"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."}
    assert client.get(f"/search?q=小区&cursor={token}").status_code == 200


TOKEN_CHARACTERS = st.characters(codec="ascii", min_codepoint=33)


@pytest.fixture
def token(client: FlaskClient) -> str:
    """A cursor as it was given."""
    return str(ask(client, q="小区", size=1)["cursor"])


@given(data=st.data())
@examples(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_mangled_cursor_is_refused(client: FlaskClient, token: str, data: st.DataObject) -> None:
    """Cut, joined, edited or made up: 422 that names the parameter."""
    start = data.draw(st.integers(0, len(token)))
    end = data.draw(st.integers(start, len(token)))
    piece = data.draw(st.one_of(st.text(TOKEN_CHARACTERS, max_size=8), st.text(max_size=8)))
    mangled = data.draw(
        st.sampled_from([token[:start] + piece + token[end:], token[start:end], piece, token * 2])
    )
    response = client.get("/api/v1/search", query_string={"cursor": mangled})

    if mangled == token:
        assert response.status_code == 200
    else:
        assert response.status_code == 422
        assert [error["parameter"] for error in json_of(response)["errors"]] == ["cursor"]


KNOWN = "通知"  # what the attacker was told of the index while all of it was public
SECRET = "暗号天王盖地虎"
QUESTIONS: list[dict[str, str]] = [
    {"q": f"{SECRET} OR {KNOWN}"},
    {"q": f"{SECRET} OR 工作", "mode": "keyword", "sort": "date"},
    {"q": f"通知 工作 {SECRET} 大熊猫"},
    {"q": f"义务教育 {SECRET}", "mode": "semantic"},
    {"q": KNOWN, "issuer": "清源县办公室"},
    {"issuer": "清源县办公室"},
]


def with_a_secret() -> list[dict[str, Any]]:
    """Thirty articles of an office; one contains a text for everybody that will be withdrawn."""
    records = [{**one, "issuer": "清源县办公室"} for one in articles(30)]
    records[7]["body"] += f"\n{SECRET}，只限内部掌握。"
    return records


def taken_back(service: SearchService, folder: Path, how: str) -> str:
    """Withdraw the secret in this way and rebuild; return the article's id."""
    records = with_a_secret()
    key = str(records[7]["id"])
    if how == "paid":
        records[7]["preview"] = "免费的一段话。……"
    elif how == "edited":
        records[7]["body"] = "改过的正文。"
    elif how == "moved":
        records[7]["issuer"] = "邻县办公室"
    elif how == "deleted":
        del records[7]
    else:
        service.store.hidden.hide(key)
    rebuild(service, folder, records)
    return key


@pytest.mark.parametrize("how", ["paid", "edited", "moved", "deleted", "hidden"])
def test_what_was_taken_back_is_not_read_out_of_the_kept_generation(
    service: SearchService, tmp_path: Path, how: str
) -> None:
    """Totals and everything else are of the live generation; no score depends on old texts."""
    client = client_of(service)
    rebuild(service, tmp_path, with_a_secret())
    tokens = [ask(client, **one, size=2, explain="1")["cursor"] for one in QUESTIONS]
    assert all(tokens)
    key = taken_back(service, tmp_path, how)

    for question, token in zip(QUESTIONS, tokens, strict=True):
        plain = ask(client, **question, size=100)
        pages = walk(client, ask(client, cursor=token))
        told = {name: plain[name] for name in ("total", "relaxed", "suggestions")}
        for page in pages:
            assert page["facets"] == {}  # of pages with a number only
            assert {name: page[name] for name in told} == told
            for result in page["results"]:
                assert result["score"] == 0
                assert "q" not in question or result["explain"]["keyword_rank"] is None
        assert set(ids(*pages)) <= set(ids(plain))
        if how in ("deleted", "hidden"):
            assert key not in ids(*pages)
        if how != "moved":
            assert SECRET not in json.dumps(pages, ensure_ascii=False)


def test_no_question_of_ones_own_can_be_put_to_the_kept_generation(
    service: SearchService, tmp_path: Path
) -> None:
    """Letter by letter: whatever is changed in a cursor, or sealed with another key, is refused."""
    client = client_of(service)
    rebuild(service, tmp_path, with_a_secret())
    token = ask(client, q=KNOWN, size=1)["cursor"]
    taken_back(service, tmp_path, "paid")
    assert ask(client, cursor=token)["results"]
    signer, other = cursors._signer(b""), cursors._signer(b"guessed")
    payload, _, signature = token.rpartition(".")
    values = signer.load_payload(payload.encode())
    forgeries = [token + "=", token[:-1], f".{token}", f"{token}.{signature}"]
    for letter in {*SECRET, *"暗号地虎的一是"}:
        for changed in (
            values | {"question": {"q": f'"暗号{letter}"', "mode": "keyword"}},
            values | {"offset": 0, "question": {"q": f"暗号{letter}"}},
        ):
            forgeries.append(f"{signer.dump_payload(changed).decode()}.{signature}")
            forgeries.append(other.dumps(changed))
    answers = set()
    for forged in forgeries:
        response = client.get("/api/v1/search", query_string={"cursor": forged})
        problem = json_of(response)
        assert response.status_code == 422
        answers.add((problem["detail"], problem["errors"][0]["reason"]))

    assert len(answers) == 1


def test_a_walk_over_writes_and_a_rebuild_goes_on_in_the_live_generation(
    service: SearchService, tmp_path: Path
) -> None:
    """A cursor cannot read what was written after its first page: the response has ``changed``."""
    client = client_of(service)
    first = ask(client, q=KNOWN, size=4)
    source = write_source(tmp_path / "b.jsonl", [with_a_secret()[7]])
    updates.add(service, [source], cleaning=ALL_CLEANING)
    rebuild(service, tmp_path, articles(20))

    pages = walk(client, first)[1:]

    assert {page["total"] for page in pages} == {20}
    assert ids(*pages) == ids(ask(client, q=KNOWN, size=20))[4:]
    assert all(page["changed"] for page in pages)


def test_every_process_of_a_state_takes_the_cursors_of_the_others(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The key lies in the state: made once, the same after a restart, another one in another state."""
    open_one = opener("embedded", request, tmp_path)
    before, beside = open_one(), open_one()
    rebuild(before, tmp_path, articles(30))
    token = ask(client_of(before), q=KNOWN, size=4)["cursor"]
    assert ask(client_of(beside), cursor=token)["results"]
    before.close()
    beside.close()
    after = open_one()
    elsewhere = opener("embedded", request, tmp_path / "elsewhere")()
    elsewhere.store.create()

    assert ask(client_of(after), cursor=token)["results"]
    assert client_of(elsewhere).get(f"/api/v1/search?cursor={token}").status_code == 422
    assert len({after.store.cursor_key, elsewhere.store.cursor_key, b""}) == 3
    after.close()
    elsewhere.close()


@given(data=st.data())
@examples(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_signed_cursor_reads_nothing_that_parameters_could_not(
    client: FlaskClient, indexed: tuple[SearchService, Settings], data: st.DataObject
) -> None:
    """Even with the key: an answer of the audience, a 422 or a 410, and no paid text."""
    service, _ = indexed
    public = service.reader(Audience.PUBLIC).generation
    members = service.reader(Audience.MEMBER).generation
    assert public != members
    fields = {
        "audience": st.sampled_from([one.label for one in Audience]),
        "generation": st.sampled_from([public, members, f"{public}x", "", "../x", "*", "public"]),
        "revision": st.sampled_from([0, 1]),
        "total": st.sampled_from([0, 5, 10**9]),
        "offset": st.sampled_from([0, 3, 999, 9_999, 10_000]),
        "question": st.fixed_dictionaries(
            {},
            optional={
                "q": st.sampled_from(["小区", f'"{SENTINEL}"', "电梯加装", "", "查" * 201]),
                "mode": st.sampled_from([*Mode, "x"]),
                "sort": st.sampled_from([*Sort, "x"]),
                "in": st.sampled_from(["title", "all"]),
                "size": st.sampled_from(["1", "100", "101", "0"]),
                "page": st.sampled_from(["2", "0"]),
                "audience": st.just("staff"),
            },
        ),
    }
    values = {name: data.draw(one) for name, one in fields.items()}
    left_out = data.draw(st.sampled_from([None, None, None, *fields]))
    values.pop(left_out or "", None)
    token = cursors._signer(service.store.cursor_key).dumps(values)

    response = client.get("/api/v1/search", query_string={"cursor": token})

    assert response.status_code in {200, 410, 422}
    assert SENTINEL not in response.get_data(as_text=True)
    if response.status_code == 200:
        assert (values["audience"], values["generation"]) == ("public", public)
        if SENTINEL in str(values["question"]):
            assert json_of(response)["total"] == 0
    elif response.status_code == 410:
        assert values["generation"] != public
