"""Related articles share a subject, not just dates or addressees."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analyzers.embed import Vectors
from indexer.build import generations
from search_service.answers.related import rank, related
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
    assert ids(service, "shown") == ["body"]


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


# --- what is too little, copies, reasons ---------------------------------------------------------

PLAN = "校园周边每日巡查，流动摊点劝离，护学队上下学时在校门口疏导，结果每月通报。" * 3
SHARING = [
    ("shown", "护学队值守安排", "护学队由教师和家长组成，早晚在校门口值守疏导。", "青源县教育局"),
    ("plan", "校园周边巡查方案", PLAN, "青源县教育局"),
    ("copy", "转载：校园周边巡查方案", PLAN, "青源县公安局"),
    ("nearly", "校园周边巡查方案（二）", PLAN.replace("每月", "按月", 1), "青源县公安局"),
    ("same", "护学队值守安排（转载）", "护学队由教师和家长组成，早晚在校门口值守疏导。", None),
    ("empty", "略", "略。", None),
    ("frame", "关于有关事项的通知", "略。", None),
]
SUBJECTS = (
    "水稻 公路 码头 图书 剧院 菜场 茶园 桥梁 林场 档案 邮政 渔业 煤矿 气象 地名 体育 广播 印章 考古"
)


@pytest.fixture
def sharing(open_named: Open, tmp_path: Path) -> SearchService:
    """Articles with something in common, among twenty notices of other subjects."""
    service = replace(open_named("index"), embedder=None)
    records: list[dict[str, object]] = [
        {"id": key, "title": title, "body": body, "issuer": issuer}
        for key, title, body, issuer in SHARING
    ]
    records += [
        {"id": word, "title": f"关于{word}有关事项的通知", "body": f"{word}检修停用。"}
        for word in SUBJECTS.split()
    ]
    index(service, tmp_path, records)
    return service


def test_copies_are_left_out(sharing: SearchService) -> None:
    """Those of the article, and of two copies of another one the second, with a word changed, too."""
    found = ids(sharing, "shown")
    assert len({"plan", "copy", "nearly"} & set(found)) == 1
    assert "same" not in found
    assert {"plan", "copy", "nearly", "same"} <= set(
        rank(sharing, "shown", Audience.PUBLIC, limit=50)
    )


@pytest.mark.parametrize("article", ["empty", "frame"])
def test_an_article_without_words_of_its_own_has_none(sharing: SearchService, article: str) -> None:
    """Neither 略 nor what every notice says relates articles."""
    assert ids(sharing, article) == []


def test_a_reason_names_what_is_common(sharing: SearchService) -> None:
    """The issuer, and the most characteristic words that both texts contain."""
    (one,) = related(sharing, "shown", Audience.PUBLIC)
    assert ("同一机关" in one.reason) == (one.view.issuer == "青源县教育局")
    words = one.reason.rpartition("共同词语：")[2].split("、")
    assert 1 <= len(words) <= 3
    assert all(word in PLAN and word in SHARING[0][1] + SHARING[0][2] for word in words)
