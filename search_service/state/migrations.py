"""The version of the state's tables, and the steps from one version to the next.

Entry points: :data:`VERSION`, :func:`stamp`, :func:`upgrade` and :func:`unstamped_version`.
:class:`search_service.state.database.Database` runs them and refuses every other version (ADR 0017).

A step is SQL for SQLite and PostgreSQL alike and names no table of the rest of the package, which
changes. To change a table: change its definition, append a step, and keep a state of the version before
in ``tests/promises/data``. The packed articles of ``changes`` and ``shelf`` are part of the version.
"""

import json
import secrets
import uuid
import zlib
from collections.abc import Callable, Collection, Sequence

import sqlalchemy as sa

KEY_BYTES = 32
# One row. It is never changed by a step, so that every release can read it.
SCHEMA_VERSION = sa.Table(
    "schema_version",
    sa.MetaData(),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("release", sa.String(32), nullable=False),
)
# ``{bytes}`` is the type of binary columns, ``{serial}`` that of a number for each row.
_VERSION_1 = """
CREATE TABLE IF NOT EXISTS identity (
    id VARCHAR(32) NOT NULL, cursor_key {bytes} NOT NULL, hidden INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS shelf (
    article_id VARCHAR(200) NOT NULL PRIMARY KEY, build BIGINT NOT NULL, article {bytes} NOT NULL);
CREATE TABLE IF NOT EXISTS view_counts (
    audience INTEGER NOT NULL, article_id VARCHAR(200) NOT NULL, views BIGINT NOT NULL,
    PRIMARY KEY (audience, article_id));
CREATE INDEX IF NOT EXISTS view_counts_most ON view_counts (audience, views);
CREATE TABLE IF NOT EXISTS coined_terms (
    term VARCHAR(64) NOT NULL PRIMARY KEY, accepted BOOLEAN NOT NULL, since VARCHAR(32) NOT NULL);
CREATE INDEX IF NOT EXISTS ix_coined_terms_accepted ON coined_terms (accepted);
CREATE TABLE IF NOT EXISTS head (sequence BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS changes (
    article_id VARCHAR(200) NOT NULL PRIMARY KEY, sequence BIGINT NOT NULL UNIQUE,
    version BIGINT NOT NULL, article {bytes}, pending BOOLEAN NOT NULL);
CREATE INDEX IF NOT EXISTS ix_changes_pending ON changes (pending);
CREATE TABLE IF NOT EXISTS build ("values" TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS vocabularies (
    generation VARCHAR(200) NOT NULL PRIMARY KEY, made VARCHAR(32) NOT NULL,
    changed VARCHAR(32) NOT NULL, texts {bytes} NOT NULL);
CREATE TABLE IF NOT EXISTS vocabulary_articles (
    made VARCHAR(32) NOT NULL, article_id VARCHAR(200) NOT NULL, date VARCHAR(10) NOT NULL,
    places {bytes} NOT NULL, PRIMARY KEY (made, article_id));
"""
_TABLES_1 = frozenset(
    {"build", "changes", "coined_terms", "head", "hidden", "identity", "shelf", "view_counts"}
    | {"vocabularies", "vocabulary_articles"}
)


def _to_1(connection: sa.Connection) -> None:
    """From the tables of commits before there were versions: ``hidden``, ``views``, and some of the rest.

    What the staff decided is kept. View counters and vocabularies are dropped: a rebuild, which those
    indexes need in any case, writes them again.
    """
    tables = set(sa.inspect(connection).get_table_names())
    key = secrets.token_bytes(KEY_BYTES)
    if "cursor_key" in tables:
        key = connection.scalar(sa.text("SELECT key FROM cursor_key")) or key
    for name in ("views", "ledger", "cursor_key", "vocabularies", "vocabulary_articles"):
        if name in tables:
            connection.execute(sa.text(f"DROP TABLE {name}"))
    hidden = connection.scalar(sa.text("SELECT count(*) FROM hidden"))
    if "identity" in tables and "hidden" not in _columns(connection, "identity"):
        # These releases kept no count: the list is taken as it is.
        connection.execute(
            sa.text("ALTER TABLE identity ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0")
        )
        connection.execute(sa.text("UPDATE identity SET hidden = :hidden"), {"hidden": hidden})
    _run(connection, _VERSION_1)
    if "identity" not in tables:
        connection.execute(
            sa.text("INSERT INTO identity VALUES (:id, :key, :hidden)"),
            {"id": uuid.uuid4().hex, "key": key, "hidden": hidden},
        )
    if "head" not in tables:
        connection.execute(sa.text("INSERT INTO head VALUES (0)"))


