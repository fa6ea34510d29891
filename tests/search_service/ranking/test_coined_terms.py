"""Texts with a coined term rank above texts with its parts, though the dictionary lacks the term."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzers.terms import Analyzer
from indexer.build import generations
from search_service.answers.search import search
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.query.parsing import parse, with_coined_terms
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import Open, write_source

# A long text contains the term once; short texts contain its words separately many times, in titles too.
LONG = "会议听取了各街道工作情况的汇报，研究了下一步的任务安排。" * 60
TEXTS = {
    "named": ("街道工作要点", f"{LONG}对“三无小区”逐一登记。{LONG}"),
    "plain": ("年度总结", f"{LONG}今年三无小区全部移交。{LONG}"),
    "apart1": ("小区里的三无产品", "小区门口查处三无产品。三无产品进不了小区，小区居民放心。" * 5),
    "apart2": ("三无人员住进新小区", "三无人员的小区。小区安置三无人员，三无人员喜迁小区。" * 5),
    "apart3": ("小区与三无", "小区，三无；三无，小区。" * 9),
    "parts": ("经济工作要点", "做好“六稳”工作，落实“六保”任务。"),
    "other": ("物业管理办法", "没有物业管理的住宅区，由社区代管。" * 5),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """The seven articles, with vectors."""
    folder: Path = tmp_path_factory.mktemp("coined")
    records = [{"id": key, "title": title, "body": body} for key, (title, body) in TEXTS.items()]
    service = open_service(read_settings(engine=f"embedded:{folder}/index"))
    source = write_source(folder / "articles.jsonl", records)
    generations.rebuild(service, [source], cleaning=Cleaning.parse("all"))
    yield service
    service.close()


@pytest.mark.parametrize("mode", [Mode.KEYWORD, Mode.HYBRID])
def test_the_literal_term_ranks_above_its_parts(service: SearchService, mode: Mode) -> None:
    """One occurrence in a long text outweighs the parts in every line and title of a short one."""
    page = search(service, SearchRequest(text="三无小区", mode=mode), Audience.PUBLIC)
    ids = [result.stored.view.id for result in page.results]
    assert set(ids[:2]) == {"named", "plain"}
    assert {"apart1", "apart2", "apart3"} <= set(ids[2:])


@pytest.mark.parametrize("text", ["六稳六保", "六稳六保 任务"])
def test_a_term_that_texts_write_in_parts_matches(service: SearchService, text: str) -> None:
    """The dictionary splits 六|稳六保, which no text contains; its bigrams match."""
    page = search(service, SearchRequest(text=text, mode=Mode.KEYWORD), Audience.PUBLIC)
    assert [result.stored.view.id for result in page.results] == ["parts"]
    assert page.relaxed


@pytest.mark.parametrize("text", ["六稳六保 物业", "六稳攥壹六"])
def test_too_few_bigrams_match_nothing(service: SearchService, text: str) -> None:
    """All chunks must match, and two thirds of the bigrams of each."""
    page = search(service, SearchRequest(text=text, mode=Mode.KEYWORD), Audience.PUBLIC)
    assert page.total == 0


def test_the_order_continues_over_pages(service: SearchService) -> None:
    """Pages of one result each, joined, equal the page of all."""
    whole = search(service, SearchRequest(text="三无小区"), Audience.PUBLIC)
    parts = [
        search(service, SearchRequest(text="三无小区", page=page, size=1), Audience.PUBLIC)
        for page in range(1, whole.total + 1)
    ]
    joined = [result.stored.view.id for part in parts for result in part.results]
    assert joined == [result.stored.view.id for result in whole.results]


QUESTION = "三无小区的垃圾清运"


def _ids(service: SearchService, mode: Mode) -> list[str]:
    page = search(service, SearchRequest(text=QUESTION, mode=mode), Audience.PUBLIC)
    return [result.stored.view.id for result in page.results]


@pytest.mark.parametrize("mode", [Mode.KEYWORD, Mode.HYBRID])
def test_an_accepted_term_counts_inside_a_question_until_it_is_rejected(
    open_named: Open, tmp_path: Path, mode: Mode
) -> None:
    """Without a rebuild: the term ranks from the next search on, until it is rejected."""
    apart = "小区的垃圾清运，查处三无产品。三无垃圾清运车不得进小区，小区垃圾清运日产日清。" * 5
    records = [
        {
            "id": "named",
            "title": "工作总结",
            "body": f"{LONG}三无小区没有物业，街道安排垃圾清运。{LONG}",
        },
        {"id": "apart", "title": "小区垃圾清运与三无产品", "body": apart},
    ]
    service = open_named("index")
    source = write_source(tmp_path / "articles.jsonl", records)
    generations.rebuild(service, [source], cleaning=Cleaning.parse("all"))
    assert _ids(service, mode) == ["apart", "named"]
    service.store.coined.decide(["三无小区"], accepted=True)
    assert _ids(service, mode) == ["named", "apart"]
    service.store.coined.decide(["三无小区"], accepted=False)
    assert _ids(service, mode) == ["apart", "named"]


def test_of_nested_terms_the_longest_counts() -> None:
    """一件事一次办 counts and 一件事 does not; quoted and excluded chunks have no coined terms."""
    analyzer = Analyzer()
    accepted = {"一件事", "一件事一次办", "最多跑一次"}
    assert with_coined_terms(parse("一件事一次办改革经验", analyzer), accepted).coined == (
        "一件事一次办",
    )
    assert with_coined_terms(parse("一件事一次办", analyzer), accepted).coined == ("一件事",)
    assert with_coined_terms(parse('"最多跑一次改革" -一件事清单', analyzer), accepted).coined == ()
