"""Workbooks (.xlsx) written as XML. Entry point: :func:`write_workbook`."""

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    "</styleSheet>"
)
_PART = '<Override PartName="/xl/{}.xml" ContentType="' + _TYPE + '.{}+xml"/>'

Rows = list[list[object]]


def write_workbook(path: Path, sheets: dict[str, Rows], hidden: str = "") -> Path:
    """Write a workbook: numbers as numbers, whole ones in a column 日期 as days."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        types = relations = listed = ""
        for number, (name, rows) in enumerate(sheets.items(), start=1):
            state = ' state="hidden"' if name == hidden else ""
            listed += f'<sheet name="{name}" sheetId="{number}" r:id="s{number}"{state}/>'
            types += _PART.format(f"worksheets/s{number}", "worksheet")
            target = f'Type="{_OFFICE}/worksheet" Target="worksheets/s{number}.xml"'
            relations += f'<Relationship Id="s{number}" {target}/>'
            lines = "".join(
                f'<row r="{line}">{"".join(map(_cell, _places(line, row), row))}</row>'
                for line, row in enumerate(rows, start=1)
            )
            archive.writestr(
                f"xl/worksheets/s{number}.xml",
                f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>',
            )
        archive.writestr("xl/styles.xml", _STYLES)
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd'
            f'.openxmlformats-package.relationships+xml"/>{_PART.format("workbook", "sheet.main")}'
            f"{_PART.format('styles', 'styles')}{types}</Types>",
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="b" Type="{_OFFICE}/office'
            'Document" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}<Relationship Id="t" Type='
            f'"{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        )
    return path


def _places(line: int, row: list[object]) -> list[str]:
    return [f"{chr(ord('A') + column)}{line}" for column in range(len(row))]


def _cell(place: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        day = ' s="1"' if isinstance(value, int) and value > 40_000 else ""
        return f'<c r="{place}"{day}><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'
