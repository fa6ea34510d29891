"""Formulas in one line of text."""

from pathlib import Path

import pytest

from indexer.sources.files import read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article
from tests.support.word_files import paragraph, run, write_word


def m(name: str, *children: str) -> str:
    """An element of OMML."""
    return f"<m:{name}>{''.join(children)}</m:{name}>"


def t(text: str) -> str:
    """A run of a formula."""
    return m("r", m("t", text))


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (m("f", m("fPr"), m("num", t("a+b")), m("den", t("c"))), "(a+b)/c"),
        (m("sSup", m("e", t("x")), m("sup", t("2"))) + t("=4"), "x²=4"),
        (m("sSup", m("e", t("x")), m("sup", t("k+y"))), "x^(k+y)"),
        (m("sSub", m("e", t("a")), m("sub", t("i"))), "a_i"),
        (m("rad", m("radPr"), m("deg"), m("e", t("b"))), "√b"),
        (m("d", m("dPr", '<m:begChr m:val="["/><m:endChr m:val="]"/>'), m("e", t("a")), m("e", t("b"))),
         "[a|b]"),
        (m("d", m("e", t("a"))), "(a)"),
        (m("nary", m("naryPr", '<m:chr m:val="∑"/>'), m("sub", t("i=1")), m("sup", t("9")), m("e", t("i"))),
         "∑_(i=1)⁹i"),
        (m("m", m("mr", m("e", t("a")), m("e", t("b"))), m("mr", m("e", t("c")), m("e", t("d")))),
         "a b; c d"),
    ],
)  # fmt: skip
def test_a_formula_is_text_inside_its_sentence(tmp_path: Path, formula: str, text: str) -> None:
    """Fractions, powers, indices, roots, sums, brackets and matrices."""
    body = paragraph("计算办法") + paragraph(run("其中") + m("oMath", formula) + run("。"))
    (item,) = read_source(write_word(tmp_path / "a.docx", body), cleaning=Cleaning())

    assert isinstance(item, Article)
    assert item.body == f"其中{text}。"
