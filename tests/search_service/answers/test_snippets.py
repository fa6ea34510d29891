"""Marks and snippets are substrings of the source."""

from hypothesis import given
from hypothesis import strategies as st

from analyzers.normalize import normalize
from analyzers.terms import Analyzer
from search_service.answers.snippets import marks, snippet
from search_service.query.parsing import parse
from tests.support.chinese import HAN, TEXT

ANALYZER = Analyzer()


@given(TEXT, st.text(HAN, min_size=2, max_size=8), TEXT, st.integers(5, 80))
def test_marks_and_snippets_are_substrings_of_the_source(
    before: str, run: str, after: str, length: int
) -> None:
    """Each mark is a substring of the source, marks do not overlap, and a literal is always marked."""
    text = before + run + after
    query = parse(run, ANALYZER)
    found = marks(text, query.literals, query.words)
    assert any(start <= len(before) and end >= len(before) + len(run) for start, end in found)
    position = -1
    for start, end in found:
        assert position < start < end <= len(text)
        position = end
    shown = snippet(text, found, length=length)
    assert text[shown.start : shown.end] == shown.text
    assert len(shown.text) <= length
    assert shown.marks or found[0][1] - found[0][0] > length - length // 4
    for start, end in shown.marks:
        assert 0 <= start < end <= len(shown.text)
        assert (start + shown.start, end + shown.start) in found


def test_marks_are_in_the_form_of_the_text() -> None:
    """A simplified query marks the traditional text, and another bracket the same 文号."""
    text = "關於三無小區治理的通知（国办发【2024】5号）"
    found = marks(text, ("三无小区",), ())
    assert [text[start:end] for start, end in found] == ["三無小區"]
    query = parse("国办发〔2024〕5号", ANALYZER)
    found = marks(text, query.literals, query.words)
    assert [text[start:end] for start, end in found] == ["国办发【2024】5号"]


def test_digits_are_marked_as_whole_tokens() -> None:
    """5 is not marked inside 2025."""
    text = "2025年5月"
    assert marks(text, ("5",), ()) == ((5, 6),)


def test_occurrences_that_overlap_are_all_marked() -> None:
    """人人人 contains 人人 twice: one mark over the three."""
    assert marks("要让人人人尽其才", ("人人",), ()) == ((2, 5),)


def test_a_snippet_of_a_long_text_contains_its_marks() -> None:
    """The snippet contains the mark, however deep in the text."""
    text = "一二三四五六七八九。" * 40 + "接诉即办工作。" + "十" * 300
    shown = snippet(text, marks(text, ("接诉即办",), ()), length=60)
    assert [shown.text[a:b] for a, b in shown.marks] == ["接诉即办"]
    assert normalize(shown.text) in normalize(text)


def test_a_snippet_reaches_a_mark_inside_a_long_sentence() -> None:
    """If no sentence starts near the mark, the snippet starts a little before it."""
    text = "各部门" + "、各部门" * 60 + "要落实接诉即办" + "、各部门" * 60
    shown = snippet(text, marks(text, ("接诉即办",), ()), length=60)
    ((start, end),) = shown.marks
    assert shown.text[start:end] == "接诉即办"
    assert 10 <= start <= 20  # some context before the mark, more after it
    assert len(shown.text) == 60
