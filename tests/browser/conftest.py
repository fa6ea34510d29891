"""A real server and a real Chromium. Needs Debian's chromium and the Python package playwright."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from indexer.commands.demo import examples
from search_service.service import SearchService
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.support.servers import served

# It runs as root in containers, and must reach nothing but the server under test.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def assert_fits(page: Any, width: int) -> None:
    """Nothing stands out sideways, and no field makes a phone zoom in."""
    shown = page.evaluate("document.documentElement.scrollWidth")
    sizes = page.locator("input:visible, textarea:visible").evaluate_all(
        "fields => fields.map(field => parseFloat(getComputedStyle(field).fontSize))"
    )
    assert shown <= width
    assert all(size >= 16 for size in sizes)


@pytest.fixture(scope="session")
def address(sample_service: SearchService) -> str:
    """Where the sample corpus is served, over plain http."""
    app = create_app(sample_service, read_settings(), examples=examples(sample_service))
    return served(app)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser, started once."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs chromium (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=[360, 1280])
def width(request: pytest.FixtureRequest) -> int:
    """The width of a phone and of a desk."""
    return int(request.param)


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(request: pytest.FixtureRequest, chromium: Any, address: str, width: int) -> Iterator[Any]:
    """A fresh page; at its end nothing may have failed in it or been asked of another host."""
    context = chromium.new_context(
        base_url=address,
        viewport={"width": width, "height": 740},
        java_script_enabled=request.param,
        locale="zh-CN",
    )
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    opened.on(
        "request",
        lambda asked: None if asked.url.startswith(address) else faults.append(asked.url),
    )
    yield opened
    context.close()
    assert faults == []
