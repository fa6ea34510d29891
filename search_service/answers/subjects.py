"""Who or what a query names, and nothing else: a person, an office, a document by its 文号.

Entry point: :func:`subject`. It is recognised by what the page of results shows and counts. Only for a person
or an office the index is read again, for all their articles; no other search costs more.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analyzers import document_numbers, names
from analyzers.normalize import normalize
from analyzers.terms import exact_key
from search_service.answers.page import Page
from search_service.engines.reads import Search
from search_service.model import (
    AnyOf,
    Audience,
    Everything,
    Exact,
    Filters,
    PassesFilters,
    Sort,
    View,
)
from search_service.query.parsed import Chunk, MetadataCondition
from search_service.query.parsing import parse
from search_service.service import SearchService, reads_shared
from search_service.state.blocked_words import contains_any

_NEWEST = 3  # articles of a person or an office


class SubjectType(enum.StrEnum):
    """What is named; a person or an office by its facet."""

    ISSUER = "issuer"
    AUTHOR = "author"
    NUMBER = "number"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A ``name``, and of a 文号 its document, else how many articles there are, by kind, and the newest.

    ``series``: the beginning of the 文号, which other documents have.
    """

    type: SubjectType
    name: str
    articles: tuple[View, ...]
    total: int = 1
    kinds: Mapping[str, int] = field(default_factory=dict)
    series: str = ""


def subject(service: SearchService, text: str, page: Page, audience: Audience) -> Subject | None:
    """What a query names, if that is all it says and the page leaves no doubt; else None.

    ``page``: the first one of the query's results.
    """
    parts = parse(text, service.analyzer).tree.parts
    if len(parts) != 1:
        return None
    (part,) = parts
    if isinstance(part, Chunk) and part.names_document and part.number:
        return _document(document_numbers.query_keys(part.number), page)
    if isinstance(part, Chunk) and not part.title_only:
        named = _named(part, page)
    elif isinstance(part, MetadataCondition) and isinstance(part.clause, AnyOf):
        keys = [one.value for one in part.clause.clauses if isinstance(one, Exact)]
        is_whole = any(one.is_one for one in document_numbers.find(normalize(text)))
        return _document(keys, page) if is_whole else None
    elif isinstance(part, MetadataCondition) and isinstance(part.clause, PassesFilters):
        filters = part.clause.filters
        named = [
            (one, value)
            for one in (SubjectType.ISSUER, SubjectType.AUTHOR)
            for value in filters.of(one.value)
        ]
    else:
        return None
    if len(named) != 1 or contains_any(named[0][1], service.store.blocked.words()):
        return None
    return _of_name(service, *named[0], audience)


def _document(keys: Sequence[str], page: Page) -> Subject | None:
    """The only document of the page whose 文号 has one of the keys."""
    found: list[View] = []
    for result in page.results:
        view = result.stored.view
        if view.document_number:
            own = {exact_key(view.document_number)}
            own.update(document_numbers.index_keys(normalize(view.document_number)))
            if not own.isdisjoint(keys):
                found.append(view)
    if len(found) != 1:
        return None
    (view,) = found
    name = view.document_number or ""
    series, bracket, _ = name.partition("〕")
    return Subject(
        type=SubjectType.NUMBER,
        name=name,
        articles=(view,),
        series=series + bracket if bracket else "",
    )


def _named(chunk: Chunk, page: Page) -> list[tuple[SubjectType, str]]:
    """The offices among the results whose name it is, else the persons: those with the whole name, if any."""
    alternatives = {keys for keys in (*chunk.keys[:1], *chunk.synonymous_keys) if len(keys) == 1}
    for type_ in (SubjectType.ISSUER, SubjectType.AUTHOR):
        found = [
            value
            for value in page.facets.get(type_.value, ())
            if any(names.index_keys(type_.value, value).issuperset(keys) for keys in alternatives)
        ]
        whole = [one for one in found if names.organ_key(one) == names.organ_key(chunk.text)]
        if found:
            return [(type_, value) for value in whole or found]
    return []


@reads_shared
def _of_name(
    service: SearchService, type_: SubjectType, name: str, audience: Audience
) -> Subject | None:
    reader = service.reader(audience, shared=True)
    filters = Filters(**{type_.value: (name,)})  # type: ignore[arg-type]  # a facet's values
    listed = Search(Everything(), filters=filters, sort=Sort.DATE, limit=_NEWEST, facets=("kind",))
    found = reader.read(listed)[listed]
    if not found.totals.total:
        return None
    stored = reader.fetch([hit.id for hit in found.hits])
    return Subject(
        type=type_,
        name=name,
        articles=tuple(one.view for one in stored.values()),
        total=found.totals.total,
        kinds={kind: count for kind, count in found.totals.facets["kind"].items() if kind},
    )
