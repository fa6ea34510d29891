"""The tables of a generation's file. Entry point: :func:`create_rows`.

Three tables, so that the filter fields of 50,000 articles can be read fast, and their vectors without their
texts: ``articles`` is narrow, ``facets`` being the values of each facet as JSON; ``passage_vectors`` has a
byte per dimension of each passage (:mod:`search_service.engines.quantisation`), with the passages' ids and
roles as JSON; ``texts`` has the large columns, compressed by Zstandard at level 6, whose sizes are those of
zlib: on the real corpus the views take 0.36 × the raw text, the words 0.36 ×, the outlines 0.12 ×.
A tombstone is a row without digest; its row number and id are never reused. A tombstone of an article that
was never in this generation is not a row but a *mark*, so that rows depend only on what could be read here.

``superseded`` keeps, until a write is applied to the text index, the written articles as the text index still
shows them; the view ``shown`` is the generation before that write.
"""

import json
import sqlite3
from pathlib import Path

from search_service.formats import REBUILD, mismatch
from search_service.model import Manifest

FILE_NAME = "articles.sqlite3"
FORMAT = 5
_COLUMNS = (
    "row, id, revision, digest, facets, day, passages, view, outline, terms, ids, roles, vectors"
)
_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    ordering INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    digest TEXT,
    facets TEXT NOT NULL DEFAULT '[]',
    day INTEGER NOT NULL DEFAULT 0,
    passages INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX articles_revision ON articles (revision);
CREATE TABLE marks (id TEXT PRIMARY KEY, ordering INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE texts (
    row INTEGER PRIMARY KEY,
    view BLOB NOT NULL,
    outline BLOB NOT NULL,
    terms BLOB NOT NULL
);
CREATE TABLE passage_vectors (
    row INTEGER PRIMARY KEY,
    ids TEXT NOT NULL,
    roles TEXT NOT NULL,
    vectors BLOB NOT NULL
);
CREATE TABLE superseded (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    digest TEXT,
    facets TEXT NOT NULL,
    day INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    view BLOB,
    outline BLOB,
    terms BLOB,
    ids TEXT,
    roles TEXT,
    vectors BLOB
);
CREATE VIEW newest AS
    SELECT {_COLUMNS} FROM articles LEFT JOIN texts USING (row) LEFT JOIN passage_vectors USING (row);
CREATE VIEW shown AS
    SELECT {_COLUMNS} FROM articles LEFT JOIN texts USING (row) LEFT JOIN passage_vectors USING (row)
    WHERE revision <= (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'applied')
    UNION ALL SELECT {_COLUMNS} FROM superseded;
"""


def check_format(folder: Path, found: str) -> None:
    """Raise ``FormatMismatch`` for the file of another release."""
    if found != str(FORMAT):
        raise mismatch(
            (str(folder / FILE_NAME), str(folder / FILE_NAME)),
            f"format {found}",
            expected=f"format {FORMAT}",
            remedy=REBUILD,
        )


def create_rows(folder: Path, *, manifest: Manifest, text_schema: str) -> None:
    """Create the file of an empty generation in ``folder``; ``text_schema``: version of the text index."""
    connection = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_SCHEMA)
        values = {
            "format": str(FORMAT),
            "manifest": json.dumps(manifest.to_dict()),
            "revision": "0",
            "applied": "0",
            "text_schema": text_schema,
        }
        connection.executemany("INSERT INTO meta VALUES (?, ?)", values.items())
    finally:
        connection.close()
