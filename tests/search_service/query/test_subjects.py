"""Years and places in queries and titles are recognised as what they are."""

import pytest

from analyzers.normalize import normalize
from analyzers.terms import Analyzer
from search_service.model import AnyOf, Clause, Exact, Not, View
from search_service.query.parsing import parse
from search_service.query.subjects import (
    Subjects,
    keys_of,
    not_other,
    of_article,
    of_query,
    of_text,
)

ANALYZER = Analyzer()


def query(text: str) -> Subjects:
    """What a query names."""
    return of_query(parse(text, ANALYZER))


def article(title: str, *, date: str = "", issuer: str = "", kind: str = "") -> Subjects:
    """What an article names."""
    view = View(
        id="a", title=title, text="", date=date, issuers=(issuer,) if issuer else (), kind=kind
    )
    return of_article(view)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023年政府工作报告 经济增长目标", [(2023, 2023)]),
        ("2019年度总结", [(2019, 2019)]),
        ("二〇一九年总结", [(2019, 2019)]),
        ("2022—2024年行动方案", [(2022, 2024)]),
        ("2022年至2024年行动方案", [(2022, 2024)]),
        ("雁坪县 2022 总结", [(2022, 2022)]),
        ("2022-03-05的会议", [(2022, 2022)]),
        ("去年和今年的总结", []),
        ("2000元补贴 2008人", []),
        ("12345热线 电话20231234", []),
        ("雁政发〔2023〕5号", []),
        ("雁政办发2024 17", []),
        ("2024.5万", []),
        ("2024-2022", []),
    ],
)
def test_years(text: str, expected: list[tuple[int, int]]) -> None:
    """A year in digits or numerals, and a range; no amount, and no part of a 文号."""
    assert list(of_text(normalize(text)).years) == expected


def test_excluded_parts_name_nothing() -> None:
    """What a query excludes is not what it is about."""
    assert query("2022年总结 -2023年 -雁坪县") == query("2022年总结")


def test_an_article_without_a_year_in_its_title_has_that_of_its_date() -> None:
    """A report of the first months may be about the year before; a title's year decides."""
    assert article("春耕方案", date="2023-04-01").years == ((2023, 2023),)
    assert article("工作总结", date="2023-02", kind="总结").years == ((2022, 2023),)
    assert article("2021年工作总结", date="2022-02-01").years == ((2021, 2021),)


def test_an_articles_place_is_that_of_its_issuer_if_the_title_names_none() -> None:
    """关于…的通知 names no place, its issuer does."""
    found = article("关于春耕的通知", issuer="雁坪县人民政府")
    assert [one.name for one in found.regions] == ["雁坪县"]


def matches(clause: Clause, keys: list[str]) -> bool:
    """Whether an article with these keys matches the clause, as an engine decides it."""
    match clause:
        case Exact(value):
            return value in keys
        case Not(excluded):
            return not matches(excluded, keys)
        case AnyOf(clauses):
            return any(matches(one, keys) for one in clauses)
    raise NotImplementedError(clause)


def is_other(asked: str, title: str) -> bool:
    """Whether an article is of another year or place than a query, by its keys in an index."""
    keys = keys_of(View(id="a", title=title, text=""))
    return not all(matches(one, keys) for one in not_other(query(asked)))


@pytest.mark.parametrize(
    ("asked", "title", "differs"),
    [
        ("2023年工作报告", "2024年政府工作报告", True),
        ("2023年工作报告", "2023年政府工作报告", False),
        ("2023年工作报告", "三年行动方案（2022—2024年）", False),
        ("工作报告", "2024年政府工作报告", False),
        ("2023年工作报告", "政府工作报告", False),
    ],
)
def test_other_year(asked: str, title: str, *, differs: bool) -> None:
    """Only where both name years and none is common."""
    assert is_other(asked, title) is differs


@pytest.mark.parametrize(
    ("asked", "title", "differs"),
    [
        ("雁坪县低保", "柳塘县低保办法", True),
        ("雁坪县低保", "雁坪县低保办法", False),
        ("雁坪县低保", "低保办法", False),
        ("河北省低保", "石家庄市低保办法", False),
        ("石家庄市正定县低保", "石家庄市低保办法", False),
        ("石家庄市正定县低保", "唐山市低保办法", True),
        ("雁坪市柳塘区低保", "雁坪市双井区低保办法", True),
        ("河北低保", "河北省低保办法", False),
        ("唐山市低保", "石家庄市低保办法", True),
        ("唐山市低保", "正定县低保办法", True),
        ("雁坪市低保", "柳塘区低保办法", False),  # nobody knows where invented ones belong
        ("雁坪县低保", "河北省低保办法", False),
        ("山东省低保", "广东省低保办法", True),
    ],
)
def test_other_region(asked: str, title: str, *, differs: bool) -> None:
    """Only where both name places and none is the same, or part of another."""
    assert is_other(asked, title) is differs
