"""Log lines: one per event, as text for a terminal or as JSON. Entry points: :class:`Log`, :func:`set_up`.

A line contains names, numbers and article ids, never the text of an article, draft or query, or a secret.
This does not depend on the caller: a string that is not one ASCII word is replaced; of an exception the type
and the location are logged, the message only if it is about settings or servers; of a library's message only
the format string is logged.

::

    _log = Log(__name__)
    _log.info("index-activated", public="public-000003-s5", replayed=2)

:func:`collecting` collects the fields of the line of one request or command; :func:`add` adds to them.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from types import TracebackType
from typing import Final, TextIO
from urllib.parse import quote

from search_service.errors import ConfigurationError, EngineMisconfigured, GongwenError, StateLost

Value = str | int | float | bool | None | Sequence[str] | Mapping[str, float]
TEXT, JSON = "text", "json"
WITHHELD: Final = "(withheld)"
_PACKAGES: Final = ("analyzers", "search_service", "indexer")
# Loggers whose messages name only addresses and processes.
_HARMLESS: Final = ("gunicorn.error", "elastic_transport.node_pool")
# Errors whose messages name settings and servers, with the remedy, and contain no indexed text or query.
_OF_SETTINGS: Final = (ConfigurationError, EngineMisconfigured, StateLost)
_WORD: Final = re.compile(r"[!-~]{1,2000}")
# Logged frames of an exception, counted from where it was raised, and logged causes.
_FRAMES: Final = 12
_CAUSES: Final = 4
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_fields: ContextVar[dict[str, Value] | None] = ContextVar("fields", default=None)


class Log:
    """Writes the log lines of one module; pass ``__name__``."""

    def __init__(self, module: str) -> None:
        self._logger = logging.getLogger(module)

    def info(self, event: str, **fields: Value) -> None:
        """Log an expected event."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, cause: BaseException | None = None, /, **fields: Value) -> None:
        """Log a degradation, with the exception that caused it."""
        self._write(logging.WARNING, event, fields, cause)

    def failure(self, event: str, cause: BaseException | None = None, /, **fields: Value) -> None:
        """Log a failure, with the exception that caused it."""
        self._write(logging.ERROR, event, fields, cause)

    def _write(
        self,
        level: int,
        event: str,
        fields: Mapping[str, Value],
        cause: BaseException | None = None,
    ) -> None:
        if self._logger.isEnabledFor(level):
            known = {"request_id": _request_id.get(), **fields}
            clean = {name: _clean(value) for name, value in known.items() if value is not None}
            # Not as exc_info: other handlers would print the exception with its message.
            self._logger.log(level, event, extra={"fields": {**clean, **_described(cause)}})


def quoted(id: str) -> str:
    """An article id or a path as one ASCII word, percent-encoded as in a URL."""
    return quote(id, safe="/:,;@+~!*'()")


# --- the line of one request or command -----------------------------------------------------------


@contextmanager
def collecting(request_id: str | None = None) -> Iterator[dict[str, Value]]:
    """Collect the fields of one request or command; the caller logs them at the end.

    All lines written in the block have the ``request_id``.
    """
    fields: dict[str, Value] = {}
    tokens = _request_id.set(request_id), _fields.set(fields)
    try:
        yield fields
    finally:
        _request_id.reset(tokens[0])
        _fields.reset(tokens[1])


def add(**fields: Value) -> None:
    """Add fields to the line of the current request or command, if there is one."""
    current = _fields.get()
    if current is not None:
        current.update(fields)


def current_request_id() -> str | None:
    """The id of the current request, or None."""
    return _request_id.get()


# --- output ---------------------------------------------------------------------------------------


def set_up(style: str, *, quiet: bool = False) -> None:
    """Write log lines to stderr as :data:`TEXT` or :data:`JSON`; a second call replaces the first.

    ``quiet``: only warnings and failures.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, _Handler):
            root.removeHandler(handler)
    root.addHandler(_Handler(style))
    for package in _PACKAGES:
        logging.getLogger(package).setLevel(logging.WARNING if quiet else logging.INFO)
    logging.captureWarnings(True)


def adopt(logger: str, style: str) -> None:
    """Use our format for the handlers of a library's own logger."""
    for handler in logging.getLogger(logger).handlers:
        handler.setFormatter(formatter(style))


def formatter(style: str) -> logging.Formatter:
    """The formatter of a style."""
    return _Json() if style == JSON else _Text()


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to the current ``sys.stderr``, which tests replace."""

    def __init__(self, style: str) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(formatter(style))

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event, fields = _content(record)
        head = {"time": _time(record), "level": record.levelname.lower(), "event": event}
        return json.dumps({**head, "logger": record.name, **fields})


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event, fields = _content(record)
        words = [f"{name}={_word(value)}" for name, value in fields.items()]
        return " ".join([_time(record), record.levelname, event, *words])


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")


def _word(value: Value) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{number}" for name, number in value.items())
    if isinstance(value, str):
        return value if _WORD.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Sequence):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _content(record: logging.LogRecord) -> tuple[str, dict[str, Value]]:
    """The event and the fields of a record; for a library's record, only fields without texts."""
    own: Mapping[str, Value] | None = getattr(record, "fields", None)
    if own is not None:
        return record.getMessage(), dict(own)
    request_id = _request_id.get()
    fields: dict[str, Value] = {"request_id": request_id} if request_id else {}
    if record.name in _HARMLESS:
        fields["message"] = record.getMessage()
    else:
        fields["line"] = f"{record.module}:{record.lineno}"
        if record.args:
            fields["message"] = str(record.msg)
    cause = record.exc_info[1] if record.exc_info else None
    return "library", {"logger": record.name, **fields, **_described(cause)}


def _clean(value: Value) -> Value:
    """The value, with every string that is not one ASCII word replaced and numbers rounded."""
    if isinstance(value, str):
        return value if _WORD.fullmatch(value) else WITHHELD
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, Mapping):
        return {str(_clean(name)): round(number, 3) for name, number in value.items()}
    if isinstance(value, Sequence):
        return [str(_clean(one)) for one in value]
    return value


def _described(cause: BaseException | None) -> dict[str, Value]:
    """The fields of an exception: code, types of it and its causes, and frames as ``module:line``."""
    if cause is None:
        return {}
    chain: list[BaseException] = []
    one: BaseException | None = cause
    while one is not None and len(chain) < _CAUSES:
        chain.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    described: dict[str, Value] = {"code": cause.code} if isinstance(cause, GongwenError) else {}
    if isinstance(cause, _OF_SETTINGS):
        described["message"] = cause.message
    described["exception"] = [f"{type(one).__module__}.{type(one).__qualname__}" for one in chain]
    # Of the last cause, which is the closest to the fault.
    described["frames"] = _frames(chain[-1].__traceback__)[-_FRAMES:]
    return described


def _frames(traceback: TracebackType | None) -> list[str]:
    frames = []
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "?")
        frames.append(f"{module}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return frames
