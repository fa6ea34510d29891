"""Text, Markdown, HTML and Word files as one article each."""

import zipfile
from pathlib import Path

import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, nsmap

from indexer.sources.files import Fault, read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article, Audience

LEAD = "为进一步规范村级财务管理，根据上级要求，结合我镇实际，制定本方案。"


def only(path: Path) -> Article:
    """The one article of a file."""
    (item,) = read_source(path, cleaning=Cleaning())
    assert isinstance(item, Article), str(item)
    return item


def fault(path: Path) -> Fault:
    """The one fault of a file."""
    (item,) = read_source(path, cleaning=Cleaning())
    assert isinstance(item, Fault)
    return item


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_text_has_its_title_in_the_first_line(tmp_path: Path, encoding: str) -> None:
    """The rest is the body, the name of the file the id."""
    path = tmp_path / "村账镇管.txt"
    path.write_bytes(f"\n　　村账镇管工作方案\n\n　　{LEAD}\n　　一、目标\n".encode(encoding))

    article = only(path)

    assert (article.id, article.title) == ("村账镇管", "村账镇管工作方案")
    assert article.body == f"{LEAD}\n一、目标"


@pytest.mark.parametrize("text", [LEAD, f"{LEAD * 4}\n一、目标"])
def test_a_text_without_a_title_line_is_named_by_its_file(tmp_path: Path, text: str) -> None:
    """A single line is the body, and so is a first line too long for a title."""
    path = tmp_path / "方案.txt"
    path.write_text(text, encoding="utf-8")

    article = only(path)

    assert (article.title, article.body) == ("方案", text)


def test_an_undecodable_text_is_a_fault_with_the_offset(tmp_path: Path) -> None:
    """One broken byte in a file of one article makes it a fault."""
    path = tmp_path / "坏.txt"
    path.write_bytes(LEAD.encode() + b"\xff" + LEAD.encode())

    assert f" {len(LEAD.encode())} " in fault(path).reason
    assert fault(path).place == f"{path}:1"


@pytest.mark.parametrize(
    "dump",
    [
        "INSERT INTO `archives` VALUES('1','关于防火的通知');\n",
        "-- 备份\n/*!40101 SET NAMES utf8 */;\nSET time_zone = '+8:00';\n\nDROP TABLE IF EXISTS `a`;\n",
        "\n\ncreate table news (id int);\n",
    ],
)
def test_a_dump_of_a_database_is_no_text(tmp_path: Path, dump: str) -> None:
    """As a .txt file it would be published as an article; the fault names the remedy."""
    path = tmp_path / "a.txt"
    path.write_text(dump, encoding="utf-8")

    assert ".jsonl" in fault(path).reason
    path.write_text(f"{' ' * 5000}\n# {LEAD}\nSET 的含义\n{LEAD}", encoding="utf-8")
    assert only(path).body


def test_an_empty_file_is_a_fault(tmp_path: Path) -> None:
    """The file has no article."""
    (tmp_path / "空.txt").write_bytes(b"")

    assert "body" in fault(tmp_path / "空.txt").reason


def test_markdown_takes_its_fields_from_the_front_matter(tmp_path: Path) -> None:
    """English or Chinese names and colons; quotes are removed; other fields are kept."""
    path = tmp_path / "a.md"
    path.write_text(
        '---\nid: M-17\ntitle: "村账镇管: 工作方案"\n# 注\n文号：青政发〔2024〕6号\ndate: 2024年3月5日\n'
        "free_length: 6\nregion: '青山'\nurl: https://example.gov.cn/a?b=c\nauthor:\n---\n"
        f"# 村账镇管：工作方案\n\n{LEAD}\n\n## 一、目标\n",
        encoding="utf-8",
    )

    article = only(path)

    assert (article.id, article.title, article.date) == ("M-17", "村账镇管: 工作方案", "2024-03-05")
    assert (article.document_number, article.author) == ("青政发〔2024〕6号", None)
    assert article.url == "https://example.gov.cn/a?b=c"
    assert article.extra == {"region": "青山"}
    assert article.body == f"{LEAD}\n\n## 一、目标"
    assert article.preview == LEAD[:6]


def test_markdown_without_front_matter_has_its_title_in_the_heading(tmp_path: Path) -> None:
    """The first heading, otherwise the first line."""
    (tmp_path / "a.md").write_text(f"# 村账镇管 #\n{LEAD}\n---\n落款", encoding="utf-8")
    (tmp_path / "b.markdown").write_text(f"村账镇管\n{LEAD}", encoding="utf-8")

    assert (only(tmp_path / "a.md").title, only(tmp_path / "a.md").body) == (
        "村账镇管",
        f"{LEAD}\n---\n落款",
    )
    assert only(tmp_path / "b.markdown").title == "村账镇管"


