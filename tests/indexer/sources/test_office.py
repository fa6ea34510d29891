"""Documents of other office programs: LibreOffice makes .docx of them, or a fault says what to do.

A small program replaces LibreOffice, which would take minutes to install; with GONGWEN_TEST_SOFFICE=1
the real one, if it is installed, converts there and back.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.sources import office
from indexer.sources.files import Fault, read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article
from tests.support.word_files import paragraph, write_word

OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 504
BODY = "各乡镇人民政府要落实防汛责任，做好值班值守。"
_SOFFICE = """#!{python}
import os, shutil, sys, time
assert sys.argv.index("--headless") and sys.argv[sys.argv.index("--convert-to") + 1] == "docx"
profile = next(one for one in sys.argv if one.startswith("-env:UserInstallation=file://"))
assert os.path.dirname(sys.argv[-1]) in profile, "its settings are in the temporary folder"
{does}
"""
_CONVERTS = """
made = sys.argv[sys.argv.index("--outdir") + 1]
os.makedirs(made)
shutil.copy({document!r}, os.path.join(made, "a.docx"))
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    """Put a program named soffice on the PATH, and nothing else."""
    programs = folder / "bin"
    programs.mkdir()
    program = programs / "soffice"
    program.write_text(_SOFFICE.format(python=sys.executable, does=does), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))


def converting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that makes a notice of every document."""
    document = write_word(folder / "made.docx", paragraph("关于防汛工作的通知") + paragraph(BODY))
    install(folder, monkeypatch, _CONVERTS.format(document=str(document)))


def read(path: Path) -> Article | Fault:
    """The article or the fault of a file."""
    (item,) = read_source(path, cleaning=Cleaning())
    return item


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for the files to read."""
    inside = tmp_path / "公文"
    inside.mkdir()
    return inside


@pytest.mark.skipif(os.name == "nt", reason="the program that replaces it is a script")
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.doc", OLE),
        ("a.wps", OLE),
        ("a.DOC", b"{\\rtf1 }"),
        ("a.rtf", b"{\\rtf1 }"),
        ("a.odt", b"PK\x03\x04 odt"),
    ],
)
def test_libreoffice_converts_what_it_can(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes
) -> None:
    """The result is read as any .docx."""
    converting(tmp_path, monkeypatch)
    (folder / name).write_bytes(data)

    item = read(folder / name)

    assert isinstance(item, Article), item
    assert (item.id, item.title, item.body) == ("a", "关于防汛工作的通知", BODY)


def test_without_libreoffice_one_message_says_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for all kinds of files, so that a report counts them together; the others are read."""
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(office, "_PLACES", ())
    (folder / "a.doc").write_bytes(OLE)
    (folder / "b.wps").write_bytes(OLE)
    (folder / "c.rtf").write_bytes(b"{\\rtf1 }")
    (folder / "d.odt").write_bytes(b"PK\x03\x04 odt")
    (folder / "e.txt").write_text(f"关于防汛工作的通知\n{BODY}", encoding="utf-8")

    *faults, item = read_source(folder, cleaning=Cleaning())

    assert isinstance(item, Article)
    reasons = {fault.reason for fault in faults if isinstance(fault, Fault)}
    assert len(faults) == 4
    assert len(reasons) == 1
    assert all(word in str(reasons) for word in (".docx", "LibreOffice", "libreoffice-writer"))


@pytest.mark.skipif(os.name == "nt", reason="the program that replaces it is a script")
@pytest.mark.parametrize(
    ("does", "seconds", "word"),
    [("sys.exit(1)", 60, "密码"), ("pass", 60, "密码"), ("time.sleep(600)", 0.5, "0.5 秒")],
)
def test_a_conversion_that_fails_is_a_fault(
    tmp_path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    does: str,
    seconds: float,
    word: str,
) -> None:
    """Also one that says nothing, or takes longer than the limit; nothing is left behind."""
    install(tmp_path, monkeypatch, does)
    monkeypatch.setattr(office, "_SECONDS", seconds)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    (folder / "a.doc").write_bytes(OLE)

    item = read(folder / "a.doc")

    assert isinstance(item, Fault)
    assert word in item.reason
    assert not list((tmp_path / "temporary").iterdir())


@pytest.mark.parametrize("name", ["a.doc", "a.wps", "a.rtf", "a.odt"])
def test_what_is_something_else_is_not_converted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """LibreOffice would take any bytes for text."""
    monkeypatch.setenv("PATH", str(folder))
    (folder / name).write_bytes(bytes(range(256)) * 4)

    item = read(folder / name)

    assert isinstance(item, Fault)
    assert "后缀" in item.reason


def test_a_web_page_and_a_docx_named_doc_are_read_as_they_are(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As portals export them; LibreOffice is not needed."""
    monkeypatch.setenv("PATH", str(folder))
    page = f"<html><head><title>关于防汛工作的通知</title></head><body><p>{BODY}</p></body></html>"
    (folder / "a.doc").write_text(page, encoding="utf-8")
    write_word(folder / "b.doc", paragraph("关于防汛工作的通知") + paragraph(BODY))

    items = list(read_source(folder, cleaning=Cleaning()))

    assert [(item.title, item.body) for item in items if isinstance(item, Article)] == [
        ("关于防汛工作的通知", BODY)
    ] * 2


@pytest.mark.corpus("GONGWEN_TEST_SOFFICE")
@pytest.mark.parametrize("suffix", [".doc", ".rtf", ".odt", ".wps"])
def test_the_real_libreoffice(folder: Path, tmp_path: Path, suffix: str) -> None:
    """It makes a document of each format, which is read as the one that it was made of."""
    soffice = shutil.which("soffice")
    assert soffice, "GONGWEN_TEST_SOFFICE is set, but there is no soffice"
    source = write_word(tmp_path / "a.docx", paragraph("关于防汛工作的通知") + paragraph(BODY))
    kind = "doc" if suffix == ".wps" else suffix[1:]
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    subprocess.run(
        [
            soffice,
            profile,
            "--headless",
            "--convert-to",
            kind,
            "--outdir",
            str(tmp_path),
            str(source),
        ],
        check=True,
    )
    (tmp_path / f"a.{kind}").rename(folder / f"a{suffix}")

    item = read(folder / f"a{suffix}")

    assert isinstance(item, Article), item
    assert (item.title, item.body) == ("关于防汛工作的通知", BODY)
