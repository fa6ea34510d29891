"""The comparison with peers: those that every machine has, on the sample."""

import json
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tools.peers import measure
from tools.peers.mariadb import MariadbLike
from tools.peers.ours import Ours, OursKeyword
from tools.peers.peer import Peer, Place, read_articles
from tools.peers.report import Report, Row, markdown
from tools.peers.runner import main
from tools.peers.sqlite_fts5 import SqliteFts5

SAMPLE = ROOT / "indexer" / "sample" / "corpus"
ARTICLES = [
    {"id": "a", "title": "城市供水管理办法", "body": "第一条 为保障居民用水，制定本办法。"},
    {"id": "b", "title": "校园食品安全规定", "body": "第一条 学校食堂应当留样。"},
    {"id": "c", "title": "道路照明通知", "body": "各区：路灯损坏的，三日内修复。"},
]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Three articles."""
    path = tmp_path / "articles.jsonl"
    path.write_text("\n".join(map(json.dumps, ARTICLES)), encoding="utf-8")
    own = tmp_path / "own"
    own.mkdir()
    place = Place(path, own, tmp_path / "vectors.sqlite3")
    place.embedder.embed([one.text for one in read_articles(place)])
    return place


@pytest.mark.parametrize("kind", [SqliteFts5, Ours, OursKeyword])
def test_a_peer_is_built_then_asked(kind: type[Peer], place: Place) -> None:
    """Built and closed, opened again, asked by one client and by eight."""
    built = measure.build(kind, place)
    texts = ["供水", "食堂应当留样", "路灯 修复"]
    asked = measure.ask(kind, place, texts, [], 10)
    assert built.disk > 0
    assert asked.memory > 0
    assert [(one.clients, one.searches) for one in asked.loads] == [(1, 3), (8, 24)]
    peer = kind(place)
    try:
        assert [peer.search(text, 10)[:1] for text in texts] == [["a"], ["b"], ["c"]]
        assert peer.search("，", 10) == []
    finally:
        peer.close()
    report = Report("three", 3, 200, 3, 3, 0, rows=[Row("name", "how", built, asked)])
    (row,) = [line for line in markdown(report).splitlines() if line.startswith("| name")]
    assert f"{asked.loads[0].answer.p95:.1f}" in row


def test_words_of_two_characters_join_longer_ones(place: Place) -> None:
    """SQLite FTS5 finds the long one by its index, the short one by LIKE, and needs both."""
    measure.build(SqliteFts5, place)
    peer = SqliteFts5(place)
    assert peer.search("居民用水 供水", 10) == ["a"]
    assert peer.search("路灯 食堂", 10) == []


@pytest.mark.slow
@pytest.mark.quality
def test_the_command_on_the_sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every peer has a row, or is named as not installed; a judged set has a column."""
    monkeypatch.setenv("PATH", str(tmp_path))  # no server is found there
    queries, figures = tmp_path / "queries.txt", tmp_path / "figures.json"
    queries.write_text("供水\n食品安全\n", encoding="utf-8")
    judged = ROOT / "tests" / "quality" / "sample"
    options = ["--queries", str(queries), "--judged", str(judged), "--json", str(figures)]
    main(
        [
            str(SAMPLE),
            *options,
            "--seconds",
            "1",
            "--peers",
            "Ours",
            "SqliteFts5",
            MariadbLike.__name__,
        ]
    )
    table = capsys.readouterr().out
    report = json.loads(figures.read_text(encoding="utf-8"))
    assert "mariadbd" in report["missing"][MariadbLike.name]
    assert MariadbLike.name in table
    assert [row["fault"] for row in report["rows"]] == ["", ""]
    ours, fts5 = report["rows"]
    assert ours["ndcg"]["sample"] > fts5["ndcg"]["sample"] > 0
