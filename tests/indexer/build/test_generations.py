"""Rebuilding beside the live index, on both engines: no concurrent write is lost."""

import functools
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer import updates
from indexer.build import generations, live_writers
from indexer.build.generations import (
    activate,
    check,
    create,
    discard_build,
    load,
    open_build,
    rollback,
)
from indexer.build.ingest import Progress
from search_service.answers import browse
from search_service.engines import Scope
from search_service.errors import BadInput, NotFound, WriterBusy
from search_service.model import Audience
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.state.ledger import Ledger
from tests.conftest import ALL_CLEANING, write_source

_ENGINES = ["embedded", pytest.param("elastic", marks=pytest.mark.elasticsearch)]
_COUNT = 30  # articles of a source; BATCH is 10 here
Body = dict[str, object]


def articles(*, edition: str = "", version: int | None = None, count: int = _COUNT) -> list[Body]:
    """Notices n0, n1 …, each with a preview for guests and more for members."""
    return [
        {
            "id": f"n{place}",
            "title": f"关于第{place}号工作的通知",
            "preview": f"各单位：现将第{place}号工作{edition}安排如下。",
            "body": f"各单位：现将第{place}号工作{edition}安排如下。一、总体要求。二、重点任务。",
        }
        | ({"version": version} if version is not None else {})
        for place in range(count)
    ]


@pytest.fixture(params=_ENGINES)
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The settings of a service with its own engine."""
    state = f"sqlite:///{tmp_path}/state.sqlite3"
    if request.param == "embedded":
        return {"engine": f"embedded:{tmp_path}/index", "state": state}
    url = f"{request.getfixturevalue('elasticsearch_url')}-{uuid.uuid4().hex[:8]}"
    return {"engine": url, "engine_timeout": "30", "state": state}


@pytest.fixture
def service(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[SearchService]:
    """A service that writes in small batches."""
    monkeypatch.setattr("indexer.build.ingest.BATCH", 10)
    opened = open_service(read_settings(**environment))
    yield opened
    opened.close()


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., Path]:
    """Write articles to a source file with this name."""

    def write(records: list[Body], name: str = "source") -> Path:
        return write_source(tmp_path / f"{name}.jsonl", records)

    return write


def rebuild(service: SearchService, source: Path, **options: Any) -> Any:
    """Rebuild from one source."""
    return generations.rebuild(service, [source], cleaning=ALL_CLEANING, **options)


def add(service: SearchService, source: Path) -> Any:
    """Add from one source."""
    return updates.add(service, [source], cleaning=ALL_CLEANING)


def texts(service: SearchService, audience: Audience = Audience.MEMBER) -> dict[str, str]:
    """The texts that the audience can read, by id."""
    return {one.view.id: one.view.text for one in service.engine.reader(Scope(audience)).scan()}


def bodies(records: list[Body]) -> dict[str, object]:
    """The texts that members read from a source, by id."""
    return {str(record["id"]): record["body"] for record in records}


Act = Callable[[], object]


def once(stage: str, done: int, act: Act) -> Progress:
    """Call a function at one moment of a rebuild."""

    def progress(now: str, count: int, _total: int) -> None:
        if (now, count) == (stage, done):
            act()

    return progress


# --- writes during a rebuild ---------------------------------------------------------------------


@pytest.mark.parametrize("moment", [("read", 1), ("index", 10), ("index", 30)])
@pytest.mark.parametrize("version", [None, 3])
def test_changes_during_a_rebuild_are_in_the_new_index(
    service: SearchService,
    source: Callable[..., Path],
    moment: tuple[str, int],
    version: int | None,
) -> None:
    """A new article, a newer text and a deletion, with and without versions in the source."""
    whole = source(articles(version=version))
    rebuild(service, whole)
    newer = articles(edition="（修订）", version=version and version + 1)[:1]
    new: Body = {"id": "new", "title": "新来的通知", "body": "刚刚印发。"}

    def write() -> None:
        add(service, source([*newer, new], "more"))
        updates.delete(service, ["n7"])

    report = rebuild(service, whole, progress=once(*moment, write))

    expected = bodies(articles()) | bodies(newer) | {"new": "刚刚印发。"}
    del expected["n7"]
    assert texts(service) == expected
    assert set(report.generations[0].serves) == {Audience.PUBLIC}
    assert "n7" not in texts(service, Audience.PUBLIC)
    assert add(service, whole).written.stale == (() if version is None else ("n0", "n7"))


def test_a_swap_waits_for_a_writer_of_the_live_index(
    service: SearchService,
    environment: dict[str, str],
    source: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Changes written after the check of a build are in the build, too."""
    open_source = [{**record, "preview": record["body"]} for record in articles()]
    rebuild(service, source(open_source))
    other = open_service(read_settings(**environment))
    loaded, entered = threading.Event(), threading.Event()

    def wait() -> None:
        loaded.set()
        assert entered.wait(60)

    progress = once("index", 2 * _COUNT, wait)
    path = source(articles(), "other")
    swap = threading.Thread(target=functools.partial(rebuild, other, path, progress=progress))
    swap.start()
    assert loaded.wait(60)
    write = live_writers.LiveWriters.write

    def write_while_another_swaps(serving: live_writers.LiveWriters, *given: Any) -> Any:
        entered.set()
        return write(serving, *given)

    monkeypatch.setattr(live_writers.LiveWriters, "write", write_while_another_swaps)

    add(
        service,
        source([{"id": "new", "title": "新", "preview": "免费。", "body": "免费。会员。"}], "more"),
    )
    swap.join()
    other.close()

    assert texts(service) == bodies(articles()) | {"new": "免费。会员。"}
    assert texts(service, Audience.PUBLIC)["new"] == "免费。"


