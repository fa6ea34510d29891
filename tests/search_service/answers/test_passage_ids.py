"""The id of a passage names one text for as long as that text exists."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.build.generations import rebuild
from indexer.updates import add
from search_service.model import Audience
from search_service.service import SearchService
from tests.conftest import ALL_CLEANING, write_source
from tests.support.drafting import ENGINES, opened

HEADINGS = "一二三四五六七八九十"
ARTICLES = 110
EDITS = 200
AT_ONCE = 40  # edits in one update


def paragraph(article: int, place: int, edition: int) -> str:
    """A paragraph that makes a passage of its own."""
    return f"第{article}号通知的任务{place}，第{edition}版：各单位要逐项落实、按月报告。" * 4


class Source:
    """The articles as they are now; an edit changes one paragraph."""

    def __init__(self) -> None:
        self._editions = [[0] * len(HEADINGS) for _ in range(ARTICLES)]

    def edit(self, number: int) -> int:
        """Make an edit and return the number of the article."""
        article, place = number % ARTICLES, (number // ARTICLES + number) % len(HEADINGS)
        self._editions[article][place] += 1
        return article

    def record(self, article: int) -> dict[str, Any]:
        """The article."""
        parts = [
            f"{heading}、任务{heading}\n{paragraph(article, place, edition)}"
            for place, (heading, edition) in enumerate(
                zip(HEADINGS, self._editions[article], strict=True)
            )
        ]
        return {"id": f"a{article}", "title": f"通知{article}", "body": "\n".join(parts)}

    def records(self) -> list[dict[str, Any]]:
        """All articles."""
        return [self.record(article) for article in range(ARTICLES)]


def texts(service: SearchService) -> dict[str, str]:
    """The text of each passage by its id."""
    stored = list(service.reader(Audience.PUBLIC).scan())
    found = [(passage.id, one.text_of(passage)) for one in stored for passage in one.passages]
    assert len(dict(found)) == len(found)
    return dict(found)


@pytest.fixture(params=ENGINES)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SearchService]:
    """A service over the first editions, on each engine, without a model."""
    with opened(request, tmp_path, Source().records()) as service:
        yield service


def test_ids_outlast_edits_elsewhere_and_a_rebuild(service: SearchService, tmp_path: Path) -> None:
    """1,100 passages; what was not edited keeps its id, what was has another, after a rebuild too."""
    source, first = Source(), texts(service)
    assert len(first) == ARTICLES * len(HEADINGS)
    for start in range(0, EDITS, AT_ONCE):
        changed = {source.edit(number) for number in range(start, start + AT_ONCE)}
        add(
            service,
            [
                write_source(
                    tmp_path / "edits.jsonl", [source.record(one) for one in sorted(changed)]
                )
            ],
            cleaning=ALL_CLEANING,
        )
    edited = texts(service)
    kept = {key: text for key, text in first.items() if "第0版" in edited.get(key, "")}
    assert len(kept) == len(first) - EDITS
    assert all(edited[key] == text for key, text in kept.items())
    assert len(edited.keys() - first.keys()) == EDITS
    rebuild(
        service, [write_source(tmp_path / "all.jsonl", source.records())], cleaning=ALL_CLEANING
    )
    assert texts(service) == edited
