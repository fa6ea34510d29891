"""The sheet of a draft: passages are put in, what is foreign is replaced. Entry points: :func:`written`,
:func:`sheet_of`.
"""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import request

from search_service import relevance
from search_service.drafting.borrowed import BLANK, Borrowed, borrowed, exchanged
from search_service.drafting.quotations import Quotable, inserted
from search_service.web.pages.draft_form import Place, SentDraft, place, texts
from search_service.web.request import service

# Different places, years and numbers that are offered to be replaced.
_MOST_FOREIGN = 60


@dataclass(frozen=True)
class Sheet:
    """A draft, the passages that were put into it, and its lines that are mostly from them."""

    text: str
    quoted: Sequence[Place]
    sources: Sequence[Quotable]
    lines: Sequence[Borrowed]

    @property
    def shown(self) -> Mapping[str, object]:
        """Each of these lines with its source, and what in them is foreign, with how often."""
        lines = [
            {
                "text": self.text[line.start : line.end],
                "source": self.sources[line.source],
                "percent": int(100 * line.share),
                "span": (line.start, line.end),
                "foreign": line.foreign,
            }
            for line in self.lines
        ]
        spans = (span for line in self.lines for span in line.foreign)
        foreign = Counter(self.text[start:end] for start, end in spans)
        return {"lines": lines, "foreign": dict(itertools.islice(foreign.items(), _MOST_FOREIGN))}


def written(sent: SentDraft) -> Sheet:
    """The draft that was sent, with the passage that is to be put in, and with what is to be replaced."""
    text, quoted = sent.text, sent.quoted
    if request.method != "POST" or len(text) > relevance.MAX_DRAFT:
        return Sheet(text, quoted, (), ())
    wanted = place(sent.fields.get("insert", ""))
    places = list(dict.fromkeys([*quoted, wanted[1]] if wanted else quoted))
    sources = texts(places)
    known = {Place(one.article, one.passage): one.text for one in sources}
    if wanted and wanted[1] in known:
        text, quoted = inserted(text, wanted[0], known[wanted[1]]), places
    lines = _lines(text, sources)
    if others := _others(sent.fields.get("exchange", "")):
        text = exchanged(text, lines, others)
        lines = _lines(text, sources)
    return Sheet(text, quoted, sources, lines)


def sheet_of(text: str, quoted: Sequence[Place]) -> Sheet:
    """A draft as it is, with the passages that were put into it."""
    if len(text) > relevance.MAX_DRAFT:
        return Sheet(text, quoted, (), ())
    sources = texts(quoted)
    return Sheet(text, quoted, sources, _lines(text, sources))


def _lines(text: str, sources: Sequence[Quotable]) -> Sequence[Borrowed]:
    return borrowed(text, sources, service().analyzer.names) if sources else ()


def _others(how: str) -> Mapping[str, str]:
    """What is to be replaced by what; ``how``: blank, if the rest becomes a blank.

    Whatever button was pressed: what somebody has typed is not lost.
    """
    pairs = zip(request.form.getlist("old"), request.form.getlist("new"), strict=False)
    rest = BLANK if how == "blank" else ""
    return {old: value for old, new in pairs if (value := " ".join(new.split()) or rest)}
