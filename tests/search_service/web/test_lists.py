"""Pages of lists, feeds, the sitemap, and what an article's page says to programs."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from flask.testing import FlaskClient

from indexer.build import generations
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.web.app import create_app
from search_service.web.pages import feeds
from tests.conftest import ALL_CLEANING, write_source

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
SECRET = "琉璃瓦当"
RECORDS: list[dict[str, Any]] = [
    {
        "id": f"n{n:02d}",
        "title": f"关于减负的通知{n} <b>&",
        "body": f"基层减负，措施{n}。",
        "category": ("通知/公告", "讲话", "")[n % 3],
        "author": "王 明" if n % 2 else "县委/办公室",
        "issuer": "清源县人民政府",
        "date": (f"2024-{n % 12 + 1:02d}-15", "2023", "")[n % 5 // 2],
        "views": 100 - n,
    }
    for n in range(50)
] + [
    {"id": "paid", "title": "预览文章", "body": f"公开的话。{SECRET}", "preview": "公开的话。",
     "category": "讲话", "date": "2024-12-31", "url": "/portal/paid.html", "kind": "意见"},
    {"id": "staff", "title": SECRET, "body": SECRET, "audience": "staff", "author": SECRET,
     "issuer": SECRET, "category": SECRET, "date": "2024-12-31", "views": 900},
]  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """Articles of three audiences."""
    folder: Path = tmp_path_factory.mktemp("lists")
    opened = open_service(read_settings(engine=f"embedded:{folder}/data", model="none"))
    source = write_source(folder / "a.jsonl", RECORDS)
    generations.rebuild(opened, [source], cleaning=ALL_CLEANING)
    yield opened
    opened.close()


@pytest.fixture
def guest(service: SearchService) -> FlaskClient:
    """A caller without a key."""
    return create_app(service, read_settings(model="none")).test_client()


def parsed(data: bytes) -> ET.Element:
    """The XML of an answer of ours."""
    return ET.fromstring(data)  # noqa: S314  (ours)


def titles(client: FlaskClient, path: str) -> list[str]:
    """The titles on a page of a list."""
    page = client.get(path).get_data(as_text=True)
    return re.findall(r'<span class="title">([^<]*)', page)


def feed_of(client: FlaskClient, path: str) -> ET.Element:
    """A feed that has what RFC 4287 requires."""
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "application/atom+xml")
    root = parsed(answer.data)
    assert root.tag == f"{ATOM}feed"
    for node in (root, *root.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(node.findall(f"{ATOM}{name}")) == 1
        assert urlsplit(str(node.findtext(f"{ATOM}id"))).scheme == "http"
        assert str(node.findtext(f"{ATOM}id")).isascii()
        assert datetime.fromisoformat(str(node.findtext(f"{ATOM}updated"))).tzinfo
        assert node.find(f"{ATOM}link[@rel='alternate']") is not None
    assert root.findtext(f"{ATOM}author/{ATOM}name")
    links = [one.get("href") for one in root.findall(f"{ATOM}link[@rel='self']")]
    assert links == [root.findtext(f"{ATOM}id")]
    ids = [one.findtext(f"{ATOM}id") for one in root.iter(f"{ATOM}entry")]
    assert len(ids) == len(set(ids))
    return root


def test_the_newest_are_listed_by_category(guest: FlaskClient) -> None:
    """Each category of the highest level with its newest articles, those of most articles first."""
    page = guest.get("/latest").get_data(as_text=True)
    assert re.findall(r"<h2>([^<]+)</h2>", page)[-2:] == ["讲话", "通知"]
    assert "更多 18 篇" in page
    assert titles(guest, "/latest")[0] == "预览文章"
    assert len(titles(guest, "/latest")) == 12


@pytest.mark.parametrize(
    ("path", "total"),
    [("/category/通知", 17), ("/category/通知/公告", 17), ("/author/王 明", 25),
     ("/author/县委/办公室", 25), ("/office/清源县人民政府", 50)],
)  # fmt: skip
def test_a_list_shows_every_article_once(guest: FlaskClient, path: str, total: int) -> None:
    """On pages of twenty, each with its own canonical address."""
    page = guest.get(path).get_data(as_text=True)
    assert f"共 <b>{total}</b> 篇" in page
    assert f'<link rel="canonical" href="http://localhost{quote(path)}">' in page
    seen = [title for n in (1, 2, 3) for title in titles(guest, f"{path}?page={n}")]
    assert len(seen) == len(set(seen)) == total
    assert "没有第 9 页" in guest.get(f"{path}?page=9").get_data(as_text=True)


@pytest.mark.parametrize("kind", ["author", "office", "category"])
def test_a_name_of_what_is_not_public_is_unknown(guest: FlaskClient, kind: str) -> None:
    """As one that nothing has."""
    known, unknown = (guest.get(f"/{kind}/{name}") for name in (SECRET, "瓦当琉璃"))
    assert known.status_code == unknown.status_code == 404
    assert known.data == unknown.data


def test_the_most_viewed_come_in_order(guest: FlaskClient) -> None:
    """By the source's numbers; without what guests may not see."""
    assert titles(guest, "/hottest")[:2] == [
        "关于减负的通知0 &lt;b&gt;&amp;",
        "关于减负的通知1 &lt;b&gt;&amp;",
    ]
    assert len(titles(guest, "/hottest?page=3")) == 10
    answer = guest.get("/api/v1/hottest?size=2&page=2").get_json()
    assert [(one["id"], one["views"]) for one in answer["results"]] == [("n02", 98), ("n03", 97)]
    assert guest.get("/api/v1/hottest?page=99999").status_code == 422


