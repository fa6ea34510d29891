"""States of earlier releases are upgraded whole or refused; ``tests/promises/data`` has real ones.

Each ``state-COMMIT.sql`` is the dump of a state that this commit wrote: three articles indexed, ``n2`` and
``gone`` hidden, two terms decided on (where the release had them), indexed again, ``n4`` added and ``n3``
deleted.
"""

import json
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from search_service.errors import FormatMismatch, StateLost
from search_service.intake.packing import unpack
from search_service.state.migrations import VERSION
from search_service.state.store import Store

DATA = Path(__file__).parents[2] / "promises" / "data"
UNSTAMPED = ["a4a3281", "8cae352", "0a34bde", "ff00113", "fb4cdff", "9aefeea", "e18766a"]
FIRST, LAST = UNSTAMPED[0], UNSTAMPED[-1]
STAMPED = ["5778fdd"]  # version 2
# What the staff decided and what is not yet in every index; the rest comes back with a rebuild.
KEPT = ("hidden", "coined_terms", "changes", "head", "build", "shelf")
Rows = dict[str, list[tuple[object, ...]]]


def restored(path: Path, commit: str) -> Path:
    """The state of a commit, as a file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((DATA / f"state-{commit}.sql").read_text("utf-8"))
    return path


def tables(path: Path) -> Rows:
    """Every row of every table."""
    metadata = sa.MetaData()
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    metadata.reflect(engine)
    with engine.connect() as connection:
        return {
            name: sorted(tuple(row) for row in connection.execute(table.select()))
            for name, table in metadata.tables.items()
        }


def layout(path: Path) -> object:
    """Columns, keys and indexes of every table, as the database describes them."""
    inspector = sa.inspect(sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool))
    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(name)],
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted(str(one["column_names"]) for one in inspector.get_indexes(name)),
            [one["column_names"] for one in inspector.get_unique_constraints(name)],
        )
        for name in inspector.get_table_names()
    }


def opened(path: Path) -> Store:
    """The store of a file."""
    return Store(f"sqlite:///{path}")


def as_now(name: str, row: tuple[object, ...]) -> tuple[object, ...]:
    """A row of a table: its packed article, if any, has several issuers, and a change has no fault."""
    row = tuple(_with_issuers(one) if isinstance(one, bytes) else one for one in row)
    return (*row, None) if name == "changes" else row


def _with_issuers(packed: bytes) -> bytes:
    values = json.loads(zlib.decompress(packed))
    issuer = values.pop("issuer")
    values["issuers"] = [issuer] if issuer else []
    return zlib.compress(json.dumps(values, ensure_ascii=False).encode())


def check_upgraded(before: Rows, path: Path) -> None:
    """The state reads as one of this release, and every row that must not be lost is there."""
    after = tables(path)
    for name in set(KEPT) & set(before):
        assert after[name] == [as_now(name, row) for row in before[name]], name
    assert after["schema_version"][0][0] == VERSION
    with closing(opened(path)) as store:
        assert store.hidden.ids() == {"n2", "gone"}
        assert len(store.cursor_key) == 32
        for change in store.ledger.read(store.ledger.since(0)):
            assert change.article is None or unpack(change.article).id == change.article_id
        for key, article in store.hidden_articles.articles().items():
            assert unpack(article).id == key
        assert store.ledger.next() == before.get("head", [(0,)])[0][0] + 1  # type: ignore[operator]


@pytest.mark.parametrize("commit", UNSTAMPED + STAMPED)
def test_an_older_state_is_refused_until_it_is_upgraded(tmp_path: Path, commit: str) -> None:
    """Reading changes no byte; an upgrade keeps every decision and makes the tables of a new state."""
    path = restored(tmp_path / "state.sqlite3", commit)
    before, content = tables(path), path.read_bytes()
    with closing(opened(path)) as store:
        for use in (store.hidden.ids, store.ledger.next, lambda: store.hidden.unhide("n2")):
            with pytest.raises(FormatMismatch, match="gongwen serve"):
                use()
        assert path.read_bytes() == content
        store.upgrade()
    check_upgraded(before, path)

    with closing(opened(tmp_path / "new.sqlite3")) as new:
        new.create()
    assert layout(path) == layout(tmp_path / "new.sqlite3")
    content = path.read_bytes()
    with closing(opened(path)) as store:
        store.upgrade()
        store.create()
    assert path.read_bytes() == content


def test_the_last_state_without_a_version_keeps_every_row(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """View counters and vocabularies, too: its index can still be read. The upgrade is logged once."""
    path = restored(tmp_path / "state.sqlite3", LAST)
    before = tables(path)
    with caplog.at_level("INFO", "search_service"), closing(opened(path)) as store:
        store.upgrade()
        store.upgrade()
    assert caplog.messages == ["state-upgraded"]
    after = tables(path)
    expected = before | {
        name: [as_now(name, row) for row in before[name]] for name in ("changes", "shelf")
    }
    assert {name: rows for name, rows in after.items() if name in before} == expected
    assert not any(rows for name, rows in after.items() if name not in {*before, "schema_version"})
    assert before["view_counts"]
    assert before["vocabulary_articles"]


def test_the_key_of_cursors_and_the_identity_are_taken_over(tmp_path: Path) -> None:
    """From where earlier releases kept them."""
    for commit, table in (("ff00113", "cursor_key"), ("fb4cdff", "identity")):
        path = restored(tmp_path / commit, commit)
        [(id, key)] = tables(path)[table]
        with closing(opened(path)) as store:
            store.upgrade()
            assert store.cursor_key == key
            if table == "identity":
                assert store.hidden.read()[0] == id


def test_hiding_upgrades_by_itself(tmp_path: Path) -> None:
    """It must work at once, whatever the release before."""
    path = restored(tmp_path / "state.sqlite3", FIRST)
    with closing(opened(path)) as store:
        assert store.hidden.hide("n1")
        assert store.hidden.ids() == {"n1", "n2", "gone"}


# Kills itself after the n-th statement of an upgrade, for each n; the files stay.
KILLED = """
import itertools, os, shutil, signal, sys
import sqlalchemy as sa
from search_service.state.store import Store

