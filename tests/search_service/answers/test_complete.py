"""Suggestions: completions, and corrections of misspelt queries."""

import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analyzers.normalize import normalize
from analyzers.pinyin import options, readings, syllables
from analyzers.pinyin import typed as typed_pinyin
from indexer import updates
from indexer.build import generations
from indexer.build.vocabulary import collect, pinyin_of
from indexer.commands.demo import SAMPLE
from search_service.answers.complete import Group, complete
from search_service.answers.search import search
from search_service.engines import Scope
from search_service.errors import BadInput
from search_service.model import Audience, Filters
from search_service.query.matching import strict
from search_service.query.parsing import parse
from search_service.query.request import Mode, SearchRequest
from search_service.relevance import MAX_QUERY
from search_service.service import SearchService, open_service
from search_service.settings import read_settings
from search_service.suggestions.completion import CompletionIndex
from search_service.suggestions.spelling import Spelling
from search_service.suggestions.vocabulary import (
    Entry,
    Kind,
    Text,
    TextIndices,
    Vocabulary,
    fold,
    pack,
    unpack,
)
from tests.conftest import ALL_CLEANING, Open, write_source
from tools.spelling_report import cases, right, suggested

# Words of 公文 mixed with letters and punctuation, or any text.
TYPED = st.one_of(
    st.text(
        st.sampled_from("小区物业服务治理工作的通知关于 ,。“”-()〔〕2024号abcXY\n"), max_size=30
    ),
    st.text(max_size=30),
)


def texts(service: SearchService, typed: str, audience: Audience = Audience.PUBLIC) -> list[str]:
    """The completions of a text."""
    return [one.text for one in complete(service, typed, audience)]


def article(key: str, title: str, body: str, **more: object) -> dict[str, object]:
    """A record of a source."""
    return {"id": key, "title": title, "body": body, **more}


# --- pinyin --------------------------------------------------------------------------------------


def test_pinyin_depends_on_the_word() -> None:
    """A character is read as in its word, a letter as itself; other characters have no pinyin."""
    assert syllables("银行") == ("yin", "hang")
    assert syllables("行长") == ("hang", "zhang")
    assert syllables("女vip,5号") == ("nv", "v", "i", "p", "hao")
    assert readings("行") >= {"hang", "xing"}
    assert readings("a") == readings(",") == frozenset()


@pytest.mark.parametrize(
    ("word", "written", "expected"),
    [
        ("长治", "", [("zhang", "chang"), ("zhi",)]),  # in no dictionary: every common reading
        ("银行", "", [("yin",), ("hang",)]),  # in the dictionary, so it is certain
        ("朝阳", "", [("zhao", "chao"), ("yang",)]),  # in the dictionary, read both ways
        ("女律师", "", [("nv", "nu"), ("lv", "lu"), ("shi",)]),
        ("干安", "乾安", [("gan", "qian"), ("an",)]),  # 乾 is 干 in normal form
        ("a5号", "", [("a",), ("hao",)]),
        ("", "", []),
    ],
)
def test_other_readings(word: str, written: str, expected: list[tuple[str, ...]]) -> None:
    """The reading in the word first, then the others by which it may be typed."""
    assert list(options(word, written)) == expected


@given(st.text(max_size=6) | st.text("行长乐女绿乾薄a1，", max_size=6))
def test_the_first_of_the_readings_is_that_of_the_word(word: str) -> None:
    """Whatever the word, and written in any way."""
    for written in ("", word[::-1]):
        assert tuple(one[0] for one in options(fold(word), written)) == syllables(fold(word))


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("lüse", "lvse"),
        ("LǛ Sè", "lvse"),
        ("xī'ān", "xian"),
        ("ｙｉｎｇ shang", "yingshang"),
        ("绿se", ""),
        ("a", ""),
        ("c2352", ""),
    ],
)
def test_pinyin_as_typed(text: str, letters: str) -> None:
    """With tones, ü, and spaces or apostrophes between syllables."""
    assert typed_pinyin(text) == letters


# --- completion ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["营商", "營商", "ｙｉｎｇｓｈａｎｇ", "ying shang", "YingShang", "yshj", "暖企安商", "“暖企"],
)
def test_a_title_is_suggested_for_any_form_of_input(
    sample_service: SearchService, typed: str
) -> None:
    """By prefix or substring, in any script and width, by pinyin and by initials."""
    assert "清源县优化营商环境“暖企安商”三年行动实施方案" in texts(sample_service, typed)


