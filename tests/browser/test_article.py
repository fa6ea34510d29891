"""A reader's work with one article in a real Chromium: contents, citation, finding, letters, gaps."""

import re
from typing import Any

import pytest

from tests.browser.conftest import assert_fits

pytestmark = pytest.mark.browser
GAPPED = "/articles/20101"


def has_script(page: Any) -> bool:
    """Whether this browser runs scripts: the find box shows only then."""
    return bool(page.locator(".within").is_visible())


def test_the_contents_lead_to_a_heading(page: Any, width: int) -> None:
    """At a desk they are beside the text, on a phone a button opens them; a choice goes to its heading."""
    page.goto(GAPPED)
    contents = page.locator("#contents")
    assert contents.is_visible() == (width > 960)
    if width < 960:
        page.locator(".dock").get_by_role("link", name="目录").click()
    entry = contents.get_by_role("link", name=re.compile("^三、"))
    name = entry.inner_text()
    entry.click()

    key = page.url.rpartition("#")[2]
    heading = page.locator(f"#{key}")
    assert heading.inner_text() == name
    assert 0 <= heading.bounding_box()["y"] < 300, "the heading is hidden by what stays on top"
    assert contents.is_visible() == (width > 960)
    assert_fits(page, width)


def test_a_rule_is_reached_by_its_number(page: Any, width: int) -> None:
    """第＿条, with and without script; a number that there is not is said to be none."""
    page.goto("/articles/20123")

    def jump(number: str) -> None:
        if width < 960:
            page.locator(".dock").get_by_role("link", name="目录").click()
        page.get_by_label("跳到第几条").fill(number)
        page.get_by_role("button", name="跳到").click()

    jump("十二")
    page.wait_for_url("**/articles/20123#h-*")
    line = page.locator(f"#{page.url.rpartition('#')[2]}")
    assert line.inner_text().startswith("第十二条")
    assert 0 <= line.bounding_box()["y"] < 300
    jump("300")
    page.wait_for_url("**rule=300**")
    assert page.get_by_text("没有第 300 条").is_visible()
    assert_fits(page, width)


def test_a_citation_is_copied_in_three_forms(page: Any, width: int) -> None:
    """One touch shows the three forms; with script a button copies one, else one click selects it."""
    page.goto("/articles/20102")
    if width < 960 and has_script(page):
        page.locator(".dock").get_by_role("link", name="引用").click()
    else:
        page.locator("#cite summary").click()
    forms = page.locator("#cite .copyable")
    title = page.locator("h1").inner_text()

    texts = forms.all_inner_texts()
    assert len(texts) == 3
    assert texts[0].startswith(f"《{title}》")
    assert all(title in text for text in texts)
    if has_script(page):
        page.locator("#cite .copy").first.click()
        page.get_by_text("已复制").wait_for()
    else:
        assert forms.first.evaluate("e => getComputedStyle(e).userSelect") == "all"
    assert_fits(page, width)


def test_a_word_is_found_in_the_text(page: Any, width: int) -> None:
    """The box counts, Enter walks; it arrives filled from the search that led here."""
    page.goto("/search?q=小区")
    page.locator(".hit a[href*='/articles/20101']").first.click()
    page.wait_for_url("**/articles/20101*")
    if not has_script(page):
        assert page.locator(".text mark").count() == 0
        return
    field, place = page.get_by_label("本文内查找"), page.locator(".within .place")
    assert field.input_value() == "小区"
    count = page.locator(".text mark").count()
    assert count > 3
    assert place.inner_text() == f"{count} 处"

    field.press("Enter")
    field.press("Enter")
    assert place.inner_text() == f"2/{count}"
    field.press("Shift+Enter")
    assert place.inner_text() == f"1/{count}"
    assert page.locator(".text mark.here").count() == 1
    field.fill("鹦鹉螺")
    assert place.inner_text() == "没有"
    assert page.locator(".text mark").count() == 0
    assert_fits(page, width)


def test_a_passage_has_a_menu_and_a_link(page: Any, width: int) -> None:
    """¶ of a passage: its own address; with script a menu that copies it, which Escape closes."""
    page.goto(GAPPED)
    link = page.locator(".pilcrow").nth(1)
    if not has_script(page):
        link.focus()
        link.press("Enter")
        assert page.locator(".passage:target").count() == 1
        return
    link.focus()
    link.press("Enter")
    menu = page.locator(".for-passage")
    menu.get_by_role("button", name="复制本段和出处").click()
    page.get_by_text("已复制").wait_for()
    page.keyboard.press("Escape")
    assert menu.count() == 0
    assert page.evaluate("document.activeElement.className").startswith("pilcrow")
    assert_fits(page, width)


def test_the_letters_grow_and_stay_so(page: Any, width: int) -> None:
    """A+ makes the text larger, also on the next page."""
    page.goto(GAPPED)
    if not has_script(page):
        assert page.get_by_role("button", name="字大一点").count() == 0
        return
    size = "parseFloat(getComputedStyle(document.getElementById('text')).fontSize)"
    before = page.evaluate(size)
    tools = page.locator(".dock" if width < 960 else ".tools")
    tools.get_by_role("button", name="大字" if width < 960 else "字大一点").click()
    assert page.evaluate(size) > before
    page.goto("/articles/20102")
    assert page.evaluate(size) > before
    assert_fits(page, width)


def test_gaps_say_who_may_read_them(page: Any, width: int) -> None:
    """Each gap is a line; no number where the source does not say how long one is."""
    page.goto(GAPPED)
    gaps = page.locator(".text .gap").all_inner_texts()

    assert len(gaps) > 1
    assert set(gaps) == {"此处仅会员可读"}
    assert "全文 2,518 字" in page.locator(".gapped").inner_text()
    assert_fits(page, width)


def test_a_table_scrolls_in_its_frame(page: Any, width: int) -> None:
    """With the names of its columns; on a phone it is wider than the page, which is not; then the gap."""
    page.goto("/articles/20132")
    frame = page.locator(".text .frame")

    assert frame.locator("th").all_inner_texts()[0] == "序号"
    assert frame.locator("tbody tr").count() == 3
    hidden = frame.evaluate("e => e.scrollWidth - e.clientWidth")
    assert hidden > 0 if width < 960 else hidden == 0
    assert page.locator(".text .gap").count() == 1
    assert_fits(page, width)


@pytest.mark.parametrize("across", [False, True], ids=["upright", "across"])
def test_paper_has_the_text_and_its_source(page: Any, width: int, *, across: bool) -> None:
    """In print: title, text and source, one column, no tools; upright and across."""
    page.goto("/articles/20102")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1000 if across else 700, "height": 700 if across else 1000})

    for hidden in (".top", ".tools", ".contents", ".beside", ".dock", ".bottom", ".pilcrow"):
        assert not page.locator(hidden).first.is_visible()
    assert page.locator(".only-print").is_visible()
    text, sheet = page.locator("#text").bounding_box(), page.locator("body").bounding_box()
    assert text["width"] > 0.85 * sheet["width"], width
