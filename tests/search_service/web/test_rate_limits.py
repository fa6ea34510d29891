"""Limits on one caller: 429 with the usual headers, others unaffected, memory bounded."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from indexer.build import generations
from search_service.errors import ConfigurationError
from search_service.roles import Role
from search_service.service import SearchService
from search_service.settings import Settings, read_settings
from search_service.web.app import create_app
from search_service.web.rate_limits import BoundedStorage
from tests.conftest import ALL_CLEANING, Open, write_source
from tests.support.hostile_articles import CAREFUL, json_of

API, PAGE = "/api/v1/suggest?q=小", "/articles/paid-1"
EXEMPT = ["/api/v1/livez", "/api/v1/healthz", "/static/site.css", "/robots.txt", "/embed/search.js"]


def limited(indexed: tuple[SearchService, Settings], limit: str) -> FlaskClient:
    """A client of an application with a limit, with counts of its own."""
    service, settings = indexed
    return create_app(service, settings.model_copy(update={"rate_limit": limit})).test_client()


def test_a_caller_beyond_the_limit_is_refused(indexed: tuple[SearchService, Settings]) -> None:
    """On API and pages together; each answer says how much is left, and the refusal when to come back."""
    client = limited(indexed, "3/hour")
    answers = [client.get(one) for one in (API, PAGE, API, API, PAGE)]

    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert [one.headers["RateLimit-Remaining"] for one in answers] == ["2", "1", "0", "0", "0"]
    for answer in answers:
        assert answer.headers["RateLimit-Limit"] == "3"
        assert 0 < int(answer.headers["RateLimit-Reset"]) <= 3600
    assert 0 < int(answers[3].headers["Retry-After"]) <= 3600
    assert json_of(answers[3])["code"] == "too-many-requests"
    assert "请求太频繁" in answers[4].get_data(as_text=True)


def test_other_callers_are_not_affected(indexed: tuple[SearchService, Settings]) -> None:
    """Each address has counts of its own."""
    client = limited(indexed, "1/hour")
    first, second = ({"REMOTE_ADDR": one} for one in ("203.0.113.7", "203.0.113.8"))

    assert [client.get(API, environ_base=first).status_code for _ in "ab"] == [200, 429]
    assert [client.get(API, environ_base=second).status_code for _ in "ab"] == [200, 429]


@pytest.mark.parametrize(
    "sent",
    [
        {"X-API-Key": "gongwen_{:012x}_" + "a" * 43},
        {"Authorization": "Bearer e30.{:x}."},
        {"Cookie": "gongwen_session={}"},
    ],
)
def test_wrong_keys_count_for_the_address_that_tries_them(
    indexed: tuple[SearchService, Settings], sent: dict[str, str]
) -> None:
    """Whoever tries one after the other is refused, as are all from there."""
    client = create_app(
        indexed[0], indexed[1].model_copy(update={"rate_limit": "3/hour"})
    ).test_client(use_cookies=False)
    tried = [
        client.get(API, headers={name: value.format(number) for name, value in sent.items()})
        for number in range(5)
    ]

    assert [one.status_code for one in tried] == [401, 401, 401, 429, 429]
    assert tried[0].headers["RateLimit-Remaining"] == "2"
    assert client.get(API).status_code == 429
    assert client.get(API, environ_base={"REMOTE_ADDR": "203.0.113.7"}).status_code == 200


@pytest.mark.parametrize("address", EXEMPT)
def test_monitors_and_files_are_not_limited(
    indexed: tuple[SearchService, Settings], address: str
) -> None:
    """They are answered although nothing is left, and count for nothing."""
    client = limited(indexed, "2/hour")

    for _ in range(5):
        with client.get(address) as answer:  # closes a file
            assert answer.status_code == 200
    assert client.get(API).headers["RateLimit-Remaining"] == "1"


def test_an_empty_setting_is_no_limit(client: FlaskClient) -> None:
    """Then no header says anything either."""
    assert "RateLimit-Limit" not in client.get(API).headers


@pytest.mark.parametrize("value", ["3", "0/minute", "3/week", "3/minute,9/hour", "many"])
def test_what_is_no_limit_is_refused_at_the_start(value: str) -> None:
    """The setting is named."""
    with pytest.raises(ConfigurationError, match="GONGWEN_RATE_LIMIT"):
        read_settings(rate_limit=value)


def test_by_default_an_office_behind_one_address_fits() -> None:
    """Fifty requests a second."""
    assert Settings.model_fields["rate_limit"].default == "3000/minute"


def test_the_table_is_bounded_and_forgets_whoever_asked_longest_ago() -> None:
    """An attacker with many addresses fills no memory."""
    storage = BoundedStorage(most=100)
    limiter, limit = FixedWindowRateLimiter(storage), RateLimitItemPerMinute(2)
    for number in range(1000):
        assert limiter.hit(limit, str(number))

    assert len(storage) == 100
    assert limiter.hit(limit, "999")
    assert not limiter.hit(limit, "999")
    assert limiter.get_window_stats(limit, "999").remaining == 0
    assert limiter.get_window_stats(limit, "0").remaining == 2
    assert storage.reset() == 100


def test_a_window_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the count of its caller begins at zero."""
    storage = BoundedStorage()
    assert [storage.incr("a", 60), storage.incr("a", 60)] == [1, 2]
    end = storage.get_expiry("a")
    monkeypatch.setattr("search_service.web.rate_limits.time.time", lambda: end)

    assert storage.get("a") == 0
    assert storage.incr("a", 60) == 1


def test_an_accepted_key_has_a_count_of_its_own(tmp_path: Path, open_named: Open) -> None:
    """Wherever it is used from; one that is not valid is refused before anything is counted."""
    service = open_named("keys")
    source = write_source(tmp_path / "careful.jsonl", CAREFUL)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    client = create_app(service, read_settings(rate_limit="2/hour")).test_client()
    token = service.store.keys.create("portal", Role.MEMBER)

    assert client.get(API).headers["RateLimit-Remaining"] == "1"
    with_key = [client.get(API, headers={"X-API-Key": token}) for _ in "abc"]
    wrong = client.get(API, headers={"X-API-Key": "gw_wrong"})

    assert [one.status_code for one in with_key] == [200, 200, 429]
    assert wrong.status_code == 401
    assert client.get(API).headers["RateLimit-Remaining"] == "0"


def test_behind_a_trusted_proxy_its_clients_are_counted(
    indexed: tuple[SearchService, Settings],
) -> None:
    """By the address that the proxy names; anybody else's word for it counts for nothing."""
    service, settings = indexed
    changes = {"rate_limit": "1/hour", "trusted_proxies": "10.0.0.0/8"}
    client = create_app(service, settings.model_copy(update=changes)).test_client()

    def ask(address: str, forwarded: str) -> int:
        return client.get(
            API, environ_base={"REMOTE_ADDR": address}, headers={"X-Forwarded-For": forwarded}
        ).status_code

    assert [ask("10.0.0.1", one) for one in ("203.0.113.7", "203.0.113.8")] == [200, 200]
    assert ask("10.0.0.2", "198.51.100.1, 203.0.113.7") == 429
    assert [ask("192.0.2.1", one) for one in ("203.0.113.9", "203.0.113.10")] == [200, 429]