def test_a_title_of_a_single_article_has_its_view(sample_service: SearchService) -> None:
    """Its completion has the article's view; those of terms and headings have none."""
    found = complete(sample_service, "营商", Audience.PUBLIC)
    titles = [one for one in found if one.kind is Kind.TITLE]
    assert titles
    assert all(one.view is not None and one.view.title == one.text for one in titles)
    assert all(one.view is None for one in found if one.kind is not Kind.TITLE)


def test_pinyin_matches_from_a_syllable_on(sample_service: SearchService) -> None:
    """uanjing begins in the middle of a syllable; mixed input is not pinyin."""
    assert texts(sample_service, "uanjing") == []
    assert texts(sample_service, "营shang") == []


@given(TYPED)
@example("Kº")  # letters of any width are pinyin
def test_completion_never_raises_and_returns_only_matches(
    sample_service: SearchService, typed: str
) -> None:
    """At most ten completions of any text, without repetitions, each of which contains it or its pinyin."""
    offered = texts(sample_service, typed)
    assert len(offered) <= 10
    assert len({fold(one) for one in offered}) == len(offered)
    letters = typed_pinyin(typed)
    for one in offered:
        if fold(typed) not in fold(one):
            assert letters
            readings = [part.split("|") for part in pinyin_of(one, sample_service.analyzer).split()]
            initials = [[option[0] for option in options] for options in readings]
            assert _is_typed(letters, readings) or _is_typed(letters, initials)


def _is_typed(letters: str, readings: list[list[str]]) -> bool:
    """Whether the letters are one of the readings of each of some syllables in a row, the last cut short."""

    def matches(rest: str, place: int) -> bool:
        return not rest or any(
            one.startswith(rest) or (rest.startswith(one) and matches(rest[len(one) :], place + 1))
            for one in (readings[place] if place < len(readings) else [])
        )

    return any(matches(letters, place) for place in range(len(readings)))


