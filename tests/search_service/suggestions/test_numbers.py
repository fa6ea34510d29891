"""文号 that may be meant by one that no article has."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analyzers import document_numbers
from analyzers.normalize import normalize
from search_service.suggestions.completion import CompletionIndex
from search_service.suggestions.numbers import similar_numbers
from search_service.suggestions.vocabulary import Entry, Kind, Vocabulary

NUMBERS = [
    "雁政办发〔2024〕17号",
    "雁政发〔2024〕17号",
    "雁政办发〔2024〕7号",
    "雁政办发〔2023〕17号",
    "柳教发〔2022〕3号",
    "国务院令第714号",
]
COMPLETION = CompletionIndex(Vocabulary([Entry(Kind.NUMBER, text, 1, "", "a") for text in NUMBERS]))


def meant(typed: str) -> list[str]:
    """The numbers that the one typed may be a slip for."""
    (number,) = document_numbers.find(normalize(typed))
    return similar_numbers(COMPLETION, number)


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("雁政策办发2024 17", NUMBERS[0]),
        ("雁政策办发〔2024〕17号", NUMBERS[0]),
        ("雁证办发〔2024〕17号", NUMBERS[0]),
        ("雁办政发〔2024〕17号", NUMBERS[0]),
        ("雁政办发文〔2024〕17号", NUMBERS[0]),
        ("柳校发〔2022〕3号", NUMBERS[4]),
        ("国务员令第714号", NUMBERS[5]),
    ],
)
def test_a_slip_in_the_name_of_the_organ(typed: str, first: str) -> None:
    """A character too many, one that sounds alike, or another order."""
    assert meant(typed)[0] == first


@pytest.mark.parametrize(
    "typed",
    [
        "雁政办发〔2024〕18号",
        "雁政办发〔2022〕17号",
        "柳卫发〔2022〕3号",
        "国发〔2024〕17号",
        "雁发〔2024〕71号",
    ],
)
def test_another_document_is_not_meant(typed: str) -> None:
    """Of another year, number or organ."""
    assert meant(typed) == []


@given(
    st.sampled_from(NUMBERS[:5]),
    st.integers(0, 3),
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5),
)
def test_one_character_too_many_or_missing(text: str, place: int, other: str) -> None:
    """Wherever it is: the number is among those meant, and all meant have its year and serial number."""
    organ = normalize(text).partition("[")[0]
    place = min(place, len(organ))
    for slip in (organ[:place] + other + organ[place:], organ[:place] + organ[place + 1 :]):
        assume(len(slip) > 2)
        found = document_numbers.find(normalize(slip) + normalize(text)[len(organ) :])
        assume(len(found) == 1 and found[0].organ == normalize(slip))
        texts = similar_numbers(COMPLETION, found[0])
        assert text in texts
        for one in texts:
            (number,) = document_numbers.find(normalize(one))
            assert (number.year, number.serial) == (found[0].year, found[0].serial)
