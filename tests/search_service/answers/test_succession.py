"""What takes the place of what: linked both ways where it is certain, per audience."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from indexer import updates
from indexer.build import generations
from search_service.answers import browse
from search_service.answers.succession import relations
from search_service.model import Audience
from search_service.service import SearchService
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, Open, write_source

COUNTY, TOWN = "雁坪县人民政府", "雁坪县教育局"


def article(
    key: str, title: str, body: str = "第一条 为了规范管理，制定本办法。", **values: object
) -> dict[str, object]:
    """A record of the county."""
    return {
        "id": key,
        "title": title,
        "body": body,
        "issuer": COUNTY,
        "date": "2020-01-02",
        **values,
    }


def ended_by(name: str, **values: object) -> dict[str, object]:
    """A newer record whose text ends what it names."""
    given = {"title": "雁坪县校车安全管理办法", "date": "2022-05-06", **values}
    body = f"第一条 为了校车安全，制定本办法。\n第二条 本办法施行后，{name}同时废止。"
    return article("new", str(given.pop("title")), body, **given)


OLD = article("old", "雁坪县校车管理工作办法", document_number="雁政规〔2019〕7号")


def links(service: SearchService, key: str, audience: Audience = Audience.PUBLIC) -> set[str]:
    """The relations of an article: type and id."""
    stored = browse.article(service, key, audience)
    return {f"{one.type} {one.view.id}" for one in relations(service, stored, audience)}


@pytest.mark.parametrize(
    ("records", "is_linked"),
    [
        ([OLD, ended_by("《雁坪县校车管理工作办法》（雁政规〔2019〕7号）")], True),
        ([OLD, ended_by("《雁坪县校车管理工作办法》（雁政规[2019] 第7号）", issuer=TOWN)], True),
        ([OLD, ended_by("《雁坪县校车管理工作办法》")], True),
        ([OLD, ended_by("《关于校车的办法》（雁政规〔2019〕7号）")], True),
        # Another number, another issuer, another title, an older one, its own name: not certain.
        ([OLD, ended_by("《雁坪县校车管理工作办法》（雁政规〔2018〕7号）")], False),
        ([OLD, ended_by("《雁坪县校车管理工作办法》", issuer=TOWN)], False),
        ([OLD, ended_by("《雁坪县校车管理办法》")], False),
        ([OLD, ended_by("《雁坪县校车管理工作办法》", date="2019-12-31")], False),
        # One title of two documents.
        ([OLD, {**OLD, "id": "twin", "document_number": "雁政规〔2018〕7号"},
          ended_by("《雁坪县校车管理工作办法》")], False),
        # What is not the office's own title: a notice that issues it.
        ([{**OLD, "title": f"{COUNTY}关于印发《雁坪县校车管理工作办法》的通知"},
          ended_by("《雁坪县校车管理工作办法》")], True),
        # From the source: an id, a number, a title; either way.
        ([OLD, ended_by("", replaces=["old"])], True),
        ([OLD, ended_by("", replaces="雁政规〔2019〕7号", issuer=TOWN)], True),
        ([{**OLD, "replaced_by": "new"}, ended_by("")], True),
        ([{**OLD, "replaced_by": ["雁坪县校车安全管理办法"]}, ended_by("", issuer=TOWN)], True),
        ([{**OLD, "replaced_by": ["nobody"]}, ended_by("")], False),
    ],
)  # fmt: skip
def test_both_are_linked_where_it_is_certain(
    open_named: Open, tmp_path: Path, records: list[dict[str, object]], *, is_linked: bool
) -> None:
    """By number, or by title and issuer, or because the source says so; and only then."""
    service = open_named("index")
    source = write_source(tmp_path / "a.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)

    assert links(service, "old") == ({"replaced_by new"} if is_linked else set())
    assert links(service, "new") == ({"replaces old"} if is_linked else set())


def test_a_decision_that_only_repeals_takes_no_place(open_named: Open, tmp_path: Path) -> None:
    """Its relation has another name; and it is gone with the article that states it."""
    service = open_named("index")
    decision = ended_by("《雁坪县校车管理工作办法》", title=f"{COUNTY}关于废止部分文件的决定")
    generations.rebuild(service, [write_source(tmp_path / "a.jsonl", [OLD])], cleaning=ALL_CLEANING)
    assert links(service, "old") == set()
    updates.add(service, [write_source(tmp_path / "b.jsonl", [decision])], cleaning=ALL_CLEANING)
    assert links(service, "old") == {"repealed_by new"}
    assert links(service, "new") == {"repeals old"}
    service.store.hidden.hide("new")
    assert links(service, "old") == set()


def test_what_only_the_paid_text_says_is_not_said_to_guests(
    open_named: Open, tmp_path: Path
) -> None:
    """Neither in the article that ends another, nor in the other one."""
    service = open_named("index")
    new = ended_by("《雁坪县校车管理工作办法》", preview="第一条 为了校车安全，制定本办法。")
    generations.rebuild(
        service, [write_source(tmp_path / "a.jsonl", [OLD, new])], cleaning=ALL_CLEANING
    )
    for key in ("old", "new"):
        assert links(service, key) == set()
        assert links(service, key, Audience.MEMBER)


@pytest.fixture
def pages(open_named: Open, tmp_path: Path) -> FlaskClient:
    """The pages over an article that another one ends."""
    service = open_named("index")
    records = [OLD, ended_by("《雁坪县校车管理工作办法》", document_number="雁政规〔2022〕3号")]
    source = write_source(tmp_path / "a.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    settings = read_settings(engine=f"embedded:{tmp_path}/index")
    return create_app(service, settings).test_client()


def test_the_pages_link_both_ways(pages: FlaskClient) -> None:
    """A banner in the old document, and a line in the new one; in the API as values."""
    old = pages.get("/articles/old").get_data(as_text=True)
    assert "本文件已废止，由<a" in old
    assert '<a href="/articles/new">《雁坪县校车安全管理办法》</a>（雁政规〔2022〕3号）取代' in old
    new = pages.get("/articles/new").get_data(as_text=True)
    assert (
        '取代：<a href="/articles/old">《雁坪县校车管理工作办法》</a>（雁政规〔2019〕7号）' in new
    )
    (relation,) = pages.get("/api/v1/articles/old").get_json()["relations"]
    assert (relation["type"], relation["id"], relation["from_text"]) == ("replaced_by", "new", True)


def test_a_list_of_results_says_what_replaced_one(pages: FlaskClient) -> None:
    """A tag and a link to the successor, although the source says nothing; the new document has none."""
    page = pages.get("/search?q=校车").get_data(as_text=True)

    new, old = sorted(page.split('<li class="hit">')[1:], key=lambda hit: "工作办法" in hit[:200])
    assert '<span class="status void">已废止</span>' in old
    assert (
        '由<a href="/articles/new">《雁坪县校车安全管理办法》</a>（雁政规〔2022〕3号）取代' in old
    )
    assert "已废止" not in new
