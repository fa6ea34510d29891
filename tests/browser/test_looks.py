"""What every page must be: readable for everybody, light and dark, small; and the pictures of the README.

``make screenshots`` writes these again, at other times they are only looked at.
"""

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import assert_fits
from tests.support.paths import ROOT

pytestmark = pytest.mark.browser
PAGES = [
    "/",
    "/help",
    "/advanced?words=",
    "/search",
    "/search?q=小区",
    "/search?q=小区&kind=通知#filters",
    "/search?q=qzxjvw&mode=keyword&kind=讲话",
    "/search?q=三无小区&page=90",
    "/search?q=清源县人民政府",
    "/search?q=小区 鹦鹉螺",
    "/articles/20123?rule=300#contents",
    "/articles/20101",
    "/articles/20102#contents",
    "/articles/20132",
    "/precedents?text=老旧小区物业",
    "/outlines?q=营商环境&kind=方案",
    "/headings?q=保障",
    "/phrases?q=营商环境",
    "/nowhere",
]
# Bytes of a page of results with its styles, scripts and icon, compressed.
BUDGET = 60_000


@pytest.fixture(params=["light", "dark"])
def looked_at(
    request: pytest.FixtureRequest, chromium: Any, address: str, width: int
) -> Iterator[Any]:
    """A page with script whose system is light or dark."""
    context = chromium.new_context(
        base_url=address,
        viewport={"width": width, "height": 740},
        color_scheme=request.param,
        has_touch=width < 960,
        locale="zh-CN",
    )
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    yield opened
    context.close()


def test_no_page_has_a_barrier(looked_at: Any, width: int) -> None:
    """No violation of what axe can check: contrast, names, order, roles; and nothing scrolls sideways."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe").Axe()
    found = []
    for path in PAGES:
        looked_at.goto(path)
        assert_fits(looked_at, width)
        for one in axe.run(looked_at).response["violations"]:
            found += [(path, one["id"], node["html"][:120]) for node in one["nodes"]]

    assert found == []


def test_dark_follows_the_system_or_a_choice(chromium: Any, address: str) -> None:
    """A choice at the foot of a page holds for all pages, with and without script."""
    ground = "getComputedStyle(document.body).backgroundColor"
    for script in (True, False):
        context = chromium.new_context(base_url=address, java_script_enabled=script)
        page = context.new_page()
        page.goto("/help")
        light = page.evaluate(ground)
        page.emulate_media(color_scheme="dark")
        dark = page.evaluate(ground)
        assert light != dark
        page.emulate_media(color_scheme="light")
        page.get_by_role("button", name="深色").click()
        page.get_by_role("button", name="✓ 深色").wait_for()
        assert page.url.endswith("/help")
        page.goto("/search?q=小区")
        assert page.evaluate(ground) == dark
        page.get_by_role("button", name="浅色").click()
        page.get_by_role("button", name="✓ 浅色").wait_for()
        assert page.evaluate(ground) == light
        context.close()


def test_forced_colours_show_what_is_chosen(chromium: Any, address: str) -> None:
    """Where the system paints, a chosen thing has an outline and buttons have an edge."""
    context = chromium.new_context(
        base_url=address, forced_colors="active", viewport={"width": 1280, "height": 740}
    )
    page = context.new_page()
    page.goto("/search?q=小区&kind=通知")
    style = "e => [getComputedStyle(e).outlineStyle, getComputedStyle(e).borderTopStyle]"
    assert page.locator(".order [aria-current]").evaluate(style)[0] == "solid"
    assert page.locator(".filters label:has(:checked)").first.evaluate(style)[0] == "solid"
    assert page.locator(".box > button").evaluate(style)[1] == "solid"
    context.close()


def test_a_page_of_results_is_small(chromium: Any, address: str) -> None:
    """All that a browser loads for it, compressed, is within the budget."""
    context = chromium.new_context(base_url=address)
    page = context.new_page()
    answers: list[Any] = []

    def keep(answer: Any) -> None:
        answers.append(answer)

    page.on("response", keep)
    page.goto("/search?q=小区", wait_until="networkidle")
    sizes = {one.url: len(gzip.compress(one.body(), 4)) for one in answers}
    context.close()

    assert {url.split("?")[0].rsplit("/", 1)[1] for url in sizes} >= {
        "search",
        "site.css",
        "site.js",
    }
    assert sum(sizes.values()) <= BUDGET


# Name -> (path, width, height, scheme).
PICTURES = {
    "screenshot": ("/search?q=小区没人管怎么办", 1280, 800, "light"),
    "screenshot-article": ("/articles/20102", 1280, 800, "light"),
    "screenshot-phone": ("/search?q=小区没人管怎么办", 360, 740, "dark"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_readme_has_a_picture(chromium: Any, address: str, tmp_path: Path, name: str) -> None:
    """A picture of each page is small enough for a README, which shows it."""
    path, width, height, scheme = PICTURES[name]
    folder = ROOT / "docs" if os.environ.get("GONGWEN_TEST_SCREENSHOTS") else tmp_path
    context = chromium.new_context(
        base_url=address,
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        has_touch=width < 960,
    )
    page = context.new_page()
    page.goto(path)
    assert page.locator("h1").count() == 1
    page.screenshot(path=folder / f"{name}.png")
    context.close()

    assert (folder / f"{name}.png").stat().st_size < 250_000
    for readme in ("README.md", "README.en.md"):
        assert f"docs/{name}.png" in (ROOT / readme).read_text(encoding="utf-8")
