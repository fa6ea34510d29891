"""Pushes to a real `gongwen serve`. Entry points: :func:`made`, :func:`served`, :func:`storm`."""

import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

from indexer.build import generations
from search_service.engines import Scope
from search_service.intake.cleaning import ALL_RULES
from search_service.model import Audience
from search_service.roles import Role
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.support.paths import ROOT

SECONDS = 600.0
_CLIENTS = 4
# What is sent for each article: versions in any order, texts without one, and what is delivered twice.
_VERSIONS, _TWICE = 8, 0.2
_DELETED = 0.2


@dataclass
class Place:
    """Where the index and the state are, a key, and the service over them in this process."""

    environment: dict[str, str]
    key: str
    service: SearchService

    def texts(self) -> dict[str, str]:
        """What guests read, by id."""
        reader = self.service.engine.reader(Scope(Audience.PUBLIC))
        return {one.view.id: one.view.text for one in reader.scan()}


@contextmanager
def made(address: str, folder: Path, model: str = "none") -> Iterator[Place]:
    """An index with one article, by default without a model."""
    state = f"sqlite:///{folder}/state.sqlite3"
    service = open_service(
        read_settings(engine=address, model=model, engine_timeout=30, state=state)
    )
    part = {"title": "第一篇", "body": "全文。", "preview": "……"}
    source = folder / "index.jsonl"
    source.write_text(json.dumps({**part, "id": "first"}), encoding="utf-8")
    generations.rebuild(service, [source], cleaning=ALL_RULES)
    environment = {
        **os.environ,
        "GONGWEN_ENGINE": address,
        "GONGWEN_STATE": state,
        "GONGWEN_MODEL": model,
        "LC_ALL": "zh_CN.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }
    yield Place(environment, service.store.keys.create("portal", Role.INDEXER), service)
    service.close()


@contextmanager
def served(place: Place, *, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`gongwen serve` on a port; it may be killed during the block."""
    command = [sys.executable, "-m", "indexer", "serve", "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        env=place.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout
        line = process.stdout.readline()
        try:
            yield process, int(line.partition("127.0.0.1:")[2].partition("/")[0])
        finally:
            process.terminate()


def finish(place: Place) -> None:
    """Wait until nothing is pending."""
    deadline = time.monotonic() + SECONDS
    while place.service.store.ledger.pending():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


class Client(threading.Thread):
    """Sends changes, each again until it is answered; remembers the numbers of those that were entered."""

    def __init__(self, key: str, changes: list[tuple[str, int | None, str]]) -> None:
        super().__init__()
        self.port, self._key, self._changes = 0, key, changes
        self.entered: list[tuple[str, int, int | None, str]] = []
        self.seconds: list[float] = []
        self.answered = 0

    def run(self) -> None:
        """Send all."""
        for id, version, text in self._changes:
            while not self._send(id, version, text):
                threading.Event().wait(0.05)
            self.answered += 1

    def _send(self, id: str, version: int | None, text: str) -> bool:
        values: dict[str, Any] = {"title": f"标题{id}", "body": text, "audience": "public"}
        address = f"http://127.0.0.1:{self.port}/api/v1/articles/{id}"
        method, data = "PUT", json.dumps(values | {"version": version}).encode()
        if not text:
            method, data, address = "DELETE", b"", f"{address}?version={version}"
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        request = urllib.request.Request(address, data or None, headers, method=method)
        started = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                number = json.load(answer)["number"]
        except urllib.error.HTTPError as exc:
            with exc:
                return exc.code == 409  # out of date; 503: the server ends or begins
        except (OSError, HTTPException):  # the server was killed, before its answer or within it
            return False
        self.entered.append((id, number, version, text))
        self.seconds.append(time.perf_counter() - started)
        return True


@dataclass(frozen=True)
class Storm:
    """What became of a storm: how often the server was killed, and the seconds of each acknowledgement."""

    kills: int
    pushes: int
    articles: int
    seconds: list[float]


def storm(place: Place, *, pushes: int, kills: int, seed: int) -> Storm:
    """Push from four clients, with duplicates, late versions and deletions, and kill the server meanwhile.

    ``AssertionError`` unless the index is what the order of the ledger says.
    """
    draw = random.Random(seed)
    changes = _changes(draw, pushes)
    wait = threading.Event()
    clients = [Client(place.key, changes[n::_CLIENTS]) for n in range(_CLIENTS)]
    killed = port = 0
    begun = False
    while not begun or any(one.is_alive() for one in clients):
        with served(place, port=port) as (process, port):
            for client in clients:
                client.port = port
                if not begun:
                    client.start()
            begun = True
            # Spread over the whole storm; whatever the server is doing then.
            until = len(changes) * (killed + draw.random()) / (kills + 1)
            while any(one.is_alive() for one in clients) and (
                killed >= kills or sum(one.answered for one in clients) < until
            ):
                wait.wait(0.01)
            if killed < kills:
                process.kill()
                killed += 1
    entered = [one for client in clients for one in client.entered]
    with served(place):
        finish(place)
    expected = {"first": "……"}
    newest: dict[str, tuple[int, int, str]] = {}
    for id, number, version, text in entered:
        order = number if version is None else 2 * version + (not text)
        newest[id] = max(newest.get(id, (-1, -1, "")), (order, number, text))
    expected |= {id: text for id, (_, _, text) in newest.items() if text}
    assert place.texts() == expected
    seconds = [one for client in clients for one in client.seconds]
    return Storm(killed, len(changes), len(newest), seconds)


def _changes(draw: random.Random, pushes: int) -> list[tuple[str, int | None, str]]:
    """Id, version and text of each push; without a text, a deletion."""
    changes: list[tuple[str, int | None, str]] = []
    for number in range(int(pushes / (1 + _TWICE) / (_VERSIONS + 6))):
        changes += [
            (f"v{number}", one, "" if draw.random() < _DELETED else f"版本{one}的正文。")
            for one in draw.sample(range(1, 30), _VERSIONS)
        ]
        changes += [(f"n{number}", None, f"第{one}稿。") for one in range(6)]
    changes += draw.choices(changes, k=pushes - len(changes))
    draw.shuffle(changes)
    return changes
