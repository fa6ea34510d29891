"""Web pages as one article each: what a reader of the page reads, and nothing of the site around it."""

import time
from pathlib import Path

import pytest

from indexer.sources.files import read_source
from indexer.sources.page_parts import find_date
from search_service.intake.cleaning import Cleaning
from search_service.model import Article

TITLE = "青山镇关于做好春耕备耕的通知"
TEXT = ("各村：", "为做好春耕，现将有关事项通知如下。", "一、抓紧备耕，落实到田块；不误农时。")
PARAGRAPHS = "".join(f"<p>{line}</p>" for line in TEXT)
TOP = (
    '<div class="top"><a>网站首页</a><a>通知公告</a><a>无障碍</a></div>'
    "<div>当前位置：首页 &gt; 通知公告</div>"
)
INFO = "<div>发布时间：2024-03-05 09:15　来源：镇农办　浏览次数：88</div>"
FOOT = (
    "<div>【字体：大 中 小】【打印本页】【关闭窗口】分享到：微信 微博</div>"
    "<div>上一篇：防火通告 下一篇：招聘公告</div>"
    "<div>主办：青山镇人民政府 网站标识码：0000000001 某ICP备00000000号-1 网站地图</div>"
)


def article(path: Path, body: str, head: str = f"<title>{TITLE}_青山镇人民政府</title>") -> Article:
    """The article of a page."""
    path.write_text(
        f'<html><head><meta charset="utf-8">{head}</head><body>{body}</body></html>', "utf-8"
    )
    (item,) = read_source(path, cleaning=Cleaning())
    assert isinstance(item, Article), str(item)
    return item


@pytest.mark.parametrize(
    "block",
    [
        f'<div class="nobody-knows">{PARAGRAPHS}</div>',
        f'<div class="a"><div><div>{"<br>".join(TEXT)}</div></div></div>',
        f"<table><tr><td>　</td><td>{PARAGRAPHS}</td></tr></table>",
        f'<div class="TRS_Editor">{PARAGRAPHS}</div>',
        f'<div style="display:none" id="zoom">{PARAGRAPHS}</div>',
        "".join(f'<div class="TRS_Editor"><p>{line}</p></div>' for line in TEXT),
        "".join(f"<div>{line}</div>" for line in TEXT),
        f"<div><UCAPCONTENT>{PARAGRAPHS}</UCAPCONTENT></div>",
        f"<!--ZJEG_RSS.content.begin--><meta name='ContentStart'>{PARAGRAPHS}<!--ZJEG_RSS.content.end-->",
    ],
)
@pytest.mark.parametrize("heading", [f"<h1>{TITLE}</h1>", f'<div class="tit">{TITLE}</div>', ""])
def test_of_a_page_only_the_article_is_read(tmp_path: Path, block: str, heading: str) -> None:
    """Whatever contains it; title and date are those that the page shows."""
    hidden = (
        '<div style="color:red; DISPLAY: none">待审。不公开。</div><div hidden>草稿，勿发。</div>'
    )

    found = article(tmp_path / "a.html", f"{TOP}{hidden}{heading}{INFO}{block}{FOOT}")

    assert (found.title, found.date) == (TITLE, "2024-03-05")
    assert found.body.split("\n") == list(TEXT)


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        (f"<title>{TITLE}-青山镇人民政府</title>", "<h1>青山镇人民政府门户网站</h1>", TITLE),
        ("<title>青山镇人民政府门户网站</title>", f"<h3>通知公告</h3><h3>{TITLE}</h3>", TITLE),
        (f"<title>青山镇门户网站 通知公告 {TITLE}</title>", "", TITLE),
        (f"<title>通知公告 | {TITLE} | 青山镇政府网</title>", "", TITLE),
        (
            "<title>2021—2025年规划解读——青山镇政府网</title>",
            "<h2>2021—2025年规划解读</h2>",
            "2021—2025年规划解读",
        ),
        (f'<meta property="og:title" content="{TITLE}">', "", TITLE),
        (
            f'<title>网站</title><meta name="ArticleTitle" content="{TITLE}">',
            "<h1>某网</h1>",
            TITLE,
        ),
        ("<title>守住青山</title>", "<h1>青山镇政府网</h1>", "守住青山"),
    ],
)
def test_the_title_is_that_of_the_article(tmp_path: Path, head: str, body: str, title: str) -> None:
    """Not that of the site or of a column, in the headings or in the title of the page."""
    assert (
        article(tmp_path / "a.html", f"{body}<div id=zoom>{PARAGRAPHS}</div>", head).title == title
    )


def test_without_a_title_of_its_own_the_text_has_it(tmp_path: Path) -> None:
    """By the frame of a 公文, as in other files."""
    body = f"<div id=zoom><p>青山镇人民政府文件</p><p>青政发〔2024〕6号</p><p>{TITLE}</p>{PARAGRAPHS}</div>"

    found = article(tmp_path / "a.html", body, "<title>青山镇政府网</title>")

    assert found.title == TITLE
    assert found.body.split("\n") == ["青山镇人民政府文件", "青政发〔2024〕6号", *TEXT]


