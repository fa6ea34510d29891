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
