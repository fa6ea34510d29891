"""The order of writes: what an entry does to what stored under its id. Pure, the same in every engine.

Entry points: :func:`decide` and :class:`Stamp`. The order of an entry is ``2 × version``, ``+ 1`` for
a delete: at the same version the delete wins. Whatever the entries of an article arrive as, in any
sequence and any number of times, one of the highest order is what stored in the end; of several (a
source that publishes another view under the same version, or none any more) the last that arrived.
"""

import enum
from dataclasses import dataclass

from search_service.model import Record, Tombstone


@dataclass(frozen=True)
class Stamp:
    """What stored under an id: its order, and the digest of its view; None for a tombstone of any kind."""

    order: int
    digest: str | None

    @property
    def version(self) -> int:
        """The version of the entry, whichever kind it is."""
        return self.order // 2


class Decision(enum.Enum):
    """What becomes of an entry."""

    WRITE = "write"
    UNCHANGED = "unchanged"  # the same content: at most its order is raised
    STALE = "stale"


def id_of(entry: Record | Tombstone) -> str:
    """The article that the entry is about."""
    return entry.id if isinstance(entry, Tombstone) else entry.view.id


def stamp_of(entry: Record | Tombstone) -> Stamp:
    """What stored when the entry was applied."""
    if isinstance(entry, Tombstone):
        return Stamp(2 * entry.version + (not entry.withheld), None)
    return Stamp(2 * entry.version, entry.view.digest)


def decide(entry: Stamp, stored: Stamp | None) -> Decision:
    """Compare an entry with what stored; the same content is unchanged, whatever its order."""
    if stored is None:
        return Decision.WRITE
    if entry.digest == stored.digest:
        return Decision.UNCHANGED
    return Decision.WRITE if entry.order >= stored.order else Decision.STALE
