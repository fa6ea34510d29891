"""The lines of an article, their headings and anchors, in one walk."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from analyzers import outline
from indexer.build.records import passages_of
from search_service.model import Passage, StoredArticle, View
from search_service.web.pages.reading import contents, paragraphs, passages, rule_number, rules

_BLOCK = "一、总体要求\n提高认识，压实责任。\n（一）加强领导。各级各部门统筹安排，确保落实。\n"


class Walked(tuple[Passage, ...]):  # noqa: SLOT001  (a tuple can have no slot to count in)
    """Passages that count how many of them were looked at."""

    looks = 0

    def __iter__(self) -> Iterator[Passage]:
        for passage in super().__iter__():
            self.looks += 1
            yield passage


def stored(text: str) -> tuple[StoredArticle, Walked]:
    """A text as an engine returns it, cut as the indexer cuts it."""
    view = View(id="1", title="通知", text=text)
    passages = Walked(passage for passage, _ in passages_of(view, limit=outline.MAXIMUM))
    return StoredArticle(view=view, passages=passages), passages


def test_the_work_grows_with_the_text_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passages are iterated once; twice the lines need no more calls of the outline."""
    calls = []
    split = outline.split

    def counted(text: str, *, limit: int = outline.MAXIMUM) -> list[outline.Section]:
        calls.append(len(text))
        return split(text, limit=limit)

    asked = []
    for times in (100, 200):
        one, passages = stored(_BLOCK * times)
        with monkeypatch.context() as patched:
            patched.setattr(outline, "split", counted)
            shown = list(paragraphs(one))
        assert len(shown) == 3 * times
        assert passages.looks == len(passages)
        asked.append(len(calls))
        calls.clear()
    assert asked[0] == asked[1]


def test_every_passage_has_its_anchor_once() -> None:
    """Anchors come in the order of the passages, with blank lines before, between and behind."""
    one, passages = stored("\n　\n" + _BLOCK.replace("\n", "\n\n \n") * 20 + "\n\n")

    anchors = [key for paragraph in paragraphs(one) for key in paragraph.anchors]

    assert anchors == [passage.id for passage in passages]


@pytest.mark.parametrize(
    ("line", "lead", "level"),
    [
        ("一、总体要求", "一、总体要求", 2),
        ("（二）落实经费", "（二）落实经费", 3),
        ("1.先建组织", "1.先建组织", 4),
        ("①摸底", "①摸底", 4),
        ("第三条　居民议事", "第三条　居民议事", 2),
        ("附件：名单", "附件：名单", 2),
        ("（一）加强领导。各级统筹安排，确保落实。", "（一）加强领导", 0),
        ("1.进社区；2.进学校。", "", 0),
        ("（二）办事指南。", "", 0),
        ("第四条　本办法自2025年3月1日起施行。旧办法同时废止。", "第四条", 0),
        ("第五条　应当公开下列信息：", "第五条", 0),
        ("第三条规定的情形除外", "", 0),
        ("第三条　" + "居民自治" * 20 + "。", "第三条", 0),
        ("第三条" + "居民自治" * 20 + "。", "", 0),
        ("附件说明如下", "", 0),
        ("2024年小区治理", "", 0),
        ("各单位结合实际抓好落实", "", 0),
        ("。一、残句", "", 0),
        ("；一、保障措施\n；一、残句", "", 0),
        ("一、" + "长" * 60, "", 0),
    ],
)
def test_headings_are_told_from_text(line: str, lead: str, level: int) -> None:
    """A line is classified on its own, whatever surrounds it, even under a heading that it begins with."""
    around = ("第三条\n附件\n正文。\n", "\n二、其他\n2024年5月1日\n三、附则\n末尾。")
    one, _ = stored(line.join(around))

    shown = list(paragraphs(one))[3]

    assert (shown.lead, shown.level) == (lead, level)


def test_a_closing_signature_is_marked() -> None:
    """Organ and date at the end are the signature, and nothing before them."""
    one, _ = stored("关于治理的通知\n各街道抓好落实。\n清河区住房和城乡建设局\n2024年5月1日\n")

    assert [p.signature for p in paragraphs(one)] == [False, False, True, True]


def test_a_gap_is_a_line_and_two_in_a_row_are_one() -> None:
    """The text around a gap stays; a gap at the end of a line and one on its own line are one gap."""
    text = "开头一段。……\n……\n（一）缺钱。县里……街道也没有。\n结尾。"
    one, cut = stored(text)
    gapped = replace(one, view=replace(one.view, gapped=True))

    lines = [line for passage in passages(paragraphs(gapped)) for line in passage.paragraphs]

    shown = ["—" if line.gap else line.lead + line.rest for line in lines]
    assert shown == ["开头一段。", "—", "（一）缺钱。县里", "—", "街道也没有。", "结尾。"]
    assert [line.continued for line in lines] == [False, False, False, False, True, False]
    whole = [line for passage in passages(paragraphs(one)) for line in passage.paragraphs]
    assert whole[0].rest == "开头一段。……"
    assert {key for passage in passages(paragraphs(gapped)) for key in passage.anchors} == {
        passage.id for passage in cut
    }


