"""文号, dates and codes are one term in every form."""

import pytest

from analyzers.normalize import normalize
from analyzers.references import document_number_key, find

BRACKETS = ["〔{}〕", "[{}]", "【{}】", "（{}）", "({})", "［{}］", "{{{}}}", "<{}>", "《{}》"]


def terms(text: str) -> list[str]:
    """The most specific term of each reference."""
    return [reference.terms[0] for reference in find(normalize(text))]


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
    ],
)
def test_a_date_is_one_term_in_every_form(text: str) -> None:
    """Digits, numerals and separators do not matter; the month and the year are found too."""
    (reference,) = find(normalize(f"自{text}起施行"))
    assert reference.terms == ("date:2024-03-05", "date:2024-03", "date:2024")


@pytest.mark.parametrize(
    ("text", "expected"), [("二十三日", []), ("第13月", []), ("1890元", []), ("20240305001", [])]
)
def test_numbers_that_are_no_dates_are_left_alone(text: str, expected: list[str]) -> None:
    """A day without a year, an amount and a long number are no reference."""
    assert terms(text) == expected


@pytest.mark.parametrize("text", ["B1890", "b1890", "Ｂ１８９０", "ｂ１８９０"])
def test_a_code_is_one_term_in_any_case_and_width(text: str) -> None:
    """Codes are typed in any case and width."""
    assert terms(f"文章{text}，") == ["code:b1890"]
