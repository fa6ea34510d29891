"""A reader's way through the pages in a real Chromium: a phone and a desk, with and without script."""

import re
from typing import Any

import pytest

from tests.browser.conftest import assert_fits

pytestmark = pytest.mark.browser


def total_of(page: Any) -> int:
    """The articles of both groups."""
    return sum(map(int, page.locator(".count b").all_inner_texts()))


def open_filters(page: Any, width: int) -> None:
    """On a phone they are in a sheet that a button at the foot opens."""
    if width < 960:
        page.locator(".dock").get_by_role("link", name=re.compile("^筛选")).click()
    assert page.locator(".filters").is_visible()


def apply(page: Any, width: int) -> None:
    """A filter applies at once at a desk with script; else by the button."""
    scripted = page.locator("form.facets.at-once").count()
    if width < 960 or not scripted:
        page.locator(".apply button").click()
    page.wait_for_load_state()


def ask(page: Any, text: str) -> None:
    """Type a question into the box of the page and send it."""
    page.locator("#q").fill(text)
    page.get_by_role("button", name="检索").click()
    page.wait_for_url("**/search?**")


def test_a_reader_searches_filters_pages_opens_and_follows(page: Any, width: int) -> None:
    """Type, see marked results, filter, page, open, follow a related article; it fits throughout."""
    page.goto("/")
    assert_fits(page, width)

    ask(page, "群众")
    total = total_of(page)
    assert total > 10
    assert page.locator(".hit mark").first.inner_text() == "群众"
    assert_fits(page, width)

    open_filters(page, width)
    assert_fits(page, width)
    page.locator(".filters").get_by_role("checkbox", name=re.compile("^通知公告")).click()
    apply(page, width)
    page.wait_for_url("**category=**")
    filtered = total_of(page)
    assert 0 < filtered < total
    page.locator(".chips.active a").first.click()
    assert total_of(page) == total

    first = page.locator(".hit h3").first.inner_text()
    page.get_by_role("link", name="下一页").click()
    page.wait_for_url("**page=2**")
    assert page.locator(".hit h3").first.inner_text() != first
    assert_fits(page, width)

    page.locator(".hit h3 a").first.click()
    page.wait_for_url("**/articles/**")
    title = page.locator("h1").inner_text()
    assert_fits(page, width)

    page.locator(".related a").first.click()
    page.wait_for_load_state()
    assert page.locator("h1").inner_text() != title
    assert_fits(page, width)


def test_scope_and_order_keep_the_question(page: Any, width: int) -> None:
    """Only titles, only in full, newest first: each keeps what was typed and says that it is on."""
    page.goto("/search?q=小区治理")
    everything = total_of(page)

    open_filters(page, width)
    page.get_by_label("只看原文相符").click()
    apply(page, width)
    page.wait_for_url("**mode=keyword**")
    assert total_of(page) < everything
    open_filters(page, width)
    assert page.get_by_label("只看原文相符").is_checked()
    page.get_by_label("只找标题").click()
    apply(page, width)
    page.wait_for_url("**in=title**")
    page.goto("/search?q=小区")
    order = page.locator(".dock" if width < 960 else ".order")
    order.get_by_role("link", name=re.compile("最新")).click()
    page.wait_for_url("**sort=date**")

    assert page.locator("#q").input_value() == "小区"
    for group in page.locator(".group").all():
        dates = group.locator(".hit time").all_inner_texts()
        assert dates == sorted(dates, reverse=True)
    assert_fits(page, width)


