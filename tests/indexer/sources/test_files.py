"""Files and folders as sources: every record becomes an article or a fault with its place."""

import csv
import gzip
import io
import json
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from indexer.sources.files import Fault, read_source
from indexer.sources.seen import SeenIds
from search_service.errors import BadInput
from search_service.intake.cleaning import Cleaning
from search_service.model import Article

TITLES = ["关于做好春季防火工作的通知", "柳河镇农村人居环境整治总结", "全县营商环境提升行动方案"]


def record(number: int, **values: object) -> dict[str, object]:
    """One usable record."""
    title = TITLES[number % len(TITLES)]
    body = f"一、总体要求\n围绕第{number}项任务，坚持稳中求进。"
    return {"id": f"{number}", "title": title, "body": body, **values}


def jsonl(*records: object) -> bytes:
    """Records as JSON lines in UTF-8."""
    return b"".join(json.dumps(item, ensure_ascii=False).encode() + b"\n" for item in records)


def read(path: Path) -> tuple[list[Article], list[Fault]]:
    """The articles and the faults of a source."""
    items = list(read_source(path, cleaning=Cleaning()))
    return (
        [item for item in items if isinstance(item, Article)],
        [item for item in items if isinstance(item, Fault)],
    )


@pytest.mark.parametrize("name", ["articles.jsonl", "articles.jsonl.gz", "ARTICLES.JSONL"])
def test_json_lines_are_read(tmp_path: Path, name: str) -> None:
    """Plain or gzipped, with blank lines between."""
    data = jsonl(record(1), record(2)).replace(b"\n", b"\r\n\r\n")
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)

    articles, faults = read(path)

    assert [article.id for article in articles] == ["1", "2"]
    assert articles[0].title == TITLES[1]
    assert not faults


def test_a_bad_line_costs_only_itself(tmp_path: Path) -> None:
    """Each fault reads ``file:line: reason``, and the records around it are read."""
    gb18030 = json.dumps(record(5), ensure_ascii=False).encode("gb18030") + b"\n"
    damaged = json.dumps(record(6), ensure_ascii=False).encode()[:-8] + b'\xff\xfe"}\n'
    path = tmp_path / "mixed.jsonl"
    path.write_bytes(
        jsonl(record(1))
        + b'{"id": "2", "title": \n'
        + b'["3"]\n'
        + jsonl(record(4, date="2024-02-30"))
        + gb18030
        + damaged
        + b'{"id": "7", "title": "t", "body": "b", "weight": NaN}\n'
        + b"[" * 100_000
        + b"\n"
        + jsonl(record(9))
    )

    articles, faults = read(path)

    assert [article.id for article in articles] == ["1", "5", "9"]
    assert articles[1].title == record(5)["title"]
    assert [fault.place for fault in faults] == [f"{path}:{line}" for line in (2, 3, 4, 6, 7, 8)]
    assert str(faults[2]).startswith(f"{path}:4: date")


def test_the_second_of_two_equal_ids_is_a_fault_naming_both(tmp_path: Path) -> None:
    """An id counts once in a run, over all files of a folder; the first one stays."""
    (tmp_path / "a.jsonl").write_bytes(jsonl(record(1), record(2), record(1)))
    (tmp_path / "b.jsonl").write_bytes(jsonl(record(2)))

    articles, faults = read(tmp_path)

    assert [article.id for article in articles] == ["1", "2"]
    assert [fault.place for fault in faults] == [f"{tmp_path}/a.jsonl:3", f"{tmp_path}/b.jsonl:1"]
    assert f"{tmp_path}/a.jsonl:1" in faults[0].reason
    assert f"{tmp_path}/a.jsonl:2" in faults[1].reason