def test_markdown_inside_a_line_is_no_text(tmp_path: Path) -> None:
    """Emphasis, links, code and escapes; what begins a line, and signs that mean themselves, stay."""
    path = tmp_path / "a.md"
    path.write_text(
        "# 春耕**意见**\n\n坚持**人民至上**，把群众*急难愁盼*办好，\n见[实施方案](./x.md)与`第3号`。\n\n"
        "1. 面积为 3 * 4 * 5 亩\n2. ~~旧~~新\\*注\n\n## 二、要求\n\n| **单位** | 任务 |\n|---|---|\n"
        "| 水利局 | __防汛__ |\n\n![图](a.png)<b>见图</b>\n\n**一是抓早。**各村**“两不”**到位",
        encoding="utf-8",
    )

    article = only(path)

    assert article.title == "春耕意见"
    assert article.body.split("\n") == [
        "坚持人民至上，把群众急难愁盼办好，", "见实施方案与第3号。", "",
        "1. 面积为 3 * 4 * 5 亩", "2. 旧新*注", "", "## 二、要求", "",
        "单位\t任务", "水利局\t防汛", "", "图见图", "", "一是抓早。各村“两不”到位",
    ]  # fmt: skip


def test_front_matter_is_read_as_it_is_written(tmp_path: Path) -> None:
    """Lists and blocks of YAML; dates, numbers and words of YAML remain text; null is nothing."""
    path = tmp_path / "a.md"
    path.write_text(
        "---\nid: 007\ntitle: 村账镇管\ndate: 2024-03-05\nauthor: null\nkind:\t通知\n"
        "tags: [党建, '三农']\ncategories:\n- 财务\n- 2024\n公开：yes\n批次: 1_000\n"
        "备注: |\n  第一行\n  第二行\n---\n" + LEAD,
        encoding="utf-8",
    )

    article = only(path)

    assert (article.id, article.date, article.author) == ("007", "2024-03-05", None)
    assert article.kind == "通知"
    assert article.extra == {
        "tags": ["党建", "三农"],
        "categories": ["财务", "2024"],
        "公开": "yes",
        "批次": "1_000",
        "备注": "第一行\n第二行\n",
    }


def test_front_matter_may_be_toml(tmp_path: Path) -> None:
    """As Hugo writes it; it protects, too, at any depth."""
    path = tmp_path / "a.md"
    head = '+++\ntitle = "村账镇管"\ndate = 2024-03-05T08:00:00+08:00\ntags = ["党建"]\n'
    path.write_text(f'{head}audience = "member"\n+++\n{LEAD}', encoding="utf-8")
    article = only(path)
    assert (article.title, article.date, article.body) == ("村账镇管", "2024-03-05", LEAD)
    assert article.audience is Audience.MEMBER
    assert article.extra == {"tags": ["党建"]}

    path.write_text(f'{head}[params]\naudience = "member"\n+++\n{LEAD}', encoding="utf-8")
    assert "audience" in fault(path).reason


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("title: 村账: 镇管", "2"),
        ("title: 甲\n文号: [2024]6号", "3"),
        ("title: 甲\ntags:\n  - [党建", "5"),
        ("只有一行字", "2"),
        ("title: &x 甲\nother: *x", "2"),
        ("title: 甲\nother: " + "[" * 3000, ""),
        ("title: 甲\nother: " + "[" * 30 + "]" * 30, "3"),
        ("title: \x01", ""),
        ("title: 甲\n" + "x: y\n" * 20_000, ""),
        ("title: 甲\n" + "".join(f"x{n}: y\n" for n in range(1001)), "1002"),
    ],
)
def test_bad_front_matter_is_a_fault_of_its_file(tmp_path: Path, head: str, line: str) -> None:
    """The line is named; the files beside it are read."""
    (tmp_path / "a.md").write_text(f"---\n{head}\n---\n{LEAD}", encoding="utf-8")
    (tmp_path / "b.md").write_text(f"---\ntitle: 乙\n---\n{LEAD}", encoding="utf-8")
    bad, good = fault(tmp_path / "a.md"), only(tmp_path / "b.md")
    assert line in bad.reason
    assert good.title == "乙"


