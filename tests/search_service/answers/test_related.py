"""Related articles share a subject, not just dates or addressees."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from analyzers.embed import Vectors
from indexer.build import generations
from search_service.answers.related import related
from search_service.model import Audience
from search_service.service import SearchService
from tests.conftest import ALL_CLEANING, Open, Records, write_source


class Topics:
    """A model of three topics: a vector counts the words of each."""

    fingerprint = "topics"
    max_characters = 500
    _words = (("各乡镇", "村委会"), ("安葬", "殡仪"), ("巡河", "清淤"))
    dimensions = len(_words)

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """One row per text; questions are read alike."""
        del query
        counts = [[sum(map(text.count, words)) for words in self._words] for text in texts]
        rows = np.array(counts, dtype=np.float32).reshape(len(texts), self.dimensions)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        scaled: Vectors = rows / np.maximum(lengths, np.float32(1e-9))
        return scaled


def index(service: SearchService, folder: Path, records: Records) -> None:
    """Build an index of the records."""
    source = write_source(folder / "articles.jsonl", records)
    assert not generations.rebuild(service, [source], cleaning=ALL_CLEANING).faults


def ids(service: SearchService, article: str) -> list[str]:
    """Return the ids of the related articles."""
    return [one.view.id for one in related(service, article, Audience.PUBLIC)]


def test_numbers_and_dates_do_not_relate_articles(open_named: Open, tmp_path: Path) -> None:
    """Articles are not related by a date, an article of a law or a percentage, however written."""
    service = replace(open_named("index"), embedder=None)
    records = [
        {
            "id": "shown",
            "title": "殡葬改革",
            "body": "五月六日，第12条，百分之三十。推行生态安葬。",
        },
        {"id": "subject", "title": "通报", "body": "生态安葬。"},
        {"id": "day", "title": "河长", "body": "5月6日，第十二条，30%。巡河护河。"},
        {"id": "more", "title": "税收", "body": "5月6日，第十二条，30%。征管。"},
    ]
    index(service, tmp_path, records)
    assert ids(service, "shown") == ["subject"]


def test_addressees_and_signatures_do_not_relate_articles(open_named: Open, tmp_path: Path) -> None:
    """The vectors of 主送, 落款 and 抄送 are left out of the mean."""
    service = replace(open_named("index"), embedder=Topics())
    framed = "各乡镇人民政府：\n{}\n各乡镇工作办公室\n2024年5月6日\n抄送：各乡镇。"
    records = [
        {"id": "shown", "title": "通知", "body": framed.format("逝者安葬从简。" * 12)},
        {"id": "body", "title": "甲", "body": "殡仪馆开放。" * 15},
        {"id": "address", "title": "乙", "body": "村委会换届。" * 15},
    ]
    index(service, tmp_path, records)
    assert ids(service, "shown") == ["body", "address"]


def test_a_word_of_two_articles_relates_them(open_named: Open, tmp_path: Path) -> None:
    """One common word is enough, if no more than its own article and another contain it; limit obeyed."""
    service = replace(open_named("index"), embedder=None)
    records = [
        {"id": "shown", "title": "殡葬", "body": "推行生态安葬。"},
        {"id": "one", "title": "环保", "body": "守护生态。"},
        {"id": "none", "title": "税收", "body": "加强征管。"},
        *({"id": f"title{n}", "title": "殡葬", "body": f"第{n}号。"} for n in range(3)),
    ]
    index(service, tmp_path, records)
    assert ids(service, "one") == ["shown"]
    assert ids(service, "none") == []
    found = ids(service, "shown")
    assert set(found) == {"one", "title0", "title1", "title2"}
    assert [one.view.id for one in related(service, "shown", Audience.PUBLIC, limit=2)] == found[:2]
