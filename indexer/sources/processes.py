"""Other programs that read files, with limits on time and memory. Entry points: :func:`run`; for parts of
this project that run by themselves :func:`python` and :func:`limit_memory`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

_ROOT: Final = Path(__file__).parents[2]


class TimedOut(Exception):
    """A program was ended because it took too long."""


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs ``main`` of a module of this project in a process of its own."""
    start = f"import sys; sys.path.insert(0, sys.argv.pop(1)); from {module} import main; main()"
    return [sys.executable, "-I", "-c", start, str(_ROOT), *arguments]


def limit_memory(limit: int) -> None:
    """Let this process have no more than so many bytes; on Windows, which has no such limit, nothing."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(
    command: Sequence[str],
    *,
    data: bytes = b"",
    seconds: float,
    folder: Path | None = None,
    output: IO[bytes] | None = None,
) -> tuple[int, bytes]:
    """Run a program with ``data`` as its input; its exit status and its output, if that goes to no file.

    After ``seconds`` it is killed with all that it has started, and :class:`TimedOut` is raised. Raises
    ``OSError`` if it cannot be started.
    """
    with subprocess.Popen(  # noqa: S603  (commands of the callers, none from a file)
        command,
        stdin=subprocess.PIPE,
        stdout=output or subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate(data, timeout=seconds)
        except BaseException as exc:
            _kill(process)
            if isinstance(exc, subprocess.TimeoutExpired):
                raise TimedOut from exc
            raise
    return process.returncode, said or b""


def _kill(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
