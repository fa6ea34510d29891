"""The peak memory is this process's own."""

import subprocess
import sys

from indexer.benchmark.memory import peak_memory

PROGRAM = "from indexer.benchmark.memory import peak_memory; print(peak_memory())"


def test_a_large_process_does_not_enlarge_the_one_that_it_starts() -> None:
    """What the starting process has is not counted."""
    large = bytearray(300_000_000)
    large[::4096] = b"1" * len(large[::4096])
    command = [sys.executable, "-c", PROGRAM]
    theirs = int(subprocess.run(command, capture_output=True, check=True).stdout)
    assert 0 < theirs < 200_000_000 < len(large) <= peak_memory()
