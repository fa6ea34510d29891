"""Outlines, headings and phrases by forms alone, with the draft that travels in them."""

import html
import re
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from search_service import relevance

TOPIC = "营商环境"
_PATHS = ("/outlines", "/headings", "/phrases")


def draft_of(page: str) -> str:
    """The text in the form."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found
    return html.unescape(found[1])


def values(page: str, name: str) -> list[str]:
    """What the page's buttons of a name send."""
    found = re.findall(rf"name=\"{name}\" value=(?:'([^']*)'|\"([^\"]*)\")", page)
    return [html.unescape(one or other) for one, other in found]


def test_a_whole_outline_becomes_the_draft(client: FlaskClient) -> None:
    """The topic is the title, the headings are its lines, in their order and with their numbers."""
    page = client.get(f"/outlines?q={TOPIC}&kind=方案").get_data(as_text=True)
    article_id = values(page, "outline")[0]
    sent = {"q": TOPIC, "kind": "方案", "outline": article_id}

    adopted = client.post("/outlines", data=sent).get_data(as_text=True)
    title, *lines = draft_of(adopted).split("\n")

    assert title == TOPIC
    assert len(lines) >= 3
    assert lines[0].startswith("一、")
    assert values(adopted, "outline") == values(page, "outline")  # more can be adopted
    assert "已放在" in adopted
    assert "已放在" not in page


def test_one_heading_gets_the_next_number(client: FlaskClient) -> None:
    """That of its level in the draft, whatever it had; the draft before it is as it was."""
    draft = "方案\n一、总体要求\n（一）思想\n（二）原则\n二、任务"
    for level, number in ((1, "三、"), (2, "（一）"), (3, "1.")):
        sent = {"text": draft, "q": TOPIC, "heading": f'[{level}, "七、强化保障"]'}
        page = client.post("/headings", data=sent).get_data(as_text=True)

        assert draft_of(page) == f"{draft}\n{number}强化保障"


def test_a_draft_that_begins_with_a_heading_gets_a_line_for_its_title(client: FlaskClient) -> None:
    """Because the first line of a draft is its title."""
    sent = {"q": "保障", "heading": '[2, "强化保障"]'}
    page = client.post("/headings", data=sent).get_data(as_text=True)

    assert draft_of(page) == "（题目）\n（一）强化保障"


@pytest.mark.parametrize("path", _PATHS)
def test_without_a_draft_it_has_an_address(client: FlaskClient, path: str) -> None:
    """To be shared; a draft stays in the form, and what was quoted in it too."""
    alone = client.post(path, data={"q": TOPIC, "text": "", "kind": ""})
    quoted = '[0, "1", "p"]'
    with_draft = client.post(path, data={"q": TOPIC, "text": "甲\n乙", "quoted": quoted})
    page = with_draft.get_data(as_text=True)

    assert alone.status_code == 303
    assert alone.headers["Location"].startswith(f"{path}?q={quote(TOPIC)}")
    assert draft_of(page) == "甲\n乙"
    assert values(page, "quoted") == [quoted]


@pytest.mark.parametrize("path", _PATHS)
@pytest.mark.parametrize(
    "sent",
    [
        {"heading": "[" * 9_000},
        {"heading": '[9, "甲"]'},
        {"heading": '[1, ""]'},
        {"heading": "[1]"},
        {"outline": "no-such-article"},
        {"length": "-1", "pattern": "x", "kind": "无此文种"},
        {"q": "字" * 300},
        {},
    ],
)
def test_what_cannot_be_used_changes_nothing(
    client: FlaskClient, path: str, sent: dict[str, str]
) -> None:
    """Forged or old values of the form leave the draft as it is."""
    response = client.post(path, data={"text": "甲\n乙", **sent})

    assert response.status_code == 200
    assert draft_of(response.get_data(as_text=True)) == "甲\n乙"
    assert client.get(path, query_string=sent).status_code == 200


def test_the_title_of_a_draft_is_its_topic(client: FlaskClient) -> None:
    """If no other is given."""
    page = client.post("/outlines", data={"text": f"{TOPIC}\n一、总体要求"}).get_data(as_text=True)

    assert f'name="q" value="{TOPIC}"' in page
    assert values(page, "outline")


def test_headings_by_length_and_form(client: FlaskClient) -> None:
    """Each with its document; a form without anything shows nothing."""
    page = client.get("/headings?length=4&pattern=四字").get_data(as_text=True)
    found = re.findall(r"<li><p><b>([^<]*)</b>", page)

    assert found
    assert {len(one) for one in found} == {4}
    assert "<li><p><b>" not in client.get("/headings").get_data(as_text=True)


def test_a_phrase_has_columns_and_sources(client: FlaskClient) -> None:
    """A column for each year from the first to the last; the phrase is marked in the sentences."""
    page = client.get(f"/phrases?q={TOPIC}").get_data(as_text=True)
    years = re.findall(r"<span>([0-9]{4})</span></li>", page)

    assert years == [str(year) for year in range(int(years[0]), int(years[-1]) + 1)]
    assert f"<mark>{TOPIC}</mark>" in page
    assert "最早" in page


@pytest.mark.parametrize(
    ("phrase", "said"), [("字", "应为 2 至 50 个"), ("龘龘", "没有文件用过“龘龘”")]
)
def test_a_phrase_that_has_no_history_says_why(client: FlaskClient, phrase: str, said: str) -> None:
    """In a sentence, with the limit where there is one."""
    assert said in client.get(f"/phrases?q={phrase}").get_data(as_text=True)


def test_a_draft_that_grows_too_long_says_so(client: FlaskClient) -> None:
    """It stays in the form, to be cut."""
    draft = "题目\n" + "字" * relevance.MAX_DRAFT
    page = client.post("/outlines", data={"text": draft, "kind": "方案"}).get_data(as_text=True)

    assert "最多 20000 个" in page
    assert draft_of(page) == draft


def test_the_passages_lead_to_them_with_the_draft(client: FlaskClient) -> None:
    """Each page has a button for each of the others, which sends the same form."""
    for path in ("/precedents", *_PATHS):
        page = client.get(path).get_data(as_text=True)
        led = set(re.findall(r"formaction=\"([^\"#]*)#results\"", page))
        assert led == {"/precedents", *_PATHS} - {path}
