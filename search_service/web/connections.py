"""HTTP over waitress, with an end to everything: time, connections, queues, bytes. Entry: :class:`Server`.

waitress reads requests and sends answers in one loop: whoever sends or takes slowly holds a socket, never a
thread. What it leaves open stands here: a time for the whole of each step and not only for silence, a queue
that ends, a place for new connections, threads of their own for those who ask whether the service lives, and
requests that two servers could read in two ways. Every refusal is problem details, and names no server.
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
from search_service.web.access import HEADER, log_refusal, request_id
from search_service.web.problems import MAX_BODY, problem, refusal

# A process may have 1,024 files open unless told otherwise, and an index needs some: at this many, or at half
# of what it may have, those that have waited longest for something to be sent or taken make room. So many
# are let go, and let in, at once.
CONNECTIONS = 500
_ROOM = 16
# Seconds for a whole request to come, for one to begin, for a whole answer to be taken. 200,000 bytes in 20
# seconds are 80 kbit/s; the largest answers have about a megabyte.
RECEIVE, IDLE, SEND = 20.0, 15.0, 60.0
# After a refusal what still comes is thrown away for so long: closed at once, the refusal would be lost.
_LINGER = 2.0
# So many requests wait for a thread, and so long; then it is better to say so.
WAITING, WAIT = 64, 5.0
_RETRY_SECONDS = 5
# The longest query string that the API reads (MAX_QUERY_STRING), and as much again for headers.
_MAX_HEADER = 32_768
# A body over MAX_BODY is still read to be refused by name; beyond this it is not read.
_MAX_BODY = 5 * MAX_BODY
_SENT_ID = "X_REQUEST_ID"  # as waitress spells the header
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_HOST = re.compile(
    rb"[A-Za-z0-9._~%!$&'()*+,;=-]+(?::[0-9]{0,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{0,5})?"
)


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # no types
    """Takes an address with Chinese written out, as curl sends it, and refuses what is ambiguous."""

    path: str = ""

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the request line and the headers, the line percent-encoded first."""
        line, end, headers = header_plus.partition(b"\r\n")
        encoded = _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], line)
        try:
            super().parse_header(encoded + end + headers)
        except ParsingError:
            raise
        except ValueError as exc:  # an address of brackets, a length of thousands of digits
            raise ParsingError(str(exc)) from exc
        self._check([one.partition(b":") for one in get_header_lines(headers)])
        if not self.path.startswith("/"):
            if self.path or not self.proxy_netloc:
                raise ParsingError("no address of ours")
            self.path = "/"

    def _check(self, lines: list[tuple[bytes, bytes, bytes]]) -> None:
        given: dict[bytes, list[bytes]] = {}
        for name, _, value in lines:
            given.setdefault(name.lower(), []).append(value.strip(b" \t"))
        if self.version not in ("1.0", "1.1"):
            raise ParsingError("HTTP/1.1 and HTTP/1.0 only")
        hosts = given.get(b"host", [])
        if len(hosts) > 1 or (self.version == "1.1" and not hosts):
            raise ParsingError("one Host header")
        if not all(map(_is_host, hosts)):
            raise ParsingError("a Host header that is none")
        codings, lengths = given.get(b"transfer-encoding", []), given.get(b"content-length", [])
        if len(lengths) + len(codings) > 1:
            raise ParsingError("one Content-Length or one Transfer-Encoding")
        if codings and (self.version == "1.0" or codings[0].lower() != b"chunked"):
            raise ParsingError("chunked, in HTTP/1.1 only")


def _is_host(host: bytes) -> bool:
    """Whether addresses can be built of it: labels of names are 63 long at most, and decode (xn--)."""
    try:
        name = urlsplit(f"//{host.decode('ascii')}").hostname or ""
        name.encode("idna").decode("idna")
    except ValueError:
        return False
    return _HOST.fullmatch(host) is not None


class _Failure(ErrorTask):  # type: ignore[misc]  # no types
    """The application broke in a way that it could not answer itself."""

    def execute(self) -> None:
        """Send problem details."""
        body = _problem(500).get_data()
        self.status = "500 Internal Server Error"
        self.response_headers.append(("Content-Type", "application/problem+json"))
        self.response_headers.append((HEADER, logs.current_request_id() or request_id(None)))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


@dataclass(frozen=True)
class _Step:
    """What a connection is at, since when, and for how long it may be."""

    name: str
    what: object
    seconds: float
    since: float


