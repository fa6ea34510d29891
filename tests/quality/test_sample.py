"""How well the three tasks rank the sample corpus, against judgements (sample/README.md).

The table that the floors were read from: ``pytest tests/quality/test_sample.py -s``.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from analyzers.terms import exact_key
from indexer.evaluation.judgements import Method, read_judgements
from search_service.answers.search import search
from search_service.model import Audience, View
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService
from tests.quality.floors import Floors, Table, below, table

pytestmark = pytest.mark.quality

SAMPLE = Path(__file__).with_name("sample")
MEASURES = ("nDCG@10", "Recall@20", "MRR@10")
DEPTH = 20
# The least each way of asking must reach, in the order of MEASURES: 0.02 under what the table said with
# the built-in model, rjieba and the constants of relevance.py, members' view. Raise them with the ranking.
FLOORS: Floors = {
    Method.KEYWORD: (0.605, 0.592, 0.845),
    Method.SEMANTIC: (0.724, 0.712, 0.872),
    Method.HYBRID: (0.763, 0.811, 0.922),
    Method.RELATED: (0.75, 0.885, 0.955),
    Method.PRECEDENTS: (0.849, 0.807, 0.955),
}
# An article's own names. The sample has 文号 that several articles share, as real files have.
KEYS: Mapping[str, Callable[[View], str | None]] = {
    "title": lambda view: view.title,
    "code": lambda view: view.code,
    "文号": lambda view: view.document_number,
}


@pytest.fixture(scope="module")
def measured(sample_service: SearchService) -> Table:
    """The mean of each measure for each way of asking."""
    pytest.importorskip("pytrec_eval")
    judgements = read_judgements(SAMPLE)
    methods = list(FLOORS)
    return table(sample_service, judgements, methods, Audience.MEMBER, names=MEASURES, depth=DEPTH)


@pytest.mark.parametrize("method", FLOORS)
def test_ranking_reaches_its_floors(measured: Table, method: Method) -> None:
    """A way of asking ranks the judged articles no worse than when its floors were pinned."""
    assert not below(measured[method], FLOORS[method])


def _searched(
    service: SearchService, text: str, mode: Mode, audience: Audience, size: int
) -> list[str]:
    page = search(service, SearchRequest(text=text, mode=mode, size=size), audience)
    return [result.stored.view.id for result in page.results]


@pytest.mark.parametrize("audience", [Audience.PUBLIC, Audience.MEMBER])
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("key", KEYS)
def test_an_articles_own_name_finds_it_first(
    sample_service: SearchService, key: str, mode: Mode, audience: Audience
) -> None:
    """The exact title, code or 文号 of any article puts those that bear it before all others."""
    bearers: dict[str, set[str]] = defaultdict(set)
    typed: dict[str, str] = {}
    for stored in sample_service.reader(audience).scan():
        if name := KEYS[key](stored.view):
            bearers[exact_key(name)].add(stored.view.id)
            typed[exact_key(name)] = name
    assert bearers
    wrong = {
        typed[name]: found
        for name, ids in bearers.items()
        if set(found := _searched(sample_service, typed[name], mode, audience, len(ids))) != ids
    }
    assert not wrong
