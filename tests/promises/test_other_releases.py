"""Files of another release: every command gives one error with the remedy."""

import json
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
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


def set_meta(tmp_path: Path, key: str, change: Callable[[str], str] | None) -> None:
    """Change a value in the database of the only generation, or delete it."""
    [file] = (tmp_path / "index").glob("public/*/articles.sqlite3")
    connection = sqlite3.connect(file)
    query = "SELECT value FROM meta WHERE key = ?"
    value = connection.execute(query, (key,)).fetchone()[0]
    if change:
        connection.execute("UPDATE meta SET value = ? WHERE key = ?", (change(value), key))
    else:
        connection.execute("DELETE FROM meta WHERE key = ?", (key,))
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
        ("format", None, ["format ?"]),
    ],
)
def test_an_index_of_another_release_is_reported_and_can_be_replaced(
    gongwen: Run,
    source: str,
    tmp_path: Path,
    key: str,
    change: Callable[[str], str] | None,
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


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda values: values | {"pinned": True}, "pinned"),
        (lambda values: {k: v for k, v in values.items() if k != "count"}, "count"),
    ],
)
def test_aliases_of_another_release_are_not_changed(
    gongwen: Run,
    source: str,
    tmp_path: Path,
    change: Callable[[dict[str, object]], dict[str, object]],
    word: str,
) -> None:
    """Nothing unknown to this release is overwritten; the remedy keeps the list of hidden articles."""
    folder = tmp_path / "index"
    assert gongwen("hide", "n1")[0] == 0
    file = folder / "aliases.json"
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    before = file.read_text()
    for command in (["search", "消防"], ["index", source], ["rollback"], ["generation", "drop"]):
        status, _, err = gongwen(*command)
        assert status == 1
        assert word in err
        assert "gongwen index" in err
    assert file.read_text() == before
    (tmp_path / "away").mkdir()
    for name in ("aliases.json", "public"):
        (folder / name).rename(tmp_path / "away" / name)
    assert gongwen("index", source)[0] == 0
    status, out, _ = gongwen("search", "消防", "--json")
    assert (status, json.loads(out)["total"]) == (0, len(ARTICLES) - 1)


@pytest.mark.parametrize("size", [0, 4096])
def test_a_half_copied_index_says_what_to_do(
    gongwen: Run, source: str, tmp_path: Path, size: int
) -> None:
    """An empty file of articles, or one cut short; moved away as printed, the index can be built."""
    [file] = (tmp_path / "index").glob("public/*/articles.sqlite3")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.write_bytes(file.read_bytes()[:size])
    for command in (["search", "消防"], ["add", source], ["index", source], ["info"]):
        status, _, err = gongwen(*command)
        assert status == 1, command
        assert "articles.sqlite3 已损坏" in err
        assert "gongwen index" in err
    file.parent.rename(tmp_path / "away")
    assert gongwen("index", source)[0] == 0
    assert gongwen("search", "消防")[0] == 0


# Folders that earlier commits wrote (tests/search_service/state/test_migrations.py says how).
@pytest.mark.parametrize("commit", ["0a34bde", "e18766a"])
def test_a_folder_of_an_earlier_commit_keeps_what_is_hidden(
    gongwen: Run, tmp_path: Path, commit: str
) -> None:
    """Reading is refused with the remedy; after the remedies it is searched, without the hidden article."""
    folder = tmp_path / "index"
    with tarfile.open(Path(__file__).parent / "data" / f"index-{commit}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    state = (folder / "state.sqlite3").read_bytes()
    for command in (["search", "消防"], ["info"]):
        status, _, err = gongwen(*command)
        assert status == 1
        assert "的格式与本版不合" in err
    assert (folder / "state.sqlite3").read_bytes() == state

    source = str(
        write_source(tmp_path / "source.jsonl", [*ARTICLES, {**ARTICLES[0], "id": "gone"}])
    )
    status, _, err = gongwen("index", source)
    if status:  # it says how to go on, in one line
        assert len(err.splitlines()) == 1
        assert "移走 aliases.json" in err
        for name in ("aliases.json", "public"):
            (folder / name).rename(tmp_path / name)
        assert gongwen("index", source)[0] == 0
    status, out, _ = gongwen("search", "消防", "--json")
    found = {article["id"] for article in json.loads(out)["results"]}
    assert found == {"n0", "n1", "n3"}
    assert gongwen("unhide", "n2")[0] == 0
    assert "三无小区" in gongwen("terms", "list")[1]


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
