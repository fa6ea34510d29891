"""Searches and reads are counted if that is switched on: of whom, and of which requests."""

from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from indexer.build import generations
from search_service.model import Audience
from search_service.roles import Role
from search_service.service import SearchService, open_service
from search_service.settings import environment_with, read_settings
from search_service.state.read_counts import Period
from search_service.web.app import create_app
from search_service.web.request import PREVIEW, SESSION
from tests.conftest import ALL_CLEANING, Open, write_source
from tests.support.hostile_articles import CAREFUL
from tests.support.servers import serving

CALLERS = ("203.0.113.7", "203.0.113.8", "203.0.113.9")


@pytest.fixture
def service(open_named: Open, tmp_path: Path) -> SearchService:
    """A service with a few articles and a state of its own."""
    service = open_named("counting")
    source = write_source(tmp_path / "careful.jsonl", CAREFUL)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    return service


def ask(service: SearchService, address: str, days: int = 30) -> dict[str, tuple[int, int]]:
    """What is counted after three callers have requested an address."""
    client = create_app(service, read_settings(query_log=days)).test_client()
    for caller in CALLERS:
        assert client.get(address, environ_base={"REMOTE_ADDR": caller}).status_code == 200
    service.store.queries.flush(days=30)
    rows = service.store.queries.read(Audience.PUBLIC, days=30, limit=100)
    return {one.text: (one.searches, one.without_results) for one in rows}


@pytest.mark.parametrize("address", ["/api/v1/search?q=电梯加装", "/search?q=电梯加装"])
def test_searches_of_api_and_pages_are_counted(service: SearchService, address: str) -> None:
    """With the text of three callers."""
    assert ask(service, address) == {"": (3, 0), "电梯加装": (3, 0)}


def test_searches_without_results_are_told_apart(service: SearchService) -> None:
    """They show the operator what is missing."""
    counted = ask(service, "/api/v1/search?mode=keyword&q=龘龘龘")

    assert counted == {"": (3, 3), "龘龘龘": (3, 3)}


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/search",
        "/search?q=电梯&page=2",
        "/api/v1/suggest?q=电梯",
        "/precedents?text=电梯加装",
    ],
)
def test_nothing_else_is_counted(service: SearchService, address: str) -> None:
    """Browsing, further pages, typing, and passages for a draft."""
    assert ask(service, address) == {}


def test_a_pasted_text_is_not_counted(service: SearchService) -> None:
    """The page searches its beginning only."""
    assert ask(service, "/search?q=" + "电梯加装是民生实事。" * 30) == {}


def test_a_blocked_search_is_counted_without_its_text(service: SearchService) -> None:
    """Nothing shows what was searched."""
    service.store.blocked.add("电梯")

    assert ask(service, "/search?q=电梯") == {"": (3, 3)}


def test_by_default_nothing_is_counted(service: SearchService) -> None:
    """The setting is 0."""
    assert read_settings().query_log == 0
    assert ask(service, "/search?q=电梯加装", days=0) == {}


# --- reads ----------------------------------------------------------------------------------------

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
READ, OTHER = "paid-1", "markup-1"


def reads(service: SearchService, audience: Audience = Audience.PUBLIC) -> dict[str, int]:
    """What is counted of the last seven days."""
    service.store.reads.flush()
    return dict(service.store.reads.of(audience, Period.WEEK))


@pytest.fixture
def counting(service: SearchService) -> FlaskClient:
    """A guest of a service that counts reads."""
    return create_app(service, read_settings(count_reads=True)).test_client()


