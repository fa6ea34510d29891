"""What is read of files of known content: ``python -m tools.file_report FOLDER [--articles N]``.

Writes articles of the sample as Word documents with what offices put into them (red head, titles over two
lines, Word's numbers, a table with merged cells, a note, head and foot of the pages, hidden text), lets
LibreOffice make .odt, .doc, .rtf, .pdf, .html and another .docx of them, and web pages of three kinds of
sites. Prints for each kind how many have the right title, date and issuer, the complete text, and nothing
else; and how many of the characters of the document (without heads, feet and numbers of pages, menus and
tools of sites, which are not wanted) are in title and text. ``FOLDER`` gets the files; those there are used
again. What is wrong is printed on standard error.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Final

from analyzers import metadata
from indexer.sources.files import Fault, read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article
from tests.support.word_files import paragraph, run, write_word

_CORPUS: Final = Path(__file__).parents[1] / "indexer" / "sample" / "corpus"
_CONVERTED: Final = ("odt", "doc", "rtf", "pdf", "html", "txt")
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_HEADINGS: Final = (
    re.compile(r"([一二三四五六七八九十]+)、(?=\S)"),
    re.compile(r"（([一二三四五六七八九十]+)）(?=\S)"),
)
_NUMERALS: Final = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_NOTE: Final = "本件所列数据均为上年底数。"
_HIDDEN: Final = "内部批注：此段不得公开。"
_RUNNING: Final = "公报·第三期"
_ROWS: Final = (
    ("任务分工", ""),
    ("单位", "时限"),
    ("县水利局", "3月15日前"),
    ("县应急局", "3月底前"),
)
_MENU: Final = "网站首页　通知公告　互动交流"
_TOOLS: Final = "【字体：大 中 小】【打印本页】【关闭窗口】"
_FOOT: Final = "主办：某县人民政府办公室　网站标识码：0000000001　某ICP备00000000号-1"
_MARKS: Final = Counter({"1": 2, "¹": 2})  # of the note, in the text and before it


@dataclass(frozen=True)
class Known:
    """An article whose files are written: its fields, and the lines of its text."""

    title: str
    issuer: str
    date: str
    number: str
    lines: tuple[str, ...]

    @property
    def head(self) -> tuple[str, str]:
        """The lines above the title."""
        return f"{self.issuer}文件", self.number

    @property
    def seen(self) -> Counter[str]:
        """How often each character occurs in what a reader sees, blanks and marks of notes left out."""
        rows = ("".join(row) for row in _ROWS)
        return _characters("".join((*self.head, self.title, *self.lines, _NOTE, *rows)))

    def seen_in(self, kind: str, number: int) -> Counter[str]:
        """The same in a file of this kind, with what LibreOffice makes of it."""
        seen = self.seen
        if kind == "txt":  # no notes, but hidden text
            return seen - _characters(_NOTE) + _characters(_HIDDEN)
        numbers = _numbers(self.lines) if kind == "html" and number % 2 == 0 else {}
        counted = [0, 0]
        for place, (
            level,
            text,
        ) in numbers.items():  # Word's numbers become those of HTML, 1. and 2.
            counted = [counted[0] + 1, 0] if level == 0 else [counted[0], counted[1] + 1]
            written = self.lines[place].removesuffix(text)
            seen = seen - _characters(written) + _characters(f"{counted[level]}.")
        return seen


@dataclass
class Count:
    """The figures of a kind of file."""

    files: int = 0
    right: Counter[str] = field(default_factory=Counter)
    seen: int = 0
    indexed: int = 0
    wrong: list[str] = field(default_factory=list)


def known_articles(count: int) -> list[Known]:
    """Articles of the sample with issuer, date and 文号, with both of them as their signature."""
    found = []
    for path in sorted(_CORPUS.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            one = json.loads(line)
            whole = all(one.get(name) for name in ("issuer", "date", "document_number"))
            if whole and "<" not in one["body"]:  # some have what CMSs leave in texts
                found.append(_known(one))
    return found[:: max(1, len(found) // count)][:count]


def _known(one: dict[str, Any]) -> Known:
    year, month, day = map(int, one["date"].split("-"))
    signature = one["issuer"], f"{year}年{month}月{day}日"
    lines = [line for line in one["body"].split("\n") if line.strip() and "\t" not in line]
    title = re.sub(r"\s", "", one["title"])
    lines = [line for line in lines if re.sub(r"\s", "", line) not in (title, *signature)]
    return Known(
        one["title"], one["issuer"], one["date"], one["document_number"], (*lines, *signature)
    )


def write_document(path: Path, known: Known, number: int) -> None:
    """Write an article as a Word document; ``number`` chooses its features."""
    centred = '<w:jc w:val="center"/>'
    first, _, rest = known.title.partition("关于")
    two = number % 3 == 0 and first and rest
    title = (first, f"关于{rest}") if two else (known.title,)
    body = "".join(paragraph(line, centred) for line in (*known.head, *title))
    numbers = _numbers(known.lines) if number % 2 == 0 else {}
    for place, line in enumerate(known.lines):
        if place == len(known.lines) - 2:
            body += _table()
        level, text = numbers.get(place, (None, line))
        note = '<w:r><w:footnoteReference w:id="2"/></w:r>' if place == 1 else ""
        body += paragraph(run(text) + note, level=level)
        if place == 2:
            body += paragraph(run(_HIDDEN, "<w:vanish/>"), "<w:rPr><w:vanish/></w:rPr>")
    page = "".join(
        f'<w:r><w:fldChar w:fldCharType="{kind}"/>{text}</w:r>'
        for kind, text in (("begin", "<w:instrText> PAGE </w:instrText>"), ("end", ""))
    )
    levels = "".join(
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="chineseCountingThousand"/>'
        f'<w:suff w:val="nothing"/><w:lvlText w:val="{text}"/></w:lvl>'
        for level, text in enumerate(("%1、", "（%2）"))
    )
    note = paragraph("<w:r><w:footnoteRef/></w:r>" + run(_NOTE))
    write_word(
        path,
        f'{body}<w:sectPr xmlns:r="{_OFFICE}"><w:headerReference w:type="default" r:id="rheader"/>'
        '<w:footerReference w:type="default" r:id="rfooter"/><w:pgSz w:w="11906" w:h="16838"/>'
        '<w:pgMar w:top="2000" w:bottom="2000" w:left="1600" w:right="1600" w:header="900" w:footer="900"/>'
        "</w:sectPr>",
        styles='<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/></w:style>',
        numbering=f'<w:abstractNum w:abstractNumId="7">{levels}</w:abstractNum><w:num w:numId="1">'
        '<w:abstractNumId w:val="7"/></w:num>',
        footnotes=f'<w:footnote w:id="2">{note}</w:footnote>',
        header=paragraph(_RUNNING, centred),
        footer=paragraph(f"{run('— ')}{page}{run(' —')}", centred),
    )


def _numbers(lines: Sequence[str]) -> dict[int, tuple[int, str]]:
    """The headings that Word would number as they are: their levels, and their texts without numbers."""
    counted, found = [0, 0], {}
    for place, line in enumerate(lines):
        for level, pattern in enumerate(_HEADINGS):
            if not (match := pattern.match(line)):
                continue
            counted = [counted[0] + 1, 0] if level == 0 else [counted[0], counted[1] + 1]
            if counted[level] > len(_NUMERALS) or match[1] != _NUMERALS[counted[level] - 1]:
                return {}
            found[place] = level, line[match.end() :]
    return found


def _table() -> str:
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="4"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    cell = '<w:tc><w:tcPr><w:tcW w:w="{}" w:type="dxa"/>{}</w:tcPr>{}</w:tc>'
    rows = cell.format(8000, '<w:gridSpan w:val="2"/>', paragraph(_ROWS[0][0])) + "</w:tr>"
    for row in _ROWS[1:]:
        rows += f"<w:tr>{''.join(cell.format(4000, '', paragraph(text)) for text in row)}</w:tr>"
    grid = '<w:tblGrid><w:gridCol w:w="4000"/><w:gridCol w:w="4000"/></w:tblGrid>'
    return f"<w:tbl><w:tblPr><w:tblBorders>{borders}</w:tblBorders></w:tblPr>{grid}<w:tr>{rows}</w:tbl>"


def page_of(known: Known, number: int) -> str:
    """An article as a page of a portal of one of three kinds."""
    text = "".join(f"<p>　　{escape(line)}</p>" for line in (*known.head, *known.lines, _NOTE))
    rows = "".join(
        "<tr>" + "".join(f"<td>{text}</td>" for text in row if text) + "</tr>" for row in _ROWS
    )
    block = (
        '<div class="TRS_Editor">{}</div>',
        "<form id=aspnetForm><table><tr><td><div class=nr>{}</div></td></tr></table></form>",
        '<div><div class="main-text-box">{}</div></div>',
    )[number % 3].format(f"{text}<table>{rows}</table><p style='display:none'>{_HIDDEN}</p>")
    menu = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in _MENU.split("　"))
    facts = f"发布时间：{known.date} 09:15　来源：县报　浏览次数：<span>88</span>"
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{known.title}_某县人民政府</title></head>'
        f"<body><div class=top><ul>{menu}</ul></div><div>当前位置：首页 &gt; 通知公告</div>"
        f"<h1>{known.title}</h1><div class=info>{facts}</div>{block}<div>{_TOOLS}</div><div>{_FOOT}</div>"
        "</body></html>"
    )


def write_files(folder: Path, articles: Sequence[Known]) -> None:
    """Write the Word documents and the web pages."""
    made = folder / "docx"
    made.mkdir(parents=True, exist_ok=True)
    pages = folder / "page"
    pages.mkdir(exist_ok=True)
    for number, known in enumerate(articles):
        write_document(made / f"{number:03}.docx", known, number)
        (pages / f"{number:03}.html").write_text(page_of(known, number), encoding="utf-8")


def convert_files(folder: Path) -> None:
    """Let LibreOffice make files of the other kinds that are not there."""
    for kind in _CONVERTED:
        _convert(folder / kind, kind, sorted((folder / "docx").glob("*.docx")))
    _convert(folder / "docx of LibreOffice", "docx", sorted((folder / "odt").glob("*.odt")))


def _convert(folder: Path, kind: str, sources: Sequence[Path]) -> None:
    missing = [one for one in sources if not (folder / one.with_suffix(f".{kind}").name).exists()]
    if not missing:
        return
    soffice = shutil.which("soffice")
    if soffice is None:
        raise SystemExit("no soffice on the PATH")
    profile = f"-env:UserInstallation={(folder.parent / 'profile').resolve().as_uri()}"
    form = "txt:Text (encoded):UTF8" if kind == "txt" else kind
    command = [
        soffice,
        profile,
        "--headless",
        "--norestore",
        "--convert-to",
        form,
        "--outdir",
        str(folder),
    ]
    subprocess.run([*command, *map(str, missing)], check=True, stdout=subprocess.DEVNULL)


def counted(kind: str, folder: Path, articles: Sequence[Known]) -> Count:
    """Read the files of a kind and compare them with what they were made of."""
    count = Count()
    for path in sorted(one for one in folder.iterdir() if one.stem.isdigit()):
        known = articles[int(path.stem)]
        (item,) = read_source(path, cleaning=Cleaning())
        count.files += 1
        seen = known.seen_in(kind, int(path.stem))
        count.seen += seen.total()
        if isinstance(item, Fault):
            count.wrong.append(f"{path.name}: {item.reason}")
            continue
        _compare(item, known, seen, count, path.name)
    return count


def _compare(article: Article, known: Known, seen: Counter[str], count: Count, name: str) -> None:
    derived = {one.field: one.value for one in metadata.find(article.title, article.body)}
    got = _characters(f"{article.title}\n{article.body}".replace("[1] ", ""))
    lost, more = seen - got, got - seen - _MARKS
    count.indexed += (seen & got).total()
    checks = {
        "title": (article.title, known.title),
        "date": (article.date or derived.get("written"), known.date),
        "issuer": (next(iter(article.issuers), derived.get("issuer")), known.issuer),
        "complete": ("".join(lost), ""),
        "clean": ("".join(more), ""),
    }
    for what, (found, right) in checks.items():
        count.right[what] += found == right
        if found != right:
            count.wrong.append(f"{name}: {what}: {found} instead of {right}")


def _characters(text: str) -> Counter[str]:
    return Counter("".join(text.split()))


def rows(counts: dict[str, Count]) -> Iterator[str]:
    """The table, as Markdown."""
    yield "| kind | files | title | date | issuer | complete | nothing else | characters seen | indexed |"
    yield "| --- " + "| ---: " * 8 + "|"
    for kind, one in counts.items():
        right = " | ".join(
            str(one.right[what]) for what in ("title", "date", "issuer", "complete", "clean")
        )
        yield f"| {kind} | {one.files} | {right} | {one.seen} | {one.indexed} |"


def main() -> None:
    """Write, read and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--articles", type=int, default=15)
    parser.add_argument(
        "--kinds", nargs="*", default=["docx", *_CONVERTED, "docx of LibreOffice", "page"]
    )
    options = parser.parse_args()
    articles = known_articles(options.articles)
    write_files(options.folder, articles)
    convert_files(options.folder)
    counts = {kind: counted(kind, options.folder / kind, articles) for kind in options.kinds}
    sys.stdout.write("\n".join([*rows(counts), ""]))
    for kind, count in counts.items():
        for line in count.wrong:
            sys.stderr.write(f"{kind}/{line}\n")


if __name__ == "__main__":
    main()