def test_bad_toml_is_a_fault_of_its_file(tmp_path: Path) -> None:
    """With the line in the file."""
    path = tmp_path / "a.md"
    path.write_text(f'+++\ntitle = "甲"\ndate = \n+++\n{LEAD}', encoding="utf-8")
    assert "line 3" in fault(path).reason


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("declared", ["utf-8", "gb2312", "iso-8859-1"])
def test_a_page_with_any_declared_charset_is_decoded(
    tmp_path: Path, encoding: str, declared: str
) -> None:
    """Title from h1, the article from its container, without navigation, footer and scripts."""
    path = tmp_path / "t2024.html"
    page = (
        f'<!DOCTYPE html><html><head><meta charset="{declared}"><title>村账镇管方案_青山镇人民政府</title>'
        "<style>p{color:red}</style></head><body><nav>首页 &gt; 政务公开</nav><h1>村账镇管\n工作方案</h1>"
        f'<div class="TRS_Editor"><p>　　{LEAD}</p><script>if (a<b) go("<p>");</script>'
        "<table><tr><th>村名</th><th>金额</th></tr><tr><td>柳河</td><td><p>3.5万元</p></td></tr></table></div>"
        "<footer>主办：青山镇人民政府</footer></body></html>"
    )
    path.write_bytes(page.encode(encoding))

    article = only(path)

    assert (article.id, article.title) == ("t2024", "村账镇管 工作方案")
    assert article.body == f"{LEAD}\n村名\t金额\n柳河\t3.5万元"


@pytest.mark.parametrize("name", ["audience", "Audience", "audiance", "受众"])
def test_a_meta_tag_that_protects_is_not_ignored(tmp_path: Path, name: str) -> None:
    """A page with an audience is for that audience or, if the name is misspelt, for nobody."""
    page = f'<html><head><title>内部通报</title><meta name="{name}" content="staff"></head>'
    (tmp_path / "a.html").write_text(f"{page}<body><p>只供工作人员。</p></body>", encoding="utf-8")

    [item] = read_source(tmp_path, cleaning=Cleaning())

    if name == "audiance":
        assert isinstance(item, Fault)
        assert "audience" in item.reason
    else:
        assert isinstance(item, Article)
        assert item.audience is Audience.STAFF


def test_meta_tags_of_government_sites_are_fields(tmp_path: Path) -> None:
    """ArticleTitle, PubDate, ColumnName, Author, Url; an empty one is ignored."""
    path = tmp_path / "a.htm"
    path.write_text(
        '<html><head><title>青山镇</title><meta name="ArticleTitle" content="村账镇管方案">'
        '<meta name="PubDate" content="2024-03-05 10:20"><meta name="ColumnName" content="政策文件">'
        '<meta name="Author" content=""><meta name="Url" content="javascript:void(0)"></head>'
        f"<body><form id=aspnetForm><div id=zoom>{LEAD}</div></form></body></html>",
        encoding="utf-8",
    )

    article = only(path)

    assert (article.title, article.date, article.category) == (
        "村账镇管方案",
        "2024-03-05",
        "政策文件",
    )
    assert (article.author, article.url, article.body) == (None, None, LEAD)


def test_a_page_without_title_or_body(tmp_path: Path) -> None:
    """Titled by its file if it has text; a fault if it has none."""
    (tmp_path / "简报.html").write_text(f"{LEAD}<br>落款", encoding="utf-8")
    (tmp_path / "空.html").write_text(
        "<html><body><script>x</script></body></html>", encoding="utf-8"
    )

    assert only(tmp_path / "简报.html").title == "简报"
    assert only(tmp_path / "简报.html").body == f"{LEAD}\n落款"
    assert "body" in fault(tmp_path / "空.html").reason


def test_a_word_document_is_read_in_its_order(tmp_path: Path) -> None:
    """Paragraphs and tables in document order; the title by its style."""
    path = tmp_path / "方案.docx"
    document = Document()
    document.add_paragraph("青政发〔2024〕6号")
    document.add_paragraph("村账镇管工作方案", style="Title")
    document.add_paragraph(LEAD)
    table = document.add_table(rows=2, cols=3)
    for cell, text in zip(table.rows[0].cells, ["村名", "金额\n（万元）", "备注"], strict=True):
        cell.text = text
    table.rows[1].cells[0].merge(table.rows[1].cells[1]).text = "柳河 3.5"
    document.add_heading("一、工作目标", level=2)
    document.add_paragraph("账款\t相符")
    document.save(str(path))

    article = only(path)

    assert (article.id, article.title) == ("方案", "村账镇管工作方案")
    expected = [
        "青政发〔2024〕6号",
        LEAD,
        "村名\t金额 （万元）\t备注",
        "柳河 3.5\t\u3000\t\u3000",
        "一、工作目标",
        "账款\t相符",
    ]
    assert article.body.split("\n") == expected


