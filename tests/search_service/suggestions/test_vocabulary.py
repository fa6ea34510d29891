"""What a vocabulary contains, in which order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search_service.suggestions.vocabulary import (
    Entry,
    Inventory,
    Kind,
    Text,
    TextIndices,
    fold,
    fold_all,
)

TEXTS = [
    Text(Kind.TITLE, "甲通知", "jia tong zhi"),
    Text(Kind.TITLE, "乙通知", "yi tong zhi"),
    Text(Kind.TITLE, "丙通知", "bing tong zhi"),
    Text(Kind.HEADING, "总则", "zong ze"),
    Text(Kind.TERM, "安葬", "an zang"),
    Text(Kind.TERM, "巡河", "xun he"),
    Text(Kind.TERM, "清淤", "qing yu"),
]
# Article -> the texts that it contains, and its date.
ARTICLES = {
    "3": ([0, 3, 5], "2024-03"),
    "1": ([0, 3, 4, 5], "2022"),
    "2": ([1, 4, 5, 6], "2023"),
    "4": ([2, 4], ""),
}

PAIRS = [("安葬", "巡河"), ("巡河", "清淤"), ("清淤", "护堤"), ("护堤", "清淤")]


def entries(*hidden: str) -> list[Entry]:
    """The entries without the hidden articles."""
    by_article = {
        id: TextIndices(np.array(indices, dtype=np.uint32), date)
        for id, (indices, date) in ARTICLES.items()
    }
    return list(Inventory(TEXTS, by_article).vocabulary(hidden).entries)


def test_titles_are_sorted_by_date_and_words_by_frequency() -> None:
    """A title of two articles has the newer date; terms and headings need two articles."""
    assert entries() == [
        Entry(Kind.TITLE, "甲通知", 2, "jia tong zhi", "1"),
        Entry(Kind.TITLE, "乙通知", 1, "yi tong zhi", "2"),
        Entry(Kind.TITLE, "丙通知", 1, "bing tong zhi", "4"),
        Entry(Kind.HEADING, "总则", 2, "zong ze", "1"),
        Entry(Kind.TERM, "安葬", 3, "an zang", "1"),
        Entry(Kind.TERM, "巡河", 3, "xun he", "1"),
    ]


def test_hidden_articles_do_not_count() -> None:
    """Neither their texts, nor their date, nor in the number of articles."""
    assert entries("3", "4") == [
        Entry(Kind.TITLE, "乙通知", 1, "yi tong zhi", "2"),
        Entry(Kind.TITLE, "甲通知", 1, "jia tong zhi", "1"),
        Entry(Kind.TERM, "安葬", 2, "an zang", "1"),
        Entry(Kind.TERM, "巡河", 2, "xun he", "1"),
    ]
    assert [entry.text for entry in entries("1") if entry.kind is Kind.TERM] == ["安葬", "巡河"]
    assert entries(*ARTICLES) == []


@given(st.lists(st.text() | st.text("ＡbC_ 。\n\r\u2028國国１①", max_size=6)))
def test_many_texts_are_folded_like_each(texts: list[str]) -> None:
    """Whatever they contain: line breaks above all, which stand between them meanwhile."""
    assert fold_all(texts) == [fold(text) for text in texts]


@given(st.lists(st.sets(st.integers(0, 7)), max_size=8), st.sets(st.integers(0, 7)))
def test_a_phrase_counts_the_articles_with_both_words(
    contained: list[set[int]], hidden: set[int]
) -> None:
    """If two visible articles have it in a title or heading; not the hidden articles."""
    words = ["安葬", "巡河", "清淤", "护堤"]
    texts = [Text(Kind.TITLE, "甲通知", "")]
    texts += [Text(Kind.TERM, word, "") for word in words]
    texts += [Text(Kind.PHRASE, f"{one} {other}", "") for one, other in PAIRS]
    by_article = {
        str(number): TextIndices(np.array([0, *(one + 1 for one in sorted(indices))], np.uint32))
        for number, indices in enumerate(contained)
    }
    away = {str(number) for number in hidden}
    vocabulary = Inventory(texts, by_article).vocabulary(away)
    found = {one.text: one.count for one in vocabulary.of(Kind.PHRASE)}
    visible = [one for number, one in enumerate(contained) if number not in hidden]
    expected = {}
    for place, (one, other) in enumerate(PAIRS):
        titles = sum(4 + place in indices for indices in visible)
        both = sum({words.index(one), words.index(other)} <= indices for indices in visible)
        if titles >= 2:
            expected[one + other] = max(titles, both)
    assert found == expected