def test_a_passage_has_all_its_lines() -> None:
    """The lines from one anchor to the next are one passage."""
    one, cut = stored(_BLOCK * 30)

    shown = passages(paragraphs(one))

    assert [passage.anchors[0] for passage in shown] == [passage.id for passage in cut]
    assert sum(len(passage.paragraphs) for passage in shown) == 90


def test_contents_list_headings_of_two_levels() -> None:
    """一、 with （一）, also at the beginning of a paragraph; 章 with 条; no items of a list."""
    text = "一、总体要求\n（一）指导思想。以人民为中心，统筹推进。\n1.先建组织\n二、主要任务\n"
    one, _ = stored(text)
    listed = [(entry.text, entry.level) for entry in contents(list(paragraphs(one)))]
    assert listed == [("一、总体要求", 1), ("（一）指导思想", 2), ("二、主要任务", 1)]

    law = (
        "第一章　总则\n第一条　为了规范管理，根据法律，制定本办法。\n第二条　应当公开下列信息：\n"
        "（一）机构；\n（二）职能。\n"
    )
    one, _ = stored(law)
    listed = [(entry.text, entry.level) for entry in contents(list(paragraphs(one)))]
    assert listed == [
        ("第一章　总则", 1),
        ("第一条　为了规范管理", 2),
        ("第二条　应当公开下列信息", 2),
    ]

    assert contents(list(paragraphs(stored("一、只有一节\n正文。")[0]))) == []


ROWS = "单位\t任务\n民政局\t一、低保\n\u3000\t二、养老\n"


def test_rows_in_a_text_are_a_table() -> None:
    """Once, with the anchors of the passages in it; its cells are no headings, and single tabs no rows."""
    one, cut = stored("见表：\t附后\n\n" + ROWS * 30 + "1.\t先\n2.\t后\n")

    shown = list(paragraphs(one))

    assert [bool(line.rows) for line in shown] == [False, True]
    table = shown[1]
    assert table.headed
    assert [row.across for row in table.rows[:3]] == [False] * 3
    note = next(paragraphs(stored("甲\t乙\t丙\n注：略\t\u3000\t\u3000\n")[0])).rows[1]
    assert note.across
    assert [row.cells for row in table.rows[:3]] == [
        ("单位", "任务"),
        ("民政局", "一、低保"),
        ("", "二、养老"),
    ]
    anchors = [
        *shown[0].anchors,
        *table.anchors,
        *(key for row in table.rows for key in row.anchors),
    ]
    assert anchors == [passage.id for passage in cut]
    assert len(anchors) > 2
    assert {passage.path for passage in cut} == {()}
    assert not any(line.rows for line in paragraphs(stored("1.\t先\n2.\t后\n")[0]))


def test_a_table_goes_on_after_a_gap_without_a_heading() -> None:
    """Its first row was above the gap; a gap in a row is announced behind the table."""
    one, _ = stored(ROWS + "……\n卫健局\t三、医保\n司法局\t四、……\n")
    gapped = replace(one, view=replace(one.view, gapped=True))

    shown = list(paragraphs(gapped))

    assert [(len(line.rows), line.headed, line.gap) for line in shown] == [
        (3, True, False),
        (0, False, True),
        (2, False, False),
        (0, False, True),
    ]


@pytest.mark.parametrize("row", ["2024\t15", "低保应当按月发放。\t是", "单位\t"])
def test_a_row_of_values_is_no_heading(row: str) -> None:
    """Values, sentences and empty places name no columns."""
    one, _ = stored(f"{row}\n民政局\t3\n")

    assert not next(paragraphs(one)).headed


def test_rules_are_found_by_their_number() -> None:
    """第X条, in digits or numerals, the first of each number; no item of a list and no mention of a rule."""
    one, _ = stored(
        "第一章　总则\n第一条　为了规范管理，制定本办法。\n（一）机构；\n第二十一条　应当公开下列信息：\n"
        "第 3 条　附则\n第三条规定的情形除外。\n第三条　重复的一条，以前一条为准。\n"
    )
    shown = list(paragraphs(one))
    found = rules(shown)

    lines = {line.key: line.lead + line.rest for line in shown if line.key}
    assert {number: lines[key][:5].strip() for number, key in found.items()} == {
        1: "第一条　为",
        21: "第二十一条",
        3: "第 3 条",
    }
    typed = ("21", "２１", "二十一", " 第二十一条 ", "第21条")
    assert {rule_number(one) for one in typed} == {21}
    assert [rule_number(one) for one in ("", "附则", "十四五", "-1", "1.5")] == [None] * 5
