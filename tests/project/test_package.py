"""The wheel: its contents, and that it works outside the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.paths import ROOT

DATA = (
    "analyzers/lexicon/stop_words.txt",
    "analyzers/lexicon/synonyms.tsv",
    "analyzers/lexicon/traditional.tsv",
    "analyzers/lexicon/traditional_words.tsv",
    "analyzers/lexicon/radicals.tsv",
    "analyzers/models/gongwen-small/model.onnx",
    "analyzers/models/gongwen-small/tokenizer.json",
    "search_service/web/static/site.css",
    "search_service/web/templates/",
    "indexer/sample/corpus/",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as a release would be, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_contains_the_three_packages_and_their_data(wheel: Path) -> None:
    """Dictionary, model, sample, templates and styles are included; tests and scripts are not."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    roots = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert roots == {"analyzers", "search_service", "indexer"}
    for package in roots:
        assert f"{package}/py.typed" in names
    for start in DATA:
        assert any(name.startswith(start) for name in names), start
    for licence in ("LICENSE", "NOTICE"):
        assert any(name.endswith(f".dist-info/licenses/{licence}") for name in names)


@pytest.mark.slow
def test_the_wheel_needs_no_checkout(wheel: Path, tmp_path: Path) -> None:
    """With only the files of the wheel a few articles of the sample corpus are indexed and searched."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    # -P and the search path: not the checkout, which an editable install puts at the end of it.
    program = (
        "import sys; from pathlib import Path; import indexer.commands.main as cli;"
        f"assert Path(cli.__file__).is_relative_to({str(tmp_path)!r}), cli.__file__;"
        "cli.main(sys.argv[1:])"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path / "site"),
        "GONGWEN_ENGINE": f"embedded:{tmp_path / 'data'}",
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-P", "-c", program, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    sample = tmp_path / "site" / "indexer" / "sample" / "corpus" / "governance.jsonl"
    few = sample.read_text(encoding="utf-8").splitlines(keepends=True)[:5]
    (tmp_path / "few.jsonl").write_text("".join(few), encoding="utf-8")
    run("index", "few.jsonl")
    assert "小区" in run("search", "小区治理")
