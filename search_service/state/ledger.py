"""Write-ahead log of article changes. Entry point: :class:`Ledger`.

Changes are appended before the index is written. A killed writer leaves its changes *pending*; the next
writer applies them. A new generation replays the changes made since its source was read, before and after
it is activated; so does the generation that a rollback activates again.

Only the newest change of each article is kept, and none from before the last activation: the log is never
longer than the number of articles changed since.
"""

import enum
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import NamedTuple

import sqlalchemy as sa

from search_service.formats import mismatch, mismatched_keys
from search_service.model import FIRST_LEDGER_VERSION, Audience
from search_service.state.database import METADATA, Database, Lock
from search_service.state.sources import claim, release

# One row. Taking a number locks the row until the commit, so numbers become visible in order in every
# database: a reader that has seen one has missed none before it.
_HEAD = sa.Table("head", METADATA, sa.Column("sequence", sa.BigInteger, nullable=False))
sa.event.listen(_HEAD, "after_create", sa.DDL("INSERT INTO head VALUES (0)"))  # type: ignore[no-untyped-call]
_CHANGES = sa.Table(
    "changes",
    METADATA,
    sa.Column("article_id", sa.String(200), primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False, unique=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("article", sa.LargeBinary),
    sa.Column("pending", sa.Boolean, nullable=False, index=True),
    sa.Column("fault", sa.Text),
)
# The version of a change that gets its number in the log as its version.
NUMBERED = -1
_PAGE = 200  # changes read at once
_BUILD = sa.Table("build", METADATA, sa.Column("values", sa.Text, nullable=False))


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of an article: ``article`` is the packed new one, None for a deletion.

    ``version`` is the source's, and takes precedence over that in the packed article; :data:`NUMBERED`
    before a change without one is appended. ``sequence`` is the number in the log, 0 before it is
    appended. ``kept``: False if the log had a newer change of the article and keeps that one.
    """

    article_id: str
    version: int
    article: bytes | None
    sequence: int = 0
    kept: bool = True

    @property
    def order(self) -> int:
        """Sorts the changes of one article: see :mod:`search_service.engines.ordering`."""
        return 2 * self.version + (self.article is None)


class Step(enum.StrEnum):
    """How far a change has come.

    ``REFUSED``: it is not in the index as it was sent. ``SUPERSEDED``: by a newer change of the same
    article, or by an index that was built since.
    """

    PENDING = "pending"
    VISIBLE = "visible"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


class Progress(NamedTuple):
    """How far a change has come, and why it was refused."""

    step: Step
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Build:
    """The generations under construction, one for each audience whose articles differ.

    ``sequence``: changes with later numbers may be missing in them. ``reads``: for each audience, the
    audience whose generation it will read. ``expected``: the number of articles of each generation.
    ``sample``: ids that a check looks up.
    """

    sequence: int
    generations: Mapping[Audience, str] = field(default_factory=dict)
    reads: Mapping[Audience, Audience] = field(default_factory=dict)
    expected: Mapping[Audience, int] = field(default_factory=dict)
    sample: Sequence[str] = ()
    loaded: bool = False
    checked: bool = False

    def serving(self) -> dict[Audience, str]:
        """The generation that each audience reads once the build is activated."""
        return {audience: self.generations[own] for audience, own in self.reads.items()}

    def to_json(self) -> str:
        """The build as JSON; the inverse of :meth:`from_json`."""
        return json.dumps(vars(self))

    @classmethod
    def from_json(cls, text: str) -> "Build":
        """The build that :meth:`to_json` was made of; raises ``FormatMismatch``."""
        values = json.loads(text)
        written = ("generations", "reads", "expected")
        if mismatched := mismatched_keys(cls, values) + [
            name for name in written if name not in values
        ]:
            raise mismatch(
                ("正在建立的索引的记录", "the note of the index that is being built"),
                ", ".join(mismatched),
                expected=", ".join(item.name for item in fields(cls)),
                remedy=(
                    "运行 gongwen generation drop 放弃它",
                    "give it up: gongwen generation drop",
                ),
            )
        for name in written:
            values[name] = {Audience(int(key)): value for key, value in values[name].items()}
        values["reads"] = {key: Audience(value) for key, value in values["reads"].items()}
        return cls(**values)


class Ledger:
    """The log, and the build that will replay it. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def exclusive(self) -> AbstractContextManager[None]:
        """Hold the cross-process build lock (build, activate, roll back); raises ``WriterBusy``."""
        return self._database.exclusive(Lock.BUILD)

    def live(self, *, patience: float) -> AbstractContextManager[None]:
        """Hold the cross-process lock of the live index: writing it, or changing which one is live.

        Raises ``WriterBusy`` after waiting ``patience`` seconds.
        """
        return self._database.exclusive(Lock.LIVE, patience=patience)

    def synchronising(self) -> AbstractContextManager[None]:
        """Hold the cross-process lock to compare a source with the index; raises ``WriterBusy``."""
        return self._database.exclusive(Lock.SYNC)

    def next(self, *, above: int = 0) -> int:
        """Take a number greater than all before and than ``above``, the greatest one in the index.

        A restored backup does not have the numbers taken after it was made.
        """
        with self._database.writing() as connection:
            return _take(connection, 1, above=above)

    def head(self) -> int:
        """The last number that was taken."""
        with self._database.reading() as connection:
            return int(connection.execute(sa.select(_HEAD.c.sequence)).scalar_one())

    def append(
        self,
        changes: Sequence[Change],
        *,
        above: int = 0,
        read_at: int | None = None,
        source: str = "",
    ) -> list[Change]:
        """Append changes, durably, as pending; return them with their numbers, which are ``above`` one.

        A change older than the one in the log of the same article is not kept: it would be stale.
        ``read_at``: the changes were read from a source after the log had this number; of one that was
        appended since, with the same version, it is not known whether the source contained it, and it is
        kept. ``source``: the articles are from this source, and deleted ones no longer in any.
        """
        if not changes:
            return []
        with self._database.writing() as connection:
            first = _take(connection, len(changes), above=above) - len(changes) + 1
            numbered = [
                replace(
                    change,
                    sequence=n,
                    version=FIRST_LEDGER_VERSION + n
                    if change.version == NUMBERED
                    else change.version,
                )
                for n, change in enumerate(changes, start=first)
            ]
            newest = {change.article_id: change for change in sorted(numbered, key=_rank)}
            query = _CHANGES.select().where(_CHANGES.c.article_id.in_(newest))
            for stored in map(_change, connection.execute(query)):
                new = newest[stored.article_id]
                later = read_at is not None and stored.sequence > read_at
                if stored.order > new.order or (later and stored.version == new.version):
                    del newest[stored.article_id]
            if newest:
                old = _CHANGES.delete().where(_CHANGES.c.article_id.in_(newest))
                connection.execute(old)
                connection.execute(_CHANGES.insert(), [_row(one) for one in newest.values()])
            kept = newest.values()
            release(connection, [one.article_id for one in kept if one.article is None])
            if source:
                claim(connection, source, [one.article_id for one in kept if one.article])
            return [
                one if newest.get(one.article_id) is one else replace(one, kept=False)
                for one in numbered
            ]

    def mark_applied(
        self, numbers: Sequence[int], faults: Mapping[int, str] = MappingProxyType({})
    ) -> None:
        """Mark the changes with these numbers as written to the live index.

        ``faults``: by number, why an article is not in the index as it was sent.
        """
        done = _CHANGES.update().where(_CHANGES.c.sequence == sa.bindparam("number"))
        if numbers:
            rows = [{"number": n, "reason": faults.get(n)} for n in numbers]
            with self._database.writing() as connection:
                done = done.values(pending=False, fault=sa.bindparam("reason"))
                connection.execute(done, rows)

    def progress(self, numbers: Sequence[int]) -> Mapping[int, Progress]:
        """What became of the changes with these numbers; 0 and numbers that were never taken: left out."""
        query = sa.select(_CHANGES.c.sequence, _CHANGES.c.pending, _CHANGES.c.fault).where(
            _CHANGES.c.sequence.in_(numbers)
        )
        with self._database.reading() as connection:
            head = int(connection.execute(sa.select(_HEAD.c.sequence)).scalar_one())
            found = {
                row.sequence: Progress(
                    Step.PENDING if row.pending else Step.REFUSED if row.fault else Step.VISIBLE,
                    row.fault or "",
                )
                for row in connection.execute(query)
            }
        passed = {n: Progress(Step.SUPERSEDED) for n in numbers if 0 < n <= head}
        return passed | found

    def since(self, sequence: int) -> list[int]:
        """The numbers of the changes after this one, ascending."""
        return self._numbers(_CHANGES.c.sequence > sequence)

    def pending(self) -> list[int]:
        """The numbers of the changes that may not have been applied, ascending."""
        return self._numbers(_CHANGES.c.pending)

    def has_pending(self) -> bool:
        """Whether a change may not have been applied; cheap to repeat."""
        query = sa.select(sa.exists().where(_CHANGES.c.pending))
        return bool(
            self._database.remembered("pending", lambda connection: connection.scalar(query))
        )

    def read(self, numbers: Sequence[int]) -> Iterator[Change]:
        """The changes with these numbers, read in pages; without those replaced by newer ones."""
        for start in range(0, len(numbers), _PAGE):
            condition = _CHANGES.c.sequence.in_(numbers[start : start + _PAGE])
            with self._database.reading() as connection:
                page = connection.execute(
                    _CHANGES.select().where(condition).order_by(_CHANGES.c.sequence)
                ).all()
            yield from map(_change, page)

    def of(self, ids: Sequence[str]) -> Mapping[str, Change]:
        """The stored change of each of these articles, by id."""
        query = _CHANGES.select().where(_CHANGES.c.article_id == sa.bindparam("id"))
        with self._database.reading() as connection:
            rows = [row for id in ids for row in connection.execute(query, {"id": id})]
        return {change.article_id: change for change in map(_change, rows)}

    def forget(self, sequence: int) -> None:
        """Delete the changes up to this number: every generation that may serve has them."""
        with self._database.writing() as connection:
            connection.execute(_CHANGES.delete().where(_CHANGES.c.sequence <= sequence))

    def build(self) -> Build | None:
        """The build in progress: neither activated nor given up."""
        with self._database.reading() as connection:
            values = connection.scalar(sa.select(_BUILD.c["values"]))
        return None if values is None else Build.from_json(values)

    def set_build(self, build: Build | None) -> None:
        """Store the progress of the build; None if there is no build any more."""
        with self._database.writing() as connection:
            connection.execute(_BUILD.delete())
            if build is not None:
                connection.execute(_BUILD.insert().values(values=build.to_json()))

    def _numbers(self, condition: sa.ColumnElement[bool]) -> list[int]:
        query = sa.select(_CHANGES.c.sequence).where(condition).order_by(_CHANGES.c.sequence)
        with self._database.reading() as connection:
            return list(connection.scalars(query))


def _take(connection: sa.Connection, count: int, *, above: int) -> int:
    """Take ``count`` new numbers, greater than ``above``; return the last."""
    connection.execute(_HEAD.update().where(_HEAD.c.sequence < above).values(sequence=above))
    connection.execute(_HEAD.update().values(sequence=_HEAD.c.sequence + count))
    return int(connection.execute(sa.select(_HEAD.c.sequence)).scalar_one())


def _rank(change: Change) -> tuple[int, int]:
    return change.order, change.sequence


def _change(row: sa.Row[tuple[object, ...]]) -> Change:
    return Change(
        article_id=row.article_id, version=row.version, article=row.article, sequence=row.sequence
    )


def _row(change: Change) -> dict[str, object]:
    return {
        "article_id": change.article_id,
        "version": change.version,
        "article": change.article,
        "sequence": change.sequence,
        "pending": True,
    }
