"""The server and the WSGI factory: addresses in use, shutdown, settings."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from flask import Flask

from search_service.errors import ConfigurationError
from search_service.service import SearchService
from search_service.settings import Settings
from search_service.web.server import serve
from search_service.web.wsgi import create_wsgi_app
from tests.support.servers import served

# Ctrl-C is ignored in what a shell runs in the background, and that is inherited.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from search_service.web.server import serve
from search_service.web.wsgi import create_wsgi_app
serve(create_wsgi_app(), "127.0.0.1", 0, 2, ready=lambda address: print(address, flush=True))
"""


def test_a_server_starts_without_what_it_may_never_need() -> None:
    """Clients, models, dictionaries and readers of files are loaded when they are needed first."""
    later = (
        "elasticsearch onnxruntime tokenizers rjieba jieba pypinyin yaml docx charset_normalizer"
        " scipy matplotlib torch sentence_transformers"
    )
    program = (
        "import sys, indexer.commands.main, search_service.web.app, search_service.web.server;"
        f"print([name for name in {later.split()!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_taken_port_is_one_line_with_the_cure(app: Flask) -> None:
    """An error names the port in use and suggests another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(ConfigurationError) as error:
            serve(app, "127.0.0.1", port, 1)

    assert str(port) in error.value.message
    assert f"--port {port + 1}" in error.value.message
    assert "\n" not in error.value.message


def test_a_host_of_another_machine_is_refused(app: Flask) -> None:
    """An address that this machine does not have is named."""
    with pytest.raises(ConfigurationError, match=r"192\.0\.2\.1"):
        serve(app, "192.0.2.1", 0, 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """The server announces its address, answers there, and ends with 0 on SIGTERM and Ctrl-C."""
    environment = os.environ | {"GONGWEN_ENGINE": f"embedded:{tmp_path}", "GONGWEN_MODEL": "none"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}/robots.txt") as answer:
            status = answer.status
        server.send_signal(number)
        _, errors = server.communicate(timeout=20)

    assert status == 200
    assert server.returncode == 0
    events = [line.split()[2] for line in errors.splitlines()]
    assert events == ["serving", "request", "stopped"]


def test_chinese_may_stand_in_an_address_as_it_is(app: Flask) -> None:
    """An address with Chinese written out, as curl sends it, is understood."""
    port = int(served(app, threads=1).rpartition(":")[2])

    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        line = "GET /api/v1/search?q=电梯加装&in=title HTTP/1.0\r\n\r\n"
        connection.sendall(line.encode())
        with connection.makefile("rb") as stream:
            answer = stream.read()

    assert answer.startswith(b"HTTP/1.0 200")
    assert b'"paid-1"' in answer


def test_the_factory_reads_the_environment(
    indexed: tuple[SearchService, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A WSGI server gets the application that the environment describes."""
    _, settings = indexed
    monkeypatch.setenv("GONGWEN_ENGINE", settings.engine)
    monkeypatch.setenv("GONGWEN_PATH_PREFIX", "/so")

    app = create_wsgi_app()

    assert app.test_client().get("/so/api/v1/healthz").status_code == 200
    app.extensions["gongwen"].close()
