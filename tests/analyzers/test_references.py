"""文号, dates, numbers, placeholders and codes are one term in every form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.folding import fold
from analyzers.normalize import normalize
from analyzers.references import document_number_key, find, numeral
from analyzers.terms import Analyzer
from tests.support.chinese import TEXT

ANALYZER = Analyzer()

BRACKETS = ["〔{}〕", "[{}]", "【{}】", "（{}）", "({})", "［{}］", "{{{}}}", "<{}>", "《{}》"]


def terms(text: str) -> list[str]:
    """The most specific term of each reference."""
    return [reference.terms[0] for reference in find(fold(normalize(text)).text)]


@pytest.mark.parametrize("bracket", BRACKETS)
def test_a_document_number_is_one_term_in_every_bracket(bracket: str) -> None:
    """Bracket, width and a 第 before the number do not matter."""
    assert terms(f"根据国办发{bracket.format('2024')}5号文件") == ["wh:[2024]5"]
    assert terms(f"国办发{bracket.format('２０２４')}第５号") == ["wh:[2024]5"]
    assert (
        document_number_key(normalize(f"国办发 {bracket.format('2024')} 5号")) == "国办发[2024]5号"
    )


@pytest.mark.parametrize(
    "text",
    [
        "2024年3月5日",
        "二〇二四年三月五日",
        "2024-03-05",
        "2024.3.5",
        "２０２４／０３／０５",
        "2024 年 3 月 5 日",
        "二○二四年三月五日",
        "二零二四年3月5号",
        "二Ｏ二四年三月五日",
        "二0二四年三月五日",
    ],
)
def test_a_date_is_one_term_in_every_form(text: str) -> None:
    """Digits, numerals and separators do not matter; month, year and day of the year are found too."""
    (reference,) = find(normalize(f"自{text}起施行"))
    assert reference.terms[:5] == (
        "date:2024-03-05",
        "date:2024-03",
        "date:2024",
        "date:03-05",
        "date:03",
    )


@pytest.mark.parametrize(("text", "expected"), [("三日", []), ("第13月", []), ("20240305001", [])])
def test_numbers_that_are_no_dates_are_unchanged(text: str, expected: list[str]) -> None:
    """A day under ten, an amount under no measure and a long number are no reference."""
    assert terms(text) == expected


@pytest.mark.parametrize("text", ["B1890", "b1890", "Ｂ１８９０", "ｂ１８９０"])
def test_a_code_is_one_term_in_any_case_and_width(text: str) -> None:
    """Codes are typed in any case and width."""
    assert terms(f"文章{text}，") == ["code:b1890"]


@pytest.mark.parametrize(
    ("forms", "term"),
    [
        (["第十二条", "第12条", "第１２条", "第 12 条"], "no:12条"),
        (["第一千二百五十九条", "第1259条"], "no:1259条"),
        (["三十个", "30个", "３０ 个"], "num:30个"),
        (["一百零五名", "105名"], "num:105名"),
        (["三万元", "30000元", "3万元", "30,000元"], "num:30000元"),
        (["两千人", "2000人", "二千人"], "num:2000人"),
        (["百分之三十", "30%", "３０％", "百分之30"], "num:30%"),
        (["百分之六点二五", "6.25%", "６．２５％", "6.25 %", "百分之6.25"], "num:6.25%"),
        (["百分之百", "100%"], "num:100%"),
        (["千分之七", "7‰"], "num:7‰"),
        (["四分之三", "3/4"], "num:3/4"),
        (["3.6亿元", "36000万元", "3亿6000万元", "三亿六千万元", "三点六亿元"], "num:360000000元"),
        (["2.5万亿元", "25000亿元", "两万五千亿元"], "num:2500000000000元"),
        (["1万2千元", "12000元", "12,000元", "1.2万元"], "num:12000元"),
        (["0.8元"], "num:0.8元"),
        (["2.4个百分点", "二点四个百分点"], "num:2.4个百分点"),
        (["3.6亿", "36000万"], "num:360000000"),
        (["−6.25%", "-6.25%"], "num:-6.25%"),
        (["第十六号", "第16号"], "no:16号"),
        (["十五个工作日", "15个工作日", "15 个工作日"], "num:15个工作日"),
        (["三十一日", "31日"], "num:31日"),
        (["三月廿五日", "3月25日", "三月二十五日", "03月25日"], "date:03-25"),
        (["元月", "一月", "1月"], "date:01"),
        (["一九七八年", "1978年", "1978 年"], "date:1978"),
        (["二〇二四年度", "2024年度"], "date:2024"),
    ],
)
def test_a_number_is_one_term_in_every_form(forms: list[str], term: str) -> None:
    """Digits, numerals, width and blanks do not matter, in texts and in questions."""
    for form in forms:
        assert terms(f"按照{form}办理") == [term], form
        typed = {token.term for token in ANALYZER.query_words(normalize(form))}
        for other in forms:
            assert typed <= set(ANALYZER.index_words(normalize(f"按照{other}办理"))), (form, other)


@pytest.mark.parametrize(
    "typed", ["2022年度总结", "二〇二二年度总结", "２０２２ 年度总结", "2022年总结"]
)
def test_a_query_for_a_year_as_a_whole_is_one_for_the_year(typed: str) -> None:
    """A text that has 2022年 answers one for 2022年度; 本年度 remains a word."""
    assert [token.term for token in ANALYZER.query_words(normalize(typed))] == ["date:2022", "总结"]
    assert [token.term for token in ANALYZER.query_words("年度总结")] == ["年度", "总结"]


@pytest.mark.parametrize(
    "text",
    [
        "十四五规划",
        "二十大报告",
        "三个代表",
        "八项规定",
        "一次性办结",
        "万一",
        "几十个",
        "十三四个",
        "一百五个",
        "一百二百个",
        "一百三百五十个",
        "十十个",
        "一万二万个",
        "3.30个",
        "第一时间",
        "千家万户",
        "三〇〇个",
        "百日攻坚",
        "三点五十分",
        "5千克",
        "3万达广场",
        "2.2024工作",
        "1亿2亿元",
    ],
)
def test_malformed_numbers_remain_words(text: str) -> None:
    """Names made of numerals, decimals and what means more than one number are left to the dictionary."""
    assert terms(f"推进{text}") == []


def test_a_year_in_numerals_answers_to_the_number() -> None:
    """A bare 2024 matches 二〇二四年, and both years of a span are years."""
    assert "2024" in ANALYZER.index_words(normalize("二〇二四年工作要点"))
    assert terms("2023—2025年") == terms("2023年至2025年") == ["date:2023", "date:2025"]


PLACEHOLDERS = ["XX", "××", "ＸＸ", "**", "***", "某某", "某", "X", "×", "□□", "xxx"]


@pytest.mark.parametrize("typed", PLACEHOLDERS)
def test_a_placeholder_matches_any_other(typed: str) -> None:
    """What was struck out of a name is the same, however it was struck out."""
    for thing in ("市", "县", "局", "公司", "单位", "同志"):
        words = {token.term for token in ANALYZER.query_words(normalize(f"{typed}{thing}"))}
        for written in PLACEHOLDERS:
            indexed = ANALYZER.index_words(normalize(f"关于{written}{thing}的通报"))
            assert words <= set(indexed), (typed, written, thing)
            assert "xx:" in indexed


@pytest.mark.parametrize(
    "text", ["某些问题", "某市场主体", "某区域", "XXL", "x", "X光", "*", "https", "max"]
)
def test_not_a_placeholder(text: str) -> None:
    """Words that begin with 某, and letters within words, are not placeholders."""
    assert terms(text) == []


@given(
    st.lists(
        st.one_of(
            TEXT,
            st.text(
                "零一二两三四五六七八九十廿百千万亿第条章年月日号个元%.,-/ 012９某xX×*〔〕市",
                max_size=14,
            ),
        ),
        max_size=6,
    ).map("".join)
)
def test_references_stand_where_they_say(text: str) -> None:
    """References come in order, none reaches into another, and none is a term a word could be."""
    position = 0
    for reference in find(normalize(text)):
        assert position <= reference.start < reference.end <= len(text)
        assert ":" in reference.terms[0]
        assert all(term.split() == [term] for term in reference.terms)
        position = reference.end


@pytest.mark.parametrize(
    "text",
    [
        "冀科平规2019年4号",
        "冀科平规2019 4号",
        "冀科平规2019-4号",
        "冀科平规（2019） 4 号",
        "冀科平规〔2019〕4 号",
    ],
)
def test_a_document_number_may_be_typed_without_brackets_or_with_spaces(text: str) -> None:
    """The short name of an organ ends with any character, not only with 发 or 字."""
    (reference,) = find(normalize(text))
    assert reference.terms == ("wh:[2019]4",)
    assert reference.end == len(text)
    assert document_number_key(normalize(text)) == "冀科平规[2019]4号"


def test_numerals_are_read_as_they_are_written() -> None:
    """The ordinals of 1 to 99 in numerals are those in digits."""
    for value in range(1, 100):
        assert terms(f"第{numeral(value)}号") == [f"no:{value}号"]
    assert numeral(0) == numeral(100) == ""
