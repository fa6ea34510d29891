"""A reader's way through the pages in a real Chromium: a phone and a desk, with and without script."""

import re
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def assert_fits(page: Any, width: int) -> None:
    """Nothing stands out sideways, and no field makes a phone zoom in."""
    shown = page.evaluate("document.documentElement.scrollWidth")
    sizes = page.locator("input:visible, textarea:visible").evaluate_all(
        "fields => fields.map(field => parseFloat(getComputedStyle(field).fontSize))"
    )
    assert shown <= width
    assert all(size >= 16 for size in sizes)


def ask(page: Any, text: str) -> None:
    """Type a question into the box of the page and send it."""
    page.locator("#q").fill(text)
    page.get_by_role("button", name="搜索").click()
    page.wait_for_url("**/search?**")


def test_a_reader_searches_filters_pages_opens_and_follows(page: Any, width: int) -> None:
    """Type, see marked results, filter, page, open, follow a related article; it fits throughout."""
    page.goto("/")
    assert_fits(page, width)

    ask(page, "群众")
    total = int(page.locator(".count b").inner_text())
    assert total > 10
    assert page.locator(".hit mark").first.inner_text() == "群众"
    assert_fits(page, width)

    if width < 960:  # filters fold away on a phone
        page.get_by_text("筛选", exact=True).click()
    assert_fits(page, width)
    page.locator(".filters").get_by_role("link", name=re.compile("^通知公告")).click()
    page.wait_for_url("**category=**")
    filtered = int(page.locator(".count b").inner_text())
    assert 0 < filtered < total
    page.locator(".chips.active a").first.click()
    assert int(page.locator(".count b").inner_text()) == total

    first = page.locator(".hit h2").first.inner_text()
    page.get_by_role("link", name="下一页").click()
    page.wait_for_url("**page=2**")
    assert page.locator(".hit h2").first.inner_text() != first
    assert_fits(page, width)

    page.locator(".hit h2 a").first.click()
    page.wait_for_url("**/articles/**")
    title = page.locator("h1").inner_text()
    assert_fits(page, width)

    page.locator(".related a").first.click()
    page.wait_for_load_state()
    assert page.locator("h1").inner_text() != title
    assert_fits(page, width)


def test_switches_keep_the_question(page: Any, width: int) -> None:
    """精确 and 标题 are one touch each, say which is on, and keep what was typed."""
    page.goto("/search?q=小区治理")

    page.get_by_role("link", name="精确", exact=True).click()
    page.wait_for_url("**mode=keyword**")
    page.get_by_role("link", name="标题", exact=True).click()
    page.wait_for_url("**in=title**")

    assert page.locator(".switch [aria-current]").all_inner_texts() == ["精确", "标题", "相关"]
    assert page.locator("#q").input_value() == "小区治理"
    assert_fits(page, width)


def test_the_first_question_may_be_exact_and_of_titles(page: Any, width: int) -> None:
    """The home page offers both choices before anything was asked."""
    page.goto("/")

    page.locator("label", has_text="精确").click()
    page.locator("label", has_text="标题").click()
    ask(page, "通知")

    assert "mode=keyword" in page.url
    assert "in=title" in page.url
    assert page.locator(".hit h2 mark").count() > 0


def test_an_example_finds_what_it_promises(page: Any, width: int) -> None:
    """Each example of the home page leads to as many results as stand beside it."""
    page.goto("/")
    rows = page.locator(".examples tbody tr")
    promised = [
        (rows.nth(place).locator("a").get_attribute("href"), rows.nth(place).locator(".found").inner_text())
        for place in range(rows.count())
    ]  # fmt: skip

    for href, count in promised:
        page.goto(href)
        assert f"{page.locator('.count b').inner_text()} 篇" == count
    assert len(promised) == 5


def test_years_narrow_the_dates(page: Any, width: int) -> None:
    """A range of years typed into the filter leaves articles of those years."""
    page.goto("/search?q=工作")
    if width < 960:
        page.get_by_text("筛选", exact=True).click()

    page.locator("#date_from").fill("2023")
    page.locator("#date_to").fill("2024")
    page.get_by_role("button", name="确定").click()
    page.wait_for_url("**date_from=2023**")

    dates = page.locator(".hit time").all_inner_texts()
    assert dates
    assert {date[:4] for date in dates} <= {"2023", "2024"}


