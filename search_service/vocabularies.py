"""The vocabularies of the generations, kept in the database of the state. Entry point: :class:`Vocabularies`.

Written where a generation is loaded; whoever answers reads each once and keeps it ready.
"""

import threading
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from search_service.completion import Completion
from search_service.database import METADATA, Database
from search_service.spelling import Spelling
from search_service.vocabulary import Vocabulary

_VOCABULARIES = sa.Table(
    "vocabularies",
    METADATA,
    sa.Column("generation", sa.String(200), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
# Two generations of each audience: what serves, and the one before while requests still ask it.
_KEPT = 6


@dataclass(frozen=True)
class Known:
    """A vocabulary ready to be asked."""

    completion: Completion
    spelling: Spelling


class Vocabularies:
    """Vocabularies by generation. Safe to share among threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ready: dict[tuple[str, int], Known] = {}
        self._lock = threading.Lock()

    def put(self, generation: str, vocabulary: Vocabulary) -> None:
        """Keep the vocabulary of a generation, instead of the one before."""
        row = {"generation": generation, "content": vocabulary.to_bytes()}
        old = _VOCABULARIES.delete().where(_VOCABULARIES.c.generation == generation)
        with self._database.writing() as connection:
            connection.execute(old)
            connection.execute(_VOCABULARIES.insert(), row)

    def keep(self, generations: Collection[str]) -> None:
        """Drop the vocabularies of all other generations."""
        others = _VOCABULARIES.delete().where(_VOCABULARIES.c.generation.not_in(list(generations)))
        with self._database.writing() as connection:
            connection.execute(others)

    def known(self, generation: str, articles: int) -> Known:
        """The vocabulary of a generation; an empty one where there is none.

        ``articles``: the count of its manifest, which is set whenever the vocabulary is made anew.
        """
        key = (generation, articles)
        if (found := self._ready.get(key)) is not None:
            return found
        with self._lock:
            if key not in self._ready:
                ready = self._read(generation)
                while len(self._ready) >= _KEPT:
                    del self._ready[next(iter(self._ready))]
                self._ready[key] = ready
            return self._ready[key]

    def _read(self, generation: str) -> Known:
        query = sa.select(_VOCABULARIES.c.content).where(_VOCABULARIES.c.generation == generation)
        with self._database.reading() as connection:
            content = connection.scalar(query)
        vocabulary = Vocabulary([]) if content is None else Vocabulary.from_bytes(content)
        completion = Completion(vocabulary)
        return Known(completion, Spelling(vocabulary, completion.holds))
