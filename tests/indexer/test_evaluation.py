"""`gongwen eval`: what it reads, what it refuses, and its figures for a small, known collection."""

import gzip
import json
import math
from pathlib import Path

import pytest

from indexer.evaluation.answers import run_queries
from indexer.evaluation.judgements import Method, read_judgements
from indexer.evaluation.measures import measure, require
from search_service.errors import BadInput, ConfigurationError
from search_service.model import Audience
from search_service.service import SearchService
from tests.conftest import Records, write_source
from tests.support.command import Run, runner
from tests.support.paths import ROOT

SAMPLE = ROOT / "tests" / "quality" / "sample"
QUERIES: Records = [
    {"id": 1, "query": "垃圾分类"},
    {"id": "2", "query": "安葬"},
    {"id": "3", "query": "没有人判过"},
]
DOCUMENTS = [
    {"id": "a", "title": "生活垃圾的通知", "text": "垃圾分类收运，日产日清。"},
    {"id": "b", "title": "殡葬改革意见", "text": "推行节地生态安葬。"},
    {"id": "c", "title": "会议通知", "text": "请各单位准时参加。"},
]
QRELS = "1\t0\ta\t2\n\n1 0 c 0\n2 0 b 1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two judged questions and one that nobody judged, without a collection."""
    folder = tmp_path / "judged"
    folder.mkdir()
    write_source(folder / "queries.jsonl", QUERIES)
    (folder / "qrels.tsv").write_text(QRELS, encoding="utf-8")
    return folder


def _collection(folder: Path, documents: Records) -> None:
    with gzip.open(folder / "collection.jsonl.gz", "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in documents)


def _refused(folder: Path) -> str:
    with pytest.raises(BadInput) as refused:
        read_judgements(folder)
    return refused.value.message


def test_questions_and_grades_are_read(folder: Path) -> None:
    """Ids are text, blank lines are ignored; queries without a relevant document are counted separately."""
    judgements = read_judgements(folder)
    assert judgements.corpus == "judged"
    assert [(one.id, one.text) for one in judgements.of("search")] == [
        ("1", "垃圾分类"),
        ("2", "安葬"),
    ]
    assert judgements.grades == {"1": {"a": 2, "c": 0}, "2": {"b": 1}}
    assert (judgements.unjudged, judgements.collection) == (1, None)


def test_judgements_as_json_lines_are_equivalent(folder: Path) -> None:
    """qrels.jsonl: query, document, grade."""
    before = read_judgements(folder)
    (folder / "qrels.tsv").unlink()
    lines = [
        {"query": query, "document": document, "grade": grade}
        for query, graded in before.grades.items()
        for document, grade in graded.items()
    ]
    write_source(folder / "qrels.jsonl", lines)
    assert read_judgements(folder) == before


def test_the_sample_has_three_tasks() -> None:
    """Each task has its own queries; those of `related` are articles."""
    judgements = read_judgements(SAMPLE)
    assert {method.task: len(judgements.of(method.task)) for method in Method} == {
        "search": 20,
        "related": 20,
        "precedents": 20,
    }
    assert all(one.text.isdigit() for one in judgements.of("related"))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("queries.jsonl", '{"query": "垃圾"}', "queries.jsonl:1: id 缺少或不是文字：None"),
        ("queries.jsonl", '{"id": "1"}', "queries.jsonl:1: query 缺少或不是文字：None"),
        (
            "queries.jsonl",
            '{"id": "1", "query": "一"}\n{"id": 1, "query": "二"}',
            ":2: 查询的 id 重复：'1'",
        ),
        (
            "queries.jsonl",
            '{"id": "1", "query": "一", "voice": "phone"}',
            "voice 应为 search, related, precedents 之一：'phone'",
        ),
        ("queries.jsonl", "1\t垃圾", "queries.jsonl:1:"),
        ("qrels.tsv", "1 0 a 1\n9 0 a 1\n", "qrels.tsv:2: queries.jsonl 中没有这个查询：'9'"),
        ("qrels.tsv", "1 a 1\n", "qrels.tsv:1: 应为四列：查询 0 文章 等级：'1 a 1'"),
        ("qrels.tsv", "1 0 a 好\n", "qrels.tsv:1: 等级应为整数，0 为不相关：'好'"),
        ("qrels.tsv", "1 0 a 0\n2 0 b 1\n", "至少要有 2 个查询有相关文章，现有：{'search': 1}"),
        ("qrels.txt", QRELS, "现有：qrels.tsv, qrels.txt"),
    ],
)
def test_bad_judgements_are_refused_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, said: str
) -> None:
    """The error names file, line, value and what is expected."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    (folder / name).write_text(text, encoding="utf-8")
    message = _refused(folder)
    assert said in message
    assert "\n" not in message


def test_missing_files_are_named(tmp_path: Path) -> None:
    """No folder, an empty one, one without judgements: each says what is missing."""
    assert "nowhere" in _refused(tmp_path / "nowhere")
    assert "queries.jsonl" in _refused(tmp_path)
    write_source(tmp_path / "queries.jsonl", QUERIES)
    assert "qrels.tsv" in _refused(tmp_path)


@pytest.mark.parametrize("method", Method)
def test_every_method_runs_on_the_sample(sample_service: SearchService, method: Method) -> None:
    """Every query has an answer of distinct articles, no more than requested."""
    questions = read_judgements(SAMPLE).of(method.task)
    run = run_queries(sample_service, method, questions, Audience.MEMBER, depth=5)
    assert list(run) == [one.id for one in questions]
    assert all(len(set(found)) == len(found) for found in run.values())
    assert max(len(found) for found in run.values()) == 5


@pytest.fixture
def gongwen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run the command with a live index in its own folder: (status, stdout, stderr)."""
    monkeypatch.setenv("GONGWEN_ENGINE", f"embedded:{tmp_path}/live")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    return runner(capsys)


