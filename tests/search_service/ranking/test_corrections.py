"""When a query counts as misspelt, and what is proposed instead."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.build import generations
from search_service.engines.reads import Answers
from search_service.model import Audience, Filters
from search_service.query.parsing import Query, parse
from search_service.ranking.corrections import Corrections, results_of
from search_service.relevance import CORRECTIONS_TRIED
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, write_source

TITLES = {
    "a": "优化营商环境条例",
    "b": "营商环境评价办法",
    "c": "殡葬管理条例",
    "d": "城市绿化条例",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """Articles whose titles are the vocabulary; one text has a misspelling in it."""
    folder: Path = tmp_path_factory.mktemp("corrections")
    records = [{"id": key, "title": title, "body": title * 3} for key, title in TITLES.items()]
    records.append({"id": "e", "title": "来信摘编", "body": "来信把城市绿化写成城市录化。"})
    source = write_source(folder / "articles.jsonl", records)
    opened = open_service(read_settings(engine=f"embedded:{folder}/index", model="none"))
    generations.rebuild(opened, [source], cleaning=ALL_CLEANING)
    yield opened
    opened.close()


def proposed(service: SearchService, text: str, *, has_matches: bool = False) -> list[str]:
    """Return the corrected queries."""
    reader = service.reader(Audience.PUBLIC)
    corrections = Corrections(service, reader, _query(service, text))
    found: Answers | None = reader.read(*corrections.as_typed) if has_matches else None
    return [one.text for one in corrections.proposed(found)]


def _query(service: SearchService, text: str) -> Query:
    return parse(text, service.analyzer)


def test_a_misspelt_chunk_is_corrected_and_the_others_stay(service: SearchService) -> None:
    """The best correction first, and no more than are tried."""
    texts = proposed(service, "营商环竟 殡葬管理")
    assert texts[0] == "营商环境 殡葬管理"
    assert len(texts) <= CORRECTIONS_TRIED
    assert proposed(service, "营商环境") == []


def test_of_two_misspelt_chunks_both_are_corrected(service: SearchService) -> None:
    """Each by its own best correction."""
    assert proposed(service, "营商环竟 城市录化")[0] == "营商环境 城市绿化"


def test_what_stands_in_a_text_as_typed_is_not_corrected(service: SearchService) -> None:
    """Unless it has neighbours that the vocabulary lacks."""
    reader = service.reader(Audience.PUBLIC)
    corrections = Corrections(service, reader, _query(service, "绿化条例"))
    assert corrections.proposed(reader.read(*corrections.as_typed)) == []
    assert proposed(service, "城市录化", has_matches=True)[:1] == ["城市绿化"]


def test_codes_and_hinted_queries_are_not_corrected(service: SearchService) -> None:
    """A 文号 names one document; a hint says already what is wrong."""
    assert proposed(service, "清政办发〔2024〕17号") == []
    assert proposed(service, "after:昨天 营商环竟") == []


def test_the_results_of_a_correction_are_counted_under_the_filters(
    service: SearchService,
) -> None:
    """One request for each correction."""
    reader = service.reader(Audience.PUBLIC)
    queries = [_query(service, "营商环境"), _query(service, "殡葬管理")]
    for filters, counts in ((Filters(), [2, 1]), (Filters(ids=("a", "c")), [1, 1])):
        requests = results_of(queries, filters)
        answers = reader.read(*requests)
        assert [answers[one].totals.total for one in requests] == counts
