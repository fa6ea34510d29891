"""A gunicorn worker that runs our own server. Entry point: :class:`Worker`.

``gunicorn --worker-class search_service.web.worker.Worker``: gunicorn starts, monitors and stops the
processes; connections have the same limits as with ``gongwen serve`` (:mod:`.connections`).
"""

import os
import socket

from gunicorn.workers.base import Worker as BaseWorker

from analyzers.messages import say
from search_service import logs
from search_service.errors import ConfigurationError
from search_service.settings import read_log_format
from search_service.web.request import SERVICE
from search_service.web.server import open_server


class Worker(BaseWorker):  # type: ignore[misc]  # ships no types
    """One worker process."""

    @classmethod
    def setup(cls) -> None:
        """Format gunicorn's own log lines like ours; gunicorn calls this before it writes any."""
        logs.adopt("gunicorn.error", read_log_format())

    def run(self) -> None:
        """Serve until gunicorn stops this worker or has ended itself, with a heartbeat in every turn."""
        listeners = [one.sock for one in self.sockets]
        if len(listeners) != 1 or listeners[0].family not in (socket.AF_INET, socket.AF_INET6):
            raise ConfigurationError(
                say(
                    "gunicorn 只能监听一个地址，如 --bind 0.0.0.0:8000",
                    "gunicorn can listen on one address only, such as --bind 0.0.0.0:8000",
                )
            )
        server = open_server(self.wsgi, listeners[0], threads=self.cfg.threads)
        server.run(self._alive)
        server.close()
        self.wsgi.extensions[SERVICE].close()

    def _alive(self) -> bool:
        self.notify()
        return bool(self.alive and self.ppid == os.getppid())
