"""The JSON log of commands: one line each, with counts and codes, without texts."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import write_source
from tests.support.command import runner

MARKS = ("柠檬鲸鱼", "xyzzymark")
MARK = "".join(MARKS)
Run = Callable[..., tuple[dict[str, Any], list[dict[str, Any]]]]


@pytest.fixture
def gongwen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run a command; return its own line, and the lines before it."""
    monkeypatch.setenv("GONGWEN_ENGINE", f"embedded:{tmp_path}/index")
    monkeypatch.setenv("GONGWEN_MODEL", "none")
    monkeypatch.setenv("GONGWEN_LOG", "json")
    run = runner(capsys)
    root = logging.getLogger()
    handlers = root.handlers[:]

    def logged(*arguments: object) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        status, _, err = run(*arguments)
        written = [line for line in err.splitlines() if line.startswith("{")]
        assert not any(mark in json.dumps(written, ensure_ascii=False) for mark in MARKS)
        *before, own = (json.loads(line) for line in written)
        assert (own["event"], own["status"]) == ("command", status)
        assert 0 <= own["s"] < 60
        return own, before

    yield logged
    root.handlers = handlers
    logging.captureWarnings(False)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two articles and an invalid record."""
    return write_source(
        tmp_path / f"{MARK}.jsonl",
        [
            {"id": "甲 1", "title": f"{MARK}通知", "body": f"{MARK}。"},
            {"id": "2", "title": "关于清运的方案", "body": f"{MARK}，日产日清。"},
            {"id": "3", "title": MARK, "body": MARK, "date": MARK},
        ],
    )


@pytest.mark.slow
def test_each_command_has_one_line(gongwen: Run, source: Path) -> None:
    """The counts of a command, and a line for each change of the live index."""
    own, before = gongwen("index", source)
    assert own["command"] == "index"
    assert (own["level"], own["status"]) == ("error", 1)  # a record was bad
    assert (own["read"], own["articles"], own["faults"]) == (3, 2, 1)
    [activated] = [line for line in before if line["event"] == "index-activated"]
    assert [activated["public"]] == own["generations"]

    own, before = gongwen("hide", "甲 1")
    assert (own["command"], own["level"]) == ("hide", "info")
    assert [(line["event"], line["article"]) for line in before] == [
        ("article-hidden", "%E7%94%B2%201")
    ]
    own, before = gongwen("unhide", "甲 1", "2")
    assert [line["event"] for line in before] == ["article-unhidden"]  # the other was not hidden

    own, _ = gongwen("search", MARK)
    assert own["command"] == "search"
    own, _ = gongwen("generation", "create")
    assert own["command"] == "generation-create"
    own, before = gongwen("generation", "drop")
    assert [line["event"] for line in before] == ["build-discarded"]
    own, _ = gongwen("terms", "accept", MARK)
    assert own["command"] == "terms-accept"


def test_repairs_are_logged(gongwen: Run, source: Path, tmp_path: Path) -> None:
    """A text index that was deleted, and a folder of aliases whose copies are damaged."""
    [generation] = gongwen("index", source)[0]["generations"]
    folder = tmp_path / "index" / "public" / generation
    shutil.rmtree(folder / "articles.index")

    _, before = gongwen("search", "清运")

    assert [(line["event"], line["generation"]) for line in before] == [
        ("text-index-rebuilt", generation)
    ]
    (folder / "activation.json").write_text(MARK)
    (tmp_path / "index" / "aliases.json").unlink()

    _, before = gongwen("generation", "restore")

    damaged = [line for line in before if line["event"] == "aliases-copy-damaged"]
    assert damaged
    assert damaged[0]["exception"] == ["json.decoder.JSONDecodeError"]


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("search", MARK), 1, "no-index"),
        (("index", MARK), 1, "invalid-parameters"),
        (("rollback",), 1, "state-lost"),
        (("search", MARK, "--mode", MARK), 2, None),
        ((MARK,), 2, None),
        (("--version",), 0, None),
    ],
)
def test_a_failure_has_its_code(
    gongwen: Run, arguments: tuple[str, ...], status: int, code: str | None
) -> None:
    """Usage errors have none."""
    own, _ = gongwen(*arguments)

    assert (own["status"], own.get("code")) == (status, code)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GONGWEN_ENGINE", f"http://user:{MARKS[1]}@127.0.0.1:9/gongwen"),
        ("GONGWEN_ENGINE_API_KEY", MARKS[1]),
        ("GONGWEN_STATE", f"postgresql://user:{MARKS[1]}@127.0.0.1:9/none"),
    ],
)
def test_no_line_has_a_secret(
    gongwen: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """Passwords in URLs and API keys, if the server cannot be reached."""
    monkeypatch.setenv("GONGWEN_ENGINE", "http://127.0.0.1:9/gongwen")
    monkeypatch.setenv(variable, value)

    own, _ = gongwen("info")

    assert (own["command"], own["status"]) == ("info", 1)
    assert own["code"]


def test_what_nobody_foresaw_is_one_line(
    gongwen: Run, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Type and frames instead of a traceback, which may quote any text."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(MARK)

    monkeypatch.setattr("indexer.build.generations.rebuild", broken)

    own, _ = gongwen("index", source)

    assert (own["status"], own["exception"]) == (1, ["builtins.RuntimeError"])
    assert own["frames"][-1].startswith(f"{__name__}:")
