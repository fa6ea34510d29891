"""A server for one host: waitress around the application. Entry point: :func:`serve`."""

import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable

from flask import Flask

from analyzers.messages import say
from search_service import logs
from search_service.errors import ConfigurationError
from search_service.web.connections import Server
from search_service.web.operations import HEALTH
from search_service.web.request import SITE

_log = logs.Log(__name__)


def _silent(_address: str) -> None:
    """Announce nothing."""


def serve(
    app: Flask,
    host: str,
    port: int,
    threads: int,
    *,
    ready: Callable[[str], None] = _silent,
) -> None:
    """Answer until Ctrl-C or SIGTERM. ``ready`` gets the address once it is taken.

    Port 0 takes a free one. Raises ``ConfigurationError`` where the address cannot be had.
    """
    listener = _listen(host, port)
    server = open_server(app, listener, threads=threads)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)
    try:
        _log.info("serving", port=listener.getsockname()[1], threads=threads)
        ready(f"http://{_shown(host)}:{listener.getsockname()[1]}")
        server.run()  # returns on SystemExit and KeyboardInterrupt
    finally:
        server.close()
        _log.info("stopped")


def open_server(app: Flask, listener: socket.socket, *, threads: int) -> Server:
    """A server on a socket that is bound, which runs once it is told to."""
    # It warns of every request that waits an instant for a thread: a browser opening one page does that.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    prefix = app.extensions[SITE].settings.path_prefix
    return Server(
        app, listener, threads=threads, health=[f"{prefix}/api/v1/{name}" for name in HEALTH]
    )


def _listen(host: str, port: int) -> socket.socket:
    """Take the address; of a name with several, the first that this machine has."""
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for last, (family, kind, protocol, _, address) in enumerate(found, start=1 - len(found)):
            listener = socket.socket(family, kind, protocol)
            try:
                if os.name == "posix":  # elsewhere this would let two servers share the port
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(address)
                listener.listen()
            except OSError as exc:
                listener.close()
                if last == 0 or exc.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                    raise
            else:
                return listener
        raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    except OSError as exc:
        raise ConfigurationError(_refused(host, port, exc)) from exc


def _shown(host: str) -> str:
    """The host as a browser on this machine writes it: 0.0.0.0 is no address to open."""
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104  (what the operator asked for)
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _end(_signal: int, _frame: object) -> None:
    raise SystemExit(0)


def _refused(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return say(
            f"端口 {port} 已被占用；请换一个，如 --port {port + 1}，或先停掉占用它的程序",
            f"port {port} is taken; take another, such as --port {port + 1}, or stop what uses it",
        )
    if error.errno == errno.EACCES:
        return say(
            f"没有权限监听端口 {port}；请用 1024 以上的端口，如 --port 8000",
            f"no right to listen on port {port}; take one above 1024, such as --port 8000",
        )
    return say(
        f"不能在 {host}:{port} 上监听：{error}；请检查 --host 与 --port",
        f"cannot listen on {host}:{port}: {error}; check --host and --port",
    )
