"""The command ``gongwen doctor``. Entry point: :func:`doctor_command`.

Arguments and printing only; the checks are in :mod:`indexer.doctor`.
"""

import json
import sys
from pathlib import Path

import click

from analyzers.messages import say
from indexer.commands.console import FAILED
from indexer.doctor.examination import examine
from indexer.doctor.findings import Finding, Level
from search_service import logs
from search_service.formats import release

_MARKS = {Level.OK: "✓", Level.WARNING: "！", Level.FAILED: "✗"}
_PLAIN_MARKS = {Level.OK: "ok", Level.WARNING: "! ", Level.FAILED: "X "}  # where those do not exist
_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILED: "red"}


def doctor_command() -> click.Command:
    """The command."""

    @click.command(
        help=say(
            "检查安装、设置、索引、来源，一项一行，有问题的写明怎么办；映射文件连同数据库一起查。不写任何东西。",
            "Check installation, settings, index and sources, a line each with its remedy; of mappings also"
            " the database. Writes nothing.",
        )
    )
    @click.argument(
        "paths",
        nargs=-1,
        type=click.Path(path_type=Path),
        metavar=say("[映射…]", "[MAPPING…]"),
    )
    @click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "Print JSON"))
    def doctor(paths: tuple[Path, ...], *, as_json: bool) -> None:
        """Check."""
        findings: list[Finding] = []
        for one in examine(paths):
            findings.append(one)
            if not as_json:
                _print(one)
        failed = [one.check for one in findings if one.level is Level.FAILED]
        if as_json:
            values = {
                "ok": not failed,
                "release": release(),
                "checks": [
                    {"check": one.check, "title": one.title, "level": one.level, "text": one.text}
                    for one in findings
                ],
            }
            click.echo(json.dumps(values, ensure_ascii=False, indent=1))
        logs.add(failed=failed)
        if failed:
            raise SystemExit(FAILED)

    return doctor


def _print(one: Finding) -> None:
    """Print a line; click leaves colours out where the output is no terminal."""
    mark = click.style(_marks()[one.level], fg=_COLOURS[one.level])
    click.echo(say(f"{mark} {one.title}：{one.text}", f"{mark} {one.title}: {one.text}"))


def _marks() -> dict[Level, str]:
    try:
        "".join(_MARKS.values()).encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # a Windows console in GBK
        return _PLAIN_MARKS
    return _MARKS
