"""The embedding cache: nothing is embedded twice, and another model is a rebuild beside the live index."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from analyzers.embed import BUILTIN, Embedder, OnnxEmbedder, Vectors
from indexer import updates
from indexer.build import generations
from indexer.build.vector_cache import with_cache
from search_service.answers.related import related
from search_service.answers.search import search
from search_service.errors import FingerprintMismatch
from search_service.model import Audience, Hit
from search_service.query.request import SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, write_source

COUNT = 12


@dataclass(frozen=True)
class Watched:
    """An embedder that records the passages it has read."""

    embedder: Embedder
    read: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the model."""
        return self.embedder.fingerprint

    @property
    def dimensions(self) -> int:
        """Delegate to the model."""
        return self.embedder.dimensions

    @property
    def max_characters(self) -> int:
        """Delegate to the model."""
        return self.embedder.max_characters

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """Embed by the model; passages are recorded."""
        if not query:
            self.read.extend(texts)
        return self.embedder.embed(texts, query=query)


@pytest.fixture(scope="module")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with other files, and so another fingerprint, than the built-in model."""
    folder = tmp_path_factory.mktemp("models") / "other"
    shutil.copytree(BUILTIN, folder)
    with (folder / "tokenizer.json").open("a", encoding="utf-8") as file:
        file.write("\n")
    return folder


Open = Callable[[Path], tuple[SearchService, list[str]]]


@pytest.fixture
def open_with(tmp_path: Path) -> Iterator[Open]:
    """Open the index of a test with a model, and record which passages it reads."""
    opened: list[SearchService] = []

    def open_one(model: Path) -> tuple[SearchService, list[str]]:
        settings = read_settings(engine=f"embedded:{tmp_path}/index", model=str(model))
        watched = Watched(OnnxEmbedder(model))
        service = replace(open_service(settings), embedder=watched)
        opened.append(with_cache(service, settings))
        return opened[-1], watched.read

    yield open_one
    for service in opened:
        service.close()


def source(folder: Path, *, edition: str = "") -> Path:
    """Notices, each with a preview, a passage of its own, and one that all share."""
    return write_source(
        folder / f"notices{edition}.jsonl",
        [
            {
                "id": f"n{place}",
                "title": f"关于第{place}号工作的通知",
                "preview": f"现将第{place}号工作{edition}安排如下。",
                "body": f"现将第{place}号工作{edition}安排如下。\n一、总体要求\n坚持为民服务。\n"
                "特此通知。",
            }
            for place in range(COUNT)
        ],
    )


def rebuild(service: SearchService, path: Path) -> None:
    """Rebuild from one source, in batches much smaller than the source."""
    report = generations.rebuild(service, [path], cleaning=ALL_CLEANING)
    assert not report.faults


def nearest(service: SearchService) -> list[Hit]:
    """The articles most similar to a query, in the members' index."""
    reader = service.reader(Audience.MEMBER)
    vector = service.embed_query(reader.manifest, "坚持为民服务")
    assert vector is not None
    return reader.nearest_articles(vector)


def kept(folder: Path) -> int:
    """The number of vectors in the file."""
    engine = sa.create_engine(f"sqlite:///{folder}/index/vectors.sqlite3")
    with engine.connect() as connection:
        count = connection.scalar(sa.text("SELECT COUNT(*) FROM vectors"))
    engine.dispose()
    return int(count or 0)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches smaller than a source: shared passages are embedded only once, too."""
    monkeypatch.setattr("indexer.build.ingest.BATCH", 5)


def test_each_text_is_embedded_once(open_with: Open, tmp_path: Path) -> None:
    """Embedded once for guests and members and over all batches, and not again by the next rebuild."""
    service, read = open_with(BUILTIN)
    path = source(tmp_path)
    rebuild(service, path)
    assert len(read) > COUNT
    assert len(read) == len(set(read))

    before = len(read)
    rebuild(service, path)
    assert len(read) == before


def test_another_model_embeds_everything_once_and_the_former_nothing_again(
    open_with: Open, other_model: Path, tmp_path: Path
) -> None:
    """To another model and back: vectors are cached by model, too."""
    path = source(tmp_path)
    first, read = open_with(BUILTIN)
    rebuild(first, path)
    second, read_by_other = open_with(other_model)
    rebuild(second, path)
    assert sorted(read_by_other) == sorted(read)

    third, read_again = open_with(BUILTIN)
    rebuild(third, path)
    assert read_again == []
    assert nearest(third)


def test_cached_vectors_equal_those_of_the_model(open_with: Open, tmp_path: Path) -> None:
    """Bit for bit, for each article of an index built from the cache."""
    service, _ = open_with(BUILTIN)
    path = source(tmp_path)
    rebuild(service, path)
    fresh = service.reader(Audience.MEMBER).vectors("n3")
    rebuild(service, path)
    again = service.reader(Audience.MEMBER).vectors("n3")
    assert fresh
    assert again.keys() == fresh.keys()
    for key, vector in fresh.items():
        np.testing.assert_array_equal(again[key], vector)


def test_the_cache_has_no_more_vectors_than_the_index(
    open_with: Open, other_model: Path, tmp_path: Path
) -> None:
    """Unused vectors are deleted by the next rebuild, those of a model with its last generation."""
    service, read = open_with(BUILTIN)
    rebuild(service, source(tmp_path))
    full = kept(tmp_path)
    assert full == len(set(read))
    updates.add(service, [source(tmp_path, edition="二")], cleaning=ALL_CLEANING)
    assert kept(tmp_path) > full
    rebuild(service, source(tmp_path))
    assert kept(tmp_path) == full

    other, _ = open_with(other_model)
    rebuild(other, source(tmp_path))
    assert kept(tmp_path) == 2 * full  # a rollback may return to the former model
    rebuild(other, source(tmp_path))
    assert kept(tmp_path) == full


def test_a_damaged_cache_stops_nothing(
    open_with: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged cache is logged once, and everything is embedded again."""
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "vectors.sqlite3").write_bytes(b"no database" * 1000)
    service, read = open_with(BUILTIN)
    rebuild(service, source(tmp_path))

    assert nearest(service)
    assert read
    (said,) = [record for record in caplog.records if record.name == "indexer.build.vector_cache"]
    assert said.getMessage() == "embedding-cache-broken"


def test_the_old_index_serves_until_the_new_model_has_built_its_own(
    open_with: Open, other_model: Path, tmp_path: Path
) -> None:
    """Another model: no writes until a rebuild, which affects no search; then keyword search answers."""
    path = source(tmp_path)
    old, _ = open_with(BUILTIN)
    rebuild(old, path)
    new, _ = open_with(other_model)
    with pytest.raises(FingerprintMismatch, match="gongwen index") as caught:
        new.check_manifest(new.reader(Audience.PUBLIC).manifest, model=True)
    assert OnnxEmbedder(other_model).fingerprint in caught.value.message
    with pytest.raises(FingerprintMismatch, match="gongwen index"):
        updates.add(new, [path], cleaning=ALL_CLEANING)

    before = nearest(old)
    assert before
    with new.store.ledger.exclusive():
        generations.create(new)
        generations.load(new, [path], cleaning=ALL_CLEANING)
        generations.check(new)
        assert nearest(old) == before
        generations.activate(new)
    assert nearest(new)
    page = search(old, SearchRequest(text="工作的通知"), Audience.PUBLIC)
    assert (page.total > 0, page.degraded) == (True, True)
    assert related(old, page.results[0].stored.view.id, Audience.PUBLIC)
