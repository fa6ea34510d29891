"""Numbers, names, letters and characters as people type them: found, alone, and marked in the original."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.build.generations import rebuild
from search_service.answers.search import search
from search_service.model import Audience
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, write_source

TEXTS = {
    "rise": "二季度，临溪县税收同比增长6.2%，装机容量达到45MW。",
    "more": "临溪县客运量同比增长16.2%，货运量增长26％。",
    "days": "受理后6—2个工作日内答复，比例为6:2。",
    "words": "临溪县绿化率提高百分之六点二。",
    "fall": "临溪县进口增速为−6.2%。",
    "large": "整治河道共投入3.6亿元。",
    "small": "改造旧街共投入36,000万元。",
    "half": "每户补助0.6亿元以内，实际13.6亿元。",
    "order": "临溪县人民政府令第十六号自发布之日起施行。",
    "repealed": "第四号令同时停止执行。",
    "team": "组　长：钱　塘　县政府副县长\n成 员：孙 沧 李四海",
    "scan": "各 村 民 委 员 会 要 按 期 清 理 沟 渠 。",
    "pdf": "落实⺠宿⻛貌管控，达到Ⅱ类水质，绿地八十㎡。",
    "old": "請協助瞭解灌溉情況，沿著水渠逐戶調查。",
    "hidden": "推行河\u200c长\u2060制和林\u00ad长制。",
    "codes": "执行GB 8978—1996和ISO14001标准，G207国道改线，编程用C++。",
    "single": "单位按月报送缴费情况，缴纳税款。",
    "titled": "现将纳税人名单公布如下。",
}


@pytest.fixture(
    params=["embedded", pytest.param("elastic", marks=pytest.mark.elasticsearch)], scope="module"
)
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchService]:
    """The texts, indexed by each engine."""
    folder: Path = tmp_path_factory.mktemp("typed")
    engine = f"embedded:{folder}/data"
    if request.param == "elastic":
        engine = f"{request.getfixturevalue('elasticsearch_url')}-{uuid.uuid4().hex[:8]}"
    state = f"sqlite:///{folder}/state.sqlite3"
    opened = open_service(read_settings(engine=engine, state=state, engine_timeout=30))
    records = [
        {"id": key, "title": "关于税务的通知" if key == "titled" else f"简报之{key}", "body": body}
        for key, body in TEXTS.items()
    ]
    rebuild(opened, [write_source(folder / "texts.jsonl", records)], cleaning=ALL_CLEANING)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("typed", "found", "marked"),
    [
        ("6.2%", ["rise", "words", "fall"], "6.2%"),
        ("６．２％", ["rise", "words", "fall"], "6.2%"),
        ("百分之六点二", ["rise", "words", "fall"], "6.2%"),
        ("增长6.2", ["rise"], "增长6.2"),
        ("26%", ["more"], "26％"),
        ("3.6亿元", ["large", "small"], "3.6亿元"),
        ("36000万元", ["large", "small"], "3.6亿元"),
        ("三亿六千万元", ["large", "small"], "3.6亿元"),
        ("第16号", ["order"], "第十六号"),
        ("令第16号", ["order"], "第十六号"),
        ("第4号令", ["repealed"], "第四号"),
        ("第四号令", ["repealed"], "第四号令"),
        ("MW", ["rise"], "MW"),
        ("钱塘", ["team"], "钱　塘"),
        ("钱 塘", ["team"], "钱　塘"),
        ("孙沧", ["team"], "孙 沧"),
        ("村民委员会", ["scan"], "村 民 委 员 会"),
        ("民宿风貌", ["pdf"], "⺠宿⻛貌"),
        ("II类水质", ["pdf"], "Ⅱ类水质"),
        ("80平方米", ["pdf"], "八十㎡"),
        ("了解灌溉情况", ["old"], "瞭解灌溉情況"),
        ("沿着水渠", ["old"], "沿著水渠"),
        ("着水渠", ["old"], "著水渠"),
        ("河长制", ["hidden"], "河长制"),
        ("林\u200b长制", ["hidden"], "林长制"),
        ("GB8978", ["codes"], "GB 8978"),
        ("ISO 14001", ["codes"], "ISO14001"),
        ("207国道", ["codes"], "207国道"),
        ("C++", ["codes"], "C++"),
        ("C#", [], ""),
        ("6", ["days"], "6"),
        ("税", ["titled", "rise", "single"], "税"),
    ],
)
def test_as_typed(service: SearchService, typed: str, found: list[str], marked: str) -> None:
    """Found by keyword, and nothing else; what was meant is marked in the original."""
    page = search(service, SearchRequest(text=typed, mode=Mode.KEYWORD), Audience.PUBLIC)
    assert not page.relaxed
    assert sorted(result.stored.view.id for result in page.results) == sorted(found)
    for result in page.results:
        if result.stored.view.id == found[0]:
            marks = [result.stored.view.title[start:end] for start, end in result.title_marks]
            for passage in result.passages:
                shown = passage.snippet
                marks += [shown.text[start:end] for start, end in shown.marks]
            assert marked in marks


@pytest.mark.parametrize("typed", ["百分之六点二", "6.2%", "三亿六千万元", "36000万元", "3.6亿元"])
def test_a_number_alone_is_searched_as_what_it_is(service: SearchService, typed: str) -> None:
    """Nothing is similar to it, and each form of it counts as if it were typed."""
    page = search(service, SearchRequest(text=typed), Audience.PUBLIC)
    assert page.total == page.full == (3 if "六点" in typed or "%" in typed else 2)
    scores = [result.score for result in page.results]
    assert min(scores) > 0.5 * max(scores)


def test_titles_with_the_character_come_first(service: SearchService) -> None:
    """A single character is looked for in texts as well, after the titles."""
    page = search(service, SearchRequest(text="税", mode=Mode.KEYWORD), Audience.PUBLIC)
    assert page.results[0].stored.view.id == "titled"
    in_titles = SearchRequest(text="title:税", mode=Mode.KEYWORD)
    assert search(service, in_titles, Audience.PUBLIC).total == 1
