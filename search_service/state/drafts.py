"""The drafts that people save, each with its versions. Entry point: :class:`Drafts`.

An account reads and changes only its own. Of the passages that were put into a text only the ids are stored:
what of them may be read is decided each time, by the role.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from analyzers.messages import say
from search_service import relevance
from search_service.errors import BadInput, NotFound
from search_service.state.database import METADATA, Database

# ``id``: random, so that none is used again: a page that still has one of a deleted draft names no other.
_DRAFTS = sa.Table(
    "drafts",
    METADATA,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("account", sa.String(64), nullable=False, index=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("changed", sa.String(32), nullable=False),
)
# ``number``: counts what was saved, from 1. ``quoted``: pairs of an article and a passage, as JSON.
_VERSIONS = sa.Table(
    "draft_versions",
    METADATA,
    sa.Column("draft", sa.String(16), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("saved", sa.String(32), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("quoted", sa.Text, nullable=False),
    sa.Column("automatic", sa.Boolean, nullable=False),
)
MOST = 100  # of an account
MOST_VERSIONS = 20  # of a draft; the oldest go
MAX_TITLE = 100  # characters
_ID_BYTES = 8


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A draft without its texts. ``versions``: how many; ``title``: its first line; ``changed``: in UTC."""

    id: str
    title: str
    changed: str
    versions: int


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version without its text. ``automatic``: nobody asked to save it; ``saved``: in UTC."""

    number: int
    saved: str
    automatic: bool


@dataclass(frozen=True, kw_only=True)
class OpenDraft:
    """A version with its text and the passages in it (article, passage); ``versions``: all, newest first."""

    id: str
    version: Version
    text: str
    quoted: Sequence[tuple[str, str]]
    versions: Sequence[Version]

    @property
    def last(self) -> Version:
        """The newest version."""
        return self.versions[0]


@dataclass(frozen=True, kw_only=True)
class SavedDraft:
    """What was saved. ``elsewhere``: the draft had a version that whoever saved it had not seen."""

    draft: str
    version: int
    saved: str
    elsewhere: bool = False


class Drafts:
    """The drafts of accounts. Safe to share among threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, account: str) -> Sequence[Draft]:
        """Those of an account, the last changed first."""
        count = sa.func.count(_VERSIONS.c.number).label("versions")
        query = (
            sa.select(_DRAFTS, count)
            .join(_VERSIONS, _VERSIONS.c.draft == _DRAFTS.c.id)
            .where(_DRAFTS.c.account == account)
            .group_by(*_DRAFTS.c)
            .order_by(_DRAFTS.c.changed.desc(), _DRAFTS.c.id)
        )
        with self._database.reading() as connection:
            return [
                Draft(id=row.id, title=row.title, changed=row.changed, versions=row.versions)
                for row in connection.execute(query)
            ]

    def open(self, account: str, id: str, number: int | None = None) -> OpenDraft:
        """A version of a draft, the last one without a number. Raises ``NotFound``, whosever it is."""
        column = _VERSIONS.c
        with self._database.reading() as connection:
            _require(connection, account, id)
            query = sa.select(column.number, column.saved, column.automatic)
            rows = connection.execute(
                query.where(column.draft == id).order_by(column.number.desc())
            ).all()
            versions = [
                Version(number=row.number, saved=row.saved, automatic=row.automatic) for row in rows
            ]
            wanted = next((one for one in versions if number in {None, one.number}), None)
            if wanted is None:
                raise _unknown()
            texts = sa.select(column.text, column.quoted).where(_is(id, wanted.number))
            row = connection.execute(texts).one()
        return OpenDraft(
            id=id,
            version=wanted,
            text=row.text,
            quoted=[(article, passage) for article, passage in json.loads(row.quoted)],
            versions=versions,
        )

    def save(
        self,
        account: str,
        text: str,
        quoted: Sequence[tuple[str, str]] = (),
        *,
        draft: str = "",
        seen: Sequence[int] = (),
        automatic: bool = False,
    ) -> SavedDraft:
        """Save a text as the last version of a draft, or as a new draft without ``draft``.

        ``seen``: the numbers of versions that whoever wrote it has seen, the one it was made of first. If the
        last version is none of them, it was saved elsewhere, and the new one is beside it. An automatic save
        replaces the last version if that is automatic, too, and the text was made of it. The text of the last
        version adds none. Raises ``NotFound`` for a draft that the account does not have, ``BadInput`` for
        what cannot be saved.
        """
        # PostgreSQL stores no NUL.
        text = text.replace("\0", "")
        _check(text)
        with self._database.writing() as connection:
            if draft:
                _require(connection, account, draft, locked=True)
            else:
                draft = _same(connection, account, text) or _created(connection, account)
            query = _VERSIONS.select().where(_VERSIONS.c.draft == draft)
            last = connection.execute(query.order_by(_VERSIONS.c.number.desc()).limit(1)).first()
            elsewhere = last is not None and last.number not in seen and last.text != text
            number, saved = (last.number if last else 0) + 1, _now()
            values = {
                "saved": saved,
                "quoted": json.dumps([list(pair) for pair in quoted], ensure_ascii=False),
                "automatic": automatic,
            }
            if last and last.text == text:
                number = last.number
                values["automatic"] = automatic and last.automatic
                connection.execute(_VERSIONS.update().where(_is(draft, number)).values(**values))
            else:
                # With a number of its own: another page that was made of the one before must notice.
                if last and automatic and last.automatic and [*seen][:1] == [last.number]:
                    connection.execute(_VERSIONS.delete().where(_is(draft, last.number)))
                row = {"draft": draft, "number": number, "text": text, **values}
                connection.execute(_VERSIONS.insert().values(**row))
                _drop_oldest(connection, draft)
            changed = {"title": _title(text), "changed": saved}
            connection.execute(_DRAFTS.update().where(_DRAFTS.c.id == draft).values(**changed))
        return SavedDraft(draft=draft, version=number, saved=saved, elsewhere=elsewhere)

    def remove(self, account: str, id: str, number: int | None = None) -> None:
        """Delete a draft, or a version that is not its last. Raises ``NotFound``."""
        with self._database.writing() as connection:
            _require(connection, account, id, locked=True)
            if number is not None:
                query = sa.select(sa.func.max(_VERSIONS.c.number)).where(_VERSIONS.c.draft == id)
                # The number of the last one is what pages compare.
                if number == connection.scalar(query):
                    raise _unknown()
                if not connection.execute(_VERSIONS.delete().where(_is(id, number))).rowcount:
                    raise _unknown()
                return
            connection.execute(_VERSIONS.delete().where(_VERSIONS.c.draft == id))
            connection.execute(_DRAFTS.delete().where(_DRAFTS.c.id == id))


