"""Fixtures over the real thing: services with an embedded engine in a folder of their own."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from flask import Flask
from hypothesis import settings
from jinja2 import FileSystemBytecodeCache

from analyzers.embed import BUILTIN, Embedder, OnnxEmbedder, Vectors, open_embedder
from indexer.build import generations
from indexer.build.vector_cache import CachingEmbedder, VectorCache
from indexer.commands.demo import SAMPLE
from search_service import service as service_module
from search_service.intake.cleaning import Cleaning
from search_service.service import SearchService, open_service
from search_service.settings import PREFIX, read_settings
from tests.support import described

_OF_TESTS = {
    "GONGWEN_REQUIRE_ALL",
    "GONGWEN_TEST_CORPUS",
    "GONGWEN_TEST_ELASTICSEARCH",
    "GONGWEN_TEST_RELEVANCE",
    "GONGWEN_TEST_SCREENSHOTS",
    "GONGWEN_TEST_SOFFICE",
}

# Random texts of a property: always the same ones, so that what a run says of a commit does not depend on
# luck; `make test-all` draws ten times as many (--hypothesis-profile=thorough). `make hunt` draws others, and
# many. A property that says a number of its own keeps it.
settings.register_profile("quick", max_examples=100, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=1000, deadline=None, derandomize=True)
settings.register_profile("hunt", max_examples=20_000, deadline=None)
settings.load_profile("quick")
# The settings of whoever runs the tests name an index of theirs, which must not be written.
for name in [one for one in os.environ if one.startswith(PREFIX) and one not in _OF_TESTS]:
    del os.environ[name]
# A test asks more than one caller does; those of the limit set it.
os.environ[f"{PREFIX}RATE_LIMIT"] = ""
# Most sources of tests do not say who may read them; those of the question unset it.
os.environ[f"{PREFIX}AUDIENCE"] = "public"
ALL_CLEANING = Cleaning.parse("all")
Records = Sequence[Mapping[str, object]]
Open = Callable[[str], SearchService]


def write_source(path: Path, records: Records) -> Path:
    """Write records as a JSON Lines source."""
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class Remembering(OnnxEmbedder):
    """The built-in model; a text is embedded once."""

    def __init__(self) -> None:
        super().__init__(BUILTIN)
        self.rows: dict[str, Vectors] = {}

    def _row(self, text: str) -> Vectors:
        if text not in self.rows:
            self.rows[text] = super()._row(text)
        return self.rows[text]


@pytest.fixture(scope="session", autouse=True)
def _one_model() -> Iterator[None]:
    """All services of a process share the built-in model and what it has embedded.

    Most texts of the tests are the same ones again, and to embed them is most of what a small index costs.
    """
    shared = Remembering()

    def open_shared(model: str, *, local_only: bool = False) -> Embedder:
        return shared if model in ("", "builtin") else open_embedder(model, local_only=local_only)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service_module, "open_embedder", open_shared)
        yield


@pytest.fixture(scope="session", autouse=True)
def _priority_is_kept() -> Iterator[None]:
    """Commands that run in this process lower its priority: that of all tests after, and of their servers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "setpriority", lambda *_: None, raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _templates_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An application compiles its templates with the first page of each kind: a fifth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("templates")
        patch.setattr(
            Flask, "jinja_options", {"bytecode_cache": FileSystemBytecodeCache(str(folder))}
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def _answers_are_as_described() -> Iterator[None]:
    """Every answer of the API that a test gets is as its OpenAPI description says."""
    with described.checking():
        yield


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


def index_once(
    factory: pytest.TempPathFactory, name: str, sources: Sequence[Path], cleaning: Cleaning
) -> Path:
    """The folder of an index of these sources: a copy of one that is made once for all workers.

    Most of the work are the vectors; indexes of the same texts share the cache of them.
    """
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    made, half = shared / name, shared / f"{name}.half"
    with FileLock(shared / "index.lock"):
        if not made.exists():
            service = open_service(read_settings(engine=f"embedded:{half}"))
            assert service.embedder is not None
            cache = VectorCache(f"sqlite:///{shared}/vectors.sqlite3")
            caching = replace(service, embedder=CachingEmbedder(service.embedder, cache))
            report = generations.rebuild(caching, sources, cleaning=cleaning)
            service.close()
            assert not report.faults
            half.rename(made)
    return shutil.copytree(made, factory.mktemp(name) / "data")


@pytest.fixture(scope="session")
def sample_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """The sample corpus, indexed once; tests may read it and nothing else."""
    folder = index_once(tmp_path_factory, "sample", [SAMPLE], ALL_CLEANING)
    service = open_service(read_settings(engine=f"embedded:{folder}"))
    yield service
    service.close()