def test_a_drafter_finds_and_copies_a_passage(
    page: Any, width: int, request: pytest.FixtureRequest
) -> None:
    """A topic gives passages; with script a button copies one with its citation, else one click
    selects it; the link beside it opens the place in its article.
    """
    page.goto("/precedents")
    page.get_by_label("题目或草稿").fill("推进老旧小区引入物业服务")
    page.get_by_role("button", name="找段落").click()
    passage = page.locator(".precedent").first
    text = passage.locator("blockquote").inner_text().strip()
    assert_fits(page, width)

    if "no-script" in request.node.callspec.id:
        assert passage.locator(".copy").is_hidden()
        assert (
            passage.locator("blockquote").evaluate("e => getComputedStyle(e).userSelect") == "all"
        )
    else:
        passage.locator(".copy").click()
        passage.get_by_text("已复制").wait_for()
    passage.get_by_role("link", name="看上下文").click()
    page.wait_for_url("**/articles/**")
    key = page.url.rpartition("#")[2]
    line = text.splitlines()[0][:20]
    assert (
        line
        in page.locator(
            f"p:has(#{key}), h2:has(#{key}), h3:has(#{key}), h4:has(#{key})"
        ).inner_text()
    )
    assert_fits(page, width)


def test_the_keyboard_reaches_the_text_and_the_box(page: Any, width: int) -> None:
    """The first stop of the keyboard skips to the text; Enter in the box asks."""
    page.goto("/search?q=小区")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "跳到正文"

    page.locator("#q").fill("河长制")
    page.locator("#q").press("Enter")
    page.wait_for_url("**q=%E6%B2%B3**")

    assert page.locator(".hit mark").first.inner_text() == "河长制"


@pytest.mark.parametrize("path", ["/search?q=qzxjvw", "/search?q=" + "长" * 150, "/precedents"])
def test_odd_pages_fit_too(page: Any, width: int, path: str) -> None:
    """Nothing found, a long word, an empty form: no page scrolls sideways."""
    page.goto(path)

    assert_fits(page, width)


def test_the_box_offers_what_is_meant(
    page: Any, width: int, request: pytest.FixtureRequest
) -> None:
    """Typing opens a list that the keyboard walks through and that a reader of screens is told of;
    without script the box is a plain one.
    """
    page.goto("/")
    box = page.locator("#q")
    if "no-script" in request.node.callspec.id:
        assert box.get_attribute("role") is None
        assert page.get_by_role("searchbox").count() == 1
        return
    box.press_sequentially("yingshang")
    options = page.get_by_role("option")
    options.first.wait_for()
    assert box.get_attribute("role") == "combobox"
    assert box.get_attribute("aria-expanded") == "true"
    assert options.count() <= 10
    assert_fits(page, width)

    box.press("ArrowDown")
    active = page.locator(f"#{box.get_attribute('aria-activedescendant')}")
    assert active.get_attribute("aria-selected") == "true"
    assert box.input_value() in active.inner_text()
    box.press("ArrowUp")
    assert box.input_value() == "yingshang"
    box.press("ArrowUp")
    assert options.last.get_attribute("aria-selected") == "true"
    box.press("Escape")
    assert page.get_by_role("listbox").count() == 0
    assert box.get_attribute("aria-expanded") == "false"
    assert box.input_value() == "yingshang"

    box.fill("ying")
    options.first.wait_for()
    hurried = """box => {
        box.value = "yingshang";
        box.dispatchEvent(new InputEvent("input", { bubbles: true }));
        for (const key of ["ArrowDown", "ArrowUp"]) box.dispatchEvent(new KeyboardEvent("keydown", { key }));
        return box.value;
    }"""
    assert box.evaluate(hurried) == "yingshang", "typed on while the list was of fewer letters"


def test_a_suggested_title_opens_and_a_suggested_term_asks(page: Any, width: int) -> None:
    """Enter on a title opens its article, a press on a word asks for it; the options keep as chosen."""
    page.goto("/search?q=工作&mode=keyword")
    if page.locator("#q").get_attribute("role") is None:
        assert page.locator(".suggestions").count() == 0
        return
    page.locator("#q").fill("营商")
    title = page.get_by_role("option").filter(has_text="标题").first
    title.wait_for()
    name = title.locator("span").first.inner_text()
    while page.locator("#q").input_value() != name:
        page.locator("#q").press("ArrowDown")
    page.locator("#q").press("Enter")
    page.wait_for_url("**/articles/**")
    assert page.locator("h1").inner_text() == name

    page.goto("/search?q=工作&mode=keyword")
    page.locator("#q").fill("物业")
    term = page.get_by_role("option").filter(has_text="词语").first
    term.wait_for()
    word = term.locator("span").first.inner_text()
    term.click()
    page.wait_for_url("**/search?**")
    assert page.locator("#q").input_value() == word
    assert "mode=keyword" in page.url
    assert page.locator(".hit").count() > 0


def test_a_slip_is_mended_by_one_touch(page: Any, width: int) -> None:
    """What was probably meant stands above the results as a link, which asks it."""
    page.goto("/search?q=营伤环境&mode=keyword")
    assert_fits(page, width)
    page.locator(".meant").get_by_role("link", name="营商环境", exact=True).click()
    page.wait_for_url("**q=%E8%90%A5%E5%95%86**")
    assert page.locator(".hit mark").first.inner_text() == "营商环境"
    assert page.locator(".meant").count() == 0
