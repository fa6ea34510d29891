"""HTML files as one article each. Entry point: :func:`html_record`.

Title, date, author and column come from the ``meta`` tags of Chinese government sites (ArticleTitle,
PubDate, …), otherwise from ``h1`` and ``title``; the body from the container of the article, if it is a known
one. HTML to text is :mod:`search_service.intake.markup`.
"""

import re
from collections.abc import Iterator
from typing import Final, cast

from lxml import etree

from indexer.sources.encoding import decode
from indexer.sources.limits import check_marks
from search_service.intake import fields, names
from search_service.intake.markup import parse_html, text_of_tree

_DECLARED: Final = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE
)
_HEAD: Final = 4096  # bytes searched for a declared charset, as browsers do
# Meta names of 《政府网站发展指引》, lower-cased -> fields.
_META: Final = {
    "articletitle": "title",
    "pubdate": "date",
    "author": "author",
    "columnname": "category",
    "url": "url",
}
_BOILERPLATE: Final = frozenset({"nav", "header", "footer", "aside"})
_ARTICLE: Final = frozenset({"article", "main"})
# Containers of the article in common content management systems, best first.
_CONTAINERS: Final = (
    "//*[@id='UCAP-CONTENT' or @id='zoom' or @id='Zoom']",
    "//*[contains(concat(' ', @class, ' '), ' TRS_Editor ')]",
    "//*[contains(concat(' ', @class, ' '), ' TRS_UEDITOR ')]",
    "//article",
    "//main",
    "//*[@id='content' or @id='Content' or @id='article']",
    "//body",
)
_MIN_TEXT: Final = 20  # characters; a container with less is not that of the article


def html_record(data: bytes, *, name: str) -> dict[str, object]:
    """Read a page; ``name`` is the title if it has none."""
    check_marks(data.count(b"<") + data.count(b"="))
    declared = _DECLARED.search(data[:_HEAD])
    root = parse_html(decode(data, declared=declared[1].decode("ascii") if declared else ""))
    values = _meta(root)
    values.setdefault("title", _title(root) or name)
    for element in list(_boilerplate(root)):
        _empty(element)
    values["body"] = _body(root)
    return values


def _elements(root: etree._Element, path: str) -> list[etree._Element]:
    # All paths here select elements.
    return cast("list[etree._Element]", root.xpath(path))


def _meta(root: etree._Element) -> dict[str, object]:
    values: dict[str, object] = {}
    for element in _elements(root, "//meta[@name and @content]"):
        name = (element.get("name") or "").strip()
        field = _META.get(name.lower())
        content = (element.get("content") or "").strip()
        if field is None and names.protects(name):
            values.setdefault(
                name, content
            )  # if misspelt it becomes a fault, and the page is not published
            continue
        if field is None or not content or field in values:
            continue
        try:
            usable = field != "date" or fields.iso_date(content)
            usable = usable and (field != "url" or fields.address(content))
        except ValueError:
            continue  # meta tags are often left empty; the article is used nevertheless
        if usable:
            values[field] = content
    return values


def _title(root: etree._Element) -> str:
    headings = [
        text for element in _elements(root, "//h1[not(ancestor::h1)]") if (text := _flat(element))
    ]
    titles = [text for element in _elements(root, "//title") if (text := _flat(element))]
    if len(headings) == 1:
        return headings[0]
    return titles[0] if titles else headings[0] if headings else ""


def _flat(element: etree._Element) -> str:
    return " ".join("".join(map(str, element.itertext())).split())


def _boilerplate(root: etree._Element) -> Iterator[etree._Element]:
    """Yield navigation, header, footer and so on, in one walk; not inside ``article`` and ``main``."""
    count, forms = 0, []  # characters so far; for each open form, the characters before it
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "start":
            if element.tag in _ARTICLE:
                count += _letters("".join(map(str, element.itertext())))
                walker.skip_subtree()
            elif element.tag in _BOILERPLATE:
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
    for path in _CONTAINERS:
        tried: set[etree._Element] = set()
        for element in _elements(root, path):
            # An element inside a container without text has none either.
            if any(parent in tried for parent in element.iterancestors()):
                continue
            tried.add(element)
            text = text_of_tree(element)
            if len(text) >= _MIN_TEXT or path == _CONTAINERS[-1]:
                return text
    return ""


def _empty(element: etree._Element) -> None:
    """Remove the content of an element, but keep the text after it."""
    tail = element.tail
    element.clear()
    element.tag, element.tail = "span", tail
