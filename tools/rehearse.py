"""Failure rehearsal on a corpus: ``python -m tools.rehearse CORPUS``.

With a real Elasticsearch node, a real web server and real processes:

1. a full rebuild with swap and concurrent writes under a constant load of searches;
2. the node killed and restarted under the same load;
3. the indexer killed by SIGKILL at random moments of a rebuild, and run again.

Prints what failed and what was lost; exit status 1 if anything did. Needs Java and Maven (``make rehearse``).
"""

import argparse
import contextlib
import gzip
import itertools
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from indexer import updates
from search_service.engines import Scope, open_engine
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.service import open_service
from search_service.settings import read_settings
from search_service.state.store import Store
from tests.support.elasticsearch_restart import Node, own_node
from tests.support.wire import Cable

_RATE = 20.0  # searches per second
_ADDED = 5  # new articles, and as many changed ones, in each concurrent write
_PAUSE = 2.0  # seconds between writes
_SMALL = 250  # articles in the source of the third rehearsal
_GONGWEN = [sys.executable, "-m", "indexer"]


@dataclass(frozen=True)
class Answer:
    """One search: when it was sent, how long it took, and its status (0: no answer)."""

    sent: float
    seconds: float
    status: int


@dataclass
class Load:
    """A constant load: every search is sent at its time, however slow the others are."""

    address: str
    questions: Sequence[str]
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._clock = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._clock.join()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        for number in itertools.count():
            if self._stop.wait(max(0.0, began + number / _RATE - time.monotonic())):
                return
            question = self.questions[number % len(self.questions)]
            thread = threading.Thread(target=self._ask, args=(question,))
            thread.start()
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]

    def _ask(self, question: str) -> None:
        url = f"{self.address}/api/v1/search?q={urllib.parse.quote(question)}"
        sent = time.monotonic()
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                answer.read()
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        except OSError:
            status = 0
        self.answers.append(Answer(sent, time.monotonic() - sent, status))


