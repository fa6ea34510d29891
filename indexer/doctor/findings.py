"""What a check found: one line with its level. Entry points: :class:`Finding`, :func:`guarded`."""

import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from analyzers.embed import ModelError
from analyzers.messages import say
from search_service.errors import GongwenError


class Level(StrEnum):
    """How a check ended. A warning may be as its owner wants it."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """One line: ``check`` is its name for machines, ``title`` for people; what failed says the remedy."""

    check: str
    title: str
    level: Level
    text: str


Told = Iterator[tuple[Level, str]]
Check = Callable[[], Told]


def ok(chinese: str, english: str) -> tuple[Level, str]:
    """A line of something in order."""
    return Level.OK, say(chinese, english)


def warning(chinese: str, english: str) -> tuple[Level, str]:
    """A line of something that may be a mistake, with its remedy."""
    return Level.WARNING, say(chinese, english)


def failed(chinese: str, english: str) -> tuple[Level, str]:
    """A line of something that is broken, with its remedy."""
    return Level.FAILED, say(chinese, english)


def guarded(name: str, title: str, check: Check) -> Iterator[Finding]:
    """The findings of a check; an error of ours says its remedy, any other is a fault of this program."""
    try:
        for level, text in check():
            yield Finding(name, title, level, text)
    except (GongwenError, ModelError) as exc:
        yield Finding(name, title, Level.FAILED, " ".join(str(exc).split()))
    except Exception as exc:  # noqa: BLE001  (whatever it is, the other checks run)
        # Not its message, which may quote anything.
        place = traceback.extract_tb(exc.__traceback__)[-1]
        where = f"{type(exc).__name__}, {Path(place.filename).name}:{place.lineno}"
        level, text = failed(
            f"这项检查自己出错了（{where}），其余照查；请把这一行报给开发者",
            f"this check itself failed ({where}), the others still run; please report this line",
        )
        yield Finding(name, title, level, text)
