"""What was written by another release: keys that this one does not know, or misses.

Entry points: :func:`strange_keys` and :func:`mismatch`.
"""

import dataclasses
import functools
from collections.abc import Collection, Iterable
from importlib import metadata

from analyzers.messages import say
from search_service.errors import FormatMismatch


@functools.cache
def release() -> str:
    """The version of this release; empty where the package is not installed."""
    try:
        return metadata.version("gongwen-search")
    except metadata.PackageNotFoundError:
        return ""


def strange_keys(kind: type, keys: Iterable[str], *, left_out: Collection[str] = ()) -> list[str]:
    """Keys that the dataclass has no field for, and its fields without default that have no key.

    ``left_out``: fields that are never written.
    """
    given = set(keys)
    fields = [field for field in dataclasses.fields(kind) if field.name not in left_out]
    needed = {
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    return sorted((given - {field.name for field in fields}) | (needed - given))


def mismatch(
    what: tuple[str, str], has: str, *, reads: str, cure: tuple[str, str], wrote: str = ""
) -> FormatMismatch:
    """The error for ``what``: what it ``has``, what this release ``reads``, and what helps.

    ``wrote``: the release that made it, where that is known.
    """
    by = (f"，由 {wrote} 版写成", f", written by release {wrote}") if wrote else ("", "")
    mine = release() or "?"
    return FormatMismatch(
        say(
            f"{what[0]}的格式与本版不合（{has}{by[0]}；本版 {mine} 读 {reads}）。"
            f"请改用写成它的那一版，或{cure[0]}",
            f"{what[1]}: not the format of this release ({has}{by[1]}; this release, {mine}, reads"
            f" {reads}). Use the release that wrote it, or {cure[1]}",
        )
    )


REBUILD = ("运行 gongwen index 来源重建", "rebuild: gongwen index SOURCE")
