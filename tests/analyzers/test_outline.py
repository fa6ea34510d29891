"""Passages cover the text, respect the limit, and have the right headings and roles."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzers.normalize import normalize
from analyzers.outline import MAXIMUM, MINIMUM, ROLES, Section, split
from tests.support.chinese import BODY, TEXT


@given(st.one_of(BODY, TEXT, st.text()), st.sampled_from([40, 200, MAXIMUM]))
def test_joined_passages_are_the_text(text: str, limit: int) -> None:
    """Whatever the text, its passages follow one another, cover it and keep to the limit."""
    sections = split(text, limit=limit)
    assert "".join(text[section.start : section.end] for section in sections) == text
    assert all(0 < section.end - section.start <= limit for section in sections)
    position = 0
    for section in sections:
        assert section.start == position
        position = section.end


@settings(deadline=None)
@given(st.one_of(BODY, TEXT))
def test_the_width_of_a_text_changes_no_passage(text: str) -> None:
    """A text and its normal form are cut at the same places, with the same roles."""
    places = [(section.start, section.end, section.role) for section in split(text)]
    assert [(one.start, one.end, one.role) for one in split(normalize(text))] == places


@settings(deadline=None)
@given(st.one_of(BODY, TEXT))
def test_every_role_is_one_of_the_roles(text: str) -> None:
    """What a passage can be is what callers may ask for."""
    assert {section.role for section in split(f"{text}\n{NOTICE}\n附件1\n{text}")} <= {*ROLES}
    assert {section.role for section in split(ISSUED)} == {*ROLES}


def find(text: str, piece: str) -> Section:
    """The passage that contains the piece."""
    at = text.index(piece)
    return next(section for section in split(text) if section.start <= at < section.end)


NOTICE = (
    "各镇人民政府：\n为规范老旧小区管理，现将有关事项通知如下，请结合实际抓好落实，务求取得实效，让群众看得见变化。\n"
    "一、总体要求\n坚持党建引领，" + "坚持问题导向与目标导向相统一，" * 8 + "\n"
    "二、主要任务\n（一）摸清底数。" + "各社区要逐栋逐户登记造册，" * 9 + "\n"
    "（二）建立机制。" + "推行居民自治与专业服务相结合，" * 8 + "\n"
    "三、组织保障\n１．加强领导。" + "成立工作专班，定期研究解决问题，" * 8 + "\n"
    "清源县人民政府办公室\n2024年3月5日\n"
)

# A 通知 with all of its frame, what it issues behind its signature, and an annex.
ISSUED = (
    "清源县人民政府办公室关于印发\n《清源县老旧小区管理办法》的通知\n清政办发〔2024〕5号\n"
    + NOTICE.replace("清源县人民政府办公室\n", "特此通知。\n附件：任务清单\n清源县人民政府办公室\n")
    + "（此件公开发布）\n清源县老旧小区管理办法\n第一章　总则\n第一条　为规范管理，制定本办法。\n"
    + "第二条　本办法自发布之日起施行。\n附件\n任务清单\n一、摸底\n抄送：县委办公室。\n"
)


@pytest.mark.parametrize(
    ("piece", "path", "role"),
    [
        ("为规范老旧", (), "导语"),
        ("坚持党建引领", ("一、总体要求",), "主体"),
        ("逐栋逐户", ("二、主要任务", "（一）摸清底数"), "主体"),
        ("推行居民自治", ("二、主要任务", "（二）建立机制"), "主体"),
        ("成立工作专班", ("三、组织保障", "１．加强领导"), "保障措施"),
        ("清源县人民政府办公室", (), "落款"),
    ],
)
def test_passages_know_their_headings_and_role(
    piece: str, path: tuple[str, ...], role: str
) -> None:
    """A passage carries the headings above it and its role in the document."""
    section = find(NOTICE, piece)
    assert (section.path, section.role) == (path, role)


def test_headings_are_found_where_line_breaks_were_lost() -> None:
    """A heading behind the end of a sentence begins a passage."""
    body = (
        "现提出如下意见：一、明确试点城市。"
        + "按照合理布局的原则推进试点。" * 8
        + "二、强化工作目标。"
        + "实现直接结算。" * 14
    )
    assert find(body, "按照合理").path == ("一、明确试点城市",)
    assert find(body, "实现直接").path == ("二、强化工作目标",)


def test_a_reference_to_an_article_is_no_heading() -> None:
    """第三条规定的 is a reference to another article."""
    body = "第一条 为加强管理，制定本办法。\n第三条规定的情形，" + "从其规定执行。" * 20 + "\n"
    assert all("第三条" not in "".join(section.path) for section in split(body))


def test_articles_of_a_law_stand_under_their_chapter() -> None:
    """章 and 条 nest."""
    body = (
        "第一章 总则\n第一条 为了"
        + "规范管理，" * 20
        + "。\n第二章 职责\n第二条 主管部门"
        + "负责监督，" * 20
        + "。\n"
    )
    assert find(body, "负责监督").path[0] == "第二章 职责"
    assert find(body, "负责监督").path[1].startswith("第二条")


@pytest.mark.parametrize(
    ("piece", "role"),
    [
        ("关于印发", "标题"),
        ("清政办发", "标题"),
        ("各镇人民政府", "主送"),
        ("为规范老旧", "导语"),
        ("逐栋逐户", "主体"),
        ("特此通知", "结尾"),
        ("附件：任务清单", "附件"),
        ("2024年3月5日", "落款"),
        ("此件公开", "抄送"),
        ("清源县老旧小区管理办法\n第", "标题"),
        ("制定本办法", "主体"),
        ("一、摸底", "附件"),
        ("抄送", "抄送"),
    ],
)
def test_a_notice_and_what_it_issues_each_have_their_frame(piece: str, role: str) -> None:
    """Behind a signature a text of its own begins; a list of annexes does not hide the signature."""
    assert find(ISSUED, piece).role == role


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("十一、加强督查", "十一、加强督查"),
        ("二十、附则", "二十、附则"),
        ("（十二）统筹推进", "（十二）统筹推进"),
        ("(三）统筹推进", "(三）统筹推进"),
        ("（一）、统筹推进", "（一）、统筹推进"),
        ("( 二 ) 统筹推进", "( 二 ) 统筹推进"),
        ("㈢统筹推进", "㈢统筹推进"),
        ("１．先建组织", "１．先建组织"),
        ("1﹒先建组织", "1﹒先建组织"),
        ("2、先建组织", "2、先建组织"),
        ("3 、先建组织", "3 、先建组织"),
        ("4．2024年重点", "4．2024年重点"),
        ("2.1 组织体系", "2.1 组织体系"),
        ("2.1.3组织体系", "2.1.3组织体系"),
        ("1 总则", "1 总则"),
        ("（１）先摸底", "（１）先摸底"),
        ("⑵先摸底", "⑵先摸底"),
        ("3）先摸底", "3）先摸底"),
        ("②先摸底", "②先摸底"),
        ("## 第一章  总 则", "第一章  总 则"),
        ("第一千二百五十九条　释义", "第一千二百五十九条　释义"),
        ("第三十五 条释义", "第三十五 条释义"),
        ("第十七条之一　释义", "第十七条之一　释义"),
        ("第二分编　通则", "第二分编　通则"),
        ("一是统筹推进", None),
        ("第一，统筹推进", None),
        ("第二款规定的情形", None),
        ("第十三届全国人民代表大会", None),
        ("第三条、第四条规定的情形", None),
        ("第五条第二款所列情形", None),
        ("第三节课后服务", None),
        ("1.5万元以上", None),
        ("2024年统筹推进", None),
        ("18 周岁以下人员", None),
    ],
)
def test_every_style_of_heading(line: str, heading: str | None) -> None:
    """Every width and style of the number is a heading; what only looks like one is not."""
    body = "为做好有关工作，现将有关事项通知如下。" * 5
    path = find(f"{body}\n{line}\n{'各级各部门统筹安排，' * 12}\n", "各级各部门").path
    assert path == ((heading,) if heading else ())


@pytest.mark.parametrize(
    ("text", "piece", "path"),
    [
        ("二、主要任务（一）摸清底数。{}", "", ("二、主要任务", "（一）摸清底数")),
        ("第一章 总则 第一条 为了治理，{}", "", ("第一章 总则",)),
        ("第一条 为了治理。第二条居民委员会{}", "", ("第二条居民委员会",)),
        ("第五条 为了治理。第二条居民委员会{}", "", ("第五条 为了治理",)),
        ("工作要求如下。 一、明确目标。{}", "", ("一、明确目标",)),
        ("时间为8:30、9:30。{}", "", ()),
    ],
)
def test_lost_line_breaks(text: str, piece: str, path: tuple[str, ...]) -> None:
    """Several headings on one line; the next article is distinguished from a reference to one."""
    found = find(text.format("按照合理布局推进，" * 15), "按照合理").path
    assert tuple(name.split("按照")[0].rstrip("，…") for name in found)[: len(path)] == path
    assert bool(found) == bool(path)


def test_a_text_on_one_line_has_its_frame() -> None:
    """主送 before the text and signature behind it are found without line breaks."""
    text = (
        "冀政字〔2024〕5号各市、县人民政府："
        + "现将有关事项通知如下，" * 9
        + "请认真执行。清源县人民政府2024年3月5日"
    )
    assert [(one.role, text[one.start : one.end][-6:]) for one in split(text)] == [
        ("主送", "县人民政府："),
        ("导语", "请认真执行。"),
        ("落款", "4年3月5日"[-6:]),
    ]


def test_a_date_under_a_title_is_no_signature() -> None:
    """Speeches carry place and date under their title; the end of the text is elsewhere."""
    text = "在全县大会上的讲话\n（2024年3月5日）\n同志们：\n" + "今天的会议很重要。" * 20
    assert [section.role for section in split(text)] == ["标题", "主送", "导语"]


def test_the_rest_of_a_part_joins_it() -> None:
    """What is left of a part is no passage of a few characters."""
    text = "一、要求\n" + ("统筹安排，" * 49 + "落实。\n") + "抓好落实。\n" + "二、" + "措施，" * 40
    assert all(section.end - section.start >= MINIMUM for section in split(text))


def test_a_short_remainder_joins_the_passage_before_it() -> None:
    """The last lines under a heading are part of its passage, if the limit allows it."""
    paragraph = "统筹安排，" * 51 + "落实。\n"
    assert len(split(f"一、要求\n{paragraph}抓好落实。")) == 1
    full = "统筹安排，" * 79 + "\n"
    assert [one.end - one.start for one in split(f"{full}抓好落实。")] == [len(full), 5]


def test_headings_alone_are_no_passage() -> None:
    """Headings remain with the text below them, however long they are together."""
    names = (f"第二章 {'甲' * 36}", f"第一节 {'乙' * 36}", f"第二条 {'丙' * 30}")
    text = f"第一章 总则\n{'统筹安排，' * 40}\n" + "\n".join(names) + f"\n{'抓好落实，' * 20}"
    section = find(text, "抓好落实")
    assert section == find(text, "第二章")
    assert [name[:3] for name in section.path] == ["第二章", "第一节", "第二条"]


@pytest.mark.parametrize("limit", [100, 200, MAXIMUM])
@pytest.mark.parametrize("length", [410, 450, 1000])
@pytest.mark.parametrize(
    ("sentence", "end"),
    [
        ("各部门要统筹安排，落实措施。", "。"),
        ("各部门要统筹安排，", "，"),
        ("各部门要统筹安排", ""),
    ],
)
def test_a_long_paragraph_is_cut_evenly(limit: int, length: int, sentence: str, end: str) -> None:
    """At sentence ends, else at commas, into parts of about the same length; without any, at the limit."""
    paragraph = (sentence * length)[:length]
    parts = [paragraph[one.start : one.end] for one in split(paragraph, limit=limit)]
    assert len(parts) <= -(-length // limit) + 1
    assert all(part.endswith(end) for part in parts[:-1])
    lengths = [len(part) for part in parts]
    if end:
        assert max(lengths) - min(lengths) < 50
    else:
        assert set(lengths[:-1]) == {limit}


def test_the_parts_of_a_long_paragraph_are_under_its_heading() -> None:
    """The heading begins a passage, and all parts have its path."""
    text = f"一、要求。{'统一思想，' * 20}\n二、任务。{'统筹安排，' * 90}\n三、措施。{'抓好落实，' * 20}"
    assert find(text, "二、任务").start == text.index("二、任务")
    paths = [one.path for one in split(text)]
    assert paths == [("一、要求",), ("二、任务",), ("二、任务",), ("三、措施",)]


@pytest.mark.parametrize(
    "block",
    [
        "一、总体要求\n提高认识。（一）加强领导。各部门统筹安排，确保落实。\n",
        "提高认识，统筹安排",
        " ",
        "\n",
        "。 ",
        "(",
        "2024年3月5日\n",
        "清源县人民政府\n2024年3月5日\n",
        "清源县人民政府",
        "第一条",
        "附件\n",
        "1 1.1",
    ],
)
def test_the_work_grows_with_the_length_of_the_text(block: str) -> None:
    """A megabyte takes about eight times as long as an eighth of it, whatever its content."""

    def seconds(characters: int) -> float:
        text = block * (characters // len(block))
        start = time.process_time()
        split(text)
        return time.process_time() - start

    small = min(seconds(43_000) for _ in range(2))
    # Eight times the text: quadratic work would take sixty-four times as long.
    assert seconds(344_000) < 24 * small + 0.2
