"""How often an answer reads the index: each read is a round trip to a server."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import elastic_transport
import pytest

from indexer import updates
from indexer.build import generations
from indexer.commands.demo import SAMPLE
from search_service.answers import (
    browse,
    complete,
    drafts,
    precedents,
    related,
    subjects,
    succession,
)
from search_service.answers.precedents import ANYTHING, Wanted
from search_service.answers.search import search
from search_service.drafting.checking import check
from search_service.drafting.manuscript import manuscript_of
from search_service.drafting.wording import Wording
from search_service.engines.embedded.reader import EmbeddedReader
from search_service.engines.reads import Answers, Frequencies, Request
from search_service.model import Audience, Filters, Sort
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, write_source

# Ordinary, relaxed, a question, nonsense, misspelt, with operators and fields, not to be found.
TEXTS = [
    "小区", "营商环境 措施", "老旧小区没人管怎么办", "攥壹六攥", "营商环净", '"物业" 小区 -通知',
    "author:王 治理", "六稳六保", "治理 OR 物业", "title:通知",
]  # fmt: skip
DOCUMENT_NUMBER = "清政办发〔2024〕17号"


@dataclass
class Counter:
    """Calls since the last :meth:`restart`."""

    calls: list[Any] = field(default_factory=list)

    def restart(self) -> None:
        """Count from here."""
        self.calls.clear()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Count the reads of the embedded engine."""
    counter, read = Counter(), EmbeddedReader.read

    def counted(reader: EmbeddedReader, *requests: Request[Any]) -> Answers:
        counter.calls.append(requests)
        return read(reader, *requests)

    monkeypatch.setattr(EmbeddedReader, "read", counted)
    return counter


def requests_of(text: str) -> Iterator[SearchRequest]:
    """Searches for a text in every mode, filtered, by date, and of a later page."""
    for mode in Mode:
        yield SearchRequest(text=text, mode=mode)
        yield SearchRequest(text=text, mode=mode, page=2, size=3)
        yield SearchRequest(text=text, mode=mode, filters=Filters(date_from="2015"))
        yield SearchRequest(text=text, mode=mode, sort=Sort.DATE)
        yield SearchRequest(text=text, mode=mode, sort=Sort.VIEWS, page=2, size=3)


@pytest.mark.parametrize("text", [*TEXTS, ""])
def test_a_search_reads_three_times_at_most(
    sample_service: SearchService, reads: Counter, text: str
) -> None:
    """And once more if its hits are explained."""
    for request in requests_of(text):
        reads.restart()
        search(sample_service, request, Audience.PUBLIC)
        assert len(reads.calls) <= 3
    reads.restart()
    search(sample_service, SearchRequest(text=text, explain=True), Audience.PUBLIC)
    assert len(reads.calls) <= 4


@pytest.mark.parametrize("text", TEXTS)
def test_no_search_requests_the_same_frequencies_twice(
    sample_service: SearchService, reads: Counter, text: str
) -> None:
    """Relaxation and corrections need those of the same words."""
    for request in requests_of(text):
        reads.restart()
        search(sample_service, request, Audience.PUBLIC)
        requested = [
            (one.field, term)
            for requests in reads.calls
            for one in dict.fromkeys(requests)
            if isinstance(one, Frequencies)
            for term in one.terms
        ]
        assert len(requested) == len(set(requested))


def test_a_document_number_reads_twice(sample_service: SearchService, reads: Counter) -> None:
    """What it finds, and the articles."""
    for mode in Mode:
        reads.restart()
        assert search(
            sample_service, SearchRequest(text=DOCUMENT_NUMBER, mode=mode), Audience.PUBLIC
        ).total
        assert len(reads.calls) == 2


def test_what_a_query_names_is_read_only_if_it_is_a_name(
    sample_service: SearchService, reads: Counter
) -> None:
    """No more reads for any other search, and none for a 文号."""
    for text, limit in (*((text, 0) for text in [*TEXTS, DOCUMENT_NUMBER]), ("贺启明", 2)):
        page = search(sample_service, SearchRequest(text=text), Audience.PUBLIC)
        reads.restart()
        subjects.subject(sample_service, text, page, Audience.PUBLIC)
        assert len(reads.calls) == limit, text


