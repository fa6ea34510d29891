"""Tests on a really full disk: a small one in memory, which needs permission to mount."""

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import write_source
from tests.support.command import Run, runner

_HAN = [chr(0x4E00 + place) for place in range(3000)]


def records(count: int, length: int) -> list[dict[str, object]]:
    """Articles with random text, which compress badly."""
    source = random.Random(3)
    return [
        {
            "id": f"n{place}",
            "title": f"关于第{place}号工作的通知",
            "body": "消防。" + "".join(source.choices(_HAN, k=length)),
        }
        for place in range(count)
    ]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of six megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except OSError as exc:
        pytest.skip(f"no disk can be made full: {exc}")
    if done.returncode:
        pytest.skip(f"no disk can be made full: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def gongwen(disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command over an index on that disk: (status, stdout, stderr)."""
    monkeypatch.setenv("GONGWEN_ENGINE", f"embedded:{disk}/index")
    monkeypatch.setenv("GONGWEN_MODEL", "none")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    return runner(capsys)


@pytest.fixture
def serving(gongwen: Run, tmp_path: Path) -> Run:
    """The command, after ten articles were indexed."""
    small = write_source(tmp_path / "small.jsonl", records(10, 300))
    assert gongwen("index", str(small))[0] == 0
    return gongwen


def fill(disk: Path) -> None:
    """Fill the disk."""
    with (disk / "filler").open("wb", buffering=0) as file:
        for size in (65536, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def generations_on(disk: Path) -> list[str]:
    """The folders of generations."""
    return sorted(path.name for path in (disk / "index" / "public").iterdir())


def total(gongwen: Run) -> int:
    """The number of articles that a search finds."""
    status, out, _ = gongwen("search", "消防", "--size", "1", "--json")
    assert status == 0
    return int(json.loads(out)["total"])


def test_a_rebuild_that_fills_the_disk_leaves_it_as_it_was(
    serving: Run, disk: Path, tmp_path: Path
) -> None:
    """The unfinished index is deleted, the error names the disk, and every command works."""
    before = generations_on(disk)
    big = write_source(tmp_path / "big.jsonl", records(400, 3000))
    status, _, err = serving("index", str(big))
    assert status == 1
    assert "磁盘已满" in err
    assert "剩余" in err
    assert str(disk) in err
    assert generations_on(disk) == before
    assert total(serving) == 10
    assert serving("hide", "n1")[0] == 0
    assert serving("delete", "n2")[0] == 0
    one = write_source(tmp_path / "one.jsonl", records(11, 200)[10:])
    assert serving("add", str(one))[0] == 0
    assert total(serving) == 9
    status, _, err = serving("generation", "drop")  # nothing is left of the build
    assert (status, "没有正在建立" in err) == (1, True)
    small = str(tmp_path / "small.jsonl")
    assert serving("index", small, "--shrink")[0] == 0
    assert serving("rollback")[0] == 0


@pytest.mark.parametrize("first", [["generation", "drop"], ["hide", "n1"], ["delete", "n1"]])
def test_a_full_disk_beside_an_unfinished_index(
    serving: Run, disk: Path, tmp_path: Path, first: list[str]
) -> None:
    """Commands that free space need none, and urgent commands free it themselves."""
    before = generations_on(disk)
    some = write_source(tmp_path / "some.jsonl", records(20, 1000))
    assert serving("generation", "create")[0] == 0
    assert serving("generation", "load", str(some))[0] == 0
    assert len(generations_on(disk)) == 2
    fill(disk)
    status, _, err = serving("add", str(some))
    assert status == 1
    assert "磁盘已满" in err
    assert "gongwen generation drop" in err
    assert serving(*first)[0] == 0
    assert generations_on(disk) == before
    assert serving("hide", "n3")[0] == 0
    (disk / "filler").unlink()
    assert total(serving) == 10 - len(first[1:]) * (first[0] != "generation") - 1
    assert serving("index", str(some))[0] == 0
    assert serving("rollback")[0] == 0
