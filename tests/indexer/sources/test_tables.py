"""Tables as people export them: separators, rows above the header, escapes, names, ids, arrays of JSON."""

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.sources.files import Fault, Notes, read_source
from search_service.intake.cleaning import Cleaning
from search_service.model import Article

ROW = "1,春耕通知,抓紧备耕。"


def read(
    path: Path, text: str, mapping: dict[str, str] | None = None
) -> tuple[list[Article], list[Fault], Notes]:
    """The articles, faults and notes of a file with this text."""
    path.write_text(text, encoding="utf-8")
    notes = Notes()
    items = list(read_source(path, cleaning=Cleaning(), notes=notes, mapping=mapping))
    articles = [item for item in items if isinstance(item, Article)]
    return articles, [item for item in items if isinstance(item, Fault)], notes


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "^", "，"])
@pytest.mark.parametrize(
    "title", ["", "青山镇文件汇总表（2024年）,,\n", '"2024年，镇农办编",,\n,,\n']
)
def test_a_table_may_have_any_separator_and_a_title(
    tmp_path: Path, separator: str, title: str
) -> None:
    """The header is the first row that names fields, whatever stands above it."""
    table = (title + f"编码,标题,正文\n{ROW}\n").replace(",", separator)

    articles, faults, _ = read(tmp_path / "a.csv", table, {"编码": "id"})

    assert [(one.id, one.title, one.body) for one in articles] == [("1", "春耕通知", "抓紧备耕。")]
    assert faults == []


def test_quotes_may_be_escaped_by_backslashes(tmp_path: Path) -> None:
    """As MySQL's tools write them; in a table that doubles quotes a backslash is a character."""
    escaped = (
        '"id","title","body"\n"1","\\"双随机\\"通知","路径 C:\\\\甲\n第二行"\n"2","防汛","乙\\\\"\n'
    )
    doubled = '"id","title","body"\n"1","""双随机""通知","路径 C:\\"\n'

    articles, faults, _ = read(tmp_path / "a.csv", escaped)
    assert [(one.title, one.body) for one in articles] == [
        ('"双随机"通知', "路径 C:\\甲\n第二行"),
        ("防汛", "乙\\"),
    ]
    assert faults == []
    articles, faults, _ = read(tmp_path / "a.csv", doubled)
    assert [(one.title, one.body) for one in articles] == [('"双随机"通知', "路径 C:\\")]


def test_nulls_are_no_values(tmp_path: Path) -> None:
    """Except in a preview, where no value means that guests may read nothing."""
    table = (
        f"id,title,body,author,date,preview\n{ROW},NULL,\\N,(NULL)\n2,防汛通知,上堤。,null,nan,上\n"
    )

    first, second = read(tmp_path / "a.csv", table)[0]

    assert (first.author, first.date, first.preview) == (None, None, "")
    assert (second.author, second.date, second.preview) == (None, None, "上")


def test_a_table_without_a_title_or_body_is_one_fault(tmp_path: Path) -> None:
    """It names the columns that were seen and how to say which is which."""
    table = "编码,事由,经过\n1,路灯,村口没有路灯\n2,水井,井水浑浊\n"

    articles, (fault,), _ = read(tmp_path / "a.csv", table)

    assert articles == []
    assert all(word in fault.reason for word in ("编码", "事由", "经过", "--map", "title", "body"))
    mapping = {"事由": "title", "经过": "body", "编码": "id"}
    articles, faults, _ = read(tmp_path / "a.csv", table, mapping)
    assert [(one.id, one.title) for one in articles] == [("1", "路灯"), ("2", "水井")]
    assert faults == []


def test_records_without_ids_get_stable_ones(tmp_path: Path) -> None:
    """Of what identifies them: in another order, file or format they are the same; said once."""
    rows = ["春耕通知,抓紧备耕。,2024-03-05", "防汛通知,上堤。,2024-06-05"]
    table = "标题,正文,日期\n{}\n{}\n"

    articles, faults, notes = read(tmp_path / "a.csv", table.format(*rows))
    again, _, _ = read(
        tmp_path / "b.csv", table.format(*reversed(rows)).replace("上堤", "马上上堤")
    )

    assert [one.id for one in articles] == [one.id for one in reversed(again)]
    assert notes.made_ids == Counter({str(tmp_path / "a.csv"): 2})
    lines = '{"title":"春耕通知","body":"抓紧备耕。","date":"2024-03-05"}\n'
    (article,), _, _ = read(tmp_path / "a.jsonl", lines)
    assert article.id == articles[0].id
    assert faults == []


