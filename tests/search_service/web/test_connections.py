"""Both servers with clients that send half a request, send or receive slowly, or send ambiguous requests."""

import asyncio
import contextlib
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
from flask import Flask

from indexer.build import generations
from search_service.service import open_service
from search_service.settings import read_settings
from search_service.web import connections
from search_service.web.app import create_app
from search_service.web.request import SERVICE, SITE
from search_service.web.server import open_server
from tests.conftest import ALL_CLEANING, write_source
from tests.support.servers import SECONDS, SERVE, SERVERS, serving

HOST = b"Host: gongwen.example\r\n"
NAMES = re.compile(
    rb"waitress|gunicorn|werkzeug|python|flask|^server:", re.IGNORECASE | re.MULTILINE
)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings for an index of 100 articles that all match the same word."""
    folder = tmp_path_factory.mktemp("served")
    engine = f"embedded:{folder}/data"
    service = open_service(read_settings(engine=engine, model="none"))
    records = [
        {"id": f"n{place}", "title": f"第{place}号通知", "body": f"垃圾分类。第{place}段。" * 400}
        for place in range(100)
    ]
    source = write_source(folder / "a.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    service.close()
    return os.environ | {"GONGWEN_ENGINE": engine, "GONGWEN_MODEL": "none", "LC_ALL": "zh_CN.UTF-8"}


@pytest.fixture(scope="module", params=SERVERS)
def port(request: pytest.FixtureRequest, environment: dict[str, str]) -> Iterator[int]:
    """A real process that answers on this port."""
    with serving(request.param, environment) as served:
        # It searches, so that what is loaded in the background does not delay what is timed.
        assert get(served.port, "/api/v1/healthz")[0] == 200
        yield served.port


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """A connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        yield connection


def answer_to(port: int, request: bytes) -> bytes:
    """Everything that is answered to these bytes, until the server closes."""
    with connected(port) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)


def get(port: int, path: str) -> tuple[int, bytes, float]:
    """Status, body and seconds of one request over a connection of its own."""
    started = time.monotonic()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as client:
        client.request("GET", path)
        response = client.getresponse()
        return response.status, response.read(), time.monotonic() - started


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_searches_before_it_is_asked(environment: dict[str, str], server: str) -> None:
    """In the background, and to the end even if the server is stopped at once."""
    with serving(server, environment) as served:
        pass
    assert [line for line in served.lines if " warm " in line and " s=" in line]


HALVES = [
    b"",
    b"GET /api/v1/search?q=",
    b"GET /api/v1/search?q=a HTTP/1.1\r\n" + HOST + b"X-Half: ",
    b"POST /api/v1/precedents HTTP/1.1\r\n" + HOST + b"Content-Length: 9000\r\n\r\n{",
    b"POST /api/v1/precedents HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n{",
]
LARGE = b"GET /api/v1/search?q=%E9%80%9A%E7%9F%A5&size=100 HTTP/1.1\r\n" + HOST + b"\r\n"
SMALL = "/api/v1/search?q=%E9%80%9A%E7%9F%A5&size=1&mode=keyword"


def test_others_do_not_feel_half_sent_requests_and_slow_readers(port: int) -> None:
    """200 half-sent requests that get a byte per second, and 20 clients that do not read large responses."""
    ended = threading.Event()

    def drip(held: list[socket.socket]) -> None:
        while not ended.wait(1):
            for connection in held:
                with contextlib.suppress(OSError):  # the server has had enough of it
                    connection.send(b"a")

    with ExitStack() as stack:
        halves = [stack.enter_context(connected(port)) for _ in range(200)]
        for place, connection in enumerate(halves):
            connection.sendall(HALVES[place % len(HALVES)])
        for _ in range(20):
            slow = stack.enter_context(connected(port))
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.sendall(LARGE)
            slow.recv(1)
        dripping = threading.Thread(target=drip, args=(halves,))
        dripping.start()
        try:
            answers = [
                get(port, path)
                for _ in range(10)
                for path in ("/api/v1/livez", "/api/v1/healthz", SMALL)
            ]
        finally:
            ended.set()
            dripping.join()

    assert {status for status, _, _ in answers} == {200}
    assert statistics.quantiles([seconds for *_, seconds in answers], n=20)[-1] < 1


