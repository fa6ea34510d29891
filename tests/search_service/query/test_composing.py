"""What a form asks for, as a query that is read as it was meant."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from analyzers.normalize import normalize
from search_service.query.composing import WantedQuery, compose
from search_service.query.syntax import Node, NotNode, OrNode, Piece, parse_syntax

# Signs of the syntax, words that are operators, names of fields. No digits: a 文号 is joined as anywhere.
TEXTS = st.text('小区治理或且与ORandnt-—()（）“”"|:：,，、。 标题机关作者', max_size=12)


def pieces(node: Node) -> Iterator[tuple[Piece, bool]]:
    """The leaves of a tree, and whether they are excluded."""
    if isinstance(node, Piece):
        yield node, False
    elif isinstance(node, NotNode):
        yield from ((piece, True) for piece, _ in pieces(node.part))
    else:
        for part in node.parts:
            yield from pieces(part)


def text_of(typed: str) -> str:
    """What is text of a field: all but quotes, dashes and what separates words."""
    return "".join(
        one for one in normalize(typed.replace("—", "")) if one not in '"“”「」,;。!?、 '
    )


@given(words=TEXTS, phrase=TEXTS, none=TEXTS, named=TEXTS)
def test_nothing_typed_into_a_field_is_an_operator(
    words: str, phrase: str, none: str, named: str
) -> None:
    """Every sign is text of its own field."""
    for title_only in (False, True):
        asked = WantedQuery(
            words=words, phrase=phrase, none_of=none, issuers=[named], title_only=title_only
        )
        reading = parse_syntax(compose(asked))

        found = list(pieces(reading.tree))
        fields = {"title" if title_only else "", "issuer"}
        assert {piece.field for piece, _ in found} <= fields
        for typed, excluded, field in (
            (words + phrase, False, "title" if title_only else ""),
            (none, True, "title" if title_only else ""),
            (named, False, "issuer"),
        ):
            mine = [one for one in found if (one[0].field, one[1]) == (field, excluded)]
            assert "".join(text_of(piece.text) for piece, _ in mine) == text_of(typed)
        assert not reading.hints


def test_one_of_several_words_is_enough() -> None:
    """Whatever is written between them; one word alone is no choice."""
    for typed in ("物业 业委会", "物业，业委会", "物业 或 业委会", "物业 OR 业委会"):
        (choice,) = parse_syntax(compose(WantedQuery(any_of=typed))).tree.parts
        assert isinstance(choice, OrNode)
        assert [piece.text for piece, _ in pieces(choice)] == ["物业", "业委会"]
    assert compose(WantedQuery(any_of="物业")) == "物业"
    assert compose(WantedQuery(any_of="或")) == ""


def test_fields_and_dates_are_named() -> None:
    """A name with a blank is one name; of several one is enough."""
    asked = WantedQuery(
        number=" 国办发 〔2024〕 5 号",
        issuers=["清源县人民政府 办公室", "临江市"],
        authors=["贺启明"],
        kind="通知",
        category="经验材料/基层治理",
        after="2024-03",
        before="2024",
        anywhere="人社局",
        words="小区",
        title_only=True,
    )
    assert compose(asked) == (
        "标题:小区 人社局 文号:国办发〔2024〕5号 机关:(“清源县人民政府 办公室” OR 临江市) 作者:贺启明"
        " 文种:通知 分类:经验材料/基层治理 起:2024-03 止:2024"
    )
