"""Deletes and orders outlast Elasticsearch's own record of them, and a killed node.

Elasticsearch forgets the versions of its own deletes after ``index.gc_deletes`` (60 s) and at a
restart; then it takes a stale update of what was deleted. Ours must stay deleted.
"""

import itertools
import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from search_service.engines import Engine, open_engine
from search_service.errors import EngineUnavailable
from search_service.model import Audience, Record, Tombstone, WriteResult
from tests.support.elasticsearch_node import NodeMissing, leave_out
from tests.support.elasticsearch_restart import Node, own_node
from tests.support.sample_records import FIRE, FLOOD, MANIFEST, SCHOOL, load, public, read, record

pytestmark = pytest.mark.elasticsearch

_REMEMBERED = 1.0  # seconds, instead of the server's 60: how long it takes is not in question
_FORGOTTEN = 3 * _REMEMBERED  # after which ours must still apply
_DEADLINE = 300.0  # the server forgets only when it is active
_BATCH = 300  # articles: 0.2 s on the server, time enough to be killed
_BATCHES = 3  # acknowledged before the node is killed


def ask(method: str, url: str, body: object = None) -> int:
    """The status of a raw request."""
    request = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def wait_until_forgotten(control: str) -> None:
    """Delete a document of a plain index, and wait until the server accepts an older version."""
    every = f"{control.rpartition('-')[0]}*"
    assert ask("PUT", control) == 200
    assert ask("PUT", f"{every}/_settings", {"index.gc_deletes": f"{_REMEMBERED:.0f}s"}) == 200
    document = f"{control}/_doc/1?version_type=external&version="
    assert ask("PUT", f"{document}10", {}) == 201
    assert ask("DELETE", f"{document}11") == 200
    assert ask("PUT", f"{document}5", {}) == 409
    deleted = time.monotonic()
    forgotten = False
    while not forgotten or time.monotonic() < deleted + _FORGOTTEN:
        assert time.monotonic() < deleted + _DEADLINE
        ask("POST", f"{every}/_refresh")  # where it forgets
        forgotten = forgotten or ask("PUT", f"{document}5", {}) == 201
        time.sleep(0.1)


def test_a_stale_update_long_after_a_delete(elasticsearch_url: str) -> None:
    """After the server has forgotten its own deletes, ours still apply."""
    url = f"{elasticsearch_url}-{uuid.uuid4().hex[:8]}"
    engine = open_engine(url)
    load(engine, FIRE, SCHOOL)
    load(engine, Tombstone(id="B1890", version=1), Tombstone(id="C2352", version=1))

    wait_until_forgotten(f"{url}-control")

    late = record("B1890", "消防 通知", "迟到 的 改写 。", version=1)
    assert load(engine, FIRE, late, FLOOD) == WriteResult(stale=("B1890", "B1890", "C2352"))
    assert [stored.view.id for stored in read(engine).scan()] == ["A0007"]
    engine.close()


# --- killed and started again --------------------------------------------------------------------


def batch(number: int) -> list[Record | Tombstone]:
    """Articles of this number; the first one of the batch before is deleted."""
    entries: list[Record | Tombstone] = [
        record(f"N{number}-{part}", f"第 {number} 批", f"批次{number} 安全 。", version=number)
        for part in range(_BATCH)
    ]
    return [*entries, Tombstone(id=f"N{number - 1}-0", version=number)]


def ids_after(number: int) -> set[str]:
    """The live articles of the batches up to this one."""
    every = {f"N{n}-{part}" for n in range(1, number + 1) for part in range(_BATCH)}
    return every - {f"N{n}-0" for n in range(1, number)}


def school(version: int, text: str = "学校 安全 。") -> Record:
    """An article with this version and text."""
    return record("A0007", "学校 安全", text, version=version)


def write_until_killed(engine: Engine, url: str, node: Node) -> int:
    """Write batches and kill the node in the middle of one; the last one acknowledged."""
    acknowledged: list[int] = []
    enough = threading.Event()
    name = public(engine)

    def write() -> None:
        with suppress(EngineUnavailable), engine.writer(name) as writer:
            for number in itertools.count(1):
                writer.write(batch(number))
                acknowledged.append(number)
                if number == _BATCHES:
                    enough.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert enough.wait(_DEADLINE)
    before = engine.count(name)
    while engine.count(name) <= before:
        ask("POST", f"{url}*/_refresh")
    node.kill()
    thread.join()
    return acknowledged[-1]


@dataclass(frozen=True)
class Survivor:
    """An engine on a node that was killed, and the last batch acknowledged before."""

    engine: Engine
    acknowledged: int


@pytest.fixture(scope="module")
def survivor() -> Iterator[Survivor]:
    """Load, delete and write batches until the node is killed; then restart it."""
    reason = ""
    try:
        with own_node() as node:
            url = f"{node.start()}/gongwen"
            engine = open_engine(url)
            name = engine.create(Audience.PUBLIC, MANIFEST).name
            with engine.writer(name, loading=True) as writer:
                writer.write([FIRE, school(1)])
                writer.complete()
            engine.activate({Audience.PUBLIC: name})
            load(engine, Tombstone(id="B1890", version=1), Tombstone(id="C2352", version=1))
            assert load(engine, school(3)) == WriteResult(unchanged=1)
            acknowledged = write_until_killed(engine, url, node)
            engine.close()
            engine = open_engine(f"{node.start()}/gongwen")
            yield Survivor(engine, acknowledged)
            engine.close()
    except NodeMissing as missing:
        reason = str(missing)
    if reason:
        leave_out(reason)


def test_every_acknowledged_write_survives(survivor: Survivor) -> None:
    """Acknowledged writes are there, each article complete; the interrupted batch is completed."""
    engine, last = survivor.engine, survivor.acknowledged
    stored = {s.view.id: s for s in read(engine).scan() if s.view.id.startswith("N")}
    certain = ids_after(last) & ids_after(last + 1)
    assert certain <= set(stored) <= ids_after(last) | ids_after(last + 1)
    for id, found in stored.items():
        assert found.view.text == f"批次{id[1:].partition('-')[0]}安全。"

    again = load(engine, *batch(last + 1))

    assert again.written + again.unchanged == _BATCH + 1
    ids = {s.view.id for s in read(engine).scan() if s.view.id.startswith("N")}
    assert ids == ids_after(last + 1)


def test_a_stale_update_after_a_restart(survivor: Survivor) -> None:
    """Deletes still apply after a restart, of existing and of unknown articles."""
    late = record("B1890", "消防 通知", "迟到 的 改写 。", version=1)
    assert load(survivor.engine, FIRE, late, FLOOD) == WriteResult(
        stale=("B1890", "B1890", "C2352")
    )
    assert read(survivor.engine).fetch(["B1890", "C2352"]) == {}


def test_a_raised_order_after_a_restart(survivor: Survivor) -> None:
    """An unchanged update made the versions between stale."""
    assert load(survivor.engine, school(2, "迟到 的 改写 。")) == WriteResult(stale=("A0007",))
    assert read(survivor.engine).fetch(["A0007"])["A0007"].view.text == "学校安全。"
