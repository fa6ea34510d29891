"""What cleaning removes from texts as portals publish them, and above all what it keeps."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_service.errors import ConfigurationError
from search_service.intake.cleaning import Cleaning, Rule, clean, clean_head, clean_line
from search_service.intake.markup import text_of_html

DIRT = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *("<p>", "</p>", "<br/>", "<b>", "<a href='x'>", "</a>", "<td>", "</td>", "<tr>"),
                *(
                    "<table>",
                    "</table>",
                    "<script>",
                    "</script>",
                    "<!-- 注 -->",
                    "<!--",
                    "-->",
                    "<x",
                ),
                *(
                    "<textarea>",
                    "</textarea>",
                    "<pre>",
                    "</pre>",
                    "<title>",
                    "</title>",
                    "<td",
                    "</",
                ),
                *(
                    "&nbsp;",
                    "&nbsp",
                    "&amp;",
                    "&lt;",
                    "&gt;",
                    "amp;",
                    "lt;",
                    "&#60;",
                    "&#0;",
                    "&#x3000;",
                ),
                *(
                    "#p#",
                    "#e#",
                    "副标题",
                    "[page]",
                    "[!--empirenews.page--]",
                    "[NextPage]",
                    "[Next",
                    "Page]",
                ),
                *(
                    "以上为免费阅读内容",
                    "如需阅读全文",
                    "请先登陆",
                    "，",
                    ",",
                    "登录后查看全文",
                    "登录",
                ),
                *(
                    "　　",
                    "\n",
                    "\r\n",
                    "\t",
                    "\u200b",
                    "\ufeff",
                    "\xa0",
                    "。　　",
                    "\0",
                    "\x1c",
                    "\ud800",
                ),
                *("关于推进基层治理", "的实施意见", "一、总体要求", "《a<b》", "C1212"),
            ]
        ),
        st.text(max_size=5),
    ),
    max_size=30,
).map("".join)
RULES = st.frozensets(st.sampled_from(Rule))
TITLE = "关于推进基层治理的实施意见"


@given(text=DIRT, rules=RULES)
def test_cleaning_twice_changes_nothing_more(text: str, rules: frozenset[Rule]) -> None:
    """Cleaning is idempotent with any choice of rules, raises nothing and lengthens nothing."""
    once = clean(text, cleaning=Cleaning(rules), title=TITLE)

    again = clean(once.text, cleaning=Cleaning(rules), title=TITLE)

    assert again.text == once.text
    assert not again.fired
    assert len(once.text) <= len(text)
    assert once.fired or once.text == text


@given(text=DIRT)
def test_a_line_stays_a_line(text: str) -> None:
    """A short field has no line breaks and no blanks at its ends, and is idempotent too."""
    once = clean_line(text).text

    assert "\n" not in once
    assert once == once.strip()
    assert clean_line(once).text == once


@given(
    text=st.text(
        st.sampled_from("关于社区治理工作，。、；：“”（）《》〔〕一二三0189ABab%—…<>&"),
        max_size=200,
    )
)
def test_prose_is_unchanged(text: str) -> None:
    """Text without tags, entities, marks and blanks comes out as it went in."""
    assert clean(text).text == text


@pytest.mark.parametrize(
    "notice",
    [
        "以上为免费阅读内容,如需阅读全文,请先登陆",
        "以上为免费阅读内容，如需阅读全文，请先登录！",
        "（以上内容为免费试读部分，如需查看全文，请登录）",
        "以上是免费阅读内容；若要阅读全部内容，请您先登录或注册会员。",
        "您还没有登录，请登录后查看全文",
        "本文为会员文章，请登录后阅读全文。",
        "【登录后可阅读完整内容】",
        "温馨提示：请先登陆，登陆后可查看更多内容",
    ],
)
def test_log_in_notices_go(notice: str) -> None:
    """A notice at the end of a preview is removed, and nothing but the notice."""
    cleaned = clean(f"镇党委每月研判一次，销号管理。\n{notice}")

    assert cleaned.text == "镇党委每月研判一次，销号管理。"
    assert Rule.LOGIN_NOTICE in cleaned.fired


def test_a_notice_glued_to_a_sentence_leaves_the_sentence() -> None:
    """The portal's own notice is removed also within a line."""
    cleaned = clean("以治理实效取信于民。以上为免费阅读内容,如需阅读全文,请先登陆\n三、下步打算")

    assert cleaned.text == "以治理实效取信于民。\n三、下步打算"


