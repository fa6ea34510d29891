"""What only looks different is the same in terms, and every span leads back to the text."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers import lexicon
from analyzers.folding import Edit, fold, fold_words, join_spaced
from analyzers.normalize import normalize
from analyzers.terms import Analyzer, bigrams, phrase
from tests.analyzers.test_terms import stands_in
from tests.support.chinese import HAN, TEXT

ANALYZER = Analyzer()
BLANK = st.text(" \u00a0\u2009\u3000", min_size=1, max_size=2)
INVISIBLE = "\u200b\u200c\u200d\u200e\u2060\ufeff\u00ad\ufe0f\U000e0100"
ODD = st.text(st.sampled_from(INVISIBLE + "Ⅳ㎡㎏著瞭m2°c12,000王 磊　。"), max_size=30)


def found(typed: str, text: str) -> bool:
    """Whether a phrase query of the typed text matches the text."""
    return stands_in(phrase(normalize(typed)), bigrams(normalize(text)))


def edited(text: str, edits: Iterable[Edit], first: int, last: int) -> str:
    """The part of the text with the edits that lie in it, by hand."""
    for start, end, new in sorted(edits, reverse=True):
        if first <= start and end <= last:
            text = text[:start] + new + text[end:]
            last += len(new) - (end - start)
    return text[first:last]


@given(st.lists(st.one_of(TEXT, ODD), max_size=4).map("".join), st.data())
def test_spans_lead_back_to_the_text(text: str, data: st.DataObject) -> None:
    """A part of the folded text comes from the part of the text that its span names, in order."""
    normalised = normalize(text)
    folded = fold(normalised)
    assert len(folded.text) == len(fold_words(normalised).text)
    assert folded.span(0, len(folded.text))[1] <= len(text)
    start = data.draw(st.integers(0, len(folded.text)))
    end = data.draw(st.integers(start, len(folded.text)))
    first, last = folded.span(start, end)
    if start < end:
        assert 0 <= first < last <= len(text)
        assert folded.text[start:end] in edited(normalised, folded.edits, first, last)
        assert folded.positions([first])[0] <= start < end
    assert folded.positions([0, len(text)]) == [0, len(folded.text)]


@given(st.lists(st.one_of(TEXT, ODD), max_size=4).map("".join))
def test_a_part_of_a_long_text_is_folded_as_a_short_one(text: str) -> None:
    """Texts of some length are looked up in a table."""
    short, long = normalize(text), normalize(f"{'。' * 200}\n{text}")
    assert fold(long).text[201:] == fold(short).text
    assert fold_words(long).text[201:] == fold_words(short).text


@given(st.text(HAN, min_size=2, max_size=12), BLANK, TEXT)
def test_blanks_between_single_characters_do_not_count(name: str, blank: str, around: str) -> None:
    """A name is found however wide its characters are set apart, of which the query may have blanks, too."""
    spaced = blank.join(name)
    assert found(name, f"{around}，{spaced}。{around}")
    assert join_spaced(f"{spaced}，") == f"{name}，"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("主 任：钱 塘 北区 主任", "主任:钱塘 北区 主任"),
        ("钱 塘    孙 沧", "钱塘    孙沧"),
        ("教育 卫生 水 养老", "教育 卫生 水 养老"),
        ("钱\n塘", "钱\n塘"),
        ("三 月 九 日", "三月九日"),
        ("48,500元、1,234,567件", "48500元、1234567件"),
        ("为12,34,567和2024,100", "为12,34,567和2024,100"),
        ("Ⅷ级、㏄、№7", "viii级、cc、no7"),
        ("80㎡、80m2、80 m²、9km2、M2", "80平方米、80平方米、80 平方米、9平方公里、m2"),
        ("①⒈½…℃", "①⒈½…℃"),
        ("12°C", "12℃"),
        ("钱\u200b塘\ufe00江", "钱塘江"),
    ],
)
def test_what_is_folded(text: str, folded: str) -> None:
    """Names and dates are joined, lists of words are not; headings and punctuation stay."""
    assert fold(normalize(text)).text == folded


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("\u2ea0意\u2ed3河\u2edb口", "民意长河风口"),
        ("\u2f2f\u2f08", "工人"),
        ("Ⅱ类水质", "II类水质"),
        ("占地300㎡", "占地300平方米"),
        ("占地300m²", "占地300㎡"),
        ("跟著", "跟着"),
        ("瞭解", "了解"),
        ("乾燥", "干燥"),
        ("答覆", "答复"),
        ("沈澱", "沉淀"),
        ("狼藉", "狼藉"),
    ],
)
def test_look_alikes_find_each_other(written: str, typed: str) -> None:
    """A character and one that looks or reads the same are one, both ways; so are their words."""
    assert found(typed, f"关于{written}的函")
    assert found(written, f"关于{typed}的函")
    words = {token.term for token in ANALYZER.query_words(normalize(typed))}
    assert words <= set(ANALYZER.index_words(normalize(f"关于{written}的函")))


@given(st.text(HAN, min_size=1, max_size=6), st.text(HAN, min_size=1, max_size=6), TEXT)
def test_every_part_around_an_ambiguous_character_is_found(
    before: str, after: str, around: str
) -> None:
    """著 is 着 or not by its word, and yet the part that begins with it finds the text."""
    for character in "著瞭覆沈藉":
        text = f"{around}{before}{character}{after}{around}"
        assert found(character + after, text)
        assert found(before + character, text)


def test_a_word_tells_what_an_ambiguous_character_is() -> None:
    """著名 and 覆盖 are words as they are; 沿著 and 函覆 are 沿着 and 函复."""
    for text in ("著名", "显著", "专著", "覆盖", "沈阳", "瞭望", "有著名学者"):
        assert fold_words(text).text == text
    assert fold_words(normalize("沿著餅乾，函覆瞭解")).text == "沿着饼干,函复了解"


@given(st.text(HAN, min_size=2, max_size=10), st.sampled_from(INVISIBLE), TEXT)
def test_invisible_characters_do_not_count(word: str, invisible: str, around: str) -> None:
    """A word with invisible characters is found without, and the other way round."""
    hidden = invisible.join(word)
    assert found(word, f"{around}，{hidden}。")
    assert found(hidden, f"{around}，{word}。")
    assert join_spaced(hidden) == word


# A character -> those that are one with it, of which some text may have any.
VARIANTS: dict[str, list[str]] = {}
for one, plain in (*lexicon.traditional().items(), *lexicon.radicals().items()):
    if normalize(one) == plain and len(plain) == 1:  # 著 is 着 only in some words
        VARIANTS.setdefault(plain, []).append(one)
VARIED = sorted(one for one in VARIANTS if normalize(one) == one)


@given(st.lists(st.sampled_from(VARIED), min_size=2, max_size=8), st.data(), TEXT)
def test_traditional_characters_and_radicals_find_simplified_ones(
    plain: list[str], data: st.DataObject, around: str
) -> None:
    """Each may be written in any of its forms, in the text and in the query."""
    written = "".join(data.draw(st.sampled_from([one, *VARIANTS[one]])) for one in plain)
    typed = "".join(plain)
    assert found(typed, f"{around}，{written}。{around}")
    assert found(written, f"{around}，{typed}。{around}")


@given(
    st.text("ABCDEFGHISOTVWX", min_size=1, max_size=4),
    st.integers(1, 99999),
    st.sampled_from(["", " ", "\u3000"]),
    st.sampled_from(["", " "]),
)
def test_letters_and_digits_are_found_glued_and_apart(
    letters: str, number: int, written: str, typed: str
) -> None:
    """ISO 9001 is ISO9001, in full width, too; the letters alone are found in either."""
    text = f"符合{letters}{written}{number}标准，装机{number}{written}{letters}。"
    for query in (f"{letters}{typed}{number}", f"{number}{typed}{letters}", letters):
        assert found(query, text)
        assert found("".join(chr(ord(c) + 0xFEE0) if c != " " else c for c in query), text)
