"""The vocabulary of each generation, for suggestions and corrections. Entry point: :class:`Vocabularies`.

An inventory is written when a generation is loaded. The entries of each article are stored separately and
reduced before the article is changed or deleted, so suggestions come only from texts of articles that are
in the index and not hidden.
"""

import threading
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from search_service.state.database import METADATA, Database
from search_service.suggestions.completion import CompletionIndex
from search_service.suggestions.spelling import Spelling
from search_service.suggestions.vocabulary import (
    Inventory,
    Kind,
    Text,
    TextIndices,
    Vocabulary,
    pack,
    unpack,
)

# ``made``: the id of the inventory; ``changed``: a new id after each change of an article's entries.
_VOCABULARIES = sa.Table(
    "vocabularies",
    METADATA,
    sa.Column("generation", sa.String(200), primary_key=True),
    sa.Column("made", sa.String(32), nullable=False),
    sa.Column("changed", sa.String(32), nullable=False),
    sa.Column("texts", sa.LargeBinary, nullable=False),
)
_HOLDERS = sa.Table(
    "vocabulary_articles",
    METADATA,
    sa.Column("made", sa.String(32), primary_key=True),
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("date", sa.String(10), nullable=False),
    sa.Column("places", sa.LargeBinary, nullable=False),
)
# Two generations of each audience: the live one, and the one before while requests still read it.
_MAX_LOADED = 6


@dataclass(frozen=True)
class LoadedVocabulary:
    """A vocabulary in memory, with its completion and its spelling correction."""

    completion: CompletionIndex
    spelling: Spelling

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> "LoadedVocabulary":
        """Build both from a vocabulary."""
        completion = CompletionIndex(vocabulary)
        return cls(completion, Spelling(vocabulary, completion.in_titles_or_headings))


@dataclass(frozen=True)
class ArticleTexts:
    """The texts, by kind, and the date that an article will have."""

    texts: Mapping[Kind, Collection[str]]
    date: str


@dataclass(frozen=True)
class _CacheKey:
    """What a loaded vocabulary was made of."""

    made: str
    changed: str
    hidden: frozenset[str]