@pytest.mark.parametrize(
    "text",
    [
        "请登录省政务服务网查看全文。",
        "申请人登录平台后，可查看办理进度和全部内容。",
        "请先登录",
        "以上为免费开放的公园，市民可持身份证入园。",
        "以上为免费阅读活动的场次安排，请先注册志愿者。",
        "查看全文",
        "会员单位应当登录系统报送年度工作总结，未登录报送的，取消评先资格，并在全市范围内通报批评，同时抄送其上级主管部门和同级纪检监察机关，纳入年度考核。",
    ],
)
def test_sentences_about_logging_in_stay(text: str) -> None:
    """A text that merely mentions logging in, free services or full texts is no notice."""
    assert clean(text).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一、基本情况#p#副标题#e#二、主要做法", "一、基本情况\n二、主要做法"),
        ("第一页。#p#二、存在问题#e#群众反映集中。", "第一页。\n二、存在问题\n群众反映集中。"),
        ("上文。\n[!--empirenews.page--]\n下文。", "上文。\n\n下文。"),
        (
            "上文。[!--empirenews.page--]经验启示[/!--empirenews.page--]下文。",
            "上文。\n经验启示\n下文。",
        ),
        ("上文。[NextPage]下文。", "上文。\n下文。"),
        ("上文。[nextpage]下文。[page]末页。", "上文。\n下文。\n末页。"),
        ("上文。_ueditor_page_break_tag_下文。", "上文。\n下文。"),
        ("上文。<!--nextpage-->下文。", "上文。\n下文。"),
    ],
)
def test_page_marks_become_line_breaks(text: str, expected: str) -> None:
    """A mark goes; the title of the next page, where it is a real one, is text and stays."""
    assert clean(text).text == expected


def test_markup_becomes_lines() -> None:
    """Paragraphs and table rows become lines, cells are separated by tabs, scripts are removed."""
    html = (
        "<div><p>　　为规范小区管理，制定本办法。</p>\r\n<script>if(a<b){}</script><table><tr><td>项目</td>"
        "<td><p>数量</p></td></tr><tr><td>电梯</td><td>12</td></tr></table>各社区抓好落实<br>镇政府</div>"
    )

    assert (
        clean(html).text
        == "为规范小区管理，制定本办法。\n项目\t数量\n电梯\t12\n各社区抓好落实\n镇政府"
    )


EMPTY = "\u3000"
LONG = "正文很长。" * 80


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (("<table><tr><td colspan=3>分工表</td></tr><tr><th>单位</th><th>任务</th><th>时限</th></tr>"
         "<tr><td rowspan=2>民政局</td><td>低保</td><td>6月</td></tr><tr><td>养老</td><td></td></tr>"
         "<tr><td colspan=2>合计</td><td>2</td></tr></table>"),
         ["分工表", "单位\t任务\t时限", "民政局\t低保\t6月", f"{EMPTY}\t养老\t{EMPTY}", f"合计\t{EMPTY}\t2"]),
        ("<table><tr><td><p>一段。</p><p>二段。</p></td></tr></table>", ["一段。", "二段。"]),
        (("<table><tr><td>左栏<table><tr><td>甲</td><td>1</td></tr><tr><td>乙</td><td>2</td></tr></table>"
         "</td><td>右栏</td></tr></table>"), ["左栏", "甲\t1", "乙\t2", "右栏"]),
        (f"<table><tr><td>导航</td><td>{LONG}</td></tr></table>", ["导航", LONG]),
        ("<table>题注<tr><td>甲</td><td>1</td></tr></table>", ["题注", "甲", "1"]),
        ("见下表：\n| 单位 | 数 |\n|:--|--:|\n| 民政局<br>（牵头） | 3 |\n|  | 4\\|5 |\n完。",
         ["见下表：", "单位\t数", "民政局 （牵头）\t3", f"{EMPTY}\t4|5", "完。"]),
        ("甲 | 乙\n丙 | 丁", ["甲 | 乙", "丙 | 丁"]),
    ],
    ids=["spans", "one-column", "nested", "layout", "text-outside-cells", "markdown", "bars"],
)  # fmt: skip
def test_tables_become_rows_of_cells(text: str, rows: list[str]) -> None:
    """Rows of data are lines of cells, what only lays out a page is lines, and nothing stands twice."""
    assert clean(text).text.split("\n") == rows


