"""Other programs that read files, with a limit on their time. Entry point: :func:`run`."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


class TimedOut(Exception):
    """A program was ended because it took too long."""


def run(
    command: Sequence[str],
    *,
    data: bytes = b"",
    seconds: float,
    folder: Path | None = None,
) -> tuple[int, bytes]:
    """Run a program with ``data`` as its input; its exit status and its output.

    After ``seconds`` it is killed with all that it has started, and :class:`TimedOut` is raised. Raises
    ``OSError`` if it cannot be started.
    """
    with subprocess.Popen(  # noqa: S603  (commands of the callers, none from a file)
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(data, timeout=seconds)
        except BaseException as exc:
            _kill(process)
            if isinstance(exc, subprocess.TimeoutExpired):
                raise TimedOut from exc
            raise
    return process.returncode, output


def _kill(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
