"""The vocabularies of the generations, kept in the database of the state. Entry point: :class:`Vocabularies`.

An inventory is written where a generation is loaded. What an article holds of it is kept apart for each
article, and narrowed before the article is written, deleted or exchanged: so what may be suggested is
always that of the articles that stand, less those taken down, and of no others.
"""

import threading
import uuid
from collections.abc import Collection, Iterable, Mapping
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

# ``made``: names the inventory; ``changed``: another one after each change of a holder.
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
# Two generations of each audience: what serves, and the one before while requests still ask it.
_KEPT = 6


@dataclass(frozen=True)
class LoadedVocabulary:
    """A vocabulary ready to be asked."""

    completion: CompletionIndex
    spelling: Spelling

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> "LoadedVocabulary":
        """Make a vocabulary ready."""
        completion = CompletionIndex(vocabulary)
        return cls(completion, Spelling(vocabulary, completion.in_titles_or_headings))


@dataclass(frozen=True)
class ArticleTexts:
    """The texts that an article is going to hold."""

    texts: Mapping[Kind, Collection[str]]
    date: str


@dataclass(frozen=True)
class _Moment:
    """What a vocabulary was made of."""

    made: str
    changed: str
    hidden: frozenset[str]


class Vocabularies:
    """Vocabularies by generation. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ready: dict[str, tuple[_Moment, LoadedVocabulary]] = {}
        self._texts: dict[str, list[Text]] = {}
        self._lock = threading.Lock()

    def put(self, generation: str, inventory: Inventory) -> None:
        """Keep the inventory of a generation, instead of the one before."""
        made = uuid.uuid4().hex
        holders = [
            {"made": made, "article_id": id, "date": one.date, "places": one.to_bytes()}
            for id, one in inventory.by_article.items()
        ]
        row = {"generation": generation, "made": made, "changed": made}
        with self._database.writing() as connection:
            _drop(connection, _VOCABULARIES.c.generation == generation)
            connection.execute(_VOCABULARIES.insert(), row | {"texts": pack(inventory.texts)})
            if holders:
                connection.execute(_HOLDERS.insert(), holders)

    def keep(self, generations: Collection[str]) -> None:
        """Drop the vocabularies of all other generations."""
        with self._database.writing() as connection:
            _drop(connection, _VOCABULARIES.c.generation.not_in(list(generations)))

    def narrow(self, generation: str, coming: Iterable[tuple[str, ArticleTexts | None]]) -> None:
        """Before articles are written: forget the texts that they are not going to hold any more.

        ``None``: the article is deleted. What is new in an article waits for the next inventory: what is
        suggested must not tell which of its texts another article, now gone, had held.
        """
        is_it = _VOCABULARIES.c.generation == generation
        with self._database.writing() as connection:
            # First, so that writers of one generation come one after another.
            lock = _VOCABULARIES.update().where(is_it).values(generation=generation)
            connection.execute(lock)
            made = connection.scalar(sa.select(_VOCABULARIES.c.made).where(is_it))
            if made is None:
                return
            texts = self._texts_of(connection, made)
            changes = list(coming)
            mine = (_HOLDERS.c.made == made) & _HOLDERS.c.article_id.in_([id for id, _ in changes])
            before = {
                row.article_id: TextIndices.from_bytes(row.places, row.date)
                for row in connection.execute(_HOLDERS.select().where(mine))
            }
            after = dict(before)
            for id, held in changes:
                if held is None:
                    after.pop(id, None)
                elif id in after:
                    after[id] = _narrowed(after[id], held, texts)
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

    def vocabulary(self, generation: str, hidden: frozenset[str]) -> LoadedVocabulary:
        """What may be suggested of a generation without the articles taken down; nothing where it has none.

        Made again where an article was changed, deleted or taken down: under a second for 6,000 articles.
        """
        columns = (_VOCABULARIES.c.made, _VOCABULARIES.c.changed)
        query = sa.select(*columns).where(_VOCABULARIES.c.generation == generation)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return LoadedVocabulary.of(Vocabulary([]))
        moment = _Moment(row.made, row.changed, hidden)
        found = self._ready.get(generation)
        if found is not None and found[0] == moment:
            return found[1]
        with self._lock:
            found = self._ready.pop(generation, None)
            if found is None or found[0] != moment:
                while len(self._ready) >= _KEPT:
                    del self._ready[next(iter(self._ready))]
                found = (moment, LoadedVocabulary.of(self._inventory(row.made).vocabulary(hidden)))
            self._ready[generation] = found
            return found[1]

    def _inventory(self, made: str) -> Inventory:
        query = _HOLDERS.select().where(_HOLDERS.c.made == made)
        with self._database.reading() as connection:
            texts = self._texts_of(connection, made)
            rows = connection.execute(query).all()
        return Inventory(
            texts, {row.article_id: TextIndices.from_bytes(row.places, row.date) for row in rows}
        )

    def _texts_of(self, connection: sa.Connection, made: str) -> list[Text]:
        """The texts of an inventory; they never change. None of one that was replaced just now."""
        found = self._texts.get(made)
        if found is None:
            query = sa.select(_VOCABULARIES.c.texts).where(_VOCABULARIES.c.made == made)
            content = connection.scalar(query)
            if content is None:
                return []
            found = unpack(content)
            while len(self._texts) >= _KEPT:
                self._texts.pop(next(iter(self._texts)), None)
            self._texts[made] = found
        return found


def _drop(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    made = sa.select(_VOCABULARIES.c.made).where(which)
    connection.execute(_HOLDERS.delete().where(_HOLDERS.c.made.in_(made)))
    connection.execute(_VOCABULARIES.delete().where(which))


def _narrowed(holder: TextIndices, held: ArticleTexts, texts: list[Text]) -> TextIndices:
    """The same holder where nothing changes."""
    kept = [
        place
        for place in holder.indices.tolist()
        if texts[place].text in held.texts[texts[place].kind]
    ]
    if len(kept) == len(holder.indices) and held.date == holder.date:
        return holder
    return TextIndices(np.array(kept, dtype=np.uint32), held.date)
