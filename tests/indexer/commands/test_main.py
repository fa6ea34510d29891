"""The ``gongwen`` command: what it prints, and its exit status."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzers.embed import BUILTIN
from tests.conftest import write_source
from tests.support.command import Run

RECORDS = [
    {
        "id": "1",
        "title": "B1890 关于垃圾分类工作的通知",
        "body": "厨余垃圾定时定点投放，督导员入户宣传。",
    },
    {
        "id": "2",
        "title": "关于垃圾清运的方案",
        "body": "垃圾分类收运，日产日清。",
        "document_number": "清政发〔2024〕3号",
    },
    {"id": "3", "title": "殡葬改革意见", "body": "推行节地生态安葬。"},
]


@pytest.fixture
def source(tmp_path: Path) -> str:
    """Three articles as JSON Lines."""
    return str(write_source(tmp_path / "articles.jsonl", RECORDS))


def test_index_search_related_info(gongwen: Run, source: str) -> None:
    """Index a file, search it, and show the contents of the index."""
    status, out, err = gongwen("index", source)
    assert (status, err) == (0, "")
    assert "收录 3 篇，有误 0 条" in out
    status, out, _ = gongwen("search", "垃圾分類", "--mode", "keyword")
    assert status == 0
    assert out.startswith("共 2 篇")
    assert "B1890  关于垃圾分类工作的通知" in out
    status, out, _ = gongwen("search", "殡葬", "--sort", "oldest", "--json")
    assert json.loads(out)["results"][0]["id"] == "3"
    status, out, _ = gongwen("related", "b1890")
    assert status == 0
    assert "[2]" in out
    status, out, _ = gongwen("info")
    assert "3 篇" in out
    status, out, _ = gongwen("info", "--article", "清政发[2024]3号")
    assert status == 0
    assert "title_words: 关于 垃圾 清运" in out
    assert "垃圾分类收运，日产日清。" in out


def test_a_source_that_does_not_say_who_may_read_it_is_not_taken_for_public(
    gongwen: Run, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Indexing stops until the option, the setting or one record says it; what a record says stays."""
    monkeypatch.delenv("GONGWEN_AUDIENCE")
    for command in ("index", source), ("generation", "create"), ("generation", "load", source):
        status, _, err = gongwen(*command)
        if command[-1] == "create":
            continue
        assert status == 2
        assert "3 条记录都没有写明谁可以看" in err
        assert "--audience public" in err
    assert gongwen("search", "垃圾")[0] == 1  # nothing serves
    assert gongwen("index", source, "--audience", "member")[0] == 0
    assert gongwen("search", "垃圾")[1].startswith("共 0 篇")
    assert gongwen("search", "垃圾", "--audience", "member")[1].startswith("共 2 篇")
    more = str(write_source(tmp_path / "more.jsonl", [RECORDS[0] | {"id": "4"}]))
    assert gongwen("add", more)[0] == 2
    monkeypatch.setenv("GONGWEN_AUDIENCE", "staff")
    records = [
        {**RECORDS[0], "audience": "public"},
        {**RECORDS[1], "preview": ""},
        {**RECORDS[2], "audience": " "},
    ]
    write_source(Path(source), records)
    assert gongwen("index", source)[0] == 0
    assert gongwen("search", "殡葬")[1].startswith("共 0 篇")
    assert gongwen("search", "殡葬", "--audience", "staff")[1].startswith("共 1 篇")
    assert gongwen("search", "垃圾")[1].startswith("共 2 篇")
    monkeypatch.delenv("GONGWEN_AUDIENCE")
    assert gongwen("index", source)[0] == 0  # two records say it


