"""Coined terms that the staff accepted or rejected: 三无小区, 接诉即办. Entry point: :class:`CoinedTerms`.

The index is searched for them as phrases, so a decision needs no reindexing: it counts from the next query on
(ADR 0010). ``indexer.propose_terms`` proposes terms.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import sqlalchemy as sa

from search_service import logs
from search_service.state.database import METADATA, Database

_TERMS = sa.Table(
    "coined_terms",
    METADATA,
    sa.Column("term", sa.String(64), primary_key=True),
    sa.Column("accepted", sa.Boolean, nullable=False, index=True),
    sa.Column("since", sa.String(32), nullable=False),
)

_log = logs.Log(__name__)


class CoinedTerms:
    """Decisions on normalised terms. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accepted(self) -> frozenset[str]:
        """The accepted terms."""
        query = sa.select(_TERMS.c.term).where(_TERMS.c.accepted)
        return self._database.remembered(
            "accepted terms", lambda connection: frozenset(connection.scalars(query))
        )

    def decided(self) -> Mapping[str, bool]:
        """Every decided term, sorted: True if it was accepted, False if rejected."""
        query = sa.select(_TERMS.c.term, _TERMS.c.accepted).order_by(_TERMS.c.term)
        with self._database.reading() as connection:
            return {row.term: row.accepted for row in connection.execute(query)}

    def decide(self, terms: Collection[str], *, accepted: bool) -> None:
        """Accept or reject normalised terms, replacing earlier decisions on them."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [{"term": term, "accepted": accepted, "since": now} for term in dict.fromkeys(terms)]
        if not rows:
            return
        self._database.create()
        with self._database.writing() as connection:
            old = _TERMS.delete().where(_TERMS.c.term == sa.bindparam("key"))
            connection.execute(old, [{"key": row["term"]} for row in rows])
            connection.execute(_TERMS.insert(), rows)
        _log.info("terms-decided", terms=len(rows), accepted=accepted)
