"""How well real corpora rank against judgements, where they are given.

``GONGWEN_TEST_CORPUS``: the corpus of the queries in corpus/ and documents/ (their README.md).
``GONGWEN_TEST_RELEVANCE``: a folder with a collection, as ``gongwen eval`` reads it. The tables that the
floors were read from: ``pytest tests/quality/test_corpus.py -s``.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.build import generations
from indexer.evaluation.answers import ensure_index, run_queries
from indexer.evaluation.judgements import QUERIES, Judgements, Method, read_judgements
from search_service.answers.search import search
from search_service.model import Audience
from search_service.query.request import SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING
from tests.quality.floors import Floors, Table, below, table

pytestmark = pytest.mark.corpus

CORPUS = Path(__file__).with_name("corpus")
# The least of nDCG@10, Recall@100, MRR@10: 0.02 under the tables, built-in model, public view.
CORPUS_FLOORS: Floors = {
    Method.KEYWORD: (0.485, 0.595, 0.673),
    Method.HYBRID: (0.675, 0.900, 0.845),
    Method.RELATED: (0.859, 0.892, 0.971),
    Method.PRECEDENTS: (0.756, 0.926, 0.966),
}
DOCUMENTS = Path(__file__).with_name("documents")
DOCUMENT_FLOORS: Floors = {
    Method.KEYWORD: (0.688, 0.737, 0.816),
    Method.SEMANTIC: (0.690, 0.882, 0.785),
    Method.HYBRID: (0.816, 0.952, 0.905),
}
# The least share of paired queries with a right document above the wrong ones: two queries fewer than today.
PAIR_FLOORS = {Method.KEYWORD: 0.79, Method.SEMANTIC: 0.72, Method.HYBRID: 0.86}
# The least nDCG@10.
RELEVANCE_FLOORS: Floors = {Method.KEYWORD: (0.36,), Method.HYBRID: (0.405,)}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """The real corpus, indexed."""
    opened = open_service(read_settings(engine=f"embedded:{tmp_path_factory.mktemp('corpus')}"))
    source = Path(os.environ["GONGWEN_TEST_CORPUS"])
    generations.rebuild(opened, [source], cleaning=ALL_CLEANING)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def corpus(service: SearchService) -> Table:
    """The figures of the judged queries on the real corpus."""
    return table(service, read_judgements(CORPUS), list(CORPUS_FLOORS), Audience.PUBLIC)


@pytest.fixture(scope="module")
def relevance(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """The figures of the judgements that are given, on their own collection."""
    judgements = read_judgements(Path(os.environ["GONGWEN_TEST_RELEVANCE"]))
    assert judgements.collection
    service = open_service(read_settings(engine=f"embedded:{tmp_path_factory.mktemp('relevance')}"))
    ensure_index(service, judgements.collection, ALL_CLEANING)
    methods = list(RELEVANCE_FLOORS)
    found = table(service, judgements, methods, Audience.PUBLIC, names=["nDCG@10"])
    service.close()
    return found


@pytest.fixture(scope="module")
def documents() -> Judgements:
    """The queries that name a document by place, year, organ, kind or direction."""
    return read_judgements(DOCUMENTS)


@pytest.fixture(scope="module")
def by_document(service: SearchService, documents: Judgements) -> Table:
    """The figures of these queries."""
    return table(service, documents, list(DOCUMENT_FLOORS), Audience.PUBLIC)


@pytest.mark.parametrize("method", CORPUS_FLOORS)
def test_the_real_corpus_reaches_its_floors(corpus: Table, method: Method) -> None:
    """Each task ranks the judged articles no worse than when its floors were pinned."""
    assert not below(corpus[method], CORPUS_FLOORS[method])


@pytest.mark.parametrize("method", DOCUMENT_FLOORS)
def test_named_documents_reach_their_floors(by_document: Table, method: Method) -> None:
    """Documents asked for by what they are rank no worse than when their floors were pinned."""
    assert not below(by_document[method], DOCUMENT_FLOORS[method])


@pytest.mark.parametrize("method", PAIR_FLOORS)
def test_the_right_document_of_a_pair_is_above_the_wrong_one(
    service: SearchService, documents: Judgements, method: Method
) -> None:
    """Of two queries that differ in one year, place, kind or direction, each has its own document first."""
    run = run_queries(service, method, documents.of(method.task), Audience.PUBLIC)
    grades = documents.grades
    kept = []
    for pair in pairs():
        for own, other in (pair, pair[::-1]):
            right = {key for key, grade in grades[own].items() if grade == 3}
            wrong = {key for key, grade in grades[other].items() if grade == 3}
            wrong = {key for key in wrong if grades[own].get(key, 0) < 2}
            first = next((key for key in run[own] if key in right | wrong), None)
            kept.append(first in right)
    share = sum(kept) / len(kept)
    print(f"\n{method:16} {share:.3f} of {len(kept)} paired queries")  # noqa: T201  (for -s)
    assert share >= PAIR_FLOORS[method]


def pairs() -> list[tuple[str, str]]:
    """The ids of the queries that belong together."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in (DOCUMENTS / QUERIES).read_text(encoding="utf-8").splitlines():
        query = json.loads(line)
        if "pair" in query:
            found[query["pair"]].append(query["id"])
    return [(first, second) for first, second in found.values()]


def test_real_queries_find_something(service: SearchService) -> None:
    """Of 200 queries as people type them, slips and all, 199 find an article."""
    queries = (CORPUS / "real.txt").read_text(encoding="utf-8").split("\n")
    asked = [query for query in queries if query.strip()]
    nothing = [
        query
        for query in asked
        if not search(service, SearchRequest(text=query, size=1), Audience.PUBLIC).total
    ]
    assert len(nothing) <= 0.005 * len(asked), nothing


@pytest.mark.corpus("GONGWEN_TEST_RELEVANCE")
@pytest.mark.parametrize("method", RELEVANCE_FLOORS)
def test_the_given_judgements_reach_their_floors(relevance: Table, method: Method) -> None:
    """Keywords alone, and both together, rank no worse than when their floors were pinned."""
    assert not below(relevance[method], RELEVANCE_FLOORS[method])
