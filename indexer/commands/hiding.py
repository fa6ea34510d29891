"""The commands ``gongwen hide`` and ``unhide``. Entry point: :func:`hiding_commands`.

Hiding works without the model, and after the state was lost: then it is the first step of the remedy.
"""

from collections.abc import Sequence
from functools import partial

import click

from analyzers.messages import say
from analyzers.terms import exact_key
from indexer.build import live_writers
from indexer.build.disk_space import with_free_space
from indexer.commands.console import Command
from indexer.commands.generation import Open
from search_service.engines import Scope
from search_service.errors import BadInput, NoIndex, StateLost
from search_service.intake.packing import unpack
from search_service.model import Audience, Exact
from search_service.service import NO_MODEL, SearchService

_ids = click.argument("ids", nargs=-1, required=True, metavar="ID…")


def hiding_commands(open_service: Open) -> Sequence[click.Command]:
    """The commands; ``open_service`` opens the service by the settings."""

    @click.command(
        cls=Command,
        help=say(
            "应急下架：立刻从所有结果中消失，重建也不恢复。",
            "Take articles down at once, from everywhere; no sync or rebuild brings them back.",
        ),
    )
    @_ids
    def hide(ids: tuple[str, ...]) -> None:
        """Hide."""
        with open_service(model=NO_MODEL) as (service, _):
            with_free_space(service, service.store.create)
            lost = with_free_space(service, partial(_state_loss, service))
            for name in ids:
                key, known = with_free_space(service, partial(_resolve, service, name))
                done = with_free_space(service, partial(service.store.hidden.hide, key))
                took = say(f"已下架 {key}", f"took down {key}")
                noted = say(f"已登记 {key}，尚未生效", f"recorded {key}, not in effect yet")
                was = say(f"{key} 本已下架", f"{key} was taken down already")
                click.echo((noted if lost else took) if done else was)
                if not known:
                    note = say(
                        f"索引里没有 {key}：已登记，今后收录也不会显示；请核对编号",
                        f"{key} is not in the index: recorded, it will not be shown later either;"
                        " check the id",
                    )
                    click.echo(note, err=True)
            if lost:
                click.echo(lost.message, err=True)

    @click.command(cls=Command, help=say("恢复下架的文章。", "Show hidden articles again."))
    @_ids
    def unhide(ids: tuple[str, ...]) -> None:
        """Unhide."""
        with open_service(model=NO_MODEL) as (service, _):
            service.store.upgrade()
            set_aside = set(service.store.hidden_articles.articles())
            keys = [_resolve(service, name)[0] for name in ids]
            done = {key: service.store.hidden.unhide(key) for key in keys}
            lost = _state_loss(service)
        if set_aside & set(keys) and not lost:
            # The index was built without them: write them, which needs the model.
            with open_service() as (service, _):
                live_writers.finish(service, timeout=live_writers.LOCK_TIMEOUT)
        for key in keys:
            was = say(f"{key} 没有下架", f"{key} was not taken down")
            click.echo(say(f"已恢复 {key}", f"restored {key}") if done[key] else was)
        if lost:
            click.echo(lost.message, err=True)

    return hide, unhide


def _state_loss(service: SearchService) -> StateLost | None:
    """The error if the state does not belong to the index, else None."""
    try:
        service.check_state()
    except StateLost as exc:
        return exc
    return None


def _resolve(service: SearchService, name: str) -> tuple[str, bool]:
    """The id of an article, hidden ones included, by id, code, 文号 or title; and whether it exists.

    Raises ``BadInput`` if several articles have that name.
    """
    try:
        reader = service.engine.reader(Scope(Audience.STAFF))
    except NoIndex:
        return name, False
    if reader.fetch([name]):
        return name, True
    matches = [hit.id for hit in reader.keyword(Exact(exact_key(name)))]
    if len(matches) > 1:
        names = ", ".join(matches)
        raise BadInput(
            say(
                f"{name!r} 有多篇：{names}；请用编号",
                f"{name!r} names several articles: {names}; use the id",
            )
        )
    return (matches[0], True) if matches else _resolve_set_aside(service, name)


def _resolve_set_aside(service: SearchService, name: str) -> tuple[str, bool]:
    """The same for hidden articles that a rebuild left out of the index."""
    for key, packed in service.store.hidden_articles.articles().items():
        article = unpack(packed)
        keys = (key, article.code, article.document_number, article.title)
        if exact_key(name) in {exact_key(one) for one in keys if one}:
            return key, True
    return name, False
