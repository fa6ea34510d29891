"""The text of an article as a page lays it out. Entry point: :func:`paragraphs`.

Nothing is added to the text or taken from it: paragraphs are its lines, headings are found by the same
outline that cuts passages, gaps stay where the source left them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from analyzers import outline
from search_service.model import Stored

# A line that begins as a heading does and is longer, or ends a sentence, is a paragraph with a lead.
_LONGEST_HEADING = 45
_ENDS_A_SENTENCE = tuple("。；;！!？?…")
_LINE = re.compile(r"[^\n]+")
_SECOND_LEVEL = re.compile(r"[(（]")
_THIRD_LEVEL = re.compile(r"[\d０-９①-⑳]")
_GAP = "……"


@dataclass(frozen=True)
class Paragraph:
    """One line of a text. ``level`` 2–4: it is a heading; ``lead``: the heading it begins with."""

    lead: str
    rest: Markup
    level: int
    signature: bool
    anchors: tuple[str, ...]


def paragraphs(stored: Stored) -> Iterator[Paragraph]:
    """The lines of the article's text, in order, blank ones left out."""
    text, gapped = stored.view.text, stored.view.gapped
    for line in _LINE.finditer(text):
        content = line[0].strip()
        if not content:
            continue
        begun = [p for p in stored.passages if line.start() <= p.start < line.end()]
        around = [p for p in stored.passages if p.start <= line.start() < p.end]
        lead = _heading(content)
        rest = content[len(lead) :]
        bare = lead and len(content) <= _LONGEST_HEADING and not content.endswith(_ENDS_A_SENTENCE)
        yield Paragraph(
            lead=content if bare else lead,
            rest=Markup("") if bare else _with_gaps(rest, gapped=gapped),
            level=_level(lead) if bare else 0,
            signature=any(passage.role == "落款" for passage in around),
            anchors=tuple(passage.id for passage in begun),
        )


def _heading(line: str) -> str:
    """The heading that the line begins with, or an empty text."""
    sections = outline.split(line)
    path = sections[0].path if sections else ()
    return path[0] if path and line.startswith(path[0]) else ""


def _level(heading: str) -> int:
    if _SECOND_LEVEL.match(heading):
        return 3
    return 4 if _THIRD_LEVEL.match(heading) else 2


def _with_gaps(text: str, *, gapped: bool) -> Markup:
    """The text, escaped; where the source left something out, that is marked for the eye."""
    if not gapped:
        return escape(text)
    gap = Markup('<span class="gap" title="此处内容需在原网站登录后阅读">……</span>')
    return gap.join(text.split(_GAP))
