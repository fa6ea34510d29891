"""What documents say of themselves, and what they only say of others."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers import lexicon
from analyzers.metadata import FIELDS, find

NOTICE = (
    "清源县人民政府办公室关于印发《清源县物业管理办法》的通知",
    (
        "清政办发〔2024〕5号\n各乡镇人民政府，县直各部门：\n根据《清源县网格化管理规定》（清政发〔2019〕12号），"
        "现将《清源县物业管理办法》印发给你们。\n本通知自2024年4月1日起施行，有效期5年。"
        "《清源县物业管理暂行办法》（清政办发〔2018〕3号）同时废止。\n"
        "附件：1.清源县物业管理办法\n2.物业服务合同示范文本\n清源县人民政府办公室\n二〇二四年三月五日\n"
        "（此件公开发布）"
    ),
)


def extracted(title: str, text: str) -> dict[str, list[str]]:
    """The values found by field."""
    values: dict[str, list[str]] = {}
    for one in find(title, text):
        values.setdefault(one.field, []).append(one.value)
    return values


def test_all_metadata_of_a_notice() -> None:
    """Every field of a complete document, and no number, date or name of the ones it cites."""
    assert extracted(*NOTICE) == {
        "issuer": ["清源县人民政府办公室"],
        "document_number": ["清政办发〔2024〕5号"],
        "kind": ["通知"],
        "written": ["2024-03-05"],
        "subject": ["印发《清源县物业管理办法》"],
        "valid": ["5年"],
        "annex": ["清源县物业管理办法", "物业服务合同示范文本"],
        "repeals": ["清源县物业管理暂行办法"],
        "effective": ["2024-04-01"],
    }


@pytest.mark.parametrize(
    ("title", "text", "number"),
    [
        ("关于印发物业办法的通知", "清政发〔2024〕5号\n各乡镇：", "清政发〔2024〕5号"),
        ("物业办法", "清源县关于印发物业办法的通知清政发[2024]5号各乡镇：", "清政发[2024]5号"),
        (
            "物业办法",
            "清源县人民政府令\n（第16号）\n《物业办法》已经通过",
            "清源县人民政府令 （第16号）",
        ),
        ("物业方案", "- 来源：县网\n- 文号：清政函〔2018〕71号\n正文", "清政函〔2018〕71号"),
        ("物业办法", "建教发（2016） 31 号\n各小学：", "建教发（2016） 31 号"),
        ("关于收费站的复函", "省交通厅：\n 冀交公字〔2004〕343号文收悉。", None),
        ("关于收费站的复函", "省交通厅： 冀交公字〔2004〕343号文收悉。", None),
        ("物业意见", "为贯彻落实国发〔2015〕37号文件精神，现提出如下意见。", None),
        ("物业意见", "根据《物业条例》（清政发〔2019〕12号）制定。", None),
        ("转发国办发〔2015〕5号文件的通知", "各乡镇：", None),
        ("物业通知", "各乡镇：\n按照要求。\n一、清政发〔2019〕12号规定的事项。", None),
    ],
)
def test_only_its_own_number(title: str, text: str, number: str | None) -> None:
    """A 文号 at the head is the document's own; one that is cited is another's."""
    assert extracted(title, text).get("document_number", [None]) == [number]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("在全县物业工作会议上的讲话", "讲话"),
        ("2024年物业工作要点", "工作要点"),
        ("清源县物业管理办法（试行）", "办法"),
        ("清源县物业条例（2019年修正）", "条例"),
        ("清源县物业管理办法2016", "办法"),
        ("关于物业收费的复函", "函"),
        ("县物业局长述职述廉报告", "述职"),
        ("关于促进物业发展的若干意见", "意见"),
        ("物业工作进展情况", None),
    ],
)
def test_a_title_names_its_kind(title: str, kind: str | None) -> None:
    """The longest name of the lexicon that the title ends with, its additions left off."""
    assert extracted(title, "").get("kind", [None]) == [kind]


@pytest.mark.parametrize(
    ("text", "issuer", "written"),
    [
        ("请遵照执行。县物业局 县财政局\n2024年3月5日", "县物业局 县财政局", "2024-03-05"),
        ("请遵照执行。县物业局2024年3月5日（此件公开发布）", "县物业局", "2024-03-05"),
        ("\n二○一○年七月二十六日", None, "2010-07-26"),
        ("住建部部长 陈某某\n2015年9月14日\n第一条", "住建部", "2015-09-14"),
        ("（2012年5月25日县人大第二十八次会议通过）\n第一条", None, "2012-05-25"),
        ("方案已经县政府2024年3月5日批准。", None, None),
        ("请于2024年3月5日前报县物业局。", None, None),
    ],
)
def test_who_signs_and_when(text: str, issuer: str | None, written: str | None) -> None:
    """Organs and date at the end, in brackets at the start, or only a date; not dates of other things."""
    values = extracted("物业方案", text)
    assert values.get("issuer", [None]) == [issuer]
    assert values.get("written", [None]) == [written]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "本办法自公布之日起施行。1997年发布的《甲办法》、《乙办法》同时废止。",
            {"甲办法", "乙办法"},
        ),
        (
            "本办法自2014年1月1日起施行，《关于〈甲〉的通知》自本办法施行之日起废止。",
            {"关于〈甲〉的通知"},
        ),
        ("根据《丙决定》修正的《甲办法》同时废止。", {"甲办法"}),
        ("自本通知印发之日起，《甲通知》（清政〔2016〕8号）停止执行。", {"甲通知"}),
        ("对《甲办法》要及时修改或者废止。", set()),
    ],
)
def test_what_it_ends(text: str, found: set[str]) -> None:
    """The documents that a text repeals, but not those that it only mentions."""
    assert set(extracted("物业办法", text).get("repeals", [])) == found


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ("附件：任务清单", ["任务清单"]),
        ("附件：1. 任务清单\n2. 责任分工表\n3、名单", ["任务清单", "责任分工表", "名单"]),
        ("附件：1.任务清单2.责任分工表", ["任务清单", "责任分工表"]),
        ("附件：1.任务清单.docx\n3.名单", ["任务清单"]),
        ("附件：表", []),
        ("附件：1.总则....3\n2.附则....9", []),
        (f"附件：{'长' * 121}", []),
        (f"附件：{'长' * 120}", ["长" * 120]),
    ],
)
def test_what_is_a_name_of_an_annex(listed: str, names: list[str]) -> None:
    """Numbered in order or alone; neither a single character nor a table of contents nor a paragraph."""
    text = f"各镇：\n请落实。\n{listed}\n清源县人民政府\n2024年3月5日\n"
    assert extracted("关于工作的通知", text).get("annex", []) == names


def test_a_law_names_what_it_was_revised_by() -> None:
    """The history in brackets under the title."""
    text = (
        "（2002年3月5日发布 根据2011年《关于修改部分规章的决定》修正）\n第一条 根据《物业法》制定。"
    )
    assert extracted("物业办法", text)["revised_by"] == ["关于修改部分规章的决定"]


def test_an_explanation_has_no_metadata_of_what_it_explains() -> None:
    """施行 and 废止 in a 解读 are the explained document's."""
    text = "《物业办法》自2024年1月1日起施行，《甲办法》同时废止。"
    assert set(extracted("《物业办法》解读", text)) == {"kind"}


