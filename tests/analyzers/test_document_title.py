"""The title among the first lines of a 公文."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzers.document_title import Title, ends_like_title, find_title, may_be_title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("青山镇政府\n关于加强\n管理的通知\n青政发〔2024〕6号\n各村：", "青山镇政府关于加强管理的通知"),
        ("青山镇人民政府文件\n青政发〔2024〕6号\n关于春耕的通知\n各村：", "关于春耕的通知"),
        ("青山镇人民政府\n青政函〔2024〕6号\n关于春耕的函\n县水利局：", "关于春耕的函"),
        ("000012\n机密★1年  特急\n\n青山镇政府\n\n关于春耕的意见\n\n各村：", "青山镇政府关于春耕的意见"),
        ("签发人：林知远\n第 3 号\n春耕办法", "春耕办法"),
        ("附件1\n青山镇春耕名单\n林知远", "青山镇春耕名单"),
        ("附件2：青山镇防汛预案\n一、总则", "青山镇防汛预案"),
        ("目　录\n一、总则\t1\n二、附则……3\n防汛预案\n（征求意见稿）\n一、总则", "防汛预案（征求意见稿）"),
        ("关于印发《青山镇春耕办法》\n的通知\n各村：", "关于印发《青山镇春耕办法》的通知"),
        ("关于印发青山镇春耕工作方案\n的通知\n各村：", "关于印发青山镇春耕工作方案的通知"),
        ("关于春耕的通知\n工作要求\n抓紧备耕。", "关于春耕的通知"),
        ("关于促进春耕若干措施\n工作要求\n抓紧备耕。", "关于促进春耕若干措施"),
        ("在春耕会议上的讲话\n镇长 林知远\n（2024年3月5日）\n同志们：", "在春耕会议上的讲话"),
        ("春耕简报\n第3期\n镇农办编  2024年3月5日\n我镇备耕早\n日前，", "我镇备耕早"),
        ("标题：关于春耕的通知\n来源：镇农办\n正文。", "关于春耕的通知"),
        ("索引号：001\n发布日期：2024-03-05\n关于春耕的通知\n各村：", "关于春耕的通知"),
        ("通　　知\n各村：", "通知"),
        ("2023年春耕备耕情况\n各村：", "2023年春耕备耕情况"),
        ("镇农办解读《青山镇\n2024年春耕》相关内容\n正文。", "镇农办解读《青山镇2024年春耕》相关内容"),
        ("Spring\nploughing 通知\n各村：", "Spring ploughing 通知"),
        ("青山镇见闻\n林知远\n三月的青山镇，", "青山镇见闻"),
        ("关于" + "进一步" * 60 + "备耕的通知\n各村：", "关于" + "进一步" * 60 + "备耕的通知"),
    ],
)  # fmt: skip
def test_the_title_below_the_head(text: str, title: str) -> None:
    """Over several lines, without what stands above it, and no line of what follows."""
    found = find_title(text.split("\n"))

    assert found is not None
    assert found.text == title


@pytest.mark.parametrize(
    "text",
    ["一、目标\n抓紧备耕。", "各村：\n抓紧备耕。", "三月的青山镇，春意正浓。\n正文", "村名\t金额\n柳河\t3",
     "", "\n", "附件1", "青政发〔2024〕6号", "长" * 200, "1" * 300 + "a",
     "青政发〔2024〕6号 " * 20 + "甲", "()" * 200],
)  # fmt: skip
def test_a_text_may_have_no_title(text: str) -> None:
    """It begins with a heading, an addressee, a sentence, a table, or has nothing but a head."""
    assert find_title(text.split("\n")) is None


def test_centred_lines_belong_together() -> None:
    """Where no 文种 says how long the title is."""
    lines = ["守住青山绿水", "建设美丽乡村", "林知远", "三月的青山镇，"]

    assert find_title(lines, centred={0, 1, 2}) == Title("守住青山绿水建设美丽乡村", 0, 2)
    assert find_title(lines) == Title("守住青山绿水", 0, 1)


def test_single_lines() -> None:
    """Whether a line with the style of a title is one."""
    assert may_be_title("春耕谈")
    assert not any(
        map(may_be_title, ("", "附件1", "青山镇人民政府文件", "一、目标", "目录", "各村："))
    )
    assert ends_like_title("春耕办法（试行）")
    assert not ends_like_title("春耕谈")


@given(
    st.lists(
        st.text("青山镇人民政府关于的通知〔2024〕6号 \t\n：。一、附件目录", max_size=20),
        max_size=12,
    )
)
def test_a_title_consists_of_its_lines(lines: list[str]) -> None:
    """Whatever stands there: no line is half title, and the lines left are the rest of the text."""
    found = find_title(lines)

    if found is not None:
        assert 0 <= found.first < found.end <= len(lines)
        inside = "".join("".join(lines[found.first : found.end]).split())
        assert "".join(found.text.split()) in inside
        assert found.text
