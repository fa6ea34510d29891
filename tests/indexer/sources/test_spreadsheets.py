"""Workbooks as tables."""

import zipfile
from pathlib import Path

import pytest

from indexer.sources.files import Fault, Notes, read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article
from tests.support.workbook_files import Rows, write_workbook


def read(path: Path) -> tuple[list[Article], list[Fault], Notes]:
    """The articles, faults and notes of a workbook."""
    notes = Notes()
    items = list(read_source(path, cleaning=Cleaning(), notes=notes))
    articles = [item for item in items if isinstance(item, Article)]
    return articles, [item for item in items if isinstance(item, Fault)], notes


def test_rows_of_the_visible_sheets_are_records(tmp_path: Path) -> None:
    """Below the title of the table; numbers are whole, dates are dates, hidden sheets are not read."""
    header: list[object] = ["编号", "文件名称", "内容", "发布日期"]
    path = write_workbook(
        tmp_path / "汇总.xlsx",
        {
            "一月": [
                ["青山镇文件汇总表", None, None, None],
                header,
                [7, "春耕通知", "抓紧备耕。\n第二段。", 45356],
                [None, None, None, None],
                [8, "防汛通知", "上堤。", "2024年6月"],
            ],
            "底稿": [header, [9, "秘密通知", "不公开。", 45356]],
            "空": [],
        },
        hidden="底稿",
    )

    articles, faults, notes = read(path)

    assert [(one.code, one.title, one.date) for one in articles] == [
        ("7", "春耕通知", "2024-03-05"),
        ("8", "防汛通知", "2024-06"),
    ]
    assert articles[0].body == "抓紧备耕。\n第二段。"
    assert faults == []
    assert notes.made_ids == {f"{path}:一月": 2}


def test_a_sheet_without_a_title_or_body_is_a_fault(tmp_path: Path) -> None:
    """It names the sheet and the columns; the others are read."""
    good: Rows = [["标题", "正文"], ["春耕通知", "抓紧备耕。"]]

    articles, (fault,), _ = read(
        write_workbook(tmp_path / "a.xlsx", {"说明": [["事由", "经过"]], "文件": good})
    )

    assert len(articles) == 1
    assert ":说明:" in fault.place
    assert "事由" in fault.reason


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)]
)
@pytest.mark.parametrize("suffix", [".xlsx", ".xls", ".ods"])
def test_a_file_that_is_no_workbook_is_a_fault(tmp_path: Path, data: bytes, suffix: str) -> None:
    """Broken, or encrypted: the fault names the remedy."""
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data)

    articles, (fault,), _ = read(path)

    assert articles == []
    assert ".csv" in fault.reason


def test_a_stray_cell_takes_no_memory(tmp_path: Path) -> None:
    """A sheet is as large as its last cell is far away, so such a one is refused before it is read."""
    path = write_workbook(tmp_path / "a.xlsx", {"甲": [["标题", "正文"], ["春耕", "备耕"]]})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part.replace(b'r="B2"', b'r="XFD1048576"'))

    _, (fault,), _ = read(path)

    assert "1048576" in fault.reason
