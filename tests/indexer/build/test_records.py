"""Metadata that the view of an audience takes from its title and text."""

import json
from dataclasses import replace

import pytest

from analyzers.terms import Analyzer, exact_key
from indexer.build.records import analyse
from indexer.build.views import view_of
from search_service.metadata import Attachment
from search_service.model import Article, Audience, View

TITLE = "关于印发《清源县物业管理办法》的通知"
NUMBER = "清政办发〔2024〕5号"
HEAD = f"{NUMBER}\n各乡镇：\n根据《物业条例》（清政发〔2019〕12号），制定本办法。"
SIGNED = f"{HEAD}\n清源县人民政府办公室\n二〇二四年三月五日"
DERIVED = ("document_number", "kind", "date", "issuers")


def view(article: Article, audience: Audience) -> View:
    """The view of an audience that may see the article."""
    made = view_of(article, audience)
    assert made is not None
    return made


def values(made: View) -> tuple[str | None, ...]:
    """The fields that a text can fill."""
    return made.issuer, made.document_number, made.kind, made.date


def test_empty_fields_are_filled_and_marked_as_derived() -> None:
    """All four fields come from the text, in the forms that filters use."""
    made = view(Article(id="1", title=TITLE, body=SIGNED), Audience.PUBLIC)

    assert values(made) == ("清源县人民政府办公室", NUMBER, "通知", "2024-03-05")
    assert made.derived == DERIVED


def test_fields_of_the_source_are_not_overwritten() -> None:
    """Nothing is overwritten; the metadata of the text is still found, with its position."""
    given = ("县政府", "清政〔2023〕1号", "公文", "2024-03-09")
    article = Article(
        id="1",
        title=TITLE,
        body=SIGNED,
        issuers=given[:1],
        document_number=given[1],
        kind=given[2],
        date=given[3],
    )
    made = view(article, Audience.PUBLIC)

    assert (values(made), made.derived) == (given, ())
    (written,) = (one for one in made.found if one.field == "written")
    assert made.text[written.start : written.end] == "二〇二四年三月五日"


def test_each_audience_gets_the_metadata_of_its_own_text() -> None:
    """The signature is in the paid part: guests get no issuer and no date from it."""
    article = Article(id="1", title=TITLE, body=SIGNED, preview=HEAD)

    guest, member = view(article, Audience.PUBLIC), view(article, Audience.MEMBER)
    assert values(guest) == (None, NUMBER, "通知", None)
    assert values(member) == ("清源县人民政府办公室", NUMBER, "通知", "2024-03-05")


@pytest.mark.parametrize(
    ("says", "day"),
    [
        ("本办法自2024年5月1日起施行。", "2024-05-01"),
        ("本办法自发布之日起施行。", None),
        ("原办法自2024年5月1日起废止。", None),
    ],
)
def test_the_day_it_takes_effect_is_read_from_the_text(says: str, day: str | None) -> None:
    """A day that the text names; the same for guests only if they may read that."""
    article = Article(id="1", title=TITLE, body=f"{HEAD}\n{says}", preview=HEAD)

    member = view(article, Audience.MEMBER)
    assert member.effective_date == day
    assert ("effective_date" in member.derived) == bool(day)
    assert view(article, Audience.PUBLIC).effective_date is None


def test_a_joint_issue_in_the_text_has_several_issuers() -> None:
    """Each organ that signs."""
    signed = f"{HEAD}\n清源县财政局 清源县教育局\n2024年3月5日"
    made = view(Article(id="1", title=TITLE, body=signed), Audience.PUBLIC)

    assert made.issuers == ("清源县财政局", "清源县教育局")
    assert made.issuer == "清源县财政局 清源县教育局"


def test_attachments_belong_to_the_whole_text() -> None:
    """They may hold what is paid: guests who read a part of the text get none."""
    article = Article(id="1", title=TITLE, body=SIGNED, attachments=(Attachment("表", "/1.xls"),))

    assert view(article, Audience.PUBLIC).attachments == article.attachments
    gapped = replace(article, preview=HEAD)
    assert view(gapped, Audience.MEMBER).attachments == article.attachments
    assert view(gapped, Audience.PUBLIC).attachments == ()
    assert (
        view(gapped, Audience.PUBLIC).digest
        == view(replace(gapped, attachments=()), Audience.PUBLIC).digest
    )


def test_a_view_survives_storing() -> None:
    """To JSON and back, with all metadata found and of several values."""
    article = Article(
        id="1",
        title=TITLE,
        body=SIGNED,
        keywords=("物业", "小区"),
        outline=("一、总则",),
        attachments=(Attachment("表", "/1.xls"), Attachment("说明")),
        replaces=("清政办发〔2020〕5号",),
    )
    made = view(article, Audience.PUBLIC)

    assert made.found
    assert View.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_only_its_own_number_is_an_exact_key() -> None:
    """A search for a 文号 ranks the document that has it first, not those that cite it."""
    made = view(Article(id="1", title=TITLE, body=SIGNED), Audience.PUBLIC)

    (record,) = analyse([(made, 1)], Analyzer(), None)
    assert exact_key("清政办发[2024] 5号") in record.exact
    assert exact_key("清政发〔2019〕12号") not in record.exact