@pytest.fixture
def needs_extra() -> None:
    """Skip if the extra `eval` is not installed."""
    for name in ("pytrec_eval", "scipy", "matplotlib"):
        pytest.importorskip(name)


@pytest.mark.quality
@pytest.mark.usefixtures("needs_extra")
def test_measures_are_those_of_the_literature() -> None:
    """Computed by hand: gains over logarithms of ranks, a share, a reciprocal rank with a cutoff."""
    others = [f"other{place}" for place in range(10)]
    run = {
        "first": ["a", "other", "b"],
        "tenth": [*others[:9], "a"],
        "beyond": [*others, "a"],
        "none": [],
    }
    grades = {query: {"a": 3, "b": 1, "other0": 0} for query in run}
    found = measure(run, grades)
    best = 3 + 1 / math.log2(3)
    hands = {
        "nDCG@10": [(3 + 1 / math.log2(4)) / best, 3 / math.log2(11) / best, 0, 0],
        "Recall@100": [1, 0.5, 0.5, 0],
        "MRR@10": [1, 0.1, 0, 0],
    }
    assert list(found.values) == list(hands)
    for name, values in hands.items():
        assert found.values[name] == pytest.approx(dict(zip(run, values, strict=True)))
        assert found.means[name] == pytest.approx(sum(values) / 4)


