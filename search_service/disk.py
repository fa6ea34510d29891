"""A disk that is full: known by what libraries raise, and said with what can be freed.

Entry points: :func:`is_full` and :func:`disk_full`.
"""

import errno
import shutil
from pathlib import Path

from analyzers.messages import say
from search_service.errors import DiskFull

_CODES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NAMES = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC")
# tantivy passes the system's own words on, inside its message.
_WORDS = ("no space left", "disk is full", "file too large", "quota exceeded")
# SQLite says no more than this of shared memory that finds no room.
_VAGUE = ("SQLITE_IOERR", "SQLITE_CANTOPEN")
_NO_ROOM = 1_000_000  # bytes; what SQLite wants for one small write is a tenth of it


def is_full(exc: BaseException, place: Path) -> bool:
    """Whether this was raised because the disk of ``place`` is full."""
    cause: BaseException = getattr(exc, "orig", None) or exc  # SQLAlchemy wraps what SQLite raised
    name = getattr(cause, "sqlite_errorname", "")
    return (
        isinstance(exc, DiskFull)
        or name in _NAMES
        or (isinstance(cause, OSError) and cause.errno in _CODES)
        or any(word in str(cause).lower() for word in _WORDS)
        or (name.startswith(_VAGUE) and _free(place) < _NO_ROOM)
    )


def disk_full(place: Path, exc: BaseException) -> DiskFull:
    """The error for a full disk: where, how much is free, and what may be deleted."""
    cause = str(getattr(exc, "orig", None) or exc).partition("\n")[0]
    free = f"{_free(place) / 1e6:.1f}"
    return DiskFull(
        say(
            f"{place}：磁盘已满或超出限额，剩余 {free} MB（{cause}）。已提交的内容完好。"
            "请腾出空间后重试：gongwen generation drop 删除没有建完的索引；vectors.sqlite3 可以删除，"
            "下次重建时重新计算",
            f"{place}: the disk or a quota is full, {free} MB are free ({cause}). What was committed is"
            " intact. Free some space and run it again: gongwen generation drop deletes an index that is"
            " half built; vectors.sqlite3 may be deleted, a rebuild makes it again",
        )
    )


def _free(place: Path) -> int:
    """Bytes that are free where the file or folder is, or would be."""
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free
