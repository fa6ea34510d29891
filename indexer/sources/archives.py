"""The files in a .zip archive, unpacked one at a time. Entry point: :func:`members`.

Archives come from anywhere: their names may lead outside, be in GBK, or stand twice, and a few kilobytes may
unpack to gigabytes. What is not taken is said with its reason; no file is written outside a temporary folder.
"""

import re
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analyzers.messages import say
from search_service.errors import BadRecord

_MAX_FILES: Final = 10_000
_MAX_UNPACKED: Final = 2 << 30  # bytes of all files
_MAX_RATIO: Final = 200  # text packs to a tenth, markup to a thirtieth
_SMALL: Final = 16 << 20  # bytes; of smaller files the ratio does not matter
# Zipfile keeps an object for each of these; a stored .docx has a dozen of its own.
_ENTRY: Final = b"PK\x01\x02"
_MAX_ENTRIES: Final = 200_000
_PIECE: Final = 1 << 20
_UTF8: Final = 0x800  # the flag of a name in UTF-8
_ENCRYPTED: Final = 0x1
_HIDDEN: Final = re.compile(r"(?:.*/)?(?:\.(?!\.?/)|~\$|__MACOSX/).*")
_OUTSIDE: Final = re.compile(r"/|[A-Za-z]:|(?:.*/)?\.\.(?:/|$)")
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True)
class Member:
    """A file of an archive: its name, and where it is unpacked, or why it is not."""

    name: str
    path: Path | None
    reason: str = ""


def members(archive: Path, *, wanted: Callable[[str], bool]) -> Iterator[Member]:
    """Yield the files, folder by folder; each is there until the next one is asked for.

    Of files that are not ``wanted`` by their names there is no content, and hidden ones are left out, as in
    folders. Raises ``BadRecord`` if the archive cannot be read or has more than the limits allow.
    """
    _check_entries(archive)
    try:
        opened = zipfile.ZipFile(archive)
    except _BROKEN as exc:
        raise BadRecord(_invalid()) from exc
    with opened, tempfile.TemporaryDirectory(prefix="gongwen-") as folder:
        entries = [(_name(entry), entry) for entry in opened.infolist()]
        entries = [
            (name, entry)
            for name, entry in entries
            if name and not name.endswith("/") and not _HIDDEN.fullmatch(name)
        ]
        _check(entries)
        names = Counter(name for name, _ in entries)
        for name, entry in sorted(entries, key=lambda one: one[0].rpartition("/")):
            path = Path(folder, "file.gz" if name.lower().endswith(".gz") else "file")
            reason = _fault(name, entry)
            if not reason and names[name] > 1:
                reason = _twice(names[name])
            if not reason and wanted(name):
                reason = _unpack(opened, entry, path)
            elif not reason:
                path.touch()
            yield Member(name, None if reason else path, reason)
            path.unlink(missing_ok=True)


def _check_entries(archive: Path) -> None:
    count, rest = 0, b""
    with archive.open("rb") as stream:
        while piece := stream.read(_PIECE):
            count += (rest + piece).count(_ENTRY)
            rest = piece[1 - len(_ENTRY) :]
    if count > _MAX_ENTRIES:
        raise BadRecord(_too_many(count))


def _check(entries: list[tuple[str, zipfile.ZipInfo]]) -> None:
    if len(entries) > _MAX_FILES:
        raise BadRecord(_too_many(len(entries)))
    if (size := sum(entry.file_size for _, entry in entries)) > _MAX_UNPACKED:
        limit = _MAX_UNPACKED >> 20
        raise BadRecord(
            say(
                f"解压后有 {size >> 20} MB，最多 {limit} MB；请分成几个压缩包，或解压成文件夹",
                f"unpacks to {size >> 20} MB, the limit is {limit} MB; split it, or unpack it to a folder",
            )
        )


def _name(entry: zipfile.ZipInfo) -> str:
    """The name with slashes; one without the flag of UTF-8 may be in UTF-8 nevertheless, or in GB18030."""
    name = entry.orig_filename.split("\0")[0]
    if not entry.flag_bits & _UTF8:
        data = name.encode("cp437")
        for codec in ("utf-8", "gb18030"):
            try:
                name = data.decode(codec)
                break
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/")


def _fault(name: str, entry: zipfile.ZipInfo) -> str:
    """Why a file is not unpacked; empty if it is."""
    if _OUTSIDE.match(name):
        return say(
            "路径指向压缩包以外，不读；请解压后重新压缩",
            "its path leads outside the archive, and it is not read; unpack it and pack it again",
        )
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return say(
            "是链接或设备，不是文件，不读；请换成文件本身",
            "is a link or a device and is not read; replace it by the file itself",
        )
    if entry.flag_bits & _ENCRYPTED:
        return say(
            "加了密码，不读；请解压成文件夹，或不加密码重新压缩",
            "is protected by a password; unpack it to a folder, or pack it again without one",
        )
    ratio = entry.file_size // max(1, entry.compress_size)
    if entry.file_size > _SMALL and ratio > _MAX_RATIO:
        return say(
            f"解压后是原来的 {ratio} 倍，最多 {_MAX_RATIO} 倍；确是文章的，请解压成文件夹",
            f"unpacks to {ratio} times its size, the limit is {_MAX_RATIO}; if it is an article, unpack it to"
            " a folder",
        )
    return ""


def _unpack(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> str:
    """Unpack a file; why it cannot be unpacked, or empty."""
    try:
        # Never more than the size that the entry declares.
        with opened.open(entry) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, _PIECE)
    except _BROKEN:
        return say(
            "在压缩包里已损坏，或压缩方法不认识；请重新压缩，或解压成文件夹",
            "is damaged, or packed by an unknown method; pack the archive again, or unpack it to a folder",
        )
    return ""


def _twice(count: int) -> str:
    return say(
        f"压缩包里有 {count} 个同名的文件，都不读；请解压后重新压缩",
        f"is one of {count} files with the same name in the archive, none of which is read; pack it again",
    )


def _too_many(count: int) -> str:
    return say(
        f"有 {count} 个文件，一个压缩包最多 {_MAX_FILES} 个；请分成几个，或解压成文件夹",
        f"has {count} files, the limit of an archive is {_MAX_FILES}; split it, or unpack it to a folder",
    )


def _invalid() -> str:
    return say(
        "不是有效的 .zip，或没有下载完整；请重新下载，或解压成文件夹",
        "not a valid .zip, or not complete; download it again, or unpack it to a folder",
    )
