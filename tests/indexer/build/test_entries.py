"""An error of analysis or engine that one record causes is a fault of only that record."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from analyzers.embed import Embedder, Vectors
from indexer import updates
from indexer.build import entries, generations
from indexer.build.ingest import RunReport, read
from search_service.answers import browse
from search_service.answers.search import search
from search_service.errors import BadInput, MappingConflict, NotFound
from search_service.model import Audience, Record, Tombstone, WriteResult
from search_service.query.request import SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, Open, Records, write_source

_POISON = "无法嵌入"
GOOD: Records = [
    {"id": f"g{place}", "title": f"关于第{place}号工作的通知", "body": f"现将工作{place}安排如下。"}
    for place in range(4)
]


class Picky:
    """A model that raises for texts that contain the poison, and for every text once it is broken."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.fingerprint = embedder.fingerprint
        self.dimensions = embedder.dimensions
        self.max_characters = embedder.max_characters
        self.broken = False

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Delegate to the model."""
        if self.broken or any(_POISON in text for text in texts):
            raise RuntimeError(f"no such token in {texts}")
        return self._embedder.embed(texts, query=query)


@pytest.fixture
def service(open_named: Open) -> SearchService:
    """A service whose model cannot read every text."""
    opened = open_named("index")
    assert opened.embedder is not None
    return replace(opened, embedder=Picky(opened.embedder))


def _ids(service: SearchService, audience: Audience = Audience.PUBLIC) -> list[str]:
    page = search(service, SearchRequest(text="工作", size=50), audience)
    return sorted(result.stored.view.id for result in page.results)


def test_a_text_that_cannot_be_analysed_is_a_fault_of_its_record(
    service: SearchService, tmp_path: Path
) -> None:
    """A rebuild and an update report and count it; all others are indexed and found."""
    bad = {"id": "bad", "title": f"工作{_POISON}", "body": f"工作{_POISON}。"}
    source = write_source(tmp_path / "a.jsonl", [*GOOD[:2], bad, *GOOD[2:]])
    report = generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert report.articles == len(GOOD)
    (fault,) = report.faults
    assert "id=bad" in str(fault)
    assert "RuntimeError, test_entries.py:" in str(fault)
    assert _POISON not in str(fault)  # no message contains paid text
    assert _ids(service) == [record["id"] for record in GOOD]
    more = write_source(tmp_path / "b.jsonl", [bad, {**GOOD[0], "id": "h0"}])
    report = updates.add(service, [more], cleaning=ALL_CLEANING)
    assert (report.articles, [fault.place for fault in report.faults]) == (1, ["id=bad"])
    assert "h0" in _ids(service)


def test_paid_text_that_cannot_be_analysed_takes_nothing_from_guests(
    service: SearchService, tmp_path: Path
) -> None:
    """The public view is indexed as with any other paid text; only members miss the article."""
    bodies = ["工作如下，付费部分。", f"工作如下，{_POISON}。"]
    answers, faults = [], []
    for body in bodies:
        record = {"id": "p", "title": "工作通知", "preview": "工作如下……", "body": body}
        source = write_source(tmp_path / "a.jsonl", [*GOOD, record])
        report = generations.rebuild(service, [source], cleaning=ALL_CLEANING)
        answers.append((_ids(service), browse.article(service, "p", Audience.PUBLIC)))
        faults = list(report.faults)
    assert answers[0] == answers[1]
    assert "p" in answers[1][0]
    assert [fault.place for fault in faults] == ["id=p"]
    assert "member" in str(faults[0])
    with pytest.raises(NotFound):
        browse.article(service, "p", Audience.MEMBER)


def test_an_update_that_cannot_be_analysed_removes_the_older_text(
    service: SearchService, tmp_path: Path
) -> None:
    """The stored article may contain text that must not be read any more."""
    source = write_source(tmp_path / "a.jsonl", GOOD)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    update = write_source(tmp_path / "b.jsonl", [{**GOOD[1], "body": _POISON}])
    updates.add(service, [update], cleaning=ALL_CLEANING)
    assert _ids(service) == ["g0", "g2", "g3"]


def test_a_failing_model_is_no_fault_of_the_records(service: SearchService, tmp_path: Path) -> None:
    """The run stops, and the live index is unchanged."""
    source = write_source(tmp_path / "a.jsonl", GOOD)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert isinstance(service.embedder, Picky)
    service.embedder.broken = True
    changed = [{**record, "body": f"工作另行安排{record['id']}。"} for record in GOOD]
    update = write_source(tmp_path / "b.jsonl", changed)
    with pytest.raises(RuntimeError):
        updates.add(service, [update], cleaning=ALL_CLEANING)
    service.embedder.broken = False
    assert _ids(service) == [record["id"] for record in GOOD]


def test_a_rebuild_with_mostly_refused_records_is_not_activated(
    service: SearchService, tmp_path: Path
) -> None:
    """An index of only the few good articles must not silently replace a full one."""
    source = write_source(tmp_path / "a.jsonl", GOOD)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    poisoned = [{**record, "body": _POISON} for record in GOOD[1:]]
    again = write_source(tmp_path / "b.jsonl", [GOOD[0], *poisoned])
    with pytest.raises(BadInput):
        generations.rebuild(service, [again], cleaning=ALL_CLEANING)
    assert _ids(service) == [record["id"] for record in GOOD]


class Refusing:
    """A writer of an engine that refuses records with these ids."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.held: dict[str, Record | Tombstone] = {}

    def write(self, given: Sequence[Record | Tombstone]) -> WriteResult:
        """Write all or raise."""
        for one in given:
            if isinstance(one, Record) and one.view.id in self.refused:
                raise MappingConflict("too many passages")
        self.held |= {one.id if isinstance(one, Tombstone) else one.view.id: one for one in given}
        return WriteResult(written=len(given))


