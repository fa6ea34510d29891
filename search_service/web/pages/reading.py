"""The paragraphs of an article's text, for its page. Entry point: :func:`paragraphs`.

The text is unchanged: paragraphs are its lines, headings are recognised by the outline that also cuts
passages, and gaps are where the source has them.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from analyzers import outline
from analyzers.normalize import normalize
from search_service.model import StoredArticle

# A line that begins like a heading but is longer, or ends a sentence, is a paragraph with a lead.
_LONGEST_HEADING = 45
_ENDS_A_SENTENCE = tuple("。；;！!？?…")
_LINE = re.compile(r"[^\n]+")
# A heading begins with a symbol, 第, 附 or a number and continues to the first end of a sentence.
_BEGINNING = re.compile(
    rf"[\W0-9_第附零一二三四五六七八九十百千①-⑳][^。;:!?]{{0,{_LONGEST_HEADING - 1}}}"
)
# The outline strips these characters from its titles.
_AROUND_TITLES = "#* \t\r\u3000"
# Lines appended to the text, so that a date before them is not taken for the end of a document.
_NO_SIGNATURE = ("—\n",) * 5
_SECOND_LEVEL = re.compile(r"\(")
_THIRD_LEVEL = re.compile(r"[0-9①-⑳]")
_GAP = "……"


@dataclass(frozen=True)
class Paragraph:
    """One line of a text.

    ``lead``: the heading it begins with; ``rest``: what follows; ``level``: 2–4 for a heading, else 0;
    ``anchors``: the ids of the passages that begin here.
    """

    lead: str
    rest: Markup
    level: int
    signature: bool
    anchors: tuple[str, ...]


def paragraphs(stored: StoredArticle) -> Iterator[Paragraph]:
    """Yield the lines of the article's text in order, without blank lines."""
    view = stored.view
    lines = [line for line in _LINE.finditer(view.text) if not line[0].isspace()]
    contents = [line[0].strip() for line in lines]
    starts = [passage.start for passage in stored.passages]
    anchored = 0  # passages anchored so far
    for line, content, lead in zip(lines, contents, _leads(contents), strict=True):
        around = bisect_right(starts, line.start())
        begun = bisect_left(starts, line.end())
        bare = lead and len(content) <= _LONGEST_HEADING and not content.endswith(_ENDS_A_SENTENCE)
        rest = content[len(lead) :]
        yield Paragraph(
            lead=content if bare else lead,
            rest=Markup("") if bare else _with_gaps(rest, gapped=view.gapped),
            level=_level(lead) if bare else 0,
            signature=around > 0 and stored.passages[around - 1].role == "落款",
            anchors=tuple(passage.id for passage in stored.passages[anchored:begun]),
        )
        anchored = begun


def _leads(contents: Sequence[str]) -> list[str]:
    """The heading that each line begins with, or an empty string.

    Passages merge short sections and lose their headings, so the outline runs once more, on the beginnings
    of all lines: each is padded to the length limit of a section, so that each becomes one section.
    """
    matches = [_BEGINNING.match(normalize(content)) for content in contents]
    beginnings = [
        content[: match.end()].rstrip(_AROUND_TITLES) if match else ""
        for content, match in zip(contents, matches, strict=True)
    ]
    different = list(dict.fromkeys(filter(None, beginnings)))
    width = _LONGEST_HEADING + len("\n")
    padded = [f"{beginning:{_LONGEST_HEADING}}\n" for beginning in different]
    sections = outline.split("".join((*padded, *_NO_SIGNATURE)), limit=width)
    paths = {section.start: section.path for section in sections}
    headings = {
        beginning
        for place, beginning in enumerate(different)
        if paths.get(place * width, ())[-1:] == (beginning,)
    }
    return [beginning if beginning in headings else "" for beginning in beginnings]


def _level(heading: str) -> int:
    normal = normalize(heading)
    if _SECOND_LEVEL.match(normal):
        return 3
    return 4 if _THIRD_LEVEL.match(normal) else 2


def _with_gaps(text: str, *, gapped: bool) -> Markup:
    """The text as HTML, with the source's gaps marked."""
    if not gapped:
        return escape(text)
    gap = Markup('<span class="gap" title="此处内容需在原网站登录后阅读">……</span>')
    return gap.join(text.split(_GAP))
