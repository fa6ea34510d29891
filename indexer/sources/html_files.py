"""HTML files as one article each. Entry point: :func:`html_record`.

Title, date, author and column come from the ``meta`` tags of Chinese government sites (ArticleTitle,
PubDate, …), otherwise from what the page shows (:mod:`.page_parts`); the body from the containers of the
article, if they are known ones, else from the element with most of the sentences. HTML to text is
:mod:`search_service.intake.markup`.
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from indexer.sources.page_parts import (
    densest,
    elements,
    find_attachments,
    find_date,
    find_title,
    flat,
    menus,
    without_furniture,
)
from search_service.intake import documents, fields, names
from search_service.intake.encoding import decode
from search_service.intake.labels import is_typist
from search_service.intake.limits import check_marks
from search_service.intake.markup import parse_html, text_of_tree

_DECLARED: Final = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE
)
_HEAD: Final = 4096  # bytes searched for a declared charset, as browsers do
# Names and properties of meta tags, lower-case -> fields: 《政府网站发展指引》, Dublin Core, Open Graph.
_META: Final = {
    "articletitle": "title",
    **dict.fromkeys(
        (
            *(
                "pubdate",
                "publishdate",
                "publish_date",
                "publish-date",
                "pubtime",
                "publishtime",
                "date",
            ),
            *(
                "article:published_time",
                "og:release_date",
                "datepublished",
                "dc.date",
                "dc.date.issued",
            ),
            *("dcterms.date", "dcterms.issued", "publication_date", "maketime"),
        ),
        "date",
    ),
    "author": "author",
    "columnname": "category",
    "url": "url",
    "og:url": "url",
}
_HIDDEN: Final = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE
)
_BOILERPLATE: Final = frozenset({"nav", "header", "footer", "aside"})
_PAGE_EDGES: Final = frozenset({"header", "footer"})  # titles that LibreOffice gives them
_ARTICLE: Final = frozenset({"article", "main"})
# Containers of the article in common content management systems (UCAP, TRS, Hanweb, 博达 …), best first.
_IDS: Final = (
    *("UCAP-CONTENT", "zoom", "Zoom", "zoomcon", "js_content", "vsb_content", "ContentDiv"),
    *("news_content", "artibody", "fontzoom", "BodyLabel", "ivs_content"),
)
_CLASSES: Final = (
    *(
        "TRS_Editor",
        "TRS_UEDITOR",
        "trs_editor_view",
        "pages_content",
        "article-con",
        "article-content",
    ),
    *(
        "article_content",
        "article_con",
        "v_news_content",
        "news_content",
        "easysite-news-content",
        "con_text",
    ),
    *("xxgk_content", "content-text", "detail-content", "txt_con"),
)
# Marks of structure beside containers: UCAP's own tags, comments of Hanweb.
_HANWEB: Final = re.compile(
    r"<!--\s*ZJEG_RSS\.content\.begin\s*-->(.*?)<!--\s*ZJEG_RSS\.content\.end\s*-->", re.DOTALL
)
_CONTAINERS: Final = (
    "//ucapcontent",
    "//*[@id='ZJEG_RSS.content']",
    *(f"//*[@id='{name}']" for name in _IDS),
    *(f"//*[contains(concat(' ', @class, ' '), ' {name} ')]" for name in _CLASSES),
    "//article",
    "//main",
)
_WHOLE: Final = ("//*[@id='content' or @id='Content' or @id='article']", "//body")
_MIN_TEXT: Final = 20  # characters; a container with less is not that of the article


def html_record(data: bytes, *, name: str) -> dict[str, object]:
    """Read a page; ``name`` is the title if it has none."""
    check_marks(data.count(b"<") + data.count(b"="))
    declared = _DECLARED.search(data[:_HEAD])
    page = decode(data, declared=declared[1].decode("ascii") if declared else "")
    root = parse_html(_HANWEB.sub(r'<div id="ZJEG_RSS.content">\1</div>', page))
    values = _ucap(root) | _meta(root)
    for element in _hidden(root):
        _empty(element)
    if title := "" if "title" in values else find_title(root):
        values["title"] = title
    if "date" not in values and (date := find_date(text_of_tree(root))):
        values["date"] = date
    for element in list(_boilerplate(root)):
        _empty(element)
    if attachments := find_attachments(root):
        values["attachments"] = attachments
    body = _body(root)
    if "title" in values:
        return {**values, "body": body}
    return {**values, **documents.title_and_body(body, name=name)}


def _ucap(root: etree._Element) -> dict[str, object]:
    """Title and date by the tags of UCAP, in their page or in an export of it."""
    values: dict[str, object] = {}
    for field, path in (("title", "//ucaptitle"), ("date", "//publishtime")):
        text = next(filter(None, map(flat, elements(root, path))), "")
        with contextlib.suppress(ValueError):
            if text and (field == "title" or fields.iso_date(text)):
                values[field] = text
    return values


def _meta(root: etree._Element) -> dict[str, object]:
    values: dict[str, object] = {}
    for element in elements(root, "//meta[(@name or @property or @itemprop) and @content]"):
        written = element.get("name") or element.get("property") or element.get("itemprop") or ""
        name, content = written.strip(), (element.get("content") or "").strip()
        field = _META.get(name.lower())
        if field is None and names.protects(name):
            # If misspelt it becomes a fault, and the page is not published.
            values.setdefault(name, content)
            continue
        if field is None or not content or field in values:
            continue
        try:
            usable = field != "date" or fields.iso_date(content)
            usable = usable and (field != "url" or fields.address(content))
        except ValueError:
            continue  # meta tags are often left empty; the article is used nevertheless
        if usable and not (field == "author" and is_typist(content)):
            values[field] = content
    return values


def _hidden(root: etree._Element) -> list[etree._Element]:
    """The elements that no reader sees; not those around a container of the article, which a script shows."""
    shown = {
        one
        for path in _CONTAINERS
        for container in elements(root, path)
        for one in (container, *container.iterancestors())
    }
    return [
        element
        for element in elements(root, "//*[@style or @hidden]")
        if element not in shown
        and element.tag not in ("html", "body")
        and (element.get("hidden") is not None or _HIDDEN.search(element.get("style") or ""))
    ]


def _boilerplate(root: etree._Element) -> Iterator[etree._Element]:
    """Yield navigation, header, footer and so on, in one walk; not inside ``article`` and ``main``."""
    count, forms = 0, []  # characters so far; for each open form, the characters before it
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "start":
            if element.tag in _ARTICLE:
                count += _letters("".join(map(str, element.itertext())))
                walker.skip_subtree()
            elif element.tag in _BOILERPLATE or (
                element.tag == "div" and element.get("title") in _PAGE_EDGES
            ):
                walker.skip_subtree()
                yield element
            else:
                if element.tag == "form":
                    forms.append(count)
                count += _letters(element.text)
            continue
        # ASP.NET puts whole pages into a form: a form with text is no boilerplate.
        if element.tag == "form" and count - forms.pop() < _MIN_TEXT:
            yield element
        count += _letters(element.tail)


def _letters(text: str | None) -> int:
    return sum(map(len, (text or "").split()))


def _body(root: etree._Element) -> str:
    """The text of the containers of the article, in their order; on other pages, where the sentences are."""
    for path in _CONTAINERS:
        found = elements(root, path)
        inside = set(found)
        outer = [one for one in found if not inside.intersection(one.iterancestors())]
        texts = [text for one in outer if (text := text_of_tree(one))]
        if sum(map(len, texts)) >= _MIN_TEXT:
            return "\n".join(texts)
    for path in _WHOLE:
        for element in elements(root, path):
            article = densest(element)
            for menu in menus(article):
                _empty(menu)
            text = without_furniture(text_of_tree(article))
            if len(text) >= _MIN_TEXT or path == _WHOLE[-1]:
                return text
    return ""


def _empty(element: etree._Element) -> None:
    """Remove the content of an element, but keep the text after it."""
    # The text may have characters that lxml does not let one assign.
    element.clear(keep_tail=True)  # type: ignore[call-arg]  # missing in the stubs
    element.tag = "span"
