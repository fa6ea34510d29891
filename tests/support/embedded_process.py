"""Separate processes for the embedded engine's tests: ``python -m`` this module.

``write FOLDER FIRST``: write small batches for ever, a line for each one that has returned.
``read FOLDER``: for each line of input, a line with what the public reads at that moment.
``fill FOLDER BYTES``: write with files limited to so many bytes, and print the error.
"""

import itertools
import json
import sys
from pathlib import Path

from search_service.engines import Scope, open_engine
from search_service.errors import DiskFull
from search_service.model import Audience, Everything, Record, Tombstone
from tests.support.sample_records import record, unit


def batch(number: int) -> list[Record | Tombstone]:
    """Batch ``number``: articles of this number, the one before rewritten, an older one deleted."""
    entries: list[Record | Tombstone] = [
        record(
            f"N{number}-{part}",
            f"第 {number} 批",
            f"批次{number} 安全 工作 。",
            f"批次{number} 检查 。",
            version=number,
            vectors=[unit(1, number % 7, part), unit(1)],
        )
        for part in range(3)
    ]
    before = f"N{number - 1}-0"
    entries.append(record(before, "改写", f"改写{number} 安全 。", version=number))
    entries.append(Tombstone(id=f"N{number - 2}-1", version=number))
    return entries


def say(line: str) -> None:
    """Print a line for the test, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def write(folder: Path, first: int) -> None:
    """Write batches until killed."""
    engine = open_engine(f"embedded:{folder}")
    generation = engine.reader(Scope(Audience.PUBLIC)).generation
    with engine.writer(generation) as writer:
        for number in itertools.count(first):
            writer.write(batch(number))
            say(str(number))


def read(folder: Path) -> None:
    """Answer each line of input with generation, revision, total and ids."""
    engine = open_engine(f"embedded:{folder}")
    for _ in sys.stdin:
        reader = engine.reader(Scope(Audience.PUBLIC))
        answer = {
            "generation": reader.generation,
            "total": reader.totals(Everything()).total,
            "near": [hit.article_id for hit in reader.nearest(unit(1))],
            "ids": [hit.id for hit in reader.keyword(Everything(), limit=1000)],
        }
        say(json.dumps(answer))


def fill(folder: Path, limit: int) -> None:
    """Write until no file may grow, as on a full disk."""
    import resource

    engine = open_engine(f"embedded:{folder}")
    generation = engine.reader(Scope(Audience.PUBLIC)).generation
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        with engine.writer(generation) as writer:
            for number in range(1, 1000):
                writer.write(batch(number))
    except DiskFull as error:
        say(error.message)


if __name__ == "__main__":
    action, place, *rest = sys.argv[1:]
    if action == "write":
        write(Path(place), int(rest[0]))
    elif action == "read":
        read(Path(place))
    else:
        fill(Path(place), int(rest[0]))