@pytest.mark.parametrize(
    "meta",
    [
        '<meta name="PubDate" content="2024-03-05 10:00">',
        '<meta property="article:published_time" content="2024-03-05T10:00:00+08:00">',
        '<meta itemprop="datePublished" content="2024年3月5日">',
        '<meta name="publishdate" content="20240305">',
        '<meta name="pubdate" content=""><meta name="DC.date.issued" content="2024-03-05">',
    ],
)
def test_dates_of_meta_tags(tmp_path: Path, meta: str) -> None:
    """Of every usual name."""
    page = f"<div>发布时间：2020-01-01</div><div id=zoom>{PARAGRAPHS}</div>"

    assert article(tmp_path / "a.html", page, meta).date == "2024-03-05"


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("索引号：1\n发布日期：2024年3月5日\n", "2024-03-05"),
        ("时间：2024-03-05　来源：镇农办", "2024-03-05"),
        ("2024/3/5 09:15  浏览：7次", "2024-03-05"),
        ("会议时间：2024-03-05", None),
        ("时间：2024年3月5日", None),
        ("发布时间：2024-13-05", None),
        ("据来源称，2024-03-05" + "以来" * 80, None),
    ],
)
def test_dates_that_a_page_shows(text: str, date: str | None) -> None:
    """With their label, or among the other facts of an article; the time of a meeting is none."""
    assert find_date(text) == date


@pytest.mark.parametrize(
    "author", ["信息发布员6", "104363", "admin", "网站管理员", "zhangsan@x.cn"]
)
def test_a_typist_is_no_author(tmp_path: Path, author: str) -> None:
    """Who entered the article in the system did not write it."""
    page = f"<div id=zoom>{PARAGRAPHS}</div>"

    assert (
        article(tmp_path / "a.html", page, f'<meta name="Author" content="{author}">').author
        is None
    )
    assert (
        article(tmp_path / "a.html", page, '<meta name="Author" content="林知远">').author
        == "林知远"
    )


def test_links_to_documents_are_attachments(tmp_path: Path) -> None:
    """Also outside the container of the text, each once; other links are not."""
    page = f"<div id=zoom>{PARAGRAPHS}<a href='f/1.docx'>名册</a></div><div>附件：<a href='f/1.docx'>又</a>"
    page += "<a href='/f/%E8%A1%A8.xlsx?v=1'></a><a href='b.html'>乙</a></div>"
    page += "<a href='javascript:x.doc'>丙</a>"

    found = article(tmp_path / "a.html", page)

    assert [(one.name, one.url) for one in found.attachments] == [
        ("名册", "f/1.docx"),
        ("表.xlsx", "/f/%E8%A1%A8.xlsx?v=1"),
    ]


def test_an_image_in_an_attribute_is_no_text(tmp_path: Path) -> None:
    """However long it is."""
    image = (
        f"<p><img src=\"data:image/png;base64,{'iVBORw0KGgo' * 3000}\" style='{'x:y;' * 2000}'></p>"
    )

    found = article(tmp_path / "a.html", f"<div id=zoom>{image}{PARAGRAPHS}</div>")

    assert found.body.split("\n") == list(TEXT)


def test_exports_of_ucap_are_read_by_its_tags(tmp_path: Path) -> None:
    """Title and date, too; what stands around them is no text."""
    body = (
        f"<h1><UCAPTITLE>{TITLE}</UCAPTITLE></h1>时间：<publishtime>2024-03-05 10:20</publishtime>"
        f"<UCAPCONTENT>{PARAGRAPHS}</UCAPCONTENT><p>更多内容。请看专栏。</p>"
    )

    found = article(tmp_path / "a.html", body, "<title>青山镇门户网站</title>")

    assert (found.title, found.date) == (TITLE, "2024-03-05")
    assert found.body.split("\n") == list(TEXT)


def test_a_mark_of_hanweb_without_its_end_is_none(tmp_path: Path) -> None:
    """The page is read like any other."""
    body = f"<div id='zoom'><!--ZJEG_RSS.content.begin-->{PARAGRAPHS}</div>{FOOT}"

    assert article(tmp_path / "a.html", body).body.split("\n") == list(TEXT)


def test_numbers_of_lists_are_text(tmp_path: Path) -> None:
    """A reader sees them: from where the list begins, each list by itself; not where a style hides them."""
    lists = (
        "<ol><li><p>防汛</p></li><li>抗旱<ol start='3'><li>巡查。</li><li></li><li>报告。</li></ol></li></ol>"
        "<ul><li>春耕</li></ul><ol style='list-style: none'><li>秋收</li></ol>"
        "<ol class='custom_cn list-paddingleft-1'><li>冬修</li></ol>"
    )

    found = article(tmp_path / "a.html", f'<div class="TRS_Editor">{PARAGRAPHS}{lists}</div>')

    shown = ["1. 防汛", "2. 抗旱", "3. 巡查。", "5. 报告。", "春耕", "秋收", "冬修"]
    assert found.body.split("\n")[len(TEXT) :] == shown


def test_pages_that_libreoffice_makes_have_no_heads_and_feet(tmp_path: Path) -> None:
    """Nor a field as text."""
    page = (
        "<div title='{}'><p>公报　第三期 — <sdfield type=PAGE subtype=RANDOM>2</sdfield></p></div>"
    )
    body = f"{page.format('header')}<p>{TITLE}</p>{PARAGRAPHS}{page.format('footer')}"

    found = article(tmp_path / "a.html", body, head="<title></title>")

    assert (found.title, found.body.split("\n")) == (TITLE, list(TEXT))


def test_headings_without_end_take_linear_time(tmp_path: Path) -> None:
    """Each contains all that follow: 8,000 of them took a minute."""
    start = time.process_time()

    found = article(
        tmp_path / "a.html", f"{PARAGRAPHS}" + "<h2 class='tit'>各村要抓紧备耕" * 20_000
    )

    assert time.process_time() - start < 20
    assert TEXT[1] in found.body
