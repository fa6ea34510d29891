"""Copies as one result: which article of each group is shown for the others.

Entry points: :func:`fold`, :class:`Count`.

Only of articles that match, and pass the filters: a copy that alone has the title or the issuer that is
searched is found by it. Which one it is does not depend on scores, so all pages and every order agree.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from search_service.engines.dates import UNDATED
from search_service.engines.reads import Answers, Search
from search_service.model import All, Clause, Filters, Hit, Identifiers, Sort
from search_service.state.copies import Groups


def fold(
    groups: Groups, hits: Iterable[Hit], *, exact: Collection[str], full: Collection[str]
) -> Mapping[str, tuple[str, ...]]:
    """The article that is shown of each group -> the ids of the others, both of the matching ones.

    First what has the exact key, then what matches in full, is in force, is oldest: the original.
    """
    members: dict[int, dict[str, Hit]] = defaultdict(dict)
    for hit in hits:
        if hit.id in groups:
            members[groups[hit.id]][hit.id] = hit

    def rank(hit: Hit) -> tuple[bool, bool, bool, int, str]:
        return hit.id not in exact, hit.id not in full, hit.ended, hit.day or UNDATED, hit.id

    ordered = (sorted(one.values(), key=rank) for one in members.values() if len(one) > 1)
    return {first.id: tuple(hit.id for hit in others) for first, *others in ordered}


class Count:
    """The requests that count the articles of a clause, each copy once, and the number by their answers."""

    def __init__(self, clause: Clause, filters: Filters, groups: Groups) -> None:
        self._groups = groups
        all_of_them = Search(clause, filters=filters)
        among = All((clause, Identifiers(tuple(groups))))
        copies = Search(among, (), filters, Sort.DATE, limit=len(groups))
        self.requests = (all_of_them, copies) if groups else (all_of_them,)

    def of(self, answers: Answers) -> int:
        """The number of articles."""
        counted, *copies = (answers[one] for one in self.requests)
        hits = (hit for one in copies for hit in one.hits)
        folded = fold(self._groups, hits, exact=(), full=())
        return counted.totals.total - sum(map(len, folded.values()))
