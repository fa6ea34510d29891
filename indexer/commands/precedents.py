"""The command ``gongwen precedents``: passages for a topic or a draft.

Entry point: :func:`precedents_command`.
"""

import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import click

from analyzers.messages import say
from analyzers.outline import PLACES, ROLES
from indexer.commands.generation import Open
from indexer.sources.files import Fault, read_source, shown
from search_service.answers import drafts
from search_service.answers import precedents as topics
from search_service.answers.precedents import Precedent, Wanted
from search_service.errors import BadInput
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience, Filters
from search_service.query.typed_dates import read_date

_STDIN = "-"


def precedents_command(open_service: Open) -> click.Command:
    """The command; ``open_service`` opens the service by the settings."""

    @click.command(
        help=say(
            "为题目找可以引用的段落；--draft 为一份草稿逐节找。",
            "Passages to quote for a topic; --draft: for each section of a draft.",
        )
    )
    @click.argument("text", required=False, default="")
    @click.option(
        "--draft",
        metavar=say("文件", "FILE"),
        help=say(
            "草稿：.docx、.txt、.md，- 为标准输入", "A draft: .docx, .txt, .md, or - for stdin"
        ),
    )
    @click.option("--kind", multiple=True, help=say("文种，可写多次", "Kind, may be repeated"))
    @click.option(
        "--place",
        type=click.Choice([*PLACES]),
        multiple=True,
        help=say("段落在文中的位置，可写多次", "Place in the document, may be repeated"),
    )
    @click.option(
        "--role",
        type=click.Choice(ROLES),
        multiple=True,
        help=say("只要这种段落，如 落款；可写多次", "Only passages of this role; may be repeated"),
    )
    @click.option(
        "--region", multiple=True, help=say("地区，如 河北；可写多次", "Region, may be repeated")
    )
    @click.option("--since", default="", help=say("不早于，如 2023", "Not older than, as 2023"))
    @click.option("--until", default="", help=say("不晚于", "Not newer than"))
    @click.option("--in-force", is_flag=True, help=say("只要现行有效的", "Only what is in force"))
    @click.option(
        "--size",
        type=click.IntRange(1, 100),
        default=10,
        show_default=True,
        help=say("最多几段；草稿每节最多 5 段", "Passages at most; of a section 5 at most"),
    )
    @click.option(
        "--audience",
        type=click.Choice([audience.label for audience in Audience]),
        default=Audience.PUBLIC.label,
        show_default=True,
        help=say("以谁的身份查看", "As which audience"),
    )
    @click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "Print JSON"))
    def precedents(
        text: str, draft: str | None, size: int, audience: str, *, as_json: bool, **narrowed: Any
    ) -> None:
        """Precedents."""
        if bool(text) == (draft is not None):
            raise BadInput(
                say(
                    "请写一个题目，或用 --draft 文件", "give a topic, or --draft FILE, and not both"
                )
            )
        wanted = _wanted(**narrowed)
        text = text or _draft(draft or "")
        who = Audience[audience.upper()]
        with open_service() as (service, _):
            page = (
                topics.precedents(service, text, who, wanted=wanted, limit=size)
                if draft is None
                else drafts.for_draft(service, text, who, wanted=wanted, limit=size)
            )
        if as_json:
            from search_service.answers.presentation import draft_to_dict, precedents_to_dict

            values = (
                draft_to_dict(page)
                if isinstance(page, drafts.DraftPage)
                else precedents_to_dict(page)
            )
            click.echo(json.dumps(values, ensure_ascii=False, indent=1))
            return
        for notice in page.notices():
            click.echo(notice)
        if isinstance(page, drafts.DraftPage):
            _print_sections(text, page)
        else:
            _print_passages(page.results)

    return precedents


def _wanted(
    *,
    kind: tuple[str, ...],
    place: tuple[str, ...],
    role: tuple[str, ...],
    region: tuple[str, ...],
    since: str,
    until: str,
    in_force: bool,
) -> Wanted:
    """Which passages the options ask for."""
    filters = Filters(
        kind=kind,
        validity=("现行有效",) if in_force else (),
        date_from=_date("--since", since),
        date_to=_date("--until", until),
    )
    return Wanted(filters=filters, places=place, roles=role, regions=region)


def _date(option: str, typed: str) -> str | None:
    if typed and not read_date(typed):
        raise BadInput(
            say(
                f"{option} {typed}：应为存在的日期，如 2023、2023-05、2023-05-06",
                f"{option} {typed}: must be an existing date, such as 2023, 2023-05 or 2023-05-06",
            )
        )
    return read_date(typed) if typed else None


def _draft(file: str) -> str:
    """The text of a draft, read as a source is."""
    if file == _STDIN:
        return sys.stdin.read()
    path = Path(file)
    read = list(islice(read_source(path, cleaning=Cleaning()), 2))
    for one in read:
        if isinstance(one, Fault):
            raise BadInput(f"{shown(path)}: {one.reason}")
    if len(read) != 1 or isinstance(read[0], Fault):
        raise BadInput(
            say(
                f"{shown(path)}：应为一份草稿（.docx、.txt、.md）",
                f"{shown(path)}: must be one draft (.docx, .txt, .md)",
            )
        )
    return f"{read[0].title}\n{read[0].body}"


def _print_passages(results: tuple[Precedent, ...]) -> None:
    for place, one in enumerate(results, start=1):
        others = say(f"  另见 {one.copies_total} 篇", f"  in {one.copies_total} others")
        click.echo(f"{place:>3}. {one.citation}{others if one.copies_total else ''}")
        click.echo("     " + " ".join(one.text.split()))


def _print_sections(draft: str, page: drafts.DraftPage) -> None:
    for number, section in enumerate(page.sections, start=1):
        heading = " > ".join(section.path) or section.place or say("正文", "text")
        click.echo(click.style(f"[{number}] {heading}", bold=True))
        for one in section.repeated:
            sentence, share = draft[one.start : one.end], round(100 * one.share)
            click.echo(
                say(
                    f"  与已有文字 {share}% 相同：“{sentence}” {one.source.citation}",
                    f"  {share} % the same as an existing text: “{sentence}” {one.source.citation}",
                )
            )
        if section.results:
            _print_passages(section.results)
        else:
            click.echo("     " + say("没有找到贴近的段落", "no close passage was found"))
