"""Downloading the better model: complete or not at all, and never another model."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from analyzers.embed import BUILTIN, open_embedder
from indexer import fetch_model
from indexer.fetch_model import ONNX, TOKENIZER, FetchFailed, convert, fetch
from tests.support.elasticsearch_node import leave_out
from tests.support.paths import ROOT

_NOWHERE = "http://127.0.0.1:1"
# The hub library tries again for 23 seconds; here it does so at once.
_DOWNLOAD = """if True:
    import time
    time.sleep = lambda _seconds: None
    from pathlib import Path
    from indexer.fetch_model import FetchFailed, download
    try:
        print(download(Path()))
    except FetchFailed as exc:
        print(exc)
"""


def run(*command: str, hub: str, path: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a new Python process: the hub library reads its URL only once. English messages."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
        "HF_ENDPOINT": hub,
        "HF_HOME": str(cwd / "hub-home"),
        "LANG": "en_US.UTF-8",
        "LC_ALL": "en_US.UTF-8",
        "NO_PROXY": "127.0.0.1",
        "PATH": path,
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_another_model_is_refused(tmp_path: Path) -> None:
    """A readable but different model is not stored."""
    shutil.copyfile(BUILTIN / "model.onnx", tmp_path / ONNX)
    shutil.copyfile(BUILTIN / "tokenizer.json", tmp_path / TOKENIZER)
    made = tmp_path / "made"
    made.mkdir()

    with pytest.raises(FetchFailed, match=r"mirror\.example"):
        convert(tmp_path, made, "mirror.example")
    assert list(made.iterdir()) == []


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    """The login page of a gateway, saved under the name of the model."""
    (tmp_path / ONNX).write_text("<html>请先登录</html>", encoding="utf-8")
    shutil.copyfile(BUILTIN / "tokenizer.json", tmp_path / TOKENIZER)
    made = tmp_path / "made"
    made.mkdir()

    with pytest.raises(FetchFailed, match=fetch_model.NAME):
        convert(tmp_path, made, "mirror.example")
    assert list(made.iterdir()) == []


def test_without_any_source_both_reasons_are_given(tmp_path: Path) -> None:
    """No hub and no Maven: one error with both reasons and the way without a network."""
    done = run("-c", _DOWNLOAD, hub=_NOWHERE, path="", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert fetch_model._REPOSITORY in line
    assert "mvn is not installed" in line
    assert "HF_ENDPOINT" in line
    assert "copy the whole folder" in line


def test_without_onnx_nothing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the command, before 100 MB are downloaded in vain."""
    monkeypatch.setitem(sys.modules, "onnx", None)

    with pytest.raises(FetchFailed, match=r"pip install 'gongwen-search\[fetch\]'"):
        fetch(tmp_path / "new" / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """An existing folder is neither used as a model nor overwritten."""
    (tmp_path / "letter.txt").write_text("留着", encoding="utf-8")

    with pytest.raises(FetchFailed, match=tmp_path.name):
        fetch(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]


# --- with the model itself -------------------------------------------------------------------------


class Downloaded(NamedTuple):
    """A folder with the float32 model, and the source that was named."""

    folder: Path
    source: str


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> Downloaded:
    """The float32 model, downloaded without a hub."""
    if shutil.which("mvn") is None:
        leave_out("no mvn to fetch a model")
    folder = tmp_path_factory.mktemp("exact")
    done = run("-c", _DOWNLOAD, hub=_NOWHERE, path=os.environ["PATH"], cwd=folder)
    assert done.returncode == 0, done.stderr
    return Downloaded(folder, done.stdout)


class _Mirror(ThreadingHTTPServer):
    """A mirror of the hub on localhost with the two files of one repository."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files = files

    @property
    def address(self) -> str:
        """The value of ``HF_ENDPOINT``."""
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: _Mirror

    def do_HEAD(self) -> None:
        self._head()

    def do_GET(self) -> None:
        content = self._head()
        self.wfile.write(content)

    def _head(self) -> bytes:
        prefix = f"/{fetch_model._REPOSITORY}/resolve/{fetch_model._REVISION}/"
        content = self.server.files.get(self.path.removeprefix(prefix), b"")
        self.send_response(200 if content else 404)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", fetch_model._REVISION)
        self.end_headers()
        return content

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
        """Log nothing."""


@pytest.fixture
def mirror(exact: Downloaded) -> Iterator[_Mirror]:
    """A mirror with the real model; a test may change its files."""
    files = {
        "onnx/model.onnx": (exact.folder / ONNX).read_bytes(),
        "tokenizer.json": (exact.folder / TOKENIZER).read_bytes(),
    }
    with _Mirror(files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.models
def test_the_command_converts_an_equivalent_model(mirror: _Mirror, tmp_path: Path) -> None:
    """From a mirror of the hub, without Maven: an int8 folder, which a second run finds."""
    pytest.importorskip("onnx")
    command = ("-m", "indexer", "model", "fetch", "models/better")
    done = run(*command, hub=mirror.address, path="", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "models" / "better"
    assert f"GONGWEN_MODEL={folder}" in done.stdout
    assert [path.name for path in folder.parent.iterdir()] == ["better"]
    assert sum(file.stat().st_size for file in folder.iterdir()) < 30_000_000

    embedder = open_embedder(str(folder))
    custody, otherwise, smoke = embedder.embed(
        ["离婚以后孩子归谁抚养", "夫妻离异，子女的抚养权怎么判", "露天焚烧秸秆怎么处罚"]
    )
    assert embedder.dimensions == 512
    assert custody @ otherwise > custody @ smoke + 0.2

    again = run(*command, hub=_NOWHERE, path="", cwd=tmp_path)
    assert (again.returncode, "already" in again.stdout) == (0, True)
    (folder / "model.onnx").write_bytes(b"cut off")
    damaged = run(*command, hub=_NOWHERE, path="", cwd=tmp_path)
    assert (damaged.returncode, "no complete model" in damaged.stderr) == (1, True)


@pytest.mark.models
def test_damaged_weights_are_refused_and_nothing_is_stored(mirror: _Mirror, tmp_path: Path) -> None:
    """A mirror with a file of the right structure and wrong weights: one error, no folder."""
    pytest.importorskip("onnx")
    weights = bytearray(mirror.files["onnx/model.onnx"])
    middle = slice(len(weights) // 2, len(weights) // 2 + 4_000_000)
    numbers = np.frombuffer(weights[middle], np.float32)
    weights[middle] = numbers[::-1].tobytes()
    mirror.files["onnx/model.onnx"] = bytes(weights)

    done = run(
        "-m", "indexer", "model", "fetch", "better", hub=mirror.address, path="", cwd=tmp_path
    )
    assert done.returncode == 1
    assert f"is not {fetch_model.NAME}, or is damaged" in done.stderr
    assert not [path for path in tmp_path.iterdir() if "better" in path.name]


@pytest.mark.models
def test_maven_is_used_without_a_hub(exact: Downloaded) -> None:
    """The second source gives files under the same names; the tests above convert them."""
    assert "Maven" in exact.source
    for name in (ONNX, TOKENIZER):
        assert (exact.folder / name).is_file()