def test_reads_are_counted_and_listed(service: SearchService, counting: FlaskClient) -> None:
    """Of a page, an answer, and the related articles that a portal's page requests; each visitor once."""
    paths = f"/articles/{READ}", f"/api/v1/articles/{READ}", f"/api/v1/articles/{READ}/related"
    for path, caller in zip(paths, CALLERS, strict=True):
        for _ in range(2):
            answer = counting.get(
                path, environ_base={"REMOTE_ADDR": caller}, headers={"User-Agent": BROWSER}
            )
            assert answer.status_code == 200
    counting.get(f"/articles/{OTHER}", headers={"User-Agent": BROWSER})
    assert reads(service) == {READ: 3, OTHER: 1}

    listed = counting.get("/api/v1/hottest?period=week&size=1").get_json()["results"]
    assert [(one["id"], one["views"]) for one in listed] == [(READ, 3)]
    for period in ("day", "week", "month"):
        page = counting.get(f"/hottest?period={period}").get_data(as_text=True)
        assert page.index("3 次阅读") < page.index("1 次阅读")
    assert "次阅读" not in counting.get("/hottest").get_data(as_text=True)
    home = counting.get("/").get_data(as_text=True)
    assert "<h2>本月常读</h2>" in home
    assert 'href="/hottest?period=month"' in home
    found = counting.get("/api/v1/search?sort=reads").get_json()["results"]
    assert [one["id"] for one in found][:2] == [READ, OTHER]
    assert "sort=reads" in counting.get("/search?q=电梯").get_data(as_text=True)
    service.store.hidden.hide(READ)
    listed = counting.get("/api/v1/hottest?period=week").get_json()["results"]
    assert [one["id"] for one in listed] == [OTHER]


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search)"},
        {"User-Agent": "Mozilla/5.0 AppleWebKit/537.36 (compatible; bingbot/2.0) Chrome/116.0"},
        {"User-Agent": "Sogou web spider/4.0"},
        {"User-Agent": "curl/8.5.0"},
        {"User-Agent": "python-requests/2.32"},
        {"User-Agent": ""},
        {"User-Agent": BROWSER, "Sec-Purpose": "prefetch;prerender"},
    ],
)
def test_who_does_not_read_is_not_counted(
    service: SearchService, counting: FlaskClient, headers: dict[str, str]
) -> None:
    """Crawlers, programs, and pages that are loaded in advance."""
    assert counting.get(f"/articles/{READ}", headers=headers).status_code == 200
    assert reads(service) == {}


def test_guests_lists_are_of_what_guests_read(
    service: SearchService, counting: FlaskClient
) -> None:
    """Not of what members read, nor staff in a preview, nor of what guests asked for and did not get."""
    guest = {"User-Agent": BROWSER}
    key = service.store.keys.create("member", Role.MEMBER)
    counting.get(f"/articles/{OTHER}", headers=guest | {"X-API-Key": key})
    staff = counting.application.test_client()
    staff.set_cookie(SESSION, service.store.sessions.start_as(Role.STAFF))
    staff.set_cookie(PREVIEW, "public")
    staff.get(f"/articles/{OTHER}", headers=guest)
    counting.get("/articles/nobody", headers=guest)
    counting.head(f"/articles/{OTHER}", headers=guest)
    assert reads(service) == {}
    assert reads(service, Audience.MEMBER) == {OTHER: 1}
    counting.get(f"/articles/{READ}", headers=guest)
    assert reads(service, Audience.MEMBER) == {OTHER: 1, READ: 1}


def test_by_default_no_reads_are_counted(service: SearchService) -> None:
    """And there are no lists of them."""
    client = create_app(service, read_settings()).test_client()
    client.get(f"/articles/{READ}", headers={"User-Agent": BROWSER})
    assert reads(service) == {}
    answer = client.get("/api/v1/hottest?period=day")
    assert (answer.status_code, answer.get_json()["errors"][0]["parameter"]) == (422, "period")
    assert "月榜" not in client.get("/hottest?period=month").get_data(as_text=True)
    assert "sort=reads" not in client.get("/search?q=电梯").get_data(as_text=True)


@pytest.mark.slow
def test_workers_that_are_stopped_have_written_their_reads(tmp_path: Path) -> None:
    """Two processes of gunicorn; each has counted within the minute before."""
    engine = f"embedded:{tmp_path}/data"
    with closing(open_service(read_settings(engine=engine, model="none"))) as service:
        source = write_source(tmp_path / "careful.jsonl", CAREFUL)
        generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    environment = environment_with(engine=engine, model="none", count_reads="true")
    with serving("gunicorn", environment | {"WEB_CONCURRENCY": "2"}) as served:
        for number in range(40):
            connection = HTTPConnection("127.0.0.1", served.port, timeout=60)
            agent = {"User-Agent": f"{BROWSER} {number}"}
            connection.request("GET", f"/articles/{(READ, OTHER)[number % 2]}", headers=agent)
            assert connection.getresponse().status == 200
            connection.close()
    with closing(open_service(read_settings(engine=engine, model="none"))) as service:
        counted = reads(service)
    # Of one address each process counts ten browsers at most.
    assert counted.keys() == {READ, OTHER}
    assert all(10 <= count <= 20 for count in counted.values())
