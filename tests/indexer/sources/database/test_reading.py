"""Mappings and rows: what is wrong is named at once, whatever is in a table does no harm."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from indexer.sources.database import pages
from indexer.sources.database.reading import read_database
from indexer.sources.files import read_source
from search_service.errors import BadInput, SourceUnavailable
from search_service.intake.cleaning import Cleaning
from search_service.intake.record import Fault, Notes, RawRecord
from search_service.model import Article
from tests.support.mariadb import READER, Server

Write = Callable[[str], Path]
TABLES = """
CREATE TABLE a (
  n INTEGER PRIMARY KEY, title TEXT, body TEXT, kind INTEGER, day TEXT, short TEXT, vip INTEGER
);
CREATE TABLE c (k INTEGER PRIMARY KEY, up INTEGER, name TEXT);
"""
HEAD = """
database: {url: "sqlite:///PLACE/portal.db"}
articles:
  a:
    table: a
    key: n
    id: "a-{n}"
"""


@pytest.fixture
def database(tmp_path: Path) -> sqlite3.Connection:
    """A file of SQLite with two tables."""
    connection = sqlite3.connect(tmp_path / "portal.db", isolation_level=None)
    connection.executescript(TABLES)
    return connection


@pytest.fixture
def mapping(tmp_path: Path) -> Write:
    """Write the rest of a mapping."""

    def write(rest: str) -> Path:
        path = tmp_path / "portal.yaml"
        path.write_text(HEAD.replace("PLACE", str(tmp_path)) + rest, encoding="utf-8")
        return path

    return write


def read(path: Path) -> tuple[dict[str, Article], list[Fault]]:
    """The articles by id, and the faults."""
    items = list(read_source(path, cleaning=Cleaning(), audience=None))
    found = {one.id: one for one in items if isinstance(one, Article)}
    return found, [one for one in items if isinstance(one, Fault)]


def test_everything_that_is_wrong_with_a_mapping_is_named_at_once(
    database: sqlite3.Connection, mapping: Write
) -> None:
    """First its form, then its tables and columns, with those that are there."""
    path = mapping(
        "    where: {x: 1}\n    fields: {titel: t}\n    preview: {column: a, characters: 3}\n"
    )
    with pytest.raises(BadInput) as caught:
        read(path)
    for part in ("articles.a.public：必填", "articles.a.where：没有这一项", "characters 只写一个"):
        assert part in caught.value.message
    path = mapping(
        "    public: {vipp: 0, d.x: 1}\n    fields: {title: titel, body: c.text}\n"
        "    join:\n      c: {table: c, key: k, by: art}\n      e: {table: nowhere, key: k, by: n}\n"
    )
    with pytest.raises(BadInput) as caught:
        read(path)
    message = caught.value.message
    for part in (
        "a 没有 art、titel、vipp 列；有：n, title, body",
        "c 没有 text 列；有：k, up, name",
    ):
        assert part in message
    for part in ("没有 nowhere 这个表；有：a, c", "d.x 里的 d 不在 join 里"):
        assert part in message


def test_values_of_any_kind_are_read(database: sqlite3.Connection, mapping: Write) -> None:
    """Unix times in China, no dates, NULL, a tree that is its own ancestor; a bad row costs only itself."""
    rows: Sequence[tuple[object, ...]] = [
        (1, "晚上的时间", "正文。", 2, "1717430400", "", 0),
        (2, "没有日期", "正文。", 9, "0000-00-00 00:00:00", "", 0),
        (3, "零", "正文。", 3, "0", "", 0),
        (4, None, "正文。", 1, "", "", 0),
        (5, "没有正文", None, 1, "", "", 0),
        (6, "不明", "秘密。", 1, "2024年6月4日", "短", None),
    ]
    database.executemany("INSERT INTO a VALUES (?,?,?,?,?,?,?)", rows)
    database.executemany("INSERT INTO c VALUES (?,?,?)", [(1, 0, "上"), (2, 1, "下"), (3, 3, "圈")])
    path = mapping(
        "    join:\n      c: {table: c, key: k, by: kind, parent: up, name: name}\n    public: {vip: 0}\n"
        "    preview: {column: short}\n    extra: {级别: vip}\n"
        "    fields: {title: title, body: body, date: day, category: c.path, url: '/{kind}/{n}'}\n"
    )
    found, faults = read(path)
    assert {id: (one.date, one.category) for id, one in found.items()} == {
        "a-1": ("2024-06-04", "上/下"),
        "a-2": (None, None),
        "a-3": (None, "圈"),
        "a-6": ("2024-06-04", "上"),
    }
    assert (found["a-6"].preview, found["a-1"].preview) == ("短", None)
    assert found["a-1"].url == "/2/1"
    assert found["a-1"].extra == {"级别": 0}
    assert [(one.id, one.place) for one in faults] == [
        ("a-4", f"{path}:a/4"),
        ("a-5", f"{path}:a/5"),
    ]


@pytest.mark.parametrize(
    ("preview", "text", "expected"),
    [
        ("none", "一#p#二#e#三", ""),
        ("{first_page: true}", "一#p#二#e#三", "一"),
        ("{first_page: true}", "没有分页", ""),
        ("{until: ['[more]', '<!--cut-->']}", "一<!--cut-->二[more]三", "一"),
        ("{until: ['<!--cut-->']}", "没有标记", ""),
        ("{characters: 3}", "<p class='x'>一二三四</p>", "一二三"),
        ("{characters: 3}", "一[vip]二三[vip]四[/vip]五[/vip]六七", "一六七"),
        ("{characters: 9}", "一[VIP level=2]二三", "一"),
    ],
)
def test_guests_read_what_the_preview_says(
    database: sqlite3.Connection, mapping: Write, preview: str, text: str, expected: str
) -> None:
    """Paid parts are cut first; a mark that is missing gives nothing."""
    database.execute("INSERT INTO a VALUES (1, '标题', ?, 1, '', '', 1)", (text,))
    path = mapping(
        f"    public: {{vip: 0}}\n    preview: {preview}\n    paid_parts: [vip]\n"
        "    fields: {title: title, body: body}\n"
    )
    found, _ = read(path)
    assert found["a-1"].preview == expected
    assert "[" not in found["a-1"].body.replace("[more]", "")


def test_texts_in_files_are_read_and_never_outside_their_folder(
    database: sqlite3.Connection, mapping: Write, tmp_path: Path
) -> None:
    """Without what hides them from browsers; a value that is no path is the text."""
    (tmp_path / "txt/2024").mkdir(parents=True)
    (tmp_path / "txt/2024/a.php").write_bytes("<? exit();?><p>文件里的正文。</p>".encode("gb18030"))
    (tmp_path / "secret.php").write_text("机密")
    texts = ["2024/a", "../secret", "2024/gone", "直接写在表里。"]
    database.executemany(
        "INSERT INTO a VALUES (?, '标题', ?, 1, '', '', 0)", list(enumerate(texts, start=1))
    )
    folder = tmp_path / "txt"
    path = mapping(
        f"    public: all\n    files: {{folder: {folder}, suffix: .php, drop: '<? exit();?>'}}\n"
        "    fields: {title: title, body: body}\n"
    )
    found, faults = read(path)
    assert {id: one.body for id, one in found.items()} == {
        "a-1": "文件里的正文。",
        "a-4": "直接写在表里。",
    }
    assert [one.id for one in faults] == ["a-2", "a-3"]


def test_many_pages_and_large_texts_lose_and_repeat_nothing(
    database: sqlite3.Connection, mapping: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages end where the texts would be too many; a text beyond the limit is a fault and never read."""
    monkeypatch.setattr(pages, "_PAGE", 7)
    monkeypatch.setattr(pages, "_PAGE_TEXTS", 3000)
    monkeypatch.setattr(pages, "MAX_TEXT", 9000)
    lengths = [(number * 791) % 2900 + 10 for number in range(100)]
    lengths[51] = 9001
    database.executemany(
        "INSERT INTO a VALUES (?, '标题', ?, ?, '', '', 0)",
        [(number, "字" * length, number % 3) for number, length in enumerate(lengths)],
    )
    path = mapping(
        "    include: {kind: [0, 1]}\n    public: all\n    fields: {title: title, body: body}\n"
    )
    found, faults = read(path)
    wanted = [number for number in range(100) if number % 3 < 2]
    wanted.remove(51)
    assert list(found) == [f"a-{number}" for number in wanted]
    assert all(len(found[f"a-{number}"].body) == lengths[number] for number in wanted)
    assert [one.id for one in faults] == ["a-51"]