def test_add_delete_hide_unhide(gongwen: Run, source: str, tmp_path: Path) -> None:
    """Each changes the results of the next search."""
    gongwen("index", source)
    more = write_source(
        tmp_path / "more.jsonl", [{"id": "4", "title": "关于垃圾焚烧的函", "body": "同意建设。"}]
    )
    assert gongwen("add", str(more))[0] == 0
    assert gongwen("search", "垃圾焚烧", "--mode", "keyword")[1].startswith("共 1 篇")
    assert gongwen("hide", "4") == (0, "已下架 4\n", "")
    assert gongwen("hide", "4") == (0, "4 本已下架\n", "")
    assert gongwen("search", "垃圾焚烧", "--mode", "keyword")[1].startswith("共 0 篇")
    assert gongwen("unhide", "4") == (0, "已恢复 4\n", "")
    assert gongwen("delete", "4") == (0, "已删除 4\n", "")
    status, out, err = gongwen("delete", "4")
    assert (status, out, err) == (1, "", "索引中没有：4\n")
    assert gongwen("search", "垃圾焚烧", "--mode", "keyword")[1].startswith("共 0 篇")


def test_hide_accepts_codes_and_reports_unknown_ids(gongwen: Run, source: str) -> None:
    """A code hides its article; an unknown id is recorded and reported."""
    gongwen("index", source)
    assert gongwen("hide", "b1890") == (0, "已下架 1\n", "")
    assert gongwen("search", "b1890")[1].startswith("共 0 篇")
    assert gongwen("unhide", "1")[0] == 0
    status, out, err = gongwen("hide", "C9999")
    assert (status, out) == (0, "已下架 C9999\n")
    assert "索引里没有 C9999" in err


def test_rollback_returns_to_the_previous_index(gongwen: Run, source: str, tmp_path: Path) -> None:
    """Undoes a mistaken rebuild; without a previous index there is nothing to go back to."""
    gongwen("index", source)
    status, _, err = gongwen("rollback")
    assert status == 1
    assert err.count("\n") == 1
    other = write_source(tmp_path / "other.jsonl", [RECORDS[0], RECORDS[2]])
    gongwen("index", str(other))
    assert gongwen("search", "垃圾清运", "--mode", "keyword")[1].startswith("共 0 篇")
    assert gongwen("rollback")[0] == 0
    assert gongwen("search", "垃圾清运", "--mode", "keyword")[1].startswith("共 1 篇")


def test_bad_records_are_reported_and_the_status_says_so(gongwen: Run, tmp_path: Path) -> None:
    """file:line and the reason on stderr, the good records indexed, exit status 1."""
    path = write_source(tmp_path / "a.jsonl", [*RECORDS, {"id": "5", "title": "没有正文"}])
    status, out, err = gongwen("index", str(path))
    assert status == 1
    assert "收录 3 篇，有误 1 条" in out
    assert err.startswith(f"{path}:4: ")


def faults_of(err: str) -> list[dict[str, str]]:
    """The contents of the file of faults that a run names."""
    (path,) = re.findall(r"/\S+/faults-\S+\.jsonl", err)
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("command", ["index", "add"])
def test_all_faults_of_a_run_are_in_a_file(gongwen: Run, tmp_path: Path, command: str) -> None:
    """Place, id and reason of each, no text; the first twenty and a count by reason are printed."""
    if command == "add":
        gongwen("index", str(write_source(tmp_path / "first.jsonl", RECORDS)))
    secret = "会员才能读到的一段话"
    bad = [{"id": f"x{n}", "title": "通知", "body": [secret]} for n in range(30)]
    bad += [{"summary": f"通知{n}", "body": secret} for n in range(10)]
    path = write_source(tmp_path / "a.jsonl", [*RECORDS, *bad])
    status, out, err = gongwen(command, str(path))
    assert status == 1
    assert "收录 3 篇，有误 40 条" in out
    assert err.count(f"{path}:") == 20 + 2
    assert "另有 20 条" in err
    assert "30 条 body" in err
    assert "10 条 没有哪一列是 title" in err
    listed = faults_of(err)
    assert [one["place"] for one in listed] == [f"{path}:{line}" for line in range(4, 44)]
    assert [one["id"] for one in listed[:31]] == [*(f"x{n}" for n in range(30)), ""]
    assert all(one["reason"] for one in listed)
    assert secret[:4] not in json.dumps(listed, ensure_ascii=False)


