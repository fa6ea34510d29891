"""HTTP over waitress, with limits on time, connections, queues and bytes. Entry point: :class:`Server`.

waitress reads requests and sends responses in one loop: a slow client occupies a socket, never a thread. This
module adds what waitress lacks: a timeout for each whole step rather than for silence, a bounded queue, room
for new connections, separate threads for health checks, and the rejection of ambiguous requests. Every
rejection is problem details and does not name the server.
"""

import re
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, Response
from waitress import wasyncore  # type: ignore[import-untyped]  # ships no types
from waitress.adjustments import Adjustments  # type: ignore[import-untyped]  # the same
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # the same
from waitress.parser import (  # type: ignore[import-untyped]  # the same
    HTTPRequestParser,
    ParsingError,
    get_header_lines,
)
from waitress.server import TcpWSGIServer  # type: ignore[import-untyped]  # the same
from waitress.task import ErrorTask, ThreadedTaskDispatcher  # type: ignore[import-untyped]  # the same

from search_service import logs
from search_service.web.access_log import HEADER, log_rejection, request_id
from search_service.web.problems import MAX_PUSH, error_text, problem

# A process may have 1,024 open files by default, and an index needs some. At this many connections, or at
# half of the file limit, those that have been waiting for their client longest are closed. Connections are
# closed and accepted in batches.
MAX_CONNECTIONS = 500
_BATCH = 16
# Seconds to receive a whole request, to wait for one to begin, to send a whole response. 200,000 bytes in 20
# seconds are 80 kbit/s; the largest responses have about a megabyte.
RECEIVE_TIMEOUT, IDLE_TIMEOUT, SEND_TIMEOUT = 20.0, 15.0, 60.0
# Seconds in which input after a rejection is discarded: an immediate close would lose the rejection.
_LINGER = 2.0
# A request that would wait longer than MAX_WAIT seconds for a thread, by how long requests took lately, is
# rejected at once: under overload a second client is better told so than served after everybody's patience.
# Seconds, not a number: 64 searches of 40 ms on one core were 2.7 s for everyone, 64 suggestions are 0.2 s.
# If requests turn out to take longer, the last of those who wait are rejected at _TOO_LONG times as much; if
# no thread returns at all, everyone after QUEUE_TIMEOUT.
MAX_WAIT, QUEUE_TIMEOUT = 1.0, 3.0
# A second is for bursts. A queue that was not empty for BURST seconds is no burst but overload: then requests
# may wait STANDING_WAIT seconds each, so that little is left to work off when the overload ends.
# Not if fewer than _FEW wait for each thread, as behind a few people at a slow machine.
BURST, STANDING_WAIT, _FEW = 1.0, 0.3, 2
_TOO_LONG = 1.5
# What requests are taken to need before any was measured, and the weight of each in the moving average.
_FIRST_ESTIMATE, _WEIGHT = 0.05, 0.1
_RETRY_SECONDS = 5
# The longest query string that the API accepts (MAX_QUERY_STRING), and as much again for headers.
_MAX_HEADER = 32_768
# A body over its limit is still read, so that the application can reject it; beyond this it is not read.
_MAX_BODY = MAX_PUSH + 1
_SENT_ID = "X_REQUEST_ID"  # as waitress spells the header
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_HOST = re.compile(
    rb"[A-Za-z0-9._~%!$&'()*+,;=-]+(?::[0-9]{0,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{0,5})?"
)


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # no types
    """Accepts unencoded Chinese in a URL, as curl sends it, and rejects ambiguous requests."""

    path: str = ""

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the request line, which is percent-encoded first, and the headers."""
        line, end, headers = header_plus.partition(b"\r\n")
        encoded = _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], line)
        try:
            super().parse_header(encoded + end + headers)
        except ParsingError:
            raise
        except ValueError as exc:  # a URL of brackets, a length of thousands of digits
            raise ParsingError(str(exc)) from exc
        self._check([one.partition(b":") for one in get_header_lines(headers)])
        if not self.path.startswith("/"):
            if self.path or not self.proxy_netloc:
                raise ParsingError("not a path")
            self.path = "/"

    def _check(self, lines: list[tuple[bytes, bytes, bytes]]) -> None:
        values: dict[bytes, list[bytes]] = {}
        for name, _, value in lines:
            values.setdefault(name.lower(), []).append(value.strip(b" \t"))
        if self.version not in ("1.0", "1.1"):
            raise ParsingError("HTTP/1.1 and HTTP/1.0 only")
        hosts = values.get(b"host", [])
        if len(hosts) > 1 or (self.version == "1.1" and not hosts):
            raise ParsingError("one Host header")
        if not all(map(_is_host, hosts)):
            raise ParsingError("invalid Host header")
        codings, lengths = values.get(b"transfer-encoding", []), values.get(b"content-length", [])
        if len(lengths) + len(codings) > 1:
            raise ParsingError("one Content-Length or one Transfer-Encoding")
        if codings and (self.version == "1.0" or codings[0].lower() != b"chunked"):
            raise ParsingError("chunked, in HTTP/1.1 only")


def _is_host(host: bytes) -> bool:
    """Whether URLs can be built from it: labels have at most 63 characters and decode (xn--)."""
    try:
        name = urlsplit(f"//{host.decode('ascii')}").hostname or ""
        name.encode("idna").decode("idna")
    except ValueError:
        return False
    return _HOST.fullmatch(host) is not None


class _InternalErrorTask(ErrorTask):  # type: ignore[misc]  # no types
    """Responds if the application failed without a response of its own."""

    def execute(self) -> None:
        """Send problem details."""
        body = _rejection(500).get_data()
        self.status = "500 Internal Server Error"
        self.response_headers.append(("Content-Type", "application/problem+json"))
        self.response_headers.append((HEADER, logs.current_request_id() or request_id(None)))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


@dataclass(frozen=True)
class _Step:
    """What a connection is doing, since when, and its timeout in seconds.

    ``key`` changes when the same step begins again.
    """

    name: str
    key: object
    timeout: float
    since: float


class Channel(HTTPChannel):  # type: ignore[misc]  # no types
    """One connection."""

    parser_class = _Parser
    error_task_class = _InternalErrorTask
    request: HTTPRequestParser | None
    requests: list[HTTPRequestParser]
    served = 0
    queued = 0.0
    rejected = lingering = False
    step = _Step("idle", (0, None), IDLE_TIMEOUT, 0.0)

    def current_step(self, now: float) -> _Step:
        """The current step of the connection."""
        request = self.request
        if self.lingering:
            name, timeout = "lingering", _LINGER
        elif self.total_outbufs_len:
            name, timeout = "sending", SEND_TIMEOUT
        elif self.requests:
            name, timeout = "running", float("inf")
        elif request is not None:
            name, timeout = "receiving", RECEIVE_TIMEOUT
        else:
            name, timeout = "idle", IDLE_TIMEOUT
        key = (self.served, request)
        if (name, key) != (self.step.name, self.step.key) or not self.step.since:
            self.step = _Step(name, key, timeout, now)
        return self.step

    def service(self) -> None:
        """Process one request, in a worker thread."""
        self.served += 1
        request, started = self.requests[0], time.monotonic()
        with logs.collecting(request_id(request.headers.get(_SENT_ID))):
            super().service()
        self.server.threads_for(request).took(time.monotonic() - started)

    def reject(self, status: int, *, since: float) -> None:
        """Reject the request, in the loop, and close; ``since``: the time at which it began to wait."""
        response = _rejection(status)
        body = response.get_data()
        request = next(iter(self.requests), self.request)
        key = request_id(request.headers.get(_SENT_ID) if request else None)
        response.headers[HEADER] = key
        lines = [f"HTTP/1.1 {response.status}", *(f"{k}: {v}" for k, v in response.headers)]
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
        with self.requests_lock:
            for request in self.requests:
                request.close()
            self.requests, self.request = [], None
            self.rejected = self.close_when_flushed = True
        with self.outbuf_lock:
            self.outbufs[-1].append(head + body)
            self.total_outbufs_len += len(head) + len(body)
        log_rejection(key, status, size=len(body), seconds=time.monotonic() - since)

    def readable(self) -> bool:
        """Whether to read; also true while input is discarded."""
        return bool(self.lingering or super().readable())

    def received(self, data: bytes) -> bool:
        """Process what was read, unless it is discarded."""
        return bool(not self.lingering and super().received(data))

    def handle_write(self) -> None:
        """Send; after a rejection close only the sending side."""
        if not self.rejected:
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if self.will_close:
            self.handle_close()
        elif self.connected and not self.total_outbufs_len:
            self.close_when_flushed, self.lingering = False, True
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:  # closed already
                self.handle_close()


class _Threads(ThreadedTaskDispatcher):  # type: ignore[misc]  # no types
    """Worker threads with a queue, and an estimate of how long it takes."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count, self._seconds = count, _FIRST_ESTIMATE
        self._queue_began = 0.0
        self.set_thread_count(count)

    def took(self, seconds: float) -> None:
        """Count a request that occupied a thread for these seconds."""
        with self.lock:
            self._seconds += _WEIGHT * (seconds - self._seconds)

    @property
    def wait(self) -> float:
        """Expected seconds until a request that is queued now gets a thread."""
        return len(self.queue) * self._seconds / self._count

    def accepts(self, now: float) -> bool:
        """Whether a request that arrives now may wait for a thread."""
        if not self.queue:
            self._queue_began = now
        short = now - self._queue_began <= BURST or len(self.queue) < _FEW * self._count
        return self.wait < (MAX_WAIT if short else STANDING_WAIT)


