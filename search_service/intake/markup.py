"""Convert HTML to text. Entry points: :func:`text_of_html`, :func:`without_markup`.

Parses with lxml, after escaping every ``<`` that does not begin a tag.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from lxml import etree

from search_service.intake.table_text import Cell, span_of, table_lines


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


_LINES: Final = _names(
    "address article aside blockquote body br caption center dd div dl dt fieldset figcaption"
    " figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section table tbody"
    " td tfoot th thead tr ul ucapcontent"
)
# With those that UCAP, a CMS of many offices, adds, and LibreOffice for fields.
_INLINE: Final = _names(
    "a abbr acronym area audio b base basefont big button canvas cite code col colgroup del em"
    " embed font head i iframe img input ins label legend link map mark meta nobr noscript object"
    " option param q rp rt ruby s samp script sdfield select small source span strike strong style sub sup"
    " svg textarea title tt u ucapauthor ucapsource ucaptitle publishtime var video wbr"
)
_DROPPED: Final = _names(
    "audio button canvas embed head iframe map noscript object rp rt script select style svg template"
    " textarea title video"
)
_KNOWN: Final = _LINES | _INLINE
_CELLS: Final = ("td", "th")
_VALID_WITHOUT_END: Final = _names("br hr img input link meta p wbr")  # markup also without an end
_END_TAG_OPTIONAL: Final = _names("a dd dt li option td th tr")
_MAX_DEPTH: Final = 500  # browsers stop at 512
_FLAGS: Final = _names(
    "checked compact disabled hidden itemscope nowrap noshade open readonly selected"
)
# Possessive names and attributes, which end at < and > or are bounded: neither a long name nor an unclosed
# quote makes the search quadratic; an image in an attribute is no text.
_TAG: Final = re.compile(
    r"<!--.*?-->|<!(?:doctype\b|\[)[^<>]*>|<\?[a-z][^<>]*>"
    r"|<(?P<end>/?)(?P<name>[a-z][a-z0-9]*+(?:[:-][a-z0-9:-]++)?+)"
    r"(?P<attributes>(?:\"[^\"<>]*+\"|'[^'<>]*+'|\"[^\"]{0,2000}\"|'[^']{0,2000}'|[^<>\"'])*+)>",
    re.IGNORECASE | re.DOTALL,
)
# A preview may end in the middle of a tag.
_TRUNCATED_TAG: Final = re.compile(
    r"<(?=[^<>]*+\Z)(?:/[a-z0-9]*+\Z|[a-z][a-z0-9]*+\s[^<>=]*+=).*", re.IGNORECASE | re.DOTALL
)
_HAN_BREAK: Final = re.compile(r"(?<=[^\x00-\xff])[ \t\f]*[\r\n]\s*(?=[^\x00-\xff])")
_OWN_BREAK: Final = re.compile(r"([^>\s])[ \t\u3000]*\r?\n(\s*)(?=[^<\s])")
_SENTENCE_ENDS: Final = frozenset("。；：！？…）”.;:!?")
_SHARE_OF_ENDS: Final = 0.3  # of the line breaks; headings and table cells do not end in a sentence
_UNNUMBERED: Final = re.compile(r"list-style[a-z-]*\s*:[^;]*none", re.IGNORECASE)
_START: Final = re.compile("[0-9]{1,3}")  # the first number of a list
_HTML_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")


def _tags(text: str) -> Iterator[re.Match[str]]:
    """Yield HTML tags, but not ``a<b``, ``<关于…的通知>`` or ``<b and c>``."""
    # After the last --> no comment ends; matching each <!-- there would scan to the end of the text.
    closed = text.rfind("-->") + 1
    text = text[:closed] + text[closed:].replace("<!--", "<\0--")
    for match in _TAG.finditer(text):
        if match["name"] is None:
            yield match
            continue
        name, attributes = match["name"].lower(), match["attributes"]
        if not (name in _KNOWN or ":" in name or "-" in name):
            continue
        words = attributes.lower().strip("/ \t\r\n\f")
        if not attributes or (
            attributes[0] in "/ \t\r\n\f" and ("=" in words or _FLAGS.issuperset(words.split()))
        ):
            yield match


def _is_evidence(tag: re.Match[str]) -> bool:
    return (
        tag["name"] is None
        or bool(tag["end"])
        or tag["name"].lower() in _VALID_WITHOUT_END
        or "=" in tag["attributes"]
    )


def without_markup(text: str) -> str:
    """The readable text of a text that may be HTML; 《a<b》 and a mention of a tag, ``<b>``, are none."""
    if "<" not in text:
        return text
    tags = list(_tags(text))
    if not any(map(_is_evidence, tags)):
        return text
    return _text_of(text, tags, keep_lines=_keeps_lines(text, tags))


def _keeps_lines(text: str, tags: Sequence[re.Match[str]]) -> bool:
    """Whether the line breaks of a text with markup are to be kept: plain text with some tags.

    HTML may be wrapped anywhere in a paragraph; lines of plain text usually end with a sentence.
    """
    breaks = sum(not tag["end"] and (tag["name"] or "").lower() in _LINES for tag in tags)
    own = _OWN_BREAK.findall(text) if "\n" in text else []
    ends = sum(1 for before, after in own if before in _SENTENCE_ENDS or "\n" in after)
    return not breaks or (len(own) >= breaks and ends >= _SHARE_OF_ENDS * len(own))


class _OpenTags:
    """The open tags. Below a depth of 2,048, libxml2 drops elements with their text."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._counts: Counter[str] = Counter()

    def accepts(self, name: str, *, end: bool) -> bool:
        """Whether to keep a tag; one that is nested too deeply is dropped, but not its content."""
        if name in _VALID_WITHOUT_END or name in _END_TAG_OPTIONAL:
            return True
        if end:
            while self._counts[name] and (last := self._names.pop()):
                self._counts[last] -= 1
                if last == name:
                    break
        elif len(self._names) < _MAX_DEPTH:
            self._names.append(name)
            self._counts[name] += 1
        else:
            return False
        return True


