"""Synonyms are matched as whole words, and the list has the format that its header describes."""

from collections import Counter

import pytest

from analyzers import lexicon
from analyzers.normalize import normalize
from analyzers.synonyms import find
from analyzers.terms import Analyzer, phrase

ANALYZER = Analyzer()


def found(text: str) -> dict[str, tuple[str, ...]]:
    """The words with synonyms of a text."""
    words = [(token.start, token.end) for token in ANALYZER.query_words(text)]
    return {text[one.start : one.end]: one.synonyms for one in find(text, words)}


def test_the_list_is_in_order() -> None:
    """300 groups or more, each form in one group, in normal form, and something to look for."""
    groups = {frozenset((word, *others)) for word, others in lexicon.synonyms().items()}
    assert len(groups) >= 300
    counts = Counter(word for group in groups for word in group)
    assert [word for word, count in counts.items() if count > 1] == []
    assert [word for word in counts if normalize(word) != word or not phrase(word)] == []
    assert all(len(group) > 1 for group in groups)


def test_everyday_words_are_in_order() -> None:
    """Two thousand or more, each once and in no other list, in normal form, with an official word."""
    lines = [line.split("\t") for line in lexicon._lines("everyday.tsv")]
    words = [word for words, *_ in lines for word in words.split(" ")]
    assert len(words) >= 2000
    assert [word for word, count in Counter(words).items() if count > 1] == []
    assert set(words).isdisjoint(lexicon.synonyms())
    every = {*words, *(one for _, *official in lines for one in official)}
    assert [word for word in every if not word or normalize(word) != word] == []
    assert all(lexicon.everyday().values())


def test_an_everyday_word_has_official_ones_and_not_the_other_way_round() -> None:
    """Who asks in everyday words wants what is written in official ones; not so who knows those."""
    assert "出租人" in found("房东涨租")["房东"]
    assert "出租人" not in found("出租人涨租")


def test_official_words_are_not_extended_as_abbreviations_are() -> None:
    """What the segmenter joins to an everyday word is no part of the official one, as of an abbreviation."""
    assert "高空抛物" in found("楼上总往下扔东西")["总往下扔"]
    assert "县人力资源和社会保障局" in found("县人社局")["县人社局"]


def test_a_word_of_one_character_is_an_entry_where_it_is_a_word() -> None:
    """狗 is one in 狗咬人, not in 热狗."""
    assert "养犬" in found("狗 咬人")["狗"]
    assert not {"狗"} & set(found("热狗"))


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        ("市监局", "市场监督管理局"),
        ("人社厅", "人力资源和社会保障厅"),
        ("发改委", "发展和改革委员会"),
        ("住建局", "住房和城乡建设局"),
        ("城管委", "城市管理委员会"),
        ("卫健委", "卫生健康委员会"),
        ("规自局", "规划和自然资源局"),
        ("自规局", "自然资源和规划局"),
        ("退役局", "退役军人事务局"),
        ("应急厅", "应急管理厅"),
        ("工信局", "工业和信息化局"),
        ("民宗委", "民族宗教事务委员会"),
        ("人防办", "人民防空办公室"),
        ("河长办", "河长制办公室"),
        ("房管局", "房产管理局"),
    ],
)
@pytest.mark.parametrize("level", ["", "省", "市", "县", "区", "清源县"])
def test_an_abbreviated_organ_has_its_name_at_every_level(
    short: str, whole: str, level: str
) -> None:
    """Whether or not the segmenter joins the level to the abbreviation."""
    text = level + short
    ((words, others),) = found(text).items()
    assert level + whole in [text.replace(words, other) for other in others]


@pytest.mark.parametrize("text", ["区纪委", "市纪委", "省纪委", "县纪委"])
def test_a_committee_for_discipline_has_its_name(text: str) -> None:
    """It is one of a level only: 中央纪委 has names of its own."""
    assert found(text)[text] == (f"{text[0]}纪律检查委员会",)


@pytest.mark.parametrize("word", ["人社局", "发改委", "住建局", "卫健委", "放管服", "公租房"])
@pytest.mark.parametrize(
    "text", ["{}", "全市{}工作会议", "关于进一步加强{}建设的意见", "县{}的通知"]
)
def test_a_synonym_is_found_in_any_context(word: str, text: str) -> None:
    """However the segmenter cuts around it, the synonym replaces it within the same words."""
    ((whole, others),) = found(text.format(word)).items()
    assert word in whole
    beside = whole.partition(word)
    assert others
    for other in others:  # 市发改委 is an entry of its own
        assert other.startswith(beside[0].removesuffix("市"))
        assert other.endswith(beside[2])
        assert any(synonym in other for synonym in lexicon.synonyms()[word])


def test_the_longest_entry_wins() -> None:
    """国家发改委 is one word, not 发改委 in 国家."""
    assert list(found("国家发改委")) == ["国家发改委"]


@pytest.mark.parametrize("text", ["两会计师", "社区政府购买", "优化营商环境", ""])
def test_part_of_another_word_is_none(text: str) -> None:
    """An entry that crosses a word boundary is extended to whole words, and so is its synonym."""
    for whole, others in found(text).items():
        assert all(whole[0] == other[0] and len(whole) > 3 for other in others)
    assert not {"两会", "区政府"} & set(found(text))
