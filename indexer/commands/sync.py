"""The commands ``gongwen sync``, ``reconcile``, ``watch`` and ``apply``. Entry point: :func:`sync_commands`.

Messages and arguments only; the work is in :mod:`indexer.sync`.
"""

import signal
import threading
from pathlib import Path

import click

from analyzers.messages import say
from indexer.applier import apply_changes, applying
from indexer.build.ingest import named
from indexer.commands.console import FAILED, Command, lower_priority
from indexer.commands.generation import (
    Open,
    audience_option,
    default_audience,
    map_option,
    name_option,
    sources_argument,
)
from indexer.commands.printing import print_faults, print_notes, progress
from indexer.sync import Intent, synchronise
from indexer.sync_report import Difference, SyncReport
from search_service import logs
from search_service.errors import GongwenError
from search_service.intake.cleaning import Cleaning

_log = logs.Log(__name__)

_confirm = click.option(
    "--confirm",
    is_flag=True,
    help=say(
        "确认这次变化：来源是空的，或两成以上的文章将消失或变为公开",
        "Confirm an empty source, or that over a fifth of the articles vanish or become public",
    ),
)
_dry_run = click.option(
    "--dry-run",
    is_flag=True,
    help=say("只说会怎样变，不写", "Say what would change; write nothing"),
)


def sync_commands(open_service: Open) -> list[click.Command]:
    """The commands; ``open_service`` opens the service by the settings."""

    def run(
        sources: tuple[Path, ...],
        audience: str | None,
        mapping: dict[str, str],
        name: str,
        intent: Intent,
    ) -> bool:
        """Synchronise with each source; return whether something is to be looked after."""
        bad = False
        with open_service() as (service, settings):
            if Intent.DRY_RUN not in intent:
                service.store.upgrade()
            for one, paths in named({name: sources} if name else sources).items():
                report = synchronise(
                    service,
                    one,
                    paths,
                    cleaning=Cleaning.parse(settings.cleaning),
                    audience=default_audience(audience, settings),
                    mapping=mapping,
                    intent=intent,
                    progress=progress(),
                    fault_folder=settings.reports,
                )
                bad |= _print(report, one, dry_run=Intent.DRY_RUN in intent)
        return bad

    def synchronising(command: str, more: Intent, text: str) -> click.Command:
        @click.command(command, cls=Command, help=text)
        @sources_argument
        @audience_option
        @map_option
        @name_option
        @_confirm
        @_dry_run
        def synchronise_once(
            sources: tuple[Path, ...],
            *,
            audience: str | None,
            mapping: dict[str, str],
            name: str,
            confirm: bool,
            dry_run: bool,
        ) -> None:
            lower_priority()
            intent = _intent(confirm=confirm, dry_run=dry_run) | more
            if run(sources, audience, mapping, name, intent):
                raise SystemExit(FAILED)

        return synchronise_once

    sync = synchronising(
        "sync",
        Intent.CAREFUL,
        say(
            "使索引与来源一致：写入有变化的，删去来源里不再有的。",
            "Make the index what the sources contain: write what differs, delete what is gone.",
        ),
    )
    reconcile = synchronising(
        "reconcile",
        Intent.ADOPT,
        say(
            "同 sync，并删去不属于任何来源、这个来源里也没有的文章。",
            "As sync, and delete articles that belong to no source and are not in this one.",
        ),
    )

    @click.command(
        cls=Command,
        help=say(
            "每隔一段时间同步一次，直到被停止；门户推送的改动也随时写入。",
            "Synchronise again and again until stopped; apply what portals push meanwhile.",
        ),
    )
    @sources_argument
    @audience_option
    @map_option
    @name_option
    @click.option(
        "--every",
        type=click.IntRange(1, 604_800),
        default=300,
        show_default=True,
        help=say("间隔多少秒", "Seconds between the runs"),
    )
    def watch(
        sources: tuple[Path, ...],
        *,
        audience: str | None,
        mapping: dict[str, str],
        name: str,
        every: int,
    ) -> None:
        """Watch."""
        lower_priority()
        stop = _stopped_by_signal()
        with open_service() as (service, _), applying(service):
            while not stop.is_set():
                try:
                    run(sources, audience, mapping, name, Intent.CAREFUL)
                except GongwenError as exc:
                    click.echo(exc.message, err=True)
                    _log.failure("not-synchronised", exc)
                stop.wait(every)

    @click.command(
        cls=Command,
        help=say(
            "随时写入门户推送的改动，直到被停止（gongwen serve 自己会写，用 gunicorn 时另开这一个）。",
            "Apply what portals push until stopped (gongwen serve does so itself; gunicorn needs this).",
        ),
    )
    def apply() -> None:
        """Apply."""
        stop = _stopped_by_signal()
        with open_service() as (service, _):
            service.store.upgrade()
            apply_changes(service, stop)

    return [sync, reconcile, watch, apply]


def _stopped_by_signal() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set: what is being written is finished first."""
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _signal, _frame: stop.set())
    return stop


def _intent(*, confirm: bool, dry_run: bool) -> Intent:
    confirmed = Intent.CONFIRMED if confirm else Intent.CAREFUL
    return confirmed | Intent.DRY_RUN if dry_run else confirmed


def _print(report: SyncReport, name: str, *, dry_run: bool) -> bool:
    """Print what a run did; return whether it is to be looked after."""
    print_faults(report)
    differences = (
        (say("新增", "new"), report.missing),
        (say("有变化", "changed"), report.differing),
        (say("其中转为全文公开", "of these now public in full"), report.published),
        (say("已不在来源里", "gone from the source"), report.ghosts),
    )
    if dry_run:
        click.echo(say(f"{name}：试算，没有写入", f"{name}: a dry run, nothing was written"))
    click.echo(
        say(
            f"{name}：读入 {report.articles} 篇，未变 {report.unchanged} 篇，有误"
            f" {len(report.faults)} 条；{report.seconds:.1f} 秒",
            f"{name}: {report.articles} articles read, {report.unchanged} unchanged,"
            f" {len(report.faults)} bad; {report.seconds:.1f} s",
        )
    )
    for words, difference in differences:
        if difference.count:
            click.echo(f"{words} {difference.count}{_examples(difference)}")
    if report.kept_ghosts:
        click.echo(
            say(
                f"{report.kept_ghosts} 篇在来源里没有读到，但来源有读不了的部分，所以没有删除；"
                "请改正来源后再同步，确实已删的请加 --confirm",
                f"{report.kept_ghosts} articles were not found, but part of the source cannot be read, so"
                " they were not deleted; correct the source and run again or, if they are gone, add"
                " --confirm",
            ),
            err=True,
        )
    if report.overtaken:
        click.echo(
            say(
                f"{report.overtaken} 篇在读来源时另有改动，以那次改动为准；下次同步再比较",
                f"{report.overtaken} were changed otherwise while the source was read and are left as they"
                " are; the next run compares them again",
            )
        )
    if report.queued:
        click.echo(
            say(
                f"已登记 {report.queued} 篇，尚未写入：另一个进程正在写入索引，由它随后写入",
                f"{report.queued} queued: another process is writing the index and will write them next",
            )
        )
    if report.refusal:
        click.echo(report.refusal, err=True)
    print_notes(report.notes)
    return bool(report.faults or report.refusal or report.kept_ghosts)


def _examples(difference: Difference) -> str:
    more = "…" if difference.count > len(difference.ids) else ""
    ids = say("、", ", ").join(difference.ids)
    return say(f"（{ids}{more}）", f" ({ids}{more})")
