"""The command line, run in this process. Entry point: :func:`runner`."""

from collections.abc import Callable

import pytest

from indexer.commands.main import main

Run = Callable[..., tuple[int, str, str]]


def runner(capsys: pytest.CaptureFixture[str]) -> Run:
    """What runs `gongwen` with these arguments: (status, stdout, stderr); never with a traceback."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(one) for one in arguments])
        output = capsys.readouterr()
        assert isinstance(left.value.code, int)
        assert "Traceback" not in output.err
        return left.value.code, output.out, output.err

    return run
