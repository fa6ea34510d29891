"""Words rank; the phrase over bigrams misses no substring and invents none."""

import jieba
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.folding import HAN as HAN_CLASS
from analyzers.folding import fold, fold_words
from analyzers.normalize import normalize
from analyzers.terms import Analyzer, bigrams, characters, exact_key, phrase
from search_service.answers.snippets import ScannedText
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
    literally = fold(run).text in fold(normalised).text
    assert stands_in(phrase(run), bigrams(normalised)) == literally


# Numbers as they are typed, with what may stand behind them.
WHOLE = st.integers(0, 10**7).map(str)
NUMBER = st.one_of(
    WHOLE,
    st.builds("{}.{}".format, st.integers(0, 2000), st.integers(0, 99)),
    st.integers(1000, 10**9).map("{:,}".format),
)
UNIT = st.sampled_from(["", "%", "‰", "℃", "万元", "个", "MW", " %"])
SIGN = st.sampled_from(["", "-", "−", "－"])


def value(number: str) -> str:
    """A number without the commas of its thousands."""
    return number.replace(",", "")


@given(st.lists(st.tuples(SIGN, NUMBER, UNIT), min_size=1, max_size=6), SIGN, NUMBER, UNIT)
def test_a_number_finds_the_texts_that_hold_it(
    held: list[tuple[str, str, str]], sign: str, number: str, unit: str
) -> None:
    """A number with its sign and unit is found where it stands, and in no other number."""
    text = "；".join(f"其值：{''.join(one)}" for one in held)
    terms = bigrams(normalize(text))
    for one in held:
        assert stands_in(phrase(normalize("".join(one))), terms)
    wanted = any(
        value(number) == value(other)
        and (not sign or there)
        and unit.strip() in ("", other_unit.strip())
        for there, other, other_unit in held
    )
    assert stands_in(phrase(normalize(sign + number + unit)), terms) == wanted


@pytest.mark.parametrize(
    ("typed", "text", "found"),
    [
        ("6", "占6.25%，比16、61多", False),
        ("25", "占6.25%", False),
        ("6.2", "占6.25%", False),
        ("6.25", "占6.25%", True),
        ("2.7", "见2.7.1和12.7、2.71", False),
        ("7", "见2.7.1", True),
        ("7", "2024.7.15印发", True),
        ("-3.2%", "增速为−3.2%", True),
        ("-3.2%", "增速3.2%，占1.5-3.2%", False),
        ("-8", "水位（-8米）", True),
        ("-8", "5-8月、B-8、第5—8条、神舟-8", False),
        ("kW", "装机45kW", True),
        ("45kW", "装机 45 kW", True),
        ("ISO14001", "通过ISO 14001认证", True),
        ("ISO 14001", "通过ISO14001认证", True),
        ("GB8978", "执行GB 8978—1996", True),
        ("207国道", "G207国道改线", True),
        ("12", "代码9133MA12XY，型号A2B12C", False),
        ("9133MA12XY", "代码9133MA12XY", True),
        ("C++", "学习C、C类和C+语言", False),
        ("C++", "学习C++语言", True),
        ("C", "学习C++语言", True),
        ("C#", "学习C语言", False),
        (".NET", "域名abc.net和NET", False),
        (".NET", "使用.NET平台", True),
        ("1/4", "比例1:4，第1—4条", False),
        ("1/4", "占1/4", True),
        ("B3071", "编号B3071。", True),
        ("2024", "2.2024年工作", True),
    ],
)
def test_numbers_and_letters_glued_and_apart(typed: str, text: str, found: bool) -> None:  # noqa: FBT001
    """A number is one term with its decimals; letters and digits are found glued and apart."""
    normalised = normalize(text)
    assert stands_in(phrase(normalize(typed)), bigrams(normalised)) == found
    if not found:
        words = {token.term for token in ANALYZER.query_words(normalize(typed))}
        assert not words <= set(ANALYZER.index_words(normalised))


def test_a_run_does_not_reach_over_punctuation() -> None:
    """工作。作风 does not match 工作风."""
    assert not stands_in(phrase("工作风"), bigrams("加强工作。作风建设"))
    assert stands_in(phrase("作风建"), bigrams("加强工作。作风建设"))


@pytest.mark.parametrize("typed", ["5号", "王磊", "25", "3月", "2024年", "工作风"])
def test_a_run_does_not_reach_into_the_next_cell(typed: str) -> None:
    """Each part of it is found in its cell, the whole in none."""
    text = "5\t号\n王\t磊\n2\t5\n3\t月\n2024\t年\n工作\t风\n3.5\t%"

    assert not stands_in(phrase(normalize(typed)), bigrams(text))
    assert not ScannedText(text).contains_literal(normalize(typed))
    for cell in ("5", "2024", "工作", "3.5"):
        assert stands_in(phrase(cell), bigrams(text))


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
            part = fold_words(normalised[token.start : token.end]).text
            assert part.startswith(token.term)
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


@pytest.mark.parametrize("segmenter", ["rjieba", "jieba"])
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("青源县规划", ["青源县"]),  # in no dictionary
        ("去庆阳县", ["庆阳县"]),
        ("王磊同志", ["王磊"]),
        ("三无小区", []),
        ("城市绿化", []),
        ("生态环境部", []),
        ("", []),
    ],
)
def test_names_of_places_and_persons_are_guessed(
    segmenter: str, text: str, names: list[str]
) -> None:
    """By the dictionary, by 县 and the like after a short word, and by surnames."""
    spans = Analyzer(segmenter).names(text)
    assert [text[start:end] for start, end in spans] == names
