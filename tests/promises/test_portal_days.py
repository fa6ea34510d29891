"""Portals on a real MariaDB that change while their index is synchronised, killed and cut off."""

from pathlib import Path

import pytest

from tests.support.mariadb import Server
from tests.support.portal_days import Days, Plan, bodies_of


@pytest.mark.slow
@pytest.mark.mariadb
def test_the_index_is_what_the_portals_contain(mariadb: Server, tmp_path: Path) -> None:
    """Nine portals; `python -m tools.portal_days` is the long run."""
    plan = Plan(articles=6, edits=90, rounds=3, kills=2, cuts=1, seed=3)
    days = Days(mariadb, tmp_path, bodies_of(None, 20), plan)
    days.run()
    assert days.done["edits"] == plan.edits
    assert days.done["compared"]
