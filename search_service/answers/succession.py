"""What takes the place of an article, and whose place it takes.

Entry points: :func:`relations` of one article, :func:`ended_by` for a list of them.
"""

import enum
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzers.successors import only_ends
from search_service.engines.reads import Reader, Search
from search_service.model import Audience, Sort, StoredArticle, View
from search_service.query import succession
from search_service.service import SearchService, reads_shared

_MOST = 50  # relations that are shown


class RelationType(enum.StrEnum):
    """How an article is related to the shown one: what it does to it, or what is done to it."""

    REPLACED_BY = "replaced_by"
    REPEALED_BY = "repealed_by"
    REPLACES = "replaces"
    REPEALS = "repeals"


@dataclass(frozen=True)
class Relation:
    """The other article; ``derived``: from a text, not from what a source says."""

    type: RelationType
    view: View
    derived: bool


@reads_shared
def relations(
    service: SearchService, stored: StoredArticle, audience: Audience
) -> tuple[Relation, ...]:
    """The relations of an article, what ended it first; both articles are as the audience may read them.

    A title in a text that may mean several articles is certain of none.
    """
    view = stored.view
    return _related(view, _others(service.reader(audience, shared=True), [view])[view.id])


@reads_shared
def ended_by(
    service: SearchService, several: Sequence[StoredArticle], audience: Audience
) -> Mapping[str, Relation]:
    """What replaced or repealed these articles, by their ids; those that nothing ended are left out."""
    if not several:
        return {}
    reader = service.reader(audience, shared=True)
    search = Search(succession.ending([one.view for one in several]), sort=Sort.DATE, limit=_MOST)
    ids = [hit.id for hit in reader.read(search)[search].hits]
    newer = [one.view for one in reader.fetch(ids).values()] if ids else []
    ended = [
        one.view
        for one in several
        if one.view.replaced_by or any(succession.ended(new, one.view) for new in newer)
    ]
    others = _others(reader, ended)
    found = {}
    for view in ended:
        for relation in _related(view, others[view.id]):
            if relation.type in (RelationType.REPLACED_BY, RelationType.REPEALED_BY):
                found[view.id] = relation
                break
    return found


def _others(reader: Reader, views: Sequence[View]) -> Mapping[str, list[View]]:
    """The articles that may be related to each of these, by its id: all in two reads."""
    if not views:
        return {}
    searches = {
        one.id: Search(succession.sought(one), sort=Sort.DATE, limit=_MOST) for one in views
    }
    answers = reader.read(*searches.values())
    ids = {
        key: [hit.id for hit in answers[search].hits if hit.id != key]
        for key, search in searches.items()
    }
    stored = reader.fetch(list(dict.fromkeys(itertools.chain(*ids.values()))))
    return {
        key: [stored[id].view for id in several if id in stored] for key, several in ids.items()
    }


def _related(view: View, others: Sequence[View]) -> tuple[Relation, ...]:
    found = []
    for other in others:
        for new, old, types in (
            (other, view, (RelationType.REPLACED_BY, RelationType.REPEALED_BY)),
            (view, other, (RelationType.REPLACES, RelationType.REPEALS)),
        ):
            mention = succession.ended(new, old)
            if mention is None:
                continue
            meant = [one for one in (view, *others) if succession.means(mention, new, one)]
            # Copies have one number.
            if not mention.derived or len({one.document_number or one.id for one in meant}) == 1:
                found.append(Relation(types[only_ends(new.title)], other, mention.derived))
    return tuple(sorted(found, key=lambda one: list(RelationType).index(one.type)))