def _check(text: str) -> None:
    if not text.strip():
        raise BadInput(
            say("稿件是空的，没有可保存的文字", "the draft is empty; there is nothing to save")
        )
    if len(text) > relevance.MAX_DRAFT:
        raise BadInput(
            say(
                f"稿件有 {len(text)} 个字，最多 {relevance.MAX_DRAFT} 个；请分成几份保存",
                f"the draft has {len(text)} characters, the limit is {relevance.MAX_DRAFT};"
                " save it in parts",
            )
        )


def _require(connection: sa.Connection, account: str, id: str, *, locked: bool = False) -> None:
    """Raise ``NotFound`` unless the account has this draft; ``locked``: others wait who save it."""
    query = sa.select(_DRAFTS.c.id).where(_DRAFTS.c.id == id, _DRAFTS.c.account == account)
    if connection.scalar(query.with_for_update() if locked else query) is None:
        raise _unknown()


def _same(connection: sa.Connection, account: str, text: str) -> str | None:
    """The last changed draft if it has this text: of a form that was sent twice."""
    column = _DRAFTS.c
    query = (
        sa.select(column.id, _VERSIONS.c.text)
        .join(_VERSIONS, _VERSIONS.c.draft == column.id)
        .where(column.account == account)
        .order_by(column.changed.desc(), column.id, _VERSIONS.c.number.desc())
    )
    row = connection.execute(query.limit(1)).first()
    return row.id if row and row.text == text else None


def _created(connection: sa.Connection, account: str) -> str:
    query = sa.select(sa.func.count()).where(_DRAFTS.c.account == account)
    count = connection.scalar(query) or 0
    if count >= MOST:
        raise BadInput(
            say(
                f"已有 {count} 份稿件，最多 {MOST} 份；请先在“我的稿件”里删去一些",
                f"there are {count} drafts, the limit is {MOST}; delete some first",
            )
        )
    id = secrets.token_hex(_ID_BYTES)
    row = {"id": id, "account": account, "title": "", "changed": _now()}
    connection.execute(_DRAFTS.insert().values(**row))
    return id


def _drop_oldest(connection: sa.Connection, draft: str) -> None:
    column = _VERSIONS.c
    query = sa.select(column.number).where(column.draft == draft).order_by(column.number.desc())
    oldest = connection.scalars(query.offset(MOST_VERSIONS)).all()
    connection.execute(_VERSIONS.delete().where(column.draft == draft, column.number.in_(oldest)))


def _is(draft: str, number: int) -> sa.ColumnElement[bool]:
    return sa.and_(_VERSIONS.c.draft == draft, _VERSIONS.c.number == number)


def _title(text: str) -> str:
    return text.strip().partition("\n")[0].strip()[:MAX_TITLE]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _unknown() -> NotFound:
    return NotFound(say("没有这份稿件，或没有这一版", "there is no such draft or version"))