def parse_html(html: str) -> etree._Element:
    """Parse HTML as leniently as browsers do; what is not a tag is kept as text."""
    return _parsed(html, list(_tags(html)))


def _parsed(html: str, tags: Sequence[re.Match[str]]) -> etree._Element:
    pieces, end, open_tags = [], 0, _OpenTags()
    last_ends = {tag["name"].lower(): tag.start() for tag in tags if tag["end"]}
    for tag in tags:
        pieces.append(html[end : tag.start()].replace("<", "&lt;"))
        name = (tag["name"] or "").lower()
        # A script without end tag would swallow the rest of the text: its tag is dropped.
        ends = name not in _DROPPED or tag.start() <= last_ends.get(name, -1)
        if name and ends and open_tags.accepts(name, end=bool(tag["end"])):
            pieces.append(tag[0])
        end = tag.end()
    pieces.append(_TRUNCATED_TAG.sub("", html[end:]).replace("<", "&lt;"))
    document = f"<html><body>{''.join(pieces)}</body></html>".replace("\0", "")
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    return etree.fromstring(document.encode(errors="ignore"), parser)


def text_of_html(html: str, *, keep_lines: bool = False) -> str:
    """The readable text of HTML, one line per paragraph or table row; never longer than the HTML.

    Tables become lines as :mod:`search_service.intake.table_text` says. Scripts, styles and controls are left
    out. ``keep_lines``: keep the line breaks of the source, for plain text with some tags.
    """
    return _text_of(html, list(_tags(html)), keep_lines=keep_lines)


