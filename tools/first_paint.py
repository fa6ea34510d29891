"""When a browser first paints a page, and what it loads for it: `make bench-pages`.

Entry point: ``python -m tools.first_paint [ADDRESS]``: of a running service, else of the sample corpus, which
is indexed for it. Each page is opened several times in turn in a Chromium without anything cached, at the
widths of a phone and of a desk; the figures are the browser's own (Paint Timing, Resource Timing).
"""

import argparse
import logging
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from analyzers.messages import say
from indexer.build import generations
from indexer.commands.demo import SAMPLE
from search_service.errors import GongwenError
from search_service.intake.cleaning import Cleaning
from search_service.service import open_service
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.support.servers import served

PAGES = (
    "/",
    "/search?q=小区没人管怎么办",
    "/search?q=清源县人民政府",
    "/advanced",
    "/articles/20102",
)
WIDTHS = (360, 1280)
# Milliseconds until something of the page is painted, and the bytes of the page and all it loads, as sent.
_MEASURED = """() => [
    performance.getEntriesByName("first-contentful-paint")[0].startTime,
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
        .reduce((sum, one) => sum + one.transferSize, 0),
]"""
_WAIT = "performance.getEntriesByName('first-contentful-paint').length > 0"


def main() -> int:
    """Open the pages and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", nargs="?", help=say("正在运行的服务", "a running service"))
    parser.add_argument("--repetitions", type=int, default=9)
    arguments = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        sys.exit(say("需要 chromium（apt-get install chromium）", "needs chromium"))
    with _served(arguments.address) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        figures = defaultdict(list)
        for _ in range(arguments.repetitions):
            for page in PAGES:
                for width in WIDTHS:
                    figures[page, width].append(_opened(browser, address + page, width))
        browser.close()
    columns = [say("页面", "page"), say("宽", "width"), say("首次绘制，毫秒", "first paint, ms")]
    columns += [say("最慢一次", "slowest"), say("传输，千字节", "sent, kB")]
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for (page, width), measured in figures.items():
        paints, sizes = zip(*measured, strict=True)
        shown = f"{median(paints):.0f} | {max(paints):.0f} | {median(sizes) / 1000:.1f}"
        print(f"| `{page}` | {width} | {shown} |")
    return 0


@contextmanager
def _served(address: str | None) -> Iterator[str]:
    """The address; without one that of the sample corpus, served by this process."""
    if address:
        yield address.rstrip("/")
        return
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings(engine=f"embedded:{Path(folder) / 'data'}", rate_limit="")
        service = open_service(settings)
        generations.rebuild(service, [SAMPLE], cleaning=Cleaning.parse("all"))
        logging.disable(logging.WARNING)  # the table is the output
        yield served(create_app(service, settings))
        service.close()


def _opened(browser: Browser, address: str, width: int) -> tuple[float, int]:
    """The milliseconds until the first paint, and the bytes sent."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(address, wait_until="networkidle")
    page.wait_for_function(_WAIT)
    paint, size = page.evaluate(_MEASURED)
    context.close()
    return float(paint), int(size)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GongwenError as error:
        sys.exit(error.message)
