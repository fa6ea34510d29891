"""Mutation testing: `python -m tools.mutation [--sample N] [PACKAGE…]`. See docs/testing.md.

Mutants are made by mutmut: a comparison turned around, a number increased, an argument dropped. A fixed
sample of each package is tried: every mutant by the tests that execute its lines, up to the first that
fails. Prints each mutant with its outcome, and a table in Markdown of the share that was killed.

mutmut's own runner starts pytest again for each mutant, and this suite's fixtures build indexes. Therefore
this one collects the tests once, builds the shared fixtures once, and forks for each mutant a process in
which the code of one function is replaced.
"""

import argparse
import math
import multiprocessing
import os
import pickle
import resource
import sys
import tempfile
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest
from _pytest.python import Function
from _pytest.runner import runtestprotocol
from coverage import Coverage

from analyzers.embed import OnnxEmbedder, Vectors
from tools.mutants import PACKAGES, ROOT, Mutant, install, sample

# The tests of the packages, and those of the routes that use them.
TESTS = (
    "tests/analyzers",
    "tests/search_service/answers",
    "tests/search_service/query",
    "tests/search_service/ranking",
    "tests/search_service/suggestions",
    "tests/indexer/build/test_vocabulary.py",
    "tests/search_service/web/test_api.py",
    "tests/search_service/web/test_cursors.py",
    "tests/search_service/web/test_pages.py",
    "tests/search_service/web/test_reading.py",
)
SAMPLE = 80
# The tests of one mutant take no more than this many seconds of CPU, as measured without a mutation.
MAX_SECONDS = 15.0
_EXPENSIVE = 2.0
_MAX_MEMORY = 4 << 30


@dataclass
class Baseline:
    """What the tests do without a mutation. Shared fixtures count separately from the tests."""

    seconds: dict[str, float] = field(default_factory=dict)  # of CPU, by test or shared fixture
    failed: list[str] = field(default_factory=list)
    # File -> line -> the tests and shared fixtures that execute it.
    executed: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    vectors: dict[str, Vectors] = field(default_factory=dict)  # by model and text