def test_ids_can_be_shared_by_several_sources(tmp_path: Path) -> None:
    """A caller that reads several sources passes the ids of all."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(jsonl(record(1)))
    with SeenIds() as seen:
        first = list(read_source(path, cleaning=Cleaning(), seen=seen))
        second = list(read_source(path, cleaning=Cleaning(), seen=seen))

    assert isinstance(first[0], Article)
    assert isinstance(second[0], Fault)


def test_a_bad_record_does_not_take_its_id(tmp_path: Path) -> None:
    """A later, good record of the same id is an article."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(jsonl(record(1, body=""), record(1)))

    articles, faults = read(path)

    assert (len(articles), len(faults)) == (1, 1)


def test_an_id_that_no_engine_can_store_is_a_fault(tmp_path: Path) -> None:
    """From JSON lines, tables, front matter and file names; the other records are read."""
    long = "长" * 60
    (tmp_path / "a.jsonl").write_bytes(jsonl(record(1), record(2) | {"id": "***"}))
    (tmp_path / "b.csv").write_text(
        f"id,title,body\n—,防火通知,严禁用火。\n{'文' * 171},防汛通知,严防死守。\n3,防雷通知,远离大树。\n",
        encoding="utf-8",
    )
    (tmp_path / "c.md").write_text("---\nid: ……\ntitle: 通知\n---\n各村落实。", encoding="utf-8")
    (tmp_path / "——.txt").write_text("值班安排\n各科室轮流值守。", encoding="utf-8")
    (tmp_path / long / long).mkdir(parents=True)
    (tmp_path / long / long / f"{long}.txt").write_text("值班\n轮流值守。", encoding="utf-8")

    articles, faults = read(tmp_path)

    assert [article.id for article in articles] == ["1", "3"]
    assert [fault.place for fault in faults] == [
        f"{tmp_path}/a.jsonl:2",
        f"{tmp_path}/b.csv:2",
        f"{tmp_path}/b.csv:3",
        f"{tmp_path}/c.md:1",
        f"{tmp_path}/——.txt:1",
        f"{tmp_path}/{long}/{long}/{long}.txt:1",
    ]
    assert all(fault.reason.startswith("id") for fault in faults)


def test_a_field_with_two_different_values_is_a_fault(tmp_path: Path) -> None:
    """In a JSON object, a row, front matter; other names may be repeated, then the last one counts."""
    twice = '{"id": "%s", "title": "防火通知", "body": "严禁用火。", %s}\n'
    (tmp_path / "a.jsonl").write_text(
        twice % (1, '"audience": "staff", "audience": "public"')
        + twice % (2, '"audience": "member", "audience": "member"')
        + twice % (3, '"地区": "柳河", "地区": "清源"'),
        encoding="utf-8",
    )
    (tmp_path / "b.csv").write_text(
        "id,title,body,受众,受众\n4,防火通知,严禁用火。,内部,公开\n5,防火通知,严禁用火。,内部,\n",
        encoding="utf-8",
    )

    (tmp_path / "c.md").write_text(
        "---\naudience: staff\naudience: public\n---\n# 通知\n各村落实。", encoding="utf-8"
    )

    articles, faults = read(tmp_path)

    assert [(one.id, one.audience.label) for one in articles] == [
        ("2", "member"),
        ("3", "public"),
        ("5", "staff"),
    ]
    assert articles[1].extra == {"地区": "清源"}
    assert [fault.place for fault in faults] == [
        f"{tmp_path}/{place}" for place in ("a.jsonl:1", "b.csv:2", "c.md:1")
    ]


def test_misspelt_protection_publishes_nothing_from_tables_and_front_matter(tmp_path: Path) -> None:
    """A column heading is a field name, as a JSON key is."""
    (tmp_path / "a.csv").write_text(
        "id,title,body,previw\n1,防火通知,严禁用火。,\n2,防汛通知,严防死守。,严防\n",
        encoding="utf-8",
    )
    (tmp_path / "b.md").write_text("---\nfree_lenght: 2\n---\n# 通知\n各村落实。", encoding="utf-8")

    articles, faults = read(tmp_path)

    assert articles == []
    assert [fault.place.rpartition("/")[2] for fault in faults] == ["a.csv:2", "a.csv:3", "b.md:1"]


