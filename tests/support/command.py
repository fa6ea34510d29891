"""The command line, run in this process. Entry point: :func:`runner`."""

import os
from collections.abc import Callable

import pytest

from indexer.commands.main import main

Run = Callable[..., tuple[int, str, str]]


def runner(capsys: pytest.CaptureFixture[str]) -> Run:
    """What runs `gongwen` with these arguments: (status, stdout, stderr); never with a traceback."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.MonkeyPatch.context() as patch:
            # It would be that of all tests from here on, and of the servers that they start.
            patch.setattr(os, "setpriority", lambda *_: None, raising=False)
            with pytest.raises(SystemExit) as left:
                main([str(one) for one in arguments])
        output = capsys.readouterr()
        assert isinstance(left.value.code, int)
        assert "Traceback" not in output.err
        return left.value.code, output.out, output.err

    return run
