"""Corrections of misspelt text, over a small vocabulary."""

from collections.abc import Iterator

import pytest

from analyzers.pinyin import readings, syllables
from analyzers.terms import Analyzer
from search_service.suggestions.completion import CompletionIndex
from search_service.suggestions.spelling import LENGTHS, Spelling
from search_service.suggestions.vocabulary import Entry, Kind, Vocabulary

ANALYZER = Analyzer()
PHRASES = [
    *["垃圾分类", "营商环境", "殡葬改革", "老旧小区改造", "森林防火", "河长制"],
    *["物业服务企业", "安全生产责任", "乡村振兴战略", "政务公开", "招商引资", "生态文明建设"],
    *["耕地保护", "公共卫生", "社会保障", "应急管理", "环境保护", "行政审批"],
]


def spelling_of(*entries: tuple[Kind, str, int]) -> Spelling:
    """The spelling of a vocabulary of (kind, text, number of articles)."""
    vocabulary = Vocabulary(
        [Entry(kind, text, count, " ".join(syllables(text)), "1") for kind, text, count in entries]
    )
    return Spelling(vocabulary, CompletionIndex(vocabulary).in_titles_or_headings)


@pytest.fixture(scope="module")
def spelling() -> Spelling:
    """Titles of one article each that contain the phrases, and the words of the phrases as terms."""
    words = {token.term for phrase in PHRASES for token in ANALYZER.query_words(phrase)}
    return spelling_of(
        *((Kind.TITLE, f"{phrase}工作方案", 1) for phrase in PHRASES),
        *((Kind.TERM, word, 5) for word in sorted(words) if len(word) > 1),
    )


def misspellings(phrase: str) -> Iterator[str]:
    """The phrase with each slip at each place: missing, double, swapped, a character of the same sound."""
    characters = sorted(set("".join(PHRASES)))
    for index, character in enumerate(phrase):
        before, after = phrase[:index], phrase[index + 1 :]
        if before and after:
            yield before + after
        yield f"{before}{character}{character}{after}"
        if after and after[0] != character:
            yield f"{before}{after[0]}{character}{after[1:]}"
        for other in characters:
            if other != character and readings(other) & readings(character):
                yield f"{before}{other}{after}"


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_slip_in_a_phrase_is_corrected(spelling: Spelling, phrase: str) -> None:
    """Wherever the slip is, the phrase is the first correction, and none repeats the slip."""
    tried = 0
    for misspelt in misspellings(phrase):
        if not spelling.contains(misspelt):
            found = spelling.corrections(misspelt)
            assert found[0] == phrase
            assert misspelt not in found
            assert len(set(found)) == len(found)
            assert spelling.corrections(misspelt, limit=1) == [phrase]
            tried += 1
    assert tried >= 2 * len(phrase)


@pytest.mark.parametrize(
    "text",
    [
        *PHRASES,
        "垃圾",  # a term
        "改造工作",  # part of a title
        "圾",
        "abcd",
        "饕餮",
        "营伤环境" * 7,
        "谁管垃圾分内",
    ],
)
def test_known_hopeless_or_long_text_has_no_correction(spelling: Spelling, text: str) -> None:
    """Nor has a question, unless the correction is in the vocabulary as a whole."""
    assert spelling.corrections(text) == []


def test_the_length_limits_are_inclusive(spelling: Spelling) -> None:
    """Text of the least and the greatest length is corrected, longer text is not."""
    longest = "老旧小区改造物业服务企业安全生产责任乡村振兴战略"
    assert len(longest) == LENGTHS[-1]
    misspelt = longest.replace("战略", "站略")
    assert spelling.corrections(misspelt)[0] == longest
    assert spelling.corrections("保户") == ["保护"]
    assert spelling.corrections(f"老{misspelt}") == []


@pytest.mark.parametrize(
    ("misspelt", "expected"),
    [
        ("公是", ["公示", "公式"]),  # the more frequent one first
        ("公示烂", ["公示栏"]),  # looks like it
        ("公是栏", ["公示栏"]),  # a term as a whole
    ],
)
def test_likelier_corrections_come_first(misspelt: str, expected: list[str]) -> None:
    """More frequent words and those in titles come before others."""
    spelling = spelling_of(
        (Kind.TITLE, "公示栏管理办法", 1),
        (Kind.TERM, "公示", 90),
        (Kind.TERM, "公式", 20),
        (Kind.TERM, "栏", 10),
        (Kind.TERM, "公示栏", 9),
    )
    assert spelling.corrections(misspelt)[: len(expected)] == expected


@pytest.mark.parametrize(
    ("text", "unseen"),
    [
        ("营伤环境", True),
        ("营商环保", True),
        ("营商环境", False),
        ("环境", False),
        ("工作方", False),
        ("圾分", False),
        ("营商abc", False),
        ("圾", False),
        ("营伤" * 13, False),
    ],
)
def test_characters_that_are_nowhere_neighbours_are_noticed(
    spelling: Spelling, text: str, *, unseen: bool
) -> None:
    """Only in Chinese text of the lengths that are corrected."""
    assert spelling.has_unseen_bigram(text) is unseen