@given(
    st.lists(
        st.lists(
            st.tuples(st.text("甲乙丙1 ", max_size=3), st.integers(1, 4), st.integers(1, 4)),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 6),
)
def test_a_table_that_is_cut_off_has_the_same_rows(
    rows: list[list[tuple[str, int, int]]], kept: int
) -> None:
    """A preview that ends in a table begins like its body, whatever spans rows and columns below."""
    written = [
        "<tr>" + "".join(f"<td colspan={w} rowspan={h}>{text}</td>" for text, w, h in row) + "</tr>"
        for row in rows
    ]
    whole, part = (
        clean(f"<p>见表</p><table>{''.join(some)}").text for some in (written, written[:kept])
    )

    cells = "".join(text for row in rows for text, _, _ in row)
    assert "".join(whole.split()) == "见表" + "".join(cells.split())
    assert f"{whole}\n".startswith(f"{part}\n")


def test_a_wrapped_paragraph_is_one_line() -> None:
    """HTML that Word has wrapped in mid-sentence reads as one paragraph, without blanks between Han."""
    html = (
        "<p class=MsoNormal style='text-indent:28.0pt'>各乡镇、\n街道要压实\n责任，<o:p></o:p></p>"
    )

    assert clean(html).text == "各乡镇、街道要压实责任，"


def test_a_stray_tag_costs_plain_text_no_lines() -> None:
    """Plain text with a comment or a forgotten tag in it keeps its own paragraphs."""
    text = (
        "一、指导思想\n坚持问题导向。\n<!-- 表 -->\n二、重点任务\n补齐设施短板。</p>\n三、保障措施"
    )

    expected = "一、指导思想\n坚持问题导向。\n\n二、重点任务\n补齐设施短板。\n三、保障措施"
    assert clean(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        "《a<b》",
        "当a<b且c>d时",
        "若 a<b and c>d，则",
        "<关于做好防汛工作的通知>",
        "<2024>12号",
        "用<b>标签加粗",
        "R&D经费&人才",
    ],
)
def test_angle_brackets_that_are_no_tags_stay(text: str) -> None:
    """What only looks like a tag is text, by itself and inside real HTML."""
    assert clean(text).text == text
    if "<b>" not in text:
        assert clean(f"<p>{text}</p>").text == text


def test_a_script_that_never_ends_swallows_nothing() -> None:
    """An unclosed script, style or title costs its tag, not the article."""
    assert clean("<p>前文。</p><script>后文。").text == "前文。\n后文。"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&ldquo;三治&rdquo;融合", "“三治”融合"),
        ("研发&nbsp;投入&#x2014;&#8212;增长", "研发 投入——增长"),
        ("研发&nbsp投入", "研发 投入"),
        ("5&amp;lt;6，7&amp;amp;gt;6", "5<6，7>6"),
        ("?a=1&copy=2&section=3", "?a=1&copy=2&section=3"),
        ("&lt;p&gt;要点&lt;/p&gt;", "要点"),
        ("&nosuch;", "&nosuch;"),
    ],
)
def test_entities_become_characters(text: str, expected: str) -> None:
    """Also escaped twice; parameters of an address and unknown names stay."""
    assert clean(text).text == expected


def test_blanks_at_the_edges_go() -> None:
    """Indentation, trailing blanks, foreign line ends, invisible characters; inside a line, nothing."""
    text = "\ufeff　　第一章　总则 \r\n\r\n\r\n\r\n\xa0\xa0为了\u200b规范管理。　\r　　第二条\x0b末"

    assert clean(text).text == "第一章　总则\n\n为了规范管理。\n第二条\n末"


def test_an_indent_after_a_sentence_is_a_lost_line_break() -> None:
    """Two full-width blanks behind a full stop begin a paragraph; between words they do not."""
    assert clean("工作有力。　　二、存在不足").text == "工作有力。\n二、存在不足"
    assert clean("总　　则").text == "总　　则"


@pytest.mark.parametrize(
    ("title", "head"),
    [
        ("加强物业管理，提升小区品质", "加强物业管理，提升小区品质\n"),
        ("加强物业管理，提升小区品质", "加强物业管理,\n　　提升小区品质\n\n"),
        ("加强物业管理，提升小区品质", "B1890 加强物业管理，提升小区品质\n"),
        ("关于印发《办法》的通知", "\n\n关于印发\n《 办 法 》的通知\n"),
        ("工作总结", "# 工作总结\n工作总结\n"),
    ],
)
def test_a_title_repeated_at_the_head_goes(title: str, head: str) -> None:
    """Also broken over lines, spaced out, with other punctuation, with its code, or twice."""
    cleaned = clean(f"{head}今年以来，我镇聚焦难点。", title=title)

    assert cleaned.text == "今年以来，我镇聚焦难点。"
    assert Rule.REPEATED_TITLE in cleaned.fired


@pytest.mark.parametrize(
    "body",
    [
        "加强物业管理，提升小区品质是民生实事。\n一、现状",
        "加强物业管理\n一、现状",
        "一、现状\n加强物业管理，提升小区品质\n二、问题",
        "加强物业管理，提升小区品质",
    ],
)
def test_a_head_that_is_not_just_the_title_stays(body: str) -> None:
    """A sentence that begins with the title, a part of it, or a body that is nothing else stays."""
    assert clean(body, title="加强物业管理，提升小区品质").text == body


