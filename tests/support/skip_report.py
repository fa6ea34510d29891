"""What a run of the tests left out, and why: a pytest plugin with one line for each part.

Parts are the markers of ``pyproject.toml``, whose text says what they need. The tests that need nothing
run first; under pytest-xdist last, so that no worker is left with something long when the others have
done all. With ``GONGWEN_REQUIRE_ALL=1`` a skipped test has failed. Under pytest-xdist every worker
collects the same tests: each tells the process that reports what it left out, and that is said once.
Nothing of the service may be imported here.
"""

import os
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

# From quick to slow; what has none of these markers comes first.
_PARTS = (
    "slow",
    "corpus",
    "deployment",
    "compose",
    "quality",
    "models",
    "mariadb",
    "elasticsearch",
    "browser",
)
_LEFT_OUT = pytest.StashKey[Counter[str]]()
_REASONS = pytest.StashKey[set[str]]()


def because(config: pytest.Config, reason: str) -> None:
    """Have a reason why tests were left out said at the end."""
    config.stash.setdefault(_REASONS, set()).add(reason)


def _part(item: pytest.Item) -> str:
    names = {marker.name for marker in item.iter_markers()}
    return next((name for name in _PARTS if name in names), "")


def _lacks_corpus(item: pytest.Item) -> bool:
    """Whether it reads a corpus that is not given; the marker may name another variable for it."""
    marker = item.get_closest_marker("corpus")
    return marker is not None and not os.environ.get(*(marker.args or ["GONGWEN_TEST_CORPUS"]))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run what is quick before what is slow, or in a worker after; nothing that reads a corpus not given."""
    if without := [item for item in items if _lacks_corpus(item)]:
        items[:] = [item for item in items if item not in without]
        config.hook.pytest_deselected(items=without)
    places = {name: place for place, name in enumerate(("", *_PARTS))}
    in_a_worker = hasattr(config, "workerinput")
    items.sort(key=lambda item: places[_part(item)], reverse=in_a_worker)


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Count what was left out by part."""
    for item in items:
        item.config.stash.setdefault(_LEFT_OUT, Counter())[_part(item)] += 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where nothing may be left out."""
    report = yield
    required = os.environ.get("GONGWEN_REQUIRE_ALL") == "1"
    if required and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"GONGWEN_REQUIRE_ALL=1, but {item.nodeid} was skipped: {reason}"
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker: hand over what was left out."""
    stash = session.config.stash
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left out"] = dict(stash.get(_LEFT_OUT, {}))
        session.config.workeroutput["reasons"] = sorted(stash.get(_REASONS, ()))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Beside the workers: take what one of them hands over; a worker that died hands over nothing."""
    if told := getattr(node, "workeroutput", None):
        node.config.stash[_LEFT_OUT] = Counter(told["left out"])
        node.config.stash[_REASONS] = set(told["reasons"])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say in one line each what was left out and what it needs."""
    for reason in sorted(config.stash.get(_REASONS, ())):
        terminalreporter.write_line(reason, yellow=True)
    needs = dict(line.split(": ", 1) for line in config.getini("markers") if ": " in line)
    for part, count in sorted(config.stash.get(_LEFT_OUT, Counter()).items()):
        if part:
            noun = "test" if count == 1 else "tests"
            how = "run where it is given" if part == "corpus" else "make test-all runs them"
            terminalreporter.write_line(f"left out: {count} {part} {noun} ({needs[part]}); {how}")
