"""Log lines: one per event, as text for a terminal or as JSON. Entry points: :class:`Log`, :func:`set_up`.

A line has names, numbers and article ids; never a text of an article, a draft, a query or a secret. This
does not depend on whoever writes a line: a value that is not one word of ASCII is replaced; an exception is
logged by its type and where it was raised, its message only where it is about settings and servers; what a
library logs is logged by its format string.

::

    _log = Log(__name__)
    _log.info("index-activated", public="public-000003-s5", replayed=2)

:func:`collecting` begins the line of one request or command; :func:`add` adds fields to it from anywhere.
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
# Their messages name addresses and processes and nothing else.
_HARMLESS: Final = ("gunicorn.error", "elastic_transport.node_pool")
# Their messages name settings and servers, with what to do, and nothing that was indexed or asked.
_OF_SETTINGS: Final = (ConfigurationError, EngineMisconfigured, StateLost)
_WORD: Final = re.compile(r"[!-~]{1,2000}")
# Frames of an exception: those nearest to where it was raised.
_FRAMES: Final = 12
_CAUSES: Final = 4
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_fields: ContextVar[dict[str, Value] | None] = ContextVar("fields", default=None)


class Log:
    """Writes the lines of one module, which is named by ``__name__``."""

    def __init__(self, module: str) -> None:
        self._logger = logging.getLogger(module)

    def info(self, event: str, **fields: Value) -> None:
        """What went as it should, and is worth a line."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, cause: BaseException | None = None, /, **fields: Value) -> None:
        """What goes on in a worse way than it should."""
        self._write(logging.WARNING, event, fields, cause)

    def failure(self, event: str, cause: BaseException | None = None, /, **fields: Value) -> None:
        """What failed."""
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
            # Not as exc_info: whatever handles the record would print the message.
            self._logger.log(level, event, extra={"fields": {**clean, **_described(cause)}})


def quoted(id: str) -> str:
    """An article id or a path as one word, percent-encoded as in an address."""
    return quote(id, safe="/:,;@+~!*'()")


# --- what belongs to one request or command -------------------------------------------------------


@contextmanager
def collecting(request_id: str | None = None) -> Iterator[dict[str, Value]]:
    """The fields of one request or command, which the caller writes at its end.

    With a ``request_id``, all lines that are written in this block have it.
    """
    fields: dict[str, Value] = {}
    tokens = _request_id.set(request_id), _fields.set(fields)
    try:
        yield fields
    finally:
        _request_id.reset(tokens[0])
        _fields.reset(tokens[1])


def add(**fields: Value) -> None:
    """Add fields to the line of the request or command under way; nothing where there is none."""
    under_way = _fields.get()
    if under_way is not None:
        under_way.update(fields)


def current_request_id() -> str | None:
    """The id of the request being answered."""
    return _request_id.get()


# --- where lines go -------------------------------------------------------------------------------


def set_up(style: str, *, quiet: bool = False) -> None:
    """Write lines to stderr, as :data:`TEXT` or :data:`JSON`; again: as said last.

    ``quiet``: warnings and failures only.
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
    """Let the handlers that a library has given its own logger write lines as ours do."""
    for handler in logging.getLogger(logger).handlers:
        handler.setFormatter(formatter(style))


def formatter(style: str) -> logging.Formatter:
    """The formatter of a style."""
    return _Json() if style == JSON else _Text()


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to stderr as it is at that moment: tests exchange it."""

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
    """The event and the fields of a record; of a library's, what cannot hold anybody's text."""
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
    """The value where it is a number or one word of ASCII, or made of such."""
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
    """An exception by its code, the types of it and its causes, and the frames it came through."""
    if cause is None:
        return {}
    chain: list[BaseException] = []
    one: BaseException | None = cause
    while one is not None and len(chain) < _CAUSES:
        chain.append(one)
        one = one.__cause__ or one.__context__
    described: dict[str, Value] = {"code": cause.code} if isinstance(cause, GongwenError) else {}
    if isinstance(cause, _OF_SETTINGS):
        described["message"] = cause.message
    described["exception"] = [f"{type(one).__module__}.{type(one).__qualname__}" for one in chain]
    # Of the last cause: it says most of where.
    described["frames"] = _frames(chain[-1].__traceback__)[-_FRAMES:]
    return described


def _frames(traceback: TracebackType | None) -> list[str]:
    frames = []
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "?")
        frames.append(f"{module}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return frames
