"""Labels at the head of a text are fields where they are certain, and text everywhere else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.sources.files import Fault, read_source
from search_service.intake.cleaning import Cleaning
from search_service.intake.labels import labels_at
from search_service.model import Article, Audience

TITLE = "关于做好春耕备耕的通知"
TEXT = "各村：\n抓紧备耕，不误农时。"
LABELS = (
    "来源：县农业局\n发布日期：2024-03-05\n发文字号：青政发〔2024〕3号\n发布机构：青禾县人民政府\n"
    "作者：王明"
)


def read(path: Path, text: str) -> Article:
    """The article of a file with this text."""
    path.write_text(text, encoding="utf-8")
    (item,) = read_source(path, cleaning=Cleaning())
    assert isinstance(item, Article), str(item)
    return item


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", f"标题：{TITLE}\n{LABELS}\n\n{TEXT}"),
        ("a.txt", f"{LABELS}\n标题：{TITLE}\n正文：\n{TEXT}"),
        ("a.txt", f"{TITLE}\n\n{LABELS}\n\n{TEXT}"),
        ("a.txt", f"{LABELS}\n\n{TITLE}\n{TEXT}"),
        ("a.txt", f"{TITLE}\n{LABELS.replace(chr(10), '　')}\n{TEXT}"),
        (
            "a.txt",
            f"{TITLE}\n" + LABELS.replace("来源：", "来　源 : ").replace("\n", " | ") + f"\n{TEXT}",
        ),
        ("a.md", f"# {TITLE}\n\n> **" + LABELS.replace("：", "：**", 1) + f"\n\n{TEXT}"),
        ("a.md", "- " + f"标题：{TITLE}\n{LABELS}".replace("\n", "\n- ") + f"\n\n{TEXT}"),
    ],
)
def test_labels_at_the_head_are_fields(tmp_path: Path, name: str, text: str) -> None:
    """Above the title or below it, one a line or several, in text and Markdown; they leave the text."""
    article = read(tmp_path / name, text)

    assert (article.title, article.body) == (TITLE, TEXT)
    assert (article.date, article.document_number) == ("2024-03-05", "青政发〔2024〕3号")
    assert (article.issuers, article.author) == (("青禾县人民政府",), "王明")
    assert article.extra == {"来源": "县农业局"}


@pytest.mark.parametrize(
    "text",
    [
        f"{TITLE}\n来源：县农业局\n{TEXT}",  # one alone
        f"{TITLE}\n时间：2024年3月5日\n地点：三楼会议室\n{TEXT}",  # a meeting
        f"{TITLE}\n{TEXT}\n来源：县农业局\n发布日期：2024-03-05",  # at the end
        f"{TITLE}\n来源：县农业局。各村要用好。\n作者：王明说，要抓紧。\n{TEXT}",  # sentences
        f"{TITLE}\n日期：近日\n来源：县农业局\n{TEXT}",  # no date
    ],
)
def test_what_is_not_certain_stays_in_the_text(tmp_path: Path, text: str) -> None:
    """No label is taken, no line is lost."""
    article = read(tmp_path / "a.txt", text)

    assert f"{article.title}\n{article.body}" == text
    assert article.extra == {}
    assert article.date is None


def test_who_typed_it_is_no_author(tmp_path: Path) -> None:
    """As of web pages."""
    article = read(
        tmp_path / "a.txt", f"{TITLE}\n来源：县农业局　作者：admin　浏览次数：88\n{TEXT}"
    )

    assert (article.author, article.views, article.body) == (None, 88, TEXT)


def test_a_label_that_protects_is_not_ignored(tmp_path: Path) -> None:
    """An audience counts; one that cannot be understood publishes nothing."""
    assert (
        read(tmp_path / "a.txt", f"{TITLE}\n受众：会员\n来源：县府\n{TEXT}").audience
        is Audience.MEMBER
    )

    (tmp_path / "a.txt").write_text(f"{TITLE}\n受众：几个人\n来源：县府\n{TEXT}", encoding="utf-8")
    (item,) = read_source(tmp_path / "a.txt", cleaning=Cleaning())
    assert isinstance(item, Fault)


LINE = st.sampled_from(
    [
        *LABELS.split("\n"),
        *(
            "",
            "　",
            "各村：",
            "来源：",
            "正文：抓紧。",
            "日期：近日",
            "浏览次数：88",
            "作者：甲　来源：乙",
            "标题：丙",
        ),
    ]
)


@given(st.lists(LINE, max_size=12))
def test_every_line_is_a_field_or_text(lines: list[str]) -> None:
    """What is taken are lines from the first on, and all that they say is in the fields."""
    found = labels_at(lines)
    if found is None:
        return
    taken = "".join("".join(lines[: found.end]).split()).replace("：", "")
    said = "".join(f"{name}{value}" for name, value in found.values.items()) + found.rest

    assert len(found.values) >= 2 or found.rest
    assert sorted("".join(said.split())) == sorted(taken.replace("正文", ""))
