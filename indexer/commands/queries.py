"""The command ``gongwen queries``: what was searched. Entry point: :func:`queries_command`."""

import click

from analyzers.messages import say
from indexer.commands.generation import Open
from search_service.model import Audience

# Texts that are listed.
_LISTED = 200


def queries_command(open_service: Open) -> click.Command:
    """The command; ``open_service`` opens the service by the settings."""

    @click.command(
        help=say(
            "检索词统计（须先设 GONGWEN_QUERY_LOG）：次数、没有结果的次数、检索词；第一行是全部检索。",
            "Counts of searches (set GONGWEN_QUERY_LOG first): how many, how many without results, and"
            " the text; the first line is of all searches.",
        )
    )
    @click.option(
        "--days",
        type=click.IntRange(1, 366),
        default=7,
        show_default=True,
        help=say("最近多少天", "Days up to today"),
    )
    @click.option(
        "--audience",
        type=click.Choice([audience.label for audience in Audience]),
        default=Audience.PUBLIC.label,
        show_default=True,
        help=say("谁的检索", "Whose searches"),
    )
    @click.option("--forget", is_flag=True, help=say("删去全部统计", "Delete all counts"))
    def queries(days: int, audience: str, *, forget: bool) -> None:
        """Queries."""
        with open_service() as (service, _):
            service.store.upgrade()
            if forget:
                service.store.queries.forget()
                click.echo(say("已删去全部统计", "deleted all counts"))
                return
            counted = service.store.queries.read(
                Audience[audience.upper()], days=days, limit=_LISTED
            )
        for one in counted:
            text = one.text or say("（全部）", "(all)")
            click.echo(f"{one.searches}\t{one.without_results}\t{text}")
        if not counted:
            click.echo(
                say(
                    "没有统计；GONGWEN_QUERY_LOG=90 表示统计并保留 90 天",
                    "nothing was counted; GONGWEN_QUERY_LOG=90 counts and keeps 90 days",
                ),
                err=True,
            )

    return queries