def test_feeds_are_valid_and_public(guest: FlaskClient) -> None:
    """Of everything, of a category, of a search with filters; those without a date are left out."""
    everything = feed_of(guest, "/feed.atom")
    entries = list(everything.iter(f"{ATOM}entry"))
    assert len(entries) == 30
    assert entries[0].findtext(f"{ATOM}title") == "预览文章"
    assert entries[0].findtext(f"{ATOM}summary") == "公开的话。"
    assert [link.get("href") for link in entries[0].iter(f"{ATOM}link")] == [
        "http://localhost/portal/paid.html"
    ]
    times = [one.findtext(f"{ATOM}updated") for one in entries]
    assert times == sorted(times, key=str, reverse=True)
    assert everything.findtext(f"{ATOM}updated") == times[0] == "2024-12-31T00:00:00+08:00"

    talks = feed_of(guest, "/feed.atom?category=讲话")
    assert {one.get("term") for one in talks.iter(f"{ATOM}category")} == {"讲话"}
    found = feed_of(guest, "/search.atom?q=减负&year=2023&page=7&from=wechat")
    assert {one.findtext(f"{ATOM}updated") for one in found.iter(f"{ATOM}entry")} == {
        "2023-01-01T00:00:00+08:00"
    }
    empty = feed_of(guest, f"/search.atom?q={SECRET}")
    assert not list(empty.iter(f"{ATOM}entry"))
    assert guest.get("/search.atom?q=减负").headers["X-Robots-Tag"] == "noindex"


def test_characters_that_xml_cannot_have_are_left_out(tmp_path: Path) -> None:
    """Whatever a source writes, a feed can be read."""
    service = open_service(read_settings(engine=f"embedded:{tmp_path}/data", model="none"))
    text = "控制\x0b符\ufffe ]]> &lt;\x1f"
    record = {"id": "a&<", "title": text, "body": text, "date": "2024", "author": text}
    generations.rebuild(
        service, [write_source(tmp_path / "a.jsonl", [record])], cleaning=ALL_CLEANING
    )
    client = create_app(service, read_settings(model="none")).test_client()
    feed_of(client, "/feed.atom")
    feed_of(client, "/search.atom?q=控制%0b")
    parsed(client.get("/sitemap.xml").data)
    service.close()


def test_the_sitemap_has_every_public_article(
    guest: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In parts if there are more than a file may have; robots.txt names it."""
    whole = {f"http://localhost/articles/n{n:02d}" for n in range(50)}
    whole |= {"http://localhost/articles/paid"}

    def read(path: str, item: str) -> list[str]:
        answer = guest.get(path)
        assert answer.mimetype == "application/xml"
        root = parsed(answer.data)
        assert root.tag == SITEMAP + ("urlset" if item == "url" else "sitemapindex")
        return [str(one.text) for one in root.findall(f"{SITEMAP}{item}/{SITEMAP}loc")]

    found = read("/sitemap.xml", "url")
    assert (set(found), len(found)) == (whole, 51)
    assert "\nSitemap: http://localhost/sitemap.xml\n" in guest.get("/robots.txt").text

    monkeypatch.setattr(feeds, "ADDRESSES", 20)
    parts = [
        read(part.removeprefix("http://localhost"), "url")
        for part in read("/sitemap.xml", "sitemap")
    ]
    assert [len(part) for part in parts] == [20, 20, 11]
    assert {address for part in parts for address in part} == whole


def test_an_article_says_what_it_is(guest: FlaskClient) -> None:
    """Canonical address, description, Open Graph and JSON-LD, of what guests may read."""
    page = guest.get("/articles/paid").get_data(as_text=True)
    assert '<link rel="canonical" href="http://localhost/portal/paid.html">' in page
    assert '<meta name="description" content="公开的话。">' in page
    assert '<meta property="og:title" content="预览文章">' in page
    assert SECRET not in page
    own = guest.get("/articles/n01").get_data(as_text=True)
    assert '<link rel="canonical" href="http://localhost/articles/n01">' in own
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page + own)
    paid, free = map(json.loads, blocks)
    assert (paid["headline"], paid["isAccessibleForFree"]) == ("预览文章", False)
    assert (free["headline"], free["isAccessibleForFree"]) == ("关于减负的通知1 <b>&", True)
    assert (free["@context"], free["@type"]) == ("https://schema.org", "Article")
    assert free["sourceOrganization"] == [{"@type": "Organization", "name": "清源县人民政府"}]
    assert free["creditText"] == "王 明"


def test_whole_addresses_have_the_scheme_that_visitors_use(service: SearchService) -> None:
    """A trusted proxy says whether it is https; nobody else may."""
    settings = read_settings(model="none", trusted_proxies="10.0.0.0/8")
    client = create_app(service, settings).test_client()

    def sitemap(address: str, sent: str) -> str:
        headers = {"Host": "www.example.gov.cn", "X-Forwarded-Proto": sent}
        environment = {"REMOTE_ADDR": address}
        return client.get("/robots.txt", headers=headers, environ_base=environment).text

    https = "Sitemap: https://www.example.gov.cn/sitemap.xml"
    assert https in sitemap("10.0.0.1", "https")
    assert https in sitemap("10.0.0.1", "http, https")
    for address, sent in (("192.0.2.1", "https"), ("10.0.0.1", "gopher"), ("10.0.0.1", "http")):
        assert "Sitemap: http://www.example.gov.cn/sitemap.xml" in sitemap(address, sent)
