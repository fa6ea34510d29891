"""The faults of a run: all in a file, the first ones and counts by kind in memory.

Entry point: :class:`FaultLog`. The file has places, ids and reasons, never the text of an article.
"""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from analyzers.messages import say
from indexer.sources.files import Fault

FIRST: Final = 20  # faults kept in memory
_KINDS: Final = 200  # kinds that are counted separately
_SHOWN: Final = 8  # kinds listed in one line
_KEPT: Final = 20  # files, that of the current run included
_PREFIX: Final = "faults-"
# What differs between faults of one kind: numbers and values in quotes.
_VALUE: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[0-9]+")


class FaultLog:
    """Collects the faults of a run; ``len`` counts them, iterating yields the first ones.

    The first fault creates a file in ``folder`` and deletes the oldest files there; None: no file. ``path``
    is the file; ``error`` is why it is missing or incomplete.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.path: Path | None = None
        self.error = ""
        self._folder = folder
        self._file: IO[str] | None = None
        self._count = 0
        self._first: list[Fault] = []
        self._kinds: dict[str, tuple[int, str]] = {}

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._first)

    def append(self, fault: Fault) -> None:
        """Add one."""
        self._count += 1
        if len(self._first) < FIRST:
            self._first.append(fault)
        kind = _VALUE.sub("…", fault.kind or fault.reason)
        if kind not in self._kinds and len(self._kinds) >= _KINDS:
            kind = say("其他", "others")
        count, place = self._kinds.get(kind, (0, fault.place))
        self._kinds[kind] = count + 1, place
        if self._folder is None:
            return
        try:
            self._file = self._file or self._open(self._folder)
            values = {"place": fault.place, "id": fault.id, "reason": fault.reason}
            self._file.write(f"{json.dumps(values, ensure_ascii=False)}\n")
        except OSError as exc:
            self._stop(exc)

    def flush(self) -> None:
        """Write everything to disk and close the file; more may be appended."""
        file, self._file = self._file, None
        try:
            if file is not None:
                file.close()
        except OSError as exc:
            self._stop(exc)

    def kinds(self) -> str:
        """The most frequent kinds in one line, each with its count and first place."""
        ordered = sorted(self._kinds.items(), key=lambda item: -item[1][0])
        named = [
            say(f"{count} 条 {kind}（首见 {place}）", f"{count} × {kind} (first: {place})")
            for kind, (count, place) in ordered[:_SHOWN]
        ]
        if len(ordered) > _SHOWN:
            named.append(
                say(f"另有 {len(ordered) - _SHOWN} 种", f"{len(ordered) - _SHOWN} more kinds")
            )
        return say("；", "; ").join(named)

    def _open(self, folder: Path) -> IO[str]:
        path = self.path
        if path is None:
            folder.mkdir(parents=True, exist_ok=True)
            for old in sorted(folder.glob(f"{_PREFIX}*.jsonl"))[: 1 - _KEPT]:
                old.unlink(missing_ok=True)
            moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
            path = folder / f"{_PREFIX}{moment}-{os.getpid()}.jsonl"
        file = path.open("a", encoding="utf-8", errors="backslashreplace")
        self.path = path
        return file

    def _stop(self, exc: OSError) -> None:
        self._folder, self.error = None, str(exc)