class Server(TcpWSGIServer):  # type: ignore[misc]  # no types
    """waitress on a listening socket, within the limits above.

    ``health``: paths that have a thread of their own each, so that other requests cannot delay them.
    """

    channel_class = Channel

    def __init__(
        self, app: Flask, listener: socket.socket, *, threads: int, health: Collection[str]
    ) -> None:
        self._max_connections = _connection_limit()
        adjustments = Adjustments(
            sockets=[listener],
            ident="",
            connection_limit=self._max_connections + 3 * _BATCH,  # never reached: see _sweep
            max_request_header_size=_MAX_HEADER,
            max_request_body_size=_MAX_BODY,
            # Only web/request.py and web/proxy.py read such headers, and only from trusted proxies.
            clear_untrusted_proxy_headers=False,
            log_socket_errors=False,  # clients that disconnect would fill the log
            asyncore_use_poll=True,
        )
        self._rejections: deque[tuple[Channel, int]] = deque()
        self._swept = 0.0
        self._dispatcher = _Threads(threads)
        self._health = {path: _Threads(1) for path in health}
        super().__init__(
            app,
            map={},
            _sock=listener,
            dispatcher=self._dispatcher,
            adj=adjustments,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
            bind_socket=False,
        )

    def run(self, alive: Callable[[], bool] = lambda: True) -> None:
        """Serve until ``alive`` returns False (called at least once a second), Ctrl-C or exit."""
        try:
            while alive():
                self.run_once()
        except (SystemExit, KeyboardInterrupt):
            pass
        for dispatcher in self._dispatchers:
            dispatcher.shutdown()
        for channel in [*self.active_channels.values()]:
            channel.handle_close()

    @property
    def _dispatchers(self) -> list[_Threads]:
        return [self._dispatcher, *self._health.values()]

    def threads_for(self, request: HTTPRequestParser) -> _Threads:
        """The threads that process this request."""
        return self._health.get(request.path, self._dispatcher)

    def run_once(self) -> None:
        """Read, send and accept, waiting for a second at most; then enforce the time limits."""
        wasyncore.loop(timeout=1.0, use_poll=True, map=self._map, count=1)
        now = time.monotonic()
        for dispatcher in self._dispatchers:
            with dispatcher.lock:
                while dispatcher.queue and now - dispatcher.queue[0].queued > QUEUE_TIMEOUT:
                    self._rejections.append((dispatcher.queue.popleft(), 503))
                while dispatcher.wait > _TOO_LONG * MAX_WAIT:
                    self._rejections.append((dispatcher.queue.pop(), 503))
        while self._rejections:
            channel, status = self._rejections.popleft()
            if channel.connected:
                channel.reject(status, since=channel.queued)
        if now - self._swept >= 1 or len(self.active_channels) >= self._max_connections:
            self._swept = now
            self._sweep(now)

    def add_task(self, task: Channel) -> None:
        """Queue a connection with a request for a worker thread, or mark it for rejection."""
        request = task.requests[0]
        threads = self.threads_for(request)
        task.queued = time.monotonic()
        if request.error:
            self._rejections.append((task, request.error.code))
        elif not threads.accepts(task.queued):
            self._rejections.append((task, 503))
        else:
            threads.add_task(task)

    def handle_accept(self) -> None:
        """Accept several connections at once: one per turn of the loop is too slow behind a thousand."""
        for _ in range(_BATCH):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                break

    def maintenance(self, now: float) -> None:
        """Do nothing: :meth:`run_once` enforces the limits."""

    def _sweep(self, now: float) -> None:
        steps = [(channel.current_step(now), channel) for channel in self.active_channels.values()]
        waiting = []
        for step, channel in steps:
            if now - step.since <= step.timeout:
                if step.name != "running":
                    waiting.append((step.since, id(channel), channel))
            elif step.name == "receiving":
                channel.reject(408, since=step.since)
            else:
                channel.handle_close()
        if len(self.active_channels) >= self._max_connections:
            for _, _, channel in sorted(waiting, key=lambda one: one[:2])[:_BATCH]:
                channel.handle_close()


def _rejection(status: int) -> Response:
    code, detail = error_text(status)
    response = problem(status, code, detail)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(_RETRY_SECONDS)
    return response


def _connection_limit() -> int:
    if sys.platform == "win32":
        return MAX_CONNECTIONS
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if files == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, files // 2)
