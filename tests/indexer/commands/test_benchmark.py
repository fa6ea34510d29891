"""`gongwen bench`: the whole command on a small corpus."""

import json
from pathlib import Path

import pytest

from indexer.commands.demo import SAMPLE
from tests.support.command import runner


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve articles of the sample."""
    lines = (SAMPLE / "governance.jsonl").read_text(encoding="utf-8").splitlines()[:12]
    path = tmp_path_factory.mktemp("corpus") / "few.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.slow
def test_speed_and_disk_of_an_index_built_from_a_source(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a source and queries, the report has both modes, stages, engine and disk."""
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"query": "小区治理"}\n，\n基层减负\n', encoding="utf-8")
    status, out, err = runner(capsys)(
        "bench", corpus, "--queries", queries, "--repetitions", 2, "--data", tmp_path / "kept",
        "--json",
    )  # fmt: skip
    assert status == 0, err
    report = json.loads(out)
    assert report["about"]["articles"] == 12
    keyword, hybrid = report["speed"]
    assert [keyword["mode"], hybrid["mode"]] == ["keyword", "hybrid"]
    assert keyword["count"] == hybrid["count"] == 2  # punctuation alone searches nothing
    for one in (keyword, hybrid):
        assert one["answer"]["p50"] > one["server"]["p50"] > one["stages"]["match"]["p50"] > 0
        assert 0 < one["engine"]["p50"] < one["answer"]["p50"]
        difference = one["answer"]["p95"] - one["engine"]["p95"]
        assert one["beyond"]["p95"] == pytest.approx(difference, abs=0.002)
    assert keyword["encode"]["p50"] == 0 < hybrid["encode"]["p50"]
    assert hybrid["beyond_all"]["p50"] < hybrid["beyond"]["p50"]
    parts = report["disk"]["parts"]
    assert {"rows", "vectors", "state", "text index: articles", "text index: passages"} <= {*parts}
    size = sum(one.stat().st_size for one in (tmp_path / "kept").rglob("*") if one.is_file())
    assert sum(parts.values()) == pytest.approx(size, rel=0.05)


def test_data_needs_a_source_and_no_index_in_it(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--data` is refused where nothing is built, and where it would overwrite an index."""
    run = runner(capsys)
    assert run("bench", "--data", tmp_path)[0] == 1
    (tmp_path / "aliases.json").write_text("{}", encoding="utf-8")
    status, _, err = run("bench", corpus, "--data", tmp_path)
    assert status == 1
    assert f"embedded:{tmp_path}" in err


@pytest.mark.parametrize("content", ["", "\n\n", '{"id": "1"}'])
def test_a_file_without_queries_is_refused(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the file."""
    path = tmp_path / "queries.txt"
    path.write_text(content, encoding="utf-8")
    status, _, err = runner(capsys)("bench", "--queries", path)
    assert status == 1
    assert str(path) in err
