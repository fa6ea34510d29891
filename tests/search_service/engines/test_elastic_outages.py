"""Outages of Elasticsearch: the API sends Retry-After, and searches recover without a restart."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from indexer.build.generations import rebuild
from indexer.commands import main
from search_service import logs
from search_service.intake.cleaning import Cleaning
from search_service.service import open_service
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.conftest import write_source
from tests.support.wire import PAGE, Cable, Reply, error, fails_fast, stub, unresponsive_port

ARTICLES = [
    {"id": "t1", "title": "关于深入推进基层减负工作的通知", "body": "基层减负要见实效。"},
    {"id": "t2", "title": "关于加强小区治理的意见", "body": "小区治理依靠居民。"},
]


@pytest.fixture
def prefix(elasticsearch_url: str) -> str:
    """A prefix of this test's own on the session's node."""
    return f"{elasticsearch_url}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def indexed(prefix: str, tmp_path: Path) -> str:
    """The address of an engine with two articles; its state is the one that clients open."""
    settings = read_settings(
        engine=prefix, state=f"sqlite:///{tmp_path}/state.sqlite3", model="none", engine_timeout=30
    )
    service = open_service(settings)
    source = write_source(tmp_path / "articles.jsonl", ARTICLES)
    report = rebuild(service, [source], cleaning=Cleaning.parse("all"))
    service.close()
    assert report.written.written == len(ARTICLES)
    return prefix


class OpenClient(Protocol):
    """Opens the API over an engine; by default as it is served by default."""

    def __call__(self, url: str, **settings: object) -> FlaskClient:
        """Open one."""


@pytest.fixture
def open_client(tmp_path: Path) -> Iterator[OpenClient]:
    """Clients of the API; what they need is closed at the end."""
    with ExitStack() as opened:

        def open_one(url: str, **given: object) -> FlaskClient:
            state = f"sqlite:///{tmp_path}/state.sqlite3"
            settings = read_settings(engine=url, state=state, model="none", **given)
            service = open_service(settings)
            opened.callback(service.close)
            return create_app(service, settings).test_client()

        yield open_one


def search(client: FlaskClient) -> int:
    """The status of a search; if it is not 200, the response has Retry-After."""
    response = client.get("/api/v1/search?q=基层减负")
    if response.status_code == 200:
        assert response.get_json()["total"] == 1
    else:
        assert int(response.headers["Retry-After"]) > 0
        assert response.get_json()["code"].startswith("engine-")
        assert "127.0.0.1" not in response.get_data(as_text=True)
    return response.status_code


def behind(url: str, *ports: int) -> str:
    """The same engine by way of these ports."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f"http://{hosts}{urlsplit(url).path}"


def port_of(url: str) -> int:
    """Where the node listens."""
    port = urlsplit(url).port
    assert port
    return port


@pytest.mark.parametrize(
    "reply",
    [
        error("es_rejected_execution_exception", "queue is full", 429),
        error("search_phase_execution_exception", "all shards failed", 503),
        error("security_exception", "unable to authenticate user [u]", 401),
        PAGE,
        Reply(late=True),
    ],
    ids=["busy", "red", "credentials", "no Elasticsearch", "hangs"],
)
def test_the_api_responds_503_with_retry_after(open_client: OpenClient, reply: Reply) -> None:
    """Within a second, and for monitors too; details are for the log."""
    with stub(reply) as server:
        client = open_client(f"http://user:geheim@127.0.0.1:{server.port}/gongwen")

        assert fails_fast(lambda: search(client)) == 503
        assert fails_fast(lambda: client.get("/api/v1/healthz")).status_code == 503