def test_hundreds_at_once_are_served_or_refused_soon(port: int) -> None:
    """Those for whom the queue would be too long learn it before the others are served; health answers."""
    request = LARGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    async def answer() -> tuple[bytes, float]:
        started = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        whole = await reader.read()
        writer.close()
        return whole, time.monotonic() - started

    async def all_answers() -> list[tuple[bytes, float]]:
        running = asyncio.gather(*(answer() for _ in range(400)))
        for path in ("/api/v1/livez", "/api/v1/healthz"):
            assert (await asyncio.to_thread(get, port, path))[0] == 200
        return await running

    assert get(port, SMALL)[0] == 200  # a process of gunicorn has started
    answers = asyncio.run(asyncio.wait_for(all_answers(), SECONDS))
    served = [seconds for whole, seconds in answers if whole.startswith(b"HTTP/1.1 200 ")]
    refused = [(w, seconds) for w, seconds in answers if w.startswith(b"HTTP/1.1 503 ")]
    assert len(served) + len(refused) == len(answers)
    assert all(b"\r\nRetry-After: " in whole for whole, _ in refused)
    assert statistics.median(seconds for _, seconds in refused) < statistics.median(served)


def test_a_thousand_connections_leave_room_for_one_more(port: int) -> None:
    """The connections idle longest are closed for new ones."""
    with ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(connected(port))
        answers = [get(port, SMALL) for _ in range(40)]

    assert {status for status, _, _ in answers} == {200}
    assert statistics.quantiles([seconds for *_, seconds in answers], n=20)[-1] < 1


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_few_files_are_enough(environment: dict[str, str]) -> None:
    """With a low file limit, connections use half of it and leave the rest to the index."""
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200)){SERVE}"
    with subprocess.Popen(
        [sys.executable, "-c", limited], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        with ExitStack() as stack:
            for _ in range(300):
                stack.enter_context(connected(port))
            answers = [get(port, SMALL) for _ in range(5)]
        process.terminate()

    assert {status for status, _, _ in answers} == {200}


GET = b"GET /api/v1/livez HTTP/1.1\r\n"
POST = b"POST /api/v1/precedents HTTP/1.1\r\n" + HOST
BAD: dict[str, tuple[int, bytes]] = {
    "no host": (400, GET + b"\r\n"),
    "two hosts": (400, GET + HOST + HOST + b"\r\n"),
    "two hosts of 1.0": (400, b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n"),
    "empty host": (400, GET + b"Host:\r\n\r\n"),
    "no name of a host": (400, GET + b"Host: a/b\r\n\r\n"),
    "no international name": (400, GET + b"Host: xn--a\r\n\r\n"),
    "no address of IPv6": (400, GET + b"Host: [:::]\r\n\r\n"),
    "a label of 64": (400, GET + b"Host: " + b"a" * 64 + b".cn\r\n\r\n"),
    "a label of none": (400, GET + b"Host: a..cn\r\n\r\n"),
    "length and chunks": (
        400,
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "chunks and length": (
        400,
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    ),
    "two lengths": (400, POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
    "chunks twice": (400, POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    "chunks of 1.0": (
        400,
        b"POST /api/v1/precedents HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "no length": (400, POST + b"Content-Length: +5\r\n\r\nhello"),
    "a length of digits": (400, POST + b"Content-Length: " + b"9" * 9000 + b"\r\n\r\n"),
    "a bad chunk": (400, POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    "another coding": (501, POST + b"Transfer-Encoding: gzip\r\n\r\n"),
    "no request": (400, b"hello\r\n\r\n"),
    "no version": (400, b"GET /\r\n\r\n"),
    "version 2": (400, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"),
    "a space before the colon": (400, GET + b"Host : a\r\n\r\n"),
    "brackets": (400, b"GET http://[/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a tunnel": (400, b"CONNECT a.example:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "no path": (400, b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n"),
    "long headers": (431, GET + HOST + b"X: " + b"x" * 200_000 + b"\r\n\r\n"),
    "a long address": (431, b"GET /?" + b"x" * 200_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a large body": (413, POST + b"Content-Length: 9000000\r\n\r\n" + b"x" * 2_000_000),
    "large chunks": (
        413,
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"ffff\r\n" + b"x" * 65535 + b"\r\n") * 140,
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_read_in_one_way_is_refused(port: int, kind: str) -> None:
    """Problem details, the connection closed, and nothing that names the server."""
    status, request = BAD[kind]

    answer = answer_to(port, request)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer
    assert b"Content-Type: application/problem+json" in head
    assert b"Connection: close" in head
    assert json.loads(body)["status"] == status
    assert not NAMES.search(answer)


@pytest.mark.parametrize(
    ("status", "request_line", "headers"),
    [
        (200, b"GET / HTTP/1.1", HOST),
        (200, b"GET / HTTP/1.0", b""),
        (200, b"GET http://elsewhere.example/api/v1/livez HTTP/1.1", HOST),
        (200, b"GET http://elsewhere.example HTTP/1.1", HOST),
        (200, b"HEAD /api/v1/livez HTTP/1.1", HOST + b"Accept: a\r\nAccept: b\r\n"),
        (200, b"GET /api/v1/livez HTTP/1.1", b"Host: [::1]:8000\r\n"),
        (404, b"GET /nowhere HTTP/1.1", HOST),
        (405, b"DELETE /search HTTP/1.1", HOST),
        (415, b"POST /api/v1/precedents HTTP/1.1", HOST + b"Content-Length: 0\r\n"),
        (422, b"GET /api/v1/search?x=1 HTTP/1.1", HOST),
    ],
)
def test_no_answer_names_the_server(
    port: int, status: int, request_line: bytes, headers: bytes
) -> None:
    """Answers of every kind, also of absolute addresses and repeated headers."""
    answer = answer_to(port, request_line + b"\r\n" + headers + b"Connection: close\r\n\r\n")

    head = answer.partition(b"\r\n\r\n")[0]
    assert re.match(rb"HTTP/1\.[01] %d " % status, head), answer
    assert not NAMES.search(head)


# --- one server in this process, with other limits ----------------------------------------------


@pytest.fixture
def running(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Start servers with one thread and these limits; they stop after the test."""
    ended = threading.Event()
    started = []

    def start(served: Flask = app, **limits: float) -> int:
        for name, value in limits.items():
            monkeypatch.setattr(connections, name, value)
        listener = socket.create_server(("127.0.0.1", 0))
        server = open_server(served, listener, threads=1)
        thread = threading.Thread(target=server.run, args=(lambda: not ended.is_set(),))
        thread.start()
        started.append((server, thread))
        port: int = listener.getsockname()[1]
        return port

    yield start
    ended.set()
    for server, thread in started:
        thread.join(SECONDS)
        server.close()


@pytest.mark.parametrize("half", HALVES[1:])
def test_a_request_has_one_time_for_all_of_it(running: Callable[..., int], half: bytes) -> None:
    """However diligently the bytes come one by one: 408, and the connection closed."""
    port = running(RECEIVE_TIMEOUT=1.0)
    started = time.monotonic()
    with connected(port) as connection:
        connection.sendall(half)
        connection.settimeout(0.1)
        answer = b""
        while time.monotonic() - started < SECONDS:
            with contextlib.suppress(TimeoutError):
                answer = connection.recv(65536)
                break
            connection.send(b"a")

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "request-timeout"


def test_a_connection_without_a_request_is_closed(running: Callable[..., int]) -> None:
    """At its beginning and between two requests; blank lines are no request."""
    port = running(IDLE_TIMEOUT=1.0)
    with connected(port) as silent, connected(port) as blank, connected(port) as kept:
        kept.sendall(GET + HOST + b"\r\n")
        blank.sendall(b"\r\n\r\n")
        assert silent.recv(1) == blank.recv(1) == b""
        answered = b""
        while part := kept.recv(65536):
            answered += part
    assert answered.startswith(b"HTTP/1.1 200 ")


def test_an_answer_that_nobody_takes_is_dropped(
    running: Callable[..., int], slow_app: tuple[Flask, threading.Event]
) -> None:
    """The connection is closed after the time for an answer, and no thread waits for it."""
    made, _ = slow_app
    port = running(made, SEND_TIMEOUT=1.0)
    with connected(port) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(b"GET /large HTTP/1.0\r\n\r\n")
        assert get(port, SMALL)[0] == 200
        deadline = time.monotonic() + SECONDS
        with contextlib.suppress(OSError):
            while time.monotonic() < deadline:
                slow.send(b"\r\n")
                slow.recv(1)  # a byte now and then is no progress
                threading.Event().wait(0.05)
    assert time.monotonic() < deadline


@pytest.fixture
def slow_app(app: Flask) -> Iterator[tuple[Flask, threading.Event]]:
    """An application with an answer that waits for the test, and one of 20 megabytes."""
    release = threading.Event()
    made = create_app(app.extensions[SERVICE], app.extensions[SITE].settings)

    @made.get("/slow")
    def slow() -> str:
        release.wait(SECONDS)
        return "done"

    @made.get("/large")
    def large() -> str:
        return "." * 20_000_000  # more than the system keeps for a socket

    yield made, release
    release.set()


SLOW = b"GET /slow HTTP/1.0\r\n\r\n"


def all_of(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    answer = b""
    while part := connection.recv(65536):
        answer += part
    return answer


def test_who_would_wait_too_long_is_told_at_once_to_come_back(
    running: Callable[..., int], slow_app: tuple[Flask, threading.Event]
) -> None:
    """503 with Retry-After, while those before wait; health is answered all the while.

    Nothing was measured yet: a request is taken to need 0.05 seconds, so that three may wait.
    """
    made, release = slow_app
    port = running(made, QUEUE_TIMEOUT=SECONDS, MAX_WAIT=0.15, BURST=SECONDS)
    with ExitStack() as stack:
        busy = stack.enter_context(connected(port))
        busy.sendall(SLOW)
        assert get(port, "/api/v1/livez")[0] == 200
        waiting = []
        for _ in range(3):
            waiting.append(stack.enter_context(connected(port)))
            waiting[-1].sendall(SLOW)
        for path in ("/api/v1/livez", "/api/v1/healthz"):
            status, _, seconds = get(port, path)
            assert (status, seconds < 1) == (200, True)
        for _ in range(5):
            answer = answer_to(port, SLOW)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nRetry-After: 5\r\n" in answer
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "busy"
        release.set()
        for connection in [busy, *waiting]:
            assert all_of(connection).startswith(b"HTTP/1.0 200 ")


def test_fewer_may_wait_in_a_queue_that_does_not_end(
    running: Callable[..., int], slow_app: tuple[Flask, threading.Event]
) -> None:
    """A burst may wait for long; under overload the queue stays short. An empty queue is a new beginning."""
    made, release = slow_app
    port = running(made, QUEUE_TIMEOUT=SECONDS, MAX_WAIT=SECONDS, BURST=0, STANDING_WAIT=0.1)
    with ExitStack() as stack:
        waiting = []
        for _ in range(3):
            waiting.append(stack.enter_context(connected(port)))
            waiting[-1].sendall(SLOW)
            assert get(port, "/api/v1/livez")[0] == 200
        assert answer_to(port, SLOW).startswith(b"HTTP/1.1 503 ")
        release.set()
        for connection in waiting:
            assert all_of(connection).startswith(b"HTTP/1.0 200 ")
        assert answer_to(port, SLOW).startswith(b"HTTP/1.0 200 ")


def test_more_may_wait_where_requests_are_quick(
    running: Callable[..., int], slow_app: tuple[Flask, threading.Event]
) -> None:
    """How many is measured: the time of waiting is limited, not their number."""
    made, release = slow_app
    port = running(made, QUEUE_TIMEOUT=SECONDS, MAX_WAIT=0.15, BURST=SECONDS)
    for _ in range(30):
        assert get(port, "/robots.txt")[0] == 200
    with ExitStack() as stack:
        connections_ = [stack.enter_context(connected(port)) for _ in range(7)]
        for connection in connections_:
            connection.sendall(SLOW)
        assert get(port, "/api/v1/livez")[0] == 200
        release.set()
        for connection in connections_:
            assert all_of(connection).startswith(b"HTTP/1.0 200 ")


def test_the_last_are_told_when_requests_turn_out_slow(
    running: Callable[..., int], app: Flask
) -> None:
    """They were let in behind quick requests, and the next one took a second."""
    passing = threading.Semaphore(0)
    made = create_app(app.extensions[SERVICE], app.extensions[SITE].settings)

    @made.get("/slow")
    def slow() -> str:
        passing.acquire(timeout=SECONDS)
        return "done"

    port = running(made, QUEUE_TIMEOUT=10 * SECONDS, MAX_WAIT=0.15)
    for _ in range(30):
        assert get(port, "/robots.txt")[0] == 200
    with ExitStack() as stack:
        waiting = [stack.enter_context(connected(port)) for _ in range(7)]
        started = time.monotonic()
        for connection in waiting:
            connection.sendall(SLOW)
        while time.monotonic() - started < 1:
            assert get(port, "/api/v1/livez")[0] == 200
        passing.release()
        assert all_of(waiting[0]).startswith(b"HTTP/1.0 200 ")
        assert all_of(waiting[-1]).startswith(b"HTTP/1.1 503 ")
        passing.release(len(waiting))
        assert all_of(waiting[1]).startswith(b"HTTP/1.0 200 ")


def test_nobody_waits_longer_than_the_limit(
    running: Callable[..., int], slow_app: tuple[Flask, threading.Event]
) -> None:
    """Those who wait for threads that take longer than expected are told to come back."""
    made, release = slow_app
    port = running(made, QUEUE_TIMEOUT=0.5)
    with connected(port) as busy:
        busy.sendall(SLOW)
        assert answer_to(port, SLOW).startswith(b"HTTP/1.1 503 ")
        release.set()
        assert all_of(busy).startswith(b"HTTP/1.0 200 ")
