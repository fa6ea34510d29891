"""The faults of a run: all in a file, a few in memory."""

import json
import tracemalloc
from pathlib import Path

from indexer.build.fault_log import FIRST, FaultLog
from indexer.sources.files import Fault


def test_memory_does_not_grow_with_the_faults(tmp_path: Path) -> None:
    """Also if each has a different reason."""
    faults = FaultLog(tmp_path)
    tracemalloc.start()
    try:
        for number in range(50_000):
            faults.append(Fault(f"a.jsonl:{number}", f"字段{chr(0x4E00 + number % 20_000)}有误"))
        faults.flush()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20
    assert len(faults) == 50_000
    assert [fault.place for fault in faults] == [f"a.jsonl:{number}" for number in range(FIRST)]
    assert faults.path is not None
    with faults.path.open(encoding="utf-8") as file:
        assert sum(1 for _ in file) == 50_000


def test_the_files_of_the_last_runs_are_kept(tmp_path: Path) -> None:
    """Twenty of them; a run without faults creates none, and no other file in the folder is touched."""
    (tmp_path / "notes.jsonl").write_text("{}", encoding="utf-8")
    paths = []
    for run in range(25):
        faults = FaultLog(tmp_path)
        faults.flush()
        faults.append(Fault(f"a:{run}", "坏"))
        faults.flush()
        assert faults.path is not None
        paths.append(faults.path)
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "notes.jsonl", *paths[5:]])
    assert json.loads(paths[-1].read_text(encoding="utf-8"))["place"] == "a:24"


def test_a_folder_that_cannot_be_written_loses_only_the_file(tmp_path: Path) -> None:
    """The faults are counted and the first ones are available; the error says why there is no file."""
    (tmp_path / "reports").write_text("a file", encoding="utf-8")
    faults = FaultLog(tmp_path / "reports")
    faults.append(Fault("a:1", "坏 1"))
    faults.append(Fault("a:2", "坏 2"))
    faults.flush()
    assert (len(faults), faults.path) == (2, None)
    assert faults.error
    assert "2" in faults.kinds()


def test_kinds_are_counted_without_their_values() -> None:
    """Numbers and quoted values do not distinguish kinds; each has its first place, the rest is one kind."""
    faults = FaultLog()
    for number in range(3):
        faults.append(Fault(f"a:{number}", f"date: 认不出日期 '{number}月'；有 {number} 个字符"))
    faults.append(Fault("b:9", "坏"))
    first, second = faults.kinds().replace("; ", "；").split("；")[0], faults.kinds()
    assert first.startswith("3 ")
    assert "a:0" in second
    assert "b:9" in second
