"""The lines of a Word document: what a reader sees, once, and nothing else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.sources.files import read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article
from tests.support.word_files import paragraph, run, write_word

_VANISH = "<w:vanish/>"
_FIELD = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
_CODE = '<w:r><w:instrText xml:space="preserve">{}</w:instrText></w:r>'


def text(path: Path, body: str, **parts: str) -> str:
    """The body of a document below a title."""
    write_word(path, paragraph("春耕备耕方案") + body, **parts)
    (item,) = read_source(path, cleaning=Cleaning())
    assert isinstance(item, Article), str(item)
    return item.body


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (run("公开。") + run("底价三百万", _VANISH), "公开。"),
        (run("公开。") + run("也公开。", '<w:vanish w:val="0"/>'), "公开。也公开。"),
        (run("公开。") + run("底价", '<w:rStyle w:val="h"/>'), "公开。"),
        (run("公开。") + run("露出", '<w:rStyle w:val="h"/><w:vanish w:val="false"/>'), "公开。露出"),
        ("<w:del><w:r><w:delText>旧</w:delText></w:r></w:del><w:ins>" + run("新") + "</w:ins>", "新"),
        ("<w:moveFrom>" + run("甲") + "</w:moveFrom><w:moveTo>" + run("乙") + "</w:moveTo>", "乙"),
        (
            "<w:r><w:ruby><w:rt>" + run("bù") + "</w:rt><w:rubyBase>"
            + run("埠") + "</w:rubyBase></w:ruby></w:r>",
            "埠",
        ),
        ("<w:r><w:t>相</w:t><w:softHyphen/><w:t>同</w:t><w:noBreakHyphen/></w:r>", "相同-"),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>' + run("同意"), "☑同意"),
        ('<w:r><w:sym w:font="Symbol" w:char="zz"/></w:r>' + run("同意"), "同意"),
        (run("10") + run("4", '<w:vertAlign w:val="superscript"/>'), "10⁴"),
        (run("CO") + run("2", '<w:vertAlign w:val="subscript"/>'), "CO₂"),
        (
            "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>"
            + run("单击此处输入") + "</w:sdtContent></w:sdt>" + run("完"),
            "完",
        ),
    ],
)  # fmt: skip
def test_only_what_is_seen_is_text(tmp_path: Path, content: str, seen: str) -> None:
    """Hidden by itself or by its style, deleted, moved, the reading of a character, a prompt: unseen."""
    styles = '<w:style w:type="character" w:styleId="h"><w:rPr><w:vanish/></w:rPr></w:style>'

    assert text(tmp_path / "a.docx", paragraph(content), styles=styles) == seen


def test_a_hidden_paragraph_is_no_line(tmp_path: Path) -> None:
    """Hidden by a style that is based on another one; the empty paragraph before it stays."""
    styles = (
        '<w:style w:styleId="x"><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:styleId="y"><w:basedOn w:val="x"/></w:style>'
        '<w:style w:styleId="o"><w:basedOn w:val="o"/></w:style>'
    )
    body = paragraph("甲") + paragraph() + paragraph("藏", '<w:pStyle w:val="y"/>')
    body += paragraph("乙", '<w:pStyle w:val="o"/>')

    assert text(tmp_path / "a.docx", body, styles=styles) == "甲\n\n乙"


def test_a_paragraph_whose_mark_is_deleted_continues_in_the_next(tmp_path: Path) -> None:
    """As if the change were accepted."""
    body = paragraph("各村抓紧", "<w:rPr><w:del/></w:rPr>") + paragraph("备耕。")

    assert text(tmp_path / "a.docx", body) == "各村抓紧备耕。"


def test_fields_show_their_results(tmp_path: Path) -> None:
    """Not their codes, also of fields inside codes; EQ fields, which have none, show their characters."""
    begin, middle, end = map(_FIELD.format, ("begin", "separate", "end"))
    nested = begin + _CODE.format("IF ") + begin + _CODE.format("PAGE") + middle + run("7") + end
    link = nested + _CODE.format(" = 7") + middle + run("是") + end
    circled = begin + _CODE.format(r" eq \o\ac(○,3) ") + end
    reading = begin + _CODE.format(r'EQ \* jc2 \* "Font:宋体" \* hps10 \o\ad(\s\up 9(bù),埠)') + end
    unended = begin + _CODE.format("DATE") + run("藏")

    assert text(tmp_path / "a.docx", paragraph(link + circled + reading)) == "是③埠"
    assert text(tmp_path / "a.docx", paragraph(unended) + paragraph("乙")) == "乙"


def test_notes_follow_their_paragraph(tmp_path: Path) -> None:
    """Once, counted together; the separator that Word keeps with them is none."""
    note = '<w:{0} w:id="{1}">' + paragraph("{2}") + "</w:{0}>"
    reference = '<w:r><w:{}Reference w:id="{}"/></w:r>'
    body = paragraph(run("甲") + reference.format("footnote", 2) + run("乙。"))
    body += paragraph(
        run("丙。") + reference.format("endnote", 2) + reference.format("footnote", 2)
    )

    assert (
        text(
            tmp_path / "a.docx",
            body,
            footnotes=note.format("footnote", 0, "") + note.format("footnote", 2, "见附表。"),
            endnotes=note.format("endnote", 2, "同上。"),
        )
        == "甲乙。\n[1] 见附表。\n丙。\n[2] 同上。"
    )


@pytest.mark.parametrize("choice", ["Choice", "Fallback"])
def test_a_text_box_is_read_once_before_its_paragraph(tmp_path: Path, choice: str) -> None:
    """The file contains it twice, for old and new versions of Word, and may hold a table."""
    box = (
        "<w:drawing><w:txbxContent>"
        + paragraph("框一")
        + paragraph("框二")
        + "</w:txbxContent></w:drawing>"
    )
    forms = f"<mc:{choice}>{box}</mc:{choice}><mc:Fallback>{box}</mc:Fallback>"
    content = (
        run("各村")
        + f"<w:r><mc:AlternateContent>{forms}</mc:AlternateContent></w:r>"
        + run("备耕。")
    )
    art = '<w:r><w:pict><v:textpath string="青山镇人民政府文件"/></w:pict></w:r>'

    assert text(tmp_path / "a.docx", paragraph(content)) == "框一\n框二\n各村备耕。"
    assert text(tmp_path / "a.docx", paragraph(art)) == "青山镇人民政府文件"


def test_the_contents_that_word_makes_are_left_out(tmp_path: Path) -> None:
    """They repeat the headings."""
    styles = '<w:style w:styleId="t"><w:name w:val="toc 1"/></w:style>'
    styles += '<w:style w:styleId="h"><w:name w:val="TOC Heading"/></w:style>'
    body = paragraph("目录", '<w:pStyle w:val="h"/>') + paragraph(
        "一、目标\t1", '<w:pStyle w:val="t"/>'
    )

    assert text(tmp_path / "a.docx", body + paragraph("一、目标"), styles=styles) == "一、目标"


def test_a_cell_that_continues_the_one_above_is_empty(tmp_path: Path) -> None:
    """And a deleted row is no row."""
    cell = "<w:tc><w:tcPr>{}</w:tcPr>" + paragraph("{}") + "</w:tc>"
    row = "<w:tr>{}</w:tr>"
    table = row.format(cell.format('<w:vMerge w:val="restart"/>', "柳河") + cell.format("", "备耕"))
    table += row.format(cell.format("<w:vMerge/>", "旧") + cell.format("", "防汛"))
    table += row.format("<w:trPr><w:del/></w:trPr>" + cell.format("", "甲") + cell.format("", "乙"))

    assert text(tmp_path / "a.docx", f"<w:tbl>{table}</w:tbl>") == "柳河\t备耕\n\u3000\t防汛"


_WORDS = st.text("村账镇管方案", min_size=1, max_size=4)
_LEAF = _WORDS.map(run)
_INLINE = st.recursive(
    _LEAF,
    lambda inner: st.builds(
        "<w:{0}>{1}</w:{0}>".format,
        st.sampled_from(["ins", "hyperlink", "smartTag", "moveTo", "customXml"]),
        st.lists(inner, max_size=3).map("".join),
    ),
    max_leaves=8,
)


@given(st.lists(st.lists(_INLINE, min_size=1, max_size=4).map("".join), min_size=1, max_size=4))
def test_no_character_is_lost_or_read_twice(
    tmp_path_factory: pytest.TempPathFactory, content: list[str]
) -> None:
    """Whatever elements contain the runs: the letters of the body are those of the runs, in their order."""
    path = tmp_path_factory.getbasetemp() / "any.docx"
    expected = "".join(
        piece.split(">")[-1] for one in content for piece in one.split("</w:t>")[:-1]
    )

    body = "".join(paragraph(one) for one in content)

    assert text(path, body + paragraph("完")).replace("\n", "") == f"{expected}完"
