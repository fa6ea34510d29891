"""How well real corpora rank against judgements, where they are given.

``GONGWEN_TEST_CORPUS``: the corpus of the queries in corpus/ (corpus/README.md). ``GONGWEN_TEST_RELEVANCE``:
a folder with a collection, as ``gongwen eval`` reads it. The tables that the floors were read from:
``pytest tests/quality/test_corpus.py -s``.
"""

import os
from pathlib import Path

import pytest

from indexer import generations
from indexer.evaluation.answers import prepare
from indexer.evaluation.judgements import Way, read_judgements
from search_service.model import Audience
from search_service.service import open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING
from tests.quality.floors import Floors, Table, below, table

pytestmark = pytest.mark.corpus

CORPUS = Path(__file__).with_name("corpus")
# The least of nDCG@10, Recall@100, MRR@10: 0.02 under the tables, built-in model, public view.
CORPUS_FLOORS: Floors = {
    Way.KEYWORD: (0.0, 0.0, 0.0),
    Way.HYBRID: (0.0, 0.0, 0.0),
    Way.RELATED: (0.0, 0.0, 0.0),
    Way.PRECEDENTS: (0.0, 0.0, 0.0),
}
# The least nDCG@10.
RELEVANCE_FLOORS: Floors = {Way.KEYWORD: (0.35,), Way.HYBRID: (0.39,)}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """The figures of the judged queries on the real corpus."""
    service = open_service(read_settings(engine=f"embedded:{tmp_path_factory.mktemp('corpus')}"))
    source = Path(os.environ["GONGWEN_TEST_CORPUS"])
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    found = table(service, read_judgements(CORPUS), list(CORPUS_FLOORS), Audience.PUBLIC)
    service.close()
    return found


@pytest.fixture(scope="module")
def relevance(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """The figures of the judgements that are given, on their own collection."""
    judgements = read_judgements(Path(os.environ["GONGWEN_TEST_RELEVANCE"]))
    assert judgements.collection
    service = open_service(read_settings(engine=f"embedded:{tmp_path_factory.mktemp('relevance')}"))
    prepare(service, judgements.collection, ALL_CLEANING)
    ways = list(RELEVANCE_FLOORS)
    found = table(service, judgements, ways, Audience.PUBLIC, names=["nDCG@10"])
    service.close()
    return found


@pytest.mark.parametrize("way", CORPUS_FLOORS)
def test_the_real_corpus_reaches_its_floors(corpus: Table, way: Way) -> None:
    """Each voice ranks the judged articles no worse than when its floors were pinned."""
    assert not below(corpus[way], CORPUS_FLOORS[way])


@pytest.mark.corpus("GONGWEN_TEST_RELEVANCE")
@pytest.mark.parametrize("way", RELEVANCE_FLOORS)
def test_the_given_judgements_reach_their_floors(relevance: Table, way: Way) -> None:
    """Keywords alone, and both together, rank no worse than when their floors were pinned."""
    assert not below(relevance[way], RELEVANCE_FLOORS[way])
