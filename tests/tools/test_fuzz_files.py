"""Mutated files: what the tool finds, and what it found."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from indexer.sources.files import Fault, read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article
from tests.support.paths import ROOT
from tests.support.starting_files import KINDS, write_starting_files
from tests.support.word_files import paragraph, write_word
from tests.support.workbook_files import write_workbook
from tools.fuzz_files import Inputs

RELATION = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006'
    b'/relationships/officeDocument"/></Relationships>'
)
TEXT = "各村抓紧备耕，不误农时；各乡镇要落实责任。"


def rewritten(path: Path, part: str, content: bytes) -> Path:
    """Replace a part of an archive."""
    with zipfile.ZipFile(path) as source:
        parts = {name: source.read(name) for name in source.namelist()} | {part: content}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in parts.items():
            target.writestr(name, data)
    return path


def only(path: Path) -> Article | Fault:
    """The article or the fault of a file."""
    (item,) = read_source(path, cleaning=Cleaning())
    return item


# The tool forks, which a process with threads, as that of the tests may be, should not.
_DYING = """
import os
from tools.fuzz_files import Inputs, fuzz
class Dying(Inputs):
    def make(self, number):
        return os._exit(3) if number == 2 else super().make(number)
report = fuzz(Dying("txt", 1, ["春耕通知\\n各村抓紧备耕。".encode()]), range(5))
print(report.inputs, report.read.total(), list(report.examples.values()))
"""


def ran(*arguments: str) -> str:
    """What a Python with these arguments prints."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_mutated_files_of_every_kind_are_articles_or_faults(kind: str) -> None:
    """A few of each, always the same ones; the tool reads as many as there is time for."""
    said = ran("-m", "tools.fuzz_files", kind, "--inputs", "12", "--seed", "7")

    assert "12 inputs: " in said
    assert ", 0 problems" in said


def test_the_same_number_is_the_same_input(tmp_path: Path) -> None:
    """So that what was found can be read again."""
    write_starting_files(tmp_path)
    for kind in KINDS:
        files = [path.read_bytes() for path in sorted(tmp_path.glob(f"*.{kind}"))]
        one, other = Inputs(kind, 7, files), Inputs(kind, 7, files)
        assert one.make(3) == other.make(3) != one.make(4)


def test_a_process_that_dies_is_a_problem_of_its_input() -> None:
    """The inputs after it are read."""
    assert ran("-c", _DYING) == "5 4 [2]\n"


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("word/_rels/document.xml.rels", b"<a/>"),
        ("[Content_Types].xml", b"<a/>"),
        (
            "_rels/.rels",
            RELATION,
        ),
        (
            "word/document.xml",
            b'<w:p xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body/></w:p>',
        ),
    ],
)
def test_a_document_with_another_part_is_a_fault(tmp_path: Path, part: str, content: bytes) -> None:
    """Exceptions of python-docx for what is well-formed, but no part of a document, ended the run."""
    path = write_word(tmp_path / "a.docx", paragraph("春耕通知") + paragraph(TEXT))

    item = only(rewritten(path, part, content))

    assert isinstance(item, Fault)
    assert ".docx" in item.reason


def test_a_document_with_a_broken_head_is_read(tmp_path: Path) -> None:
    """As one without, where its type is not one that python-docx reads; heads may have a 文号, no more."""
    path = write_word(
        tmp_path / "a.docx", paragraph("春耕通知") + paragraph(TEXT), header=paragraph("公报")
    )

    with zipfile.ZipFile(path) as source:
        types = source.read("[Content_Types].xml").replace(b"header+xml", b"head+xml")
    rewritten(path, "[Content_Types].xml", types)

    item = only(rewritten(path, "word/header.xml", b"<w:hdr/>"))

    assert isinstance(item, Article), item
    assert item.body == TEXT


def test_a_workbook_with_damaged_packing_is_a_fault(tmp_path: Path) -> None:
    """What zlib raised ended the run."""
    path = write_workbook(tmp_path / "a.xlsx", {"甲": [["标题", "正文"], ["春耕", TEXT * 50]]})
    data = bytearray(path.read_bytes())
    start = data.index(b"xl/worksheets/s1.xml") + len("xl/worksheets/s1.xml")
    data[start : start + 40] = b"\xff" * 40
    path.write_bytes(data)

    item = only(path)

    assert isinstance(item, Fault)
    assert ".xlsx" in item.reason


def test_lines_of_markdown_may_end_with_carriage_returns_alone(tmp_path: Path) -> None:
    """The parser counts them as lines; in some places of the text they ended the run."""
    path = tmp_path / "a.md"
    path.write_bytes(f"# 春耕通知\n\n甲\r乙\r\r\r**{TEXT}**".encode())

    item = only(path)

    assert isinstance(item, Article)
    assert item.body.endswith(TEXT)


def test_a_page_may_have_control_characters(tmp_path: Path) -> None:
    """Behind a menu they ended the run: lxml reads them, but lets nobody write them."""
    path = tmp_path / "a.html"
    path.write_text(f"<title>春耕通知</title><nav>首页</nav>\x01<p>{TEXT}</p>", encoding="utf-8")

    item = only(path)

    assert isinstance(item, Article)
    assert TEXT in item.body


@pytest.mark.filterwarnings("error")
def test_a_table_in_utf_16_may_be_unusable(tmp_path: Path) -> None:
    """Leaving it early printed an exception that nobody could catch."""
    path = tmp_path / "a.csv"
    path.write_text("id,title,body" + ",a" * 2_000 + "\n1,春耕,文\n", encoding="utf-16")

    assert isinstance(only(path), Fault)
