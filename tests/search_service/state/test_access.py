"""Keys, accounts, sessions and attempts: what is stored, what is accepted, and when that ends."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from search_service.errors import BadInput, NotFound
from search_service.roles import Role
from search_service.state import attempts
from search_service.state.attempts import PER_ACCOUNT, PER_ADDRESS
from search_service.state.store import Store

PASSWORD = "correct horse battery"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty state."""
    with closing(Store(f"sqlite:///{tmp_path}/state.sqlite3")) as opened:
        opened.create()
        yield opened


def pass_time(path: Path, table: str, seconds: int) -> None:
    """Make everything in a table older."""
    with closing(sqlite3.connect(path / "state.sqlite3")) as connection:
        connection.execute(f"UPDATE {table} SET expires = expires - {seconds}")  # noqa: S608
        connection.commit()


def test_nothing_that_lets_in_is_stored(store: Store, tmp_path: Path) -> None:
    """The file has neither key nor password nor session, nor the address of anybody."""
    key = store.keys.create("门户", Role.MEMBER)
    store.accounts.create("wang", PASSWORD, Role.STAFF)
    session = store.sessions.start(account="wang")
    store.attempts.admit("wang", "192.0.2.77")
    content = (tmp_path / "state.sqlite3").read_bytes()

    for secret in (key, key.split("_", 2)[2], PASSWORD, session, "192.0.2.77"):
        assert secret.encode() not in content
    assert b"$argon2id$" in content


def test_a_key_has_its_role_until_it_is_revoked(store: Store) -> None:
    """Also one that another process made or revoked; the day of its use is noted."""
    key = store.keys.create("门户", Role.STAFF)
    with closing(Store(store_url(store))) as other:
        assert other.keys.role(key, None) is Role.STAFF
        [one] = other.keys.all()
        assert (one.name, one.role, one.expires) == ("门户", Role.STAFF, None)
        assert one.last_used == time.strftime("%Y-%m-%d", time.gmtime())
        store.keys.revoke("门户")
        assert other.keys.role(key, None) is None
    with pytest.raises(NotFound):
        store.keys.revoke("门户")


def store_url(store: Store) -> str:
    """The address of a state."""
    return f"sqlite:///{store._database._file}"


def test_other_keys_are_refused(store: Store) -> None:
    """An altered secret, another key's secret, nothing at all."""
    first, second = (store.keys.create(name, Role.ADMIN) for name in ("a", "b"))
    id, other = first.split("_")[1], second.split("_", 2)[2]
    last = "A" if first[-1] != "A" else "B"

    for token in (f"{first[:-1]}{last}", f"gongwen_{id}_{other}", f"gongwen_{id}_", "", "gongwen_"):
        assert store.keys.role(token, None) is None


def test_a_key_expires(store: Store) -> None:
    """At its second, without anything being done."""
    now = int(time.time())
    assert store.keys.role(store.keys.create("a", Role.STAFF, expires=now - 1), None) is None
    assert store.keys.role(store.keys.create("b", Role.STAFF, expires=now + 60), None) is Role.STAFF


def test_a_key_of_a_site_is_for_its_pages(store: Store) -> None:
    """Exactly its origins; without an origin it is refused, too."""
    key = store.keys.create("页面", Role.MEMBER, origins=["https://portal.example"])

    assert store.keys.role(key, "https://portal.example") is Role.MEMBER
    for origin in (None, "null", "https://portal.example.evil", "http://portal.example"):
        assert store.keys.role(key, origin) is None


@pytest.mark.parametrize(
    ("name", "origins"),
    [("", []), ("x" * 101, []), ("a", ["portal.example"]), ("a", ["https://portal.example/x"])],
)
def test_bad_keys_are_not_made(store: Store, name: str, origins: list[str]) -> None:
    """Bad names and origins are told; so is a name that is taken."""
    with pytest.raises(BadInput):
        store.keys.create(name, Role.MEMBER, origins=origins)
    assert store.keys.all() == []
    store.keys.create("taken", Role.MEMBER)
    with pytest.raises(BadInput, match="taken"):
        store.keys.create("taken", Role.STAFF)


def test_an_account_logs_in_however_its_name_is_typed(store: Store) -> None:
    """Width, case and blanks of a name do not count; of a password everything does."""
    assert not store.accounts.exist()
    store.accounts.create("Wang", PASSWORD, Role.MEMBER)

    assert store.accounts.exist()
    assert store.accounts.verified(" ＷＡＮＧ ", PASSWORD) == "wang"
    for password in (PASSWORD.upper(), PASSWORD + " ", "", "x" * 100_000):
        assert store.accounts.verified("wang", password) is None
    assert store.accounts.verified("li", PASSWORD) is None
    assert store.accounts.verified("li", "") is None