@pytest.mark.quality
@pytest.mark.usefixtures("needs_extra")
def test_a_collection_is_indexed_searched_and_kept(
    folder: Path, tmp_path: Path, gongwen: Run
) -> None:
    """Each model has a row per mode; both queries have their document first; a second run indexes nothing."""
    _collection(folder, DOCUMENTS)
    arguments = (folder, "--model", "none", "--model", "builtin", "--data", tmp_path / "kept")
    status, out, err = gongwen("eval", *arguments, "--json")
    assert status == 0
    assert err.count("收录 3 篇") == 2
    found = json.loads(out)
    about = found["about"]
    assert (about["corpus"], about["documents"], about["unjudged"]) == ("judged", 3, 1)
    assert about["models"].startswith("none (-), builtin (")
    assert [(one["model"], one["way"]) for one in found["systems"]] == [
        ("none", "search keyword"),
        ("builtin", "search semantic"),
        ("builtin", "search hybrid"),
    ]
    assert [(one["system"], one["other"]) for one in found["compared"]] == [
        ("builtin search semantic", "none search keyword"),
        ("builtin search hybrid", "none search keyword"),
    ]
    assert found["systems"][0]["measures"]["nDCG@10"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert gongwen("eval", *arguments, "--json") == (0, out, "")
    # Another collection gets another index in the same folder.
    more = [*DOCUMENTS, {"id": "d", "title": "第四篇", "body": "垃圾分类。"}]
    _collection(folder, more)
    status, out, _ = gongwen("eval", *arguments, "--json")
    assert (status, json.loads(out)["about"]["documents"]) == (0, 4)


@pytest.mark.quality
@pytest.mark.usefixtures("needs_extra")
def test_figures_plot_and_the_worst_of_the_live_index(
    folder: Path, tmp_path: Path, gongwen: Run
) -> None:
    """The table names corpus, engine and model; missing documents are counted and shown."""
    records = [{"id": one["id"], "title": one["title"], "body": one["text"]} for one in DOCUMENTS]
    gongwen("index", write_source(tmp_path / "live.jsonl", records))
    with (folder / "qrels.tsv").open("a", encoding="utf-8") as out_file:
        out_file.write("2 0 lost 3\n")
    plot = tmp_path / "figures.svg"
    status, out, err = gongwen("eval", folder, "--worst", 1, "--plot", plot)
    assert (status, err) == (0, "")
    assert "- 语料：judged\n- 文章：3\n- 有判定的查询：2\n" in out
    assert "按未找到计的判定文章：1\n" in out
    assert f"- 引擎：embedded:{tmp_path}/live\n- 模型：builtin (" in out
    assert "| builtin | search hybrid | 2 | " in out
    assert "| builtin search hybrid − builtin search keyword | +0.000 (p = 1.000) |" in out
    assert "[2] 安葬\n       1  1  殡葬改革意见  [b]\n" in out
    assert "    >100  3  （索引中没有）  [lost]" in out
    assert "judged: 2 queries, 3 documents" in plot.read_text(encoding="utf-8")
    plot.unlink()
    plot.symlink_to(tmp_path / "nowhere" / "figures.svg")
    status, _, err = gongwen("eval", folder, "--plot", plot)
    assert status != 0
    assert str(plot) in err
    assert len(err.splitlines()) == 1


@pytest.mark.quality
@pytest.mark.usefixtures("needs_extra")
def test_an_index_without_any_judged_document_is_refused(
    folder: Path, tmp_path: Path, gongwen: Run
) -> None:
    """Zeros would mean a bad ranking, but the index is the wrong one."""
    gongwen(
        "index", write_source(tmp_path / "live.jsonl", [{"id": "z", "title": "会", "body": "议"}])
    )
    status, out, err = gongwen("eval", folder)
    assert (status, out) == (1, "")
    assert "判定的 3 篇文章索引里一篇也没有，如 'a'" in err
    assert err.count("\n") == 1


@pytest.mark.quality
@pytest.mark.usefixtures("needs_extra")
def test_models_need_a_collection(folder: Path, gongwen: Run) -> None:
    """The live index has the model that it was built with."""
    status, _, err = gongwen("eval", folder, "--model", "none")
    assert status == 1
    assert "collection.jsonl" in err


def test_a_missing_extra_names_what_to_install() -> None:
    """One line with the command."""
    with pytest.raises(ConfigurationError, match=r"gongwen-search\[eval\]"):
        require("no_such_package")