PIECES = [
    *re.split(r"(?<=[\n。：，])", NOTICE[1]),
    *(
        "关于",
        "《",
        "》",
        "（",
        "）",
        "号",
        "附件：",
        "1.",
        "2.",
        "令第",
        "同时废止",
        "有效期",
        "会 ",
        "　",
    ),
    *(
        "根据",
        "2024年13月40日",
        "二〇二四年",
        "\ue000",
        "的通知",
        "代表清源县人民政府",
        "[2024]5号",
    ),
]
WRITTEN = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=12).map("".join)


@given(WRITTEN, WRITTEN)
def test_extracted_fields_are_at_their_offsets(title: str, text: str) -> None:
    """Any title and text: no error; known fields, in order, each with the value at its offsets."""
    found = find(title, text)
    assert [FIELDS.index(one.field) for one in found] == sorted(
        FIELDS.index(one.field) for one in found
    )
    for one in found:
        source = title if one.where == "title" else text
        piece = source[one.start : one.end]
        assert piece
        if one.field == "kind":
            assert one.value in lexicon.kinds().values()
        elif not re.fullmatch(r"\d{4}-\d{2}-\d{2}", one.value):
            assert one.value == " ".join(piece.split())
    assert find(title, text) == found


def test_the_fifteen_statutory_kinds_are_known() -> None:
    """《党政机关公文处理工作条例》, article 8."""
    statutory = "决议 决定 命令 公报 公告 通告 意见 通知 通报 报告 请示 批复 议案 函 纪要"
    assert set(statutory.split()) <= set(lexicon.kinds().values())