def test_a_truncated_archive_keeps_its_complete_lines(tmp_path: Path) -> None:
    """The lines before the damage are read; the damage is one fault."""
    path = tmp_path / "cut.jsonl.gz"
    data = jsonl(*(record(number, salt=f"{number**50}") for number in range(400)))
    path.write_bytes(gzip.compress(data)[:-2000])

    articles, faults = read(path)

    assert 0 < len(articles) < 400
    assert len(faults) == 1
    assert faults[0].place.startswith(f"{path}:")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_are_read(tmp_path: Path, encoding: str, separator: str) -> None:
    """CSV as written by Excel and databases, with Chinese column names, line breaks and long cells."""
    path = tmp_path / "导出.csv"
    body = "一、背景\n“两清单”，一,二;三\t四。\n" + "推进落实，久久为功。" * 20_000
    with path.open("w", encoding=encoding, newline="") as file:
        table = csv.writer(file, delimiter=separator)
        table.writerow(["标识", "标题", "正文", "作者", "浏览量", "预览", "地区"])
        table.writerow(["0012", "B2301 两清单工作法", body, "", "1,024", "", "柳河"])
        table.writerow([])
        table.writerow(["0013", "防汛值守安排", "请各组到岗。", "林知远", "", "请各组", ""])

    articles, faults = read(path)

    assert not faults
    first, second = articles
    assert (first.id, first.code, first.title) == ("0012", "B2301", "两清单工作法")
    assert first.body == body
    assert (first.author, first.views, first.preview) == (None, 1024, "")
    assert first.extra == {"地区": "柳河"}
    assert (second.author, second.preview, second.extra) == ("林知远", "请各组", {})


@pytest.mark.parametrize("name", ["preview", "Preview", "预览", "免费预览", "试读"])
def test_a_blank_preview_in_a_table_publishes_nothing(tmp_path: Path, name: str) -> None:
    """As in JSON: guests read nothing, or the free length, but never all of a paid body."""
    path = tmp_path / "a.csv"
    path.write_text(
        f"id,title,body,{name},free_length\n1,防火通知,严禁野外用火。,,\n2,防汛通知,各组到岗。, ,2\n"
        "3,防旱通知,节约用水。,节约,3\n",
        encoding="utf-8",
    )

    articles, faults = read(path)

    assert not faults
    assert [article.preview for article in articles] == ["", "各组", "节约"]


def test_a_blank_cell_does_not_replace_a_column_of_the_same_name(tmp_path: Path) -> None:
    """Of two columns with one name the filled one counts; blank cells elsewhere are absent."""
    path = tmp_path / "a.csv"
    path.write_text("id,title,body,地区,地区,\n1,防火通知,严禁用火。,柳河,,\n", encoding="utf-8")

    (article,), _ = read(path)

    assert (article.preview, article.extra) == (None, {"地区": "柳河"})


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_carriage_returns_can_end_lines(tmp_path: Path, charset: str) -> None:
    """As in the format that Excel calls CSV (Macintosh)."""
    path = tmp_path / "a.csv"
    rows = "id,title,body\r1,防火通知,严禁野外用火。\r2,缺一列\r3,防汛通知,各组到岗。\r"
    path.write_bytes(rows.encode(charset))

    articles, faults = read(path)

    assert [article.title for article in articles] == ["防火通知", "防汛通知"]
    assert [fault.place.rpartition(":")[2] for fault in faults] == ["3"]


def test_a_header_that_is_no_row_is_a_fault(tmp_path: Path) -> None:
    """It stops no other file."""
    path = tmp_path / "a.csv"
    path.write_bytes("id,title\rbody\n1,防火通知,严禁用火。\n".encode())

    articles, (fault,) = read(path)

    assert not articles
    assert fault.place.endswith("a.csv:1")


