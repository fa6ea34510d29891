"""How others divided documents of a kind on a topic. Entry points: :func:`outlines`, :func:`headings_of`;
:func:`with_headings` and :func:`numbered` put them into a draft.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from analyzers.normalize import normalize
from analyzers.references import numeral
from search_service.answers.page import Reason
from search_service.answers.search import search
from search_service.drafting.manuscript import Paragraph, lines
from search_service.engines.reads import NO_FILTERS
from search_service.model import Audience, Filters, View
from search_service.query.request import SearchRequest
from search_service.service import SearchService

# Documents whose headings are compared; the best ones of a search.
_COMPARED: Final = 20
# A document with fewer headings is no model.
_FEWEST: Final = 3
# A heading that fewer documents share is their own.
_SHARED: Final = 2
_MOST_SHARED: Final = 12
# Characters of a heading that is put into a draft.
LONGEST: Final = 60
_RULE = re.compile(r"第[^条]{1,12}条(?:之.)?")
_MARKUP = re.compile(r"^#{1,6}[ \t]*", re.MULTILINE)
_NUMBER = re.compile(
    r"(?:第[^第]{1,10}?(?:部分|[编章节])|[零一二三四五六七八九十百]{1,4}[、.]|\([^()]{1,4}\)|[0-9.]{1,8}、?)\s*"
)


class Heading(NamedTuple):
    """A heading; ``level``: 1 for 一、, 2 for （一）, 3 for 1."""

    level: int
    text: str


@dataclass(frozen=True)
class ModelOutline:
    """The headings of a document, in order."""

    view: View
    headings: tuple[Heading, ...]


@dataclass(frozen=True, kw_only=True)
class OutlinePage:
    """Outlines, those of the best documents first.

    ``structure``: headings of the first level, without their numbers, that several of the ``compared``
    documents have, with the number of these, in the order in which they usually come. ``blocked``: the topic
    has a blocked word.
    """

    outlines: tuple[ModelOutline, ...]
    structure: tuple[tuple[str, int], ...]
    compared: int
    blocked: bool = False


def outlines(
    service: SearchService,
    topic: str,
    audience: Audience,
    *,
    filters: Filters = NO_FILTERS,
    limit: int = 5,
) -> OutlinePage:
    """The outlines of at most ``limit`` documents that a search for the topic finds, best first.

    An empty topic: of the newest documents. Raises ``BadInput`` for one over ``MAX_QUERY`` characters.
    """
    request = SearchRequest(text=topic, filters=filters, size=_COMPARED)
    page = search(service, request, audience)
    models = [
        ModelOutline(view, found)
        for view in (result.stored.view for result in page.results)
        if len(found := tuple(headings_of(view.text))) >= _FEWEST
    ]
    return OutlinePage(
        outlines=tuple(models[:limit]),
        structure=_structure(models),
        compared=len(models),
        blocked=page.reason is Reason.BLOCKED,
    )


def headings_of(text: str) -> Iterator[Heading]:
    """The headings of a text down to the third level; of rules the chapters alone, not every 第X条.

    Items of lists are no headings: those of a rule, and what ends with a semicolon.
    """
    in_rule = False
    for line in lines([Paragraph(_MARKUP.sub("", text))]):
        first, found = line.runs[0], line.runs[0].text.strip()
        if not first.level:
            continue
        is_rule = bool(_RULE.fullmatch(found))
        in_rule = is_rule or (in_rule and first.level > 1)
        if not in_rule and first.level <= 3 and not found.endswith(("；", ";")):
            yield Heading(first.level, found.rstrip("。：:"))


def with_headings(draft: str, headings: Iterable[Heading]) -> str:
    """The draft with headings as its last lines, as they are."""
    return "\n".join(filter(None, (draft.rstrip("\n"), *(one.text for one in headings))))


def numbered(draft: str, heading: Heading) -> Heading:
    """The heading with the number that comes next in a draft, instead of its own."""
    count = 1
    for one in headings_of(draft):
        count = 1 if one.level < heading.level else count + (one.level == heading.level)
    number = {1: f"{numeral(count)}、", 2: f"（{numeral(count)}）"}.get(heading.level, f"{count}.")
    return Heading(heading.level, number + without_number(heading.text))


def _structure(models: list[ModelOutline]) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    places: dict[str, list[float]] = {}
    for model in models:
        firsts = [one.text for one in model.headings if one.level == 1]
        names = list(dict.fromkeys(map(without_number, firsts)))
        counts.update(names)
        for place, name in enumerate(names):
            places.setdefault(name, []).append(place / len(names))
    shared = [
        (name, count)
        for name, count in counts.most_common(_MOST_SHARED)
        if count >= _SHARED and name
    ]
    return tuple(sorted(shared, key=lambda one: sum(places[one[0]]) / len(places[one[0]])))


def without_number(heading: str) -> str:
    """A heading without the number that it begins with."""
    number = _NUMBER.match(normalize(heading))
    return heading[number.end() :] if number else heading
