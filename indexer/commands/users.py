"""The commands ``gongwen users …``: built-in accounts. Entry point: :func:`users_group`. Messages only."""

import sys

import click

from analyzers.messages import say
from indexer.commands.console import Group
from indexer.commands.generation import Open, changing_state
from search_service.roles import Role
from search_service.service import NO_MODEL
from search_service.state.accounts import MIN_PASSWORD

_name = click.argument("name", metavar=say("账号", "NAME"))
_ROLES = [role.value for role in Role if role is not Role.PUBLIC]


def users_group(open_service: Open) -> click.Group:
    """The group of commands; ``open_service`` opens the service by the settings."""

    @click.group(
        cls=Group,
        help=say(
            "内置账号：没有门户登录的小网站用。口令从终端或标准输入读入。",
            "Built-in accounts, for sites without a log-in of their own. Passwords are read from the"
            " terminal or standard input.",
        ),
    )
    def users() -> None:
        """Users."""

    @users.command(help=say("创建账号。", "Create an account."))
    @_name
    @click.option("--role", type=click.Choice(_ROLES), required=True, help=say("身份", "Role"))
    def create(name: str, role: str) -> None:
        """Create."""
        with changing_state(open_service) as service:
            service.store.accounts.create(name, _password(), Role(role))
        click.echo(say(f"已创建 {name}（{role}）", f"created {name} ({role})"))

    @users.command("list", help=say("现有的账号。", "The accounts there are."))
    def list_() -> None:
        """List."""
        with open_service(model=NO_MODEL) as (service, _):
            for one in service.store.accounts.all():
                state = say("停用", "disabled") if one.disabled else say("可用", "enabled")
                click.echo("\t".join((one.name, one.role.value, one.created[:10], state)))

    @users.command(
        help=say(
            "设新口令，其现有登录随之失效；停用的重新启用。",
            "Set a new password, which ends its sessions; enables a disabled account.",
        )
    )
    @_name
    def password(name: str) -> None:
        """Password."""
        with changing_state(open_service) as service:
            service.store.accounts.set_password(name, _password())
        click.echo(say(f"已设 {name} 的口令", f"set the password of {name}"))

    @users.command(
        help=say("停用账号，立刻退出其登录。", "Disable an account; it is logged out at once.")
    )
    @_name
    def disable(name: str) -> None:
        """Disable."""
        with changing_state(open_service) as service:
            service.store.accounts.disable(name)
        click.echo(say(f"已停用 {name}", f"disabled {name}"))

    return users


def _password() -> str:
    """A password: asked for twice at a terminal, else the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    text = say(
        f"口令（至少 {MIN_PASSWORD} 个字符）", f"Password ({MIN_PASSWORD} characters or more)"
    )
    again = say("再输一次", "Again")
    typed: str = click.prompt(text, hide_input=True, confirmation_prompt=again)
    return typed
