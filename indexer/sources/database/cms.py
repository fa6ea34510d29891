"""Which CMS a database belongs to, and its mapping. Entry points: :func:`find`, :func:`write_mapping`.

The mappings are templates in ``mappings/``; what differs from portal to portal (prefix, data tables, columns)
is read from the database.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analyzers.messages import say
from indexer.sources.database.connection import Portal
from search_service.errors import BadInput
from search_service.intake.names import PROTECTING, known_field

# CMS -> its name, and the tables by which it is known, without their prefix.
_KNOWN: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "empirecms": ("帝国CMS", ("enewsclass", "ecms_*_data_1")),
    "dedecms": ("织梦 DedeCMS", ("archives", "arctype", "addonarticle")),
    "wordpress": ("WordPress", ("posts", "terms", "term_taxonomy", "term_relationships")),
}
# Fields -> columns of which each data table of 帝国CMS has some.
_EMPIRE_FIELDS: Final = {"author": "writer", "keywords": "keyboard"}
_EMPIRE_BODIES: Final = ("newstext", "softsay", "picsay", "moviesay", "filesay")
_DEDE_FIELDS: Final = {"author": "writer", "keywords": "keywords"}
_DEDE_BODIES: Final = ("body", "introduce", "content")
# Shortcodes of WordPress plugins whose content is not for everybody.
PAID_PARTS: Final = (
    "vip", "hide", "hidden", "reply", "pay", "paid", "member", "members", "login", "private", "secret",
    "erphpdown", "ppv",
)  # fmt: skip
_SHORTCODE: Final = re.compile(r"\[/([A-Za-z][\w-]{1,40})\]")
_LAYOUT: Final = re.compile(
    r"(?:vc|et_pb|fusion|su|av|elementor)_.*|gallery|caption|wp_caption|audio|video|playlist|embed|code|pre|quote"
    r"|url|img|color|size|font|align|left|center|right|list|table|tr|td|th|b|i|u|s|h[1-6]|tabs?|accordion|columns?"
    r"|row|section|button|icon|note|tip|info|warning|download|collapse|spoiler|title|link"
)
_POSTS: Final = 50  # whose texts are in memory at a time
_TEMPLATES: Final = Path(str(files("indexer.sources.database") / "mappings"))


@dataclass(frozen=True)
class Cms:
    """A CMS that was found: ``kind`` as in the names of the templates, ``name`` for people."""

    kind: str
    name: str
    prefix: str


def find(portal: Portal) -> list[Cms]:
    """The CMSs whose tables are in the database, one for each prefix."""
    tables = portal.tables()
    found: list[Cms] = []
    for kind, (name, needed) in _KNOWN.items():
        first, *others = [re.escape(one).replace(r"\*", r"\w+") for one in needed]
        for table in tables:
            if (match := re.fullmatch(rf"(.*?){first}", table)) is None:
                continue
            prefix = re.escape(match[1])
            if all(any(re.fullmatch(prefix + one, table) for table in tables) for one in others):
                found.append(Cms(kind, name, match[1]))
    return found


def write_mapping(portal: Portal, cms: Cms, **facts: Any) -> str:
    """The mapping of a CMS as YAML. ``facts``: address, password and so on, as ``header.yaml`` names them."""
    of_cms = {"empirecms": _empire, "dedecms": _dede, "wordpress": _wordpress}[cms.kind]
    title = f"{cms.name}，表前缀 {cms.prefix} / prefix {cms.prefix}"
    return _rendered(cms.kind, title=title, prefix=cms.prefix, **of_cms(portal, cms), **facts)


def left_aside(portal: Portal, cms: Cms) -> Iterator[tuple[str, str, int]]:
    """The tables of unreviewed and archived rows that are not read: table, what it is, how many rows."""
    if cms.kind != "empirecms":
        return
    kinds = {"check": say("未审核", "unreviewed"), "doc": say("归档", "archived")}
    for table in portal.tables():
        match = re.fullmatch(rf"{re.escape(cms.prefix)}ecms_\w+_(check|doc)", table)
        if match and (rows := portal.rows(sa.select(sa.func.count()).select_from(sa.table(table)))):
            yield table, kinds[match[1]], int(str(next(iter(rows[0].values()))))


def columns_of(portal: Portal, select: str) -> dict[str, str]:
    """The columns of a SELECT by field, of those that are called as a field is; raises ``BadInput``."""
    columns = portal.columns_of_select(select)
    fields = {field: column for column in columns if (field := known_field(column))}
    if missing := [name for name in ("id", "title", "body") if name not in fields]:
        lacking, known = ", ".join(missing), ", ".join(columns)
        raise BadInput(
            say(
                f"SELECT 缺少 {lacking}（用 AS 改名，如 SELECT aid AS id）；现有：{known}",
                f"the SELECT lacks {lacking} (rename with AS, as SELECT aid AS id); it has: {known}",
            )
        )
    return fields


def write_select(select: str, columns: Mapping[str, str], **facts: Any) -> str:
    """The mapping of a SELECT; ``columns``: see :func:`columns_of`."""
    key = columns["id"]
    fields = {name: one for name, one in columns.items() if name not in {"id", *PROTECTING}}
    preview = columns.get("preview", "")
    title = "自定义 SQL / your own SQL"
    return _rendered(
        "select",
        title=title,
        select=select.strip().rstrip(";"),
        key=key,
        fields=fields,
        preview=preview,
        **facts,
    )


def _rendered(template: str, **facts: Any) -> str:
    environment = Environment(  # noqa: S701  (YAML, not HTML)
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    return environment.get_template(f"{template}.yaml").render(**facts)


def _empire(portal: Portal, cms: Cms) -> dict[str, Any]:
    tables = portal.tables()
    start = f"{cms.prefix}ecms_"
    names = [
        table.removeprefix(start).removesuffix("_data_1")
        for table in tables
        if re.fullmatch(rf"{re.escape(start)}\w+_data_1", table)
    ]
    in_files = _in_files(portal, f"{cms.prefix}enewsf", tables)
    found: list[dict[str, Any]] = []
    for name in names:
        own = portal.columns(f"{start}{name}")
        data = portal.columns(f"{start}{name}_data_1")
        if not own or re.search("_(?:check|doc)$", name):
            continue

        def place(column: str, own: Sequence[str] = own, data: Sequence[str] = data) -> str:
            return column if column in own else f"data.{column}" if column in data else ""

        body = next((place(one) for one in _EMPIRE_BODIES if place(one)), "")
        if not body:
            continue
        found.append(
            {
                "name": name,
                "data": data,
                "body": body,
                "checked": "checked" in own,
                "userfen": "userfen" in own,
                "titleurl": "titleurl" in own,
                "preview": place("smalltext"),
                "savetxt": (name, body.removeprefix("data.")) in in_files,
                "fields": {
                    field: place(one) for field, one in _EMPIRE_FIELDS.items() if place(one)
                },
            }
        )
    return {"tables": found, "of_class": portal.columns(f"{cms.prefix}enewsclass")}


def _in_files(portal: Portal, table: str, tables: Sequence[str]) -> set[tuple[str, str]]:
    """The data tables and fields of 帝国CMS whose texts are in files."""
    if table not in tables:
        return set()
    columns: list[sa.ColumnClause[Any]] = [sa.column(one) for one in ("tbname", "f", "savetxt")]
    if missing := {one.name for one in columns} - set(portal.columns(table)):
        raise BadInput(f"{table}: {', '.join(sorted(missing))}?")
    rows = portal.rows(sa.select(*columns).select_from(sa.table(table, *columns)))
    return {(str(row["tbname"]), str(row["f"])) for row in rows if str(row["savetxt"]) == "1"}


def _dede(portal: Portal, cms: Cms) -> dict[str, Any]:
    own = portal.columns(f"{cms.prefix}archives")
    channels: list[dict[str, Any]] = []
    for channel, table in _channels(portal, cms.prefix):
        columns = portal.columns(table)
        if body := next((one for one in _DEDE_BODIES if one in columns), ""):
            channels.append(
                {
                    "name": table.removeprefix(cms.prefix),
                    "channel": channel,
                    "table": table,
                    "body": body,
                    "redirect": "redirecturl" in columns,
                }
            )
    return {
        "channels": channels,
        "money": "money" in own,
        "corank": "corank" in portal.columns(f"{cms.prefix}arctype"),
        "fields": {field: one for field, one in _DEDE_FIELDS.items() if one in own},
    }


def _channels(portal: Portal, prefix: str) -> list[tuple[int, str]]:
    """The models of 织梦 that are kept in ``archives``: number, and table of the texts."""
    table = f"{prefix}channeltype"
    if not {"id", "addtable"}.issubset(portal.columns(table)):
        return [(1, f"{prefix}addonarticle")]
    columns: list[sa.ColumnClause[Any]] = [sa.column("id"), sa.column("addtable")]
    rows = portal.rows(sa.select(*columns).select_from(sa.table(table, *columns)))
    named = [(int(str(row["id"])), str(row["addtable"]).replace("#@__", prefix)) for row in rows]
    known = set(portal.tables())
    return [
        (number, name)
        for number, name in named
        if name in known and "aid" in portal.columns(name) and "title" not in portal.columns(name)
    ]


def _wordpress(portal: Portal, cms: Cms) -> dict[str, Any]:
    found = [one for one in _shortcodes(portal, f"{cms.prefix}posts") if one not in PAID_PARTS]
    return {
        "users": f"{cms.prefix}users" in portal.tables(),
        "paid_parts": [*PAID_PARTS, *found],
    }


def _shortcodes(portal: Portal, table: str) -> list[str]:
    """The paired shortcodes of published posts, without those that only lay out: ``[name]…[/name]``."""
    number = sa.column("ID", sa.Integer)
    content, status = sa.column("post_content", sa.Text), sa.column("post_status", sa.Text)
    posts = sa.table(table, number, content, status)
    found: set[str] = set()
    last = 0
    while True:
        statement = sa.select(number, content).select_from(posts).where(number > last)
        statement = statement.where(status == "publish", content.like("%[/%"))
        rows = portal.rows(statement.order_by(number).limit(_POSTS))
        if not rows:
            return sorted(found)
        last = int(str(rows[-1]["ID"]))
        for row in rows:
            names = map(str.lower, _SHORTCODE.findall(str(row["post_content"])))
            found.update(one for one in names if not _LAYOUT.fullmatch(one))
