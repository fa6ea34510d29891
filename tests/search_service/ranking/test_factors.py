"""Multipliers from metadata order articles of about equal relevance."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.build import generations
from search_service import relevance
from search_service.answers.search import search
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience, Everything, Hit
from search_service.query.request import SearchRequest
from search_service.ranking.factors import factors
from search_service.service import SearchService, open_service
from search_service.settings import read_settings

TEXT = "一、总体要求。各街道要摸清老旧小区底数，分批改造。二、资金安排。市财政每户补助五千元。"
SAME = "关于老旧小区改造资金的通知"
ARTICLES = f"""
{{"id": "new", "title": "{SAME}", "body": "{TEXT}", "date": "2025-03-01", "views": 10}}
{{"id": "old", "title": "{SAME}", "body": "{TEXT}", "date": "2009-03-01", "views": 10}}
{{"id": "read", "title": "{SAME}", "body": "{TEXT}", "date": "2009-03-01", "views": 9000}}
{{"id": "undated", "title": "{SAME}", "body": "{TEXT}"}}
{{"id": "over", "title": "{SAME}", "body": "{TEXT}", "date": "2025-03-01", "status": "已废止"}}
{{"id": "said", "title": "{SAME}（失效）", "body": "{TEXT}", "date": "2025-03-01"}}
{{"id": "apart", "title": "关于森林防火的通知", "body": "山区要清理可燃物。", "date": "2025-09-01"}}
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """An index of articles with the same text and different metadata."""
    folder: Path = tmp_path_factory.mktemp("factors")
    source = folder / "articles.jsonl"
    source.write_text(ARTICLES, encoding="utf-8")
    service = open_service(read_settings(engine=f"embedded:{folder / 'index'}"))
    generations.rebuild(service, [source], cleaning=Cleaning.parse("all"))
    yield service
    service.close()


def test_newer_more_viewed_and_valid_articles_rank_first_among_equals(
    service: SearchService,
) -> None:
    """Articles of the same text are ordered by metadata."""
    page = search(service, SearchRequest(text="老旧小区资金怎么安排"), Audience.PUBLIC)
    places = [one.stored.view.id for one in page.results]
    assert places[0] == "new"
    assert places.index("read") < places.index("old")
    assert set(places[-2:]) == {"over", "said"}


def test_factors_are_bounded(service: SearchService) -> None:
    """Every multiplier is within the bounds of relevance.py."""
    reader = service.reader(Audience.PUBLIC)
    hits = [hit for hit in reader.keyword(Everything()) if hit.id != "said"]
    found = factors(service.store, Audience.PUBLIC, hits)
    for one in found.values():
        assert 1 <= one.recency <= 1 + relevance.RECENCY
        assert 1 <= one.popularity <= 1 + relevance.POPULARITY
    assert {key for key, one in found.items() if one.status != 1} == {"over"}
    assert found["undated"].recency == found["undated"].popularity == 1
    assert found["apart"].recency == 1 + relevance.RECENCY
    assert factors(service.store, Audience.PUBLIC, []) == {}


def test_factors_follow_age_in_months_and_the_logarithm_of_views(service: SearchService) -> None:
    """Relative to the newest and the most viewed of these hits."""
    hits = [
        Hit("read", 1.0, day=20250301),
        Hit("old", 1.0, day=20190901),
        Hit("unknown", 1.0),
    ]
    found = factors(service.store, Audience.PUBLIC, hits)
    years = (2025 + 3 / 12) - (2019 + 9 / 12)
    assert [found[hit.id].recency for hit in hits] == [
        1 + relevance.RECENCY,
        round(1 + relevance.RECENCY * 0.5 ** (years / relevance.RECENCY_YEARS), 6),
        1,
    ]
    share = math.log1p(10) / math.log1p(9000)
    assert [found[hit.id].popularity for hit in hits] == [
        1 + relevance.POPULARITY,
        round(1 + relevance.POPULARITY * share, 6),
        1,
    ]
