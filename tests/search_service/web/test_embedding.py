"""What portals embed: the scripts, the origins that may use them, and the portal of the demonstration."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from search_service.errors import ConfigurationError
from search_service.service import SearchService
from search_service.settings import Settings, read_settings
from search_service.web.app import create_app
from tests.support.paths import ROOT

PORTAL, OTHER = "https://www.example.gov.cn", "https://evil.example"
API = "/api/v1/suggest?q=小区"
GUIDE = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
LARGEST = 10_000  # bytes of a script, uncompressed


@pytest.fixture(scope="module")
def embeddable(indexed: tuple[SearchService, Settings]) -> Flask:
    """An application that two portals embed."""
    service, settings = indexed
    origins = f"{PORTAL}, http://10.1.2.3:8080"
    return create_app(service, settings.model_copy(update={"embed_origins": origins}), demo=True)


@pytest.mark.parametrize("name", ["search", "related"])
def test_a_script_is_small_and_in_utf_8(client: FlaskClient, name: str) -> None:
    """Below 10 kB uncompressed, and read as UTF-8 by a page in GBK; any site may name its address."""
    response = client.get(f"/embed/{name}.js")

    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=600"
    assert 1_000 < len(response.data) < LARGEST
    assert b"http" not in response.data
    code = response.get_data(as_text=True)
    assert code.startswith("(() => {")
    assert not [line for line in code.splitlines() if line.startswith(("//", " "))]


def test_only_listed_origins_may_read_answers(embeddable: Flask) -> None:
    """CORS for them alone, without cookies, for reading alone; caches keep the answers apart."""
    client = embeddable.test_client()
    ours = client.get(API, headers={"Origin": PORTAL})
    other = client.get(API, headers={"Origin": OTHER})
    none = client.get(API)
    post = client.post("/api/v1/precedents", json={"text": "减负"}, headers={"Origin": PORTAL})
    asked = client.options(API, headers={"Origin": PORTAL, "Access-Control-Request-Method": "GET"})

    assert ours.headers["Access-Control-Allow-Origin"] == PORTAL
    for response in (other, none, post, asked):
        assert "Access-Control-Allow-Origin" not in response.headers
    for response in (ours, other, none):
        assert "Origin" in response.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("address", ["/api/v1/suggest?size=0", "/api/v1/articles/none/related"])
def test_errors_can_be_read_as_well(embeddable: Flask, address: str) -> None:
    """A script learns what went wrong."""
    response = embeddable.test_client().get(address, headers={"Origin": PORTAL})

    assert response.status_code >= 400
    assert response.headers["Access-Control-Allow-Origin"] == PORTAL


def test_pages_may_be_framed_by_listed_origins_only(embeddable: Flask, client: FlaskClient) -> None:
    """frame-ancestors has the portals; pages have no CORS."""
    page = embeddable.test_client().get("/", headers={"Origin": PORTAL})
    policy = page.headers["Content-Security-Policy"]

    assert policy.endswith(f"; frame-ancestors 'self' http://10.1.2.3:8080 {PORTAL}")
    assert "Access-Control-Allow-Origin" not in page.headers
    assert client.get("/").headers["Content-Security-Policy"].endswith("frame-ancestors 'self'")


def test_without_origins_nothing_is_said_of_them(client: FlaskClient) -> None:
    """The answer to a foreign page is the one to anybody."""
    response = client.get(API, headers={"Origin": PORTAL})

    assert "Access-Control-Allow-Origin" not in response.headers
    assert "Origin" not in response.headers.get("Vary", "")


@pytest.mark.parametrize("value", ["*", "www.example.gov.cn", f"{PORTAL}/", f"{PORTAL}/x", "null"])
def test_what_is_no_origin_is_refused_at_the_start(value: str) -> None:
    """A wildcard, a host, a path: named with the form that is expected."""
    with pytest.raises(ConfigurationError, match="GONGWEN_EMBED_ORIGINS"):
        read_settings(embed_origins=value)


def test_the_portal_of_the_demonstration_is_an_old_page(
    embeddable: Flask, client: FlaskClient
) -> None:
    """In GB 18030, with both scripts and a plain form inside; only the demonstration has it."""
    response = embeddable.test_client().get("/demo/portal?id=paid-1")
    page = response.data.decode("gb18030")

    assert response.headers["Content-Type"] == "text/html; charset=gb18030"
    assert "关于老旧小区电梯加装工作的经验材料" in page
    assert re.findall(r'<script src="(/embed/\w+\.js)"', page) == [
        "/embed/related.js", "/embed/search.js",
    ]  # fmt: skip
    assert '<div id="so"><form action="/search">' in page
    assert embeddable.test_client().get("/demo/portal?id=none").status_code == 404
    assert client.get("/demo/portal").status_code == 404


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """The service on a port of this machine."""
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


def _php(tmp_path: Path, served: str, marker: str, **get: str) -> str:
    """What the example of the guide that contains ``marker`` prints, with these parameters of the page."""
    php = shutil.which("php")
    if php is None:
        pytest.skip("needs php (apt-get install php-cli)")
    (example,) = [one for one in re.findall(r"```php\n(.*?)```", GUIDE, re.DOTALL) if marker in one]
    assert "http://127.0.0.1:8000" in example
    page = tmp_path / "page.php"
    page.write_text(example.replace("http://127.0.0.1:8000", served), encoding="utf-8")
    given = f"$_GET = json_decode('{json.dumps(get)}', true); require '{page}';"
    done = subprocess.run([php, "-r", given], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_the_example_in_php_prints_related_links_for_crawlers(
    tmp_path: Path, served: str, client: FlaskClient
) -> None:
    """The links are those of the API, escaped; without any, or without the service, nothing is printed."""
    found = client.get("/api/v1/articles/20201/related?size=6").get_json()["results"]
    printed = _php(tmp_path, served, "/related", id="20201")

    assert found
    assert re.findall(r'<a href="show.php\?id=([^"]*)">([^<]*)</a>', printed) == [
        (one["id"], one["title"]) for one in found
    ]
    assert _php(tmp_path, served, "/related", id="none") == ""
    assert _php(tmp_path, "http://127.0.0.1:1", "/related", id="20201") == ""


def test_the_example_in_php_searches_on_the_server(tmp_path: Path, served: str) -> None:
    """A page of results without a script: titles escaped, passages marked, the total first."""
    printed = _php(tmp_path, served, "/search", q="注入防范")

    assert "&lt;script&gt;" in printed
    assert "<script" not in printed
    assert "<mark>" in printed
