"""Small sources that would expand greatly: refused with the reason, in bounded memory and linear time."""

import gzip
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from indexer.sources.files import Fault, read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument'
    '.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006'
    '/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument'
    '/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PARAGRAPH = "<w:p><w:r><w:t>各村{}抓紧备耕。</w:t></w:r></w:p>"
# Reads a folder and says how many articles and faults it had, and its own peak in MB.
_READ = """
import resource, sys
from pathlib import Path
from search_service.intake.cleaning import Cleaning
from indexer.sources.files import Fault, read_source
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
before = peak()
kinds = [isinstance(item, Fault) for item in read_source(Path(sys.argv[1]), cleaning=Cleaning())]
print(kinds.count(False), kinds.count(True), peak() - before)
"""


def word(path: Path, parts: Iterable[str], *, around: str = "") -> Path:
    """Write a Word document of these pieces of XML; ``around`` begins it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        with archive.open("word/document.xml", "w") as part:
            part.write(f'{around}<w:document xmlns:w="{_WORD}"><w:body>'.encode())
            for piece in parts:
                part.write(piece.encode())
            part.write(b"</w:body></w:document>")
    return path


def only(path: Path) -> Article | Fault:
    """The articles and faults of a source of one file."""
    (item,) = read_source(path, cleaning=Cleaning())
    return item


@pytest.mark.slow
def test_memory_is_bounded_whatever_a_file_unpacks_to(tmp_path: Path) -> None:
    """Each of these took hundreds of megabytes or gigabytes; the good file beside them is read."""
    word(tmp_path / "a.docx", (_PARAGRAPH * 1_000 for _ in range(800)))
    word(
        tmp_path / "b.docx",
        ("<w:p><w:r><w:t>" + "字" * 1_000_000 + "</w:t></w:r></w:p>" for _ in range(30)),
    )
    names = "".join(f' a{n}=""' for n in range(1_100_000))
    word(tmp_path / "c.docx", [f"<w:p{names}/>"])
    (tmp_path / "d.html").write_text("<b>" * 5_000_000, encoding="utf-8")
    (tmp_path / "e.html").write_text(f"<p{names}>", encoding="utf-8")
    (tmp_path / "f.md").write_text("---\n" + "a: b\n" * 3_000_000 + "---\n文", encoding="utf-8")
    head = '{"id": "1", "title": "通知", "body": "文", "x": '
    (tmp_path / "g.jsonl").write_text(f"{head}[{'{},' * 5_000_000}0]}}\n", encoding="utf-8")
    (tmp_path / "h.csv").write_text("id,title,body\n" + "," * 20_000_000, encoding="utf-8")
    (tmp_path / "i.csv").write_text("id,title,body" + ",a" * 5_000_000, encoding="utf-8")
    with gzip.open(tmp_path / "j.jsonl.gz", "wb", compresslevel=1) as stream:
        for _ in range(200):
            stream.write(b"0" * (1 << 20))
    (tmp_path / "k.jsonl").write_text("[" * 20_000_000, encoding="utf-8")
    (tmp_path / "z.txt").write_text("防火通知\n严禁用火。", encoding="utf-8")

    ran = subprocess.run(
        [sys.executable, "-c", _READ, str(tmp_path)], capture_output=True, text=True, check=True
    )

    articles, faults, grown = map(int, ran.stdout.split())
    assert (articles, faults) == (1, 11)
    assert grown < 400


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_markup_of_a_document_is_counted_in_any_encoding(tmp_path: Path, codec: str) -> None:
    """Before parsing; the fault has the count, the limit and the remedy."""
    path = tmp_path / "a.docx"
    body = f'<w:document xmlns:w="{_WORD}"><w:body>{"<w:p/>" * 1_000_001}</w:body></w:document>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        archive.writestr("word/document.xml", body.encode(codec))

    item = only(path)

    assert isinstance(item, Fault)
    assert "1000000" in item.reason


def test_entities_of_a_document_are_not_expanded(tmp_path: Path) -> None:
    """A few lines of definitions would become gigabytes of text."""
    entities = "".join(
        f'<!ENTITY e{level} "{f"&e{level - 1};" * 10 if level else "字" * 100}">'
        for level in range(9)
    )
    doctype = f"<!DOCTYPE d [{entities}]>"
    path = word(tmp_path / "a.docx", ["<w:p><w:r><w:t>通知&e8;</w:t></w:r></w:p>"], around=doctype)

    item = only(path)

    assert isinstance(item, Fault) or len(item.body) < 1_000


def test_a_document_of_many_paragraphs_is_read(tmp_path: Path) -> None:
    """Files within the limits are read completely."""
    path = word(tmp_path / "a.docx", (_PARAGRAPH.format(n) for n in range(20_000)))

    item = only(path)

    assert isinstance(item, Article)
    assert item.body.count("\n") >= 19_998


@pytest.mark.parametrize("damage", [b"PK", b"\x00" * 40])
def test_a_damaged_archive_is_a_fault(tmp_path: Path, damage: bytes) -> None:
    """Also if only a part inside is damaged."""
    path = word(tmp_path / "a.docx", (_PARAGRAPH.format(n) for n in range(2_000)))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(damage)] = damage
    path.write_bytes(data)

    assert isinstance(only(path), Fault)


def test_the_number_of_fields_is_limited(tmp_path: Path) -> None:
    """A thousand; with more, a record is a fault, and so is a whole table."""
    more = ",".join(f'"k{n}": {n}' for n in range(1_000))
    good = '{"id": "2", "title": "通知", "body": "文"}'
    (tmp_path / "a.jsonl").write_text(f"{{{more}, {good[1:]}\n{good}\n", encoding="utf-8")

    bad, article = read_source(tmp_path / "a.jsonl", cleaning=Cleaning())

    assert isinstance(bad, Fault)
    assert "1003" in bad.reason
    assert isinstance(article, Article)


@pytest.mark.slow
def test_lists_and_workbooks_take_bounded_memory(tmp_path: Path) -> None:
    """Bombs of elements, attributes, entities, texts are a fault each; what is good beside them is read."""
    item = "<i><标题>通知</标题><正文>文</正文></i>"
    (tmp_path / "a.xml").write_text(f"<l>{'<a/>' * 1_000_001}{item}</l>", encoding="utf-8")
    (tmp_path / "b.xml").write_text(f"<l>{item}<i>{'<a/>' * 300_000}</i></l>", encoding="utf-8")
    names = "".join(f' a{n}=""' for n in range(1_100_000))
    (tmp_path / "c.xml").write_text(f"<l>{item}<i{names}/></l>", encoding="utf-8")
    entities = "".join(
        f'<!ENTITY e{level} "{f"&e{level - 1};" * 10 if level else "字" * 100}">'
        for level in range(9)
    )
    bomb = f"<!DOCTYPE l [{entities}]><l>"
    (tmp_path / "d.xml").write_text(f'{bomb}<i x="&e8;"/>{item}</l>', encoding="utf-8")
    (tmp_path / "e.xml").write_text(
        f"<l><i><标题>通知</标题><正文>{'字' * 9_000_000}</正文></i></l>", encoding="utf-8"
    )
    _workbook_of_one_text(tmp_path / "f.xlsx", length=1_000_000, cells=4_000)
    (tmp_path / "z.txt").write_text("防火通知\n严禁用火。", encoding="utf-8")

    ran = subprocess.run(
        [sys.executable, "-c", _READ, str(tmp_path)], capture_output=True, text=True, check=True
    )

    articles, faults, grown = map(int, ran.stdout.split())
    assert (articles, faults) == (2, 6)
    assert grown < 400


def _workbook_of_one_text(path: Path, *, length: int, cells: int) -> None:
    """Write a workbook whose cells all show the same text, which it has once."""
    rows = "".join(
        f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(1, cells + 1)
    )
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relation = '<Relationship Id="{}" Type="' + office + '/{}" Target="{}"/>'
    package = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr(
            "_rels/.rels",
            f"{package}{relation.format('b', 'officeDocument', 'xl/workbook.xml')}</Relationships>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f"{package}{relation.format('s', 'worksheet', 'worksheets/s.xml')}"
            f"{relation.format('t', 'sharedStrings', 'sharedStrings.xml')}</Relationships>",
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {main} xmlns:r="{office}"><sheets><sheet name="甲" sheetId="1" r:id="s"/></sheets>'
            "</workbook>",
        )
        archive.writestr(
            "xl/sharedStrings.xml", f"<sst {main}><si><t>{'字' * length}</t></si></sst>"
        )
        archive.writestr(
            "xl/worksheets/s.xml", f"<worksheet {main}><sheetData>{rows}</sheetData></worksheet>"
        )
