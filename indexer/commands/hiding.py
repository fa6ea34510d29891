"""The commands ``gongwen hide`` and ``unhide``. Entry point: :func:`hiding_commands`.

Taking an article down works when the model does not, and when the state was lost: then it is the first
step of the remedy.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial

import click

from analyzers.messages import say
from analyzers.terms import exact_key
from indexer.build import live_writers
from indexer.build.disk_space import with_free_space
from search_service.engines import Scope
from search_service.errors import BadInput, NoIndex, StateLost
from search_service.intake.packing import unpack
from search_service.model import Audience, Exact
from search_service.service import NO_MODEL, SearchService
from search_service.settings import Settings

Open = Callable[..., AbstractContextManager[tuple[SearchService, Settings]]]
_ids = click.argument("ids", nargs=-1, required=True, metavar="ID…")


def hiding_commands(open_service: Open) -> Sequence[click.Command]:
    """The commands; ``open_service`` opens the service by the settings."""

    @click.command(
        help=say(
            "应急下架：立刻从所有结果中消失，重建也不恢复。",
            "Take articles down at once, from everywhere; no sync or rebuild brings them back.",
        )
    )
    @_ids
    def hide(ids: tuple[str, ...]) -> None:
        """Hide."""
        with open_service(model=NO_MODEL) as (service, _):
            with_free_space(service, service.store.create)
            lost = with_free_space(service, partial(_loss, service))
            for given in ids:
                key, known = with_free_space(service, partial(_named, service, given))
                done = with_free_space(service, partial(service.store.hidden.hide, key))
                took = say(f"已下架 {key}", f"took down {key}")
                noted = say(f"已登记 {key}，尚未生效", f"noted {key}, not in effect yet")
                was = say(f"{key} 本已下架", f"{key} was down already")
                click.echo((noted if lost else took) if done else was)
                if not known:
                    note = say(
                        f"索引里没有 {key}：已登记，今后收录也不会显示；请核对编号",
                        f"{key} is not in the index: noted, it will not be shown later either;"
                        " check the id",
                    )
                    click.echo(note, err=True)
            if lost:
                click.echo(lost.message, err=True)

    @click.command(help=say("恢复下架的文章。", "Let articles be found again."))
    @_ids
    def unhide(ids: tuple[str, ...]) -> None:
        """Unhide."""
        with open_service(model=NO_MODEL) as (service, _):
            shelved = set(service.store.hidden_articles.articles())
            keys = [_named(service, given)[0] for given in ids]
            done = {key: service.store.hidden.unhide(key) for key in keys}
            lost = _loss(service)
        if shelved & set(keys) and not lost:
            # The index was built without them: they are written, with the model.
            with open_service() as (service, _):
                live_writers.finish(service, patience=live_writers.PATIENCE)
        for key in keys:
            was = say(f"{key} 没有下架", f"{key} was not taken down")
            click.echo(say(f"已恢复 {key}", f"restored {key}") if done[key] else was)
        if lost:
            click.echo(lost.message, err=True)

    return hide, unhide


def _loss(service: SearchService) -> StateLost | None:
    """What is wrong with the state, where it is not the one of the index."""
    try:
        service.check_state()
    except StateLost as exc:
        return exc
    return None


def _named(service: SearchService, given: str) -> tuple[str, bool]:
    """The id that a person means, and whether it is known; hidden articles too."""
    try:
        reader = service.engine.reader(Scope(Audience.STAFF))
    except NoIndex:
        return given, False
    if reader.fetch([given]):
        return given, True
    matches = [hit.id for hit in reader.keyword(Exact(exact_key(given)))]
    if len(matches) > 1:
        names = ", ".join(matches)
        raise BadInput(
            say(
                f"{given!r} 有多篇：{names}；请用编号",
                f"{given!r} names several: {names}; use the id",
            )
        )
    return (matches[0], True) if matches else _shelved(service, given)


def _shelved(service: SearchService, given: str) -> tuple[str, bool]:
    """The same of what was left out of the index because it is taken down."""
    for key, packed in service.store.hidden_articles.articles().items():
        article = unpack(packed)
        names = (key, article.code, article.document_number, article.title)
        if exact_key(given) in {exact_key(name) for name in names if name}:
            return key, True
    return given, False
