"""The state was lost, emptied or exchanged: nothing is answered, and the printed remedy works."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from indexer import updates
from indexer.build import generations
from indexer.commands.main import main
from search_service.answers import browse
from search_service.answers.search import search
from search_service.errors import NotFound, StateLost
from search_service.model import Audience
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import Settings, read_settings
from search_service.state.store import Store
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, write_source

RECORDS = [
    {"id": "1", "title": "关于垃圾分类工作的通知", "body": "厨余垃圾定时定点投放。"},
    {"id": "2", "title": "关于垃圾清运的方案", "body": "垃圾分类收运，日产日清。"},
    {"id": "3", "title": "殡葬改革意见", "body": "推行节地生态安葬。"},
]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of an index with its state beside it, for this process and for the command."""
    monkeypatch.setenv("GONGWEN_ENGINE", f"embedded:{tmp_path}/index")
    monkeypatch.setenv("GONGWEN_MODEL", "none")
    return read_settings()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three articles without versions."""
    return write_source(tmp_path / "articles.jsonl", RECORDS)


@pytest.fixture
def service(settings: Settings, source: Path) -> Iterator[SearchService]:
    """A service that runs, with one article taken down."""
    opened = open_service(settings)
    generations.rebuild(opened, [source], cleaning=ALL_CLEANING)
    opened.store.hidden.hide("1")
    yield opened
    opened.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The file of the state."""
    return tmp_path / "index" / "state.sqlite3"


