"""Light and dark by a choice in a cookie: pages stay the same, one small sheet differs."""

import pytest
from flask.testing import FlaskClient

DARK = "color-scheme: dark"


@pytest.mark.parametrize(
    ("chosen", "asks_the_system", "dark"),
    [("auto", True, True), ("dark", False, True), ("light", False, False), ("pink", True, True)],
)
def test_a_choice_changes_the_sheet_and_no_page(
    client: FlaskClient, chosen: str, *, asks_the_system: bool, dark: bool
) -> None:
    """The sheet follows the system or the choice and says so to caches; the page is the same bytes."""
    before = client.get("/help")
    answer = client.post("/theme", data={"theme": chosen})
    sheet = client.get("/theme.css")

    assert answer.status_code == 303
    assert ("prefers-color-scheme" in sheet.get_data(as_text=True)) == asks_the_system
    assert (DARK in sheet.get_data(as_text=True)) == dark
    assert "Cookie" in sheet.headers["Vary"]
    after = client.get("/help")
    assert after.data == before.data
    assert "Set-Cookie" not in after.headers
    again = client.get("/theme.css", headers={"If-None-Match": sheet.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("referrer", "back"),
    [
        ("http://localhost/search?q=%E5%B0%8F%E5%8C%BA", "/search?q=%E5%B0%8F%E5%8C%BA"),
        ("http://elsewhere.example/search", "/"),
        ("http://localhost//elsewhere.example/", "/elsewhere.example/"),
        (None, "/"),
    ],
)
def test_a_choice_leads_back_to_its_page(
    client: FlaskClient, referrer: str | None, back: str
) -> None:
    """To the page where it was made, and never to another host."""
    headers = {"Referer": referrer} if referrer else {}

    assert client.post("/theme", data={"theme": "dark"}, headers=headers).location == back
