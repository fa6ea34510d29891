"""The parts of a web page: title, date, article, attachments. Entry points: :func:`find_title`,
:func:`find_date`, :func:`find_attachments`, :func:`densest`, :func:`menus`, :func:`without_furniture`.

Judged by what a reader sees, for pages whose containers are not known (ADR 0031).
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Final, cast
from urllib.parse import unquote, urlsplit

from lxml import etree

from analyzers.document_title import ends_like_title
from search_service.intake import fields

_MAX_TITLE: Final = 200  # characters
_MIN_TITLE: Final = 4
_MIN_OWN_TITLE: Final = 8  # of a heading that nothing confirms; 通知公告 names a column
# What names a site or a column, not an article.
_SITE: Final = re.compile(
    r"(?!.*关于).*(?:网站?|门户|平台|官网|频道|政务|[省市县区州旗镇乡]人民?政府|首页|委员会|办公[厅室]|[厅局])"
)
_STRONG_SEPARATOR: Final = re.compile(r"\s*[_|｜]\s*|\s+[-–—]+\s*|\s*[-–—]+\s+|[-–—]+(?=[^-–—]*$)")
_DAY: Final = r"((?:19|20)[0-9]{2}\s*[-/.年]\s*[0-9]{1,2}\s*[-/.月]\s*[0-9]{1,2})"
_LABELLED_DATE: Final = re.compile(
    rf"(?:发布|发文|发表|公布|成文|印发|更新)(?:时间|日期)\s*[:：]\s*{_DAY}"
)
# Among the other facts of an article, the date may have no label, or one that a meeting's has, too.
_FACTS: Final = re.compile(r"来源|浏览|点击|阅读|字体|字号|作者|访问")
_BARE_DATE: Final = re.compile(rf"(?:^|(?:日\s*期|时\s*间)\s*[:：]|[\s|】\]）)]){_DAY}")
_MAX_FACTS: Final = 150  # characters
_ENDS_OF_SENTENCES: Final = re.compile("[，。；！？]")
_MOST: Final = 0.9  # of the marks of a page: what its article has
_MIN_MARKS: Final = 2
_FILE: Final = re.compile(
    r"\.(?:docx?|xlsx?|pptx?|pdf|wps|et|dps|ofd|ceb|zip|rar|7z|txt|rtf)$", re.IGNORECASE
)
_MAX_ATTACHMENTS: Final = 200
# Lines of a page that belong to no article: tools, the way to the page, its facts, its foot.
_TOOL: Final = (
    r"字体|字号|大|中|小|特大|默认|打印(?:本页|此页|文章)?|关闭(?:窗口|本页)?|分享(?:到|至)?|微信|微博|QQ(?:空间)?|朋友圈"
    r"|收藏|复制链接|纠错|返回顶部|返回|语音播报|朗读|下载|扫一扫[^。]{0,20}|首页|网站首页|长者(?:专区|模式|版)|无障碍(?:阅读|浏览)?"
    r"|登录|注册|繁体|简体|English|EN"
)
_FURNITURE: Final = re.compile(
    rf"(?:[\s【】\[\]()（）:：|丨/·,，AaT+-]*+(?:{_TOOL}))+[\s【】\[\]()（）:：|丨/·,，AaT+-]*"
    r"|(?:您?(?:现在|当前)?(?:所在)?的?位置|上一[篇条页]|下一[篇条页]|相关(?:链接|阅读|文章)|热门\w{0,4})\s*(?:[:：][^。]{0,200})?"
    r"|(?:发布|发文|发表|更新)(?:时间|日期)\s*[:：][^。]{0,150}"
    r"|(?:来源|信息来源|作者|浏览次数|点击数|访问量|责任编辑)\s*[:：][^。]{0,100}"
    r"|[^。]{0,80}(?:网站标识码|ICP备|公网安备|版权所有|网站地图|技术支持|Copyright)[^。]{0,150}",
    re.IGNORECASE,
)


def elements(root: etree._Element, path: str) -> list[etree._Element]:
    """The elements that a path selects; all paths here select elements."""
    return cast("list[etree._Element]", root.xpath(path))


def flat(element: etree._Element, *, limit: int = 0) -> str:
    """The text of an element in one line; empty if it has more than ``limit`` characters, if that is given.

    A heading that does not end contains the rest of the page, and so does the next one in it.
    """
    pieces, length = [], 0
    for piece in element.itertext():
        pieces.append(str(piece))
        length += len(pieces[-1].strip())
        if limit and length > limit:
            return ""
    return " ".join("".join(pieces).split())


def find_title(root: etree._Element) -> str:
    """The title of the article: a heading that the page's title repeats, or a part of that; else empty."""
    pages = [text for one in elements(root, "//title") if (text := flat(one))][:1]
    pages += [
        content
        for one in elements(root, "//meta[@property='og:title']")
        if (content := one.get("content"))
    ]
    bare = re.sub(r"\s", "", "\n".join(pages))
    headings = list(_headings(root))
    for text in headings:
        if re.sub(r"\s", "", text) in bare and not _SITE.fullmatch(text):
            return text
    firsts = [text for one in elements(root, "//h1[not(ancestor::h1)]") if (text := flat(one))]
    if len(firsts) == 1 and not _SITE.fullmatch(firsts[0]):
        return firsts[0]
    for text in headings:
        if len(text) >= _MIN_OWN_TITLE and ends_like_title(text):
            return text
    return next(filter(None, map(_part_of, pages)), "")


