"""Liveness and readiness: the process answers; searches are answered."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from indexer.build import generations
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.web import operations
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, write_source
from tests.support.hostile_articles import json_of

ARTICLES = 6
SEARCHES = [
    "/api/v1/search?q=垃圾分类",
    "/api/v1/search?q=第3号 通知&mode=keyword",
    "/api/v1/search",
    "/search?q=通知",
    "/",
    "/api/v1/articles/n3",
    "/api/v1/articles/n3/related",
    "/api/v1/suggest?q=关于",
    *(f"/api/v1/search?q=关于第{place}号垃圾分类的通知&size=1" for place in range(ARTICLES)),
]


def opened(folder: Path) -> SearchService:
    """A service over a folder."""
    state = f"sqlite:///{folder}/state.sqlite3"
    return open_service(read_settings(engine=f"embedded:{folder}/data", state=state, model="none"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of a few articles."""
    folder = tmp_path_factory.mktemp("whole")
    with closing(opened(folder)) as service:
        records = [
            {
                "id": f"n{place}",
                "title": f"关于第{place}号垃圾分类的通知",
                "body": "垃圾分类。" * 40,
            }
            for place in range(ARTICLES)
        ]
        source = write_source(folder / "a.jsonl", records)
        generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    return folder


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_MAX_AGE", 0.0)


def client_of(service: SearchService) -> FlaskClient:
    """A caller of the service."""
    return create_app(service, read_settings()).test_client()


def damage(path: Path, how: str) -> None:
    """Overwrite a file with zeros where it lies, or cut it in half."""
    with path.open("r+b") as file:
        if how == "zeros":
            file.write(bytes(path.stat().st_size))
        else:
            file.truncate(path.stat().st_size // 2)


def told(client: FlaskClient) -> tuple[int, list[int]]:
    """The worst status of as many readiness checks as there are articles, and the status of each search.

    Every failure is a 503 with a code.
    """
    ready = max(client.get("/api/v1/healthz").status_code for _ in range(ARTICLES))
    assert client.get("/api/v1/livez").status_code == 200
    statuses = []
    for path in SEARCHES:
        response = client.get(path)
        statuses.append(response.status_code)
        body = response.get_data(as_text=True)
        assert "Traceback" not in body
        if response.status_code != 200:
            assert response.status_code == 503
            assert response.headers["Retry-After"]
            assert "/api/" not in path or json_of(response)["code"] in NAMED
    return ready, statuses


NAMED = ("engine-files", "store-unavailable", "state-lost", "engine-aliases")


def damages(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file of the public index and of the state, in each way."""
    files = sorted(path for path in (folder / "data" / "public").rglob("*") if path.is_file())
    for path in (*files, folder / "data" / "aliases.json", folder / "state.sqlite3"):
        for how in ("zeros", "half"):
            yield path.relative_to(folder), how


def test_a_whole_index_is_ready(whole: Path) -> None:
    """The health checks succeed for every article."""
    with closing(opened(whole)) as service:
        client = client_of(service)
        for _ in range(25):
            assert told_ready(client)


def told_ready(client: FlaskClient) -> bool:
    """Whether the readiness check succeeds."""
    response = client.get("/api/v1/healthz?from=monitor")
    return (response.status_code, json_of(response)) == (200, {"status": "ok"})


@pytest.mark.slow
def test_readiness_fails_where_searches_fail(whole: Path, tmp_path: Path) -> None:
    """Each file is damaged before the service is opened: what is not repaired is reported."""
    failed = set()
    for place, (path, how) in enumerate(damages(whole)):
        if how != "half":  # takes twice as long and tells no more
            continue
        folder = shutil.copytree(whole, tmp_path / str(place))
        damage(folder / path, how)
        with closing(opened(folder)) as service:
            ready, statuses = told(client_of(service))
        assert ready == max(statuses), (path, how)
        if ready == 503:
            failed.add(path.name)
        shutil.rmtree(folder)
    assert {"articles.sqlite3", "aliases.json", "state.sqlite3"} <= failed


@pytest.mark.slow
def test_readiness_fails_where_searches_of_a_running_service_fail(
    whole: Path, tmp_path: Path
) -> None:
    """Each file overwritten while it is being read."""
    failed = set()
    for place, (path, how) in enumerate(damages(whole)):
        if how != "zeros" or path.name.endswith(("-shm", "-wal")):
            continue  # a mapped file cut short ends the process, of which no other can tell
        folder = shutil.copytree(whole, tmp_path / str(place))
        with closing(opened(folder)) as service:
            client = client_of(service)
            assert told(client) == (200, [200] * len(SEARCHES))
            damage(folder / path, how)
            ready, statuses = told(client)
        assert ready >= max(statuses), (path, how)
        if ready == 503:
            failed.add(path.suffix)
        shutil.rmtree(folder)
    assert {".idx", ".pos", ".json", ".sqlite3"} <= failed


def test_readiness_is_asked_once_a_second(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frequent checks reuse the result, so that they do not load the machine."""
    folder = shutil.copytree(whole, tmp_path / "copy")
    monkeypatch.setattr(operations, "_MAX_AGE", 3600.0)
    with closing(opened(folder)) as service:
        client = client_of(service)
        assert told_ready(client)
        damage(folder / "data" / "aliases.json", "zeros")
        assert told_ready(client)
        monkeypatch.setattr(operations, "_MAX_AGE", 0.0)
        assert not told_ready(client)
