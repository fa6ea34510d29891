"""Files of another release: every command gives one error with the remedy."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from search_service.engines.activation import Activation
from search_service.errors import FormatMismatch
from search_service.model import Audience, Manifest, View
from search_service.state.ledger import Build
from tests.conftest import write_source
from tests.support.command import Run, runner
from tests.support.sample_records import MANIFEST

ARTICLES = [{"id": f"n{n}", "title": f"第{n}号通知", "body": "消防安全检查。"} for n in range(4)]


@pytest.fixture
def gongwen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run the command on an index in its own folder: (status, stdout, stderr)."""
    monkeypatch.setenv("GONGWEN_ENGINE", f"embedded:{tmp_path}/index")
    monkeypatch.setenv("GONGWEN_MODEL", "none")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    return runner(capsys)


@pytest.fixture
def source(gongwen: Run, tmp_path: Path) -> str:
    """A source that has been indexed."""
    path = str(write_source(tmp_path / "source.jsonl", ARTICLES))
    assert gongwen("index", path)[0] == 0
    return path


def set_meta(tmp_path: Path, key: str, change: Callable[[str], str]) -> None:
    """Change a value in the database of the only generation."""
    [file] = (tmp_path / "index").glob("public/*/articles.sqlite3")
    connection = sqlite3.connect(file)
    query = "SELECT value FROM meta WHERE key = ?"
    value = connection.execute(query, (key,)).fetchone()[0]
    connection.execute("UPDATE meta SET value = ? WHERE key = ?", (change(value), key))
    connection.commit()
    connection.close()


def with_key(text: str) -> str:
    """A manifest of a later release."""
    return json.dumps({**json.loads(text), "schema": 99, "colour": "red", "release": "9.1"})


def without_key(text: str) -> str:
    """A manifest of an earlier release."""
    return json.dumps({k: v for k, v in json.loads(text).items() if k != "analysis"})


@pytest.mark.parametrize(
    ("key", "change", "told"),
    [
        ("manifest", with_key, ["colour", "9.1", "schema 99"]),
        ("manifest", without_key, ["analysis"]),
        ("format", lambda _: "77", ["format 77"]),
    ],
)
def test_an_index_of_another_release_is_reported_and_can_be_replaced(
    gongwen: Run,
    source: str,
    tmp_path: Path,
    key: str,
    change: Callable[[str], str],
    told: list[str],
) -> None:
    """Commands that search or write report the release of the index; a rebuild replaces it."""
    set_meta(tmp_path, key, change)
    for command in (
        ["search", "消防"],
        ["related", "n1"],
        ["add", source],
        ["delete", "n1"],
        ["info", "--article", "n1"],
        ["terms", "learn"],
        ["serve", "--port", "0"],
    ):
        status, _, err = gongwen(*command)
        assert status == 1, command
        assert all(word in err for word in told), (command, err)
        assert "gongwen index" in err
    for command in (
        ["info"],
        ["hide", "n9"],
        ["unhide", "n9"],
        ["rollback"],
        ["generation", "drop"],
    ):
        assert "Traceback" not in gongwen(*command)[2]
    assert gongwen("index", source)[0] == 0
    status, out, _ = gongwen("search", "消防", "--json")
    assert (status, json.loads(out)["total"]) == (0, len(ARTICLES))


def test_aliases_of_another_release_are_left_alone(
    gongwen: Run, source: str, tmp_path: Path
) -> None:
    """Nothing unknown to this release is overwritten."""
    file = tmp_path / "index" / "aliases.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "pinned": True}))
    before = file.read_text()
    for command in (["search", "消防"], ["index", source], ["rollback"], ["generation", "drop"]):
        status, _, err = gongwen(*command)
        assert status == 1
        assert "pinned" in err
    assert file.read_text() == before


def test_a_build_of_another_release_is_discarded(gongwen: Run, source: str, tmp_path: Path) -> None:
    """The record of the build gives an error; the remedy works, with and without its generations."""
    assert gongwen("generation", "create")[0] == 0
    state = sqlite3.connect(tmp_path / "index" / "state.sqlite3")
    [values] = state.execute('SELECT "values" FROM build').fetchone()
    newer = json.dumps({**json.loads(values), "shards": 3})
    for _ in range(2):
        state.execute("DELETE FROM build")
        state.execute("INSERT INTO build VALUES (?)", (newer,))
        state.commit()
        status, _, err = gongwen("index", source)
        assert status == 1
        assert "shards" in err
        assert "gongwen generation drop" in err
        assert gongwen("generation", "drop")[0] == 0
        assert gongwen("generation", "create")[0] == 0
    state.close()
    assert gongwen("index", source)[0] == 0


def test_unknown_and_missing_keys_are_reported() -> None:
    """Unknown and missing keys are errors; our own manifests are read as written."""
    assert Manifest.from_dict(MANIFEST.to_dict()) == MANIFEST
    assert Manifest.from_dict({**MANIFEST.to_dict(), "colour": 1}).mismatched_keys == ("colour",)
    assert Manifest.from_dict({}).mismatched_keys
    view = View(id="a", title="b", text="c")
    assert View.from_dict(view.to_dict()) == view
    build = Build(sequence=1, sample=[], reads={Audience.PUBLIC: Audience.PUBLIC})
    assert Build.from_json(build.to_json()) == build
    for read in (
        lambda: View.from_dict({**view.to_dict(), "colour": 1}),
        lambda: View.from_dict({"id": "a"}),
        lambda: Build.from_json(json.dumps({**json.loads(build.to_json()), "colour": 1})),
        lambda: Build.from_json('{"sequence": 1}'),
        lambda: Activation.from_dict({**Activation().to_dict(), "colour": 1}),
        lambda: Activation.from_dict({"count": 1, "serving": {"guests": "x"}, "previous": {}}),
    ):
        with pytest.raises(FormatMismatch):
            read()
