"""Who may read the files of a folder, as a file ``audience.txt`` in it says. Entry point:
:class:`FolderAudience`.

It holds for the folders below as well, where none of their own says otherwise. What cannot be understood
stops the run: a folder that is meant for members must not become public by a typing error.
"""

from pathlib import Path, PurePosixPath
from typing import Final

from analyzers.messages import say
from search_service.errors import BadInput, BadRecord
from search_service.intake import fields
from search_service.intake.encoding import decode
from search_service.model import Audience

# Windows hides suffixes, so that people write them twice or not at all.
_NAMES: Final = frozenset({"audience", "audience.txt", "audience.txt.txt"})


def is_statement(name: str) -> bool:
    """Whether a file says who may read its folder, by its name."""
    return PurePosixPath(name).name.lower() in _NAMES


class FolderAudience:
    """The audiences of folders, also of those in archives; each is looked up once."""

    def __init__(self) -> None:
        self._known: dict[Path, Audience | None] = {}

    def of(self, folder: Path) -> Audience | None:
        """The audience of a folder, or of the nearest one above that says one; else None.

        Raises ``BadInput`` for a statement that cannot be understood.
        """
        if folder not in self._known:
            found = [one for one in _files(folder) if is_statement(one.name)]
            own = {read_statement(one.read_bytes(), str(one)) for one in found}
            if len(own) > 1:
                raise BadInput(_differing(str(folder)))
            above = folder.parent
            inherited = None if own or above == folder else self.of(above)
            self._known[folder] = own.pop() if own else inherited
        return self._known[folder]


def read_statement(data: bytes, place: str) -> Audience:
    """The audience that a file says; raises ``BadInput``."""
    try:
        return fields.audience(decode(data))
    except (BadRecord, ValueError) as exc:
        raise BadInput(
            say(
                f"{place}：{exc}；它写明本文件夹给谁看，只写一个词",
                f"{place}: {exc}; it says who may read this folder, in one word",
            )
        ) from exc


def _files(folder: Path) -> list[Path]:
    try:
        return [one for one in folder.iterdir() if is_statement(one.name) and one.is_file()]
    except OSError:
        return []  # it is a fault of its own where it is read


def _differing(folder: str) -> str:
    return say(
        f"{folder} 里有几个 audience 文件，写的不同；请只留一个",
        f"{folder} has several audience files that differ; keep one",
    )
