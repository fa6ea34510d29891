"""Inserting rows of which one may be there already. Entry points: :func:`inserted`, :func:`insert_into`."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from search_service.state.database import Database


def inserted(database: Database, *statements: sa.Executable) -> bool:
    """Execute statements in one transaction; False, and nothing is written, if a row is there already.

    Without looking first: of two concurrent calls, the second would fail.
    """
    with database.translated():
        try:
            with database.transaction() as connection:
                for statement in statements:
                    connection.execute(statement)
        except IntegrityError:
            return False
    return True


def insert_into(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that has ``on_conflict_do_update``, for the database of the connection."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return insert(table)
