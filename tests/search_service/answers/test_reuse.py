"""Which paragraphs of an article are in others, since when, and what differs."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexer.build import generations
from indexer.commands.demo import SAMPLE
from search_service import relevance
from search_service.answers.reuse import Kind, Likeness, ReuseMap, reuse
from search_service.engines.embedded.reader import EmbeddedReader
from search_service.engines.reads import Answers, Request
from search_service.errors import NotFound
from search_service.model import Audience
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, Open, write_source
from tests.support import planted_copies
from tests.support.drafting import ENGINES

RIVER = "河长每周巡查责任河段一次，及时清理河面漂浮物，发现排污口立即登记并报县水利局核查处置。"
BURIAL = "各村推行节地生态安葬，建设公益性公墓，红白理事会倡导文明节俭办丧事，禁止乱埋乱葬。"
LIGHTS = "路灯管护员按月检修背街小巷照明设施，故障在二十四小时内修复，电费由镇财政统一支付。"
FORMULA = "各单位要高度重视，加强组织领导，明确责任分工，确保各项任务落到实处。"
# One template, with other names and numbers.
TEMPLATE = (
    "{place}人民政府决定于{month}月{day}日开展消防安全检查，范围为全县{number}家人员密集场所。\n"
    "{place}消防救援大队负责牵头，抽调{number}名工作人员分成若干小组，逐家登记火灾隐患并限期整改。\n"
    "逾期不改的，由{place}应急管理局依法处罚，典型案例通过{place}电视台公开曝光，形成震慑。"
)


def _one(key: str, date: str | None, *lines: str, title: str = "") -> dict[str, Any]:
    return {"id": key, "title": title or f"关于{key}的通知", "date": date, "body": "\n".join(lines)}


ARTICLES = [
    _one("own", "2022-05-01", RIVER, BURIAL, FORMULA, "特此通知，请遵照执行。"),
    _one("first", "2019-01-01", LIGHTS, RIVER.replace("每周", "每月"), FORMULA),
    _one("latest", "2025-03-01", BURIAL, RIVER, FORMULA),
    _one(
        "edited",
        None,
        "河长按周巡查自己的河段，清理河面漂浮物，发现排污口立即登记，报县水利局处置。",
        FORMULA,
    ),
    *(_one(f"formula{n}", "2021", FORMULA, f"{n}号文件另有说明。{LIGHTS[n:]}") for n in range(8)),
    _one(
        "t1", "2023", TEMPLATE.format(place="石桥县", month=3, day=9, number=41), title="石桥县通告"
    ),
    _one(
        "t2",
        "2024",
        TEMPLATE.format(place="清河县", month=8, day=17, number=65),
        title="清河县通告",
    ),
    _one("again", "2022-06-01", RIVER, BURIAL, FORMULA, "特此通知，请遵照执行。"),
]


@pytest.fixture(params=ENGINES, scope="module")
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchService]:
    """A service over the articles on each engine, without a model."""
    folder = tmp_path_factory.mktemp("reuse")
    engine = f"embedded:{folder}/index"
    if request.param == "elastic":
        engine = f"{request.getfixturevalue('elasticsearch_url')}-{uuid.uuid4().hex[:8]}"
    settings = read_settings(
        engine=engine, state=f"sqlite:///{folder}/state.sqlite3", model="none", engine_timeout=30
    )
    service = open_service(settings)
    source = write_source(folder / "articles.jsonl", ARTICLES)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    yield service
    service.close()


def found(service: SearchService, key: str) -> ReuseMap:
    """Return the map of an article."""
    return reuse(service, key, Audience.PUBLIC)


def test_a_paragraph_has_its_uses_in_order_of_time(service: SearchService) -> None:
    """The first use and the latest at the ends, what has no date last; each with its kind."""
    one = next(one for one in found(service, "own").paragraphs if one.text == RIVER)
    uses = [(use.view.id, use.kind) for use in one.occurrences]

    assert uses == [
        ("first", Kind.NEAR),
        ("again", Kind.SAME),
        ("latest", Kind.SAME),
        ("edited", Kind.EDITED),
    ]
    for use in one.occurrences:
        assert use.view.text[use.start : use.end] == use.text


def test_the_words_that_differ_are_named(service: SearchService) -> None:
    """As they are here and there; of the same paragraph there are none."""
    shown = found(service, "own")
    uses = next(one for one in shown.paragraphs if one.text == RIVER).occurrences
    text = shown.stored.view.text
    first, again = uses[0], uses[1]

    assert [(text[d.start : d.end], d.other) for d in first.differences] == [("每周", "每月")]
    assert again.differences == ()


def test_what_many_have_weighs_little(service: SearchService) -> None:
    """A formula is marked, and counts less than a paragraph that fewer have; short lines are left out."""
    shown = found(service, "own")
    by_text = {one.text: one for one in shown.paragraphs}

    assert by_text[FORMULA].boilerplate
    assert not by_text[RIVER].boilerplate
    assert by_text[FORMULA].weight < by_text[RIVER].weight / 2
    assert "特此通知，请遵照执行。" not in by_text
    order = [one.view.id for one in shown.articles]
    assert order.index("latest") < min(order.index(f"formula{n}") for n in range(8))


def test_only_the_same_text_is_a_copy(service: SearchService) -> None:
    """Documents of one template are alike, whatever they share; what quotes a paragraph has a part."""
    of_own = {one.view.id: one.likeness for one in found(service, "own").articles}
    of_template = {one.view.id: one.likeness for one in found(service, "t1").articles}

    assert of_own["again"] is Likeness.COPY
    assert of_own["formula1"] is Likeness.PARTS
    assert of_template == {"t2": Likeness.ALIKE}


def test_what_nobody_else_has_is_not_there(service: SearchService) -> None:
    """Only shared paragraphs; all of them were compared."""
    shown = found(service, "edited")
    assert shown.compared == 2
    assert shown.left_out == 0
    with pytest.raises(NotFound):
        found(service, "never")


def test_hidden_articles_are_not_there(open_named: Open, tmp_path: Path) -> None:
    """Neither among the uses, nor asked for: as if they had never been; nor what is above the audience."""
    service = open_named("reuse")
    paid = _one("paid", "2018", RIVER, BURIAL) | {"audience": "staff"}
    source = write_source(tmp_path / "some.jsonl", [*ARTICLES[:3], paid])
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    everybody = {one.view.id for one in reuse(service, "own", Audience.STAFF).articles}
    assert everybody == {"first", "latest", "paid"}
    assert {one.view.id for one in found(service, "own").articles} == {"first", "latest"}

    service.store.hidden.hide("latest")
    assert {one.view.id for one in found(service, "own").articles} == {"first"}
    said = []
    for key in ("latest", "paid"):
        with pytest.raises(NotFound) as refused:
            found(service, key)
        said.append(str(refused.value).replace(key, "never"))
    with pytest.raises(NotFound) as unknown:
        found(service, "never")
    assert said == [str(unknown.value)] * 2


def test_a_long_article_is_read_four_times(
    open_named: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As often as a short one; what is beyond the limit is counted."""
    more = relevance.REUSE_PARAGRAPHS + 20
    lines = [
        f"第{n}号桥梁由养护站按季度检查，记录墩台沉降数据并报县交通局备案。" for n in range(more)
    ]
    service = open_named("long")
    articles = [_one("long", "2020", *lines), _one("short", "2021", RIVER, lines[0])]
    source = write_source(tmp_path / "long.jsonl", articles)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    calls, read = [], EmbeddedReader.read

    def counted(reader: EmbeddedReader, *requests: Request[Any]) -> Answers:
        calls.append(requests)
        return read(reader, *requests)

    monkeypatch.setattr(EmbeddedReader, "read", counted)
    assert found(service, "short").paragraphs
    assert len(calls) == 4
    calls.clear()
    shown = found(service, "long")
    assert len(calls) == 4
    assert (shown.compared, shown.left_out) == (relevance.REUSE_PARAGRAPHS, 20)


@pytest.mark.slow
def test_planted_copies_are_found_and_nothing_else(open_named: Open, tmp_path: Path) -> None:
    """A small version of tools/measure_reuse.py, over the sample."""
    service = open_named("planted")
    texts = [one.read_text(encoding="utf-8") for one in sorted(SAMPLE.glob("*.jsonl"))]
    records = [json.loads(line) for text in texts for line in text.splitlines()]
    changed, planted = planted_copies.plant(records, of_each=4)
    path = write_source(tmp_path / "planted.jsonl", changed)
    generations.rebuild(service, [path], cleaning=ALL_CLEANING)
    figures = planted_copies.measure(service, changed, planted)

    assert figures.recall >= 0.95
    assert figures.precision >= 0.98