def _to_2(connection: sa.Connection) -> None:
    """The version is stored."""
    connection.execute(
        sa.text(
            "CREATE TABLE schema_version (version INTEGER NOT NULL, release VARCHAR(32) NOT NULL)"
        )
    )


def _to_3(connection: sa.Connection) -> None:
    """An article has several issuers."""
    for name in ("changes", "shelf"):
        table = sa.table(name, sa.column("article_id"), sa.column("article"))
        stored = sa.select(table).where(table.c.article.is_not(None))
        for key, blob in connection.execute(stored).all():
            values = json.loads(zlib.decompress(blob))
            issuer = values.pop("issuer", None)
            values["issuers"] = [issuer] if issuer else []
            packed = zlib.compress(json.dumps(values, ensure_ascii=False).encode())
            changed = table.update().where(table.c.article_id == key).values(article=packed)
            connection.execute(changed)


def _to_4(connection: sa.Connection) -> None:
    """Blocked words."""
    connection.execute(
        sa.text(
            "CREATE TABLE blocked_words (word VARCHAR(50) NOT NULL PRIMARY KEY,"
            " since VARCHAR(32) NOT NULL)"
        )
    )


def _to_5(connection: sa.Connection) -> None:
    """Counts of searches."""
    connection.execute(
        sa.text(
            "CREATE TABLE queries (day VARCHAR(10) NOT NULL, audience INTEGER NOT NULL,"
            " text VARCHAR(50) NOT NULL, searches BIGINT NOT NULL, without_results BIGINT NOT NULL,"
            " PRIMARY KEY (day, audience, text))"
        )
    )


_TABLES_6 = """
CREATE TABLE api_keys (
    id VARCHAR(16) NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, digest {bytes} NOT NULL,
    role VARCHAR(16) NOT NULL, origins TEXT NOT NULL, expires BIGINT, created VARCHAR(32) NOT NULL,
    last_used VARCHAR(10), UNIQUE (name));
CREATE TABLE accounts (
    name VARCHAR(64) NOT NULL PRIMARY KEY, password VARCHAR(200) NOT NULL, role VARCHAR(16) NOT NULL,
    disabled BOOLEAN NOT NULL, created VARCHAR(32) NOT NULL);
CREATE TABLE sessions (
    digest VARCHAR(64) NOT NULL PRIMARY KEY, account VARCHAR(64), password VARCHAR(200),
    role VARCHAR(16), expires BIGINT NOT NULL);
CREATE TABLE spent_tokens (digest VARCHAR(64) NOT NULL PRIMARY KEY, expires BIGINT NOT NULL);
CREATE TABLE attempts (
    digest VARCHAR(32) NOT NULL PRIMARY KEY, count INTEGER NOT NULL, expires BIGINT NOT NULL);
"""


def _to_6(connection: sa.Connection) -> None:
    """Who may log in: keys, accounts, sessions."""
    _run(connection, _TABLES_6)


def _run(connection: sa.Connection, statements: str) -> None:
    """Execute statements, each of which ends its line with a semicolon."""
    types = {"bytes": "BLOB", "serial": "INTEGER NOT NULL PRIMARY KEY"}
    if connection.dialect.name == "postgresql":
        types = {"bytes": "BYTEA", "serial": "SERIAL NOT NULL PRIMARY KEY"}
    for statement in statements.format(**types).split(";\n")[:-1]:
        connection.execute(sa.text(statement))


def _to_7(connection: sa.Connection) -> None:
    """Copies of each generation."""
    connection.execute(
        sa.text(
            "CREATE TABLE copies (generation VARCHAR(200) NOT NULL PRIMARY KEY, members TEXT NOT NULL)"
        )
    )


_TABLES_8 = """
CREATE TABLE sources (id {serial}, name TEXT NOT NULL, synced BIGINT, UNIQUE (name));
CREATE TABLE origins (
    article_id VARCHAR(200) NOT NULL, staged BOOLEAN NOT NULL, source INTEGER NOT NULL,
    PRIMARY KEY (article_id, staged));
CREATE INDEX origins_of_source ON origins (source, staged, article_id);
ALTER TABLE changes ADD COLUMN fault TEXT;
"""


