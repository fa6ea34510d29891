"""Text as typed becomes chunks; no text raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.terms import Analyzer
from search_service import relevance
from search_service.errors import BadInput
from search_service.model import AnyOf, AtLeast, Field, Phrase, WeightedTerm
from search_service.query.matching import idf, relaxed, strict
from search_service.query.parsing import parse
from search_service.query.scoring import rank
from tests.support.chinese import TEXT

ANALYZER = Analyzer()


@given(
    st.one_of(TEXT, st.text(max_size=150)).map(lambda text: text[: relevance.MAX_QUERY]),
    st.booleans(),
)
def test_no_query_raises(text: str, title_only: bool) -> None:  # noqa: FBT001  (drawn by Hypothesis)
    """Any text parses and yields clauses and ranking terms."""
    query = parse(text, ANALYZER, title_only=title_only)
    strict(query)
    rank(query)
    relaxed(query, {}, 10)


def test_a_query_over_the_limit_is_refused_with_both_lengths() -> None:
    """The message for 201 characters has the length and the limit."""
    with pytest.raises(BadInput, match=r"201.*200") as caught:
        parse("查" * 201, ANALYZER)
    assert "q" in caught.value.field_errors


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("优化营商环境", ["优化营商环境"]),
        ("小区 治理", ["小区", "治理"]),
        ("小区，治理；物业", ["小区", "治理", "物业"]),
        ("“三无小区”治理", ["三无小区", "治理"]),
        ('"最多跑一次" 改革', ["最多跑一次", "改革"]),
        ("「接訴即辦」", ["接诉即办"]),
        ("国办发 〔2024〕 5 号", ["国办发[2024]5号"]),
        ("。，！", []),
    ],
)
def test_chunks(typed: str, texts: list[str]) -> None:
    """Spaces, punctuation and quotes of every shape separate chunks; a 文号 stays whole."""
    assert [chunk.text for chunk in parse(typed, ANALYZER).chunks] == texts


def test_a_quoted_chunk_matches_literally_only() -> None:
    """A quoted chunk is a phrase, not a set of words."""
    query = parse("“优化营商环境”", ANALYZER)
    (clause,) = strict(query).clauses  # type: ignore[union-attr]  # All of one chunk
    assert isinstance(clause, Phrase)


@pytest.mark.parametrize(
    ("typed", "is_question"),
    [
        ("小区没人管怎么办", True),
        ("夫妻一方经营个体工商户所欠债务，谁偿还？", True),
        ("小区 停车 收费 管理 办法", False),
        ("优化营商环境", False),
        ("“优化营商环境实施方案”", False),
        ("国办发〔2024〕12号", False),
    ],
)
def test_a_long_chunk_is_a_question(
    typed: str,
    is_question: bool,  # noqa: FBT001  (a parameter of the test)
) -> None:
    """Keywords are short or separated; quotes and 文号 are no questions."""
    assert parse(typed, ANALYZER).is_question is is_question


def test_a_repeated_word_counts_twice() -> None:
    """The weights are doubled; words weigh more than bigrams, bigrams more than characters."""
    weights = {
        (one.field, one.value): one.weight
        for one in rank(parse("物业 物业", ANALYZER))
        if isinstance(one, WeightedTerm)
    }
    assert weights[Field.WORDS, "物业"] == 2 * relevance.WORDS
    assert weights[Field.BIGRAMS, "物业"] == 2 * relevance.BIGRAMS
    assert weights[Field.CHARACTERS, "业"] == 2 * relevance.CHARACTERS
    assert relevance.WORDS > relevance.BIGRAMS > relevance.CHARACTERS


def test_minus_excludes() -> None:
    """-物业 excludes; a hyphen inside a word does not."""
    query = parse("小区 -物业 2023-2025", ANALYZER)
    assert [chunk.text for chunk in query.excluded] == ["物业"]
    assert [chunk.text for chunk in query.included] == ["小区", "2023-2025"]


def test_spaced_characters_and_invisible_ones_are_one_piece() -> None:
    """钱　塘 is one name; words separated by blanks are several."""
    assert parse("钱　塘", ANALYZER).literals == ("钱塘",)
    assert parse("三 月 九 日 城\u200b管", ANALYZER).literals == ("三月九日", "城管")
    assert parse("小区 水 物业", ANALYZER).literals == ("小区", "水", "物业")


def test_a_relaxed_match_needs_two_words_or_a_rare_one() -> None:
    """Of two equally rare words one is not enough; of a rare and a common word the rare one is."""
    query = parse("殡葬 网格化", ANALYZER)
    clause = relaxed(query, {"殡葬": 3, "网格化": 3}, 1000)
    assert isinstance(clause, AtLeast)
    weights = [weight for _, weight in clause.weighted]
    assert max(weights) < clause.minimum <= sum(weights)
    clause = relaxed(query, {"殡葬": 1, "网格化": 900}, 1000)
    assert isinstance(clause, AtLeast)
    assert max(weight for _, weight in clause.weighted) >= clause.minimum


def test_one_unknown_word_is_not_relaxed() -> None:
    """A query of one unknown word matches nothing."""
    assert relaxed(parse("饕餮", ANALYZER), {}, 1000) == AnyOf(())


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_idf_falls_with_frequency_and_is_never_negative(frequency: int, articles: int) -> None:
    """A more frequent word weighs less."""
    assert idf(frequency, articles) > 0
    assert idf(frequency, articles) >= idf(frequency + 1, max(articles, frequency + 1)) - 1e-3


def test_a_subtitle_dash_excludes_nothing() -> None:
    """——在…会上的讲话 is a subtitle."""
    query = parse("求真务实 ——在全县经济工作会议上的讲话", ANALYZER)
    assert query.excluded == ()
    assert [chunk.text for chunk in query.included] == ["求真务实", "在全县经济工作会议上的讲话"]


def test_a_query_with_synonyms_is_embedded_twice() -> None:
    """As typed, and followed by the first two synonyms of each word."""
    assert parse("房东", ANALYZER).semantic_texts == ("房东", "房东 出租人")
    typed, extended = parse("房东 涨租", ANALYZER).semantic_texts
    assert typed == "房东 涨租"
    assert extended.startswith("房东 涨租 出租人 ")
    assert parse("噪声", ANALYZER).semantic_texts == ("噪声",)


def test_identifiers_are_left_out_of_the_semantic_text() -> None:
    """Codes and 文号 identify a document; the other chunks are still searched semantically."""
    assert parse("C2352 物业管理", ANALYZER).semantic_texts == ("物业管理",)
    assert parse("国办发〔2024〕5号", ANALYZER).semantic_texts == ()
    assert parse("“最多跑一次”", ANALYZER).semantic_texts == ()
    assert parse("asdfgh 123", ANALYZER).semantic_texts == ()


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("关于“三无小区”的通知（试行）", "关于三无小区的通知试行"),
        ("Ｃ2352", "c2352"),
        ("作者：张三 关于小区的通知", "关于小区的通知"),
        ("文号：某办发〔2024〕5号 小区", "小区"),
        ("title:小区 物业", "物业"),
        ("小区 -物业", "小区"),
        ("小区 -。", "小区"),
        ("小区 物业 OR", "小区物业"),
        ("小区 OR 物业", ""),
        ("（小区 OR 物业）停车 OR 收费", ""),
        ("-小区", ""),
    ],
)
def test_the_exact_key_is_the_text_without_operators(typed: str, key: str) -> None:
    """Ids, codes and titles are compared with what is left of a query; alternatives have no key."""
    assert parse(typed, ANALYZER).key == key
