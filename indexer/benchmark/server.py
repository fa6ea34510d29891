"""The real server as a process of its own, and a client. Entry points: :func:`serving`, :class:`Client`.

It is ``gongwen serve``, as a user starts it, on a free port.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import IO
from urllib.parse import urlencode

from analyzers.messages import say
from indexer.benchmark.memory import Memory, memory
from search_service.errors import EngineError
from search_service.query.request import Mode
from search_service.settings import Settings, environment_with

HOST = "127.0.0.1"
# Seconds that an index may take to open, and an answer to come.
_START, _ANSWER = 600.0, 60.0
_ADDRESS = re.compile(r"http://127\.0\.0\.1:([0-9]+)")


@dataclass(frozen=True)
class Server:
    """A running server: its port, the path prefix of its URLs, and the seconds until it was ready."""

    port: int
    prefix: str
    process: int
    ready_seconds: float

    def path(self, query: str, mode: Mode) -> str:
        """The path of a search."""
        return f"{self.prefix}/api/v1/search?{urlencode({'q': query, 'mode': mode.value})}"

    def memory(self) -> Memory:
        """Its memory now."""
        return memory(self.process)


@dataclass(frozen=True)
class Response:
    """An answer: its status, the seconds it took, and the stages of ``Server-Timing``, in seconds."""

    status: int
    seconds: float
    stages: Mapping[str, float]


class Client:
    """One client with one connection, which is kept."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection = HTTPConnection(HOST, server.port, timeout=_ANSWER)

    def search(self, query: str, mode: Mode) -> Response:
        """One search; raises ``EngineError`` unless it is answered with 200."""
        response = self.get(self._server.path(query, mode))
        if response.status != 200:
            raise EngineError(
                say(
                    f"测速时检索得到 {response.status}：{query}",
                    f"while measuring, a search was answered with {response.status}: {query}",
                )
            )
        return response

    def get(self, path: str) -> Response:
        """Request a path, and read all of the answer."""
        started = time.perf_counter()
        response = self._response(path)
        response.read()
        seconds = time.perf_counter() - started
        return Response(response.status, seconds, _stages(response.getheader("Server-Timing")))

    def _response(self, path: str) -> HTTPResponse:
        self._connection.request("GET", path)
        return self._connection.getresponse()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _stages(header: str | None) -> dict[str, float]:
    """``total;dur=12.5, match;dur=3.0`` as seconds by name."""
    parts = (part.partition(";dur=") for part in (header or "").split(", ") if part)
    return {name: float(milliseconds) / 1000 for name, _, milliseconds in parts}


@contextmanager
def serving(settings: Settings) -> Iterator[Server]:
    """Run a server of the index and state of these settings; stop it after the block.

    Ready is when ``healthz`` is, which searches. Raises ``EngineError`` with the server's own message if
    it does not start.
    """
    environment = environment_with(
        engine=settings.engine, state=settings.state, model=settings.model, rate_limit=""
    )
    command = [sys.executable, "-m", "indexer", "serve", "--host", HOST, "--port", "0"]
    started = time.perf_counter()
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(  # noqa: S603  (this program itself)
            command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            port = _port(process.stdout)
            if port is None or not _is_ready(port, settings.path_prefix, started + _START):
                raise _not_started(errors)
            seconds = time.perf_counter() - started
            yield Server(port, settings.path_prefix, process.pid, seconds)
        finally:
            process.terminate()


def _port(lines: IO[str] | None) -> int | None:
    """The port in the output of the server; None if it ends without one."""
    for line in lines or ():
        if found := _ADDRESS.search(line):
            return int(found[1])
    return None


def _is_ready(port: int, prefix: str, until: float) -> bool:
    while time.perf_counter() < until:
        client = Client(Server(port, prefix, 0, 0.0))
        try:
            if client.get(f"{prefix}/api/v1/healthz").status == 200:
                return True
        except OSError:
            return False  # it has ended
        finally:
            client.close()
        time.sleep(0.05)
    return False


def _not_started(errors: IO[str]) -> EngineError:
    errors.seek(0)
    last = "".join(errors.readlines()[-1:]).strip()
    return EngineError(
        say(f"测速用的服务没有启动：{last}", f"the server to measure did not start: {last}")
    )
