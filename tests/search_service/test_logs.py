"""Log lines without texts, whoever writes them; and the timer of stages."""

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from search_service import logs, metrics
from search_service.errors import ConfigurationError, EngineError

TEXT = "关于垃圾分类 的通知"
_log = logs.Log(__name__)


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The logged lines as JSON; the text format has one line each as well."""
    as_text = logs.formatter(logs.TEXT)
    assert not any("\n" in as_text.format(record) for record in caplog.records)
    return [json.loads(logs.formatter(logs.JSON).format(record)) for record in caplog.records]


def test_a_value_is_a_number_or_one_word(caplog: pytest.LogCaptureFixture) -> None:
    """A text logged by mistake is replaced, on its own, in a list or as a key."""
    _log.warning(
        "tried", text=TEXT, ids=["a1", TEXT], times={TEXT: 1.23456}, n=2, name="a-1", no=None
    )

    [line] = lines(caplog)
    assert line["text"] == logs.WITHHELD
    assert line["ids"] == ["a1", logs.WITHHELD]
    assert line["times"] == {logs.WITHHELD: 1.235}
    assert (line["n"], line["name"], "no" in line) == (2, "a-1", False)


def test_an_id_is_one_word_whatever_it_holds(caplog: pytest.LogCaptureFixture) -> None:
    """Article ids may contain Chinese and spaces: they are encoded as in a URL."""
    _log.warning("hidden", article=logs.quoted("甲 1/2"))

    assert lines(caplog)[0]["article"] == "%E7%94%B2%201/2"


def fail(error: Exception) -> None:
    """Raise the error from another one; both messages contain the text."""
    try:
        raise KeyError(TEXT)
    except KeyError as exc:
        raise error from exc


def test_an_exception_is_logged_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    """Code, types of the exception and its causes, and frames are enough to find a fault."""
    with pytest.raises(EngineError) as raised:
        fail(EngineError(TEXT))
    _log.failure("failed", raised.value)

    [line] = lines(caplog)
    assert line["code"] == "engine"
    assert line["exception"] == ["search_service.errors.EngineError", "builtins.KeyError"]
    assert line["frames"][-1].startswith(f"{__name__}:")
    assert TEXT not in f"{line}{caplog.text}"


def test_an_error_of_settings_is_logged_with_its_message(caplog: pytest.LogCaptureFixture) -> None:
    """Operators must read what to change."""
    _log.failure("failed", ConfigurationError("GONGWEN_PORT=x"))

    assert lines(caplog)[0]["message"] == "GONGWEN_PORT=x"


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda log: log.warning("failed with %s", TEXT), "failed with %s"),
        (lambda log: log.warning(f"failed with {TEXT}"), None),  # noqa: G004  (as libraries do)
    ],
)
def test_a_library_is_logged_without_what_it_fills_in(
    caplog: pytest.LogCaptureFixture, write: Callable[[logging.Logger], None], message: str | None
) -> None:
    """A format string is code; a message that is already formatted may contain any text."""
    with logs.collecting("r1"):
        write(logging.getLogger("some.library"))
        [line] = lines(caplog)

    assert (line["event"], line["logger"]) == ("library", "some.library")
    assert (line.get("message"), line["request_id"]) == (message, "r1")


def test_fields_and_ids_belong_to_one_thread(caplog: pytest.LogCaptureFixture) -> None:
    """Fields added in another thread, or after the end, are in no line of this request."""
    elsewhere = threading.Thread(target=logs.add, kwargs={"a": 1})
    with logs.collecting("r1") as fields:
        elsewhere.start()
        elsewhere.join()
        logs.add(b=2)
    logs.add(c=3)
    _log.warning("after")

    assert fields == {"b": 2}
    assert "request_id" not in lines(caplog)[0]


def test_set_up_again_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    """In the style of the last call; quiet: only warnings."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    try:
        logs.set_up(logs.JSON)
        logs.set_up(logs.TEXT)
        logs.Log("indexer.any").info("one", n=1)
        logs.set_up(logs.TEXT, quiet=True)
        logs.Log("indexer.any").info("two")
        logs.Log("indexer.any").warning("three", names=["a", "b"])
    finally:
        root.handlers = handlers
        logging.captureWarnings(False)

    written = [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert written == ["INFO one n=1", "WARNING three names=a,b"]


def test_a_stage_inside_another_is_counted_once() -> None:
    """Stages add up to at most the total, even if one raises."""

    @metrics.stage("inner")
    def inner() -> None:
        raise ValueError

    with metrics.timed() as timer:
        with metrics.stage("outer"), pytest.raises(ValueError):  # noqa: PT011  (its own)
            inner()
        with metrics.stage("outer"):
            pass
        total = timer.total
    with metrics.stage("after"):
        pass

    assert list(timer.stages) == ["outer", "inner"]
    assert 0 < sum(timer.stages.values()) <= total
