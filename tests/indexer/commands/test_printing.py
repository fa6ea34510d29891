"""The progress line."""

import sys

import pytest

from indexer.commands import printing


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, ""),
        (1.2, "，还需约 2 秒"),
        (59, "，还需约 59 秒"),
        (61, "，还需约 2 分钟"),
        (3600, "，还需约 60 分钟"),
    ],
)
def test_the_time_left_is_rounded_up(seconds: float, words: str) -> None:
    """Seconds below a minute, then minutes; nothing just before the end."""
    assert printing.time_left(seconds) == words


def test_a_terminal_gets_a_line_that_says_how_long_it_takes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the second report of a stage on, by what was done since the first."""
    times = iter([100.0, 100.0, 110.0, 120.0])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    show = printing.progress()
    show("read", 7, 0)
    show("index", 200, 1000)
    show("index", 400, 1000)
    show("index", 1000, 1000)
    lines = capsys.readouterr().err.split("\r")[1:]
    assert [line.rstrip(" ") for line in lines] == [
        "读取 7",
        "建立索引 200/1000 20%",
        "建立索引 400/1000 40%，还需约 30 秒",
        "建立索引 1000/1000 100%" + " " * (60 - len("建立索引 1000/1000 100%")) + "\n",
    ]


def test_a_file_gets_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing but messages is in a log of a command."""
    printing.progress()("index", 1, 2)
    assert capsys.readouterr().err == ""
