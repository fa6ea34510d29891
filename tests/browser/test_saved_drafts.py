"""Saving a draft, going on with it, and back to its first version: on a phone and at a desk."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from indexer.commands.demo import SAMPLE
from search_service.roles import Role
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.browser.conftest import assert_fits
from tests.conftest import ALL_CLEANING, index_once
from tests.support.servers import served

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"
TITLE = "推进老旧小区引入物业服务工作方案"
DRAFT = f"{TITLE}\n一、总体要求\n坚持党建引领，改善居住环境。\n二、保障措施\n各街道要落实经费。"
SEND_EVERY = 20_000  # milliseconds, of saved.js
_NUMBERS = itertools.count()

with_scripts = pytest.mark.parametrize("page", [True], indirect=True, ids=["script"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SearchService, str]]:
    """A site of its own, and its address."""
    folder = index_once(tmp_path_factory, "sample", [SAMPLE], ALL_CLEANING)
    settings = read_settings(engine=f"embedded:{folder}", secure_cookies=False)
    service = open_service(settings)
    yield service, served(create_app(service, settings))
    service.close()


@pytest.fixture(scope="module")
def address(site: tuple[SearchService, str]) -> str:
    """Where it is served."""
    return site[1]


@pytest.fixture
def member(page: Any, site: tuple[SearchService, str]) -> Any:
    """A page on which somebody of the members, without drafts, has logged in."""
    name = f"zhao{next(_NUMBERS)}"
    site[0].store.accounts.create(name, PASSWORD, Role.MEMBER)
    page.goto("/login?next=/precedents")
    page.get_by_label("账号").fill(name)
    page.get_by_label("口令").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="登录").click()
    _sheet(page).wait_for()
    return page


def _sheet(page: Any) -> Any:
    return page.get_by_label("题目或草稿")


def _saved(page: Any, text: str = DRAFT) -> str:
    """Save a new draft; its address."""
    _sheet(page).fill(text)
    page.get_by_role("button", name="保存").click()
    page.get_by_text("第 1 版。").wait_for()
    page.get_by_role("link", name="各个版本").click()
    page.get_by_role("heading", name="版本").wait_for()
    return str(page.url).partition("#")[0]


def _log_out(page: Any, width: int) -> None:
    if width < 960:
        page.locator("summary", has_text="菜单").click()
    page.locator(".account button:visible").click()


def test_from_a_draft_to_its_first_version(
    member: Any, width: int, request: pytest.FixtureRequest
) -> None:
    """Log in, write, save, edit, save, open the first version; then delete the draft."""
    page, has_scripts = member, "no-script" not in request.node.name
    _saved(page)
    assert _sheet(page).input_value() == DRAFT

    page.get_by_role("button", name="找段落").click()
    page.get_by_role("button", name="插入本节").first.click()
    if width < 960:
        page.get_by_role("navigation", name="稿纸各栏").get_by_role("link", name="稿纸").click()
    page.get_by_text("与原文相同").first.wait_for(state="attached")
    inserted = _sheet(page).input_value()
    assert len(inserted) > len(DRAFT)
    page.get_by_role("button", name="保存").click()
    page.get_by_text("第 2 版。").wait_for()
    # With scripts what was found stays on the page.
    assert (page.locator(".section").count() > 0) == has_scripts
    assert_fits(page, width)
    page.get_by_role("link", name="各个版本").click()
    page.get_by_role("heading", name="版本").wait_for()
    assert _sheet(page).input_value() == inserted
    assert page.get_by_role("link", name="打开这一版").count() == 1
    assert_fits(page, width)

    page.get_by_role("link", name="第 1 版").click()
    page.get_by_text("不是最新的").wait_for()
    assert _sheet(page).input_value() == DRAFT
    if has_scripts:  # axe is a script
        axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe")
        assert not axe.Axe().run(page).response["violations"]

    page.get_by_role("link", name="我的稿件").click()
    page.get_by_role("heading", name="我的稿件").wait_for()
    assert_fits(page, width)
    row = page.locator(".clipping")
    sizes = row.locator(":is(button, a)").evaluate_all(
        "ones => ones.map(one => getComputedStyle(one).fontSize)"
    )
    assert len(sizes) == 2
    assert len(set(sizes)) == 1
    assert page.get_by_role("link", name=f"“{TITLE}”").count() == 1
    page.get_by_role("button", name=f"“{TITLE}”").click()
    page.get_by_text("还没有保存稿件").wait_for()


@with_scripts
def test_changes_of_a_saved_draft_are_saved_by_themselves(member: Any) -> None:
    """Only of one that was saved; the automatic versions replace one another, and nothing stays here."""
    page = member
    page.clock.install()
    page.goto("/precedents")
    _sheet(page).fill(DRAFT)
    page.clock.fast_forward(SEND_EVERY)
    page.get_by_text("已存在本机").wait_for()
    assert "已保存" not in page.locator("#saved-as").inner_text()

    address = _saved(page)
    assert page.evaluate("localStorage.getItem('gongwen.draft')") is None
    for number in (2, 3):
        _sheet(page).fill(f"{DRAFT}\n第 {number} 次")
        page.clock.fast_forward(SEND_EVERY)
        page.get_by_text(f"第 {number} 版。").wait_for()
    page.clock.fast_forward(SEND_EVERY)  # without a change
    assert page.evaluate("localStorage.getItem('gongwen.draft')") is None
    page.goto(address)
    assert _sheet(page).input_value() == f"{DRAFT}\n第 3 次"
    assert page.locator(".clipping").all_inner_texts()[0].count("自动保存") == 1
    assert page.locator(".clipping").count() == 2


@with_scripts
def test_two_windows_lose_nothing(member: Any) -> None:
    """The later one is told, both texts are there, and it saves no more by itself."""
    one = member
    address = _saved(one)
    other = one.context.new_page()
    other.clock.install()
    other.goto(address)
    _sheet(one).fill(f"{DRAFT}\n先存的")
    one.get_by_role("button", name="保存").click()
    one.get_by_text("第 2 版。").wait_for()

    _sheet(other).fill(f"{DRAFT}\n后存的")
    other.clock.fast_forward(SEND_EVERY)
    other.locator(".notice", has_text="在别处改过").wait_for()
    _sheet(other).fill(f"{DRAFT}\n后存的，又改")
    other.clock.fast_forward(SEND_EVERY)
    for version, end in ((2, "先存的"), (3, "后存的")):
        one.goto(f"{address}?version={version}")
        assert _sheet(one).input_value() == f"{DRAFT}\n{end}"
    assert one.locator(".clipping").count() == 3
    other.get_by_role("button", name="保存").click()
    other.get_by_text("第 4 版。").wait_for()


@with_scripts
def test_what_was_not_saved_is_offered_with_its_draft(member: Any) -> None:
    """After the browser was closed: going on with it saves a version of the same draft."""
    page = member
    address = _saved(page)
    _sheet(page).fill(f"{DRAFT}\n没有保存的")
    page.goto("/help")
    page.goto(address)
    page.get_by_role("button", name="接着写").click()
    page.get_by_role("button", name="保存").click()
    page.get_by_text("第 2 版。").wait_for()
    assert _sheet(page).input_value() == f"{DRAFT}\n没有保存的"


@with_scripts
def test_logging_out_leaves_no_draft_behind(member: Any, width: int) -> None:
    """After asking; who answers no is still logged in, with the draft."""
    page = member
    _sheet(page).fill(DRAFT)
    asked: list[str] = []

    def answer_no(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", answer_no)
    _log_out(page, width)
    assert "没有保存的稿子" in asked[0]
    assert _sheet(page).input_value() == DRAFT
    page.goto("/precedents")
    page.get_by_role("button", name="接着写").wait_for()

    page.get_by_role("button", name="接着写").click()
    page.once("dialog", lambda dialog: dialog.accept())
    _log_out(page, width)
    page.locator("a[href*='/login']").first.wait_for(state="attached")
    page.goto("/precedents")
    assert page.evaluate("localStorage.getItem('gongwen.draft')") is None
    assert page.get_by_role("button", name="接着写").count() == 0


@with_scripts
def test_logging_out_asks_nothing_where_everything_is_saved(member: Any, width: int) -> None:
    """What was saved is not kept here."""
    page = member
    _saved(page)
    page.on("dialog", lambda dialog: dialog.dismiss())
    _log_out(page, width)
    page.locator("a[href*='/login']").first.wait_for(state="attached")
