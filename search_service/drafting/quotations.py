"""Passages in a draft: put in, and recognised after the author has edited them.

Entry points: :func:`inserted`, :func:`taken_lines`, :func:`recognised`. Pure. A draft is plain text, whose
lines are its paragraphs; that a line is quoted is told from its text alone, so that it may be moved, cut and
rewritten: until it is mostly new it has its source.
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
    """A passage that was put into a draft, by the ids of its article and of itself.

    ``citation``: how the source is named to the author.
    """

    article: str
    passage: str
    text: str
    citation: str = ""


def inserted(draft: str, offset: int, text: str) -> str:
    """The draft with a text as lines of its own, after the line that ends at the offset or beyond it."""
    end = draft.find("\n", max(0, offset - 1))
    before, after = (draft, "") if end < 0 else (draft[:end], draft[end + 1 :])
    return "\n".join(filter(None, (before.rstrip("\n"), text.strip(), after)))


class Line(NamedTuple):
    """The line ``draft[start:end]``; ``source``: the number of the passage that most of it is from, or None.

    ``share``: of its runs of characters, how many the passage has.
    """

    start: int
    end: int
    source: int | None = None
    share: float = 0.0


def taken_lines(draft: str, passages: Sequence[Quotable]) -> list[Line]:
    """The lines of a draft that are not blank, each with the passage that it is from, if any."""
    holders: dict[str, set[int]] = {}
    for number, one in enumerate(passages):
        for run in shingles(normalize(one.text)):
            holders.setdefault(run, set()).add(number)
    found: list[Line] = []
    end = 0
    for ended in draft.splitlines(keepends=True):
        start, end = end, end + len(ended)
        (line,) = ended.splitlines()
        if not line.strip():
            continue
        taken = Line(start, start + len(line))
        runs = shingles(normalize(line))
        counts = Counter(number for run in runs for number in holders.get(run, ()))
        if len(runs) >= _SHORTEST and counts:
            [(number, count)] = counts.most_common(1)
            if count >= SHARE * len(runs):
                taken = Line(taken.start, taken.end, number, count / len(runs))
        found.append(taken)
    return found


def recognised(draft: str, passages: Sequence[Quotable]) -> list[Quoted]:
    """The lines of a draft that are not blank, each with the passage that most of it is from, if any.

    Of lines that follow one another in one passage only the last has it.
    """
    found: list[Quoted] = []
    before: int | None = None
    for line in taken_lines(draft, passages):
        if found and line.source is not None and line.source == before:
            found[-1] = Quoted(found[-1].text)
        before = line.source
        source = ("", "") if before is None else passages[before][:2]
        found.append(Quoted(draft[line.start : line.end], *source))
    return found
