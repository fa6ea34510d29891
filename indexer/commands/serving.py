"""The server of ``gongwen serve`` and ``gongwen demo``, and its greeting. Entry point: :func:`run_server`."""

import os
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import click

from analyzers.messages import say
from indexer.applier import applying
from indexer.build.vector_cache import with_cache
from search_service import logs
from search_service.service import SearchService, engine_of
from search_service.settings import Settings

# As it was called: .venv/bin/gongwen in a checkout.
_PROGRAM = sys.argv[0] if os.sep in sys.argv[0] else "gongwen"


def run_server(
    service: SearchService, settings: Settings, *, writing: Settings, demo: bool = False
) -> None:
    """Serve until stopped, and apply what portals push.

    ``writing``: the settings of what writes, which may take longer than a search.
    """
    from indexer.commands.demo import examples
    from search_service.web.app import create_app
    from search_service.web.server import serve

    logs.set_up(settings.log)  # requests are printed by nothing else
    app = create_app(service, settings, examples=examples(service) if demo else (), demo=demo)
    engine = engine_of(writing)
    with closing(engine), applying(with_cache(replace(service, engine=engine), settings)):
        serve(
            app,
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            ready=_greet(settings, demo=demo),
        )


def _greet(settings: Settings, *, demo: bool) -> Callable[[str], None]:
    def greet(address: str) -> None:
        url = f"{address}{settings.path_prefix}/"
        click.echo(
            say(f"请用浏览器打开：{url}  （Ctrl-C 结束）", f"Open {url} in a browser (Ctrl-C ends)")
        )
        if demo:
            click.echo(say("试一试：", "Try:"))
            click.echo(f"  {url}search?q=小区没人管怎么办")
            click.echo(f"  curl '{url}api/v1/search?q=b1890'")
            click.echo(f"  {url}precedents?text=电动自行车充电安全")
            click.echo(f"  {url}demo/portal")
            click.echo(
                say("换成自己的文章：", "Your own articles: ")
                + say(
                    f"{_PROGRAM} index 目录或文件.jsonl --audience public && {_PROGRAM} serve",
                    f"{_PROGRAM} index FOLDER_OR_FILE.jsonl --audience public && {_PROGRAM} serve",
                )
            )

    return greet
