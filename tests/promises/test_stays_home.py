"""Nothing leaves the machine: no connection that nobody asked for, no file outside our folders.

Commands and servers run with an empty home and an empty temporary folder, which must stay empty, and
under strace, which sees what native code does: onnxruntime's wheel carries telemetry of its own.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.conftest import write_source
from tests.support.paths import ROOT

COMMANDS = """
import sys
from indexer.commands.main import main
for line in sys.argv[1:]:
    try:
        main(line.split())
    except SystemExit as end:
        assert not end.code, line
"""
_ADDRESS = re.compile(
    r"sin6?_port=htons\((?P<port>\d+)\)[^}]*?\"(?P<host>[^\"]+)\"|sun_path=\"(?P<path>[^\"]+)\""
)
# What stays on this machine; a name that somebody asks of a resolver here does not.
_LOOPBACK = ("127.", "::1", "::ffff:127.")
_RESOLVER = "53"
# Where the C library looks for names of users.
_SERVICES = ("/run/systemd/", "/var/run/nscd/")


class Home(NamedTuple):
    """Where a process of a test lives: its home and temporary folders are empty, its work is not."""

    home: Path
    temporary: Path
    work: Path
    trace: Path

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the tests' own, but where the code is."""
        return {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
            "GONGWEN_SEGMENTER": "jieba",
        }

    def traced(self, command: Sequence[str]) -> list[str]:
        """The command under strace, where the system lets it trace; else as it is."""
        strace = shutil.which("strace")
        if (
            strace is None
            or subprocess.run([strace, "-qq", "-e", "trace=none", "true"], check=False).returncode
        ):
            pytest.skip("needs strace, and the right to trace (apt-get install strace)")
        network = ["-e", "trace=connect,sendto,sendmsg,sendmmsg"]
        return [strace, "-f", "--seccomp-bpf", "-qq", "-o", str(self.trace), *network, *command]

    def elsewhere(self) -> list[str]:
        """Whom the process spoke to, besides this machine's own servers."""
        trace = self.trace.read_text(encoding="utf-8", errors="replace")
        found = set()
        for match in _ADDRESS.finditer(trace):
            if path := match["path"]:
                if not path.startswith((*_SERVICES, str(self.work))):
                    found.add(path)
            elif not match["host"].startswith(_LOOPBACK) or match["port"] == _RESOLVER:
                found.add(f"{match['host']}:{match['port']}")
        return sorted(found)

    def left_behind(self) -> list[str]:
        """What lies in the folders that are not ours."""
        return [str(path) for folder in (self.home, self.temporary) for path in folder.rglob("*")]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Empty folders, and a source to index."""
    folders = Home(*(tmp_path / name for name in ("home", "temporary", "work", "trace")))
    for folder in folders[:3]:
        folder.mkdir()
    body = "各街道办事处：为规范电动自行车停放充电，现通知如下。\n一、总体要求\n严禁楼道停放。"
    records = [{"id": "1", "title": "关于电动自行车充电的通知", "body": body}]
    write_source(folders.work / "articles.jsonl", records)
    return folders


def indexed(home: Home, *commands: str) -> None:
    """Run commands one after another in one traced process."""
    program = [sys.executable, "-c", COMMANDS, "index articles.jsonl", *commands]
    subprocess.run(
        home.traced(program), cwd=home.work, env=home.environment, check=True, capture_output=True
    )


def test_commands_connect_to_nothing_and_write_nowhere_else(home: Home) -> None:
    """Index, search, add, hide and look: no connection, and home and temporary folder stay empty."""
    indexed(
        home,
        "search 充电",
        "add articles.jsonl",
        "related 1",
        "info --article 1",
        "terms learn",
        "hide 1",
        "unhide 1",
        "settings",
    )

    assert home.elsewhere() == []
    assert home.left_behind() == []
    assert {path.name for path in home.work.iterdir()} == {"articles.jsonl", "data"}


@pytest.mark.quality
def test_the_evaluation_with_a_plot_does_neither(home: Home) -> None:
    """The libraries of `gongwen eval` keep settings and lists of fonts in a home: not here."""
    sample = ROOT / "indexer" / "sample"
    judged = ROOT / "tests" / "quality" / "sample"

    indexed(home, f"index {sample}", f"eval {judged} --plot figures.svg")

    assert (home.work / "figures.svg").is_file()
    assert home.elsewhere() == []
    assert home.left_behind() == []


def composed() -> list[str]:
    """The command of the container that serves, bound to a port of this machine."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    return [str(part).replace("0.0.0.0:8000", "127.0.0.1:0") for part in services["api"]["command"]]


SERVERS = {
    "gongwen serve": [sys.executable, "-c", COMMANDS, "serve --port 0"],
    "composed": [sys.executable, "-m", *composed()],
}


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
def test_servers_connect_to_nothing_and_write_nowhere_else(home: Home, server: str) -> None:
    """A server that answers a search by meaning speaks to nobody but who asks."""
    indexed(home)
    with subprocess.Popen(
        home.traced(SERVERS[server]),
        cwd=home.work,
        env=home.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        address = next(
            found[0] for line in process.stdout if (found := re.search(r"http://[\d.]+:\d+", line))
        )
        with urllib.request.urlopen(f"{address}/api/v1/search?q=bike&mode=semantic") as answer:
            status = answer.status
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)

    assert status == 200
    assert home.elsewhere() == []
    assert home.left_behind() == []
