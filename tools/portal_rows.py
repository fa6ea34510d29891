"""Time a large portal: ``python -m tools.portal_rows [ROWS]``.

A DedeCMS with that many articles of 500 characters on a real MariaDB. Without a model: the first index, a
sync without changes, and one after a hundredth was edited; for each the seconds, those of the processor, and
the peak memory of the process.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from tests.support.mariadb import READER, running
from tests.support.paths import ROOT
from tests.support.portals import DEDE, UNIX, fill, mapped

_SENTENCE = "各乡镇要落实第{}号责任，值班{}人，检查堤坝{}处，底线是一户不漏。"
_AT_ONCE = 2000


def main(rows: int) -> None:
    """Fill, index, synchronise twice, and print."""
    with running() as server, tempfile.TemporaryDirectory() as place:
        name = server.database()
        engine = server.engine(name)
        fill(engine, DEDE, charset="utf8mb4")
        with engine.connect() as connection:
            for start in range(100, 100 + rows, _AT_ONCE):
                _insert(connection, range(start, min(start + _AT_ONCE, 100 + rows)))
        path = mapped(server.address(name, READER), Path(place) / "portal.yaml")
        print(f"{rows} rows", flush=True)
        index = _timed("index", Path(place), path)
        same = _timed("sync", Path(place), path)
        print(f"a sync without changes takes {same / index:.1%} of the first index", flush=True)
        with engine.connect() as connection:
            edit = "UPDATE dede_archives SET title = concat(title, '（修订）') WHERE id % 100 = 0"
            connection.execute(sa.text(edit))
        _timed("sync", Path(place), path)


def _insert(connection: sa.Connection, numbers: range) -> None:
    archives, texts = [], []
    for number in numbers:
        title = f"关于第{number}号工程的通知"
        common = {"typeid": 2, "channel": 1, "pubdate": UNIX, "senddate": UNIX}
        archives.append({"id": number, "title": title, **common})
        body = "</p><p>".join(_SENTENCE.format(number, number % 97, line) for line in range(16))
        texts.append({"aid": number, "body": f"<p>{body}</p>"})
    for table, rows in (("dede_archives", archives), ("dede_addonarticle", texts)):
        columns: list[sa.ColumnClause[object]] = [sa.column(one) for one in rows[0]]
        connection.execute(sa.insert(sa.table(table, *columns)), rows)


def _timed(command: str, folder: Path, mapping: Path) -> float:
    """Run a command and print what it took; the seconds."""
    engine = {"GONGWEN_ENGINE": f"embedded:{folder}/index", "GONGWEN_MODEL": "none"}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "indexer", command, str(mapping)],
        env={**os.environ, **engine},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"{command}: {os.waitstatus_to_exitcode(status)}")
    cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"{command}: {seconds:.1f} s, processor {cpu:.1f} s, {memory:.0f} MiB", flush=True)
    return seconds


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