class Vocabularies:
    """Vocabularies by generation. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ready: dict[str, tuple[_CacheKey, LoadedVocabulary]] = {}
        self._texts: dict[str, list[Text]] = {}
        self._lock = threading.Lock()

    def put(self, generation: str, inventory: Inventory) -> None:
        """Store the inventory of a generation, replacing any before."""
        made = uuid.uuid4().hex
        holders = [
            {"made": made, "article_id": id, "date": one.date, "places": one.to_bytes()}
            for id, one in inventory.by_article.items()
        ]
        row = {"generation": generation, "made": made, "changed": made}
        with self._database.writing() as connection:
            _delete(connection, _VOCABULARIES.c.generation == generation)
            connection.execute(_VOCABULARIES.insert(), row | {"texts": pack(inventory.texts)})
            if holders:
                connection.execute(_HOLDERS.insert(), holders)

    def keep(self, generations: Collection[str]) -> None:
        """Delete the vocabularies of all other generations."""
        with self._database.writing() as connection:
            _delete(connection, _VOCABULARIES.c.generation.not_in(list(generations)))

    def narrow(
        self, generation: str, coming: Mapping[str, Callable[[], ArticleTexts] | None]
    ) -> None:
        """Before articles are written: remove the entries of texts that they will no longer have.

        ``None``: the article is deleted. New texts of an article wait for the next inventory: suggestions
        must not reveal which of its texts were in another article that is now gone.
        """
        # Analysed only for articles of the inventory, and before the state is locked.
        texts_of = {
            id: read() if (read := coming[id]) else None for id in self._held(generation, coming)
        }
        if not texts_of:
            return
        is_it = _VOCABULARIES.c.generation == generation
        with self._database.writing() as connection:
            # First, to serialise the writers of one generation.
            lock = _VOCABULARIES.update().where(is_it).values(generation=generation)
            connection.execute(lock)
            made = connection.scalar(sa.select(_VOCABULARIES.c.made).where(is_it))
            if made is None:
                return
            texts = self._texts_of(connection, made)
            mine = (_HOLDERS.c.made == made) & _HOLDERS.c.article_id.in_(texts_of)
            before = {
                row.article_id: TextIndices.from_bytes(row.places, row.date)
                for row in connection.execute(_HOLDERS.select().where(mine))
            }
            after = {
                id: _narrowed(before[id], article, texts)
                for id, article in texts_of.items()
                if article is not None and id in before
            }
            changed = {id for id, one in before.items() if after.get(id) is not one}
            if not changed:
                return
            gone = (_HOLDERS.c.made == made) & _HOLDERS.c.article_id.in_(changed)
            connection.execute(_HOLDERS.delete().where(gone))
            rows = [
                {"made": made, "article_id": id, "date": one.date, "places": one.to_bytes()}
                for id, one in after.items()
                if id in changed
            ]
            if rows:
                connection.execute(_HOLDERS.insert(), rows)
            now = _VOCABULARIES.update().where(is_it).values(changed=uuid.uuid4().hex)
            connection.execute(now)

    def _held(self, generation: str, ids: Collection[str]) -> list[str]:
        """Those of these articles that have entries in the inventory of a generation."""
        query = (
            sa.select(_HOLDERS.c.article_id)
            .join(_VOCABULARIES, _VOCABULARIES.c.made == _HOLDERS.c.made)
            .where(_VOCABULARIES.c.generation == generation, _HOLDERS.c.article_id.in_(ids))
        )
        with self._database.reading() as connection:
            return list(connection.scalars(query))

    def vocabulary(self, generation: str, hidden: frozenset[str]) -> LoadedVocabulary:
        """The vocabulary of a generation without the ``hidden`` articles; empty if it has none.

        Rebuilt after an article was changed, deleted or hidden: under a second for 6,000 articles.
        """
        columns = (_VOCABULARIES.c.generation, _VOCABULARIES.c.made, _VOCABULARIES.c.changed)
        rows = self._database.remembered(
            "vocabularies", lambda connection: connection.execute(sa.select(*columns)).all()
        )
        made = {row.generation: row for row in rows}
        if generation not in made:
            return LoadedVocabulary.of(Vocabulary([]))
        row = made[generation]
        key = _CacheKey(row.made, row.changed, hidden)
        loaded = self._ready.get(generation)
        if loaded is not None and loaded[0] == key:
            return loaded[1]
        with self._lock:
            loaded = self._ready.pop(generation, None)
            if loaded is None or loaded[0] != key:
                while len(self._ready) >= _MAX_LOADED:
                    del self._ready[next(iter(self._ready))]
                loaded = (key, LoadedVocabulary.of(self._inventory(row.made).vocabulary(hidden)))
            self._ready[generation] = loaded
            return loaded[1]

    def _inventory(self, made: str) -> Inventory:
        query = _HOLDERS.select().where(_HOLDERS.c.made == made)
        with self._database.reading() as connection:
            texts = self._texts_of(connection, made)
            rows = connection.execute(query).all()
        return Inventory(
            texts, {row.article_id: TextIndices.from_bytes(row.places, row.date) for row in rows}
        )

    def _texts_of(self, connection: sa.Connection, made: str) -> list[Text]:
        """The texts of an inventory; they never change. Empty if it has just been replaced."""
        texts = self._texts.get(made)
        if texts is None:
            query = sa.select(_VOCABULARIES.c.texts).where(_VOCABULARIES.c.made == made)
            content = connection.scalar(query)
            if content is None:
                return []
            texts = unpack(content)
            while len(self._texts) >= _MAX_LOADED:
                self._texts.pop(next(iter(self._texts)), None)
            self._texts[made] = texts
        return texts


def _delete(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    made = sa.select(_VOCABULARIES.c.made).where(which)
    connection.execute(_HOLDERS.delete().where(_HOLDERS.c.made.in_(made)))
    connection.execute(_VOCABULARIES.delete().where(which))


def _narrowed(before: TextIndices, article: ArticleTexts, texts: list[Text]) -> TextIndices:
    """The before without other texts; the same object if nothing changes."""
    kept = [
        place
        for place in before.indices.tolist()
        if texts[place].text in article.texts[texts[place].kind]
    ]
    if len(kept) == len(before.indices) and article.date == before.date:
        return before
    return TextIndices(np.array(kept, dtype=np.uint32), article.date)