def test_rows_of_a_table_fail_alone(tmp_path: Path) -> None:
    """Too few columns, a damaged byte and an open quote lose only their rows; places are line numbers."""
    path = tmp_path / "a.csv"
    path.write_bytes(
        'id,title,body\n1,防火通知,第一行\n2,缺一列\n3,防汛通知,"第一行\n第二行"\n'.encode()
        + "4,坏字节通知,围绕中心服务大局".encode()
        + b"\xff\n"
        + '5,引号通知,"甲"乙\n6,收尾通知,完成\n7,未闭合,"末'.encode()
    )

    articles, faults = read(path)

    assert [article.id for article in articles] == ["1", "3", "6"]
    assert [fault.place for fault in faults] == [f"{path}:{line}" for line in (3, 6, 7, 9)]


def table(path: Path, changed: dict[str, str], count: int = 1_000) -> Path:
    """A table of rows 1, 2 …; those in ``changed`` (``r600``) are replaced; row n is line n + 1."""
    rows = [
        changed.get(f"r{n}", f"{n},通知{n},第{n}项工作按期完成。,2024-05-01")
        for n in range(1, count + 1)
    ]
    path.write_text("\n".join(["id,title,body,date", *rows, ""]), encoding="utf-8")
    return path


QUOTED = '{0},"通知{0}","第一段，\n第二段。",2024-05-01'


@pytest.mark.parametrize(
    ("changed", "lost", "lines"),
    [
        # A quote opens and is never closed; opens a title; opens in the last row.
        ({"r600": '600,通知,"工作,2024-05-01'}, [600], [601]),
        ({"r600": '600,"通知,工作,2024-05-01'}, [600], [601]),
        ({"r1000": '1000,通知,"工作'}, [1000], [1001]),
        # A row is truncated, or has an extra column.
        ({"r1000": "1000,通知"}, [1000], [1001]),
        ({"r5": "5,通知,工作,2024-05-01,多", "r6": "6,通知"}, [5, 6], [6, 7]),
        # Text continues after a closed quote; a quote inside a cell is a character.
        ({"r600": '600,"通知"一,工作,2024-05-01'}, [600], [601]),
        ({"r600": '600,通知"一",工"作,2024-05-01'}, [], []),
        # An id with a quote is not another id.
        ({"r600": '600",通知,工作', "r601": '"601",通知,工作,2024-05-01'}, [600], [601]),
        # Closed at the end of a cell of a later row: the next one, and fifty rows later.
        ({"r600": '600,通知,"工作', "r601": '601,通知,工作"'}, [600, 601], [601]),
        ({"r600": '600,通知,"工作', "r650": '650,通知,工作",2024-05-01'}, [600], [601]),
        ({"r600": '600,"通知,工作', "r650": '650,通知",工作,2024-05-01'}, [600], [601]),
        # Rows of several lines before, after and next to the broken ones.
        (
            {"r599": QUOTED.format(599), "r600": '600,通知,"工作', "r601": QUOTED.format(601)},
            [600],
            [602],
        ),
        (
            {"r600": '600,"通知"一,"第一段，\n第二段。",2024', "r601": QUOTED.format(601)},
            [600],
            [601],
        ),
        # Several broken places.
        ({f"r{n}": f'{n},通知,"工作,2024-05-01' for n in (3, 4, 500, 1000)}, [3, 4, 500, 1000], []),
    ],
)
def test_an_unbalanced_quote_loses_only_its_row(
    tmp_path: Path, changed: dict[str, str], lost: list[int], lines: list[int]
) -> None:
    """Each broken place is one fault; every good row around it is read completely."""
    path = table(tmp_path / "a.csv", changed)

    articles, faults = read(path)

    assert [int(one.id) for one in articles] == [n for n in range(1, 1_001) if n not in lost]
    if lines:
        assert [fault.place for fault in faults] == [f"{path}:{line}" for line in lines]
    assert max(len(one.body) for one in articles) < 30
    assert bool(faults) == bool(lost)


