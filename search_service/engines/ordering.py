"""The order of writes: what an entry does to what stands under its id. Pure, the same in every engine.

Entry points: :func:`judge` and :class:`Standing`. The order of an entry is ``2 × version``, ``+ 1`` for
a delete: at the same version the delete wins. Whatever the entries of an article arrive as, in any
sequence and any number of times, one of the highest order is what stands in the end; of several (a
source that publishes another view under the same version, or none any more) the last that arrived.
"""

import enum
from dataclasses import dataclass

from search_service.model import Record, Tombstone


@dataclass(frozen=True)
class Standing:
    """What stands under an id: its order, and the digest of its view; None for a tombstone of any kind."""

    order: int
    digest: str | None

    @property
    def version(self) -> int:
        """The version of the entry, whichever kind it is."""
        return self.order // 2


class Verdict(enum.Enum):
    """What becomes of an entry."""

    WRITE = "write"
    UNCHANGED = "unchanged"  # the same content: at most its order is raised
    STALE = "stale"


def id_of(entry: Record | Tombstone) -> str:
    """The article that the entry is about."""
    return entry.id if isinstance(entry, Tombstone) else entry.view.id


def standing_of(entry: Record | Tombstone) -> Standing:
    """What stands when the entry was applied."""
    if isinstance(entry, Tombstone):
        return Standing(2 * entry.version + (not entry.withheld), None)
    return Standing(2 * entry.version, entry.view.digest)


def judge(entry: Standing, stands: Standing | None) -> Verdict:
    """Compare an entry with what stands; the same content is unchanged, whatever its order."""
    if stands is None:
        return Verdict.WRITE
    if entry.digest == stands.digest:
        return Verdict.UNCHANGED
    return Verdict.WRITE if entry.order >= stands.order else Verdict.STALE
