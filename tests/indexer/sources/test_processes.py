"""Other programs are ended in time, with all that they have started."""

import os
import sys
import time
from pathlib import Path

import pytest

from indexer.sources.processes import TimedOut, run

_STARTS_ANOTHER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(600)
"""


def test_a_program_gets_its_input_and_gives_its_output() -> None:
    """With its exit status."""
    command = [
        sys.executable,
        "-c",
        "import sys; sys.stdout.write(sys.stdin.read()[::-1]); sys.exit(3)",
    ]

    assert run(command, data=b"abc", seconds=60) == (3, b"cba")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="process groups are of POSIX")
def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    """Nothing of it goes on."""
    note = tmp_path / "pid"

    with pytest.raises(TimedOut):
        run([sys.executable, "-c", _STARTS_ANOTHER, str(note)], seconds=10)

    child = int(note.read_text())
    for _ in range(100):
        stat = Path(f"/proc/{child}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.1)
    pytest.fail(f"process {child} still runs")
