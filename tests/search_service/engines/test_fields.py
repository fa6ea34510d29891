"""The terms of each field follow from the view and the words of a record."""

from analyzers.relations import ENDED
from search_service.engines.fields import fields_of, words_of
from search_service.model import Field
from tests.support.sample_records import record


def test_title_and_text_are_searched_together_and_the_title_alone() -> None:
    """Words in the order of title and passages; bigrams and characters of the normal form."""
    article = record("A1", "防汛 預案", "汛期 值班 。", "", "值班 制度")
    assert fields_of(article) == {
        Field.WORDS: "防汛 預案 汛期 值班 。 值班 制度",
        Field.BIGRAMS: "防汛 汛预 预案 案 汛期 期值 值班 班 值班 班制 制度 度",
        Field.CHARACTERS: "防 汛 预 案 期 值 班 制 度",
        Field.TITLE_WORDS: "防汛 預案",
        Field.TITLE_BIGRAMS: "防汛 汛预 预案 案",
        Field.TITLE_CHARACTERS: "防 汛 预 案",
    }
    assert words_of(article) == fields_of(article)[Field.WORDS]


def test_what_is_no_longer_in_force_is_marked() -> None:
    """By its status; the mark is a word that no text has."""
    ended = record("A1", "防汛 预案", "汛期 值班 。", status="已废止")
    assert words_of(ended).split()[-1] == ENDED
    assert ENDED not in words_of(record("A1", "防汛 预案", "汛期 值班 。", status="有效"))
