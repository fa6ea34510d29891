"""``gongwen doctor``: what is broken is said with its remedy; nothing is written, no secret is printed."""

import json
import os
import pty
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from analyzers.embed import BUILTIN
from indexer.applier import applying
from indexer.doctor.findings import Level, Told, guarded
from indexer.doctor.freshness import is_being_applied
from indexer.doctor.machine import python
from search_service.service import open_service
from search_service.settings import read_settings
from search_service.state.ledger import NUMBERED, Change
from tests.conftest import write_source
from tests.support.command import Run
from tests.support.mariadb import Server
from tests.support.paths import ROOT
from tests.support.portals import DEDE, fill
from tests.support.wire import Reply, stub

ARTICLES = [
    {"id": "a1", "title": "关于基层减负的通知", "body": "基层减负要见实效。", "audience": "public"},
    {"id": "a2", "title": "在会上的讲话", "body": "同志们：要抓紧。", "preview": "同志们"},
    {"id": "a3", "title": "内部情况", "body": "只供内部。", "audience": "staff"},
]
PASSWORD = "geheim-2026"


@pytest.fixture
def gongwen(gongwen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in its folder."""
    monkeypatch.chdir(tmp_path)
    return gongwen


@pytest.fixture
def indexed(gongwen: Run, tmp_path: Path) -> Run:
    """The command, after three articles were indexed."""
    source = write_source(tmp_path / "articles.jsonl", ARTICLES)
    assert gongwen("index", source, "--name", "文章")[0] == 0
    return gongwen


def found(run: Run, *arguments: object) -> dict[str, list[tuple[str, str]]]:
    """Level and text of each line, by check; the exit status says whether one has failed."""
    status, out, err = run("doctor", "--json", *arguments)
    assert err == ""
    values = json.loads(out)
    lines: dict[str, list[tuple[str, str]]] = {}
    for one in values["checks"]:
        lines.setdefault(one["check"], []).append((one["level"], one["text"]))
    failed = any(level == "failed" for one in lines.values() for level, _ in one)
    assert (status, values["ok"]) == ((1, False) if failed else (0, True))
    return lines


def state(folder: Path) -> sqlite3.Connection:
    """The database of the state, to break it."""
    return sqlite3.connect(folder / "index" / "state.sqlite3", isolation_level=None)


def contents(folder: Path) -> dict[str, bytes]:
    """All files below; without the shared memory of SQLite, where readers note what they read."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
        if not path.name.endswith("-shm")
    }


def test_what_is_in_order(indexed: Run, tmp_path: Path) -> None:
    """A line each, none failed; nothing was written; no colours, because it is no terminal."""
    before = contents(tmp_path)
    status, out, err = indexed("doctor")
    assert (status, err) == (0, "")
    assert contents(tmp_path) == before
    assert "\x1b" not in out
    lines = out.splitlines()
    assert [line[:1] for line in lines] == ["✓"] * len(lines), out
    assert "索引：public 2，member 2，staff 3 篇" in out
    assert "公开：3 篇中 1 篇全文公开（33%）" in out
    assert "来源：文章：0 分钟前同步" in out
    assert f"磁盘：{tmp_path}/index" in out


def test_where_nothing_was_indexed(gongwen: Run, tmp_path: Path) -> None:
    """The folder is missing: said once with the remedy, and not made."""
    lines = found(gongwen)
    assert list(tmp_path.iterdir()) == []
    ((level, text),) = lines["state"]
    assert level == "failed"
    assert f"没有 {tmp_path}/index" in text
    assert "gongwen index" in text
    for check in ("engine", "index", "public", "sources", "pending"):
        assert lines[check] == [("failed", "先解决「状态」")]


def test_an_old_python() -> None:
    """The remedy is another one."""
    ((level, text),) = python((3, 10, 4))
    assert level is Level.FAILED
    assert "3.11" in text


