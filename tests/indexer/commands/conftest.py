"""Fixtures of the tests of the commands."""

from pathlib import Path

import pytest

from tests.support.command import Run, runner


@pytest.fixture
def gongwen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run the command on an index in its own folder: (status, stdout, stderr)."""
    monkeypatch.setenv("GONGWEN_ENGINE", f"embedded:{tmp_path}/index")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    return runner(capsys)
