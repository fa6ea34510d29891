"""The form of a search by fields: what it offers, and the query it leads to."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient


def query_of(client: FlaskClient, **fields: str) -> str:
    """The query of a filled form; a browser sends every field."""
    empty = dict.fromkeys(
        (
            "words",
            "phrase",
            "any",
            "none",
            "in",
            "number",
            "issuer",
            "author",
            "kind",
            "from",
            "to",
        ),
        "",
    )
    answer = client.get(
        "/advanced", query_string={**empty, **fields, "from": fields.get("from", "")}
    )
    assert answer.status_code == 303, answer.get_data(as_text=True)
    to = urlsplit(answer.headers["Location"])
    assert to.path == "/search"
    return parse_qs(to.query)["q"][0]


def test_it_offers_what_there_is(client: FlaskClient) -> None:
    """Kinds and categories to choose, offices and authors to complete; nothing is searched yet."""
    answer = client.get("/advanced")
    page = answer.get_data(as_text=True)

    assert answer.status_code == 200
    assert re.search(r'<select id="kind" .*<option value="通知">', page)
    assert '<option value="清源县人民政府办公室">' in page
    assert 'aria-invalid="true"' not in page
    assert '<option value="title" selected>' in client.get("/advanced?in=title").get_data(True)


def test_a_filled_form_is_an_ordinary_search(client: FlaskClient) -> None:
    """What it leads to finds what every field asks for."""
    query = query_of(
        client, any="小区 物业", none="会议", kind="通知", issuer="县政府办", to="2026年"
    )

    assert query == ("(小区 OR 物业) -会议 机关:清源县人民政府办公室 文种:通知 止:2026")
    found = client.get("/api/v1/search", query_string={"q": query}).get_json()["results"]
    assert found
    assert all(one["kind"] == "通知" and one["issuer"] == "清源县人民政府办公室" for one in found)


def test_a_name_is_completed_or_is_a_word(client: FlaskClient) -> None:
    """A short name is that of an office; one that no article has is searched in the texts."""
    assert query_of(client, issuer="清源县政府办公室") == "机关:清源县人民政府办公室"
    assert query_of(client, author="贺启明") == "作者:贺启明"
    assert query_of(client, author="鹦鹉螺", words="小区", **{"in": "title"}) == "标题:小区 鹦鹉螺"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("words=&from=", "请至少填一项"),
        ("words=小区&from=2023年13月", "没有看懂"),
        ("from=2024&to=2023", "早于开始的日期"),
        ("words=" + "小区 " * 60 + "&phrase=" + "治理" * 80, "最多 200 个"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field(
    client: FlaskClient, fields: str, said: str
) -> None:
    """And nothing that was typed is lost."""
    answer = client.get(f"/advanced?{fields}")
    page = answer.get_data(as_text=True)

    assert answer.status_code == 200
    assert len(re.findall('aria-invalid="true"', page)) == 1
    assert said in page
    name, _, typed = fields.split("&", maxsplit=1)[0].partition("=")
    assert f'name="{name}" value="{typed.strip()}"' in page
