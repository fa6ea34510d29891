"""Collecting passages and articles, ordering and removing them: on a phone and at a desk."""

from collections.abc import Iterator
from typing import Any

import pytest

from indexer.commands.demo import SAMPLE
from search_service.roles import Role
from search_service.service import open_service
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.browser.conftest import assert_fits
from tests.conftest import ALL_CLEANING, index_once
from tests.support.servers import served

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery"
_SCRIPTED = ("wang1", "wang3")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site of its own, with an account of the staff for each test."""
    folder = index_once(tmp_path_factory, "sample", [SAMPLE], ALL_CLEANING)
    settings = read_settings(engine=f"embedded:{folder}", secure_cookies=False)
    service = open_service(settings)
    for number in range(4):
        service.store.accounts.create(f"wang{number}", PASSWORD, Role.STAFF)
    yield served(create_app(service, settings))
    service.close()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """The account of one of the four tests."""
    wide, scripted = "1280" in request.node.name, "no-script" not in request.node.name
    return f"wang{2 * wide + scripted}"


def test_from_results_to_a_file(page: Any, width: int, name: str) -> None:
    """From results, from a text and from passages; then a section, the order, a file, and one less."""
    page.goto("/login?next=/search?q=物业")
    page.get_by_label("账号").fill(name)
    page.get_by_label("口令").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="登录").click()
    hit = page.locator(".hit").first
    hit.hover()
    hit.get_by_role("button", name="收藏").click()
    assert page.locator(".hit").first.get_by_role("link", name="已收藏").count() == 1
    assert_fits(page, width)

    page.goto("/articles/20101")
    paragraph = page.locator(".passage").nth(1)
    paragraph.hover()
    paragraph.get_by_role("button", name="收藏这一段").click()
    page.locator(".passage").nth(1).hover()
    assert page.locator(".passage").nth(1).get_by_role("link", name="已收藏").count() == 1

    page.goto("/precedents?text=推进老旧小区引入物业服务")
    page.get_by_role("button", name="收藏这一段").first.click()
    assert page.get_by_role("link", name="已收藏").count() == 1

    page.goto("/collection")
    assert page.locator("li.precedent").count() == 3
    last = page.locator("li.precedent").nth(2)
    last.get_by_label("用到哪一节").fill("三、保障措施")
    last.get_by_role("button", name="保存").click()
    assert page.get_by_role("heading", name="三、保障措施").count() == 1
    page.locator("li.precedent").nth(1).get_by_role("button", name="上移").click()
    assert_fits(page, width)
    if name in _SCRIPTED:  # axe is a script
        axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe")
        assert not axe.Axe().run(page).response["violations"]
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 Word").click()
    assert download.value.path().read_bytes().startswith(b"PK")
    page.locator("li.precedent").first.get_by_role("button", name="删去").click()
    assert page.locator("li.precedent").count() == 2