def test_settings(indexed: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt name is a warning with the right one; a wrong value ends it: nothing can be opened."""
    monkeypatch.setenv("GONGWEN_MODLE", "none")
    levels = found(indexed)["settings"]
    assert levels[0][0] == "warning"
    assert "GONGWEN_MODLE" in levels[0][1]
    assert "像是 GONGWEN_MODEL" in levels[0][1]
    assert "GONGWEN_ENGINE" in levels[1][1]
    monkeypatch.setenv("GONGWEN_PORT", "eighty")
    lines = found(indexed)
    assert set(lines) == {"python", "settings"}
    assert "GONGWEN_PORT='eighty'" in lines["settings"][0][1]


def test_a_full_disk(indexed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less free than a second index needs is a warning; none at all, as in a system folder, a failure."""
    with (tmp_path / "index" / "large").open("wb") as file:
        file.truncate(shutil.disk_usage(tmp_path).free + 10**9)  # takes no room
    ((level, text),) = found(indexed)["disk"]
    assert level == "warning"
    assert "重建" in text
    monkeypatch.setenv("GONGWEN_ENGINE", "embedded:/sys/kernel/mm/nothing")
    ((level, text),) = found(indexed)["disk"]
    assert level == "failed"
    assert "腾出空间" in text


@pytest.fixture
def nobody() -> Iterator[None]:
    """Be another account where rights are checked: as root every file can be written."""
    root = os.getuid() == 0
    if root:
        os.setreuid(65534, 0)
    yield
    if root:
        os.setreuid(0, 0)


def test_a_file_of_another_account(
    indexed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nobody: None
) -> None:
    """One file that somebody's `sudo gongwen` has left is named, with its owner and the remedy."""
    # Not in pytest's folder, which only its account may enter.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copytree(tmp_path / "index", folder / "index")
        for path in (folder / "index").rglob("*"):
            path.chmod(0o777 if path.is_dir() else 0o666)
        (folder / "index").chmod(0o777)
        monkeypatch.setenv("GONGWEN_ENGINE", f"embedded:{folder}/index")
        assert found(indexed)["rights"][0][0] == "ok"
        (folder / "index" / "aliases.json").chmod(0o444)
        ((level, text),) = found(indexed)["rights"]
    assert level == "failed"
    assert f"{folder}/index/aliases.json（属主 " in text
    assert "chown" in text


def test_a_state_that_is_not_usable(indexed: Run, tmp_path: Path) -> None:
    """Of another version, incomplete, and gone."""
    file = tmp_path / "index" / "state.sqlite3"
    kept = file.read_bytes()
    with closing(state(tmp_path)) as database:
        database.execute("UPDATE schema_version SET version = 99, release = '9.1'")
    lines = found(indexed)
    ((level, text),) = lines["state"]
    assert level == "failed"
    assert "版本 99" in text
    assert "恢复升级之前的备份" in text
    assert lines["index"][0][1] == "先解决「状态」"
    file.write_bytes(kept)
    with closing(state(tmp_path)) as database:
        database.execute("UPDATE identity SET hidden = 7")
    assert "7" in found(indexed)["state"][0][1]
    file.unlink()
    ((level, text),) = found(indexed)["state"]
    assert level == "failed"
    assert "恢复备份" in text
    assert not file.exists()


def test_a_model_that_cannot_be_used(
    indexed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing folder, a damaged file; the index is checked all the same, for keywords."""
    monkeypatch.setenv("GONGWEN_MODEL", str(tmp_path / "none" / "such"))
    lines = found(indexed)
    assert lines["model"][0][0] == "failed"
    assert "GONGWEN_MODEL" in lines["model"][0][1]
    assert lines["index"][0][0] == "ok"
    broken = shutil.copytree(BUILTIN, tmp_path / "broken")
    (broken / "model.onnx").write_bytes(b"no model")
    monkeypatch.setenv("GONGWEN_MODEL", str(broken))
    ((level, text),) = found(indexed)["model"]
    assert level == "failed"
    assert str(broken) in text
    monkeypatch.setenv("GONGWEN_MODEL", "none")
    assert found(indexed)["model"][0][0] == "ok"


def test_an_index_that_cannot_be_searched(
    indexed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another model, of another analysis, and with a damaged file."""
    monkeypatch.setenv("GONGWEN_MODEL", "none")
    assert indexed("index", "articles.jsonl", "--name", "文章")[0] == 0
    assert found(indexed)["index"][0][0] == "ok"
    monkeypatch.delenv("GONGWEN_MODEL")
    ((level, text),) = found(indexed)["index"]
    assert level == "failed"
    assert "模型 none ≠ onnx" in text
    monkeypatch.setenv("GONGWEN_SEGMENTER", "jieba")
    ((level, text),) = found(indexed)["index"]
    assert level == "failed"
    assert "gongwen index" in text
    monkeypatch.delenv("GONGWEN_SEGMENTER")
    for file in (tmp_path / "index" / "public").glob("*/articles.sqlite3"):
        file.write_bytes(bytes(4096))
    lines = found(indexed)
    assert lines["index"][0][0] == "failed"
    assert lines["state"][0][0] == "ok"
    assert lines["sources"][0][0] == "ok"


def test_elasticsearch_that_does_not_answer(
    gongwen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said once, without the password; the checks that do not need it run."""
    monkeypatch.setenv("GONGWEN_ENGINE", f"http://user:{PASSWORD}@127.0.0.1:1/gongwen")
    monkeypatch.setenv("GONGWEN_STATE", f"sqlite:///{tmp_path}/state.sqlite3")
    status, out, _ = gongwen("doctor")
    assert status == 1
    assert PASSWORD not in out
    assert "✗ 引擎：http://127.0.0.1:1" in out
    assert "✗ 索引：先解决「引擎」" in out
    assert "✓ 模型" in out


def node(**values: object) -> dict[str, object]:
    """One node, as Elasticsearch describes it."""
    disk = {"available_in_bytes": 9 * 10**9, "flood_stage_free_space_in_bytes": 10**9}
    known: dict[str, object] = {
        "name": "es1",
        "version": "9.2.4",
        "timestamp": int(time.time() * 1000),
        "fs": {"data": [disk | values]},
        "jvm": {"mem": {"heap_used_percent": values.get("heap", 40)}},
    }
    return {"nodes": {"n1": known | values}}


@pytest.mark.parametrize(
    ("values", "check", "level", "word"),
    [
        ({"available_in_bytes": 5 * 10**8}, "engine", "failed", "已停止写入"),
        ({"heap": 97}, "engine", "warning", "-Xmx"),
        ({"timestamp": 10**12}, "clock", "failed", "timedatectl"),
        ({}, "engine", "ok", "9.2.4"),
    ],
)
def test_the_servers_of_the_engine(
    gongwen: Run,
    monkeypatch: pytest.MonkeyPatch,
    values: dict[str, object],
    check: str,
    level: str,
    word: str,
) -> None:
    """Disk below the limit, memory used up, another time."""
    with stub(Reply(body=node(**values))) as server:
        monkeypatch.setenv("GONGWEN_ENGINE", f"http://127.0.0.1:{server.port}/gongwen")
        line = found(gongwen)[check][0]
    assert line[0] == level
    assert word in line[1]


def test_a_source_that_was_not_synchronised(
    indexed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Older than the limit, never, and without a limit."""
    monkeypatch.setenv("GONGWEN_SYNC_LIMIT", "6")
    assert found(indexed)["sources"][0][0] == "ok"
    with closing(state(tmp_path)) as database:
        database.execute("UPDATE sources SET synced = ?", (int(time.time()) - 7 * 3600,))
    ((level, text),) = found(indexed)["sources"]
    assert level == "failed"
    assert "文章：7 小时前" in text
    assert "gongwen sync" in text
    monkeypatch.delenv("GONGWEN_SYNC_LIMIT")
    assert found(indexed)["sources"][0][0] == "ok"
    with closing(state(tmp_path)) as database:
        database.execute("UPDATE sources SET synced = NULL")
    assert found(indexed)["sources"][0][0] == "warning"
    monkeypatch.setenv("GONGWEN_SYNC_LIMIT", "6")
    assert found(indexed)["sources"][0][0] == "failed"


@pytest.mark.slow
def test_changes_that_nobody_applies(indexed: Run) -> None:
    """A pushed deletion waits, until somebody applies it."""
    with closing(open_service(read_settings())) as service:
        ledger = service.store.ledger
        (change,) = ledger.append([Change(article_id="a1", version=NUMBERED, article=None)])
        ((level, text),) = found(indexed)["pending"]
        assert level == "failed"
        assert "gongwen apply" in text
        with ledger.live(patience=1):  # somebody is writing
            assert "正在写入" in found(indexed)["pending"][0][1]
        assert is_being_applied(ledger, change.sequence - 1)  # the one before was pending just now
        with applying(service):
            assert found(indexed)["pending"][0][0] == "ok"


def test_a_clock_that_is_behind(indexed: Run, tmp_path: Path) -> None:
    """The index was written in the future."""
    with closing(state(tmp_path)) as database:
        database.execute("UPDATE sources SET synced = ?", (int(time.time()) + 86_400,))
    level, text = found(indexed)["clock"][0]
    assert level == "failed"
    assert "timedatectl" in text


@pytest.mark.parametrize(("audience", "count"), [("public", "3 篇全文公开"), ("member", "0 篇")])
def test_all_or_nothing_public(gongwen: Run, tmp_path: Path, audience: str, count: str) -> None:
    """Either may be meant, so it is a warning."""
    articles = [{"id": one["id"], "title": one["title"], "body": "正文。"} for one in ARTICLES]
    source = write_source(tmp_path / "all.jsonl", articles)
    assert gongwen("index", source, "--audience", audience)[0] == 0
    lines = found(gongwen)
    assert lines["public"][0][0] == "warning"
    assert count in lines["public"][0][1]
    assert lines["index"][0][0] == "ok"


def test_mappings(indexed: Run, tmp_path: Path) -> None:
    """A database that answers, a column that is gone, a server that refuses, a file that is not there."""
    engine = sa.create_engine(f"sqlite:///{tmp_path}/portal.db")
    fill(engine, DEDE)
    engine.dispose()
    assert indexed("connect", f"sqlite:///{tmp_path}/portal.db")[0] == 0
    mapping = tmp_path / "portal.yaml"
    assert found(indexed, mapping)["mapping"][0][0] == "ok"
    text = mapping.read_text(encoding="utf-8")
    renamed, refused = tmp_path / "renamed.yaml", tmp_path / "refused.yaml"
    renamed.write_text(text.replace("dede_archives", "gone_archives"), encoding="utf-8")
    address = f"sqlite:///{tmp_path}/portal.db"
    refused.write_text(
        text.replace(address, f"mysql://reader:{PASSWORD}@127.0.0.1:1/portal"), encoding="utf-8"
    )
    missing = tmp_path / "missing.yaml"
    lines = found(indexed, renamed, refused, missing)["mapping"]
    assert [level for level, _ in lines] == ["failed"] * 3
    assert "没有 gone_archives" in lines[0][1]
    assert "127.0.0.1:1" in lines[1][1]
    assert PASSWORD not in str(lines)
    assert "gongwen connect" in lines[2][1]


def test_a_check_that_breaks_is_reported() -> None:
    """With the place, and without the message, which may quote anything."""

    def broken() -> Told:
        yield Level.OK, "before"
        raise ValueError(PASSWORD)

    first, second = guarded("x", "X", broken)
    assert first.level is Level.OK
    assert second.level is Level.FAILED
    assert "ValueError, test_doctor.py:" in second.text
    assert PASSWORD not in second.text


def process(folder: Path, output: int, **environment: str) -> int:
    """Run the command as a process; its status."""
    return subprocess.run(
        [sys.executable, "-m", "indexer", "doctor"],
        stdout=output,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "LC_ALL": "zh_CN.UTF-8"} | environment,
        check=False,
    ).returncode


def test_colours_at_a_terminal(gongwen: Run, tmp_path: Path) -> None:
    """Green and red; nowhere else."""
    keyboard, terminal = pty.openpty()
    assert process(tmp_path, terminal) == 1
    os.close(terminal)
    out = b""
    while True:
        try:
            out += os.read(keyboard, 65536)
        except OSError:  # the other end is closed
            break
    os.close(keyboard)
    assert "\x1b[32m✓" in out.decode()
    assert "\x1b[31m✗" in out.decode()


def test_a_console_without_these_marks(gongwen: Run, tmp_path: Path) -> None:
    """GBK has no ✓: other marks, and no traceback."""
    path = tmp_path / "out"
    with path.open("wb") as file:
        assert process(tmp_path, file.fileno(), PYTHONIOENCODING="gbk") == 1
    lines = path.read_text(encoding="gbk").splitlines()
    assert lines[0].startswith("ok Python：")
    assert any(line.startswith("X  状态：") for line in lines)


@pytest.mark.mariadb
def test_the_account_of_a_mapping(indexed: Run, tmp_path: Path, mariadb: Server) -> None:
    """One that could write is a warning; one that may not enter a failure; no password is printed."""
    name = mariadb.database()
    engine = mariadb.engine(name)
    fill(engine, DEDE)
    with engine.connect() as connection:
        user = "CREATE OR REPLACE USER doctor@localhost IDENTIFIED BY '{}'"
        connection.execute(sa.text(user.format(PASSWORD)))
        connection.execute(sa.text(f"GRANT SELECT, DELETE ON {name}.* TO doctor@localhost"))
        assert indexed("connect", mariadb.address(name, f"doctor:{PASSWORD}"))[0] == 0
        ((level, text),) = found(indexed, "portal.yaml")["mapping"]
        assert level == "warning"
        assert "DELETE" in text
        connection.execute(sa.text(user.format("another")))
    ((level, text),) = found(indexed, "portal.yaml")["mapping"]
    assert level == "failed"
    assert "Access denied" in text
    assert PASSWORD not in text
