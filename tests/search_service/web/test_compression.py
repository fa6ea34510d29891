"""Compressed responses, and the caching of static files."""

import gzip
import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PAGE, ANSWER, SHEET = "/search?q=小区", "/api/v1/search?q=小区", "/static/site.css"
FAULT = "/api/v1/search?" + "&".join(f"unknown{n}=1" for n in range(20))


def get(
    client: FlaskClient, path: str, accepted: str = "gzip", *, method: str = "GET", **headers: str
) -> TestResponse:
    """The response to a client that accepts these codings; its body is read."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.open(path, method=method, headers={"Accept-Encoding": accepted, **named})
    answer.get_data()
    answer.close()
    return answer


@pytest.mark.parametrize("path", [PAGE, ANSWER, SHEET, FAULT])
def test_texts_are_compressed_for_those_who_accept_it(client: FlaskClient, path: str) -> None:
    """Unpacked they are what others get; the length is that of what is sent, also for HEAD."""
    packed, plain = get(client, path), get(client, path, "")
    assert (packed.headers["Content-Encoding"], packed.status) == ("gzip", plain.status)
    assert gzip.decompress(packed.data) == plain.data
    assert packed.content_length == len(packed.data) < len(plain.data) / 2
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Vary"] == plain.headers["Vary"]
    assert "Accept-Encoding" in packed.vary
    head = get(client, path, method="HEAD")
    assert (head.content_length, head.headers["Content-Encoding"]) == (len(packed.data), "gzip")


def test_equal_answers_are_equal_bytes(client: FlaskClient) -> None:
    """The header has neither a time nor a file name."""
    packed = get(client, ANSWER).data
    assert packed == get(client, ANSWER).data
    assert packed[3:8] == bytes(5)  # flags and time


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip, deflate, br", True), ("*", True), ("GZIP;q=0.1", True), ("identity;q=0.5, gzip", True),
        ("identity", False), ("gzip;q=0", False), ("gzip;q=0, *", False), ("br, deflate", False),
        ("identity, gzip;q=0.5", False), ("*;q=0", False),
    ],
)  # fmt: skip
def test_clients_say_what_they_accept(
    client: FlaskClient, accepted: str, *, compressed: bool
) -> None:
    """By q-values: 0 is a refusal; what is preferred is sent."""
    assert ("Content-Encoding" in get(client, ANSWER, accepted).headers) == compressed


def test_small_answers_stay_as_they_are(client: FlaskClient) -> None:
    """They would hardly shrink; caches still keep both kinds of clients apart."""
    answer = get(client, "/api/v1/livez")
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepted", ["gzip", ""])
def test_an_unchanged_file_is_not_sent_again(client: FlaskClient, accepted: str) -> None:
    """Whichever form the client has: the tag is weak, and the same in all answers."""
    tag = get(client, SHEET, accepted).headers["ETag"]
    assert tag.startswith("W/")
    answer = get(client, SHEET, accepted, If_None_Match=tag)
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in answer.headers


def test_a_part_of_a_file_is_not_compressed(client: FlaskClient) -> None:
    """A range counts the bytes of the file."""
    part = get(client, SHEET, Range="bytes=0-1999")
    assert (part.status_code, part.content_length) == (206, 2000)
    assert "Content-Encoding" not in part.headers


def test_the_address_of_a_static_file_names_its_content(client: FlaskClient) -> None:
    """Then caches may keep it for good; with another digest or none they ask whether it has changed."""
    page = get(client, "/", "").get_data(as_text=True)
    linked = re.findall(r'(?:href|src)="(/static/[^"?]+)(\?v=[0-9a-f]+)"', page)
    assert len(linked) >= 4
    for path, digest in linked:
        forever = get(client, path + digest).headers
        assert forever["Cache-Control"] == "public, max-age=31536000, immutable"
        again = get(client, path + digest, If_None_Match=forever["ETag"])
        assert again.status_code == 304
        assert again.headers["Cache-Control"] == forever["Cache-Control"]
        for other in ("", "?v=", digest[:-1], "?v=000000000000"):
            answer = get(client, path + other).headers
            assert answer["Cache-Control"] == "no-cache"
            assert answer["ETag"] == forever["ETag"]
    assert get(client, "/static/none.css" + linked[0][1]).headers["Cache-Control"] == "no-cache"
