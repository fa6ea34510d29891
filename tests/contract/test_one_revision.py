"""A reader sees one revision, whatever is written meanwhile and wherever a writer stops."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from search_service.engines import Engine, Reader, Scope, open_engine
from search_service.errors import EngineUnavailable
from search_service.model import (
    FACETS,
    Audience,
    Everything,
    Field,
    Phrase,
    Sort,
    Term,
    WeightedTerm,
)
from tests.support.paths import ROOT
from tests.support.sample_records import (
    ARTICLES,
    FIRE,
    FLOOD,
    MANIFEST,
    SCHOOL,
    SPEECH,
    load,
    pairs,
    public,
    read,
    record,
    unit,
)
from tests.support.stopped_writer import CHANGES, STAGES

WORDS = ["安全", "检查", "演练", "制度", "新词"]
RANK = [WeightedTerm(Field.WORDS, word) for word in WORDS]
IDS = ["A0007", "B1890", "C2352", "D0001", "E0001"]


def answers(reader: Reader) -> dict[str, object]:
    """Everything that a reader returns."""
    vectors = {key: reader.vectors(key) for key in IDS}
    return {
        "manifest": reader.manifest,
        "revision": reader.revision,
        "totals": reader.totals(Everything(), facets=FACETS),
        "found": {word: reader.totals(Term(Field.WORDS, word)) for word in WORDS},
        "keyword": reader.keyword(Everything(), RANK, limit=100),
        "by date": reader.keyword(Everything(), sort=Sort.DATE, limit=100),
        "nearest": reader.nearest(unit(1, 2, 3), per_article=5),
        "nearest articles": reader.nearest_articles(unit(1, 2, 3)),
        "passages": reader.passages([(word, 1.0) for word in WORDS], per_article=5),
        "frequencies": reader.frequencies(Field.WORDS, WORDS),
        "fetch": reader.fetch(IDS),
        "terms": {key: reader.stored_fields(key) for key in IDS},
        "vectors": {
            key: {id: vector.tolist() for id, vector in vectors[key].items()} for key in IDS
        },
        "scan": list(reader.scan()),
    }


def check_whole(reader: Reader) -> None:
    """A reader counts, lists, fetches and finds by word one and the same set of articles."""
    stored = {one.view.id: one for one in reader.scan()}
    assert reader.totals(Everything()).total == len(stored)
    assert {hit.id for hit in reader.keyword(Everything(), limit=100)} == set(stored)
    assert reader.fetch(IDS) == {key: stored[key] for key in IDS if key in stored}
    # A joint document counts for each of its issuers.
    joint = sum(max(1, len(one.view.issuers)) for one in stored.values())
    for name, facet in reader.totals(Everything(), facets=FACETS).facets.items():
        if name != "level":  # of the issuers, too
            assert sum(facet.values()) == (joint if name == "issuer" else len(stored))
    for word in WORDS:
        holding = {key for key, one in stored.items() if word in one.view.text}
        match = Phrase(Field.BIGRAMS, pairs(word))
        assert {hit.id for hit in reader.keyword(match, RANK, limit=100)} == holding
        assert reader.totals(match).total == len(holding)
        assert reader.frequencies(Field.BIGRAMS, [word]) == {word: len(holding)}
    for hits in (
        reader.nearest(unit(1, 1, 1), articles=100, per_article=5),
        reader.passages([(word, 1.0) for word in WORDS], per_article=5),
    ):
        for hit in hits:
            ids = [passage.id for passage in stored[hit.article_id].passages]
            assert hit.passage_id in ids
    for key in IDS:
        own = {passage.id for passage in stored[key].passages} if key in stored else set()
        assert set(reader.vectors(key)) <= own
        assert bool(reader.stored_fields(key)) == (key in stored)
    near = {hit.article_id for hit in reader.nearest(unit(1, 1, 1), articles=100, min_score=-1.0)}
    assert near == set(stored)


# --- both engines --------------------------------------------------------------------------------


@pytest.mark.parametrize("read_before", [True, False])
def test_a_reader_stays_at_its_revision(engine: Engine, *, read_before: bool) -> None:
    """Updates, deletes and new articles are visible only to readers opened afterwards."""
    load(engine, *ARTICLES)
    old, model = read(engine), read(engine)
    before = answers(model)
    if read_before:
        assert answers(old) == before
    scan = old.scan()
    first = next(scan)
    load(engine, *CHANGES)
    new = read(engine)
    check_whole(new)
    assert new.revision > old.revision
    load(engine, record("E0001", "另 一 件", "又 改 了 。", version=9))
    assert answers(old) == before
    assert [first, *scan] == before["scan"]
    assert sorted(stored.view.id for stored in new.scan()) == ["A0007", "B1890", "D0001", "E0001"]
    assert "演练" not in new.fetch(["B1890"])["B1890"].view.text
    assert new.fetch(["E0001"])["E0001"].view.title == "新的通知"
    assert read(engine).fetch(["E0001"])["E0001"].view.title == "另一件"


# --- points in time (Elasticsearch) --------------------------------------------------------------


def open_contexts(node: str) -> int:
    """Number of open search contexts and points in time on the node."""
    with urlopen(f"{node}/_nodes/stats/indices/search") as answer:
        nodes = json.load(answer)["nodes"].values()
    return sum(int(one["indices"]["search"]["open_contexts"]) for one in nodes)


@pytest.mark.elasticsearch
def test_a_node_keeps_no_more_points_in_time_than_there_are_readers(elasticsearch_url: str) -> None:
    """The point in time of an unused reader is closed soon, without a call."""
    node = elasticsearch_url.rpartition("/")[0]
    engine = open_engine(f"{elasticsearch_url}-{uuid.uuid4().hex[:8]}")
    load(engine, *ARTICLES)
    before = open_contexts(node)
    readers = [read(engine) for _ in range(5)]
    assert [reader.totals(Everything()).total for reader in readers] == [4] * 5
    assert open_contexts(node) == before + 5
    for _ in range(50):
        assert read(engine).fetch(["B1890"])
    readers.clear()
    engine.close()
    assert open_contexts(node) == before


@pytest.mark.elasticsearch
def test_an_expired_point_in_time_is_reported(elasticsearch_url: str) -> None:
    """The error says that the point in time has expired, and to search again."""
    engine = open_engine(f"{elasticsearch_url}-{uuid.uuid4().hex[:8]}")
    name = engine.create(Audience.PUBLIC, MANIFEST).name
    load(engine, *ARTICLES, generation=name)
    reader = engine.reader(Scope(Audience.PUBLIC), generation=name)
    engine.drop(name)
    with pytest.raises(EngineUnavailable, match="point in time"):
        reader.totals(Everything())
    engine.close()


# --- a writer that is stopped (embedded) ---------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an engine."""
    return tmp_path / "data"