def test_several_values_of_a_facet(page: Any, width: int) -> None:
    """Two kinds are one or the other; on a phone nothing applies before the button, which counts."""
    page.goto("/search?q=小区")
    open_filters(page, width)
    boxes = page.locator(".filters [name=kind]:is([value=通知], [value=方案])")
    labels = page.locator(".filters label").filter(has_text=re.compile(r"^\s*(通知|方案)\s+\d+$"))
    counts = [int(text.split()[-1]) for text in labels.all_inner_texts()]
    assert len(counts) == 2
    scripted = page.locator(".copy").first.get_attribute("hidden") is None
    boxes.first.click()
    if width < 960:
        assert "kind=" not in page.url
        boxes.nth(1).click()
        if scripted:
            page.locator(".live", has_text=f"{sum(counts)} 篇").wait_for()
        page.locator(".apply button").click()
    else:
        apply(page, width)
        page.wait_for_url("**kind=**")
        boxes.nth(1).click()
        apply(page, width)
    page.wait_for_url("**kind=**kind=**")

    assert total_of(page) == sum(counts)
    assert page.locator(".chips.active li").count() == 3
    assert {*page.locator(".hit .tag").all_inner_texts()} <= {"通知", "方案"}
    page.locator(".chips.active .plain").click()
    assert page.locator(".chips.active").count() == 0
    assert_fits(page, width)


def test_a_form_writes_a_query(page: Any, width: int) -> None:
    """From the home page to the field of a 文号, and back with more fields; the query is in the box."""
    page.goto("/")
    page.get_by_role("link", name="按文号").click()
    field = page.get_by_label("文号")
    assert field.evaluate("field => field === document.activeElement")
    assert_fits(page, width)
    page.keyboard.type("清政办发〔2024〕17号")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?**")
    assert page.locator("#q").input_value() == "文号:清政办发〔2024〕17号"
    assert total_of(page) > 0

    page.goto("/")
    page.get_by_role("link", name="按标题").click()
    page.get_by_label("全部词").fill("小区")
    page.get_by_label("文种").select_option("意见")
    page.get_by_label("成文日期从").fill("去年")
    page.locator("main").get_by_role("button", name="检索").click()
    assert "没有看懂" in page.locator(".fault").inner_text()
    assert_fits(page, width)
    page.get_by_label("成文日期从").fill("2021年")
    page.locator("main").get_by_role("button", name="检索").click()
    page.wait_for_url("**/search?**")
    assert page.locator("#q").input_value() == "标题:小区 文种:意见 起:2021"
    assert {*page.locator(".hit .tag").all_inner_texts()} == {"意见"}


def test_an_office_is_named_beside_its_documents(page: Any, width: int) -> None:
    """Its kinds and newest documents: at a desk beside the results, on a phone folded above them."""
    page.goto("/search?q=清源县人民政府")
    if width < 960:
        folded = page.locator("details.named")
        assert folded.locator("a").first.is_hidden()
        folded.locator("summary").click()
    card = page.locator(".named:visible")
    every = card.get_by_role("link", name=re.compile(r"^全部 \d+ 篇$"))
    number = int(every.inner_text().split()[1])
    assert card.locator("time").count() == 3
    assert_fits(page, width)
    kind = card.locator("a[href*='kind=']").first
    of_kind = int(re.findall(r"\d+", kind.locator("xpath=..").inner_text())[0])
    kind.click()
    page.wait_for_url("**kind=**")
    assert total_of(page) == of_kind < number
    page.go_back()
    if width < 960 and page.locator("details.named[open]").count() == 0:
        page.locator("details.named summary").click()
    every.click()
    page.wait_for_url("**/office/**")
    assert page.locator(".lines li").count() == number


def test_a_pasted_paragraph_is_searched_and_taken_to_the_passages(page: Any, width: int) -> None:
    """More than a query: the beginning is searched, and one touch looks for passages for all of it."""
    page.goto("/")
    paragraph = "加强老旧小区物业管理，健全社区治理机制，提升居民生活品质。" * 100
    page.locator("#q").fill(paragraph)
    page.locator("#q").press("Enter")
    page.wait_for_url("**/search?**")
    assert "已用前 200 字检索" in page.locator(".notice").first.inner_text()
    assert_fits(page, width)
    page.get_by_role("button", name="为这段文字找范例").click()
    page.wait_for_url("**/precedents")
    assert page.locator("#text").input_value() == paragraph
    assert page.locator(".precedent").count() > 0


