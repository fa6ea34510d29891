"""Synchronising with a source: afterwards the index is what the source contains, whatever came before."""

import random
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from indexer import updates
from indexer.build import generations
from indexer.sync import Intent, synchronise
from indexer.sync_report import SyncReport
from search_service.engines import Scope
from search_service.errors import BadInput, WriterBusy
from search_service.intake.cleaning import Cleaning, Rule
from search_service.intake.packing import pack
from search_service.intake.record import article_of
from search_service.model import Audience
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.state.ledger import NUMBERED, Change
from tests.conftest import ALL_CLEANING, write_source

Rows = dict[str, dict[str, Any]]
Sync = Callable[..., SyncReport]
PAID = "付费的一句话是密令"


@pytest.fixture(params=["embedded", pytest.param("elastic", marks=pytest.mark.elasticsearch)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty engine of each kind."""
    if request.param == "elastic":
        return f"{request.getfixturevalue('elasticsearch_url')}-{uuid.uuid4().hex[:8]}"
    return f"embedded:{tmp_path}/index"


@pytest.fixture
def service(address: str, tmp_path: Path) -> Iterator[SearchService]:
    """A service without a model and without an index."""
    opened = open_service(
        read_settings(
            engine=address,
            model="none",
            engine_timeout=30,
            state=f"sqlite:///{tmp_path}/state.sqlite3",
        )
    )
    yield opened
    opened.close()


def row(number: int, **fields: object) -> dict[str, Any]:
    """A record; by default of a free article without a version."""
    body = f"同志们：第{number}号底线是一户不漏。{PAID}。"
    return {"id": f"n{number}", "title": f"防汛通知{number}", "body": body} | fields


def rows(*numbers: int) -> Rows:
    """Records by id, and one that gives members an index of their own."""
    paid = row(0, preview="同志们：……")
    return {one["id"]: one for one in [paid, *(row(number) for number in numbers)]}


@pytest.fixture
def index(service: SearchService, tmp_path: Path) -> Callable[[Rows], None]:
    """Build the index from records, as the source ``portal``."""

    def build(source: Rows) -> None:
        path = write_source(tmp_path / "index.jsonl", list(source.values()))
        generations.rebuild(service, {"portal": [path]}, cleaning=ALL_CLEANING)

    return build


@pytest.fixture
def sync(service: SearchService, tmp_path: Path) -> Sync:
    """Synchronise with records, by default as the source ``portal``."""

    def run(source: Rows, name: str = "portal", **options: Any) -> SyncReport:
        path = write_source(tmp_path / "sync.jsonl", list(source.values()))
        return synchronise(service, name, [path], **{"cleaning": ALL_CLEANING} | options)

    return run


def texts(service: SearchService, audience: Audience = Audience.PUBLIC) -> dict[str, str]:
    """The texts that an audience reads, by id."""
    reader = service.engine.reader(Scope(audience, service.store.hidden.ids()))
    return {one.view.id: one.view.text for one in reader.scan()}


def expected(source: Rows, audience: Audience = Audience.PUBLIC) -> dict[str, str]:
    """The texts that it should read."""
    part = "preview" if audience is Audience.PUBLIC else "body"
    return {
        id: str(one.get(part, one["body"]))
        for id, one in source.items()
        if audience is not Audience.PUBLIC or one.get("audience") != "member"
    }


def check(service: SearchService, source: Rows) -> None:
    """The index contains the source and nothing else, for guests and for members."""
    for audience in (Audience.PUBLIC, Audience.MEMBER):
        assert texts(service, audience) == expected(source, audience)


@pytest.mark.parametrize("version", [None, 5])
def test_what_differs_is_written_and_what_is_gone_is_deleted(
    service: SearchService, index: Callable[[Rows], None], sync: Sync, version: object
) -> None:
    """Whatever the version says; a second run changes nothing."""
    source = rows(*range(1, 12))
    for one in source.values():
        one["version"] = version
    index(source)
    source["n1"]["body"] = "改过的正文。"
    source["n2"]["preview"] = "同志们：……"
    source["n3"]["title"] = "改过的标题"
    source["n4"]["audience"] = "member"
    del source["n5"]
    source["n12"] = row(12, version=version)
    report = sync(source, intent=Intent.DRY_RUN)
    assert (report.missing.ids, report.ghosts.ids) == (["n12"], ["n5"])
    assert report.differing.ids == ["n1", "n2", "n3", "n4"]
    assert "n5" in texts(service)
    report = sync(source)
    assert (report.changes, report.unchanged, len(report.faults)) == (6, 7, 0)
    check(service, source)
    assert PAID not in texts(service)["n2"]
    revision = service.reader(Audience.PUBLIC).revision
    again = sync(source)
    assert (again.changes, again.unchanged) == (0, 12)
    assert service.reader(Audience.PUBLIC).revision == revision


@pytest.mark.parametrize("versions", [(5, 5, 5), (5, 4, 3), (None, None, None), (5, None, 1)])
def test_an_article_becomes_paid_and_free_again(
    service: SearchService,
    index: Callable[[Rows], None],
    sync: Sync,
    versions: Sequence[int | None],
) -> None:
    """Under the same, an older or no version: a source that was restored from a backup is right, too."""
    free, paid, again = versions
    source = rows(*range(1, 8)) | {"n1": row(1, version=free)}
    index(source)
    source["n1"] = row(1, version=paid, preview="同志们：……")
    sync(source)
    check(service, source)
    source["n1"] = row(1, version=again)
    sync(source)
    check(service, source)
    del source["n1"]
    sync(source)
    check(service, source)
    source["n1"] = row(1, version=again)  # taken out of the recycle bin
    sync(source)
    check(service, source)


def test_too_much_at_once_must_be_confirmed(
    service: SearchService, index: Callable[[Rows], None], sync: Sync
) -> None:
    """Over a fifth that would vanish or become public, or an empty source; the counts are named."""
    source = rows(*range(1, 10))
    for number in (1, 2, 3):
        source[f"n{number}"]["preview"] = "同志们：……"
    index(source)
    fewer = {id: one for id, one in source.items() if id not in {"n7", "n8", "n9"}}
    public = {id: row(int(id[1:])) for id in source}
    for other, counts in (
        (fewer, "10 篇，其中 3 篇不在"),
        (public, "4 篇将由收费"),
        ({}, "没有可收录的文章"),
    ):
        with pytest.raises(BadInput, match=counts):
            sync(other)
        assert sync(other, intent=Intent.DRY_RUN).refusal
        check(service, source)
    sync({id: one for id, one in source.items() if id not in {"n8", "n9"}})
    sync(public, intent=Intent.CONFIRMED)
    check(service, public)


def test_sources_leave_the_articles_of_each_other_alone(
    service: SearchService, index: Callable[[Rows], None], sync: Sync, tmp_path: Path
) -> None:
    """So do articles that were added; an id of another source is a fault, of a new source an error."""
    source = rows(1, 2, 3, 4, 5)
    index(source)
    other = {f"n{number}": row(number) for number in (11, 12, 13, 14, 15, 16)}
    sync(other, "other")
    added = write_source(tmp_path / "added.jsonl", [row(21)])
    updates.add(service, [added], cleaning=ALL_CLEANING)
    with pytest.raises(BadInput, match="--name 'portal'"):
        sync(source, "new")
    del other["n16"]
    report = sync(other | {"n1": row(1, body="不是它的。")}, "other")
    assert [fault.id for fault in report.faults] == ["n1"]
    check(service, source | other | {"n21": row(21)})
    sync(source | {"n21": row(21)})
    sync(source)
    check(service, source | other)


def test_what_cannot_be_read_is_not_deleted(
    service: SearchService, index: Callable[[Rows], None], sync: Sync, tmp_path: Path
) -> None:
    """A bad record of a known id stays as it was; where the id is unknown, nothing is deleted."""
    source = rows(*range(1, 10))
    index(source)
    bad = source | {"n1": {"id": "n1", "title": "没有正文"}}
    del bad["n2"]
    report = sync(bad)
    assert (report.ghosts.ids, len(report.faults)) == (["n2"], 1)
    del source["n2"]
    check(service, source)
    path = tmp_path / "torn.jsonl"
    write_source(path, [one for id, one in source.items() if id != "n3"])
    path.write_bytes(path.read_bytes()[:-30])
    report = synchronise(service, "portal", [path], cleaning=ALL_CLEANING)
    assert (report.kept_ghosts, report.ghosts.count) == (2, 0)
    check(service, source)


def test_a_change_entered_while_the_source_is_read_stays(
    service: SearchService,
    index: Callable[[Rows], None],
    sync: Sync,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An edit, a deletion and a new article arrive when everything has been compared."""
    source = rows(*range(1, 10))
    index(source)
    source["n1"]["body"] = source["n2"]["body"] = "读到的正文。"
    gone = source.pop("n3")
    entered = {
        "n1": row(1, body="读的时候改的。"),
        "n2": None,
        "n3": gone | {"body": "读的时候恢复的。"},
    }
    ledger = service.store.ledger
    append = ledger.append

    def late(changes: Sequence[Change], **options: Any) -> list[Change]:
        monkeypatch.undo()
        for id, one in entered.items():
            article = None if one is None else pack(article_of(one, cleaning=ALL_CLEANING))
            append([Change(article_id=id, version=NUMBERED, article=article)])
        return append(changes, **options)

    monkeypatch.setattr(ledger, "append", late)
    report = sync(source)
    assert report.overtaken == 3
    now = source | {id: one for id, one in entered.items() if one}
    del now["n2"]
    check(service, now)


@pytest.mark.parametrize("own_id", [True, False])
def test_a_renamed_file_is_one_article(
    service: SearchService,
    tmp_path: Path,
    own_id: bool,  # noqa: FBT001  (pytest passes names)
) -> None:
    """The same article if the file says its id; else the one of the new name in place of the old one."""
    folder = tmp_path / "资料"
    folder.mkdir()
    head = "---\nid: fangxun\n---\n" if own_id else ""
    for name in ["防汛", *map(str, range(9))]:
        text = (
            head if name == "防汛" else ""
        ) + f"# 关于{name}的通知\n\n落实第{name}号值班制度。\n"
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    generations.rebuild(service, {"files": [folder]}, cleaning=ALL_CLEANING)
    before = texts(service)
    (folder / "防汛.md").rename(folder / "防汛（定稿）.md")
    report = synchronise(service, "files", [folder], cleaning=ALL_CLEANING)
    assert report.changes == (0 if own_id else 2)
    after = texts(service)
    assert sorted(after.values()) == sorted(before.values())
    assert ("fangxun" in after) == own_id


def test_hiding_outlives_synchronising(
    service: SearchService, index: Callable[[Rows], None], sync: Sync
) -> None:
    """A hidden article is compared and written like others, and shown to nobody."""
    source = rows(*range(1, 10))
    index(source)
    service.store.hidden.hide("n1")
    source["n1"]["body"] = "改过的正文。"
    sync(source)
    index(source)  # leaves it out
    sync(source)
    assert sync(source).changes == 0
    check(service, {id: one for id, one in source.items() if id != "n1"})
    service.store.hidden.unhide("n1")
    check(service, source)


def test_a_rollback_knows_what_was_synchronised(
    service: SearchService, index: Callable[[Rows], None], sync: Sync
) -> None:
    """What the live index had already, and the one before did not, is written to it."""
    source = rows(*range(1, 10))
    index(source)
    source["n1"]["preview"] = "同志们：……"
    index(source)
    assert sync(source).changes == 0
    numbers = service.store.ledger.head()
    sync(source)
    assert (
        service.store.ledger.head() == numbers + 1
    )  # only the number of the run: nothing was entered
    generations.rollback(service)
    check(service, source)


def test_one_at_a_time(service: SearchService, index: Callable[[Rows], None], sync: Sync) -> None:
    """A second run beside one says so."""
    source = rows(1)
    index(source)
    with service.store.ledger.synchronising(), pytest.raises(WriterBusy, match="同步"):
        sync(source)


KILLED = """
import os, random, signal, sys, threading
from pathlib import Path
from indexer.sync import Intent, synchronise
from search_service.intake.cleaning import Cleaning
from search_service.service import open_service
from search_service.settings import read_settings

address, state, path, seconds = sys.argv[1:]
service = open_service(read_settings(engine=address, model="none", engine_timeout=30, state=state))
threading.Timer(float(seconds), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
synchronise(service, "portal", [Path(path)], cleaning=Cleaning.parse("all"), intent=Intent.CONFIRMED)
os._exit(0)
"""


def edited(source: Rows, draw: random.Random) -> Rows:
    """The source after some edits, deletions, new articles and moves between free and paid."""
    now = dict(source)
    for number in draw.sample(range(1, 60), 25):
        id = f"n{number}"
        one = now.pop(id, None)
        match draw.randrange(4):
            case 0 if one:
                continue
            case 1:
                now[id] = row(number, preview="同志们：……")
            case 2:
                now[id] = row(number, body=f"第{draw.random()}稿。")
            case _:
                now[id] = row(number)
    return now


@pytest.mark.slow
def test_the_next_run_finishes_what_a_killed_one_left(
    tmp_path: Path,
    address: str,
    service: SearchService,
    index: Callable[[Rows], None],
    sync: Sync,
) -> None:
    """Killed at random moments; each run begins with another edition of the source."""
    draw = random.Random(20)
    source = rows(*range(1, 40))
    index(source)
    killed = 0
    for _ in range(8):
        source = edited(source, draw)
        path = write_source(tmp_path / "killed.jsonl", list(source.values()))
        arguments = [address, f"sqlite:///{tmp_path}/state.sqlite3", str(path)]
        seconds = str(draw.uniform(0.05, 1.0))
        done = subprocess.run([sys.executable, "-c", KILLED, *arguments, seconds], check=False)
        killed += done.returncode == -signal.SIGKILL
    assert killed
    sync(source, intent=Intent.CONFIRMED)
    check(service, source)
    assert sync(source).changes == 0


def test_records_as_they_were_are_not_cleaned_again(
    service: SearchService, index: Callable[[Rows], None], sync: Sync
) -> None:
    """Not even by the first run after a build, nor by other processes; their view counters are set."""
    source = rows(*range(1, 8))
    for one in source.values():
        one["body"] += "<b>加粗</b>"
    index(source)
    source["n1"]["title"] = "改过的标题"
    source["n2"]["views"] = "1,234"
    assert sync(source).cleaned == {Rule.MARKUP: 1}
    assert service.store.views.of(Audience.PUBLIC, ["n2"]) == {"n2": 1234}
    assert sync(source).cleaned == {Rule.MARKUP: 1}  # entered through the ledger by the run before
    report = sync(source)
    assert (report.articles, report.unchanged, report.cleaned) == (8, 8, {})


def test_recognised_records_are_compared_with_the_index(
    service: SearchService, index: Callable[[Rows], None], sync: Sync
) -> None:
    """What the index lost, and what came from elsewhere, is written; other rules clean everything again."""
    source = rows(*range(1, 8))
    for one in source.values():
        one["body"] += "<b>加粗</b>"
    index(source)
    updates.delete(service, ["n1"])
    article = article_of(row(2, body="推送来的。"), cleaning=ALL_CLEANING)
    service.store.ledger.append(
        [Change(article_id="n2", version=NUMBERED, article=pack(article))], source="portal"
    )
    report = sync(source)
    assert (report.missing.ids, report.differing.ids) == (["n1"], ["n2"])
    bold = {id: {**one, "body": str(one["body"])[:-9] + "加粗"} for id, one in source.items()}
    check(service, bold)
    sync(source, cleaning=Cleaning.parse("none"))
    check(service, source)


def test_recognised_records_keep_their_faults_and_warnings(
    service: SearchService, index: Callable[[Rows], None], sync: Sync, tmp_path: Path
) -> None:
    """An id that is there twice, one of another source, one with blanks, a field that may be misspelt."""
    source = rows(*range(1, 8))
    source["n1"]["athor"] = "王明"
    source["n2"]["id"] = " n2 "
    index(source)
    twice = write_source(tmp_path / "twice.jsonl", [*source.values(), source["n3"]])
    report = synchronise(service, "portal", [twice], cleaning=ALL_CLEANING)
    assert [fault.id for fault in report.faults] == ["n3"]
    assert (report.changes, report.unchanged) == (0, 8)
    for _ in range(2):
        assert sync(source).notes.similar == {("athor", "author"): 1}
    other = {f"n{number}": row(number) for number in range(11, 18)}
    sync(other, "other")
    report = sync(other | {"n2": source["n2"]}, "other")
    assert [fault.id for fault in report.faults] == ["n2"]
    assert report.changes == 0
