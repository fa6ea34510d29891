"""Checks of the machine: Python, settings, disk, rights, clock. Entry points: the functions."""

import difflib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from analyzers.messages import say
from indexer.doctor.findings import Told, failed, ok, warning
from indexer.doctor.parts import Parts
from search_service.engines import Server
from search_service.errors import GongwenError
from search_service.formats import release
from search_service.settings import PREFIX, Settings, unknown_variables

_PYTHON: Final = (3, 11)
_LEAST_FREE: Final = 200_000_000  # bytes; a sync writes some tens of megabytes at once
_FILES: Final = 10_000  # looked at in the data folder
_SKEW: Final = 300.0  # seconds; tokens of the portal may be 60 off


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Told:
    """Whether this Python is new enough."""
    number, least = (".".join(map(str, one)) for one in (version, _PYTHON))
    if version < _PYTHON:
        yield failed(
            f"{number}；需要 {least} 或更新，请用新的 Python 重新安装（make install PYTHON=python3.13）",
            f"{number}; {least} or newer is needed: install again with one"
            " (make install PYTHON=python3.13)",
        )
        return
    text = f"{number}, {platform.system()} {platform.machine()}, gongwen-search {release()}"
    yield ok(text, text)


def chosen(settings: Settings) -> Told:
    """Which settings are not as by default, by name; and variables that are no setting."""
    for name in unknown_variables():
        known = [f"{PREFIX}{one.upper()}" for one in Settings.model_fields]
        near = difflib.get_close_matches(name, known, n=1)
        like = say(f"，像是 {near[0]}", f", like {near[0]}") if near else ""
        yield warning(
            f"没有 {name} 这项设置{like}；改正或去掉它（gongwen settings 列出全部）",
            f"there is no setting {name}{like}; correct or unset it (gongwen settings lists all)",
        )
    names = [
        f"{PREFIX}{name.upper()}"
        for name, field in Settings.model_fields.items()
        if getattr(settings, name) != field.default
    ]
    yield ok("、".join(names) or "都是默认值", ", ".join(names) or "all as by default")


def disk(parts: Parts) -> Told:
    """Free space, against the size of the data: a rebuild writes a second index beside the first."""
    folder = parts.settings.folder.absolute()
    free = shutil.disk_usage(_existing(folder)).free
    used = sum(path.stat().st_size for path in _files(folder) if path.is_file())
    chinese = f"{folder}：剩余 {size(free)}，已用 {size(used)}"
    english = f"{folder}: {size(free)} free, {size(used)} in use"
    if free < _LEAST_FREE:
        yield failed(
            f"{chinese}；剩余少于 {size(_LEAST_FREE)} 就写不了：请腾出空间（gongwen generation drop 放弃没"
            "建完的索引；vectors.sqlite3 可以删）",
            f"{english}; less than {size(_LEAST_FREE)} is too little to write: free some (gongwen generation"
            " drop gives up an unfinished index; vectors.sqlite3 may be deleted)",
        )
    elif free < used:
        yield warning(
            f"{chinese}；重建时新旧两份索引并存，可能不够：请先腾出空间",
            f"{english}; a rebuild has two indexes on it and may not fit: free some space before",
        )
    else:
        yield ok(chinese, english)


def rights(parts: Parts) -> Told:
    """Whether this account may read and write every file."""
    folder = parts.settings.folder.absolute()
    for path in [_existing(folder), *_files(folder)]:
        needed = os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)
        if os.access(path, needed) or not path.exists():
            continue
        owner = ""
        with suppress(OSError, KeyError, NotImplementedError):
            owner = say(f"（属主 {path.owner()}）", f" (owner {path.owner()})")
        yield failed(
            f"这个账号不能读写 {path}{owner}：请改属主（sudo chown -R 账号 {folder}），"
            "并一律以运行服务的账号运行 gongwen",
            f"this account cannot read and write {path}{owner}: change the owner"
            f" (sudo chown -R ACCOUNT {folder}) and always run gongwen as the account of the service",
        )
        return
    yield ok(f"{folder} 可读可写", f"{folder} can be read and written")


def clock(parts: Parts) -> Told:
    """Whether the time is not before what was written, and as on the engine's servers."""
    now = _shown(parts.now)
    servers: list[Server] = []
    with suppress(GongwenError):
        servers = parts.servers() or []
    for one in servers:
        off = one.clock - parts.now
        if abs(off) > _SKEW:
            yield failed(
                f"与 Elasticsearch 节点 {one.name} 差 {abs(off):.0f} 秒：两边都请校准时钟"
                "（timedatectl set-ntp true）",
                f"{abs(off):.0f} seconds off from the node {one.name}: set both clocks"
                " (timedatectl set-ntp true)",
            )
    past: list[float] = []
    with suppress(GongwenError):
        past += [one.synced for one in parts.store().sources.all() if one.synced is not None]
    with suppress(GongwenError, ValueError):
        made = [one.manifest.created for one in parts.engine().generations()]
        past += [datetime.fromisoformat(one).timestamp() for one in made if one]
    if past and max(past) > parts.now + _SKEW:
        yield failed(
            f"现在是 {now}，索引却写于 {_shown(max(past))}：请校准时钟（timedatectl set-ntp true）",
            f"it is {now}, but the index was written at {_shown(max(past))}: set the clock"
            " (timedatectl set-ntp true)",
        )
    yield ok(now, now)


def size(count: float) -> str:
    """Bytes, as people read them."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _shown(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().isoformat(timespec="seconds")


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above that exists."""
    return path if path.exists() or path == path.parent else _existing(path.parent)


def _files(folder: Path) -> Iterator[Path]:
    """The files and folders below a folder, some thousands of them at most."""
    for number, path in enumerate(folder.rglob("*")):
        if number >= _FILES:
            return
        yield path
