"""Help and usage errors in the language of the user, one line each.

Entry points: :class:`Command`, :class:`Group`, :func:`usage_error`. click's own texts are English only;
those that users see are replaced, and nothing else of click.
"""

import os
from typing import Any, Final

import click

from analyzers.messages import say


class _Formatter(click.HelpFormatter):
    """click's help page with translated headings."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, say("用法：", "Usage: ") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        zh = {"Options": "选项", "Commands": "命令"}.get(heading, heading)
        super().write_heading(say(zh, heading))


class _Context(click.Context):
    formatter_class = _Formatter


class Command(click.Command):
    """A command whose help is in the language of the user."""

    context_class = _Context
    options_metavar: str | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("options_metavar", say("[选项]", "[OPTIONS]"))
        super().__init__(*args, **kwargs)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """click's help option with a translated text."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = say("显示本说明", "Show this message")
        return option


class Group(Command, click.Group):
    """A group of such commands."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("subcommand_metavar", say("命令 [参数]…", "COMMAND [ARGS]..."))
        super().__init__(*args, **kwargs)


# Low enough to let searches go first; an idle machine is still used fully.
_NICE: Final = 10


def lower_priority() -> None:
    """Lower the priority of this process, so that searches on the same machine stay fast."""
    if hasattr(os, "setpriority"):
        now = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, max(now, _NICE))


def usage_error(exc: click.UsageError) -> str:
    """A usage error in one line with the remedy."""
    command = exc.ctx.command_path if exc.ctx else "gongwen"
    return say(
        f"{_describe(exc)}；用法见 {command} --help", f"{_describe(exc)}; see {command} --help"
    )


def _describe(exc: click.UsageError) -> str:
    if isinstance(exc, click.NoSuchOption):
        return say(f"没有选项 {exc.option_name}", f"no such option {exc.option_name}")
    if isinstance(exc, click.MissingParameter) and exc.param is not None and exc.ctx is not None:
        name = exc.param.make_metavar(exc.ctx)
        return say(f"缺少 {name}", f"missing {name}")
    if isinstance(exc, click.BadParameter) and exc.param is not None:
        name = exc.param.opts[-1]
        kind = exc.param.type
        if isinstance(kind, click.Choice):
            choices = say("、", ", ").join(map(str, kind.choices))
            return say(f"{name} 应为 {choices} 之一", f"{name} must be one of {choices}")
        if isinstance(kind, click.IntRange):
            return say(
                f"{name} 应为 {kind.min} 至 {kind.max} 的整数",
                f"{name} must be {kind.min} to {kind.max}",
            )
        return say(f"{name} 有误：{exc.message}", f"{name}: {exc.message}")
    if isinstance(exc, click.exceptions.NoSuchCommand):
        return say(f"没有命令 {exc.command_name}", f"no such command {exc.command_name}")
    return exc.message.rstrip(".")
