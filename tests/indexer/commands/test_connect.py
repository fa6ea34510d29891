"""``gongwen connect``: what it finds, shows and writes; the file is a source like any other."""

import json
import os
import pty
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.command import Run
from tests.support.mariadb import READER, Server
from tests.support.paths import ROOT
from tests.support.portals import CANARY, DEDE, EMPIRE, WORDPRESS, Portal, fill


@pytest.fixture
def gongwen(gongwen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in the folder of its index, without a setting of who may read."""
    monkeypatch.delenv("GONGWEN_AUDIENCE")
    monkeypatch.chdir(tmp_path)
    return gongwen


def filled(folder: Path, portal: Portal) -> str:
    """A file of SQLite with a portal; its address."""
    address = f"sqlite:///{folder}/portal.db"
    engine = sa.create_engine(address)
    fill(engine, portal)
    engine.dispose()
    return address


def test_it_finds_the_system_and_shows_what_guests_would_read(gongwen: Run, tmp_path: Path) -> None:
    """Counts, tables that are not read, articles as both read them; then the file is indexed."""
    address = filled(tmp_path, EMPIRE)
    status, out, err = gongwen("connect", address, "--site", "https://www.example.gov.cn")
    assert (status, err) == (0, "")
    assert "找到 帝国CMS，表前缀 phome_" in out
    assert "news：公开 1，不公开 5，不收录 1 (isurl=1 1)" in out
    assert "info：公开 1，不公开 0，不收录 0" in out
    assert "phome_ecms_news_check：未审核 1" in out
    assert "phome_ecms_news_doc：归档 1" in out
    lines = out.splitlines()
    guests = [line for line in lines if line.startswith("  游客：")]
    members = [line for line in lines if line.startswith("  会员：")]
    assert len(guests) == len(members) == 3
    assert CANARY not in "".join(guests)
    assert CANARY in "".join(members)
    assert any("只有标题" in line for line in guests)
    assert gongwen("index", "portal.yaml")[0] == 0
    out = gongwen("search", "讲话", "--json", "--mode", "keyword")[1]
    (found,) = [one for one in json.loads(out)["results"] if one["id"] == "news-12"]
    assert found["url"] == "https://www.example.gov.cn/e/action/ShowInfo.php?classid=2&id=12"


def test_paired_shortcodes_that_are_not_known_are_paid_parts(gongwen: Run, tmp_path: Path) -> None:
    """A plugin that nobody knows publishes nothing; shortcodes of layout do no harm."""
    address = filled(tmp_path, WORDPRESS)
    database = sqlite3.connect(tmp_path / "portal.db")
    text = f"公开的话。[caption]图注[/caption][club_only level=2]{CANARY}[/club_only]"
    database.execute("UPDATE wp_posts SET post_content = ? WHERE ID = 37", (text,))
    database.commit()
    assert gongwen("connect", address)[0] == 0
    assert gongwen("index", "portal.yaml")[0] == 0
    guests, members = (
        gongwen("info", "--article", "37", "--audience", who)[1] for who in ("public", "member")
    )
    assert "公开的话" in guests
    assert "图注" in guests
    assert CANARY not in guests
    assert CANARY in members


def test_a_select_needs_a_word_on_who_may_read_it(gongwen: Run, tmp_path: Path) -> None:
    """By the option, or by a column; its columns are found by the names of fields."""
    address = filled(tmp_path, DEDE)
    select = (
        "SELECT a.id, a.title, b.body AS 正文, a.click AS views, '12:30' AS 时刻"
        "{more} FROM dede_archives a JOIN dede_addonarticle b ON b.aid = a.id"
    )
    status, out, err = gongwen("connect", address, "--select", select.format(more=""))
    assert (status, out) == (2, "")
    assert "--audience public" in err
    assert not (tmp_path / "portal.yaml").exists()
    status, out, err = gongwen(
        "connect", address, "--select", "SELECT id, title FROM dede_archives"
    )
    assert status == 1
    assert "缺少 body" in err
    assert "id, title" in err
    more = ", CASE WHEN a.arcrank = 0 AND a.money = 0 THEN 'public' ELSE 'member' END AS audience"
    status, out, err = gongwen("connect", address, "--select", select.format(more=more))
    assert status == 0, err
    assert "articles：公开 3，不公开 4，不收录 0" in out
    assert gongwen("index", "portal.yaml")[0] == 0
    assert gongwen("search", "饮水", "--mode", "keyword")[1].startswith("共 1 篇")
    assert gongwen("search", f"{CANARY}金币", "--mode", "keyword")[1].startswith("共 0 篇")
    option = [
        "connect",
        address,
        "--force",
        "--select",
        select.format(more=""),
        "--audience",
        "staff",
    ]
    assert "公开 0，不公开 7" in gongwen(*option)[1]


def test_what_is_missing_is_said_without_a_question(gongwen: Run, tmp_path: Path) -> None:
    """No terminal: usage errors; a file that exists is not replaced; an empty database has no CMS."""
    assert gongwen("connect")[0] == 2
    sqlite3.connect(tmp_path / "empty.db").execute("CREATE TABLE t (a)")
    status, _, err = gongwen("connect", f"sqlite:///{tmp_path}/empty.db")
    assert status == 2
    assert "--select" in err
    assert gongwen("connect", "nothing")[0] == 1
    (tmp_path / "portal.yaml").write_text("mine")
    status, _, err = gongwen("connect", filled(tmp_path, DEDE))
    assert status == 1
    assert "--force" in err
    assert (tmp_path / "portal.yaml").read_text() == "mine"


def test_at_a_terminal_it_asks(tmp_path: Path) -> None:
    """The address, and that of the portal; the answers come from the keyboard."""
    keyboard, terminal = pty.openpty()
    address = filled(tmp_path, DEDE)
    process = subprocess.Popen(
        [sys.executable, "-m", "indexer", "connect"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=tmp_path,
        env=os.environ | {"LC_ALL": "en", "PYTHONPATH": str(ROOT)},
    )
    os.write(keyboard, f"{address}\nhttp://127.0.0.1\n".encode())
    out, _ = process.communicate(timeout=60)
    os.close(keyboard)
    os.close(terminal)
    assert process.returncode == 0, out.decode()
    assert "host:port" in out.decode()
    mapping = (tmp_path / "portal.yaml").read_text(encoding="utf-8")
    assert 'site: "http://127.0.0.1"' in mapping
    assert address in mapping


@pytest.mark.mariadb
def test_the_account_its_password_and_the_encoding(
    gongwen: Run, tmp_path: Path, mariadb: Server
) -> None:
    """An account that could write is named; no password in the mapping; GBK called latin1 is found."""
    name = mariadb.database("latin1")
    engine = mariadb.engine(name)
    fill(engine, DEDE, charset="latin1", stored="gb18030")
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE USER writer@localhost IDENTIFIED BY 'geheim'"))
        connection.execute(sa.text(f"GRANT SELECT, INSERT, UPDATE ON {name}.* TO writer@localhost"))
    address = mariadb.address(name, "writer:geheim")
    status, out, err = gongwen("connect", address)
    assert status == 0
    assert "这个账号能改数据库（INSERT, UPDATE）" in err
    assert "gb18030" in out
    mapping = (tmp_path / "portal.yaml").read_text(encoding="utf-8")
    assert "geheim" not in mapping + out + err
    assert (tmp_path / "portal.password").stat().st_mode & 0o777 == 0o600
    assert gongwen("index", "portal.yaml")[0] == 0
    assert gongwen("search", "农村饮水", "--mode", "keyword")[1].startswith("共 1 篇")
    reader = gongwen("connect", mariadb.address(name, READER), "--force")
    assert reader[0] == 0
    assert "只能读取" in reader[1]
    assert not reader[2]
    (tmp_path / "portal.yaml").write_text(
        mapping.replace("encoding: gb18030", "encoding: declared")
    )
    status, _, err = gongwen("index", "portal.yaml")
    assert status == 1
    assert "encoding: gb18030" in err
    (tmp_path / "portal.password").write_text("wrong")
    status, _, err = gongwen("index", "portal.yaml")
    assert status == 1
    assert "Access denied" in err
