"""Results as their page shows them: one paragraph of a passage, its heading, and two groups."""

import re
from collections.abc import Sequence

import pytest
from flask.testing import FlaskClient

from search_service.web.pages.results import paragraph


def test_a_snippet_is_one_paragraph_and_has_its_heading() -> None:
    """Of a passage over several paragraphs the one with the most marks, never joined to the next."""
    text = (
        "三、保障措施\n（一）加强领导。压实责任。\n（二）落实经费。小区与小区之间\n各街道抓好落实"
    )
    marks = [
        (text.index("小区"), text.index("小区") + 2),
        (text.rindex("小区"), text.rindex("小区") + 2),
    ]

    shown = paragraph(text, marks, ["三、保障措施", "（二）落实经费"])

    assert shown["highlight"] == "（二）落实经费。<mark>小区</mark>与<mark>小区</mark>之间"
    assert shown["heading"] == "三、保障措施"


@pytest.mark.parametrize(
    ("text", "path", "heading", "shown"),
    [
        ("各街道抓好<落实>", ["一、总体要求"], "一、总体要求", "各街道抓好&lt;落实&gt;…"),
        ("各街道抓好落实。", [], "", "各街道抓好落实。"),
        ("第一条 为规范小区治理，制定本办法。", ["第一条 为规范小区治理，…"], "", None),
        ("一、总体要求", ["一、总体要求"], "", "一、总体要求…"),
    ],
)
def test_what_stands_before_and_behind_a_snippet(
    text: str, path: Sequence[str], heading: str, shown: str | None
) -> None:
    """No heading twice, none that is the beginning of a paragraph; dots only where a sentence is cut."""
    found = paragraph(text, [], path)

    assert found["heading"] == heading
    assert found["highlight"] == (shown or text)


def test_both_groups_have_their_own_count(client: FlaskClient) -> None:
    """What contains the words stands above what is only similar; together they are all results."""
    answer = client.get("/api/v1/search?q=小区").get_json()
    page = client.get("/search?q=小区&size=100").get_data(as_text=True)

    near = answer["total"] - answer["full"]
    assert answer["full"] > 0
    assert near > 0
    first, second = (
        page.index(f"<h2>{name} <span>{count} 篇</span></h2>")
        for name, count in (("原文相符", answer["full"]), ("意思相近", near))
    )
    assert page[first:second].count('<li class="hit">') == answer["full"]
    assert page[second:].count('<li class="hit">') == near


def test_a_later_page_has_the_same_filters(client: FlaskClient) -> None:
    """The facets of the second page are those of the first, with what was chosen, once."""
    addresses = [f"/search?kind=通知&kind=方案&size=5&page={page}" for page in (1, 2)]
    first, second = (client.get(address).get_data(as_text=True) for address in addresses)

    boxes = (
        r'<input type="checkbox" name="(\w+)" value="([^"]*)"( checked)?> [^<]+ <span>(\d+)</span>'
    )
    counted = re.findall(boxes, second)
    assert counted == re.findall(boxes, first)
    assert [one[:2] for one in counted if one[2]] == [("kind", "通知"), ("kind", "方案")]
    assert 'type="hidden" name="kind"' not in second


def test_words_that_no_article_has_together_are_links(client: FlaskClient) -> None:
    """Above what was found instead, and on an empty page; each with what it finds."""
    relaxed = client.get("/search?q=物业服务 三无小区 粮食安全").get_data(as_text=True)
    assert "没有一篇同时包含“物业服务”、“三无小区”和“粮食安全”" in relaxed
    assert "<h2>意思相近 <span>" in relaxed
    empty = client.get("/search?q=小区 鹦鹉螺").get_data(as_text=True)
    assert '<li class="hit">' not in empty
    (word, count), *others = re.findall(r'q=[^"]+">“([^<]+)”</a>（(\d+) 篇）', empty)
    assert (word, others) == ("小区", [])
    assert client.get(f"/api/v1/search?q={word}").get_json()["full"] == int(count)


def test_a_slip_says_what_the_right_word_finds(client: FlaskClient) -> None:
    """您是不是要找 has the number of articles that contain it."""
    page = client.get("/search?q=营伤环境&mode=keyword").get_data(as_text=True)
    ((word, count),) = re.findall(r'<p class="meant">.*?<a [^>]*>([^<]+)</a>（(\d+) 篇）', page)
    assert client.get(f"/api/v1/search?q={word}").get_json()["full"] == int(count)
