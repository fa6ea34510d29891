"""Passages in a draft: put in, and recognised after the author has edited them.

Entry points: :func:`inserted`, :func:`recognised`. Pure. A draft is plain text, whose lines are its
paragraphs; that a line is quoted is told from its text alone, so that it may be moved, cut and rewritten:
until it is mostly new it has its source.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from analyzers.normalize import normalize
from search_service.answers.drafts import shingles
from search_service.drafting.references import Quoted

# Of the runs of four characters of a line, the share that a passage must have; and how many a line needs.
SHARE: Final = 0.5
_SHORTEST: Final = 8


class Quotable(NamedTuple):
    """A passage that was put into a draft, by the ids of its article and of itself."""

    article: str
    passage: str
    text: str


def inserted(draft: str, offset: int, text: str) -> str:
    """The draft with a text as lines of its own, after the line that ends at the offset or beyond it."""
    end = draft.find("\n", max(0, offset - 1))
    before, after = (draft, "") if end < 0 else (draft[:end], draft[end + 1 :])
    return "\n".join(filter(None, (before.rstrip("\n"), text.strip(), after)))


def recognised(draft: str, passages: Sequence[Quotable]) -> list[Quoted]:
    """The lines of a draft that are not blank, each with the passage that most of it is from, if any.

    Of lines that follow one another in one passage only the last has it.
    """
    holders: dict[str, set[int]] = {}
    for number, one in enumerate(passages):
        for run in shingles(normalize(one.text)):
            holders.setdefault(run, set()).add(number)
    found: list[Quoted] = []
    for line in filter(str.strip, draft.splitlines()):
        runs = shingles(normalize(line))
        counts = Counter(number for run in runs for number in holders.get(run, ()))
        quoted = Quoted(line)
        if len(runs) >= _SHORTEST and counts:
            [(number, count)] = counts.most_common(1)
            if count >= SHARE * len(runs):
                quoted = Quoted(line, passages[number].article, passages[number].passage)
        if found and quoted.article and found[-1][1:] == quoted[1:]:
            found[-1] = Quoted(found[-1].text)
        found.append(quoted)
    return found