class MutationPlugin:
    """A pytest plugin that tries mutants instead of running each test once."""

    def __init__(self, mutants: Sequence[Mutant], report: Callable[[Mutant, str], None]) -> None:
        """``report`` is called with each mutant and its outcome."""
        self._mutants = mutants
        self._report = report
        self._baseline = Baseline()
        self._embed_row = OnnxEmbedder._row
        self._coverage: Coverage | None = None
        self._context = ""
        self._fixture_seconds = 0.0  # within the present test
        # Fixtures of more than one test, and the tests that use them.
        self._shared: dict[str, pytest.FixtureDef[Any]] = {}
        self._users: dict[str, set[str]] = defaultdict(set)

    def pytest_configure(self) -> None:
        """Make Hypothesis generate the same examples in each process, however slow it is."""
        import hypothesis  # pytest objects to an earlier import

        settings = hypothesis.settings
        settings.register_profile(
            "mutation",
            parent=settings.get_profile("quick"),
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        settings.load_profile("mutation")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Measure a shared fixture separately from the test that happens to use it first."""
        if self._coverage is None or fixturedef.scope == "function":
            return (yield)
        outer, self._context = self._context, _name(fixturedef)
        self._coverage.switch_context(self._context)
        started = time.process_time()
        try:
            return (yield)
        finally:
            spent = time.process_time() - started
            self._baseline.seconds[self._context] = spent
            self._fixture_seconds += spent
            self._context = outer
            self._coverage.switch_context(outer)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Measure the tests, then try the mutants."""
        tests = [item for item in session.items if isinstance(item, Function)]
        self._baseline = self._measured(tests)
        if self._baseline.failed:
            raise session.Failed(f"failed without a mutation: {self._baseline.failed}")
        self._cache_vectors()
        for test in tests:
            for fixture in _fixtures(test):
                if (name := _name(fixture)) in self._baseline.seconds:
                    self._shared[name] = fixture
                    self._users[name].add(test.nodeid)
        for name, fixture in self._shared.items():
            if fixture.scope == "session" and fixture.cached_result is None:
                # Set up here, so that it is there in each fork; a test of another file ends the rest.
                user = next(test for test in tests if test.nodeid in self._users[name])
                other = next(test for test in tests if test.path != user.path)
                session._setupstate.teardown_exact(user)
                runtestprotocol(user, log=False, nextitem=other)
        for mutant in self._mutants:
            self._report(mutant, self._outcome(session, tests, mutant))
        return True

    def _measured(self, tests: Sequence[Function]) -> Baseline:
        """The baseline, measured in a fork: threads and files that tests open must not be inherited."""
        with tempfile.TemporaryDirectory() as folder:
            result = Path(folder) / "baseline"
            fork(lambda: bool(result.write_bytes(pickle.dumps(self._measure(tests)))))
            baseline: Baseline = pickle.loads(result.read_bytes())  # noqa: S301  (our own file)
        return baseline

    def _measure(self, tests: Sequence[Function]) -> Baseline:
        baseline = self._baseline
        self._cache_vectors()
        source = [str(ROOT / folder) for folder in PACKAGES.values()]
        self._coverage = Coverage(data_file=None, source=source, config_file=False)
        self._coverage.start()
        for test, following in pairwise([*tests, tests[-1]]):
            self._context, self._fixture_seconds = test.nodeid, 0.0
            self._coverage.switch_context(test.nodeid)
            started = time.process_time()
            reports = runtestprotocol(test, log=False, nextitem=following)
            spent = time.process_time() - started
            baseline.seconds[test.nodeid] = spent - self._fixture_seconds
            if any(report.failed for report in reports):
                baseline.failed.append(test.nodeid)
        self._coverage.stop()
        data = self._coverage.get_data()
        for file in data.measured_files():
            baseline.executed[file] = data.contexts_by_lineno(file)
        return baseline

    def _cache_vectors(self) -> None:
        """Embed each text once: most of the time that building an index takes.

        And no onnxruntime session may be open in a process that forks: the fork would lack its threads.
        """
        vectors, embed_row = self._baseline.vectors, self._embed_row

        def cached(self: OnnxEmbedder, text: str) -> Vectors:
            key = f"{self._folder} {text}"
            if key not in vectors:
                vectors[key] = embed_row(self, text)
            return vectors[key]

        OnnxEmbedder._row = cached  # type: ignore[method-assign]

    def _outcome(self, session: pytest.Session, tests: Sequence[Function], mutant: Mutant) -> str:
        executed = self._baseline.executed.get(str(mutant.path), {})
        names = {name for line in mutant.lines for name in executed.get(line, ())}
        fixtures = [self._shared[name] for name in names & self._shared.keys()]
        names |= {user for name in names for user in self._users.get(name, ())}
        # A session fixture that executes the mutated lines is set up again, with all others.
        renew = any(fixture.scope == "session" for fixture in fixtures)
        covering = [test for test in tests if test.nodeid in names]
        folder = ROOT / "tests" / mutant.path.parent.relative_to(ROOT)
        chosen, seconds = self._chosen(covering, folder, renew=renew)
        if not chosen:
            return "not covered"

        def passes() -> bool:
            limit = 3 * round(seconds) + 10
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
            resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))
            if mutant.path.stem == "embed":
                OnnxEmbedder._row = self._embed_row  # type: ignore[method-assign]
            install(mutant)
            factory = session.config._tmp_path_factory  # type: ignore[attr-defined]
            factory._basetemp = Path(temporary)  # where no index lies ready
            for fixture in self._shared.values() if renew else ():
                fixture.cached_result = None
                fixture._finalizers.clear()
            for test, following in pairwise([*chosen, chosen[-1]]):
                session._setupstate.teardown_exact(test)
                reports = runtestprotocol(test, log=False, nextitem=following)
                if any(report.failed for report in reports):
                    return False
            return True

        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            code = fork(passes, timeout=10 * seconds + 60)
        return {0: "survived", 1: "killed"}.get(code, "timed out")

    def _chosen(
        self, tests: Sequence[Function], folder: Path, *, renew: bool
    ) -> tuple[list[Function], float]:
        """The tests to run, in order, within the limit, and their seconds of CPU.

        First those in ``folder``, which test the package itself; cheap ones first, expensive ones at the end.
        Tests for which fixtures must be set up are run file by file.
        """
        seconds = self._baseline.seconds
        setup = {
            test: sum(
                seconds.get(_name(fixture), 0.0)
                for fixture in _fixtures(test)
                if renew or fixture.scope != "session"
            )
            for test in tests
        }

        def key(test: Function) -> tuple[bool, bool, float, str, float]:
            cost = seconds[test.nodeid]
            file = str(test.path) if setup[test] else ""
            return cost > _EXPENSIVE, folder not in test.path.parents, setup[test], file, cost

        chosen: list[Function] = []
        total = 0.0
        for test in sorted(tests, key=key):
            is_set_up = any(one.path == test.path and setup[one] == setup[test] for one in chosen)
            cost = seconds[test.nodeid] + (0.0 if is_set_up else setup[test])
            if not chosen or total + cost <= MAX_SECONDS:
                chosen.append(test)
                total += cost
        return chosen, total


