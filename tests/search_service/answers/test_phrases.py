"""The history of a phrase: literal, complete, and only of what the reader may read."""

from pathlib import Path

import pytest

from indexer.build import generations
from search_service.answers.phrases import LONGEST, history
from search_service.errors import BadInput
from search_service.model import Audience
from search_service.service import SearchService
from tests.conftest import ALL_CLEANING, Open, write_source

_ARTICLES: list[dict[str, object]] = [
    {"id": "1", "title": "关于减负的通知", "body": "背景。要求为基层减负。", "date": "2019-03-11"},
    {"id": "2", "title": "基层减负年", "body": "工作扎实。", "date": "2020"},
    {"id": "3", "title": "总结", "body": "持续为基层减负，成效明显。", "date": "2020-05"},
    {"id": "4", "title": "意见", "body": "基层不减负担。", "date": "2021"},
    {"id": "5", "title": "讲话", "body": "基层减负永远在路上！", "date": None},
    {
        "id": "6",
        "title": "内部通报",
        "body": "基层减负不力的三个乡镇。",
        "date": "2018",
        "audience": "staff",
    },
]  # fmt: skip


@pytest.fixture
def service(open_named: Open, tmp_path: Path) -> SearchService:
    """Six articles, of which one is for staff."""
    service = open_named("phrases")
    source = write_source(tmp_path / "six.jsonl", _ARTICLES)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    return service


def test_years_first_and_latest(service: SearchService) -> None:
    """The phrase as it stands; its words apart are another phrase."""
    found = history(service, "基层减负", Audience.PUBLIC)

    assert found.total == 4
    assert dict(found.years) == {"2019": 1, "2020": 2}
    assert found.undated == 1
    assert [use.view.id for use in found.first] == ["1", "2", "3"]
    assert [use.view.id for use in found.latest] == ["3", "2", "1"]
    assert found.first[0].sentence == "要求为基层减负。"
    assert found.first[1].sentence == "基层减负年"  # only in the title


def test_staff_see_what_is_for_staff(service: SearchService) -> None:
    """The first use may be one that guests never learn of."""
    assert history(service, "基层减负", Audience.STAFF).first[0].view.id == "6"
    assert "2018" not in history(service, "基层减负", Audience.PUBLIC).years


def test_a_phrase_that_nobody_used(service: SearchService) -> None:
    """Is no fault, and nor are signs alone."""
    for phrase in ("减负基层", "！！"):
        found = history(service, phrase, Audience.PUBLIC)
        assert (found.total, dict(found.years), found.first) == (0, {}, ())


def test_a_blocked_phrase_has_no_history(service: SearchService) -> None:
    """As it has no results."""
    service.store.blocked.add("减负")

    found = history(service, "基层减负", Audience.PUBLIC)

    assert found.blocked
    assert not found.total


@pytest.mark.parametrize("phrase", ["", "减", "减" * (LONGEST + 1)])
def test_lengths_are_limited(service: SearchService, phrase: str) -> None:
    """A single character says nothing; the limit is named."""
    with pytest.raises(BadInput, match=str(LONGEST)):
        history(service, phrase, Audience.PUBLIC)