@pytest.mark.parametrize(
    "head",
    [
        "---\naudience: member\n",
        "---\ntitle: 预案\n受众：会员\n...\n",
        "\n---\npreview: 各村\n---\n",
        "---yaml\nfree_lenght: 3\n---\n",
        '+++\naudience = "member"\n',
        '\n+++\naudience = "member"\n+++\n',
    ],
)
def test_malformed_front_matter_publishes_nothing(tmp_path: Path, head: str) -> None:
    """With a protecting field it is a fault; otherwise it is text, like a horizontal rule of ---."""
    path = tmp_path / "a.md"
    path.write_text(head + LEAD, encoding="utf-8")
    assert "---" in fault(path).reason

    path.write_text("---\n地区：柳河\n" + LEAD, encoding="utf-8")
    assert LEAD in only(path).body


@pytest.mark.parametrize(
    "root", ["<a/>", "<w:document xmlns:w='{}'/>", "<w:body xmlns:w='{}'><w:p/></w:body>"]
)
def test_a_word_document_without_a_body_is_a_fault(tmp_path: Path, root: str) -> None:
    """Another root element, or an empty one: a fault, and the next file is read."""
    whole, path = tmp_path / "b.docx", tmp_path / "a.docx"
    document = Document()
    document.add_paragraph(LEAD)
    document.save(str(whole))
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            other = root.format(nsmap["w"]) if name == "word/document.xml" else source.read(name)
            target.writestr(name, other)

    bad, good = read_source(tmp_path, cleaning=Cleaning())

    assert isinstance(bad, Fault)
    assert ".docx" in bad.reason
    assert isinstance(good, Article)


def test_nested_tables_are_read_once(tmp_path: Path) -> None:
    """What contains a table is page layout: its paragraphs are lines. 30 nested tables take no time."""
    path = tmp_path / "表.docx"
    document = Document()
    document.add_paragraph("村账镇管工作方案")
    cell = document.add_table(rows=1, cols=1).cell(0, 0)
    for depth in range(30):
        cell.text = f"第{depth}层"
        cell = cell.add_table(rows=1, cols=1).cell(0, 0)
    document.save(str(path))

    assert only(path).body == "\n".join(f"第{depth}层" for depth in range(30))


def test_merged_cells_of_word_stand_once(tmp_path: Path) -> None:
    """A cell over two rows: the place below it is empty, so that the columns keep their places."""
    path = tmp_path / "表.docx"
    document = Document()
    document.add_paragraph("任务清单")
    table = document.add_table(rows=3, cols=2)
    for row, texts in zip(
        table.rows, (("单位", "任务"), ("民政局", "低保"), ("", "养老")), strict=True
    ):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    document.save(str(path))

    assert only(path).body == "单位\t任务\n民政局\t低保\n\u3000\t养老"


def test_insertions_count_and_deletions_do_not(tmp_path: Path) -> None:
    """A document with tracked changes and content controls reads as if all were accepted."""
    path = tmp_path / "修订.docx"
    document = Document()
    document.core_properties.author = "微软用户"
    document.add_paragraph("修订稿")
    paragraph = document.add_paragraph("账款")
    run = '<w:r><w:t xml:space="preserve">{}</w:t></w:r>'
    for xml in (
        f'<w:ins {nsdecls("w")} w:id="1" w:author="a">{run.format("必须")}</w:ins>',
        f'<w:del {nsdecls("w")} w:id="2" w:author="a"><w:r><w:delText>应当</w:delText></w:r></w:del>',
        f"<w:sdt {nsdecls('w')}><w:sdtContent>{run.format('相符')}</w:sdtContent></w:sdt>",
    ):
        paragraph._p.append(parse_xml(xml))
    document.save(str(path))

    article = only(path)

    assert (article.title, article.body, article.author) == ("修订稿", "账款必须相符", None)


def test_an_unstyled_word_document_has_its_title_in_the_first_line(tmp_path: Path) -> None:
    """Author and date of the template are ignored."""
    path = tmp_path / "a.docx"
    document = Document()
    document.add_paragraph("村账镇管工作方案")
    document.add_paragraph(LEAD)
    document.save(str(path))

    article = only(path)

    assert (article.title, article.body) == ("村账镇管工作方案", LEAD)
    assert (article.author, article.date) == (None, None)


@pytest.mark.parametrize(
    "data", [b"", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), b"PK\x03\x04broken"]
)
def test_a_file_that_is_no_word_document_is_a_fault(tmp_path: Path, data: bytes) -> None:
    """A renamed .doc, an encrypted or a broken file: the fault names the remedy."""
    path = tmp_path / "a.docx"
    path.write_bytes(data)

    assert ".docx" in fault(path).reason