def test_every_common_reading_suggests_a_name(open_named: Open, tmp_path: Path) -> None:
    """Of one article, in its title; ü is typed as ü, v or u; names that share the letters are there, too."""
    service = open_named("index")
    titles = [
        "乾安县水利年报",
        "迁安市水利年报",
        "关于长治市水利工作的通知",
        "绿色出行倡议",
        "重庆规划",
    ]
    records = [article(str(n), title, "没有别的。") for n, title in enumerate(titles)]
    source = write_source(tmp_path / "a.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert {*titles[:2]} <= {*texts(service, "qianan")}
    assert titles[0] in texts(service, "gananxian")
    for typed in ("changzhi", "zhangzhishi"):
        assert titles[2] in texts(service, typed)
    for typed in ("lüse", "lvse", "luse", "lǜsè", "lscx"):
        assert titles[3] in texts(service, typed)
    assert titles[4] in texts(service, "chongqing")
    assert texts(service, "zhongqing") == []


def test_prefixes_come_first() -> None:
    """Prefix matches come before substring matches, each in the order of the vocabulary."""
    names = ["深化改革", "改革开放", "机构改革", "改革"]
    entries = [Entry(Kind.TERM, name, 9, " ".join(syllables(name)), "1") for name in names]
    completion = CompletionIndex(Vocabulary(entries))
    expected = ["改革开放", "改革", "深化改革", "机构改革"]
    assert [one.text for one in completion.find("改革", Kind.TERM)] == expected
    assert [one.text for one in completion.find("gaige", Kind.TERM)] == expected
    assert [one.text for one in completion.find("gg", Kind.TERM)] == expected
    assert [one.text for one in completion.find("改革", Kind.TITLE)] == []


def test_a_vocabulary_survives_serialisation() -> None:
    """Texts and indices survive packing for the database."""
    texts = [
        Text(Kind.TITLE, "关于“三无小区”的\n通知", "guan yu"),
        Text(Kind.TERM, "小区", "xiao qu"),
    ]
    assert unpack(pack(texts)) == texts
    for places in ([], [0], [3, 70_000, 70_001]):
        packed = TextIndices(np.array(places, dtype=np.uint32), "2024")
        assert TextIndices.from_bytes(packed.to_bytes(), "2024").indices.tolist() == places


def test_hidden_articles_leave_no_trace_in_a_vocabulary(sample_service: SearchService) -> None:
    """Entries, counts, order and first articles are as if hidden articles did not exist."""
    engine, analyzer = sample_service.engine, sample_service.analyzer
    everything = collect(engine.reader(Scope(Audience.PUBLIC)), analyzer)
    for hidden in (frozenset(), frozenset(sorted(everything.by_article)[::7])):
        others = collect(engine.reader(Scope(Audience.PUBLIC, hidden)), analyzer)
        assert everything.vocabulary(hidden).entries == others.vocabulary().entries


# --- groups and counts ---------------------------------------------------------------------------

ISSUED = [
    ("1", "青政办发〔2024〕17号", "青源县人民政府办公室", "何其昌", "青源县殡葬改革办法"),
    ("2", "青政办发〔2024〕18号", "青源县人民政府办公室", "何其昌", "青源县校车管理办法"),
    ("3", "青政规〔2023〕5号", "青源县人民政府", "何其昌", "青源县校车管理办法"),
    ("4", None, "青源县民政局", "青文", "关于殡葬改革工作的通知"),
]


@pytest.fixture
def issued(open_named: Open, tmp_path: Path) -> SearchService:
    """Articles with numbers, codes, issuers and authors."""
    service = open_named("issued")
    records = [
        article(
            key,
            title,
            f"{title}。校车须年检。",
            code=f"D90{key}1",
            document_number=number,
            issuer=issuer,
            author=author,
        )
        for key, number, issuer, author, title in ISSUED
    ]
    source = write_source(tmp_path / "issued.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    return service


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("青政办发〔2024〕17", [("青政办发〔2024〕17号", Kind.NUMBER, Group.OPEN, 1, "1")]),
        ("青政办发2024 17号", [("青政办发〔2024〕17号", Kind.NUMBER, Group.OPEN, 1, "1")]),
        ("d9011", [("D9011", Kind.CODE, Group.OPEN, 1, "1")]),
        ("青源县殡葬改革办法", [("青源县殡葬改革办法", Kind.TITLE, Group.OPEN, 1, "1")]),
        ("青源县校车管理办法", [("青源县校车管理办法", Kind.TITLE, Group.OPEN, 2, None)]),
        ("何其", [("何其昌", Kind.AUTHOR, Group.NAME, 3, None)]),
        ("heqichang", [("何其昌", Kind.AUTHOR, Group.NAME, 3, None)]),
        ("办公室", [("青源县人民政府办公室", Kind.ISSUER, Group.NAME, 2, None)]),
        ("殡葬改", [("殡葬改革", Kind.PHRASE, Group.PHRASE, 2, None)]),
        ("校", [("校车", Kind.TERM, Group.PHRASE, 4, None)]),
    ],
)
def test_each_suggestion_has_its_group_and_count(
    issued: SearchService, typed: str, expected: list[tuple[object, ...]]
) -> None:
    """Numbers, codes and whole titles open; offices, persons and words are counted."""
    found = [
        (one.text, one.kind, one.group, one.count, one.view.id if one.view else None)
        for one in complete(issued, typed, Audience.PUBLIC)
    ]
    assert set(expected) <= set(found)
    groups = [one[2] for one in found]
    assert groups == sorted(groups, key=list(Group).index)


def test_a_name_is_searched_as_what_it_is(issued: SearchService) -> None:
    """The query of a suggested office or person finds the articles that were counted."""
    for typed in ("青源县人民政府办", "何其昌", "民政局"):
        (name, *_) = [
            one for one in complete(issued, typed, Audience.PUBLIC) if one.group is Group.NAME
        ]
        request = SearchRequest(text=name.query, mode=Mode.KEYWORD)
        assert search(issued, request, Audience.PUBLIC).total == name.count


def test_counts_are_those_of_visible_articles(issued: SearchService) -> None:
    """A hidden article counts nowhere, and what only it has is not suggested."""
    issued.store.hidden.hide("1")
    found = {one.text: one.count for one in complete(issued, "何其", Audience.PUBLIC)}
    assert found == {"何其昌": 2}
    assert complete(issued, "青政办发〔2024〕17号", Audience.PUBLIC) == []
    assert complete(issued, "d9011", Audience.PUBLIC) == []