class Channel(HTTPChannel):  # type: ignore[misc]  # no types
    """One connection."""

    parser_class = _Parser
    error_task_class = _Failure
    request: HTTPRequestParser | None
    requests: list[HTTPRequestParser]
    served = 0
    queued = 0.0
    refused = lingering = False
    step = _Step("idle", (0, None), IDLE, 0.0)

    def now_at(self, now: float) -> _Step:
        """The step that the connection is at."""
        request = self.request
        if self.lingering:
            name, seconds = "lingering", _LINGER
        elif self.total_outbufs_len:
            name, seconds = "sending", SEND
        elif self.requests:
            name, seconds = "running", float("inf")
        elif request is not None:
            name, seconds = "receiving", RECEIVE
        else:
            name, seconds = "idle", IDLE
        what = (self.served, request)
        if (name, what) != (self.step.name, self.step.what) or not self.step.since:
            self.step = _Step(name, what, seconds, now)
        return self.step

    def service(self) -> None:
        """Answer one request, in a thread."""
        self.served += 1
        with logs.collecting(request_id(self.requests[0].headers.get(_SENT_ID))):
            super().service()

    def refuse(self, status: int, *, since: float) -> None:
        """Answer what was asked with a refusal, in the loop, and close; ``since``: when it began to wait."""
        answer = _problem(status)
        body = answer.get_data()
        request = next(iter(self.requests), self.request)
        key = request_id(request.headers.get(_SENT_ID) if request else None)
        answer.headers[HEADER] = key
        lines = [f"HTTP/1.1 {answer.status}", *(f"{k}: {v}" for k, v in answer.headers)]
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
        with self.requests_lock:
            for request in self.requests:
                request.close()
            self.requests, self.request = [], None
            self.refused = self.close_when_flushed = True
        with self.outbuf_lock:
            self.outbufs[-1].append(head + body)
            self.total_outbufs_len += len(head) + len(body)
        log_refusal(key, status, size=len(body), seconds=time.monotonic() - since)

    def readable(self) -> bool:
        """Whether to read: also what is thrown away."""
        return bool(self.lingering or super().readable())

    def received(self, data: bytes) -> bool:
        """Take what was read."""
        return bool(not self.lingering and super().received(data))

    def handle_write(self) -> None:
        """Send; after a refusal close the sending side alone."""
        if not self.refused:
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if self.will_close:
            self.handle_close()
        elif self.connected and not self.total_outbufs_len:
            self.close_when_flushed, self.lingering = False, True
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:  # gone already
                self.handle_close()


class Server(TcpWSGIServer):  # type: ignore[misc]  # no types
    """waitress on a socket that listens, within the limits above.

    ``health``: the paths that are answered by a thread of their own each, whatever the others do.
    """

    channel_class = Channel

    def __init__(
        self, app: Flask, listener: socket.socket, *, threads: int, health: Collection[str]
    ) -> None:
        self._most = _most_connections()
        adjustments = Adjustments(
            sockets=[listener],
            ident="",
            connection_limit=self._most + 3 * _ROOM,  # never reached: who waits longest goes
            max_request_header_size=_MAX_HEADER,
            max_request_body_size=_MAX_BODY,
            log_socket_errors=False,  # whoever hangs up would fill the log
            asyncore_use_poll=True,
        )
        self._refused: deque[tuple[Channel, int]] = deque()
        self._swept = 0.0
        self._threads = _threads(threads)
        self._health = {path: _threads(1) for path in health}
        super().__init__(
            app,
            map={},
            _sock=listener,
            dispatcher=self._threads,
            adj=adjustments,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
            bind_socket=False,
        )

    def run(self, alive: Callable[[], bool] = lambda: True) -> None:
        """Answer while ``alive``, which is asked once a second at least, or until Ctrl-C or exit."""
        try:
            while alive():
                self.turn()
        except (SystemExit, KeyboardInterrupt):
            pass
        for threads in self._lanes:
            threads.shutdown()
        for channel in [*self.active_channels.values()]:
            channel.handle_close()

    @property
    def _lanes(self) -> list[ThreadedTaskDispatcher]:
        return [self._threads, *self._health.values()]

    def turn(self) -> None:
        """Read, send and accept what is there, for a second at most; then see what has had its time."""
        wasyncore.loop(timeout=1.0, use_poll=True, map=self._map, count=1)
        now = time.monotonic()
        for lane in self._lanes:
            with lane.lock:
                while lane.queue and now - lane.queue[0].queued > WAIT:
                    self._refused.append((lane.queue.popleft(), 503))
        while self._refused:
            channel, status = self._refused.popleft()
            if channel.connected:
                channel.refuse(status, since=channel.queued)
        if now - self._swept >= 1 or len(self.active_channels) >= self._most:
            self._swept = now
            self._sweep(now)

    def add_task(self, task: Channel) -> None:
        """Give a connection with a request to a thread, or note that it is refused."""
        request = task.requests[0]
        lane = self._health.get(request.path, self._threads)
        task.queued = time.monotonic()
        if request.error:
            self._refused.append((task, request.error.code))
        elif len(lane.queue) >= WAITING:
            self._refused.append((task, 503))
        else:
            lane.add_task(task)

    def handle_accept(self) -> None:
        """Let in who waits at the door, some at once: one at each turn is late behind a thousand."""
        for _ in range(_ROOM):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                break

    def maintenance(self, now: float) -> None:
        """Nothing: :meth:`turn` does it."""

    def _sweep(self, now: float) -> None:
        steps = [(channel.now_at(now), channel) for channel in self.active_channels.values()]
        waiting = []
        for step, channel in steps:
            if now - step.since <= step.seconds:
                if step.name != "running":
                    waiting.append((step.since, id(channel), channel))
            elif step.name == "receiving":
                channel.refuse(408, since=step.since)
            else:
                channel.handle_close()
        if len(self.active_channels) >= self._most:
            for _, _, channel in sorted(waiting, key=lambda one: one[:2])[:_ROOM]:
                channel.handle_close()


def _problem(status: int) -> Response:
    code, detail = refusal(status)
    answer = problem(status, code, detail)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = str(_RETRY_SECONDS)
    return answer


def _most_connections() -> int:
    if sys.platform == "win32":
        return CONNECTIONS
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS if files == resource.RLIM_INFINITY else min(CONNECTIONS, files // 2)


def _threads(count: int) -> ThreadedTaskDispatcher:
    threads = ThreadedTaskDispatcher()
    threads.set_thread_count(count)
    return threads
