"""The search box and the related articles in the page of a portal, of another origin, in a real Chromium."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from search_service.service import SearchService
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.support.servers import served

pytestmark = pytest.mark.browser
# A page in GBK with a style for everything, names in the window, and a plain form in the place of the box.
OLD_PAGE = """<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset=gbk">
<title>某县公文之窗</title><style>
* { font: 9px/9px serif; color: red; text-transform: uppercase; }
div, input, button, form, h2, ul, li, a, section {
  display: none !important; float: right; width: 9px !important; }
div.shown { display: block !important; width: auto !important; float: none; }
</style><script>
var $ = function () {}, jQuery = $, script = 1, start = 1, found = 1, recent = 1, STYLE = 1;
Array.prototype.contains = function () {}; Object.prototype.extended = function () {};
window.onload = function () { window.loaded = document.querySelector("#so").shadowRoot === null; };
</script></head><body>
<script src="%(service)s/embed/search.js" data-target="#so"%(search)s></script>
<div id="so" class="shown"><form action="/plain"><input name="q"></form></div>
<h1>关于公文的网页</h1>
<div id="related" class="shown"></div>
<script src="%(service)s/embed/related.js" async data-target="#related"%(related)s></script>
</body></html>"""


class Portal:
    """A server of such pages; ``attributes``: of the scripts; ``asked``: the addresses it was asked for."""

    def __init__(self) -> None:
        self.service = ""
        self.attributes = {"search": "", "related": ""}
        self.asked: list[str] = []
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                portal.asked.append(self.path)
                page = OLD_PAGE % {"service": portal.service, **portal.attributes}
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=gbk")
                self.end_headers()
                self.wfile.write(page.encode("gbk"))

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture(scope="module")
def both(sample_service: SearchService) -> Iterator[Portal]:
    """A portal, and the service that lists its origin, on two ports."""
    portal = Portal()
    threading.Thread(target=portal.server.serve_forever, daemon=True).start()
    app = create_app(sample_service, read_settings(embed_origins=portal.address))
    portal.service = served(app)
    yield portal
    portal.server.shutdown()
    portal.server.server_close()


@pytest.fixture
def portal(both: Portal) -> Portal:
    """Without attributes of its own."""
    both.attributes = {"search": "", "related": ""}
    both.asked.clear()
    return both


@pytest.fixture
def visit(chromium: Any, portal: Portal, width: int) -> Iterator[Any]:
    """A fresh page for the portal, in which nothing may fail."""
    context = chromium.new_context(viewport={"width": width, "height": 740}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(10_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def test_the_box_suggests_and_is_used_by_keyboard(visit: Any, portal: Portal, width: int) -> None:
    """Typed, walked through by arrows, chosen by Enter: our page of results, in UTF-8 from a page in GBK."""
    visit.goto(f"{portal.address}/")
    box = visit.get_by_role("combobox", name="检索公文")
    box.fill("营商")
    option = visit.get_by_role("option", name="营商环境", exact=False).first
    option.wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    assert visit.evaluate("document.documentElement.scrollWidth") <= width

    shown = visit.get_by_role("option")
    names = [shown.nth(place).inner_text().split("\n")[0] for place in range(shown.count())]
    for _ in range(names.index("营商环境") + 1):
        box.press("ArrowDown")
    assert box.input_value() == "营商环境"
    active = box.get_attribute("aria-activedescendant")
    assert visit.locator(f"#{active}").get_attribute("aria-selected") == "true"
    box.press("Enter")

    visit.wait_for_url(f"{portal.service}/search?**")
    assert parse_qs(urlsplit(visit.url).query)["q"] == ["营商环境"]


def test_escape_closes_the_list_and_keeps_what_was_typed(visit: Any, portal: Portal) -> None:
    """As on our pages."""
    visit.goto(f"{portal.address}/")
    box = visit.get_by_role("combobox", name="检索公文")
    box.fill("营商")
    visit.get_by_role("option").first.wait_for()
    box.press("ArrowDown")
    box.press("Escape")

    assert box.input_value() == "营商"
    assert box.get_attribute("aria-expanded") == "false"


def test_results_and_articles_open_where_the_portal_says(visit: Any, portal: Portal) -> None:
    """Its own page of results and of an article, by its templates."""
    portal.attributes["search"] = ' data-results="/so?w={query}" data-link="/show?id={id}"'
    visit.goto(f"{portal.address}/")
    box = visit.get_by_role("combobox", name="检索公文")
    box.fill("小区 & 物业")
    box.press("Enter")
    visit.wait_for_url("**/so?**")
    assert parse_qs(urlsplit(visit.url).query) == {"w": ["小区 & 物业"]}

    box = visit.get_by_role("combobox", name="检索公文")
    box.fill("b1890")
    visit.get_by_role("option", name="B1890").click()  # not what was searched before
    visit.wait_for_url("**/show?id=*")
    assert urlsplit(visit.url).netloc == urlsplit(portal.address).netloc


def test_neither_style_reaches_the_other(visit: Any, portal: Portal, width: int) -> None:
    """The portal hides inputs and paints in red at 9 px; the box looks as it should, or as variables say."""
    visit.goto(f"{portal.address}/")
    box = visit.get_by_role("combobox", name="检索公文")
    box.wait_for()
    style = "one => { const s = getComputedStyle(one); return [s.fontSize, s.color, s.height]; }"
    assert box.evaluate(style) == ["16px", "rgb(31, 35, 41)", "44px"]
    assert box.bounding_box()["width"] > width / 3
    visit.evaluate("document.documentElement.style.setProperty('--gongwen-ink', 'rgb(1, 2, 3)')")
    assert box.evaluate(style)[1] == "rgb(1, 2, 3)"
    assert visit.locator("h1").evaluate("one => getComputedStyle(one).fontSize") == "9px"


def test_nothing_runs_before_the_page_has_loaded(visit: Any, portal: Portal) -> None:
    """The portal's own load handler still finds its page as it wrote it."""
    visit.goto(f"{portal.address}/")
    visit.get_by_role("combobox", name="检索公文").wait_for()

    assert visit.evaluate("window.loaded") is True


