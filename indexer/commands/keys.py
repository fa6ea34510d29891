"""The commands ``gongwen keys …``: keys of the API. Entry point: :func:`keys_group`. Messages only."""

import time
from datetime import UTC, datetime

import click

from analyzers.messages import say
from indexer.commands.console import Group
from indexer.commands.generation import Open, changing_state
from search_service.roles import Role
from search_service.service import NO_MODEL

_DAY = 86_400  # seconds


def keys_group(open_service: Open) -> click.Group:
    """The group of commands; ``open_service`` opens the service by the settings."""

    @click.group(
        cls=Group,
        help=say("接口的密钥（只存其散列）。", "Keys of the API; only their hashes are stored."),
    )
    def keys() -> None:
        """Keys."""

    @keys.command(
        help=say(
            "创建密钥，只显示这一次。名称供查看与吊销之用。",
            "Create a key and show it, this once. The name is for listing and revoking it.",
        )
    )
    @click.argument("name", metavar=say("名称", "NAME"))
    @click.option(
        "--role",
        type=click.Choice([role.value for role in Role]),
        required=True,
        help=say("身份", "Role"),
    )
    @click.option(
        "--days",
        type=click.IntRange(1, 3650),
        help=say("多少天后失效；不给则不失效", "Days until it expires; without it, never"),
    )
    @click.option(
        "--origin",
        "origins",
        multiple=True,
        metavar="https://…",
        help=say(
            "只准这个网站的网页使用，可重复；网页里的密钥人人看得到，请只给 public",
            "Only pages of this site may use it; may be repeated. Everybody can read a key in a page:"
            " give it the role public",
        ),
    )
    def create(name: str, role: str, days: int | None, origins: tuple[str, ...]) -> None:
        """Create."""
        expires = None if days is None else int(time.time()) + days * _DAY
        with changing_state(open_service) as service:
            token = service.store.keys.create(name, Role(role), origins=origins, expires=expires)
        click.echo(token)
        click.echo(
            say(
                "请现在记下，以后看不到。用法：请求头 Authorization: Bearer 密钥",
                "Write it down now, it is not shown again. Send it as: Authorization: Bearer KEY",
            ),
            err=True,
        )

    @keys.command("list", help=say("现有的密钥。", "The keys there are."))
    def list_() -> None:
        """List."""
        with open_service(model=NO_MODEL) as (service, _):
            found = service.store.keys.all()
        heads = ("名称", "身份", "创建", "到期", "最近使用", "网站")
        names = ("name", "role", "created", "expires", "last used", "origins")
        click.echo("\t".join(say(zh, en) for zh, en in zip(heads, names, strict=True)))
        for key in found:
            expires = (
                datetime.fromtimestamp(key.expires, UTC).date().isoformat()
                if key.expires is not None
                else "-"
            )
            values = (key.name, key.role.value, key.created[:10], expires, key.last_used or "-")
            click.echo("\t".join((*values, " ".join(key.origins) or "-")))

    @keys.command(help=say("吊销，立刻生效。", "Revoke a key, at once."))
    @click.argument("name", metavar=say("名称", "NAME"))
    def revoke(name: str) -> None:
        """Revoke."""
        with changing_state(open_service) as service:
            service.store.keys.revoke(name)
        click.echo(say(f"已吊销 {name}", f"revoked {name}"))

    return keys