def test_a_draft_is_read_together(sample_service: SearchService, reads: Counter) -> None:
    """However many sections it has; only the articles of the best passages are fetched."""
    section = "物业服务企业与业主的纠纷，由小区业主委员会协商，街道调解。" * 9
    for number, wanted in ((2, ANYTHING), (40, ANYTHING), (40, Wanted(regions=("清源县",)))):
        draft = "\n".join(f"{n}、小区治理\n{section}" for n in range(1, number + 1))
        reads.restart()
        page = drafts.for_draft(sample_service, draft, Audience.PUBLIC, wanted=wanted)
        assert len(page.sections) >= number
        assert page.results or wanted.regions
        assert len(reads.calls) <= 5


def test_a_check_is_read_together(sample_service: SearchService, reads: Counter) -> None:
    """However many paragraphs, citations and headings a draft has."""
    line = "根据《关于物业管理的通知》（清政办发〔2024〕17号），小区业主委员会要协商解决纠纷。"
    for number in (2, 200):
        text = "\n".join(f"{n}、小区治理\n{line}{n}" for n in range(1, number + 1))
        draft = manuscript_of("清源县小区治理工作方案", text)
        reads.restart()
        check(sample_service, draft, Audience.PUBLIC, Wording({}))
        assert len(reads.calls) <= 12


def test_a_topic_is_read_together(sample_service: SearchService, reads: Counter) -> None:
    """Whatever it demands; and once more for each time that passages turn out to be unfit."""
    for text, wanted in (
        ("老旧小区物业管理", ANYTHING),
        ('"物业" 小区 -通知', ANYTHING),
        ("小区", Wanted(places=("保障措施",), regions=("清源县",))),
    ):
        reads.restart()
        precedents.precedents(sample_service, text, Audience.PUBLIC, wanted=wanted)
        assert len(reads.calls) <= 5


def test_other_answers_read_a_few_times(sample_service: SearchService, reads: Counter) -> None:
    """Related articles, the home page, suggestions, one article."""
    shown = browse.home(sample_service, Audience.PUBLIC).latest[0].view.id
    for limit, answer in (
        (4, lambda: related.related(sample_service, shown, Audience.PUBLIC)),
        (2, lambda: browse.home(sample_service, Audience.PUBLIC)),
        (2, lambda: complete.complete(sample_service, "小区", Audience.PUBLIC)),
        (1, lambda: browse.article(sample_service, shown, Audience.PUBLIC)),
    ):
        reads.restart()
        answer()
        assert len(reads.calls) <= limit


def test_the_most_viewed_are_found_behind_thousands_that_are_gone(
    reads: Counter, tmp_path: Path
) -> None:
    """By one read more, however many articles were replaced; hidden ones are no hits either."""
    service = open_service(read_settings(engine=f"embedded:{tmp_path}/data", model="none"))
    records = [{"id": f"n{n}", "title": f"通知{n}", "body": "正文", "views": n} for n in range(20)]
    generations.rebuild(
        service, [write_source(tmp_path / "a.jsonl", records)], cleaning=ALL_CLEANING
    )
    gone = {f"gone{n}": 1_000_000 - n for n in range(4_000)}
    service.store.views.set(Audience.PUBLIC, gone)
    service.store.hidden.hide("n18")
    reads.restart()
    home = browse.home(service, Audience.PUBLIC, limit=3)
    service.close()
    assert [one.view.id for one in home.hottest] == ["n19", "n17", "n16"]
    assert len(reads.calls) == 3


