"""The cost of explanations."""

from collections import Counter
from pathlib import Path

import pytest

from analyzers import references
from indexer.build import generations
from search_service.answers.drafts import for_draft
from search_service.answers.search import search
from search_service.model import Audience
from search_service.query.request import Mode, SearchRequest
from tests.conftest import ALL_CLEANING, Open, write_source

_DAYS = [f"{month}月{day}日" for month in range(1, 4) for day in range(1, 8)]


def test_references_of_a_text_are_parsed_once_for_any_number_of_words(
    open_named: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For marks, passages and explanations of a page, and for the passages of a draft."""
    service = open_named("index")
    bodies = ["".join(f"{place}：{day}前报送材料。\n" for day in _DAYS) for place in "甲乙丙"]
    records = [
        {"id": f"a{place}", "title": f"关于第{place}号工作的通知", "body": body}
        for place, body in enumerate(bodies)
    ]
    source = write_source(tmp_path / "a.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    calls: Counter[str] = Counter()
    find = references.find

    def counted(text: str) -> list[references.Reference]:
        calls[text] += 1
        return find(text)

    monkeypatch.setattr("search_service.answers.snippets.references.find", counted)
    request = SearchRequest(text=" ".join(_DAYS), mode=Mode.KEYWORD, explain=True)
    page = search(service, request, Audience.PUBLIC)
    assert page.total == len(records)
    assert all(
        result.explanation and len(result.explanation.words) == len(_DAYS)
        for result in page.results
    )
    texts = [text for text in calls if "前报送材料" in text]
    # Each article to choose its passages, and for the marks of the only one; with its title, to be explained.
    assert len(texts) == 2 * len(records)
    assert sorted(calls[text] for text in texts) == [1] * len(records) + [2] * len(records)
    calls.clear()
    assert for_draft(service, "\n".join(bodies[:2]), Audience.PUBLIC).results
    assert calls
    assert set(calls.values()) == {1}
