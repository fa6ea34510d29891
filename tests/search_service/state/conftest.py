"""Fixtures of the tests of the state."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from search_service.state.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A state on disk."""
    with closing(Database(f"sqlite:///{tmp_path}/state.sqlite3")) as database:
        database.create()
        yield database
