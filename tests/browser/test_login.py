"""Logging in, seeing more, seeing the pages as others do, and logging out: on a phone and at a desk."""

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
PAID = "质价相符"
ARTICLE, SEARCH = "/articles/20101", f'/search?q="{PAID}"'


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site of its own, with an account of the staff."""
    folder = index_once(tmp_path_factory, "sample", [SAMPLE], ALL_CLEANING)
    settings = read_settings(engine=f"embedded:{folder}", secure_cookies=False)
    service = open_service(settings)
    service.store.accounts.create("wang", PASSWORD, Role.STAFF)
    app = create_app(service, settings)
    yield served(app)
    service.close()


def test_from_the_free_part_to_the_text_and_back(page: Any, width: int) -> None:
    """A guest finds no word of the paid part, logs in from its gap, finds it, previews, and leaves."""
    page.goto(SEARCH)
    assert "没有找到" in page.locator(".count").inner_text()
    assert page.locator(".invitation").inner_text() == "登录后可检索全文"

    page.goto(ARTICLE)
    page.locator(".gapped a", has_text="登录").click()
    assert_fits(page, width)
    page.get_by_label("账号").fill("wang")
    page.get_by_label("口令").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="登录").click()
    page.wait_for_url(f"**{ARTICLE}")
    assert PAID in page.locator(".text").inner_text()
    assert_fits(page, width)

    page.goto(SEARCH)
    assert "1 篇" in page.locator(".count").inner_text()
    page.get_by_role("button", name="游客").click()
    assert "没有找到" in page.locator(".count").inner_text()
    assert_fits(page, width)
    page.get_by_role("button", name="工作人员").click()
    assert "1 篇" in page.locator(".count").inner_text()

    if width < 600:
        page.locator(".menu summary").click()
    page.locator("button:visible", has_text="退出").click()
    page.goto(ARTICLE)
    assert PAID not in page.locator(".text").inner_text()
    assert page.locator(".roles").count() == 0
