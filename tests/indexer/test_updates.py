"""Updates of the live index: the view decides, for each audience separately, and nothing is lost."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from indexer import updates
from indexer.build import generations, live_writers
from indexer.build.ingest import RunReport
from search_service.answers import browse
from search_service.answers.search import search
from search_service.engines import Scope
from search_service.errors import EngineFiles, EngineMisconfigured, NotFound
from search_service.intake.packing import pack
from search_service.intake.record import article_of
from search_service.model import FIRST_LEDGER_VERSION, Audience, Everything
from search_service.query.request import SearchRequest
from search_service.service import SearchService
from search_service.state.ledger import Change
from tests.conftest import ALL_CLEANING, Open, Records, write_source

PAID = "付费的一句话是密令"
FREE: dict[str, Any] = {
    "id": "a",
    "title": "关于防汛工作的通知",
    "body": f"同志们：底线是一户不漏。{PAID}。",
    "version": 5,
}
LESS = {**FREE, "preview": "同志们：……"}
STAFF = {**FREE, "audience": "staff"}
# Makes every audience have its own index.
OTHERS: Records = [
    {"id": "m", "title": "会员文章", "body": "全文内容。", "preview": "全文……", "version": 1},
    {"id": "s", "title": "内部文章", "body": "内部内容。", "audience": "staff", "version": 1},
]


@pytest.fixture
def service(open_named: Open) -> SearchService:
    """A service without an index."""
    return open_named("index")


@pytest.fixture
def index(service: SearchService, tmp_path: Path) -> Callable[..., RunReport]:
    """Rebuild from records."""

    def rebuild(*records: dict[str, Any]) -> RunReport:
        source = write_source(tmp_path / "index.jsonl", list(records))
        return generations.rebuild(service, [source], cleaning=ALL_CLEANING)

    return rebuild


@pytest.fixture
def add(service: SearchService, tmp_path: Path) -> Callable[..., RunReport]:
    """Add records."""

    def add(*records: dict[str, Any]) -> RunReport:
        source = write_source(tmp_path / "add.jsonl", list(records))
        return updates.add(service, [source], cleaning=ALL_CLEANING)

    return add


def read(service: SearchService, audience: Audience, article_id: str = "a") -> str | None:
    """The text that the audience reads; a search must find the article exactly if it can be read."""
    found = service.engine.reader(Scope(audience)).fetch([article_id])
    page = search(service, SearchRequest(text="防汛 OR 文章 OR 新来", size=100), audience)
    assert (article_id in found) == (article_id in [one.stored.view.id for one in page.results])
    return found[article_id].view.text if article_id in found else None


# --- the view decides ----------------------------------------------------------------------------


@pytest.mark.parametrize("version", [5, None])
def test_text_that_becomes_paid_under_the_same_version_is_paid(
    service: SearchService,
    index: Callable[..., RunReport],
    add: Callable[..., RunReport],
    version: object,
) -> None:
    """At once, only for guests; back again; and then only for staff."""
    index({**FREE, "version": version}, *OTHERS)
    for record, texts in (
        (LESS, (LESS["preview"], FREE["body"], FREE["body"])),
        (FREE, (FREE["body"],) * 3),
        (STAFF, (None, None, FREE["body"])),
        (LESS, (LESS["preview"], FREE["body"], FREE["body"])),
        (STAFF, (None, None, FREE["body"])),
        (FREE, (FREE["body"],) * 3),
    ):
        report = add({**record, "version": version})
        assert (report.articles, len(report.faults)) == (1, 0)
        assert tuple(read(service, audience) for audience in Audience) == texts
        found = search(service, SearchRequest(text=PAID), Audience.PUBLIC)
        assert (found.total > 0) == (texts[0] == FREE["body"])


@pytest.mark.parametrize(("stands", "comes"), [(5, 4), (None, 7)])
def test_stale_updates_are_reported_for_each_audience_and_not_counted(
    service: SearchService,
    index: Callable[..., RunReport],
    add: Callable[..., RunReport],
    stands: int | None,
    comes: int,
) -> None:
    """An older version, and a version of an article stored without one: both versions and the remedy."""
    index({**FREE, "version": stands}, *OTHERS)

    report = add({**LESS, "version": comes, "views": 9}, {**OTHERS[0], "id": "n"})

    assert report.articles == 1
    (fault,) = report.faults
    assert fault.place == "id=a"
    assert fault.reason.startswith("public：")  # the members' view has not changed
    for part in (str(comes), str(stands or "没有版本号"), "gongwen index", "gongwen hide a"):
        assert part in fault.reason
    assert read(service, Audience.PUBLIC) == FREE["body"]
    assert service.store.views.of(Audience.PUBLIC, ["a"]) == {}
    assert service.store.views.of(Audience.MEMBER, ["a"]) == {"a": 9}

    for audience in ("public", "member"):
        assert (
            audience in next(iter(add({**FREE, "version": comes, "body": "改了。"}).faults)).reason
        )


def test_the_same_views_under_an_older_version_are_no_fault(
    service: SearchService, index: Callable[..., RunReport], add: Callable[..., RunReport]
) -> None:
    """An older export of the same text is no fault."""
    index(LESS, *OTHERS)
    report = add({**LESS, "version": 2})
    assert (report.articles, len(report.faults), report.written.unchanged) == (1, 0, 1)
    assert add({**LESS, "version": 3, "body": "改了。"}).faults  # version 5 is still stored


def test_a_deletion_wins_over_its_own_version(
    service: SearchService, index: Callable[..., RunReport], add: Callable[..., RunReport]
) -> None:
    """A deletion is not a withheld mark: the same version does not restore it, and that is reported."""
    index(FREE, *OTHERS)
    assert updates.delete(service, ["a", "a", "x"]) == (["a"], ["x"], [])
    for record in (FREE, LESS, STAFF):
        report = add(record)
        assert report.articles == 0
        assert "删除" in next(iter(report.faults)).reason
        assert {read(service, audience) for audience in Audience} == {None}
    assert len(add({**LESS, "version": 6}).faults) == 0
    assert read(service, Audience.PUBLIC) == LESS["preview"]


# --- nothing is done for what is unchanged --------------------------------------------------------


@pytest.mark.parametrize("version", [5, None])
def test_unchanged_articles_are_counted_and_leave_no_change_behind(
    service: SearchService,
    index: Callable[..., RunReport],
    add: Callable[..., RunReport],
    version: int | None,
) -> None:
    """Not even in the ledger; only the view counters are set. One changed article is written."""
    same = {**LESS, "version": version}
    index(same, *OTHERS)
    revisions = {audience: service.reader(audience).revision for audience in Audience}

    report = add({**same, "views": 9}, *OTHERS)

    assert (report.articles, report.written.unchanged, report.written.written) == (3, 3, 0)
    assert service.store.ledger.since(0) == []
    assert revisions == {audience: service.reader(audience).revision for audience in Audience}
    assert service.store.views.of(Audience.PUBLIC, ["a"]) == {"a": 9}
    assert [one.audience for one in report.generations] == list(Audience)

    report = add({**same, "body": "同志们：底线是一户不漏。改了。"}, *OTHERS)

    assert (report.articles, report.written.unchanged, report.written.written) == (3, 2, 1)
    (number,) = service.store.ledger.since(0)
    assert [one.article_id for one in service.store.ledger.read([number])] == ["a"]


def test_a_newer_version_of_the_same_text_still_makes_older_ones_stale(
    index: Callable[..., RunReport], add: Callable[..., RunReport]
) -> None:
    """What is unchanged is left out only if its order is, too."""
    index(FREE)
    assert len(add({**FREE, "version": 7}).faults) == 0
    assert len(add({**FREE, "version": 6, "body": "旧的内容。"}).faults) == 1


def test_what_only_the_live_index_contains_is_kept_for_a_rollback(
    service: SearchService, index: Callable[..., RunReport], add: Callable[..., RunReport]
) -> None:
    """An article that is unchanged in the live index, but not in the one before, goes to the ledger."""
    index({**FREE, "version": None, "body": "从前的内容。"})
    index({**FREE, "version": None})
    add({**FREE, "version": None})
    generations.rollback(service)
    assert read(service, Audience.PUBLIC) == FREE["body"]


def test_what_is_pending_is_not_unchanged(
    service: SearchService, index: Callable[..., RunReport], add: Callable[..., RunReport]
) -> None:
    """A killed process has appended another text: the text added now comes after that."""
    index({**FREE, "version": None}, {**FREE, "version": None, "id": "b"})
    version = FIRST_LEDGER_VERSION + service.store.ledger.next()
    other = {**FREE, "version": None, "body": "别人改的。"}
    article = replace(article_of(other, cleaning=ALL_CLEANING), version=version)
    service.store.ledger.append([Change(article_id="a", version=version, article=pack(article))])
    add({**FREE, "version": None})
    assert read(service, Audience.PUBLIC) == FREE["body"]


def test_what_is_unchanged_during_a_rebuild_is_replayed(
    service: SearchService,
    index: Callable[..., RunReport],
    add: Callable[..., RunReport],
    tmp_path: Path,
) -> None:
    """The source of the rebuild may be older than the live index."""
    index({**FREE, "version": None})
    old = write_source(tmp_path / "old.jsonl", [{**FREE, "version": None, "body": "从前的内容。"}])
    with service.store.ledger.exclusive():
        generations.create(service)
        generations.load(service, [old], cleaning=ALL_CLEANING)
        add({**FREE, "version": None})
        generations.check(service)
        generations.activate(service)
    assert read(service, Audience.PUBLIC) == FREE["body"]


def test_an_article_without_an_index_for_its_readers_is_a_fault(
    service: SearchService, index: Callable[..., RunReport], add: Callable[..., RunReport]
) -> None:
    """It is not counted as indexed; the guests' part is indexed; a complete rebuild adds the rest."""
    index({**FREE, "id": "b"})
    report = add(STAFF, {**LESS, "id": "p"})
    assert report.articles == 0
    staff, paid = report.faults
    assert staff.place == "id=a"
    assert "未收录：只有 staff 可读" in staff.reason
    assert paid.reason.startswith("已按 public 可读的内容收录；member、staff")
    assert all("gongwen index" in fault.reason for fault in report.faults)
    assert {read(service, audience) for audience in Audience} == {None}
    assert read(service, Audience.PUBLIC, "p") == LESS["preview"]
    index(STAFF, {**LESS, "id": "p"}, {**FREE, "id": "b"})
    assert read(service, Audience.STAFF) == FREE["body"]
    assert read(service, Audience.MEMBER, "p") == FREE["body"]