def test_a_record_that_the_engine_refuses_is_a_fault_of_that_record(
    service: SearchService, tmp_path: Path
) -> None:
    """The others are written; if every record is refused, the index is at fault."""
    source = write_source(tmp_path / "a.jsonl", GOOD)
    found = list(read([source], ALL_CLEANING, RunReport()))
    made = entries.entries_of(service, entries.with_ledger_versions(found, 1), Audience.PUBLIC)
    batch = made.entries
    writer = Refusing("g2")
    written, refused = entries.write(writer, batch)  # type: ignore[arg-type]  # all that is used of a writer
    assert refused == {"g2": "too many passages"}
    assert written.written == len(GOOD)  # including the tombstone of the refused one
    kinds = {id: type(one) for id, one in writer.held.items()}
    assert kinds == {"g0": Record, "g1": Record, "g2": Tombstone, "g3": Record}
    with pytest.raises(MappingConflict):
        entries.write(Refusing("g0", "g1", "g2", "g3"), batch)  # type: ignore[arg-type]  # as above


@pytest.mark.slow
@pytest.mark.elasticsearch
def test_elasticsearch_refuses_one_record_and_stores_the_others(
    elasticsearch_url: str, tmp_path: Path
) -> None:
    """A law with more passages than an Elasticsearch document may have is reported; nothing else is lost."""
    url = f"{elasticsearch_url}-{uuid.uuid4().hex[:8]}"
    state = f"sqlite:///{tmp_path}/state.sqlite3"
    service = open_service(read_settings(engine=url, engine_timeout=30, state=state, model="none"))
    body = "请照办。\n清源县水利局\n2024年3月5日\n" * 5_100  # a passage and a signature each
    law = {"id": "law", "title": "工作通知汇编", "body": body}
    source = write_source(tmp_path / "a.jsonl", [*GOOD[:2], law, *GOOD[2:]])
    report = generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert report.articles == len(GOOD)
    assert [fault.place for fault in report.faults] == ["id=law"]
    assert _ids(service) == [record["id"] for record in GOOD]
    service.close()