def _text_of(html: str, tags: Sequence[re.Match[str]], *, keep_lines: bool) -> str:
    root = _parsed(html, tags)
    text = text_of_tree(root, keep_lines=keep_lines)
    if len(text) > len(html):  # a contrived table of empty cells
        text = text_of_tree(root, keep_lines=keep_lines, tables=False)
    return text


def text_of_tree(root: etree._Element, *, keep_lines: bool = False, tables: bool = True) -> str:
    """The text below an element, by the rules of :func:`text_of_html`.

    ``tables``: whether rows are lines; otherwise each cell is.
    """
    text = "".join(_pieces(root, keep_lines=keep_lines, tables=tables))
    if "\t" in text:
        text = re.sub(r"(?<! ) *\t *", "\t", text)
    if not keep_lines:
        text = re.sub(r"\n(?:[ \t]*\n)+", "\n", text)
    return "\n".join(line.strip(" \t") for line in text.split("\n")).strip("\n")


def _pieces(root: etree._Element, *, keep_lines: bool, tables: bool) -> Iterator[str]:
    """Yield texts and separators in document order, without recursion, because old pages nest deeply."""
    preformatted = 0
    numbers = _Numbers()
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        tag = str(element.tag).lower()
        starts = event == "start"
        if tag == "pre":
            preformatted += 1 if starts else -1
        if tag == "li":
            numbers.begin(element) if starts else numbers.end()
        if tag in _LINES and not (tag == "br" and starts):
            yield "\n"
        lines = _table(element) if tables and starts and tag == "table" else []
        if lines or (starts and tag in _DROPPED):
            yield (numbers.taken() if lines else "") + "\n".join(lines)
            walker.skip_subtree()
            continue
        run = element.text if starts else element.tail if element is not root else None
        if run:
            if run.strip():
                yield numbers.taken()
            yield run if keep_lines or preformatted else _collapsed(run)


class _Numbers:
    """The numbers of items in lists, which stand before the first text of the item."""

    def __init__(self) -> None:
        self._last: dict[etree._Element, int] = {}
        self._waiting = ""

    def begin(self, item: etree._Element) -> None:
        """Count an item; its number is digits, because other numerals are those of styles."""
        parent = item.getparent()
        if parent is None or parent.tag != "ol":
            return
        if _UNNUMBERED.search(parent.get("style") or "") or "custom_" in (
            parent.get("class") or ""
        ):
            return  # UEditor's custom_cn has numbers of its own, in its style
        start = parent.get("start") or ""
        first = int(start) if _START.fullmatch(start) else 1
        number = self._last[parent] = self._last.get(parent, first - 1) + 1
        if len(text := f"{number}. ") <= len("<li>"):  # no text is longer than its HTML
            self._waiting += text

    def end(self) -> None:
        """Forget the number of an item without text."""
        self._waiting = ""

    def taken(self) -> str:
        """The number that is to be written; once."""
        number, self._waiting = self._waiting, ""
        return number


def _table(table: etree._Element) -> list[str]:
    """The lines of a table; none if it contains another one, or text outside its cells."""
    if table.find(".//table") is not None:
        return []
    rows: list[list[Cell]] = [[]]
    for element in table.iter("caption", "tr", *_CELLS):
        if element.tag not in _CELLS:
            rows.append([])
        if element.tag != "tr":
            text = text_of_tree(element)
            spans = (span_of(element.get(name)) for name in ("colspan", "rowspan"))
            rows[-1].append(Cell(text.split("\n"), *spans))
    lines = list(table_lines(row for row in rows if row))
    whole = text_of_tree(table, tables=False)
    return lines if "".join(whole.split()) == "".join("".join(lines).split()) else []


def _collapsed(run: str) -> str:
    """Collapse blanks like a browser; a line break between two Han characters is dropped."""
    if "\n" in run or "\r" in run:
        run = _HAN_BREAK.sub("", run)
    elif not any(blanks in run for blanks in ("  ", "\t", "\f")):
        return run
    return _HTML_BLANKS.sub(" ", run)
