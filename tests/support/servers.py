"""Our servers. Entry points: :func:`command_of` and :func:`serving` (both, as processes), :func:`served`."""

import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import yaml
from flask import Flask

from search_service.web.server import serve
from tests.support.paths import ROOT

SERVERS = ("gongwen serve", "gunicorn")
SERVE = """
from search_service.web.server import serve
from search_service.web.wsgi import create_wsgi_app
serve(create_wsgi_app(), "127.0.0.1", 0, 4, ready=lambda address: print(address, flush=True))
"""
SECONDS = 60.0
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass
class Served:
    """A server's port and output; the output is complete after the server has stopped."""

    port: int = 0
    lines: list[str] = field(default_factory=list)


def served(app: Flask, threads: int = 4) -> str:
    """The address at which an app is served, by a thread that ends with this process."""
    ready: queue.Queue[str] = queue.Queue()
    threading.Thread(
        target=serve,
        args=(app, "127.0.0.1", 0, threads),
        kwargs={"ready": ready.put},
        daemon=True,
    ).start()
    return ready.get(timeout=30)


def command_of(server: str) -> list[str]:
    """The command that starts one of the :data:`SERVERS` on a free port."""
    return _composed() if server == "gunicorn" else [sys.executable, "-c", SERVE]


def _composed() -> list[str]:
    """The command of the container, with a free port."""
    content = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    command: list[str] = content["services"]["api"]["command"]
    assert command[0] == "gunicorn"
    given = ["127.0.0.1:0" if part == "0.0.0.0:8000" else part for part in command[1:]]
    return [sys.executable, "-m", "gunicorn", *given]


@contextmanager
def serving(server: str, environment: Mapping[str, str]) -> Iterator[Served]:
    """Run a server during the block, then stop it by SIGTERM."""
    served, ready = Served(), threading.Event()
    with subprocess.Popen(
        command_of(server),
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                served.lines.append(line.rstrip("\n"))
                if not served.port and (found := _ADDRESS.search(line)):
                    served.port = int(found[1])
                    ready.set()
            ready.set()

        reader = threading.Thread(target=read)
        reader.start()
        try:
            assert ready.wait(SECONDS)
            assert served.port, served.lines
            yield served
        finally:
            process.terminate()
            status = process.wait(SECONDS)
            reader.join()
        assert status == 0, served.lines