def test_an_article_moved_to_staff_is_removed_for_guests(
    service: SearchService, index: Callable[..., RunReport], add: Callable[..., RunReport]
) -> None:
    """An article that becomes visible only to staff is removed from the only index there is."""
    index(FREE, {**FREE, "id": "b"})
    report = add(STAFF)
    assert (report.articles, len(report.faults)) == (0, 1)
    assert {read(service, audience) for audience in Audience} == {None}


def test_an_article_set_aside_does_not_undo_later_changes(
    service: SearchService, index: Callable[..., RunReport], add: Callable[..., RunReport]
) -> None:
    """Hidden, left out of a rebuild, made paid meanwhile, shown again: it is paid."""
    index(FREE, *OTHERS)
    service.store.hidden.hide("a")
    index(FREE, *OTHERS)
    assert len(add(LESS).faults) == 0
    service.store.hidden.unhide("a")
    live_writers.finish(service)
    assert read(service, Audience.PUBLIC) == LESS["preview"]
    assert not service.store.hidden_articles.articles()


# --- an index is a function of what its audience may know of -------------------------------------


@pytest.mark.slow
def test_articles_for_the_staff_leave_no_trace_for_guests(
    open_named: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches, revisions and scores of the public index do not depend on others, loaded or added."""
    monkeypatch.setattr("indexer.build.ingest.BATCH", 4)
    told = []
    for name, every in (("one", 0), ("two", 3)):
        service = open_named(name)
        places = range(1, 14)

        def mixed(
            edition: str, every: int = every, places: range = places
        ) -> list[dict[str, object]]:
            records: list[dict[str, object]] = []
            for place in places:
                if every and place % every == 0:
                    hidden = {"id": f"h{place}", "title": "内部", "body": f"防汛{edition}" * place}
                    records.append({**hidden, "audience": "staff", "views": 999})
                body = f"{'防汛' * place}工作{edition}。"
                record = {"id": f"n{place}", "title": "防汛通知", "body": body, "views": place}
                records.append(record)
            return records

        source = write_source(tmp_path / "a.jsonl", mixed(""))
        generations.rebuild(service, [source], cleaning=ALL_CLEANING)
        revisions = []
        for edition in ("（二）", "（三）"):
            write_source(source, mixed(edition))
            updates.add(service, [source], cleaning=ALL_CLEANING)
            revisions.append(service.reader(Audience.PUBLIC).revision)
        updates.delete(service, ["n7", "h9", "n9"])
        reader = service.reader(Audience.PUBLIC)
        page = search(service, SearchRequest(text="防汛", size=50, explain=True), Audience.PUBLIC)
        home = browse.home(service, Audience.PUBLIC)
        told.append(
            (
                revisions,
                reader.revision,
                [(one.stored, one.score) for one in page.results],
                home.hottest,
                reader.totals(Everything()).total,
            )
        )
    assert told[0] == told[1]
    assert len(told[0][2]) == 11


def test_changes_for_members_alone_leave_no_trace_for_guests(
    open_named: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many articles of a batch are unchanged depends on paid text; revisions must not."""
    monkeypatch.setattr("indexer.build.ingest.BATCH", 2)
    told = []
    for name, changed_for_members in (("one", set()), ("two", {2, 4})):
        service = open_named(name)

        def records(changed: set[int], edition: str) -> list[dict[str, object]]:
            free = [f"防汛工作第{place}次会议。" for place in range(7)]
            for place in (1, 3, 5):  # for guests
                free[place] += edition
            return [
                {
                    "id": f"n{place}",
                    "title": "防汛通知",
                    "body": f"{text}\n应急{edition if place in changed else ''}",
                    "preview": text,
                }
                for place, text in enumerate(free)
            ]

        source = write_source(tmp_path / "a.jsonl", records(set(), ""))
        generations.rebuild(service, [source], cleaning=ALL_CLEANING)
        revisions = []
        for edition in ("（二）", "（三）"):
            write_source(source, records(changed_for_members, edition))
            updates.add(service, [source], cleaning=ALL_CLEANING)
            revisions.append(service.reader(Audience.PUBLIC).revision)
        told.append(revisions)
    assert told[0] == told[1]


@pytest.mark.parametrize("version", [3, 2])
def test_counters_do_not_depend_on_paid_text(
    open_named: Open, tmp_path: Path, version: int
) -> None:
    """The same version or an older one, with the same or another paid text: the same view counts."""
    told = []
    for name, paid in (("one", "付费。"), ("other", "付费的另一段。")):
        service = open_named(name)
        record = {"id": "1", "title": "防汛", "preview": "免费。", "version": 3, "views": 1}
        twin = {**record, "id": "2", "views": 5, "body": "付费。"}
        source = write_source(tmp_path / "a.jsonl", [{**record, "body": "付费。"}, twin])
        generations.rebuild(service, [source], cleaning=ALL_CLEANING)
        write_source(source, [{**record, "body": paid, "views": 9000, "version": version}])
        updates.add(service, [source], cleaning=ALL_CLEANING)
        home = browse.home(service, Audience.PUBLIC)
        page = search(service, SearchRequest(text="防汛"), Audience.PUBLIC)
        told.append((home.hottest, [(one.stored, one.score) for one in page.results]))
    assert told[0] == told[1]
    assert [one.view.id for one in told[0][0]] == ["1", "2"]


# --- several processes ---------------------------------------------------------------------------


def command(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A process of the command line."""
    environment = {**os.environ, "GONGWEN_ENGINE": f"embedded:{folder}/index"}
    return subprocess.Popen(
        [sys.executable, "-m", "indexer", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_processes_add_and_delete_while_another_rebuilds(
    service: SearchService, index: Callable[..., RunReport], tmp_path: Path
) -> None:
    """Two processes add at the same moment and one deletes: visible at once, and after the rebuild."""
    index(FREE, *OTHERS)
    source = write_source(tmp_path / "all.jsonl", [FREE, *OTHERS])
    new = [
        write_source(tmp_path / f"{n}.jsonl", [{**LESS, "id": n, "title": "新来"}]) for n in "xy"
    ]
    done: list[tuple[int, str]] = []

    def write(stage: str, count: int, _total: int) -> None:
        if (stage, count) != ("index", 3) or done:
            return
        running = [command(tmp_path, "add", str(path)) for path in new]
        running.append(command(tmp_path, "delete", "a"))
        for process in running:
            said, _ = process.communicate(timeout=120)
            done.append((process.returncode, said))
        assert read(service, Audience.PUBLIC, "x") == read(service, Audience.PUBLIC, "y")
        assert read(service, Audience.PUBLIC, "x") == LESS["preview"]
        assert read(service, Audience.STAFF, "a") is None

    generations.rebuild(service, [source], cleaning=ALL_CLEANING, progress=write)

    assert [code for code, _ in done] == [0, 0, 0], done
    for article in "xy":
        assert read(service, Audience.PUBLIC, article) == LESS["preview"]
        assert read(service, Audience.MEMBER, article) == FREE["body"]
    assert read(service, Audience.STAFF, "a") is None


def test_changes_that_cannot_be_written_now_are_queued(
    service: SearchService,
    index: Callable[..., RunReport],
    add: Callable[..., RunReport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While another process writes for long: reported accurately, and written by the next writer."""
    index(FREE, *OTHERS)
    monkeypatch.setattr(live_writers, "LOCK_TIMEOUT", 0.1)
    with service.store.ledger.live(patience=0):
        report = add(
            {**LESS, "id": "new", "title": "新来"}, {**LESS, "id": "gone", "title": "新来"}
        )
        assert (report.articles, report.queued, len(report.faults)) == (0, 2, 0)
        assert updates.delete(service, ["a", "gone", "x"]) == ([], ["x"], ["a", "gone"])
        assert read(service, Audience.PUBLIC, "new") is None

    add({**FREE, "id": "other"})

    assert read(service, Audience.PUBLIC, "new") == LESS["preview"]
    assert read(service, Audience.MEMBER, "new") == FREE["body"]
    for article in ("a", "gone"):
        assert read(service, Audience.STAFF, article) is None
    assert service.store.ledger.pending() == []


def test_queued_articles_that_cannot_be_indexed_are_reported(
    service: SearchService,
    index: Callable[..., RunReport],
    add: Callable[..., RunReport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stale articles and those without an index are reported now: the later writer cannot report them."""
    index(FREE)
    monkeypatch.setattr(live_writers, "LOCK_TIMEOUT", 0.1)
    with service.store.ledger.live(patience=0):
        report = add(
            {**LESS, "version": 4},
            {**FREE, "id": "new", "title": "新来"},
            {**STAFF, "id": "unread"},
        )
    assert (report.articles, report.queued) == (0, 1)
    assert sorted(fault.place for fault in report.faults) == ["id=a", "id=unread"]

    add({**FREE, "id": "other"})

    assert read(service, Audience.PUBLIC) == FREE["body"]
    assert read(service, Audience.PUBLIC, "new") == FREE["body"]


def test_the_remedy_for_a_new_version_is_to_omit_it(
    index: Callable[..., RunReport], add: Callable[..., RunReport]
) -> None:
    """No version is newer than an article stored without one: omitting the version makes it accepted."""
    index({**FREE, "version": None}, *OTHERS)
    (fault,) = add({**LESS, "version": 7}).faults
    assert "不给版本号" in fault.reason
    assert not add({**LESS, "version": None}).faults


@pytest.mark.parametrize("cure", ["rollback", "index"])
def test_the_remedies_for_a_damaged_index_work_as_printed(
    service: SearchService, index: Callable[..., RunReport], tmp_path: Path, cure: str
) -> None:
    """The folder of a generation is moved away; then the previous or a new one answers."""
    index(FREE, *OTHERS)
    index(FREE, *OTHERS)
    (serving,) = (one for one in service.engine.generations() if Audience.PUBLIC in one.serves)
    folder = tmp_path / "index" / "public" / serving.name
    service.close()
    for file in folder.iterdir():
        if file.name.startswith("articles.sqlite3"):
            file.write_bytes(b"\xff" * file.stat().st_size)
    with pytest.raises(EngineFiles, match=f"移走.* gongwen {cure}"):
        service.reader(Audience.PUBLIC)

    folder.rename(tmp_path / "away")

    with pytest.raises(EngineMisconfigured, match=f"gongwen {cure}"):
        service.reader(Audience.PUBLIC)
    if cure == "rollback":
        generations.rollback(service)
    else:
        index(FREE, *OTHERS)
    assert read(service, Audience.PUBLIC) == FREE["body"]


def test_the_writer_with_the_lock_writes_queued_changes(
    service: SearchService,
    index: Callable[..., RunReport],
    add: Callable[..., RunReport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A change queued while another process writes needs no third run."""
    index(FREE, *OTHERS)
    monkeypatch.setattr(live_writers, "LOCK_TIMEOUT", 0.1)
    write = live_writers.LiveWriters.write
    reports: list[RunReport] = []

    def write_while_another_comes(serving: live_writers.LiveWriters, *given: Any) -> Any:
        if not reports:
            source = write_source(
                tmp_path / "late.jsonl", [{**LESS, "id": "late", "title": "新来"}]
            )
            reports.append(RunReport())
            late = threading.Thread(
                target=lambda: reports.append(updates.add(service, [source], cleaning=ALL_CLEANING))
            )
            late.start()
            late.join()
        return write(serving, *given)

    monkeypatch.setattr(live_writers.LiveWriters, "write", write_while_another_comes)

    add({**FREE, "id": "other"})

    assert reports[1].queued == 1
    assert read(service, Audience.PUBLIC, "late") == LESS["preview"]
    assert read(service, Audience.PUBLIC, "other") == FREE["body"]


_KILLED_BETWEEN = """
import os, signal
from indexer.build import live_writers
from indexer.commands.main import main
write_for_audience = live_writers.write_for_audience
def dying(service, audience, *rest, **options):
    if audience:
        os.kill(os.getpid(), signal.SIGKILL)
    return write_for_audience(service, audience, *rest, **options)
live_writers.write_for_audience = dying
main()
"""


def test_killed_between_the_audiences(
    service: SearchService,
    index: Callable[..., RunReport],
    add: Callable[..., RunReport],
    tmp_path: Path,
) -> None:
    """Guests have the change and members not yet; the next writer completes it."""
    index(FREE, *OTHERS)
    source = write_source(tmp_path / "more.jsonl", [{**LESS, "body": "改了。"}])
    environment = {**os.environ, "GONGWEN_ENGINE": f"embedded:{tmp_path}/index"}
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED_BETWEEN, "add", str(source)], env=environment, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert read(service, Audience.PUBLIC) == LESS["preview"]
    assert read(service, Audience.MEMBER) == FREE["body"]

    add({**FREE, "id": "other"})

    assert {read(service, audience) for audience in (Audience.MEMBER, Audience.STAFF)} == {"改了。"}
    with pytest.raises(NotFound):
        browse.article(service, "never", Audience.PUBLIC)
