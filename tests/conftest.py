"""Fixtures over the real thing: services with an embedded engine in a folder of their own."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from indexer.build import generations
from indexer.commands.demo import SAMPLE
from search_service.intake.cleaning import Cleaning
from search_service.service import SearchService, open_service
from search_service.settings import read_settings

ALL_CLEANING = Cleaning.parse("all")
Records = Sequence[Mapping[str, object]]
Open = Callable[[str], SearchService]


def write_source(path: Path, records: Records) -> Path:
    """Write records as a JSON Lines source."""
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def open_named(tmp_path: Path) -> Iterator[Open]:
    """Open services by name, each with an index of its own; all are closed at the end."""
    opened: list[SearchService] = []

    def open_one(name: str) -> SearchService:
        opened.append(open_service(read_settings(engine=f"embedded:{tmp_path}/{name}")))
        return opened[-1]

    yield open_one
    for service in opened:
        service.close()


@pytest.fixture(scope="session")
def sample_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """The sample corpus, indexed once; tests may read it and nothing else."""
    folder = tmp_path_factory.mktemp("sample")
    service = open_service(read_settings(engine=f"embedded:{folder}"))
    report = generations.rebuild(service, [SAMPLE], cleaning=ALL_CLEANING)
    assert not report.faults
    yield service
    service.close()