def gongwen(*arguments: str | Path) -> int:
    """Run the command; its exit status."""
    with pytest.raises(SystemExit) as left:
        main([str(one) for one in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


def delete(state: Path) -> None:
    """The file is gone."""
    state.unlink()


def truncate(state: Path) -> None:
    """It is empty, as `: > file` leaves it."""
    state.write_bytes(b"")


def replace_by_an_empty_one(state: Path) -> None:
    """A database, but none of ours."""
    state.unlink()
    with closing(sqlite3.connect(state)) as other:
        other.execute("CREATE TABLE theirs (x)")


def replace_by_another(state: Path) -> None:
    """A new state, where nothing was taken down."""
    state.unlink()
    with closing(Store(f"sqlite:///{state}")) as other:
        other.create()


def damage(state: Path) -> None:
    """No database any more."""
    state.write_bytes(b"\xff" * 8192)


def damage_in_the_middle(state: Path) -> None:
    """The first page is whole, the others are not."""
    content = state.read_bytes()
    state.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def statements(state: Path, template: str) -> None:
    """Run a statement for each table."""
    with closing(sqlite3.connect(state)) as other:
        names = other.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            other.execute(template.format(name))
        other.commit()


def empty(state: Path) -> None:
    """Every table is there, without a row."""
    statements(state, "DELETE FROM {}")


def drop_all(state: Path) -> None:
    """A database without tables."""
    statements(state, "DROP TABLE {}")


def drop_one(state: Path) -> None:
    """The list of what was taken down is missing."""
    with closing(sqlite3.connect(state)) as other:
        other.execute("DROP TABLE hidden")


def empty_the_list(state: Path) -> None:
    """All is there but what was taken down."""
    with closing(sqlite3.connect(state)) as other:
        other.execute("DELETE FROM hidden")
        other.commit()


LOSSES = [
    delete,
    truncate,
    replace_by_an_empty_one,
    replace_by_another,
    damage,
    damage_in_the_middle,
    empty,
    drop_all,
    drop_one,
    empty_the_list,
]


def answers(client: FlaskClient) -> list[int]:
    """The status of what a guest may ask."""
    paths = ["/", "/search?q=垃圾", "/api/v1/search?q=垃圾", "/api/v1/suggest?q=垃"]
    paths += ["/articles/2", "/api/v1/articles/2", "/api/v1/articles/2/related"]
    return [client.get(path).status_code for path in paths]


@pytest.mark.parametrize("lose", LOSSES)
def test_a_lost_state_closes_every_door_and_a_restored_one_opens_them(
    service: SearchService,
    settings: Settings,
    source: Path,
    state: Path,
    capsys: pytest.CaptureFixture[str],
    lose: Callable[[Path], None],
) -> None:
    """Under a running server: 503 with the remedy in the log, no write; restored, it goes on by itself."""
    client = create_app(service, settings).test_client()
    assert set(answers(client)) == {200}
    backup = shutil.copy(state, state.with_name("backup"))

    lose(state)
    left = sorted(state.parent.iterdir())
    assert set(answers(client)) == {503}
    response = client.get("/api/v1/search?q=垃圾")
    assert response.get_json()["code"] == "state-lost"
    assert response.headers["Retry-After"]
    assert sorted(state.parent.iterdir()) == left  # no file was made
    capsys.readouterr()  # the server's log
    for command in (
        ("add", source),
        ("delete", "2"),
        ("index", source),
        ("info",),
        ("serve",),
        ("terms", "accept", "三无小区"),
    ):
        assert gongwen(*command) == 1
        said = capsys.readouterr().err
        assert "--new-state" in said
        assert len(said.splitlines()) == 1

    state.unlink(missing_ok=True)
    shutil.copy(backup, state)
    assert set(answers(client)) == {200}
    assert client.get("/articles/1").status_code == 404
    assert gongwen("add", source) == 0


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("lose", [empty, empty_the_list])
def test_nothing_is_said_of_a_list_that_is_not_whole(
    state: Path, capsys: pytest.CaptureFixture[str], lose: Callable[[Path], None]
) -> None:
    """Neither that an article was not taken down, nor that it is restored."""
    lose(state)
    assert gongwen("unhide", "1") == 1
    output = capsys.readouterr()
    assert (output.out, len(output.err.splitlines())) == ("", 1)


def test_a_state_restored_over_the_other_is_taken_up(
    service: SearchService, settings: Settings, state: Path
) -> None:
    """The same file with other content, while a server has asked it before and after."""
    client = create_app(service, settings).test_client()
    backup = state.read_bytes()
    service.store.hidden.hide("3")
    assert client.get("/articles/3").status_code == 404
    state.write_bytes(b"")
    assert client.get("/articles/3").status_code == 503
    state.write_bytes(backup)
    assert client.get("/articles/3").status_code == 200
    assert client.get("/articles/1").status_code == 404


@pytest.mark.parametrize("lose", LOSSES)
def test_the_printed_remedy_works_without_a_backup(
    service: SearchService,
    settings: Settings,
    source: Path,
    state: Path,
    capsys: pytest.CaptureFixture[str],
    lose: Callable[[Path], None],
) -> None:
    """Move away what cannot be used, hide again, rebuild with --new-state: as it was."""
    client = create_app(service, settings).test_client()
    lose(state)

    if gongwen("hide", "1", "elsewhere") == 1:
        assert "移走" in capsys.readouterr().err
        state.rename(state.with_name("away"))
        assert gongwen("hide", "1", "elsewhere") == 0
    output = capsys.readouterr()
    assert output.out == "已登记 1，尚未生效\n已登记 elsewhere，尚未生效\n"
    assert "gongwen index 来源 --new-state" in output.err
    assert set(answers(client)) == {503}
    assert gongwen("index", source) == 1

    assert gongwen("index", source, "--new-state") == 0
    assert set(answers(client)) == {200}
    assert client.get("/articles/1").status_code == 404
    assert gongwen("index", source) == 0
    assert gongwen("hide", "3") == 0
    assert "已下架 3\n" in capsys.readouterr().out


def test_what_a_rebuild_left_out_is_named_by_its_title_too(
    service: SearchService, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command finds what is in no index, and brings it back."""
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert gongwen("hide", "关于垃圾分类工作的通知") == 0
    assert gongwen("unhide", "关于垃圾分类工作的通知", "2") == 0
    assert capsys.readouterr().out == "1 本已下架\n已恢复 1\n2 没有下架\n"
    assert browse.article(service, "1", Audience.PUBLIC).view.id == "1"


def test_a_rollback_to_an_index_of_another_state_is_refused(
    service: SearchService, source: Path, state: Path
) -> None:
    """What was taken down while it served is not known."""
    delete(state)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING, new_state=True)
    with pytest.raises(StateLost):
        generations.rollback(service)
    assert browse.article(service, "1", Audience.PUBLIC).view.id == "1"


def test_an_older_backup_loses_no_later_write(
    service: SearchService, source: Path, state: Path
) -> None:
    """Its numbers are behind those of the index: new articles and deletes count nevertheless."""
    backup = state.read_bytes()
    for edition in range(5):
        changed = [{**one, "body": f"第{edition}版。"} for one in RECORDS]
        updates.add(service, [write_source(source, changed)], cleaning=ALL_CLEANING)
    state.write_bytes(backup)

    report = updates.add(
        service,
        [write_source(source, [{**RECORDS[1], "body": "最后一版，写明了时限。"}])],
        cleaning=ALL_CLEANING,
    )
    assert not report.written.stale
    request = SearchRequest(text="写明了时限", mode=Mode.KEYWORD)
    assert search(service, request, Audience.PUBLIC).total == 1
    state.write_bytes(backup)
    assert updates.delete(service, ["2"]) == (["2"], [], [])
    with pytest.raises(NotFound):
        browse.article(service, "2", Audience.PUBLIC)
