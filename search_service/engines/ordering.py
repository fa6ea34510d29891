"""The order of writes: whether an entry replaces the stored one. Pure, the same in every engine.

Entry points: :func:`decide` and :class:`Stamp`. The order of an entry is ``2 × version``, ``+ 1`` for
a delete: at the same version the delete wins. In whatever sequence and however often an article's entries
arrive, the one with the highest order is kept; of several with that order (a source that publishes another
view under the same version, or withdraws it) the last to arrive.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from search_service.model import FIRST_LEDGER_VERSION, Record, Tombstone


@dataclass(frozen=True)
class Stamp:
    """Order of an entry and digest of its view; the digest is None for a tombstone of any kind."""

    order: int
    digest: str | None

    @property
    def version(self) -> int:
        """The version of the entry, record or tombstone."""
        return self.order // 2


class Decision(enum.Enum):
    """What to do with an entry."""

    WRITE = "write"
    UNCHANGED = "unchanged"  # the same content: at most the order is raised
    STALE = "stale"


def id_of(entry: Record | Tombstone) -> str:
    """The id of the entry's article."""
    return entry.id if isinstance(entry, Tombstone) else entry.view.id


def stamp_of(entry: Record | Tombstone) -> Stamp:
    """The stamp stored once the entry is applied."""
    if isinstance(entry, Tombstone):
        return Stamp(2 * entry.version + (not entry.withheld), None)
    return Stamp(2 * entry.version, entry.view.digest)


def decide(entry: Stamp, stored: Stamp | None) -> Decision:
    """Compare an entry with the stored stamp, if any; the same content is unchanged, whatever its order."""
    if stored is None:
        return Decision.WRITE
    if entry.digest == stored.digest:
        return Decision.UNCHANGED
    return Decision.WRITE if entry.order >= stored.order else Decision.STALE


def latest_ledger_number(stamps: Mapping[str, Stamp]) -> int:
    """The greatest ledger number among stored versions; 0 or less if there is none."""
    return max((one.version for one in stamps.values()), default=0) - FIRST_LEDGER_VERSION