def test_of_rows_that_look_the_same_the_text_tells(tmp_path: Path) -> None:
    """Two with one title are two articles; the same row twice is one, and a fault."""
    table = "标题,正文\n增设路灯,村口没有。\n增设路灯,桥头没有。\n增设路灯,桥头没有。\n"

    articles, faults, _ = read(tmp_path / "a.csv", table)

    assert [one.body for one in articles] == ["村口没有。", "桥头没有。"]
    assert len(faults) == 1


def test_an_address_identifies_a_row(tmp_path: Path) -> None:
    """Whatever else changes."""
    table = "标题,正文,网址\n{},抓紧备耕。,http://example.gov.cn/1\n"

    first, second = (read(tmp_path / "a.csv", table.format(title))[0][0] for title in ("甲", "乙"))

    assert first.id == second.id


def test_a_blank_id_is_a_fault_where_there_are_ids(tmp_path: Path) -> None:
    """It is a mistake, and a made id would hide it."""
    articles, (fault,), _ = read(tmp_path / "a.csv", f"id,title,body\n,春耕,备耕\n{ROW}\n")

    assert [one.id for one in articles] == ["1"]
    assert "id" in fault.reason


_RECORD = '{"id": 1, "title": "春耕通知", "content": "抓紧备耕。"}'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", f"[\n {_RECORD}\n]"),
        ("a.jsonl", f"\ufeff[{_RECORD}]"),
        ("a.jsonl", f"[\n{_RECORD}\n]\n"),
        ("a.json", f'{{"count": 1, "RECORDS": [{_RECORD}]}}'),
        ("a.json", f"[{_RECORD}\n,\n{_RECORD.replace('1', '2', 1)}"),
    ],
)
def test_an_array_of_json_is_a_table(tmp_path: Path, name: str, text: str) -> None:
    """Alone or inside an object, also under the suffix of JSON lines; one that is cut off as far as it is."""
    articles, faults, _ = read(tmp_path / name, text)

    assert (articles[0].id, articles[0].title, articles[0].body) == ("1", "春耕通知", "抓紧备耕。")
    assert faults == []


def test_bad_json_is_a_fault_with_its_line(tmp_path: Path) -> None:
    """What stands before it is read; an element that is no object is a fault of its own."""
    articles, faults, _ = read(tmp_path / "a.json", f'[{_RECORD},\n7,\n{{"id": 2,, }}]')

    assert len(articles) == 1
    assert [fault.place for fault in faults] == [f"{tmp_path / 'a.json'}:2"] * 2
    assert "3" in faults[1].reason
    _, (fault,), _ = read(tmp_path / "d.jsonl", '{"id": 7, "title": "甲"}')
    assert (fault.id, "body" in fault.reason) == ("7", True)  # sync must know whose record it is
    _, (fault,), _ = read(tmp_path / "b.json", '{"version": 3}')
    assert "version" in fault.reason
    _, (fault,), _ = read(tmp_path / "c.json", "[" * 100_000 + '[{"a": ' * 100_000)
    assert fault.place.endswith("c.json:1")


_CELL = st.text('青山镇",;|\\\t\n 12', max_size=8)


@given(
    st.lists(st.tuples(_CELL, _CELL), min_size=1, max_size=6),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_what_csv_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], separator: str
) -> None:
    """Tables that double their quotes keep every cell."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["id", "title", "body", "备注"])
    for number, (title, remark) in enumerate(rows):
        writer.writerow([f"n{number}", f"标{title}题", "正文。", f"甲{remark}乙"])

    articles, faults, _ = read(tmp_path_factory.getbasetemp() / "any.csv", target.getvalue())

    assert faults == []
    assert [one.extra["备注"] for one in articles] == [f"甲{remark}乙" for _, remark in rows]


def test_the_names_of_trs_and_ucap_are_known(tmp_path: Path) -> None:
    """As their interfaces give them; of the two texts of TRS the one with markup is used."""
    rows = (
        '[{"DOCID": 7, "DOCTITLE": "春耕通知", "DOCCONTENT": "抓紧备耕。",'
        ' "DOCRELTIME": "2024-03-05 10:00:00",'
        ' "DOCHTMLCON": "<p>各村：</p><p>抓紧备耕。</p>", "CHNLNAME": "通知公告", "DOCPUBURL": "http://a.cn/1"},'
        ' {"manuscriptId": "8", "title": "防汛通知", "content": "落实责任。", "channelName": "通知公告",'
        ' "publishedTimeStr": "2024-06-03 08:00:00"}]'
    )

    articles, faults, _ = read(tmp_path / "a.json", rows)

    assert not faults
    assert [(one.id, one.title, one.body, one.date, one.category) for one in articles] == [
        ("7", "春耕通知", "各村：\n抓紧备耕。", "2024-03-05", "通知公告"),
        ("8", "防汛通知", "落实责任。", "2024-06-03", "通知公告"),
    ]
    assert articles[0].url == "http://a.cn/1"
