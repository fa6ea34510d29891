"""An Elasticsearch node for one test that can be killed and restarted with its data.

Entry point: :func:`own_node`.
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support import elasticsearch_node as node


class Node:
    """One node; each start uses a new port, and the data of the start before."""

    def __init__(self, data: Path, stack: ExitStack) -> None:
        self._data = data
        self._stack = stack
        self._java, self._home = node.find_java(), node.find_distribution()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start it, wait until it answers, and return its address."""
        folder = self._stack.enter_context(node._folder())
        self._process = node._start(
            self._java, self._home, folder, self._data, node.without_security, node.JAVA_OPTIONS
        )
        return node._address(self._process, folder, "", None)

    def kill(self) -> None:
        """Kill it, as a power failure would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@contextmanager
def own_node() -> Iterator[Node]:
    """A node that is not started yet; killed at the end. Raises ``NodeMissing`` if it cannot run here."""
    with ExitStack() as stack:
        made = Node(stack.enter_context(node._folder(node.fast_place())), stack)
        stack.callback(made.kill)
        yield made