def test_the_log_names_the_failure_and_no_secret(
    open_client: OpenClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator reads what to do; the password is not there, not even in a traceback."""
    with caplog.at_level("DEBUG"), stub(error("security_exception", "no", 401)) as server:
        search(open_client(f"http://user:geheim@127.0.0.1:{server.port}/gongwen"))

    as_text = logs.formatter(logs.TEXT)
    lines = "\n".join(map(as_text.format, caplog.records))
    assert f"127.0.0.1:{server.port}" in lines
    assert "GONGWEN_ENGINE_API_KEY" in lines
    for written in (lines, caplog.text):
        assert "geheim" not in written
        assert "dXNlcjpnZWhlaW0" not in written  # user:geheim as the header writes it


@pytest.mark.slow
def test_a_command_prints_one_line(tmp_path: Path) -> None:
    """What failed and what to do; no traceback of the client, no password."""
    with Cable(0) as cable:
        port = cable.port
    environment = {
        **os.environ,
        "GONGWEN_ENGINE": f"http://user:geheim@127.0.0.1:{port}/gongwen",
        "GONGWEN_STATE": f"sqlite:///{tmp_path}/s",
        "GONGWEN_MODEL": "none",
    }
    command = [sys.executable, "-m", "indexer", "search", "基层减负"]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "geheim" not in done.stderr


def test_permanent_errors_have_no_retry_after(
    open_client: OpenClient,
) -> None:
    """502, without Retry-After."""
    with stub(error("illegal_state_exception", "boom", 500)) as server:
        client = open_client(f"http://127.0.0.1:{server.port}/gongwen")
        response = client.get("/api/v1/search?q=基层减负")

    assert response.status_code == 502
    assert "Retry-After" not in response.headers


@pytest.mark.elasticsearch
def test_searches_return_when_the_node_does(indexed: str, open_client: OpenClient) -> None:
    """Nothing has to be started again: neither after a refusal nor after a silence."""
    with Cable(port_of(indexed)) as cable:
        client = open_client(behind(indexed, cable.port))
        patient = open_client(behind(indexed, cable.port), engine_timeout=30)
        statuses = [search(patient)]  # the first search of a node is slow
        cable.cut()
        statuses += [fails_fast(lambda: search(client))]
        cable.restore()
        statuses += [search(patient), client.get("/api/v1/healthz").status_code]
        cable.freeze()
        statuses += [fails_fast(lambda: search(client))]
        cable.thaw()
        statuses += [search(patient)]

    assert statuses == [200, 503, 200, 200, 503, 200]


@pytest.mark.elasticsearch
def test_connections_are_kept(indexed: str, open_client: OpenClient) -> None:
    """Fifty searches one after the other, several calls each, over one connection, closing over another."""
    with Cable(port_of(indexed)) as cable:
        client = open_client(behind(indexed, cable.port), engine_timeout=30)
        statuses = {search(client) for _ in range(50)}

        assert statuses == {200}
        assert cable.opened <= 2


@pytest.mark.elasticsearch
def test_one_of_two_nodes_goes_away(indexed: str, open_client: OpenClient) -> None:
    """Both are used, and when one is cut no search is lost."""
    with Cable(port_of(indexed)) as first, Cable(port_of(indexed)) as second:
        client = open_client(behind(indexed, first.port, second.port), engine_timeout=30)
        statuses = [search(client) for _ in range(10)]
        assert min(first.opened, second.opened) >= 1
        first.cut()
        statuses += [search(client) for _ in range(30)]
        first.restore()
        second.cut()
        statuses += [search(client) for _ in range(10)]

    assert set(statuses) == {200}


@pytest.mark.elasticsearch
def test_one_of_two_machines_is_down(indexed: str, open_client: OpenClient) -> None:
    """One that drops every packet costs time, and no search."""
    with unresponsive_port() as port:
        client = open_client(behind(indexed, port, port_of(indexed)), engine_timeout=3)
        statuses = {search(client) for _ in range(10)}

    assert statuses == {200}


@pytest.mark.elasticsearch
def test_commands_wait_longer_than_pages(
    indexed: str, open_client: OpenClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit that no search keeps: the API gives up, `gongwen search` does not."""
    monkeypatch.setenv("GONGWEN_ENGINE", indexed)
    monkeypatch.setenv("GONGWEN_ENGINE_TIMEOUT", "0.0001")
    monkeypatch.setenv("GONGWEN_STATE", f"sqlite:///{tmp_path}/state.sqlite3")
    monkeypatch.setenv("GONGWEN_MODEL", "none")

    served = search(open_client(indexed, engine_timeout=0.0001))
    with pytest.raises(SystemExit) as left:
        main.main(["search", "基层减负"])

    assert (served, left.value.code) == (503, 0)
