"""Nothing that can occur in a text or a query makes the analysis raise."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers import metadata, outline, references, relations, synonyms
from analyzers.folding import fold
from analyzers.normalize import normalize
from analyzers.pinyin import syllables
from analyzers.terms import Analyzer, bigrams, exact_key, phrase
from search_service.answers.snippets import marks, snippet
from search_service.intake.cleaning import clean, clean_head, clean_line
from search_service.intake.markup import text_of_html
from search_service.query.parsing import parse
from search_service.relevance import MAX_QUERY

ANALYZER = Analyzer()
# Every character with a numeric value in Unicode: all of them are in its first two planes.
NUMBERS = [c for c in map(chr, range(0x20000)) if unicodedata.category(c)[0] == "N"]
NUMERAL = st.text("零〇○一二两三四五六七八九十百千万亿廿卅元0123456789oO.,", max_size=40)
SIGN = st.sampled_from(
    "第条款项章节编年月日号度个名万亿元人附件至到百分之某×x□-~/%:：、。,;()[]{}<>《》〔〕（）【】"
    "\"“”'*#|&=?!…·"
)
WORD = st.sampled_from(
    [
        "同时废止",
        "根据《",
        "自",
        "起施行",
        "有效期",
        "关于",
        "的通知",
        "抄送：",
        "各位：",
        "附：",
        "附件1",
        "文号：",
        "市人民政府",
        "主任",
        "请登录",
        "OR ",
        "标题:",
        "起:",
        "止:",
        "文号:",
        "<!--",
        "-->",
        "<p>",
        "</p>",
        "<b ",
        "&#38;",
        "&amp;",
        "&#59",
        "第一条",
        "（一）",
        "1.",
        "2024年",
        "1月1日",
        "〔2024〕",
        "[!--page--]",
    ]
)
ODD = st.one_of(
    st.characters(min_codepoint=0x10000),
    st.characters(categories=["Mn", "Me", "Cc", "Cf", "Co", "Zs", "Zl", "Zp"]),
    st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF),
)
PIECE = st.one_of(st.sampled_from(NUMBERS), NUMERAL, SIGN, SIGN, WORD, ODD)
HOSTILE = st.lists(PIECE, max_size=40).map("".join)


@settings(max_examples=200, deadline=None)
@given(HOSTILE)
def test_no_text_makes_the_analysis_raise(text: str) -> None:
    """Normalising keeps the length, passages are the text again, and everything else ends."""
    normal = normalize(text)
    assert len(normal) == len(text)
    assert normalize(normal) == normal
    for reference in references.find(normal):
        assert 0 <= reference.start < reference.end <= len(text)
        assert all(len(term) < 64 for term in reference.terms)
    words = ANALYZER.index_words(normal)
    assert not any(" " in word for word in words)
    tokens = ANALYZER.query_words(normal)
    synonyms.find(normal, [(token.start, token.end) for token in tokens])
    for token in tokens:
        syllables(token.term)
    assert len(phrase(normal)) <= len(bigrams(normal))
    exact_key(text)
    assert "".join(text[one.start : one.end] for one in outline.split(text)) == text
    metadata.find(text, text)
    list(relations.find(normal))
    found = marks(text, normal.split(), words[:20])
    snippet(text, found, length=30)


@settings(max_examples=200, deadline=None)
@given(HOSTILE)
def test_no_query_is_too_odd_to_be_read(text: str) -> None:
    """Every query of the length allowed is understood as something."""
    query = parse(text[:MAX_QUERY], ANALYZER)
    assert all(len(word) <= 64 for word in query.words)


@settings(max_examples=200, deadline=None)
@given(HOSTILE, st.integers(0, 60))
def test_no_text_is_too_odd_to_be_cleaned(text: str, length: int) -> None:
    """Cleaning makes no text longer, whatever is in it."""
    assert len(clean(text, title=text[:10]).text) <= len(text)
    assert len(clean_head(text, length)) <= length
    assert "\n" not in clean_line(text).text
    text_of_html(text)


@pytest.mark.parametrize(
    ("text", "term"),
    [
        (
            "九千九百九十九万九千九百九十九亿九千九百九十九万九千九百九十九元",
            "num:9999999999999999元",
        ),
        ("999,999,999,999元", "num:999999999999元"),
        ("一亿二千万元", "num:120000000元"),
        ("四万万人", "num:400000000人"),
        ("第༡条", "no:1条"),
        ("收到申请１٢个", "num:12个"),
        ("参会𝟏𝟐人", "num:12人"),
    ],
)
def test_the_longest_numbers_and_digits_of_every_script_are_numbers(text: str, term: str) -> None:
    """Up to 10^16, in digits of any script or in numerals."""
    assert term in [one.terms[0] for one in references.find(fold(normalize(text)).text)]


@pytest.mark.parametrize(
    "text",
    [
        "一" + "亿" * 600 + "元",
        "一" * 5000 + "个",
        "1," * 3000 + "000元",
        "1" + ",000" * 2000 + "元",
        "百分之" + "九" * 99,
    ],
)
def test_numerals_without_end_are_no_number(text: str) -> None:
    """They are text, and found as such."""
    assert not any("num:" in term for one in references.find(text) for term in one.terms)
    assert ANALYZER.index_words(text)
