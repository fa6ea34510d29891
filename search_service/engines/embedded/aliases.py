"""Which generation each audience reads, and which it read before: one small JSON file.

Entry points: :func:`read_aliases` and :func:`write_aliases`. The file is written under another
name, made durable and renamed over the old one: a reader sees the old mapping or the new one.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from analyzers.language import say
from search_service.engines.embedded.errors import translated
from search_service.errors import EngineError
from search_service.model import Audience

FILE_NAME = "aliases.json"


@dataclass(frozen=True)
class Aliases:
    """What is read now, and what was read before the last activation."""

    serving: Mapping[Audience, str] = field(default_factory=dict)
    previous: Mapping[Audience, str] = field(default_factory=dict)


def read_aliases(folder: Path) -> Aliases:
    """The mapping as it is now; empty where nothing was ever activated."""
    path = folder / FILE_NAME
    with translated(folder):
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Aliases()
    try:
        values = json.loads(text)
        return Aliases(_decoded(values["serving"]), _decoded(values["previous"]))
    except (ValueError, KeyError, AttributeError) as exc:
        raise EngineError(
            say(
                f"{path} 已损坏（{exc}）；请恢复备份，或删除它并重新激活一代索引",
                f"{path} is damaged ({exc}); restore it, or delete it and activate a generation",
            )
        ) from exc


def write_aliases(folder: Path, aliases: Aliases) -> None:
    """Replace the mapping in one durable step."""
    text = json.dumps(
        {"serving": _encoded(aliases.serving), "previous": _encoded(aliases.previous)}, indent=1
    )
    with translated(folder):
        handle, name = tempfile.mkstemp(prefix=FILE_NAME, dir=folder)
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            unfinished.chmod(0o644)  # the web server may run as another user
            unfinished.replace(folder / FILE_NAME)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        make_folder_durable(folder)


def make_folder_durable(folder: Path) -> None:
    """Make renames inside the folder survive a power cut (Windows does so by itself)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _encoded(mapping: Mapping[Audience, str]) -> dict[str, str]:
    return {audience.label: name for audience, name in sorted(mapping.items())}


def _decoded(values: Mapping[str, str]) -> dict[Audience, str]:
    return {Audience[label.upper()]: name for label, name in values.items()}
