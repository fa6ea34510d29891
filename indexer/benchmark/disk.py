"""The bytes of an embedded index, by part. Entry points: :func:`disk_use`, :class:`Disk`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from search_service.engines import Reader

ROWS, VECTORS = "rows", "vectors"
# Names in the folder of the embedded engine -> parts; what is not named is "other".
_PARTS = {
    "articles.index": "text index: articles",
    "passages.index": "text index: passages",
    "articles.sqlite3": ROWS,
    "vectors.sqlite3": "embedding cache",
    "state.sqlite3": "state",
}


@dataclass(frozen=True)
class Disk:
    """Bytes of an index by part, and of the text in it: the titles and bodies that the public may read."""

    text: int
    parts: Mapping[str, int]

    @property
    def total(self) -> int:
        """The bytes of all parts."""
        return sum(self.parts.values())


def disk_use(folder: Path, reader: Reader) -> Disk:
    """What the files of the index in this folder take; ``reader`` reads its texts, one by one."""
    text = vectors = 0
    for stored in reader.scan():
        text += len(stored.view.title.encode()) + len(stored.view.text.encode())
        vectors += len(stored.passages) * reader.manifest.dimensions
    parts: dict[str, int] = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            part = _part(file.relative_to(folder))
            parts[part] = parts.get(part, 0) + file.stat().st_size
    if vectors and ROWS in parts:  # they are in the same file
        parts |= {ROWS: parts[ROWS] - vectors, VECTORS: vectors}
    return Disk(text, parts)


def _part(path: Path) -> str:
    for name in path.parts:
        for begin, part in _PARTS.items():
            if name.startswith(begin):  # and its -wal and -shm
                return part
    return "other"
