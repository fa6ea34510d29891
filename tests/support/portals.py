"""Databases of portals as their CMSs make them, with invented rows. Entry point: :data:`PORTALS`.

Tables and columns after what is publicly known of 帝国CMS 7, DedeCMS 5.7 and WordPress, those that
matter here.
Everything that guests must not read contains ``CANARY``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from indexer.sources.database import cms as found_cms
from indexer.sources.database.connection import Portal as Database

CANARY = "金丝雀"
UNIX = 1717380000  # 3 June 2024, 10:00 in China
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Expected:
    """What the index should have of an article."""

    title: str
    category: str
    date: str
    public: str  # text that guests find
    paid: str = ""  # text that only members find


@dataclass(frozen=True)
class Portal:
    """The tables of a CMS, their rows, and the articles that should become of them, by id."""

    kind: str
    prefix: str
    tables: Callable[[sa.MetaData, dict[str, Any]], None]
    rows: Rows
    expected: Mapping[str, Expected]
    left_out: int


def fill(engine: sa.Engine, portal: Portal, *, charset: str = "", stored: str = "") -> None:
    """Create the tables, in a charset, and fill them; ``stored``: with bytes of another encoding."""
    metadata = sa.MetaData()
    portal.tables(metadata, {"mysql_charset": charset, "mysql_engine": "MyISAM"} if charset else {})
    metadata.create_all(engine)
    with engine.begin() as connection:
        for name, rows in portal.rows.items():
            for row in rows:
                columns: list[sa.ColumnClause[Any]] = [sa.column(column) for column in row]
                insert = sa.insert(sa.table(name, *columns))
                connection.execute(insert.values(encoded(row, stored)))


def mapped(address: str, path: Path, encoding: str = "declared", **facts: str) -> Path:
    """Write the mapping of a database to ``path``, as ``gongwen connect`` does."""
    database = Database(address)
    (cms,) = found_cms.find(database)
    common = {
        "name": "",
        "password_file": "",
        "password_env": "",
        "site": "https://www.example.gov.cn",
    }
    text = found_cms.write_mapping(
        database, cms, url=address, encoding=encoding, text_folder="", **{**common, **facts}
    )
    database.close()
    path.write_text(text, encoding="utf-8")
    return path


def encoded(row: Mapping[str, Any], stored: str) -> dict[str, Any]:
    """The row with its texts as bytes of an encoding; as it is without one."""
    if not stored:
        return dict(row)
    return {
        name: value.encode(stored) if isinstance(value, str) else value
        for name, value in row.items()
    }


def _number(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0", **options)


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


def _line(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(200), nullable=False, server_default="")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(2**24))


def _empire(metadata: sa.MetaData, options: dict[str, Any]) -> None:
    sa.Table(
        "phome_enewsclass",
        metadata,
        _key("classid"),
        *map(_number, ("bclassid", "cgtoinfo")),
        *map(_line, ("classname", "cgroupid")),
        **options,
    )
    for name in ("news", "info"):
        for suffix in ("", "_check", "_doc"):
            numbers = (
                "classid",
                "onclick",
                "isurl",
                "newstime",
                "lastdotime",
                "groupid",
                "userfen",
                "stb",
            )
            sa.Table(
                f"phome_ecms_{name}{suffix}",
                metadata,
                _key("id"),
                *map(_number, numbers),
                *map(_line, ("titleurl", "title", "smalltext")),
                **options,
            )
        for suffix in ("_data_1", "_data_2", "_check_data", "_doc_data"):
            sa.Table(
                f"phome_ecms_{name}{suffix}",
                metadata,
                _key("id"),
                _line("writer"),
                _text("newstext"),
                **options,
            )


def _empire_row(number: int, title: str, **values: Any) -> dict[str, Any]:
    common = {"classid": 2, "newstime": UNIX, "lastdotime": UNIX, "stb": 1, "onclick": 7}
    return common | {"id": number, "title": title} | values


def _empire_text(number: int, text: str, writer: str = "") -> dict[str, Any]:
    return {"id": number, "writer": writer, "newstext": text}


EMPIRE = Portal(
    "empirecms",
    "phome_",
    _empire,
    {
        "phome_enewsclass": [
            {"classid": 1, "classname": "公文范文"},
            {"classid": 2, "bclassid": 1, "classname": "通知公告"},
            {
                "classid": 3,
                "bclassid": 1,
                "classname": "会员专区",
                "cgroupid": ",2,",
                "cgtoinfo": 1,
            },
        ],
        "phome_ecms_news": [
            _empire_row(11, "关于更新改造老旧电梯的通知", smalltext="电梯"),
            _empire_row(12, "在防汛会议上的讲话", groupid=2, stb=2, smalltext="堤坝巡查"),
            _empire_row(13, "抽查工作总结", userfen=20),
            _empire_row(14, "基层减负的经验", classid=3),
            _empire_row(15, "别处的文章", isurl=1, titleurl="https://example.org/x"),
            _empire_row(16, "访问组的文章", groupid=-3),
            _empire_row(17, "栏目已删的文章", classid=99),
        ],
        "phome_ecms_news_data_1": [
            _empire_text(
                11,
                "<p>各乡镇人民政府：</p>[!--empirenews.page--]任务分解[/!--empirenews.page--]"
                "<p>一、总体要求。加装电梯，便利出行。</p>",
                "县政府办",
            ),
            _empire_text(13, f"<p>{CANARY}扣点，抽查企业三百户。</p>"),
            _empire_text(14, f"<p>{CANARY}栏目，减少会议。</p>"),
            _empire_text(15, ""),
            _empire_text(16, f"<p>{CANARY}访问组。</p>"),
            _empire_text(17, f"<p>{CANARY}栏目不明。</p>"),
        ],
        "phome_ecms_news_data_2": [_empire_text(12, f"<p>{CANARY}会员组，底线是一户不漏。</p>")],
        "phome_ecms_news_check": [_empire_row(18, f"{CANARY}未审核")],
        "phome_ecms_news_check_data": [_empire_text(18, f"{CANARY}未审核的正文")],
        "phome_ecms_news_doc": [_empire_row(19, f"{CANARY}归档")],
        "phome_ecms_news_doc_data": [_empire_text(19, f"{CANARY}归档的正文")],
        "phome_ecms_info": [_empire_row(11, "办事指南：居住证", titleurl="/info/11.html")],
        "phome_ecms_info_data_1": [_empire_text(11, "<p>带上身份证和照片。</p>")],
    },
    {
        "news-11": Expected(
            "关于更新改造老旧电梯的通知", "公文范文/通知公告", "2024-06-03", "便利出行"
        ),
        "news-12": Expected(
            "在防汛会议上的讲话", "公文范文/通知公告", "2024-06-03", "堤坝巡查", f"{CANARY}会员组"
        ),
        "news-13": Expected(
            "抽查工作总结", "公文范文/通知公告", "2024-06-03", "抽查工作总结", f"{CANARY}扣点"
        ),
        "news-14": Expected(
            "基层减负的经验", "公文范文/会员专区", "2024-06-03", "基层减负", f"{CANARY}栏目"
        ),
        "news-16": Expected(
            "访问组的文章", "公文范文/通知公告", "2024-06-03", "访问组的文章", f"{CANARY}访问组"
        ),
        "news-17": Expected("栏目已删的文章", "", "2024-06-03", "栏目已删", f"{CANARY}栏目不明"),
        "info-11": Expected("办事指南：居住证", "公文范文/通知公告", "2024-06-03", "身份证和照片"),
    },
    left_out=1,
)


def _dede(metadata: sa.MetaData, options: dict[str, Any]) -> None:
    sa.Table(
        "dede_arctype",
        metadata,
        _key("id"),
        *map(_number, ("reid", "corank")),
        _line("typename"),
        **options,
    )
    numbers = ("typeid", "channel", "arcrank", "click", "money", "pubdate", "senddate")
    sa.Table(
        "dede_archives",
        metadata,
        _key("id"),
        *map(_number, numbers),
        *map(_line, ("title", "writer", "description")),
        **options,
    )
    sa.Table(
        "dede_addonarticle", metadata, _key("aid"), _line("redirecturl"), _text("body"), **options
    )
    sa.Table("dede_addonsoft", metadata, _key("aid"), _text("introduce"), **options)
    sa.Table("dede_channeltype", metadata, _key("id"), _line("addtable"), **options)


def _dede_row(number: int, title: str, **values: Any) -> dict[str, Any]:
    common = {"typeid": 2, "channel": 1, "pubdate": UNIX, "senddate": UNIX}
    return common | {"id": number, "title": title} | values


DEDE = Portal(
    "dedecms",
    "dede_",
    _dede,
    {
        "dede_arctype": [
            {"id": 1, "typename": "公文范文"},
            {"id": 2, "reid": 1, "typename": "通知"},
            {"id": 3, "reid": 1, "typename": "会员", "corank": 50},
        ],
        "dede_channeltype": [
            {"id": 1, "addtable": "dede_addonarticle"},
            {"id": 3, "addtable": "#@__addonsoft"},
        ],
        "dede_archives": [
            _dede_row(21, "关于农村饮水安全的通知", writer="王某"),
            _dede_row(22, "县里的工作总结", arcrank=50, description="摘要公开"),
            _dede_row(23, "招商会上的讲话", money=5),
            _dede_row(24, f"{CANARY}待审", arcrank=-1),
            _dede_row(25, f"{CANARY}回收站", arcrank=-2),
            _dede_row(26, "栏目限权的稿子", typeid=3),
            _dede_row(27, "办公软件使用指南", channel=3),
            _dede_row(28, "没有日期的稿子", pubdate=0),
        ],
        "dede_addonarticle": [
            {"aid": 21, "body": "<p>各乡镇：</p>#p#责任分工#e#<p>一、落实责任，保障饮水。</p>"},
            {"aid": 22, "body": f"<p>{CANARY}级别</p>"},
            {"aid": 23, "body": f"<p>{CANARY}金币</p>"},
            {"aid": 24, "body": f"<p>{CANARY}待审</p>"},
            {"aid": 25, "body": f"<p>{CANARY}回收站</p>"},
            {"aid": 26, "body": f"<p>{CANARY}栏目</p>"},
            {"aid": 28, "body": "<p>日期缺失。</p>"},
        ],
        "dede_addonsoft": [{"aid": 27, "introduce": "<p>表格的用法。</p>"}],
    },
    {
        "21": Expected("关于农村饮水安全的通知", "公文范文/通知", "2024-06-03", "保障饮水"),
        "22": Expected(
            "县里的工作总结", "公文范文/通知", "2024-06-03", "摘要公开", f"{CANARY}级别"
        ),
        "23": Expected("招商会上的讲话", "公文范文/通知", "2024-06-03", "招商会", f"{CANARY}金币"),
        "26": Expected(
            "栏目限权的稿子", "公文范文/会员", "2024-06-03", "栏目限权", f"{CANARY}栏目"
        ),
        "27": Expected("办公软件使用指南", "公文范文/通知", "2024-06-03", "表格的用法"),
        "28": Expected("没有日期的稿子", "公文范文/通知", "", "日期缺失"),
    },
    left_out=2 + 7 + 1,  # each kind of articles leaves out the rows of the other
)


def _wordpress(metadata: sa.MetaData, options: dict[str, Any]) -> None:
    sa.Table(
        "wp_posts",
        metadata,
        _key("ID"),
        *map(_number, ("post_author", "post_parent")),
        *map(_line, ("post_title", "post_status", "post_type", "post_password")),
        sa.Column("post_date", sa.String(20) if not options else sa.DateTime),
        _text("post_content"),
        **options,
    )
    sa.Table("wp_terms", metadata, _key("term_id"), _line("name"), **options)
    sa.Table(
        "wp_term_taxonomy",
        metadata,
        _key("term_taxonomy_id"),
        *map(_number, ("term_id", "parent")),
        _line("taxonomy"),
        **options,
    )
    sa.Table(
        "wp_term_relationships",
        metadata,
        _key("object_id"),
        sa.Column("term_taxonomy_id", sa.Integer, primary_key=True),
        **options,
    )
    sa.Table("wp_users", metadata, _key("ID"), _line("display_name"), **options)


def _post(number: int, title: str, content: str, **values: Any) -> dict[str, Any]:
    common = {
        "post_author": 1,
        "post_status": "publish",
        "post_type": "post",
        "post_date": "2024-06-03 10:00:00",
    }
    return common | {"ID": number, "post_title": title, "post_content": content} | values


WORDPRESS = Portal(
    "wordpress",
    "wp_",
    _wordpress,
    {
        "wp_users": [{"ID": 1, "display_name": "张某"}],
        "wp_terms": [
            {"term_id": 4, "name": "公文范文"},
            {"term_id": 5, "name": "讲话稿"},
            {"term_id": 6, "name": "防汛"},
        ],
        "wp_term_taxonomy": [
            {"term_taxonomy_id": 1, "term_id": 4, "parent": 0, "taxonomy": "category"},
            {"term_taxonomy_id": 2, "term_id": 5, "parent": 4, "taxonomy": "category"},
            {"term_taxonomy_id": 3, "term_id": 6, "parent": 0, "taxonomy": "post_tag"},
        ],
        "wp_term_relationships": [
            {"object_id": 31, "term_taxonomy_id": 1},
            {"object_id": 31, "term_taxonomy_id": 2},
            {"object_id": 31, "term_taxonomy_id": 3},
        ],
        "wp_posts": [
            _post(
                31,
                "在全县会议上的讲话",
                "<!-- wp:paragraph -->\n<p>同志们：</p>\n<!-- /wp:paragraph -->\n<!--more-->\n"
                f"第一段没有标签。\n\n第二段没有标签。\n<!--nextpage-->\n[vip]{CANARY}会员[/vip]\n最后一段。",
            ),
            _post(
                32,
                f"{CANARY}草稿",
                f"{CANARY}草稿正文",
                post_status="draft",
                post_date="0000-00-00 00:00:00",
            ),
            _post(33, f"{CANARY}加密", f"{CANARY}加密正文", post_password=f"{CANARY}口令"),
            _post(
                34,
                f"{CANARY}旧版",
                f"{CANARY}旧版正文",
                post_status="inherit",
                post_type="revision",
            ),
            _post(35, f"{CANARY}私密", f"{CANARY}私密正文", post_status="private"),
            _post(36, f"{CANARY}回收站", f"{CANARY}正文", post_status="trash"),
            _post(
                37,
                "关于我们",
                "<p>办公地址在县政府大院。</p>",
                post_type="page",
                post_date="0000-00-00 00:00:00",
            ),
        ],
    },
    {
        "31": Expected(
            "在全县会议上的讲话", "公文范文/讲话稿", "2024-06-03", "最后一段", f"{CANARY}会员"
        ),
        "37": Expected("关于我们", "", "", "县政府大院"),
    },
    left_out=5,
)

PORTALS = {one.kind: one for one in (EMPIRE, DEDE, WORDPRESS)}
