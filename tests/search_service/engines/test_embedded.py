"""What only the embedded engine promises: files, processes, crashes and repeatable bytes."""

import json
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from search_service.engines import Engine, Reader, open_engine
from search_service.engines.embedded.row_writer import RowWriter
from search_service.engines.embedded.rows import Rows
from search_service.errors import EngineError, WriterBusy
from search_service.model import (
    FACETS,
    All,
    Audience,
    Everything,
    Field,
    Filters,
    Record,
    Sort,
    Tombstone,
    WeightedTerm,
    WriteResult,
)
from tests.support.embedded_process import batch
from tests.support.paths import ROOT
from tests.support.sample_records import (
    ARTICLES,
    DIMENSIONS,
    FIRE,
    FLOOD,
    MANIFEST,
    SCHOOL,
    cosine,
    load,
    public,
    read,
    record,
    unit,
)

RANK = [WeightedTerm(Field.WORDS, "安全", 1.5), WeightedTerm(Field.TITLE_WORDS, "批", 2.0)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where an engine keeps its files."""
    return tmp_path / "data"


@pytest.fixture
def engine(folder: Path) -> Iterator[Engine]:
    """An embedded engine with four articles that the public reads."""
    opened = open_engine(f"embedded:{folder}")
    load(opened, *ARTICLES)
    yield opened
    opened.close()


def home(engine: Engine, folder: Path) -> Path:
    """The folder of the generation that the public reads."""
    return folder / "public" / public(engine)


def answers(reader: Reader) -> list[object]:
    """Everything that a reader returns, scores included."""
    return [
        reader.totals(Everything(), facets=FACETS),
        reader.keyword(Everything(), RANK, limit=1000),
        reader.keyword(Everything(), sort=Sort.DATE, limit=1000),
        reader.nearest(unit(1, 2, 3), per_article=5, articles=1000),
        reader.passages([("安全", 1.0), ("检查", 2.0)], per_article=5, articles=1000),
        reader.frequencies(Field.WORDS, ["安全", "检查"]),
        list(reader.scan()),
    ]


def process(action: str, folder: Path, *rest: str) -> "subprocess.Popen[str]":
    """Another Python process that works on the same folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.embedded_process", action, str(folder), *rest],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def reopened(folder: Path) -> Engine:
    """The same folder as a process sees it that starts now."""
    return open_engine(f"embedded:{folder}")


# --- one writing process -------------------------------------------------------------------------


def test_a_second_writing_process_is_refused(engine: Engine, folder: Path) -> None:
    """While one process writes, another gets an error at once; readers are not affected."""
    name = public(engine)
    other = reopened(folder)
    with engine.writer(name) as writer:
        with pytest.raises(WriterBusy, match="data"), other.writer(name):
            pass
        with pytest.raises(WriterBusy), engine.writer(name):
            pass
        writer.write([record("E0001", "通知", "新 内容 。")])
        assert read(other).totals(Everything()).total == 5
    with other.writer(name) as writer:
        assert writer.write([Tombstone(id="E0001", version=2)]) == WriteResult(written=1)
    assert read(engine).totals(Everything()).total == 4


def test_the_writer_lock_is_free_after_an_error(engine: Engine) -> None:
    """An exception inside the block closes the writer; what was written stays."""

    def interrupted() -> None:
        with engine.writer(public(engine)) as writer:
            writer.write([record("E0001", "通知", "新 内容 。")])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    load(engine, record("E0002", "通知", "新 内容 。"))
    assert read(engine).totals(Everything()).total == 6


def test_another_process_sees_writes_and_swaps(engine: Engine, folder: Path) -> None:
    """A server reads on while this process writes, activates and rolls back."""
    server = process("read", folder)
    assert server.stdin
    assert server.stdout

    def ask() -> dict[str, object]:
        assert server.stdin
        assert server.stdout
        print(file=server.stdin, flush=True)
        answer: dict[str, object] = json.loads(server.stdout.readline())
        return answer

    with server:
        first = ask()
        assert first["total"] == 4
        load(engine, record("E0001", "通知", "新 内容 。", vectors=[unit(0, 1)]))
        after = ask()
        assert (after["total"], after["generation"]) == (5, first["generation"])
        assert "E0001" in str(after["ids"])
        assert "E0001" in str(after["near"])
        load(engine, Tombstone(id="B1890", version=2))
        assert "B1890" not in str(ask())
        new = engine.create(Audience.PUBLIC, MANIFEST).name
        load(engine, FLOOD, generation=new)
        assert ask()["total"] == 4
        engine.activate({Audience.PUBLIC: new})
        assert ask() == {"generation": new, "total": 1, "near": ["C2352"], "ids": ["C2352"]}
        engine.rollback()
        assert ask()["total"] == 4
        server.stdin.close()


# --- killed at any time --------------------------------------------------------------------------


@pytest.mark.slow
def test_nothing_is_lost_when_the_writer_is_killed(folder: Path) -> None:
    """SIGKILL at random times: a reader without a writer finds every completed write, undamaged."""
    source = random.Random(7)
    engine = reopened(folder)
    public(engine)
    first = 1
    for _ in range(6):
        with process("write", folder, str(first)) as child:
            assert child.stdout
            done = int(child.stdout.readline())
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(timeout=source.uniform(0.0, 0.6))
            child.kill()
            done = max([done, *(int(line) for line in child.stdout.read().splitlines())])
        check_batches(reopened(folder), done)
        first = done + 1
    # The batch that was cut off is written again: applied once, whatever the crash left of it.
    load(engine, *batch(first))
    check_batches(engine, first)
    assert engine.count(public(engine)) == len(expected_ids(first))


def test_deletes_and_orders_outlive_the_process(folder: Path) -> None:
    """After SIGKILL a stale update neither restores a deleted article nor counts as new."""
    engine = reopened(folder)
    load(engine, FIRE, record("A0007", "学校 安全", "学校 安全 。"))
    load(engine, Tombstone(id="B1890", version=1), Tombstone(id="C2352", version=1))
    load(engine, record("A0007", "学校 安全", "学校 安全 。", version=3))
    engine.close()
    with process("write", folder, "1") as child:
        assert child.stdout
        child.stdout.readline()
        child.kill()

    late = record("A0007", "学校 安全", "迟到 的 改写 。", version=2)
    written = load(reopened(folder), FIRE, FLOOD, late)

    assert written == WriteResult(stale=("B1890", "C2352", "A0007"))
    assert list(read(reopened(folder)).fetch(["B1890", "C2352", "A0007"])) == ["A0007"]


def expected_ids(done: int) -> set[str]:
    """The live articles after batch ``done``."""
    live: set[str] = set()
    for number in range(1, done + 1):
        for entry in batch(number):
            if isinstance(entry, Tombstone):
                live.discard(entry.id)
            else:
                live.add(entry.view.id)
    return live


def check_batches(engine: Engine, done: int) -> None:
    """All batches up to ``done`` are there, at most one more is, and every index agrees."""
    reader = read(engine)
    stored = {article.view.id: article for article in reader.scan()}
    assert set(stored) in (expected_ids(done), expected_ids(done + 1))
    found = reader.keyword(Everything(), RANK, limit=10_000)
    assert {hit.id for hit in found} == set(stored)
    assert reader.totals(Everything()).total == len(stored)
    assert {hit.article_id for hit in reader.nearest(unit(1), articles=10_000)} == set(stored)
    words = [("安全", 1.0)]
    assert {hit.article_id for hit in reader.passages(words, articles=10_000)} == set(stored)
    for article in stored.values():
        passages = {passage.id for passage in article.passages}
        assert set(reader.vectors(article.view.id)) == passages
        assert "".join(text for _, text in article) == article.view.text


def test_a_crash_between_the_two_commits_is_replayed(engine: Engine, folder: Path) -> None:
    """What SQLite has and the text index lacks is indexed by a reader without a writer."""
    crash_before_text(home(engine, folder), record("E0001", "批", "安全 补写 。"))
    for opened in (reopened(folder), engine):
        reader = read(opened)
        match = All(())
        assert "E0001" in [hit.id for hit in reader.keyword(match, RANK)]
        assert reader.totals(match).total == 5
        assert [hit.article_id for hit in reader.passages([("补写", 1.0)])] == ["E0001"]


def test_a_crash_before_the_note_is_replayed_once(engine: Engine, folder: Path) -> None:
    """A text commit that was finished and not noted moves no score when it is seen again."""
    load(engine, record("B1890", "消防 通知", "安全 新版 。", version=2))
    before = answers(read(engine))
    place = home(engine, folder)
    writes = RowWriter(place, dimensions=DIMENSIONS)
    writes.set_meta("applied", str(Rows(place).read_state().revision - 1))
    writes.close()
    assert answers(read(reopened(folder))) == before


def test_a_writer_replays_before_it_writes(engine: Engine, folder: Path) -> None:
    """A crash in one generation is repaired by the next writer of any generation."""
    crash_before_text(home(engine, folder), Tombstone(id="B1890", version=2))
    other = engine.create(Audience.PUBLIC, MANIFEST).name
    later = reopened(folder)
    with later.writer(other):
        assert [hit.id for hit in read(engine).keyword(Everything())] == [
            "A0007",
            "C2352",
            "D0001",
        ]


def crash_before_text(place: Path, *entries: Record | Tombstone) -> None:
    """Leave what a process leaves that dies right after SQLite's commit."""
    writes = RowWriter(place, dimensions=DIMENSIONS)
    writes.apply(entries)
    writes.close()


# --- what can be thrown away ---------------------------------------------------------------------


def remove_articles(place: Path) -> None:
    """Delete the article index."""
    shutil.rmtree(place / "articles.index")


def remove_passages(place: Path) -> None:
    """Delete the passage index."""
    shutil.rmtree(place / "passages.index")


def damage_meta(place: Path) -> None:
    """tantivy's own file is cut short."""
    meta = place / "articles.index" / "meta.json"
    meta.write_text(meta.read_text()[:40])


def remove_segments(place: Path) -> None:
    """Delete the files with the terms."""
    for file in (place / "articles.index").glob("*.term"):
        file.unlink()


def outdate(place: Path) -> None:
    """The index was made with another schema."""
    writes = RowWriter(place, dimensions=DIMENSIONS)
    writes.set_meta("text_schema", "0")
    writes.close()


def other_schema(place: Path) -> None:
    """Put another index in place of ours."""
    shutil.rmtree(place / "articles.index")
    shutil.copytree(place / "passages.index", place / "articles.index")


@pytest.mark.parametrize(
    "damage",
    [remove_articles, remove_passages, damage_meta, remove_segments, outdate, other_schema],
)
@pytest.mark.parametrize("opens", ["reader", "writer"])
def test_a_lost_text_index_is_built_again(
    engine: Engine, folder: Path, damage: Callable[[Path], None], opens: str
) -> None:
    """Whoever opens the generation first, reader or writer, rebuilds it from SQLite."""
    before = answers(read(engine))
    place = home(engine, folder)
    engine.close()
    damage(place)
    later = reopened(folder)
    if opens == "writer":
        load(later)
    assert answers(read(later)) == before
    load(later, record("E0001", "通知", "新 内容 。"))
    assert read(later).totals(Everything()).total == 5


def test_a_running_reader_follows_many_writes_and_few(engine: Engine, folder: Path) -> None:
    """What it has in memory since its start answers like what another process reads from the file."""
    source = np.random.default_rng(5)
    query = unit(1, -1, 2, 0.5)
    stored: dict[str, Record] = {}

    def write(numbers: range, version: int) -> None:
        for id in (f"N{number:03d}" for number in numbers):
            points = [unit(*source.standard_normal(DIMENSIONS)) for _ in range(60)]
            texts = [f"第 {version} 版 。"] * 60
            stored[id] = record(id, "通知", *texts, version=version, vectors=points, kind="函")
        load(engine, *(stored[f"N{number:03d}"] for number in numbers))

    def nearest(opened: Engine) -> list[tuple[str, float]]:
        hits = read(opened).nearest(query, filters=Filters(kind=("函",)))
        return [(hit.article_id, hit.score) for hit in hits]

    def expected() -> list[tuple[str, float]]:
        best = sorted(
            (
                -max(round(cosine(p.vector, query), 6) for p in a.passages if p.vector is not None),
                id,
            )
            for id, a in stored.items()
        )
        return [(id, -score) for score, id in best]

    assert nearest(engine) == []
    for version, numbers in enumerate(
        (range(100), range(0, 100, 9), range(50, 60), range(100, 190)), start=1
    ):
        write(numbers, version)
        assert nearest(engine) == nearest(reopened(folder)) == expected()
    load(engine, Tombstone(id="N001", version=9))
    del stored["N001"]
    assert nearest(engine) == nearest(reopened(folder)) == expected()


# --- the same writes, the same bytes -------------------------------------------------------------


def random_writes(seed: int) -> list[list[Record | Tombstone]]:
    """Calls of many sizes with new, changed, equal and deleted articles; enough to merge."""
    source = random.Random(seed)
    calls = []
    for version in range(1, 15):
        entries: list[Record | Tombstone] = []
        for _ in range(source.randint(1, 12)):
            id = f"N{source.randint(0, 60):02d}"
            if source.random() < 0.15:
                entries.append(Tombstone(id=id, version=version))
            else:
                words = source.choices(
                    ["安全", "检查", "工作", "作风", "批"], k=source.randint(1, 30)
                )
                entries.append(
                    record(
                        id,
                        " ".join(words[:3]),
                        " ".join(words),
                        version=version,
                        vectors=[unit(source.random(), source.random(), 1)],
                        date=source.choice(["2024", "2023-05", None]),
                    )
                )
        calls.append(entries)
    return calls


def test_the_same_writes_give_the_same_answers(tmp_path: Path) -> None:
    """Two indexes with the same writes agree in every score, whatever deletes and merges do."""
    told = []
    for name in ("one", "two"):
        engine = reopened(tmp_path / name)
        with engine.writer(public(engine)) as writer:
            for entries in random_writes(11):
                writer.write(entries)
        told.append(answers(read(engine)))
        engine.close()
    assert told[0] == told[1]


def test_text_above_the_public_changes_no_public_answer(tmp_path: Path) -> None:
    """Two portals with the same public views and other texts for members: equal to the public."""
    told = []
    for name, paid in (("one", "会员 全文 安全 。"), ("two", "别的 内容 。")):
        engine = reopened(tmp_path / name)
        guests, members = (
            engine.create(a, MANIFEST).name for a in (Audience.PUBLIC, Audience.MEMBER)
        )
        engine.activate({Audience.PUBLIC: guests, Audience.MEMBER: members})
        for version, entries in enumerate(random_writes(12), start=1):
            with engine.writer(guests) as below, engine.writer(members) as above:
                below.write([*entries, FIRE, SCHOOL])
                again = f"第{version}版"
                above.write([record("B1890", "消防 通知", paid, again, version=version)])
        told.append((answers(read(engine)), read(engine).revision))
        engine.close()
    assert told[0] == told[1]


# --- threads -------------------------------------------------------------------------------------


def test_threads_read_while_one_writes(engine: Engine) -> None:
    """Each reader sees one revision: what it counts is what it lists and what it can fetch."""
    wrong: list[object] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            reader = read(engine)
            total = reader.totals(Everything()).total
            listed = [hit.id for hit in reader.keyword(Everything(), limit=1000)]
            near = reader.nearest(unit(1), articles=1000)
            if total != len(listed) or len(near) < total or len(reader.fetch(listed)) != total:
                wrong.append((total, len(listed), len(near)))

    threads = [threading.Thread(target=watch) for _ in range(2)]
    for thread in threads:
        thread.start()
    with engine.writer(public(engine)) as writer:
        for number in range(5):
            writer.write([record(f"E{number:04d}", "通知", "安全 工作 。")])
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert read(engine).totals(Everything()).total == 9


# --- errors that a person reads ------------------------------------------------------------------


def test_a_full_disk_is_reported_and_survived(engine: Engine, folder: Path) -> None:
    """The error names the folder and the remedy; once there is room, everything committed is there."""
    pytest.importorskip("resource", reason="limits on file sizes are a matter of POSIX")
    child = process("fill", folder, "200000")
    output, _ = child.communicate()
    assert str(folder) in output
    assert "磁盘已满" in output or "quota is full" in output
    later = reopened(folder)
    stored = [article.view.id for article in read(later).scan()]
    assert [hit.id for hit in read(later).keyword(Everything(), limit=10_000)] == stored
    assert len(stored) > len(ARTICLES)
    load(later, record("E0001", "通知", "新 内容 。"))
    assert read(later).totals(Everything()).total == len(stored) + 1


def test_an_empty_generation_is_read_while_another_is_written(engine: Engine, folder: Path) -> None:
    """A new generation needs no writer to be readable."""
    empty = reopened(folder).create(Audience.MEMBER, MANIFEST).name
    with engine.writer(public(engine)):
        other = reopened(folder)
        other.activate({Audience.MEMBER: empty})
        assert read(other, audience=Audience.MEMBER).keyword(Everything()) == []


def test_a_folder_that_is_a_file_is_reported(tmp_path: Path) -> None:
    """An engine cannot be opened over a file, and the error names it."""
    (tmp_path / "data").write_text("一个文件")
    with pytest.raises(EngineError, match="data"):
        open_engine(f"embedded:{tmp_path / 'data'}")


def test_a_damaged_database_is_reported(engine: Engine, folder: Path) -> None:
    """What cannot be rebuilt is an error with the file's place, not a wrong answer."""
    place = home(engine, folder)
    engine.close()
    for file in place.glob("articles.sqlite3*"):
        file.write_bytes(b"not a database, at all, whatever the name of the file says" * 100)
    with pytest.raises(EngineError, match=place.name):
        read(reopened(folder))


def test_damaged_aliases_are_reported(engine: Engine, folder: Path) -> None:
    """A cut alias file is an error that names it; the generations are not touched."""
    aliases = folder / "aliases.json"
    aliases.write_text(aliases.read_text()[:20])
    with pytest.raises(EngineError, match=r"aliases\.json"):
        read(engine)