@pytest.mark.slow
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_any_single_quote_loses_at_most_two_rows(tmp_path: Path, quoting: int) -> None:
    """Added or removed anywhere: it is reported, and no article is invented or gets the text of another."""
    rng = random.Random(7)
    pieces = [
        "通知",
        "甲,乙",
        '他说"好"',
        "第一段\n第二段",
        "表：\n1,张三,科长,x\n2,李四,员,y",
        '"引"',
    ]
    rows = [
        [str(n), f"题{n},y", f"文{n} {''.join(rng.choices(pieces, k=n % 5))}。", "2024-05-01"]
        for n in range(1, 41)
    ]
    written = io.StringIO()
    writer = csv.writer(written, quoting=quoting)  # type: ignore[arg-type]  # one of its constants
    writer.writerows([["id", "title", "body", "date"], *rows])
    text = written.getvalue()
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert [one.id for one in read(path)[0]] == [row[0] for row in rows]

    quotes = [place for place, character in enumerate(text) if character == '"' and place > 24]
    for place in [*rng.sample(quotes, 25), *rng.sample(range(24, len(text)), 25)]:
        cut = (
            text[:place] + text[place + 1 :]
            if text[place] == '"'
            else f'{text[:place]}"{text[place:]}'
        )
        path.write_bytes(cut.encode())
        articles, faults = read(path)
        lost = {row[0] for row in rows} - {one.id for one in articles}
        assert len(articles) + len(lost) == len(rows)
        assert len(lost) <= 2
        assert bool(faults) or not lost
        assert all(sum(one.body.count(f"文{n} ") for n in range(1, 41)) == 1 for one in articles)


def test_text_inside_a_broken_row_is_no_row(tmp_path: Path) -> None:
    """A line of a broken cell that looks like a row, but has another form of id, is not published."""
    broken = '3,"名单"一,"会员可见：\n张三,科长,一号楼,2024\n李四,科员,二号楼,2024\n完。",2024'
    path = table(tmp_path / "a.csv", {"r3": broken}, 5)

    articles, faults = read(path)

    assert [one.id for one in articles] == ["1", "2", "4", "5"]
    (fault,) = faults
    assert fault.place == f"{path}:4"
    assert "3" in fault.reason
    assert "7" in fault.reason


@pytest.mark.parametrize(
    "cell",
    [
        "张三,科长,一号楼,2024\n李四,科员,二号楼,2024\n\n王五,主任,三号楼,2024",
        "名单\n1,张三,科长,2024\n2,李四,科员,2024",
        "名单\n1,张三,科长,2024",
        "一、总则\n二、任务，分工,时限\n三、附则",
    ],
)
def test_a_table_in_a_cell_stays_there(tmp_path: Path, cell: str) -> None:
    """Lines with as many columns as the table, inside correct quotes, are text."""
    path = table(tmp_path / "a.csv", {"r3": f'3,通报,"{cell}",2024'}, 5)

    articles, faults = read(path)

    assert [one.id for one in articles] == ["1", "2", "3", "4", "5"]
    assert articles[2].body.split() == cell.split()
    assert not faults


@pytest.mark.slow
def test_many_broken_rows_are_read_in_linear_time(tmp_path: Path) -> None:
    """Each line, or each tenth line, opens a quote; both are read in little time."""
    opened = {f"r{n}": f'{n},通知,"工作' for n in range(1, 10_001)}
    every = table(tmp_path / "a.csv", opened, 10_000)
    tenth = {name: row for name, row in opened.items() if name.endswith("0")}
    some = table(tmp_path / "b.csv", tenth, 10_000)
    started = time.process_time()
    assert read(every)[0] == []
    assert len(read(some)[0]) == 9_000
    assert time.process_time() - started < 20


def test_a_truncated_archive_keeps_the_rows_before_an_open_quote(tmp_path: Path) -> None:
    """Lines inside the open quote are read again before the damage is reported."""
    plain = table(tmp_path / "a.csv", {"r600": '600,通知,"工作,2024-05-01'}, 3_000).read_bytes()
    path = tmp_path / "b.csv.gz"
    path.write_bytes(gzip.compress(plain)[:-4_000])

    articles, faults = read(path)

    assert len(articles) > 1_000
    assert [int(one.id) for one in articles][599] == 601
    assert len(faults) >= 2
    assert "读不下去" in faults[-1].reason or "cannot be read on" in faults[-1].reason