def test_changes_before_the_source_was_read_are_not_replayed(
    service: SearchService, source: Callable[..., Path]
) -> None:
    """A rebuild contains exactly the articles of its sources, and later changes."""
    rebuild(service, source(articles()))
    add(service, source([{"id": "old", "title": "旧", "body": "旧文。"}], "more"))
    rebuild(service, source(articles(edition="（二）")))
    add(service, source([{"id": "new", "title": "新", "body": "新文。"}], "more"))
    assert texts(service) == bodies(articles(edition="（二）")) | {"new": "新文。"}


# --- killed --------------------------------------------------------------------------------------


class Killed(BaseException):
    """An exception that nothing catches."""


def kill() -> None:
    """End the process as abruptly as Python can."""
    raise Killed


@pytest.mark.parametrize("version", [None, 3])
def test_a_killed_rebuild_is_resumed(
    service: SearchService, source: Callable[..., Path], version: int | None
) -> None:
    """Loaded articles are not loaded again; those no longer in the source are deleted; the rest is new."""
    rebuild(service, source(articles(version=version)))
    before = texts(service)
    second = articles(edition="（二）", version=version and version + 1)
    with pytest.raises(Killed):
        rebuild(service, source(second), progress=once("index", _COUNT + 20, kill))
    assert texts(service) == before
    third: list[Body] = [*second[5:], {"id": "new", "title": "新", "body": "新文。"}]

    report = rebuild(service, source(third))

    assert texts(service) == bodies(third)
    assert texts(service, Audience.PUBLIC).keys() == texts(service).keys()
    assert report.written.unchanged == 15
    assert len(service.engine.generations()) == 4  # two live ones, two for a rollback


def test_a_killed_load_of_other_text_with_the_same_version_is_discarded(
    service: SearchService, source: Callable[..., Path]
) -> None:
    """The order of writes cannot decide which is right; the present source does."""
    with pytest.raises(Killed):
        rebuild(
            service, source(articles(edition="（错）", version=1)), progress=once("index", 20, kill)
        )
    rebuild(service, source(articles(version=1)))
    assert texts(service) == bodies(articles())