def _to_8(connection: sa.Connection) -> None:
    """Which article came from which source; why a change was refused."""
    _run(connection, _TABLES_8)


def _to_9(connection: sa.Connection) -> None:
    """Own counts of reads."""
    connection.execute(
        sa.text(
            "CREATE TABLE reads (day VARCHAR(10) NOT NULL, audience INTEGER NOT NULL,"
            " article_id VARCHAR(200) NOT NULL, reads BIGINT NOT NULL,"
            " PRIMARY KEY (day, audience, article_id))"
        )
    )


_TABLES_10 = """
ALTER TABLE origins ADD COLUMN record {bytes};
ALTER TABLE origins ADD COLUMN article TEXT;
"""


def _to_10(connection: sa.Connection) -> None:
    """By which an unchanged record is recognised."""
    _run(connection, _TABLES_10)


_TABLES_11 = """
CREATE TABLE clippings (
    id {serial}, account VARCHAR(64) NOT NULL, article_id VARCHAR(200) NOT NULL,
    passage_id VARCHAR(64) NOT NULL, section TEXT NOT NULL, note TEXT NOT NULL, place BIGINT NOT NULL,
    UNIQUE (account, article_id, passage_id));
"""


def _to_11(connection: sa.Connection) -> None:
    """What people collect."""
    _run(connection, _TABLES_11)


_TABLES_12 = """
CREATE TABLE drafts (
    id VARCHAR(16) NOT NULL PRIMARY KEY, account VARCHAR(64) NOT NULL, title TEXT NOT NULL,
    changed VARCHAR(32) NOT NULL);
CREATE INDEX ix_drafts_account ON drafts (account);
CREATE TABLE draft_versions (
    draft VARCHAR(16) NOT NULL, number INTEGER NOT NULL, saved VARCHAR(32) NOT NULL, text TEXT NOT NULL,
    quoted TEXT NOT NULL, automatic BOOLEAN NOT NULL, PRIMARY KEY (draft, number));
"""


def _to_12(connection: sa.Connection) -> None:
    """Drafts that people save."""
    _run(connection, _TABLES_12)


# The step at place n makes version n + 1 of version n.
_STEPS: Sequence[Callable[[sa.Connection], None]] = (
    _to_1,
    _to_2,
    _to_3,
    _to_4,
    _to_5,
    _to_6,
    _to_7,
    _to_8,
    _to_9,
    _to_10,
    _to_11,
    _to_12,
)
VERSION = len(_STEPS)


def stamp(connection: sa.Connection, release: str) -> None:
    """Write this version, and the release that has written it, into a state that has its tables."""
    SCHEMA_VERSION.create(connection, checkfirst=True)
    connection.execute(SCHEMA_VERSION.delete())
    connection.execute(SCHEMA_VERSION.insert().values(version=VERSION, release=release))


def upgrade(connection: sa.Connection, release: str) -> int | None:
    """Run the steps that an older state lacks, inside the transaction of the caller; return its version.

    Nothing happens to a state of this or a later version, or one that is damaged: None.
    """
    tables = sa.inspect(connection).get_table_names()
    if SCHEMA_VERSION.name in tables:
        if connection.dialect.name == "postgresql":
            # Waits for transactions that have read the version, and lets none read it meanwhile.
            connection.execute(sa.text("LOCK TABLE schema_version IN ACCESS EXCLUSIVE MODE"))
        version = connection.scalar(sa.select(SCHEMA_VERSION.c.version))
    else:
        version = unstamped_version(tables)
    if version is not None and version < VERSION:
        for step in _STEPS[version:]:
            step(connection)
        stamp(connection, release)
        return int(version)
    return None


def unstamped_version(tables: Collection[str]) -> int | None:
    """The version of a state that says none, by its tables; None where they are not those of any.

    All of them must be there: where one is missing, what it had is lost. ``views`` was in every state
    before version 1 and in none since.
    """
    if _TABLES_1.issubset(tables):
        return 1
    return 0 if {"hidden", "views"}.issubset(tables) and "view_counts" not in tables else None


def _columns(connection: sa.Connection, table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(connection).get_columns(table)}
