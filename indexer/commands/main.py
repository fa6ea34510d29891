"""The ``gongwen`` command. Entry point: :func:`main`. Messages and arguments only, no logic.

Errors are one line on stderr with the remedy. Exit status: 0 done, 1 failed or some records were bad, 2
wrong usage.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from analyzers.messages import say
from indexer import updates
from indexer.build import generations
from indexer.build.disk_space import with_free_space
from indexer.build.fault_log import FaultLog
from indexer.build.ingest import RunReport, read
from indexer.build.vector_cache import with_cache
from indexer.commands.benchmark import bench_command
from indexer.commands.block import block_group
from indexer.commands.connect import connect_command
from indexer.commands.console import FAILED, Group, lower_priority, run
from indexer.commands.doctor import doctor_command
from indexer.commands.evaluation import eval_command
from indexer.commands.generation import (
    audience_option,
    default_audience,
    generation_group,
    map_option,
    name_option,
    new_state_option,
    print_serving,
    shrink_option,
    sources_argument,
)
from indexer.commands.hiding import hiding_commands
from indexer.commands.keys import keys_group
from indexer.commands.model import model_group
from indexer.commands.precedents import precedents_command
from indexer.commands.printing import (
    line,
    print_article,
    print_index,
    print_page,
    print_report,
    print_trial,
    progress,
)
from indexer.commands.queries import queries_command
from indexer.commands.serving import run_server
from indexer.commands.sync import sync_commands
from indexer.commands.terms import terms_group
from indexer.commands.users import users_group
from search_service.answers import browse
from search_service.answers.related import related as find_related
from search_service.answers.search import search as find
from search_service.errors import BadInput, NotFound, redact_credentials
from search_service.intake.cleaning import Cleaning
from search_service.model import Audience, Sort
from search_service.query.request import Mode, SearchRequest
from search_service.service import SearchService, open_service
from search_service.settings import PREFIX, Settings, read_settings

# Seconds that a search of a command may take: no page is waiting, and a new index is slow at first.
_SEARCH_TIMEOUT = 30.0

_audience = click.option(
    "--audience",
    type=click.Choice([audience.label for audience in Audience]),
    default=Audience.PUBLIC.label,
    show_default=True,
    help=say("以谁的身份查看", "As which audience"),
)
_json = click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "Print JSON"))
_ids = click.argument("ids", nargs=-1, required=True, metavar="ID…")


@contextmanager
def _opened(settings: Settings) -> Iterator[SearchService]:
    service = open_service(settings)
    try:
        yield service
    finally:
        service.close()


def _patient(settings: Settings) -> Settings:
    timeout = max(settings.engine_timeout, _SEARCH_TIMEOUT)
    return settings.model_copy(update={"engine_timeout": timeout})


@contextmanager
def _service(**overrides: object) -> Iterator[tuple[SearchService, Settings]]:
    settings = _patient(read_settings(**overrides))
    with _opened(settings) as service:
        yield with_cache(service, settings), settings


def _audience_of(label: str) -> Audience:
    return Audience[label.upper()]


@click.group(
    cls=Group,
    help=say(
        "公文检索：建立索引、检索、提供网页与接口。", "Search for Chinese government writing."
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(
    package_name="gongwen-search",
    message="gongwen-search %(version)s",
    help=say("显示版本", "Show the version"),
)
def cli() -> None:
    """Group of the commands below."""


def _finish(report: RunReport) -> None:
    print_report(report)
    if report.faults or (report.notes.unknown_files and not report.articles):
        raise SystemExit(FAILED)


@cli.command(
    help=say("用来源重建整个索引（文件或目录，可多个）。", "Rebuild the index from sources.")
)
@sources_argument
@audience_option
@map_option
@name_option
@shrink_option
@new_state_option
@click.option(
    "--dry-run",
    is_flag=True,
    help=say(
        "只读，不写：列出看到的列、认作哪个字段、三篇文章",
        "Read only: print the columns, which field each is, and three articles",
    ),
)
def index(
    sources: tuple[Path, ...],
    *,
    audience: str | None,
    mapping: dict[str, str],
    name: str,
    shrink: bool,
    new_state: bool,
    dry_run: bool,
) -> None:
    """Rebuild."""
    lower_priority()
    if dry_run:
        settings = read_settings()
        report = RunReport(faults=FaultLog(settings.reports))
        who = default_audience(audience, settings)
        cleaning = Cleaning.parse(settings.cleaning)
        print_trial(report, read(sources, cleaning, report, who, mapping=mapping))
        if report.faults:
            raise SystemExit(FAILED)
        return
    with _service() as (service, settings):
        cleaning = Cleaning.parse(settings.cleaning)
        _finish(
            generations.rebuild(
                service,
                {name: sources} if name else sources,
                cleaning=cleaning,
                audience=default_audience(audience, settings),
                mapping=mapping,
                shrink=shrink,
                new_state=new_state,
                progress=progress(),
                fault_folder=settings.reports,
            )
        )


@cli.command(
    help=say("回到上一次重建之前的索引。", "Go back to the index before the last rebuild.")
)
def rollback() -> None:
    """Roll back."""
    with _service() as (service, _):
        service.store.upgrade()
        with service.store.ledger.exclusive():
            print_serving(generations.rollback(service))


cli.add_command(connect_command())
cli.add_command(doctor_command())
cli.add_command(generation_group(_service))
cli.add_command(terms_group(_service))
cli.add_command(block_group(_service))
cli.add_command(queries_command(_service))
cli.add_command(precedents_command(_service))
for _command in (*hiding_commands(_service), *sync_commands(_service)):
    cli.add_command(_command)
cli.add_command(eval_command(_service))
cli.add_command(bench_command(_service))
cli.add_command(model_group())
cli.add_command(keys_group(_service))
cli.add_command(users_group(_service))


@cli.command(help=say("向现有索引增加或更新文章。", "Add or update articles."))
@sources_argument
@audience_option
@map_option
def add(sources: tuple[Path, ...], *, audience: str | None, mapping: dict[str, str]) -> None:
    """Add."""
    with _service() as (service, settings):
        service.store.upgrade()
        cleaning = Cleaning.parse(settings.cleaning)
        _finish(
            updates.add(
                service,
                sources,
                cleaning=cleaning,
                audience=default_audience(audience, settings),
                mapping=mapping,
                progress=progress(),
                fault_folder=settings.reports,
            )
        )


@cli.command(help=say("从索引删除文章。", "Delete articles."))
@_ids
def delete(ids: tuple[str, ...]) -> None:
    """Delete."""
    with _service() as (service, _):
        with_free_space(service, service.store.upgrade)
        deleted, unknown, queued = with_free_space(service, partial(updates.delete, service, ids))
    for key in deleted:
        click.echo(say(f"已删除 {key}", f"deleted {key}"))
    for key in queued:
        click.echo(
            say(
                f"已登记删除 {key}，尚未生效：另一个进程正在写入索引，由它随后删除；"
                f"它若中断，则由下一次 add、delete 删除。要立刻撤下请运行 gongwen hide {key}",
                f"queued the deletion of {key}: another process is writing the index and will delete it"
                f" next; if it is stopped, the next add or delete will. To take it down at once:"
                f" gongwen hide {key}",
            )
        )
    if unknown:
        names = ", ".join(unknown)
        raise NotFound(say(f"索引中没有：{names}", f"not in the index: {names}"))


@cli.command(help=say("检索。", "Search."))
@click.argument("query")
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    default=Mode.HYBRID.value,
    show_default=True,
    help=say("精确、按意思、或两者", "Keyword, semantic, or both"),
)
@click.option(
    "--sort",
    type=click.Choice([sort.value for sort in Sort]),
    default=Sort.RELEVANCE.value,
    show_default=True,
    help=say("最相关、最新、最早或常读的在前", "First: the best, newest, oldest or most viewed"),
)
@click.option(
    "--size",
    type=click.IntRange(1, 100),
    default=10,
    show_default=True,
    help=say("条数", "Number of results"),
)
@_audience
@_json
def search(query: str, mode: str, sort: str, size: int, audience: str, *, as_json: bool) -> None:
    """Search."""
    request = SearchRequest(text=query, mode=Mode(mode), sort=Sort(sort), size=size)
    with _service() as (service, _):
        page = find(service, request, _audience_of(audience))
    if as_json:
        from search_service.answers.presentation import page_to_dict

        click.echo(json.dumps(page_to_dict(page), ensure_ascii=False, indent=1))
    else:
        print_page(page)


@cli.command(help=say("与一篇文章相关的文章。", "Articles related to an article."))
@click.argument("article_id", metavar="ID")
@_audience
@_json
def related(article_id: str, audience: str, *, as_json: bool) -> None:
    """Related."""
    with _service() as (service, _):
        articles = find_related(
            service, _resolve(service, article_id, _audience_of(audience)), _audience_of(audience)
        )
    if as_json:
        from search_service.answers.presentation import article_to_dict

        values = [article_to_dict(one.stored) | {"reason": one.reason} for one in articles]
        click.echo(json.dumps(values, ensure_ascii=False, indent=1))
        return
    for place, one in enumerate(articles, start=1):
        click.echo(f"{place:>3}. {line(one.stored)}  [{one.view.id}]  {one.reason}")


def _resolve(service: SearchService, key: str, audience: Audience) -> str:
    """The id of an article that the audience may see, named by its id, code or 文号."""
    try:
        return browse.article(service, key, audience).view.id
    except NotFound:
        matches = browse.ids_by_key(service, key, audience)
        if len(matches) == 1:
            return matches[0]
        if matches:
            ids = ", ".join(matches)
            raise BadInput(
                say(
                    f"{key!r} 有多篇：{ids}，请用编号",
                    f"{key!r} names several articles: {ids}; use the id",
                )
            ) from None
        raise


@cli.command(
    help=say(
        "索引的概况；--article 看索引里一篇文章的词与段落。",
        "Contents of the index; --article: terms and passages of one article.",
    )
)
@click.option(
    "--article", "article_id", metavar="ID", help=say("编号、代码或文号", "Id, code or 文号")
)
@_audience
def info(article_id: str | None, audience: str) -> None:
    """Info."""
    with _service() as (service, settings):
        if article_id is None:
            print_index(service, settings)
        else:
            print_article(
                service,
                _resolve(service, article_id, _audience_of(audience)),
                _audience_of(audience),
            )


def _address(command: Callable[..., None]) -> Callable[..., None]:
    host = click.option("--host", help=say("监听地址", "Address to listen on"))
    port = click.option("--port", type=click.IntRange(0, 65535), help=say("端口", "Port"))
    return host(port(command))


def _address_settings(host: str | None, port: int | None) -> dict[str, object]:
    return {key: value for key, value in (("host", host), ("port", port)) if value is not None}


@cli.command(help=say("提供网页与接口。", "Serve pages and API."))
@_address
def serve(host: str | None, port: int | None) -> None:
    """Serve."""
    settings = read_settings(**_address_settings(host, port))
    with _opened(settings) as service:
        service.store.upgrade()
        # Fails now if there is no index, or one of other settings.
        reader = service.reader(Audience.PUBLIC)
        service.check_manifest(reader.manifest, model=service.embedder is not None)
        run_server(service, settings, writing=_patient(settings))


@cli.command(help=say("用自带样例建立索引并提供网页。", "Index the sample corpus and serve it."))
@_address
def demo(host: str | None, port: int | None) -> None:
    """Demo."""
    from indexer.commands.demo import SAMPLE

    # Its own index and state: it must not overwrite those of the settings.
    overrides = {**_address_settings(host, port), "engine": "embedded:./data/demo", "state": ""}
    overrides["secure_cookies"] = False  # plain http on this machine
    with _service(**overrides) as (service, settings):
        print_report(
            generations.rebuild(
                service,
                [SAMPLE],
                cleaning=Cleaning.parse("all"),
                new_state=True,  # the demonstration needs no backup
                progress=progress(),
            )
        )
        run_server(service, settings, writing=_patient(settings), demo=True)


@cli.command(help=say("所有设置（环境变量）及其当前值。", "All settings (environment variables)."))
def settings() -> None:
    """Settings."""
    current = read_settings()
    for name, field in Settings.model_fields.items():
        value = redact_credentials(str(getattr(current, name)))
        click.echo(f"{PREFIX}{name.upper()}={value}\n    {field.description}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; every expected error becomes one line and an exit status."""
    run(cli, arguments)