def test_results_are_within_a_few_keys(page: Any, width: int) -> None:
    """From the top of the page at most 12 presses of Tab; then the arrows lead from one to the next."""
    page.goto("/search?q=小区")
    first = page.locator(".hit h3 a").first
    for _ in range(12):
        page.keyboard.press("Tab")
        if first.evaluate("link => link === document.activeElement"):
            break
    assert first.evaluate("link => link === document.activeElement"), width
    if page.locator("#q").get_attribute("role"):  # with script
        page.keyboard.press("ArrowDown")
        assert page.locator(".hit h3 a").nth(1).evaluate("link => link === document.activeElement")
        page.keyboard.press("ArrowUp")
        assert first.evaluate("link => link === document.activeElement")


def test_an_example_finds_what_it_promises(page: Any, width: int) -> None:
    """Each example of the home page leads to as many results as stand beside it."""
    page.goto("/")
    assert_fits(page, width)
    rows = page.locator(".examples tbody tr")
    promised = [
        (rows.nth(place).locator("a").get_attribute("href"), rows.nth(place).locator(".found").inner_text())
        for place in range(rows.count())
    ]  # fmt: skip

    for href, count in promised:
        page.goto(href)
        assert f"{total_of(page)} 篇" == count
    assert len(promised) == 5


def test_years_narrow_the_dates(page: Any, width: int) -> None:
    """A year has its bar; a range of years typed into the filter leaves articles of those years."""
    page.goto("/search?q=工作")
    open_filters(page, width)
    bars = page.locator(".filters label:has([name=year]) svg rect")
    lengths = bars.evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().width)")
    counts = page.locator(".filters label:has([name=year]) span").all_inner_texts()
    assert len(lengths) == len(counts) > 3
    assert max(lengths) == lengths[counts.index(max(counts, key=int))] > 20

    assert not page.locator("#date_from").is_visible()
    page.locator(".filters .own summary").click()
    page.locator("#date_from").fill("2023")
    page.locator("#date_to").fill("2024")
    page.locator(".apply button").click()
    page.wait_for_url("**date_from=2023**")

    dates = page.locator(".hit time").all_inner_texts()
    assert dates
    assert {date[:4] for date in dates} <= {"2023", "2024"}
    open_filters(page, width)
    assert page.locator("#date_from").is_visible(), "what was chosen is shown"


def test_an_office_is_found_in_a_long_list(page: Any, width: int) -> None:
    """All are there to choose from; with script a field leaves those that contain what is typed."""
    page.goto("/search?q=工作")
    open_filters(page, width)
    offices = page.locator(".filters fieldset:has([name=issuer])")
    offices.locator("summary").click()
    every = offices.get_by_role("checkbox").count()
    assert every > 10
    field = offices.get_by_label("在发文机关中查找")
    if page.locator("#q").get_attribute("role") is None:
        assert field.is_hidden()
    else:
        field.fill("县委")
        field.press("Enter")
        assert "issuer=" not in page.url
        shown = offices.get_by_role("checkbox")
        assert 0 < shown.count() < every
        assert all("县委" in text for text in offices.locator("li:visible").all_inner_texts())
    assert_fits(page, width)
    offices.get_by_role("checkbox", name=re.compile("^中共清源县委办公室")).check()
    apply(page, width)
    page.wait_for_url("**issuer=**")
    assert "清源县委办公室" in page.locator(".hit .meta").first.inner_text()


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
    assert line in page.locator(f".passage#{key}, .passage:has(#{key})").inner_text()
    assert_fits(page, width)


