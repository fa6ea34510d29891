"""Pushes to a real `gongwen serve`: from a real PHP, and from several clients while the server is killed."""

import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from indexer.build import generations
from search_service.engines import Scope
from search_service.model import Audience
from search_service.roles import Role
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, write_source
from tests.support.paths import ROOT

SECONDS = 60.0
EXAMPLES = ROOT / "docs" / "examples"


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


@pytest.fixture(params=["embedded", pytest.param("elastic", marks=pytest.mark.elasticsearch)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An index of each engine with one article, without a model."""
    address = f"embedded:{tmp_path}/index"
    if request.param == "elastic":
        address = f"{request.getfixturevalue('elasticsearch_url')}-{uuid.uuid4().hex[:8]}"
    state = f"sqlite:///{tmp_path}/state.sqlite3"
    service = open_service(
        read_settings(engine=address, model="none", engine_timeout=30, state=state)
    )
    part = {"title": "第一篇", "body": "全文。", "preview": "……"}
    source = write_source(tmp_path / "index.jsonl", [{**part, "id": "first"}])
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    key = service.store.keys.create("portal", Role.INDEXER)
    environment = {
        **os.environ,
        "GONGWEN_ENGINE": address,
        "GONGWEN_STATE": state,
        "GONGWEN_MODEL": "none",
        "LC_ALL": "zh_CN.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }
    yield Place(environment, key, service)
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


PHP = """<?php
require $argv[1];
$gongwen = new Gongwen($argv[2], $argv[3]);
$record = ['title' => '关于防汛的通知', 'body' => '同志们：底线是一户不漏。', 'audience' => 'public'];
$answer = $gongwen->put('栏目/1', $record);
$deadline = microtime(true) + 30;
do {
    usleep(50000);
    $found = $gongwen->search(['q' => '一户不漏', 'mode' => 'keyword']);
} while ($found['total'] === 0 && microtime(true) < $deadline);
$results = $gongwen->bulk([['id' => 'bad'], ['id' => '栏目/1', 'deleted' => true]]);
$gongwen->delete('nobody');
try {
    (new Gongwen($argv[2], 'gw_wrong'))->delete('first');
    $refused = '';
} catch (RuntimeException $error) {
    $refused = $error->getMessage();
}
echo json_encode([$answer['id'], $found['results'][0]['id'], array_column($results, 'state'), $refused]);
"""
# The functions of WordPress that the plugin calls.
WORDPRESS = """<?php
define('ABSPATH', '/');
define('GONGWEN_ADDRESS', $argv[2]);
define('GONGWEN_KEY', $argv[3]);
class WP_Post { public $ID, $post_status = 'publish', $post_type = 'post', $post_password = '';
    public $post_title, $post_content, $post_date = '2024-05-06 07:08:09';
    function __construct($id, $title, $content) {
        [$this->ID, $this->post_title, $this->post_content] = [$id, $title, $content]; } }
$hooks = [];
function add_action($name, $call) { global $hooks; $hooks[$name] = $call; }
function wp_get_post_tags($id, $options) { return ['防汛', '值班']; }
function wp_is_post_revision($id) { return false; }
function wp_is_post_autosave($id) { return false; }
require $argv[1];
$free = new WP_Post(7, '免费的', '<p>全部公开。</p>');
$paid = new WP_Post(8, '收费的', '<p>导语。</p>[vip]<p>密令</p>[/vip]<p>结语。</p>');
$open = new WP_Post(9, '没有写完的', '<p>导语。</p>[vip level="2"]<p>密令</p>');
foreach ([$free, $paid, $open] as $post) { $hooks['wp_after_insert_post']($post->ID, $post); }
$free->post_status = 'draft';
$hooks['wp_after_insert_post'](7, $free);
"""


def php(script: str, *arguments: object) -> str:
    """Run a script with the real PHP; its output."""
    found = shutil.which("php")
    if found is None:
        pytest.skip("needs php")
    path = Path(str(arguments[0])).parent / "script.php"
    path.write_text(script, encoding="utf-8")
    done = subprocess.run(
        [found, str(path), *map(str, arguments[1:])],
        check=True,
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    return done.stdout


def test_php_pushes_and_searches(place: Place, tmp_path: Path) -> None:
    """The client of the documentation, and the plugin: paid parts stay out of what guests read."""
    with served(place) as (_, port):
        address = f"http://127.0.0.1:{port}"
        script = tmp_path / "php"
        output = php(PHP, script, EXAMPLES / "gongwen.php", address, place.key)
        id, found, states, refused = json.loads(output)
        assert (id, found, states) == ("栏目/1", "栏目/1", ["invalid", "pending"])
        assert "401" in refused
        output = php(WORDPRESS, script, EXAMPLES / "wordpress-gongwen.php", address, place.key)
        assert output == ""
        finish(place)
        texts = place.texts()
    assert set(texts) == {"first", "8", "9"}
    assert "密令" not in texts["8"] + texts["9"]
    assert "结语" in texts["8"]
    member = place.service.engine.reader(Scope(Audience.MEMBER)).fetch(["8"])["8"].view
    assert "密令" in member.text
    assert (member.keywords, member.date) == (("防汛", "值班"), "2024-05-06")


def finish(place: Place) -> None:
    """Wait until nothing is pending."""
    deadline = time.monotonic() + SECONDS
    while place.service.store.ledger.pending():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


class Client(threading.Thread):
    """Sends changes, each again until it is answered; remembers the numbers of those that were entered."""

    def __init__(self, port: int, key: str, changes: list[tuple[str, int | None, str]]) -> None:
        super().__init__()
        self._port, self._key, self._changes = port, key, changes
        self.entered: list[tuple[str, int, int | None, str]] = []

    def run(self) -> None:
        """Send all."""
        for id, version, text in self._changes:
            while not self._send(id, version, text):
                threading.Event().wait(0.05)

    def _send(self, id: str, version: int | None, text: str) -> bool:
        values: dict[str, Any] = {"title": f"标题{id}", "body": text, "audience": "public"}
        address = f"http://127.0.0.1:{self._port}/api/v1/articles/{id}"
        method, data = "PUT", json.dumps(values | {"version": version}).encode()
        if not text:
            method, data, address = "DELETE", b"", f"{address}?version={version}"
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        request = urllib.request.Request(address, data or None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                number = json.load(answer)["number"]
        except urllib.error.HTTPError as exc:
            return exc.code == 409  # out of date; 503: the server ends or begins
        except OSError:
            return False
        self.entered.append((id, number, version, text))
        return True


@pytest.mark.slow
def test_the_outcome_is_that_of_the_ledger_whatever_is_killed(place: Place) -> None:
    """Four clients, duplicates, late versions, deletions; the server is killed at random moments."""
    draw = random.Random(7)
    changes: list[tuple[str, int | None, str]] = []
    for number in range(12):
        versions = draw.sample(range(1, 30), 8)
        changes += [
            (f"v{number}", one, "" if draw.random() < 0.2 else f"版本{one}的正文。")
            for one in versions
        ]
        changes += [(f"n{number}", None, f"第{one}稿。") for one in range(6)]
    changes += draw.sample(changes, 40)  # delivered twice
    draw.shuffle(changes)
    with served(place) as (process, port):
        clients = [Client(port, place.key, changes[n::4]) for n in range(4)]
        for client in clients:
            client.start()
        threading.Event().wait(draw.uniform(0.2, 1.0))
        process.kill()
    kills = 1
    while any(client.is_alive() for client in clients):
        with served(place, port=port) as (process, _):
            for client in clients:
                client.join(draw.uniform(0.2, 1.5))
            if kills < 4:
                process.kill()
                kills += 1
    entered = [one for client in clients for one in client.entered]
    assert kills >= 2
    with served(place):
        finish(place)
    expected = {"first": "……"}
    newest: dict[str, tuple[int, int, str]] = {}
    for id, number, version, text in entered:
        order = number if version is None else 2 * version + (not text)
        newest[id] = max(newest.get(id, (-1, -1, "")), (order, number, text))
    expected |= {id: text for id, (_, _, text) in newest.items() if text}
    assert place.texts() == expected
    assert len(newest) == 24