@pytest.mark.parametrize(
    ("name", "password"),
    [("", PASSWORD), ("x" * 65, PASSWORD), ("li", "short"), ("li", "x" * 201), ("WANG", PASSWORD)],
)
def test_bad_accounts_are_not_made(store: Store, name: str, password: str) -> None:
    """Names and passwords of bad length, and names that are taken."""
    store.accounts.create("wang", PASSWORD, Role.MEMBER)
    with pytest.raises(BadInput):
        store.accounts.create(name, password, Role.MEMBER)
    assert [one.name for one in store.accounts.all()] == ["wang"]


def test_disabling_and_a_new_password_log_out(store: Store) -> None:
    """At once; enabling again does not bring back the sessions from before."""
    store.accounts.create("wang", PASSWORD, Role.STAFF)
    session = store.sessions.start(account="wang")
    assert store.sessions.role(session) is Role.STAFF

    store.accounts.disable("wang")
    assert store.sessions.role(session) is None
    assert store.accounts.verified("wang", PASSWORD) is None
    assert not store.accounts.exist()

    store.accounts.set_password("wang", "another long password")
    assert store.sessions.role(session) is None
    assert store.accounts.verified("wang", "another long password") == "wang"
    assert store.accounts.verified("wang", PASSWORD) is None
    for change in (
        store.accounts.disable,
        lambda name: store.accounts.set_password(name, PASSWORD),
    ):
        with pytest.raises(NotFound):
            change("li")


def test_a_session_ends(store: Store, tmp_path: Path) -> None:
    """By logging out, or after its hours; another one is not touched."""
    ended, aged, kept = (store.sessions.start_as(Role.MEMBER) for _ in range(3))
    store.sessions.end(ended)
    assert store.sessions.role(ended) is None
    assert store.sessions.role(kept) is Role.MEMBER
    assert store.sessions.role("") is None

    pass_time(tmp_path, "sessions", 12 * 3600)
    assert store.sessions.role(aged) is None
    fresh = store.sessions.start_as(Role.MEMBER)
    with closing(sqlite3.connect(tmp_path / "state.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (1,)
    assert store.sessions.role(fresh) is Role.MEMBER


def test_a_link_works_once(store: Store, tmp_path: Path) -> None:
    """Among threads, too; what expired is forgotten."""
    until = int(time.time()) + 60
    used: list[bool] = []
    threads = [
        threading.Thread(target=lambda: used.append(store.sessions.spend("one", until)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(used) == [False] * 5 + [True]
    pass_time(tmp_path, "spent_tokens", 60)
    assert store.sessions.spend("two", until)
    with closing(sqlite3.connect(tmp_path / "state.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM spent_tokens").fetchone() == (1,)


def test_attempts_are_limited_per_account(store: Store, tmp_path: Path) -> None:
    """From however many addresses; a success or a quarter of an hour resets the count."""
    for number in range(PER_ACCOUNT):
        assert store.attempts.admit("wang", f"192.0.2.{number}")
    assert not store.attempts.admit("wang", "192.0.2.200")
    assert store.attempts.admit("li", "192.0.2.200")

    store.attempts.forget("wang", "192.0.2.1")
    assert store.attempts.admit("wang", "192.0.2.1")
    for _ in range(PER_ACCOUNT):
        store.attempts.admit("wang", "192.0.2.2")
    assert not store.attempts.admit("wang", "192.0.2.2")
    pass_time(tmp_path, "attempts", attempts.WINDOW)
    assert store.attempts.admit("wang", "192.0.2.2")


def test_attempts_are_limited_per_address_and_so_are_rows(store: Store, tmp_path: Path) -> None:
    """However many accounts are tried; those who log in do not use up the attempts of their office."""
    for number in range(PER_ADDRESS):
        store.attempts.admit(f"right{number}", "192.0.2.1")
        store.attempts.forget(f"right{number}", "192.0.2.1")
    for number in range(PER_ADDRESS):
        assert store.attempts.admit(f"name{number}", "192.0.2.1")
    for number in range(20):
        assert not store.attempts.admit(f"more{number}", "192.0.2.1")
    assert store.attempts.admit("name0", "192.0.2.2")
    with closing(sqlite3.connect(tmp_path / "state.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM attempts").fetchone() == (PER_ADDRESS + 2,)
