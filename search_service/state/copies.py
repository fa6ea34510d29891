"""Which articles of a generation are copies of one another. Entry point: :class:`Copies`.

The groups are written when a generation is loaded. Before an article is changed or deleted it leaves its
group: until the next load it is shown by itself, which hides nothing.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

import sqlalchemy as sa

from search_service.state.database import METADATA, Database

_COPIES = sa.Table(
    "copies",
    METADATA,
    sa.Column("generation", sa.String(200), primary_key=True),
    sa.Column("members", sa.Text, nullable=False),
)
Groups = Mapping[str, int]  # id -> number of its group


class Copies:
    """The groups of each generation. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, generation: str, groups: Sequence[Sequence[str]]) -> None:
        """Store the groups of a generation, each of the ids of two articles or more."""
        with self._database.writing() as connection:
            connection.execute(_COPIES.delete().where(_COPIES.c.generation == generation))
            values = {"generation": generation, "members": json.dumps(groups)}
            connection.execute(_COPIES.insert().values(values))

    def keep(self, generations: Collection[str]) -> None:
        """Delete the groups of all other generations."""
        with self._database.writing() as connection:
            connection.execute(_COPIES.delete().where(_COPIES.c.generation.not_in(generations)))

    def leave(self, generation: str, ids: Collection[str]) -> None:
        """Take articles out of their groups."""
        is_it = _COPIES.c.generation == generation
        with self._database.writing() as connection:
            # First, to serialise the writers of one generation.
            connection.execute(_COPIES.update().where(is_it).values(generation=generation))
            stored = connection.scalar(sa.select(_COPIES.c.members).where(is_it))
            groups = [[id for id in one if id not in ids] for one in json.loads(stored or "[]")]
            left = json.dumps([one for one in groups if len(one) > 1])
            connection.execute(_COPIES.update().where(is_it).values(members=left))

    def of(self, generation: str) -> Groups:
        """The group of each article that has copies."""
        members = self._database.remembered("copies", _read)
        return _groups(members.get(generation, "[]"))


def _read(connection: sa.Connection) -> dict[str, str]:
    rows = connection.execute(sa.select(_COPIES.c.generation, _COPIES.c.members))
    return {row.generation: row.members for row in rows}


# Any commit of the state reads the texts again. The number: audiences, each with the generation before.
@lru_cache(maxsize=8)
def _groups(members: str) -> Groups:
    return {id: number for number, ids in enumerate(json.loads(members)) for id in ids}