def test_a_killed_write_is_finished_by_the_next(
    service: SearchService, source: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pending changes are written before anything else."""
    rebuild(service, source(articles()))
    with monkeypatch.context() as killed:
        killed.setattr(live_writers.LiveWriters, "write", lambda *_: kill())
        with pytest.raises(Killed):
            updates.delete(service, ["n3"])
    assert "n3" in texts(service)

    add(service, source([{"id": "new", "title": "新", "body": "新文。"}], "more"))

    assert "n3" not in texts(service)
    assert service.store.ledger.pending() == []


def test_killed_between_swap_and_end(
    service: SearchService, source: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run completes the activation, and builds again."""
    rebuild(service, source(articles()))
    with monkeypatch.context() as killed:
        killed.setattr(Ledger, "forget", lambda *_: kill())
        with pytest.raises(Killed):
            rebuild(service, source(articles(edition="（二）")))
    assert texts(service) == bodies(articles(edition="（二）"))
    add(service, source([{"id": "new", "title": "新", "body": "新文。"}], "more"))

    rebuild(service, source(articles(edition="（三）")))

    assert texts(service) == bodies(articles(edition="（三）"))
    rollback(service)
    assert texts(service) == bodies(articles(edition="（二）")) | {"new": "新文。"}


# --- steps ---------------------------------------------------------------------------------------


def test_every_step_may_be_repeated(service: SearchService, source: Callable[..., Path]) -> None:
    """Each step twice has the same effect as once."""
    whole = source(articles())
    build = create(service)
    assert create(service) == build
    for _ in range(2):
        load(service, [whole], cleaning=ALL_CLEANING)
    for _ in range(2):
        check(service)
    serving = activate(service)
    assert activate(service) == serving

    assert serving[Audience.PUBLIC] == build.generations[Audience.PUBLIC]
    assert texts(service) == bodies(articles())
    assert {one.name for one in service.engine.generations()} == set(serving.values())


def test_steps_in_a_wrong_order_name_the_missing_step(
    service: SearchService, source: Callable[..., Path]
) -> None:
    """Each error names the command."""
    with pytest.raises(NotFound, match="generation create"):
        load(service, [source(articles())], cleaning=ALL_CLEANING)
    create(service)
    with pytest.raises(BadInput, match="generation load"):
        check(service)
    load(service, [source(articles())], cleaning=ALL_CLEANING)
    with pytest.raises(BadInput, match="generation check"):
        activate(service)
    discard_build(service)
    with pytest.raises(NotFound, match="generation create"):
        open_build(service)
    assert service.engine.generations() == []


def test_ids_at_their_limits_pass_the_checks(
    service: SearchService, source: Callable[..., Path]
) -> None:
    """512 bytes, an id equal to more titles than fit on a page, keys without a letter."""
    shared = "号z9"
    records = [
        {"id": f"a{place}", "title": shared, "code": "—", "body": "各科室轮流值守。"}
        for place in range(139)  # the shared one is in the sample
    ]
    records += [
        {"id": "文" * 170, "title": "***", "body": "——"},
        {"id": "é" * 200, "title": "……", "body": "各单位遵照执行。"},
        {"id": shared, "title": "—", "body": "各单位遵照执行。"},
    ]

    assert not rebuild(service, source(records)).faults
    assert len(texts(service, Audience.PUBLIC)) == len(records)


def test_rollback_keeps_later_changes(service: SearchService, source: Callable[..., Path]) -> None:
    """The previous generation gets later changes; a second rollback does nothing; activate undoes it."""
    rebuild(service, source(articles()))
    rebuild(service, source(articles(edition="（二）")))
    new = {"id": "new", "title": "新", "body": "新文。"}
    add(service, source([new], "more"))
    updates.delete(service, ["n1"])
    first, second = bodies(articles()), bodies(articles(edition="（二）"))
    for expected in (first, second):
        expected["new"] = "新文。"
        del expected["n1"]

    back = rollback(service)
    assert rollback(service) == back
    assert texts(service) == first
    add(service, source([{**new, "body": "又改。"}], "more"))
    forward = activate(service)
    assert activate(service) == forward
    assert texts(service) == second | {"new": "又改。"}
    assert set(back.values()).isdisjoint(forward.values())


def test_one_process_builds_at_a_time(
    service: SearchService, environment: dict[str, str], source: Callable[..., Path]
) -> None:
    """Another process gets an error at once."""
    other = open_service(read_settings(**environment))
    with service.store.ledger.exclusive(), pytest.raises(WriterBusy, match="一次只能有一个"):
        rebuild(other, source(articles()))
    rebuild(other, source(articles()))
    other.close()
    assert browse.home(service, Audience.PUBLIC).total == _COUNT


# --- processes -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_sigkill_at_a_random_moment_of_a_rebuild(
    service: SearchService, environment: dict[str, str], source: Callable[..., Path], seed: int
) -> None:
    """The live index is always that of a complete source, and the next run ends with exactly the new one."""
    old, new = articles(count=400), articles(edition="（二）", count=400)
    rebuild(service, source(old, "old"))
    path = source(new, "new")
    command = [sys.executable, "-m", "indexer", "index", str(path)]
    variables = {f"GONGWEN_{name.upper()}": value for name, value in environment.items()}
    began = time.monotonic()
    process = subprocess.Popen(
        command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    # First wait until a build has started, then kill at any moment up to its end.
    deadline = began + random.Random(seed).uniform(1.0, 6.0)
    while process.poll() is None and time.monotonic() < deadline:
        assert texts(service) in (bodies(old), bodies(new))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert texts(service) in (bodies(old), bodies(new))

    rebuild(service, path)

    assert texts(service) == bodies(new)
