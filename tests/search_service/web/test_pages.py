"""The pages over a real index: contents, ignored parameters, and texts that must not appear."""

import re
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from indexer.build import generations
from search_service.answers.page import Page, Reason
from search_service.answers.presentation import own_address
from search_service.model import View
from search_service.service import SearchService
from search_service.settings import Settings
from search_service.web.app import Example, create_app
from tests.conftest import ALL_CLEANING, write_source
from tests.support.hostile_articles import SENTINEL, json_of, open_over

PAGES = [
    "/",
    "/search",
    "/search?q=小区",
    "/articles/paid-1",
    "/precedents",
    "/help",
    "/advanced",
    "/nowhere",
]


def text_of(client: FlaskClient, path: str) -> str:
    """The page at a path."""
    return client.get(path).get_data(as_text=True)


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_safe_and_whole(client: FlaskClient, path: str) -> None:
    """Every page is Chinese, has headings and a search box, and no inline script or style."""
    response = client.get(path)
    page = response.get_data(as_text=True)

    assert '<html lang="zh-CN">' in page
    assert page.count("<h1") == 1
    assert 'name="q"' in page or path == "/precedents"
    assert not re.search(
        r"<script(?![^>]* (?:src=|type=.application/ld))|<style| style=| on\w+=\"", page
    )
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!localhost/)', page)
    assert "script" not in response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_home_shows_the_lists_of_the_portal(client: FlaskClient) -> None:
    """Home has the newest and the most read with code, title and date, and ways in with counts."""
    page = text_of(client, "/")

    assert "最新文件" in page
    assert "常读" in page
    assert re.search(r'class="code">[A-Z]\d+<', page)
    assert re.search(r"<time [^>]*>\d{4}-\d\d-\d\d</time>", page)
    assert re.search(r'/search\?category=[^"]+">经验材料 <span>\d+<', page)
    assert re.search(r'/search\?kind=[^"]+">通知 <span>\d+<', page)
    assert re.search(r'/search\?year=2024">2024 <span>\d+<', page)


def test_home_offers_examples_with_what_like_finds(
    indexed: tuple[SearchService, Settings],
) -> None:
    """An example is a link with its note and both counts."""
    example = Example(text="三無小區", note="繁体查简体", like_count=[0, 8, 9], found=[7, 8, 9])

    page = text_of(create_app(*indexed, examples=[example]).test_client(), "/")

    assert f'href="/search?q={quote("三無小區")}"' in page
    assert "繁体查简体" in page
    assert "0 篇" in page
    assert "7 篇" in page


def test_results_have_marks_dates_and_filters(client: FlaskClient) -> None:
    """A results page marks matches, shows years, and has check boxes for filters with their counts."""
    page = text_of(client, "/search?q=小区")

    assert "<mark>小区</mark>" in page
    assert re.search(r'value="[^"]*sort=oldest">最早<|href="[^"]*sort=oldest"[^>]*>最早<', page)
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\d">\d{4}-\d\d-\d\d</time>', page)
    for name, value in (("kind", "通知"), ("year", "2023"), ("level", "县")):
        box = rf'<input type="checkbox" name="{name}" value="{value}"> {value} <span>\d+</span>'
        assert re.search(box, page)
    assert re.search(r'href="/search\?q=[^"]*&amp;date_from=\d{4}-\d\d-\d\d"[^>]*>近一年<', page)


@pytest.mark.parametrize(
    "path",
    [
        "/search?q=小区&from=singlemessage&isappinstalled=0&wd=abc",
        "/search?q=小区&page=0",
        "/search?q=小区&page=-3&size=ten&mode=magic&sort=&in=&date_from=May",
        "/search?q=小区&page=1000000",
        "/search?q=小区&q=其他",
    ],
)
def test_what_a_page_cannot_use_is_ignored(client: FlaskClient, path: str) -> None:
    """Appended, bad and repeated parameters leave the first page of the plain search."""
    ids = re.findall(r'href="/articles/([^"#?]+)"', text_of(client, path))

    assert ids == re.findall(r'href="/articles/([^"#?]+)"', text_of(client, "/search?q=小区"))
    assert ids


def test_a_long_query_is_cut_with_a_note(client: FlaskClient) -> None:
    """A query is cut to 200 characters, and the page reports that."""
    response = client.get("/search?q=" + "小区治理" * 60)

    assert response.status_code == 200
    assert "已用前 200 字检索" in response.get_data(as_text=True)


