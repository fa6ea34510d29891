"""ETag and 304: what the caller has is confirmed, what changed is sent."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from indexer.build import generations
from search_service.settings import read_settings
from search_service.web.app import create_app
from tests.conftest import ALL_CLEANING, Open, write_source
from tests.support.hostile_articles import CAREFUL

ADDRESSES = [
    "/", "/search?q=小区", "/articles/paid-1", "/api/v1/search?q=小区", "/api/v1/suggest?q=小",
    "/api/v1/articles/paid-1", "/api/v1/articles/paid-1/related", "/api/v1/openapi.json",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_what_the_caller_has_is_confirmed_without_a_body(
    client: FlaskClient, address: str, encoding: str
) -> None:
    """The tag of an answer, also among others, is answered by 304; any other by the answer."""
    headers = {"Accept-Encoding": encoding}
    first = client.get(address, headers=headers)
    tag = first.headers["ETag"]

    again = client.get(address, headers={**headers, "If-None-Match": f'"other", {tag}'})
    other = client.get(address, headers={**headers, "If-None-Match": 'W/"other"'})

    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"] == "no-cache"
    assert "Content-Type" not in again.headers
    assert (other.status_code, other.data) == (200, first.data)
    assert client.head(address).headers["ETag"] == tag


def test_the_tag_is_that_of_the_answer(client: FlaskClient) -> None:
    """Equal answers have equal tags, others have others."""
    tags = [
        client.get(f"/api/v1/search?q={text}").headers["ETag"] for text in ("小区", "小区", "物业")
    ]

    assert tags[0] == tags[1] != tags[2]


@pytest.mark.parametrize(
    "address", ["/api/v1/livez", "/api/v1/healthz", "/articles/none", "/nowhere"]
)
def test_health_and_errors_have_no_tag(client: FlaskClient, address: str) -> None:
    """A monitor is always answered, and an error is not kept."""
    assert "ETag" not in client.get(address).headers


def test_a_hidden_article_is_gone_although_a_cache_has_it(open_named: Open, tmp_path: Path) -> None:
    """After hiding, the tag that a cache holds confirms neither the article nor a page that lists it."""
    service = open_named("hiding")
    source = write_source(tmp_path / "careful.jsonl", CAREFUL)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    client = create_app(service, read_settings()).test_client()
    tags = {
        one: client.get(one).headers["ETag"]
        for one in ("/articles/paid-1", "/api/v1/search?q=电梯")
    }

    service.store.hidden.hide("paid-1")

    after = {one: client.get(one, headers={"If-None-Match": tag}) for one, tag in tags.items()}
    assert [one.status_code for one in after.values()] == [404, 200]
