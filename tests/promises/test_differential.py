"""Guests cannot distinguish two services that differ only in content above guests.

A few worlds here; thousands with ``make fuzz`` (:mod:`tests.promises.differential`). The worlds themselves
are tested, too: with a guard of the promise taken out, they must tell the services apart (:mod:`.guards`).
"""

import random
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, suppress
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import pytest
from werkzeug.exceptions import HTTPException

from search_service.service import open_service
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.promises.differential import Compared, compare_one
from tests.promises.guards import GUARDS, Guard, detected
from tests.promises.questions import questions
from tests.promises.worlds import SETTINGS, World
from tests.support import described
from tests.support.paths import ROOT


@pytest.mark.parametrize("seed", range(2))
def test_guests_cannot_tell_services_apart(seed: int) -> None:
    """Different paid texts and articles of members and staff, any sequence of writes: no difference."""
    compared = compare_one(seed)

    assert compared.answers > 50
    assert not compared.told


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120, 10))
def test_guests_cannot_tell_services_apart_in_more_worlds(seed: int) -> None:
    """Ten more worlds each."""
    for one in range(seed, seed + 10):
        assert not compare_one(one).told


def compare_checked(seed: int, node: str) -> Compared:
    """Compare a world in a process of its own, where answers are checked as in all tests."""
    with described.checking():
        return compare_one(seed, node)


@pytest.mark.elasticsearch
def test_guests_cannot_tell_services_apart_on_elasticsearch(elasticsearch_url: str) -> None:
    """The same on the other engine; all worlds at once, for each waits most of its time for the server."""
    node, worlds = elasticsearch_url.rpartition("/")[0], range(3)
    with ProcessPoolExecutor(len(worlds), get_context("spawn")) as pool:
        compared = list(pool.map(compare_checked, worlds, repeat(node)))

    assert [one.told for one in compared] == [""] * len(worlds)


def test_every_route_is_requested(tmp_path: Path) -> None:
    """A route that no guest of the worlds requests is one of which nothing is known."""
    service = open_service(read_settings(engine=f"embedded:{tmp_path}/data", model="none"))
    with closing(service):
        app = create_app(service, read_settings(**SETTINGS))
    routes = {
        (rule.endpoint, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    world = World(random.Random(1))
    for _ in range(5):
        world.new()
    matching = app.url_map.bind("localhost")
    requested = set()
    for question in questions(world):
        with suppress(HTTPException):
            endpoint, _ = matching.match(question.path.partition("?")[0], method=question.method)
            requested.add((endpoint, question.method))

    assert routes - requested == set()
    assert {question.method for question in questions(world)} >= {"GET", "HEAD"}


# --- the guards, taken out -------------------------------------------------------------------------

# One of each kind; python -m tests.promises.guards takes out all.
TAKEN_OUT = (
    "reader", "last-visitor", "sitemap", "vocabulary", "views", "reads", "view", "derived", "batches",
)  # fmt: skip


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_is_where_it_is_taken_out(guard: Guard) -> None:
    """Otherwise a change of the code would make its absence the same code again."""
    code = (ROOT / guard.file).read_text("utf-8")

    assert code.count(guard.old) == 1
    compile(code.replace(guard.old, guard.new), guard.file, "exec")


@pytest.mark.slow
@pytest.mark.parametrize("name", TAKEN_OUT)
def test_a_missing_guard_is_detected(name: str) -> None:
    """The worlds detect each missing guard; otherwise they would prove nothing."""
    [guard] = [one for one in GUARDS if one.name == name]

    assert detected(guard, guard.first)[0]
