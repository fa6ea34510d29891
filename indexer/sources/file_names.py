"""What the names of files say: their type, the ids and categories of their articles. Entry points:
:class:`Names`, :func:`identifier_of`, :func:`file_type`. Pure.
"""

import re
from dataclasses import replace
from pathlib import PurePosixPath

from search_service.intake.names import known_field
from search_service.intake.record import RawRecord


class Names:
    """Ids and categories that files of one article get by their names."""

    def __init__(self) -> None:
        self._folder = ""
        self._texts: dict[str, int] = {}  # of the ids in the present folder

    def placed(self, record: RawRecord, path: str) -> RawRecord:
        """The record of a file.

        Of two files that differ only in their suffix the second has it in its id, unless both have the same
        text. The category, if the file says none, is the folders, without those of years.
        """
        folder, values = path.rpartition("/")[0], dict(record.values)
        if folder != self._folder:
            self._folder, self._texts = folder, {}
        identifier = str(values["id"])
        text = hash((values.get("title"), str(values.get("body")).strip()))
        if path.startswith(f"{identifier}.") and self._texts.setdefault(identifier, text) != text:
            values["id"] = path
        levels = [level for level in folder.split("/") if re.search(r"[^\W0-9_年月日]", level)]
        if levels and not any(known_field(name) == "category" for name in values):
            values["category"] = "/".join(levels)
        return replace(record, values=values)


def identifier_of(name: str) -> str:
    """The id of a file of one article: its path in the source, without the suffix."""
    return name[: len(name) - len(file_type(name))]


def file_type(name: str) -> str:
    """The suffix, lower-case; of a gzipped file the last two."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes]
    return "".join(suffixes[-2:] if suffixes[-1:] == [".gz"] else suffixes[-1:])