def test_what_was_not_understood_is_said(client: FlaskClient) -> None:
    """A slip in the syntax is named above the results, in Chinese, and the words are searched."""
    page = client.get("/search?q=（小区 OR 物业").get_data(as_text=True)

    assert "括号没有配对，按词检索。" in page
    assert '<li class="hit">' in page


def test_the_metadata_that_a_query_names_are_shown(client: FlaskClient) -> None:
    """An author typed as a plain word is marked under the title, and in the answer of the API."""
    page = client.get("/search?q=贺启明 讲话").get_data(as_text=True)
    assert "<span>作者：<mark>贺启明</mark></span>" in page
    (first, *_) = client.get("/api/v1/search?q=贺启明 讲话").get_json()["results"]
    assert {"field": "author", "value": "贺启明"} in first["matched"]
    assert client.get("/api/v1/search?q=接诉即办").get_json()["results"][0]["matched"] == []


def test_dates_that_are_none_are_said_to_be(client: FlaskClient) -> None:
    """A date in an invalid format is ignored, and the page shows the valid formats."""
    page = text_of(client, "/search?q=小区&date_from=2023年13月")

    assert "请写成 2023、2023-05 或 2023-05-01" in page
    assert "已选条件" not in page


@pytest.mark.parametrize(
    ("full", "notice"), [(0, "没有一篇同时包含全部词"), (2, "部分结果没有包含全部词")]
)
def test_the_notice_of_a_relaxed_answer_fits_what_was_found(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, full: int, notice: str
) -> None:
    """The page reports that no article contains all words only if that is so."""
    answer = Page(total=5, results=(), reason=Reason.RELAXED, full=full)
    monkeypatch.setattr("search_service.web.pages.reader.search_articles", lambda *_: answer)

    shown = re.findall(r'class="notice">([^，。<]+)', text_of(client, "/search?q=小区 治理"))

    assert shown == [notice]


def test_nothing_found_helps_on(client: FlaskClient) -> None:
    """A page without results shows the query and suggests changes."""
    page = text_of(client, "/search?q=qzxjvw&mode=keyword&kind=通知")

    assert "没有找到“qzxjvw”" in page
    assert "去掉筛选条件</a>也没有" in page
    assert "也看意思相近的" in page


def test_what_no_word_finds_may_be_asked_by_meaning(client: FlaskClient) -> None:
    """If neither keyword nor semantic search has a confident match, the page offers semantic search only."""
    page = text_of(client, "/search?q=学校门口交通拥堵")
    assert "没有找到“学校门口交通拥堵”" in page
    (offered,) = re.findall(r'<a href="([^"]+)">只按意思找', page)
    assert "停车难" in text_of(client, offered.replace("&amp;", "&"))
    for nowhere in ("学校门口交通拥堵&in=title", "国办发〔2099〕7号", "“学校门口拥堵了”"):
        page = text_of(client, f"/search?q={nowhere}")
        assert "没有找到" in page
        assert "只按意思找" not in page


def test_a_page_behind_the_last_leads_back(client: FlaskClient) -> None:
    """Past the last page there is a link to the first."""
    page = text_of(client, "/search?q=三无小区&page=90")

    assert "没有第 90 页" in page
    assert "回到第 1 页" in page


