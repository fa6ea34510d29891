"""A few files of every kind that the indexer reads, to be mutated. Entry point: :func:`write_starting_files`.

The texts are those of the sample; Word, PDF and workbooks are written by the other helpers here.
"""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from tests.support.pdf_files import Page, write_pdf
from tests.support.word_files import paragraph, run, write_word
from tests.support.workbook_files import write_workbook

_SAMPLE: Final = Path(__file__).parents[2] / "indexer" / "sample" / "corpus" / "governance.jsonl"
_ARTICLES: Final = 4
_LENGTH: Final = 900  # characters of each; longer files only take longer
_COLUMNS: Final = ("id", "title", "body", "date", "issuer", "document_number", "category")
_HEAD: Final = (
    '<meta charset="utf-8"><title>{title}_清源县人民政府</title><meta name="PubDate" content="{date}">'
    '<meta name="ColumnName" content="{category}"><meta property="og:title" content="{title}">'
)
_INFO: Final = "<div>发布时间：{date} 09:15　来源：{issuer}　浏览次数：88</div>"
_MENU: Final = '<div><a href="/">首页</a><a href="/a">公开</a><a href="/b">互动</a></div>'
_TABLE: Final = (
    '<table><tr><th rowspan="2">单位</th><th colspan="2">任务</th></tr><tr><td>甲</td><td>乙</td></tr>'
    "</table>"
    '<p>附件：<a href="/f/1.docx">清单.docx</a></p>'
)


def write_starting_files(folder: Path) -> None:
    """Write ``KIND-NUMBER.KIND`` for every kind of file."""
    articles = [_short(json.loads(line)) for line in _SAMPLE.read_text("utf-8").splitlines()]
    for kind, write in _KINDS.items():
        for number, data in enumerate(write(folder, articles[:_ARTICLES])):
            Path(folder, f"{kind}-{number}.{kind}").write_bytes(data)


def _short(article: dict[str, Any]) -> dict[str, Any]:
    return {name: article.get(name, "") for name in _COLUMNS} | {"body": article["body"][:_LENGTH]}


def _texts(_: Path, articles: list[dict[str, Any]]) -> Iterable[bytes]:
    for article, codec in zip(articles, ("utf-8", "gb18030", "utf-16", "utf-8-sig"), strict=True):
        lines = [article["title"], f"发文字号：{article['document_number']}", article["body"]]
        yield "\n".join(lines).encode(codec)
    body = articles[0]["body"].replace("，", "，\n")
    yield f"标题：{articles[0]['title']}\n来源：本县\n发布日期：2024-03-05\n\n{body}".encode()


def _markdown(_: Path, articles: list[dict[str, Any]]) -> Iterable[bytes]:
    fields = "\n".join(f"{name}: {articles[0][name]}" for name in _COLUMNS[3:])
    head = f"---\n{fields}\ntags: [党建, '三农']\n---"
    yield f"{head}\n# {articles[0]['title']}\n{articles[0]['body']}".encode()
    yield f'+++\ntitle = "{articles[1]["title"]}"\ndate = 2024-03-05\n+++\n{articles[1]["body"]}'.encode()
    rows = (
        "| **单位** | 任务 |\n|---|:-:|\n| 水利局 | __防汛__ |\n\n"
        "![图](a.png)<b>见图</b>[x](./x.md)`第3号`"
    )
    yield f"# {articles[2]['title']}\n\n{rows}\n\n{articles[2]['body']}".encode()


def _pages(_: Path, articles: list[dict[str, Any]]) -> Iterable[bytes]:
    blocks = (
        '<div class="TRS_Editor">{}</div>',
        "<form><div><div>{}</div></div></form>",
        "<UCAPTITLE>甲</UCAPTITLE><UCAPCONTENT>{}</UCAPCONTENT><publishtime>2024-03-05</publishtime>",
        "<!--ZJEG_RSS.content.begin-->{}<!--ZJEG_RSS.content.end--><div hidden>草稿</div>",
    )
    for article, block in zip(articles, blocks, strict=True):
        text = "".join(f"<p>{escape(line)}</p>" for line in article["body"].split("\n"))
        body = f"{_MENU}<h1>{article['title']}</h1>{_INFO.format(**article)}{block.format(text + _TABLE)}"
        head = _HEAD.format(**article)
        yield f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode()


def _tables(_: Path, articles: list[dict[str, Any]]) -> Iterable[bytes]:
    for codec, delimiter in (("utf-8-sig", ","), ("gb18030", "\t"), ("utf-16", ";")):
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter)
        writer.writerow(("编号", "标题", "正文", "发布日期", "发文机关", "文号", "分类"))
        writer.writerows([one[name] for name in _COLUMNS] for one in articles)
        yield text.getvalue().encode(codec)
    yield (
        "清源县文件汇总表,,\n"
        + '1,"关于\\"防火\\"的通知",NULL,\\N\n' * 3
        + "标题,正文,发布时间\n甲,文,1709600000\n"
    ).encode()


def _lines(_: Path, articles: list[dict[str, Any]]) -> Iterable[bytes]:
    yield "\n".join(json.dumps(one, ensure_ascii=False) for one in articles).encode()
    yield "\n".join(
        json.dumps(
            {**one, "preview": one["body"][:9], "attachments": [{"name": "清单", "url": "a.pdf"}]}
        )
        for one in articles
    ).encode()


def _arrays(_: Path, articles: list[dict[str, Any]]) -> Iterable[bytes]:
    yield json.dumps(articles, ensure_ascii=False, indent=1).encode()
    yield json.dumps({"code": 0, "data": {"list": articles}}).encode()


