"""What guests may read of a text, and texts in files. Entry points: :func:`without_paid_parts`,
:func:`preview_of`, :func:`text_in_file`.
"""

import re
from collections.abc import Sequence
from typing import Final

from analyzers.messages import say
from indexer.sources.database.mapping import Files, Preview
from search_service.errors import BadRecord
from search_service.intake.cleaning import PAGE_MARKS, clean
from search_service.intake.encoding import decode
from search_service.intake.limits import MAX_SIZE

_PATH: Final = re.compile(r"[\w./-]{1,200}")


def without_paid_parts(text: str, names: Sequence[str]) -> tuple[str, str]:
    """The text without the marks of paid parts, and without these parts: ``[vip]…[/vip]``.

    A part without an end is paid to the end of the text; parts may be nested.
    """
    if not names:
        return text, text
    mark = re.compile(rf"\[(/?)(?:{'|'.join(map(re.escape, names))})\b[^\[\]]*\]", re.IGNORECASE)
    free: list[str] = []
    depth = start = 0
    for match in mark.finditer(text):
        if depth == 0:
            free.append(text[start : match.start()])
        depth = max(0, depth - 1) if match[1] else depth + 1
        start = match.end()
    if depth == 0:
        free.append(text[start:])
    return mark.sub("", text), "".join(free)


def preview_of(text: str, preview: Preview) -> str:
    """What guests read of a text; nothing if the mark that ends it is missing."""
    if preview.characters:
        return clean(text).text[: preview.characters]
    if preview.first_page:
        match = PAGE_MARKS.search(text)
        return text[: match.start()] if match else ""
    ends = [place for mark in preview.until if (place := text.find(mark)) >= 0]
    return text[: min(ends)] if ends else ""


def text_in_file(value: str, files: Files) -> str:
    """The text that a value names; the value itself if it is no path. Raises ``BadRecord``."""
    if not _PATH.fullmatch(value.strip()):
        return value
    folder = files.folder.resolve()
    path = (folder / f"{value.strip().lstrip('/')}{files.suffix}").resolve()
    try:
        if not path.is_relative_to(folder):
            raise OSError(say("在目录之外", "outside the folder"))
        if path.stat().st_size > MAX_SIZE:
            raise OSError(say("太大", "too large"))
        text = decode(path.read_bytes())
    except OSError as exc:
        raise BadRecord(
            say(f"正文文件 {path} 读不了：{exc}", f"the file of the text, {path}: {exc}")
        ) from exc
    return text.removeprefix(files.drop)
