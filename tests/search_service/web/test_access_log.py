"""Log lines of both servers: every request has an id and a line, without any query or text."""

import http.client
import json
import logging
import os
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask, Response

from indexer.build import generations
from search_service import logs
from search_service.service import open_service
from search_service.settings import read_settings
from search_service.web.app import create_app
from search_service.web.request import SERVICE, SITE
from search_service.web.server import open_server
from tests.conftest import ALL_CLEANING, write_source
from tests.support.servers import SECONDS, SERVERS, serving

# Part of every text that is sent or indexed. Two marks, because an ASCII word is not replaced in a line.
MARKS = ("柠檬鲸鱼", "xyzzymark")
MARK = "".join(MARKS)
HOST = b"Host: gongwen.example\r\n"
COUNT = 40


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings for an index of articles that contain the marks."""
    folder = tmp_path_factory.mktemp("served")
    engine = f"embedded:{folder}/data"
    service = open_service(read_settings(engine=engine, model="none"))
    records = [
        {"id": f"n{place}", "title": f"第{place}号{MARK}通知", "body": f"{MARK}。第{place}段。"}
        for place in range(COUNT)
    ]
    generations.rebuild(service, [write_source(folder / "a.jsonl", records)], cleaning=ALL_CLEANING)
    service.close()
    return os.environ | {
        "GONGWEN_ENGINE": engine,
        "GONGWEN_MODEL": "none",
        "GONGWEN_LOG": "json",
        "LC_ALL": "zh_CN.UTF-8",
    }


@dataclass(frozen=True)
class Answered:
    """A request and its response."""

    path: str
    status: int
    request_id: str
    size: int
    timing: str


def ask(
    port: int,
    path: str,
    *,
    method: str = "GET",
    body: str | None = None,
    headers: dict[str, str] | None = None,
) -> Answered:
    """Send one request over a connection of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as client:
        client.request(method, path, body and body.encode(), headers or {})
        response = client.getresponse()
        content = response.read()
        return Answered(
            path,
            response.status,
            response.headers["X-Request-ID"],
            len(content),
            response.headers["Server-Timing"],
        )


def ask_raw(port: int, request: bytes) -> str:
    """Send bytes; return the request id of the response."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as stream:
            head = stream.read().partition(b"\r\n\r\n")[0].decode("latin-1")
    [found] = [line for line in head.split("\r\n") if line.lower().startswith("x-request-id:")]
    return found.partition(": ")[2]


@dataclass(frozen=True)
class Log:
    """The requests sent to a server, and the lines that it wrote."""

    concurrent: Sequence[Answered]
    hostile: Sequence[Answered]
    refused: Sequence[str]
    raw: Sequence[str]
    lines: Sequence[dict[str, Any]]

    def of(self, request_id: str) -> list[dict[str, Any]]:
        """The lines of one request."""
        return [line for line in self.lines if line.get("request_id") == request_id]


@pytest.fixture(scope="module", params=SERVERS)
def log(request: pytest.FixtureRequest, environment: dict[str, str]) -> Log:
    """The log of a server after ordinary, hostile and malformed requests, many of them concurrent."""
    q = quote(MARK)
    with serving(request.param, environment) as served:
        port = served.port

        def article(place: int) -> Answered:
            path = f"/articles/n{place}" if place % 2 else f"/api/v1/articles/n{place}"
            return ask(port, path, headers={"X-Request-ID": f"own.id-{place}"})

        with ThreadPoolExecutor(8) as pool:
            concurrent = list(pool.map(article, range(COUNT)))
        json_type = {"Content-Type": "application/json"}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        spoken = {
            "User-Agent": MARKS[1],
            "Referer": f"http://a/{q}",
            "Cookie": f"{MARKS[1]}={MARKS[1]}",
            "X-Forwarded-For": MARKS[1],
            "X-Request-ID": f"{MARKS[1]} {MARKS[1]}",
        }
        hostile = [
            ask(port, f"/api/v1/search?q={q}", headers=spoken),
            ask(port, f"/search?q={q}&mode=semantic"),
            ask(port, f"/api/v1/suggest?q={q}"),
            ask(port, f"/api/v1/search?{q}={q}"),
            ask(port, f"/api/v1/search?cursor={q}"),
            ask(port, f"/api/v1/search?q={q * 200}"),
            ask(port, f"/{q}"),
            ask(port, f"/articles/{q}"),
            ask(port, f"/api/v1/articles/{q}/related"),
            ask(port, f"/static/{q}"),
            ask(port, "/search", method=MARKS[1].upper()),
            ask(
                port,
                "/api/v1/precedents",
                method="POST",
                body=json.dumps({"text": MARK}),
                headers=json_type,
            ),
            ask(port, "/api/v1/precedents", method="POST", body=f"{{{MARK}", headers=json_type),
            ask(port, "/precedents", method="POST", body=f"text={q}", headers=form),
            ask(port, "/api/v1/precedents", method="POST", body=MARK, headers={"X-Request-ID": ""}),
            ask(port, "/api/v1/livez"),
            ask(port, "/api/v1/healthz"),
            ask(port, "/api/v1/healthz", method="POST"),
        ]
        start = f"GET /{MARKS[1]}?q={q} HTTP/1.1\r\n".encode()
        refused = [
            ask_raw(port, start + b"\r\n"),
            ask_raw(port, start + HOST + HOST + b"\r\n"),
            ask_raw(port, MARK.encode() + b"\r\n\r\n"),
            ask_raw(port, start + HOST + b"X: " + MARKS[1].encode() * 20_000 + b"\r\n\r\n"),
            ask_raw(
                port,
                b"POST /api/v1/precedents HTTP/1.1\r\nX-Request-ID: mine\r\n"
                + HOST
                + b"Content-Length: 9000000\r\n\r\n"
                + MARK.encode() * 100_000,
            ),
        ]
    lines = [json.loads(line) for line in served.lines if line.startswith("{")]
    return Log(concurrent, hostile, refused, served.lines, lines)


def test_every_line_is_one_object(log: Log) -> None:
    """gunicorn's own messages too; every line has time, level, event and logger."""
    rest = [line for line in log.raw if not line.startswith("{")]
    assert all(
        line.startswith("http://127.0.0.1:") for line in rest
    )  # printed by the test's program
    for line in log.lines:
        assert {"time", "level", "event", "logger"} <= line.keys()