def test_titles_are_escaped_everywhere(client: FlaskClient) -> None:
    """Markup in a title or an issuer is shown as text on every page and in highlights."""
    paths = [
        "/",
        "/search?q=注入防范",
        "/search",
        "/articles/markup-1",
        "/search?q=<script>alert(1)",
    ]
    for path in paths:
        page = text_of(client, path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    hit = json_of(client.get("/api/v1/search?q=注入防范"))["results"][0]

    assert hit["id"] == "markup-1"
    assert "&lt;script&gt;" in hit["highlights"]["title"]
    assert "<script>" not in hit["highlights"]["title"]


def test_results_open_the_portal_only_over_http(client: FlaskClient) -> None:
    """A web address of the source is the link; for any other our own page is."""
    portal = text_of(client, "/search?q=门户栏目调整&in=title")
    other = text_of(client, "/search?q=链接安全排查&in=title")

    assert 'href="https://portal.example.gov.cn/a/1.html?x=1&amp;y=2"' in portal
    assert "ftp:" not in other
    assert f'href="/articles/{quote("address/script 1")}"' in other


@pytest.mark.parametrize(
    ("url", "opens"),
    [
        ("https://portal.example.gov.cn/a/1.html", True),
        ("HTTP://portal.example.gov.cn/", True),
        ("/e/action/ShowInfo.php?id=1890", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt://portal.example.gov.cn/%0aalert(1)", False),
        ("//elsewhere.example/", False),
        ("/\\elsewhere.example/", False),
        ("data:text/html,x", False),
        ("article.html", False),
        ('https://a"onclick=alert(1)', False),
        ("", False),
    ],
)
def test_only_addresses_that_a_browser_may_open_become_links(url: str, *, opens: bool) -> None:
    """http, https and paths of the own host are links; scripts and other hosts' short forms are not."""
    view = View(id="1", title="通知", text="正文", url=url)

    assert own_address(view) == (url if opens else None)


def test_an_article_shows_its_gaps_and_where_to_log_in(client: FlaskClient) -> None:
    """A gapped article has its published length, visible gaps, the notice and related articles."""
    page = text_of(client, "/articles/paid-1")

    assert "<dt>篇幅</dt><dd>3,698 字</dd>" in page
    assert re.search(r'<p class="gap">此处约 3,670 字仅会员可读', page)
    assert "以上为免费阅读内容" in page
    assert "相关文章" in page


def test_an_article_says_what_it_took_from_its_text(client: FlaskClient, tmp_path: Path) -> None:
    """自文中 marks derived facts; relations and annexes are among them, escaped."""
    assert "自文中" in text_of(client, "/articles/paid-1")
    assert "自文中" not in text_of(client, "/articles/markup-1")

    text = (
        "本办法自2024年4月1日起施行，有效期5年。《旧<b>办法》同时废止。\n"
        "附件：登记表\n县物业局\n2024年3月5日"
    )
    record = {"id": "1", "title": "物业办法", "body": text, "date": "2024-03-09"}
    service, settings = open_over(tmp_path, model="none")
    generations.rebuild(
        service, [write_source(tmp_path / "a.jsonl", [record])], cleaning=ALL_CLEANING
    )
    page = text_of(create_app(service, settings).test_client(), "/articles/1")
    service.close()

    facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    for label, value in {
        "施行日期": "2024-04-01",
        "有效期": "5年",
        "废止": "旧&lt;b&gt;办法",
        "附件": "登记表",
    }.items():
        assert facts[label].startswith(value)
    assert {name for name, value in facts.items() if "自文中" in value} >= {"发文机关", "文种"}
    assert "自文中" not in facts["附件"]


def test_headings_of_an_article_are_headings(client: FlaskClient) -> None:
    """A line 一、… of a text is a heading of its page."""
    page = text_of(client, "/articles/20101")

    (key,) = re.findall(r'<h2 id="([^"]+)">一、院落样貌', page)
    assert re.search(rf'<li><a href="#{key}">一、院落样貌', page)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_precedents_show_passages_with_citation(client: FlaskClient, method: str) -> None:
    """A topic in the URL or in the form returns passages with marks, citation and position.

    The form leads to an address, which can be shared and reloaded.
    """
    given = {"text": "老旧小区物业管理", "kind": ["通知", "意见"], "role": "", "utm_source": "wx"}
    if method == "GET":
        response = client.get("/precedents", query_string=given)
    else:
        sent = client.post("/precedents", data=given)
        assert sent.status_code == 303
        address = unquote(sent.headers["Location"])
        assert address == "/precedents?kind=通知&kind=意见&text=老旧小区物业管理#results"
        response = client.get(address.partition("#")[0])
    page = response.get_data(as_text=True)

    assert response.status_code == 200
    assert '<blockquote class="copyable"' in page
    assert "《" in page
    assert re.search(r'href="/articles/[^"]+#p-[^"]+"', page)


def test_filters_of_precedents_are_kept(client: FlaskClient) -> None:
    """Several kinds and places; a place that is none is ignored."""
    asked = "/precedents?text=加强组织领导，落实经费&place=保障措施&kind=方案&kind=通知"
    page = text_of(client, asked)

    checked = re.findall(r'<input type="checkbox" name="([^"]*)" value="([^"]*)" checked>', page)
    assert set(checked) == {("place", "保障措施"), ("kind", "方案"), ("kind", "通知")}
    assert '<details class="limits" open>' in page
    assert page.count('class="card precedent"') > 0
    for address in ("/precedents", "/precedents?place=中间"):
        assert '<details class="limits">' in text_of(client, address)


def test_a_topic_says_how_little_is_close(client: FlaskClient) -> None:
    """Nothing is filled up."""
    assert "没有找到贴近的段落" in text_of(client, "/precedents?text=qzxjvw")
    assert "只找到" in text_of(client, "/precedents?text=老旧小区物业管理&size=100")
    assert "找到 1 段" in text_of(client, "/precedents?text=老旧小区物业管理&size=1")


def test_a_draft_is_shown_by_section(client: FlaskClient) -> None:
    """Below the form, which keeps it; nothing of it is in an address."""
    draft = (
        "一、小区治理\r\n推进老旧小区引入物业服务，成立业主委员会。\r\n二、结束\r\nqzxjvw "
        + "a " * 40
    )
    response = client.post("/precedents", data={"text": draft})
    page = response.get_data(as_text=True)

    assert response.status_code == 200
    assert page.count('<section class="section"') == len(re.findall(r'id="section-\d+"', page)) >= 1
    assert "已逐节找范例" in page
    assert "推进老旧小区引入物业服务，成立业主委员会。" in page


def test_a_draft_that_is_too_long_is_kept_in_the_form(client: FlaskClient) -> None:
    """More than 20,000 characters are not searched, not lost, and the limit is named."""
    page = client.post("/precedents", data={"text": "字" * 20_001}).get_data(as_text=True)

    assert "最多 20000 个" in page
    assert "字" * 20_001 in page


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/articles/none", 404), ("PUT", "/search", 405)],
)
def test_errors_of_pages_are_pages(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    """An error outside the API is a Chinese page with a search box."""
    response = client.open(path, method=method)

    assert (response.status_code, response.mimetype) == (status, "text/html")
    assert 'role="search"' in response.get_data(as_text=True)


def test_everything_lies_under_the_prefix(indexed: tuple[SearchService, Settings]) -> None:
    """With a prefix, all links, files and URLs are under it, except robots.txt."""
    service, settings = indexed
    app = create_app(service, settings.model_copy(update={"path_prefix": "/gw/so"}))
    client = app.test_client()

    for path in ("", "/", "/search?q=小区", "/articles/paid-1", "/precedents", "/nowhere"):
        links = re.findall(r'(?:href|src|action)="(/[^"]*)"', text_of(client, f"/gw/so{path}"))
        assert links
        assert all(link.startswith("/gw/so/") for link in links)
    with client.get("/gw/so/static/site.css") as sheet:
        assert sheet.status_code == 200
    found = json_of(client.get("/gw/so/api/v1/search?q=小区"))["results"]
    assert found[0]["url"].startswith("/gw/so/")
    assert client.get("/gw/so/api/v1/no").mimetype == "application/problem+json"
    assert client.get("/search?q=小区").status_code == 404
    assert client.get("/search", headers={"X-Forwarded-Prefix": "/evil"}).status_code == 404
    robots = text_of(client, "/robots.txt")
    closed = re.findall(r"^Disallow: (.*)$", robots, re.MULTILINE)
    assert closed == ["/gw/so/search", "/gw/so/precedents", "/gw/so/api/"]


def test_site_name_and_footer_come_from_settings(
    indexed: tuple[SearchService, Settings],
) -> None:
    """The site's name and footer come from the settings, escaped."""
    service, settings = indexed
    named = settings.model_copy(update={"site_name": "清河<公文>", "footer": "清河区政府办公室"})

    page = text_of(create_app(service, named).test_client(), "/")

    assert "清河&lt;公文&gt;" in page
    assert "清河区政府办公室" in page


def test_paid_text_reaches_no_public_answer(client: FlaskClient, app: Flask) -> None:
    """Neither body nor header of any public response contains or finds members' text."""
    answers = [
        client.get(path)
        for path in (
            "/",
            f"/search?q={SENTINEL[:4]}",
            "/search?q=电梯加装",
            "/articles/paid-1",
            f"/precedents?text={SENTINEL}",
            f"/api/v1/search?q={SENTINEL}&explain=1",
            "/api/v1/search?q=电梯加装&explain=1",
            "/api/v1/articles/paid-1",
            "/api/v1/articles/paid-1/related",
            "/api/v1/healthz",
            "/robots.txt",
        )
    ]
    answers.append(client.post("/api/v1/precedents", json={"text": f"电梯加装，{SENTINEL}"}))

    for answer in answers:
        # What the caller typed comes back; members' text goes on behind it.
        assert f"{SENTINEL}由专班掌握" not in answer.get_data(as_text=True)
        assert "不得外传" not in answer.get_data(as_text=True)
        assert "不得外传" not in str(answer.headers)
    found = json_of(client.get(f"/api/v1/search?q={SENTINEL}&mode=keyword"))
    assert found["total"] == 0
