"""Nothing leaves the machine: no unrequested connection, no file outside our folders.

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
# Local addresses; a query to a local resolver does not count as local.
_LOOPBACK = ("127.", "::1", "::ffff:127.")
_RESOLVER = "53"
# Where the C library looks up user names.
_SERVICES = ("/run/systemd/", "/var/run/nscd/")


class Home(NamedTuple):
    """The folders of a process: empty home and temporary folders, and a work folder."""

    home: Path
    temporary: Path
    work: Path
    trace: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment, without variables of the tests except the path to the code."""
        return {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
            "GONGWEN_SEGMENTER": "jieba",
            "GONGWEN_AUDIENCE": "public",
        }

    def traced(self, command: Sequence[str]) -> list[str]:
        """The command under strace if tracing is possible, otherwise unchanged."""
        strace = shutil.which("strace")
        if (
            strace is None
            or subprocess.run([strace, "-qq", "-e", "trace=none", "true"], check=False).returncode
        ):
            pytest.skip("needs strace, and the right to trace (apt-get install strace)")
        network = ["-e", "trace=connect,sendto,sendmsg,sendmmsg"]
        return [strace, "-f", "--seccomp-bpf", "-qq", "-o", str(self.trace), *network, *command]

    def elsewhere(self) -> list[str]:
        """The addresses that the process contacted, except local servers."""
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
        """The files in home and temporary folder."""
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


@pytest.mark.slow
def test_commands_connect_to_nothing_and_write_nowhere_else(home: Home) -> None:
    """Index, search, add, hide and show: no connection, and home and temporary folder stay empty."""
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
    """The libraries of `gongwen eval` write no settings or font lists to the home folder."""
    sample = ROOT / "indexer" / "sample"
    judged = ROOT / "tests" / "quality" / "sample"

    indexed(home, f"index {sample}", f"eval {judged} --plot figures.svg")

    assert (home.work / "figures.svg").is_file()
    assert home.elsewhere() == []
    assert home.left_behind() == []


def composed() -> list[str]:
    """The command of the server container, bound to a local port."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    return [str(part).replace("0.0.0.0:8000", "127.0.0.1:0") for part in services["api"]["command"]]


SERVERS = {
    "gongwen serve": [sys.executable, "-c", COMMANDS, "serve --port 0"],
    "composed": [sys.executable, "-m", *composed()],
}


@pytest.mark.slow
@pytest.mark.parametrize("server", SERVERS)
def test_servers_connect_to_nothing_and_write_nowhere_else(home: Home, server: str) -> None:
    """A server that answers a semantic search connects to nothing but its client."""
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
