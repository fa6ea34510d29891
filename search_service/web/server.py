"""A server for one host: waitress with the application. Entry point: :func:`serve`."""

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
from search_service.web.operations import HEALTH, warm_up
from search_service.web.request import SERVICE, SITE

_log = logs.Log(__name__)


def _ignore(_address: str) -> None:
    """Do nothing with the address."""


def serve(
    app: Flask,
    host: str,
    port: int,
    threads: int,
    *,
    ready: Callable[[str], None] = _ignore,
) -> None:
    """Serve until Ctrl-C or SIGTERM. ``ready`` is called with the URL once the socket is bound.

    Port 0 uses a free port. Raises ``ConfigurationError`` if the address cannot be bound.
    """
    listener = _listen(host, port)
    server = open_server(app, listener, threads=threads)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _exit)
    try:
        _log.info("serving", port=listener.getsockname()[1], threads=threads)
        ready(f"http://{_display_host(host)}:{listener.getsockname()[1]}")
        server.run()  # returns on SystemExit and KeyboardInterrupt
    finally:
        server.close()
        _log.info("stopped")


def open_server(app: Flask, listener: socket.socket, *, threads: int) -> Server:
    """Create a server on a bound socket, and warm up in the background; call its ``run`` to serve."""
    # waitress warns of every request that waits a moment for a thread, which one browser causes.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    threading.Thread(target=warm_up, args=(app.extensions[SERVICE],), name="warm-up").start()
    prefix = app.extensions[SITE].settings.path_prefix
    return Server(
        app, listener, threads=threads, health=[f"{prefix}/api/v1/{name}" for name in HEALTH]
    )


def _listen(host: str, port: int) -> socket.socket:
    """Bind the address; if the name has several, the first that belongs to this machine."""
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for last, (family, kind, protocol, _, address) in enumerate(found, start=1 - len(found)):
            listener = socket.socket(family, kind, protocol)
            try:
                if os.name == "posix":  # on Windows this would let two servers share the port
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
        raise ConfigurationError(_listen_error(host, port, exc)) from exc


def _display_host(host: str) -> str:
    """The host in a URL for a browser on this machine, which cannot open 0.0.0.0."""
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104  (set by the operator)
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _exit(_signal: int, _frame: object) -> None:
    raise SystemExit(0)


def _listen_error(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return say(
            f"端口 {port} 已被占用；请换一个，如 --port {port + 1}，或先停掉占用它的程序",
            f"port {port} is in use; choose another, such as --port {port + 1}, or stop what uses it",
        )
    if error.errno == errno.EACCES:
        return say(
            f"没有权限监听端口 {port}；请用 1024 以上的端口，如 --port 8000",
            f"no permission to listen on port {port}; choose one above 1024, such as --port 8000",
        )
    return say(
        f"不能在 {host}:{port} 上监听：{error}；请检查 --host 与 --port",
        f"cannot listen on {host}:{port}: {error}; check --host and --port",
    )
