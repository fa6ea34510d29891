"""Normalisation keeps every offset."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.normalize import normalize
from tests.support.chinese import TEXT


@given(st.one_of(TEXT, st.text()))
def test_length_is_kept_and_twice_is_once(text: str) -> None:
    """Any text keeps its length, and normalising again changes nothing."""
    normalised = normalize(text)
    assert len(normalised) == len(text)
    assert normalize(normalised) == normalised


@pytest.mark.slow
def test_every_character_becomes_one_character() -> None:
    """Each character of Unicode, lone surrogates too, becomes one, the same alone and in a text."""
    text = "".join(map(chr, range(sys.maxunicode + 1)))
    assert list(normalize(text)) == [normalize(character) for character in text]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("三無小區", "三无小区"),
        ("Ｂ１８９０", "b1890"),
        ("国办发【２０２４】５号", "国办发[2024]5号"),
        ("国办发〔2024〕5号", "国办发[2024]5号"),
        ("二〇二四年", "二零二四年"),
        ("（一）", "(一)"),
        ("　　标题", "  标题"),
    ],
)
def test_typed_variants_match_the_written_form(typed: str, meant: str) -> None:
    """Width, case, script and bracket shape do not matter."""
    assert normalize(typed) == meant


def test_circled_numbers_stay() -> None:
    """① is a heading of an outline, not the digit 1."""
    assert normalize("①②") == "①②"
