"""Which generation each audience reads, and which is the rollback target: one small JSON file.

Entry points: :func:`read_aliases`, :func:`write_aliases` and :func:`newest_copy`. The file is written
under another name, synced to disk and renamed over the old one, so a reader sees the old mapping or the
new one. Every generation named in it has a copy, in case the file is lost.
"""

import json
import os
import tempfile
from pathlib import Path

from analyzers.messages import say
from search_service import logs
from search_service.engines.activation import Activation, lost
from search_service.engines.embedded.errors import translate_errors
from search_service.errors import EngineError

FILE_NAME = "aliases.json"
_COPY = "activation.json"
_log = logs.Log(__name__)


def read_aliases(folder: Path) -> Activation:
    """The current mapping; empty if nothing was ever activated.

    Raises ``AliasesLost`` if the file is missing or damaged and a generation has a copy.
    """
    path = folder / FILE_NAME
    with translate_errors(folder):
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            if newest_copy(folder) is None:
                return Activation()
            raise lost(str(path), say("文件不见了", "the file is gone")) from None
        try:
            return Activation.from_dict(json.loads(text))
        except ValueError as exc:
            if newest_copy(folder) is not None:
                raise lost(str(path), say("文件已损坏", "the file is damaged")) from exc
            raise EngineError(
                say(
                    f"{path} 已损坏（{exc}），各代索引里也没有记录；请删除它，再运行 gongwen index 来源",
                    f"{path} is damaged ({exc}) and no generation has a copy of it; delete it, then"
                    " run: gongwen index SOURCE",
                )
            ) from exc


def write_aliases(folder: Path, activation: Activation) -> None:
    """Replace the mapping in one durable step, then the copies."""
    text = json.dumps(activation.to_dict(), indent=1)
    with translate_errors(folder):
        _replace(folder / FILE_NAME, text)
    for name in activation.names:
        try:
            _replace(generation_folder(folder, name) / _COPY, text)
        except OSError as exc:  # a full disk; the next activation writes them again
            _log.warning("aliases-not-copied", exc, generation=name)


def newest_copy(folder: Path) -> Activation | None:
    """The newest copy of the aliases in any generation; None if there is none."""
    copies = []
    for path in folder.glob(f"*/*/{_COPY}"):
        try:
            copies.append(Activation.from_dict(json.loads(path.read_text(encoding="utf-8"))))
        except ValueError as exc:  # damaged as well; another one may be intact
            _log.warning("aliases-copy-damaged", exc, generation=path.parent.name)
    return max(copies, key=lambda activation: activation.count, default=None)


def generation_folder(folder: Path, generation: str) -> Path:
    """The folder of a generation; its name begins with its audience."""
    return folder / generation.partition("-")[0] / generation


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.chmod(0o644)  # the web server may run as another user
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


def fsync_folder(folder: Path) -> None:
    """Sync renames inside the folder to disk (Windows does so by itself)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
