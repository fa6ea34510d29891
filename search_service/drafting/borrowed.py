"""What of a draft was taken from other texts, and what in it is theirs: places, persons, years, numbers.

Entry points: :func:`borrowed`, :func:`exchanged`. Pure.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from analyzers import document_numbers, regions
from analyzers.normalize import normalize
from search_service.answers.snippets import Span
from search_service.drafting.form_checks import placeholders
from search_service.drafting.quotations import Quotable, taken_lines

# What is not known yet; the check of a draft finds it.
BLANK: Final = "＿＿"
# Dates, years and amounts, with what is counted: 2024年3月, 17.5%, 300万元, 12户. Not 第3条, G318, nor 2. of
# a list; a digit alone says little.
_NUMBER = re.compile(
    r"(?<![0-9a-z.第])(?:(?:[0-9]{4}年)?[0-9]{1,2}月(?:[0-9]{1,2}日)?"
    r"|(?:[0-9]{2,}|[0-9](?=[.,]?[0-9]|[%‰余万亿年月日元户人个家项亩]))(?:[.,][0-9]+)*"
    r"(?:[%‰]|余?[万亿]{0,2}(?:[年月日元户人个家项亩]|公里|平方米)?))(?![a-z])"
)
# The number of a heading, of an item, of a rule.
_BEGINNING = re.compile(r"\s*\(?[0-9]{1,3}[).、]")
# What follows the name of a person: 李国强同志, 王建华书记.
_TITLE = re.compile(r"同志|书记|主任|主席|先生|女士|[省市县区乡镇局厅部处科]长")
_NAMED = re.compile(r"《[^》\n]{1,100}》")


@dataclass(frozen=True)
class Borrowed:
    """The line ``draft[start:end]``, of which the passage of this number has the ``share``.

    ``foreign``: the spans of the draft in it that are of the passage, and in no line of the author's own.
    """

    start: int
    end: int
    source: int
    share: float
    foreign: tuple[Span, ...]


def borrowed(
    draft: str, passages: Sequence[Quotable], names: Callable[[str], Sequence[Span]]
) -> list[Borrowed]:
    """The lines of a draft that are mostly from one of the passages, in order.

    ``names``: the spans of a normalised text that may be names of persons.
    """
    lines = taken_lines(draft, passages)
    normalised = normalize(draft)  # of the same length
    own = "\n".join(normalised[one.start : one.end] for one in lines if one.source is None)
    texts = [normalize(one.text) for one in passages]
    found = []
    for line in lines:
        if line.source is None:
            continue
        text = normalised[line.start : line.end]
        theirs = [
            (line.start + start, line.start + end)
            for start, end in _particulars(text, names)
            if text[start:end] in texts[line.source] and text[start:end] not in own
        ]
        found.append(Borrowed(line.start, line.end, line.source, line.share, tuple(theirs)))
    return found


def exchanged(draft: str, lines: Sequence[Borrowed], others: Mapping[str, str]) -> str:
    """The draft with what is foreign in its borrowed lines replaced, by text as it is there."""
    pieces, end = [], 0
    for start, stop in (span for line in lines for span in line.foreign):
        pieces += [draft[end:start], others.get(draft[start:stop], draft[start:stop])]
        end = stop
    return "".join((*pieces, draft[end:]))


def _particulars(text: str, names: Callable[[str], Sequence[Span]]) -> Iterator[Span]:
    """What a text says of one place, person, year or amount, and what it left open; without overlaps.

    Titles and numbers of documents are none: they name the document.
    """
    kept = [one.span() for one in _NAMED.finditer(text)]
    kept += [(one.start, one.end) for one in document_numbers.find(text)]
    if beginning := _BEGINNING.match(text):
        kept.append(beginning.span())
    found = [(one.start, one.end) for one in placeholders(text)]
    found += [(one.start, one.end) for one in regions.find(text)]
    found += [span for span in names(text) if _TITLE.match(text, span[1])]
    found += [one.span() for one in _NUMBER.finditer(text)]
    end = 0
    for start, stop in sorted(found, key=lambda span: (span[0], -span[1])):
        inside = any(first < stop and start < last for first, last in kept)
        if start >= end and not inside:
            yield start, stop
            end = stop
