"""Search in headings alone. Entry point: :func:`headings`.

No index has headings by themselves: they are read from the documents with the best passages for the words.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from analyzers.normalize import normalize
from search_service.answers.passage_conditions import of_articles
from search_service.answers.precedents import allowed
from search_service.drafting.outlines import headings_of, without_number
from search_service.engines.reads import NO_FILTERS, BestPassages, Reader, Search
from search_service.model import Audience, Filters, Sort, View
from search_service.query.parsed import Chunk, Node, Query
from search_service.query.parsing import parse
from search_service.query.syntax import AndNode, NotNode, OrNode
from search_service.service import SearchService, reads_shared

# Documents whose headings are read: about half a second of CPU time.
COMPARED: Final = 100
LONGEST: Final = 40  # characters; what is longer is a sentence
_PAUSE = re.compile(r"[\W_]+")


class Pattern(StrEnum):
    """The form of a heading, by the numbers of characters between its pauses.

    ``FOUR``: four in each part; ``HALVES``: two parts of the same length; ``SEVENS``: two of seven.
    """

    FOUR = "四字"
    HALVES = "对仗"
    SEVENS = "七字对仗"

    def fits(self, parts: list[str]) -> bool:
        """Whether these parts have the form."""
        lengths = [len(one) for one in parts]
        match self:
            case Pattern.FOUR:
                return set(lengths) == {4}
            case Pattern.HALVES:
                return len(lengths) == 2 and lengths[0] == lengths[1]
            case _:
                return lengths == [7, 7]


@dataclass(frozen=True)
class FoundHeading:
    """A heading without its number. ``count``: the documents that have it, of which ``view`` is the first."""

    text: str
    level: int
    view: View
    count: int


@dataclass(frozen=True, kw_only=True)
class HeadingPage:
    """Headings, best first. ``compared``: the documents whose headings were read.

    ``total``: how many different headings were found. ``blocked``: the query has a blocked word.
    """

    headings: tuple[FoundHeading, ...] = ()
    total: int = 0
    compared: int = 0
    blocked: bool = False


@reads_shared
def headings(
    service: SearchService,
    text: str,
    audience: Audience,
    *,
    filters: Filters = NO_FILTERS,
    length: int | None = None,
    pattern: Pattern | None = None,
    limit: int = 20,
) -> HeadingPage:
    """The headings that contain every part of a query, literally or all its words; each text once.

    An empty query: those of the newest documents. ``length``: of letters and digits, without the number.
    Those that contain the parts as typed come first, then those of most documents.
    Raises ``BadInput`` for a query over ``MAX_QUERY`` characters.
    """
    query = parse(text, service.analyzer)
    if service.store.blocked.block(text):
        return HeadingPage(blocked=True)
    reader = service.reader(audience, shared=True)
    ids = _documents(reader, query, filters)
    found: dict[str, tuple[str, int, list[View]]] = {}
    for stored in reader.fetch(ids).values() if ids else ():
        for one in headings_of(stored.view.text):
            bare = without_number(one.text)
            parts = [part for part in _PAUSE.split(normalize(bare)) if part]
            key = "".join(parts)
            if not key or len(bare) > LONGEST or (length is not None and len(key) != length):
                continue
            if (pattern and not pattern.fits(parts)) or not _says(query.tree, normalize(bare)):
                continue
            views = found.setdefault(key, (bare, one.level, []))[2]
            if stored.view not in views[-1:]:
                views.append(stored.view)

    def order(one: tuple[str, int, list[View]]) -> tuple[bool, int]:
        normalised = normalize(one[0])
        return any(said not in normalised for said in query.literals), -len(one[2])

    best = sorted(found.values(), key=order)
    return HeadingPage(
        headings=tuple(
            FoundHeading(bare, level, views[0], len(views)) for bare, level, views in best[:limit]
        ),
        total=len(best),
        compared=len(ids),
    )


def _documents(reader: Reader, query: Query, filters: Filters) -> list[str]:
    """The documents with the best passages for the words, or the newest; at most ``COMPARED``."""
    filters = query.merge_filters(filters)
    clause = of_articles(query)
    if not query.included:
        newest = Search(clause, filters=filters, sort=Sort.DATE, limit=COMPARED)
        return [hit.id for hit in reader.read(newest)[newest].hits]
    filters = allowed(reader, filters, clause, query.words)
    if not query.words or filters.ids == ():
        return []
    best = BestPassages([(word, 1.0) for word in query.words], filters, articles=COMPARED)
    return list(dict.fromkeys(hit.article_id for hit in reader.read(best)[best]))


def _says(node: Node, heading: str) -> bool:
    """Whether a normalised heading fulfils a part of the query; conditions on articles are fulfilled."""
    match node:
        case Chunk():
            if node.title_only or node.text in heading:
                return True
            words = () if node.literal else node.words
            return bool(words) and all(word in heading for word in words)
        case NotNode(part):
            return not _has_chunk(part) or not _says(part, heading)
        case AndNode(parts):
            return all(_says(part, heading) for part in parts)
        case OrNode(parts):
            return any(_says(part, heading) for part in parts)
    return True


def _has_chunk(node: Node) -> bool:
    match node:
        case Chunk():
            return not node.title_only
        case NotNode(part):
            return _has_chunk(part)
        case AndNode(parts) | OrNode(parts):
            return any(map(_has_chunk, parts))
    return False