def test_a_database_that_is_not_there_is_said_at_once(mapping: Write, tmp_path: Path) -> None:
    """A wrong address is no source without articles."""
    path = mapping("    public: all\n    fields: {title: title, body: body}\n")
    with pytest.raises((BadInput, SourceUnavailable), match=r"unable to open|连不上"):
        read(path)


@pytest.mark.mariadb
# PyMySQL leaves the socket of a connection that failed to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_lost_connection_is_taken_up_again(
    mariadb: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is restarted while a source is read: every article once, in order."""
    monkeypatch.setattr(pages, "_PAGE", 10)
    name = mariadb.database()
    engine = mariadb.engine(name)
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE TABLE a (n INT PRIMARY KEY, title TEXT, body TEXT)"))
        connection.execute(
            sa.text("INSERT INTO a SELECT seq, CONCAT('标题', seq), '正文' FROM seq_1_to_100")
        )
    path = tmp_path / "portal.yaml"
    path.write_text(
        f"database: {{url: '{mariadb.address(name, READER)}'}}\n"
        "articles: {a: {table: a, key: n, id: '{n}', public: all, fields: {title: title, body: body}}}\n"
    )
    source = read_database(path, notes=Notes())
    read_before = [next(source) for _ in range(25)]
    mariadb.stop()
    rest: list[RawRecord | Fault] = []
    reading = threading.Thread(target=lambda: rest.extend(source))
    reading.start()
    mariadb.start()  # not in a thread: it would end with that
    reading.join()
    items = [*read_before, *rest]
    assert [one.values["id"] for one in items if isinstance(one, RawRecord)] == [
        str(number) for number in range(1, 101)
    ]
