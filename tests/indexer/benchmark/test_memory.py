"""Own and mapped memory are told apart, and a peak is remembered."""

import mmap
from pathlib import Path

from indexer.benchmark.memory import peak

LARGE = 100_000_000


def test_what_was_released_counts_as_own() -> None:
    """Memory that was used and given back before the end is in the peak, as own memory."""
    with peak() as most:
        before = most.memory
        large = bytearray(LARGE)
        large[::4096] = b"1" * len(large[::4096])
        while most.memory.own < before.own + LARGE * 0.9:  # until the watcher has looked
            pass
        del large
    assert most.memory.own >= before.own + LARGE * 0.9
    assert most.memory.mapped < before.mapped + LARGE / 2


def test_a_file_that_was_read_counts_as_mapped(tmp_path: Path) -> None:
    """Pages of a mapped file are not own memory."""
    path = tmp_path / "file"
    path.write_bytes(bytes(LARGE))
    with peak() as most, path.open("rb") as file:
        before = most.memory
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            assert not any(mapped[::4096])
            while most.memory.mapped < before.mapped + LARGE * 0.9:
                pass
    assert most.memory.own < before.own + LARGE / 2