def upgrade(path, left):
    def count(*_):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    sa.event.listen(sa.Engine, "after_cursor_execute", count)
    Store(f"sqlite:///{path}").upgrade()

for n in itertools.count(1):
    path = shutil.copy(sys.argv[1], f"{sys.argv[2]}/{n}.sqlite3")
    child = os.fork()
    if not child:
        upgrade(path, n)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.slow
@pytest.mark.parametrize("commit", [FIRST, "9aefeea"])
def test_a_killed_upgrade_leaves_the_old_state(tmp_path: Path, commit: str) -> None:
    """Killed after each of its statements in turn, in a real process; the next upgrade is whole."""
    old = restored(tmp_path / "old.sqlite3", commit)
    before = tables(old)
    (tmp_path / "killed").mkdir()
    subprocess.run([sys.executable, "-c", KILLED, str(old), str(tmp_path / "killed")], check=True)
    *killed, whole = sorted(
        (tmp_path / "killed").glob("*.sqlite3"), key=lambda path: int(path.stem)
    )
    check_upgraded(before, whole)
    assert len(killed) >= 5
    for path in killed:
        assert tables(path) == before, path
        with closing(opened(path)) as store:
            store.upgrade()
        check_upgraded(before, path)


UPGRADES = """
import sys
from search_service.state.store import Store
store = Store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
store.upgrade()
print(*store.hidden.read()[0], sep="")
"""


@pytest.mark.slow
def test_several_processes_upgrade_at_once(tmp_path: Path) -> None:
    """One does; all read the same state afterwards."""
    path = restored(tmp_path / "state.sqlite3", FIRST)
    before = tables(path)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADES, f"sqlite:///{path}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    identities = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 3
    assert len(identities) == 1
    check_upgraded(before, path)


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A state of a release to come, which has renamed every table but the one of the version."""
    path = tmp_path / "state.sqlite3"
    with closing(opened(path)) as store:
        store.hidden.hide("n2")
    with closing(sqlite3.connect(path)) as connection:
        for name in set(tables(path)) - {"schema_version"}:
            connection.execute(f"ALTER TABLE {name} RENAME TO {name}_of_9")
        connection.execute("UPDATE schema_version SET version = 99, release = '9.1'")
        connection.commit()
    return path


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.hidden.ids(),
        lambda store: store.hidden.hide("n1"),
        lambda store: store.hidden.unhide("n2"),
        lambda store: store.cursor_key,
        lambda store: store.ledger.next(),
        lambda store: store.coined.decide(["三无小区"], accepted=True),
    ],
)
def test_a_newer_state_is_refused(newer: Path, use: Callable[[Store], object]) -> None:
    """Nothing is read from it or written into it."""
    content = newer.read_bytes()
    with closing(opened(newer)) as store:
        store.upgrade()
        store.create()
        with pytest.raises(FormatMismatch) as caught:
            use(store)
    for word in ("GONGWEN_STATE", "99", "9.1", "备份"):
        assert word in caught.value.message
    assert newer.read_bytes() == content


# Of the first, the list is the only table that says whose database it is.
@pytest.mark.parametrize("commit", UNSTAMPED[1:])
def test_an_older_state_that_lost_the_list_is_lost(tmp_path: Path, commit: str) -> None:
    """It is not made whole by an upgrade."""
    path = restored(tmp_path / "state.sqlite3", commit)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE hidden")
        connection.commit()
    content = path.read_bytes()
    with closing(opened(path)) as store:
        store.upgrade()
        with pytest.raises(StateLost):
            store.hidden.hide("n1")
    assert path.read_bytes() == content


@pytest.mark.parametrize("table", ["identity", "changes"])
def test_the_last_state_without_a_version_that_lost_a_table_is_lost(
    tmp_path: Path, table: str
) -> None:
    """Every one of its tables is known."""
    path = restored(tmp_path / "state.sqlite3", LAST)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"DROP TABLE {table}")
        connection.commit()
    with closing(opened(path)) as store:
        store.upgrade()
        with pytest.raises(StateLost):
            store.hidden.ids()


def test_an_older_list_that_lost_rows_is_lost(tmp_path: Path) -> None:
    """An upgrade does not count again what was counted."""
    path = restored(tmp_path / "state.sqlite3", "9aefeea")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM hidden WHERE article_id = 'n2'")
        connection.commit()
    with closing(opened(path)) as store:
        store.upgrade()
        with pytest.raises(StateLost):
            store.hidden.ids()
