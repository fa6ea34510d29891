"""What each role reads and may do."""

import pytest

from search_service.model import Audience
from search_service.roles import Right, Role


@pytest.mark.parametrize(
    ("role", "audience", "rights", "previews"),
    [
        ("public", "public", set(), []),
        ("member", "member", set(), []),
        ("staff", "staff", {"export", "preview"}, ["public", "member"]),
        ("editor", "staff", {"export", "preview"}, ["public", "member"]),
        ("indexer", "staff", {"export", "preview", "index"}, ["public", "member"]),
        ("admin", "staff", {"export", "preview", "index", "administer"}, ["public", "member"]),
    ],
)
def test_roles_read_and_may_do(
    role: str, audience: str, rights: set[str], previews: list[str]
) -> None:
    """Nobody may see the pages as somebody who reads as much or more."""
    one = Role(role)

    assert one.audience is Audience[audience.upper()]
    assert one.rights == {Right(name) for name in rights}
    assert [lower.value for lower in one.previews] == previews
