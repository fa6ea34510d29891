"""Words rank; the phrase over bigrams misses no substring and invents none."""

import jieba
from hypothesis import given
from hypothesis import strategies as st

from analyzers.normalize import normalize
from analyzers.terms import HAN as HAN_CLASS
from analyzers.terms import Analyzer, bigrams, characters, exact_key, phrase
from tests.support.chinese import HAN, TEXT

ANALYZER = Analyzer()


def stands_in(needle: tuple[str, ...], stream: list[str]) -> bool:
    """Whether a phrase query would match."""
    size = len(needle)
    return any(tuple(stream[at : at + size]) == needle for at in range(len(stream) - size + 1))


@given(st.data(), TEXT, st.text(HAN, min_size=2, max_size=40), TEXT)
def test_every_substring_of_han_characters_is_found(
    data: st.DataObject, before: str, run: str, after: str
) -> None:
    """Any unbroken run of two or more Han characters of a text is a phrase of its terms."""
    start = data.draw(st.integers(0, len(run) - 2))
    end = data.draw(st.integers(start + 2, len(run)))
    assert stands_in(phrase(normalize(run[start:end])), bigrams(normalize(before + run + after)))


@given(st.text(HAN, min_size=2, max_size=6), TEXT)
def test_no_text_is_found_that_does_not_hold_the_run(run: str, text: str) -> None:
    """A phrase of Han characters matches only literal occurrences."""
    run, normalised = normalize(run), normalize(text)
    assert stands_in(phrase(run), bigrams(normalised)) == (run in normalised)


def test_a_run_does_not_reach_over_punctuation() -> None:
    """工作。作风 does not match 工作风."""
    assert not stands_in(phrase("工作风"), bigrams("加强工作。作风建设"))
    assert stands_in(phrase("作风建"), bigrams("加强工作。作风建设"))


@given(TEXT)
def test_terms_are_never_broken_by_the_whitespace_analyzer(text: str) -> None:
    """No term contains white space, and none is empty: fields are terms joined by spaces."""
    normalised = normalize(text)
    for term in (*bigrams(normalised), *ANALYZER.index_words(normalised), *phrase(normalised)):
        assert term.split() == [term]


@given(TEXT)
def test_query_words_stand_where_they_say(text: str) -> None:
    """The offsets of words fall on the text, in order and without overlap."""
    normalised = normalize(text)
    position = 0
    for token in ANALYZER.query_words(normalised):
        assert position <= token.start < token.end <= len(text)
        if ":" not in token.term:
            assert normalised[token.start : token.end].startswith(token.term)
        position = token.end


def test_rjieba_cuts_as_jieba_does() -> None:
    """jieba is the golden reference: on ordinary writing both give the same words."""
    texts = [
        "推进“三无小区”规范管理，不断提升小区治理水平",
        "各县（市、区）人民政府，市政府各部门：为深化放管服改革，现就有关事项通知如下",
        "持续优化营商环境，推动政务服务一网通办",
    ]
    golden = jieba.Tokenizer()
    for text in texts:
        normalised = normalize(text)
        words = {word for word in golden.cut_for_search(normalised) if len(word) > 1}
        assert words <= set(ANALYZER.index_words(normalised))
        assert Analyzer("jieba").index_words(normalised) == ANALYZER.index_words(normalised)


def test_the_fingerprint_tells_segmenters_apart() -> None:
    """Another segmenter has another fingerprint, so its index cannot be searched."""
    assert Analyzer("jieba").fingerprint != ANALYZER.fingerprint
    assert Analyzer().fingerprint == ANALYZER.fingerprint


@given(TEXT)
def test_exact_keys_forget_spaces_and_punctuation(text: str) -> None:
    """The key of a key is the key, and contains no space."""
    key = exact_key(text)
    assert exact_key(key) == key
    assert not any(character.isspace() for character in key)


def test_han_covers_names() -> None:
    """Rare characters of names and places are Han characters."""
    assert characters("䶮㛃𠀀々a。") == ["䶮", "㛃", "𠀀", "々"]
    assert HAN_CLASS


def test_a_character_behind_a_number_counts() -> None:
    """5号 is no phrase of 5个; 5号 and 5号文件 are phrases of 〔2024〕5号文件, spaced or not."""
    assert not stands_in(phrase("5号"), bigrams("共有5个村参加"))
    for text in ("第5号文件", "第 5 号文件", "国办发[2024]5号文件"):
        assert stands_in(phrase("号文件"), bigrams(text))
    assert stands_in(phrase("5号"), bigrams("第5号文件"))
    assert stands_in(phrase("5号文件"), bigrams("第 5 号文件"))
    assert stands_in(phrase("[2024]5号"), bigrams("国办发[2024]5号文件"))
