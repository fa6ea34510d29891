"""Opposite directions in queries and titles."""

from pathlib import Path

import pytest

from indexer.build.generations import rebuild
from search_service.answers.search import search
from search_service.model import Audience
from search_service.query.directions import not_opposite
from search_service.query.request import Mode, SearchRequest
from search_service.service import open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, write_source


@pytest.mark.parametrize(
    ("text", "count"),
    [("水价上调", 1), ("水价", 0), ("户口迁出", 1), ("水价上调还是下调", 0), ("允许开办", 2)],
)
def test_a_direction_counts_only_alone(text: str, count: int) -> None:
    """Each direction that is named without its opposite gives one clause."""
    assert len(not_opposite(text)) == count


@pytest.mark.parametrize("mode", [Mode.KEYWORD, Mode.HYBRID])
@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("自来水价格下调的通知", "down"),
        ("自来水价格上调的通知", "up"),
        ("自来水降价", "down"),
        ("2022年自来水价格", "old"),
    ],
)
def test_a_year_or_direction_that_differs_is_not_near(
    tmp_path: Path, text: str, first: str, mode: Mode
) -> None:
    """Of texts that differ in nothing else, the one of the year and direction is first."""
    body = "自来水价格由县发展改革局核定，居民生活用水按阶梯计价。涨价、降价均须听证。"
    titles = {
        "up": "关于上调自来水价格的通知",
        "down": "关于下调自来水价格的通知",
        "old": "柳塘县2022年自来水价格目录",
        "new": "柳塘县2023年自来水价格目录",
    }
    records = [{"id": key, "title": title, "body": body} for key, title in titles.items()]
    service = open_service(read_settings(engine=f"embedded:{tmp_path}"))
    rebuild(service, [write_source(tmp_path / "a.jsonl", records)], cleaning=ALL_CLEANING)

    page = search(service, SearchRequest(text=text, mode=mode), Audience.PUBLIC)

    assert page.results[0].stored.view.id == first
    service.close()
