"""Long and short names of organs, authors, kinds and categories have keys in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.names import FIELDS, index_keys, query_keys
from analyzers.normalize import normalize
from tests.support.chinese import TEXT


def finds(typed: str, *values: tuple[str, str]) -> bool:
    """Whether a part of a query finds an article with these values of fields."""
    own = {key for field, value in values for key in index_keys(field, value)}
    return any(own.issuperset(keys) for keys in query_keys(normalize(typed)))


@pytest.mark.parametrize(
    ("typed", "field", "value"),
    [
        ("罗听雨", "author", "罗听雨"),
        ("罗听雨", "author", "罗听雨、孟江"),
        ("孟江", "author", "罗听雨 孟江"),
        ("雁坪县政府办", "issuer", "雁坪县人民政府办公室"),
        ("雁坪县政府办公室", "issuer", "雁坪县人民政府办公室"),
        ("县政府办", "issuer", "雁坪县人民政府办公室"),
        ("雁坪县", "issuer", "雁坪县人民政府办公室"),
        ("司法局", "issuer", "雁坪县教育局 雁坪县司法局"),
        ("河北", "issuer", "河北省教育厅"),
        ("雁坪县委", "issuer", "中共雁坪县委员会"),
        ("县纪委", "issuer", "中共雁坪县纪律检查委员会"),
        ("县人大常委会", "issuer", "雁坪县人民代表大会常务委员会"),
        ("讲话稿", "kind", "讲话"),
        ("委员会", "author", "委员会"),
        ("教育/校车", "category", "教育 / 校车"),
        ("校车", "category", "教育/校车"),
        ("雁政办函", "document_number", "雁政办函〔2023〕8号"),
    ],
)
def test_a_name_finds_its_long_and_short_forms(typed: str, field: str, value: str) -> None:
    """As people type it, as sources write it."""
    assert finds(typed, (field, value))


@pytest.mark.parametrize(
    ("typed", "field", "value"),
    [
        ("罗听", "author", "罗听雨"),
        ("政府", "issuer", "雁坪县人民政府"),
        ("市政府办", "issuer", "雁坪县人民政府办公室"),
        ("柳塘县", "issuer", "雁坪县人民政府"),
        ("办", "kind", "办法"),
        ("雁政", "document_number", "雁政办函〔2023〕8号"),
    ],
)
def test_a_part_of_a_name_is_another_name(typed: str, field: str, value: str) -> None:
    """Only whole names count, and none that every place has."""
    assert not finds(typed, (field, value))


def test_a_name_before_a_kind_is_both() -> None:
    """贺…的讲话 needs the author and the kind."""
    values = ("author", "罗听雨"), ("kind", "讲话")
    assert finds("罗听雨的讲话", *values)
    assert finds("罗听雨讲话稿", *values)
    assert not finds("罗听雨讲话", values[0])


@given(st.sampled_from(FIELDS), st.one_of(TEXT, st.text(max_size=200)))
def test_every_name_finds_itself(field: str, value: str) -> None:
    """A value of two letters or more, of at most 40; a 文号 by its organ."""
    name = "".join(character for character in normalize(value) if character.isalnum())
    if field != "document_number" and 1 < len(name) <= 40:
        assert finds(value, (field, value))
    assert all(key.startswith("is:") for key in index_keys(field, value))
