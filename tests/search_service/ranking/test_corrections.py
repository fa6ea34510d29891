"""When a query counts as misspelt, and what is proposed instead."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.build import generations
from search_service.answers.search import search
from search_service.model import Audience, Filters
from search_service.query.parsed import Query
from search_service.query.parsing import parse
from search_service.query.request import Mode, SearchRequest
from search_service.ranking.corrections import Corrections, results_of
from search_service.relevance import CORRECTIONS_TRIED
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from tests.conftest import ALL_CLEANING, write_source

TITLES = {
    "a": "优化营商环境条例",
    "b": "营商环境评价办法",
    "c": "殡葬管理条例",
    "d": "城市绿化条例",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """Articles whose titles are the vocabulary; one text has a misspelling in it."""
    folder: Path = tmp_path_factory.mktemp("corrections")
    records = [{"id": key, "title": title, "body": title * 3} for key, title in TITLES.items()]
    records.append(
        {"id": "e", "title": "来信摘编", "body": "来信把城市绿化写成城市录化，拼成 lvhua。"}
    )
    source = write_source(folder / "articles.jsonl", records)
    opened = open_service(read_settings(engine=f"embedded:{folder}/index", model="none"))
    generations.rebuild(opened, [source], cleaning=ALL_CLEANING)
    yield opened
    opened.close()


def proposed(service: SearchService, text: str, *, has_matches: bool = False) -> list[str]:
    """Return the corrected queries."""
    reader = service.reader(Audience.PUBLIC)
    corrections = Corrections(service, reader, _query(service, text))
    found = reader.read(*corrections.requests)
    return [one.text for one in corrections.proposed(found, has_matches=has_matches)]


def _query(service: SearchService, text: str) -> Query:
    return parse(text, service.analyzer)


def test_a_misspelt_chunk_is_corrected_and_the_others_stay(service: SearchService) -> None:
    """The best correction first, and no more than are tried."""
    texts = proposed(service, "营商环竟 殡葬管理")
    assert texts[0] == "营商环境 殡葬管理"
    assert len(texts) <= CORRECTIONS_TRIED
    assert proposed(service, "营商环境") == []


def test_of_two_misspelt_chunks_both_are_corrected(service: SearchService) -> None:
    """Each by its own best correction."""
    assert proposed(service, "营商环竟 城市绿花")[0] == "营商环境 城市绿化"


def test_what_stands_in_a_text_as_typed_is_not_corrected(service: SearchService) -> None:
    """One text is enough, even if titles have something similar, and whatever else is in the query."""
    for has_matches in (True, False):
        assert proposed(service, "绿化条例", has_matches=has_matches) == []
        assert proposed(service, "城市录化", has_matches=has_matches) == []
        assert proposed(service, "城市绿花", has_matches=has_matches)[:1] == ["城市绿化"]
        mixed = proposed(service, "城市录化 营商环竟", has_matches=has_matches)
        assert mixed[:1] == ["城市录化 营商环境"]


def test_codes_and_hinted_queries_are_not_corrected(service: SearchService) -> None:
    """A 文号 names one document; a hint says already what is wrong."""
    assert proposed(service, "清政办发〔2024〕17号") == []
    assert proposed(service, "after:昨天 营商环竟") == []


def test_the_results_of_a_correction_are_counted_under_the_filters(
    service: SearchService,
) -> None:
    """One request for each correction."""
    reader = service.reader(Audience.PUBLIC)
    queries = [_query(service, "营商环境"), _query(service, "殡葬管理")]
    for filters, counts in ((Filters(), [2, 1]), (Filters(ids=("a", "c")), [1, 1])):
        requests = results_of(queries, filters)
        answers = reader.read(*requests)
        assert [answers[one].totals.total for one in requests] == counts


# --- what needs no correction --------------------------------------------------------------------

KNOWN = [
    ("a", "青浦县公墓价格管理办法", "青浦县公墓价格由县里定。"),
    ("b", "失业资金申领须知", "失业金按月领。申领条件：凭卡申领。公安机关核对，墓区维护。"),
    ("c", "王磊同志先进事迹", "王磊同志扎根乡村。王磊同志是榜样。"),
    ("d", "经典诵读活动方案", "经典诵读进校园。经典诵读进机关。"),
    ("e", "景区通知", "这个景点免票。"),
    ("f", "权力清单制度", "权力清单向社会公布。另附各项权利，并列出清单。"),
]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchService]:
    """Articles whose titles are close to the query, each twice: then its words are terms."""
    folder: Path = tmp_path_factory.mktemp("known")
    records = [
        {
            "id": f"{key}{number}",
            "title": title,
            "body": body,
            "document_number": f"青政办发〔2021〕{ord(key)}号",
        }
        for key, title, body in KNOWN
        for number in range(2 if key != "e" else 1)
    ]
    source = write_source(folder / "articles.jsonl", records)
    opened = open_service(read_settings(engine=f"embedded:{folder}/index", model="none"))
    generations.rebuild(opened, [source], cleaning=ALL_CLEANING)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "text",
    [
        "景点",  # in one text, so it is no term; 经典 is
        "公安墓价格",  # 公安, 墓 and 价格 are words: nothing is missing between them
        "失业金申领条件",
        "权利清单",  # its words are in one article, though a title has 权力清单
        "青普县",  # names of places and persons are not exchanged
        "青普县公墓",
        "王雷",
        "王雷同志",
    ],
)
@pytest.mark.parametrize("mode", [Mode.KEYWORD, Mode.HYBRID])
def test_what_may_be_meant_is_left_alone(known: SearchService, text: str, mode: Mode) -> None:
    """Words that texts contain, words side by side, and names have no correction."""
    page = search(known, SearchRequest(text=text, mode=mode), Audience.PUBLIC)
    assert page.suggestions == ()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("经典颂读", "经典诵读"),
        ("经诵典读", "经典诵读"),
        ("先进事际", "先进事迹"),
        ("权力请单", "权力清单"),
    ],
)
def test_beside_them_misspellings_are_corrected(
    known: SearchService, text: str, meant: str
) -> None:
    """Where something is odd, a correction repairs it."""
    assert search(known, SearchRequest(text=text), Audience.PUBLIC).suggestions[:1] == (meant,)


@pytest.mark.parametrize(
    "text", ["青政办发2024 17", "青政力发〔2024〕", "国令714号", "青政规2023", "县发[2021]第3"]
)
def test_what_is_written_like_a_document_number_is_no_word(known: SearchService, text: str) -> None:
    """Complete or not, whatever its brackets: it is not corrected as a word."""
    assert proposed(known, text) == proposed(known, text, has_matches=True) == []


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("text", ["青政策办发2021 97", "青政策办发〔2021〕97号"])
def test_a_number_with_a_slip_leads_to_the_one_that_exists(
    known: SearchService, text: str, mode: Mode
) -> None:
    """As articles have it; parts of the one typed answer nothing, and nothing calls it nonsense."""
    page = search(known, SearchRequest(text=text, mode=mode), Audience.PUBLIC)
    assert (page.total, page.suggestions) == (0, ("青政办发〔2021〕97号",))
    assert page.reason is None
    beside = search(known, SearchRequest(text=f"公墓 {text}", mode=mode), Audience.PUBLIC)
    assert beside.suggestions == ("公墓 青政办发〔2021〕97号",)
    right = search(known, SearchRequest(text=page.suggestions[0], mode=mode), Audience.PUBLIC)
    assert (right.total, right.suggestions) == (2, ())


def test_a_number_that_no_article_has_is_not_called_nonsense(known: SearchService) -> None:
    """Nor is anything in keyword search, which asks for no meaning."""
    for mode in Mode:
        page = search(known, SearchRequest(text="青政办发〔2021〕5号", mode=mode), Audience.PUBLIC)
        assert (page.total, page.reason, page.suggestions) == (0, None, ())
    page = search(known, SearchRequest(text="珊瑚礁", mode=Mode.KEYWORD), Audience.PUBLIC)
    assert (page.total, page.reason) == (0, None)


@pytest.mark.slow
@given(st.sampled_from([body for _, _, body in KNOWN]), st.data())
def test_no_piece_of_a_text_is_corrected(
    known: SearchService, body: str, data: st.DataObject
) -> None:
    """Wherever it is cut out."""
    start = data.draw(st.integers(0, len(body) - 2))
    end = data.draw(st.integers(start + 2, min(len(body), start + 12)))
    piece = body[start:end]
    assert search(known, SearchRequest(text=piece), Audience.PUBLIC).suggestions == ()


# --- pinyin that is entered ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("yingshanghuanjing", "营商环境"),
        ("ying shang huan jing", "营商环境"),
        ("Yíngshāng huánjìng", "营商环境"),
        ("binzangguanlitiaoli", "殡葬管理条例"),  # a title
        ("huanjingtiaoli", "环境条例"),  # two words that are side by side nowhere
    ],
)
@pytest.mark.parametrize("mode", list(Mode))
def test_letters_that_nothing_contains_are_pinyin(
    service: SearchService, typed: str, searched: str, mode: Mode
) -> None:
    """The answer is that to the word, and says so."""
    page = search(service, SearchRequest(text=typed, mode=mode), Audience.PUBLIC)
    expected = search(service, SearchRequest(text=searched, mode=mode), Audience.PUBLIC)
    assert page.searched == searched
    assert page.total == expected.total > 0
    assert page.results == expected.results
    assert any(searched in notice for notice in page.notices())


@pytest.mark.parametrize(
    "typed",
    ['"yingshanghuanjing"', "-yingshanghuanjing", "标题:yingshang", "yingshangxyz", "qzxv", "y"],
)
def test_other_letters_are_searched_as_they_are(service: SearchService, typed: str) -> None:
    """Quoted, excluded, in a field, or no pinyin of what is suggested."""
    page = search(service, SearchRequest(text=typed, mode=Mode.KEYWORD), Audience.PUBLIC)
    assert page.searched == ""


def test_letters_that_a_text_contains_are_no_pinyin(service: SearchService) -> None:
    """Though they might be."""
    page = search(service, SearchRequest(text="lvhua", mode=Mode.KEYWORD), Audience.PUBLIC)
    assert (page.searched, [one.stored.view.id for one in page.results]) == ("", ["e"])
