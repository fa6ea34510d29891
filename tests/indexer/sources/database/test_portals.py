"""The databases of three CMSs, through their mappings into the real index of guests."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from indexer.build import generations
from indexer.sources.database.mapping import load
from indexer.sources.database.reading import Source
from search_service.model import Audience
from search_service.service import SearchService
from tests.conftest import ALL_CLEANING, Open
from tests.support.mariadb import READER, Server
from tests.support.portals import CANARY, PORTALS, Portal, fill, mapped

# Charset of the tables, and of the bytes in them where a connection has lied about these.
_STORED = {
    "utf8mb4": ("utf8mb4", ""),
    "gbk": ("gbk", ""),
    "gbk-in-latin1": ("latin1", "gb18030"),
    "utf8-in-latin1": ("latin1", "utf-8"),
}
_MARIADB = [pytest.param(name, marks=pytest.mark.mariadb) for name in _STORED]
Address = Callable[[Portal], tuple[str, str]]


@pytest.fixture(params=["sqlite", *_MARIADB])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    """Fill a database with a portal; its address, and the encoding that is to be found."""
    if request.param == "sqlite":

        def in_file(portal: Portal) -> tuple[str, str]:
            address = f"sqlite:///{tmp_path}/portal.db"
            engine = sa.create_engine(address)
            fill(engine, portal)
            engine.dispose()
            return address, "declared"

        return in_file
    server: Server = request.getfixturevalue("mariadb")
    charset, stored = _STORED[request.param]

    def on_server(portal: Portal) -> tuple[str, str]:
        name = server.database(charset)
        fill(server.engine(name), portal, charset=charset, stored=stored)
        return server.address(name, READER), stored or "declared"

    return on_server


def articles(service: SearchService, audience: Audience) -> dict[str, tuple[str, str, str, str]]:
    """Title, category, date and text of what an audience may read, by id."""
    views = [one.view for one in service.reader(audience).scan()]
    return {one.id: (one.title, one.category or "", one.date or "", one.text) for one in views}


@pytest.mark.parametrize("kind", PORTALS)
def test_guests_get_what_is_public_and_members_the_rest(
    filled: Address,
    kind: str,
    tmp_path: Path,
    open_named: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Titles, ids, dates, categories; nothing unreviewed anywhere, nothing paid in the index of guests."""
    monkeypatch.setenv("GONGWEN_MODEL", "none")
    portal = PORTALS[kind]
    address, encoding = filled(portal)
    path = mapped(address, tmp_path / "portal.yaml")
    with Source(load(path), path) as source:
        assert source.encoding() == encoding
    path = mapped(address, tmp_path / "portal.yaml", encoding)
    service = open_named("index")
    report = generations.rebuild(service, [path], cleaning=ALL_CLEANING)
    assert not list(report.faults)
    assert report.notes.left_out.total() == portal.left_out
    guests, members = (articles(service, who) for who in (Audience.PUBLIC, Audience.MEMBER))
    assert set(guests) == set(members) == set(portal.expected)
    for id, expected in portal.expected.items():
        assert (
            guests[id][:3] == members[id][:3] == (expected.title, expected.category, expected.date)
        )
        assert expected.public in "".join(guests[id])
        assert expected.paid in members[id][3]
        assert CANARY not in repr(service.reader(Audience.PUBLIC).fetch([id]))
        assert all(word not in members[id][3] for word in ("[vip]", "#p#", "[!--", "<p>", "wp:"))
