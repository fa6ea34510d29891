"""Recognise data written by another release: unknown or missing keys.

Entry points: :func:`mismatched_keys` and :func:`mismatch`.
"""

import dataclasses
import functools
from collections.abc import Collection, Iterable
from importlib import metadata

from analyzers.messages import say
from search_service.errors import FormatMismatch


@functools.cache
def release() -> str:
    """The version of this release; empty if the package is not installed."""
    try:
        return metadata.version("gongwen-search")
    except metadata.PackageNotFoundError:
        return ""


def mismatched_keys(kind: type, keys: Iterable[str], *, exclude: Collection[str] = ()) -> list[str]:
    """The keys without a field in the dataclass ``kind``, and its required fields without a key.

    Sorted. ``exclude``: fields that are never stored.
    """
    stored = set(keys)
    known, required = _keys(kind)
    return sorted((stored - known.difference(exclude)) | (required.difference(exclude) - stored))


@functools.cache
def _keys(kind: type) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the fields of a dataclass, and of those without a default."""
    fields = dataclasses.fields(kind)
    required = (
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )
    return frozenset(field.name for field in fields), frozenset(required)


def mismatch(
    name: tuple[str, str],
    stored: str,
    *,
    expected: str,
    remedy: tuple[str, str],
    written_by: str = "",
) -> FormatMismatch:
    """The error for stored data of another release.

    ``name`` and ``remedy`` are (Chinese, English); ``stored`` is the format that was read, ``expected``
    the one of this release, ``written_by`` the release that wrote it, if known.
    """
    by = (
        (f"，由 {written_by} 版写成", f", written by release {written_by}")
        if written_by
        else ("", "")
    )
    mine = release() or "?"
    return FormatMismatch(
        say(
            f"{name[0]}的格式与本版不合（{stored}{by[0]}；本版 {mine} 读 {expected}）。"
            f"请改用写成它的那一版，或{remedy[0]}",
            f"{name[1]}: not the format of this release ({stored}{by[1]}; this release, {mine}, reads"
            f" {expected}). Use the release that wrote it, or {remedy[1]}",
        )
    )


REBUILD = ("运行 gongwen index 来源重建", "rebuild: gongwen index SOURCE")