def test_a_number_beyond_the_vocabulary_is_opened(issued: SearchService) -> None:
    """Whatever is typed whole is looked up in the index."""
    issued.store.vocabularies.keep([])
    for typed, text in (("d9041", "D9041"), ("青政规2023年第5号", "青政规〔2023〕5号")):
        (found,) = complete(issued, typed, Audience.PUBLIC)
        assert (found.text, found.group, found.view and found.view.code) == (
            text,
            Group.OPEN,
            "D9041" if text[0] == "D" else "D9031",
        )
    assert complete(issued, "青源县校车管理办法", Audience.PUBLIC) == []  # two articles


# --- what may not be suggested--------------------------------------------------------------------


def test_nothing_outdated_is_suggested(open_named: Open, tmp_path: Path) -> None:
    """Texts of articles that were hidden, deleted, renamed or made paid are not suggested."""
    service = open_named("index")
    body = f"一、推进殡葬改革\n{'各村推行节地生态安葬。' * 10}\n二、其他\n{'没有别的事项了。' * 15}"
    records = [article(str(n), f"殡葬改革工作第{'一二三四五六'[n]}号通知", body) for n in range(6)]
    source = write_source(tmp_path / "a.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert len(texts(service, "殡葬改革工作")) == 5
    assert "推进殡葬改革" in texts(service, "推进殡葬")

    service.store.hidden.hide("0")
    updates.delete(service, ["1"])
    renamed = article("2", "火化管理工作通知", body)
    paid = article("3", "殡葬改革工作第四号通知", body, audience="member")
    updates.add(service, [write_source(source, [renamed, paid])], cleaning=ALL_CLEANING)
    offered = texts(service, "殡葬改革工作")
    assert sorted(offered) == ["殡葬改革工作第五号通知", "殡葬改革工作第六号通知"]

    for key in ("4", "5", "2"):
        service.store.hidden.hide(key)
    assert texts(service, "殡葬") == texts(service, "推进殡葬") == texts(service, "安葬") == []
    assert suggested(service, "殡脏改革") == ()


def test_terms_of_traditional_text_are_offered(open_named: Open, tmp_path: Path) -> None:
    """A term is in normal form; it is offered if the article contains it in any script."""
    service = open_named("index")
    records = [article(str(n), f"第{n}號", "推行殯葬改革，節地安葬。") for n in range(2)]
    source = write_source(tmp_path / "a.jsonl", records)
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    assert "殡葬" in texts(service, "殡")
    service.store.hidden.hide("1")
    assert texts(service, "殡") == []


def test_members_texts_are_suggested_to_members_only(open_named: Open, tmp_path: Path) -> None:
    """Completions and corrections come from the audience's own views."""
    service = open_named("index")
    records = [
        article(
            str(n),
            f"题目{'甲乙丙丁'[n]}",
            "免费部分。\n一、蓝莓种植奖补办法\n按亩奖补蓝莓种植户。",
            preview="免费部分。",
        )
        for n in range(4)
    ]
    generations.rebuild(
        service, [write_source(tmp_path / "a.jsonl", records)], cleaning=ALL_CLEANING
    )
    request = SearchRequest(text="篮莓种植", mode=Mode.KEYWORD)
    for audience in (Audience.MEMBER, Audience.STAFF):
        assert "蓝莓种植奖补办法" in texts(service, "蓝莓", audience)
        assert search(service, request, audience).suggestions[0] == "蓝莓种植"
    assert texts(service, "蓝莓") == texts(service, "lanmei") == []
    assert search(service, request, Audience.PUBLIC).suggestions == ()


def test_an_index_without_a_vocabulary_can_be_searched(open_named: Open, tmp_path: Path) -> None:
    """Without a vocabulary there are no suggestions, but results."""
    service = open_named("index")
    source = write_source(tmp_path / "a.jsonl", [article("1", "殡葬改革", "推行节地生态安葬。")])
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    service.store.vocabularies.keep([])
    assert texts(service, "殡葬") == []
    assert suggested(service, "殡脏改革") == ()


def test_a_vocabulary_lives_as_long_as_its_generation(open_named: Open, tmp_path: Path) -> None:
    """A rollback restores that of the earlier generation; an index that doubled gets a new one."""
    service = open_named("index")
    old = write_source(tmp_path / "old.jsonl", [article("1", "殡葬改革通知", "节地生态安葬。")])
    new = write_source(tmp_path / "new.jsonl", [article("1", "河长制通知", "巡河护河。")])
    generations.rebuild(service, [old], cleaning=ALL_CLEANING)
    generations.rebuild(service, [new], cleaning=ALL_CLEANING)
    assert (texts(service, "殡葬"), texts(service, "河长")) == ([], ["河长制通知"])
    generations.rollback(service)
    assert (texts(service, "殡葬"), texts(service, "河长")) == (["殡葬改革通知"], [])
    more = [article(str(n), f"厕所革命{n}", "改厕。") for n in range(2, 5)]
    updates.add(service, [write_source(new, more)], cleaning=ALL_CLEANING)
    assert len(texts(service, "厕所革命")) == 3


@pytest.mark.elasticsearch
def test_both_engines_suggest_the_same(
    sample_service: SearchService, elasticsearch_url: str, tmp_path: Path
) -> None:
    """Both give the same completions and corrections, without hidden articles."""
    other = open_service(
        read_settings(
            engine=f"{elasticsearch_url}-{uuid.uuid4().hex[:8]}",
            state=f"sqlite:///{tmp_path}/state.sqlite3",
            model="none",
            engine_timeout=30,
        )
    )
    try:
        generations.rebuild(other, [SAMPLE], cleaning=ALL_CLEANING)
        for typed in ("小区", "营商", "yshj", "zhili", "工作", "的", "加强", "qzxv"):
            expected = complete(sample_service, typed, Audience.PUBLIC)
            assert complete(other, typed, Audience.PUBLIC) == expected
        for typed in ("营伤环境", "基层理治", "三吴小区", "垃圾分类", "人居环整治"):
            request = SearchRequest(text=typed, mode=Mode.KEYWORD)
            pages = [search(one, request, Audience.PUBLIC) for one in (other, sample_service)]
            assert pages[0].suggestions == pages[1].suggestions
        found = complete(other, "暖企安商", Audience.PUBLIC)
        hidden = [one.view.id for one in found if one.view]
        assert hidden
        for key in hidden:
            other.store.hidden.hide(key)
        assert [one for one in complete(other, "暖企安商", Audience.PUBLIC) if one.view] == []
    finally:
        other.close()


# --- did you mean --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("营伤环境", "营商环境"),
        ("基层冶理", "基层治理"),
        ("基层理治", "基层治理"),
        ("垃圾圾分类", "垃圾分类"),
        ("殡葬該革", "殡葬改革"),
        ("治理 三吴小区", "治理 三无小区"),
        ("-会议 三吴小区", "-会议 三无小区"),
    ],
)
def test_a_misspelling_is_corrected(sample_service: SearchService, typed: str, meant: str) -> None:
    """同音, 形近, 颠倒, 多字, in any script, among other words: the right one is first and has results."""
    suggestions = suggested(sample_service, typed)
    assert suggestions[0] == meant
    for text in suggestions:
        assert search(sample_service, SearchRequest(text=text), Audience.PUBLIC).total


