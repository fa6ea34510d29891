"""The commands ``gongwen generation …``: a rebuild in steps. Entry point: :func:`generation_group`.

Messages and arguments only; the steps are in :mod:`indexer.build.generations`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path

import click

from analyzers.messages import say
from indexer.build import generations
from indexer.build.disk_space import with_free_space
from indexer.commands.console import Group, lower_priority
from indexer.commands.printing import print_report, progress
from search_service import logs
from search_service.errors import FormatMismatch
from search_service.intake.cleaning import Cleaning
from search_service.intake.names import ALIASES, known_field
from search_service.model import Audience
from search_service.service import NO_MODEL, SearchService
from search_service.settings import Settings

Open = Callable[..., AbstractContextManager[tuple[SearchService, Settings]]]
sources_argument = click.argument(
    "sources",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    metavar=say("来源…", "SOURCE…"),
)
audience_option = click.option(
    "--audience",
    type=click.Choice([one.label for one in Audience]),
    help=say(
        "来源没有写明谁可以看时归谁（默认 GONGWEN_AUDIENCE；都没有则停下）",
        "Who may read a source that does not say (default: GONGWEN_AUDIENCE; with neither, stop)",
    ),
)
map_option = click.option(
    "--map",
    "mapping",
    multiple=True,
    callback=lambda _context, _option, pairs: read_mapping(pairs),
    metavar=say("列=字段", "COLUMN=FIELD"),
    help=say(
        "表格里的某一列是哪个字段，如 --map 留言内容=body（可多次）",
        "Which field a column of a table is, as --map NEWSTEXT=body (may be repeated)",
    ),
)
name_option = click.option(
    "--name",
    default="",
    help=say(
        "来源的名字，同步时用它认出自己的文章（默认：各来源的绝对路径）",
        "Name of the source, by which sync knows its articles (default: the absolute path of each)",
    ),
)
shrink_option = click.option(
    "--shrink",
    is_flag=True,
    help=say(
        "允许新索引比现有的少一半以上（来源有误时：少一成以上）",
        "Let the index shrink to less than half (with faults in sources: by over a tenth)",
    ),
)

new_state_option = click.option(
    "--new-state",
    is_flag=True,
    help=say(
        "状态数据库丢失而没有备份：以现在的这个为准（先用 hide 重新下架）",
        "The state was lost without a backup: use the present one (hide articles again first)",
    ),
)


def read_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """The fields of columns, of pairs ``column=field``; raises ``click.BadParameter``."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        column, _, written = pair.rpartition("=")
        field = known_field(written.strip())
        if not column.strip() or field is None:
            names = " ".join(ALIASES)
            raise click.BadParameter(
                say(
                    f"{pair} 应写成 列=字段，字段是 {names} 之一",
                    f"{pair}: write COLUMN=FIELD, with a field of {names}",
                )
            )
        mapping[column.strip()] = field
    return mapping


def default_audience(option: str | None, settings: Settings) -> Audience | None:
    """Who may read what does not say it: by the option, else by the settings; None if neither says it."""
    label = option or settings.audience
    return Audience[label.upper()] if label else None


@contextmanager
def changing_state(open_service: Open) -> Iterator[SearchService]:
    """The service without its model, to change the state; ``StateLost`` if it is not that of the index."""
    with open_service(model=NO_MODEL) as (service, _):
        service.store.upgrade()
        service.check_state()
        yield service


@contextmanager
def _exclusive(open_service: Open) -> Iterator[tuple[SearchService, Settings]]:
    with open_service() as (service, settings):
        with_free_space(service, service.store.upgrade)
        with service.store.ledger.exclusive():
            yield service, settings


def generation_group(open_service: Open) -> click.Group:
    """The group of commands; ``open_service`` opens the service by the settings."""
    exclusive = partial(_exclusive, open_service)

    @click.group(
        cls=Group,
        help=say(
            "分步重建：create、load、check、activate；每一步都可以重复。",
            "A rebuild in steps: create, load, check, activate; each may be repeated.",
        ),
    )
    def generation() -> None:
        """Generation."""

    @generation.command(help=say("开始建立新索引，与现有索引并存。", "Begin a new index."))
    @new_state_option
    def create(*, new_state: bool) -> None:
        """Create."""
        with exclusive() as (service, _):
            build = generations.create(service, new_state=new_state)
        names = ", ".join(build.generations.values())
        click.echo(say(f"正在建立 {names}", f"building {names}"))

    @generation.command(help=say("把来源装入新索引。", "Load sources into the new index."))
    @sources_argument
    @audience_option
    @map_option
    @name_option
    @shrink_option
    def load(
        sources: tuple[Path, ...],
        *,
        audience: str | None,
        mapping: dict[str, str],
        name: str,
        shrink: bool,
    ) -> None:
        """Load."""
        lower_priority()
        with exclusive() as (service, settings):
            cleaning = Cleaning.parse(settings.cleaning)
            report = generations.load(
                service,
                {name: sources} if name else sources,
                cleaning=cleaning,
                audience=default_audience(audience, settings),
                mapping=mapping,
                shrink=shrink,
                progress=progress(),
                fault_folder=settings.reports,
            )
        print_report(report)
        if report.faults:
            raise SystemExit(1)

    @generation.command(
        help=say("检查新索引：篇数与抽样查找。", "Check the new index: counts and a sample.")
    )
    def check() -> None:
        """Check."""
        with exclusive() as (service, _):
            generations.check(service)
        click.echo(say("检查通过", "all checks passed"))

    @generation.command(
        help=say(
            "启用新索引，期间的改动一并补上；回退之后则重新前进。",
            "Activate the new index with all changes since; after a rollback, undo the rollback.",
        )
    )
    def activate() -> None:
        """Activate."""
        with exclusive() as (service, _):
            print_serving(generations.activate(service))

    @generation.command(
        help=say(
            "回到上一代索引，之后的改动一并补上。",
            "Go back to the previous index, with all changes since.",
        )
    )
    def rollback() -> None:
        """Roll back."""
        with exclusive() as (service, _):
            print_serving(generations.rollback(service))

    @generation.command(
        help=say(
            "哪一代在用的记录（aliases.json 或别名）丢失后，按各代索引里的记录恢复。",
            "Restore the record of which index serves (aliases.json, or aliases) if it was lost.",
        )
    )
    def restore() -> None:
        """Restore."""
        with exclusive() as (service, _):
            serving = service.engine.restore()
        if not serving:
            click.echo(say("没有启用过任何索引", "no index was ever activated"))
        print_serving(serving)

    @generation.command(help=say("放弃正在建立的新索引。", "Discard the index being built."))
    def drop() -> None:
        """Drop."""
        with exclusive() as (service, _):
            dropped = service.engine.drop_unused()  # before the state is read: its disk may be full
            if not dropped:
                with suppress(FormatMismatch):  # of another release: it is discarded, too
                    generations.open_build(service)
            generations.discard_build(service)
        click.echo(say("已放弃", "discarded"))

    return generation


def print_serving(serving: Mapping[Audience, str]) -> None:
    """Print the live generation of each audience, and log it."""
    logs.add(**{audience.label: name for audience, name in serving.items()})
    for audience, name in sorted(serving.items()):
        click.echo(say(f"{audience.label} 现在使用 {name}", f"{audience.label} now reads {name}"))