def test_what_ended_the_results_of_a_page_is_read_together(reads: Counter, tmp_path: Path) -> None:
    """However many of them something ended: four reads, one where nothing did."""
    service = open_service(read_settings(engine=f"embedded:{tmp_path}/data", model="none"))
    records: list[dict[str, object]] = [
        {"id": f"{state}{n}", "title": f"校车办法{state}{n}", "body": "正文"}
        for state in ("old", "kept")
        for n in range(5)
    ]
    records += [
        {"id": f"new{n}", "title": "新办法", "body": "正文", "replaces": [f"old{n}"]}
        for n in range(5)
    ]
    generations.rebuild(
        service, [write_source(tmp_path / "a.jsonl", records)], cleaning=ALL_CLEANING
    )
    found = [
        one.stored for one in search(service, SearchRequest(text="校车"), Audience.PUBLIC).results
    ]
    assert len(found) == 10
    reads.restart()
    ended = succession.ended_by(service, found, Audience.PUBLIC)
    assert len(reads.calls) == 4
    assert {key: one.view.id for key, one in ended.items()} == {
        f"old{n}": f"new{n}" for n in range(5)
    }
    reads.restart()
    kept = [one for one in found if one.view.id.startswith("kept")]
    assert not succession.ended_by(service, kept, Audience.PUBLIC)
    assert len(reads.calls) == 1
    service.close()


@pytest.fixture(scope="module")
def on_elasticsearch(
    elasticsearch_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchService]:
    """The sample corpus on Elasticsearch."""
    engine = f"{elasticsearch_url}-{uuid.uuid4().hex[:8]}"
    state = f"sqlite:///{tmp_path_factory.mktemp('state')}/state.sqlite3"
    service = open_service(read_settings(engine=engine, state=state, engine_timeout=60))
    generations.rebuild(service, [SAMPLE], cleaning=ALL_CLEANING)
    yield service
    service.close()


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Count the requests to Elasticsearch, without the closing of points in time in the background."""
    counter, perform = Counter(), elastic_transport.Transport.perform_request

    def counted(transport: Any, method: str, *arguments: Any, **options: Any) -> Any:
        if method != "DELETE":
            counter.calls.append((method, arguments))
        return perform(transport, method, *arguments, **options)

    monkeypatch.setattr(elastic_transport.Transport, "perform_request", counted)
    return counter


@pytest.mark.elasticsearch
@pytest.mark.parametrize("text", [*TEXTS, ""])
def test_a_search_takes_three_round_trips_at_most(
    on_elasticsearch: SearchService, trips: Counter, text: str
) -> None:
    """Once a point in time is open."""
    browse.home(on_elasticsearch, Audience.PUBLIC)
    for request in requests_of(text):
        trips.restart()
        search(on_elasticsearch, request, Audience.PUBLIC)
        assert len(trips.calls) <= 3


@pytest.mark.elasticsearch
def test_a_document_number_takes_two_round_trips(
    on_elasticsearch: SearchService, trips: Counter
) -> None:
    """In every mode."""
    browse.home(on_elasticsearch, Audience.PUBLIC)
    for mode in Mode:
        trips.restart()
        request = SearchRequest(text=DOCUMENT_NUMBER, mode=mode)
        assert search(on_elasticsearch, request, Audience.PUBLIC).total
        assert len(trips.calls) == 2


@pytest.mark.elasticsearch
def test_a_shared_point_in_time_shows_every_change_at_once(
    on_elasticsearch: SearchService, tmp_path: Path
) -> None:
    """An article that was added, changed or deleted, and another generation."""

    def titles() -> list[str]:
        page = search(on_elasticsearch, SearchRequest(text='"琉璃瓦当"'), Audience.PUBLIC)
        return [one.stored.view.title for one in page.results]

    assert titles() == []
    source, title = tmp_path / "a.jsonl", ""
    for title in ("琉璃瓦当保护办法", "琉璃瓦当修缮办法"):
        write_source(source, [{"id": "new", "title": title, "body": title}])
        updates.add(on_elasticsearch, [source], cleaning=ALL_CLEANING)
        assert titles() == [title]
    updates.delete(on_elasticsearch, ["new"])
    assert titles() == []
    generations.rebuild(on_elasticsearch, [SAMPLE, source], cleaning=ALL_CLEANING)
    assert titles() == [title]
    generations.rollback(on_elasticsearch)
    assert titles() == []