def test_a_drafter_takes_an_outline_a_heading_and_a_phrase_along(page: Any, width: int) -> None:
    """An outline becomes the draft, a heading its last line; the draft goes along from page to page."""
    page.goto("/precedents")
    page.get_by_label("题目或草稿").fill("优化营商环境方案")
    page.get_by_role("button", name="提纲", exact=True).click()
    page.get_by_role("button", name="采用整套").first.click()
    page.get_by_text("已放在").wait_for()
    assert_fits(page, width)
    lines = page.get_by_label("稿纸", exact=True).input_value().split("\n")
    page.get_by_role("button", name="小标题", exact=True).click()
    page.get_by_label("含有").fill("保障")
    page.get_by_label("含有").press("Enter")
    page.get_by_role("button", name="采用这条").first.click()
    page.get_by_text("已放在").wait_for()
    assert_fits(page, width)
    page.get_by_role("button", name="提法", exact=True).click()
    page.get_by_label("提法", exact=True).fill("营商环境")
    page.get_by_role("button", name="查提法").click()
    page.get_by_role("heading", name="各年的篇数").wait_for()
    assert_fits(page, width)
    page.get_by_role("button", name="找段落").click()
    page.get_by_text("已逐节找范例").wait_for()
    draft = page.get_by_label("题目或草稿").input_value().split("\n")

    assert lines[0] == "优化营商环境方案"
    assert draft[:-1] == lines
    assert "保障" in draft[-1]
    assert_fits(page, width)


def test_the_keyboard_reaches_the_text_and_the_box(page: Any, width: int) -> None:
    """The first stop of the keyboard skips to the text; Enter in the box asks."""
    page.goto("/search?q=小区")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "跳到结果"

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
    title = page.get_by_role("group", name="标题").get_by_role("option").first
    title.wait_for()
    name = title.locator("span").first.inner_text()
    while page.locator("#q").input_value() != name:
        page.locator("#q").press("ArrowDown")
    page.locator("#q").press("Enter")
    page.wait_for_url("**/articles/**")
    assert page.locator("h1").inner_text() == name

    page.goto("/search?q=工作&mode=keyword")
    page.locator("#q").fill("物业")
    term = page.get_by_role("group", name="说法").get_by_role("option").first
    term.wait_for()
    word = term.locator("span").first.inner_text()
    term.click()
    page.wait_for_url("**/search?**")
    assert page.locator("#q").input_value() == word
    assert "mode=keyword" in page.url
    assert page.locator(".hit").count() > 0


def test_the_panel_has_groups_counts_and_keys(page: Any, width: int) -> None:
    """A slash puts the cursor in the box; numbers open, names and words are counted; recent searches are kept
    in this browser until they are cleared.
    """
    page.goto("/")
    box = page.locator("#q")
    if box.get_attribute("role") is None:
        return
    page.locator("body").press("/")
    assert box.evaluate("box => document.activeElement === box")
    assert box.input_value() == ""
    assert page.get_by_role("option").count() == 0  # nothing was searched yet

    box.fill("营商")
    page.get_by_role("option").first.wait_for()
    assert page.get_by_role("option").count() <= 10
    counted = page.get_by_role("group", name="说法").get_by_role("option").first.inner_text()
    assert re.search(r"\d 篇$", counted)
    assert_fits(page, width)
    if width > 600:
        assert page.get_by_text("↑↓ 选择 · Enter 打开 · Esc 收起").is_visible()

    box.fill("yingshanghuanjing")
    box.press("Enter")
    page.wait_for_url("**/search?**")
    assert page.locator(".heard").inner_text().startswith("已按“营商环境”检索")
    page.locator(".heard a").click()
    page.wait_for_url("**%22yingshang**")
    assert page.locator(".heard").count() == 0

    page.goto("/")
    box.click()
    recent = page.get_by_role("group", name="最近检索").get_by_role("option")
    recent.first.wait_for()
    assert recent.all_inner_texts() == ["yingshanghuanjing"]
    box.press("ArrowDown")
    assert box.input_value() == "yingshanghuanjing"
    box.press("Escape")
    assert box.input_value() == ""
    box.blur()
    box.click()
    page.get_by_role("button", name="清除最近检索").click()
    box.blur()
    box.click()
    assert page.get_by_role("option").count() == 0


def test_a_slip_is_mended_by_one_touch(page: Any, width: int) -> None:
    """What was probably meant stands above the results as a link, which asks it."""
    page.goto("/search?q=营伤环境&mode=keyword")
    assert_fits(page, width)
    page.locator(".meant").get_by_role("link", name="营商环境", exact=True).click()
    page.wait_for_url("**q=%E8%90%A5%E5%95%86**")
    assert page.locator(".hit mark").first.inner_text() == "营商环境"
    assert page.locator(".meant").count() == 0
