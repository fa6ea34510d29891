"""The choice of passages under a result."""

import pytest

from analyzers.outline import FRAME
from analyzers.terms import Analyzer
from search_service.answers.evidence import select_passages
from search_service.answers.search import search
from search_service.model import Audience, Passage, StoredArticle, View
from search_service.query.parsing import parse
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService

ANALYZER = Analyzer()


def shown(query: str, *texts: str, best: str | None = None, frame: int = 0) -> list[str]:
    """The texts of the passages shown of an article; the first ``frame`` ones belong to the frame."""
    passages = []
    start = 0
    for index, text in enumerate(texts):
        role = "主送" if index < frame else "主体"
        passages.append(Passage(id=f"p{index}", start=start, end=start + len(text), role=role))
        start += len(text)
    view = View(id="1", title="通知", text="".join(texts))
    stored = StoredArticle(view=view, passages=tuple(passages))
    chosen = select_passages(stored, parse(query, ANALYZER), best)
    assert all(one.snippet.text == view.text[one.start : one.end] for one in chosen)
    return [one.snippet.text for one in chosen]


@pytest.mark.parametrize(
    ("query", "best", "expected"),
    [
        ("垃圾", None, ["垃圾分类。"]),
        ("垃圾", "p0", ["垃圾分类。", "小区物业。"]),
        ("物业收费", None, ["物业收费标准。", "小区物业。"]),
        ("物业", None, ["小区物业。", "物业收费标准。"]),
        ("物业", "p2", ["物业收费标准。", "小区物业。"]),
        ("物业", "p1", ["小区物业。", "物业收费标准。"]),
        ("殡葬", "p1", ["垃圾分类。"]),
        ("殡葬", None, ["小区物业。"]),
    ],
)
def test_passages_with_the_most_marked_text_are_shown(
    query: str, best: str | None, expected: list[str]
) -> None:
    """Then the nearest passage, then in the order of the text; without a match the first passage."""
    texts = ("小区物业。", "垃圾分类。", "物业收费标准。", "小区的绿化与物业。")
    assert shown(query, *texts, best=best) == expected


def test_the_first_passage_is_one_of_the_body() -> None:
    """Without a match the first passage of the body is shown; of the frame only if there is no other."""
    assert shown("殡葬", "各街道：", "小区物业。", frame=1) == ["小区物业。"]
    assert shown("殡葬", "各街道：", "各社区：", frame=2) == ["各街道："]
    assert shown("街道", "各街道：", "街道绿化。", frame=1) == ["街道绿化。", "各街道："]


def test_on_ties_the_body_is_shown_before_the_frame(
    sample_service: SearchService,
) -> None:
    """The salutation is shown only if no other passage matches."""
    request = SearchRequest(text="物业", mode=Mode.KEYWORD, size=20)
    page = search(sample_service, request, Audience.PUBLIC)
    assert any(passage.role in FRAME for one in page.results for passage in one.stored.passages)
    for result in page.results:
        roles = [passage.role in FRAME for passage in result.passages]
        assert roles == sorted(roles)
    salutation = search(
        sample_service, SearchRequest(text='"辖区各经营单位"', mode=Mode.KEYWORD), Audience.PUBLIC
    )
    assert {one.passages[0].role for one in salutation.results} == {"主送"}
