"""The command that finds passages for a topic or a draft."""

import io
import json
from pathlib import Path

import docx
import pytest

from tests.conftest import write_source
from tests.support.command import Run
from tests.support.drafting import ARTICLES, BURIAL, RIVERS


@pytest.fixture
def indexed(gongwen: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command over the articles, without a model."""
    monkeypatch.setenv("GONGWEN_MODEL", "none")
    status, _, err = gongwen("index", str(write_source(tmp_path / "a.jsonl", ARTICLES)))
    assert (status, err) == (0, "")
    return gongwen


def test_a_topic_prints_passages_with_their_citation(indexed: Run) -> None:
    """Each once, with where else it is; filters as options; JSON as the API answers it."""
    status, out, _ = indexed("precedents", "推行节地生态安葬，建设公益性公墓")
    assert status == 0
    assert "只找到 1 段贴近的" in out
    assert "1. 《方案（修订）》，2022，“一、安葬”  另见 2 篇" in out
    assert "推行节地生态安葬" in out.splitlines()[-1]
    _, out, _ = indexed(
        "precedents", "巡河护河", "--place", "保障措施", "--region", "河北", "--json"
    )
    (only,) = json.loads(out)["passages"]
    assert (only["article"]["id"], only["place"]) == ("f", "保障措施")
    _, out, _ = indexed("precedents", "推行节地生态安葬", "--since", "2021", "--in-force")
    assert "没有找到" in out


@pytest.mark.parametrize("form", ["docx", "txt", "-"])
def test_a_draft_prints_its_sections(
    indexed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Of a Word file, a text file or standard input."""
    lines = ["关于殡葬和河道的方案", "一、河道", RIVERS, "二、殡葬", BURIAL]
    path = tmp_path / f"draft.{form}"
    if form == "docx":
        document = docx.Document()
        for one in lines:
            document.add_paragraph(one)
        document.save(str(path))
    elif form == "txt":
        path.write_text("\n".join(lines), encoding="utf-8")
    else:
        monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    status, out, _ = indexed("precedents", "--draft", "-" if form == "-" else str(path))
    assert status == 0
    assert [line[:6] for line in out.splitlines() if line.startswith("[")] == [
        "[1] 一、",
        "[2] 二、",
    ]
    assert "与已有文字 100% 相同：“河长每周巡河护河一次" in out
    assert "《方案（修订）》" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "请写一个题目"),
        (("巡河", "--draft", "-"), "请写一个题目"),
        (("巡河", "--since", "2023-13"), "--since 2023-13"),
        (("--draft", "没有.docx"), "没有 没有.docx"),
        (("巡" * 201,), "最多 200 个"),
    ],
)
def test_wrong_usage_is_one_line(gongwen: Run, arguments: tuple[str, ...], says: str) -> None:
    """It names what is wrong and what is expected, before an index is needed."""
    status, _, err = gongwen("precedents", *arguments)
    assert status != 0
    assert says in err


def test_a_draft_is_one_text(indexed: Run, tmp_path: Path) -> None:
    """A list of articles is none, and a broken file is named."""
    several = write_source(tmp_path / "several.jsonl", ARTICLES)
    broken = tmp_path / "broken.docx"
    broken.write_bytes(b"no Word file")
    for path in (several, broken):
        status, _, err = indexed("precedents", "--draft", str(path))
        assert status != 0
        assert path.name in err
