"""Documents of other office programs (.doc, .wps, .rtf, .odt) as one article each. Entry point:
:func:`office_record`.

LibreOffice, where it is installed, makes .docx of them: in a process with a limit on its time, its settings
in a temporary folder, and without network where the system allows a process to have none (``unshare``).
"""

import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from analyzers.messages import say
from indexer.sources.html_files import html_record
from indexer.sources.processes import TimedOut, run
from search_service.errors import BadRecord
from search_service.intake.word.document import word_record

_SECONDS: Final = 120  # a document takes about two
_NAMES: Final = ("soffice", "libreoffice")
# Where it is if it is not on the PATH: Windows, macOS.
_PLACES: Final = (
    r"C:\Program Files\LibreOffice\program\soffice.exe",
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
)
_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP: Final = b"PK\x03\x04"
# LibreOffice takes anything else for plain text.
_BEGINNINGS: Final = {
    ".doc": (_OLE, b"{\\rtf"),
    ".wps": (_OLE,),
    ".rtf": (b"{\\rtf",),
    ".odt": (_ZIP,),
}
_WORD_STREAM: Final = "WordDocument".encode("utf-16-le")
# What portals export as .doc.
_HTML: Final = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|meta)\b", re.IGNORECASE
)


def office_record(data: bytes, *, name: str, suffix: str) -> dict[str, object]:
    """Read a document; ``suffix`` is that of its file, ``name`` the title if it shows none.

    A web page or a .docx with another suffix is read as what it is. Raises ``BadRecord`` if LibreOffice is
    missing, fails or takes too long.
    """
    if data.startswith(_ZIP) and suffix != ".odt":
        return word_record(data, name=name)
    if _HTML.match(data):
        return html_record(data, name=name)
    if not data.startswith(_BEGINNINGS[suffix]):
        raise BadRecord(
            say(
                "内容与后缀不符，或已损坏；请打开后另存为 .docx",
                "is damaged, or something else than its suffix says; open it and save it as .docx",
            )
        )
    # A .wps may be of WPS, then it is Word's format, or of Microsoft Works.
    return word_record(_converted(data, ".doc" if _WORD_STREAM in data else suffix), name=name)


def _converted(data: bytes, suffix: str) -> bytes:
    program = _program()
    if program is None:
        raise BadRecord(_missing())
    # The folder may be in use for a moment by what was killed.
    with tempfile.TemporaryDirectory(prefix="gongwen-", ignore_cleanup_errors=True) as folder:
        source, made = Path(folder, f"a{suffix}"), Path(folder, "made", "a.docx")
        source.write_bytes(data)
        profile = Path(folder, "profile").as_uri()
        command = [*_without_network(), program, f"-env:UserInstallation={profile}", "--headless"]
        command += ["--norestore", "--nologo", "--nolockcheck", "--convert-to", "docx"]
        command += ["--outdir", str(made.parent), str(source)]
        try:
            run(command, seconds=_SECONDS, folder=Path(folder))
        except TimedOut as exc:
            raise BadRecord(_too_slow()) from exc
        except OSError as exc:
            raise BadRecord(_missing()) from exc
        try:
            return made.read_bytes()
        except OSError as exc:
            raise BadRecord(_failed()) from exc


def _program() -> str | None:
    found = filter(None, map(shutil.which, (*_NAMES, *_PLACES)))
    return next(found, None)


def _without_network() -> tuple[str, ...]:
    """The command that runs another one without network; empty where there is none, or it is not allowed."""
    if (unshare := shutil.which("unshare")) is None:
        return ()
    for options in (("--net",), ("--net", "--map-root-user")):
        try:
            code, _ = run([unshare, *options, "true"], seconds=10)
        except (OSError, TimedOut):
            return ()
        if code == 0:
            return (unshare, *options, "--")
    return ()


def _missing() -> str:
    return say(
        "要用 LibreOffice 转换，没有找到；请另存为 .docx，或装上 LibreOffice"
        "（apt-get install libreoffice-writer，或使 soffice 在 PATH 里）再收录一次",
        "is converted by LibreOffice, which was not found; save it as .docx, or install LibreOffice (apt-get"
        " install libreoffice-writer, or have soffice on the PATH) and index again",
    )


def _too_slow() -> str:
    return say(
        f"LibreOffice {_SECONDS} 秒没有转换完（上限）；请另存为 .docx",
        f"LibreOffice did not convert it within {_SECONDS} seconds, the limit; save it as .docx",
    )


def _failed() -> str:
    return say(
        "LibreOffice 没有转换成功，文件可能加了密码或已损坏；请打开后另存为 .docx",
        "LibreOffice could not convert it, it may be damaged or protected by a password; open it and save it"
        " as .docx",
    )