def test_answer_and_line_have_the_id_that_was_sent(log: Log) -> None:
    """Concurrent requests in several threads and processes do not get each other's id."""
    assert len(log.concurrent) == COUNT
    for place, answer in enumerate(log.concurrent):
        assert (answer.status, answer.request_id) == (200, f"own.id-{place}")
        [line] = log.of(answer.request_id)
        assert line["path"] == answer.path
        assert line["route"].endswith("/articles/<article:article_id>")
        assert (line["method"], line["status"], line["bytes"]) == ("GET", 200, answer.size)
        assert line["audience"] == "public"
        assert 0 < sum(line["stages"].values()) < line["ms"]


def test_other_requests_get_an_id_and_a_line_each(log: Log) -> None:
    """An unsafe id is replaced; health checks are logged only if they fail."""
    ids = [answer.request_id for answer in log.hostile] + list(log.refused)
    assert len(set(ids)) == len(ids)
    *others, livez, healthz, failing = log.hostile
    assert (livez.status, healthz.status, failing.status) == (200, 200, 405)
    assert not log.of(livez.request_id) + log.of(healthz.request_id)
    for answer in (*others, failing):
        [line] = [line for line in log.of(answer.request_id) if line["event"] == "request"]
        assert (line["status"], line["bytes"]) == (answer.status, answer.size)
        assert ("code" in line) == (answer.status >= 400 and answer.status != 304)


def test_the_stages_are_in_the_answer_too(log: Log) -> None:
    """A search has the same stages in the log and in Server-Timing, in the same order."""
    searched = log.hostile[0]
    [line] = log.of(searched.request_id)
    assert {"parse", "match", "order", "evidence", "render"} <= line["stages"].keys()
    names = [part.partition(";dur=")[0] for part in searched.timing.split(", ")]
    assert names == ["total", *line["stages"]]


def test_what_the_server_refuses_by_itself_is_logged(log: Log) -> None:
    """Requests that never reach the application: status and id, without their content."""
    lines = [log.of(request_id) for request_id in log.refused]
    assert [[line["status"] for line in some] for some in lines] == [
        [400],
        [400],
        [400],
        [431],
        [413],
    ]
    assert log.refused[-1] == "mine"
    assert all(line["rejected"] and line["event"] == "request" for [line] in lines)


def test_no_line_has_a_word_of_what_was_sent_or_indexed(log: Log) -> None:
    """Queries, drafts, paths that do not exist, parameters, headers, methods, texts of articles."""
    written = "\n".join(log.raw)
    for mark in MARKS:
        for shape in (mark, mark.upper(), quote(mark), json.dumps(mark).strip('"')):
            assert shape not in written


# --- in this process -------------------------------------------------------------------------------


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture) -> Iterator[list[dict[str, Any]]]:
    """The lines of this process, as JSON."""
    lines: list[dict[str, Any]] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(logs.formatter(logs.JSON).format(record)))

    handler = Kept()
    logging.getLogger().addHandler(handler)
    with caplog.at_level(logging.INFO):
        yield lines
    logging.getLogger().removeHandler(handler)


def test_an_answer_that_breaks_below_flask_has_its_id_everywhere(
    app: Flask, written: list[dict[str, Any]]
) -> None:
    """The access line, the server's own line and its 500 share the id; none has the exception's message."""

    class Broken(Response):
        def __call__(self, *_: Any) -> Any:
            raise RuntimeError(MARK)

    made = create_app(app.extensions[SERVICE], app.extensions[SITE].settings)
    made.add_url_rule(f"/{MARK}", view_func=Broken, endpoint="broken")
    listener = socket.create_server(("127.0.0.1", 0))
    server = open_server(made, listener, threads=1)
    ended: list[Answered] = []
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, listener.getsockname()[1], f"/{quote(MARK)}?q={quote(MARK)}")
        asked.add_done_callback(lambda done: ended.append(done.result()))
        server.run(lambda: not ended)
    server.close()

    assert ended[0].status == 500
    mine = [line for line in written if line.get("request_id") == ended[0].request_id]
    assert {line["event"] for line in mine} == {"request", "library"}
    [library] = [line for line in mine if line["event"] == "library"]
    assert (library["logger"], library["exception"]) == ("waitress", ["builtins.RuntimeError"])
    assert library["frames"][-1].startswith(f"{__name__}:")
    assert not any(mark in json.dumps(mine, ensure_ascii=False) for mark in MARKS)