@pytest.mark.parametrize(
    "text", ["垃圾分类", "营商环境", "小区没人管怎么办", "qzxjvw", "2024年", ""]
)
def test_correct_or_unknown_text_has_no_correction(
    sample_service: SearchService, text: str
) -> None:
    """Only misspellings are corrected."""
    assert suggested(sample_service, text) == ()


@given(TYPED, st.sampled_from(Mode))
def test_corrections_never_raise_and_always_have_results(
    sample_service: SearchService, typed: str, mode: Mode
) -> None:
    """At most three for any query, each different from it and with results."""
    page = search(sample_service, SearchRequest(text=typed, mode=mode, size=1), Audience.PUBLIC)
    assert len(page.suggestions) <= 3
    assert normalize(typed).strip() not in page.suggestions
    reader = sample_service.reader(Audience.PUBLIC)
    for text in page.suggestions:
        assert reader.totals(strict(parse(text, sample_service.analyzer))).total


@given(st.text(max_size=24))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_empty_vocabulary_corrects_nothing(typed: str) -> None:
    """There is no correction and no error."""
    nothing = Vocabulary([])
    spelling = Spelling(nothing, CompletionIndex(nothing).in_titles_or_headings)
    assert spelling.corrections(fold(typed)) == []


def test_a_correction_has_results_under_the_filters(sample_service: SearchService) -> None:
    """A correction must have results under the filters of the search, and in titles if it asks for these."""

    def offered(**asked: Any) -> tuple[str, ...]:
        request = SearchRequest(text="营伤环境", **asked)
        return search(sample_service, request, Audience.PUBLIC).suggestions

    meant = SearchRequest(text="营商环境", mode=Mode.KEYWORD)
    dates = [one.stored.view.date for one in search(sample_service, meant, Audience.PUBLIC).results]
    newest = max(date for date in dates if date)
    assert offered() == offered(title_only=True) == ("营商环境",)
    assert offered(filters=Filters(date_from=newest)) == ("营商环境",)
    assert offered(filters=Filters(date_from="2100")) == ()