def _headings(root: etree._Element) -> Iterator[str]:
    """The texts of headings, in their order."""
    named = "//*[contains(@class, 'tit') or contains(@class, 'Tit') or contains(@id, 'tit')]"
    for element in elements(root, f"//h1 | //h2 | //h3 | {named}"):
        text = flat(element, limit=_MAX_TITLE)
        if element.tag not in ("title", "html", "body") and _MIN_TITLE <= len(text) <= _MAX_TITLE:
            yield text


def _part_of(page: str) -> str:
    """The part of a page's title that names the article, without site and column."""
    parts = [part for part in _STRONG_SEPARATOR.split(page) if part]
    if (
        len(parts) > 1
        and not any(map(_SITE.fullmatch, parts))
        and not any(map(ends_like_title, parts))
    ):
        return page
    own = [part for part in parts if not _SITE.fullmatch(part)]
    part = max(filter(ends_like_title, own), key=len, default=max(own, key=len, default=""))
    words = part.split()
    if any(map(_SITE.fullmatch, words)):
        words = [word for word in words if not _SITE.fullmatch(word)]
        about = [word for word in words if "关于" in word and ends_like_title(word)]
        return about[0] if about else " ".join(words)
    return part


def find_date(text: str) -> str | None:
    """The date that a page shows, 发布时间：2024-04-02, or beside 来源 and 浏览次数."""
    lines = [line.strip() for line in text.split("\n")]
    facts = [line for line in lines if len(line) <= _MAX_FACTS and _FACTS.search(line)]
    for pattern, where in ((_LABELLED_DATE, lines), (_BARE_DATE, facts)):
        for match in filter(None, map(pattern.search, where)):
            with contextlib.suppress(ValueError):
                return fields.iso_date("".join(match[1].split()))
    return None


def find_attachments(root: etree._Element) -> list[dict[str, str]]:
    """The links to documents, each once, with their names."""
    found: dict[str, str] = {}
    for link in elements(root, "//a[@href]"):
        address = (link.get("href") or "").strip()
        try:
            path = urlsplit(address).path
            usable = fields.web_address(address)
        except ValueError:
            continue
        if usable and _FILE.search(path) and len(found) < _MAX_ATTACHMENTS:
            found.setdefault(address, flat(link) or unquote(path).rsplit("/", 1)[-1])
    return [{"name": name, "url": url} for url, name in found.items()]


def densest(root: etree._Element) -> etree._Element:
    """The smallest element with most of the sentences below ``root``, links not counted."""
    marks: dict[etree._Element, int] = {}
    for element in reversed(list(root.iter(etree.Element))):
        own = 0 if element.tag == "a" else _marks(element.text)
        marks[element] = own + sum(
            marks.get(child, 0) + (0 if element.tag == "a" else _marks(child.tail))
            for child in element
        )
    best = root
    while marks[best] >= _MIN_MARKS:
        inner = max(
            (child for child in best if child in marks and child.tag not in ("p", "span", "a")),
            key=lambda child: marks[child],
            default=None,
        )
        if inner is None or marks[inner] < _MOST * marks[root] or marks[inner] < _MIN_MARKS:
            break
        best = inner
    return best


def menus(root: etree._Element) -> list[etree._Element]:
    """The elements below ``root`` that have several links and no other text, but no links to documents."""
    found = []
    for element in elements(root, ".//*[count(a | */a | */*/a) >= 3]"):
        links = elements(element, "a | */a | */*/a")
        letters = sum(len("".join(flat(link).split())) for link in links)
        whole = "".join(flat(element, limit=letters + len(links) + _MAX_TITLE).split())
        if (
            whole
            and len(whole.strip("|｜·>›/-")) - letters <= len(links)
            and not any(_FILE.search(link.get("href") or "") for link in links)
        ):
            found.append(element)
    return found


def _marks(text: str | None) -> int:
    return len(_ENDS_OF_SENTENCES.findall(text)) if text else 0


def without_furniture(text: str) -> str:
    """A text without the lines that belong to the page."""
    return "\n".join(line for line in text.split("\n") if not _FURNITURE.fullmatch(line.strip()))
