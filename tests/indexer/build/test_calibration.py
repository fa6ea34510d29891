"""Which titles calibration draws, and what thresholds they give."""

from itertools import pairwise
from pathlib import Path

import pytest

from indexer import updates
from indexer.build import generations
from indexer.build.ingest import ArticleBuffer
from search_service import relevance
from search_service.model import Article, Audience
from tests.conftest import ALL_CLEANING, Open, write_source


@pytest.mark.parametrize("limit", [1, 7, 50, 100, 500])
def test_titles_are_drawn_evenly_from_the_corpus(tmp_path: Path, limit: int) -> None:
    """Titles come from all parts of the corpus, without refused articles and those of other audiences."""
    with (tmp_path / "buffer").open("w+b") as file:
        buffer = ArticleBuffer(file)
        for number in range(200):
            audience = Audience.STAFF if number % 2 else Audience.PUBLIC
            buffer.append(Article(id=f"{number}", title=f"{number}", body="", audience=audience))
        drawn = [int(title) for title in buffer.titles(Audience.PUBLIC, limit, {"0", "4"})]
    assert {number % 2 for number in drawn} == {0}
    assert not {0, 4} & set(drawn)
    assert min(limit, 98) <= len(drawn) < 2 * limit + 1
    steps = {after - before for before, after in pairwise(drawn)}
    assert max(steps, default=0) - min(steps, default=0) <= 2  # 4 is missing
    assert drawn[0] < 8
    assert drawn[-1] >= 200 - 2 * max(steps, default=200)


def test_an_index_that_doubled_is_calibrated_as_if_built_anew(
    open_named: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recalibration draws titles from the whole index; here the first titles are all alike."""
    monkeypatch.setattr(relevance, "FLOOR_TITLES", 4)
    subjects = ("殡葬", "河长", "垃圾", "秸秆", "厕所", "老旧小区", "营商环境", "森林防火")
    titles = [*["殡葬通知"] * 8, *(f"{subject}工作方案" for subject in subjects)]
    records = [
        {"id": f"{number:02}", "title": title, "body": f"{title}。{subjects[number % 8]}要做好。"}
        for number, title in enumerate(titles)
    ]
    source = write_source(tmp_path / "articles.jsonl", records)
    whole, grown = open_named("whole"), open_named("grown")
    generations.rebuild(whole, [source], cleaning=ALL_CLEANING)
    generations.rebuild(
        grown, [write_source(tmp_path / "few.jsonl", records[:6])], cleaning=ALL_CLEANING
    )
    (before,) = (one.manifest for one in grown.engine.generations())
    updates.add(grown, [write_source(tmp_path / "more.jsonl", records[6:])], cleaning=ALL_CLEANING)

    thresholds = [
        (one.manifest.background, one.manifest.floor, one.manifest.heap_floor)
        for service in (whole, grown)
        for one in service.engine.generations()
    ]
    assert thresholds[0] == thresholds[1]
    assert thresholds[0] != (before.background, before.floor, before.heap_floor)