def main() -> int:
    """Rehearse and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="articles as .jsonl or .jsonl.gz")
    parser.add_argument("--kills", type=int, default=20, help="how often the indexer is killed")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    opener = gzip.open if arguments.corpus.suffix == ".gz" else open
    with opener(arguments.corpus, "rt", encoding="utf-8") as file:
        articles = [json.loads(line) for line in file]
    with tempfile.TemporaryDirectory() as name, own_node() as node:
        port = int(node.start().rsplit(":", 1)[1])
        with Cable(port) as cable:
            rehearsal = Rehearsal(Path(name), articles, node, cable, random.Random(arguments.seed))
            lost = rehearsal.rebuild_under_load()
            lost += rehearsal.node_killed()
            lost += rehearsal.indexer_killed(arguments.kills)
    print(f"共 {lost} 处不符 / {lost} faults in all")
    return 1 if lost else 0


class Rehearsal:
    """The three rehearsals, with a folder, the articles, and a node behind a proxy with a fixed port."""

    def __init__(
        self,
        folder: Path,
        articles: list[dict[str, Any]],
        node: Node,
        cable: Cable,
        source: random.Random,
    ) -> None:
        self.folder, self.articles, self.node, self.cable = folder, articles, node, cable
        self.random = source
        self.source = self.write("source", articles)

    def write(self, name: str, articles: Sequence[dict[str, Any]]) -> Path:
        """Write a source."""
        path = self.folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(a, ensure_ascii=False) + "\n" for a in articles))
        return path

    def environment(self, prefix: str) -> dict[str, str]:
        """The environment of a service with this prefix."""
        return {
            **os.environ,
            "GONGWEN_RATE_LIMIT": "",  # all load comes from one address
            "GONGWEN_ENGINE": f"http://127.0.0.1:{self.cable.port}/{prefix}",
            "GONGWEN_STATE": f"sqlite:///{self.folder}/{prefix}.sqlite3",
        }

    def run(self, prefix: str, *arguments: str) -> int:
        """Run a command of ``gongwen`` to its end."""
        done = subprocess.run(
            [*_GONGWEN, *arguments],
            env=self.environment(prefix),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            print(done.stderr[-500:], file=sys.stderr)
        return done.returncode

    def start(self, prefix: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command of ``gongwen``."""
        return subprocess.Popen(
            [*_GONGWEN, *arguments],
            env=self.environment(prefix),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @contextlib.contextmanager
    def serving(self, prefix: str) -> Iterator[str]:
        """Run the web server; yields its URL."""
        process = subprocess.Popen(
            [*_GONGWEN, "serve", "--port", "0"],
            env={**self.environment(prefix), "GONGWEN_THREADS": "16", "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield "http" + line.split("http", 1)[1].split()[0].rstrip("/")
        finally:
            process.terminate()
            process.wait()

    def questions(self) -> list[str]:
        """Pieces of titles, as queries."""
        titles = [str(article["title"]) for article in self.random.sample(self.articles, 200)]
        return [title[:12] for title in titles]

    def rebuild_under_load(self) -> int:
        """A rebuild with swap while articles are searched, added, changed and deleted."""
        prefix = f"test-{uuid.uuid4().hex[:12]}"
        self.run(prefix, "index", str(self.source))
        stop = threading.Event()
        written: dict[str, str | None] = {}  # acknowledged: the newest title, or None for deleted

        def write() -> None:
            service = open_service(
                read_settings(
                    engine=self.environment(prefix)["GONGWEN_ENGINE"],
                    state=self.environment(prefix)["GONGWEN_STATE"],
                    engine_timeout=60,
                )
            )
            cleaning = Cleaning.parse("all")
            for turn in itertools.count():
                if stop.wait(_PAUSE):
                    break
                new = [
                    {"id": f"new-{turn}-{n}", "title": f"新增{turn}之{n}", "body": "正文。"}
                    for n in range(_ADDED)
                ]
                changed = [
                    {**one, "title": f"{one['title']}（改{turn}）"}
                    for one in self.random.sample(self.articles, _ADDED)
                ]
                batch = [*new, *changed]
                updates.add(service, [self.write(f"turn-{turn}", batch)], cleaning=cleaning)
                written.update({str(one["id"]): str(one["title"]) for one in batch})
                gone = str(changed[0]["id"])
                updates.delete(service, [gone])
                written[gone] = None
            service.close()

        ledger = Store(self.environment(prefix)["GONGWEN_STATE"]).ledger
        writer = threading.Thread(target=write)
        with self.serving(prefix) as address, Load(address, self.questions()) as load:
            time.sleep(5)  # only load, before anything happens
            began = time.monotonic()
            rebuilding = self.start(prefix, "index", str(self.source))
            # Changes before the rebuild reads its source would rightly be replaced.
            while rebuilding.poll() is None and not ((build := ledger.build()) and build.reads):
                time.sleep(0.1)
            writer.start()
            rc = rebuilding.wait()
            took = time.monotonic() - began
            stop.set()
            writer.join()
        indexed = self.titles(prefix)
        lost = [key for key, title in written.items() if indexed.get(key) != title]
        failed = [one for one in load.answers if one.status != 200]
        during = [one.seconds for one in load.answers if one.sent >= began]
        print(
            f"重建 / rebuild under load: {took:.0f} s, rc {rc}; 检索 / searches {len(load.answers)},"
            f" 失败 / failed {len(failed)}; 写入 / writes {len(written)}, 丢失 / lost {len(lost)};"
            f" p50 {quantile(during, 50):.0f} ms, p95 {quantile(during, 95):.0f} ms,"
            f" 最慢 / slowest {max(during) * 1000:.0f} ms"
        )
        for one in failed[:10]:
            print(f"  {one.sent - began:7.1f} s: {one.status} {one.seconds * 1000:.0f} ms")
        self.prefix = prefix
        return len(failed) + len(lost) + (rc != 0)

    def titles(self, prefix: str) -> dict[str, str]:
        """The titles in the public index, by id."""
        engine = open_engine(self.environment(prefix)["GONGWEN_ENGINE"])
        found = {
            one.view.id: one.view.title for one in engine.reader(Scope(Audience.PUBLIC)).scan()
        }
        engine.close()
        return found

    def node_killed(self) -> int:
        """SIGKILL the node, wait five seconds, restart it with the same data."""
        with self.serving(self.prefix) as address, Load(address, self.questions()) as load:
            time.sleep(5)
            killed = time.monotonic()
            self.node.kill()
            time.sleep(5)
            self.cable.lead_to(int(self.node.start().rsplit(":", 1)[1]))
            while not self.answers(address):
                time.sleep(0.05)
            back = time.monotonic()
            time.sleep(5)
        failed = [one for one in load.answers if one.status != 200]
        outside = [one for one in failed if not killed - 1 <= one.sent <= back]
        slow = [one for one in failed if one.seconds > 1.0]
        wrong = [one for one in failed if one.status != 503]
        slowest = max((one.seconds for one in failed), default=0.0)
        print(
            f"节点被杀 / node killed: 停 / down {back - killed:.1f} s, 检索 / searches"
            f" {len(load.answers)}, 出错 / errors {len(failed)} (503: {len(failed) - len(wrong)}),"
            f" 停机之外 / outside {len(outside)}, 超过一秒 / over 1 s {len(slow)},"
            f" 最慢 / slowest {slowest * 1000:.0f} ms"
        )
        return len(outside) + len(slow) + len(wrong)

    def answers(self, address: str) -> bool:
        """Whether the service reports healthy."""
        try:
            with urllib.request.urlopen(f"{address}/api/v1/healthz", timeout=5):
                return True
        except OSError:
            return False

    def indexer_killed(self, kills: int) -> int:
        """SIGKILL at random moments; the live index is always complete, the next run is exact."""
        prefix = f"test-{uuid.uuid4().hex[:12]}"
        small = self.articles[:_SMALL]
        began = time.monotonic()
        self.run(prefix, "index", str(self.write("edition-0", small)))
        whole = time.monotonic() - began
        wrong, finished = 0, 0
        before = {str(one["id"]): str(one["title"]) for one in small}
        for edition in range(1, kills + 1):
            articles = [{**one, "title": f"{one['title']}（{edition}）"} for one in small[edition:]]
            path = str(self.write("edition", articles))
            process = self.start(prefix, "index", path)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self.random.uniform(0.0, whole))
                finished += 1
            process.send_signal(signal.SIGKILL)
            process.wait()
            after = {str(one["id"]): str(one["title"]) for one in articles}
            half_built = self.titles(prefix) not in (before, after)
            failed = self.run(prefix, "index", path) != 0
            wrong += half_built + (failed or self.titles(prefix) != after)
            before = after
        print(
            f"索引进程被杀 / indexer killed: {kills} 次 / times within {whole:.0f} s"
            f" ({finished} 次已先完成 / had finished), 不符 / wrong {wrong}"
        )
        return wrong


def quantile(seconds: Sequence[float], percent: int) -> float:
    """A percentile, in milliseconds."""
    return statistics.quantiles(seconds, n=100)[percent - 1] * 1000


if __name__ == "__main__":
    sys.exit(main())
