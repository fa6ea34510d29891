"""Three forms of a citation, with whatever is known of an article."""

import pytest

from search_service.answers.citations import citations, said
from search_service.model import View

ADDRESS = "http://portal.example.gov.cn/1.html"


def test_a_document_is_cited_in_three_forms() -> None:
    """In a sentence, as a footnote, and by the standard."""
    title = "清源县优化营商环境三年行动实施方案"
    view = View(
        id="1",
        title=title,
        text="正文",
        document_number="清政办发〔2024〕17号",
        date="2024-03-18",
        author="清源县人民政府办公室",
    )

    assert [one.text for one in citations(view, ADDRESS)] == [
        f"《{title}》（清政办发〔2024〕17号）",
        f"清源县人民政府办公室：《{title}》（清政办发〔2024〕17号），2024年3月18日。",
        f"清源县人民政府办公室. {title}: 清政办发〔2024〕17号[EB/OL]. (2024-03-18). {ADDRESS}.",
    ]


def test_what_is_unknown_is_left_out() -> None:
    """Neither issuer nor number nor date nor address."""
    assert [one.text for one in citations(View(id="1", title="讲话", text="正文"))] == [
        "《讲话》",
        "《讲话》。",
        "讲话[Z].",
    ]


@pytest.mark.parametrize(
    ("date", "text"), [("2024", "2024年"), ("2024-05", "2024年5月"), (None, "")]
)
def test_a_partial_date_is_said_as_far_as_it_is_known(date: str | None, text: str) -> None:
    """A year, or a year and a month."""
    assert said(date) == text
