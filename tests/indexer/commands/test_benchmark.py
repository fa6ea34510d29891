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


@pytest.mark.quality  # needs matplotlib
@pytest.mark.slow
def test_speed_and_disk_of_an_index_built_from_a_source(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a source and queries, the report has both modes, stages, engine and disk."""
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"query": "小区治理"}\n，\n基层减负\n', encoding="utf-8")
    status, out, err = runner(capsys)(
        "bench", corpus, "--queries", queries, "--repetitions", 2, "--data", tmp_path / "kept",
        "--json", "--plot", tmp_path / "plots",
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
    assert sum(parts.values()) > report["disk"]["text"] > 0
    indexing = report["indexing"]
    assert (indexing["articles"], indexing["unchanged"]) == (12, 12)
    first, again = indexing["first"], indexing["again"]
    for run in (first, again):
        assert sum(run["stages"].values()) == pytest.approx(run["seconds"], rel=0.01)
        assert min(run["stages"][name] for name in ("read", "analyse", "write", "check")) > 0
    assert first["stages"]["embed"] > again["stages"]["embed"]  # they are in the cache
    assert indexing["model"]["cpu_seconds"] > 0 < indexing["writer"]["cpu_seconds"]
    plots = tmp_path / "plots"
    assert {one.name for one in plots.iterdir()} == {"search.svg", "indexing.svg", "disk.svg"}
    assert "queries.jsonl" in (plots / "search.svg").read_text(encoding="utf-8")


@pytest.mark.slow
def test_load_beyond_the_capacity(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every search is answered, or rejected with the time to retry; then the server is as fast as before."""
    queries = tmp_path / "queries.txt"
    queries.write_text("小区治理\n基层减负\n", encoding="utf-8")
    status, out, err = runner(capsys)(
        "bench", corpus, "--queries", queries, "--repetitions", 1, "--load", "--seconds", 0.3,
        "--json",
    )  # fmt: skip
    assert status == 0, err
    load = json.loads(out)["load"]
    one, eight, normal, overload, after = load["phases"]
    assert one["answered"] > 0 < eight["answered"]
    assert normal["requested"] == pytest.approx(0.8 * eight["answered"], rel=0.2)
    assert overload["requested"] == pytest.approx(3 * eight["answered"], rel=0.2)
    for phase in (one, eight, normal, overload, after):
        assert {*phase["statuses"]} <= {"200", "503"}
        assert phase["without_retry"] == 0
    assert sum(after["statuses"].values()) > sum(normal["statuses"].values())


@pytest.mark.parametrize("option", ["--seconds=0", "--seconds=soon", "--repetitions=0"])
def test_loads_and_repetitions_take_some_time(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anything else is a usage error that names the option."""
    status, _, err = runner(capsys)("bench", option)
    assert status == 2
    assert option.partition("=")[0] in err


@pytest.mark.quality  # needs matplotlib
@pytest.mark.slow
def test_growth_measures_each_size(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sizes ascend; all have the same queries; `--data` keeps the indexes, which can be searched."""
    kept = tmp_path / "kept"
    run = runner(capsys)
    status, out, err = run(
        "bench", corpus, "--articles", "25,10", "--repetitions", 1, "--data", kept, "--json",
        "--plot", tmp_path / "plots",
    )  # fmt: skip
    assert status == 0, err
    small, large = json.loads(out)["growth"]
    assert (small["articles"], large["articles"]) == (10, 25)
    assert small["passages"] < large["passages"]
    assert small["seconds"] > 0 < small["ready_seconds"]
    assert small["disk"]["text"] < large["disk"]["text"]
    assert (tmp_path / "plots" / "growth-speed.svg").is_file()
    names = [(one["queries"], one["mode"], one["count"]) for one in small["speed"]]
    assert names == [(one["queries"], one["mode"], one["count"]) for one in large["speed"]]
    assert len(names) >= 2
    assert sorted(path.name for path in kept.iterdir() if path.is_dir()) == [
        "10-articles", "25-articles"
    ]  # fmt: skip


@pytest.mark.parametrize("sizes", ["0", "ten", "10,,20", "10;20", "-5"])
def test_sizes_are_numbers(sizes: str, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else is a usage error that names the option."""
    status, _, err = runner(capsys)("bench", corpus, f"--articles={sizes}")
    assert status == 2
    assert "--articles" in err


def test_growth_needs_a_source(capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused before anything is built."""
    assert runner(capsys)("bench", "--articles", "10")[0] == 1


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
