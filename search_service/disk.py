"""Recognise a full disk by the exceptions of libraries, and report how to free space.

Entry points: :func:`is_full` and :func:`disk_full`.
"""

import errno
import shutil
from pathlib import Path

from analyzers.messages import say
from search_service.errors import DiskFull

_CODES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NAMES = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC")
# tantivy includes the message of the operating system in its own.
_WORDS = ("no space left", "disk is full", "file too large", "quota exceeded")
# SQLite raises these, too, when there is no space for its shared memory.
_VAGUE = ("SQLITE_IOERR", "SQLITE_CANTOPEN")
_NO_ROOM = 1_000_000  # bytes; SQLite needs a tenth of it for a small write


def is_full(exc: BaseException, path: Path) -> bool:
    """Whether the exception was raised because the disk of the path is full."""
    cause: BaseException = getattr(exc, "orig", None) or exc  # SQLAlchemy wraps SQLite's exception
    name = getattr(cause, "sqlite_errorname", "")
    return (
        isinstance(exc, DiskFull)
        or name in _NAMES
        or (isinstance(cause, OSError) and cause.errno in _CODES)
        or any(word in str(cause).lower() for word in _WORDS)
        or (name.startswith(_VAGUE) and _free(path) < _NO_ROOM)
    )


def disk_full(path: Path, exc: BaseException) -> DiskFull:
    """The error for a full disk: the path, the free space, and what may be deleted."""
    cause = str(getattr(exc, "orig", None) or exc).partition("\n")[0]
    free = f"{_free(path) / 1e6:.1f}"
    return DiskFull(
        say(
            f"{path}：磁盘已满或超出限额，剩余 {free} MB（{cause}）。已提交的内容完好。"
            "请腾出空间后重试：gongwen generation drop 删除没有建完的索引；vectors.sqlite3 可以删除，"
            "下次重建时重新计算",
            f"{path}: the disk or a quota is full, {free} MB are free ({cause}). What was committed is"
            " intact. Free some space and run it again: gongwen generation drop deletes an unfinished"
            " index; vectors.sqlite3 may be deleted, the next rebuild computes it again",
        )
    )


def _free(path: Path) -> int:
    """Free bytes on the disk of the file or folder, which need not exist."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free