@pytest.mark.parametrize(
    ("attributes", "path"),
    [(' data-article="20201"', "/"), ("", "/show.asp?id=20201"), ("", "/2024/20201.html")],
    ids=["attribute", "parameter", "path"],
)
def test_related_articles_are_of_the_article_of_the_page(
    visit: Any, portal: Portal, attributes: str, path: str
) -> None:
    """By the attribute or the address; with links to our pages, or the portal's."""
    portal.attributes["related"] = attributes + ' data-link="/show?id={id}" data-heading="另请参阅"'
    visit.goto(f"{portal.address}{path}")
    region = visit.get_by_role("region", name="另请参阅")
    links = region.get_by_role("link")
    links.first.wait_for()

    assert 1 <= links.count() <= 6
    with visit.expect_navigation():
        links.first.focus()
        visit.keyboard.press("Enter")
    assert visit.url.startswith(f"{portal.address}/show?id=")


def test_without_related_articles_nothing_appears(visit: Any, portal: Portal) -> None:
    """An unknown article leaves the portal's page as it is."""
    portal.attributes["related"] = ' data-article="no-such-article"'
    with visit.expect_response("**/related?size=6") as answered:
        visit.goto(f"{portal.address}/")

    assert answered.value.status == 404
    assert visit.locator("#related").evaluate("one => one.shadowRoot") is None


def test_another_portal_may_not_read(visit: Any, portal: Portal) -> None:
    """From an origin that is not listed the box is a plain one, without suggestions."""
    visit.goto(portal.address.replace("127.0.0.1", "localhost"))
    box = visit.get_by_role("combobox", name="检索公文")
    with visit.expect_event("requestfailed", lambda request: "/suggest?" in request.url):
        box.fill("营商")

    assert visit.get_by_role("option").count() == 0
    box.press("Enter")
    visit.wait_for_url(f"{portal.service}/search?**")


def test_without_scripts_the_plain_form_of_the_portal_is_there(
    chromium: Any, portal: Portal
) -> None:
    """What the portal wrote into the place of the box."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{portal.address}/")

    assert page.locator("#so form input[name=q]").count() == 1
    context.close()
