"""Real sockets that misbehave: a server with canned replies, and a connection that can be cut.

Entry points: :func:`stub`, :class:`Cable`, :func:`unresponsive_port` and :func:`fails_fast`.
Nothing of the service may be imported here.
"""

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, TypeVar

import pytest

T = TypeVar("T")
FAST = 1.0  # seconds within which a search must fail
ELASTICSEARCH = {"X-elastic-product": "Elasticsearch", "Content-Type": "application/json"}


@dataclass(frozen=True)
class Reply:
    """A stub's reply to every request; ``late``: none until the stub is closed."""

    status: int = 200
    body: object = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=lambda: ELASTICSEARCH)
    late: bool = False


PAGE = Reply(200, "<h1>It works!</h1>", {"Content-Type": "text/html"})


def error(kind: str, reason: str, status: int) -> Reply:
    """An error response in Elasticsearch's format."""
    cause = {"type": kind, "reason": reason}
    return Reply(status, {"error": {"root_cause": [cause], **cause}, "status": status})


@dataclass
class Stub:
    """A running stub: its port, and the headers of the requests it got."""

    port: int
    requests: list[Mapping[str, str]] = field(default_factory=list)


@contextmanager
def stub(reply: Reply, *, context: ssl.SSLContext | None = None) -> Iterator[Stub]:
    """A server with the same reply to every request; over TLS if there is a ``context``."""
    closing = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            running.requests.append(dict(self.headers))
            if reply.late:
                closing.wait()
                self.close_connection = True
                return
            text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  (names of the base class)

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore clients that disconnect or refuse the certificate: tests provoke that."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        running = Stub(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield running
        finally:
            closing.set()
            server.shutdown()
            thread.join()


class Cable:
    """A proxy to a local port that can be cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._flowing = threading.Event()
        self._flowing.set()
        self.opened = 0
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._flowing.set()
        self.cut()
        for thread in self._threads:
            thread.join()

    def cut(self) -> None:
        """Break all connections, and refuse new ones."""
        # The accepting thread is woken by the shutdown, not by the close.
        for connected in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def restore(self) -> None:
        """Accept connections again, on the same port."""
        self._listener = self._listen(self.port)

    def lead_to(self, target: int) -> None:
        """Forward new connections to another port."""
        self._target = target

    def freeze(self) -> None:
        """Accept data, but forward nothing."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Forward again, the withheld data first."""
        self._flowing.set()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        self._start(self._accept, listener)
        return listener

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._target))
                except OSError:  # nothing listens there
                    near.close()
                    continue
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.opened += 1
                self._sockets |= {near, far}
                self._start(self._pass, near, far)
                self._start(self._pass, far, near)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65_536):
                self._flowing.wait()
                target.sendall(content)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
            self._sockets.discard(end)


@contextmanager
def unresponsive_port() -> Iterator[int]:
    """A port on which connecting times out, like that of a machine without power."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(8):  # until the accept queue is full: then the kernel drops new connections
            client = waiting.enter_context(socket.socket())
            client.settimeout(0.2)
            try:
                client.connect(("127.0.0.1", port))
            except TimeoutError:
                break
        yield port


def fails_fast(run: Callable[[], T]) -> T:
    """The result of ``run``, which must return fast; on a busy machine, at the third try."""
    for _ in range(3):
        started = time.monotonic()
        result = run()
        if time.monotonic() - started < FAST:
            return result
    pytest.fail(f"not within {FAST} s")
