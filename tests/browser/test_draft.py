"""Writing a draft: three panes at a desk, three tabs on a phone; with and without scripts."""

from typing import Any

import pytest

from tests.browser.conftest import assert_fits

pytestmark = pytest.mark.browser
DRAFT = """西河县老旧小区物业工作方案
为改善群众居住条件，制定本方案。
一、引入物业服务
推进老旧小区引入物业服务，推动成立业主委员会，规范物业收费，建立长效管理机制，让居民住得更舒心。
二、保障措施
加强组织领导，明确责任分工，落实资金保障，定期调度督导，确保各项任务落到实处。"""


def _is_scripted(request: pytest.FixtureRequest) -> bool:
    return "no-script" not in request.node.callspec.id


def _tab(page: Any, width: int, name: str) -> None:
    """Go to a pane: on a phone its tab must be chosen."""
    if width < 960:
        page.get_by_role("navigation", name="稿纸各栏").get_by_role("link", name=name).click()


def _open(page: Any) -> None:
    page.goto("/precedents")
    page.get_by_label("题目或草稿").fill(DRAFT)
    page.get_by_role("button", name="找段落").click()
    page.locator(".section").first.wait_for()


def test_a_passage_goes_in_and_is_rewritten(
    page: Any, width: int, request: pytest.FixtureRequest
) -> None:
    """Found for its section, put in, listed with its source, what is foreign replaced, then rewritten."""
    _open(page)
    assert_fits(page, width)
    page.locator(".section").nth(1).get_by_role("button", name="插入本节").first.click()
    if _is_scripted(request):
        page.get_by_role("button", name="已放入").wait_for()
    _tab(page, width, "稿纸")
    page.get_by_text("放入的 ").wait_for()
    assert_fits(page, width)
    lines = page.get_by_label("题目或草稿").input_value().split("\n")
    own = DRAFT.split("\n")
    assert len(lines) > len(own)
    assert [line for line in lines if line in own] == own
    assert page.locator("#borrowed").get_by_text("与原文相同 100%").count() >= 1

    page.get_by_label("题目或草稿").fill(DRAFT)
    if not _is_scripted(request):
        page.get_by_role("button", name="找段落").click()
        page.locator(".section").first.wait_for()
    page.get_by_text("放入的 ").wait_for(state="detached")


def test_one_pane_at_a_time_on_a_phone_and_all_at_a_desk(page: Any, width: int) -> None:
    """The answer shows the passages; the tabs lead to the outline and to the sheet, with counts."""
    _open(page)
    panes = page.locator(".pane:visible")
    if width < 960:
        tabs = page.get_by_role("navigation", name="稿纸各栏")
        assert panes.count() == 1
        assert page.locator(".section").first.is_visible()
        tabs.get_by_role("link", name="提纲 ").click()
        assert page.locator("#parts").is_visible()
        assert panes.count() == 1
        page.locator("#parts").get_by_role("link").last.click()
        assert page.locator(".section").last.is_visible()
        tabs.get_by_role("link", name="稿纸").click()
        assert page.get_by_label("题目或草稿").is_visible()
        assert panes.count() == 1
    else:
        assert panes.count() == 3
        boxes = [panes.nth(place).bounding_box() for place in range(3)]
        assert [box["x"] for box in boxes] == sorted(box["x"] for box in boxes)
        assert max(box["x"] + box["width"] for box in boxes) <= width


@pytest.mark.parametrize("page", [True], indirect=True, ids=["script"])
def test_a_draft_is_kept_on_this_machine(page: Any, width: int) -> None:
    """After a crash of the browser it is offered, with what was put in; or deleted."""
    _open(page)
    page.locator(".section").first.get_by_role("button", name="插入本节").first.click()
    page.get_by_role("button", name="已放入").wait_for()
    _tab(page, width, "稿纸")
    text = page.get_by_label("题目或草稿").input_value()

    page.goto("/precedents")
    page.get_by_role("button", name="接着写").click()
    assert page.get_by_label("题目或草稿").input_value() == text
    page.get_by_text("放入的 ").wait_for()
    page.goto("/precedents")
    page.get_by_role("button", name="删去").click()
    page.goto("/precedents")
    assert page.get_by_role("button", name="接着写").count() == 0


@pytest.mark.parametrize("width", [1280], indirect=True)
@pytest.mark.parametrize("page", [True], indirect=True, ids=["script"])
def test_keys_and_undo(page: Any) -> None:
    """Alt and arrows go from section to section, a digit puts a passage in, Ctrl+Z takes it out."""
    _open(page)
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowDown")
    assert page.locator("#parts a[aria-current]").inner_text().startswith("2．")
    page.keyboard.press("1")
    page.get_by_text("放入的 ").wait_for()
    assert page.locator(".behind .taken").count() >= 1
    page.keyboard.press("Control+z")
    assert page.get_by_label("题目或草稿").input_value() == DRAFT
    page.get_by_text("放入的 ").wait_for(state="detached")
    page.get_by_label("题目或草稿").press("Control+Enter")
    page.wait_for_load_state()
    assert page.get_by_label("题目或草稿").input_value() == DRAFT


@pytest.mark.parametrize("page", [True], indirect=True, ids=["script"])
def test_the_panes_are_accessible(page: Any, width: int) -> None:
    """No violation that axe knows, in each pane."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe")
    _open(page)
    page.locator(".section").first.get_by_role("button", name="插入本节").first.click()
    page.get_by_role("button", name="已放入").wait_for()
    for name in ("提纲 ", "稿纸", "范例"):
        _tab(page, width, name)
        assert not axe.Axe().run(page).response["violations"]