def _fixtures(test: Function) -> Iterator[pytest.FixtureDef[Any]]:
    return (found[-1] for found in test._fixtureinfo.name2fixturedefs.values())


def _name(fixture: pytest.FixtureDef[Any]) -> str:
    return f"fixture {fixture.baseid}::{fixture.argname}"


def fork(work: Callable[[], bool], *, timeout: float | None = None) -> int:
    """Call the function in a fork: 0 if it returns true, 1 if false, anything else if it was ended."""

    def run() -> None:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        code = 2
        try:
            code = 0 if work() else 1
        finally:
            os._exit(code)  # without teardown and exit handlers

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join(timeout)
    process.kill()
    process.join()
    return process.exitcode or 0


def confidence_interval(count: int, total: int) -> tuple[float, float]:
    """Wilson's score interval of 95 % for a share."""
    z = NormalDist().inv_cdf(0.975)
    share, denominator = count / total, total + z * z
    middle = (count + z * z / 2) / denominator
    half = z / denominator * math.sqrt(total * share * (1 - share) + z * z / 4)
    return middle - half, middle + half


def main() -> int:
    """Draw, try, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help=", ".join(PACKAGES))
    parser.add_argument(
        "--sample", type=int, default=SAMPLE, help=f"mutants per package ({SAMPLE})"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.packages) - set(PACKAGES):
        parser.error(f"{', '.join(sorted(unknown))}: {', '.join(PACKAGES)}")
    packages = arguments.packages or list(PACKAGES)
    samples = {package: sample(package, arguments.sample) for package in packages}
    outcomes: dict[str, str] = {}

    def report(mutant: Mutant, outcome: str) -> None:
        outcomes[mutant.draw] = outcome
        print(f"{outcome}: {mutant}", flush=True)

    os.chdir(ROOT)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    markers = [line.split(":")[0] for line in project["tool"]["pytest"]["markers"]]
    quick = " and ".join(f"not {marker}" for marker in markers)
    plugin = MutationPlugin([one for drawn in samples.values() for one in drawn], report)
    with tempfile.TemporaryDirectory() as folder:
        options = [
            "-s",
            "-p",
            "no:terminal",
            "-p",
            "no:cacheprovider",
            f"--basetemp={folder}/tests",
        ]
        if pytest.main([*options, "-m", quick, *TESTS], plugins=[plugin]):
            return 1
    print("\n| 包 package | 变异 mutants | 发现 killed | 95 % |\n| --- | ---: | ---: | ---: |")
    for package, drawn in samples.items():
        killed = sum(outcomes[one.draw] in ("killed", "timed out") for one in drawn)
        low, high = confidence_interval(killed, len(drawn))
        share = f"{killed} ({killed / len(drawn):.0%})"
        print(f"| {package} | {len(drawn)} | {share} | {low:.0%}–{high:.0%} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