def test_an_overlong_query_is_refused(sample_service: SearchService) -> None:
    """Corrections do not lift the length limit."""
    request = SearchRequest(text="长" * 201)
    with pytest.raises(BadInput):
        search(sample_service, request, Audience.PUBLIC)


@pytest.mark.slow
def test_most_misspelt_phrases_are_corrected(sample_service: SearchService) -> None:
    """Nine of ten phrases from titles, misspelt in four ways, are corrected; correct ones are unchanged."""
    samples = cases(sample_service, 15)
    assert len(samples) == 60
    assert sum(right(sample_service, case) for case in samples) >= 54
    assert sum(bool(suggested(sample_service, case.phrase)) for case in samples) <= 2


@pytest.mark.parametrize("text", ["文号：", "(营伤环境", "OR 营伤环境"])
def test_invalid_syntax_is_not_corrected(sample_service: SearchService, text: str) -> None:
    """A hint explains the syntax error; a correction would be of the wrong text."""
    page = search(sample_service, SearchRequest(text=text), Audience.PUBLIC)
    assert page.hints
    assert page.suggestions == ()


def test_a_phrase_in_no_text_is_compared_with_titles(open_named: Open, tmp_path: Path) -> None:
    """All its words and bigrams are known, yet one character is missing."""
    service = open_named("index")
    apart = "法人安全。安居。工程的决定。人才。"
    records = [
        {"id": "meant", "title": "人才安居工程的决定", "body": "人才安居。"},
        {"id": "a", "title": "法人安全", "body": f"{apart}人的安居工程，决定了。"},
        {"id": "b", "title": "法人安全", "body": f"{apart}人，安居工程，决定。"},
    ]
    generations.rebuild(
        service, [write_source(tmp_path / "articles.jsonl", records)], cleaning=ALL_CLEANING
    )
    misspelt = "人安居工程的决定"
    reader = service.reader(Audience.PUBLIC)
    assert reader.totals(strict(parse(misspelt, service.analyzer))).total
    assert not service.vocabulary(reader).spelling.has_unseen_bigram(misspelt)
    assert suggested(service, misspelt) == ("人才安居工程的决定",)
    assert suggested(service, "法人安全") == ()


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("count", [49, 50])
def test_a_correction_longer_than_a_query_fails_no_search(
    sample_service: SearchService, mode: Mode, count: int
) -> None:
    """Fifty misspellings with a missing character fill the limit; corrected, they exceed it."""
    misspellings = ["垃分类", "殡改革", "物服务", "安生产", "营环境"]
    typed = " ".join((misspellings * 10)[:count])
    assert len(typed) == 4 * count - 1

    page = search(sample_service, SearchRequest(text=typed, mode=mode), Audience.PUBLIC)

    assert all(len(text) <= MAX_QUERY for text in page.suggestions)


def test_a_broken_vocabulary_fails_no_search(open_named: Open, tmp_path: Path) -> None:
    """If the vocabulary cannot be read, the search is answered without suggestions."""
    service = open_named("a")
    source = write_source(tmp_path / "a.jsonl", [article("1", "垃圾分类的通知", "垃圾分类。")])
    generations.rebuild(service, [source], cleaning=ALL_CLEANING)
    with service.store._database.writing() as connection:
        connection.execute(sa.text("UPDATE vocabularies SET texts = x'00ff'"))

    for text, total in (("垃圾分类", 1), ("垃分类", 0)):
        page = search(service, SearchRequest(text=text, mode=Mode.KEYWORD), Audience.PUBLIC)
        assert (page.total, page.suggestions) == (total, ())