def test_a_preview_cut_inside_a_tag_stays_a_piece_of_its_body() -> None:
    """The rest of a tag at the end of a cut preview is no text."""
    body = "<p>一是建强组织。</p><p style='color:red'>二是健全机制。</p>"

    preview = clean(body[:24]).text

    assert preview == "一是建强组织。"
    assert preview in clean(body).text


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("<p>为规范</p><div cla", "为规范"),
        ("前<关于做好", "前<关于做好"),
        ("R&D经费", "R&D经费"),
        ("研发&am", "研发"),
        ("", ""),
    ],
)
def test_the_head_of_a_text_is_cleaned_by_itself(text: str, head: str) -> None:
    """Nothing behind the cut changes it; a tag or entity that was cut through is left out."""
    for behind in ("", "之后", "ss='x'>文</div>", "sp;以上为免费阅读内容,如需阅读全文,请先登陆"):
        assert clean_head(text + behind, len(text)) == head


@given(st.text(max_size=60), st.text(max_size=20), st.integers(0, 60))
def test_a_head_is_a_function_of_its_first_characters(text: str, behind: str, length: int) -> None:
    """The result does not depend on the text after the cut, and is no longer than requested."""
    head = clean_head(text[:length] + behind, min(length, len(text)))
    assert head == clean_head(text[:length], length)
    assert len(head) <= length


def test_rules_can_be_chosen() -> None:
    """Only the named rules work; the report names those that changed something."""
    cleaning = Cleaning.parse("entities, Markup")

    cleaned = clean("<p>　　甲&amp;乙[page]</p>", cleaning=cleaning)

    assert cleaned.text == "　　甲&乙[page]"
    assert cleaned.fired == {Rule.MARKUP}
    assert Cleaning.parse("all") == Cleaning()
    assert clean("　[page]", cleaning=Cleaning.parse("none")).text == "　[page]"


def test_an_unknown_rule_is_refused_with_the_known_ones() -> None:
    """A typing error in the setting is an error, not a rule that is off."""
    with pytest.raises(ConfigurationError) as caught:
        Cleaning.parse("login-notice,entity")

    assert "entity" in caught.value.message
    assert all(rule in caught.value.message for rule in Rule)


def test_a_page_laid_out_by_a_table_keeps_its_paragraphs() -> None:
    """A cell that contains the whole article is layout: its paragraphs remain lines."""
    paragraph = "各级各部门要提高政治站位，把城乡环境综合整治作为一项长期任务来抓。" * 6
    html = f"<table><tr><td><p>{paragraph}</p><p>{paragraph}</p></td></tr></table>"

    assert text_of_html(html) == f"{paragraph}\n{paragraph}"


@pytest.mark.parametrize("tag", ["<div>", "<b>", "<font>", "<table><tr><td>", "<ul><li>", "<p><i>"])
def test_text_below_any_number_of_tags_stays(tag: str) -> None:
    """The parser drops what is nested too deeply, so tags beyond a depth are removed first."""
    text = clean("前文" + tag * 3000 + "正文在此。<br>后文").text
    assert "正文在此。" in text
    assert text.endswith("后文")


@pytest.mark.parametrize(
    "text",
    [
        "甲" + "<!--" * 50_000,
        "甲&" + "#38;" * 25_000,
        "甲" + "&#59" * 25_000 + ";",
        "甲" + "<b" * 20_000 + ">" * 20_000,
        "甲<" + "a" * 100_000,
        "甲<q " + "a=" * 50_000 + ">",
    ],
    ids=["comments", "ampersands", "semicolons", "nested", "name", "attributes"],
)
def test_hostile_markup_is_cleaned_fast(text: str) -> None:
    """Of what took minutes; how long it takes at twice the length is measured in test_growth."""
    begun = time.process_time()
    assert clean(text).text.startswith("甲")
    assert time.process_time() - begun < 10


def test_a_title_on_every_line_costs_no_time() -> None:
    """However often it is repeated at the head: time grows with the text, not with its square."""
    text = "关于防火的通知\n" * 50_000 + "各村落实。"
    started = time.process_time()

    assert clean(text, title="关于防火的通知").text == "各村落实。"
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("河\u200b长\u200c制，\u200d林\ufeff长\u00ad制\u2060", "河长制，林长制"),
        ("\u202a湖\u2069长\ufe00制\U000e0100", "湖长制"),
        ("👨\u200d👩\u200d👧 می\u200cخواهم ❤\ufe0f", "👨\u200d👩\u200d👧 می\u200cخواهم ❤\ufe0f"),
    ],
)
def test_invisible_characters_are_removed(written: str, cleaned: str) -> None:
    """Within Chinese they only keep words from being found; pictures and other scripts need them."""
    assert clean(written).text == cleaned