def test_a_folder_is_read_in_order_and_depth(tmp_path: Path) -> None:
    """By name, folders included; ids are paths without suffix; hidden files and lock files are ignored."""
    (tmp_path / "2024" / "报告").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "2024" / "报告" / "二.md").write_text(
        "# 年度报告\n全年目标完成。", encoding="utf-8"
    )
    (tmp_path / "2024" / "一.txt").write_bytes("春耕通知\n各村抓紧备耕。".encode("gb18030"))
    (tmp_path / "b.html").write_text("<h1>夏收简报</h1><p>颗粒归仓。</p>", encoding="utf-8")
    (tmp_path / "c.jsonl").write_bytes(jsonl(record(3)))
    (tmp_path / "旧.doc").write_bytes(b"\xd0\xcf\x11\xe0")
    (tmp_path / "图.png").write_bytes(b"\x89PNG")
    (tmp_path / "~$锁.docx").write_bytes(b"")
    (tmp_path / ".git" / "说明.txt").write_text("不读\n不读", encoding="utf-8")

    articles, faults = read(tmp_path)

    assert [article.id for article in articles] == ["b", "3", "2024/一", "2024/报告/二"]
    assert [article.title for article in articles] == [
        "夏收简报",
        TITLES[0],
        "春耕通知",
        "年度报告",
    ]
    assert [fault.place for fault in faults] == [f"{tmp_path}/旧.doc:1"]
    assert ".docx" in faults[0].reason


def test_links_that_leave_the_source_are_faults(tmp_path: Path) -> None:
    """Files, folders, indirect links, of any type: each is reported with its target."""
    outside = tmp_path / "outside"
    source = tmp_path / "source"
    (outside / "sub").mkdir(parents=True)
    (source / "sub").mkdir(parents=True)
    (outside / "密.txt").write_text("内部资料\n不得公开。", encoding="utf-8")
    (outside / "many.jsonl").write_bytes(jsonl(record(7)))
    (outside / "sub" / "密.txt").write_text("内部资料\n不得公开。", encoding="utf-8")
    (source / "sub" / "a.txt").write_text("防火通知\n严禁用火。", encoding="utf-8")
    (source / "b.txt").symlink_to(outside / "密.txt")
    (source / "c.jsonl").symlink_to("../outside/many.jsonl")
    (source / "d").symlink_to(outside / "sub", target_is_directory=True)
    (source / "e.md").symlink_to("sub/chain")
    (source / "sub" / "chain").symlink_to("../b.txt")
    (source / "f.sql").symlink_to(outside / "密.txt")
    (source / "g").symlink_to(tmp_path, target_is_directory=True)

    articles, faults = read(source)

    assert [article.id for article in articles] == ["sub/a"]
    names = ["b.txt", "c.jsonl", "d", "e.md", "f.sql", "g", "sub/chain"]
    assert [fault.place for fault in faults] == [f"{source}/{name}:1" for name in names]
    assert f"{outside}/many.jsonl" in faults[1].reason
    assert f"{outside}/密.txt" in faults[3].reason


def test_links_that_stay_in_the_source_are_read(tmp_path: Path) -> None:
    """A file once under each name, a folder at its own place; the source itself may be a link."""
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "a.txt").write_text("防火通知\n严禁用火。", encoding="utf-8")
    (source / "b.txt").symlink_to("sub/a.txt")
    (source / "loop").symlink_to(source, target_is_directory=True)
    (source / "sub" / "up").symlink_to("..", target_is_directory=True)
    (tmp_path / "named").symlink_to(source, target_is_directory=True)
    (tmp_path / "named.txt").symlink_to(source / "b.txt")

    articles, faults = read(tmp_path / "named")
    alone, _ = read(tmp_path / "named.txt")

    assert ([article.id for article in articles], faults) == (["b", "sub/a"], [])
    assert [article.id for article in alone] == ["named"]


