"""PDF files: paragraphs, titles, tables; what belongs to pages is left out, what is unreadable a fault."""

from pathlib import Path

import pytest

from indexer.sources.files import Fault, read_source
from indexer.sources.pdf import document
from search_service.intake.cleaning import Cleaning
from search_service.model import Article
from tests.support.pdf_files import Page, write_pdf

TITLE = "关于做好防汛工作的通知"
FIRST = (
    "入汛以来，我县降雨偏多，部分河段超过警戒水位。各乡镇人民政府要落实防汛责任，做好值班值守，及时报送信息，"
    "确保群众生命财产安全，不得擅离职守。"
)
SECOND = (
    "县应急局要会同县水利局组织演练，检查物资储备，发现隐患立即整改，"
    "并于六月底前将情况报县人民政府办公室。"
)


def read(path: Path) -> Article | Fault:
    """The article or the fault of a file."""
    (item,) = read_source(path, cleaning=Cleaning())
    return item


def article(path: Path) -> Article:
    """The article of a file."""
    item = read(path)
    assert isinstance(item, Article), item
    return item


def titled(page: Page, title: str = TITLE, y: float = 780) -> None:
    """Write a title in the middle of a page."""
    page.write((595 - 22 * len(title)) / 2, y, title, 22)


def test_lines_become_paragraphs_and_the_title_is_found(tmp_path: Path) -> None:
    """A line that reaches the margin goes on in the next, unless that is indented."""
    page = Page()
    titled(page)
    page.lines(f"{FIRST}\n{SECOND}", y=720)

    item = article(write_pdf(tmp_path / "a.pdf", page))

    assert item.title == TITLE
    assert item.body == f"{FIRST}\n{SECOND}"


def test_paragraphs_without_indents_are_set_apart_by_space(tmp_path: Path) -> None:
    """Then lines are closer within a paragraph than between two."""
    page = Page()
    titled(page)
    below = page.lines(FIRST, y=720, indent=0, step=22)
    page.lines(SECOND, y=below - 14, indent=0, step=22)

    assert article(write_pdf(tmp_path / "a.pdf", page)).body == f"{FIRST}\n{SECOND}"


def test_a_paragraph_goes_on_over_heads_and_numbers_of_pages(tmp_path: Path) -> None:
    """What repeats at the same height is no text, whatever number it has."""
    pages = [Page() for _ in range(3)]
    text = FIRST * 3
    for number, page in enumerate(pages):
        page.write(200, 810, "清源县人民政府公报", 10)
        page.write(280, 30, f"— {number + 7} —", 10)
        cut = text[number * 108 : (number + 1) * 108]
        page.lines(cut if number else cut[:106], indent=0 if number else 2, width=27)
    pages[1].drawing = pages[1].drawing[:2]
    pages[1].lines(text[106:214], indent=0)
    pages[2].drawing = pages[2].drawing[:2]
    pages[2].lines(f"{text[214:]}", indent=0)

    item = article(write_pdf(tmp_path / "通报.pdf", *pages))

    assert item.body == text
    assert item.title == "通报"


def test_a_number_of_the_document_in_the_head_of_pages_is_kept(tmp_path: Path) -> None:
    """As in Word documents: it may stand nowhere else."""
    pages = [Page(), Page()]
    for page, text in zip(pages, (FIRST, SECOND), strict=True):
        page.write(200, 810, "清政办〔2024〕17号", 10)
        page.lines(text)

    assert article(write_pdf(tmp_path / "a.pdf", *pages)).body.split("\n") == [
        "清政办〔2024〕17号",
        FIRST,
        SECOND,
    ]


def test_a_ruled_table_is_rows_of_cells(tmp_path: Path) -> None:
    """A cell of several lines is one, a cell over two rows stands once, the text below is no cell."""
    page = Page()
    titled(page)
    for y in (700, 660, 580, 540):
        page.rule(80 if y != 580 else 180, y, 480, y)
    for x in (80, 180, 380, 480):
        page.rule(x, 540, x, 700)
    for x, text in ((90, "类别"), (190, "任务"), (390, "单位")):
        page.write(x, 672, text)
    page.write(90, 600, "防汛")
    page.write(190, 640, "落实责任，做好值班值守")
    page.write(190, 600, "工作")
    page.write(390, 620, "水利局")
    page.write(190, 555, "组织演练")
    page.write(390, 555, "应急局")
    page.lines(FIRST, y=500)

    item = article(write_pdf(tmp_path / "a.pdf", page))

    assert item.body.split("\n") == [
        "类别\t任务\t单位",
        "防汛\t落实责任，做好值班值守工作\t水利局",
        "　\t组织演练\t应急局",
        FIRST,
    ]


def test_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    """As gazettes are set; a line over both is read where it stands."""
    page = Page()
    titled(page)
    left, right = FIRST * 2, SECOND * 2
    page.lines(left, x=50, y=720, width=14, step=24)
    page.lines(right, x=310, y=720, width=14, step=24)

    assert article(write_pdf(tmp_path / "a.pdf", page)).body == f"{left}\n{right}"