def test_without_a_usable_record_the_reasons_are_printed(gongwen: Run, tmp_path: Path) -> None:
    """By kind with counts and a place, in the single line of the error; all of them in the file."""
    folder = tmp_path / "source"
    folder.mkdir()
    rows = "".join(f",各村落实{n}。\n" for n in range(12))
    (folder / "政策.csv").write_text(f"标题,正文\n{rows}", encoding="utf-8")
    (folder / "旧.ofd").write_bytes(b"\xd0\xcf")
    (folder / "news.sql").write_text("INSERT INTO a VALUES (1);", encoding="utf-8")
    status, out, err = gongwen("index", str(folder))
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert "12 条 title：必填" in err
    assert f"{folder}/政策.csv:2" in err
    assert "1 条 不读 .ofd" in err
    assert ".sql 1 (news.sql)" in err
    assert len(faults_of(err)) == 13
    (folder / "政策.csv").unlink()
    (folder / "旧.ofd").unlink()
    assert ".sql 1 (news.sql)" in gongwen("index", str(folder))[2]


def test_files_of_unknown_types_are_counted_and_named(gongwen: Run, tmp_path: Path) -> None:
    """By suffix; the other files are indexed, and the status is 0; hidden files are ignored."""
    folder = tmp_path / "source"
    (folder / "sub").mkdir(parents=True)
    (folder / "通知.txt").write_text("防火通知\n严禁用火。", encoding="utf-8")
    for name in ("a.sql", "b.SQL", "sub/c.pptx", "网页.html.gz", "讲话", "d.doc.bak", ".隐藏"):
        (folder / name).write_bytes(b"x")
    status, out, err = gongwen("index", str(folder))
    assert status == 0
    assert "收录 1 篇，有误 0 条" in out
    assert "6 个文件" in err
    for part in (".sql 2 (a.sql, b.SQL)", ".pptx 1 (sub/c.pptx)", ".html.gz 1", "无后缀 1 (讲话)"):
        assert part in err
    assert ".bak 1" in err
    assert "隐藏" not in err
    (folder / "通知.txt").unlink()
    assert gongwen("add", str(folder))[0] == 1


def test_a_trial_shows_columns_and_articles_and_writes_nothing(
    gongwen: Run, tmp_path: Path
) -> None:
    """What a table is read as, with the columns that its owner names, before anything is indexed."""
    table = tmp_path / "a.csv"
    table.write_text("事由,经过\n路灯,村口没有路灯。\n水井,井水浑浊。\n", encoding="utf-8")

    status, out, err = gongwen("index", str(table), "--dry-run", "--audience", "public")
    assert status == 1
    assert "--map" in err
    mapping = ["--map", "事由=标题", "--map", "经过=body"]
    status, out, err = gongwen("index", str(table), "--dry-run", "--audience", "public", *mapping)

    assert status == 0
    assert "事由 → title、经过 → body" in out
    assert all(word in out for word in ("路灯", "井水浑浊。", "2"))
    assert "没有 id" in err or "no ids" in err
    status, _, err = gongwen("search", "路灯")
    assert status != 0
    assert gongwen("index", str(table), "--audience", "public", *mapping)[0] == 0
    assert "路灯" in gongwen("search", "路灯")[1]
    assert gongwen("index", str(table), "--map", "事由=类型")[0] == 2