def test_irregular_files_are_faults(tmp_path: Path) -> None:
    """Broken links, circular links and pipes do not stop the rest; nor does a folder that was deleted."""
    (tmp_path / "a.txt").symlink_to("nowhere.txt")
    (tmp_path / "b.jsonl").symlink_to("b.jsonl")
    os.mkfifo(tmp_path / "c.txt")
    (tmp_path / "d.txt").write_text("防火通知\n严禁用火。", encoding="utf-8")
    gone = tmp_path / "gone"
    gone.mkdir()
    (gone / "e.txt").write_text("防汛通知\n严防死守。", encoding="utf-8")

    items = []
    for item in read_source(tmp_path, cleaning=Cleaning()):
        items.append(item)
        if isinstance(item, Article):
            (gone / "e.txt").unlink()
            gone.rmdir()

    assert [isinstance(item, Article) for item in items] == [False, False, False, True, False]
    places = [item.place.rpartition("/")[2] for item in items if isinstance(item, Fault)]
    assert places == ["a.txt:1", "b.jsonl:1", "c.txt:1", "gone:1"]


def test_files_that_differ_in_their_suffix_are_several(tmp_path: Path) -> None:
    """The first keeps the name alone; folders are the category, but not those of years."""
    folder = tmp_path / "领导讲话" / "2024年"
    folder.mkdir(parents=True)
    (folder / "防火.md").write_text("---\ncategory: 通知\n---\n# 甲\n正文一。", encoding="utf-8")
    (folder / "防火.txt").write_text("乙\n正文二。", encoding="utf-8")
    (tmp_path / "防火.txt").write_text("丙\n正文三。", encoding="utf-8")

    articles, faults = read(tmp_path)

    assert [(one.id, one.category) for one in articles] == [
        ("防火", None),
        ("领导讲话/2024年/防火", "通知"),
        ("领导讲话/2024年/防火.txt", "领导讲话"),
    ]
    assert faults == []


def test_two_files_of_one_name_are_one_id(tmp_path: Path) -> None:
    """The same document in two formats is read once, and the report says so."""
    (tmp_path / "通知.md").write_text("# 防火通知\n严禁野外用火。", encoding="utf-8")
    (tmp_path / "通知.txt").write_text("防火通知\n严禁野外用火。", encoding="utf-8")

    articles, faults = read(tmp_path)

    assert [article.id for article in articles] == ["通知"]
    assert "通知.md:1" in faults[0].reason


def test_names_of_old_archives_are_read(tmp_path: Path) -> None:
    """A file name in GB18030 bytes gives a readable id and place."""
    name = os.fsdecode("值班安排.txt".encode("gb18030"))
    try:
        (tmp_path / name).write_bytes("值班安排\n各科室轮流值守。".encode())
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")

    articles, _ = read(tmp_path)

    assert articles[0].id == "值班安排"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("没有.jsonl", "没有.jsonl"),
        ("a.ofd", ".docx"),
        ("b.et", ".xlsx"),
        ("c.png", ".csv"),
        ("无", ".txt"),
    ],
)
def test_a_named_file_that_cannot_be_a_source_is_an_error(
    tmp_path: Path, name: str, word: str
) -> None:
    """Missing or of an unknown type: refused at once, before anything is read, with the remedy."""
    if name != "没有.jsonl":
        (tmp_path / name).write_bytes(b"x")

    with pytest.raises(BadInput) as caught:
        read_source(tmp_path / name, cleaning=Cleaning())

    assert name in caught.value.message
    assert word in caught.value.message


def test_cleaning_is_counted(tmp_path: Path) -> None:
    """The report says how many articles each rule changed."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        jsonl(
            record(1, body="<p>甲&nbsp;</p><p>乙</p>"),
            record(2, body="甲[NextPage]乙[NextPage]丙"),
            record(3),
            record(4, body="甲\n以上为免费阅读内容,如需阅读全文,请先登陆"),
        )
    )
    counts: Counter[str] = Counter()

    articles = list(read_source(path, cleaning=Cleaning(), counts=counts))

    assert len(articles) == 4
    assert counts == {"markup": 1, "indentation": 1, "page-marks": 1, "login-notice": 1}