def _lists(_: Path, articles: list[dict[str, Any]]) -> Iterable[bytes]:
    def items(name: str, names: Iterable[str]) -> str:
        return "".join(
            f"<{name}>{''.join(f'<{key}>{escape(one[key])}</{key}>' for key in names)}</{name}>"
            for one in articles
        )

    yield f'<?xml version="1.0"?>\n<a:l xmlns:a="x">{items("a:i", _COLUMNS)}</a:l>'.encode()
    feed = items("item", ("title", "body", "date"))
    last = '<item x="1"><![CDATA[<p>]]></item>'
    yield f"<rss><channel><title>某网</title><!-- x -->{feed}{last}</channel></rss>".encode()


def _workbooks(folder: Path, articles: list[dict[str, Any]]) -> Iterable[bytes]:
    header: list[object] = ["编号", "文件名称", "内容", "发布日期"]
    rows: list[list[object]] = [[one["id"], one["title"], one["body"], 45356] for one in articles]
    book: dict[str, list[list[object]]] = {
        "一": [["汇总表", None, None, None], header, *rows],
        "二": [header, [7, "甲", "文", "3月"]],
    }
    yield write_workbook(folder / "made", book, hidden="二").read_bytes()


def _documents(folder: Path, articles: list[dict[str, Any]]) -> Iterable[bytes]:
    level = '<w:lvl w:ilvl="{}"><w:start w:val="1"/><w:numFmt w:val="{}"/><w:lvlText w:val="{}"/></w:lvl>'
    levels = level.format(0, "chineseCountingThousand", "第%1条") + level.format(
        1, "decimal", "（%1.%2）"
    )
    numbering = (
        f'<w:abstractNum w:abstractNumId="7">{levels}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
    )
    cell = "<w:tc><w:tcPr>{}</w:tcPr>{}</w:tc>"
    wide = cell.format('<w:gridSpan w:val="2"/>', paragraph("任务"))
    low = cell.format("<w:vMerge/>", paragraph("甲"))
    table = f"<w:tbl><w:tr>{wide}</w:tr><w:tr>{low * 2}</w:tr></w:tbl>"
    note = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    field = "".join(
        f'<w:r><w:fldChar w:fldCharType="{kind}"/><w:instrText> EQ \\o(甲,乙) </w:instrText></w:r>'
        for kind in ("begin", "separate", "end")
    )
    box = "<w:txbxContent>{}</w:txbxContent>"
    box = f"<w:r><w:pict><v:shape><v:textbox>{box}</v:textbox></v:shape></w:pict></w:r>"
    special = (
        paragraph(run("密", "<w:vanish/>") + field + note + box.format(paragraph("框")))
        + '<w:p><w:ins w:id="1"><w:r><w:t>增</w:t></w:r></w:ins>'
        '<w:del w:id="2"><w:r><w:t>删</w:t></w:r></w:del></w:p>'
        "<w:p><m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num>"
        "<m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
        '</m:oMath><w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r></w:p>'
    )
    for article in articles[:2]:
        body = paragraph(article["title"], '<w:pStyle w:val="T"/><w:jc w:val="center"/>') + "".join(
            paragraph(line, level=number % 2 if number > 2 else None)
            for number, line in enumerate(article["body"].split("\n"))
        )
        yield write_word(
            folder / "made",
            body + table + special,
            numbering=numbering,
            styles='<w:style w:styleId="T"><w:name w:val="Title"/><w:basedOn w:val="T"/></w:style>',
            footnotes=f'<w:footnote w:id="2">{paragraph("注")}</w:footnote>',
            header=paragraph("清政发〔2024〕3号"),
        ).read_bytes()


def _pdfs(folder: Path, articles: list[dict[str, Any]]) -> Iterable[bytes]:
    one, two, three = Page(), Page(), Page(picture=True)
    one.write(200, 800, articles[0]["title"][:20], 22)
    one.lines("\n".join(articles[0]["body"].split("\n")[:8]), y=760)
    for x in (80, 250, 500):
        two.rule(x, 600, x, 700)
    for y in (600, 650, 700):
        two.rule(80, y, 500, y)
        two.write(90, y - 30, "单位")
        two.write(260, y - 30, "任务 3.5")
    two.lines("各村抓紧备耕。" * 9, y=500)
    two.write(100, 100, "askew", matrix="0.7 0.7 -0.7 0.7")
    yield write_pdf(folder / "made", one, two).read_bytes()
    three.lines(articles[1]["body"][:300])
    yield write_pdf(folder / "made", three, content="\n".join(one.drawing).encode()).read_bytes()


def _archives(folder: Path, articles: list[dict[str, Any]]) -> Iterable[bytes]:
    text = f"{articles[0]['title']}\n{articles[0]['body']}".encode()
    for last in (b"member", b"public"):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("通知/a.txt", text)
            archive.writestr("通知/b.md", next(iter(_markdown(folder, articles))))
            archive.writestr("b.docx", next(iter(_documents(folder, articles))))
            archive.writestr("b.html", next(iter(_pages(folder, articles))))
            archive.writestr("表.jsonl.gz", gzip.compress(next(iter(_lines(folder, articles)))))
            archive.writestr("__MACOSX/._b.txt", b"\0")
            archive.writestr("通知/audience.txt", last)
        yield made.getvalue()


_Writer = Callable[[Path, list[dict[str, Any]]], Iterable[bytes]]
_KINDS: Final[dict[str, _Writer]] = {
    "txt": _texts,
    "md": _markdown,
    "html": _pages,
    "csv": _tables,
    "jsonl": _lines,
    "json": _arrays,
    "xml": _lists,
    "xlsx": _workbooks,
    "docx": _documents,
    "pdf": _pdfs,
    "zip": _archives,
}
KINDS: Final = tuple(_KINDS)