def test_bold_by_drawing_twice_and_watermarks_askew_are_not_text(tmp_path: Path) -> None:
    """A line on top of itself is one; what stands askew lies behind the text."""
    page = Page()
    titled(page)
    for place in (112, 112.4):
        page.write(place, 720, "加强组织领导。")
    page.lines(FIRST, y=690)
    page.write(150, 300, "INTERNAL", 40, "0.7 0.7 -0.7 0.7")

    assert article(write_pdf(tmp_path / "a.pdf", page)).body == f"加强组织领导。\n{FIRST}"


def test_a_page_on_its_side_is_read(tmp_path: Path) -> None:
    """As wide tables are printed."""
    page = Page()
    for number, text in enumerate(("GB/T 9704-2012", "ISO 9001", "GB 50016-2014")):
        page.write(100 + 30 * number, 80, text, 16, "0 1 -1 0")

    item = article(write_pdf(tmp_path / "标准.pdf", page))

    assert f"{item.title} {item.body}" == "GB/T 9704-2012 ISO 9001 GB 50016-2014"


def test_a_scan_is_a_fault_that_says_so(tmp_path: Path) -> None:
    """Also if it has the number of each page as text."""
    pages = [Page(picture=True), Page(picture=True)]
    pages[0].write(280, 30, "— 1 —", 10)

    item = read(write_pdf(tmp_path / "a.pdf", *pages))

    assert isinstance(item, Fault)
    assert "扫描件" in item.reason
    assert "2 页" in item.reason


def test_a_pdf_without_any_text_is_a_fault(tmp_path: Path) -> None:
    """Its letters may be drawings."""
    page = Page()
    page.rule(80, 100, 500, 100)

    item = read(write_pdf(tmp_path / "a.pdf", page))

    assert isinstance(item, Fault)
    assert "没有文字" in item.reason


def test_a_picture_beside_text_is_no_scan(tmp_path: Path) -> None:
    """A seal, an emblem."""
    page = Page(picture=True)
    page.lines(FIRST)

    assert article(write_pdf(tmp_path / "a.pdf", page)).body == FIRST


def test_fonts_that_do_not_say_their_letters_are_a_fault(tmp_path: Path) -> None:
    """Their text would be letters of no meaning."""
    page = Page()
    page.lines("\x01\x02\x03\x04\x05\x06\x07\x08" * 10)

    item = read(write_pdf(tmp_path / "a.pdf", page, unicode=False))

    assert isinstance(item, Fault)
    assert "OCR" in item.reason


def test_a_password_is_a_fault(tmp_path: Path) -> None:
    """The reason says what to do."""
    page = Page()
    page.lines(FIRST)
    protection = (
        b"/Encrypt << /Filter /Standard /V 1 /R 2 /Length 40 /P -44 /O <%s> /U <%s> >> /ID [<00> <00>]"
        % (b"5a" * 32, b"a5" * 32)
    )

    item = read(write_pdf(tmp_path / "a.pdf", page, encrypt=protection))

    assert isinstance(item, Fault)
    assert "密码" in item.reason


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7\n", b"PK\x03\x04" * 100, b"%PDF-1.4\n1 0 obj\n<<" * 50]
)
def test_what_is_no_pdf_is_a_fault(tmp_path: Path, data: bytes) -> None:
    """Whatever its name says."""
    path = tmp_path / "a.pdf"
    path.write_bytes(data)

    item = read(path)

    assert isinstance(item, Fault)
    assert "PDF" in item.reason


@pytest.mark.slow
def test_more_memory_than_the_limit_costs_one_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that unpacks to gigabytes ends the process that reads it, no other; the next file is read."""
    pytest.importorskip("resource")
    monkeypatch.setattr(document, "_MEMORY", 160 << 20)
    write_pdf(tmp_path / "a.pdf", Page(), content=b" " * (200 << 20))
    page = Page()
    page.lines(FIRST)
    write_pdf(tmp_path / "b.pdf", page)

    fault, item = read_source(tmp_path, cleaning=Cleaning())

    assert isinstance(fault, Fault)
    assert "160 MB" in fault.reason
    assert isinstance(item, Article)


def test_longer_than_the_limit_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is ended."""
    monkeypatch.setattr(document, "_SECONDS", 0.001)
    page = Page()
    page.lines(FIRST)

    item = read(write_pdf(tmp_path / "a.pdf", page))

    assert isinstance(item, Fault)
    assert "0.001" in item.reason


def test_more_pages_than_the_limit_are_a_fault(tmp_path: Path) -> None:
    """It names the number and the limit."""
    item = read(write_pdf(tmp_path / "a.pdf", *[Page()] * 3_001))

    assert isinstance(item, Fault)
    assert "3001" in item.reason
    assert "3000" in item.reason
