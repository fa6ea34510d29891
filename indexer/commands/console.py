"""Help and usage errors in the language of the user, one line each.

Entry points: :func:`run`, :class:`Command`, :class:`Group`. click's own texts are English only;
those that users see are replaced, and nothing else of click.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from analyzers.messages import say
from search_service import logs
from search_service.disk import disk_full, is_full
from search_service.errors import AudienceUnstated, GongwenError
from search_service.settings import read_log_format

FAILED, USAGE, INTERRUPTED = 1, 2, 130
_log = logs.Log(__name__)


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

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and add its name to the log line."""
        logs.add(command=ctx.command_path.partition(" ")[2].replace(" ", "-") or None)
        return super().invoke(ctx)

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


def run(command: click.Command, arguments: Sequence[str] | None) -> None:
    """Run the command and exit with its status; every expected error becomes one line on stderr.

    A command prints its outcome for people; if the log is JSON, it also logs one line for machines.
    """
    style = read_log_format()
    logs.set_up(style, quiet=style == logs.TEXT)
    if style == logs.TEXT:
        raise SystemExit(_status_of(command, arguments))
    started = time.perf_counter()
    with logs.collecting() as collected:
        status, broke = FAILED, None
        try:
            status = _status_of(command, arguments)
        except Exception as exc:  # noqa: BLE001  (a traceback has many lines and may quote any text)
            broke = exc
        fields = {"status": status, "s": time.perf_counter() - started} | collected
        if status:
            _log.failure("command", broke, **fields)
        else:
            _log.info("command", **fields)
    raise SystemExit(status)


def _status_of(command: click.Command, arguments: Sequence[str] | None) -> int:
    try:
        # Not standalone: click returns the status of --help and --version instead of exiting.
        status = command.main(arguments, prog_name="gongwen", standalone_mode=False)
    except SystemExit as exc:
        status = exc.code
    except click.exceptions.NoArgsIsHelpError as exc:
        exc.show()
        return USAGE
    except click.UsageError as exc:
        click.echo(_usage_error(exc), err=True)
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except AudienceUnstated as exc:
        _failed(exc)
        return USAGE
    except GongwenError as exc:
        return _failed(exc)
    except BrokenPipeError:
        # The reader of a pipe has ended (gongwen search … | head): exit silently.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as exc:
        place = Path(exc.filename or tempfile.gettempdir())
        if not is_full(exc, place):
            raise
        return _failed(disk_full(place, exc))
    return status if isinstance(status, int) else 0


def _failed(error: GongwenError) -> int:
    logs.add(code=error.code)
    click.echo(error.message, err=True)
    return FAILED


def _usage_error(exc: click.UsageError) -> str:
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
