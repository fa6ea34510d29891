"""Translate library exceptions into ours.

Entry point: :func:`translate_errors`. Errors of SQLite, tantivy, numpy and the file system become errors of
``search_service.errors`` with path, reason and remedy. tantivy raises ``ValueError`` for everything, so no
code of ours that may raise it should run inside the block.
"""

import errno
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analyzers.messages import say
from search_service.disk import disk_full, is_full
from search_service.errors import EngineFiles, EngineUnavailable, GongwenError

_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_INCOMPLETE = ("no such table", "no such column")  # half copied, or changed by hand
_READ_ONLY_WORDS = ("read-only", "readonly", "permission denied", "not permitted")


@contextmanager
def translate_errors(place: Path) -> Iterator[None]:
    """Translate library errors raised in the block; ``place``: the path to name in the message.

    Raises ``EngineFiles``, ``DiskFull``, or ``EngineUnavailable`` for a locked database.
    """
    try:
        yield
    except GongwenError:
        raise
    except sqlite3.OperationalError as exc:
        if _sqlite_name(exc).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise EngineUnavailable(
                say(
                    f"{place}：数据库被占用超过 10 秒；请稍后再试",
                    f"{place}: the database was locked for 10 seconds; try again",
                )
            ) from exc
        raise engine_error(place, exc) from exc
    except (sqlite3.Error, OSError, ValueError, RuntimeError) as exc:
        raise engine_error(place, exc) from exc
    except BaseException as exc:
        # A panic in tantivy arrives as a class of PyO3 that no module exports.
        if type(exc).__name__ == "PanicException":
            raise engine_error(place, exc) from exc
        raise


def is_disk_error(place: Path, exc: BaseException) -> bool:
    """Whether the disk is full or not writable, so that rebuilding cannot help."""
    return is_full(exc, place) or _is_read_only(exc)


def engine_error(place: Path, exc: BaseException) -> GongwenError:
    """The error for ``exc`` at ``place``: a full or read-only disk, a missing folder, or damage."""
    if is_full(exc, place):
        return disk_full(place, exc)
    if not place.exists():
        return EngineFiles(
            say(
                f"{place}：目录已不存在（{exc}）。请重新建立索引",
                f"{place}: the folder is gone ({exc}). Index again",
            )
        )
    # SQLite only says "unable to open": its write-ahead log needs a writable folder.
    if _is_read_only(exc) or not os.access(place, os.W_OK):
        return EngineFiles(
            say(
                f"{place}：不能写入（{exc}）。检索也需要写权限；请检查目录权限，或磁盘是否只读",
                f"{place}: not writable ({exc}). Searching needs write access too;"
                " check the folder's permissions and that the disk is not read-only",
            )
        )
    if (
        isinstance(exc, json.JSONDecodeError)
        or _sqlite_name(exc).startswith(_DAMAGED)
        or str(exc).startswith(_INCOMPLETE)
    ):
        return EngineFiles(
            say(
                f"{place}：articles.sqlite3 已损坏（{exc}）。请把这个目录移走，再从备份恢复，"
                "或运行 gongwen rollback 回到上一代，或运行 gongwen index 来源重建",
                f"{place}: articles.sqlite3 is damaged ({exc}). Move this folder away, then restore it from"
                " a backup, or roll back: gongwen rollback, or index again: gongwen index SOURCE",
            )
        )
    return EngineFiles(
        say(
            f"{place}：{exc}。若反复出现，请停止写入并删除其中的 *.index"
            "（可由 articles.sqlite3 重建），再重新打开",
            f"{place}: {exc}. If this happens again, stop writing and delete *.index"
            " there (they are rebuilt from articles.sqlite3), then open it again",
        )
    )


def _sqlite_name(exc: BaseException) -> str:
    """SQLite's name of the error; empty for other errors."""
    return getattr(exc, "sqlite_errorname", "")


def _is_read_only(exc: BaseException) -> bool:
    return (isinstance(exc, OSError) and exc.errno in _READ_ONLY) or any(
        word in str(exc).lower() for word in _READ_ONLY_WORDS
    )
