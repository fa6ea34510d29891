"""Tests of the lines of manuscripts, of their sources, and of Markdown."""

import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from search_service.drafting.manuscript import Line, Manuscript, Paragraph, Source, lines
from search_service.drafting.markdown import markdown
from search_service.drafting.references import place, references
from search_service.model import View

DRAFT = """各乡镇人民政府，县直各单位：
为落实部署，制定本方案。
一、总体要求
（一）加强领导。各单位要成立专班。
1.建立台账。逐户登记。
第一条 为了规范管理，制定本办法。
事项\t金额
修路\t12万元
特此通知。
附件：1.分工表
清源县人民政府
2024年3月5日
抄送：县委办公室。"""
SOURCE = Source(
    View(
        id="7",
        title="清源县防汛方案",
        text="",
        issuers=("清源县人民政府",),
        document_number="清政发〔2024〕3号",
        date="2024-03-18",
        status="现行有效",
    ),
    ("四、保障措施", "（一）加强领导"),
    "http://localhost/articles/7",
)


def _by_text(found: list[Line]) -> dict[str, tuple[str, int]]:
    return {line.runs[0].text: (line.part, line.level) for line in found}


def test_each_line_is_what_it_is_in_a_document() -> None:
    """主送, headings of three levels, text that begins with one, rows, 附件, 落款, 抄送."""
    found = lines([Paragraph(one) for one in DRAFT.splitlines()])

    assert _by_text(found) == {
        "各乡镇人民政府，县直各单位：": ("主送", 0),
        "为落实部署，制定本方案。": ("", 0),
        "一、总体要求": ("", 1),
        "（一）加强领导。": ("", 0),
        "1.建立台账。": ("", 0),
        "第一条": ("", 0),
        "事项\t金额": ("", 0),
        "修路\t12万元": ("", 0),
        "特此通知。": ("结尾", 0),
        "附件：1.分工表": ("附件", 0),
        "清源县人民政府": ("落款", 0),
        "2024年3月5日": ("落款", 0),
        "抄送：县委办公室。": ("抄送", 0),
    }
    assert [[run.level for run in line.runs] for line in found[3:6]] == [[2, 0], [3, 0], [1, 0]]
    assert [line.cells for line in found if line.cells] == [("事项", "金额"), ("修路", "12万元")]


def test_a_long_numbered_sentence_is_no_heading() -> None:
    """What has a number and goes on for a line and more is text."""
    [line] = lines([Paragraph(f"1.各单位要{'认真落实各项责任，' * 10}确保安全。")])

    assert line.level == 0
    assert [run.level for run in line.runs] == [0]


@given(st.lists(st.text(alphabet="一二、（）1.第条\n\t 甲：。附件", max_size=40), max_size=6))
def test_nothing_is_lost_and_paragraphs_keep_their_numbers(texts: list[str]) -> None:
    """The lines hold every character that is no blank, under the number of its paragraph."""
    found = lines([Paragraph(text) for text in texts])

    for number, text in enumerate(texts):
        kept = "".join(run.text for line in found if line.number == number for run in line.runs)
        assert re.sub(r"\s", "", kept) == re.sub(r"\s", "", text)


def test_a_source_is_cited_with_its_place() -> None:
    """By issuer, title, number, date, and the numbers of the headings; one that is gone is said to be."""
    own = Paragraph("二、组织领导")
    manuscript = Manuscript(
        "方案", (own, Paragraph("成立专班。", SOURCE), Paragraph("甲。", missing="9"))
    )

    first, second = references(manuscript)

    assert first.paragraph == 1
    assert first.note == (
        "清源县人民政府：《清源县防汛方案》（清政发〔2024〕3号），2024年3月18日，第四部分（一）。"
    )
    assert first.row == (
        "二、组织领导",
        "清源县人民政府《清源县防汛方案》（清政发〔2024〕3号）",
        "2024-03-18",
        "第四部分（一）",
        "http://localhost/articles/7",
        "现行有效",
    )
    assert second.paragraph == 2
    assert "9" in second.note
    assert "已查不到" in second.note


def test_places_in_any_numbering() -> None:
    """Chapters and articles as they are called, headings without a number in quotation marks."""
    assert place(("第三章　保障", "第十二条")) == "第三章第十二条"
    assert place(("工作要求", "1.建立台账")) == "“工作要求”1"
    assert place(()) == ""


def test_markdown_is_read_as_what_was_written() -> None:
    """A reader of Markdown finds headings, the table, and the text; what marks text is text."""
    draft = [Paragraph(one) for one in DRAFT.splitlines()]
    paragraphs = (*draft, Paragraph("*甲* # [乙](x) <b>", SOURCE))
    manuscript = Manuscript("1. 方案", paragraphs)

    text = markdown(manuscript, references(manuscript), footnotes=True, listed=False)
    tokens = MarkdownIt().enable("table").parse(text)
    html = MarkdownIt().enable("table").render(text)

    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h1", "h2"]
    assert "<td>修路</td>" in html
    assert "*甲* # [乙](x) &lt;b&gt;" in html
    assert "<ol>" not in html
    assert "[^1]: 清源县人民政府：《清源县防汛方案》" in text


def test_the_list_is_instead_of_notes() -> None:
    """Each source once for each paragraph, at the end."""
    manuscript = Manuscript("方案", (Paragraph("甲。", SOURCE),))

    text = markdown(manuscript, references(manuscript), footnotes=False, listed=True)

    assert "[^" not in text
    assert text.rstrip().splitlines()[-1].startswith("1. 清源县人民政府《清源县防汛方案》")
