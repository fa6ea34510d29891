"""The check of a draft (核对). Entry point: :func:`check`. Nothing of a draft is stored or logged."""

import itertools
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from analyzers import metadata, outline
from analyzers.messages import say
from analyzers.normalize import normalize
from search_service import relevance
from search_service.answers.precedents import words_of
from search_service.answers.snippets import Span
from search_service.drafting.cited import ended
from search_service.drafting.copied import copied
from search_service.drafting.findings import Finding, Kind
from search_service.drafting.form_checks import document_numbers, numbering, placeholders
from search_service.drafting.manuscript import Manuscript
from search_service.drafting.outlines import headings_of, outlines, without_number
from search_service.drafting.wording import Wording
from search_service.model import Audience, Filters
from search_service.query.composing import WantedQuery, compose
from search_service.service import SearchService, reads_shared

_CHARACTER = re.compile(r"\w")
_WORD = re.compile("[㐀-鿿]{2,8}")
_DIGIT = re.compile("[0-9]")  # 2023年工作回顾 is the part of one year
_KINDS: Final = list(Kind)


class Placed(NamedTuple):
    """A finding in ``text[start:end]`` of a paragraph, from 1, or of the title, 0.

    ``paragraph``: None for what the draft has not.
    """

    paragraph: int | None
    start: int
    end: int
    quote: str
    finding: Finding


@reads_shared
def check(
    service: SearchService, draft: Manuscript, audience: Audience, wording: Wording
) -> tuple[Placed, ...]:
    """What to look at in a draft, in its order, what it has not at the end.

    The number of reads does not grow with the draft.
    """
    lines = [draft.title, *(one.text for one in draft.paragraphs)]
    text = "\n".join(lines)
    begins = [0, *itertools.accumulate(len(line) + 1 for line in lines)][:-1]
    reader = service.reader(audience, shared=True)
    found = [
        *document_numbers(text),
        *numbering(text),
        *placeholders(text),
        *wording.find(text),
        *ended(service, reader, text, draft.title, audience),
        *copied(service, reader, text, _bodies(draft, begins)),
    ]
    found.sort(key=lambda one: (one.start, _KINDS.index(one.kind)))
    missing = list(_missing(service, draft, audience, len(text)))
    return (
        *(_placed(one, text, begins) for one in found),
        *(Placed(None, 0, 0, "", one) for one in missing),
    )


def _placed(finding: Finding, text: str, begins: list[int]) -> Placed:
    number = bisect_right(begins, finding.start) - 1
    start, end = finding.start - begins[number], finding.end - begins[number]
    return Placed(number, start, end, text[finding.start : finding.end], finding)


def _bodies(draft: Manuscript, begins: list[int]) -> list[Span]:
    """The offsets of the paragraphs that are not of the frame: no 主送, no 落款."""
    numbers = dict.fromkeys(line.number for line in draft.lines if not line.part)
    return [
        (begins[number + 1], begins[number + 1] + len(draft.paragraphs[number].text))
        for number in numbers
    ]


def _missing(
    service: SearchService, draft: Manuscript, audience: Audience, end: int
) -> Iterator[Finding]:
    """The parts that most documents of the kind on the topic have, and the draft has not.

    None for a draft without headings, which is no such document.
    """
    own = [one.text for one in headings_of("\n".join(one.text for one in draft.paragraphs))]
    fields = {one.field: one.value for one in metadata.find(draft.title, "")}
    if not own or "kind" not in fields:
        return
    words = words_of(service, normalize(fields.get("subject", draft.title)))
    telling = [one for one in words if _WORD.fullmatch(one)][: relevance.MODELS_WORDS]
    # Any of them: few documents have all the words of a title, and those with most come first.
    topic = compose(WantedQuery(any_of=" ".join(telling)))
    kind = Filters(kind=(fields["kind"],))
    page = outlines(service, topic, audience, filters=kind, limit=relevance.MAX_SIZE)
    models = [[one.text for one in model.headings if one.level == 1] for model in page.outlines]
    models = [one for one in models if _in_chapters(one) == _in_chapters(own)]
    if len(models) < relevance.MODELS_FEWEST:
        return
    parts = {_part(one) for one in own}
    counts = Counter(itertools.chain.from_iterable(set(map(_part, model)) for model in models))
    for part, count in counts.most_common():
        share = count / len(models)
        has = any(part in one or (one and one in part) for one in parts)
        if share < relevance.MODELS_SHARE or has or _DIGIT.search(part):
            continue
        yield Finding(
            kind=Kind.MISSING_SECTION,
            start=end,
            end=end,
            message=say(
                f"同类文件 {len(models)} 篇中 {count} 篇有“{part}”，这篇没有：看看要不要补",
                f"{count} of {len(models)} documents of this kind have {part}: consider adding it",
            ),
            share=round(share, 2),
        )


def _in_chapters(headings: Sequence[str]) -> bool:
    """Whether a document is divided as rules are: 第一章."""
    return any(one.startswith("第") for one in headings)


def _part(heading: str) -> str:
    """What headings of the same part share: 三、组织保障 is what others call 保障措施."""
    heading = without_number(heading)
    for role in ("保障措施", "主体"):
        if (place := outline.place_of(role, [heading])) not in ("", "主要任务"):
            return place
    return "".join(_CHARACTER.findall(normalize(heading)))