def text_index_is_locked(folder: Path) -> bool:
    """Whether tantivy loads an index this moment: from a thread of its own, soon after it was opened.

    It locks out every reader meanwhile, and a process that is stopped just then goes on doing so.
    """
    import fcntl  # not on Windows

    for lock in folder.rglob(".tantivy-meta.lock"):
        with lock.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


@contextmanager
def stopped_writer(folder: Path, stage: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that stopped writing at this stage, and still holds its lock."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.support.stopped_writer", str(folder), stage],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "stopped\n"
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        while text_index_is_locked(folder):
            child.send_signal(signal.SIGCONT)
            os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        yield child
    finally:
        child.kill()
        child.communicate()


@pytest.mark.parametrize("stage", STAGES)
def test_a_writer_stopped_between_its_commits_shows_no_partial_write(
    folder: Path, stage: str
) -> None:
    """Old words find old text, and totals match the lists: in a running service and in a new one."""
    serving = open_engine(f"embedded:{folder}")
    load(serving, *ARTICLES)
    before = answers(read(serving))
    old = read(serving)
    with stopped_writer(folder, stage):
        # The service that ran before the write continues.
        assert answers(read(serving)) == before
        fresh = open_engine(f"embedded:{folder}")
        check_whole(read(fresh))
        if stage == "rows":
            assert answers(read(fresh)) == before
        assert answers(read(serving)) == before
        assert answers(old) == before
    # Killed now: the next reader completes the write.
    for engine in (serving, fresh):
        reader = read(engine)
        check_whole(reader)
        assert sorted(one.view.id for one in reader.scan()) == ["A0007", "B1890", "D0001", "E0001"]
    assert answers(old) == before
    load(serving, FLOOD, record("E0001", "另 一 件", "又 改 了 。", version=9))
    check_whole(read(serving))
    assert read(serving).fetch(["E0001"])["E0001"].view.title == "另一件"


def test_the_log_is_checkpointed_when_requests_are_done(folder: Path) -> None:
    """An unused reader keeps no transaction open: the write-ahead log ends with the writer."""
    engine = open_engine(f"embedded:{folder}")
    load(engine, *ARTICLES)
    place = folder / "public" / public(engine)
    old = read(engine)
    load(engine, record("E0001", "通知", "第 一 件 。"))
    assert (place / "articles.sqlite3-wal").stat().st_size > 0
    assert old.totals(Everything()).total == len(ARTICLES)
    del old
    load(engine, record("E0002", "通知", "第 二 件 。"))
    assert (place / "articles.sqlite3-wal").stat().st_size == 0
    assert read(engine).totals(Everything()).total == len(ARTICLES) + 2


def test_a_generation_serves_old_readers_after_it_was_dropped(folder: Path) -> None:
    """A request that began before its generation was dropped can be completed."""
    engine = open_engine(f"embedded:{folder}")
    load(engine, FIRE, SCHOOL, SPEECH)
    old = engine.reader(Scope(Audience.PUBLIC))
    before = answers(old)
    names = [old.generation]
    for _ in range(2):
        names.append(engine.create(Audience.PUBLIC, old.manifest).name)
        engine.activate({Audience.PUBLIC: names[-1]})
    engine.drop(names[0])
    assert answers(old) == before