def test_names_that_may_be_misspelt_are_reported_at_the_end(gongwen: Run, tmp_path: Path) -> None:
    """Each once with its number of records; the records are indexed, and the status is 0."""
    records = [{**record, "auther": "张三", "地区": "清源"} for record in RECORDS]
    records[0]["全文"] = "另一份"
    status, out, err = gongwen("index", str(write_source(tmp_path / "a.jsonl", records)))
    assert status == 0
    assert "收录 3 篇，有误 0 条" in out
    assert err.splitlines()[0].startswith("注意：3 条有字段 auther，像是 author")
    assert err.splitlines()[1].startswith("注意：1 条的 全文")
    assert err.count("\n") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nosuch",), "没有命令 nosuch；用法见 gongwen --help"),
        (("search",), "缺少 QUERY；用法见 gongwen search --help"),
        (("search", "a", "--nope"), "没有选项 --nope；用法见 gongwen search --help"),
        (
            ("search", "a", "--mode", "x"),
            "--mode 应为 keyword、semantic、hybrid 之一；用法见 gongwen search --help",
        ),
        (
            ("search", "a", "--size", "0"),
            "--size 应为 1 至 100 的整数；用法见 gongwen search --help",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_status_two(
    gongwen: Run, arguments: tuple[str, ...], message: str
) -> None:
    """The line names the error and where the help is."""
    assert gongwen(*arguments) == (2, "", message + "\n")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("search", "垃圾"), "gongwen index"),
        (("serve",), "gongwen index"),
        (("index", "/nowhere"), "/nowhere"),
        (("add", "/nowhere"), "gongwen index"),
    ],
)
def test_failures_are_one_line_with_the_remedy(
    gongwen: Run, arguments: tuple[str, ...], part: str
) -> None:
    """Before anything is indexed, and for a missing source: status 1 and one line on stderr."""
    status, out, err = gongwen(*arguments)
    assert (status, out) == (1, "")
    assert part in err
    assert err.count("\n") == 1


def test_serving_begins_with_the_model_of_the_index(
    gongwen: Run, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong model is an error at startup; a single search answers by keyword, and says so."""
    gongwen("index", source)
    shutil.copytree(BUILTIN, tmp_path / "other")
    with (tmp_path / "other" / "tokenizer.json").open("a", encoding="utf-8") as file:
        file.write("\n")
    monkeypatch.setenv("GONGWEN_MODEL", str(tmp_path / "other"))
    status, out, err = gongwen("serve")
    assert (status, out) == (1, "")
    assert "模型 onnx-" in err
    assert "gongwen index" in err
    assert err.count("\n") == 1
    status, out, _ = gongwen("search", "殡葬")
    assert status == 0
    assert "语义检索暂不可用" in out


def test_help_is_in_the_language_of_the_user(gongwen: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chinese first; the headings depend on LANG, too."""
    assert "选项" in gongwen("search", "--help")[1]
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    assert "Options" in gongwen("search", "--help")[1]


def test_settings_lists_every_variable(gongwen: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name, value and help text of each; a password is not among them."""
    monkeypatch.setenv("GONGWEN_STATE", "postgresql://user:s3cret@host/db")
    out = gongwen("settings")[1]
    assert "GONGWEN_ENGINE=embedded:" in out
    assert "GONGWEN_MODEL=builtin" in out
    assert "s3cret" not in out


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_text("")])
def test_lost_aliases_lose_no_index(
    gongwen: Run,
    source: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], object],
) -> None:
    """Every command says what is lost and how to restore it; the check against shrinking still applies."""
    monkeypatch.setenv("GONGWEN_MODEL", "none")
    small = str(write_source(tmp_path / "small.jsonl", RECORDS[:1]))
    assert gongwen("index", source)[0] == 0
    damage(tmp_path / "index" / "aliases.json")
    for command in (
        ["search", "垃圾"],
        ["index", small],
        ["index", small, "--shrink"],
        ["add", small],
        ["delete", "1"],
        ["rollback"],
        ["generation", "create"],
        ["generation", "activate"],
        ["info"],
    ):
        status, _, err = gongwen(*command)
        assert status == 1
        assert "gongwen generation restore" in err
        assert "Traceback" not in err
    status, out, err = gongwen("generation", "restore")
    assert (status, err) == (0, "")
    assert "public" in out
    assert json.loads(gongwen("search", "垃圾", "--json")[1])["total"] == 2
    status, _, err = gongwen("index", small)
    assert status == 1
    assert "--shrink" in err
    assert json.loads(gongwen("search", "垃圾", "--json")[1])["total"] == 2
