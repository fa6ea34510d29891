"""Servers as processes of their own: start, stop, memory, processor time. Linux only."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

_START_SECONDS, _STOP_SECONDS = 60.0, 30.0
_USER = "nobody"  # servers of databases refuse to run as root


def as_user(command: Sequence[str]) -> list[str]:
    """The command as another user than root, that ends with this process."""
    switch = ["--reuid", _USER, "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *switch, "--pdeathsig", "TERM", *command]


def give(folder: Path) -> None:
    """Let the user of the servers write to the folder."""
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, _USER)


def run(command: Sequence[str]) -> None:
    """Run a program as the user of the servers; its output is shown if it fails."""
    done = subprocess.run(as_user(command), capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {(done.stdout + done.stderr)[-2000:]}")


def start(
    command: Sequence[str], log: Path, ready: Callable[[], object]
) -> subprocess.Popen[bytes]:
    """Start a server and wait until ``ready`` does not raise."""
    with log.open("ab") as output:
        server = subprocess.Popen(
            as_user(command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/"
        )
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            ready()
        except Exception as exc:
            if server.poll() is not None or time.monotonic() > deadline:
                stop(server)
                raise RuntimeError(f"{command[0]}: {log.read_text()[-2000:]}") from exc
            time.sleep(0.1)
        else:
            return server


def stop(server: subprocess.Popen[bytes]) -> None:
    """Ask it to end, and end it."""
    if server.poll() is None:
        server.terminate()
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def with_children(root: int) -> list[int]:
    """A process and all that come of it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
            except OSError:  # ended meanwhile
                continue
    found = [root]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def memory(processes: Iterable[int]) -> int:
    """Bytes in memory; pages that several of them share count once."""
    total = 0
    for one in processes:
        with suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
            lines = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="utf-8").splitlines()
            kilobytes = next(line.split()[1] for line in lines if line.startswith("Pss:"))
            total += int(kilobytes) * 1024
    return total


def processor_seconds(processes: Iterable[int]) -> float:
    """Seconds of processor time so far, of these and of their children that have ended."""
    ticks = 0
    for one in processes:
        with suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
            ticks += sum(map(int, _stat(one)[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(process: int) -> list[str]:
    """The fields of /proc/N/stat from the state on: the name before may contain spaces."""
    return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
