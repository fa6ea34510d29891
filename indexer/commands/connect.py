"""The command ``gongwen connect``: the database of a portal -> a mapping.

Entry point: :func:`connect_command`.

Arguments, questions and messages only; the work is in :mod:`indexer.sources.database`.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import click

from analyzers.messages import say
from indexer import survey
from indexer.sources.database import cms as systems
from indexer.sources.database import mapping as mappings
from indexer.sources.database.cms import Cms
from indexer.sources.database.connection import Portal, split_address
from indexer.sources.database.reading import Source, password_of
from search_service.errors import AudienceUnstated, BadInput
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience
from search_service.settings import read_settings

_SHOWN = 60  # characters of a text
_REASONS = 8


def connect_command() -> click.Command:
    """The command."""

    @click.command(
        help=say(
            "接上门户的数据库：认出帝国CMS、织梦、WordPress（或用自己的 SELECT），核对公开什么，写出映射文件"
            "。地址如 mysql://用户@127.0.0.1:3306/库名；不给时逐项询问。",
            "Connect the database of a portal: recognise its CMS (or take your own SELECT), show what is"
            " public, and write the mapping. ADDRESS as mysql://user@127.0.0.1:3306/name; else questions.",
        )
    )
    @click.argument("address", required=False, metavar=say("[地址]", "[ADDRESS]"))
    @click.option(
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("portal.yaml"),
        show_default=True,
        help=say("映射文件", "File of the mapping"),
    )
    @click.option("--force", is_flag=True, help=say("覆盖已有的映射文件", "Replace that file"))
    @click.option(
        "--password-file",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help=say("口令在这个文件里", "File with the password"),
    )
    @click.option(
        "--password-env",
        metavar="NAME",
        help=say("口令在这个环境变量里", "Variable with the password"),
    )
    @click.option(
        "--prefix", help=say("表前缀，有几套系统时用", "Prefix of tables, if there are several")
    )
    @click.option(
        "--site",
        default="",
        help=say("门户网址，如 https://www.example.gov.cn", "Address of the portal"),
    )
    @click.option(
        "--text-folder",
        type=click.Path(path_type=Path, file_okay=False),
        help=say(
            "帝国CMS 存文本的目录（网站下的 d/txt）", "Folder of texts in files (d/txt of 帝国CMS)"
        ),
    )
    @click.option(
        "--select", help=say("自己的 SELECT，每行一篇", "A SELECT of your own, a row per article")
    )
    @click.option(
        "--audience",
        type=click.Choice([one.label for one in Audience]),
        help=say("SELECT 的文章给谁看", "Who may read the articles of the SELECT"),
    )
    def connect(  # noqa: PLR0913  (one for each option)
        address: str | None,
        *,
        output: Path,
        force: bool,
        password_file: Path | None,
        password_env: str | None,
        prefix: str | None,
        site: str,
        text_folder: Path | None,
        select: str | None,
        audience: str | None,
    ) -> None:
        """Connect."""
        if output.exists() and not force:
            raise BadInput(
                say(f"{output} 已有；换个 --output，或加 --force", f"{output} exists; add --force")
            )
        url, password_file = _with_password(
            address or _asked_address(), output, password_file, password_env
        )
        if not site and sys.stdin.isatty():
            site = _ask(
                "门户网址（可以不填）", "address of the portal (may be empty)", "--site", ""
            )
        database = mappings.Database(
            url=url, password_file=password_file, password_env=password_env
        )
        portal = Portal(url, password_of(database, output.parent))
        facts = {
            "name": output.stem,
            "url": url,
            "password_file": str(password_file or ""),
            "password_env": password_env or "",
            "site": site,
            "encoding": "declared",
        }
        try:
            cms = None if select else _chosen(portal, prefix)
            if cms is None:
                select = select or _asked_select()
                columns = systems.columns_of(portal, select)
                facts |= _who_reads(columns, audience)
                text = systems.write_select(select, columns, **facts)
            else:
                found = f"{cms.name}，表前缀 {cms.prefix}", f"{cms.name}, prefix {cms.prefix}"
                click.echo(say(f"找到 {found[0]}", f"found {found[1]}"))
                text = _of_cms(portal, cms, text_folder, facts)
            mapping = mappings.parse(text, output)
            with Source(mapping, output) as source:
                encoding = source.encoding()
            if encoding != mapping.database.encoding:
                text = text.replace("  encoding: declared\n", f"  encoding: {encoding}\n")
                click.echo(
                    say(
                        f"编码：表里存的其实是 {encoding}，与声明不符，已写进映射",
                        f"encoding: the tables store {encoding}, not what they declare; the mapping says so",
                    )
                )
            _show(mappings.parse(text, output), output, portal, cms)
            _warn_if_it_could_write(portal)
        finally:
            portal.close()
        output.write_text(text, encoding="utf-8")
        click.echo(
            say(
                f"已写入 {output}，可以改，里面有说明。下一步：gongwen index {output}",
                f"wrote {output}; it may be changed and explains itself. Next: gongwen index {output}",
            )
        )

    return connect


def _ask(zh: str, en: str, option: str, default: str | None = None, *, hidden: bool = False) -> str:
    """Ask at a terminal; elsewhere it is an error that names the option."""
    if not sys.stdin.isatty():
        raise click.UsageError(say(f"缺少 {option}（{zh}）", f"missing {option} ({en})"))
    answer = click.prompt(
        say(zh, en), default=default, hide_input=hidden, show_default=bool(default)
    )
    return str(answer).strip()


def _asked_address() -> str:
    place = _ask(
        "数据库 主机:端口（或完整的地址，如 postgresql://用户@主机/库名）",
        "database, host:port (or a whole address, such as postgresql://user@host/name)",
        say("地址", "ADDRESS"),
        "127.0.0.1:3306",
    )
    if "://" in place:
        return place
    name = _ask("库名", "name of the database", "")
    user = _ask("用户（只读账号）", "user (who may only read)", "")
    return f"mysql://{quote(user, safe='')}@{place}/{name}"


def _with_password(
    address: str, output: Path, file: Path | None, variable: str | None
) -> tuple[str, Path | None]:
    """The address without its password, and the file that holds it, relative to the mapping.

    A password that is in the address, or typed, is written to a file beside the mapping that nobody else can
    read: mappings are shown to others.
    """
    address, password, user = split_address(address)
    if file is not None:
        return address, Path(os.path.relpath(file, output.parent))
    if not password and not variable and user and sys.stdin.isatty():
        password = _ask("口令", "password", "--password-file", "", hidden=True)
    if not password:
        return address, None
    secret = output.with_suffix(".password")
    secret.unlink(missing_ok=True)
    secret.touch(mode=0o600)
    secret.write_text(password, encoding="utf-8")
    click.echo(
        say(
            f"口令写在 {secret}（只有你能读）",
            f"the password is in {secret}, which only you can read",
        )
    )
    return address, Path(secret.name)


def _chosen(portal: Portal, prefix: str | None) -> Cms | None:
    """The CMS of the database; None if there is none that is known."""
    found = [one for one in systems.find(portal) if prefix in (None, one.prefix)]
    if len(found) <= 1:
        if not found and prefix is not None:
            raise BadInput(say(f"没有前缀为 {prefix} 的系统", f"no CMS with the prefix {prefix}"))
        return next(iter(found), None)
    names = "、".join(f"{one.name} {one.prefix}" for one in found)
    answer = _ask(f"有几套：{names}；用哪个前缀", f"several: {names}; which prefix", "--prefix")
    return _chosen(portal, answer)


def _of_cms(portal: Portal, cms: Cms, text_folder: Path | None, facts: dict[str, str]) -> str:
    """The mapping of a CMS; asks where its texts are if they are in files."""
    text = systems.write_mapping(portal, cms, **facts, text_folder=str(text_folder or ""))
    if text_folder or "\n    files: " not in text:
        return text
    folder = _ask(
        "正文存成文本文件，在哪个目录（网站下的 d/txt）",
        "folder of texts in files (d/txt)",
        "--text-folder",
    )
    return systems.write_mapping(portal, cms, **facts, text_folder=folder)


def _asked_select() -> str:
    return _ask(
        "没有认出系统。请写一条 SELECT，每行一篇，列名为 id、title、body（可加 date、author、category……）",
        "no CMS was recognised. Write a SELECT with the columns id, title, body (and date, author …)",
        "--select",
    )


def _who_reads(fields: Mapping[str, str], audience: str | None) -> dict[str, str]:
    """Who may read the articles of a SELECT: by the option, or by its columns; raises if neither says it."""
    if audience == Audience.PUBLIC.label:
        return {"public": "all", "otherwise": ""}
    if audience:
        return {"public": "none", "otherwise": audience}
    if "audience" in fields:
        return {"public": f"{{{fields['audience']}: [public, 公开]}}", "otherwise": "member"}
    if "preview" in fields:
        return {"public": "none", "otherwise": "preview"}
    raise AudienceUnstated(
        say(
            "这条 SELECT 没有写明谁可以看。请加 --audience public（所有人都能看）、member（只给会员）或 staff"
            "（只给内部）；或加 audience 列（public 为公开，其余只给会员）、preview 列（游客只看预览）",
            "this SELECT does not say who may read its articles. Add --audience public (everybody), member or"
            " staff; or a column audience (public, or else for members), or preview (all that guests read)",
        )
    )


def _warn_if_it_could_write(portal: Portal) -> None:
    rights = portal.could_write()
    if not rights:
        click.echo(say("账号：只能读取", "account: it can only read"))
        return
    click.secho(
        say(
            f"注意：这个账号能改数据库（{rights}）。本程序只读，但口令若泄露，别人能改；请换只读账号："
            "CREATE USER reader@localhost IDENTIFIED BY '口令'; GRANT SELECT ON 库名.* TO reader@localhost;",
            f"WARNING: this account could change the database ({rights}). We only read, but whoever gets the"
            " password can write; use another: CREATE USER reader@localhost IDENTIFIED BY 'password';"
            " GRANT SELECT ON name.* TO reader@localhost;",
        ),
        err=True,
        bold=True,
    )


def _show(mapping: mappings.Mapping, output: Path, portal: Portal, cms: Cms | None) -> None:
    """Print how many articles are public, paid and left out, and some as guests and members read them."""
    with Source(mapping, output) as source:
        source.check()
        for one in survey.count(source):
            out = say("；", "; ").join(
                f"{reason} {number}" for reason, number in one.left_out.most_common(_REASONS)
            )
            click.echo(
                say(
                    f"{one.name}：公开 {one.public}，不公开 {one.paid}，不收录 {one.left_out.total()}",
                    f"{one.name}: {one.public} public, {one.paid} not, {one.left_out.total()} left out",
                )
                + (f" ({out})" if out else "")
            )
        for table, what, number in systems.left_aside(portal, cms) if cms else ():
            click.echo(
                say(f"不读 {table}：{what} {number}", f"{table} is not read: {number} {what}")
            )
        for sample in survey.samples(source, Cleaning.parse(read_settings().cleaning)):
            article = sample.article
            click.echo(
                f"[{article.id}] {article.title}  {article.category or ''}  {article.date or ''}"
            )
            click.echo(say("  游客：", "  guests: ") + _shown(sample.guests))
            click.echo(say("  会员：", "  members: ") + _shown(sample.members))


def _shown(text: str | None) -> str:
    if text is None:
        return say("看不到这篇文章", "do not see the article")
    if not text.strip():
        return say("只有标题", "the title only")
    head = " ".join(text.split())[:_SHOWN]
    return say(f"{head}……（共 {len(text)} 字）", f"{head}… ({len(text)} characters)")
